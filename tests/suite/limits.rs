//! Gamectl at the limits of its host: no descriptor, no process, no memory, no
//! larger file. A start comes to a game or to an error, never to both; a shim goes
//! on, and does not turn in circles.

use std::fs;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Background, Instance, Outcome, Process, Sandbox, wait_for, wait_until};

/// Somebody who is nobody.
const NOBODY: &str = "65534";

/// Starts it under every limit until one is enough. Each start leaves a game
/// that runs and was told so, or none and an error; or it was killed by the kernel.
#[track_caller]
fn start_under(sandbox: &Sandbox, limits: impl Iterator<Item = String>, words: &[&str]) {
    for (failed, limit) in limits.enumerate() {
        let before = sandbox.starts("journal");
        let outcome = sandbox.run_under(&["prlimit", &limit], &["start", "a", "--timeout", "20s"]);
        if outcome.code == Some(0) {
            assert_eq!(sandbox.state("a"), "running", "{limit}");
            assert_eq!(
                (sandbox.games().len(), sandbox.starts("journal")),
                (1, before + 1),
                "{limit}"
            );
            sandbox.ok(&["stop", "a"]);
            sandbox.nothing_left();
            assert!(failed > 0, "the first limit was enough");
            return;
        }
        assert!(!outcome.stderr.contains("panicked at"), "{limit}: {outcome:#?}");
        let said = words.iter().any(|word| outcome.stderr.to_lowercase().contains(word));
        // What the kernel does not even execute cannot say why.
        assert!(
            said || outcome.code.is_none_or(|code| code > 125),
            "{limit}: {outcome:#?}"
        );
        let state = sandbox.state("a");
        if outcome.code.is_none() && state != "stopped" {
            // The kernel killed it, for a stack that cannot grow, after the launch:
            // as after any such kill, the game is there and on record.
            assert!(sandbox.games().len() <= 1, "{limit}: {outcome:#?}");
            sandbox.ok(&["stop", "a"]);
        } else {
            assert_eq!(sandbox.starts("journal"), before, "{limit}: {outcome:#?}");
            assert_eq!(state, "stopped", "{limit}: {outcome:#?}");
        }
        sandbox.nothing_left();
    }
    panic!("no limit was enough");
}

#[test]
fn a_start_without_descriptors() {
    let limits = (4..64).map(|limit| format!("--nofile={limit}:{limit}"));
    start_under(&Sandbox::with_one(), limits, &["too many open files"]);
}

#[test]
fn a_start_whose_files_may_not_grow() {
    let limits = [0, 1, 64, 512, 4096, 1 << 20].map(|limit| format!("--fsize={limit}:{limit}"));
    start_under(&Sandbox::with_one(), limits.into_iter(), &["file too large"]);
}

#[test]
fn a_start_without_memory() {
    let limits = (1..64).map(|step| format!("--as={0}:{0}", step * (4 << 20)));
    start_under(&Sandbox::with_one(), limits, &["memory", "temporarily unavailable"]);
}

#[test]
fn a_start_without_processes() {
    if !support::is_root("a_start_without_processes") {
        return;
    }
    let sandbox = Sandbox::with(&[Instance::script("a", "echo up; read -r line").ready_log("^up$")]);
    fs::set_permissions(sandbox.dir(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).expect("chmod");
    let user = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    let none = [&["prlimit", "--nproc=1:1"], &user[..]].concat();
    for args in [&["start", "a"][..], &["restart", "a"]] {
        let outcome = sandbox.run_under(&none, args).expect_code(1);
        assert!(outcome.stderr.contains("emporarily unavailable"), "{outcome:#?}");
        sandbox.nothing_left();
    }
    sandbox.run_under(&user, &["start", "a"]).expect_code(0);
    sandbox.run_under(&user, &["stop", "a"]).expect_code(0);
    sandbox.nothing_left();
}

/// Sets a limit of a process that runs; returns what it was, to be set again.
#[track_caller]
fn limit(pid: i32, name: &str, value: &str) {
    let pid = pid.to_string();
    let mut command = Command::new("prlimit");
    let output = command.args(["--pid", &pid, &format!("--{name}={value}")]).output();
    let output = output.expect("prlimit: apt install util-linux");
    assert!(output.status.success(), "{output:?}");
}

/// The processor time of a process, in ticks of which a second has a hundred.
fn ticks(pid: i32) -> u64 {
    let field = |number| Process::stat_field(pid, number).expect("its times");
    field(14) + field(15)
}

/// Fails when a process makes more of a second than a tenth.
#[track_caller]
fn is_calm(pid: i32) {
    let begin = ticks(pid);
    std::thread::sleep(std::time::Duration::from_secs(1));
    let spent = ticks(pid) - begin;
    assert!(spent < 10, "{spent} ticks in a second");
}

fn descriptors(pid: i32) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("its descriptors")
        .count()
}

#[test]
fn a_shim_without_descriptors() {
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let (pid, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    limit(shim, "nofile", &format!("{0}:{0}", descriptors(shim)));
    let waiting: Vec<_> = (0..4)
        .map(|_| sandbox.knock("a").expect("connect to the shim"))
        .collect();
    is_calm(shim);
    // What it needs no descriptor for goes on.
    assert_eq!(sandbox.pid("a"), pid);
    sandbox.tell("a", "say still here");
    sandbox.wait_console("a", "still here");
    sandbox.tell("a", "exit 0");
    drop(waiting);
    assert_eq!(sandbox.wait_state("a", "crashed")["last_exit"]["code"], 0);
    sandbox.nothing_left();
}

/// A client that connects and says nothing takes no descriptor that a stop needs,
/// under the lowest limit at which anything is started.
#[test]
fn a_shim_with_hardly_any_descriptors() {
    let sandbox = Sandbox::with_one();
    let starts = |limit: &i32| {
        let limit = format!("--nofile={limit}:{limit}");
        sandbox.run_under(&["prlimit", &limit], &["start", "a"]).code == Some(0)
    };
    let lowest = (8..64).find(starts).expect("a limit that is enough");
    let silent: Vec<_> = (0..lowest)
        .map(|_| sandbox.knock("a").expect("connect to the shim"))
        .collect();
    sandbox.ok(&["stop", "a"]);
    drop(silent);
    assert_eq!(sandbox.status("a")["last_exit"]["code"], 0, "{lowest}");
    sandbox.nothing_left();
}

/// A shim raises its own soft limit.
#[test]
fn a_shim_that_is_near_its_soft_limit() {
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let shim = sandbox.shim("a");
    limit(shim, "nofile", &format!("{}:4096", descriptors(shim)));
    let waiting: Vec<_> = (0..4)
        .map(|_| sandbox.knock("a").expect("connect to the shim"))
        .collect();
    is_calm(shim);
    sandbox.ok(&["stop", "a"]);
    drop(waiting);
    assert_eq!(sandbox.status("a")["last_exit"]["code"], 0);
    sandbox.nothing_left();
}

#[test]
fn a_shim_without_descriptors_knows_an_exit() {
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let shim = sandbox.shim("a");
    limit(shim, "nofile", &format!("{0}:{0}", descriptors(shim)));
    sandbox.tell("a", "exit 6");
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row["exit_code"], 6, "{row}");
    sandbox.nothing_left();
}

/// `poll(2)` takes no more descriptors than a process may have open.
#[test]
fn a_shim_that_may_have_less_open_than_it_waits_for() {
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    // What it may, it sets right by itself.
    limit(sandbox.shim("a"), "nofile", "2:4096");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
    sandbox.ok(&["start", "a"]);
    let shim = sandbox.shim("a");
    limit(shim, "nofile", "2:2");
    sandbox.tell("a", "say still here");
    sandbox.wait_console("a", "still here");
    is_calm(shim);
    sandbox.tell("a", "exit 6");
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row["exit_code"], 6, "{row}");
    sandbox.nothing_left();
}

#[test]
fn a_game_may_have_as_much_open_as_its_starter() {
    let words = "echo limits $(ulimit -S -n) $(ulimit -H -n); echo up; read -r line";
    let sandbox = Sandbox::with(&[Instance::script("a", words).ready_log("^up$")]);
    let start = |limit: &str| sandbox.run_under(&["prlimit", limit], &["start", "a"]).expect_code(0);
    start("--nofile=64:512");
    assert_eq!(sandbox.wait_line("a", "limits "), "64 512");
    let limits = fs::read_to_string(format!("/proc/{}/limits", sandbox.shim("a"))).expect("its limits");
    let open = limits.lines().find(|line| line.starts_with("Max open files"));
    let open: Vec<&str> = open.expect("a line").split_whitespace().collect();
    assert_eq!(open[3..5], ["512", "512"], "the shim may have what it can get");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_shim_without_memory() {
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let (pid, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    limit(shim, "as", "4096:unlimited");
    assert_eq!(sandbox.pid("a"), pid);
    sandbox.tell("a", "flood 400000");
    sandbox.tell("a", "say still here");
    sandbox.wait_console("a", "still here");
    // Somebody is there who cannot be listened to.
    let stop = sandbox.command(&["stop", "a"]).spawn().expect("run gamectl");
    is_calm(shim);
    assert!(Process::lives(shim));
    limit(shim, "as", "unlimited:unlimited");
    Outcome::of(&["stop"], &stop.wait_with_output().expect("wait")).expect_code(0);
    assert_eq!(sandbox.status("a")["last_exit"]["code"], 0);
    sandbox.nothing_left();
}

#[test]
fn a_shim_without_memory_knows_an_exit() {
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    limit(sandbox.shim("a"), "as", "4096:4096");
    sandbox.tell("a", "exit 6");
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row["exit_code"], 6, "{row}");
    sandbox.nothing_left();
}

/// A log that may not be written any further is another error than a disk that
/// is full, and raises a signal besides.
#[test]
fn a_log_that_may_not_grow() {
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let shim = sandbox.shim("a");
    limit(shim, "fsize", "8192:unlimited");
    sandbox.tell("a", "flood 400000");
    sandbox.tell("a", "touch flooded");
    wait_until("the game not to be blocked", || sandbox.path("flooded").exists());
    let lost = || sandbox.status("a")["details"]["lost_output_bytes"].as_u64();
    wait_for("the loss in its status", || lost().filter(|lost| *lost >= 390_000));
    let log = sandbox.instance_dir("a").join("console.log");
    assert!(fs::metadata(&log).expect("the log").len() <= 8192);
    assert_eq!(sandbox.shim("a"), shim);
    is_calm(shim);
    limit(shim, "fsize", "unlimited:unlimited");
    wait_until("the mark of the loss", || {
        sandbox.tell("a", "say hello");
        sandbox.console("a").contains("bytes of output were lost here")
    });
    // All that was printed is in the log, or counted.
    sandbox.tell("a", "say the end");
    sandbox.wait_console("a", "the end\n");
    sandbox.tell("a", "exit 6");
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row["exit_code"], 6, "{row}");
    sandbox.nothing_left();
}

/// The disk of the shim takes nothing: the game is stopped, and all who ask are
/// told that the shim cannot say so on record.
#[test]
fn a_stop_whose_exit_cannot_be_put_on_record() {
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let (pid, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    limit(shim, "fsize", "0:unlimited");
    let outcome = sandbox.ok(&["stop", "a"]);
    assert!(
        outcome.stdout.contains("its exit cannot be put on record yet"),
        "{outcome:#?}"
    );
    assert!(outcome.stdout.contains("File too large"), "{outcome:#?}");
    assert!(!Process::lives(pid));
    assert!(Process::lives(shim), "it goes on trying");
    assert_eq!(sandbox.state("a"), "stopping");
    let outcome = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(outcome.stderr.contains("File too large"), "{outcome:#?}");
    assert_eq!((sandbox.games(), sandbox.starts("journal")), (vec![], 1));
    limit(shim, "fsize", "unlimited:unlimited");
    // It is wanted to run by now, and has not crashed.
    let row = sandbox.wait_state("a", "stopped");
    assert_eq!(
        (&row["last_exit"]["code"], &row["last_exit"]["requested"]),
        (&json!(0), &json!(true)),
        "{row}"
    );
    sandbox.nothing_left();
}

/// `run` that cannot start what it should tries again, and does not turn in
/// circles.
/// The soft limit of a login is often 1024, and `run` needs several descriptors a game.
#[test]
fn run_watches_more_games_than_its_soft_limit_allows_files() {
    let words = "echo limits $(ulimit -S -n) $(ulimit -H -n); echo up; read -r line";
    let games: Vec<_> = (0..40)
        .map(|number| Instance::script(&format!("g{number}"), words).ready_log("^up$"))
        .collect();
    let sandbox = Sandbox::with(&games);
    let mut command = sandbox.command_under(&["prlimit", "--nofile=48:4096"], &["run", "--json"]);
    let run = Background::of(&mut command);
    for number in 0..40 {
        let id = format!("g{number}");
        assert_eq!(sandbox.wait_state(&id, "running")["state"], "running");
        assert_eq!(
            sandbox.wait_line(&id, "limits "),
            "48 4096",
            "a game gets the limit of before"
        );
    }
    // A verb has its shim made by `run`.
    sandbox.ok(&["restart", "g7"]);
    assert_eq!(sandbox.wait_line("g7", "limits "), "48 4096");
    assert!(
        descriptors(run.pid()) > 80,
        "each is watched by a link and a descriptor"
    );
    assert!(!run.text().contains("too many open files"), "{}", run.text());
    drop(run);
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn run_without_descriptors() {
    let restart = json!({ "delay": "50ms" });
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"])
        .ready_log("^up$")
        .with("restart", restart)]);
    let run = Background::run(&sandbox);
    let pid = run.pid();
    sandbox.wait_state("a", "running");
    let first = sandbox.pid("a");
    limit(pid, "nofile", &format!("{}:4096", descriptors(pid)));
    sandbox.tell("a", "exit 3");
    wait_until("the game to end", || sandbox.status("a")["pid"] != first);
    is_calm(pid);
    assert!(Process::lives(pid), "it goes on");
    limit(pid, "nofile", "4096:4096");
    sandbox.wait_for_another("a", first);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(sandbox.games().len(), 1);
    sandbox.ok(&["stop", "a"]);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}
