//! The object of one instance in a listing, and its pods.

use super::listing::ClusterListing;
use super::object::ClusterObject;
use super::pod::ClusterPod;
use super::selector::LabelSelector;
use crate::inventory::{KubectlObject, KubectlSpec, WorkloadKind, nearest};

/// An object with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundObject {
    pub(super) object: ClusterObject,
    /// Its pods, also those of which nothing runs any more.
    pub(super) pods: Vec<ClusterPod>,
    /// The jobs of a cronjob, or the game servers of a fleet.
    pub(super) parts: Vec<ClusterObject>,
}

/// The result of a search.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum FoundOrNot {
    Yes(Box<FoundObject>),
    /// There is none of that name; with the nearest that there is.
    No(Option<String>),
}

/// Finds the object of an instance.
pub(super) fn find(spec: &KubectlSpec, listing: &ClusterListing) -> FoundOrNot {
    let own: Vec<&ClusterObject> = listing
        .objects
        .iter()
        .filter(|one| one.metadata.namespace == spec.place.namespace && is_kind(spec.resource(), one))
        .collect();
    let Some(object) = own.iter().find(|one| one.metadata.name == spec.name) else {
        let names = own.iter().map(|one| one.metadata.name.as_str());
        return FoundOrNot::No(nearest(&spec.name, names).map(str::to_owned));
    };
    let parts = parts(spec, object, listing);
    let is_own =
        |pod: &&ClusterPod| pod.metadata.namespace == spec.place.namespace && is_pod_of(spec, object, &parts, pod);
    FoundOrNot::Yes(Box::new(FoundObject {
        object: (*object).clone(),
        pods: listing.pods.iter().filter(is_own).cloned().collect(),
        parts,
    }))
}

/// Returns the kinds that must be listed for an instance, beside pods.
pub(super) fn kinds(spec: &KubectlSpec) -> Vec<String> {
    let more = match &spec.object {
        KubectlObject::Workload {
            kind: WorkloadKind::CronJob,
            ..
        } => Some("jobs.batch"),
        KubectlObject::Workload {
            kind: WorkloadKind::Fleet,
            ..
        } => Some("gameservers.agones.dev"),
        _ => None,
    };
    [spec.resource()].into_iter().chain(more).map(str::to_owned).collect()
}

/// Returns true if a kind, as a person writes it for kubectl, is that of an object.
pub(super) fn is_kind(word: &str, object: &ClusterObject) -> bool {
    let (word, group) = word.split_once('.').unwrap_or((word, ""));
    let own_group = object.api_version.split_once('/').map_or("", |(group, _)| group);
    // `KIND.VERSION.GROUP` is a way to write it, too.
    let is_group = group.is_empty() || own_group == group || group.ends_with(&format!(".{own_group}"));
    let (word, kind) = (word.to_ascii_lowercase(), object.kind.to_ascii_lowercase());
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => String::new(),
    };
    is_group && (word == kind || word == format!("{kind}s") || word == format!("{kind}es") || word == plural)
}

/// Returns the objects between a workload and its pods.
fn parts(spec: &KubectlSpec, object: &ClusterObject, listing: &ClusterListing) -> Vec<ClusterObject> {
    let KubectlObject::Workload { kind, .. } = &spec.object else {
        return Vec::new();
    };
    let in_place = listing
        .objects
        .iter()
        .filter(|one| one.metadata.namespace == spec.place.namespace);
    match kind {
        WorkloadKind::CronJob => in_place
            .filter(|one| one.kind == "Job" && one.metadata.is_owned_by(&object.metadata.uid))
            .cloned()
            .collect(),
        WorkloadKind::Fleet => in_place
            .filter(|one| {
                let fleet = one.metadata.labels.get("agones.dev/fleet");
                one.kind == "GameServer" && fleet.is_some_and(|fleet| *fleet == spec.name)
            })
            .cloned()
            .collect(),
        _ => Vec::new(),
    }
}

fn is_pod_of(spec: &KubectlSpec, object: &ClusterObject, parts: &[ClusterObject], pod: &ClusterPod) -> bool {
    let meta = &pod.metadata;
    let selects = |text: Option<&str>| {
        let selector = match text {
            Some(text) => LabelSelector::read(text),
            None => LabelSelector::of_object(&object.spec),
        };
        selector.is_some_and(|selector| selector.matches(&meta.labels))
    };
    let of_parts = || parts.iter().any(|part| meta.is_owned_by(&part.metadata.uid));
    match &spec.object {
        KubectlObject::Resource(resource) => selects(Some(&resource.pods)),
        KubectlObject::Workload { kind, pods, .. } => match kind {
            // Its replica sets have its name, and the hash that the pods have, too.
            WorkloadKind::Deployment => {
                let hash = meta.labels.get("pod-template-hash").map_or("", String::as_str);
                let set = format!("{}-{hash}", spec.name);
                let is_owned = meta
                    .owner_references
                    .iter()
                    .any(|owner| owner.kind == "ReplicaSet" && owner.name == set);
                is_owned && selects(None)
            }
            WorkloadKind::StatefulSet => meta.is_owned_by(&object.metadata.uid) && selects(None),
            WorkloadKind::CronJob | WorkloadKind::Fleet => of_parts(),
            WorkloadKind::Other(_) => selects(pods.as_deref()),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inventory::KubectlPlace;

    fn spec(kind: &str, name: &str) -> KubectlSpec {
        KubectlSpec {
            place: KubectlPlace {
                context: "c".to_owned(),
                namespace: "n".to_owned(),
                kubeconfig: None,
            },
            object: KubectlObject::Workload {
                kind: WorkloadKind::of_word(kind),
                replicas: None,
                pods: None,
            },
            name: name.to_owned(),
            container: None,
            send: Vec::new(),
        }
    }

    fn object(kind: &str, api: &str, name: &str, namespace: &str) -> Value {
        json!({ "kind": kind, "apiVersion": api, "metadata": { "name": name, "namespace": namespace, "uid": format!("{kind}-{name}") },
            "spec": { "selector": { "matchLabels": { "app": "x" } } } })
    }

    #[expect(clippy::needless_pass_by_value, reason = "`json!` takes references")]
    fn pod(name: &str, namespace: &str, labels: Value, owner: Value) -> Value {
        json!({ "kind": "Pod", "metadata": { "name": name, "namespace": namespace, "labels": labels, "ownerReferences": [owner] } })
    }

    fn pods(spec: &KubectlSpec, items: &[Value]) -> Vec<String> {
        let listing = ClusterListing::read(json!({ "items": items }).to_string().as_bytes()).unwrap();
        match find(spec, &listing) {
            FoundOrNot::Yes(found) => found.pods.iter().map(|pod| pod.name().to_owned()).collect(),
            FoundOrNot::No(near) => vec![format!("none, near {near:?}")],
        }
    }

    #[test]
    fn pods_are_found_by_selector_and_owner() {
        let set = |name: &str| json!({ "kind": "ReplicaSet", "name": name, "uid": "u" });
        let labels = |app: &str| json!({ "app": app, "pod-template-hash": "h" });
        let items = [
            object("Deployment", "apps/v1", "lobby", "n"),
            object("Deployment", "apps/v1", "lobby", "other"),
            pod("own", "n", labels("x"), set("lobby-h")),
            pod("another-label", "n", labels("y"), set("lobby-h")),
            pod("another-owner", "n", labels("x"), set("lobby2-h")),
            pod("another-namespace", "other", labels("x"), set("lobby-h")),
            pod("an-orphan", "n", labels("x"), json!({})),
        ];
        assert_eq!(pods(&spec("deployment", "lobby"), &items), ["own"]);
        assert_eq!(
            pods(&spec("deployment", "loby"), &items),
            ["none, near Some(\"lobby\")"]
        );
        assert_eq!(pods(&spec("statefulset", "lobby"), &items), ["none, near None"]);
    }

    #[test]
    fn a_stateful_set_made_anew_does_not_own_the_pods_of_the_old_one() {
        let owner = |uid: &str| json!({ "kind": "StatefulSet", "name": "world", "uid": uid });
        let items = [
            object("StatefulSet", "apps/v1", "world", "n"),
            pod("world-0", "n", json!({ "app": "x" }), owner("StatefulSet-world")),
            pod("world-1", "n", json!({ "app": "x" }), owner("older")),
        ];
        assert_eq!(pods(&spec("sts", "world"), &items), ["world-0"]);
    }

    #[test]
    fn pods_of_jobs_and_of_game_servers_are_found_through_these() {
        let mut job = object("Job", "batch/v1", "nightly-1", "n");
        job["metadata"]["ownerReferences"] =
            json!([{ "kind": "CronJob", "name": "nightly", "uid": "CronJob-nightly" }]);
        let mut server = object("GameServer", "agones.dev/v1", "simple-a", "n");
        server["metadata"]["labels"] = json!({ "agones.dev/fleet": "simple" });
        let items = [
            object("CronJob", "batch/v1beta1", "nightly", "n"),
            object("Fleet", "agones.dev/v1", "simple", "n"),
            job,
            object("Job", "batch/v1", "other", "n"),
            server,
            pod(
                "nightly-1-x",
                "n",
                json!({}),
                json!({ "kind": "Job", "uid": "Job-nightly-1" }),
            ),
            pod("other-x", "n", json!({}), json!({ "kind": "Job", "uid": "Job-other" })),
            pod(
                "simple-a",
                "n",
                json!({}),
                json!({ "kind": "GameServer", "uid": "GameServer-simple-a" }),
            ),
        ];
        assert_eq!(pods(&spec("cronjob", "nightly"), &items), ["nightly-1-x"]);
        assert_eq!(pods(&spec("fleet", "simple"), &items), ["simple-a"]);
    }

    #[test]
    fn kinds_are_recognized_as_kubectl_takes_them() {
        let group: ClusterObject =
            serde_json::from_value(json!({ "kind": "BattleGroup", "apiVersion": "igw.funcom.com/v1", "metadata": {} }))
                .unwrap();
        for (word, wanted) in [
            ("battlegroup", true),
            ("BattleGroups", true),
            ("battlegroup.igw.funcom.com", true),
            ("battlegroups.v1.igw.funcom.com", true),
            ("battlegroup.other.com", false),
            ("bg", false),
        ] {
            assert_eq!(is_kind(word, &group), wanted, "{word}");
        }
    }
}
