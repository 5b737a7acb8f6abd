//! Which file imports which, as the paths in it say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::source::{Source, Token};

/// A path such as `crate::a::b`, with its line.
pub(crate) struct Name {
    pub(crate) parts: Vec<String>,
    pub(crate) line: usize,
    /// The name that it has here: its last one, or the one behind `as`.
    alias: String,
}

/// All paths of a source, those of a `use a::{b, c};` one by one.
pub(crate) fn names(tokens: &[Token]) -> Vec<Name> {
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

/// Reads a path from its first word on. Returns the place behind it.
fn path(tokens: &[Token], from: usize, before: &[String], out: &mut Vec<Name>) -> usize {
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.is(text));
    let mut parts = before.to_vec();
    let mut at = from;
    while let Some(word) = tokens.get(at).filter(|token| token.is_word()) {
        // `a::{self}` is `a` itself.
        if !word.is("self") || parts.is_empty() {
            parts.push(word.text.clone());
        }
        at += 1;
        if !is(at, "::") {
            break;
        }
        at += 1;
        if is(at, "{") {
            return group(tokens, at + 1, &parts, out);
        }
        if is(at, "*") {
            parts.push("*".to_owned());
            at += 1;
            break;
        }
    }
    let mut alias = parts.last().cloned().unwrap_or_default();
    if is(at, "as")
        && let Some(name) = tokens.get(at + 1).filter(|token| token.is_word())
    {
        alias.clone_from(&name.text);
        at += 2;
    }
    let line = tokens[from].line;
    out.push(Name { parts, line, alias });
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

/// A path from the root of the crate, where its beginning says that it is one.
pub(crate) fn absolute(source: &Source, parts: &[String]) -> Option<Vec<String>> {
    let supers = parts.iter().take_while(|part| *part == "super").count();
    let first = parts.first()?.as_str();
    match first {
        "crate" | "gamectl" => Some(parts[1..].to_vec()),
        "self" if !source.is_root() => Some([&source.module, &parts[1..]].concat()),
        "super" if !source.is_root() => {
            let above = source.module.len().saturating_sub(supers);
            Some([&source.module[..above], &parts[supers..]].concat())
        }
        _ => None,
    }
}

/// A source with what its `use` lines bring.
struct File<'a> {
    source: &'a Source,
    /// Paths from the root of the crate, by the names that they have here.
    uses: BTreeMap<String, Vec<String>>,
    /// Modules all of whose names are brought.
    globs: Vec<Vec<String>>,
    /// The paths that are named, outside of `use` lines and in them.
    named: Vec<(Vec<String>, usize)>,
    defined: BTreeSet<String>,
}

impl<'a> File<'a> {
    fn new(source: &'a Source, modules: &BTreeSet<Vec<String>>) -> Self {
        let mut new = Self {
            source,
            uses: BTreeMap::new(),
            globs: Vec::new(),
            named: Vec::new(),
            defined: definitions(&source.tokens),
        };
        let (rest, uses) = uses(&source.tokens);
        let words: BTreeSet<&str> = rest.iter().map(|token| token.text.as_str()).collect();
        let begin = |name: &Name| {
            let own = [&source.module[..], &name.parts].concat();
            let is_child = modules.contains(&own[..own.len().min(source.module.len() + 1)]);
            absolute(source, &name.parts).or_else(|| is_child.then_some(own))
        };
        for (is_public, name) in uses {
            let Some(mut target) = begin(&name) else { continue };
            let is_glob = target.pop_if(|last| last == "*").is_some();
            // What is only passed on is not used here.
            if !is_public || words.contains(name.alias.as_str()) {
                new.named.push((target.clone(), name.line));
            }
            if is_glob {
                new.globs.push(target);
            } else {
                new.uses.insert(name.alias, target);
            }
        }
        for name in names(&rest) {
            let used = new.uses.get(&name.parts[0]).filter(|_| name.parts.len() > 1);
            let used = used.map(|target| [&target[..], &name.parts[1..]].concat());
            if let Some(target) = used.or_else(|| begin(&name)) {
                new.named.push((target, name.line));
            }
        }
        new
    }
}

/// Takes the `use` lines out: the rest of the tokens, and the paths of those
/// lines, each with whether others may see it.
fn uses(tokens: &[Token]) -> (Vec<Token>, Vec<(bool, Name)>) {
    let (mut rest, mut found) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        if !tokens[at].is("use") {
            rest.push(tokens[at].clone());
            at += 1;
            continue;
        }
        let is_public = at > 0 && (tokens[at - 1].is("pub") || tokens[at - 1].is(")"));
        let len = tokens[at..].iter().take_while(|token| !token.is(";")).count();
        let paths = names(&tokens[at + 1..at + len]);
        found.extend(paths.into_iter().map(|name| (is_public, name)));
        at += len + 1;
    }
    (rest, found)
}

/// The items that a source defines.
fn definitions(tokens: &[Token]) -> BTreeSet<String> {
    const KINDS: [&str; 8] = ["struct", "enum", "trait", "fn", "const", "static", "type", "union"];
    let pairs = tokens
        .windows(2)
        .filter(|pair| KINDS.iter().any(|kind| pair[0].is(kind)));
    pairs.map(|pair| pair[1].text.clone()).collect()
}

/// The files that each file imports, with the first line that does.
pub(crate) fn imports(sources: &[Source]) -> BTreeMap<String, BTreeMap<String, usize>> {
    let modules: BTreeSet<Vec<String>> = sources.iter().map(|source| source.module.clone()).collect();
    let files: BTreeMap<Vec<String>, File<'_>> = sources
        .iter()
        .map(|source| (source.module.clone(), File::new(source, &modules)))
        .collect();
    let mut out = BTreeMap::new();
    for file in files.values() {
        let edges: &mut BTreeMap<String, usize> = out.entry(file.source.path.clone()).or_default();
        for (target, line) in &file.named {
            if let Some(path) = stands_in(&files, target, 0).filter(|path| **path != file.source.path) {
                edges.entry(path.clone()).or_insert(*line);
            }
        }
    }
    out
}

/// The file in which an item stands, wherever else it may be had. `None` for a
/// module as such.
fn stands_in<'a>(files: &'a BTreeMap<Vec<String>, File<'_>>, target: &[String], depth: usize) -> Option<&'a String> {
    let len = (1..=target.len())
        .rev()
        .find(|len| files.contains_key(&target[..*len]))?;
    let (file, item) = (&files[&target[..len]], target.get(len)?);
    if depth < 8 && !file.defined.contains(item) {
        if let Some(passed_on) = file.uses.get(item) {
            let target = [passed_on, &target[len + 1..]].concat();
            return stands_in(files, &target, depth + 1);
        }
        let globbed = file.globs.iter().filter_map(|module| files.get(module));
        if let Some(other) = globbed.into_iter().find(|other| other.defined.contains(item)) {
            return Some(&other.source.path);
        }
    }
    Some(&file.source.path)
}

/// One shortest circle of each group of nodes that all lead to each other.
pub(crate) fn circles_of(edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let mut out = Vec::new();
    let mut done: BTreeSet<&String> = BTreeSet::new();
    for from in edges.keys() {
        if done.contains(from) {
            continue;
        }
        if let Some(circle) = way_back(edges, from) {
            let back = |node: &String| reached(edges, node).contains(from);
            done.extend(reached(edges, from).into_iter().filter(|node| back(node)));
            out.push(circle);
        }
    }
    out
}

fn reached<'a>(edges: &'a BTreeMap<String, BTreeSet<String>>, from: &String) -> BTreeSet<&'a String> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&String> = edges.get(from).into_iter().flatten().collect();
    while let Some(node) = next.pop() {
        if seen.insert(node) {
            next.extend(edges.get(node).into_iter().flatten());
        }
    }
    seen
}

/// The shortest way from a node back to it, the node first.
fn way_back(edges: &BTreeMap<String, BTreeSet<String>>, from: &String) -> Option<Vec<String>> {
    let mut before: BTreeMap<&String, &String> = BTreeMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(node) = next.pop_front() {
        for to in edges.get(node).into_iter().flatten() {
            if to == from {
                let mut way = vec![node.clone()];
                while let Some(earlier) = before.get(way.last()?).filter(|_| way.last() != Some(from)) {
                    way.push((*earlier).clone());
                }
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(to) {
                before.insert(to, node);
                next.push_back(to);
            }
        }
    }
    None
}
