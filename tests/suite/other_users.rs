//! Other users of a host can do nothing to a game, its shim and its records, and
//! neither can a game that runs as one of them. SECURITY.md promises it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{self, Background, Instance, Process, Sandbox};

/// Somebody who is nobody.
const NOBODY: u32 = 65534;

/// Connects to a shim, and says whether it was turned away: the connection is
/// closed although nothing was sent.
const KNOCK: &str = r#"
    use Socket;
    # Who is let in is waited for.
    alarm 10;
    socket(my $door, AF_UNIX, SOCK_SEQPACKET, 0) or die "socket: $!";
    connect($door, pack_sockaddr_un($ARGV[0])) or die "connect: $!\n";
    my $read = sysread($door, my $bytes, 1);
    print defined $read && $read == 0 ? "turned away" : "let in";
"#;

/// Runs a program as the other user. Whether it succeeded, and all it said.
fn as_nobody(sandbox: &Sandbox, program: &str, args: &[&str]) -> (bool, String) {
    let mut command = sandbox.program(program);
    command.args(args).current_dir("/").uid(NOBODY).gid(NOBODY);
    let output = command.output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[track_caller]
fn fails(sandbox: &Sandbox, program: &str, args: &[&str]) {
    let (succeeded, text) = as_nobody(sandbox, program, args);
    assert!(!succeeded, "{program} {args:?}: {text}");
    assert!(!text.contains("canary"), "{program} {args:?}: {text}");
}

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
}

/// A game that says a secret, in a folder that anybody may enter.
fn running(user: Option<&str>) -> Sandbox {
    let sandbox = Sandbox::new();
    open(sandbox.dir(), 0o755);
    let mut game = Instance::script("a", "echo canary; echo up; while read -r line; do :; done").ready_log("^up$");
    if let Some(user) = user {
        game = game.process("user", json!(user));
    }
    sandbox.inventory(&[game]);
    open(&sandbox.path("instances.yaml"), 0o644);
    sandbox.ok(&["start", "a"]);
    sandbox
}

#[test]
fn they_cannot_read_signal_or_ask() {
    if !support::is_root("they_cannot_read_signal_or_ask") {
        return;
    }
    let sandbox = running(None);
    let folder = sandbox.instance_dir("a");
    let inside = |name: &str| folder.join(name).display().to_string();
    fails(&sandbox, "ls", &[&sandbox.state_dir().display().to_string()]);
    for name in ["console.log", "launch", "plan", "intent"] {
        fails(&sandbox, "cat", &[&inside(name)]);
    }
    fails(&sandbox, "sh", &["-c", &format!("echo stop > {}", inside("in"))]);
    let (came_in, text) = as_nobody(&sandbox, "perl", &["-e", KNOCK, &inside("ctl")]);
    assert!(!came_in && text.contains("connect: Permission denied"), "{text}");
    for pid in [sandbox.pid("a"), sandbox.shim("a")] {
        fails(&sandbox, "sh", &["-c", &format!("kill -KILL {pid}")]);
        fails(&sandbox, "cat", &[&format!("/proc/{pid}/environ")]);
        assert!(Process::lives(pid));
    }
    assert_eq!(sandbox.state("a"), "running");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Should somebody open the folders by mistake, the shim still asks who it is.
#[test]
fn a_shim_turns_them_away_at_an_open_door() {
    if !support::is_root("a_shim_turns_them_away_at_an_open_door") {
        return;
    }
    let sandbox = running(None);
    let folder = sandbox.instance_dir("a");
    let door = folder.join("ctl");
    let above = [sandbox.state_dir(), sandbox.state_dir().join("instances"), folder];
    above.iter().for_each(|folder| open(folder, 0o755));
    open(&door, 0o777);
    let (came_in, text) = as_nobody(&sandbox, "perl", &["-e", KNOCK, &door.display().to_string()]);
    assert!(came_in && text == "turned away", "{text}");
    above.iter().for_each(|folder| open(folder, 0o700));
    assert_eq!(sandbox.state("a"), "running");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// A game with a user of its own is such another user to gamectl.
#[test]
fn a_game_with_a_user_cannot_reach_its_own_records_or_shim() {
    if !support::is_root("a_game_with_a_user_cannot_reach_its_own_records_or_shim") {
        return;
    }
    let sandbox = running(Some("nobody"));
    let (game, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    let owner = |pid: i32| fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    assert!(owner(game).contains(&format!("Uid:\t{NOBODY}\t{NOBODY}\t{NOBODY}\t{NOBODY}")));
    fails(&sandbox, "sh", &["-c", &format!("kill -KILL {shim}")]);
    fails(
        &sandbox,
        "cat",
        &[&sandbox.instance_dir("a").join("launch").display().to_string()],
    );
    // Its console, and nothing else of ours.
    let descriptors = fs::read_dir(format!("/proc/{game}/fd")).expect("its descriptors");
    let all: Vec<String> = descriptors
        .map(|entry| entry.expect("one").file_name().to_string_lossy().into())
        .collect();
    assert_eq!(
        all.iter()
            .filter(|fd| !["0", "1", "2", "10"].contains(&fd.as_str()))
            .count(),
        0,
        "{all:?}"
    );
    assert!(Process::lives(shim));
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Neither a shim nor `run` has a socket of the network.
#[test]
fn no_port_is_opened() {
    let sandbox = Sandbox::with(&[Instance::script("a", "echo up; read -r line").ready_log("^up$")]);
    let run = Background::run(&sandbox);
    sandbox.wait_state("a", "running");
    let ours = [sockets(sandbox.shim("a")), sockets(run.pid())].concat();
    let tables = ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"];
    let tables: String = tables
        .iter()
        .map(|name| fs::read_to_string(format!("/proc/net/{name}")).unwrap_or_default())
        .collect();
    let known: Vec<&str> = tables
        .lines()
        .filter_map(|line| line.split_whitespace().nth(9))
        .collect();
    let open: Vec<&String> = ours.iter().filter(|inode| known.contains(&inode.as_str())).collect();
    assert_eq!(open, [""; 0], "sockets of the network");
    assert!(!ours.is_empty(), "a shim has a socket at least");
    assert_eq!(run.end(nix::sys::signal::Signal::SIGTERM), Some(0));
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// The inodes of the sockets that a process has.
fn sockets(pid: i32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).expect("its descriptors");
    let links = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let inode = |link: std::path::PathBuf| {
        let text = link.to_string_lossy().into_owned();
        Some(text.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
    };
    links.filter_map(inode).collect()
}

/// Kills the shim of an instance, then its game.
fn kill_both(sandbox: &Sandbox, id: &str) {
    let game = sandbox.pid(id);
    Process::kill_and_wait(sandbox.shim(id));
    Process::kill_and_wait(game);
}

#[test]
fn what_another_user_runs_is_no_part_of_a_game_whatever_it_carries() {
    if !support::is_root("what_another_user_runs_is_no_part_of_a_game_whatever_it_carries") {
        return;
    }
    let sandbox = running(None);
    let environment = fs::read(format!("/proc/{}/environ", sandbox.pid("a"))).expect("its environment");
    let entries = environment
        .split(|byte| *byte == 0)
        .filter_map(|entry| std::str::from_utf8(entry).ok());
    let mut stranger = std::process::Command::new("/bin/sleep")
        .arg("300")
        .env_clear()
        .envs(entries.filter_map(|entry| entry.split_once('=')))
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .spawn()
        .expect("a stranger");
    kill_both(&sandbox, "a");
    assert_eq!(sandbox.state("a"), "crashed");
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    assert!(stranger.try_wait().expect("wait").is_none(), "it was not signalled");
    stranger.kill().expect("kill");
    stranger.wait().expect("wait");
    sandbox.nothing_left();
}

#[test]
fn a_game_of_root_that_has_given_its_rights_away_is_found_again() {
    if !support::is_root("a_game_of_root_that_has_given_its_rights_away_is_found_again") {
        return;
    }
    let drop = "setsid setpriv --reuid 65534 --regid 65534 --clear-groups /bin/sh -c 'echo up; exec sleep 300'";
    let game = Instance::script("a", &format!("{drop} & wait")).ready_log("^up$");
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    kill_both(&sandbox, "a");
    let row = sandbox.status("a");
    assert_eq!(row["state"], "running", "{row}");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Set-uid programs become somebody else by themselves: root still ends them.
#[test]
fn a_game_that_becomes_somebody_else() {
    if !support::is_root("a_game_that_becomes_somebody_else") {
        return;
    }
    let sandbox = Sandbox::new();
    open(sandbox.dir(), 0o755);
    let game = sandbox.path("game");
    support::install(Path::new("/bin/sleep"), &game);
    std::os::unix::fs::chown(&game, Some(NOBODY), Some(NOBODY)).expect("chown");
    open(&game, 0o6755);
    sandbox.inventory(&[Instance::program("a", &sandbox.arg("game"), &["300"])]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    assert!(status.contains(&format!("Uid:\t0\t{NOBODY}\t{NOBODY}")), "{status}");
    let row = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(row["ended_by"], "signal: TERM", "{row}");
    assert!(!Process::lives(pid));
    sandbox.nothing_left();
}

/// A game of a plain user that has become root cannot be signalled by its own
/// shim: the stop says so at once, and never that it is done.
#[test]
fn a_game_that_has_become_root() {
    if !support::is_root("a_game_that_has_become_root") {
        return;
    }
    let sandbox = Sandbox::new();
    open(sandbox.dir(), 0o777);
    let become_root = sandbox.path("setpriv");
    support::install(Path::new("/usr/bin/setpriv"), &become_root);
    open(&become_root, 0o4755);
    let awkward = support::awkward().display().to_string();
    let game = |id: &str, stop| {
        let rights = ["--reuid", "0", "--regid", "0", "--clear-groups"];
        let args = [&rights[..], &[&awkward, "serve", "--ready", "up"]].concat();
        let game = Instance::program(id, &sandbox.arg("setpriv"), &args);
        game.ready_log("^up$").with("stop", stop)
    };
    let signals = json!([{ "signal": "INT", "wait": "5m" }, { "signal": "TERM", "wait": "5m" }]);
    let polite = json!([{ "stdin": "quit", "wait": "20s" }]);
    sandbox.inventory(&[game("a", signals), game("b", polite)]);
    open(&sandbox.path("instances.yaml"), 0o644);
    let state = sandbox.arg("theirs");
    let gamectl = support::gamectl().display().to_string();
    let run = |args: &[&str]| as_nobody(&sandbox, &gamectl, &[&["--state-dir", &state], args].concat());
    let row = || {
        let (_, text) = run(&["status", "--json"]);
        serde_json::from_str::<serde_json::Value>(&text).expect("JSON")["instances"][0].clone()
    };
    assert!(run(&["start", "a", "b"]).0);
    let pid = row()["pid"]
        .as_i64()
        .and_then(|pid| pid.try_into().ok())
        .expect("a pid");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    assert!(status.contains("Uid:\t0\t0\t0\t0"), "{status}");
    for args in [&["stop", "a"][..], &["stop", "a"], &["stop", "--now", "a"]] {
        let begin = Instant::now();
        let (done, text) = run(args);
        let wanted = format!("its process {pid} runs as uid 0, and uid {NOBODY} may not signal it");
        assert!(!done && text.contains(&wanted), "{text}");
        assert!(begin.elapsed() < Duration::from_secs(10), "{args:?}");
        assert!(Process::lives(pid));
    }
    assert_eq!((&row()["state"], &row()["pid"]), (&json!("stopping"), &json!(pid)));
    assert!(!run(&["start", "a"]).0);
    // A step that asks the game itself is no signal.
    let (done, text) = run(&["stop", "b"]);
    assert!(done && text.contains("stopped by stdin: quit"), "{text}");
    Process::kill(pid);
    assert!(run(&["stop", "a"]).0);
    assert_eq!(row()["state"], "stopped");
    sandbox.nothing_left();
}

/// A home that nobody else may enter is the working directory after `sudo -u`.
#[test]
fn a_closed_working_directory_holds_no_inventory() {
    if !support::is_root("a_closed_working_directory_holds_no_inventory") {
        return;
    }
    let sandbox = Sandbox::with_one();
    open(sandbox.dir(), 0o755);
    let (closed, config, state) = (
        sandbox.path("closed"),
        sandbox.path("config/gamectl"),
        sandbox.path("its-state"),
    );
    for folder in [&closed, &config, &state] {
        fs::create_dir_all(folder).expect("a folder");
    }
    open(&closed, 0o700);
    open(&state, 0o700);
    fs::write(config.join("instances.yaml"), "instances: {b: {}}").expect("an inventory");
    std::os::unix::fs::chown(&state, Some(NOBODY), Some(NOBODY)).expect("chown");
    let status = || {
        let mut command = sandbox.program("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(support::gamectl())
            .arg("status")
            .current_dir(&closed)
            .env_remove("GAMECTL_INVENTORY")
            .env("GAMECTL_STATE_DIR", &state)
            .env("XDG_CONFIG_HOME", sandbox.path("config"));
        support::Outcome::of(&["status"], &command.output().expect("setpriv"))
    };
    let seen = status();
    assert!(seen.stdout.contains("\nb   none "), "{seen:?}");
    // What the folder holds is none of this user's business either.
    fs::write(closed.join("instances.yaml"), "instances: {c: {}}").expect("an inventory");
    let seen = status();
    assert!(seen.stdout.contains("\nb   none "), "{seen:?}");
}

#[test]
fn root_runs_nothing_that_another_user_could_replace() {
    if !support::is_root("root_runs_nothing_that_another_user_could_replace") {
        return;
    }
    let sandbox = Sandbox::new();
    let who = sandbox.arg("who");
    let command = |name: &str, mode: u32, owner: u32| {
        let path = sandbox.path(name);
        support::script(&path, &format!("echo {name} >>{who}"));
        open(&path, mode);
        std::os::unix::fs::chown(&path, Some(owner), None).expect("its owner");
        path.to_string_lossy().into_owned()
    };
    let own = command("own", 0o755, 0);
    let (open_to_all, theirs) = (command("open", 0o757, 0), command("theirs", 0o755, NOBODY));
    let game = |probe: &str| {
        let stop =
            json!([{ "exec": [open_to_all], "wait": "5s" }, { "exec": [theirs], "wait": "5s" }, { "signal": "TERM" }]);
        let game = Instance::script("a", "exec sleep 100").process("user", json!("nobody"));
        game.with("ready", json!({ "exec": [probe] })).with("stop", stop)
    };
    for (probe, remedy) in [
        (&open_to_all, format!("chmod o-w {open_to_all}")),
        (&theirs, format!("chown root {theirs}")),
    ] {
        sandbox.inventory(&[game(probe)]);
        let refused = sandbox.run(&["start", "a"]).expect_code(1);
        assert!(
            refused
                .stderr
                .contains(&format!("so that root does not run it: {remedy}")),
            "{refused:?}"
        );
        assert_eq!(sandbox.games().len(), 0, "nothing was launched");
        let check = sandbox.run(&["check"]);
        assert!(check.stdout.contains(&remedy), "{check:?}");
    }
    sandbox.inventory(&[game(&own)]);
    sandbox.ok(&["start", "a"]);
    let stopped = sandbox.ok(&["stop", "a"]);
    for program in [&open_to_all, &theirs] {
        let refused = format!("exec: {program} failed: ");
        assert!(stopped.stdout.contains(&refused), "{program}: {stopped:?}");
    }
    assert_eq!(sandbox.lines("who"), ["own"]);
}
