//! YAML text to a tree that knows where each word stands.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span as Place, StrInput};

use super::explain::{explain, tag};
use super::node::{BadKey, Entry, Mapping, Node, Refusal, Scalar, Shape, Span, Tree};

/// Reads the one document of `text`.
pub(crate) fn read(text: &str) -> Result<Tree<'_>, Refusal> {
    let mut reader = Reader {
        text,
        parser: Parser::new_from_str_with_options(text, options()),
        anchors: HashMap::new(),
        bad_keys: Vec::new(),
    };
    let root = reader.document()?;
    Ok(Tree {
        root,
        bad_keys: reader.bad_keys,
    })
}

/// Returns the places of the comments of a text that [`read`] takes, each
/// without its `#`.
pub(crate) fn comments(text: &str) -> Vec<Span> {
    let options = granit_parser::options! {
        emit_comments: true,
        max_buffered_comment_events: usize::MAX,
    };
    Parser::new_from_str_with_options(text, options)
        .map_while(Result::ok)
        .filter(|(event, _)| matches!(event, Event::Comment(..)))
        .map(|(_, place)| inner(span(&place), 1, 0))
        .collect()
}

/// The most lists and mappings within each other, of either notation: more is
/// no inventory, and whoever walks through the tree recurses.
const DEEPEST: usize = 64;

fn options() -> Options {
    granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
        // A text that ends without a line break has none there.
        block_scalar_eof_without_line_feed: true,
    }
}

struct Reader<'a> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    /// The complete nodes that have an anchor.
    anchors: HashMap<usize, Arc<Node<'a>>>,
    bad_keys: Vec<BadKey>,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Place), Refusal> {
        match self.parser.next_event() {
            Some(event) => event.map_err(|error| explain(self.text, &error)),
            None => Ok((Event::StreamEnd, Place::default())),
        }
    }

    fn document(&mut self) -> Result<Arc<Node<'a>>, Refusal> {
        let mut root = None;
        loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentEnd, _) => {}
                (Event::StreamEnd, _) => break,
                (Event::DocumentStart(..), place) if root.is_some() => {
                    let message = "this is a second document; an inventory is one";
                    return Err(Refusal::new(span(&place).start, message)
                        .hint("remove the `---` line, or give the other file by its own name"));
                }
                (Event::DocumentStart(..), _) => {
                    let (event, place) = self.next()?;
                    root = Some(self.node(event, &place)?);
                }
                // The parser gives no other event outside of a document.
                (_, _) => {}
            }
        }
        let root = root.filter(|root| !root.is_unwritten());
        root.ok_or_else(|| Refusal::new(None, "the inventory is empty").hint("write at least `instances: {}`"))
    }

    fn node(&mut self, event: Event<'a>, place: &Place) -> Result<Arc<Node<'a>>, Refusal> {
        if let Some(place) = place.tag_span() {
            return Err(tag(span(&place).start));
        }
        let place = span(place);
        let (span, shape, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let (span, scalar) = self.scalar(text, style, place);
                (span, Shape::Scalar(scalar), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (inner(place, 0, place.len), self.list()?, anchor),
            Event::MappingStart(_, anchor, _) => (inner(place, 0, place.len), self.mapping()?, anchor),
            Event::Alias(anchor) => {
                // An alias without an anchor is an error of the parser's.
                let known = self.anchors.get(&anchor).cloned();
                return known.ok_or_else(|| {
                    Refusal::new(place.start, "this alias stands for something that contains it")
                        .hint("an alias can only repeat what is complete before it")
                });
            }
            other => return Err(Refusal::new(place.start, format!("this is not YAML: {other:?}"))),
        };
        let node = Arc::new(Node { span, shape });
        if anchor > 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        Ok(node)
    }

    fn scalar(&self, text: Cow<'a, str>, style: ScalarStyle, place: Span) -> (Span, Scalar<'a>) {
        let plain = style == ScalarStyle::Plain;
        if plain && place.len == 0 {
            let text = Cow::Borrowed("");
            return (Span::new(self.empty_value(place.start), 0), Scalar { text, plain });
        }
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let as_written = matches!(text, Cow::Borrowed(_));
        let span = if quoted && as_written {
            inner(place, 1, 1)
        } else {
            place
        };
        (span, Scalar { text, plain })
    }

    /// Returns where the value would stand that is missing behind a key which
    /// ends at `at`.
    fn empty_value(&self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let behind = rest.strip_prefix(':').unwrap_or(rest).trim_start_matches(' ');
        self.text.len() - behind.len()
    }

    fn list(&mut self) -> Result<Shape<'a>, Refusal> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Shape::List(items)),
                (event, place) => items.push(self.node(event, &place)?),
            }
        }
    }

    fn mapping(&mut self) -> Result<Shape<'a>, Refusal> {
        let mut map = Mapping {
            entries: Vec::new(),
            unusable: Vec::new(),
        };
        let mut known = BTreeMap::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Shape::Map(map)),
                (event, place) => self.node(event, &place)?,
            };
            let (event, place) = self.next()?;
            let value = self.node(event, &place)?;
            let at = key.span;
            let Shape::Scalar(Scalar { text: word, .. }) = &key.shape else {
                self.bad_keys.push(BadKey::NotAWord(at));
                let nameless = |value| Entry {
                    key: Cow::Borrowed(""),
                    at,
                    value,
                };
                map.unusable.extend([key, value].map(nameless));
                continue;
            };
            let key = word.clone();
            if let Some(first) = known.get(word) {
                self.bad_keys.push(BadKey::Repeated {
                    key: word.to_string(),
                    first: *first,
                    again: at,
                });
                map.unusable.push(Entry { key, at, value });
            } else {
                known.insert(word.clone(), at);
                map.entries.push(Entry { key, at, value });
            }
        }
    }
}

/// Returns a place in bytes.
fn span(place: &Place) -> Span {
    // The parser counts bytes whenever it reads a text.
    let range = place.byte_range().unwrap_or_default();
    Span::new(range.start, range.len())
}

/// Returns a span without some bytes at its beginning and at its end.
fn inner(span: Span, before: usize, behind: usize) -> Span {
    Span::new(span.start + before, span.len.saturating_sub(before + behind))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::lines::LineIndex;
    use super::*;

    fn dump(node: &Node, text: &str, out: &mut String) {
        let place = || {
            let (line, column) = LineIndex::new(text).place(node.span.start);
            format!("@{line}:{column}")
        };
        match &node.shape {
            Shape::Scalar(scalar) => {
                let quote = if scalar.plain { "" } else { "'" };
                write!(out, "{quote}{}{quote}{}", scalar.text.escape_debug(), place()).unwrap();
            }
            Shape::List(items) => {
                write!(out, "[{} ", place()).unwrap();
                for item in items {
                    dump(item, text, out);
                    *out += ", ";
                }
                *out += "]";
            }
            Shape::Map(map) => {
                write!(out, "{{{} ", place()).unwrap();
                for entry in &map.entries {
                    write!(out, "{}: ", entry.key).unwrap();
                    dump(&entry.value, text, out);
                    *out += ", ";
                }
                *out += "}";
            }
        }
    }

    fn dumped(text: &str) -> String {
        match read(text) {
            Ok(tree) => {
                let mut out = String::new();
                dump(&tree.root, text, &mut out);
                out
            }
            Err(refusal) => {
                let place = refusal.at.map(|at| LineIndex::new(text).place(at));
                format!("{place:?} {}", refusal.message)
            }
        }
    }

    #[test]
    fn words_stay_as_written_and_know_their_place() {
        for (text, expected) in [
            (
                "a: 010\nb: [NO, 1.20, +5, 0x1F, ~, true]",
                "{@1:1 a: 010@1:4, b: [@2:4 NO@2:5, 1.20@2:9, +5@2:15, 0x1F@2:19, ~@2:25, true@2:28, ], }",
            ),
            (
                "a:\nb: \"x\\ty\" # c\nc: |\n  t\n  u\nd: 'q'\ne: ''",
                "{@1:1 a: @1:3, b: 'x\\ty'@2:4, c: 't\\nu\\n'@4:3, d: 'q'@6:5, e: ''@7:5, }",
            ),
            (
                "- 1\n- {}\n- []\n- - x\n  - -5",
                "[@1:1 1@1:3, {@2:3 }, [@3:3 ], [@4:3 x@4:5, -5@5:5, ], ]",
            ),
            (
                "stop: 5\nargs: {}\nenv: # c\n  {a: b}\nx: {y: z}",
                "{@1:1 stop: 5@1:7, args: {@2:7 }, env: {@4:3 a: b@4:7, }, x: {@5:4 y: z@5:8, }, }",
            ),
            (
                "a: &x {b: [1]}\nc: *x\nd: &s 5\ne: *s\nf: x",
                "{@1:1 a: {@1:7 b: [@1:11 1@1:12, ], }, c: {@1:7 b: [@1:11 1@1:12, ], }, d: 5@3:7, e: 5@3:7, f: x@5:4, }",
            ),
            ("? v\nf: g", "{@1:1 v: @2:1, f: g@2:4, }"),
            ("5", "5@1:1"),
            ("\"a\\tb\"", "'a\\tb'@1:1"),
            ("\"a\\tb\": \"c\\td\"", "{@1:1 a\tb: 'c\\td'@1:9, }"),
            ("é: [ü, 1]", "{@1:1 é: [@1:4 ü@1:5, 1@1:8, ], }"),
        ] {
            assert_eq!(dumped(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_tree_is_refused_at_its_place() {
        for (text, expected) in [
            (
                "a: &x {b: *x}",
                "Some((1, 11)) this alias stands for something that contains it",
            ),
            (
                "&x {b: *x}",
                "Some((1, 8)) this alias stands for something that contains it",
            ),
            (
                "--- # c\n&r [*r, *r]",
                "Some((2, 5)) this alias stands for something that contains it",
            ),
            ("a: *x", "Some((1, 4)) this alias has no anchor before it"),
            (
                "a: !x b",
                "Some((1, 4)) YAML tags such as `!name` mean nothing in an inventory",
            ),
            (
                "tags: !x [b]",
                "Some((1, 7)) YAML tags such as `!name` mean nothing in an inventory",
            ),
            ("a: 1\n\tb: 2", "Some((2, 1)) a tab is used for indentation"),
            ("a:\n\tb: 2", "Some((2, 1)) a tab is used for indentation"),
            ("a: \"b\nc: d\n", "Some((1, 4)) this quote is not closed"),
            ("a: [b\nc: d", "Some((2, 2)) this list is not closed before here"),
            ("a: b: c", "Some((1, 5)) a `:` is not expected here"),
            ("a: @b", "Some((1, 4)) a value cannot begin with this character"),
            (
                "a: 1\n---\nb: 2",
                "Some((2, 1)) this is a second document; an inventory is one",
            ),
        ] {
            assert_eq!(dumped(text), expected, "{text}");
        }
    }
}
