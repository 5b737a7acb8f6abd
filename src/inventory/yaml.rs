//! YAML text to a tree with positions. The only file that names the YAML
//! crate.
//!
//! A serde visitor is not told where it is, but three things give it away:
//!
//! - a word that stands in the source as it is read is borrowed from it;
//! - an error raised while a value is read is given that value's position,
//!   and reading can go on behind it;
//! - a list or mapping where an enum is wanted is such an error, and is not
//!   consumed by it, so that it can be read again as what it is.
//!
//! An alias of a list or mapping is such an error too, with the position of
//! what it stands for. It IS consumed, and what it stands for was read
//! before, so it is shared. Nothing is ever read twice: a file of aliases of
//! aliases costs no more than its length.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer as _, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor};

use super::entries::Entries;
use super::lines::Lines;
use super::node::{self, Node, Oddities, Refusal, Scalar, Shape, Span, Tree};
use super::syntax;

const AS_TEXT: &str = "\u{1}text";
const AS_PLAIN: &str = "\u{1}plain";
const AS_NULL: &str = "\u{1}null";
const CONTAINER: &str = "expected a YAML tag starting with '!'";

/// Keys whose value is usually a list or mapping. Only speed depends on it.
const CONTAINER_KEYS: [&str; 12] = [
    "args",
    "defaults",
    "env",
    "exec",
    "give_up",
    "instances",
    "process",
    "ready",
    "restart",
    "stop",
    "tags",
    "success_exit_codes",
];

/// Reads the one document of `text`, which has passed [`syntax::screen`].
pub(super) fn read(text: &str) -> Result<Tree<'_>, Refusal> {
    let build = Build::new(text);
    let root = serde_yaml::Deserializer::from_str(text).deserialize_any(Reader {
        build: &build,
        guess_container: true,
        guess_first: false,
    });
    // A root that is a number or a text with escapes comes as an error, too.
    let root = root.or_else(|error| build.recover(error, || Err(Error::custom("nothing"))));
    match root {
        Ok(root) => Ok(Tree {
            root,
            odd: build.odd.into_inner(),
        }),
        Err(error) => Err(build.refusal.take().unwrap_or_else(|| {
            let at = error.location().map(|at| build.lines.offset(at.line(), at.column()));
            syntax::explain(text, &build.lines, &error.to_string(), at)
        })),
    }
}

struct Build<'a> {
    text: &'a str,
    lines: Lines<'a>,
    /// Without aliases, what is expected to be a container may be read as one
    /// at once.
    may_alias: bool,
    /// The list and mappings read so far by their position; `None` while one
    /// is being read.
    containers: RefCell<HashMap<usize, Option<Arc<Node<'a>>>>>,
    /// The text that an [`AS_TEXT`] error is about.
    stash: RefCell<String>,
    /// The furthest position that was seen.
    seen: Cell<Option<usize>>,
    odd: RefCell<Oddities>,
    refusal: RefCell<Option<Refusal>>,
}

impl<'a> Build<'a> {
    fn new(text: &'a str) -> Self {
        let may_alias = syntax::may_alias(text);
        let mut containers = HashMap::new();
        if may_alias {
            // The root is never met as an error. Only an alias in it can be.
            containers.insert(syntax::content_start(text), None);
        }
        Self {
            text,
            lines: Lines::of_parser(text),
            may_alias,
            containers: RefCell::new(containers),
            stash: RefCell::default(),
            seen: Cell::default(),
            odd: RefCell::default(),
            refusal: RefCell::default(),
        }
    }

    fn refuse<T, E: Error>(&self, refusal: Refusal) -> Result<T, E> {
        self.refusal.borrow_mut().get_or_insert(refusal);
        Err(E::custom("refused"))
    }

    fn reader(&self, guess_container: bool) -> Reader<'_, 'a> {
        Reader {
            build: self,
            guess_container: guess_container && !self.may_alias,
            guess_first: false,
        }
    }

    fn see(&self, at: usize) {
        self.seen.set(self.seen.get().max(Some(at)));
    }

    fn scalar(&self, text: Cow<'a, str>, span: Span, plain: bool) -> Arc<Node<'a>> {
        self.see(span.start);
        Arc::new(Node {
            span,
            shape: Shape::Scalar(Scalar { text, plain }),
        })
    }

    fn borrowed(&self, word: &'a str) -> Arc<Node<'a>> {
        let start = (word.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        let bytes = self.text.as_bytes();
        let before = start.checked_sub(1).and_then(|i| bytes.get(i)).copied();
        let after = bytes.get(start + word.len()).copied();
        let quoted = matches!(before, Some(b'\'' | b'"')) && before == after;
        self.scalar(Cow::Borrowed(word), Span::new(start, word.len()), !quoted)
    }

    /// Makes the best of an error: reads `again` what was not consumed, or
    /// learns from it what was.
    fn recover<E: Error>(
        &self,
        error: E,
        again: impl FnOnce() -> Result<Arc<Node<'a>>, E>,
    ) -> Result<Arc<Node<'a>>, E> {
        if self.refusal.borrow().is_some() {
            return Err(error);
        }
        let shown = error.to_string();
        let (what, place) = syntax::split_place(&shown);
        let at = place.map_or(0, |(line, column)| self.lines.offset(line, column));
        if what.ends_with(AS_TEXT) {
            let start = syntax::skip_properties(self.text, at);
            let text = self.stash.take();
            return Ok(self.scalar(Cow::Owned(text), Span::new(start, 0), false));
        }
        if what.ends_with(AS_PLAIN) || what.ends_with(AS_NULL) {
            let start = syntax::skip_properties(self.text, at);
            let word = syntax::plain_word(self.text, start);
            // What is not there is said to be where the next token is.
            let is_there = what.ends_with(AS_PLAIN) || node::is_null(word);
            let word = if is_there { word } else { "" };
            return Ok(self.scalar(Cow::Borrowed(word), Span::new(start, word.len()), true));
        }
        if !what.ends_with(CONTAINER) {
            return Err(error);
        }
        self.container(at, again)
    }

    fn container<E: Error>(
        &self,
        at: usize,
        again: impl FnOnce() -> Result<Arc<Node<'a>>, E>,
    ) -> Result<Arc<Node<'a>>, E> {
        if self.may_alias {
            let known = self.containers.borrow().get(&at).cloned();
            match known {
                Some(Some(node)) => return Ok(node),
                None if self.seen.get().is_none_or(|seen| at >= seen) => {}
                _ => {
                    let from = self.seen.get().unwrap_or(at);
                    let at = syntax::find_alias(self.text, from).unwrap_or(at);
                    return self.refuse(
                        Refusal::new(at, "this alias stands for something that contains it")
                            .hint("an alias can only repeat what is complete before it"),
                    );
                }
            }
            self.containers.borrow_mut().insert(at, None);
        }
        self.see(at);
        let read = again()?;
        let node = Arc::new(Node {
            span: Span::new(syntax::skip_properties(self.text, at), 0),
            shape: Arc::try_unwrap(read).map_or_else(|_| Shape::List(Vec::new()), |node| node.shape),
        });
        if self.may_alias {
            self.containers.borrow_mut().insert(at, Some(Arc::clone(&node)));
        }
        Ok(node)
    }

    /// A list or mapping that was read as one at once begins behind its key.
    fn placed(&self, key: Span, value: Arc<Node<'a>>) -> Arc<Node<'a>> {
        if self.may_alias || matches!(value.shape, Shape::Scalar(_)) {
            return value;
        }
        let span = Span::new(syntax::value_start(self.text, key.end()), 0);
        Arc::try_unwrap(value).map_or_else(|shared| shared, |Node { shape, .. }| Arc::new(Node { span, shape }))
    }

    /// A tag: it means nothing here, and it would hide the shape under it.
    fn refuse_tag<T, E: Error>(&self) -> Result<T, E> {
        let from = self.seen.get().unwrap_or(0);
        let at = syntax::find_tag(self.text, from).or(self.seen.get());
        self.refuse(
            Refusal::new(at, "YAML tags such as `!name` mean nothing in an inventory")
                .hint("leave the tag out, or quote the value if it begins with `!`"),
        )
    }
}

#[derive(Clone, Copy)]
struct Reader<'b, 'a> {
    build: &'b Build<'a>,
    guess_container: bool,
    /// The same for the first value in it.
    guess_first: bool,
}

impl<'a> DeserializeSeed<'a> for Reader<'_, 'a> {
    type Value = Arc<Node<'a>>;

    fn deserialize<D: serde::Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        if self.guess_container {
            source.deserialize_any(self)
        } else {
            source.deserialize_enum("", &[], self)
        }
    }
}

impl<'a> Reader<'_, 'a> {
    fn plain<E: Error>(self) -> Result<Arc<Node<'a>>, E> {
        Err(E::custom(AS_PLAIN))
    }
}

impl<'a> Visitor<'a> for Reader<'_, 'a> {
    type Value = Arc<Node<'a>>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, word: &'a str) -> Result<Self::Value, E> {
        Ok(self.build.borrowed(word))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.clone_into(&mut self.build.stash.borrow_mut());
        Err(E::custom(AS_TEXT))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        self.plain()
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        self.plain()
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        self.plain()
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<Self::Value, E> {
        self.plain()
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<Self::Value, E> {
        self.plain()
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        self.plain()
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Err(E::custom(AS_NULL))
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Err(E::custom(AS_NULL))
    }

    /// A scalar when an enum was asked for; else, and without a position, a
    /// tag.
    fn visit_enum<A: EnumAccess<'a>>(self, access: A) -> Result<Self::Value, A::Error> {
        if self.guess_container {
            return self.build.refuse_tag();
        }
        match access.variant_seed(Word(self.build)) {
            Ok((node, variant)) => variant.unit_variant().map(|()| node),
            Err(error) => {
                let nowhere = syntax::split_place(&error.to_string()).1.is_none();
                if nowhere && self.build.seen.get().is_some() && self.build.refusal.borrow().is_none() {
                    return self.build.refuse_tag();
                }
                Err(error)
            }
        }
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut items: Vec<Arc<Node<'a>>> = Vec::new();
        loop {
            // No guess: between items nothing tells where an empty one is.
            let item = match access.next_element_seed(self.build.reader(false)) {
                Ok(None) => break,
                Ok(Some(item)) => item,
                Err(error) => self.build.recover(error, || {
                    let again = Reader {
                        build: self.build,
                        guess_container: true,
                        guess_first: false,
                    };
                    access.next_element_seed(again)?.ok_or_else(|| Error::custom("nothing"))
                })?,
            };
            items.push(item);
        }
        let span = items
            .first()
            .map_or(Span::new(self.build.seen.get().unwrap_or(0), 0), |item| item.span);
        Ok(Arc::new(Node {
            span,
            shape: Shape::List(items),
        }))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<Self::Value, A::Error> {
        let mut map = Entries::default();
        let mut guess = self.guess_first && !self.build.may_alias;
        loop {
            let again = Reader {
                build: self.build,
                guess_container: true,
                guess_first: false,
            };
            let key = match access.next_key_seed(self.build.reader(false)) {
                Ok(None) => break,
                Ok(Some(key)) => key,
                Err(error) => self.build.recover(error, || {
                    access.next_key_seed(again)?.ok_or_else(|| Error::custom("nothing"))
                })?,
            };
            let (expected, is_of_maps) = match &key.shape {
                Shape::Scalar(scalar) => {
                    let word = scalar.text.as_ref();
                    (CONTAINER_KEYS.contains(&word), word == "instances")
                }
                _ => (false, false),
            };
            let reader = Reader {
                guess_first: is_of_maps,
                ..self.build.reader(guess || expected)
            };
            let value = match access.next_value_seed(reader) {
                Ok(value) => value,
                Err(error) => self.build.recover(error, || access.next_value_seed(again))?,
            };
            guess = !expected && !matches!(value.shape, Shape::Scalar(_));
            let value = self.build.placed(key.span, value);
            map.add(&key, value, &mut self.build.odd.borrow_mut());
        }
        Ok(map.finish(Span::new(self.build.seen.get().unwrap_or(0), 0)))
    }
}

/// Reads a scalar as the text that it is written with.
struct Word<'b, 'a>(&'b Build<'a>);

impl<'a> DeserializeSeed<'a> for Word<'_, 'a> {
    type Value = Arc<Node<'a>>;

    fn deserialize<D: serde::Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_str(Reader {
            build: self.0,
            guess_container: false,
            guess_first: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn dump(node: &Node, text: &str, out: &mut String) {
        let place = || {
            let (line, column) = Lines::of_people(text).place(node.span.start);
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
            Shape::Map(entries) => {
                write!(out, "{{{} ", place()).unwrap();
                for entry in entries {
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
                let place = refusal.at.map(|at| Lines::of_people(text).place(at));
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
