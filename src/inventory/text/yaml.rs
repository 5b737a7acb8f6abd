//! YAML text to a tree with positions. The only file that names the YAML
//! crate.
//!
//! serde does not say where a value stands, and the crate gives out no events.
//! Three things tell all the same:
//!
//! - a word that stands in the source as it is read is borrowed from it;
//! - an error that is raised while a value is read is given that value's
//!   position, and reading can go on behind it;
//! - a list or mapping where an enum is wanted is such an error, and is not
//!   consumed by it, so that it can be read again as what it is.
//!
//! A value behind a key needs no error: its place is told by the key. So it is
//! read at once, which is an eighth faster for a large file. Only in a file with
//! aliases the position must be known before.
//!
//! An alias of a list or mapping is such an error too, with the position of
//! what it stands for. It IS consumed, but what it stands for was read before,
//! so it is shared. Nothing is read more often than it is written: a file of
//! aliases of aliases costs no more than its length.
//!
//! Inside a visitor an error has a type that serde leaves open. Its text is
//! all that can be asked for, so the position comes from there, and so does
//! the answer whether it is the third kind of error ([`CONTAINER`]).

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer as _, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::explain::{explain, split_place};
use super::lines::LineIndex;
use super::mapping::MappingBuilder;
use super::node::{BadKey, Node, Refusal, Scalar, Shape, Span, Tree, is_null};
use super::token;

/// The end of what the crate says to a list or mapping where an enum is wanted.
const CONTAINER: &str = "expected a YAML tag starting with '!'";

/// Reads the one document of `text`, which has passed
/// [`screen`](super::screen::screen).
pub(crate) fn read(text: &str) -> Result<Tree<'_>, Refusal> {
    let build = Build::new(text);
    let document = || serde_yaml::Deserializer::from_str(text);
    let root = document().deserialize_any(build.reader(Ask::AsIs));
    match root.map(Arc::new).or_else(|error| scalar_root(text).ok_or(error)) {
        Ok(root) => Ok(Tree {
            root,
            bad_keys: build.bad_keys.into_inner(),
        }),
        Err(error) => Err(build.refusal.take().unwrap_or_else(|| {
            let at = error.location().map(|at| build.lines.offset(at.line(), at.column()));
            explain(text, &build.lines, &error.to_string(), at)
        })),
    }
}

/// Reads a document that is a single value.
fn scalar_root(text: &str) -> Option<Arc<Node<'_>>> {
    let build = Build::new(text);
    let root = serde_yaml::Deserializer::from_str(text).deserialize_enum("", &[], build.reader(Ask::AsEnum));
    let root = root.map(Arc::new);
    root.or_else(|error| build.recover(error, || Err(Error::custom("no single value"))))
        .ok()
}

enum Unplaced {
    /// A text that is not in the source as it reads.
    Text(String),
    /// A number or a truth value.
    Word,
    /// `null`, `~` or nothing at all.
    Null,
}

struct Build<'a> {
    text: &'a str,
    lines: LineIndex<'a>,
    /// Without aliases nothing needs to be remembered for them.
    may_alias: bool,
    /// The lists and mappings read so far by their position; `None` while one
    /// is being read.
    containers: RefCell<HashMap<usize, Option<Arc<Node<'a>>>>>,
    /// A scalar that a visitor was given without its position, until an error
    /// brings that.
    unplaced: RefCell<Option<Unplaced>>,
    /// The furthest position of a value that was read.
    seen: Cell<Option<usize>>,
    bad_keys: RefCell<Vec<BadKey>>,
    refusal: RefCell<Option<Refusal>>,
}

impl<'a> Build<'a> {
    fn new(text: &'a str) -> Self {
        let start = token::content_start(text);
        Self {
            text,
            lines: LineIndex::of_parser(text),
            may_alias: token::may_alias(text),
            // The root is never met as an error. Only an alias in it can be.
            containers: RefCell::new(HashMap::from([(start, None)])),
            unplaced: RefCell::default(),
            seen: Cell::default(),
            bad_keys: RefCell::default(),
            refusal: RefCell::default(),
        }
    }

    fn refuse<T, E: Error>(&self, refusal: Refusal) -> Result<T, E> {
        self.refusal.borrow_mut().get_or_insert(refusal);
        Err(E::custom("refused"))
    }

    fn reader(&self, ask: Ask) -> Reader<'_, 'a> {
        Reader { build: self, ask }
    }

    fn see(&self, at: usize) {
        self.seen.set(self.seen.get().max(Some(at)));
    }

    fn scalar(&self, text: Cow<'a, str>, span: Span, plain: bool) -> Node<'a> {
        self.see(span.start);
        Node {
            span,
            shape: Shape::Scalar(Scalar { text, plain }),
        }
    }

    fn borrowed(&self, word: &'a str) -> Node<'a> {
        let start = (word.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let bytes = self.text.as_bytes();
        let before = start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
        let after = bytes.get(start + word.len()).copied();
        let quoted = matches!(before, Some(b'\'' | b'"')) && before == after;
        self.scalar(Cow::Borrowed(word), Span::new(start, word.len()), !quoted)
    }

    /// Makes the best of an error: reads `again` what was not consumed, or
    /// learns from it what was.
    fn recover<E: Error>(&self, error: E, again: impl FnOnce() -> Result<Node<'a>, E>) -> Result<Arc<Node<'a>>, E> {
        if self.refusal.borrow().is_some() {
            return Err(error);
        }
        let shown = error.to_string();
        let (what, place) = split_place(&shown);
        let at = place.map_or(0, |(line, column)| self.lines.offset(line, column));
        if let Some(unplaced) = self.unplaced.take() {
            return Ok(Arc::new(self.place(unplaced, at)));
        }
        if !what.ends_with(CONTAINER) {
            return Err(error);
        }
        self.container(at, again)
    }

    fn place(&self, unplaced: Unplaced, at: usize) -> Node<'a> {
        let start = token::skip_properties(self.text, at);
        let word = token::plain_word(self.text, start);
        let word = match unplaced {
            Unplaced::Text(text) => return self.scalar(Cow::Owned(text), Span::new(start, 0), false),
            Unplaced::Word => word,
            // Where nothing is written, the position is that of the next token.
            Unplaced::Null => Some(word).filter(|word| is_null(word)).unwrap_or_default(),
        };
        self.scalar(Cow::Borrowed(word), Span::new(start, word.len()), true)
    }

    /// Gives a list or mapping that was read as it is its place behind its key.
    fn behind(&self, key: Span, mut value: Node<'a>) -> Node<'a> {
        if !self.may_alias && !matches!(value.shape, Shape::Scalar(_)) {
            value.span = Span::new(token::value_start(self.text, key.end()), 0);
        }
        value
    }

    /// Leaves a scalar to [`Build::recover`].
    fn leave<T, E: Error>(&self, unplaced: Unplaced) -> Result<T, E> {
        self.unplaced.replace(Some(unplaced));
        Err(E::custom("a scalar without a position"))
    }

    fn container<E: Error>(&self, at: usize, again: impl FnOnce() -> Result<Node<'a>, E>) -> Result<Arc<Node<'a>>, E> {
        if self.may_alias {
            let known = self.containers.borrow().get(&at).cloned();
            match known {
                Some(Some(node)) => return Ok(node),
                None if Some(at) >= self.seen.get() => {}
                _ => {
                    let at = token::find_alias(self.text, self.seen.get().unwrap_or(at)).unwrap_or(at);
                    return self.refuse(
                        Refusal::new(at, "this alias stands for something that contains it")
                            .hint("an alias can only repeat what is complete before it"),
                    );
                }
            }
            self.containers.borrow_mut().insert(at, None);
        }
        self.see(at);
        let node = Arc::new(Node {
            span: Span::new(token::skip_properties(self.text, at), 0),
            shape: again()?.shape,
        });
        if self.may_alias {
            self.containers.borrow_mut().insert(at, Some(Arc::clone(&node)));
        }
        Ok(node)
    }

    /// Refuses a tag: it means nothing here, and it would hide what it stands
    /// before.
    fn refuse_tag<T, E: Error>(&self) -> Result<T, E> {
        let from = self.seen.get().unwrap_or(0);
        let at = token::find_tag(self.text, from).unwrap_or(from);
        self.refuse(
            Refusal::new(at, "YAML tags such as `!name` mean nothing in an inventory")
                .hint("leave the tag out, or quote the value if it begins with `!`"),
        )
    }
}

/// The way to ask for a value.
#[derive(Clone, Copy, PartialEq)]
enum Ask {
    /// Asks for an enum: only a scalar is one, all else is an error with a position.
    AsEnum,
    /// Asks for whatever it is. A list or mapping comes without its position, which
    /// is known when it was an error before, or stands behind a key.
    AsIs,
}

#[derive(Clone, Copy)]
struct Reader<'b, 'a> {
    build: &'b Build<'a>,
    ask: Ask,
}

impl<'a> DeserializeSeed<'a> for Reader<'_, 'a> {
    type Value = Node<'a>;

    fn deserialize<D: serde::Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        match self.ask {
            Ask::AsEnum => source.deserialize_enum("", &[], self),
            Ask::AsIs => source.deserialize_any(self),
        }
    }
}

impl<'a> Visitor<'a> for Reader<'_, 'a> {
    type Value = Node<'a>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, word: &'a str) -> Result<Self::Value, E> {
        Ok(self.build.borrowed(word))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.build.leave(Unplaced::Text(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        self.build.leave(Unplaced::Word)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        self.build.leave(Unplaced::Word)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        self.build.leave(Unplaced::Word)
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Self::Value, E> {
        self.build.leave(Unplaced::Word)
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Self::Value, E> {
        self.build.leave(Unplaced::Word)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        self.build.leave(Unplaced::Word)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.build.leave(Unplaced::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        self.build.leave(Unplaced::Null)
    }

    /// Takes a scalar where an enum was asked for. Anything else that comes
    /// here has a tag.
    fn visit_enum<A: EnumAccess<'a>>(self, access: A) -> Result<Self::Value, A::Error> {
        if self.ask == Ask::AsIs {
            return self.build.refuse_tag();
        }
        match access.variant_seed(Word(self.build)) {
            Ok((node, variant)) => variant.unit_variant().map(|()| node),
            Err(error) => {
                // A tag is read apart from the source, and has no place in it.
                // Neither has the first value, if it is the first character.
                let is_tag = split_place(&error.to_string()).1.is_none() && self.build.seen.get().is_some();
                if is_tag { self.build.refuse_tag() } else { Err(error) }
            }
        }
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let build = self.build;
        let mut items: Vec<Arc<Node<'a>>> = Vec::new();
        loop {
            let item = match access.next_element_seed(build.reader(Ask::AsEnum)) {
                Ok(None) => break,
                Ok(Some(item)) => Arc::new(item),
                Err(error) => build.recover(error, || {
                    let again = access.next_element_seed(build.reader(Ask::AsIs))?;
                    again.ok_or_else(|| Error::custom("no item"))
                })?,
            };
            items.push(item);
        }
        let first = items.first().map(|item| item.span);
        Ok(Node {
            span: first.unwrap_or(Span::new(build.seen.get().unwrap_or(0), 0)),
            shape: Shape::List(items),
        })
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let build = self.build;
        let mut map = MappingBuilder::default();
        let mut first = None;
        loop {
            let key = match access.next_key_seed(build.reader(Ask::AsEnum)) {
                Ok(None) => break,
                Ok(Some(key)) => Arc::new(key),
                Err(error) => build.recover(error, || {
                    let again = access.next_key_seed(build.reader(Ask::AsIs))?;
                    again.ok_or_else(|| Error::custom("no key"))
                })?,
            };
            // Only an alias needs a position before the value is read.
            let ask = if build.may_alias { Ask::AsEnum } else { Ask::AsIs };
            let value = match access.next_value_seed(build.reader(ask)) {
                Ok(value) => Arc::new(build.behind(key.span, value)),
                Err(error) => build.recover(error, || access.next_value_seed(build.reader(Ask::AsIs)))?,
            };
            first.get_or_insert(key.span);
            map.add(&key, value, &mut build.bad_keys.borrow_mut());
        }
        Ok(Node {
            span: first.unwrap_or(Span::new(build.seen.get().unwrap_or(0), 0)),
            shape: Shape::Map(map.finish()),
        })
    }
}

/// Reads a scalar as the text that it is written with.
struct Word<'b, 'a>(&'b Build<'a>);

impl<'a> DeserializeSeed<'a> for Word<'_, 'a> {
    type Value = Node<'a>;

    fn deserialize<D: serde::Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_str(self.0.reader(Ask::AsEnum))
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn dump(node: &Node, text: &str, out: &mut String) {
        let place = || {
            let (line, column) = LineIndex::of_people(text).place(node.span.start);
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
                let place = refusal.at.map(|at| LineIndex::of_people(text).place(at));
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
                "{@1:1 a: @1:3, b: 'x\\ty'@2:4, c: 't\\nu\\n'@3:4, d: 'q'@6:5, e: ''@7:5, }",
            ),
            (
                "- 1\n- {}\n- []\n- - x\n  - -5",
                "[@1:3 1@1:3, {@2:3 }, [@3:3 ], [@4:3 x@4:5, -5@5:5, ], ]",
            ),
            (
                "stop: 5\nargs: {}\nenv: # c\n  {a: b}\nx: {y: z}",
                "{@1:1 stop: 5@1:7, args: {@2:7 }, env: {@4:3 a: b@4:7, }, x: {@5:4 y: z@5:8, }, }",
            ),
            (
                "a: &x {b: [1]}\nc: *x\nd: &s 5\ne: *s\nf: x",
                "{@1:1 a: {@1:7 b: [@1:11 1@1:12, ], }, c: {@1:7 b: [@1:11 1@1:12, ], }, d: 5@3:7, e: 5@3:7, f: x@5:4, }",
            ),
            ("? v\nf: g", "{@1:3 v: @2:1, f: g@2:4, }"),
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
