//! Inventories that were written to break their reader, or by a cat on the
//! keyboard: each is answered in time, and what is told is within the text.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use gamectl::inventory::{Inventory, Problem, Problems, parse};
use proptest::prelude::*;

fn check(text: impl AsRef<[u8]>) -> Result<Inventory, Problems> {
    let variables = |name: &str| (name == "HOME").then(|| OsString::from("/home/me"));
    parse(text.as_ref(), "f.yaml", Path::new("/srv/games"), &variables)
}

fn told(problem: &Problem) -> String {
    match (problem.line, problem.column) {
        (Some(line), Some(column)) => format!("{line}:{column} {}", problem.message),
        _ => problem.message.clone(),
    }
}

/// Far more than any of them takes, unoptimised and on a busy machine: this is for
/// what never ends.
const PATIENCE: Duration = Duration::from_secs(60);

#[track_caller]
fn in_time(what: &str, text: &str) -> Vec<String> {
    let begin = Instant::now();
    let told = match check(text) {
        Ok(_) => Vec::new(),
        Err(problems) => problems.list.iter().map(told).collect(),
    };
    let took = begin.elapsed();
    assert!(took < PATIENCE, "{what} took {took:?}");
    told
}

#[test]
fn far_too_deep() {
    const SIZE: usize = 1 << 20;
    for piece in [
        "[",
        "{a: ",
        "- ",
        "[[{a: ",
        "? ",
        "instances: {",
        "a: [",
        "!x [",
        "&x [",
        "[ # \n",
    ] {
        let text = piece.repeat(SIZE / piece.len());
        let told = in_time(piece, &text);
        assert_eq!(told.len(), 1, "{piece}: {told:?}");
    }
    let brackets = format!("instances:\n  a: {}{}\n", "[".repeat(6000), "]".repeat(6000));
    let told = in_time("brackets", &brackets);
    assert_eq!(told.len(), 1, "{told:?}");
    let stairs: String = (0..500).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    let told = in_time("stairs", &stairs);
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn alias_bombs() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..20 {
        let before = format!("*a{}, ", n - 1);
        text += &format!("a{n}: &a{n} [{}]\n", before.repeat(10));
    }
    for end in [
        "instances: *a19\n",
        "instances: { a: { tags: *a19 } }\n",
        "instances: { a: { process: { args: *a19 } } }\n",
        "instances: {}\nz: *a19\n",
    ] {
        let told = in_time(end, &format!("{text}{end}"));
        assert!(!told.is_empty(), "{end}");
    }
    // A long text many times over.
    let long = format!(
        "x: &x {}\ninstances: {{ a: {{ process: {{ executable: /x, args: [{}] }} }} }}\n",
        "long".repeat(20_000),
        "*x, ".repeat(200_000)
    );
    in_time("long", &long);
}

#[test]
fn aliases_that_hold_themselves() {
    for text in [
        "instances: &x { a: *x }\n",
        "instances: &x\n  a:\n    process: *x\n",
        "&x instances: *x\n",
        "instances: { a: { tags: &x [*x] } }\n",
        "defaults: &d { restart: *d }\ninstances: {}\n",
        "defaults: &d { tags: &t [a, *t] }\ninstances: {}\n",
        "&a [*a]\n",
    ] {
        let told = in_time(text, text);
        assert!(!told.is_empty(), "{text}");
    }
}

#[test]
fn much_of_everything() {
    let repeated = |piece: fn(usize) -> String| (0..40_000).map(piece).collect::<String>();
    for text in [
        repeated(|n| format!("  i{n}: {{}}\n")),
        repeated(|n| format!("  I{n}: {{}}\n")),
        repeated(|n| format!("  i{}: {{}}\n", n / 2)),
        repeated(|n| format!("  i{n}: {{x: 1}}\n")),
        repeated(|n| format!("  i{n}: [a]\n")),
        repeated(|n| format!("  i{n}: {{tags: [x, 'y y']}}\n")),
        format!("  a: {{ tags: [{}] }}\n", "x y, ".repeat(100_000)),
        format!(
            "  a: {{ process: {{ executable: /x, args: [{}] }} }}\n",
            "1, ".repeat(200_000)
        ),
        format!(
            "  a: {{ process: {{ executable: /x, env: {{ {} }} }} }}\n",
            "a: b, ".repeat(100_000)
        ),
    ] {
        let text = format!("instances:\n{text}");
        let told = in_time(&text[..40], &text);
        assert!(told.len() <= 101, "{}", told.len());
    }
}

#[test]
fn odd_but_whole_texts() {
    for text in [
        "%YAML 1.2\n---\ninstances: {}\n",
        "%YAML 9.9\n---\ninstances: {}\n",
        "%TAG ! tag:x,2000:\n---\ninstances: !map {}\n",
        "instances: !!map {}\n",
        "instances: !!str {}\n",
        "instances: !<tag:yaml.org,2002:int> a\n",
        "!x\n",
        "*\n",
        "&\n",
        "? \n",
        ":\n",
        "-\n",
        "--- |\n text\n",
        "\0",
        "instances: \u{0}",
        "instances: {}\n\u{7f}",
        "instances: {}\u{2028}",
        "\u{feff}\u{feff}instances: {}\n",
        "instances: \"\\ud800\"\n",
        "instances: \"\\x",
        "instances: |9\n",
        "...\n",
        "}",
        "]",
        ",",
        "`",
    ] {
        in_time(text, text);
    }
}

#[test]
fn long_defaults_for_many() {
    let many: String = (0..40_000).map(|n| format!("  i{n}:\n")).collect();
    let long = "x".repeat(300_000);
    for default in [
        format!("tags: [{long}]"),
        format!("stop: [{{ stdin: {} }}]", &long[..4000]),
        format!("ready: {{ exec: [{long}] }}"),
        format!("ready: {{ log: {long} }}"),
        format!("ready: {{ tcp: '{long}:1' }}"),
    ] {
        in_time(
            &default[..20],
            &format!("defaults: {{ {default} }}\ninstances:\n{many}"),
        );
    }
}

/// Whatever is reported is within the text.
#[track_caller]
fn within(bytes: &[u8]) {
    let Err(problems) = check(bytes) else { return };
    assert!(!problems.list.is_empty());
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    for problem in &problems.list {
        assert!(!problem.message.is_empty());
        assert!(!problem.message.contains('\u{1}'), "{problem:?}");
        let (Some(line), Some(column)) = (problem.line, problem.column) else {
            continue;
        };
        let mut lines = text.split('\n');
        let found = lines.nth(line as usize - 1);
        let found = found.unwrap_or_else(|| panic!("there is no line {line}: {problem:?}"));
        assert!(
            (column as usize) <= found.chars().count() + 1,
            "line {line} is {found:?}: {problem:?}"
        );
        if let Some(excerpt) = &problem.excerpt {
            assert!(!excerpt.contains(char::is_control), "{problem:?}");
            assert!((problem.caret as usize) <= excerpt.chars().count(), "{problem:?}");
        }
    }
}

fn pieces() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "instances:",
        "defaults:",
        "a:",
        "process:",
        "executable:",
        "/bin/x",
        "args:",
        "env:",
        "tags:",
        "stop:",
        "stdin:",
        "signal:",
        "TERM",
        "ready:",
        "log:",
        "tcp:",
        "exec:",
        "restart:",
        "give_up:",
        "times:",
        "3",
        "~",
        "null",
        "true",
        "1.5",
        "*x",
        "&x",
        "!t",
        "|",
        ">",
        "'",
        "\"",
        "[",
        "]",
        "{",
        "}",
        ",",
        "-",
        "?",
        ":",
        "#",
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        " ",
        "\t",
        "\r\n",
        "---",
        "...",
        "<<:",
        "\\",
        "\u{feff}",
        "ü",
        "日",
        "${HOME}",
        "${NOPE}",
        "\u{85}",
        "\u{2028}",
        "%",
        "@",
        "`",
    ]);
    prop::collection::vec(
        prop_oneof![4 => words.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)],
        0..40,
    )
    .prop_map(|pieces| pieces.concat())
}

const WHOLE: &str = "\
# everything
defaults:
  tags: [eu]
  restart: { policy: on-failure, delay: 2s, max_delay: 30s, give_up: { times: 3, within: 5m } }
instances:
  rust-main: &rust
    tags: [pvp, \"wïde\"]
    autostart: false
    process:
      executable: bin/rust
      args: [\"-batchmode\", '+port', 28015, NO]
      cwd: ./rust
      env: { LIBS: \"${HOME}/lib\", \"PASSWORD\": hunter2 }
      env_file: secrets.env
      user: rust
      tty: true
      log: { max_size: 10MiB, keep: 3 }
    ready: { log: '^ready$', tcp: 127.0.0.1:28015, timeout: 15m }
    stop:
      - { stdin: \"quit\", wait: 60s }
      - { signal: INT }
  other: *rust
";

#[test]
fn the_whole_text_is_valid() {
    assert_eq!(check(WHOLE).unwrap().instances.len(), 2);
}

#[test]
fn the_whole_text_cut_anywhere() {
    for end in 0..WHOLE.len() {
        within(&WHOLE.as_bytes()[..end]);
        within(&WHOLE.as_bytes()[end..]);
    }
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        within(&bytes);
    }

    #[test]
    fn any_text(text in "\\PC{0,100}") {
        within(text.as_bytes());
    }

    #[test]
    fn any_pieces(text in pieces()) {
        within(text.as_bytes());
    }

    #[test]
    fn valid_text_with_slips(at in 0..WHOLE.len(), len in 0_usize..12, put in pieces()) {
        let mut text = WHOLE.as_bytes().to_vec();
        let end = (at + len).min(text.len());
        text.splice(at..end, put.bytes().take(16));
        within(&text);
    }

    #[test]
    fn valid_text_with_lines_moved(from in 0_usize..24, to in 0_usize..24, indent in 0_usize..9) {
        let mut lines: Vec<String> = WHOLE.lines().map(str::to_owned).collect();
        let line = lines.remove(from % lines.len());
        let line = format!("{}{}", " ".repeat(indent), line.trim_start());
        lines.insert(to % (lines.len() + 1), line);
        within(lines.join("\n").as_bytes());
    }
}
