//! The record by which a container is found again that has left the inventory.

use std::path::PathBuf;

use super::PLANE;
use crate::inventory::{PodmanObject, PodmanSpec};
use crate::store::origin::Origin;

const CONTAINER: &str = "container";
const POD: &str = "pod";
const USER: &str = "user";
const FOLDER: &str = "folder";

pub(super) fn of_spec(spec: &PodmanSpec) -> Origin {
    let mut origin = Origin::of(PLANE);
    match &spec.object {
        PodmanObject::Container(name) => origin.push(CONTAINER, name),
        PodmanObject::Pod(name) => origin.push(POD, name),
    }
    if let Some(user) = &spec.user {
        origin.push(USER, user);
    }
    origin.push(FOLDER, spec.folder.display());
    origin
}

/// Returns the definition on record; `None` if the record names no container.
pub(super) fn to_spec(origin: &Origin) -> Option<PodmanSpec> {
    let container = origin
        .get(CONTAINER)
        .map(|name| PodmanObject::Container(name.to_owned()));
    let pod = || origin.get(POD).map(|name| PodmanObject::Pod(name.to_owned()));
    Some(PodmanSpec {
        object: container.or_else(pod)?,
        user: origin.get(USER).map(str::to_owned),
        folder: PathBuf::from(origin.get(FOLDER).unwrap_or("/")),
    })
}

/// Returns true if what is on record is what a definition names.
pub fn is_same_object(origin: &Origin, spec: &PodmanSpec) -> bool {
    let is_same = |old: PodmanSpec| old.object == spec.object && old.user == spec.user;
    origin.plane() == PLANE && to_spec(origin).is_some_and(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_found_again() {
        let spec = |object, user: Option<&str>| PodmanSpec {
            object,
            user: user.map(str::to_owned),
            folder: PathBuf::from("/srv"),
        };
        let container = spec(PodmanObject::Container("pal".to_owned()), Some("games"));
        let pod = spec(PodmanObject::Pod("pal".to_owned()), None);
        for one in [&container, &pod] {
            assert_eq!(to_spec(&of_spec(one)).as_ref(), Some(one));
            assert!(is_same_object(&of_spec(one), one));
        }
        assert!(!is_same_object(&of_spec(&container), &pod));
        let of_root = spec(container.object.clone(), None);
        assert!(!is_same_object(&of_spec(&container), &of_root), "another user's");
        assert!(!is_same_object(&Origin::of("process"), &pod));
        assert_eq!(to_spec(&Origin::of(PLANE)), None);
    }
}
