//! The order of the house: which room may import which, and what may stand in
//! one room only. A room is a folder or file right below `src`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Every room with those it may import. A room is listed below all that import
/// it, so that there can be no circle: `the_table_has_no_circle` holds it to
/// that.
const ROOMS: [(&str, &[&str]); 17] = [
    ("main", &["commands", "process"]),
    (
        "commands",
        &[
            "cli",
            "event",
            "failure",
            "fleet",
            "instancecmd",
            "inventory",
            "store",
            "supervisor",
            "sys",
            "ui",
            "unmanaged",
        ],
    ),
    ("cli", &[]),
    ("ui", &["event", "failure", "inventory", "supervisor"]),
    ("instancecmd", &["event", "failure", "store", "supervisor"]),
    (
        "fleet",
        &["failure", "inventory", "process", "store", "supervisor", "unmanaged"],
    ),
    ("unmanaged", &["failure", "supervisor"]),
    (
        "process",
        &[
            "event",
            "failure",
            "inventory",
            "policy",
            "probe",
            "store",
            "supervisor",
            "sys",
        ],
    ),
    ("probe", &["failure", "inventory", "store", "sys"]),
    ("store", &["event", "failure", "inventory", "policy", "sys"]),
    ("inventory", &["failure"]),
    ("event", &["failure", "supervisor"]),
    ("supervisor", &[]),
    ("failure", &[]),
    ("policy", &[]),
    ("sys", &[]),
    ("lib", &[]),
];

/// A file holds one thing; one that is longer holds two.
const LINES_MAX: usize = 400;

/// A source file: its room, and its text without comments, strings and tests.
struct Source {
    path: String,
    room: String,
    lines: Vec<String>,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let read = |file: &PathBuf| {
        let below = file
            .strip_prefix(&root)
            .expect("it is below the root")
            .to_string_lossy()
            .into_owned();
        let room = below.split(['/', '.']).next().unwrap_or_default().to_owned();
        let text = fs::read_to_string(file).expect("it can be read");
        Source {
            path: format!("src/{below}"),
            room,
            lines: bare(&text),
        }
    };
    let is_test = |file: &&PathBuf| {
        file.file_name()
            .is_some_and(|name| name.to_string_lossy().ends_with("tests.rs"))
    };
    files.iter().filter(|file| !is_test(file)).map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("it can be read") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The lines up to the tests, without comments and the insides of strings.
fn bare(text: &str) -> Vec<String> {
    let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
    code.map(|line| {
        let mut out = String::new();
        let mut quoted = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if quoted => drop(chars.next()),
                '"' => quoted = !quoted,
                '/' if !quoted && chars.peek() == Some(&'/') => break,
                _ if !quoted => out.push(c),
                _ => {}
            }
        }
        out
    })
    .collect()
}

/// The rooms that a line names: `crate::ROOM`, `gamectl::ROOM`.
fn imports(line: &str) -> Vec<&str> {
    let of = |root: &str| -> Vec<&str> {
        let parts = line.split(root).skip(1);
        parts
            .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
            .collect()
    };
    [of("crate::"), of("gamectl::")]
        .concat()
        .into_iter()
        .filter(|room| !room.is_empty())
        .collect()
}

fn complaints(sources: &[Source]) -> String {
    let mut out = String::new();
    for source in sources {
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == source.room) else {
            let _ = writeln!(out, "{}: the room `{}` is not in the table", source.path, source.room);
            continue;
        };
        for (index, line) in source.lines.iter().enumerate() {
            for room in imports(line) {
                if room != source.room && !allowed.contains(&room) {
                    let _ = writeln!(
                        out,
                        "{}:{}: `{}` may not import `{room}`",
                        source.path,
                        index + 1,
                        source.room
                    );
                }
            }
        }
    }
    out
}

#[test]
fn rooms_import_only_rooms_below_them() {
    let found = complaints(&sources());
    assert!(found.is_empty(), "\n{found}");
}

#[test]
fn the_table_has_no_circle() {
    // `lib` only lists the rooms.
    for (index, (room, allowed)) in ROOMS.iter().enumerate() {
        for below in *allowed {
            let at = ROOMS.iter().position(|(name, _)| name == below);
            assert!(
                at.is_some_and(|at| at > index),
                "`{room}` imports `{below}`, which does not stand below it"
            );
        }
    }
}

#[test]
fn the_check_itself_finds_what_is_forbidden() {
    let source = |room: &str, text: &str| Source {
        path: format!("src/{room}.rs"),
        room: room.to_owned(),
        lines: bare(text),
    };
    let text =
        "use crate::process::x;\n// crate::ui\nlet a = \"crate::cli\"; crate::sys::b();\n#[cfg(test)]\ncrate::ui";
    assert_eq!(
        complaints(&[source("ui", text), source("cellar", "")]),
        "src/ui.rs:1: `ui` may not import `process`\n\
         src/ui.rs:3: `ui` may not import `sys`\n\
         src/cellar.rs: the room `cellar` is not in the table\n"
    );
    assert_eq!(complaints(&[source("process", text)]), "");
}

/// Where a word stands outside of the only files that may use it.
fn strays(word: &str, allowed: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| !allowed(&source.path)) {
        for (index, line) in source.lines.iter().enumerate() {
            let whole = |part: &str| {
                part.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|one| one == word)
            };
            if whole(line) {
                found.push(format!("{}:{}: {word}", source.path, index + 1));
            }
        }
    }
    found
}

#[test]
fn what_stands_in_one_room_only() {
    let nothing: Vec<String> = Vec::new();
    assert_eq!(strays("unsafe", &|path| path.starts_with("src/sys/")), nothing);
    assert_eq!(strays("serde_yaml", &|path| path == "src/inventory/yaml.rs"), nothing);
    for word in ["stdout", "stderr"] {
        // Those who start a process say what becomes of its streams; the size
        // of a terminal is asked for by who makes the screen.
        let starts = [
            "src/probe/exec.rs",
            "src/probe/resolve.rs",
            "src/process/user.rs",
            "src/process/shim/starter.rs",
            "src/commands/mod.rs",
        ];
        assert_eq!(
            strays(word, &|path| path.starts_with("src/ui/") || starts.contains(&path)),
            nothing
        );
    }
}

#[test]
fn files_are_short() {
    let long = sources().into_iter().filter(|source| source.lines.len() > LINES_MAX);
    let long: Vec<String> = long
        .map(|source| format!("{}: {} lines", source.path, source.lines.len()))
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}
