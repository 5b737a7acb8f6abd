//! The completions and the man pages in the repository are those of the
//! command line as it is defined.
//!
//! To write them anew after a change of the definition:
//! `GAMECTL_REGENERATE=1 cargo test --test suite generated`

mod manual;
mod schema;
mod verbs;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use gamectl::cli::completion::script;
use gamectl::cli::{Cli, Shell};

use crate::support::repository;

/// File names with their contents.
type Files = BTreeMap<String, String>;

fn completions() -> Files {
    let shells = [
        (Shell::Bash, "gamectl.bash"),
        (Shell::Zsh, "_gamectl"),
        (Shell::Fish, "gamectl.fish"),
        (Shell::Elvish, "gamectl.elv"),
    ];
    let generate = |(shell, name): (Shell, &str)| (name.to_owned(), script(shell));
    shells.into_iter().map(generate).collect()
}

fn man_pages() -> Files {
    let mut root = Cli::command();
    root.build();
    let mut pages = Files::new();
    add_page(&root, "gamectl", &mut pages);
    for verb in root.get_subcommands() {
        add_page(verb, &format!("gamectl-{}", verb.get_name()), &mut pages);
    }
    pages.insert("gamectl-inventory.5".to_owned(), manual::page());
    pages
}

fn add_page(command: &clap::Command, name: &str, pages: &mut Files) {
    let command = command.clone().name(name.to_owned()).display_name(name.to_owned());
    pages.insert(format!("{name}.1"), verbs::page(&command));
}

fn check(folder: &str, wanted: &Files) {
    let folder = repository::root().join(folder);
    if std::env::var_os("GAMECTL_REGENERATE").is_some() {
        write(&folder, wanted);
    }
    let found = read(&folder);
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(wanted), "the files in {}", folder.display());
    for (name, text) in wanted {
        assert!(
            found.get(name) == Some(text),
            "{} is not what the command line says by now; write it anew with\n    \
             GAMECTL_REGENERATE=1 cargo test --test suite generated",
            folder.join(name).display()
        );
    }
}

fn write(folder: &Path, files: &Files) {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).expect("the folder can be made");
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("the file can be written");
    }
}

fn read(folder: &Path) -> Files {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    let file = |path: &PathBuf| {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        (name, fs::read_to_string(path).expect("it is text"))
    };
    paths.iter().map(file).collect()
}

#[test]
fn completions_follow_the_command_line() {
    check("completions", &completions());
}

#[test]
fn man_pages_follow_the_command_line() {
    check("man", &man_pages());
}

#[test]
fn the_schema_follows_the_inventory() {
    let path = repository::root().join("src/inventory/instances.schema.json");
    let wanted = schema::text();
    if std::env::var_os("GAMECTL_REGENERATE").is_some() {
        fs::write(&path, &wanted).expect("the file can be written");
    }
    let found = fs::read_to_string(&path).expect("it is text");
    assert!(found == wanted, "write {} anew as the others", path.display());
}
