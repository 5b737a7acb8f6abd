//! Completions, by real shells with a real inventory.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::support::repository;
use crate::support::{self, Instance, Sandbox, Terminal};

fn sandbox() -> Sandbox {
    let tagged = |id: &str, tags: &[&str]| Instance::script(id, "").with("tags", json!(tags));
    Sandbox::with(&[
        tagged("rust-main", &["pvp", "eu"]),
        tagged("rust-test", &["pvp"]),
        tagged("conan", &[]),
    ])
}

fn script(name: &str) -> PathBuf {
    repository::root().join("completions").join(name)
}

/// A shell that finds gamectl, in the sandbox.
fn shell(sandbox: &Sandbox, program: &str, args: &[&str]) -> Command {
    let ours = support::gamectl().parent().expect("a folder").display().to_string();
    let path = format!("{ours}:{}", std::env::var("PATH").unwrap_or_default());
    let mut command = sandbox.program(program);
    command.args(args).env("PATH", path);
    command
}

/// Returns the words that bash offers behind this line at a press of Tab.
fn offered(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let drive = r#"
        source "$1"; COMP_LINE="$2"; COMP_POINT=${#COMP_LINE}
        read -ra COMP_WORDS <<< "$COMP_LINE"
        [[ "$COMP_LINE" == *' ' ]] && COMP_WORDS+=('')
        COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
        how=$(complete -p gamectl); how="${how##*-F }"
        "${how%% *}" gamectl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = shell(sandbox, "bash", &["--norc", "-c", drive, "bash"]);
    let output = bash.arg(script("gamectl.bash")).arg(line).output().expect("run bash");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_offers_what_the_inventory_has() {
    let sandbox = sandbox();
    for (line, wanted) in [
        ("gamectl start r", &["rust-main", "rust-test"][..]),
        (
            "gamectl stop ",
            &["conan", "rust-main", "rust-test", "tag:eu", "tag:pvp"],
        ),
        // Behind a colon readline has begun a new word.
        ("gamectl status tag:p", &["pvp"]),
        ("gamectl send co", &["conan"]),
        ("gamectl games xo", &["xonotic"]),
        ("gamectl init rust", &["rust"]),
        ("gamectl completions z", &["zsh"]),
        ("gamectl sen", &["send"]),
        ("gamectl start --no", &["--no-wait", "--no-needs"]),
    ] {
        assert_eq!(offered(&sandbox, line), wanted, "{line}");
    }
}

#[test]
fn the_inventory_that_is_named_counts() {
    let sandbox = sandbox();
    std::fs::write(sandbox.path("other.yaml"), "instances: {minecraft: {}}").expect("write a file");
    assert_eq!(offered(&sandbox, "gamectl -f other.yaml start m"), ["minecraft"]);
    assert_eq!(
        offered(&sandbox, "gamectl start --inventory other.yaml m"),
        ["minecraft"]
    );
}

#[test]
fn what_cannot_be_read_offers_nothing_and_says_nothing() {
    let sandbox = Sandbox::new();
    sandbox.inventory_text("instances: [");
    let outcome = sandbox.ok(&["__complete", "", "start"]);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("", ""));
}

/// Types lines with their Tabs at a shell, and waits for what it makes of each.
fn typed(mut shell: Terminal, lines: &[(&str, &str)]) {
    for (line, wanted) in lines {
        shell.type_text(line);
        shell.wait(wanted);
        // Ctrl-U takes the line away. Ctrl-C would take what is typed next, too.
        shell.type_key(0x15);
    }
    shell.type_text("exit\n");
    assert!(shell.ended().is_some());
}

#[test]
fn a_person_at_bash_presses_tab() {
    let sandbox = sandbox();
    let mut bash = shell(&sandbox, "bash", &["--norc", "--noprofile", "-i"]);
    bash.env("PS1", "ready> ")
        .env("HISTFILE", "")
        .env("INPUTRC", "/dev/null");
    let mut terminal = Terminal::of(&sandbox, &bash);
    terminal.wait("ready> ");
    terminal.type_text(&format!("source {}\n", script("gamectl.bash").display()));
    typed(
        terminal,
        &[
            ("gamectl start rust-m\t", "gamectl start rust-main "),
            ("gamectl stop tag:p\t", "gamectl stop tag:pvp "),
            ("gamectl restart \t\t", "tag:eu"),
            ("gamectl init v-r\t", "gamectl init v-rising "),
            ("gamectl games pal\t", "gamectl games palworld "),
            ("gamectl comple\tzs\t", "gamectl completions zsh "),
        ],
    );
}

#[test]
#[ignore = "needs zsh"]
fn a_person_at_zsh_presses_tab() {
    let sandbox = sandbox();
    let folder = script("").display().to_string();
    let mut terminal = Terminal::of(&sandbox, shell(&sandbox, "zsh", &["-f", "-i"]).env("PS1", "ready> "));
    terminal.wait("ready> ");
    terminal.type_text(&format!(
        "fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; print all'-'set\n"
    ));
    terminal.wait("all-set");
    typed(
        terminal,
        &[
            ("gamectl start rust-m\t", "rust-main"),
            ("gamectl stop tag:p\t", "tag:pvp"),
            ("gamectl games pal\t", "palworld"),
            ("gamectl restart --dry\t", "--dry-run"),
        ],
    );
}

#[test]
#[ignore = "needs fish"]
fn fish_offers_what_the_inventory_has() {
    let sandbox = sandbox();
    for (line, wanted) in [
        ("gamectl start r", &["rust-main", "rust-test"][..]),
        ("gamectl status tag:p", &["tag:pvp"]),
        ("gamectl games xo", &["xonotic"]),
        ("gamectl start --no-w", &["--no-wait"]),
    ] {
        let drive = "source $argv[1]; complete -C $argv[2]";
        let mut fish = shell(&sandbox, "fish", &["--no-config", "-c", drive]);
        let output = fish.arg(script("gamectl.fish")).arg(line).output().expect("run fish");
        let text = String::from_utf8(output.stdout).expect("text");
        // A description follows a tab.
        let words: Vec<&str> = text.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(words, wanted, "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
#[ignore = "needs elvish"]
fn a_person_at_elvish_presses_tab() {
    let sandbox = sandbox();
    let rc = format!(
        "eval (slurp < {}); set edit:prompt = {{ put 'ready> ' }}",
        script("gamectl.elv").display()
    );
    std::fs::write(sandbox.path("rc.elv"), rc).expect("write a file");
    let mut elvish = shell(&sandbox, "elvish", &["-rc", "rc.elv"]);
    // Where it finds no room for its history it leaves no daemon behind.
    elvish
        .env("XDG_STATE_HOME", "/dev/null")
        .env("XDG_DATA_HOME", "/dev/null");
    let mut terminal = Terminal::sized(&sandbox, &elvish, (100, 24));
    terminal.wait_line("ready>");
    for (line, wanted) in [
        ("gamectl start rust-m\t", "gamectl start rust-main"),
        // Its own list ends where an id is.
        ("gamectl start conan rust-t\t", "gamectl start conan rust-test"),
        ("gamectl stop tag:p\t", "gamectl stop tag:pvp"),
        ("gamectl games pal\t", "gamectl games palworld"),
        ("gamectl restart --dry\t", "gamectl restart --dry-run"),
        ("gamectl completions zs\t", "gamectl completions zsh"),
    ] {
        terminal.type_text(line);
        // It draws no more than what has changed.
        terminal.wait_line(wanted);
        terminal.type_key(0x15);
    }
    terminal.type_text("exit\r");
    assert!(terminal.ended().is_some());
}
