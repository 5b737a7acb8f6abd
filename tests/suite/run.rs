//! `gamectl run` through the built binary: games that run are adopted, games
//! that crash come back, and nobody else's doing is fought.

use std::os::fd::AsFd;
use std::os::unix::net::UnixDatagram;
use std::process::Child;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{self, Background, Instance, Outcome, Process, Sandbox, Terminal, spin, wait_for, wait_until};

/// A game that may not be there twice, and comes back at once.
fn game(sandbox: &Sandbox, id: &str) -> Instance {
    let game = sandbox.solitary(id).ready_log("^up$");
    game.with("restart", json!({ "delay": "0s" }))
}

#[test]
fn what_runs_is_adopted_and_what_crashes_comes_back() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a"), game(&sandbox, "b").with("autostart", json!(false))]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    let run = Background::run_json(&sandbox, &[]);
    assert!(run.text().starts_with("{\"event\":\"snapshot\""), "{}", run.text());
    let snapshot = &run.events("snapshot")[0];
    assert_eq!(snapshot["instances"][0]["state"], "running", "{snapshot}");
    assert_eq!(snapshot["instances"][0]["pid"], json!(pid), "adopted without a touch");
    assert_eq!(snapshot["instances"][1]["state"], "stopped");
    sandbox.tell("a", "exit 3");
    wait_until("a to be running again", || {
        run.states("a").ends_with(&["running".into()])
    });
    let crash = run.events("status").into_iter().find(|one| one["state"] == "crashed");
    assert_eq!(crash.expect("a crash")["exit_code"], json!(3));
    let row = sandbox.wait_state("a", "running");
    assert_ne!(row["pid"], json!(pid));
    assert_eq!((&row["restarts"], &row["last_exit"]["code"]), (&json!(1), &json!(3)));
    sandbox.never_two("a");
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    assert_eq!(sandbox.state("a"), "running", "the servers go on");
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn verbs_typed_elsewhere_are_never_fought() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    sandbox.ok(&["stop", "a"]);
    run.sees("a", "stopped");
    sandbox.ok(&["start", "a"]);
    run.sees("a", "running");
    let before = sandbox.pid("a");
    sandbox.ok(&["restart", "a"]);
    let row = sandbox.status("a");
    assert_ne!(row["pid"], json!(before));
    assert_eq!(row["restarts"], json!(0));
    assert!(!run.states("a").contains(&"crashed".to_owned()), "{}", run.text());
    assert_eq!(run.logged("crashed"), 0);
    sandbox.never_two("a");
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn twenty_restarts_at_once_end_in_one_game() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let run = Background::run_json(&sandbox, &[]);
    sandbox.wait_state("a", "running");
    let spawn = |_| sandbox.command(&["restart", "a"]).spawn().expect("run gamectl");
    let restarts: Vec<Child> = (0..20).map(spawn).collect();
    for restart in restarts {
        Outcome::of(&["restart"], &restart.wait_with_output().expect("wait")).expect_code(0);
    }
    let row = sandbox.status("a");
    assert_eq!((&row["state"], &row["restarts"]), (&json!("running"), &json!(0)));
    assert_eq!(run.logged("crashed"), 0, "{}", run.text());
    assert_eq!(
        sandbox
            .games()
            .iter()
            .filter(|game| game.command.contains("serve"))
            .count(),
        1
    );
    sandbox.never_two("a");
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_second_one_is_told_who_holds_the_directory() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let run = Background::run_json(&sandbox, &[]);
    let second = sandbox.run(&["run"]).expect_code(75);
    assert!(second.stderr.contains(&format!("pid {}", run.pid())), "{second:?}");
    assert!(second.stderr.contains("without a terminal"), "{second:?}");
    let way_out = format!("`kill {}`", run.pid());
    assert!(second.stderr.contains(&way_out), "{second:?}");
    drop(run);
    let third = Background::run_json(&sandbox, &[]);
    drop(third);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn nothing_is_lost_when_it_is_killed() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let run = Background::run_json(&sandbox, &[]);
    let pid = sandbox.wait_state("a", "running")["pid"].clone();
    drop(run);
    let row = sandbox.status("a");
    assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &pid));
    // It crashes while nobody watches.
    sandbox.tell("a", "exit 4");
    sandbox.wait_state("a", "crashed");
    let run = Background::run_json(&sandbox, &[]);
    let row = wait_for("a to come back", || {
        Some(sandbox.status("a")).filter(|row| row["state"] == "running")
    });
    assert_eq!((&row["restarts"], &row["last_exit"]["code"]), (&json!(1), &json!(4)));
    assert_eq!(run.logged("crashed: exit code 4"), 1, "{}", run.text());
    // Killed at many points while it starts the game again and again.
    drop(run);
    for step in 0..12_u64 {
        sandbox.tell("a", "exit 5");
        sandbox.wait_state("a", "crashed");
        let mut child = sandbox.command(&["run"]).spawn().expect("run gamectl");
        spin(std::time::Duration::from_micros(step * 1500));
        child.kill().expect("kill");
        child.wait().expect("wait");
        sandbox.ok(&["start", "a"]);
        sandbox.never_two("a");
    }
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_game_that_loses_its_shim_is_taken_over() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let run = Background::run_json(&sandbox, &[]);
    let row = sandbox.wait_state("a", "running");
    let shim = sandbox.shim("a");
    Process::signal(shim, Signal::SIGKILL);
    wait_until("another shim", || {
        let now = sandbox.status("a");
        now["details"]["shim_pid"].is_number() && now["details"]["shim_pid"] != json!(shim)
    });
    assert_eq!(sandbox.status("a")["pid"], row["pid"]);
    assert_eq!(run.logged("crashed"), 0, "{}", run.text());
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

/// A hook that notes what it is told.
fn note_taker(sandbox: &Sandbox, events: &Value) -> Value {
    let note = "echo \"$GAMECTL_EVENT $GAMECTL_ID $(cat)\" >> notes";
    json!([
        { "command": ["/bin/sh", "-c", note], "events": events },
        { "command": [sandbox.arg("no-such-hook")], "events": ["gave_up"] },
    ])
}

#[test]
fn giving_up_is_told_once_and_a_start_by_hand_clears_it() {
    let sandbox = Sandbox::new();
    let restart = json!({ "delay": "0s", "give_up": { "times": 3, "within": "10m" } });
    let hooks = note_taker(&sandbox, &json!(["crashed", "restarted", "gave_up"]));
    let flop = Instance::script("a", "test -e good && exec sleep 100; exit 1")
        .with("restart", restart)
        .with("on_event", hooks);
    sandbox.inventory(&[flop.process("cwd", json!(sandbox.arg(".")))]);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to give up", || run.logged("given up") == 1);
    wait_until("the notes", || sandbox.lines("notes").len() == 6);
    let mut notes: Vec<String> = sandbox.lines("notes");
    notes.sort();
    let kinds: Vec<&str> = notes
        .iter()
        .map(|note| note.split(' ').next().expect("a kind"))
        .collect();
    assert_eq!(
        kinds,
        ["crashed", "crashed", "crashed", "gave_up", "restarted", "restarted"]
    );
    let told: Value = serde_json::from_str(notes[3].splitn(3, ' ').nth(2).expect("JSON")).expect("JSON");
    assert_eq!(
        (&told["event"], &told["id"], &told["exit_code"]),
        (&json!("gave_up"), &json!("a"), &json!(1))
    );
    wait_until("the failed hook to be told", || {
        run.logged("no-such-hook for `gave_up` failed") == 1
    });
    assert_eq!(sandbox.state("a"), "crashed");
    // The next supervisor leaves it alone, too.
    drop(run);
    let run = Background::run_json(&sandbox, &[]);
    assert_eq!(run.logged("crashed"), 0, "{}", run.text());
    let told = "given up after 3 in 10m; `gamectl start a` tries again";
    assert_eq!(run.logged(told), 1, "{}", run.text());
    let note = &run.events("snapshot")[0]["instances"][0]["note"];
    let note = note.as_str().expect("a note");
    assert!(note.starts_with(&format!("{told}; exit code 1")), "{note}");
    sandbox.touch("good");
    sandbox.ok(&["start", "a"]);
    run.sees("a", "running");
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

/// The hooks of what has happened are run to their end, and those behind them.
#[test]
fn its_end_cuts_no_hook_short() {
    for (gate, interrupts) in [(true, 1), (false, 2)] {
        let sandbox = Sandbox::new();
        let note = "echo \"$GAMECTL_EVENT begins\" >> notes; until test -e gate; do sleep 0.05; done; \
                    echo \"$GAMECTL_EVENT ends\" >> notes";
        let hooks =
            json!([{ "command": ["/bin/sh", "-c", note], "events": ["crashed", "restarted"], "timeout": "1m" }]);
        let game = Instance::script("a", "exec sleep 100")
            .with("restart", json!({ "delay": "0s" }))
            .with("on_event", hooks);
        sandbox.inventory(&[game]);
        let mut run = Background::run_json(&sandbox, &[]);
        run.sees("a", "running");
        Process::kill(sandbox.pid("a"));
        wait_until("the restart", || run.logged("started again") == 1);
        wait_until("the hook to begin", || sandbox.lines("notes") == ["crashed begins"]);
        run.signal(Signal::SIGTERM);
        run.wait("waiting up to 10s for the hooks of what has happened");
        if gate {
            sandbox.touch("gate");
        }
        for _ in 1..interrupts {
            run.signal(Signal::SIGTERM);
        }
        assert_eq!(run.ended(), Some(0), "{}", run.text());
        let left_out = "the hooks of 2 events have not ended, or were not run";
        assert_eq!(run.text().contains(left_out), !gate, "{}", run.text());
        let told = ["crashed begins", "crashed ends", "restarted begins", "restarted ends"];
        assert_eq!(sandbox.lines("notes"), told[..if gate { 4 } else { 1 }]);
        sandbox.ok(&["stop", "a", "--now"]);
        sandbox.nothing_left();
    }
}

#[test]
fn root_does_not_run_a_hook_that_everybody_may_write() {
    if !support::is_root("root_does_not_run_a_hook_that_everybody_may_write") {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::new();
    for (name, mode) in [("open", 0o757), ("own", 0o755)] {
        let path = sandbox.path(name);
        support::script(&path, &format!("echo {name} >> notes"));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("its mode");
    }
    // As a path, and by a link.
    std::os::unix::fs::symlink(sandbox.path("open"), sandbox.path("link")).expect("a link");
    let hook = |command: &str| json!({ "command": [command], "events": ["started"] });
    let hooks = json!([hook(&sandbox.arg("open")), hook("./link"), hook("./own")]);
    sandbox.inventory(&[Instance::script("a", "exec sleep 100").with("on_event", hooks)]);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    wait_until("both to be told", || run.logged("so that root does not run it") == 2);
    wait_until("the own one", || sandbox.lines("notes") == ["own"]);
    assert_eq!(
        run.logged(&format!("chmod o-w {}", sandbox.arg("open"))),
        2,
        "{}",
        run.text()
    );
    // `check` says so beforehand, and the mode is all that it takes.
    let check = sandbox.run(&["check"]);
    assert_eq!(check.code, Some(1), "{check:#?}");
    assert!(check.stdout.contains("everybody may write"), "{check:#?}");
    std::fs::set_permissions(sandbox.path("open"), PermissionsExt::from_mode(0o755)).expect("its mode");
    sandbox.ok(&["restart", "a"]);
    wait_until("all three", || sandbox.lines("notes").len() == 4);
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_start_that_cannot_be_is_tried_again_and_again() {
    let sandbox = Sandbox::new();
    let missing = sandbox.arg("game");
    sandbox.inventory(&[Instance::program("a", &missing, &[]).with("restart", json!({ "delay": "10ms" }))]);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("three tries", || run.logged("cannot be started") >= 3);
    std::os::unix::fs::symlink("/bin/cat", &missing).expect("a link");
    sandbox.wait_state("a", "running");
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn at_its_end_it_can_stop_what_it_watched() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[
        game(&sandbox, "a"),
        game(&sandbox, "b"),
        game(&sandbox, "c").with("autostart", json!(false)),
    ]);
    let run = Background::run_json(&sandbox, &["--on-exit", "stop"]);
    sandbox.wait_state("a", "running");
    sandbox.wait_state("b", "running");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    for id in ["a", "b"] {
        let row = sandbox.status(id);
        assert_eq!(
            (&row["state"], &row["intent"]),
            (&json!("stopped"), &Value::Null),
            "{row}"
        );
    }
    sandbox.nothing_left();
}

/// The answer of systemctl(1) is that of a stand-in here.
#[test]
fn at_its_end_it_stops_what_it_watched_when_the_host_goes_down() {
    for (systemd_says, expected) in [("running", "running"), ("stopping", "stopped")] {
        let sandbox = Sandbox::new();
        sandbox.inventory(&[game(&sandbox, "a")]);
        let mut command = sandbox.command(&["run", "--json", "--on-exit", "stop-at-shutdown"]);
        command.env(
            "PATH",
            sandbox.stand_in("systemctl", &format!("echo {systemd_says}; exit 1")),
        );
        let run = Background::of(&mut command);
        sandbox.wait_state("a", "running");
        assert_eq!(run.end(Signal::SIGTERM), Some(0));
        let row = sandbox.status("a");
        assert_eq!(
            (&row["state"], &row["intent"]),
            (&json!(expected), &Value::Null),
            "{row}"
        );
        sandbox.ok(&["stop", "a"]);
        sandbox.nothing_left();
    }
}

#[test]
fn at_its_end_it_leaves_alone_what_left_the_inventory() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a"), game(&sandbox, "b")]);
    let run = Background::run_json(&sandbox, &["--on-exit", "stop"]);
    sandbox.wait_state("a", "running");
    let pid = sandbox.wait_state("b", "running")["pid"].clone();
    sandbox.inventory(&[game(&sandbox, "a")]);
    wait_until("it to be seen", || run.logged("no longer in the inventory") == 1);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(sandbox.state("a"), "stopped");
    let row = sandbox.status("b");
    assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &pid));
    sandbox.ok(&["stop", "b"]);
    sandbox.nothing_left();
}

#[test]
fn a_second_interrupt_leaves_the_rest() {
    let sandbox = Sandbox::new();
    let stop = json!([{ "stdin": "nothing", "wait": "10m" }]);
    sandbox.inventory(&[game(&sandbox, "a").with("stop", stop)]);
    let run = Background::run_json(&sandbox, &["--on-exit", "stop"]);
    let pid = sandbox.wait_state("a", "running")["pid"].clone();
    Process::signal(run.pid(), Signal::SIGINT);
    sandbox.wait_state("a", "stopping");
    assert_eq!(run.end(Signal::SIGINT), Some(130));
    let row = sandbox.status("a");
    assert_eq!((&row["state"], &row["pid"]), (&json!("stopping"), &pid));
    sandbox.ok(&["stop", "--now", "a"]);
}

#[test]
fn a_changed_inventory_is_read_and_an_invalid_one_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a"), game(&sandbox, "b")]);
    let run = Background::run_json(&sandbox, &[]);
    let before = sandbox.wait_state("a", "running")["pid"].clone();
    sandbox.wait_state("b", "running");
    // One is changed, one taken away, one added.
    let changed = game(&sandbox, "a").env("NEW", "1");
    sandbox.inventory(&[changed, game(&sandbox, "c")]);
    sandbox.wait_state("c", "running");
    assert_eq!(run.logged("restart it to apply that"), 1, "{}", run.text());
    assert_eq!(run.logged("no longer in the inventory"), 1);
    assert_eq!(sandbox.status("a")["pid"], before, "nothing is restarted by itself");
    assert_eq!(sandbox.state("b"), "running");
    let good = std::fs::read_to_string(sandbox.path("instances.yaml")).expect("the inventory");
    sandbox.inventory_text("instances: { a: { proces: {} } }");
    wait_until("the problem to be told", || run.logged("unknown key `proces`") == 1);
    // Read again, it is the same problem.
    Process::signal(run.pid(), Signal::SIGUSR1);
    std::fs::write(sandbox.path("new.yaml"), good).expect("write");
    let read = run.logged("was read again");
    std::fs::rename(sandbox.path("new.yaml"), sandbox.path("instances.yaml")).expect("rename");
    wait_until("it to be read", || run.logged("was read again") > read);
    assert_eq!(run.logged("unknown key"), 1, "told once: {}", run.text());
    sandbox.ok(&["stop", "b"]);
    drop(run);
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn all_come_back_that_die_at_once() {
    const COUNT: usize = 200;
    let sandbox = Sandbox::new();
    let id = |n: usize| format!("g{n}");
    let instances: Vec<Instance> = (0..COUNT).map(|n| game(&sandbox, &id(n))).collect();
    sandbox.inventory(&instances);
    let run = Background::run_json(&sandbox, &[]);
    let all_run = || sandbox.run(&["status"]).code == Some(0);
    wait_until("all to run", all_run);
    let rows = sandbox.run(&["status", "--json"]).json();
    for row in rows["instances"].as_array().expect("rows") {
        let pid = row["pid"].as_i64().expect("a pid");
        Process::signal(pid.try_into().expect("a pid"), Signal::SIGKILL);
    }
    // One of them is stopped meanwhile.
    sandbox.ok(&["stop", "g7"]);
    wait_until("the others to run again", || {
        let rows = sandbox.run(&["status", "--json"]).json();
        let rows = rows["instances"].as_array().expect("rows").clone();
        rows.iter().all(|row| row["id"] == "g7" || row["state"] == "running")
    });
    let rows = sandbox.run(&["status", "--json"]).json();
    for row in rows["instances"].as_array().expect("rows") {
        if row["id"] == "g7" {
            assert_eq!(row["state"], "stopped");
        } else {
            assert_eq!(row["restarts"], json!(1), "{row}");
        }
    }
    for n in 0..COUNT {
        sandbox.never_two(&id(n));
    }
    drop(run);
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn off_a_terminal_it_sleeps_until_something_happens() {
    let sandbox = Sandbox::new();
    let instances: Vec<Instance> = (0..20).map(|n| game(&sandbox, &format!("g{n}"))).collect();
    sandbox.inventory(&instances);
    let run = Background::run(&sandbox);
    wait_until("all to run", || sandbox.run(&["status"]).code == Some(0));
    run.comes_to_rest();
    assert!(run.text().contains("info    g3: running"), "{}", run.text());
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn heartbeats_tell_of_every_instance() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let run = Background::run_json(&sandbox, &["--heartbeat-interval", "50ms"]);
    wait_until("heartbeats of a running game", || {
        let beats = run.events("heartbeat");
        beats.iter().filter(|beat| beat["state"] == "running").count() >= 2
    });
    let beat = run.events("heartbeat").pop().expect("a heartbeat");
    assert!(
        beat["id"] == "a" && beat["uptime_seconds"].is_number() && beat["at"].is_string(),
        "{beat}"
    );
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_service_manager_is_told() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let manager = UnixDatagram::bind(sandbox.path("notify")).expect("a socket");
    let mut command = sandbox.command(&["run", "--json"]);
    command
        .env("NOTIFY_SOCKET", sandbox.path("notify"))
        .env("WATCHDOG_USEC", "100000");
    let run = Background::of(&mut command);
    let hear = |wanted: &str| {
        let mut buffer = [0; 500];
        loop {
            let n = manager.recv(&mut buffer).expect("a word");
            if String::from_utf8_lossy(&buffer[..n]).starts_with(wanted) {
                return;
            }
        }
    };
    hear("READY=1");
    hear("WATCHDOG=1");
    Process::signal(run.pid(), Signal::SIGUSR1);
    hear("RELOADING=1");
    hear("READY=1");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    hear("STOPPING=1");
    sandbox.ok(&["stop", "a"]);
}

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";

#[test]
fn the_screen_of_an_operator() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let mut terminal = Terminal::open(&sandbox, &["run"]);
    terminal.wait("1 running");
    terminal.wait("a: running");
    assert!(terminal.text().starts_with(ENTER), "{:?}", terminal.text());
    // Ctrl-Z gives the terminal back, and waking draws the screen again.
    let pid = terminal.gamectl(&sandbox);
    terminal.type_key(0x1a);
    wait_until("it to be suspended", || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("its stat");
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    });
    wait_until("the terminal to be given back", || terminal.text().ends_with(LEAVE));
    let screens = terminal.text().matches(ENTER).count();
    Process::signal(pid, Signal::SIGCONT);
    wait_until("the screen to be drawn again", || {
        terminal.text().matches(ENTER).count() > screens
    });
    // A crash is on it.
    sandbox.tell("a", "exit 3");
    terminal.wait("a: crashed: exit code 3");
    terminal.wait("a: started again (1st)");
    sandbox.wait_state("a", "running");
    // Ctrl-C ends the watching alone, with a last line on the user's screen.
    terminal.type_key(3);
    let status = wait_for("the end of run", || terminal.child.try_wait().expect("wait"));
    assert_eq!(status.code(), Some(0));
    terminal.wait("the servers go on");
    let text = terminal.text();
    let last = text.rfind(LEAVE).expect("the way back");
    assert!(
        text[last..].contains("gamectl stop --all") && !text[last..].contains(ENTER),
        "{text:?}"
    );
    assert_eq!(sandbox.state("a"), "running");
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_lost_terminal_leaves_everything_running() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let terminal = Terminal::open(&sandbox, &["run", "--on-exit", "stop"]);
    terminal.wait("1 running");
    let pid = terminal.gamectl(&sandbox);
    let Terminal { master, .. } = &terminal;
    // The terminal goes: every descriptor of its master is closed.
    let fd = master.as_fd();
    nix::sys::termios::tcflush(fd, nix::sys::termios::FlushArg::TCIOFLUSH).expect("flush");
    Process::signal(pid, Signal::SIGHUP);
    wait_until("run to be gone", || !Process::lives(pid));
    assert_eq!(sandbox.state("a"), "running");
    drop(terminal);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_game_that_hangs_is_stopped_by_its_chain_and_started_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its number").port();
    drop(listener);
    let program = support::example("stand-in-game");
    let args = ["conan", &port.to_string(), "a-password"];
    let healthy = json!({
        "rcon": true, "start_grace": "0s", "interval": "50ms", "attempt_timeout": "500ms", "failures": 2, "of": 3,
    });
    let game = Instance::program("a", program.to_str().expect("UTF-8"), &args)
        .with("rcon", json!({ "port": port, "password": { "file": "pw" } }))
        .with("ready", json!({ "rcon": true }))
        .with("healthy", healthy)
        .with("stop", json!([{ "signal": "TERM", "wait": "20s" }]))
        .with("restart", json!({ "delay": "0s" }));
    let sandbox = Sandbox::with(&[game]);
    std::fs::write(sandbox.path("pw"), "a-password\n").expect("pw");
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to run", || sandbox.state("a") == "running");
    let first = sandbox.pid("a");
    Process::signal(first, Signal::SIGSTOP);
    wait_until("it to be started again", || run.logged("started again") > 0);
    assert_eq!(
        run.logged("hung: does not answer (rcon 127.0.0.1:"),
        1,
        "{}",
        run.text()
    );
    sandbox.wait_for_another("a", first);
    assert!(!Process::lives(first));
    let row = sandbox.status("a");
    assert_eq!(
        (&row["restarts"], &row["last_exit"]["signal"]),
        (&json!(1), &json!("SIGTERM"))
    );
    run.end(Signal::SIGTERM);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_health_check_that_somebody_else_answers_does_not_hold() {
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = stranger.local_addr().expect("its number").port();
    let healthy = json!({
        "tcp": format!("127.0.0.1:{port}"), "start_grace": "0s", "interval": "50ms", "failures": 1, "of": 1,
    });
    let game = Instance::script("a", "exec sleep 1000").with("healthy", healthy);
    let sandbox = Sandbox::with(&[game]);
    let run = Background::run_json(&sandbox, &[]);
    let told = format!("(tcp 127.0.0.1:{port}: answered by ");
    wait_until("it to be told", || {
        run.logged(&format!("it has not answered a health check yet {told}")) == 1
    });
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_check_that_fails_while_run_gets_no_time_does_not_count() {
    let sandbox = Sandbox::new();
    let gate = sandbox.path("answer");
    nix::unistd::mkfifo(&gate, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    let answer = |word: &str| std::fs::write(&gate, format!("{word}\n")).expect("answer");
    let healthy = json!({
        "exec": ["/bin/sh", "-c", "echo asked >> asked; read word < answer; [ $word = yes ]"],
        "start_grace": "0s", "interval": "10ms", "attempt_timeout": "100s", "failures": 1, "of": 1,
    });
    let game = Instance::script("a", "exec sleep 1000")
        .process("cwd", json!(sandbox.arg(".")))
        .with("healthy", healthy)
        .with("restart", json!({ "policy": "never" }));
    sandbox.inventory(&[game]);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to be asked", || sandbox.lines("asked").len() == 1);
    // It does not count before it has held once.
    answer("no");
    wait_until("it to be told", || {
        run.logged("has not answered a health check yet") == 1
    });
    wait_until("it to be asked again", || sandbox.lines("asked").len() == 2);
    answer("yes");
    wait_until("it to be asked once more", || sandbox.lines("asked").len() == 3);
    let pid = sandbox.pid("a");
    Process::signal(run.pid(), Signal::SIGSTOP);
    wait_until("run to be frozen", || Process::is_frozen(run.pid()));
    let frozen = std::time::Instant::now();
    answer("no");
    wait_until("some time to pass", || {
        frozen.elapsed() > std::time::Duration::from_millis(1500)
    });
    Process::signal(run.pid(), Signal::SIGCONT);
    wait_until("why to be told", || run.logged("this host was busy or asleep") == 1);
    assert_eq!((sandbox.state("a").as_str(), sandbox.pid("a")), ("running", pid));
    // The next one does.
    wait_until("it to be asked a last time", || sandbox.lines("asked").len() == 4);
    answer("no");
    wait_until("it to be stopped", || run.logged("hung: does not answer") > 0);
    let row = sandbox.wait_state("a", "crashed");
    let note = row["note"].as_str().expect("a note");
    assert!(note.starts_with("hung: does not answer (exec "), "{row}");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.nothing_left();
}

#[test]
fn a_hang_up_without_a_terminal_reads_the_inventory_again() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let run = Background::of(&mut sandbox.command_under(&["setsid"], &["run", "--json"]));
    wait_until("the snapshot", || !run.events("snapshot").is_empty());
    sandbox.wait_state("a", "running");
    Process::signal(run.pid(), Signal::SIGHUP);
    wait_until("it to be read", || run.logged("was read again") == 1);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    assert_eq!(sandbox.state("a"), "running");
    sandbox.ok(&["stop", "a"]);
}

const FRAME: &str = "\x1b[?2026h";
const FRAME_END: &str = "\x1b[?2026l";

/// Returns the last frame that was drawn.
fn frame(text: &str) -> String {
    let end = text.rfind(FRAME_END).unwrap_or(0);
    let begin = text[..end].rfind(FRAME).unwrap_or(0);
    text[begin..end].to_owned()
}

#[test]
fn the_screen_follows_its_terminal_and_gives_it_back() {
    let sandbox = Sandbox::new();
    let ids = ["a", "b", "c", "d", "e", "f"];
    sandbox.inventory(&ids.map(|id| game(&sandbox, id)));
    let mut terminal = Terminal::open(&sandbox, &["run"]);
    terminal.wait("6 running");
    let is_shown = |frame: &str| {
        ids.iter()
            .filter(|id| frame.contains(&format!("\n\x1b[K{id} ")))
            .count()
    };
    wait_until("all of them", || is_shown(&frame(&terminal.text())) == 6);
    terminal.resize(40, 8);
    wait_until("the rest to be summed up", || {
        let frame = frame(&terminal.text());
        frame.contains("more: ") && is_shown(&frame) < 6 && frame.matches("\r\n").count() < 8
    });
    terminal.resize(200, 50);
    wait_until("all of them again", || is_shown(&frame(&terminal.text())) == 6);
    Process::signal(terminal.gamectl(&sandbox), Signal::SIGTERM);
    let status = wait_for("the end of run", || terminal.child.try_wait().expect("wait"));
    assert_eq!(status.code(), Some(0));
    terminal.wait("the servers go on");
    let text = terminal.text();
    let last = text.rfind(LEAVE).expect("the way back");
    assert!(!text[last..].contains(ENTER), "{text:?}");
    sandbox.ok(&["stop", "--all"]);
}

/// Those that need attention come first where there are more than rows, and
/// keys move the others. A mistake in the inventory is told for as long as it lasts.
#[test]
fn a_long_table_is_seen_part_by_part() {
    let sandbox = Sandbox::new();
    let idle = |n: usize| Instance::script(&format!("g{n:02}"), "exec sleep 1000").with("autostart", json!(false));
    let mut all: Vec<Instance> = (0..29).map(idle).collect();
    all.push(Instance::script("zz", "exit 7").with("restart", json!({ "policy": "never" })));
    sandbox.inventory(&all);
    let mut terminal = Terminal::open(&sandbox, &["run"]);
    terminal.wait_line("1 crashed");
    wait_until("the crashed one to be the first", || {
        terminal.lines().get(2).is_some_and(|line| line.starts_with("zz "))
    });
    terminal.wait_for_keys();
    terminal.type_text("j ");
    terminal.wait_line("2 to ");
    terminal.type_text("G");
    terminal.wait_line(" to 30 of 30");
    terminal.type_text("g");
    terminal.wait_line("1 to ");
    // What ends `watch` is asked for here.
    terminal.type_text("q");
    terminal.wait_line("end the watching? The servers go on [y/N]");
    terminal.type_text("n");
    let valid = std::fs::read(sandbox.path("instances.yaml")).expect("the inventory");
    sandbox.inventory_text("instances: { g00: { proces: {} } }\n");
    terminal.wait_line("the inventory is not valid since ");
    std::fs::write(sandbox.path("instances.yaml"), valid).expect("mend it");
    wait_until("the mistake to be taken back", || {
        !terminal
            .lines()
            .iter()
            .any(|line| line.contains("the last valid one counts"))
    });
    terminal.type_key(3);
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.is_as_found());
    sandbox.nothing_left();
}

#[test]
fn a_slow_boot_shows_what_it_waits_for() {
    let sandbox = Sandbox::with(&[Instance::script("a", "exec sleep 1000").ready_log("never")]);
    let mut terminal = Terminal::open(&sandbox, &["run"]);
    terminal.wait_line("not ready yet (log line), for ");
    terminal.type_key(3);
    assert_eq!(terminal.ended(), Some(0));
    sandbox.ok(&["stop", "a", "--now"]);
}

/// A game that is late, and that a verb waits for, is not stopped, and not said to be.
#[test]
fn the_stop_of_what_is_late_waits_for_the_verb_that_starts_it() {
    let sandbox = Sandbox::new();
    let gate = sandbox.arg("gate");
    let game = Instance::awkward("a", &["serve", "--gate", &gate, "--ready", "up"]);
    let ready = json!({ "log": "^up$", "timeout": "300ms", "on_timeout": "restart" });
    sandbox.inventory(&[game.with("ready", ready).with("autostart", json!(false))]);
    let run = Background::run(&sandbox);
    let mut start = Background::of(&mut sandbox.command(&["start", "a", "--timeout", "60s"]));
    run.wait("a: not ready after 300ms; it is to be stopped by its chain");
    run.wait("a: its stop waits for gamectl start (pid ");
    sandbox.touch("gate");
    assert_eq!(start.ended(), Some(0));
    run.wait("a: its stop is not needed any more");
    assert!(!run.text().contains("being stopped"), "{}", run.text());
    assert_eq!(sandbox.state("a"), "running");
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

/// A key at the terminal is not for a `run` in the background, and does not stop it.
#[test]
fn in_the_background_it_reads_no_keys() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let mut shell = sandbox.program("sh");
    shell
        .args(["-c", "set -m; \"$0\" run & read line; kill %1; wait %1"])
        .arg(support::gamectl());
    let mut terminal = Terminal::of(&sandbox, &shell);
    terminal.wait("a: running");
    assert!(terminal.is_as_found());
    let run = terminal.gamectl(&sandbox);
    sandbox.tell("a", "exit 3");
    terminal.wait("a: started again (1st)");
    assert!(!Process::is_frozen(run));
    terminal.type_text("jk\n");
    assert_eq!(terminal.ended(), Some(0));
    sandbox.ok(&["stop", "a"]);
}

/// A FIFO in the place of an env file or of the inventory holds up nobody else.
#[test]
fn a_file_that_cannot_be_read_holds_up_no_other() {
    let restart = json!({ "delay": "50ms", "max_delay": "50ms" });
    let good = Instance::script("good", "echo up; exec sleep 1000").ready_log("^up$");
    let evil = Instance::script("evil", "sleep 1000").process("env_file", json!("fifo"));
    let sandbox = Sandbox::with(&[good.with("restart", restart.clone()), evil.with("restart", restart)]);
    let made = sandbox.program("mkfifo").arg("fifo").status().expect("run mkfifo");
    assert!(made.success());
    let run = Background::run_json(&sandbox, &[]);
    let pid = sandbox.wait_state("good", "running")["pid"].as_i64().expect("a pid");
    std::fs::rename(sandbox.path("instances.yaml"), sandbox.path("kept.yaml")).expect("move the inventory");
    std::fs::rename(sandbox.path("fifo"), sandbox.path("instances.yaml")).expect("replace the inventory");
    let running = || run.states("good").iter().filter(|state| *state == "running").count();
    wait_until("the run to say so", || running() > 0);
    Process::kill(i32::try_from(pid).expect("a pid"));
    wait_until("good to be running again", || running() > 1);
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    std::fs::rename(sandbox.path("kept.yaml"), sandbox.path("instances.yaml")).expect("put it back");
    sandbox.ok(&["stop", "--all", "--now"]);
    sandbox.nothing_left();
}
