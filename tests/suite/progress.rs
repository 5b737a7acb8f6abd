//! `start`, `stop` and `restart` as somebody at a terminal sees them.

use nix::sys::signal::Signal;

use crate::support::{Instance, Process, Sandbox, Terminal, Tmux, wait_until};

/// Ready when its gate opens, and ended when the other one does.
fn game(sandbox: &Sandbox, id: &str) -> Instance {
    let (gate, save) = (sandbox.arg(&format!("{id}.gate")), sandbox.arg(&format!("{id}.save")));
    let args = ["boot", "--gate", &gate, "--save-gate", &save, "--ready", "up"];
    Instance::awkward(id, &args).ready_log("^up$")
}

/// Returns the lines without the parts in which two runs always differ.
fn masked(lines: &[String]) -> String {
    let spinner = regex::Regex::new(r"(?m)^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏|/\\-] ").expect("a pattern");
    let time = regex::Regex::new(r"\b\d+(\.\d+)? ?m?s\b").expect("a pattern");
    let pid = regex::Regex::new(r"pid \d+").expect("a pattern");
    let text = lines.join("\n");
    let text = spinner.replace_all(&text, "~ ");
    let text = pid.replace_all(&text, "pid N");
    time.replace_all(&text, "Ns").into_owned()
}

fn open(sandbox: &Sandbox, args: &[&str], columns: u16) -> Terminal {
    Terminal::sized(sandbox, &sandbox.command(args), (columns, 24))
}

#[test]
fn each_verb_says_what_it_waits_for_and_what_came_of_it() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "rust-main")]);
    let mut terminal = open(&sandbox, &["start", "rust-main"], 120);
    terminal.wait_line("waiting for ready");
    insta::assert_snapshot!(masked(&terminal.lines()), @"~ rust-main: starting, waiting for ready (log line), Ns of 5m");
    sandbox.touch("rust-main.gate");
    assert_eq!(terminal.ended(), Some(0));
    terminal.wait_line("ready after");
    insta::assert_snapshot!(masked(&terminal.lines()), @"● rust-main: ready after Ns");
    // Again: there is nothing to do.
    let mut terminal = open(&sandbox, &["start", "rust-main"], 80);
    assert_eq!(terminal.ended(), Some(0));
    terminal.wait_line("already");
    insta::assert_snapshot!(masked(&terminal.lines()), @"● rust-main: already running");
    let mut terminal = open(&sandbox, &["restart", "rust-main"], 80);
    terminal.wait_line("waiting for signal");
    insta::assert_snapshot!(masked(&terminal.lines()), @"~ rust-main: restarting, waiting for signal: TERM, Ns of 1m");
    // Who comes in between waits, and says for whom.
    let mut second = open(&sandbox, &["stop", "rust-main"], 120);
    second.wait_line("which holds it");
    insta::assert_snapshot!(masked(&second.lines()), @"~ rust-main: stopping, waiting for gamectl restart (pid N), which holds it, Ns");
    sandbox.touch("rust-main.save");
    assert_eq!(second.ended(), Some(0));
    assert_eq!(terminal.ended(), Some(1));
    terminal.wait_line("error: ");
    insta::assert_snapshot!(masked(&terminal.lines()), @r"
    error: rust-main: somebody asked for a stop meanwhile, and that wins: it was
           stopped and not started
    hint: `gamectl start rust-main` starts it again
    ");
    sandbox.nothing_left();
}

#[test]
fn a_failure_stands_below_what_came_before_it() {
    let sandbox = Sandbox::new();
    let (missing, fine) = (
        sandbox.arg("nowhere"),
        Instance::script("fine", "echo up; exec sleep 300"),
    );
    sandbox.inventory(&[Instance::program("gone", &missing, &[]), fine.ready_log("^up$")]);
    let mut terminal = open(&sandbox, &["start", "fine", "gone"], 120);
    assert_eq!(terminal.ended(), Some(1));
    terminal.wait_line("error: ");
    let mut lines = terminal.lines();
    // Who is first is not settled.
    lines.sort();
    let text = masked(&lines).replace(&missing, "/nowhere");
    insta::assert_snapshot!(text, @r"
    error: gone: there is no executable /nowhere
    hint: correct `executable:` in the inventory
    ● fine: ready after Ns
    ");
}

#[test]
fn an_interrupted_wait_gives_the_terminal_back() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    for (signal, code) in [(None, 130), (Some(Signal::SIGINT), 130), (Some(Signal::SIGTERM), 143)] {
        let mut terminal = open(&sandbox, &["start", "a"], 80);
        terminal.wait_line("a: starting");
        sandbox.wait_state("a", "starting");
        match signal {
            None => terminal.type_key(3),
            Some(signal) => Process::signal(terminal.gamectl(&sandbox), signal),
        }
        assert_eq!(terminal.ended(), Some(code), "{signal:?}");
        terminal.wait_line("interrupted: what was launched goes on starting");
        assert!(terminal.is_as_found(), "{signal:?}");
        let screen = terminal.screen();
        assert!(!screen.hide_cursor() && !screen.alternate_screen(), "{signal:?}");
        // No spinner is left behind.
        let lines = terminal.lines();
        assert!(
            !lines.iter().any(|line| line.contains("waiting for")),
            "{lines:#?} {:?}",
            terminal.text()
        );
        // The next word begins on a line of its own.
        assert_eq!(screen.cursor_position().1, 0, "{lines:#?}");
        assert_eq!(sandbox.state("a"), "starting");
    }
    sandbox.touch("a.save");
    sandbox.ok(&["stop", "a", "--now"]);
}

#[test]
fn fifty_at_once_stay_readable_on_a_small_terminal() {
    let sandbox = Sandbox::new();
    let all: Vec<Instance> = (0..50)
        .map(|number| {
            let script = format!(
                "while [ ! -e {} ]; do sleep 0.1; done; echo up; exec sleep 300",
                sandbox.arg("gate")
            );
            Instance::script(&format!("game-{number:02}"), &script).ready_log("^up$")
        })
        .collect();
    sandbox.inventory(&all);
    let mut terminal = open(&sandbox, &["start", "--all"], 80);
    wait_until("21 lines, and one for the rest", || {
        let lines = terminal.lines();
        let waiting = lines.iter().filter(|line| line.contains("waiting for ready")).count();
        let rest = lines.last().is_some_and(|line| line.ends_with(" and 29 more"));
        waiting == 21 && rest && lines.len() == 22
    });
    sandbox.touch("gate");
    assert_eq!(terminal.ended(), Some(0));
    terminal.wait_line("50 started");
    // Nothing but outcomes is left, each on a line of its own.
    let lines = terminal.lines();
    let (last, outcomes) = lines.split_last().expect("lines");
    assert_eq!(last, "50 started", "{lines:#?}");
    assert!(
        outcomes
            .iter()
            .all(|line| line.starts_with("● game-") && line.contains(": ready after ")),
        "{lines:#?}"
    );
    assert_eq!(terminal.text().matches("ready after ").count(), 50);
    sandbox.ok(&["stop", "--all", "--now"]);
}

/// Waits until nothing but this is there, also in what has scrolled away.
fn wait_masked(tmux: &Tmux<'_>, wanted: &str) {
    wait_until(&format!("{wanted:?} in tmux"), || {
        masked(&tmux.lines(&["-S", "-"])).trim() == wanted
    });
}

#[test]
#[ignore = "needs tmux"]
fn a_terminal_that_changes_its_width_keeps_no_old_lines() {
    let sandbox = Sandbox::new();
    let loading = |id: &str| {
        let gate = sandbox.arg(&format!("{id}.gate"));
        let script =
            format!("echo loading the world; while [ ! -e {gate} ]; do sleep 0.1; done; echo up; exec sleep 300");
        Instance::script(id, &script).ready_log("^up$")
    };
    sandbox.inventory(&["conan", "rust", "valheim"].map(loading));
    let tmux = Tmux::below_a_shell(&sandbox, (100, 24), &["start", "--all"]);
    wait_masked(
        &tmux,
        "\
~ conan: starting, waiting for ready (log line), Ns of 5m: loading the world
~ rust: starting, waiting for ready (log line), Ns of 5m: loading the world
~ valheim: starting, waiting for ready (log line), Ns of 5m: loading the world",
    );
    sandbox.touch("rust.gate");
    wait_masked(
        &tmux,
        "\
● rust: ready after Ns
~ conan: starting, waiting for ready (log line), Ns of 5m: loading the world
~ valheim: starting, waiting for ready (log line), Ns of 5m: loading the world",
    );
    tmux.resize(30, 24);
    wait_masked(
        &tmux,
        "\
● rust: ready after Ns
~ conan: starting, Ns
~ valheim: starting, Ns",
    );
    tmux.resize(60, 24);
    wait_masked(
        &tmux,
        "\
● rust: ready after Ns
~ conan: starting, waiting for ready (log line), Ns of 5m
~ valheim: waiting for ready (log line), Ns of 5m",
    );
    sandbox.touch("conan.gate");
    tmux.resize(36, 24);
    wait_masked(
        &tmux,
        "\
● rust: ready after Ns
● conan: ready after Ns
~ valheim: starting, Ns",
    );
    sandbox.touch("valheim.gate");
    wait_masked(
        &tmux,
        "\
● rust: ready after Ns
● conan: ready after Ns
● valheim: ready after Ns",
    );
    sandbox.ok(&["stop", "--all", "--now"]);
}
