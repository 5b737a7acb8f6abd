//! The file as a tree that knows where each of its words stands.

use std::borrow::Cow;
use std::sync::Arc;

/// A stretch of the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Span {
    /// Where it begins.
    pub(super) start: usize,
    /// How long it is; 0 where only the beginning is known.
    pub(super) len: usize,
}

impl Span {
    pub(super) fn new(start: usize, len: usize) -> Self {
        Self { start, len }
    }

    pub(super) fn end(self) -> usize {
        self.start + self.len
    }
}

/// A value. What an alias stands for is shared, not copied.
pub(super) struct Node<'a> {
    pub(super) span: Span,
    pub(super) shape: Shape<'a>,
}

/// What a value is.
pub(super) enum Shape<'a> {
    Scalar(Scalar<'a>),
    List(Vec<Arc<Node<'a>>>),
    Map(Vec<Entry<'a>>),
}

/// One word or text, as it was written.
pub(super) struct Scalar<'a> {
    /// Borrowed when the source reads exactly so.
    pub(super) text: Cow<'a, str>,
    /// Neither quoted nor a block: only such a scalar can be null.
    pub(super) plain: bool,
}

/// A key with its value.
pub(super) struct Entry<'a> {
    pub(super) key: Cow<'a, str>,
    pub(super) at: Span,
    pub(super) value: Arc<Node<'a>>,
    /// Not to be used: the key was given before, or is no word. It is kept
    /// because it may hold what must not be shown.
    pub(super) void: bool,
}

/// Whether a plain word means that there is no value.
pub(super) fn is_null(word: &str) -> bool {
    matches!(word, "" | "~" | "null" | "Null" | "NULL")
}

impl Node<'_> {
    /// Whether there is no value at all: nothing, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        match &self.shape {
            Shape::Scalar(scalar) => scalar.plain && is_null(&scalar.text),
            _ => false,
        }
    }

    /// What it is, for a sentence: "a list".
    pub(super) fn kind(&self) -> &'static str {
        match &self.shape {
            Shape::Scalar(_) if self.is_null() => "empty",
            Shape::Scalar(_) => "a single value",
            Shape::List(_) => "a list",
            Shape::Map(_) => "a mapping",
        }
    }
}

/// A key that a mapping gives a second time.
pub(super) struct Duplicate {
    pub(super) key: String,
    pub(super) first: Span,
    pub(super) again: Span,
}

/// What is odd about the keys of a file.
#[derive(Default)]
pub(super) struct Oddities {
    pub(super) duplicates: Vec<Duplicate>,
    /// Keys that are lists or mappings.
    pub(super) keys: Vec<Span>,
}

/// The whole file.
pub(super) struct Tree<'a> {
    pub(super) root: Arc<Node<'a>>,
    pub(super) odd: Oddities,
}

/// Why a text is no tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    /// Where, in bytes.
    pub(super) at: Option<usize>,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Refusal {
    #[cold]
    pub(super) fn new(at: impl Into<Option<usize>>, message: impl Into<String>) -> Self {
        Self {
            at: at.into(),
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
