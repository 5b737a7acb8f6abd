//! The rules, each as a list of where it is broken.

use std::collections::BTreeMap;
use std::fmt;

use super::graph::{absolute, circles_of, names};
use super::source::Source;

/// A place at which a rule is broken.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    path: String,
    line: usize,
    rule: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

fn broken(source: &Source, line: usize, rule: String) -> Broken {
    Broken {
        path: source.path.clone(),
        line,
        rule,
    }
}

/// The room of a module: the longest entry of the table that leads to it, such
/// as `inventory/read`, or else the folder or file right below `src`.
fn room_of(module: &[String], table: &[(&str, &[&str])]) -> String {
    let prefixes = (1..=module.len()).rev().map(|len| module[..len].join("/"));
    let mut known = prefixes.filter(|room| table.iter().any(|(name, _)| name == room));
    known
        .next()
        .unwrap_or_else(|| module.first().cloned().unwrap_or_default())
}

/// The rooms that a source names, each with the first line that does.
fn rooms_named(source: &Source, table: &[(&str, &[&str])]) -> Vec<(String, usize)> {
    let own = room_of(&source.module, table);
    let mut out: Vec<(String, usize)> = Vec::new();
    for name in names(&source.tokens) {
        let Some(module) = absolute(source, &name.parts).filter(|module| !module.is_empty()) else {
            continue;
        };
        let found = (room_of(&module, table), name.line);
        if found.0 != own && !out.contains(&found) {
            out.push(found);
        }
    }
    out
}

/// Imports that the table does not allow. What may be imported includes the rooms
/// within it: `inventory` allows `inventory/read`.
pub(crate) fn imports(sources: &[Source], table: &[(&str, &[&str])]) -> Vec<Broken> {
    let mut out = Vec::new();
    for source in sources {
        let own = room_of(&source.module, table);
        let Some((_, allowed)) = table.iter().find(|(room, _)| *room == own) else {
            out.push(broken(source, 1, format!("the room `{own}` is not in the table")));
            continue;
        };
        let may = |room: &str| {
            let mut outer = allowed.iter();
            outer.any(|name| {
                room.strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            })
        };
        for (room, line) in rooms_named(source, table) {
            if !may(&room) {
                out.push(broken(source, line, format!("`{own}` may not import `{room}`")));
            }
        }
    }
    out
}

/// Rooms that import each other, whatever the table says.
pub(crate) fn circles(sources: &[Source]) -> Vec<Broken> {
    let mut edges: BTreeMap<String, BTreeMap<String, Broken>> = BTreeMap::new();
    for source in sources {
        let of_room = edges.entry(source.room().to_owned()).or_default();
        for (room, line) in rooms_named(source, &[]) {
            of_room
                .entry(room)
                .or_insert_with(|| broken(source, line, String::new()));
        }
    }
    told(&edges, "a circle of imports")
}

/// Files that import each other. `mod` lines and what is only passed on are no
/// imports: who uses it imports the file where it stands.
pub(crate) fn file_circles(sources: &[Source]) -> Vec<Broken> {
    let edges = super::graph::imports(sources);
    let edges = edges.into_iter().map(|(from, to)| {
        let source = |path: &String| sources.iter().find(|source| source.path == *path);
        let to = to
            .into_iter()
            .filter_map(|(path, line)| Some((path, broken(source(&from)?, line, String::new()))));
        (from.clone(), to.collect())
    });
    told(&edges.collect(), "files import each other in a circle")
}

fn told(edges: &BTreeMap<String, BTreeMap<String, Broken>>, rule: &str) -> Vec<Broken> {
    let names = edges
        .iter()
        .map(|(from, to)| (from.clone(), to.keys().cloned().collect()))
        .collect();
    let circles = circles_of(&names).into_iter().map(|circle| Broken {
        rule: format!("{rule}: {}, {}", circle.join(", "), circle[0]),
        ..edges[&circle[0]][circle.get(1).unwrap_or(&circle[0])].clone()
    });
    circles.collect()
}

/// Words with which a sentence of a doc comment has no subject, or names none.
const HEADLESS: &[&str] = &[
    "What", "Who", "Whose", "Whom", "Whether", "How", "Where", "When", "Why", "So many", "So long", "The same", "As",
    "It",
];

/// Returns true for the doc of an argument, which is a line of the help: it says what
/// to give.
fn is_help(source: &Source, line: usize) -> bool {
    let below = source.tokens.iter().filter(|token| token.line > line);
    source.room() == "cli" && below.take(3).map(|token| token.text.as_str()).eq(["#", "[", "arg"])
}

/// Doc comments that begin with one of the [`HEADLESS`] words.
pub(crate) fn headless_docs(sources: &[Source]) -> Vec<Broken> {
    let begins = |doc: &str, word: &str| {
        let rest = doc.strip_prefix(word);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    };
    let mut out = Vec::new();
    for source in sources {
        for (line, doc) in &source.docs {
            let headless = HEADLESS.iter().find(|word| begins(doc, word));
            if let Some(word) = headless.filter(|_| !is_help(source, *line)) {
                out.push(broken(source, *line, format!("a doc comment begins with `{word}`")));
            }
        }
    }
    out
}

/// Types of one name that more than their own file can see.
pub(crate) fn types_twice(sources: &[Source]) -> Vec<Broken> {
    let mut known: BTreeMap<&str, &Source> = BTreeMap::new();
    let mut out = Vec::new();
    for source in sources {
        for (at, token) in source.tokens.iter().enumerate() {
            let is_type = matches!(token.text.as_str(), "struct" | "enum" | "trait" | "union" | "type");
            let is_seen = at > 0 && (source.tokens[at - 1].is("pub") || source.tokens[at - 1].is(")"));
            let Some(name) = source.tokens.get(at + 1).filter(|_| is_type && is_seen) else {
                continue;
            };
            if let Some(first) = known.get(name.text.as_str()) {
                let rule = format!("another type `{}` is in {}", name.text, first.path);
                out.push(broken(source, token.line, rule));
            } else {
                known.insert(&name.text, source);
            }
        }
    }
    out
}

/// Words outside of where they may stand.
pub(crate) fn words(sources: &[Source], words: &[&str], rule: &str, may: impl Fn(&Source) -> bool) -> Vec<Broken> {
    let strays = sources.iter().filter(|source| !may(source));
    strays
        .flat_map(|source| {
            let found = source
                .tokens
                .iter()
                .filter(|token| words.contains(&token.text.as_str()));
            found.map(move |token| broken(source, token.line, format!("`{}`: {rule}", token.text)))
        })
        .collect()
}

/// Macros outside of where they may be called.
pub(crate) fn macros(sources: &[Source], macros: &[&str], rule: &str, may: impl Fn(&Source) -> bool) -> Vec<Broken> {
    let strays = sources.iter().filter(|source| !may(source));
    strays
        .flat_map(|source| {
            let found = source
                .tokens
                .windows(2)
                .filter(|pair| macros.contains(&pair[0].text.as_str()) && pair[1].is("!"));
            found.map(move |pair| broken(source, pair[0].line, format!("`{}!`: {rule}", pair[0].text)))
        })
        .collect()
}

/// Commands of gamectl within texts, as a message suggests them. A text that begins
/// with one is the title of a process.
pub(crate) fn suggestions(sources: &[Source], may: impl Fn(&Source) -> bool) -> Vec<Broken> {
    const CALL: &str = "gamectl ";
    let strays = sources.iter().filter(|source| !may(source));
    let mut out = Vec::new();
    for source in strays {
        let texts = source.tokens.iter().filter(|token| token.text.starts_with('"'));
        for (token, text) in texts.map(|token| (token, token.text.trim_matches('"'))) {
            let calls = text.match_indices(CALL).filter(|(at, _)| *at > 0);
            for (at, _) in calls {
                let rest = &text[at + CALL.len()..];
                let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '-'));
                let word = &rest[..end.unwrap_or(rest.len())];
                if word.starts_with('-') || VERBS.contains(&word) {
                    let rule = "only `invocation` makes the commands of messages";
                    out.push(broken(source, token.line, format!("`{CALL}{word}`: {rule}")));
                }
            }
        }
    }
    out
}

/// The verbs, which a suggested command begins with.
const VERBS: &[&str] = &[
    "start",
    "stop",
    "restart",
    "status",
    "watch",
    "logs",
    "run",
    "send",
    "console",
    "games",
    "check",
    "init",
    "schema",
    "completions",
];

/// Calls of `std::process::exit` and its like outside of `main.rs`.
pub(crate) fn exits(sources: &[Source]) -> Vec<Broken> {
    let ends = |name: &super::graph::Name| {
        let parts: Vec<&str> = name.parts.iter().map(String::as_str).collect();
        let parts = parts.strip_prefix(&["std"]).unwrap_or(&parts);
        matches!(parts, ["process", "exit" | "abort"])
    };
    let strays = sources.iter().filter(|source| source.room() != "main");
    strays
        .flat_map(|source| {
            let found = names(&source.tokens).into_iter().filter(ends);
            let rule = "only main.rs ends the program";
            found
                .map(|name| broken(source, name.line, rule.to_owned()))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Files with more lines than this, tests not counted.
pub(crate) fn long_files(sources: &[Source], max: usize) -> Vec<Broken> {
    let long = sources.iter().filter(|source| source.lines > max);
    long.map(|source| {
        broken(
            source,
            1,
            format!("{} lines without tests, at most {max}", source.lines),
        )
    })
    .collect()
}
