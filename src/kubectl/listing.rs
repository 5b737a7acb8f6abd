//! The objects and pods of a context, as one answer of `kubectl get` has them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::{ClusterObject, ObjectMeta};
use super::pod::ClusterPod;

/// Something that a listing has.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ListedObject {
    Pod(Box<ClusterPod>),
    Other(Box<ClusterObject>),
}

impl ListedObject {
    pub(super) fn read(text: &str) -> serde_json::Result<Self> {
        let head: Head = serde_json::from_str(text)?;
        Ok(match head.kind.as_str() {
            "Pod" => Self::Pod(serde_json::from_str(text)?),
            _ => Self::Other(serde_json::from_str(text)?),
        })
    }
}

/// The content of some namespaces of a context, as far as it may be seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ClusterListing {
    pub(super) pods: Vec<ClusterPod>,
    pub(super) objects: Vec<ClusterObject>,
    /// The refusals, in the words of the server.
    pub(super) forbidden: Vec<Forbidden>,
    /// The kinds that the server does not have.
    pub(super) missing_kinds: Vec<String>,
}

/// A refusal of the server.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Forbidden {
    pub(super) said: String,
    /// The namespace that was asked for.
    pub(super) namespace: String,
}

impl Forbidden {
    /// Returns true if it is a kind that is refused, as kubectl takes it.
    pub(super) fn is_of(&self, kind: &str) -> bool {
        let base = |word: &str| {
            let word = word.split('.').next().unwrap_or_default().to_ascii_lowercase();
            word.trim_end_matches('s').to_owned()
        };
        base(self.said.split_whitespace().next().unwrap_or_default()) == base(kind)
    }
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    kind: String,
}

#[derive(Deserialize)]
struct Answer {
    items: Vec<Box<RawValue>>,
}

impl ClusterListing {
    /// Reads the list that kubectl prints.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn read(answer: &[u8]) -> Result<Self, String> {
        let answer: Answer = serde_json::from_slice(answer).map_err(|error| unexpected(answer, &error))?;
        let mut listing = Self::default();
        for item in &answer.items {
            let read = ListedObject::read(item.get()).map_err(|error| unexpected(item.get().as_bytes(), &error))?;
            match read {
                ListedObject::Pod(pod) => listing.pods.push(*pod),
                ListedObject::Other(object) => listing.objects.push(*object),
            }
        }
        Ok(listing)
    }

    /// Returns true if all that was asked for may be seen.
    pub(super) fn is_whole(&self) -> bool {
        self.forbidden.is_empty() && self.missing_kinds.is_empty()
    }

    /// Returns true if a kind may not be seen in a namespace, or is not there.
    pub(super) fn refuses(&self, namespace: &str, kind: &str) -> bool {
        let is_refused = |one: &Forbidden| one.namespace == namespace && one.is_of(kind);
        self.missing_kinds.iter().any(|missing| missing == kind) || self.forbidden.iter().any(is_refused)
    }

    /// Applies a change, of an object or of one that is gone. Returns false if it is none:
    /// what a watch tells first is known already, or may even be older than what is known.
    pub(super) fn apply(&mut self, what: ListedObject, is_gone: bool) -> bool {
        match what {
            ListedObject::Pod(new) => change(&mut self.pods, *new, is_gone, |pod| &pod.metadata, |_, _| true),
            ListedObject::Other(new) => {
                let is_same_kind = |a: &ClusterObject, b: &ClusterObject| a.kind == b.kind;
                change(
                    &mut self.objects,
                    *new,
                    is_gone,
                    |object| &object.metadata,
                    is_same_kind,
                )
            }
        }
    }

    /// Adds what another one has.
    pub(super) fn extend(&mut self, other: Self) {
        self.pods.extend(other.pods);
        self.objects.extend(other.objects);
        self.forbidden.extend(other.forbidden);
        for kind in other.missing_kinds {
            if !self.missing_kinds.contains(&kind) {
                self.missing_kinds.push(kind);
            }
        }
    }
}

fn change<T>(
    known: &mut Vec<T>,
    new: T,
    is_gone: bool,
    meta: impl Fn(&T) -> &ObjectMeta,
    is_same_kind: impl Fn(&T, &T) -> bool,
) -> bool {
    let place = known.iter().position(|old| {
        let (old_meta, new_meta) = (meta(old), meta(&new));
        old_meta.name == new_meta.name && old_meta.namespace == new_meta.namespace && is_same_kind(old, &new)
    });
    let Some(place) = place else {
        if !is_gone {
            known.push(new);
        }
        return !is_gone;
    };
    let (old, fresh) = (meta(&known[place]), meta(&new));
    // Another object of the same name has taken its place.
    let is_another = old.uid != fresh.uid;
    if is_gone {
        if !is_another {
            known.swap_remove(place);
        }
        return !is_another;
    }
    let version = |meta: &ObjectMeta| meta.resource_version.parse::<u64>().ok();
    let is_newer = match (version(old), version(fresh)) {
        (Some(old), Some(fresh)) => fresh > old,
        _ => old.resource_version != fresh.resource_version,
    };
    if is_newer {
        known[place] = new;
    }
    is_newer
}

/// Reads one object that kubectl prints.
///
/// # Errors
/// When it is none.
pub(super) fn read_object(answer: &[u8]) -> Result<ClusterObject, String> {
    serde_json::from_slice(answer).map_err(|error| unexpected(answer, &error))
}

/// Returns what is wrong with an answer, which may be a page of a proxy.
fn unexpected(answer: &[u8], error: &serde_json::Error) -> String {
    let begins = String::from_utf8_lossy(answer.get(..200.min(answer.len())).unwrap_or_default());
    let is_page = begins.trim_start().starts_with('<');
    match begins.trim() {
        "" => "kubectl answered nothing".to_owned(),
        _ if is_page => "kubectl answered with a page of HTML, so something else than the cluster is asked".to_owned(),
        _ if error.is_eof() => "the answer of kubectl was cut short".to_owned(),
        _ => format!("kubectl said something unexpected: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An object of the same name is another one once its uid is another.
    #[test]
    fn changes_are_applied_by_uid_and_never_backwards() {
        let pod = |uid: &str, version: &str, phase: &str| {
            let text = format!(
                r#"{{"kind":"Pod","metadata":{{"name":"p","namespace":"n","uid":"{uid}","resourceVersion":"{version}"}},"status":{{"phase":"{phase}"}}}}"#
            );
            ListedObject::read(&text).unwrap()
        };
        let mut listing = ClusterListing::default();
        let mut applied = |what, is_gone| {
            let is_change = listing.apply(what, is_gone);
            let phases: Vec<&str> = listing.pods.iter().map(|pod| pod.status.phase.as_str()).collect();
            (is_change, phases.join(","))
        };
        let of = |is_change: bool, phases: &str| (is_change, phases.to_owned());
        assert_eq!(applied(pod("a", "5", "Pending"), false), of(true, "Pending"));
        assert_eq!(
            applied(pod("a", "5", "Pending"), false),
            of(false, "Pending"),
            "known already"
        );
        assert_eq!(applied(pod("a", "10", "Running"), false), of(true, "Running"));
        assert_eq!(applied(pod("a", "9", "Pending"), false), of(false, "Running"), "older");
        assert_eq!(
            applied(pod("b", "11", "Pending"), false),
            of(true, "Pending"),
            "another one"
        );
        assert_eq!(
            applied(pod("a", "12", "Running"), true),
            of(false, "Pending"),
            "the first is gone"
        );
        assert_eq!(applied(pod("b", "13", "Running"), true), of(true, ""));
        assert_eq!(applied(pod("b", "13", "Running"), true), of(false, ""));
    }

    #[test]
    fn what_may_not_be_seen_is_known_by_namespace_and_kind() {
        let listing = ClusterListing {
            forbidden: vec![Forbidden {
                said: "deployments.apps is forbidden: User".to_owned(),
                namespace: "n".to_owned(),
            }],
            missing_kinds: vec!["fleets.agones.dev".to_owned()],
            ..ClusterListing::default()
        };
        assert!(listing.refuses("n", "deployments.apps") && listing.refuses("m", "fleets.agones.dev"));
        assert!(!listing.refuses("m", "deployments.apps") && !listing.refuses("n", "pods"));
        assert!(!listing.is_whole() && ClusterListing::default().is_whole());
    }

    #[test]
    fn lists_are_read_and_what_is_none_is_told() {
        let list = br#"{"kind":"List","items":[{"kind":"Pod","metadata":{"name":"p","namespace":"n"},"status":{"phase":"Running"}},
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d","generation":2},"spec":{"replicas":1},"status":{}}]}"#;
        let listing = ClusterListing::read(list).unwrap();
        assert_eq!(
            (listing.pods[0].name(), listing.objects[0].metadata.generation),
            ("p", 2)
        );
        assert_eq!(
            ClusterListing::read(br#"{"items":[]}"#).unwrap(),
            ClusterListing::default()
        );
        for (answer, wanted) in [
            (&list[..40], "the answer of kubectl was cut short"),
            (b"<html><body>403", "kubectl answered with a page of HTML"),
            (b"", "kubectl answered nothing"),
            (b"{}", "kubectl said something unexpected: missing field `items`"),
            (b"{\"items\":[{\"kind\":\"Pod\"}]}".as_slice(), ""),
            (
                br#"{"items":[{"kind":"Pod","metadata":{"generation":"x"}}]}"#,
                "kubectl said something unexpected: invalid type",
            ),
        ] {
            let read = ClusterListing::read(answer);
            match wanted {
                "" => assert!(read.is_ok()),
                _ => assert!(read.unwrap_err().starts_with(wanted), "{wanted}"),
            }
        }
    }
}
