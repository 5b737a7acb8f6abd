//! The claims of the README: its commands work, its exit codes are the program's,
//! and each claim beside others has tests that are there.

use std::collections::BTreeSet;

use crate::support::repository::{self, file, has_test};
use crate::support::{self, Background, Outcome, Sandbox, wait_until};

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
    let starts = [
        "src/",
        "tests/",
        "packaging/",
        "completions/",
        "man/",
        "docs/",
        "examples/",
    ];
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

/// A session of the README: each command with what it prints.
fn sessions(heading: &str) -> Vec<Vec<(String, Vec<String>)>> {
    let part = part(heading);
    let blocks = part.split("```console\n").skip(1);
    let session = |block: &str| {
        let mut commands: Vec<(String, Vec<String>)> = Vec::new();
        for line in block.split("```").next().unwrap_or_default().lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push((command.to_owned(), Vec::new())),
                None => commands.last_mut().expect("a command").1.push(line.to_owned()),
            }
        }
        commands
    };
    blocks.map(session).collect()
}

/// Types a command of the README into a shell, where no inventory is named.
fn typed(sandbox: &Sandbox, command: &str) -> Outcome {
    let folder = crate::support::gamectl();
    let folder = folder.parent().expect("a folder").display().to_string();
    let mut shell = sandbox.program("/bin/sh");
    shell.env_remove("GAMECTL_INVENTORY").args(["-c", command]);
    shell.env("PATH", format!("{folder}:/usr/bin:/bin"));
    Outcome::of(&[command], &shell.output().expect("run a shell"))
}

/// The words of lines in order, without what differs each time: numbers, and the
/// server that crashes when it likes.
fn lasting<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let differs = |word: &&str| !word.starts_with(|c: char| c.is_ascii_digit()) && !matches!(*word, "s" | "ms");
    let lines = lines.into_iter().filter(|line| !line.starts_with("demo-crashy"));
    let mut lasting: Vec<String> = lines
        .map(|line| line.split_whitespace().filter(differs).collect::<Vec<_>>().join(" "))
        .collect();
    lasting.sort();
    lasting
}

#[test]
fn the_tour_prints_what_is_shown() {
    let sandbox = Sandbox::new();
    std::fs::remove_file(sandbox.path("instances.yaml")).expect("remove it");
    let tour = sessions("Five minutes");
    for (command, shown) in &tour[0] {
        let shown = lasting(shown.iter().map(String::as_str));
        let says = || {
            let outcome = typed(&sandbox, command);
            lasting(outcome.stdout.lines().chain(outcome.stderr.lines()))
        };
        match command.contains(" logs ") {
            // The game answers when it likes.
            true => wait_until(command, || says() == shown),
            false => assert_eq!(says(), shown, "{command}"),
        }
    }
    let (command, shown) = &tour[2][0];
    assert!(command.starts_with("gamectl watch demo-slow"), "{command}");
    typed(&sandbox, "gamectl start --no-wait demo-slow").expect_code(0);
    let watched = typed(&sandbox, command).expect_code(0);
    let shown = shown.iter().map(String::as_str);
    assert_eq!(lasting(watched.stdout.lines()), lasting(shown), "{watched:#?}");
    typed(&sandbox, "gamectl stop --all").expect_code(0);
    sandbox.nothing_left();
}

#[test]
fn a_mistake_is_shown_as_it_stands_here() {
    let sandbox = Sandbox::new();
    let typo = "instances:\n  a:\n    process:\n      executible: /srv/game\n";
    std::fs::write(sandbox.path("typo.yaml"), typo).expect("write");
    let (command, shown) = &sessions("The inventory")[0][0];
    let outcome = typed(&sandbox, command).expect_code(6);
    assert_eq!(outcome.stderr.trim_end().lines().collect::<Vec<_>>(), *shown);
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

/// The hook of the README, with a `curl` that keeps what it would post.
#[test]
fn the_hook_posts_what_a_webhook_takes() {
    if !std::path::Path::new("/usr/bin/jq").exists() {
        return support::skipped("the_hook_posts_what_a_webhook_takes", "it needs jq");
    }
    let text = part("Hooks");
    let yaml = text.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let hook: String = yaml
        .expect("a hook")
        .lines()
        .map(|line| format!("    {line}\n"))
        .collect();
    let sandbox = Sandbox::new();
    let process = "    process: { executable: /bin/sh, args: [-c, 'exit 3'] }\n    restart: { policy: never }\n";
    sandbox.inventory_text(&format!("instances:\n  a:\n{process}{hook}"));
    std::fs::write(sandbox.path("webhook.url"), "http://discord.test/hook").expect("write");
    let path = sandbox.stand_in("curl", "{ echo \"$@\"; cat; } > posted.new && mv posted.new posted");
    let mut run = sandbox.command(&["run"]);
    run.env("PATH", path);
    let _run = Background::of(&mut run);
    wait_until("the hook", || sandbox.path("posted").exists());
    let posted = std::fs::read_to_string(sandbox.path("posted")).expect("what was posted");
    let (args, body) = posted.split_once('\n').expect("two parts");
    assert_eq!(args, "-sf --json @- http://discord.test/hook");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let content = body["content"].as_str().expect("a text");
    assert!(content.starts_with("a: crashed exit code 3"), "{content}");
}
