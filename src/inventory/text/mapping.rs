//! A mapping while it is read.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use super::node::{BadKey, Entry, Mapping, Node, Shape, Span};

/// Up to this many entries are searched one by one.
const FEW: usize = 12;

#[derive(Default)]
pub(super) struct MappingBuilder<'a> {
    entries: Vec<Entry<'a>>,
    unusable: Vec<Entry<'a>>,
    /// The keys and their places, once there are more than [`FEW`].
    index: HashMap<String, Span>,
}

impl<'a> MappingBuilder<'a> {
    /// Adds an entry, and notes a key that cannot be used.
    pub(super) fn add(&mut self, key: &Arc<Node<'a>>, value: Arc<Node<'a>>, bad_keys: &mut Vec<BadKey>) {
        let at = key.span;
        let Shape::Scalar(scalar) = &key.shape else {
            bad_keys.push(BadKey::NotAWord(at));
            let nameless = |value| Entry {
                key: Cow::Borrowed(""),
                at,
                value,
            };
            self.unusable.extend([Arc::clone(key), value].map(nameless));
            return;
        };
        let entry = Entry {
            key: scalar.text.clone(),
            at,
            value,
        };
        if let Some(first) = self.find(&entry.key) {
            bad_keys.push(BadKey::Repeated {
                key: entry.key.to_string(),
                first,
                again: at,
            });
            self.unusable.push(entry);
            return;
        }
        if !self.index.is_empty() {
            self.index.insert(entry.key.to_string(), at);
        }
        self.entries.push(entry);
    }

    /// Returns the place of a key that was added.
    fn find(&mut self, key: &str) -> Option<Span> {
        if self.entries.len() <= FEW {
            return self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.at);
        }
        if self.index.is_empty() {
            let keys = self.entries.iter().map(|entry| (entry.key.to_string(), entry.at));
            self.index.extend(keys);
        }
        self.index.get(key).copied()
    }

    pub(super) fn finish(self) -> Mapping<'a> {
        Mapping {
            entries: self.entries,
            unusable: self.unusable,
        }
    }
}
