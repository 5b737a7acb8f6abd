//! The containers of one instance among all that a user has.

use super::listing::ListedContainer;
use crate::containers::Container;
use crate::inventory::{PodmanObject, nearest};

/// The containers that were found, or the hint at what was probably meant.
#[derive(Debug, PartialEq)]
pub(super) enum OwnContainers {
    Some(Vec<Container>),
    /// There is none of that name; the sentence says so, and what there is.
    None(String),
}

/// Returns the containers of an instance.
pub(super) fn find(object: &PodmanObject, listed: &[ListedContainer]) -> OwnContainers {
    let is_own = |one: &&ListedContainer| match object {
        PodmanObject::Container(name) => one.has_name(name),
        PodmanObject::Pod(name) => one.pod_name() == name,
    };
    let own: Vec<Container> = listed
        .iter()
        .filter(is_own)
        .map(|one| one.as_member_of(object.name()))
        .collect();
    if own.is_empty() {
        OwnContainers::None(nothing(object, listed))
    } else {
        OwnContainers::Some(own)
    }
}

/// Returns the id of the pod of that name, if it has containers.
pub(super) fn pod_id<'a>(name: &str, listed: &'a [ListedContainer]) -> Option<&'a str> {
    listed
        .iter()
        .find(|one| one.pod_name() == name)
        .map(ListedContainer::pod_id)
}

fn nothing(object: &PodmanObject, listed: &[ListedContainer]) -> String {
    let missing = format!("podman has no {object}");
    let containers = || listed.iter().filter(|one| !one.is_infra()).map(ListedContainer::name);
    let pods = || {
        listed
            .iter()
            .map(ListedContainer::pod_name)
            .filter(|pod| !pod.is_empty())
    };
    match object {
        PodmanObject::Container(name) if pods().any(|pod| pod == name) => {
            format!("{missing}, but a pod of that name: write `pod: {name}`")
        }
        PodmanObject::Pod(name) if containers().any(|one| one == name) => {
            format!("{missing}, but a container of that name: write `container: {name}`")
        }
        PodmanObject::Container(name) => with_nearest(missing, nearest(name, containers())),
        PodmanObject::Pod(name) => with_nearest(missing, nearest(name, pods())),
    }
}

fn with_nearest(missing: String, near: Option<&str>) -> String {
    match near {
        Some(near) => format!("{missing}; the nearest name is `{near}`"),
        None => missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::podman::listing::parse;

    const LISTED: &str = r#"[{"Id":"1","Names":["palworld"],"State":"running"},
        {"Id":"2","Names":["ab-infra"],"State":"running","IsInfra":true,"Pod":"p","PodName":"dune"},
        {"Id":"3","Names":["dune-game"],"State":"running","Pod":"p","PodName":"dune"}]"#;

    fn names(object: &PodmanObject) -> Result<Vec<String>, String> {
        match find(object, &parse(LISTED.as_bytes()).unwrap()) {
            OwnContainers::Some(own) => Ok(own.iter().map(|one| one.service().to_owned()).collect()),
            OwnContainers::None(why) => Err(why),
        }
    }

    fn container(name: &str) -> Result<Vec<String>, String> {
        names(&PodmanObject::Container(name.to_owned()))
    }

    fn pod(name: &str) -> Result<Vec<String>, String> {
        names(&PodmanObject::Pod(name.to_owned()))
    }

    #[test]
    fn containers_and_pods_by_name() {
        assert_eq!(container("palworld").unwrap(), ["palworld"]);
        assert_eq!(container("dune-game").unwrap(), ["dune-game"]);
        assert_eq!(pod("dune").unwrap(), ["ab-infra", "dune-game"]);
        let listed = parse(LISTED.as_bytes()).unwrap();
        assert_eq!(
            (pod_id("dune", &listed), pod_id("palworld", &listed)),
            (Some("p"), None)
        );
    }

    #[test]
    fn what_is_missing_is_named_with_what_is_near() {
        let nearest = "podman has no container `palword`; the nearest name is `palworld`";
        assert_eq!(container("palword").unwrap_err(), nearest);
        assert_eq!(container("xonotic").unwrap_err(), "podman has no container `xonotic`");
        assert_eq!(
            container("dune").unwrap_err(),
            "podman has no container `dune`, but a pod of that name: write `pod: dune`"
        );
        assert_eq!(
            pod("palworld").unwrap_err(),
            "podman has no pod `palworld`, but a container of that name: write `container: palworld`"
        );
        assert_eq!(
            pod("dun").unwrap_err(),
            "podman has no pod `dun`; the nearest name is `dune`"
        );
        // Part of a name, an id, or a pattern is no name.
        for other in ["pal", "1", "^palworld$", "p.*"] {
            assert!(container(other).is_err(), "{other}");
        }
    }
}
