//! The verbs of the built binary, over real games: what an admin and a script
//! see.

use std::fs;
use std::time::Instant;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{self, Background, Instance, Outcome, Process, Sandbox, Terminal, wait_until};

/// A game that is ready when its gate is open, and stops at `quit`.
fn gated(sandbox: &Sandbox, id: &str) -> Instance {
    let gate = sandbox.arg(&format!("{id}.gate"));
    Instance::awkward(id, &["boot", "--gate", &gate, "--ready", "Server ready"])
        .ready_log("^Server ready$")
        .with("stop", json!([{ "stdin": "quit", "wait": "20s" }]))
}

/// A game that is ready at once.
fn simple(id: &str) -> Instance {
    Instance::awkward(id, &["serve", "--ready", "up"]).ready_log("^up$")
}

#[test]
fn start_returns_when_the_game_is_ready_and_stop_when_it_is_gone() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[gated(&sandbox, "a")]);
    let start = sandbox.command(&["start", "a"]).spawn().expect("run gamectl");
    let row = sandbox.wait_state("a", "starting");
    assert_eq!(row["uptime_seconds"], 0);
    assert_eq!(row["intent"], "running");
    sandbox.touch("a.gate");
    let started = Outcome::of(&["start"], &start.wait_with_output().expect("wait")).expect_code(0);
    assert!(started.stdout.contains("a: ready"), "{started:?}");
    let row = sandbox.status("a");
    assert_eq!(row["state"], "running");
    assert!(
        row["pid"].is_u64() && row["since"].is_string() && row["last_exit"].is_null(),
        "{row}"
    );
    let pid = sandbox.pid("a");
    let stopped = sandbox.ok(&["stop", "a"]);
    assert!(stopped.stdout.contains("stdin: quit"), "{stopped:?}");
    assert!(!Process::lives(pid));
    let row = sandbox.status("a");
    assert_eq!(row["state"], "stopped");
    assert_eq!(row["intent"], "stopped");
    assert_eq!(row["last_exit"]["code"], 0);
    assert_eq!(row["last_exit"]["requested"], true);
    assert_eq!(row["pid"], json!(null));
}

#[test]
fn what_is_so_already_is_left_alone() {
    let sandbox = Sandbox::with(&[simple("a")]);
    let results = |outcome: Outcome| outcome.expect_code(0).json()["results"][0].clone();
    assert_eq!(results(sandbox.run(&["stop", "a", "--json"]))["changed"], false);
    assert_eq!(results(sandbox.run(&["start", "a", "--json"]))["changed"], true);
    let pid = sandbox.pid("a");
    let again = results(sandbox.run(&["start", "a", "--json"]));
    assert_eq!((&again["changed"], &again["state"]), (&json!(false), &json!("running")));
    assert_eq!(sandbox.pid("a"), pid);
    let stopped = results(sandbox.run(&["stop", "a", "--json"]));
    assert_eq!(stopped["ended_by"], "signal: TERM");
    assert_eq!(stopped["ok"], true);
    assert!(
        stopped["took_seconds"].is_number() && stopped["error"].is_null(),
        "{stopped}"
    );
    assert_eq!(results(sandbox.run(&["stop", "a", "--json"]))["changed"], false);
}

#[test]
fn restart_is_another_process_and_starts_what_is_stopped() {
    let sandbox = Sandbox::with(&[simple("a")]);
    sandbox.ok(&["restart", "a"]);
    let first = sandbox.pid("a");
    sandbox.ok(&["restart", "a"]);
    let second = sandbox.pid("a");
    assert_ne!(first, second);
    assert!(!Process::lives(first));
    assert_eq!(sandbox.status("a")["last_exit"]["requested"], true);
}

#[test]
fn a_crash_is_told_with_its_code_and_acknowledged_by_a_stop() {
    let sandbox = Sandbox::with(&[simple("a")]);
    sandbox.ok(&["start", "a"]);
    std::fs::write(sandbox.instance_dir("a").join("in"), "exit 7\n").expect("write to the console");
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row["exit_code"], 7);
    assert_eq!(row["last_exit"]["code"], 7);
    assert_eq!(row["last_exit"]["requested"], false);
    sandbox.run(&["status"]).expect_code(1);
    let stop = sandbox.ok(&["stop", "a", "--json"]).json();
    assert_eq!(stop["results"][0]["changed"], true);
    let row = sandbox.status("a");
    assert_eq!(row["state"], "stopped");
    assert_eq!(row["last_exit"]["code"], 7, "the crash stays on record");
    sandbox.run(&["status"]).expect_code(3);
}

#[test]
fn a_signal_is_told_by_name() {
    let sandbox = Sandbox::with(&[simple("a")]);
    sandbox.ok(&["start", "a"]);
    Process::signal(sandbox.pid("a"), Signal::SIGKILL);
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row.get("exit_code"), None, "{row}");
    assert_eq!(row["last_exit"]["signal"], "SIGKILL");
    assert_eq!(row["last_exit"]["code"], json!(null));
    assert_eq!(row["last_exit"]["oom_killed"], false);
}

#[test]
fn whether_a_crash_has_left_a_core_is_told() {
    let sandbox = Sandbox::new();
    let dies = |id: &str, limit: &str| {
        // A dollar sign is written twice in an inventory.
        let script = format!("ulimit -c {limit} && read word && kill -SEGV $$$$");
        Instance::script(id, &script).process("cwd", json!(sandbox.arg(".")))
    };
    sandbox.inventory(&[dies("none", "0"), dies("core", "unlimited")]);
    sandbox.ok(&["start", "none"]);
    sandbox.tell("none", "now");
    assert_eq!(sandbox.wait_state("none", "crashed")["note"], "killed by SIGSEGV");
    if !support::is_root("whether_a_crash_has_left_a_core_is_told") {
        return;
    }
    // Where a program is given the core, or it lies elsewhere, there is no
    // telling what becomes of it; and the setting is the whole machine's.
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.trim() != "core" {
        let pattern = pattern.trim();
        support::say(&format!(
            "\nNOT RUN: a game that leaves a core: core_pattern is {pattern}\n"
        ));
        return;
    }
    sandbox.ok(&["start", "core"]);
    sandbox.tell("core", "now");
    assert_eq!(
        sandbox.wait_state("core", "crashed")["note"],
        "killed by SIGSEGV, core dumped"
    );
    let cores = std::fs::read_dir(sandbox.path(".")).expect("its folder").flatten();
    let cores: Vec<_> = cores
        .filter(|file| file.file_name().to_string_lossy().starts_with("core"))
        .collect();
    assert_eq!(cores.len(), 1, "{cores:?}");
}

#[test]
fn an_end_before_ready_is_a_failed_start_with_its_last_lines() {
    let game = Instance::awkward("a", &["early", "0", "--say", "no eula, no game"]).ready_log("^up$");
    let sandbox = Sandbox::with(&[game]);
    let outcome = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(outcome.stderr.contains("no eula, no game"), "{outcome:?}");
    assert!(outcome.stderr.contains("before it was ready"), "{outcome:?}");
    let row = sandbox.status("a");
    assert_eq!((&row["state"], &row["exit_code"]), (&json!("crashed"), &json!(0)));
}

#[test]
fn a_start_that_takes_too_long_leaves_the_game_running() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[gated(&sandbox, "a")]);
    let outcome = sandbox.run(&["start", "a", "--timeout", "300ms"]).expect_code(124);
    assert!(outcome.stderr.contains("not ready after 300ms"), "{outcome:?}");
    assert_eq!(sandbox.state("a"), "starting");
    sandbox.touch("a.gate");
    sandbox.wait_state("a", "running");
}

#[test]
fn a_stop_of_what_has_crashed_says_so() {
    let sandbox = Sandbox::new();
    let dies = Instance::awkward("dies", &["early", "3"]).ready_log("^up$");
    let never = Instance::program("never", "/nowhere/to/be/found", &[]);
    let give_up = json!({ "give_up": { "times": 1, "within": "1h" } });
    sandbox.inventory(&[dies, never.with("restart", give_up)]);
    sandbox.run(&["start", "dies"]).expect_code(1);
    // What `run` has found wrong counts as well.
    let run = Background::run(&sandbox);
    sandbox.wait_state("never", "crashed");
    drop(run);
    for (id, how) in [
        ("dies", "exit code 3 before it was ready"),
        ("never", "given up after 1 in 1h"),
    ] {
        assert_eq!(sandbox.state(id), "crashed");
        let stopped = sandbox.ok(&["stop", id]);
        let told = format!("{id}: stopped (it had crashed: {how}");
        assert!(stopped.stdout.starts_with(&told), "{stopped:?}");
        assert!(stopped.stdout.contains("it stays stopped now"), "{stopped:?}");
        assert_eq!(sandbox.state(id), "stopped");
        assert_eq!(sandbox.ok(&["stop", id]).stdout, format!("{id}: already stopped\n"));
    }
}

/// The reason that its shim knows is told, and not only that the time is over.
#[test]
fn a_start_whose_game_has_ended_when_its_time_is_over_says_so() {
    // Deaf to TERM from its birth, it outlives the main process for 5 s.
    let game = Instance::script("a", "trap '' TERM; sleep 1000 & exit 3");
    let sandbox = Sandbox::with(&[game.ready_log("^up$")]);
    for verb in ["start", "restart"] {
        let outcome = sandbox.run(&[verb, "a", "--timeout", "2500ms"]).expect_code(1);
        assert!(
            outcome
                .stderr
                .contains("its main process has ended before it was ready"),
            "{outcome:?}"
        );
        sandbox.ok(&["stop", "--now", "a"]);
    }
}

#[test]
fn no_wait_returns_at_the_launch_and_status_judges_readiness() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[gated(&sandbox, "a")]);
    sandbox.ok(&["start", "a", "--no-wait"]);
    assert_eq!(sandbox.state("a"), "starting");
    sandbox.touch("a.gate");
    sandbox.wait_state("a", "running");
    // Once found it is on record, whoever looks next.
    let launch = std::fs::read_to_string(sandbox.instance_dir("a").join("launch")).expect("read the record");
    assert!(launch.contains("ready_boot_ms"), "{launch}");
}

#[test]
fn a_stop_takes_the_place_of_a_start_in_progress() {
    let sandbox = Sandbox::new();
    // Its console is not read before the gate is open.
    let game = gated(&sandbox, "a").with("stop", json!([{ "signal": "TERM", "wait": "20s" }]));
    sandbox.inventory(&[game]);
    let start = sandbox.command(&["start", "a"]).spawn().expect("run gamectl");
    sandbox.wait_state("a", "starting");
    sandbox.ok(&["stop", "a"]);
    let outcome = Outcome::of(&["start"], &start.wait_with_output().expect("wait")).expect_code(1);
    assert!(outcome.stderr.contains("stop"), "{outcome:?}");
    assert_eq!(sandbox.state("a"), "stopped");
}

#[test]
fn a_held_lock_is_busy_or_waited_for() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[gated(&sandbox, "a")]);
    let start = sandbox.command(&["start", "a"]).spawn().expect("run gamectl");
    sandbox.wait_state("a", "starting");
    let busy = sandbox.run(&["start", "a", "--lock-wait", "0s"]).expect_code(75);
    assert!(busy.stderr.contains("gamectl start (pid"), "{busy:?}");
    sandbox.run(&["start", "a", "--lock-wait", "100ms"]).expect_code(75);
    sandbox.run(&["start", "a", "--timeout", "100ms"]).expect_code(124);
    let second = sandbox.command(&["restart", "a"]).spawn().expect("run gamectl");
    sandbox.touch("a.gate");
    Outcome::of(&["start"], &start.wait_with_output().expect("wait")).expect_code(0);
    Outcome::of(&["restart"], &second.wait_with_output().expect("wait")).expect_code(0);
    assert_eq!(sandbox.state("a"), "running");
}

#[test]
fn an_interrupt_ends_the_waiting_and_not_the_game() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[gated(&sandbox, "a")]);
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let start = sandbox.command(&["start", "a"]).spawn().expect("run gamectl");
        sandbox.wait_state("a", "starting");
        // It says that it waits for the game only when it listens for signals.
        wait_until("gamectl to listen for signals", || catches(start.id(), signal));
        Process::signal(Process::pid_of(&start), signal);
        let outcome = Outcome::of(&["start"], &start.wait_with_output().expect("wait")).expect_code(code);
        assert!(outcome.stderr.contains("goes on"), "{outcome:?}");
        assert_eq!(sandbox.state("a"), "starting");
    }
    sandbox.touch("a.gate");
    sandbox.ok(&["start", "a"]);
}

fn catches(pid: u32, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let mask = caught
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    mask & (1 << (signal as u32 - 1)) != 0
}

#[test]
fn a_script_gets_its_answer_at_once() {
    // A game that kept the pipe of `x=$(gamectl start a)` open would keep the
    // shell waiting for as long as it runs.
    let sandbox = Sandbox::with(&[simple("a")]);
    let gamectl = support::gamectl();
    let script = format!("x=$('{}' start a) && echo \"got: $x\"", gamectl.display());
    let output = sandbox.program("/bin/sh").args(["-c", &script]).output();
    let output = output.expect("run a shell");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with("got: a: ready"), "{text}");
    assert_eq!(sandbox.state("a"), "running");
}

#[test]
fn selectors_and_verdicts() {
    let tagged = |id: &str, tag: &str| simple(id).with("tags", json!([tag]));
    let idle = Instance::program("game-c", "", &[]);
    let sandbox = Sandbox::with(&[tagged("game-a", "pvp"), tagged("game-b", "pve"), idle]);
    sandbox.run(&["status"]).expect_code(3);
    sandbox.ok(&["start", "tag:pvp"]);
    assert_eq!(sandbox.state("game-a"), "running");
    assert_eq!(sandbox.state("game-b"), "stopped");
    sandbox.run(&["status", "--any"]).expect_code(0);
    sandbox.ok(&["start", "game-*"]);
    // What nobody manages is left out of the verdict, and of `--all`.
    sandbox.ok(&["status"]);
    assert_eq!(sandbox.state("game-c"), "unmanaged");
    let refused = sandbox.run(&["start", "game-c"]).expect_code(5);
    assert!(refused.stderr.contains("unmanaged"), "{refused:?}");
    assert!(
        refused.stderr.contains("hint: add that to the inventory"),
        "{refused:?}"
    );
    let unknown = sandbox.run(&["stop", "game-a", "game-d"]).expect_code(4);
    assert!(
        unknown.stderr.contains("game-d") && unknown.stderr.contains("did you mean"),
        "{unknown:?}"
    );
    assert_eq!(sandbox.state("game-a"), "running", "nothing was done to the others");
    sandbox.run(&["stop", "tag:none"]).expect_code(4);
    sandbox.run(&["stop", "x*"]).expect_code(4);
    let nobody = sandbox.run(&["stop"]).expect_code(2);
    assert!(nobody.stderr.contains("--all"), "{nobody:?}");
    sandbox.ok(&["stop", "--all"]);
    sandbox.run(&["status", "--any"]).expect_code(3);
}

#[test]
fn a_dry_run_does_nothing() {
    let sandbox = Sandbox::with(&[simple("a")]);
    let outcome = sandbox.ok(&["start", "a", "--dry-run"]);
    assert!(outcome.stdout.contains("would be started"), "{outcome:?}");
    assert!(!sandbox.state_dir().exists());
    sandbox.ok(&["start", "a"]);
    let outcome = sandbox.ok(&["stop", "--all", "--dry-run"]);
    assert!(outcome.stdout.contains("would be stopped"), "{outcome:?}");
    assert_eq!(sandbox.state("a"), "running");
}

#[test]
fn a_dry_run_tells_each_step_its_cause_and_no_secret() {
    let game = simple("a")
        .env("RCON_PASSWORD", "canary-1")
        .process(
            "args",
            json!(["serve", "-adminpsw=canary-2", "+rcon.password", "canary-3"]),
        )
        .with("rcon", json!({ "port": 1, "password": "canary-4" }))
        .with(
            "stop",
            json!([{ "rcon": "login canary-4", "wait": "3s" }, { "signal": "INT", "wait": "4s" }]),
        );
    let sandbox = Sandbox::with(&[game]);
    let plain = sandbox.ok(&["restart", "a", "--dry-run"]);
    let json = sandbox.ok(&["start", "a", "--dry-run", "--json", "--timeout", "7s"]);
    for outcome in [&plain, &json] {
        assert!(!outcome.stdout.contains("canary"), "{outcome:?}");
    }
    assert!(plain.stdout.contains("1. make its folder"), "{plain:?}");
    assert!(
        plain.stdout.contains("'-adminpsw=***'") || plain.stdout.contains("-adminpsw=***"),
        "{plain:?}"
    );
    let answer = json.json();
    let steps = answer["results"][0]["steps"].as_array().expect("steps").clone();
    let last = &steps[steps.len() - 1];
    assert_eq!(last["cause"], "ready, --timeout");
    assert!(
        last["does"].as_str().unwrap_or_default().starts_with("wait up to 7s"),
        "{last}"
    );
    assert!(!sandbox.state_dir().exists());

    let sandbox = Sandbox::with(&[simple("a").with(
        "stop",
        json!([{ "stdin": "quit", "wait": "3s" }, { "signal": "INT", "wait": "4s" }]),
    )]);
    sandbox.ok(&["start", "a"]);
    let plain = sandbox.ok(&["stop", "a", "-n"]);
    let wanted = "  1. stdin: quit, and wait up to 3s for its end (stop)\n  2. signal: INT, and wait up to 4s";
    assert!(plain.stdout.contains(wanted), "{plain:?}");
    let now = sandbox.ok(&["stop", "a", "-n", "--now"]);
    assert!(
        now.stdout
            .contains("  1. signal: TERM, and wait up to 5s for its end (--now)")
            && now.stdout.contains("  2. kill"),
        "{now:?}"
    );
    assert_eq!(sandbox.state("a"), "running");
}

#[test]
fn what_left_the_inventory_is_shown_and_stopped_by_the_plan_it_was_started_with() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[gated(&sandbox, "a")]);
    sandbox.touch("a.gate");
    sandbox.ok(&["start", "a"]);
    sandbox.inventory(&[simple("b")]);
    let rows = sandbox.run(&["status", "--json"]).json();
    let row = rows["instances"]
        .as_array()
        .and_then(|rows| rows.iter().find(|row| row["id"] == "a"))
        .cloned();
    let row = row.expect("it is still shown");
    assert_eq!(row["state"], "running");
    assert!(
        row["note"]
            .as_str()
            .is_some_and(|note| note.contains("not in the inventory")),
        "{row}"
    );
    sandbox.run(&["start", "a"]).expect_code(4);
    sandbox.ok(&["stop", "--all"]);
    assert_eq!(sandbox.state("a"), "running", "--all means the inventory");
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json();
    assert_eq!(stopped["results"][0]["ended_by"], "stdin: quit");
}

#[test]
fn a_look_at_a_stopped_instance_opens_its_folder_once_and_nothing_that_is_missing() {
    let Some(strace) = support::strace("the files that status opens") else {
        return;
    };
    let sandbox = Sandbox::with(&[simple("a")]);
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    let log = sandbox.path("opened");
    let (strace, path) = (strace.to_string_lossy(), log.to_string_lossy());
    let words = [&*strace, "-f", "-qq", "-e", "trace=openat", "-o", &path];
    sandbox.run_under(&words, &["status", "a"]).expect_code(3);
    let text = std::fs::read_to_string(&log).expect("the calls");
    let folders: Vec<&str> = text.split("\"instances/a\"").collect();
    assert_eq!(folders.len(), 2, "{text}");
    // What is below the folder is opened relative to it.
    let mut below = folders[1].lines().filter(|line| !line.contains("AT_FDCWD"));
    assert!(below.all(|line| !line.contains("ENOENT")), "{text}");
}

#[test]
fn logs_show_the_end_and_follow() {
    let sandbox = Sandbox::with(&[simple("a"), simple("b")]);
    sandbox.ok(&["start", "--all"]);
    let console = |id: &str, line: &str| {
        std::fs::write(sandbox.instance_dir(id).join("in"), format!("say {line}\n")).expect("write to the console");
        sandbox.wait_console(id, line);
    };
    console("a", "one");
    console("b", "two");
    let last = sandbox.ok(&["logs", "-n", "1", "a"]);
    assert!(
        last.stdout.ends_with("one\n") && last.stdout.lines().count() == 1,
        "{last:?}"
    );
    let both = sandbox.ok(&["logs", "a", "b"]);
    assert!(both.stdout.contains("a | ") && both.stdout.contains("b | "), "{both:?}");
    let out = std::fs::File::create(sandbox.path("out")).expect("a file");
    let follow = Background::of(sandbox.command(&["logs", "-f", "-n", "1", "a"]).stdout(out));
    wait_until("the last line", || sandbox.lines("out").len() == 1);
    console("a", "three");
    wait_until("the new line", || sandbox.lines("out").len() == 2);
    sandbox.ok(&["restart", "a"]);
    wait_until("the line of the next run", || {
        sandbox.lines("out").iter().filter(|line| *line == "up").count() == 1
    });
    assert_eq!(follow.end(Signal::SIGINT), Some(130));
}

#[test]
fn logs_take_out_what_could_harm_a_terminal_unless_raw() {
    let sandbox = Sandbox::with(&[Instance::script("a", "printf 'a\\033[2Jb\\n'; exec sleep 300")]);
    sandbox.ok(&["start", "a"]);
    sandbox.wait_console("a", "b");
    assert_eq!(sandbox.ok(&["logs", "a"]).stdout, "ab\n");
    assert_eq!(sandbox.ok(&["logs", "--raw", "a"]).stdout, "a\u{1b}[2Jb\n");
}

#[test]
fn every_readiness_probe() {
    let port = support::free_port();
    let sandbox = Sandbox::new();
    let gate = sandbox.arg("gate");
    let listen = Instance::awkward("tcp", &["listen", &port.to_string(), "--gate", &gate])
        .with("ready", json!({ "tcp": format!("localhost:{port}") }));
    let exec = Instance::awkward("exec", &["serve"]).with("ready", json!({ "exec": ["/usr/bin/test", "-e", gate] }));
    let alive = Instance::awkward("alive", &["serve"]).with("ready", json!({ "alive_for": "300ms" }));
    let all = Instance::awkward("all", &["boot", "--gate", &gate, "--ready", "up"]).with(
        "ready",
        json!({ "log": "^up$", "exec": ["test", "-e", gate], "alive_for": "1ms" }),
    );
    sandbox.inventory(&[listen, exec, alive, all]);
    let outcome = sandbox
        .run(&["start", "tcp", "exec", "all", "--timeout", "1s"])
        .expect_code(124);
    assert!(outcome.stderr.contains("not ready after"), "{outcome:?}");
    sandbox.ok(&["start", "alive"]);
    sandbox.touch("gate");
    sandbox.ok(&["start", "--all"]);
    for id in ["tcp", "exec", "alive", "all"] {
        assert_eq!(sandbox.state(id), "running");
    }
}

#[test]
fn a_stop_chain_goes_from_word_to_signal_to_kill() {
    let chain = json!([
        { "stdin": "say no", "wait": "100ms" },
        { "signal": "INT", "wait": "100ms" },
        { "signal": "SIGTERM", "wait": "100ms" },
    ]);
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["deaf", "--ready", "up"])
        .ready_log("up")
        .with("stop", chain)]);
    sandbox.ok(&["start", "a"]);
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json();
    assert_eq!(stopped["results"][0]["ended_by"], "kill");
    let row = sandbox.status("a");
    assert_eq!(row["last_exit"]["signal"], "SIGKILL");
    assert_eq!(row["last_exit"]["requested"], true);
    assert_eq!(row["last_exit"]["oom_killed"], false);
}

#[test]
fn stop_now_hurries_a_stop_under_way() {
    let game = Instance::awkward("a", &["serve", "--ready", "up"])
        .ready_log("up")
        .with(
            "stop",
            json!([{ "stdin": "say saving", "wait": "10m" }, { "signal": "TERM", "wait": "10m" }]),
        );
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    let stop = sandbox.command(&["stop", "a"]).spawn().expect("run gamectl");
    sandbox.wait_state("a", "stopping");
    let late = sandbox.run(&["stop", "a", "--timeout", "100ms"]).expect_code(124);
    assert!(
        late.stderr.contains("goes on") || late.stderr.contains("held by"),
        "{late:?}"
    );
    sandbox.ok(&["stop", "a", "--now"]);
    let outcome = Outcome::of(&["stop"], &stop.wait_with_output().expect("wait")).expect_code(0);
    assert!(outcome.stdout.contains("signal: TERM"), "{outcome:?}");
}

/// Has a stop by this chain begin, and killed while the game is told to save.
#[test]
fn stop_now_is_a_term_and_a_kill_after_five_seconds_whatever_the_chain_waits() {
    let game = |id, args: &[&str], chain| Instance::awkward(id, args).ready_log("up").with("stop", chain);
    let word = json!([{ "stdin": "say no", "wait": "10m" }, { "signal": "INT", "wait": "10m" }]);
    let signal = json!([{ "signal": "INT", "wait": "10m" }]);
    let deaf = ["deaf", "--ready", "up"];
    let sandbox = Sandbox::with(&[
        game("fresh", &deaf, word),
        game("joined", &deaf, signal.clone()),
        game("polite", &["serve", "--ready", "up", "--ignore", "INT"], signal),
    ]);
    sandbox.ok(&["start", "--all"]);
    let joined = sandbox.command(&["stop", "joined"]).spawn().expect("run gamectl");
    sandbox.wait_state("joined", "stopping");
    let began = Instant::now();
    let stopped = sandbox.ok(&["stop", "--all", "--now", "--json"]).json();
    let took = began.elapsed();
    assert!((5..10).contains(&took.as_secs()), "{took:?}: {stopped}");
    let ended_by = |at: usize| stopped["results"][at]["ended_by"].clone();
    assert_eq!(
        [ended_by(0), ended_by(1), ended_by(2)],
        ["kill", "kill", "signal: TERM"],
        "{stopped}"
    );
    Outcome::of(&["stop"], &joined.wait_with_output().expect("wait")).expect_code(0);
    sandbox.nothing_left();
}

fn begin_stop_and_lose_it(sandbox: &Sandbox) {
    sandbox.ok(&["start", "a"]);
    let mut stop = sandbox.command(&["stop", "a"]).spawn().expect("run gamectl");
    sandbox.wait_state("a", "stopping");
    stop.kill().and_then(|()| stop.wait()).expect("the end of stop");
}

#[test]
fn a_second_stop_carries_out_the_steps_of_the_first_ones_chain() {
    let sandbox = Sandbox::new();
    let game = |made: &str| {
        let chain = json!([
            { "stdin": "say saving", "wait": "1s" },
            { "exec": ["/usr/bin/touch", sandbox.arg(made)], "wait": "100ms" },
            { "signal": "TERM", "wait": "10s" },
        ]);
        let game = Instance::awkward("a", &["serve", "--ready", "up"]);
        game.ready_log("up").with("stop", chain)
    };
    sandbox.inventory(&[game("right")]);
    begin_stop_and_lose_it(&sandbox);
    sandbox.inventory(&[game("wrong")]);
    sandbox.ok(&["stop", "a"]);
    assert_eq!(
        (sandbox.path("right").exists(), sandbox.path("wrong").exists()),
        (true, false)
    );
}

#[test]
fn a_step_over_a_channel_that_a_second_stop_does_not_know_is_said_not_to_be_sent() {
    let sandbox = Sandbox::new();
    let game = || Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("up");
    let chain =
        json!([{ "stdin": "say saving", "wait": "1s" }, { "rcon": "save", "wait": "1s" }, { "signal": "TERM" }]);
    let rcon = json!({ "port": 1, "password": "x" });
    sandbox.inventory(&[game().with("stop", chain).with("rcon", rcon)]);
    begin_stop_and_lose_it(&sandbox);
    sandbox.inventory(&[game()]);
    let stop = sandbox.ok(&["stop", "a"]);
    let said = "rcon: save was not sent: the inventory has no section `rcon` for it";
    assert!(format!("{}{}", stop.stdout, stop.stderr).contains(said), "{stop:?}");
    assert!(stop.stdout.contains("stopped by signal: TERM"), "{stop:?}");
}

/// Its game is stopped without its save, which somebody should know.
#[test]
fn a_step_that_no_gamectl_carries_out_is_told() {
    let sandbox = Sandbox::new();
    let chain = json!([
        { "stdin": "say saving", "wait": "1s" },
        { "exec": ["/usr/bin/touch", sandbox.arg("saved")], "wait": "1s" },
        { "signal": "TERM", "wait": "10s" },
    ]);
    let game = Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("up");
    sandbox.inventory(&[game.with("stop", chain)]);
    begin_stop_and_lose_it(&sandbox);
    let row = sandbox.wait_state("a", "stopped");
    let said = "exec: /usr/bin/touch was not carried out: no gamectl took it on";
    assert_eq!(row["note"], json!(said));
    assert!(!sandbox.path("saved").exists());
}

#[test]
fn a_state_directory_deeper_than_a_socket_name_is_long() {
    let sandbox = Sandbox::with(&[simple("a")]);
    let deep = sandbox.arg(&format!("{}/{}/state", "d".repeat(120), "e".repeat(120)));
    let run = |verb: &str| sandbox.ok(&[verb, "a", "--state-dir", &deep, "--json"]).json();
    run("start");
    assert_eq!(run("status")["instances"][0]["state"], "running");
    let stopped = run("stop");
    assert_eq!(
        stopped["results"][0]["ended_by"], "signal: TERM",
        "its shim was asked over its socket"
    );
}

#[test]
fn two_words_of_an_id_are_no_id() {
    // What is not a valid id never becomes part of a path.
    let sandbox = Sandbox::with(&[simple("a")]);
    for id in ["../a", "a/b", "", "A"] {
        sandbox.run(&["stop", id]).expect_code(4);
    }
    assert!(!sandbox.state_dir().exists());
}

#[test]
fn a_start_that_waits_shows_the_last_line_of_the_game() {
    let script = "echo Loading the world; while [ ! -e gate ]; do sleep 0.01; done; echo up; exec cat";
    let sandbox = Sandbox::with(&[Instance::script("a", script).ready_log("^up$")]);
    let mut terminal = Terminal::open(&sandbox, &["start", "a"]);
    terminal.wait_line(": Loading the world");
    sandbox.touch("gate");
    assert_eq!(terminal.ended(), Some(0));
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn an_end_before_ready_shows_the_last_twenty_lines() {
    let script = "i=1; while [ $$i -le 30 ]; do echo line-$$i-; i=$$((i+1)); done; exit 3";
    let sandbox = Sandbox::with(&[Instance::script("a", script).ready_log("^up$")]);
    let outcome = sandbox.run(&["start", "a"]).expect_code(1);
    let shown = outcome.stderr.lines().filter(|line| line.contains("| line-")).count();
    assert_eq!(shown, 20, "{outcome:?}");
    assert!(outcome.stderr.contains("| line-11-") && outcome.stderr.contains("| line-30-"));
}

#[test]
fn a_failed_start_tells_what_that_launch_printed_and_no_other() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[Instance::script("a", "echo no map; exit 3").ready_log("^up$")]);
    for _ in 0..2 {
        let outcome = sandbox.run(&["start", "a"]).expect_code(1);
        assert_eq!(outcome.stderr.matches("  | no map").count(), 1, "{outcome:#?}");
    }
    assert_eq!(sandbox.console("a").matches("no map").count(), 2);
}

/// A game goes on as it was started; that the inventory says something else now is
/// told, until a restart applies it.
#[test]
fn a_changed_entry_is_told_until_it_is_applied() {
    const DRIFTED: &str = "started from another entry: restart applies it (changed: args)";
    let game = |number: &str| {
        Instance::script("a", "exec sleep \"$0\"").process("args", json!(["-c", "exec sleep 1000", number]))
    };
    let sandbox = Sandbox::with(&[game("1")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    assert_eq!(sandbox.status("a")["note"], Value::Null);
    sandbox.inventory(&[game("2")]);
    assert_eq!(sandbox.status("a")["note"], DRIFTED);
    let again = sandbox.ok(&["start", "a"]);
    assert_eq!(again.stdout, format!("a: already running ({DRIFTED})\n"));
    assert_eq!(sandbox.pid("a"), pid);
    // Which keys have changed is named, and no value of theirs.
    let secret = json!({ "PASSWORD": "canary", "PORT": "1" });
    sandbox.inventory(&[game("1").process("env", secret).process("umask", json!("0077"))]);
    let note = sandbox.status("a")["note"].as_str().unwrap_or_default().to_owned();
    assert!(note.ends_with("(changed: env.PASSWORD, env.PORT, umask)"), "{note}");
    let plan = fs::read_to_string(sandbox.instance_dir("a").join("plan")).expect("a plan");
    assert!(plan.contains("entry_key") && !plan.contains("1000"), "{plan}");
    // What is asked of a game, and how it is stopped, applies at once.
    sandbox.inventory(&[game("1").with("stop", json!([{ "signal": "INT", "wait": "9s" }]))]);
    assert_eq!(sandbox.status("a")["note"], Value::Null);
    sandbox.inventory(&[game("2")]);
    sandbox.ok(&["restart", "a"]);
    assert_eq!(sandbox.status("a")["note"], Value::Null);
    sandbox.ok(&["stop", "a"]);
}
