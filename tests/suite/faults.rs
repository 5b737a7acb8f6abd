//! Gamectl is killed at any point, and two gamectl want different things: never two
//! games, never one that nobody knows of, never an exit code that nobody saw.

use std::fs::File;
use std::process::Child;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::random::Random;
use crate::support::{Background, Instance, Outcome, Process, Sandbox, spin, wait_until};

/// A game that must be alone, and says so where it is not.
fn alone(sandbox: &Sandbox, id: &str) -> Instance {
    sandbox.solitary(id).with("ready", json!({ "alive_for": "1ms" }))
}

/// Returns the number of times that the game was executed.
fn starts(sandbox: &Sandbox, id: &str) -> usize {
    sandbox.starts(&format!("{id}.journal"))
}

/// Returns true when a game holds its beacon.
fn is_held(sandbox: &Sandbox, id: &str) -> bool {
    let file = File::options().write(true).open(sandbox.path(&format!("{id}.beacon")));
    file.is_ok_and(|file| Flock::lock(file, FlockArg::LockExclusiveNonblock).is_err())
}

/// The one game of a sandbox, which has only one.
#[track_caller]
fn the_game(sandbox: &Sandbox) -> i32 {
    let games = sandbox.games();
    assert_eq!(games.len(), 1, "{games:#?}");
    games[0].pid
}

#[test]
fn a_game_outlives_its_shim_and_is_taken_over_by_a_start() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[alone(&sandbox, "a")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    for _ in 0..3 {
        sandbox.kill_shim("a");
        let row = sandbox.status("a");
        assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &json!(pid)));
        assert!(
            row["note"]
                .as_str()
                .is_some_and(|note| note.contains("shim was killed")),
            "{row}"
        );
        // Looking changed nothing.
        assert_eq!(the_game(&sandbox), pid);
        assert_eq!(sandbox.processes().len(), 1);
        let result = sandbox.ok(&["start", "a", "--json"]).json()["results"][0].clone();
        assert_eq!(result["changed"], false, "{result}");
        let row = sandbox.status("a");
        assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &json!(pid)));
        assert_eq!(row["details"]["adopted"], true);
        assert_eq!(starts(&sandbox, "a"), 1);
    }
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM");
    let row = sandbox.status("a");
    assert_eq!(row["state"], "stopped");
    code_or_nothing(&row, 0);
    sandbox.nothing_left();
    sandbox.never_two("a");
}

/// Init may take its time to reap it, or never do.
#[test]
fn the_end_of_a_game_that_was_taken_over_is_known_before_init_reaps_it() {
    let sandbox = Sandbox::new();
    let stop = json!([{ "signal": "TERM", "wait": "700ms" }]);
    sandbox.inventory(&[Instance::script("a", "echo up; exec sleep 300")
        .ready_log("^up$")
        .with("stop", stop)]);
    sandbox.ok(&["start", "a"]);
    sandbox.kill_shim("a");
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM", "{result}");
    assert_eq!(sandbox.status("a")["last_exit"]["signal"], "SIGTERM");
    sandbox.nothing_left();
}

/// Whoever was not its parent knows the code or says that nobody does.
#[track_caller]
fn code_or_nothing(row: &Value, code: i32) {
    let exit = &row["last_exit"];
    assert!(exit["signal"].is_null(), "{row}");
    assert!(exit["code"] == code || exit["code"].is_null(), "{row}");
    if exit["code"].is_null() {
        assert!(
            row["note"].as_str().is_some_and(|note| note.contains("not known")),
            "{row}"
        );
    }
}

#[test]
fn a_stop_and_a_restart_take_over_too() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[alone(&sandbox, "a")]);
    sandbox.ok(&["start", "a"]);
    sandbox.kill_shim("a");
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(
        (&result["changed"], &result["ended_by"]),
        (&json!(true), &json!("signal: TERM"))
    );
    sandbox.nothing_left();
    sandbox.ok(&["start", "a"]);
    let first = sandbox.pid("a");
    sandbox.kill_shim("a");
    sandbox.ok(&["restart", "a"]);
    assert_ne!(sandbox.pid("a"), first);
    assert!(!Process::lives(first));
    assert_eq!(the_game(&sandbox), sandbox.pid("a"));
    sandbox.never_two("a");
}

#[test]
fn what_ends_after_its_shim_is_a_crash() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[alone(&sandbox, "a")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    sandbox.kill_shim("a");
    sandbox.tell("a", "exit 7");
    wait_until("the game to end", || !Process::lives(pid));
    let row = sandbox.wait_state("a", "crashed");
    // It depends on init whether anybody can know how: see the tests of exit codes.
    assert!(row.get("exit_code").is_none_or(|code| *code == 7), "{row}");
    sandbox.ok(&["start", "a"]);
    let exit = &sandbox.status("a")["last_exit"];
    assert!(
        exit["signal"].is_null() && (exit["code"].is_null() || exit["code"] == 7),
        "{exit}"
    );
    assert_eq!(starts(&sandbox, "a"), 2);
    sandbox.never_two("a");
}

#[test]
fn a_taken_over_game_that_crashes() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[alone(&sandbox, "a")]);
    sandbox.ok(&["start", "a"]);
    sandbox.kill_shim("a");
    sandbox.ok(&["start", "a"]);
    sandbox.tell("a", "exit 7");
    let row = sandbox.wait_state("a", "crashed");
    let code = &row["last_exit"]["code"];
    assert!(*code == 7 || code.is_null(), "{row}");
    sandbox.nothing_left();
}

#[test]
fn a_shim_that_is_killed_during_a_start() {
    let sandbox = Sandbox::new();
    let (gate, beacon) = (sandbox.arg("gate"), sandbox.arg("a.beacon"));
    let args = ["boot", "--gate", &gate, "--ready", "up", "--beacon", &beacon];
    sandbox.inventory(&[Instance::awkward("a", &args).ready_log("^up$")]);
    let start = sandbox.command(&["start", "a"]).spawn().expect("run gamectl");
    wait_until("the launch", || {
        let row = sandbox.status("a");
        row["state"] == "starting" && row["pid"].is_number() && row["details"]["shim_pid"].is_number()
    });
    let (pid, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    Process::kill(shim);
    // The start takes it over, and waits on.
    wait_until("another shim", || {
        let other = sandbox.status("a")["details"]["shim_pid"].as_i64();
        other.is_some_and(|other| other != i64::from(shim))
    });
    assert_eq!(sandbox.state("a"), "starting");
    sandbox.touch("gate");
    Outcome::of(&["start"], &start.wait_with_output().expect("wait")).expect_code(0);
    assert_eq!((sandbox.pid("a"), the_game(&sandbox)), (pid, pid));
    sandbox.never_two("a");
}

#[test]
fn a_shim_that_is_killed_during_a_stop() {
    let sandbox = Sandbox::new();
    let save = sandbox.arg("save");
    let args = ["serve", "--ready", "up", "--save-gate", &save];
    sandbox.inventory(&[Instance::awkward("a", &args).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let stop = sandbox.command(&["stop", "a"]).spawn().expect("run gamectl");
    sandbox.wait_console("a", "saving");
    let first = sandbox.shim("a");
    Process::kill(first);
    // The stop takes over and goes on.
    wait_until("another shim", || {
        sandbox.status("a")["details"]["shim_pid"]
            .as_i64()
            .is_some_and(|pid| pid != i64::from(first))
    });
    sandbox.touch("save");
    Outcome::of(&["stop"], &stop.wait_with_output().expect("wait")).expect_code(0);
    assert_eq!(sandbox.state("a"), "stopped");
    sandbox.nothing_left();
}

#[test]
fn a_daemon_without_its_shim_is_still_found() {
    let sandbox = Sandbox::new();
    let args = ["daemonise", "--", "serve", "--ready", "up", "--journal", "journal"];
    sandbox.inventory(&[Instance::awkward("a", &args).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    sandbox.tell("a", "pid");
    let daemon: i32 = sandbox.wait_line("a", "pid ").parse().expect("a pid");
    wait_until("the daemon to be the game", || sandbox.pid("a") == daemon);
    sandbox.tell("a", "setsid serve --journal journal");
    wait_until("its child", || sandbox.lines("journal").len() == 2);
    sandbox.kill_shim("a");
    assert_eq!(sandbox.pid("a"), daemon);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
    assert_eq!(sandbox.lines("journal").len(), 4, "both ended politely");
}

#[test]
fn what_a_game_leaves_after_its_shim_is_still_its() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let main = sandbox.pid("a");
    sandbox.tell("a", "setsid serve --say child --journal journal");
    sandbox.wait_console("a", "child\n");
    let child: i32 = sandbox.lines("journal")[0]
        .split(' ')
        .nth(1)
        .expect("a pid")
        .parse()
        .expect("a pid");
    sandbox.kill_shim("a");
    Process::kill(main);
    wait_until("the main process to end", || !Process::lives(main));
    let state = sandbox.state("a");
    assert!(state == "running" || state == "starting", "{state}");
    sandbox.ok(&["start", "a", "--no-wait"]);
    assert_eq!((sandbox.pid("a"), the_game(&sandbox)), (child, child), "no second copy");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Does the same in several sandboxes at once: most of it is waiting.
fn in_lanes(steps: u64, act: impl Fn(&Sandbox, u64) + Sync) {
    const LANES: u64 = 4;
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let act = &act;
            scope.spawn(move || {
                let sandbox = Sandbox::new();
                sandbox.inventory(&[alone(&sandbox, "a")]);
                for step in (lane..steps).step_by(LANES as usize) {
                    act(&sandbox, step);
                }
                sandbox.never_two("a");
                sandbox.nothing_left();
            });
        }
    });
}

/// Kills a start so many steps after it began.
fn killed_start(kills_shim: bool) {
    in_lanes(24, |sandbox, step| {
        let mut start = sandbox.command(&["start", "a"]).spawn().expect("run gamectl");
        spin(Duration::from_micros(step * 800));
        Process::kill(Process::pid_of(&start));
        if kills_shim {
            for process in sandbox.processes() {
                if process.command.starts_with("gamectl ") {
                    Process::kill(process.pid);
                }
            }
        }
        start.wait().expect("wait");
        let before = starts(sandbox, "a");
        sandbox.ok(&["start", "a"]);
        let pid = sandbox.pid("a");
        wait_until("the game to hold its beacon", || is_held(sandbox, "a"));
        assert_eq!(the_game(sandbox), pid, "after {step} steps");
        assert!(starts(sandbox, "a") <= before + 1);
        sandbox.ok(&["stop", "a"]);
        assert_eq!(sandbox.games(), [], "after {step} steps");
        assert!(!is_held(sandbox, "a"));
        sandbox.never_two("a");
    });
}

#[test]
fn a_start_that_is_killed_at_any_point() {
    killed_start(false);
}

#[test]
fn a_start_that_is_killed_at_any_point_with_its_shim() {
    killed_start(true);
}

#[test]
fn no_game_after_the_stop_that_follows_a_killed_start() {
    in_lanes(96, |sandbox, step| {
        let mut start = sandbox.command(&["start", "a"]).spawn().expect("run gamectl");
        spin(Duration::from_micros(step * 150));
        // Every second time its shim, however far it is, goes on only after
        // the stop.
        let frozen: Vec<i32> = match step / 4 % 2 {
            0 => Vec::new(),
            _ => shims(sandbox),
        };
        frozen.iter().for_each(|shim| Process::signal(*shim, Signal::SIGSTOP));
        Process::kill(Process::pid_of(&start));
        start.wait().expect("wait");
        let stop = sandbox.run(&["stop", "a", "--timeout", "200ms"]);
        let begun = starts(sandbox, "a");
        frozen.iter().for_each(|shim| Process::signal(*shim, Signal::SIGCONT));
        if stop.code == Some(0) {
            // A shim that is late finds that it is not wanted any more.
            sandbox.nothing_left();
            assert_eq!(starts(sandbox, "a"), begun, "after {step} steps");
        }
        sandbox.ok(&["stop", "a"]);
        assert!(!is_held(sandbox, "a"), "after {step} steps");
        assert_eq!(sandbox.state("a"), "stopped");
        sandbox.nothing_left();
    });
}

/// The living shims of a sandbox with one instance.
fn shims(sandbox: &Sandbox) -> Vec<i32> {
    let mut shims = sandbox.processes();
    shims.retain(|process| process.command == "gamectl __shim a");
    shims.iter().map(|shim| shim.pid).collect()
}

#[test]
fn a_stop_that_is_killed_at_any_point_with_its_shim() {
    in_lanes(24, |sandbox, step| {
        sandbox.ok(&["start", "a"]);
        wait_until("the game to hold its beacon", || is_held(sandbox, "a"));
        let shim = sandbox.shim("a");
        let mut stop = sandbox.command(&["stop", "a"]).spawn().expect("run gamectl");
        spin(Duration::from_micros(step * 800));
        Process::kill(Process::pid_of(&stop));
        if step / 4 % 2 == 0 {
            Process::kill(shim);
        }
        stop.wait().expect("wait");
        // It is stopped, or it runs; and a stop ends it.
        sandbox.ok(&["stop", "a"]);
        assert_eq!(sandbox.games(), [], "after {step} steps");
        assert_eq!(sandbox.state("a"), "stopped");
    });
}

#[test]
fn eight_starts_at_once_are_one_game() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[alone(&sandbox, "a")]);
    for round in 1..=5 {
        let start = |_| sandbox.command(&["start", "a", "--json"]).spawn().expect("run gamectl");
        let children: Vec<Child> = (0..8).map(start).collect();
        let mut changed = 0;
        for child in children {
            let outcome = Outcome::of(&["start"], &child.wait_with_output().expect("wait")).expect_code(0);
            changed += usize::from(outcome.json()["results"][0]["changed"] == true);
        }
        assert_eq!(changed, 1, "one of them started it");
        assert_eq!(the_game(&sandbox), sandbox.pid("a"));
        wait_until("the journal", || starts(&sandbox, "a") == round);
        sandbox.ok(&["stop", "a"]);
    }
    sandbox.never_two("a");
    sandbox.nothing_left();
}

/// A start and a stop at the same time, again and again. `GAMECTL_TEST_ROUNDS`
/// says how often; a thousand take about a minute.
#[test]
fn start_against_stop() {
    let rounds: u64 = std::env::var("GAMECTL_TEST_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(200);
    const INSTANCES: u64 = 8;
    let sandbox = Sandbox::new();
    let ids: Vec<String> = (0..INSTANCES).map(|number| format!("game-{number}")).collect();
    let instances: Vec<Instance> = ids.iter().map(|id| alone(&sandbox, id)).collect();
    sandbox.inventory(&instances);
    std::thread::scope(|scope| {
        for (number, id) in (0..).zip(&ids) {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for round in 0..rounds.div_ceil(INSTANCES) {
                    start_against_stop_once(sandbox, id, number * 7 + round);
                }
            });
        }
    });
    sandbox.nothing_left();
}

fn start_against_stop_once(sandbox: &Sandbox, id: &str, round: u64) {
    let pause = Duration::from_micros(round * 613 % 12_000);
    let (first, second) = if round.is_multiple_of(2) {
        ("start", "stop")
    } else {
        ("stop", "start")
    };
    let begin = |verb: &str| {
        // Every third stop does not wait for the lock.
        let hurry = (verb == "stop" && round.is_multiple_of(3)).then_some("--now");
        let words: Vec<&str> = [verb, id].into_iter().chain(hurry).collect();
        sandbox.command(&words).spawn().expect("run gamectl")
    };
    let first_child = begin(first);
    spin(pause);
    let second_child = begin(second);
    let end = |verb: &str, child: Child| Outcome::of(&[verb, id], &child.wait_with_output().expect("wait"));
    let outcomes = [end(first, first_child), end(second, second_child)];
    let of = |verb: &str| {
        outcomes
            .iter()
            .find(|outcome| outcome.args[0] == verb)
            .expect("both ran")
    };
    assert_eq!(of("stop").code, Some(0), "{outcomes:#?}");
    let state = sandbox.state(id);
    match of("start").code {
        Some(0) => assert!(state == "running" || state == "stopped", "{state}: {outcomes:#?}"),
        // It gave way.
        Some(1) => {
            assert!(of("start").stderr.contains("that wins"), "{outcomes:#?}");
            assert_eq!(state, "stopped", "{outcomes:#?}");
        }
        _ => panic!("{outcomes:#?}"),
    }
    if state == "stopped" {
        assert!(
            !is_held(sandbox, id),
            "a game after an acknowledged stop: {outcomes:#?}"
        );
    }
    let stop = sandbox.ok(&["stop", id]);
    assert!(!is_held(sandbox, id), "a game after an acknowledged stop: {stop:#?}");
    assert_eq!(sandbox.state(id), "stopped");
    sandbox.never_two(id);
}

#[test]
fn a_frozen_shim_is_woken_by_a_stop() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let shim = sandbox.shim("a");
    Process::signal(shim, Signal::SIGSTOP);
    // Looking does not wait for it.
    assert_eq!(sandbox.state("a"), "running");
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM");
    sandbox.nothing_left();
}

#[test]
fn a_dead_game_of_a_frozen_shim_is_started_anew() {
    let journal = "a.journal";
    let sandbox = Sandbox::new();
    sandbox.inventory(&[sandbox.solitary("a").ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    Process::signal(sandbox.shim("a"), Signal::SIGSTOP);
    Process::kill_and_wait(sandbox.pid("a"));
    let result = sandbox.ok(&["start", "a", "--json"]).json()["results"][0].clone();
    assert_eq!((&result["changed"], sandbox.starts(journal)), (&json!(true), 2));
    sandbox.never_two("a");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_shim_that_is_asked_to_end_stops_its_game_first() {
    let chain = json!([{ "stdin": "quit", "wait": "20s" }]);
    let game = Instance::awkward("a", &["serve", "--ready", "up"])
        .ready_log("^up$")
        .with("stop", chain);
    let sandbox = Sandbox::with(&[game]);
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        sandbox.ok(&["start", "a"]);
        Process::signal(sandbox.shim("a"), signal);
        // Nobody typed a stop: why it is down is told, for as long as it is.
        let row = sandbox.wait_state("a", "crashed");
        assert_eq!(
            (&row["last_exit"]["code"], &row["intent"]),
            (&json!(0), &json!("running"))
        );
        assert!(sandbox.console("a").ends_with("bye\n"), "by its plan");
        let note = format!("its shim got {signal}, and stopped it");
        assert!(
            row["note"].as_str().is_some_and(|told| told.starts_with(&note)),
            "{row}"
        );
        let plain = sandbox.run(&["status"]).expect_code(1).stdout;
        assert!(plain.contains(&note), "{plain}");
        sandbox.nothing_left();
    }
    // What a terminal or a broken pipe sends does not end it.
    sandbox.ok(&["start", "a"]);
    let shim = sandbox.shim("a");
    for signal in [
        Signal::SIGHUP,
        Signal::SIGPIPE,
        Signal::SIGQUIT,
        Signal::SIGUSR1,
        Signal::SIGTSTP,
    ] {
        Process::signal(shim, signal);
    }
    sandbox.tell("a", "say still here");
    sandbox.wait_console("a", "still here");
    assert_eq!((sandbox.shim("a"), sandbox.state("a").as_str()), (shim, "running"));
}

/// Verbs at random, and kills at random: of verbs, of shims, now and then of
/// the game. The numbers come from a seed, so that a failure can be repeated;
/// its timing cannot.
#[test]
fn anything_against_anything() {
    in_lanes(4 * 12, |sandbox, step| {
        let mut random = Random::new(step);
        let mut children = Vec::new();
        let mut said = Vec::new();
        for _ in 0..4 {
            let verb = random.choose(&["start", "stop", "restart"]);
            children.push(sandbox.command(&[verb, "a"]).spawn().expect("run gamectl"));
            spin(Duration::from_micros(random.below(15_000) as u64));
            let victim = random.below(6);
            said.push(format!("{verb}, {victim}"));
            let shims = || {
                sandbox
                    .processes()
                    .into_iter()
                    .filter(|process| process.command == "gamectl __shim a")
            };
            match victim {
                0 => Process::kill(Process::pid_of(&children[random.below(children.len())])),
                1 | 2 => shims().for_each(|shim| Process::kill(shim.pid)),
                3 => sandbox.games().iter().for_each(|process| {
                    if process.command.contains("awkward-game") {
                        Process::kill(process.pid);
                    }
                }),
                _ => {}
            }
        }
        let outcomes: Vec<Outcome> = children
            .into_iter()
            .map(|child| Outcome::of(&[], &child.wait_with_output().expect("wait")))
            .collect();
        for outcome in &outcomes {
            // Killed, done, or failed with a reason.
            assert!(matches!(outcome.code, None | Some(0 | 1)), "{said:?}: {outcomes:#?}");
            assert!(
                outcome.code != Some(1) || !outcome.stderr.is_empty(),
                "{said:?}: {outcomes:#?}"
            );
        }
        sandbox.never_two("a");
        // A shim that took its game over learns of the end when somebody else
        // has reaped it, which a container's first process may be slow to do.
        wait_until("what is said to run to run", || {
            let pid = sandbox.status("a")["pid"].as_i64();
            pid.is_none_or(|pid| Process::lives(pid.try_into().expect("a pid")))
        });
        // A game whose stop lost its shim has heard the signal all the same: it
        // may be about to end.
        if said.iter().any(|said| !said.starts_with("start")) {
            sandbox.ok(&["stop", "a"]);
            assert_eq!(sandbox.games(), [], "{said:?}: {outcomes:#?}");
        }
        // Whatever it came to, both of these hold from here.
        sandbox.ok(&["start", "a"]);
        assert_eq!(the_game(sandbox), sandbox.pid("a"), "{said:?}: {outcomes:#?}");
        sandbox.ok(&["stop", "a"]);
        assert_eq!(sandbox.games(), [], "{said:?}: {outcomes:#?}");
        sandbox.never_two("a");
    });
}

#[test]
fn nonsense_on_the_socket() {
    use nix::sys::socket::{MsgFlags, send};
    use std::os::fd::AsRawFd;

    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let (pid, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    let open = || sandbox.knock("a").expect("connect to the shim");
    let messages: [&[u8]; 7] = [
        b"",
        b"stop",
        b"gamectl stop 1\n",
        b"gamectl request 999\nverb stop\n",
        &[0xff; 3000],
        &[0; 60_000],
        b"gamectl request 1\nverb stop\ngeneration 99999999999999999999999\n",
    ];
    for message in messages {
        let fd = open();
        for _ in 0..20 {
            // It may hang up on us.
            let _ = send(fd.as_raw_fd(), message, MsgFlags::MSG_NOSIGNAL | MsgFlags::MSG_DONTWAIT);
        }
    }
    // Those who connect and say nothing, or do not listen.
    let idle: Vec<_> = (0..60).map(|_| open()).collect();
    let row = sandbox.status("a");
    assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &json!(pid)));
    assert_eq!(sandbox.shim("a"), shim);
    sandbox.tell("a", "say still here");
    sandbox.wait_console("a", "still here");
    sandbox.ok(&["stop", "a"]);
    drop(idle);
    sandbox.nothing_left();
}

#[test]
fn a_terminal_dies_with_its_shim_and_the_game_may_too() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[alone(&sandbox, "a").process("tty", json!(true))]);
    sandbox.ok(&["start", "a"]);
    sandbox.kill_shim("a");
    // The kernel hangs up on it; a game that lives on is taken over without a
    // console, one that does not is started anew.
    sandbox.ok(&["start", "a"]);
    assert_eq!(the_game(&sandbox), sandbox.pid("a"));
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
    sandbox.never_two("a");
}

/// The stop that it asked for goes on, and nothing is started that no command asks
/// for.
#[test]
fn a_restart_that_is_killed_between_its_stop_and_its_start() {
    let sandbox = Sandbox::new();
    let save = sandbox.arg("save");
    let args = [
        "serve",
        "--ready",
        "up",
        "--journal",
        "journal",
        "--beacon",
        "a.beacon",
        "--save-gate",
        &save,
    ];
    let game = Instance::awkward("a", &args).ready_log("^up$");
    sandbox.inventory(&[game.with("stop", json!([{ "signal": "TERM", "wait": "20s" }]))]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let mut restart = sandbox.command(&["restart", "a"]).spawn().expect("run gamectl");
    sandbox.wait_console("a", "saving");
    restart.kill().and_then(|()| restart.wait()).expect("its end");
    sandbox.touch("save");
    let row = sandbox.wait_state("a", "stopped");
    assert!(!Process::lives(pid));
    assert_eq!(
        (&row["intent"], &row["last_exit"]["requested"]),
        (&json!("running"), &json!(true)),
        "{row}"
    );
    assert_eq!(sandbox.starts("journal"), 1);
    // Whoever asks next finishes it: here `run`.
    let run = Background::run(&sandbox);
    sandbox.wait_state("a", "running");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(sandbox.starts("journal"), 2);
    sandbox.never_two("a");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}
