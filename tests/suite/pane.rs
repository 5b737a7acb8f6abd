//! The keys at the board of `watch` and `run`.

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Crowd, Instance, Process, Sandbox, Terminal, Tmux, wait_until};

/// A game that serves until it is told to end.
fn game(id: &str) -> Instance {
    Instance::awkward(id, &["serve", "--ready", "up"]).ready_log("^up$")
}

/// Waits until a row, and no other, is the selected one.
fn wait_selected(terminal: &Terminal, id: &str) {
    wait_until(&format!("{id} to be selected"), || {
        let lines = terminal.lines();
        let mut selected = lines.iter().filter(|line| line.starts_with("> "));
        let is_this = selected
            .next()
            .is_some_and(|line| line.starts_with(&format!("> {id} ")));
        is_this && selected.next().is_none()
    });
}

fn wait_no_line(terminal: &Terminal, text: &str) {
    wait_until(&format!("no line with {text:?}"), || {
        !terminal.lines().iter().any(|line| line.contains(text))
    });
}

#[test]
fn a_row_is_selected_and_stays_so() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&["a", "b", "c"].map(game));
    let mut terminal = Terminal::open(&sandbox, &["watch"]);
    terminal.wait_line("3 stopped");
    terminal.wait_line("? keys");
    terminal.type_text("jj");
    wait_selected(&terminal, "b");
    // An arrow that comes in pieces is one, and not the end of the filter.
    terminal.type_text("\x1b[B");
    wait_selected(&terminal, "c");
    // The filter leaves out what has not its text, and the order changes nothing.
    terminal.type_text("k/");
    terminal.wait_line("3 of 3; Enter keeps it");
    terminal.type_text("b");
    terminal.wait_line("/b_");
    wait_selected(&terminal, "b");
    terminal.type_text("\r");
    terminal.wait_line("only `b`: 1 of 3");
    sandbox.ok(&["start", "b"]);
    terminal.wait_line("1 running");
    wait_selected(&terminal, "b");
    terminal.type_text("\x1b");
    wait_no_line(&terminal, "only `b`");
    terminal.type_text("oo");
    terminal.wait_line("by name");
    wait_selected(&terminal, "b");
    terminal.type_text("?");
    terminal.wait_line("select a row");
    terminal.type_text("q");
    wait_selected(&terminal, "b");
    terminal.type_text("q");
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.is_as_found());
    let text = terminal.text();
    assert!(text.rfind("\x1b[?2004l") > text.rfind("\x1b[?2004h"), "{text:?}");
    sandbox.ok(&["stop", "b"]);
    sandbox.nothing_left();
}

#[test]
fn q_ends_run_once_that_is_confirmed() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    let mut terminal = Terminal::open(&sandbox, &["run"]);
    terminal.wait_line("1 running");
    terminal.wait_for_keys();
    for answer in ["n", "q", "\r", "\x1b"] {
        terminal.type_text("q");
        terminal.wait_line("end the watching? The servers go on [y/N]");
        terminal.type_text(answer);
        wait_no_line(&terminal, "[y/N]");
    }
    terminal.type_text("q");
    terminal.wait_line("[y/N]");
    terminal.type_text("y");
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.is_as_found());
    assert_eq!(sandbox.state("a"), "running");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Standard input that is no terminal, or a screen that is none, has no keys.
#[test]
fn keys_are_read_from_a_terminal_alone() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    let script = "echo q | \"$0\" watch; read line";
    let mut shell = sandbox.program("sh");
    shell.args(["-c", script]).arg(crate::support::gamectl());
    let mut terminal = Terminal::of(&sandbox, &shell);
    terminal.wait_line("1 stopped");
    assert!(terminal.is_as_found());
    wait_no_line(&terminal, "? keys");
    terminal.type_key(3);
    terminal.ended();
    let mut shell = sandbox.program("sh");
    shell.args(["-c", "\"$0\" watch | cat"]).arg(crate::support::gamectl());
    let mut terminal = Terminal::of(&sandbox, &shell);
    terminal.wait_line("a: stopped");
    assert!(terminal.is_as_found());
    terminal.type_key(3);
    terminal.ended();
    sandbox.nothing_left();
}

#[test]
fn keys_start_stop_and_restart() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&["a", "b"].map(game));
    let mut terminal = Terminal::open(&sandbox, &["watch"]);
    terminal.wait_line("2 stopped");
    terminal.wait_line("? keys");
    terminal.type_text("x");
    terminal.wait_line("no row is selected: the arrows select one");
    terminal.type_text("G");
    wait_selected(&terminal, "b");
    terminal.type_text("s");
    terminal.wait_line("b: ready after");
    sandbox.wait_state("b", "running");
    let first = sandbox.pid("b");
    // Any answer but one leaves it alone.
    for key in ["x", "r"] {
        for answer in ["n", "\r", "\x1b", key] {
            terminal.type_text(key);
            terminal.wait_line("b? [y/N]");
            terminal.type_text(answer);
            wait_no_line(&terminal, "[y/N]");
        }
    }
    assert_eq!(sandbox.pid("b"), first);
    terminal.type_text("r");
    terminal.wait_line("restart b? [y/N]");
    terminal.type_text("y");
    terminal.wait_line("b: restarted, ready after");
    assert_ne!(
        sandbox.wait_state("b", "running")["pid"].as_i64(),
        Some(i64::from(first))
    );
    terminal.type_text("x");
    terminal.wait_line("stop b? [y/N]");
    terminal.type_text("y");
    terminal.wait_line("b: stopped by");
    assert_eq!(sandbox.state("b"), "stopped");
    assert_eq!(sandbox.status("b")["intent"], "stopped");
    // The other one was left alone.
    assert_eq!(sandbox.state("a"), "stopped");
    // What cannot be done is said, as by the verb: the inventory is that of now.
    sandbox.inventory_text("instances: { b: { proces: {} } }\n");
    terminal.type_text("s");
    terminal.wait_line("unknown key");
    terminal.type_text("q");
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.is_as_found());
    sandbox.nothing_left();
}

/// The row tells what is awaited; `q` says what is left as far as it is.
#[test]
fn the_progress_stands_in_the_row() {
    let sandbox = Sandbox::new();
    let gate = sandbox.arg("gate");
    sandbox.inventory(&[Instance::awkward("a", &["boot", "--gate", &gate, "--ready", "up"]).ready_log("^up$")]);
    let mut terminal = Terminal::open(&sandbox, &["watch"]);
    terminal.wait_line("1 stopped");
    terminal.wait_line("? keys");
    terminal.type_text("js");
    terminal.wait_line("start: waiting for ready (log line)");
    terminal.type_text("s");
    terminal.wait_line("the start of a is under way");
    terminal.type_text("q");
    terminal.wait_line("leave? Left as far as it is: start of a. [y/N]");
    terminal.type_text("n");
    sandbox.touch("gate");
    terminal.wait_line("a: ready after");
    terminal.type_text("q");
    assert_eq!(terminal.ended(), Some(0));
    sandbox.ok(&["stop", "a", "--now"]);
    sandbox.nothing_left();
}

/// A `run` obeys what its own keys ask for, as it obeys verbs that are typed.
#[test]
fn keys_of_run() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    let mut terminal = Terminal::open(&sandbox, &["run"]);
    terminal.wait_line("1 running");
    terminal.wait_line("? keys");
    let first = sandbox.pid("a");
    terminal.type_text("jr");
    terminal.wait_line("restart a? [y/N]");
    terminal.type_text("y");
    terminal.wait_line("a: restarted, ready after");
    let second = sandbox.wait_state("a", "running")["pid"].as_i64();
    assert_ne!(second, Some(i64::from(first)));
    terminal.type_text("x");
    terminal.wait_line("stop a? [y/N]");
    terminal.type_text("y");
    terminal.wait_line("1 stopped");
    terminal.wait_line("a: stopped by");
    // It stays down until it is started.
    terminal.type_text("s");
    terminal.wait_line("a: ready after");
    terminal.wait_line("1 running");
    terminal.type_key(3);
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.is_as_found());
    assert_eq!(sandbox.state("a"), "running");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// The details are those of `status ID`, and the firing is skipped as by `schedule skip`.
#[test]
fn ctrl_c_says_what_it_leaves() {
    for (verb, code) in [("watch", 130), ("run", 0)] {
        let sandbox = Sandbox::new();
        let gate = sandbox.arg("gate");
        let game = Instance::awkward("a", &["boot", "--gate", &gate, "--ready", "up"]).ready_log("^up$");
        sandbox.inventory(&[game.with("autostart", json!(false))]);
        let mut terminal = Terminal::open(&sandbox, &[verb]);
        terminal.wait_line("1 stopped");
        terminal.wait_line("? keys");
        terminal.type_text("js");
        terminal.wait_line("start: waiting for ready (log line)");
        terminal.type_text("\x03");
        terminal.wait_line("left as far as it is: start of a; see `gamectl status`");
        assert_eq!(terminal.ended(), Some(code), "{verb}");
        assert!(terminal.is_as_found(), "{verb}");
        sandbox.touch("gate");
        sandbox.wait_console("a", "up");
        sandbox.ok(&["stop", "a", "--now"]);
        sandbox.nothing_left();
    }
}

#[test]
fn l_shows_the_log_as_it_grows() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a"), game("b")]);
    sandbox.ok(&["start", "a"]);
    for number in 0..60 {
        sandbox.tell("a", &format!("say line {number}"));
    }
    sandbox.wait_console("a", "line 59\n");
    let mut terminal = Terminal::open(&sandbox, &["watch"]);
    terminal.wait_line("1 running");
    terminal.wait_line("? keys");
    terminal.type_text("jl");
    terminal.wait_line("line 59");
    terminal.wait_line("q goes back, / finds, w wraps, s saves");
    sandbox.tell("a", "say something new");
    terminal.wait_line("something new");
    // Who reads what was before is left in peace.
    terminal.type_text("g");
    terminal.wait_line("line 0");
    sandbox.tell("a", "say more");
    sandbox.wait_console("a", "more\n");
    terminal.wait_line("Enter shows what comes");
    terminal.type_text("\r");
    terminal.wait_line("more");
    // One that was never started begins to print.
    terminal.type_text("qjl");
    terminal.wait_line("b has printed nothing");
    sandbox.ok(&["start", "b"]);
    terminal.wait_line("up");
    terminal.type_text("q");
    wait_selected(&terminal, "b");
    terminal.type_text("q");
    sandbox.ok(&["stop", "--all"]);
}

#[test]
fn keys_show_one_in_detail_and_skip_what_its_schedule_does_next() {
    let sandbox = Sandbox::new();
    let entry = json!([{ "cron": "0 5 * * *", "timezone": "UTC", "do": "restart" }]);
    sandbox.inventory(&[game("a").with("schedule", entry), game("b")]);
    sandbox.ok(&["start", "a"]);
    let mut terminal = Terminal::open(&sandbox, &["watch"]);
    terminal.wait_line("1 running");
    terminal.wait_line("? keys");
    terminal.type_text("j\r");
    terminal.wait_line("a: running");
    terminal.wait_line("05:00");
    terminal.wait_line("Enter looks again, q goes back");
    terminal.type_text("q");
    wait_selected(&terminal, "a");
    terminal.type_text("S");
    terminal.wait_line("is to be skipped");
    terminal.type_text("S");
    terminal.wait_line("is already to be skipped");
    let skipped = sandbox.ok(&["schedule", "a", "--json"]).stdout;
    assert!(skipped.contains("\"skipped\":true"), "{skipped}");
    terminal.type_text("GS");
    terminal.wait_line("it has no schedule");
    terminal.type_text("q");
    assert_eq!(terminal.ended(), Some(0));
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn a_board_that_only_shows_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    sandbox.ok(&["start", "a"]);
    let first = sandbox.pid("a");
    let mut terminal = Terminal::open(&sandbox, &["watch", "--read-only"]);
    terminal.wait_line("1 running");
    terminal.wait_line("? keys");
    terminal.type_text("j");
    wait_selected(&terminal, "a");
    for key in ["s", "x", "r", "c"] {
        terminal.type_text(key);
        terminal.wait_line("--read-only was typed");
        terminal.type_text("y");
        wait_no_line(&terminal, "--read-only was typed");
    }
    terminal.type_text("?");
    terminal.wait_line("select a row");
    assert!(!terminal.lines().iter().any(|line| line.contains("restart it")));
    terminal.type_text("?");
    terminal.type_text("q");
    assert_eq!(terminal.ended(), Some(0));
    assert_eq!(sandbox.pid("a"), first);
    sandbox.ok(&["stop", "a"]);
}

#[test]
#[ignore = "needs tmux"]
fn keys_in_tmux() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&["conan", "rust", "valheim"].map(game));
    let tmux = Tmux::open(&sandbox, (80, 24), &sandbox.command(&["run"]));
    tmux.wait_line("3 running");
    tmux.wait_line("? keys");
    assert_eq!(tmux.pane("#{alternate_on} #{cursor_flag}"), "1 0");
    tmux.press(&["Down", "Down"]);
    tmux.wait_line("> rust");
    tmux.press(&["End"]);
    tmux.wait_line("> valheim");
    tmux.press(&["/", "c", "o", "n", "Enter"]);
    tmux.wait_line("only `con`: 1 of 3");
    tmux.wait_line("> conan");
    tmux.resize(40, 12);
    tmux.wait_line("only `con`: 1 of 3 (Esc shows all)");
    tmux.press(&["Escape"]);
    tmux.wait_line("rust");
    for (columns, rows) in [(120, 40), (20, 5), (100, 3), (80, 24)] {
        tmux.resize(columns, rows);
    }
    tmux.wait_line("> conan");
    tmux.wait_line("valheim");
    let first = sandbox.pid("conan");
    tmux.press(&["r"]);
    tmux.wait_line("restart conan? [y/N]");
    tmux.press(&["y"]);
    tmux.wait_line("conan: restarted, ready after");
    tmux.wait_line("3 running");
    assert_ne!(sandbox.pid("conan"), first);
    // What is pasted is no key.
    tmux.paste("q\ry\ny");
    tmux.press(&["?"]);
    tmux.wait_line("select a row");
    tmux.press(&["Escape"]);
    tmux.wait_line("> conan");
    tmux.press(&["q"]);
    tmux.wait_line("[y/N]");
    tmux.press(&["y"]);
    tmux.wait_line("the watching has ended");
    assert_eq!(tmux.pane("#{alternate_on} #{cursor_flag}"), "0 1");
    sandbox.ok(&["stop", "--all"]);
}

/// A screen reader reads lines as they come, and is never sent back by a screen.
#[test]
fn plain_prints_lines_on_a_terminal() {
    for (verb, code) in [("watch", 130), ("run", 0)] {
        let sandbox = Sandbox::new();
        sandbox.inventory(&[game("a").with("autostart", json!(false))]);
        let mut terminal = Terminal::open(&sandbox, &[verb, "--plain"]);
        terminal.wait_line(" a: ");
        sandbox.ok(&["start", "a"]);
        terminal.wait_line("a: running");
        assert!(terminal.is_as_found(), "{verb}");
        terminal.type_key(3);
        assert_eq!(terminal.ended(), Some(code), "{verb}");
        assert!(!terminal.text().contains('\x1b'), "{:?}", terminal.text());
        sandbox.ok(&["stop", "a"]);
        sandbox.nothing_left();
    }
}

/// A restart that spares the players waits for them; the pane that has begun it tells them when
/// it gives that up.
#[test]
fn a_gentle_restart_is_cancelled_by_a_key_and_by_the_end_of_the_pane() {
    for verb in ["watch", "run"] {
        let crowd = Crowd::of(Some(2));
        let sandbox = Sandbox::new();
        let game = |id: &str| {
            let notes = sandbox.arg(&format!("{id}.got"));
            let script = format!("echo up; while read -r line; do echo \"$line\" >>{notes}; done; exec sleep 300");
            Instance::script(id, &script)
                .ready_log("^up$")
                .with("broadcast", json!("say {message}"))
                .with("warn", json!({ "at": ["20m"] }))
                .with("stop", json!([{ "signal": "TERM", "wait": "10s" }]))
        };
        let counted = json!({ "a2s": crowd.address(), "start_grace": "1h" });
        sandbox.inventory(&[game("a").with("healthy", counted), game("b")]);
        sandbox.ok(&["start", "--all"]);
        let (first, second) = (sandbox.pid("a"), sandbox.pid("b"));
        let mut terminal = Terminal::open(&sandbox, &[verb]);
        terminal.wait_line("2 running");
        terminal.wait_line("? keys");
        terminal.wait_line("2/");
        terminal.type_text("jR");
        terminal.wait_line("restart a when empty, or after warnings? 2 players are on it [y/N]");
        terminal.type_text("y");
        let waits = |terminal: &Terminal, times: usize| {
            wait_until("the wait for nobody", || {
                let lines = terminal.lines();
                lines
                    .iter()
                    .filter(|line| line.contains("a: waits until nobody plays"))
                    .count()
                    == times
            });
        };
        waits(&terminal, 1);
        terminal.type_text("R");
        terminal.wait_line("C cancels it");
        terminal.type_text("C");
        terminal.wait_line("a: restart: somebody has cancelled it: it was left as it is");
        wait_until("the row to say so", || {
            let lines = terminal.lines();
            lines
                .iter()
                .any(|line| line.starts_with("> a ") && !line.contains("restart once"))
        });
        terminal.type_text("C");
        terminal.wait_line("a: no countdown is under way");
        assert_eq!(sandbox.pid("a"), first);
        // Once nobody plays, it is restarted.
        terminal.type_text("R");
        terminal.wait_line("when empty, or after warnings?");
        terminal.type_text("y");
        waits(&terminal, 2);
        crowd.set(Some(0));
        terminal.wait_line("a: restarted, ready after");
        assert_ne!(sandbox.pid("a"), first);
        // Where nobody can count, players are warned.
        terminal.type_text("GR");
        terminal.wait_line("restart b when empty, or after warnings? [y/N]");
        terminal.type_text("y");
        let got = || sandbox.lines("b.got");
        wait_until("the warning", || got() == ["say Restart in 20 minutes"]);
        terminal.type_text("q");
        terminal.wait_line("Cancelled, unless it has begun");
        terminal.type_text("y");
        terminal.wait_line("b: restart: cancelled: it was left as it is");
        assert_eq!(terminal.ended(), Some(0), "{verb}");
        assert_eq!(got()[1..], ["say Restart cancelled"], "{verb}");
        assert_eq!(sandbox.pid("b"), second);
        assert_eq!(sandbox.status("b")["intent"], "running");
        sandbox.ok(&["stop", "--all", "--now"]);
        sandbox.nothing_left();
    }
}

#[test]
fn a_log_is_searched_cut_and_saved() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    sandbox.ok(&["start", "a"]);
    for number in 0..60 {
        let word = if number % 25 == 3 { "needle" } else { "line" };
        sandbox.tell("a", &format!("say {word} {number}"));
    }
    sandbox.tell("a", &format!("say {} the end", "long ".repeat(20)));
    sandbox.wait_console("a", "the end\n");
    let mut terminal = Terminal::open(&sandbox, &["watch", "--read-only"]);
    terminal.wait_line("1 running");
    terminal.wait_line("? keys");
    terminal.type_text("jl");
    terminal.wait_line("the end");
    terminal.type_text("w");
    wait_no_line(&terminal, "the end");
    terminal.type_text("w/NEED");
    terminal.wait_line("/NEED_");
    terminal.type_text("\r");
    terminal.wait_line("`NEED`: 3 of 3");
    terminal.wait_line("needle 53");
    terminal.type_text("n");
    terminal.wait_line("`NEED`: 1 of 3");
    terminal.wait_line("needle 3");
    terminal.type_text("nN");
    terminal.wait_line("`NEED`: 1 of 3");
    terminal.type_text("/zzz\r");
    terminal.wait_line("`zzz` is not there");
    terminal.type_text("\x1b");
    wait_no_line(&terminal, "zzz");
    terminal.type_text("s");
    terminal.wait_line("save to: a.log_");
    terminal.type_text("\r");
    terminal.wait_line("saved to a.log");
    let saved = || std::fs::read_to_string(sandbox.path("a.log")).expect("the log");
    assert_eq!(saved().lines().count(), 62, "{}", saved());
    assert!(saved().starts_with("up\nline 0\n") && saved().ends_with(" the end\n"));
    // What is there is only replaced if that is wanted.
    std::fs::write(sandbox.path("a.log"), "mine").expect("a file");
    for (answer, replaced) in [("n", false), ("\r", false), ("y", true)] {
        terminal.type_text("s\r");
        terminal.wait_line("a.log exists: replace it? [y/N]");
        terminal.type_text(answer);
        wait_no_line(&terminal, "[y/N]");
        match replaced {
            true => terminal.wait_line("saved to a.log"),
            false => assert_eq!(saved(), "mine"),
        }
    }
    assert!(saved().ends_with(" the end\n"));
    terminal.type_text("s\x15none/a.log\r");
    terminal.wait_line("not saved to none/a.log: No such file");
    terminal.type_text("q");
    wait_selected(&terminal, "a");
    terminal.type_text("q");
    assert_eq!(terminal.ended(), Some(0));
    sandbox.ok(&["stop", "a"]);
}

/// The console has the terminal until it is left; `run` goes on with its work meanwhile.
#[test]
fn c_gives_the_terminal_to_the_console_and_back() {
    for verb in ["watch", "run"] {
        let sandbox = Sandbox::new();
        sandbox.inventory(
            &["a", "b", "c"]
                .map(game)
                .map(|game| game.with("autostart", json!(false))),
        );
        sandbox.ok(&["start", "a", "b"]);
        let mut terminal = Terminal::open(&sandbox, &[verb]);
        terminal.wait_line("2 running");
        terminal.wait_line("? keys");
        terminal.type_text("Gc");
        terminal.wait_line("it does not run");
        terminal.type_text("gc");
        terminal.wait_line("a: attached; Ctrl-D or Ctrl-] detaches");
        terminal.type_text("say how is it\r");
        terminal.wait_line("how is it");
        sandbox.wait_console("a", "how is it\n");
        // Nothing is drawn over it, whatever happens.
        let first = sandbox.pid("b");
        if verb == "run" {
            Process::kill(first);
            wait_until("b to be another one", || {
                let row = sandbox.status("b");
                row["state"] == "running" && row["pid"] != json!(first)
            });
        }
        terminal.wait_line("how is it");
        terminal.type_key(0x1d);
        terminal.wait_line("? keys");
        wait_selected(&terminal, "a");
        // Keys reach the board again, and no console.
        terminal.type_text("j");
        wait_selected(&terminal, "b");
        // A game that ends closes its console.
        terminal.type_text("c");
        terminal.wait_line("b: attached");
        sandbox.ok(&["stop", "b"]);
        terminal.wait_line("b: its console is closed: it has ended");
        // The end of the board ends the console.
        terminal.type_text("gc");
        terminal.wait_line("a: attached");
        let board = sandbox
            .processes()
            .into_iter()
            .find(|one| one.command.ends_with(&format!("gamectl {verb}")));
        Process::signal(board.expect("the board").pid, Signal::SIGTERM);
        let code = if verb == "run" { 0 } else { 143 };
        assert_eq!(terminal.ended(), Some(code), "{verb}");
        assert!(terminal.is_as_found(), "{verb}");
        assert!(!sandbox.processes().iter().any(|one| one.command.contains("console")));
        sandbox.ok(&["stop", "--all"]);
        sandbox.nothing_left();
    }
}

#[test]
#[ignore = "needs tmux"]
fn the_console_in_tmux_and_back() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&["conan", "rust"].map(game));
    let tmux = Tmux::open(&sandbox, (80, 24), &sandbox.command(&["run"]));
    tmux.wait_line("2 running");
    tmux.wait_line("? keys");
    for _ in 0..2 {
        tmux.press(&["g", "c"]);
        tmux.wait_line("conan: attached");
        assert_eq!(tmux.pane("#{alternate_on}"), "0");
        tmux.press(&["say hello", "Enter"]);
        tmux.wait_line("hello");
        tmux.press(&["C-]"]);
        tmux.wait_line("> conan");
        assert_eq!(tmux.pane("#{alternate_on} #{cursor_flag}"), "1 0");
    }
    tmux.press(&["q"]);
    tmux.wait_line("[y/N]");
    tmux.press(&["y"]);
    tmux.wait_line("the watching has ended");
    assert_eq!(tmux.pane("#{alternate_on} #{cursor_flag}"), "0 1");
    sandbox.ok(&["stop", "--all"]);
}

/// The shell in which it was typed gets its terminal back, whatever ends it.
#[test]
#[ignore = "needs tmux"]
fn the_shell_has_its_terminal_afterwards() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game("a")]);
    let mut shell = sandbox.program("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    let tmux = Tmux::open(&sandbox, (80, 24), &shell);
    let program = crate::support::gamectl();
    let watch = format!("{} watch", program.display());
    let running = || {
        sandbox
            .processes()
            .into_iter()
            .find(|one| one.command.contains("gamectl watch"))
    };
    let begin = |number: usize| {
        tmux.press(&["clear", "Enter"]);
        tmux.press(&[&watch, "Enter"]);
        tmux.wait_line("1 stopped");
        tmux.wait_line("? keys");
        let begun = running().unwrap_or_else(|| panic!("{number}: no watch"));
        begun.pid
    };
    let is_given_back = |number: usize| {
        wait_until("its end", || running().is_none_or(|one| Process::is_frozen(one.pid)));
        // In two pieces, so that the line that is typed is not the one that is awaited.
        tmux.press(&[&format!("echo al''ive{number}"), "Enter"]);
        tmux.wait_line(&format!("alive{number}"));
        wait_until("the terminal", || tmux.pane("#{alternate_on} #{cursor_flag}") == "0 1");
    };
    begin(1);
    tmux.press(&["q"]);
    is_given_back(1);
    begin(2);
    tmux.press(&["C-c"]);
    is_given_back(2);
    let pid = begin(3);
    Process::signal(pid, Signal::SIGTERM);
    is_given_back(3);
    // Ctrl-Z and back.
    begin(4);
    tmux.press(&["C-z"]);
    is_given_back(4);
    tmux.press(&["fg", "Enter"]);
    tmux.wait_line("? keys");
    tmux.press(&["j"]);
    tmux.wait_line("> a");
    tmux.press(&["q"]);
    is_given_back(5);
    // What is killed gives nothing back: the shell repairs the modes, and these the screen.
    let pid = begin(6);
    Process::kill(pid);
    wait_until("its end", || running().is_none());
    tmux.press(&["tput rmcup; reset", "Enter"]);
    is_given_back(6);
    tmux.press(&["exit", "Enter"]);
    wait_until("everything to end", || running().is_none());
}
