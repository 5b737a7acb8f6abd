//! The file as a tree that knows where each of its words stands.

use std::borrow::Cow;
use std::sync::Arc;

/// A stretch of the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    /// 0 for a list or a mapping, of which only the beginning is shown.
    pub(crate) len: usize,
}

impl Span {
    pub(crate) fn new(start: usize, len: usize) -> Self {
        Self { start, len }
    }

    pub(crate) fn end(self) -> usize {
        self.start + self.len
    }
}

/// A value. What an alias stands for is shared, not copied.
pub(crate) struct Node<'a> {
    pub(crate) span: Span,
    pub(crate) shape: Shape<'a>,
}

pub(crate) enum Shape<'a> {
    Scalar(Scalar<'a>),
    List(Vec<Arc<Node<'a>>>),
    Map(Mapping<'a>),
}

/// One word or text, as it was written.
pub(crate) struct Scalar<'a> {
    /// Borrowed when the source reads exactly so.
    pub(crate) text: Cow<'a, str>,
    /// Neither quoted nor a block: only such a scalar can be null.
    pub(crate) plain: bool,
}

pub(crate) struct Mapping<'a> {
    /// The entries, whose keys are unique words.
    pub(crate) entries: Vec<Entry<'a>>,
    /// Entries whose key was given before, or is no word. They are kept
    /// because they may hold a secret.
    pub(crate) unusable: Vec<Entry<'a>>,
}

/// A key with its value.
#[derive(Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) at: Span,
    pub(crate) value: Arc<Node<'a>>,
}

/// Returns the entry of that key.
pub(crate) fn find<'n, 'a>(entries: &'n [Entry<'a>], key: &str) -> Option<&'n Entry<'a>> {
    entries.iter().find(|entry| entry.key == key)
}

impl Node<'_> {
    /// Returns true when there is no value at all: nothing, `~` or `null`.
    pub(crate) fn is_null(&self) -> bool {
        match &self.shape {
            Shape::Scalar(scalar) => {
                scalar.plain && matches!(scalar.text.as_ref(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// Returns true when nothing is written where the value would be.
    pub(super) fn is_unwritten(&self) -> bool {
        matches!(&self.shape, Shape::Scalar(scalar) if scalar.plain && scalar.text.is_empty())
    }

    /// Returns the place of a part of its text, in bytes; the place of all of it
    /// where it is not written as it reads.
    pub(crate) fn part(&self, start: usize, len: usize) -> Span {
        match &self.shape {
            Shape::Scalar(scalar) if matches!(scalar.text, Cow::Borrowed(_)) => Span::new(self.span.start + start, len),
            _ => self.span,
        }
    }

    /// Returns what it is, for a sentence: "a list".
    pub(crate) fn kind(&self) -> &'static str {
        match &self.shape {
            Shape::Scalar(_) if self.is_null() => "empty",
            Shape::Scalar(_) => "a single value",
            Shape::List(_) => "a list",
            Shape::Map(_) => "a mapping",
        }
    }
}

/// A key that cannot be used.
pub(crate) enum BadKey {
    /// The mapping gives it a second time.
    Repeated { key: String, first: Span, again: Span },
    /// The key is a list or a mapping.
    NotAWord(Span),
}

/// The whole file.
pub(crate) struct Tree<'a> {
    pub(crate) root: Arc<Node<'a>>,
    pub(crate) bad_keys: Vec<BadKey>,
}

/// The reason why a text is no tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// The place in bytes.
    pub(crate) at: Option<usize>,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Refusal {
    pub(crate) fn new(at: impl Into<Option<usize>>, message: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
