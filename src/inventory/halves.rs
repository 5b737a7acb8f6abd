//! A large inventory, read and checked by two processors at once. That is most
//! of what a status of many instances costs.
//!
//! The text is cut where an instance begins, and each half read as a document
//! of its own. What does not read well that way, or has anything wrong with it,
//! is to be read whole: so the halves never have a say in what is wrong.

use std::collections::HashSet;
use std::path::Path;
use std::sync::mpsc;

use super::check::{BUDGET, Check, Env};
use super::common::Common;
use super::model::{Instance, Inventory};
use super::node::{Entry, Shape, Tree};
use super::{syntax, yaml};

/// A text of so many bytes is worth a thread.
const LARGE: usize = 32 << 10;

/// The key whose entries are dealt out. Everything else stands before it.
const INSTANCES: &str = "instances";

/// The inventory in the one document of `text`, which has passed
/// [`syntax::screen`]. `None` where that is small, cannot be cut, or is not
/// valid.
pub(super) fn read(text: &str, folder: &Path, env: Env) -> Option<Inventory> {
    if text.len() < LARGE {
        return None;
    }
    let cut = cut(text)?;
    read_halves(text, cut, folder, env)
}

/// A place to cut at.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cut {
    /// In bytes: where the line of an instance's key begins.
    at: usize,
    /// The column of the instances' keys.
    column: usize,
}

/// Where to cut.
fn cut(text: &str) -> Option<Cut> {
    let mut lines = text.split_inclusive('\n');
    let is_key = |line: &&str| {
        let rest = line.strip_prefix(INSTANCES).and_then(|rest| rest.strip_prefix(':'));
        rest.is_some_and(is_blank)
    };
    lines.find(is_key)?;
    let column = lines
        .find(|line| !is_blank(line))
        .map(indent)
        .filter(|column| *column > 0)?;
    let from = text.len() / 2;
    let mut at = from + text.get(from..)?.find('\n')? + 1;
    for line in text.get(at..)?.split_inclusive('\n') {
        if begins_key(line, column) {
            return Some(Cut { at, column });
        }
        at += line.len();
    }
    None
}

fn is_blank(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// Whether a line can be that of a key in this column.
fn begins_key(line: &str, column: usize) -> bool {
    let first = line.as_bytes().get(column);
    indent(line) == column && first.is_some_and(u8::is_ascii_alphanumeric)
}

fn indent(line: &str) -> usize {
    line.bytes().take_while(|byte| *byte == b' ').count()
}

/// Whether a line that ends a document, or begins another, comes after the
/// first of the content.
fn is_divided(text: &str) -> bool {
    let marks = text.match_indices("\n---").chain(text.match_indices("\n..."));
    let has_content = |text: &str| text.lines().any(|line| !is_blank(line));
    marks.into_iter().any(|(at, _)| text.get(..at).is_some_and(has_content))
}

/// Cuts the text, where what is cut off can be a document of its own.
fn divide(text: &str, cut: Cut) -> Option<(&str, &str)> {
    if syntax::may_alias(text) || is_divided(text) {
        return None;
    }
    text.split_at_checked(cut.at)
}

/// Reads and checks both halves, and puts the instances together again.
fn read_halves(text: &str, cut: Cut, folder: &Path, env: Env) -> Option<Inventory> {
    let (first, second) = divide(text, cut)?;
    let (tell, told) = mpsc::channel();
    let (first, second) = std::thread::scope(|scope| {
        let other = std::thread::Builder::new().spawn_scoped(scope, move || {
            let tree = even(second)?;
            // Nothing is told where the first half is not valid.
            let defaults: Option<Common> = told.recv().ok()?;
            checked(cut_off(&tree)?, defaults.as_ref(), Check::new(folder, env))
        });
        let first = read_first(first, cut, tell, Check::new(folder, env));
        (first, other.ok().and_then(|other| other.join().ok()?))
    });
    let (mut one, other) = (first?, second?);
    let spent = (BUDGET - one.left) + (BUDGET - other.left);
    if spent > BUDGET || have_common(one.ids(), other.ids()) {
        return None;
    }
    one.instances.extend(other.instances);
    Some(Inventory {
        instances: one.instances,
    })
}

/// A half with nothing wrong in it.
struct Half {
    instances: Vec<Instance>,
    /// What is left of the budget.
    left: usize,
}

impl Half {
    fn ids(&self) -> impl Iterator<Item = &str> {
        self.instances.iter().map(|instance| instance.id.as_str())
    }
}

/// Reads and checks the first half. The defaults are told as soon as they are
/// known.
fn read_first(text: &str, cut: Cut, tell: mpsc::Sender<Option<Common>>, mut check: Check) -> Option<Half> {
    let tree = even(text)?;
    let instances = leading(&tree, text, cut.column)?;
    let defaults = check.head(&tree.root)?.defaults;
    // Without anybody who listens there is no other half.
    tell.send(defaults.clone()).ok()?;
    drop(tell);
    checked(instances, defaults.as_ref(), check)
}

fn checked(entries: &[Entry], defaults: Option<&Common>, mut check: Check) -> Option<Half> {
    let instances = check.instances(entries, defaults);
    let left = check.left()?;
    Some(Half { instances, left })
}

/// The tree of a half with nothing odd about its keys.
fn even(text: &str) -> Option<Tree<'_>> {
    let tree = yaml::read(text).ok()?;
    (tree.odd.duplicates.is_empty() && tree.odd.keys.is_empty()).then_some(tree)
}

/// The instances of the first half: they come last in it, and stand in this
/// column.
fn leading<'t, 'a>(tree: &'t Tree<'a>, text: &str, column: usize) -> Option<&'t [Entry<'a>]> {
    let Shape::Map(entries) = &tree.root.shape else {
        return None;
    };
    let last = entries.last().filter(|entry| entry.key == INSTANCES)?;
    let Shape::Map(instances) = &last.value.shape else {
        return None;
    };
    let begins = instances.first()?.at.start;
    let line = text.get(..begins)?.rfind('\n')? + 1;
    (begins - line == column).then_some(instances)
}

/// The instances that were cut off.
fn cut_off<'t, 'a>(tree: &'t Tree<'a>) -> Option<&'t [Entry<'a>]> {
    match &tree.root.shape {
        Shape::Map(instances) => Some(instances),
        _ => None,
    }
}

fn have_common<'t>(ids: impl Iterator<Item = &'t str>, mut others: impl Iterator<Item = &'t str>) -> bool {
    let ids: HashSet<&str> = ids.collect();
    others.any(|id| ids.contains(id))
}

#[cfg(test)]
mod tests {
    use super::super::node::Node;
    use super::*;
    use proptest::prelude::*;

    /// Where they stand is of no use to anybody who finds nothing wrong.
    fn assert_same(one: &Node<'_>, other: &Node<'_>) {
        match (&one.shape, &other.shape) {
            (Shape::Scalar(one), Shape::Scalar(other)) => {
                assert_eq!((&one.text, one.plain), (&other.text, other.plain));
            }
            (Shape::List(one), Shape::List(other)) => {
                assert_eq!(one.len(), other.len());
                one.iter().zip(other).for_each(|(one, other)| assert_same(one, other));
            }
            (Shape::Map(one), Shape::Map(other)) => {
                assert_eq!(one.len(), other.len());
                one.iter().zip(other).for_each(|(one, other)| assert_equal(one, other));
            }
            _ => panic!("{} is not {}", one.kind(), other.kind()),
        }
    }

    fn assert_equal(one: &Entry<'_>, other: &Entry<'_>) {
        assert_eq!((&one.key, one.void), (&other.key, other.void));
        assert_same(&one.value, &other.value);
    }

    fn keys<'t>(entries: &'t [Entry<'_>]) -> impl Iterator<Item = &'t str> {
        entries.iter().map(|entry| entry.key.as_ref())
    }

    /// Whether it can be cut there. If so, it reads as it does whole.
    fn reads_in_halves(text: &str, cut: Cut) -> bool {
        let Some((first, second)) = divide(text, cut) else {
            return false;
        };
        let (Some(one), Some(other)) = (even(first), even(second)) else {
            return false;
        };
        let (Some(leading), Some(others)) = (leading(&one, first, cut.column), cut_off(&other)) else {
            return false;
        };
        if have_common(keys(leading), keys(others)) {
            return false;
        }
        let whole = yaml::read(text).unwrap_or_else(|refusal| panic!("{refusal:?} cut at {cut:?}:\n{text}"));
        assert!(whole.odd.duplicates.is_empty() && whole.odd.keys.is_empty());
        let (Shape::Map(top), Shape::Map(whole)) = (&one.root.shape, &whole.root.shape) else {
            panic!("no mapping:\n{text}");
        };
        assert!(keys(top).eq(keys(whole)));
        let (heads, ends) = (top.iter().zip(whole), whole.last().expect("the instances"));
        heads.rev().skip(1).for_each(|(one, other)| assert_equal(one, other));
        let Shape::Map(all) = &ends.value.shape else {
            panic!("no instances:\n{text}")
        };
        assert_eq!(leading.len() + others.len(), all.len());
        leading
            .iter()
            .chain(others)
            .zip(all)
            .for_each(|(one, other)| assert_equal(one, other));
        true
    }

    /// Cut at every line that could be one of an instance's, it reads as it
    /// does whole, or not at all. Returns how often it was read in halves.
    fn read_at_every_line(text: &str) -> usize {
        let column = 2;
        let mut at = 0;
        let mut read = 0;
        for line in text.split_inclusive('\n') {
            at += line.len();
            if begins_key(&text[at..], column) {
                read += usize::from(reads_in_halves(text, Cut { at, column }));
            }
        }
        read
    }

    #[test]
    fn halves_are_the_whole() {
        let text = "# a fleet\ndefaults:\n  restart: { delay: 1s }\ninstances:\n  a:\n    process:\n      executable: /bin/a\n\
                    \n      args: [x, \"y\n  z\"]\n  b: { process: { executable: b } }\n  # of c\n  c:\n    stop:\n    - stdin: |\n\
                    \n        say bye\n        quit\n    tags: [eu]\n  d:\n";
        assert!(read_at_every_line(text) >= 2);
        for other in [
            "instances:\n  a: 1\n  b: 2\ntags: x\n",
            "instances: { a: 1,\n  b: 2 }\n",
            "instances:\n  a: 1\n  a: 2\n",
            "instances:\n  ? a\n  b: 1\n",
            "instances:\n  a: \"x\n  b: y\"\n",
            "instances:\n  a: &x [1]\n  b: *x\n",
            "instances:\n    a: 1\n  b: 2\n",
            "instances:\n  a: 1\n---\n  b: 2\n",
            "x:\n  a: 1\n  b: 2\n",
        ] {
            assert_eq!(read_at_every_line(other), 0, "{other}");
        }
    }

    /// Many instances, with something before them and something at the end.
    fn fleet(head: &str, tail: &str) -> String {
        let mut text = format!("{head}instances:\n");
        for n in 0..1000 {
            text += &format!("  game-{n}:\n    process: {{ executable: /srv/game, args: [a, b, \"${{X}}\"] }}\n");
        }
        text + tail
    }

    fn inventory(text: &str) -> Option<Inventory> {
        read(text, Path::new("/srv"), &|name| (name == "X").then(|| "y".into()))
    }

    fn whole(text: &str) -> Option<Inventory> {
        let tree = yaml::read(text).ok()?;
        let env: Env = &|name| (name == "X").then(|| "y".into());
        let (inventory, found) = super::super::check::check(&tree, Path::new("/srv"), env);
        found.is_empty().then_some(inventory)
    }

    #[test]
    fn a_large_one_is_cut_about_in_the_middle() {
        let text = fleet("", "");
        let Cut { at, column } = cut(&text).unwrap();
        assert!(text.len() / 2 <= at && at < text.len() / 10 * 6 && column == 2);
        assert!(inventory("instances: {a: {}}").is_none(), "a small one is not worth it");
    }

    #[test]
    fn it_says_what_the_whole_says() {
        let defaults = "defaults:\n  tags: [eu]\n  stop: [{ stdin: quit, wait: 5s }]\n";
        for (head, tail) in [("", ""), (defaults, "  last:\n    tags: [us]\n    autostart: false\n")] {
            let text = fleet(head, tail);
            let (halved, whole) = (inventory(&text).unwrap(), whole(&text).unwrap());
            assert!(halved.instances.len() >= 1000 && halved == whole);
        }
    }

    #[test]
    fn what_is_wrong_is_left_to_the_whole() {
        for (head, tail) in [
            ("", "  game-7: {}\n"),
            ("", "  last: { tagz: [x] }\n"),
            ("", "  last: { process: 5 }\n"),
            ("", "  last: { tags: [\n"),
            ("default:\n  tags: [eu]\n", ""),
            ("defaults:\n  tags: 5\n  x: y\n", ""),
        ] {
            let text = fleet(head, tail);
            assert!(whole(&text).is_none() && inventory(&text).is_none(), "{head} {tail}");
        }
    }

    #[test]
    fn both_have_one_budget() {
        for (tags, affordable) in [(900, true), (1100, false)] {
            let tags: Vec<String> = (0..tags).map(|n| format!("t{n}")).collect();
            let text = fleet(&format!("defaults:\n  tags: [{}]\n", tags.join(", ")), "");
            assert_eq!(
                (whole(&text).is_some(), inventory(&text).is_some()),
                (affordable, affordable)
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_is_cut_reads_as_the_whole(lines in proptest::collection::vec(prop_oneof![
            Just("  a:"), Just("  b: c"), Just("  d: \"e"), Just("  f: g\""), Just("    h: |"), Just("      i: j"),
            Just("    k: [l,"), Just("  m: n]"), Just("  o: 'p"), Just("  q: r'"), Just("    - s"), Just("  # t: u"),
            Just(""), Just("  ? v"), Just("  : w"), Just("x: y"), Just("---"), Just("  z: >-"), Just("    {"),
            Just("  A: }"), Just("  B"), Just("\tC: D"), Just("   E: F"), Just("..."), Just("    G: !H I"),
        ], 0..12)) {
            let text = format!("instances:\n  first: 1\n{}\n", lines.join("\n"));
            if syntax::screen(text.as_bytes()).is_ok() {
                read_at_every_line(&text);
            }
        }
    }
}
