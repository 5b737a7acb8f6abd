//! Changes of an object: it is scaled, suspended or patched, and read back.

use serde_json::{Value, json};

use super::complaint::Complaint;
use super::engine::KubectlRefusal;
use super::explain;
use super::listing::read_object;
use super::managed::{ManagedObject, ObjectLook};
use super::object::ClusterObject;
use crate::failure::Failure;
use crate::inventory::{KubectlObject, WorkloadKind};

/// The annotation that holds the count before a stop.
const REMEMBERED: &str = "gamectl-replicas";

/// The number of times that a change is tried while somebody else changes the object.
const TRIES: usize = 8;

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
}

impl Direction {
    fn verb(self) -> &'static str {
        match self {
            Self::Up => "start",
            Self::Down => "stop",
        }
    }
}

/// Changes what is wanted of an object, unless that is so already. Nothing is changed that
/// somebody else has changed since it was read.
///
/// # Errors
/// When the cluster refuses it, or does not keep it.
pub(super) async fn change(object: &ManagedObject, first: &ObjectLook, to: Direction) -> Result<(), Failure> {
    let spec = object.spec();
    let mut current = first.found.object.clone();
    let mut last = KubectlRefusal::Complaint(Complaint::Conflict);
    for _ in 0..TRIES {
        let Some(patch) = patch(&spec.object, &current, to) else {
            return Ok(());
        };
        match apply(object, &patch).await {
            Ok(changed) => return kept(object, &changed, &patch, to),
            Err(KubectlRefusal::Complaint(Complaint::Conflict)) => {}
            Err(refusal @ KubectlRefusal::NotAsked(_)) => {
                // It may have been carried out all the same.
                last = refusal;
            }
            Err(refusal) => return Err(explain::refused(object.engine(), spec, to.verb(), refusal)),
        }
        current = object.see_anew().await?.found.object;
    }
    Err(explain::refused(object.engine(), spec, to.verb(), last))
}

async fn apply(object: &ManagedObject, patch: &Value) -> Result<ClusterObject, KubectlRefusal> {
    let target = explain::target(object.spec());
    let patch = patch.to_string();
    let words = ["patch", &target, "--type=merge", "--output=json", "--patch", &patch];
    let answer = object.engine().ask(words).await?;
    read_object(&answer).map_err(|why| KubectlRefusal::NotAsked(Failure::unknown(why)))
}

/// Returns the patch that is needed; `None` if there is nothing to change.
fn patch(what: &KubectlObject, current: &ClusterObject, to: Direction) -> Option<Value> {
    let version = &current.metadata.resource_version;
    match what {
        KubectlObject::Resource(resource) => {
            let patch = match to {
                Direction::Up => &resource.start,
                Direction::Down => &resource.stop,
            };
            (!current.holds(patch)).then(|| patch.clone())
        }
        KubectlObject::Workload {
            kind: WorkloadKind::CronJob,
            ..
        } => {
            let is_suspended = current.spec.get("suspend").and_then(Value::as_bool) == Some(true);
            let suspend = to == Direction::Down;
            let patch = json!({ "metadata": { "resourceVersion": version }, "spec": { "suspend": suspend } });
            (is_suspended != suspend).then_some(patch)
        }
        KubectlObject::Workload { replicas, .. } => {
            let count = current.wanted("replicas").unwrap_or(1);
            let (wanted, remembered) = match to {
                Direction::Down if count > 0 => (0, json!(count.to_string())),
                Direction::Up if count == 0 => {
                    let before = current.metadata.annotations.get(REMEMBERED);
                    let before = before.and_then(|count| count.parse().ok()).filter(|count| *count > 0);
                    (replicas.or(before).unwrap_or(1), Value::Null)
                }
                _ => return None,
            };
            Some(json!({
                "metadata": { "resourceVersion": version, "annotations": { REMEMBERED: remembered } },
                "spec": { "replicas": wanted },
            }))
        }
    }
}

/// Looks whether an object is as it was to be: a field that its kind does not have is left
/// out without a word.
fn kept(object: &ManagedObject, changed: &ClusterObject, patch: &Value, to: Direction) -> Result<(), Failure> {
    let mut fields = patch.clone();
    if let Some(metadata) = fields.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("resourceVersion");
    }
    if changed.holds(&fields) {
        return Ok(());
    }
    let spec = object.spec();
    let message = format!(
        "the cluster took the patch of `{}`, and {spec} is not as it says",
        to.verb()
    );
    Err(Failure::failed(message).hint(format!(
        "a field may be misspelt; see {}",
        object
            .engine()
            .shown(format_args!("get {} -o yaml", explain::target(spec)))
    )))
}

/// Deletes pods, or the jobs of a cronjob. What is gone already is no failure.
///
/// # Errors
/// When the cluster does not let us.
pub(super) async fn delete(
    object: &ManagedObject,
    kind: &str,
    names: &[&str],
    grace_s: Option<u64>,
    verb: &str,
) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let mut words = vec!["delete".to_owned(), kind.to_owned(), "--wait=false".to_owned()];
    words.push("--ignore-not-found".to_owned());
    words.extend(grace_s.map(|seconds| format!("--grace-period={seconds}")));
    words.push("--".to_owned());
    words.extend(names.iter().map(|name| (*name).to_owned()));
    match object.engine().ask(words).await {
        Ok(_) | Err(KubectlRefusal::Complaint(Complaint::NoObject)) => Ok(()),
        Err(refusal) => Err(explain::refused(object.engine(), object.spec(), verb, refusal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "`json!` takes references")]
    fn object(spec: Value, annotations: Value) -> ClusterObject {
        serde_json::from_value(json!({ "kind": "Deployment", "spec": spec,
            "metadata": { "name": "x", "resourceVersion": "7", "annotations": annotations } }))
        .unwrap()
    }

    #[test]
    fn the_count_before_a_stop_comes_back_and_that_of_the_inventory_wins() {
        let workload = |replicas| KubectlObject::Workload {
            kind: WorkloadKind::Deployment,
            replicas,
            pods: None,
        };
        let of = |count: u32, remembered: Value| {
            json!({ "metadata": { "resourceVersion": "7", "annotations": { "gamectl-replicas": remembered } },
                "spec": { "replicas": count } })
        };
        let none = || json!({});
        let three = || json!({ "gamectl-replicas": "3" });
        for (replicas, current, to, wanted) in [
            (
                None,
                object(json!({ "replicas": 3 }), none()),
                Direction::Down,
                Some(of(0, json!("3"))),
            ),
            (
                None,
                object(json!({}), none()),
                Direction::Down,
                Some(of(0, json!("1"))),
            ),
            (None, object(json!({ "replicas": 0 }), three()), Direction::Down, None),
            (
                None,
                object(json!({ "replicas": 0 }), three()),
                Direction::Up,
                Some(of(3, Value::Null)),
            ),
            (
                Some(2),
                object(json!({ "replicas": 0 }), three()),
                Direction::Up,
                Some(of(2, Value::Null)),
            ),
            (
                None,
                object(json!({ "replicas": 0 }), none()),
                Direction::Up,
                Some(of(1, Value::Null)),
            ),
            (
                None,
                object(json!({ "replicas": 0 }), json!({ "gamectl-replicas": "x" })),
                Direction::Up,
                Some(of(1, Value::Null)),
            ),
            (Some(2), object(json!({ "replicas": 5 }), three()), Direction::Up, None),
        ] {
            assert_eq!(patch(&workload(replicas), &current, to), wanted, "{current:?} {to:?}");
        }
    }

    #[test]
    fn a_cronjob_is_suspended_and_goes_on() {
        let cronjob = KubectlObject::Workload {
            kind: WorkloadKind::CronJob,
            replicas: None,
            pods: None,
        };
        let of = |suspend: bool| json!({ "metadata": { "resourceVersion": "7" }, "spec": { "suspend": suspend } });
        for (spec, to, wanted) in [
            (json!({}), Direction::Down, Some(of(true))),
            (json!({ "suspend": true }), Direction::Down, None),
            (json!({ "suspend": true }), Direction::Up, Some(of(false))),
            (json!({ "suspend": false }), Direction::Up, None),
        ] {
            assert_eq!(patch(&cronjob, &object(spec, json!({})), to), wanted);
        }
    }
}
