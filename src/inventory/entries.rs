//! A mapping while it is read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::node::{Duplicate, Entry, Node, Oddities, Shape, Span};

/// So many keys are looked through one by one.
const FEW: usize = 12;

/// The entries so far.
#[derive(Default)]
pub(super) struct Entries<'a> {
    list: Vec<Entry<'a>>,
    /// Made when there are too many to look through.
    index: HashMap<String, Span>,
}

impl<'a> Entries<'a> {
    fn first(&mut self, key: &str) -> Option<Span> {
        let mut valid = self.list.iter().filter(|entry| !entry.void);
        if self.list.len() <= FEW {
            return valid.find(|entry| entry.key == key).map(|entry| entry.at);
        }
        if self.index.is_empty() {
            self.index.extend(valid.map(|entry| (entry.key.to_string(), entry.at)));
        }
        self.index.get(key).copied()
    }

    /// Adds an entry, and notes what is odd about its key.
    pub(super) fn add(&mut self, key: &Arc<Node<'a>>, value: Arc<Node<'a>>, odd: &mut Oddities) {
        let Shape::Scalar(scalar) = &key.shape else {
            odd.keys.push(key.span);
            self.push(Cow::Borrowed(""), key.span, Arc::clone(key), true);
            self.push(Cow::Borrowed(""), key.span, value, true);
            return;
        };
        let first = self.first(&scalar.text);
        if let Some(first) = first {
            odd.duplicates.push(Duplicate {
                key: scalar.text.to_string(),
                first,
                again: key.span,
            });
        } else if !self.index.is_empty() {
            self.index.insert(scalar.text.to_string(), key.span);
        }
        self.push(scalar.text.clone(), key.span, value, first.is_some());
    }

    fn push(&mut self, key: Cow<'a, str>, at: Span, value: Arc<Node<'a>>, void: bool) {
        self.list.push(Entry { key, at, value, void });
    }

    /// The mapping. An empty one is `fallback`.
    pub(super) fn finish(self, fallback: Span) -> Arc<Node<'a>> {
        Arc::new(Node {
            span: self.list.first().map_or(fallback, |entry| entry.at),
            shape: Shape::Map(self.list),
        })
    }
}
