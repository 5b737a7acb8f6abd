//! Events of the host and its files: it shuts down, it boots again, its clocks and
//! names are odd, the program is replaced.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{self, Background, Mounts, Process, Sandbox, wait_until};

/// Returns mounts that make a command see another boot; `None` where they are not
/// allowed.
fn next_boot(sandbox: &Sandbox, test: &str) -> Option<Mounts> {
    fs::write(sandbox.path("boot"), "5a5a5a5a-0000-4000-8000-0123456789ab\n").expect("write");
    let boot = sandbox.arg("boot");
    Mounts::of(test, &format!("mount --bind '{boot}' /proc/sys/kernel/random/boot_id"))
}

#[test]
fn a_host_that_boots_again() {
    let sandbox = Sandbox::with_one();
    let Some(mounts) = next_boot(&sandbox, "a_host_that_boots_again") else {
        return;
    };
    sandbox.ok(&["start", "a"]);
    // The power fails: nobody puts anything on record.
    let (game, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    Process::signal(shim, Signal::SIGKILL);
    Process::signal(game, Signal::SIGKILL);
    wait_until("both to be gone", || !Process::lives(game) && !Process::lives(shim));
    assert_eq!(sandbox.state("a"), "crashed", "in the same boot");
    let status = || mounts.run(&sandbox, &["status", "--json"]).json()["instances"][0].clone();
    let row = status();
    assert_eq!((&row["state"], &row["pid"]), (&json!("stopped"), &Value::Null), "{row}");
    assert!(row["note"].as_str().is_some_and(|note| note.contains("boot")), "{row}");
    let run = Background::of(&mut sandbox.command_under(&mounts.wrapper(), &["run"]));
    wait_until("it to be started", || status()["state"] == "running");
    assert_eq!(status()["restarts"], json!(0), "no crash is counted");
    assert_eq!(
        sandbox
            .games()
            .iter()
            .filter(|game| game.command.contains("serve"))
            .count(),
        1
    );
    drop(run);
    mounts.run(&sandbox, &["stop", "a"]).expect_code(0);
    sandbox.nothing_left();
}

/// No start waits until the plan of its launch is on the disk.
#[test]
fn a_plan_that_a_power_cut_has_torn() {
    let sandbox = Sandbox::with_one();
    let Some(mounts) = next_boot(&sandbox, "a_plan_that_a_power_cut_has_torn") else {
        return;
    };
    let inventory = fs::read_to_string(sandbox.path("instances.yaml")).expect("the inventory");
    for torn in [&b""[..], &[0; 512]] {
        sandbox.ok(&["start", "a"]);
        sandbox.ok(&["stop", "a"]);
        fs::write(sandbox.instance_dir("a").join("plan"), torn).expect("write");
        // What is in no inventory has but its plan.
        sandbox.inventory(&[]);
        let outcome = sandbox.run(&["stop", "a"]).expect_code(1);
        assert!(
            outcome.stderr.contains("plan is damaged"),
            "in the same boot: {outcome:#?}"
        );
        let outcome = mounts.run(&sandbox, &["stop", "a", "--json"]).expect_code(0);
        let result = outcome.json()["results"][0].clone();
        assert_eq!(
            (&result["state"], &result["changed"]),
            (&json!("stopped"), &json!(false)),
            "{result}"
        );
        sandbox.inventory_text(&inventory);
        mounts.run(&sandbox, &["start", "a"]).expect_code(0);
        mounts.run(&sandbox, &["stop", "a"]).expect_code(0);
    }
    sandbox.nothing_left();
}

#[test]
fn a_host_that_shuts_down() {
    let sandbox = Sandbox::with_one();
    for first in ["game", "shim"] {
        sandbox.ok(&["start", "a"]);
        let (game, shim) = (sandbox.pid("a"), sandbox.shim("a"));
        let order = if first == "game" { [game, shim] } else { [shim, game] };
        // Both get their signal before either acts on it, as at a shutdown.
        Process::signal(shim, Signal::SIGSTOP);
        order.iter().for_each(|pid| Process::signal(*pid, Signal::SIGTERM));
        Process::signal(shim, Signal::SIGCONT);
        wait_until("all to be gone", || sandbox.processes().is_empty());
        let row = sandbox.status("a");
        assert_eq!(row["last_exit"]["code"], 0, "{row}");
        assert!(row["state"] == "stopped" || row["state"] == "crashed", "{row}");
        assert!(sandbox.console("a").ends_with("saved\n"), "it was let to save");
        if let Some(mounts) = next_boot(&sandbox, "a_host_that_shuts_down") {
            let row = mounts.run(&sandbox, &["status", "--json"]).json()["instances"][0].clone();
            assert_eq!(row["state"], "stopped", "{row}");
        }
    }
}

#[test]
fn files_with_a_time_in_the_future() {
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let touch = || {
        let script = "find \"$0\" -exec touch -h -d 2099-01-01 {} +";
        let status = Command::new("/bin/sh")
            .args(["-c", script])
            .arg(sandbox.state_dir())
            .status();
        assert!(status.expect("touch").success());
    };
    touch();
    assert_eq!((sandbox.state("a").as_str(), sandbox.pid("a")), ("running", pid));
    sandbox.ok(&["restart", "a"]);
    assert_ne!(sandbox.pid("a"), pid);
    sandbox.ok(&["stop", "a"]);
    touch();
    assert_eq!(sandbox.state("a"), "stopped");
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_state_directory_with_an_odd_name() {
    let sandbox = Sandbox::with_one();
    for name in [
        "with blanks",
        "line\nend",
        "quotes '\" $HOME `id`",
        "-n",
        "\u{fc}n\u{ef}c\u{f8}d\u{e9}",
        "a=b;c|d",
    ] {
        let state = sandbox.path(name);
        let run = |args: &[&str]| {
            let mut command = sandbox.command(args);
            let output = command.env("GAMECTL_STATE_DIR", &state).output().expect("run gamectl");
            support::Outcome::of(args, &output).expect_code(0)
        };
        run(&["start", "a"]);
        run(&["status"]);
        assert_eq!(run(&["logs", "a"]).stdout, "up\n", "{name:?}");
        run(&["restart", "a"]);
        run(&["stop", "a"]);
        sandbox.nothing_left();
        assert!(state.join("instances/a/console.log").exists(), "{name:?}");
    }
}

#[test]
fn a_program_that_is_replaced_under_its_shims() {
    let sandbox = Sandbox::with_one();
    let copy = sandbox.path("gamectl");
    let install = || {
        support::install(&support::gamectl(), &sandbox.path("gamectl.new"));
        fs::rename(sandbox.path("gamectl.new"), &copy).expect("rename");
    };
    let run = |args: &[&str]| {
        let output = sandbox.program(&copy).args(args).output();
        support::Outcome::of(args, &output.expect("run gamectl")).expect_code(0)
    };
    install();
    run(&["start", "a"]);
    let (pid, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    install();
    let exe = fs::read_link(format!("/proc/{shim}/exe")).expect("its program");
    assert!(exe.to_string_lossy().ends_with("(deleted)"), "{exe:?}");
    run(&["status"]);
    run(&["start", "a"]);
    assert_eq!((sandbox.pid("a"), sandbox.shim("a")), (pid, shim));
    run(&["restart", "a"]);
    assert!(!Process::lives(pid));
    run(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Nobody can know of the games any more but their shims, and these end them when
/// they are asked to.
#[test]
fn a_state_directory_that_is_removed_under_games() {
    let sandbox = Sandbox::with_one();
    let run = Background::run(&sandbox);
    let game = sandbox.wait_state("a", "running")["pid"].clone();
    let game = game.as_i64().and_then(|pid| pid.try_into().ok()).expect("a pid");
    let shim = sandbox.shim("a");
    let mut console = fs::File::options()
        .write(true)
        .open(sandbox.instance_dir("a").join("in"));
    fs::remove_dir_all(sandbox.state_dir()).expect("remove the state directory");
    for args in [
        &["status"][..],
        &["check"],
        &["logs", "a"],
        &["send", "a", "hello"],
        &["stop", "a"],
    ] {
        let outcome = sandbox.run(args);
        assert!(!outcome.stderr.contains("panicked at"), "{outcome:#?}");
        assert!(Process::lives(game) && Process::lives(shim), "{outcome:#?}");
    }
    // It plays on, and is not blocked by a log that nobody keeps.
    let console = console.as_mut().expect("the console");
    std::io::Write::write_all(console, b"flood 400000\ntouch flooded\n").expect("write");
    wait_until("the game not to be blocked", || sandbox.path("flooded").exists());
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert!(Process::lives(game) && Process::lives(shim));
    Process::signal(shim, Signal::SIGTERM);
    wait_until("both to be gone", || !Process::lives(game) && !Process::lives(shim));
    let journal = sandbox.lines("journal");
    assert!(
        journal.last().is_some_and(|line| line.starts_with("end ")),
        "politely: {journal:?}"
    );
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Folders that vanish at a logout or are cleared now and then hold nothing of
/// ours.
#[test]
fn nothing_lives_where_things_vanish() {
    let sandbox = Sandbox::with_one();
    for name in ["runtime", "tmp", "data"] {
        fs::create_dir(sandbox.path(name)).expect("a folder");
    }
    let run = |args: &[&str]| {
        let mut command = sandbox.command(args);
        command.env_remove("GAMECTL_STATE_DIR");
        command.env("XDG_RUNTIME_DIR", sandbox.path("runtime"));
        command.env("TMPDIR", sandbox.path("tmp"));
        // Where root has it is no place for a test.
        let data = sandbox.arg("data/state");
        command.args(["--state-dir", &data]);
        support::Outcome::of(args, &command.output().expect("run gamectl")).expect_code(0)
    };
    run(&["start", "a"]);
    run(&["status"]);
    let count = |name: &str| fs::read_dir(sandbox.path(name)).expect("the folder").count();
    assert_eq!((count("runtime"), count("tmp"), count("data")), (0, 0, 1));
    run(&["restart", "a"]);
    assert_eq!((count("runtime"), count("tmp"), count("data")), (0, 0, 1));
    run(&["stop", "a"]);
    assert_eq!((count("runtime"), count("tmp")), (0, 0));
    sandbox.nothing_left();
}
