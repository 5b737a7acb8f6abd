//! Pids that do not mean what they seem to: given to somebody else, still there
//! although nobody lives, counted by another namespace. No stranger is taken
//! for a game, and none is signalled.

use std::fs;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{self, Outcome, Process, Sandbox, is_possible, wait_for, wait_until};

/// The first process of a container that does what it should.
const REAPS: &[&str] = &["/bin/sh", "-c", "while :; do sleep 0.05; done"];

/// One that does not.
const REAPS_NOBODY: &[&str] = &["sleep", "300"];

/// Pids of its own, for as long as it is held.
struct Container {
    outer: Child,
    first: String,
}

impl Container {
    /// `None`, loudly, where that is not allowed.
    fn begin(test: &str, first: &[&str]) -> Option<Self> {
        let mut command = Command::new("unshare");
        command
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(first);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut outer = command.spawn().expect("unshare: apt install util-linux");
        let is = |pid: &str| {
            let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            words.starts_with(format!("{}\0", first[0]).as_bytes())
        };
        let found = wait_for("a container or a refusal", || {
            if outer.try_wait().expect("wait").is_some() {
                return Some(None);
            }
            let list = format!("/proc/{0}/task/{0}/children", outer.id());
            let children = fs::read_to_string(list).unwrap_or_default();
            let child = children.split_whitespace().next()?.to_owned();
            is(&child).then_some(Some(child))
        });
        let Some(first) = found else {
            support::skipped(test, "a pid namespace is not allowed");
            return None;
        };
        Some(Self { outer, first })
    }

    fn wrapper(&self) -> Vec<&str> {
        vec!["nsenter", "--target", &self.first, "--pid", "--mount", "--"]
    }

    /// Runs gamectl inside.
    fn run(&self, sandbox: &Sandbox, args: &[&str]) -> Outcome {
        sandbox.run_under(&self.wrapper(), args)
    }

    fn status(&self, sandbox: &Sandbox) -> Value {
        self.run(sandbox, &["status", "--json"]).json()["instances"][0].clone()
    }

    /// Runs a shell inside; returns whether it succeeded and what it said.
    fn shell(&self, script: &str) -> (bool, String) {
        let wrapper = self.wrapper();
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]).args(["/bin/sh", "-c", script]);
        let output = command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .expect("nsenter");
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (output.status.success(), said)
    }

    fn kill(&self, pid: i64) {
        self.shell(&format!("kill -KILL {pid}"));
    }

    /// Returns true when there is such a process, dead or alive.
    fn has(&self, pid: i64) -> bool {
        self.shell(&format!("kill -0 {pid}")).0
    }

    /// A stranger with this pid, which was somebody else's.
    fn give_away(&self, pid: i64) {
        let last = pid - 1;
        let script = format!("echo {last} >/proc/sys/kernel/ns_last_pid && {{ sleep 300 >/dev/null & echo $!; }}");
        wait_until("the pid to be given away", || {
            let (_, given) = self.shell(&script);
            if given != pid.to_string() {
                self.shell(&format!("kill -KILL {given}"));
            }
            given == pid.to_string()
        });
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let _ = self.outer.kill();
        let _ = self.outer.wait();
        let first = self.first.parse().expect("a pid");
        wait_until("the container to end", || !Process::lives(first));
    }
}

/// The pids of the game and of its shim.
fn pids(row: &Value) -> (i64, i64) {
    let number = |value: &Value| value.as_i64().unwrap_or_else(|| panic!("a pid: {row}"));
    (number(&row["pid"]), number(&row["details"]["shim_pid"]))
}

#[test]
fn a_pid_that_is_somebody_elses_now() {
    let Some(container) = Container::begin("a_pid_that_is_somebody_elses_now", REAPS) else {
        return;
    };
    let sandbox = Sandbox::with_one();
    for verb in ["stop", "start", "restart"] {
        container.run(&sandbox, &["start", "a"]).expect_code(0);
        let (game, shim) = pids(&container.status(&sandbox));
        container.kill(shim);
        container.kill(game);
        wait_until("both to be gone", || !container.has(game) && !container.has(shim));
        container.give_away(game);
        container.give_away(shim);
        let row = container.status(&sandbox);
        assert_eq!(row["state"], "crashed", "{row}");
        assert_eq!((&row["pid"], row.get("exit_code")), (&Value::Null, None), "{row}");
        container.run(&sandbox, &[verb, "a"]).expect_code(0);
        assert!(container.has(game) && container.has(shim), "{verb} harmed a stranger");
        let row = container.status(&sandbox);
        if verb == "stop" {
            assert_eq!(row["state"], "stopped", "{row}");
        } else {
            assert_eq!(row["state"], "running", "{row}");
            assert_ne!(row["pid"], json!(game));
        }
        container.run(&sandbox, &["stop", "a"]).expect_code(0);
        assert!(container.has(game) && container.has(shim), "a stranger was harmed");
        sandbox.nothing_left();
        container.kill(game);
        container.kill(shim);
    }
    assert_eq!(
        sandbox
            .lines("journal")
            .iter()
            .filter(|line| line.starts_with("start"))
            .count(),
        5
    );
}

#[test]
fn the_dead_whom_nobody_reaps_do_not_live() {
    let Some(container) = Container::begin("the_dead_whom_nobody_reaps_do_not_live", REAPS_NOBODY) else {
        return;
    };
    let sandbox = Sandbox::with_one();
    for _ in 0..2 {
        container.run(&sandbox, &["start", "a"]).expect_code(0);
        let (game, shim) = pids(&container.status(&sandbox));
        container.kill(shim);
        wait_until("the shim to be lost", || {
            container.status(&sandbox)["details"].get("shim_pid").is_none()
        });
        let row = container.status(&sandbox);
        assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &json!(game)), "{row}");
        container.kill(game);
        wait_until("its end to show", || container.status(&sandbox)["state"] == "crashed");
        assert!(
            container.has(game) && container.has(shim),
            "they were reaped: this shows nothing"
        );
    }
    // A start and a stop end although nobody ever reaps what they end.
    container.run(&sandbox, &["start", "a"]).expect_code(0);
    container.run(&sandbox, &["restart", "a"]).expect_code(0);
    container.run(&sandbox, &["stop", "a"]).expect_code(0);
    assert_eq!(container.status(&sandbox)["state"], "stopped");
    sandbox.nothing_left();
}

/// Seen from another pid namespace, a number on record means nothing.
#[test]
fn a_game_of_another_pid_namespace() {
    let Some(container) = Container::begin("a_game_of_another_pid_namespace", REAPS) else {
        return;
    };
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let (game, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    // As long as its shim speaks for it, nobody asks.
    let outcome = container.run(&sandbox, &["start", "a"]).expect_code(0);
    assert!(outcome.stdout.contains("already running"), "{outcome:#?}");
    Process::signal(shim, Signal::SIGKILL);
    wait_until("the shim to be gone", || !Process::lives(shim));
    let row = container.status(&sandbox);
    assert_eq!(row["state"], "unknown", "{row}");
    for verb in ["start", "stop", "restart"] {
        let outcome = container.run(&sandbox, &[verb, "a"]);
        assert!(matches!(outcome.code, Some(1 | 4)), "{outcome:#?}");
        assert!(!outcome.stderr.is_empty(), "{outcome:#?}");
        assert!(Process::lives(game), "{outcome:#?}");
        assert_eq!(sandbox.games().len(), 1, "{outcome:#?}");
    }
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// The state directory stands on a volume, and outlives the containers.
#[test]
fn a_container_that_is_started_again() {
    const TEST: &str = "a_container_that_is_started_again";
    let begin = || Container::begin(TEST, REAPS);
    let Some(first) = begin() else { return };
    let sandbox = Sandbox::with_one();
    first.run(&sandbox, &["start", "a"]).expect_code(0);
    drop(first);
    wait_until("its processes to be gone", || sandbox.games().is_empty());
    let second = begin().expect("another container");
    let row = second.status(&sandbox);
    assert_eq!(
        (&row["state"], &row["note"], &row["restarts"]),
        (
            &json!("stopped"),
            &json!("what ran ended with its container"),
            &json!(0)
        ),
        "{row}"
    );
    second.run(&sandbox, &["stop", "a"]).expect_code(0);
    second.run(&sandbox, &["start", "a"]).expect_code(0);
    let games = sandbox.games();
    assert_eq!(games.len(), 1, "{games:#?}");
    // A container beside it does not see the game, and must not take it for gone.
    let shim = second.status(&sandbox)["details"]["shim_pid"].as_i64().expect("a shim");
    second.kill(shim);
    let third = begin().expect("another container");
    wait_until("the shim to be gone", || third.status(&sandbox)["state"] == "unknown");
    let refused = third.run(&sandbox, &["start", "a"]).expect_code(4);
    assert!(refused.stderr.contains("remove the file `launch`"), "{refused:#?}");
    assert_eq!(sandbox.games(), games);
    drop(second);
    wait_until("its processes to be gone", || sandbox.games().is_empty());
    third.run(&sandbox, &["start", "a"]).expect_code(0);
    third.run(&sandbox, &["stop", "a"]).expect_code(0);
    sandbox.nothing_left();
}

/// Start times are counted by the clock of the time namespace.
#[test]
fn a_game_of_another_time_namespace() {
    let later = [
        "unshare",
        "--time",
        "--fork",
        "--boottime",
        "100000",
        "--monotonic",
        "100000",
    ];
    if !is_possible("a_game_of_another_time_namespace", &later) {
        return;
    }
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let (game, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    // Its shim knows.
    let row = sandbox.run_under(&later, &["status", "--json"]).json()["instances"][0].clone();
    assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &json!(game)), "{row}");
    let outcome = sandbox.run_under(&later, &["start", "a"]).expect_code(0);
    assert!(outcome.stdout.contains("already running"), "{outcome:#?}");
    Process::signal(shim, Signal::SIGKILL);
    wait_until("the shim to be gone", || !Process::lives(shim));
    let row = sandbox.run_under(&later, &["status", "--json"]).json()["instances"][0].clone();
    assert_eq!(row["state"], "unknown", "{row}");
    for verb in ["start", "stop", "restart"] {
        let outcome = sandbox.run_under(&later, &[verb, "a"]);
        assert!(matches!(outcome.code, Some(1 | 4)), "{outcome:#?}");
        assert!(Process::lives(game), "{outcome:#?}");
        assert_eq!(sandbox.games().len(), 1, "{outcome:#?}");
    }
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn root_of_a_user_namespace() {
    let mapped = ["unshare", "--user", "--map-root-user"];
    if !is_possible("root_of_a_user_namespace", &mapped) {
        return;
    }
    let sandbox = Sandbox::with_one();
    sandbox.run_under(&mapped, &["start", "a"]).expect_code(0);
    let row = sandbox.run_under(&mapped, &["status", "--json"]).expect_code(0).json()["instances"][0].clone();
    let game = i32::try_from(row["pid"].as_i64().expect("a pid")).expect("a pid");
    let shim = i32::try_from(row["details"]["shim_pid"].as_i64().expect("a pid")).expect("a pid");
    Process::signal(shim, Signal::SIGKILL);
    wait_until("the shim to be gone", || !Process::lives(shim));
    sandbox.run_under(&mapped, &["start", "a"]).expect_code(0);
    assert_eq!(sandbox.games().len(), 1);
    assert!(Process::lives(game), "taken over, and not started again");
    sandbox.run_under(&mapped, &["stop", "a"]).expect_code(0);
    assert!(!Process::lives(game));
    sandbox.nothing_left();
}
