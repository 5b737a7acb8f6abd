//! The claims of the README: its commands work, its exit codes are the program's,
//! and each claim beside others has tests that are there.

use std::collections::BTreeSet;

use crate::support::repository::{self, file, has_test};
use crate::support::{Outcome, Sandbox};

/// Returns the text between two headings.
fn part(heading: &str) -> String {
    let readme = file("README.md");
    let (_, rest) = readme.split_once(&format!("\n## {heading}\n")).expect("the heading");
    rest.split("\n## ").next().unwrap_or_default().to_owned()
}

/// Returns the texts in backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Every path of this repository that a document names is there.
#[test]
fn places_that_are_named_are_there() {
    let root = repository::root();
    let starts = ["src/", "tests/", "packaging/", "completions/", "man/"];
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = file(name);
        let words = text
            .split(['`', ' ', '\n', '(', ')'])
            .map(|word| word.trim_end_matches([',', '.', ';', ':']));
        let named = words.filter(|word| starts.iter().any(|start| word.starts_with(start)));
        for word in named.filter(|word| !word.contains("NAME") && !word.contains('*')) {
            assert!(root.join(word).exists(), "{name} names {word}");
        }
    }
}

#[test]
fn two_commands_try_it() {
    let part = part("Try it");
    let commands: Vec<&str> = part.split("```").skip(1).step_by(2).map(str::trim).collect();
    let [run, "cargo test"] = commands[..] else {
        panic!("{commands:?}")
    };
    let args = run.strip_prefix("cargo run --release -- ").expect("it runs gamectl");
    let args: Vec<&str> = args.split(' ').collect();
    let sandbox = Sandbox::new();
    let gamectl = |args: &[&str]| {
        let mut command = sandbox.command(args);
        command.current_dir(repository::root());
        Outcome::of(args, &command.output().expect("run gamectl"))
    };
    let started = gamectl(&args).expect_code(0);
    assert_eq!(started.stdout.matches("ready after").count(), 3, "{started:?}");
    gamectl(&["-f", "instances.example.yaml", "stop", "tag:demo"]).expect_code(0);
    sandbox.nothing_left();
}

#[test]
fn each_claim_beside_others_has_a_test() {
    let part = part("Beside others");
    let mut claimed = BTreeSet::new();
    let mut backed = BTreeSet::new();
    let (mut source, mut tests) = (String::new(), 0);
    for line in part.lines() {
        let number = |text: &str| text.parse::<u32>().ok();
        claimed.extend(
            line.split('[')
                .skip(1)
                .filter_map(|rest| number(rest.split(']').next()?)),
        );
        if let Some(number) = line.split_once(". ").and_then(|(start, _)| number(start)) {
            backed.insert(number);
        }
        if backed.is_empty() {
            continue;
        }
        for word in quoted(line) {
            if word.ends_with(".rs") {
                source = file(word);
            } else if !word.contains(' ') {
                assert!(has_test(&source, word), "there is no test {word}");
                tests += 1;
            }
        }
    }
    assert_eq!(claimed, backed);
    assert!(tests >= backed.len() && tests > 5, "{tests}");
}

#[test]
fn the_exit_codes_are_those_of_the_help() {
    let help = Sandbox::new().ok(&["--help"]).stdout;
    let table = part("Exit codes");
    let (_, codes) = help.split_once("Exit codes:\n").expect("the table");
    let known: Vec<&str> = codes
        .lines()
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|word| word.parse::<u8>().is_ok())
        .collect();
    assert_eq!(known.len(), 10, "{known:?}");
    for code in known {
        assert!(
            table.contains(&format!("| {code} |")) || table.contains(&format!("| {code}, ")),
            "{code}"
        );
    }
}

#[test]
fn the_unit_is_the_one_of_the_package() {
    let readme = file("README.md");
    let shown = readme
        .split("```ini\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let unit = file("packaging/gamectl.service");
    for line in shown.expect("a unit").lines().filter(|line| !line.starts_with('#')) {
        assert!(unit.lines().any(|one| one == line), "{line}");
    }
}
