//! A large inventory, read by two processors at once. Reading YAML is most of
//! what a status of many instances costs.
//!
//! The text is cut where an instance begins, and each half read as a document
//! of its own. What does not read well that way, for whatever reason, is to be
//! read whole: so the halves never have a say in what is wrong.

use std::collections::HashSet;
use std::sync::Arc;

use super::node::{Entry, Node, Shape, Tree};
use super::{syntax, yaml};

/// A text of so many bytes is worth a thread.
const LARGE: usize = 32 << 10;

/// The key whose entries are dealt out. Everything else stands before it.
const INSTANCES: &str = "instances";

/// Reads the one document of `text`, which has passed [`syntax::screen`], where
/// it is large and can be cut. What an empty value of the line before the cut
/// stands at may be told a little differently.
pub(super) fn read(text: &str) -> Option<Tree<'_>> {
    if text.len() < LARGE {
        return None;
    }
    let (at, column) = cut(text)?;
    read_halves(text, at, column)
}

/// Where to cut, in bytes, and the column of the instances' keys.
fn cut(text: &str) -> Option<(usize, usize)> {
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
    // A little less for the other thread, which has to be made first.
    let from = text.len() / 20 * 11;
    let mut at = from + text.get(from..)?.find('\n')? + 1;
    for line in text.get(at..)?.split_inclusive('\n') {
        if begins_key(line, column) {
            return Some((at, column));
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
    let mut content = text.lines().filter(|line| !is_blank(line)).skip(1);
    content.any(|line| line.starts_with("---") || line.starts_with("..."))
}

/// Reads both halves, and puts them together again.
fn read_halves(text: &str, at: usize, column: usize) -> Option<Tree<'_>> {
    if syntax::may_alias(text) || is_divided(text) {
        return None;
    }
    let (first, second) = text.split_at_checked(at)?;
    let (first, second) = std::thread::scope(|scope| {
        let other = std::thread::Builder::new().spawn_scoped(scope, || {
            let mut tree = yaml::read(second).ok()?;
            moved(&mut tree.root, at)?;
            Some(tree)
        });
        (yaml::read(first).ok(), other.ok().and_then(|other| other.join().ok()?))
    });
    let (mut first, second) = (first?, second?);
    let odd = [&first.odd, &second.odd];
    if odd.iter().any(|odd| !odd.duplicates.is_empty() || !odd.keys.is_empty()) {
        return None;
    }
    let instances = instances(&mut first.root)?;
    let begins = instances.first()?.at.start;
    let line = text.get(..begins)?.rfind('\n')? + 1;
    let others = Arc::into_inner(second.root)?;
    let Shape::Map(others) = others.shape else { return None };
    let ids: HashSet<&str> = instances.iter().map(|entry| entry.key.as_ref()).collect();
    let twice = others.iter().any(|entry| ids.contains(entry.key.as_ref()));
    if begins - line != column || twice {
        return None;
    }
    instances.extend(others);
    Some(first)
}

/// The entries that are last in the file.
fn instances<'t, 'a>(root: &'t mut Arc<Node<'a>>) -> Option<&'t mut Vec<Entry<'a>>> {
    let Shape::Map(entries) = &mut Arc::get_mut(root)?.shape else {
        return None;
    };
    let last = entries.last_mut().filter(|entry| entry.key == INSTANCES)?;
    match &mut Arc::get_mut(&mut last.value)?.shape {
        Shape::Map(instances) => Some(instances),
        _ => None,
    }
}

/// Says where everything stands in the whole text. `None` when something is
/// shared.
fn moved(node: &mut Arc<Node<'_>>, by: usize) -> Option<()> {
    let node = Arc::get_mut(node)?;
    node.span.start += by;
    match &mut node.shape {
        Shape::Scalar(_) => Some(()),
        Shape::List(items) => items.iter_mut().try_for_each(|item| moved(item, by)),
        Shape::Map(entries) => entries.iter_mut().try_for_each(|entry| {
            entry.at.start += by;
            moved(&mut entry.value, by)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn assert_same(one: &Node<'_>, other: &Node<'_>) {
        assert!(one.span == other.span || one.is_null());
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
                for (one, other) in one.iter().zip(other) {
                    assert_eq!((&one.key, one.at, one.void), (&other.key, other.at, other.void));
                    assert_same(&one.value, &other.value);
                }
            }
            _ => panic!("{} is not {}", one.kind(), other.kind()),
        }
    }

    /// Cut at every line that could be one of an instance's, it reads as it
    /// does whole, or not at all. Returns how often it was read in halves.
    fn read_at_every_line(text: &str) -> usize {
        let column = 2;
        let mut at = 0;
        let mut read = 0;
        for line in text.split_inclusive('\n') {
            at += line.len();
            if !begins_key(&text[at..], column) {
                continue;
            }
            if let Some(tree) = read_halves(text, at, column) {
                let whole = yaml::read(text).unwrap_or_else(|refusal| panic!("{refusal:?} cut at {at}:\n{text}"));
                assert_same(&tree.root, &whole.root);
                assert!(whole.odd.duplicates.is_empty() && whole.odd.keys.is_empty());
                read += 1;
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

    #[test]
    fn a_large_one_is_cut_about_in_the_middle() {
        let mut text = "instances:\n".to_owned();
        for n in 0..1000 {
            text += &format!("  game-{n}:\n    process: {{ executable: /srv/game, args: [a, b, c] }}\n");
        }
        let (at, column) = cut(&text).unwrap();
        assert!(text.len() / 2 < at && at < text.len() / 10 * 6 && column == 2);
        let (halved, whole) = (read(&text).unwrap(), yaml::read(&text).unwrap());
        assert_same(&halved.root, &whole.root);
        text += "  game-7: again\n";
        assert!(read(&text).is_none());
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
