//! Processes that do not go on: a verb, `run`, a shim before its launch, a socket
//! that takes connections and never answers. Nobody else waits for them without an
//! end.

use std::fs;
use std::os::fd::AsRawFd;

use nix::sys::signal::Signal;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket};
use serde_json::json;

use crate::support::{self, Background, Instance, Outcome, Process, Sandbox, wait_until};

#[test]
fn a_verb_that_is_frozen_keeps_nobody_from_a_stop() {
    let sandbox = Sandbox::new();
    let save = sandbox.arg("save");
    let game = Instance::awkward("a", &["serve", "--ready", "up", "--save-gate", &save])
        .ready_log("^up$")
        .with("stop", json!([{ "signal": "TERM", "wait": "8s" }]));
    sandbox.inventory(&[game]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let first = sandbox.command(&["stop", "a"]).spawn().expect("run gamectl");
    sandbox.wait_console("a", "saving");
    Process::signal(Process::pid_of(&first), Signal::SIGSTOP);
    // Who asks meanwhile is told that somebody is at it, or waits no longer
    // than it was told to.
    assert_ne!(sandbox.state("a"), "running");
    sandbox.run(&["start", "a", "--lock-wait", "0s"]).expect_code(75);
    sandbox.run(&["stop", "a", "--timeout", "300ms"]).expect_code(124);
    // The stop goes on without its verb, and one in a hurry needs no lock.
    sandbox.ok(&["stop", "--now", "a"]);
    assert!(!Process::lives(pid));
    Process::signal(Process::pid_of(&first), Signal::SIGCONT);
    Outcome::of(&["stop"], &first.wait_with_output().expect("wait")).expect_code(0);
    assert_eq!(sandbox.state("a"), "stopped");
    sandbox.nothing_left();
}

/// Other tools freeze a game while nobody plays.
#[test]
fn a_game_that_is_frozen_hears_its_lines_and_its_stop() {
    let script = "echo up; while read -r line; do echo \"got $line\"; [ \"$line\" = stop ] && exit 0; done";
    // Under a launcher, which is not what is frozen.
    let script = format!("sh -c '{}'; exit 0", script.replace('\'', "'\\''"));
    let game = Instance::script("a", &script).ready_log("^up$").with(
        "stop",
        json!([{ "stdin": "stop", "wait": "60s" }, { "signal": "KILL" }]),
    );
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    let freeze = || {
        let launcher = sandbox.pid("a");
        for process in sandbox.processes() {
            if Process::parent(process.pid) == Some(launcher) {
                Process::signal(process.pid, Signal::SIGSTOP);
                wait_until("it to be frozen", || Process::is_frozen(process.pid));
            }
        }
    };
    freeze();
    sandbox.ok(&["send", "a", "hello"]);
    sandbox.wait_line("a", "got hello");
    freeze();
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json();
    assert_eq!(stopped["results"][0]["ended_by"], "stdin: stop");
    sandbox.nothing_left();
}

#[test]
fn run_that_is_frozen_makes_no_second_game() {
    let sandbox = Sandbox::new();
    let args = ["serve", "--ready", "up", "--journal", "journal", "--beacon", "beacon"];
    let restart = json!({ "delay": "10ms" });
    sandbox.inventory(&[Instance::awkward("a", &args).ready_log("^up$").with("restart", restart)]);
    let run = Background::run(&sandbox);
    sandbox.wait_state("a", "running");
    for verb in ["start", "stop"] {
        let before = sandbox.pid("a");
        run.signal(Signal::SIGSTOP);
        sandbox.tell("a", "exit 3");
        sandbox.wait_state("a", "crashed");
        sandbox.ok(&[verb, "a"]);
        run.signal(Signal::SIGCONT);
        if verb == "start" {
            let after = sandbox.pid("a");
            assert_ne!(after, before);
            // It sees what became of it, and leaves it alone.
            sandbox.tell("a", "say hello");
            sandbox.wait_console("a", "hello\n");
            assert_eq!((sandbox.pid("a"), sandbox.state("a").as_str()), (after, "running"));
        }
    }
    assert_eq!(sandbox.state("a"), "stopped", "a stop is not undone");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(sandbox.state("a"), "stopped");
    assert_eq!(sandbox.lines("beacon.violations"), [""; 0]);
    sandbox.nothing_left();
}

/// A shim that does not go on has not seen the end of its game, and the kernel has.
#[test]
fn a_shim_that_is_frozen_while_its_game_ends() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let (shim, pid) = (sandbox.shim("a"), sandbox.pid("a"));
    sandbox.tell("a", "fork deaf");
    wait_until("what outlives it", || sandbox.games().len() == 2);
    Process::signal(shim, Signal::SIGSTOP);
    wait_until("its shim to be frozen", || Process::is_frozen(shim));
    Process::signal(pid, Signal::SIGKILL);
    sandbox.wait_state("a", "unknown");
    let status = sandbox.run(&["status", "--json"]).expect_code(4);
    let row = status.json()["instances"][0].clone();
    let told = format!("its shim (pid {shim}) is frozen");
    assert!(row["note"].as_str().expect("a note").contains(&told), "{row}");
    assert_eq!(row["pid"], json!(null));
    // What outlived it has 5 s, and nobody waits for an answer before that.
    let stopped = sandbox.ok(&["stop", "--now", "a", "--json"]).json()["results"][0].clone();
    let took = stopped["took_seconds"].as_f64().expect("a time");
    assert!((5.0..10.0).contains(&took), "{stopped}");
    assert_eq!(sandbox.state("a"), "stopped");
    sandbox.nothing_left();
}

/// The socket of a shim is taken by somebody who never answers.
#[test]
fn a_socket_that_takes_connections_and_never_answers() {
    let sandbox = Sandbox::with(&[Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let door = sandbox.instance_dir("a").join("ctl");
    let aside = sandbox.instance_dir("a").join("ctl.aside");
    fs::rename(&door, &aside).expect("rename");
    let silent = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).expect("a socket");
    bind(silent.as_raw_fd(), &UnixAddr::new(&door).expect("an address")).expect("bind");
    listen(&silent, Backlog::new(64).expect("a number")).expect("listen");
    let row = sandbox.status("a");
    assert!(row["state"] == "running" || row["state"] == "unknown", "{row}");
    for args in [
        &["stop", "a", "--timeout", "1s"][..],
        &["start", "a", "--timeout", "1s"],
        &["send", "--timeout", "1s", "a", "hello"],
    ] {
        let outcome = sandbox.run(args);
        assert!(outcome.code != Some(0) || args[0] == "start", "{outcome:#?}");
        assert!(Process::lives(pid), "{outcome:#?}");
        assert_eq!(sandbox.games().len(), 1);
    }
    drop(silent);
    fs::rename(&aside, &door).expect("rename");
    wait_until("it to be heard again", || sandbox.pid("a") == pid);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// A world in which the shim of one start does not go on before the game is
/// launched, and that start has given up.
struct Late {
    sandbox: Sandbox,
    /// The pid of the process that becomes the shim.
    shim: i32,
}

fn shim_of(sandbox: &Sandbox) -> Option<i32> {
    let mut all = sandbox.processes().into_iter();
    all.find(|process| process.command == "gamectl __shim a")
        .map(|shim| shim.pid)
}

impl Late {
    /// Freezes it before it has done anything, in the shell that executes it.
    fn before_anything() -> Self {
        let sandbox = Sandbox::with_one();
        let pid = sandbox.arg("late.pid");
        let script = format!("echo $$ > {pid} && kill -STOP $$ && exec \"$@\"");
        Self::begin(sandbox, &["/bin/sh", "-c", &script, "sh"], |sandbox| {
            sandbox.lines("late.pid").first()?.parse().ok()
        })
    }

    /// Freezes it as it puts its launch on record, with its lock held and its child
    /// at the gate. Returns `None` where there is no strace.
    fn at_its_gate() -> Option<Self> {
        let strace = support::strace("a shim that is frozen at its gate")?;
        // Not in the sandbox: strace would seem to belong to its processes.
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("strace");
        let stop = "inject=renameat2:signal=STOP:when=1";
        let (strace, path) = (strace.to_string_lossy(), log.to_string_lossy());
        let words = [&*strace, "-DDD", "-qq", "-E", "PATH", "-o", &path, "-e", stop];
        let late = Self::begin(Sandbox::with_one(), &words, |sandbox| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            said.contains("stopped by SIGSTOP").then(|| shim_of(sandbox))?
        });
        Some(late)
    }

    fn begin(sandbox: Sandbox, words: &[&str], find: impl Fn(&Sandbox) -> Option<i32>) -> Self {
        let args = ["start", "a", "--timeout", "1s"];
        let start = sandbox
            .program(support::example("traced-gamectl"))
            .args(args)
            .env("TRACED_SHIM", words.join("\n"))
            .spawn()
            .expect("run gamectl");
        let shim = support::wait_for("the shim", || find(&sandbox));
        wait_until("it to be frozen", || Process::is_frozen(shim));
        let output = start.wait_with_output().expect("wait");
        Outcome::of(&args, &output).expect_code(124);
        assert_eq!(sandbox.starts("journal"), 0);
        Self { sandbox, shim }
    }

    /// Puts something in the inventory that cannot be started.
    fn break_inventory(&self) {
        self.sandbox
            .inventory(&[Instance::program("a", "/nowhere/to/be/found", &[])]);
    }

    /// Lets it go on, and checks that it launches nothing.
    #[track_caller]
    fn wake_in_vain(&self) {
        Process::signal(self.shim, Signal::SIGCONT);
        wait_until("the late shim to be gone", || !Process::lives(self.shim));
        assert_eq!(self.sandbox.games(), []);
        assert_eq!(
            self.sandbox.starts("journal"),
            0,
            "it has launched what nobody wants any more"
        );
    }

    /// Checks that the last verb is the one that counts from then on.
    #[track_caller]
    fn all_is_well(&self) {
        let args = ["serve", "--ready", "up", "--journal", "journal"];
        self.sandbox
            .inventory(&[Instance::awkward("a", &args).ready_log("^up$")]);
        self.sandbox.ok(&["start", "a"]);
        assert_eq!(self.sandbox.games().len(), 1);
        assert_eq!(self.sandbox.starts("journal"), 1);
        self.sandbox.ok(&["stop", "a"]);
        self.sandbox.nothing_left();
    }
}

#[test]
fn a_late_shim_launches_nothing_after_a_stop() {
    let late = Late::before_anything();
    late.sandbox.ok(&["stop", "a"]);
    late.wake_in_vain();
    assert_eq!(late.sandbox.state("a"), "stopped");
    late.all_is_well();
}

/// The wish is as it was when the shim was begun, and so is the number of the
/// next launch: what it was told to launch is old all the same.
#[test]
fn a_late_shim_launches_nothing_after_another_start() {
    for stops in [false, true] {
        let late = Late::before_anything();
        if stops {
            late.sandbox.ok(&["stop", "a"]);
        }
        late.break_inventory();
        late.sandbox.run(&["start", "a"]).expect_code(1);
        late.wake_in_vain();
        late.all_is_well();
    }
}

#[test]
fn a_late_shim_launches_what_is_still_wanted() {
    let late = Late::before_anything();
    Process::signal(late.shim, Signal::SIGCONT);
    late.sandbox.wait_state("a", "running");
    assert_eq!((late.sandbox.shim("a"), late.sandbox.starts("journal")), (late.shim, 1));
    late.sandbox.ok(&["stop", "a"]);
    late.sandbox.nothing_left();
}

#[test]
fn a_shim_at_its_gate_opens_it_for_nobody_who_has_given_up() {
    for verb in ["stop", "start"] {
        let Some(late) = Late::at_its_gate() else { return };
        // It holds the instance: who comes is told so, and has said what it wants.
        late.sandbox.run(&[verb, "a", "--timeout", "300ms"]).expect_code(124);
        late.wake_in_vain();
        assert_eq!(late.sandbox.state("a"), "stopped");
        late.all_is_well();
    }
}
