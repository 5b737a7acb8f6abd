//! The record by which an object is found again that has left the inventory.

use std::path::PathBuf;

use serde_json::Value;

use super::PLANE;
use crate::inventory::{KubectlObject, KubectlPlace, KubectlSpec, PatchedResource, UpRule, WorkloadKind};
use crate::store::origin::Origin;

const CONTEXT: &str = "context";
const NAMESPACE: &str = "namespace";
const KUBECONFIG: &str = "kubeconfig";
const NAME: &str = "name";
const WORKLOAD: &str = "workload";
const REPLICAS: &str = "replicas";
const PODS: &str = "pods";
const RESOURCE: &str = "resource";
const START: &str = "start";
const STOP: &str = "stop";
const UP_PATH: &str = "up_path";
const UP_VALUE: &str = "up_value";

pub(super) fn of_spec(spec: &KubectlSpec) -> Origin {
    let mut origin = Origin::of(PLANE);
    origin.push(CONTEXT, &spec.place.context);
    origin.push(NAMESPACE, &spec.place.namespace);
    if let Some(file) = &spec.place.kubeconfig {
        origin.push(KUBECONFIG, file.display());
    }
    origin.push(NAME, &spec.name);
    match &spec.object {
        KubectlObject::Workload { replicas, pods, .. } => {
            origin.push(WORKLOAD, spec.kind());
            if let Some(replicas) = replicas {
                origin.push(REPLICAS, replicas);
            }
            if let Some(pods) = pods {
                origin.push(PODS, pods);
            }
        }
        KubectlObject::Resource(resource) => {
            origin.push(RESOURCE, &resource.kind);
            origin.push(PODS, &resource.pods);
            origin.push(START, &resource.start);
            origin.push(STOP, &resource.stop);
            if let Some(up) = &resource.up {
                origin.push(UP_PATH, up.path.join("."));
                for value in &up.values {
                    origin.push(UP_VALUE, value);
                }
            }
        }
    }
    origin
}

/// Returns the definition on record; `None` if the record does not name the object.
pub(super) fn to_spec(origin: &Origin) -> Option<KubectlSpec> {
    let text = |key: &str| origin.get(key).map(str::to_owned);
    let patch = |key: &str| -> Option<Value> { serde_json::from_str(origin.get(key)?).ok() };
    let object = match (origin.get(WORKLOAD), origin.get(RESOURCE)) {
        (Some(kind), _) => KubectlObject::Workload {
            kind: WorkloadKind::of_word(kind),
            replicas: origin.get(REPLICAS).and_then(|count| count.parse().ok()),
            pods: text(PODS),
        },
        (None, Some(kind)) => KubectlObject::Resource(Box::new(PatchedResource {
            kind: kind.to_owned(),
            start: patch(START)?,
            stop: patch(STOP)?,
            up: origin.get(UP_PATH).map(|path| UpRule {
                path: path.split('.').map(str::to_owned).collect(),
                values: origin.all(UP_VALUE).map(str::to_owned).collect(),
            }),
            pods: text(PODS)?,
        })),
        (None, None) => return None,
    };
    Some(KubectlSpec {
        place: KubectlPlace {
            context: text(CONTEXT)?,
            namespace: text(NAMESPACE)?,
            kubeconfig: origin.get(KUBECONFIG).map(PathBuf::from),
        },
        object,
        name: text(NAME)?,
        container: None,
        send: Vec::new(),
    })
}

/// Returns true if the object on record is that of a definition.
pub fn is_same_object(origin: &Origin, spec: &KubectlSpec) -> bool {
    let is_same =
        |old: &KubectlSpec| old.place == spec.place && old.name == spec.name && old.resource() == spec.resource();
    origin.plane() == PLANE && to_spec(origin).is_some_and(|old| is_same(&old))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_found_again() {
        let spec = |object| KubectlSpec {
            place: KubectlPlace {
                context: "prod".to_owned(),
                namespace: "games".to_owned(),
                kubeconfig: Some("/etc/k3s.yaml".into()),
            },
            object,
            name: "x".to_owned(),
            container: None,
            send: Vec::new(),
        };
        let workload = spec(KubectlObject::Workload {
            kind: WorkloadKind::StatefulSet,
            replicas: Some(2),
            pods: None,
        });
        let resource = spec(KubectlObject::Resource(Box::new(PatchedResource {
            kind: "battlegroup.igw.funcom.com".to_owned(),
            start: json!({ "spec": { "stop": false } }),
            stop: json!({ "spec": { "stop": true } }),
            up: Some(UpRule {
                path: vec!["status".to_owned(), "phase".to_owned()],
                values: vec!["Running".to_owned(), "Ready".to_owned()],
            }),
            pods: "app=x".to_owned(),
        })));
        for one in [&workload, &resource] {
            assert_eq!(to_spec(&of_spec(one)).as_ref(), Some(one));
            assert!(is_same_object(&of_spec(one), one));
        }
        assert!(!is_same_object(&of_spec(&workload), &resource));
        let mut elsewhere = workload.clone();
        elsewhere.place.context = "test".to_owned();
        assert!(!is_same_object(&of_spec(&workload), &elsewhere));
        assert_eq!(to_spec(&Origin::of(PLANE)), None);
    }
}
