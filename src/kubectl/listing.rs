//! The objects and pods of a context, as one answer of `kubectl get` has them.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::object::ClusterObject;
use super::pod::ClusterPod;

/// Something that a listing has.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ListedObject {
    Pod(Box<ClusterPod>),
    Other(Box<ClusterObject>),
}

impl ListedObject {
    fn read(text: &str) -> serde_json::Result<Self> {
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
