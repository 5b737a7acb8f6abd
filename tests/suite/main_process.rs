//! `main`: the real game below a launcher, by its executable.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Instance, Process, Sandbox, wait_until};

/// A shell script in which `GAME` is the game, which is the main process.
fn launched(script: &str) -> Instance {
    let game = format!("'{}' serve --ready up --journal journal", support::awkward().display());
    Instance::script("a", &script.replace("GAME", &game))
        .process("main", json!("/awkward-game$"))
        .ready_log("^up$")
}

/// Starts it, and waits until it is known who the game is.
fn started(script: &str) -> (Sandbox, i32) {
    let sandbox = Sandbox::with(&[launched(script)]);
    sandbox.ok(&["start", "a"]);
    sandbox.tell("a", "pid");
    let game: i32 = sandbox.wait_line("a", "pid ").parse().expect("a pid");
    wait_until("the game to be found", || sandbox.pid("a") == game);
    (sandbox, game)
}

#[test]
fn a_shell_wrapper_is_not_signalled_and_its_code_does_not_count() {
    let (sandbox, game) = started("GAME; echo the wrapper goes on; exit 3");
    assert_ne!(
        Process::parent(game),
        Some(sandbox.shim("a")),
        "there is a shell between"
    );
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM");
    assert!(sandbox.console("a").contains("the wrapper goes on"));
    let exit = sandbox.status("a")["last_exit"].clone();
    assert_ne!(exit["code"], 3, "{exit}");
    let ends = sandbox
        .lines("journal")
        .iter()
        .filter(|line| line.starts_with("end"))
        .count();
    assert_eq!(ends, 1, "it ended politely");
    sandbox.nothing_left();
}

#[test]
fn the_exit_of_the_game_is_the_exit() {
    let (sandbox, _) = started("GAME; exit 0");
    sandbox.tell("a", "exit 7");
    assert_eq!(sandbox.wait_state("a", "crashed")["exit_code"], 7);
    sandbox.nothing_left();
}

#[test]
fn a_launcher_that_stays_is_ended() {
    let (sandbox, _) = started("GAME; echo $$$$ > launcher; while :; do sleep 0.05; done");
    sandbox.tell("a", "exit 6");
    assert_eq!(sandbox.wait_state("a", "crashed")["exit_code"], 6);
    let launcher = sandbox.lines("launcher")[0].parse().expect("a pid");
    assert!(!Process::lives(launcher));
    sandbox.nothing_left();
}

#[test]
fn a_double_fork_leaves_a_game_that_is_not_the_oldest() {
    let script = "sleep 300 & exec 3<&0; ( ( GAME <&3 & ) & ); exit 0";
    let (sandbox, game) = started(script);
    wait_until("the launcher to be gone", || {
        Process::parent(game) == Some(sandbox.shim("a"))
    });
    assert_eq!(sandbox.pid("a"), game);
    sandbox.tell("a", "exit 4");
    assert_eq!(sandbox.wait_state("a", "crashed")["exit_code"], 4);
    sandbox.nothing_left();
}

#[test]
fn a_stop_before_the_game_is_there() {
    let script = "echo waiting; while [ ! -e gate ]; do sleep 0.01; done; GAME";
    let sandbox = Sandbox::with(&[launched(script)]);
    sandbox.ok(&["start", "a", "--no-wait"]);
    sandbox.wait_console("a", "waiting");
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM", "the launcher stands in for it");
    sandbox.nothing_left();
}

#[test]
fn a_wrapper_that_becomes_the_game_is_the_game() {
    let (sandbox, game) = started("exec GAME");
    assert_eq!(Process::parent(game), Some(sandbox.shim("a")));
    sandbox.ok(&["stop", "a"]);
    assert_eq!(sandbox.status("a")["last_exit"]["requested"], true);
    sandbox.nothing_left();
}

#[test]
fn who_takes_a_game_over_knows_it_again() {
    let (sandbox, game) = started("sleep 300 & GAME; exit 0");
    Process::signal(sandbox.shim("a"), Signal::SIGKILL);
    wait_until("the shim to be missed", || {
        sandbox.status("a")["note"]
            .as_str()
            .is_some_and(|note| note.contains("shim was killed"))
    });
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.pid("a"), game);
    let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(result["ended_by"], "signal: TERM");
    sandbox.nothing_left();
}

/// After a minute it is told that the launcher passes for the game.
#[test]
fn a_pattern_that_matches_nothing_is_told() {
    use gamectl::store::{StateDir, launch};
    let game = Instance::program("a", "/bin/sleep", &["300"]).process("main", json!("/no-such-game$"));
    let sandbox = Sandbox::with(&[game]);
    let told = "`main` matches none of its processes: ";
    let is_told = |args: &[&str]| format!("{:?}", sandbox.run(args)).contains(told);
    sandbox.ok(&["start", "a"]);
    for args in [&["start", "a"][..], &["status", "a"], &["check"]] {
        assert!(!is_told(args), "{args:?}: it may still come");
    }
    // A minute later: a shim that takes over knows the launch from its record.
    sandbox.kill_shim("a");
    let state = StateDir::open(&sandbox.state_dir())
        .expect("the state directory")
        .expect("there");
    let folder = state.instance("a").expect("its folder").expect("there");
    let mut record = launch::read(&folder).expect("a record").expect("there");
    record.launched_boot_ms = record
        .launched_boot_ms
        .checked_sub(61_000)
        .expect("a host that is up for a minute");
    launch::write(&folder, &record).expect("write");
    for args in [&["start", "a"][..], &["status", "a"], &["check"]] {
        assert!(is_told(args), "{args:?}: {:?}", sandbox.run(args));
    }
    sandbox.ok(&["stop", "a"]);
}
