//! Settings laid over others: mappings are merged key by key, lists and single
//! values replaced.

use std::sync::Arc;

use crate::inventory::report::keys::{self, Holds, Section};
use crate::inventory::text::node::{Entry, Mapping, Node, Shape};

/// Returns the entries of `own`, and where they are silent, those `below`. Own
/// probes replace all those below. `section` is `None` where keys are free.
pub(super) fn over<'a>(section: Option<&Section>, own: &[Entry<'a>], below: &[Entry<'a>]) -> Vec<Entry<'a>> {
    let key = |entry: &Entry| section.and_then(|section| section.key(&entry.key));
    let is_probe = |entry: &&Entry| key(entry).is_some_and(keys::is_probe);
    let has_probes = own.iter().any(|entry| is_probe(&entry));
    let mut all = Vec::with_capacity(own.len() + below.len());
    for entry in own {
        let mut entry = entry.clone();
        if let Some(other) = below.iter().find(|other| other.key == entry.key) {
            match key(&entry).map(|key| key.holds) {
                Some(Holds::Section(section)) => entry.value = value(Some(section), &entry.value, &other.value),
                Some(Holds::Map(_)) => entry.value = value(None, &entry.value, &other.value),
                _ => {}
            }
        }
        all.push(entry);
    }
    let missing = below
        .iter()
        .filter(|other| own.iter().all(|entry| entry.key != other.key));
    all.extend(missing.filter(|other| !(has_probes && is_probe(other))).cloned());
    all
}

fn value<'a>(section: Option<&Section>, own: &Arc<Node<'a>>, below: &Arc<Node<'a>>) -> Arc<Node<'a>> {
    match (&own.shape, &below.shape) {
        (Shape::Map(map), Shape::Map(other)) => Arc::new(Node {
            span: own.span,
            shape: Shape::Map(Mapping {
                entries: over(section, &map.entries, &other.entries),
                unusable: Vec::new(),
            }),
        }),
        _ if own.is_null() => Arc::clone(below),
        _ => Arc::clone(own),
    }
}
