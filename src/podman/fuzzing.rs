//! Entry points of the fuzz target: what podman answers. Built with `--cfg fuzzing` only;
//! see `fuzz/README.md`.

use super::listing::ListedContainer;
use super::target::OwnContainers;
use super::{described, events, listing, starting, target};
use crate::containers::{Circumstances, Container, aggregate, run_ns};
use crate::inventory::PodmanObject;

/// The line between a list, descriptions, and events.
const BETWEEN: &str = "\n---\n";

/// Reads a list, descriptions of its containers, and events that follow it, and judges
/// what comes of them.
pub fn answers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split(BETWEEN);
    let mut next = || parts.next().unwrap_or_default();
    let (list, descriptions, lines) = (next(), next(), next());
    let described = described::parse(descriptions.as_bytes()).unwrap_or_default();
    let Ok(listed) = listing::parse(list.as_bytes()) else {
        return;
    };
    let after = events::replay(listed.clone(), lines);
    assert_eq!(
        after.len(),
        listed.len(),
        "an event makes no container, and ends none but by its state"
    );
    for list in [&listed, &after] {
        for name in list.iter().map(ListedContainer::name) {
            judge(&PodmanObject::Container(name.to_owned()), list, &described);
        }
        for name in list.iter().map(ListedContainer::pod_name) {
            judge(&PodmanObject::Pod(name.to_owned()), list, &described);
        }
    }
}

fn judge(object: &PodmanObject, list: &[ListedContainer], described: &[described::Described]) {
    let OwnContainers::Some(mut own) = target::find(object, list) else {
        return;
    };
    let ids: Vec<String> = own.iter().map(|one| one.id.clone()).collect();
    described::complete(&mut own, described);
    assert!(
        own.iter().map(|one| &one.id).eq(&ids),
        "a description adds to containers alone"
    );
    assert!(own.iter().all(|one: &Container| one.grace > 0), "no stop is a kill");
    let _ = starting::end_of_second(run_ns(&own));
    let _ = aggregate(&own, &Circumstances::default());
}
