//! The `podman` section.

use super::collector::Collector;
use super::process::user;
use crate::inventory::model::instance::Plane;
use crate::inventory::model::podman::{PodmanObject, PodmanSpec};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node};

/// Reads the section. All of it is checked, even if it names nothing.
pub(crate) fn read(check: &mut Collector, id: &str, section: &Entry) -> Plane {
    let mut podman = check.section("`podman`", &keys::PODMAN, &section.value);
    let container = podman.get("container", name).map(PodmanObject::Container);
    let pod = podman.get("pod", name).map(PodmanObject::Pod);
    let user = podman.get("user", user);
    match (podman.entry("container"), podman.entry("pod")) {
        (Some(container), Some(pod)) => {
            check
                .problem(pod.at, "there are both `container` and `pod`")
                .hint("name the pod alone if the instance is all of it")
                .related(container.at, "the other one");
        }
        (None, None) => {
            check
                .problem(section.at, "`podman` names neither a container nor a pod")
                .hint(format!("add `container: {id}`, with its name in `podman ps --all`"));
        }
        _ => {}
    }
    let nothing = || PodmanObject::Container(id.to_owned());
    Plane::Podman(Box::new(PodmanSpec {
        object: container.or(pod).unwrap_or_else(nothing),
        user,
        folder: check.folder().to_owned(),
    }))
}

fn name(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let name = check.word(what, "a name", node)?;
    // The rule of podman itself.
    let is_inside = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let first = name.bytes().next();
    if !first.is_some_and(|b| b.is_ascii_alphanumeric()) || !name.bytes().all(is_inside) {
        check
            .problem(node.span, format!("{what} is not a name that podman takes"))
            .hint("letters, digits, `_`, `.` and `-`, the first a letter or digit");
        return None;
    }
    Some(name.into_owned())
}
