//! The build of commit 9949831 before this one: its games run under its shims,
//! in a state directory that it wrote, and every verb of this build goes on from
//! there. And the other way round: where that older build is typed by mistake, it
//! understands or refuses, and never starts a second copy.
//!
//! `GAMECTL_TEST_OLD` names the older program. `.ci/run` builds it. Where it is
//! missing these tests say so. What that build wrote and said is also recorded, and
//! read in any case: `src/store/recorded.rs`, `src/process/shim/wire/recorded.rs`,
//! `tests/suite/old_shim.rs`, `tests/suite/old_stack.rs`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{self, Background, Instance, Outcome, Process, Sandbox, Terminal, wait_until};

/// The program of the older build. `None`, which is said, where it is not named.
pub(crate) fn old_program(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("GAMECTL_TEST_OLD").filter(|path| !path.is_empty());
    if named.is_none() {
        support::not_run(
            test,
            "GAMECTL_TEST_OLD names no gamectl of 9949831",
            "GAMECTL_TEST_UPGRADE",
        );
    }
    named.map(PathBuf::from)
}

/// Returns the same command for the older program.
pub(crate) fn older(old: &Path, model: &Command) -> Command {
    let mut command = Command::new(old);
    command
        .args(model.get_args())
        .env_clear()
        .envs(model.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(model.get_current_dir().expect("a folder"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A sandbox in which both builds can be typed.
struct World {
    sandbox: Sandbox,
    old: PathBuf,
}

impl World {
    fn new(test: &str) -> Option<Self> {
        let old = old_program(test)?;
        let sandbox = Sandbox::new();
        Some(Self { sandbox, old })
    }

    /// The older program with these arguments.
    fn command(&self, args: &[&str]) -> Command {
        older(&self.old, &self.sandbox.command(args))
    }

    /// Runs the older program to its end.
    #[track_caller]
    fn old(&self, args: &[&str]) -> Outcome {
        Outcome::of(args, &self.command(args).output().expect("run the older gamectl"))
    }

    #[track_caller]
    fn old_ok(&self, args: &[&str]) -> Outcome {
        self.old(args).expect_code(0)
    }

    /// The rows that the older program shows.
    fn old_rows(&self, args: &[&str]) -> Vec<Value> {
        rows(&self.old(&[&["status", "--json"], args].concat()))
    }

    fn rows(&self, args: &[&str]) -> Vec<Value> {
        rows(&self.sandbox.run(&[&["status", "--json"], args].concat()))
    }

    /// The only game of `id` that its journal knows of has not been joined by
    /// another one.
    #[track_caller]
    fn is_alone(&self, id: &str, pid: i32) {
        assert_eq!(self.sandbox.pid(id), pid);
        self.sandbox.never_two(id);
    }

    fn game(&self, id: &str) -> Instance {
        self.sandbox.solitary(id).ready_log("^up$")
    }

    /// An instance of each kind that an upgrade can find, begun by the older
    /// build. Returns the inventory that the newer one reads: `unlisted` has left
    /// it.
    fn live_through_everything(&self) {
        let sandbox = &self.sandbox;
        let gated = {
            let gate = sandbox.arg("gate");
            Instance::awkward("starting", &["serve", "--gate", &gate, "--ready", "up"]).ready_log("^up$")
        };
        let quick = "echo up; while [ ! -e crash ]; do sleep 0.02; done; exit 7";
        let deaf = Instance::awkward("stopping", &["serve", "--ready", "up", "--ignore", "TERM"])
            .ready_log("^up$")
            .with(
                "stop",
                json!([{ "stdin": "say leaving", "wait": "60s" }, { "signal": "TERM", "wait": "300ms" }]),
            );
        let listed = vec![
            self.game("ready").with("tags", json!(["t"])),
            gated,
            Instance::script("crashed", quick).ready_log("^up$"),
            Instance::script("early", "echo no; exit 4").ready_log("^up$"),
            deaf,
            self.game("stopped"),
            self.game("orphan"),
            self.game("never"),
        ];
        let mut all = listed.clone();
        all.push(self.game("unlisted"));
        sandbox.inventory(&all);
        self.old_ok(&["start", "ready", "crashed", "stopping", "stopped", "orphan", "unlisted"]);
        self.old_ok(&["start", "starting", "--no-wait"]);
        self.old(&["start", "early"]).expect_code(1);
        self.old_ok(&["stop", "stopped"]);
        sandbox.touch("crash");
        sandbox.wait_state("crashed", "crashed");
        let mut stop = self
            .command(&["stop", "stopping"])
            .spawn()
            .expect("run the older gamectl");
        sandbox.wait_console("stopping", "leaving");
        stop.kill().and_then(|()| stop.wait()).expect("the end of the client");
        let shim = sandbox.shim("orphan");
        Process::kill_and_wait(shim);
        sandbox.inventory(&listed);
    }
}

fn rows(outcome: &Outcome) -> Vec<Value> {
    outcome.json()["instances"].as_array().expect("rows").clone()
}

/// All that the older build says of an instance this build says too, in the same
/// words; it may say more. Time has passed between the two.
#[track_caller]
fn says_as_much(old: &Value, new: &Value) {
    let fields = |row: &Value| row.as_object().expect("a row").clone();
    for (key, value) in fields(old) {
        match key.as_str() {
            "uptime_seconds" => assert!(new[&key].as_u64() >= value.as_u64(), "{old}\n{new}"),
            "details" => {
                for (key, value) in fields(&value) {
                    let is_clock = key.ends_with("_seconds") || key.ends_with("_ms");
                    assert!(is_clock || new["details"][&key] == value, "{key}: {old}\n{new}");
                }
            }
            _ => assert_eq!(new[&key], value, "{key}: {old}\n{new}"),
        }
    }
}

#[test]
fn what_the_older_build_left_is_seen_as_it_was() {
    let Some(world) = World::new("what an older build left is seen") else {
        return;
    };
    world.live_through_everything();
    let (old, new) = (world.old_rows(&[]), world.rows(&[]));
    let ids = |rows: &[Value]| -> Vec<String> { rows.iter().map(|row| row["id"].to_string()).collect() };
    assert_eq!(ids(&old), ids(&new));
    assert_eq!(new.len(), 9, "{new:#?}");
    for (old, new) in old.iter().zip(&new) {
        says_as_much(old, new);
    }
    let states = [
        "ready", "starting", "crashed", "early", "stopping", "stopped", "orphan", "never", "unlisted",
    ]
    .map(|id| (id, world.sandbox.state(id)));
    let wanted = [
        ("ready", "running"),
        ("starting", "starting"),
        ("crashed", "crashed"),
        ("early", "crashed"),
        ("stopping", "stopping"),
        ("stopped", "stopped"),
        ("orphan", "running"),
        ("never", "stopped"),
        ("unlisted", "running"),
    ];
    assert_eq!(states, wanted.map(|(id, state)| (id, state.to_owned())));
    assert_eq!(world.sandbox.status("crashed")["last_exit"]["code"], 7);
    assert_eq!(world.sandbox.status("early")["last_exit"]["code"], 4);
    for id in ["ready", "starting", "crashed", "early", "unlisted"] {
        assert_eq!(world.sandbox.status(id)["intent"], "running", "{id}");
    }
    for id in ["stopping", "stopped"] {
        assert_eq!(world.sandbox.status(id)["intent"], "stopped", "{id}");
    }
    // Everything of it can be ended, and nothing is left.
    world.sandbox.ok(&["stop", "--all", "--now"]);
    world.sandbox.ok(&["stop", "unlisted"]);
    world.sandbox.nothing_left();
}

#[test]
fn each_verb_goes_on_from_each_state() {
    let Some(world) = World::new("every verb after an upgrade") else {
        return;
    };
    world.live_through_everything();
    let sandbox = &world.sandbox;
    // What starts becomes ready, and its old shim puts that on record.
    let waiting = sandbox.command(&["start", "starting"]).spawn().expect("run gamectl");
    sandbox.touch("gate");
    Outcome::of(&["start"], &waiting.wait_with_output().expect("wait")).expect_code(0);
    assert_eq!(sandbox.state("starting"), "running");
    // What runs is not started again.
    let ready = sandbox.pid("ready");
    let again = sandbox.ok(&["start", "ready", "--json"]).json()["results"][0].clone();
    assert_eq!(again["changed"], false, "{again}");
    world.is_alone("ready", ready);
    // A game without a shim gets one of this build.
    let orphan = sandbox.pid("orphan");
    sandbox.ok(&["start", "orphan"]);
    assert!(sandbox.status("orphan")["details"]["shim_pid"].is_number());
    world.is_alone("orphan", orphan);
    // A stop under way is joined, and hurried.
    let game = sandbox.pid("stopping");
    let joined = sandbox.command(&["stop", "stopping"]).spawn().expect("run gamectl");
    sandbox.ok(&["stop", "--now", "stopping"]);
    Outcome::of(&["stop"], &joined.wait_with_output().expect("wait")).expect_code(0);
    assert!(!Process::lives(game));
    let row = sandbox.status("stopping");
    assert_eq!(
        (&row["state"], &row["last_exit"]["signal"]),
        (&json!("stopped"), &json!("SIGKILL")),
        "{row}"
    );
    // What had ended begins anew, under the next number.
    for (id, code) in [("crashed", 7), ("stopped", 0)] {
        let before = sandbox.status(id);
        assert_eq!(before["last_exit"]["code"], code, "{before}");
        let _ = std::fs::remove_file(sandbox.path("crash"));
        sandbox.ok(&["start", id]);
        let after = sandbox.status(id);
        let launch = |row: &Value| row["details"]["launch"].as_u64().expect("a number");
        assert_eq!(launch(&after), launch(&before) + 1, "{after}");
    }
    // A restart is a stop by the old shim and a start by a new one.
    let before = sandbox.status("ready");
    sandbox.ok(&["restart", "ready"]);
    let after = sandbox.status("ready");
    assert_ne!(before["details"]["shim_pid"], after["details"]["shim_pid"]);
    assert_eq!(after["details"]["launch"], 2, "{after}");
    assert_eq!(
        (&after["state"], &after["intent"]),
        (&json!("running"), &json!("running"))
    );
    assert_eq!(sandbox.lines("ready.journal").len(), 3, "started, ended and started");
    // What left the inventory is stopped by the plan that the old build wrote.
    let stopped = sandbox.ok(&["stop", "unlisted", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], "signal: TERM", "{stopped}");
    sandbox.ok(&["stop", "--all"]);
    for id in ["ready", "orphan", "stopped", "unlisted"] {
        sandbox.never_two(id);
    }
    sandbox.nothing_left();
}

/// The words of an older shim: the console, the log, and a stop whose steps it
/// leaves to whoever asks.
#[test]
fn consoles_logs_and_stop_chains_of_older_shims() {
    let Some(world) = World::new("consoles, logs and stop chains after an upgrade") else {
        return;
    };
    let sandbox = &world.sandbox;
    let touch = |name: &str| json!(["/usr/bin/touch", sandbox.arg(name)]);
    let game = |id: &str| {
        let chain = json!([
            { "exec": touch(&format!("{id}.first")), "wait": "1ms" },
            { "stdin": "say good night", "wait": "200ms" },
            { "exec": ["/bin/false"], "wait": "30s" },
            { "exec": touch(&format!("{id}.last")), "wait": "1ms" },
            { "signal": "TERM", "wait": "20s" },
        ]);
        Instance::awkward(id, &["serve", "--ready", "up", "--code", "5"])
            .ready_log("^up$")
            .with("stop", chain)
            .process("log", json!({ "max_size": "64KiB", "keep": 9 }))
    };
    sandbox.inventory(&[game("a"), game("b")]);
    world.old_ok(&["start", "a", "b"]);
    sandbox.tell("a", "say the first line");
    sandbox.tell("a", "flood 200000");
    sandbox.tell("a", "say the middle line");
    sandbox.wait_line("a", "the middle line");
    let mut follow = Terminal::open(sandbox, &["logs", "-f", "-n", "1", "a"]);
    follow.wait("the middle line");
    // `send` and the console reach the game through its old shim.
    sandbox.ok(&["send", "a", "say by send"]);
    follow.wait("by send");
    let mut console = Terminal::open(sandbox, &["console", "a"]);
    console.wait("attached");
    console.type_text("say by console\r");
    console.wait("by console\r\n");
    follow.wait("by console");
    console.type_text("\x1d");
    assert_eq!(console.ended(), Some(0));
    // All of it is there, over all rotated files, as the older build shows it.
    let args = ["logs", "--raw", "-n", "1000000", "a"];
    let (old, new) = (world.old_ok(&args).stdout, sandbox.ok(&args).stdout);
    assert!(new.contains("the first line") && new.len() > 200_000, "{}", new.len());
    assert_eq!(old, new);
    // Steps that the shim leaves to others are carried out, in their order.
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], "signal: TERM", "{stopped}");
    for name in ["a.first", "a.last"] {
        assert!(sandbox.path(name).exists(), "{name}");
    }
    follow.wait("good night");
    let row = sandbox.status("a");
    assert_eq!(
        (&row["state"], &row["last_exit"]["code"], &row["last_exit"]["requested"]),
        (&json!("stopped"), &json!(5), &json!(true)),
        "{row}"
    );
    // The log of the old launch goes on with the new one.
    sandbox.ok(&["start", "a"]);
    follow.wait("up");
    let log = sandbox.ok(&args).stdout;
    assert!(log.starts_with(&new), "nothing of it is lost");
    // A stop that an old client began and left is finished by a client of today.
    sandbox.inventory(&[game("a"), game("b")]);
    let mut begun = world.command(&["stop", "b"]).spawn().expect("run the older gamectl");
    wait_until("the first step", || sandbox.path("b.first").exists());
    begun.kill().and_then(|()| begun.wait()).expect("the end of the client");
    sandbox.ok(&["stop", "b"]);
    assert_eq!(sandbox.status("b")["last_exit"]["code"], 5);
    sandbox.ok(&["stop", "a"]);
    follow.type_text("\x03");
    assert_eq!(follow.ended(), Some(130));
    sandbox.nothing_left();
}

#[test]
fn run_takes_over_from_the_older_run() {
    let Some(world) = World::new("`run` after an upgrade") else {
        return;
    };
    let sandbox = &world.sandbox;
    let game = |id: &str, delay: &str| world.game(id).with("restart", json!({ "delay": delay }));
    sandbox.inventory(&[
        game("now", "0s"),
        game("soon", "50ms"),
        game("gone", "0s"),
        game("stopped", "0s"),
    ]);
    world.old_ok(&["start", "--all"]);
    world.old_ok(&["stop", "stopped"]);
    let ids = ["now", "soon", "gone"];
    let before = ids.map(|id| sandbox.pid(id));
    // The older one has watched them for a while, and restarted one.
    let old = Background::of(&mut world.command(&["run", "--json"]));
    sandbox.wait_state("gone", "running");
    sandbox.tell("now", "exit 8");
    sandbox.wait_for_another("now", before[0]);
    let restarted = sandbox.pid("now");
    old.end(Signal::SIGKILL);
    // One crashes while nobody watches.
    sandbox.tell("gone", "exit 9");
    sandbox.wait_state("gone", "crashed");
    assert_eq!(sandbox.status("gone")["last_exit"]["code"], 9);
    let run = Background::of(&mut sandbox.command(&["run", "--json"]));
    sandbox.wait_state("gone", "running");
    assert_eq!(sandbox.pid("now"), restarted, "adopted without a touch");
    assert_eq!(sandbox.pid("soon"), before[1], "adopted without a touch");
    // Those below old shims come back as well, below shims of today.
    for (id, code) in [("now", 3), ("soon", 4)] {
        let (pid, shim) = (sandbox.pid(id), sandbox.shim(id));
        sandbox.tell(id, &format!("exit {code}"));
        let row = sandbox.wait_for_another(id, pid);
        assert_eq!(row["last_exit"]["code"], code, "{row}");
        assert_ne!(row["details"]["shim_pid"], shim, "{row}");
        assert_eq!(row["intent"], "running", "{row}");
    }
    assert_eq!(sandbox.state("stopped"), "stopped", "a wish of the older build holds");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.ok(&["stop", "--all"]);
    for id in ids {
        sandbox.never_two(id);
    }
    sandbox.nothing_left();
}

/// Typed by mistake after an upgrade, or after a step back.
#[test]
fn the_older_build_never_starts_a_second_copy() {
    let Some(world) = World::new("the older build after a step back") else {
        return;
    };
    let sandbox = &world.sandbox;
    sandbox.inventory(&[world.game("a"), world.game("b")]);
    sandbox.ok(&["start", "a", "b"]);
    let (a, b) = (sandbox.pid("a"), sandbox.pid("b"));
    let shim = sandbox.shim("b");
    Process::kill_and_wait(shim);
    for (id, pid) in [("a", a), ("b", b)] {
        // It says that the game runs, or that it cannot tell: never that it is stopped.
        let row = world.old_rows(&[id])[0].clone();
        let states = ["running", "starting", "unknown"].map(|state| json!(state));
        assert!(states.contains(&row["state"]), "{row}");
        let start = world.old(&["start", id]);
        assert!(matches!(start.code, Some(0 | 1)), "{start:#?}");
        world.is_alone(id, pid);
        // It refuses to stop what it does not understand, or it stops that.
        let stop = world.old(&["stop", id]);
        assert!(matches!(stop.code, Some(0 | 1)), "{stop:#?}");
        assert_eq!(stop.code == Some(0), !Process::lives(pid), "{stop:#?}");
        sandbox.ok(&["stop", id]);
        assert!(!Process::lives(pid));
        sandbox.never_two(id);
    }
    sandbox.nothing_left();
}

/// A game of one build may not begin beside that of the other.
#[test]
fn starts_of_both_builds_at_once_are_one_game() {
    let Some(world) = World::new("starts of two builds at once") else {
        return;
    };
    let sandbox = &world.sandbox;
    sandbox.inventory(&[world.game("a")]);
    for round in 0..5 {
        let starts: Vec<_> = (0..8)
            .map(|number| {
                let mut command = if number % 2 == 0 {
                    world.command(&["start", "a"])
                } else {
                    sandbox.command(&["start", "a"])
                };
                command.spawn().expect("run gamectl")
            })
            .collect();
        for start in starts {
            let outcome = Outcome::of(&["start", "a"], &start.wait_with_output().expect("wait"));
            assert!(matches!(outcome.code, Some(0 | 1)), "round {round}: {outcome:#?}");
        }
        sandbox.never_two("a");
        assert_eq!(sandbox.starts("a.journal"), round + 1, "round {round}");
        sandbox.ok(&["stop", "a"]);
    }
    sandbox.nothing_left();
}
