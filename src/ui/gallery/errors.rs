//! The failures that end a command.

use super::seen;
use crate::event::Verb;
use crate::failure::{Failure, FailureKind};
use crate::inventory::{Problem, Problems};

#[test]
fn what_is_wrong_with_an_inventory() {
    let problem = |line, column, width, excerpt: &str, message: &str| Problem {
        line: Some(line),
        column: Some(column),
        width,
        message: message.to_owned(),
        hint: None,
        excerpt: Some(excerpt.into()),
        caret: column - 1,
        related: None,
    };
    let mut unknown = problem(
        9,
        7,
        10,
        "      executible: ***",
        "unknown key `executible` in `process`",
    );
    unknown.hint = Some("did you mean `executable`?".into());
    let mut twice = problem(12, 3, 9, "  rust-main:", "`rust-main` is there twice");
    twice.related = Some((4, "first given".into()));
    let problems = Problems {
        source: "/etc/gamectl/instances.yaml".into(),
        list: vec![unknown, twice],
    };
    insta::assert_snapshot!(seen(|screen| screen.problems(&problems)), @r"
    --- 120 columns, 80 columns, off a terminal
    error: unknown key `executible` in `process`
     --> /etc/gamectl/instances.yaml:9:7
      |
    9 |       executible: ***
      |       ^^^^^^^^^^
    hint: did you mean `executable`?

    error: `rust-main` is there twice
      --> /etc/gamectl/instances.yaml:12:3
       |
    12 |   rust-main:
       |   ^^^^^^^^^
       = first given: line 4

    2 problems in /etc/gamectl/instances.yaml; nothing was touched
    --- 120 columns in colour, 80 columns in colour
    ␛[1;31merror:␛[0m unknown key `executible` in `process`
     ␛[2m-->␛[0m /etc/gamectl/instances.yaml:9:7
      ␛[2m|␛[0m
    9 ␛[2m|␛[0m       executible: ***
      ␛[2m|␛[0m       ␛[31m^^^^^^^^^^␛[0m
    ␛[36mhint:␛[0m did you mean `executable`?

    ␛[1;31merror:␛[0m `rust-main` is there twice
      ␛[2m-->␛[0m /etc/gamectl/instances.yaml:12:3
       ␛[2m|␛[0m
    12 ␛[2m|␛[0m   rust-main:
       ␛[2m|␛[0m   ␛[31m^^^^^^^^^␛[0m
       = first given: line 4

    2 problems in /etc/gamectl/instances.yaml; nothing was touched
    --- 40 columns
    error: unknown key `executible` in
           `process`
     --> /etc/gamectl/instances.yaml:9:7
      |
    9 |       executible: ***
      |       ^^^^^^^^^^
    hint: did you mean `executable`?

    error: `rust-main` is there twice
      --> /etc/gamectl/instances.yaml:12:3
       |
    12 |   rust-main:
       |   ^^^^^^^^^
       = first given: line 4

    2 problems in
    /etc/gamectl/instances.yaml; nothing was
    touched
    ");
}

#[test]
fn failures_of_the_whole_command() {
    let usage =
        Failure::new(FailureKind::Usage, "unexpected argument '--timeut' found").hint("did you mean `--timeout`?");
    insta::assert_snapshot!(seen(|screen| screen.failure(&usage)), @r"
    --- 120 columns, 80 columns, off a terminal
    error: unexpected argument '--timeut' found
    hint: did you mean `--timeout`?
    --- 120 columns in colour, 80 columns in colour
    ␛[1;31merror:␛[0m unexpected argument '--timeut' found
    ␛[36mhint:␛[0m did you mean `--timeout`?
    --- 40 columns
    error: unexpected argument '--timeut'
           found
    hint: did you mean `--timeout`?
    ");
    insta::assert_snapshot!(seen(|screen| screen.interrupted(Verb::Start, &["rust-main"])), @r"
    --- 120 columns, off a terminal
    interrupted: what was launched goes on starting; `gamectl status rust-main` shows how far it is
    --- 120 columns in colour
    ␛[1;33minterrupted:␛[0m what was launched goes on starting; `gamectl status rust-main` shows how far it is
    --- 80 columns
    interrupted: what was launched goes on starting; `gamectl status rust-main`
      shows how far it is
    --- 80 columns in colour
    ␛[1;33minterrupted:␛[0m what was launched goes on starting; `gamectl status rust-main`
      shows how far it is
    --- 40 columns
    interrupted: what was launched goes on
      starting; `gamectl status rust-main`
      shows how far it is
    ");
}
