//! The rules, each as a list of where it is broken.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use super::source::{Source, Token};

/// Where a rule is broken.
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

/// A path such as `crate::a::b`, with its line.
struct Name {
    parts: Vec<String>,
    line: usize,
}

/// All paths of a source, those of a `use a::{b, c};` one by one.
fn names(tokens: &[Token]) -> Vec<Name> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let follows = at > 0 && tokens[at - 1].is("::");
        if tokens[at].is_word() && !follows {
            at = path(tokens, at, &[], &mut out);
        } else {
            at += 1;
        }
    }
    out
}

/// Reads a path from its first word on. Returns where it ends.
fn path(tokens: &[Token], from: usize, before: &[String], out: &mut Vec<Name>) -> usize {
    let mut parts = before.to_vec();
    let mut at = from;
    while let Some(word) = tokens.get(at).filter(|token| token.is_word()) {
        parts.push(word.text.clone());
        at += 1;
        if !tokens.get(at).is_some_and(|token| token.is("::")) {
            break;
        }
        at += 1;
        if tokens.get(at).is_some_and(|token| token.is("{")) {
            return group(tokens, at + 1, &parts, out);
        }
    }
    let line = tokens[from].line;
    out.push(Name { parts, line });
    at.max(from + 1)
}

fn group(tokens: &[Token], from: usize, before: &[String], out: &mut Vec<Name>) -> usize {
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        if token.is("}") {
            return at + 1;
        }
        at = if token.is_word() {
            path(tokens, at, before, out)
        } else {
            at + 1
        };
    }
    at
}

/// The rooms that a source names, by `crate::`, by enough `super::`, or by the
/// name of the crate.
fn rooms_of(source: &Source) -> Vec<(String, usize)> {
    let room = |name: &Name| -> Option<String> {
        let first = name.parts.first()?;
        let supers = name.parts.iter().take_while(|part| *part == "super").count();
        let own = matches!(first.as_str(), "self" | "super");
        let at = match first.as_str() {
            "crate" | "gamectl" => 1,
            _ if own && supers > 0 && supers >= source.depth => supers,
            _ => return None,
        };
        name.parts.get(at).cloned()
    };
    let mut out: Vec<(String, usize)> = Vec::new();
    for name in names(&source.tokens) {
        let Some(room) = room(&name).filter(|room| *room != source.room) else {
            continue;
        };
        let found = (room, name.line);
        if !out.contains(&found) {
            out.push(found);
        }
    }
    out
}

/// Imports that the table does not allow.
pub(crate) fn imports(sources: &[Source], table: &[(&str, &[&str])]) -> Vec<Broken> {
    let mut out = Vec::new();
    for source in sources {
        let own = &source.room;
        let Some((_, allowed)) = table.iter().find(|(room, _)| room == own) else {
            out.push(broken(source, 1, format!("the room `{own}` is not in the table")));
            continue;
        };
        for (room, line) in rooms_of(source) {
            if !allowed.contains(&room.as_str()) {
                out.push(broken(source, line, format!("`{own}` may not import `{room}`")));
            }
        }
    }
    out
}

/// Rooms that import each other, whatever the table says.
pub(crate) fn circles(sources: &[Source]) -> Vec<Broken> {
    let mut edges: BTreeMap<&str, BTreeMap<String, Broken>> = BTreeMap::new();
    for source in sources {
        for (room, line) in rooms_of(source) {
            let of_room = edges.entry(&source.room).or_default();
            of_room
                .entry(room)
                .or_insert_with(|| broken(source, line, String::new()));
        }
    }
    let mut out = Vec::new();
    let mut done = HashSet::new();
    for room in edges.keys() {
        let mut way = vec![(*room).to_owned()];
        if let Some(first) = circle(&edges, &mut way, &mut done) {
            out.push(Broken {
                rule: format!("a circle of imports: {}", way.join(", ")),
                ..first
            });
        }
    }
    out
}

/// Follows the imports until they come back. `way` is then the circle.
fn circle(
    edges: &BTreeMap<&str, BTreeMap<String, Broken>>,
    way: &mut Vec<String>,
    done: &mut HashSet<String>,
) -> Option<Broken> {
    let room = way.last()?.clone();
    for (next, place) in edges.get(room.as_str())? {
        if let Some(start) = way.iter().position(|before| before == next) {
            let first = way.get(start + 1).unwrap_or(next);
            let begins = edges
                .get(next.as_str())
                .and_then(|of_room| of_room.get(first))
                .unwrap_or(place)
                .clone();
            way.drain(..start);
            way.push(next.clone());
            // Reported once, not from each of its rooms.
            done.extend(way.iter().cloned());
            return Some(begins);
        }
        if done.contains(next) {
            continue;
        }
        way.push(next.clone());
        if let Some(found) = circle(edges, way, done) {
            return Some(found);
        }
        way.pop();
    }
    done.insert(room);
    None
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

/// Calls of `std::process::exit` and its like outside of `main.rs`.
pub(crate) fn exits(sources: &[Source]) -> Vec<Broken> {
    let ends = |name: &Name| {
        let parts: Vec<&str> = name.parts.iter().map(String::as_str).collect();
        let parts = parts.strip_prefix(&["std"]).unwrap_or(&parts);
        matches!(parts, ["process", "exit" | "abort"])
    };
    let strays = sources.iter().filter(|source| source.room != "main");
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
