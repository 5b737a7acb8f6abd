//! Records that are torn, empty, foreign, from the future or something else
//! altogether: said, put aside or left alone, and never a reason for a second
//! copy, a panic or an invented exit.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Instance, Outcome, Process, Sandbox, wait_until};

fn game(sandbox: &Sandbox, id: &str) -> Instance {
    sandbox.solitary(id).ready_log("^up$")
}

fn one() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    sandbox
}

fn record(sandbox: &Sandbox, name: &str) -> PathBuf {
    sandbox.instance_dir("a").join(name)
}

/// The files that were put aside.
fn aside(sandbox: &Sandbox, name: &str) -> usize {
    let entries = fs::read_dir(sandbox.instance_dir("a")).expect("the folder");
    let start = format!("{name}.damaged-");
    let names = entries.flatten().map(|entry| entry.file_name());
    names.filter(|name| name.to_string_lossy().starts_with(&start)).count()
}

/// Ways in which a file can be ruined.
const RUINS: [&str; 9] = [
    "empty",
    "half",
    "one byte short",
    "flipped",
    "noise",
    "huge",
    "directory",
    "fifo",
    "dangling link",
];

#[track_caller]
fn ruin(path: &Path, how: &str) {
    let mut old = fs::read(path).expect("the record as it was");
    // Padding is no part of a record: what is to be cut is the text.
    while old.ends_with(b"\n\n") {
        old.pop();
    }
    fs::remove_file(path).expect("remove the record");
    match how {
        "directory" => fs::create_dir(path).expect("a directory"),
        "fifo" => nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO"),
        "dangling link" => symlink("nowhere", path).expect("a link"),
        "huge" => File::create(path)
            .and_then(|file| file.set_len(10 << 30))
            .expect("a huge file"),
        _ => {
            let new = match how {
                "empty" => Vec::new(),
                "half" => old[..old.len() / 2].to_vec(),
                "one byte short" => old[..old.len() - 1].to_vec(),
                "noise" => (0..777_u32).map(|n| (n * n % 251) as u8).collect(),
                _ => {
                    let mut new = old;
                    let middle = new.iter().position(|byte| *byte == b'\n').expect("a line") + 3;
                    new[middle] ^= 1;
                    new
                }
            };
            fs::write(path, new).expect("write the record");
        }
    }
}

#[track_caller]
fn no_panic(outcome: &Outcome, what: &str) {
    let code = outcome.code;
    assert!(matches!(code, Some(0 | 1 | 3 | 4)), "{what}: {outcome:#?}");
    assert!(!outcome.stderr.contains("panicked"), "{what}: {outcome:#?}");
    assert!(
        code == Some(0) || code == Some(3) || !outcome.stderr.is_empty() || !outcome.stdout.is_empty(),
        "{what}"
    );
}

fn remove(path: &Path) {
    let _ = fs::remove_file(path).or_else(|_| fs::remove_dir(path));
}

#[test]
fn ruined_records_of_a_stopped_instance() {
    each_at_once(&["launch", "exit", "plan"], |name| {
        let sandbox = one();
        sandbox.ok(&["start", "a"]);
        for how in RUINS {
            let what = format!("{name}: {how}");
            sandbox.ok(&["stop", "a"]);
            sandbox.nothing_left();
            ruin(&record(&sandbox, name), how);
            no_panic(&sandbox.run(&["status"]), &what);
            no_panic(&sandbox.run(&["logs", "a"]), &what);
            let outcome = sandbox.run(&["start", "a"]);
            no_panic(&outcome, &what);
            if outcome.code != Some(0) {
                // It says what is in the way, and nothing runs.
                assert!(outcome.stderr.contains(name), "{what}: {outcome:#?}");
                sandbox.nothing_left();
                remove(&record(&sandbox, name));
                sandbox.ok(&["start", "a"]);
            }
            if name == "exit" && ["empty", "half", "one byte short", "noise", "flipped"].contains(&how) {
                assert_eq!(aside(&sandbox, name), 1, "{what}: put aside, not thrown away");
                for entry in fs::read_dir(sandbox.instance_dir("a")).expect("the folder").flatten() {
                    if entry.file_name().to_string_lossy().contains(".damaged-") {
                        remove(&entry.path());
                    }
                }
            }
            assert_eq!(sandbox.games().len(), 1, "{what}");
            assert_eq!(sandbox.state("a"), "running", "{what}");
            sandbox.never_two("a");
        }
    });
}

#[test]
fn ruined_records_of_a_running_instance() {
    each_at_once(&["launch", "plan"], |name| {
        let sandbox = one();
        for how in RUINS {
            let what = format!("{name}: {how}");
            sandbox.ok(&["start", "a"]);
            let pid = sandbox.pid("a");
            ruin(&record(&sandbox, name), how);
            // Its shim knows better.
            let row = sandbox.status("a");
            assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &json!(pid)), "{what}");
            no_panic(&sandbox.run(&["start", "a"]), &what);
            assert_eq!(sandbox.games().len(), 1, "{what}");
            let outcome = sandbox.run(&["stop", "a"]);
            no_panic(&outcome, &what);
            sandbox.nothing_left();
            // What is no file at all is not put aside, but it is said.
            let said = ["directory", "dangling link"].contains(&how) && outcome.stderr.contains(name);
            assert!(outcome.code == Some(0) || said, "{what}: {outcome:#?}");
            remove(&record(&sandbox, name));
            sandbox.never_two("a");
        }
    });
}

/// Each at once, in a sandbox of its own: much of it is waiting.
fn each_at_once(what: &[&str], act: impl Fn(&str) + Sync) {
    std::thread::scope(|scope| {
        for one in what {
            let act = &act;
            scope.spawn(move || act(one));
        }
    });
}

#[test]
fn a_ruined_launch_record_without_a_shim() {
    each_at_once(&RUINS, |how| {
        let sandbox = one();
        sandbox.ok(&["start", "a"]);
        let pid = sandbox.pid("a");
        sandbox.kill_shim("a");
        ruin(&record(&sandbox, "launch"), how);
        // What cannot be found out is neither stopped nor crashed.
        assert_eq!(sandbox.state("a"), "unknown", "{how}");
        sandbox.run(&["status"]).expect_code(4);
        for verb in ["start", "stop", "restart"] {
            let outcome = sandbox.run(&[verb, "a"]);
            no_panic(&outcome, how);
            assert_ne!(outcome.code, Some(0), "{how}: {outcome:#?}");
            assert!(outcome.stderr.contains("launch"), "{how}: {outcome:#?}");
            let games = sandbox.games();
            assert!(games.len() == 1 && games[0].pid == pid, "{how}: {verb} left {games:#?}");
        }
        Process::signal(pid, Signal::SIGKILL);
        wait_until("the game to end", || !Process::lives(pid));
        let outcome = sandbox.run(&["start", "a"]);
        no_panic(&outcome, how);
        if outcome.code == Some(0) {
            assert_eq!(aside(&sandbox, "launch"), 1, "{how}: it is put aside, not thrown away");
            assert_eq!(sandbox.games().len(), 1, "{how}");
        } else {
            assert!(outcome.stderr.contains("launch"), "{how}: {outcome:#?}");
            sandbox.nothing_left();
        }
        sandbox.never_two("a");
    });
}

/// Gives a record the version of a newer gamectl.
fn from_the_future(path: &Path) -> Vec<u8> {
    let text = fs::read_to_string(path).expect("the record");
    let (head, body) = text.split_once('\n').expect("a headline");
    let head = head.strip_suffix('1').expect("version 1");
    let new = format!("{head}2\n{body}and what nobody here can read\n").into_bytes();
    fs::write(path, &new).expect("write the record");
    new
}

#[test]
fn a_launch_of_a_newer_gamectl_is_left_alone() {
    let sandbox = one();
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    sandbox.kill_shim("a");
    let new = from_the_future(&record(&sandbox, "launch"));
    assert_eq!(sandbox.state("a"), "unknown");
    for verb in ["start", "stop", "restart"] {
        let outcome = sandbox.run(&[verb, "a"]).expect_code(1);
        assert!(outcome.stderr.contains("newer gamectl"), "{outcome:?}");
        assert_eq!(sandbox.games().len(), 1);
        assert!(Process::lives(pid));
    }
    assert_eq!(fs::read(record(&sandbox, "launch")).expect("the record"), new);
    Process::signal(pid, Signal::SIGKILL);
}

#[test]
fn an_exit_of_a_newer_gamectl_is_left_alone() {
    let sandbox = one();
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    let new = from_the_future(&record(&sandbox, "exit"));
    for verb in ["start", "restart"] {
        let outcome = sandbox.run(&[verb, "a"]).expect_code(1);
        assert!(outcome.stderr.contains("newer gamectl"), "{outcome:?}");
        sandbox.nothing_left();
    }
    assert_eq!(fs::read(record(&sandbox, "exit")).expect("the record"), new);
}

#[test]
fn intents() {
    let sandbox = one();
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    let intent = record(&sandbox, "intent");
    for (place, target) in ["nonsense", "1,perhaps,1,0", "1,running", "/etc/passwd"]
        .iter()
        .enumerate()
    {
        fs::remove_file(&intent).expect("remove the intent");
        symlink(target, &intent).expect("a link");
        no_panic(&sandbox.run(&["status", "a"]), target);
        sandbox.ok(&["start", "a"]);
        assert_eq!(aside(&sandbox, "intent"), 2 * place + 1);
        fs::remove_file(&intent).expect("remove the intent");
        fs::write(&intent, "1,running,1,0").expect("a plain file");
        sandbox.ok(&["stop", "a"]);
        sandbox.nothing_left();
        assert_eq!(aside(&sandbox, "intent"), 2 * place + 2);
    }
    fs::remove_file(&intent).expect("remove the intent");
    symlink("2,running,1,0,urgently", &intent).expect("a link");
    for verb in ["start", "stop", "restart"] {
        let outcome = sandbox.run(&[verb, "a"]).expect_code(1);
        assert!(outcome.stderr.contains("newer gamectl"), "{outcome:?}");
        assert_eq!(
            fs::read_link(&intent).expect("the intent").as_os_str(),
            "2,running,1,0,urgently"
        );
    }
    sandbox.nothing_left();
}

#[test]
fn records_of_another_instance_do_not_reach_its_game() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a"), game(&sandbox, "b")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    sandbox.ok(&["start", "b"]);
    sandbox.ok(&["stop", "b"]);
    for with_shim in [true, false] {
        if !with_shim {
            sandbox.kill_shim("a");
        }
        for name in ["launch", "plan"] {
            fs::copy(record(&sandbox, name), sandbox.instance_dir("b").join(name)).expect("copy the record");
        }
        let _ = fs::remove_file(sandbox.instance_dir("b").join("exit"));
        for verb in ["stop", "start", "restart"] {
            let outcome = sandbox.run(&[verb, "b"]);
            no_panic(&outcome, verb);
            assert!(Process::lives(pid), "{verb} of b ended the game of a: {outcome:#?}");
            assert_ne!(sandbox.status("b")["pid"], pid, "{verb}: {outcome:#?}");
        }
        assert_eq!(sandbox.state("a"), "running");
    }
    sandbox.never_two("a");
}

#[test]
fn a_plan_that_cannot_be_read_still_lets_the_inventory_stop_it() {
    let sandbox = one();
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    sandbox.kill_shim("a");
    ruin(&record(&sandbox, "plan"), "half");
    // What is in no inventory is stopped by its plan alone.
    sandbox.inventory(&[]);
    let outcome = sandbox.run(&["stop", "a"]);
    no_panic(&outcome, "stop");
    assert_ne!(outcome.code, Some(0), "{outcome:#?}");
    assert!(Process::lives(pid));
    sandbox.inventory(&[game(&sandbox, "a")]);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_shim_whose_socket_was_removed_makes_another() {
    let sandbox = Sandbox::new();
    let stop = json!([{ "stdin": "quit", "wait": "20s" }]);
    sandbox.inventory(&[Instance::awkward("a", &["serve", "--ready", "up"])
        .ready_log("^up$")
        .with("stop", stop)]);
    for args in [&["send", "a", "say hello"][..], &["stop", "a"]] {
        sandbox.ok(&["start", "a"]);
        remove(&record(&sandbox, "ctl"));
        sandbox.ok(args);
        if args[0] == "send" {
            sandbox.wait_console("a", "hello\n");
            remove(&record(&sandbox, "ctl"));
            let result = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
            assert_eq!(result["ended_by"], "stdin: quit", "{result}");
        }
        sandbox.nothing_left();
    }
}

#[test]
fn what_stands_where_the_socket_belongs() {
    let sandbox = one();
    let socket = record(&sandbox, "ctl");
    sandbox.ok(&["start", "a"]);
    // Killed together, they leave the socket behind.
    let pid = sandbox.pid("a");
    sandbox.kill_shim("a");
    Process::signal(pid, Signal::SIGKILL);
    wait_until("the game to end", || !Process::lives(pid));
    assert!(socket.exists(), "a stale socket");
    assert_eq!(sandbox.state("a"), "crashed");
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    for how in ["file", "link", "fifo"] {
        remove(&socket);
        match how {
            "file" => fs::write(&socket, "x").expect("a file"),
            "link" => symlink("nowhere", &socket).expect("a link"),
            _ => nix::unistd::mkfifo(&socket, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO"),
        }
        sandbox.ok(&["start", "a"]);
        sandbox.ok(&["stop", "a"]);
        sandbox.nothing_left();
    }
    assert!(!sandbox.path("nowhere").exists());
}

#[test]
fn the_board_may_be_lost_or_torn() {
    let sandbox = one();
    let board = sandbox.state_dir().join("board");
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    fs::remove_file(&board).expect("the board");
    for noise in [
        None,
        Some(&b""[..]),
        Some(&b"gamectl board 2\n"[..]),
        Some(&[0xa5; 5000][..]),
    ] {
        if let Some(noise) = noise {
            fs::write(&board, noise).expect("write the board");
        }
        let row = sandbox.status("a");
        assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &json!(pid)), "{row}");
        sandbox.ok(&["start", "a"]);
        assert_eq!(sandbox.pid("a"), pid);
    }
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.state("a"), "running");
    sandbox.never_two("a");
}

/// The board still tells of it, so that nobody starts a second one, and a stop
/// finds it.
#[test]
fn a_folder_that_is_removed_under_a_running_game() {
    let emptied = |path: &Path| {
        for file in fs::read_dir(path).expect("the folder").flatten() {
            fs::remove_file(file.path()).expect("remove it");
        }
    };
    let removed = |path: &Path| fs::remove_dir_all(path).expect("remove the folder");
    for kind in ["removed", "emptied"] {
        let sandbox = one();
        sandbox.ok(&["start", "a"]);
        let (game, shim) = (sandbox.pid("a"), sandbox.shim("a"));
        match kind {
            "removed" => removed(&sandbox.instance_dir("a")),
            _ => emptied(&sandbox.instance_dir("a")),
        }
        let told = |verb: &str| {
            let row = sandbox.status("a");
            assert_eq!(
                (&row["state"], &row["pid"]),
                (&json!("running"), &json!(game)),
                "{kind}, {verb}"
            );
            let note = row["note"].as_str().unwrap_or_default();
            // A glance says what its shim says.
            assert!(note.is_empty() || note.contains("was removed"), "{kind}: {row}");
        };
        told("status");
        for verb in [&["send", "a", "hello"][..], &["start", "a"], &["send", "a", "hello"]] {
            let refused = sandbox.run(verb).expect_code(1);
            assert!(
                refused.stderr.contains("its folder in the state directory was removed"),
                "{refused:#?}"
            );
            assert!(refused.stderr.contains("`gamectl stop a`"), "{refused:#?}");
            assert!(Process::lives(game) && Process::lives(shim), "{kind}: {verb:?}");
            told(verb[0]);
        }
        let stop = sandbox.ok(&["stop", "a"]);
        assert!(!Process::lives(game) && !Process::lives(shim), "{kind}: {stop:#?}");
        assert_eq!(sandbox.state("a"), "stopped");
        // As if nothing had been.
        sandbox.ok(&["start", "a"]);
        assert_ne!(sandbox.pid("a"), game);
        sandbox.ok(&["restart", "a"]);
        sandbox.ok(&["stop", "a"]);
        sandbox.never_two("a");
        sandbox.nothing_left();
    }
}

#[test]
fn a_game_whose_folder_is_removed_is_stopped_now_too() {
    let deaf = Instance::awkward("a", &["deaf", "--ready", "up"]).ready_log("up");
    let sandbox = Sandbox::with(&[deaf.with("stop", json!([{ "signal": "INT", "wait": "10m" }]))]);
    sandbox.ok(&["start", "a"]);
    let (game, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    fs::remove_dir_all(sandbox.instance_dir("a")).expect("remove the folder");
    sandbox.ok(&["stop", "a", "--now", "--timeout", "20s"]);
    assert!(!Process::lives(game) && !Process::lives(shim));
    sandbox.nothing_left();
}

/// Somebody takes it for a stale one. It is then told by its name that no shim
/// lives, and another one takes the game over.
#[test]
fn a_lock_that_is_removed_under_a_running_game() {
    let sandbox = one();
    sandbox.ok(&["start", "a"]);
    let game = sandbox.pid("a");
    fs::remove_file(record(&sandbox, "lock")).expect("remove the lock");
    assert_eq!((sandbox.state("a"), sandbox.pid("a")), ("running".to_owned(), game));
    sandbox.ok(&["start", "a"]);
    assert_eq!((sandbox.state("a"), sandbox.pid("a")), ("running".to_owned(), game));
    sandbox.ok(&["stop", "a"]);
    assert!(!Process::lives(game));
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    sandbox.never_two("a");
    sandbox.nothing_left();
}

#[test]
fn an_exit_that_its_shim_could_not_put_in_its_place() {
    let sandbox = one();
    for verb in ["stop", "start"] {
        sandbox.ok(&["start", "a"]);
        let shim = sandbox.shim("a");
        sandbox.tell("a", "exit 3");
        wait_until("the crash", || sandbox.state("a") == "crashed" && !Process::lives(shim));
        // As it is when the shim is killed between its last two steps.
        fs::rename(record(&sandbox, "exit"), record(&sandbox, "exit.next")).expect("rename");
        assert_eq!(sandbox.status("a")["last_exit"]["code"], json!(3), "told by a look");
        sandbox.ok(&[verb, "a"]);
        assert_eq!(sandbox.status("a")["last_exit"]["code"], json!(3), "after a {verb}");
        sandbox.ok(&["stop", "a"]);
    }
    sandbox.never_two("a");
}

#[test]
fn a_launch_record_that_is_gone_is_no_reason_for_a_second_copy() {
    let sandbox = one();
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    let older = fs::read(record(&sandbox, "launch")).expect("the launch before");
    for how in ["removed", "an older one"] {
        sandbox.ok(&["start", "a"]);
        let pid = sandbox.pid("a");
        sandbox.kill_shim("a");
        match how {
            "removed" => fs::remove_file(record(&sandbox, "launch")).expect("remove"),
            _ => fs::write(record(&sandbox, "launch"), &older).expect("put it back"),
        }
        if how == "removed" {
            let row = sandbox.status("a");
            let note = row["note"].as_str().expect("a note");
            assert!(
                row["state"] == "unknown" && note.contains(&format!("still runs (pid {pid})")),
                "{row}"
            );
        }
        for verb in ["start", "restart"] {
            let refused = sandbox.run(&[verb, "a"]);
            assert!(matches!(refused.code, Some(1 | 4)), "{how}: {refused:#?}");
            assert!(refused.stderr.contains(&pid.to_string()), "{how}: {refused:#?}");
            let games = sandbox.games();
            assert!(games.len() == 1 && games[0].pid == pid, "{how}: {verb}: {games:#?}");
        }
        Process::signal(pid, Signal::SIGKILL);
        wait_until("the game to end", || !Process::lives(pid));
        sandbox.ok(&["start", "a"]);
        sandbox.ok(&["stop", "a"]);
    }
    sandbox.never_two("a");
    sandbox.nothing_left();
}

/// The number of its folder can be guessed, the token of a launch cannot.
#[test]
fn a_process_that_only_says_to_be_of_the_instance_is_in_nobodys_way() {
    use std::os::unix::fs::MetadataExt;
    for how in ["noise", "removed"] {
        let sandbox = one();
        sandbox.ok(&["start", "a"]);
        let folder = fs::metadata(sandbox.instance_dir("a")).expect("the folder");
        let mut decoy = std::process::Command::new("/bin/sleep")
            .arg("300")
            .env("GAMECTL_TREE", format!("{:x}-{:x}", folder.dev(), folder.ino()))
            .env("GAMECTL_INSTANCE", "a")
            .spawn()
            .expect("a decoy");
        let pid = sandbox.pid("a");
        sandbox.kill_shim("a");
        match how {
            "removed" => fs::remove_file(record(&sandbox, "launch")).expect("remove"),
            how => ruin(&record(&sandbox, "launch"), how),
        }
        Process::signal(pid, Signal::SIGKILL);
        wait_until("the game to end", || !Process::lives(pid));
        sandbox.ok(&["start", "a"]);
        sandbox.ok(&["stop", "a"]);
        assert!(decoy.try_wait().expect("wait").is_none(), "{how}: it was left alone");
        decoy.kill().expect("kill");
        decoy.wait().expect("wait");
    }
}
