//! The order of the house: which room may import which, and what may stand in
//! one room only. A room is a folder or a file right below `src`.

mod graph;
mod rules;
mod source;

use rules::Broken;
use source::Source;

/// Every room with those it may import, ground floor last. A room stands above
/// all that it imports; `the_table_has_no_circle` holds the table to that.
/// Rooms that are not built yet have their place already.
const ROOMS: &[(&str, &[&str])] = &[
    ("main", &["cli", "commands", "process", "sys"]),
    // The crate's root only lists the rooms.
    ("lib", &[]),
    (
        "commands",
        &[
            "cli",
            "event",
            "failure",
            "finding",
            "games",
            "host",
            "import",
            "link",
            "metrics",
            "pane",
            "report",
            "sys",
            "ui",
            "invocation",
        ],
    ),
    (
        "host",
        &[
            "players",
            "usages",
            "check",
            "discovery",
            "event",
            "failure",
            "finding",
            "fleet",
            "instancecmd",
            "inventory",
            "link",
            "notify",
            "policy",
            "watcher",
            "report",
            "resident",
            "ssh",
            "store",
            "supervisor",
            "sys",
            "systemd",
            "text",
            "invocation",
        ],
    ),
    (
        "check",
        &[
            "channel",
            "failure",
            "finding",
            "fleet",
            "games",
            "inventory",
            "store",
            "supervisor",
            "sys",
            "systemd",
            "trust",
            "invocation",
        ],
    ),
    ("cli", &["failure"]),
    (
        "ui",
        &[
            "event",
            "failure",
            "finding",
            "inventory",
            "pane",
            "report",
            "supervisor",
            "text",
            "invocation",
        ],
    ),
    ("pane", &[]),
    (
        "resident",
        &[
            "players",
            "event",
            "failure",
            "fleet",
            "instancecmd",
            "inventory",
            "policy",
            "program",
            "report",
            "store",
            "supervisor",
            "sys",
            "systemd",
            "trust",
            "invocation",
        ],
    ),
    (
        "notify",
        &["channel", "event", "failure", "finding", "http", "inventory", "sys"],
    ),
    (
        "link",
        &[
            "channel",
            "event",
            "failure",
            "finding",
            "inventory",
            "nats",
            "report",
            "supervisor",
            "sys",
            "text",
        ],
    ),
    ("nats", &["channel", "failure", "inventory", "sys"]),
    ("metrics", &["event", "failure", "report", "supervisor"]),
    ("discovery", &["containers", "failure", "inventory", "program"]),
    ("import", &["inventory", "text"]),
    ("players", &["event", "supervisor"]),
    ("usages", &["event", "supervisor", "sys"]),
    ("watcher", &["event", "fleet", "report", "store", "supervisor"]),
    ("report", &["event", "failure", "finding", "inventory", "supervisor"]),
    (
        "instancecmd",
        &[
            "event",
            "failure",
            "finding",
            "inventory",
            "policy",
            "store",
            "supervisor",
            "invocation",
        ],
    ),
    (
        "fleet",
        &[
            "amp",
            "before_start",
            "containers",
            "docker_compose",
            "failure",
            "inventory",
            "kubectl",
            "podman",
            "process",
            "ssh",
            "store",
            "supervisor",
            "systemd",
            "systemd_unit",
            "unmanaged",
            "invocation",
        ],
    ),
    (
        "before_start",
        &[
            "failure",
            "inventory",
            "invocation",
            "program",
            "store",
            "supervisor",
            "sys",
            "text",
            "trust",
            "user",
        ],
    ),
    (
        "ssh",
        &[
            "event",
            "failure",
            "finding",
            "inventory",
            "invocation",
            "program",
            "store",
            "supervisor",
            "sys",
            "text",
        ],
    ),
    ("unmanaged", &["failure", "supervisor"]),
    ("docker_compose", PLANE),
    ("podman", PLANE),
    ("kubectl", PLANE),
    ("systemd_unit", PLANE),
    ("amp", PLANE),
    ("process", PLANE),
    (
        "containers",
        &[
            "event",
            "failure",
            "inventory",
            "invocation",
            "probe",
            "program",
            "store",
            "supervisor",
            "sys",
        ],
    ),
    (
        "stop_step",
        &["channel", "failure", "inventory", "policy", "probe", "program", "trust"],
    ),
    (
        "probe",
        &[
            "channel",
            "failure",
            "http",
            "inventory",
            "json",
            "program",
            "store",
            "supervisor",
            "sys",
            "text",
            "trust",
        ],
    ),
    ("http", &["channel", "failure", "inventory", "sys"]),
    (
        "channel",
        &["failure", "inventory", "json", "program", "store", "sys", "text"],
    ),
    ("store", &["event", "failure", "inventory", "policy", "sys"]),
    ("policy", &["inventory"]),
    ("systemd", &["inventory", "program", "sys", "user"]),
    ("inventory", &["event", "failure", "games", "sys", "invocation"]),
    ("games", &["failure"]),
    ("event", &["failure", "supervisor"]),
    ("user", &["failure", "sys"]),
    ("supervisor", &["failure", "finding"]),
    ("finding", &["failure"]),
    ("json", &[]),
    ("text", &[]),
    ("failure", &[]),
    ("invocation", &[]),
    ("program", &["sys"]),
    ("trust", &["sys"]),
    ("sys", &[]),
];

/// All planes are alike, and none knows another.
const PLANE: &[&str] = &[
    "channel",
    "containers",
    "event",
    "failure",
    "finding",
    "http",
    "inventory",
    "invocation",
    "policy",
    "probe",
    "program",
    "stop_step",
    "store",
    "supervisor",
    "sys",
    "systemd",
    "text",
    "trust",
    "user",
];

/// A file that is longer holds more than one thing. Counted without tests; the
/// aim is 400.
const LINES_MAX: usize = 450;

fn sources() -> Vec<Source> {
    source::without_test_files()
}

#[track_caller]
fn none(broken: &[Broken]) {
    let list: Vec<String> = broken.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "\n{}\n", list.join("\n"));
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    none(&rules::imports(&sources(), ROOMS));
}

#[test]
fn no_rooms_import_each_other_in_a_circle() {
    none(&rules::circles(&sources()));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    none(&rules::file_circles(&sources()));
}

#[test]
fn no_doc_comment_begins_without_a_subject() {
    none(&rules::headless_docs(&source::below("src")));
}

#[test]
fn no_doc_comment_of_a_test_begins_without_a_subject() {
    for folder in ["tests", "benches", "fuzz/fuzz_targets"] {
        none(&rules::headless_docs(&source::below(folder)));
    }
}

#[test]
fn no_two_types_have_the_same_name() {
    none(&rules::types_twice(&sources()));
}

#[test]
fn the_table_has_no_circle() {
    for (at, (room, allowed)) in ROOMS.iter().enumerate() {
        assert_eq!(
            ROOMS.iter().filter(|(name, _)| name == room).count(),
            1,
            "`{room}` twice"
        );
        for below in *allowed {
            let stands = ROOMS.iter().position(|(name, _)| name == below);
            assert!(
                stands.is_some_and(|stands| stands > at),
                "`{room}` imports `{below}`, which does not stand below it"
            );
        }
    }
}

#[test]
fn unsafe_stands_in_sys_only() {
    none(&rules::words(
        &sources(),
        &["unsafe"],
        "only `sys` is unsafe",
        |source| source.room() == "sys",
    ));
}

#[test]
fn only_ui_prints() {
    none(&rules::macros(
        &sources(),
        &["print", "println", "eprint", "eprintln", "dbg"],
        "only `ui` prints",
        |source| source.room() == "ui",
    ));
}

/// Those who start a process say what becomes of its streams, and the size of a
/// terminal is asked for by who makes the screen; nobody else has a use for
/// the names.
#[test]
fn only_ui_names_the_streams() {
    const STARTERS: [&str; 7] = [
        "src/commands/streams.rs",
        "src/host/serve/detached.rs",
        // What it says is for a program.
        "src/host/serve/streams.rs",
        "src/process/shim/spawner.rs",
        "src/user.rs",
        "src/program.rs",
        "src/ssh/connection.rs",
    ];
    none(&rules::words(
        &sources(),
        &["stdout", "stderr"],
        "only `ui` writes to the streams",
        |source| source.room() == "ui" || STARTERS.contains(&source.path.as_str()),
    ));
}

#[test]
fn the_yaml_crates_stay_with_who_reads_yaml() {
    none(&rules::words(
        &sources(),
        &["serde_yaml", "yaml_serde"],
        "only src/inventory/selector_words.rs and src/docker_compose/compose_file.rs name serde_yaml",
        |source| {
            let readers = ["src/inventory/selector_words.rs", "src/docker_compose/compose_file.rs"];
            readers.contains(&source.path.as_str())
        },
    ));
    none(&rules::words(
        &sources(),
        &["granit_parser"],
        "only src/inventory/text names the YAML parser",
        |source| source.path.starts_with("src/inventory/text/"),
    ));
}

#[test]
fn only_main_ends_the_program() {
    none(&rules::exits(&sources()));
}

/// A command that is pasted must meet the instances of the one that suggested it.
#[test]
fn only_invocation_suggests_commands() {
    // The manual, the syntax of a line that could not be read, and the name of a process.
    const OTHERS: [&str; 3] = [
        "src/inventory/report/keys/",
        "src/commands/usage.rs",
        "src/store/lock.rs",
    ];
    none(&rules::suggestions(&sources(), |source| {
        matches!(source.room(), "cli" | "invocation") || OTHERS.iter().any(|other| source.path.starts_with(other))
    }));
}

#[test]
fn files_are_short() {
    none(&rules::long_files(&sources(), LINES_MAX));
}

/// Tests of the checker: it finds what is forbidden, by file, line and rule, and
/// nothing else.
mod the_checker {
    use super::*;

    fn broken(path: &str, text: &str) -> Vec<String> {
        let sources = [Source::new(path, text)];
        let circles = rules::circles(&sources);
        let all = [rules::imports(&sources, ROOMS), circles, rules::exits(&sources)].concat();
        all.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn finds_imports_in_every_form() {
        let text = "use crate::process::x;\n\
                    use crate::{event::Event, sys, store::{self, lock}};\n\
                    fn f() { crate::cli::g(); super::super::fleet::h() }\n\
                    use super::sibling;";
        assert_eq!(
            broken("src/ui/table.rs", text),
            [
                "src/ui/table.rs:1: `ui` may not import `process`",
                "src/ui/table.rs:2: `ui` may not import `sys`",
                "src/ui/table.rs:2: `ui` may not import `store`",
                "src/ui/table.rs:3: `ui` may not import `cli`",
                "src/ui/table.rs:3: `ui` may not import `fleet`",
            ]
        );
        assert_eq!(
            broken("src/policy/mod.rs", "use super::sys;\nuse super::inventory::model;"),
            ["src/policy/mod.rs:1: `policy` may not import `sys`"]
        );
        assert_eq!(
            broken("src/main.rs", "fn main() { gamectl::store::f() }"),
            ["src/main.rs:1: `main` may not import `store`"]
        );
    }

    #[test]
    fn finds_rooms_that_are_not_in_the_table() {
        assert_eq!(
            broken("src/cellar.rs", ""),
            ["src/cellar.rs:1: the room `cellar` is not in the table"]
        );
        assert_eq!(
            broken("src/ui/mod.rs", "use crate::attic;"),
            ["src/ui/mod.rs:1: `ui` may not import `attic`"]
        );
    }

    #[test]
    fn passes_over_comments_strings_and_tests() {
        let text = "//! [`crate::process`]\n\
                    /* crate::cli /* crate::fleet */ crate::sys */\n\
                    const A: &str = \"crate::sys \\\" crate::cli\";\n\
                    const B: &str = r#\"crate::sys \" \"#; const C: char = '\"';\n\
                    fn f<'a>(x: &'a str) {}\n\
                    #[cfg(test)]\n\
                    use crate::sys;\n\
                    #[cfg(test)]\n\
                    pub(crate) mod tests {\n\
                        use crate::process; fn f() { { std::process::exit(1) } }\n\
                    }\n\
                    fn after() { crate::sys::f() }";
        assert_eq!(
            broken("src/ui/mod.rs", text),
            ["src/ui/mod.rs:12: `ui` may not import `sys`"]
        );
    }

    #[test]
    fn finds_who_ends_the_program() {
        let text =
            "fn f() { std::process::exit(1) }\nuse std::process::{Command, exit};\nuse crate::process::shim::exit;";
        assert_eq!(
            broken("src/process/mod.rs", text),
            [
                "src/process/mod.rs:1: only main.rs ends the program",
                "src/process/mod.rs:2: only main.rs ends the program",
            ]
        );
    }

    #[test]
    fn finds_circles() {
        let sources = [
            Source::new("src/a.rs", "use crate::b;"),
            Source::new("src/b/mod.rs", "\nuse crate::c::x;"),
            Source::new("src/c.rs", "use crate::a;"),
        ];
        let found: Vec<String> = rules::circles(&sources).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["src/a.rs:1: a circle of imports: a, b, c, a"]);
    }

    fn file_circles(files: &[(&str, &str)]) -> Vec<String> {
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        rules::file_circles(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn finds_circles_of_files_in_every_form() {
        let rule = "files import each other in a circle";
        let ab = format!("src/r/a.rs:1: {rule}: src/r/a.rs, src/r/b.rs, src/r/a.rs");
        let ways = [
            "use super::b::B;",
            "use crate::r::{b::{self, B}, c};",
            "use super::b; fn f() { b::g() }",
            "use crate::r as room; fn f(x: room::b::B) {}",
            "fn f() -> super::b::B {}",
            "use super::B;",
            "use crate::r::*; fn f(x: &B) { super::D }",
        ];
        for way in ways {
            let files = [
                ("src/r/mod.rs", "mod a; mod b; mod c; pub use b::{B, B as D};"),
                ("src/r/a.rs", way),
                ("src/r/b.rs", "use super::a::A; pub struct B;"),
                ("src/r/c.rs", ""),
            ];
            assert_eq!(file_circles(&files), [ab.as_str()], "{way}");
        }
        let long = [
            ("src/a.rs", "use crate::b::B;"),
            ("src/b.rs", "\nuse crate::c::C; pub struct B;"),
            ("src/c.rs", "use crate::d::D; use crate::e::f; pub struct C;"),
            ("src/d.rs", "use crate::b::B; pub struct D;"),
            ("src/e.rs", "pub fn f() {}"),
        ];
        let found = format!("src/b.rs:2: {rule}: src/b.rs, src/c.rs, src/d.rs, src/b.rs");
        assert_eq!(file_circles(&long), [found]);
        // A folder whose parts need what stands in its own file.
        let folder = [
            ("src/r/mod.rs", "mod a; pub const C: u8 = 1; pub fn f() { a::g() }"),
            ("src/r/a.rs", "pub fn g() { super::C }"),
        ];
        let found = format!("src/r/a.rs:1: {rule}: src/r/a.rs, src/r/mod.rs, src/r/a.rs");
        assert_eq!(file_circles(&folder), [found]);
    }

    #[test]
    fn passes_over_what_is_no_circle_of_files() {
        let none: [&[(&str, &str)]; 4] = [
            // What a folder only passes on stands elsewhere.
            &[
                ("src/r/mod.rs", "mod a; mod b; pub use a::A; pub(crate) use b::B;"),
                ("src/r/a.rs", "pub struct A;"),
                ("src/r/b.rs", "use super::A; pub struct B;"),
            ],
            // A link of a comment, and a test.
            &[
                (
                    "src/a.rs",
                    "//! [`crate::b::B`]\nuse crate::c::C; #[cfg(test)] mod tests { use crate::b::B; }",
                ),
                ("src/b.rs", "use crate::a::A;"),
                ("src/c.rs", ""),
            ],
            // A module is named to reach another one.
            &[
                ("src/r/mod.rs", "mod a; mod b; pub fn f() { b::g() }"),
                ("src/r/a.rs", "use super::b; fn f() { b::g() }"),
                ("src/r/b.rs", "use crate::r; pub(super) fn g() { self::h() }"),
            ],
            // Names that only look alike.
            &[
                ("src/a.rs", "use crate::b::B; pub struct A;"),
                (
                    "src/b.rs",
                    "use std::a::A; fn f() { a.b(); let a = Self::A; } pub struct B;",
                ),
            ],
        ];
        for files in none {
            assert_eq!(file_circles(files), [""; 0], "{files:?}");
        }
    }

    #[test]
    fn tells_rooms_within_rooms_apart() {
        let table: [(&str, &[&str]); 4] = [
            ("top", &["low"]),
            ("low", &["low/read"]),
            ("low/read", &["low/text"]),
            ("low/text", &[]),
        ];
        let broken = |path: &str, text: &str| -> Vec<String> {
            let found = rules::imports(&[Source::new(path, text)], &table);
            found.iter().map(ToString::to_string).collect()
        };
        assert_eq!(broken("src/top.rs", "use crate::low::{Low, read::x, text};"), [""; 0]);
        assert_eq!(
            broken("src/low/mod.rs", "use self::read::x; use crate::low::y;"),
            [""; 0]
        );
        assert_eq!(
            broken("src/low/read/a.rs", "use super::b; use super::super::text::x;"),
            [""; 0]
        );
        assert_eq!(
            broken("src/low/text/mod.rs", "use super::read::x;\nuse crate::low::Low;"),
            [
                "src/low/text/mod.rs:1: `low/text` may not import `low/read`",
                "src/low/text/mod.rs:2: `low/text` may not import `low`",
            ]
        );
    }

    #[test]
    fn finds_docs_without_a_subject() {
        let text = "//! What it is.\n//! How so.\n\n/// Returns it.\n/// When it can.\nfn f() {}\n    /// As is.\n\
                    // Why.\n//// Why.\n/// Whatever.\nstruct A;\n/// The same.\nstruct B;\n/// So many\n/// more.\n";
        let found = rules::headless_docs(&[Source::new("src/a.rs", text)]);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "src/a.rs:1: a doc comment begins with `What`",
                "src/a.rs:7: a doc comment begins with `As`",
                "src/a.rs:12: a doc comment begins with `The same`",
                "src/a.rs:14: a doc comment begins with `So many`",
            ]
        );
        let text = "/// What to do\n///\n/// At the end.\n#[arg(long)]\npub a: u8,\n/// What it is\nstruct A;\n";
        let found = rules::headless_docs(&[Source::new("src/cli/a.rs", text)]);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["src/cli/a.rs:6: a doc comment begins with `What`"]);
    }

    #[test]
    fn finds_types_of_one_name() {
        let sources = [
            Source::new(
                "src/a.rs",
                "pub struct A; enum B {} pub(crate) type C = u8; pub fn struct_of() {}",
            ),
            Source::new(
                "src/b.rs",
                "struct A;\npub enum B {}\npub(super) trait C { type A; }\npub(in crate::b) union A {}",
            ),
            Source::new("src/c.rs", "#[cfg(test)] pub struct B; impl T for B { type C = u8; }"),
        ];
        let found: Vec<String> = rules::types_twice(&sources).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "src/b.rs:3: another type `C` is in src/a.rs",
                "src/b.rs:4: another type `A` is in src/a.rs",
            ]
        );
    }

    #[test]
    fn finds_words_and_macros_as_such() {
        let sources = [Source::new(
            "src/store/mod.rs",
            "#![deny(unsafe_code)]\nfn f() { unsafe { g() } }\nfn print() { print(); println!() }",
        )];
        let words = rules::words(&sources, &["unsafe"], "rule", |_| false);
        assert_eq!(words[0].to_string(), "src/store/mod.rs:2: `unsafe`: rule");
        assert_eq!(words.len(), 1);
        let macros = rules::macros(&sources, &["print", "println"], "rule", |_| false);
        assert_eq!(macros[0].to_string(), "src/store/mod.rs:3: `println!`: rule");
        assert_eq!(macros.len(), 1);
    }

    #[test]
    fn finds_commands_within_texts() {
        let text = "fn f() { g(\"`gamectl stop {id}` ends it\"); g(\"with: gamectl --json logs\"); }\n\
                    fn h() { g(\"an older gamectl started it\"); g(\"gamectl run (pid 5)\") }";
        let found = rules::suggestions(&[Source::new("src/ui/mod.rs", text)], |_| false);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        let rule = "only `invocation` makes the commands of messages";
        assert_eq!(
            found,
            [
                format!("src/ui/mod.rs:1: `gamectl stop`: {rule}"),
                format!("src/ui/mod.rs:1: `gamectl --json`: {rule}"),
            ]
        );
    }

    #[test]
    fn counts_lines_without_tests() {
        let text = "fn f() {}\n#[cfg(test)]\nmod tests {\n\n\n}\n";
        let sources = [Source::new("src/sys/mod.rs", text)];
        assert!(rules::long_files(&sources, 1).is_empty());
        let found = rules::long_files(&sources, 0);
        assert_eq!(
            found[0].to_string(),
            "src/sys/mod.rs:1: 1 lines without tests, at most 0"
        );
    }
}
