//! The parts of a file that may be secret: every value under `env`, every value
//! whose key sounds like one or is not ours (it may have slipped out of
//! `env`), and in a list what follows such a word.

use std::collections::{HashMap, HashSet};

use super::keys::{is_known, looks_like_key};
use crate::inventory::model::channels::ChannelKind;
use crate::inventory::text::lines::LineIndex;
use crate::inventory::text::node::{Entry, Node, Shape, Span, Tree};
use crate::inventory::text::yaml;

const WORDS: [&str; 8] = ["pass", "secret", "token", "key", "credential", "pwd", "psw", "auth"];

/// Returns where the word ends that makes a name sound like that of a secret;
/// `None` where it has no such word.
pub(crate) fn sounds_secret(name: &str) -> Option<usize> {
    let lower = name.to_ascii_lowercase();
    WORDS
        .iter()
        .filter_map(|word| Some(lower.find(word)? + word.len()))
        .max()
}

fn hides(key: &str) -> bool {
    // Also a key that was to be `env`.
    key.to_ascii_lowercase().contains("env")
        || matches!(key, "headers" | "notify" | "discord" | "webhook" | "ntfy")
        || sounds_secret(key).is_some()
}

/// Returns the parts of a tree that may be secret, sorted and without overlaps.
/// A comment is one: it may be an entry that was taken out.
pub(crate) fn in_tree(tree: &Tree, text: &str) -> Vec<Span> {
    let mut search = Search {
        found: yaml::comments(text),
        visited: HashSet::new(),
        sounds: HashMap::new(),
    };
    search.node(&tree.root, false);
    search.found.sort_unstable();
    join(&search.found)
}

fn join(spans: &[Span]) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::new();
    for span in spans.iter().filter(|span| span.len > 0) {
        match joined.last_mut() {
            Some(last) if last.end() >= span.start => last.len = last.end().max(span.end()) - last.start,
            _ => joined.push(*span),
        }
    }
    joined
}

struct Search {
    found: Vec<Span>,
    visited: HashSet<(*const (), bool)>,
    /// The results of [`sounds_secret`] by place: aliases repeat long words.
    sounds: HashMap<Span, Option<usize>>,
}

impl Search {
    fn node(&mut self, node: &Node, hidden: bool) {
        if !self.visited.insert((std::ptr::from_ref(node).cast(), hidden)) {
            return;
        }
        match &node.shape {
            Shape::Scalar(scalar) if hidden && !scalar.text.is_empty() => self.found.push(node.span),
            Shape::Scalar(_) => {
                self.word(node);
            }
            Shape::List(items) => {
                let mut follows = false;
                for item in items {
                    if let (true, Shape::Map(map)) = (hidden || follows, &item.shape) {
                        let all = map.entries.iter().chain(&map.unusable);
                        self.found.extend(all.map(|entry| entry.at));
                    }
                    self.node(item, hidden || follows);
                    follows = self.word(item);
                }
            }
            Shape::Map(map) => {
                for entry in map.entries.iter().chain(&map.unusable) {
                    self.entry(entry, hidden);
                }
            }
        }
    }

    fn entry(&mut self, entry: &Entry, hidden: bool) {
        let key = entry.key.as_ref();
        let foreign = match &entry.value.shape {
            Shape::Map(_) => false,
            Shape::List(_) => !is_known(key),
            // A command line that was to be a list, or a password where a
            // section was to be.
            Shape::Scalar(_) => !is_known(key) || matches!(key, "args" | "exec") || is_channel(key),
        };
        // `NAME=value`, or a value where a name is wanted.
        if (foreign || hidden) && !looks_like_key(key) {
            self.found.push(entry.at);
        }
        self.node(&entry.value, hidden || foreign || hides(key));
    }

    /// Hides what follows a secret's name in the same word. Returns whether
    /// the next word may be the secret.
    fn word(&mut self, node: &Node) -> bool {
        let Shape::Scalar(scalar) = &node.shape else {
            return false;
        };
        let heard = self.sounds.entry(node.span).or_insert_with(|| {
            let login = login_of_url(&scalar.text).map(|(from, to)| node.part(from, to - from));
            self.found.extend(login);
            sounds_secret(&scalar.text)
        });
        let Some(end) = *heard else {
            return false;
        };
        if let Some(sign) = scalar.text.get(end..).and_then(|rest| rest.find(['=', ':', ' '])) {
            let from = end + sign + 1;
            self.found.push(node.part(from, scalar.text.len() - from));
        }
        true
    }
}

/// Returns where the login of a URL begins and ends.
fn login_of_url(text: &str) -> Option<(usize, usize)> {
    const SIGN: &str = "://";
    let from = text.find(SIGN)? + SIGN.len();
    text.rfind('@').filter(|to| *to > from).map(|to| (from, to))
}

/// The number of lines above one that cannot be read that may belong to it.
const NEAR: usize = 20;

/// Returns what to hide of the one line at `at` when the text is no tree: all behind
/// the key, where the line, one near above it or one that it seems to belong
/// to sounds secret. Nothing is certain about such a line, its indentation
/// least of all.
pub(crate) fn in_line(text: &str, lines: &LineIndex, at: usize) -> Vec<Span> {
    let (number, start) = lines.line(at);
    let line_at = |number: usize| text.get(lines.start(number)?..)?.split('\n').next();
    let Some(line) = line_at(number) else {
        return Vec::new();
    };
    let mut depth = indent(line);
    let above = (1..number)
        .rev()
        .filter_map(line_at)
        .filter(|line| !line.trim().is_empty());
    let doubtful = suspect(line)
        || above.enumerate().any(|(i, above)| {
            let part = i < NEAR || indent(above) < depth;
            depth = depth.min(indent(above));
            part && suspect(above)
        });
    if !doubtful {
        return Vec::new();
    }
    let key = line.split_once(": ").map(|(key, _)| key);
    let from = match key {
        Some(key) if looks_like_key(key.trim_start()) => key.len() + 2,
        _ => indent(line),
    };
    vec![Span::new(start + from, line.len().saturating_sub(from))]
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn suspect(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    lower.contains("env") || sounds_secret(&lower).is_some() || login_of_url(&lower).is_some()
}

/// Returns true for the name of a channel over the network.
fn is_channel(key: &str) -> bool {
    ChannelKind::of_name(key).is_some_and(|kind| kind != ChannelKind::Stdin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> Vec<&str> {
        let tree = yaml::read(text).map_err(|refusal| refusal.message).unwrap();
        in_tree(&tree, text)
            .iter()
            .map(|span| &text[span.start..span.end()])
            .collect()
    }

    #[test]
    fn what_sounds_secret_is_found() {
        for (text, expected) in [
            ("env: {A: x1, B: [y1, 5]}", vec!["x1", "y1", "5"]),
            ("env: A=x1", vec!["A=x1"]),
            ("args: [+password, {x1: x2}]", vec!["x1", "x2"]),
            ("env: {A: , B: '', C: x1}", vec!["x1"]),
            ("env: {A=x1: b}", vec!["A=x1", "b"]),
            (
                "a: {db_password: {x: x1}, user: c, b: {user: x}, z: x2}",
                vec!["x1", "x2"],
            ),
            ("args: [a, +rcon.Password, x1, b]", vec!["x1"]),
            ("args: [a, --token=x1, b]", vec!["x1", "b"]),
            ("args: ['+secret x1']", vec!["x1"]),
            ("args: +map x +secret x1", vec!["+map x +secret x1"]),
            ("stdin: login token x1", vec!["x1"]),
            ("http: 'http://x1:x@2@a/b'", vec!["x1:x@2"]),
            ("ready: {http: {url: 'http://x1@a'}}", vec!["x1"]),
            (
                "http: {headers: {Accept: x1, body: x2}, url: 'http://a'}",
                vec!["x1", "x2"],
            ),
            ("# x1\nuser: a#b # x2 # x3\ncwd: 'c # d'", vec![" x1", " x2 # x3"]),
            ("env:\n  A: |\n    x1\n  B: c", vec!["x1\n  ", "c"]),
            ("e: &e {A: x1}\nenv: *e", vec!["x1"]),
        ] {
            assert_eq!(hidden(text), expected, "{text}");
        }
    }

    #[test]
    fn without_a_tree_too_much_is_hidden_rather_than_too_little() {
        let hidden = |text: &str, needle: &str| {
            let at = text.find(needle).unwrap();
            in_line(text, &LineIndex::new(text), at)
                .iter()
                .any(|span| span.start <= at && at < span.end())
        };
        assert!(hidden("a:\n  env:\n    A: b\n\n    B: x1", "x1"));
        assert!(hidden("a:\n  env: {B: x1", "x1"));
        assert!(hidden("a:\n  args:\n    - +password\n    - x1", "x1"));
        assert!(hidden("rcon_pass: x1", "x1"));
        assert!(hidden("a:\n  env:\n    A: b\n\t  B: x1", "x1"));
        assert!(hidden("a:\n  env:\n    A: b\n   B: x1", "x1"));
        assert!(hidden("a:\n  b:\n    env:\n      A: b\n   B: x1", "x1"));
        assert!(!hidden("x1: [", "x1"));
        assert!(hidden("http: 'http://a:x1@b", "x1"));
        assert!(hidden("env: {}\nx1/: [", "x1"));
        assert!(!hidden(
            &format!("a:\n  env:\n{}  args: [x1", "    A: b\n".repeat(NEAR)),
            "x1"
        ));
        assert!(hidden(
            &format!("a:\n  env:\n{}    B: [x1", "    A: b\n".repeat(NEAR)),
            "x1"
        ));
    }
}
