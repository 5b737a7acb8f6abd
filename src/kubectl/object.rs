//! Objects of a cluster, as `kubectl get -o json` shows them.

use std::collections::BTreeMap;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;

/// The part that all objects have.
#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ObjectMeta {
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) uid: String,
    pub(super) resource_version: String,
    pub(super) generation: i64,
    pub(super) creation_timestamp: Option<String>,
    pub(super) deletion_timestamp: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) owner_references: Vec<ObjectOwner>,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(super) struct ObjectOwner {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) uid: String,
}

impl ObjectMeta {
    pub(super) fn is_owned_by(&self, uid: &str) -> bool {
        self.owner_references.iter().any(|owner| owner.uid == uid)
    }
}

/// An object that is no pod.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClusterObject {
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) api_version: String,
    pub(super) metadata: ObjectMeta,
    #[serde(default)]
    pub(super) spec: Value,
    #[serde(default)]
    pub(super) status: Value,
}

impl ClusterObject {
    /// Returns a number of the specification; `None` if there is none.
    pub(super) fn wanted(&self, name: &str) -> Option<u32> {
        number(&self.spec, name)
    }

    /// Returns a number of the status; a count of nothing is absent.
    pub(super) fn count(&self, name: &str) -> u32 {
        number(&self.status, name).unwrap_or(0)
    }

    /// Returns true if its controller has seen the last change of what is wanted.
    pub(super) fn is_observed(&self) -> bool {
        let observed = self.status.get("observedGeneration").and_then(Value::as_i64);
        observed.is_none_or(|observed| observed >= self.metadata.generation)
    }

    /// Returns the first condition of a type with its status, reason and message.
    pub(super) fn condition(&self, kind: &str) -> Option<ObjectCondition> {
        let all = self.status.get("conditions")?.as_array()?;
        let one = all
            .iter()
            .find(|one| one.get("type").and_then(Value::as_str) == Some(kind))?;
        ObjectCondition::deserialize(one).ok()
    }

    /// Returns a field, by the names on the way to it from the object.
    pub(super) fn field(&self, path: &[String]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        let root = match first.as_str() {
            "spec" => &self.spec,
            "status" => &self.status,
            _ => return None,
        };
        rest.iter().try_fold(root, |value, name| value.get(name))
    }

    /// Returns true if a merge patch would change nothing.
    pub(super) fn holds(&self, patch: &Value) -> bool {
        let Some(patch) = patch.as_object() else {
            return true;
        };
        patch.iter().all(|(name, value)| match name.as_str() {
            "spec" => holds(&self.spec, value),
            "status" => holds(&self.status, value),
            "metadata" => value.as_object().is_none_or(|fields| {
                let texts = |name: &str, own: &BTreeMap<String, String>| {
                    fields
                        .get(name)
                        .is_none_or(|wanted| holds(&serde_json::json!(own), wanted))
                };
                texts("annotations", &self.metadata.annotations) && texts("labels", &self.metadata.labels)
            }),
            _ => false,
        })
    }
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ObjectCondition {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) status: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) last_transition_time: Option<String>,
}

/// Returns true if a merge patch would leave a value as it is.
fn holds(own: &Value, patch: &Value) -> bool {
    match patch {
        Value::Null => own.is_null(),
        Value::Object(patch) => patch
            .iter()
            .all(|(name, value)| holds(own.get(name).unwrap_or(&Value::Null), value)),
        other => own == other,
    }
}

fn number(of: &Value, name: &str) -> Option<u32> {
    of.get(name)?
        .as_u64()
        .map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// Reads a time of Kubernetes.
pub(super) fn time(text: Option<&str>) -> Option<SystemTime> {
    humantime::parse_rfc3339(text?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_patch_holds_where_it_changes_nothing() {
        let object = |spec: Value| -> ClusterObject {
            serde_json::from_value(
                json!({ "kind": "BattleGroup", "metadata": {"name": "x", "labels": {"a": "b"}}, "spec": spec }),
            )
            .unwrap()
        };
        let stopped = object(json!({ "stop": true, "more": { "a": 1, "b": [1] } }));
        for (patch, wanted) in [
            (json!({ "spec": { "stop": true } }), true),
            (json!({ "spec": { "stop": "true" } }), false),
            (json!({ "spec": { "stop": true, "more": { "a": 1 } } }), true),
            (json!({ "spec": { "more": { "b": [] } } }), false),
            (json!({ "spec": { "other": null } }), true),
            (json!({ "spec": { "stop": null } }), false),
            (json!({ "spec": { "stopp": true } }), false),
            (json!({ "metadata": { "labels": { "a": "b" } } }), true),
            (json!({ "metadata": { "annotations": { "a": "b" } } }), false),
            (json!({ "data": { "a": "b" } }), false),
        ] {
            assert_eq!(stopped.holds(&patch), wanted, "{patch}");
        }
        assert!(!object(json!({})).holds(&json!({ "spec": { "stop": true } })));
    }

    #[test]
    fn counts_that_are_absent_are_zero_and_a_generation_need_not_be_observed() {
        let of = |status: Value| -> ClusterObject {
            serde_json::from_value(json!({ "metadata": { "generation": 3 }, "status": status })).unwrap()
        };
        assert_eq!(
            (
                of(json!({})).count("readyReplicas"),
                of(json!({ "readyReplicas": 2 })).count("readyReplicas")
            ),
            (0, 2)
        );
        assert!(of(json!({})).is_observed() && of(json!({ "observedGeneration": 3 })).is_observed());
        assert!(!of(json!({ "observedGeneration": 2 })).is_observed());
    }
}
