//! Answers of the built binary to impossible requests: the exit code, the cause,
//! the next step, and nothing changed.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;

use serde_json::json;

use crate::support::{self, Instance, Outcome, Sandbox};

/// Somebody who is nobody.
const NOBODY: u32 = 65534;

fn simple(id: &str) -> Instance {
    Instance::script(id, "echo up; read line").ready_log("^up$")
}

/// Runs gamectl, which must fail like this and say all of these words.
#[track_caller]
fn refused(sandbox: &Sandbox, args: &[&str], code: i32, words: &[&str]) {
    says(&sandbox.run(args).expect_code(code), words);
}

#[track_caller]
fn says(outcome: &Outcome, words: &[&str]) {
    for word in words {
        assert!(outcome.stderr.contains(word), "{word:?} is not in {outcome:#?}");
    }
    assert!(!outcome.stderr.contains("panicked"), "{outcome:#?}");
}

/// Nothing was started, and no state made.
#[track_caller]
fn untouched(sandbox: &Sandbox) {
    assert!(!sandbox.state_dir().exists(), "a state directory was made");
    assert_eq!(sandbox.processes(), []);
}

#[test]
fn the_command_line() {
    let sandbox = Sandbox::with(&[simple("rust-main").with("tags", json!(["pvp"])), simple("rust-test")]);
    for (args, code, words) in [
        (&["strat", "rust-main"][..], 2, &["strat", "start"][..]),
        (&["frobnicate"], 2, &["frobnicate", "--help"]),
        (&[], 2, &["Usage"]),
        (&["start"], 2, &["start what?", "--all"]),
        (&["stop"], 2, &["stop what?", "--all"]),
        (&["restart"], 2, &["restart what?", "--all"]),
        (&["logs"], 2, &["logs what?"]),
        (&["start", "--frob", "rust-main"], 2, &["--frob"]),
        (&["start", "--all", "rust-main"], 2, &["--all"]),
        (&["status", "-f", "x.yaml"], 2, &["'-f'", "gamectl -f x.yaml status"]),
        (
            &["start", "rust-mian"],
            4,
            &["there is no instance `rust-mian`", "did you mean `rust-main`?"],
        ),
        (&["stop", "rust-mian"], 4, &["rust-mian", "did you mean"]),
        (&["status", "rust-mian"], 4, &["rust-mian", "did you mean"]),
        (&["logs", "rust-mian"], 4, &["rust-mian", "did you mean"]),
        (&["restart", "../../etc"], 4, &["../../etc", "gamectl status"]),
        (&["start", ""], 4, &["there is no instance"]),
        (
            &["start", "conan-*"],
            4,
            &["no instance matches `conan-*`", "gamectl status"],
        ),
        (&["start", "rust-["], 2, &["`rust-[` is not a pattern"]),
        (
            &["start", "tag:pve"],
            4,
            &["no instance has the tag `pve`", "did you mean `tag:pvp`?"],
        ),
        (&["start", "tag:"], 4, &["no instance has the tag"]),
        (&["start", "rust-main", "nobody"], 4, &["there is no instance `nobody`"]),
        (&["start", "rust-main", "--timeout", "10"], 2, &["--timeout", "10s"]),
        (&["start", "rust-main", "--timeout", "soon"], 2, &["--timeout", "soon"]),
        (&["stop", "rust-main", "--timeout", "-5s"], 2, &["-5"]),
        (&["stop", "rust-main", "--lock-wait", "x"], 2, &["--lock-wait", "x"]),
        (&["logs", "rust-main", "-n", "many"], 2, &["many"]),
        (&["status", "--color", "pink"], 2, &["pink", "auto"]),
    ] {
        refused(&sandbox, args, code, words);
        untouched(&sandbox);
    }
    // The others that were named with it were not started either.
    assert_eq!(sandbox.state("rust-main"), "stopped");
}

#[test]
fn no_inventory() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.path("instances.yaml")).expect("remove");
    let output = sandbox.command(&["status"]).env_remove("GAMECTL_INVENTORY").output();
    let outcome = Outcome::of(&["status"], &output.expect("run gamectl")).expect_code(6);
    let config = sandbox.arg("home/.config/gamectl/instances.yaml");
    says(
        &outcome,
        &["./instances.yaml", &config, "/etc/gamectl/instances.yaml", "-f FILE"],
    );
    for args in [&["status"][..], &["start", "--all"], &["stop", "a"], &["logs", "a"]] {
        refused(
            &sandbox,
            args,
            6,
            &[&sandbox.arg("instances.yaml"), "there is no such file", "-f"],
        );
    }
    fs::create_dir(sandbox.path("instances.yaml")).expect("a folder");
    refused(&sandbox, &["start", "--all"], 6, &["it is a directory", "hint: "]);
    untouched(&sandbox);
}

#[test]
fn an_inventory_that_is_too_large_or_goes_on_for_ever() {
    let sandbox = Sandbox::new();
    sandbox.inventory_text(&format!("instances: {{}}\n{}", "# much\n".repeat(300_000)));
    refused(&sandbox, &["status"], 6, &["larger than 1 MiB"]);
    refused(&sandbox, &["-f", "/dev/zero", "status"], 6, &["larger than 1 MiB"]);
    refused(&sandbox, &["-f", "/dev/null", "status"], 6, &["the inventory is empty"]);
}

#[test]
fn an_inventory_on_standard_input() {
    let sandbox = Sandbox::new();
    let good = b"instances: { a: { process: { executable: /bin/true } } }\n";
    let outcome = sandbox
        .run_with_stdin(&["-f", "-", "status", "--json"], good)
        .expect_code(3);
    assert_eq!(outcome.json()["instances"][0]["id"], "a");
    let bad = sandbox
        .run_with_stdin(&["-f", "-", "status"], b"instance: {}\n")
        .expect_code(6);
    says(&bad, &["<stdin>:1:1", "did you mean `instances`?"]);
    says(
        &sandbox.run_with_stdin(&["-f", "-", "status"], b"").expect_code(6),
        &["empty"],
    );
}

#[test]
fn an_inventory_that_may_not_be_read() {
    if !support::is_root("an_inventory_that_may_not_be_read") {
        return;
    }
    let sandbox = Sandbox::new();
    fs::set_permissions(sandbox.dir(), Permissions::from_mode(0o755)).expect("open the folder");
    fs::set_permissions(sandbox.path("instances.yaml"), Permissions::from_mode(0o600)).expect("close the file");
    let output = sandbox.command(&["status"]).uid(NOBODY).gid(NOBODY).output();
    let outcome = Outcome::of(&["status"], &output.expect("run gamectl")).expect_code(6);
    says(&outcome, &["permission denied", "hint: ", "instances.yaml"]);
}

#[test]
fn problems_are_shown_with_their_lines_and_nothing_is_touched() {
    let sandbox = Sandbox::new();
    sandbox.inventory_text("instances:\n  a:\n    proces: {}\n    stop: [{ signal: TREM }]\n  a: {}\n");
    let file = sandbox.arg("instances.yaml");
    for args in [
        &["start", "--all"][..],
        &["stop", "--all"],
        &["restart", "a"],
        &["status"],
        &["logs", "a"],
        &["start", "a", "--dry-run"],
    ] {
        let words = [
            &format!("{file}:3:5"),
            "3 |     proces: {}",
            "^^^^^^",
            "did you mean `process`?",
            &format!("{file}:4:22"),
            "there is no signal `TREM`",
            "`a` is given twice",
            "first given here: line 2",
            "3 problems",
        ];
        refused(&sandbox, args, 6, &words);
        untouched(&sandbox);
    }
}

#[test]
fn errors_as_json() {
    let sandbox = Sandbox::with(&[simple("rust-main")]);
    let error = |outcome: Outcome| {
        let error = outcome.json();
        assert_eq!(error["schema"], 1, "{outcome:?}");
        for key in ["kind", "message", "hint", "file", "line", "column"] {
            assert!(error["error"].get(key).is_some(), "{key} is missing: {error}");
        }
        let message = error["error"]["message"].as_str().expect("a message");
        assert!(
            outcome.stderr.contains(message.lines().next().unwrap_or_default()),
            "{outcome:?}"
        );
        error["error"].clone()
    };
    let unknown = error(sandbox.run(&["start", "rust-mian", "--json"]).expect_code(4));
    assert_eq!(unknown["kind"], "unknown");
    assert_eq!(unknown["hint"], "did you mean `rust-main`?");
    assert_eq!(unknown["line"], json!(null));
    assert_eq!(error(sandbox.run(&["start", "--json"]).expect_code(2))["kind"], "usage");
    assert_eq!(error(sandbox.run(&["strat", "--json"]).expect_code(2))["kind"], "usage");
    assert_eq!(error(sandbox.run(&["--json"]).expect_code(2))["kind"], "usage");
    sandbox.inventory_text("instances:\n  a: { proces: {} }\n  b: 1\n");
    let invalid = sandbox.run(&["status", "--json"]).expect_code(6);
    assert_eq!(invalid.json()["problems"].as_array().map(Vec::len), Some(2));
    let invalid = error(invalid);
    assert_eq!(invalid["kind"], "inventory");
    assert_eq!(invalid["file"], sandbox.arg("instances.yaml"));
    assert_eq!((&invalid["line"], &invalid["column"]), (&json!(2), &json!(8)));
    fs::remove_file(sandbox.path("instances.yaml")).expect("remove");
    let missing = error(sandbox.run(&["status", "--json"]).expect_code(6));
    assert_eq!(missing["kind"], "inventory");
    assert_eq!(missing["file"], sandbox.arg("instances.yaml"));
}

#[test]
fn secrets_stay_where_they_are() {
    let sandbox = Sandbox::new();
    sandbox.inventory_text(
        "instances:\n  a:\n    process:\n      executable: /bin/sh\n      args: [-password, c4n4ry, -token, [c4n4ry]]\n      env: { TOKEN: c4n4ry, B: [c4n4ry], C: \"${NOPE}c4n4ry\" }\n",
    );
    for args in [&["status"][..], &["start", "--all", "-vv"], &["status", "--json"]] {
        let outcome = sandbox.run(args).expect_code(6);
        assert!(!outcome.stderr.contains("c4n4ry"), "{outcome:?}");
        assert!(!outcome.stdout.contains("c4n4ry"), "{outcome:?}");
    }
}

#[test]
fn an_answer_that_cannot_be_written() {
    let sandbox = Sandbox::with(&[simple("a")]);
    let full = || Stdio::from(File::options().write(true).open("/dev/full").expect("/dev/full"));
    for args in [
        &["status", "--json"][..],
        &["status"],
        &["--help"],
        &["completions", "bash"],
    ] {
        let output = sandbox.command(args).stdout(full()).output();
        let outcome = Outcome::of(args, &output.expect("run gamectl")).expect_code(1);
        says(&outcome, &["could not be written", "No space left"]);
    }
    // A reader that is gone is not an error; what was found out still is.
    for (args, code) in [
        (&["status"][..], 3),
        (&["status", "--json"], 3),
        (&["completions", "bash"], 0),
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = sandbox.command(args).stdout(writer).output();
        let outcome = Outcome::of(args, &output.expect("run gamectl")).expect_code(code);
        assert_eq!(outcome.stderr, "", "{outcome:?}");
    }
}

/// A file that a program without standard streams opens must not take their
/// numbers, or the program's answer would land in its records.
#[test]
fn closed_standard_streams() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[Instance::awkward("a", &["serve", "--say", "one"])]);
    for verb in ["start", "status", "logs", "restart", "stop"] {
        let closing = ["/bin/sh", "-c", "exec \"$@\" <&- >&- 2>&-", "sh"];
        sandbox.run_under(&closing, &[verb, "a"]).expect_code(0);
    }
    let console = sandbox.console("a");
    assert_eq!(console, "one\nsaved\n".repeat(2), "two launches, and nothing else");
}

/// `kubectl help VERB` and `docker help VERB` are in many fingers.
#[test]
fn help_is_a_word_too() {
    let sandbox = Sandbox::new();
    for (asked, same) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "start"], &["start", "--help"]),
    ] {
        assert_eq!(sandbox.ok(asked).stdout, sandbox.ok(same).stdout, "{asked:?}");
    }
    refused(&sandbox, &["help", "strat"], 2, &["strat", "start"]);
}

/// A pipe that a shell makes of `<(...)` is read, a FIFO too; what nobody writes to is
/// given up, and what has no end is cut short.
#[test]
fn inventories_that_are_no_plain_files() {
    let sandbox = Sandbox::with(&[simple("a")]);
    let gamectl = support::gamectl().display().to_string();
    let script = format!("'{gamectl}' -f <(sleep 0.1; cat instances.yaml) status --json");
    let output = sandbox
        .program("bash")
        .args(["-c", &script])
        .output()
        .expect("run bash");
    let row = Outcome::of(&[&script], &output).expect_code(3).json();
    assert_eq!(row["instances"][0]["id"], "a", "{row:#}");
    let script = format!("mkfifo fed; cat instances.yaml >fed & exec '{gamectl}' -f fed status");
    let output = sandbox
        .program("bash")
        .args(["-c", &script])
        .output()
        .expect("run bash");
    Outcome::of(&[&script], &output).expect_code(3);
    let made = sandbox.program("mkfifo").arg("fifo").status().expect("run mkfifo");
    assert!(made.success());
    refused(
        &sandbox,
        &["-f", "fifo", "status"],
        6,
        &["a FIFO, and nobody has written to it", "hint: "],
    );
    refused(&sandbox, &["-f", "/dev/zero", "status"], 6, &["larger than 1 MiB"]);
    refused(&sandbox, &["-f", "/dev/null", "status"], 6, &["the inventory is empty"]);
}

/// One wrong key in one instance keeps nobody from stopping and reading the others.
#[test]
fn a_mistake_in_one_instance_is_passed_over() {
    let sandbox = Sandbox::with(&[simple("a"), simple("b"), simple("c")]);
    sandbox.ok(&["start", "a", "b", "c"]);
    let broken = simple("b").with("proces", json!({}));
    sandbox.inventory(&[simple("a"), broken.clone(), simple("c")]);
    for args in [
        &["status", "a"][..],
        &["logs", "a"],
        &["send", "c", "x"],
        &["status", "[ac]"],
    ] {
        let outcome = sandbox.run(args);
        assert!(!outcome.stderr.contains("proces"), "{outcome:?}");
        assert!(matches!(outcome.code, Some(0 | 1 | 3)), "{outcome:?}");
    }
    let all = sandbox.run(&["status", "--json"]).expect_code(6);
    says(&all, &["unknown key `proces`"]);
    let all = all.json();
    assert_eq!(all["error"]["kind"], "inventory", "{all:#}");
    let rows = all["instances"].as_array().expect("rows");
    let row = rows
        .iter()
        .find(|row| row["id"] == "b")
        .expect("the row of what runs all the same");
    assert_eq!(
        (&row["state"], &row["note"]),
        (&json!("running"), &json!(null)),
        "{row:#}"
    );
    // What is asked to run, or is sent to, has to be whole.
    for args in [
        &["start", "a"][..],
        &["restart", "a"],
        &["run"],
        &["send", "b", "-"],
        &["console", "b"],
    ] {
        refused(&sandbox, args, 6, &["unknown key `proces`"]);
    }
    refused(&sandbox, &["status", "d"], 4, &["no instance `d`"]);
    sandbox.ok(&["stop", "c"]);
    refused(&sandbox, &["stop", "--all"], 6, &["unknown key `proces`"]);
    sandbox.nothing_left();
    // One that was never started can be named, too.
    sandbox.inventory(&[simple("a"), broken, Instance::script("never", "").with("zzz", json!(1))]);
    refused(&sandbox, &["stop", "never", "a"], 6, &["unknown key `zzz`"]);
    // A mistake outside of the instances concerns them all.
    sandbox.inventory_text("defaults: {zzz: 1}\ninstances: {a: {}}\n");
    refused(&sandbox, &["status", "a"], 6, &["unknown key `zzz`"]);
}

/// Root types a verb in a folder of somebody else.
#[test]
fn an_inventory_of_a_stranger_must_be_named() {
    if !support::is_root("an_inventory_of_a_stranger_must_be_named") {
        return;
    }
    let sandbox = Sandbox::with(&[simple("a")]);
    let file = sandbox.path("instances.yaml");
    let status = |args: &[&str]| {
        let output = sandbox.command(args).env_remove("GAMECTL_INVENTORY").output();
        Outcome::of(args, &output.expect("run gamectl"))
    };
    status(&["status"]).expect_code(3);
    std::os::unix::fs::chown(&file, Some(NOBODY), None).expect("chown");
    let outcome = status(&["status"]).expect_code(6);
    says(&outcome, &["belongs to uid 65534", "hint: ", "-f instances.yaml"]);
    status(&["-f", "instances.yaml", "status"]).expect_code(3);
    // A link of a stranger to a file of root.
    std::os::unix::fs::chown(&file, Some(0), None).expect("chown");
    fs::rename(&file, sandbox.path("own.yaml")).expect("rename");
    std::os::unix::fs::symlink("own.yaml", &file).expect("link");
    status(&["status"]).expect_code(3);
    std::os::unix::fs::lchown(&file, Some(NOBODY), None).expect("lchown");
    status(&["status"]).expect_code(6);
}
