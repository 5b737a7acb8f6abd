//! Every file below `tests` is part of a program. A test in a file that no other
//! file names would never run, and nothing would say so.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::repository::{file, rust_files};

/// The files without a `mod` line that leads to them from a program's root.
fn forgotten(files: &BTreeMap<String, String>, roots: &[String]) -> Vec<String> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<String> = roots.iter().filter(|root| files.contains_key(*root)).cloned().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file.clone()) {
            let named = modules(&file, &files[&file], roots.contains(&file));
            next.extend(named.into_iter().filter(|path| files.contains_key(path)));
        }
    }
    files.keys().filter(|file| !reached.contains(*file)).cloned().collect()
}

/// The places of the modules that a file names.
fn modules(file: &str, text: &str, is_root: bool) -> Vec<String> {
    let (beside, name) = file.rsplit_once('/').expect("a folder");
    let folder = match name.trim_end_matches(".rs") {
        _ if is_root => beside.to_owned(),
        "mod" => beside.to_owned(),
        stem => format!("{beside}/{stem}"),
    };
    let mut given = None;
    let mut places = Vec::new();
    for line in text.lines() {
        if let Some(path) = line
            .strip_prefix("#[path = \"")
            .and_then(|rest| rest.strip_suffix("\"]"))
        {
            given = Some(match path.strip_prefix("../") {
                Some(path) => format!("{}/{path}", beside.rsplit_once('/').map_or("", |(above, _)| above)),
                None => format!("{beside}/{path}"),
            });
        } else if let Some(name) = line.strip_suffix(';').and_then(|line| line.rsplit_once("mod ")) {
            let usual = || vec![format!("{folder}/{}.rs", name.1), format!("{folder}/{}/mod.rs", name.1)];
            places.extend(given.take().map_or_else(usual, |path| vec![path]));
        }
    }
    places
}

#[test]
fn every_file_is_part_of_a_program() {
    let manifest = file("Cargo.toml");
    let files = rust_files("tests");
    // Cargo makes a program of each folder with a `main.rs`, and of what the manifest names.
    let is_root = |path: &&String| path.ends_with("/main.rs") || manifest.contains(&format!("path = \"{path}\""));
    let roots: Vec<String> = files.keys().filter(is_root).cloned().collect();
    assert_eq!(forgotten(&files, &roots), [""; 0]);
    // One more program is one more to link: see CONTRIBUTING.md.
    let programs = roots.iter().filter(|root| root.ends_with("/main.rs"));
    assert_eq!(
        programs.collect::<Vec<_>>(),
        ["tests/stress/main.rs", "tests/suite/main.rs"]
    );
}

#[test]
fn a_forgotten_file_is_found() {
    let entry = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let files = BTreeMap::from([
        entry(
            "tests/a/main.rs",
            "#[path = \"../b/mod.rs\"]\nmod b;\nmod c;\nmod inline {\n}\n",
        ),
        entry("tests/a/c.rs", "pub(crate) mod d;\n"),
        entry("tests/a/c/d.rs", ""),
        entry("tests/a/c/e.rs", ""),
        entry("tests/a/f.rs", "mod c;\n"),
        entry("tests/b/mod.rs", "mod g;\n"),
        entry("tests/b/g.rs", ""),
        entry("tests/h.rs", ""),
    ]);
    let roots = ["tests/a/main.rs".to_owned()];
    assert_eq!(
        forgotten(&files, &roots),
        ["tests/a/c/e.rs", "tests/a/f.rs", "tests/h.rs"]
    );
}
