//! The instances that have a key twice, or a key that is no word: which of the
//! two values was meant cannot be told.

use std::collections::{BTreeSet, HashSet};

use crate::inventory::text::node::{BadKey, Mapping, Node, Shape, Span, Tree, find};

/// Adds the ids of such instances. Returns false when there is such a key
/// outside of the instances.
pub(super) fn mark(tree: &Tree, broken: &mut BTreeSet<String>) -> bool {
    if tree.bad_keys.is_empty() {
        return true;
    }
    let Shape::Map(top) = &tree.root.shape else {
        return false;
    };
    let Some(Shape::Map(instances)) = find(&top.entries, "instances").map(|entry| &entry.value.shape) else {
        return false;
    };
    let mut inside: HashSet<Span> = instances.unusable.iter().map(|entry| entry.at).collect();
    broken.extend(instances.unusable.iter().map(|entry| entry.key.to_string()));
    for entry in &instances.entries {
        let mut search = Search::default();
        search.node(&entry.value);
        if !search.found.is_empty() {
            broken.insert(entry.key.to_string());
            inside.extend(search.found);
        }
    }
    tree.bad_keys.iter().all(|bad| match bad {
        BadKey::NotAWord(at) | BadKey::Repeated { again: at, .. } => inside.contains(at),
    })
}

#[derive(Default)]
struct Search {
    found: Vec<Span>,
    /// The nodes that were looked at: aliases share them.
    visited: HashSet<*const ()>,
}

impl Search {
    fn node(&mut self, node: &Node) {
        if !self.visited.insert(std::ptr::from_ref(node).cast()) {
            return;
        }
        match &node.shape {
            Shape::Scalar(_) => {}
            Shape::List(items) => items.iter().for_each(|item| self.node(item)),
            Shape::Map(Mapping { entries, unusable }) => {
                self.found.extend(unusable.iter().map(|entry| entry.at));
                entries.iter().for_each(|entry| self.node(&entry.value));
            }
        }
    }
}
