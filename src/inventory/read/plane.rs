//! The plane sections. A new plane is one line here, its table of keys and a
//! file of its own.

use super::collector::Collector;
use super::{amp, compose, kubectl, podman, process, unit};
use crate::inventory::model::instance::Plane;
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, find};

/// Reads the section of the instance of that id.
type Read = fn(&mut Collector, &str, &Entry) -> Plane;

const READERS: [(&str, Read); 6] = [
    ("process", process::read),
    ("docker_compose", compose::read),
    ("podman", podman::read),
    ("systemd", unit::read),
    ("kubectl", kubectl::read),
    ("amp", amp::read),
];

/// Reads the one plane section of an instance.
pub(crate) fn read(check: &mut Collector, id: &str, entries: &[Entry]) -> Plane {
    let mut given = READERS.iter().filter_map(|(name, read)| {
        let entry = find(entries, name)?;
        Some((*name, *read, entry))
    });
    let Some((name, read, entry)) = given.next() else {
        return none();
    };
    let mut is_alone = true;
    for (_, _, second) in given {
        is_alone = false;
        check
            .problem(second.at, "an instance is on one plane, but this is a second one")
            .related(entry.at, "the first");
    }
    if is_alone {
        check.allowed_on(name, &keys::INSTANCE, "", entries);
    }
    read(check, id, entry)
}

/// Returns the plane of an instance without a plane section.
pub(super) fn none() -> Plane {
    Plane::Unmanaged {
        plane: "none",
        reason: "no plane, such as `process`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plane_of_the_table_has_a_reader() {
        let planes = keys::INSTANCE.keys().filter(|key| keys::is_plane(key.name));
        assert!(planes.map(|key| key.name).eq(READERS.map(|(name, _)| name)));
    }
}
