//! Commands that touch no instance: `games`, `init`, and the remarks beside an answer.

use super::seen;
use crate::failure::{Failure, FailureKind};

#[test]
fn games_that_are_known() {
    insta::assert_snapshot!(seen(|screen| screen.games(&[])), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour, 40 columns, off a terminal
    ");
    let list = [
        ("7dtd", "7 Days to Die"),
        ("conan-legacy", "Conan Exiles (before Enhanced, wine)"),
        ("rust", "Rust"),
    ];
    insta::assert_snapshot!(seen(|screen| screen.games(&list)), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour, off a terminal
    7dtd          7 Days to Die
    conan-legacy  Conan Exiles (before Enhanced, wine)
    rust          Rust
    --- 40 columns
    7dtd          7 Days to Die
    conan-legacy  Conan Exiles (before
                  Enhanced, wine)
    rust          Rust
    ");
    let yaml = "instances:\n  rust:\n    game: rust\n    process:\n      executable: /srv/rust/RustDedicated\n";
    insta::assert_snapshot!(seen(|screen| screen.game("rust", yaml)), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour, 40 columns, off a terminal
    instances:
      rust:
        game: rust
        process:
          executable: /srv/rust/RustDedicated
    ");
    let unknown =
        Failure::new(FailureKind::Unknown, "there is no game `rsut` that is known here").hint("did you mean `rust`?");
    insta::assert_snapshot!(seen(|screen| screen.failure(&unknown)), @r"
    --- 120 columns, 80 columns, off a terminal
    error: there is no game `rsut` that is known here
    hint: did you mean `rust`?
    --- 120 columns in colour, 80 columns in colour
    ␛[1;31merror:␛[0m there is no game `rsut` that is known here
    ␛[36mhint:␛[0m did you mean `rust`?
    --- 40 columns
    error: there is no game `rsut` that is
           known here
    hint: did you mean `rust`?
    ");
}

#[test]
fn an_inventory_that_was_written_and_one_that_was_not() {
    let next = "adapt it, and look it over with `gamectl -f /etc/gamectl/instances.yaml check`";
    insta::assert_snapshot!(seen(|screen| screen.wrote("/etc/gamectl/instances.yaml", next)), @r"
    --- 120 columns, off a terminal
    /etc/gamectl/instances.yaml is written
    next: adapt it, and look it over with `gamectl -f /etc/gamectl/instances.yaml check`
    --- 120 columns in colour
    /etc/gamectl/instances.yaml is written
    ␛[36mnext:␛[0m adapt it, and look it over with `gamectl -f /etc/gamectl/instances.yaml check`
    --- 80 columns
    /etc/gamectl/instances.yaml is written
    next: adapt it, and look it over with
          `gamectl -f /etc/gamectl/instances.yaml check`
    --- 80 columns in colour
    /etc/gamectl/instances.yaml is written
    ␛[36mnext:␛[0m adapt it, and look it over with
          `gamectl -f /etc/gamectl/instances.yaml check`
    --- 40 columns
    /etc/gamectl/instances.yaml is written
    next: adapt it, and look it over with
          `gamectl -f
          /etc/gamectl/instances.yaml check`
    ");
    let there = Failure::failed("/etc/gamectl/instances.yaml is there already, and was not touched")
        .hint("name another file with -f FILE; `-f -` prints the text");
    insta::assert_snapshot!(seen(|screen| screen.failure(&there)), @r"
    --- 120 columns, 80 columns, off a terminal
    error: /etc/gamectl/instances.yaml is there already, and was not touched
    hint: name another file with -f FILE; `-f -` prints the text
    --- 120 columns in colour, 80 columns in colour
    ␛[1;31merror:␛[0m /etc/gamectl/instances.yaml is there already, and was not touched
    ␛[36mhint:␛[0m name another file with -f FILE; `-f -` prints the text
    --- 40 columns
    error: /etc/gamectl/instances.yaml is
           there already, and was not
           touched
    hint: name another file with -f FILE;
          `-f -` prints the text
    ");
}
