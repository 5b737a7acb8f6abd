//! The ids and tags of an inventory, for a shell that completes a command line.
//! Nothing is checked: while a person edits the file, it may have a mistake.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::model::instance::is_valid_id;
use super::read::collector::Env;
use super::text::expand::expand;

/// The words that selectors can name in an inventory, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SelectorWords {
    pub ids: Vec<String>,
    pub tags: BTreeSet<String>,
    /// The hosts that instances name.
    pub hosts: BTreeSet<String>,
    /// The hosts that are listed.
    pub listed_hosts: BTreeSet<String>,
}

#[derive(Deserialize)]
struct RawOutline {
    owner: Option<String>,
    hosts: Option<BTreeMap<String, serde::de::IgnoredAny>>,
    defaults: Option<RawTags>,
    instances: Option<BTreeMap<String, Option<RawTags>>>,
}

#[derive(Deserialize)]
struct RawTags {
    tags: Option<Vec<String>>,
    host: Option<String>,
}

impl SelectorWords {
    /// Returns what there is in a text; nothing of a text that is not YAML.
    pub(super) fn of(text: &[u8], env: Env) -> Self {
        let Ok(RawOutline {
            owner,
            hosts: listed,
            defaults,
            instances,
        }) = serde_yaml::from_slice(text)
        else {
            return Self::default();
        };
        let mut instances = instances.unwrap_or_default();
        instances.retain(|id, _| is_valid_id(id));
        let named = instances.values().flatten().chain(&defaults);
        let hosts = named.filter_map(|named| named.host.clone()).chain(owner.clone());
        let hosts = hosts.collect();
        let listed_hosts = listed.unwrap_or_default().into_keys().chain(owner).collect();
        let tags = instances.values().flatten().chain(&defaults);
        let tags = tags.filter_map(|tagged| tagged.tags.as_ref()).flatten();
        let expanded = |tag: &String| expand(tag, env).ok()?.into_owned().into_string().ok();
        Self {
            tags: tags.filter_map(expanded).collect(),
            hosts,
            listed_hosts,
            ids: instances.into_keys().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_do_not_matter() {
        let text = "\
hosts: {box3: {ssh: b}, box2: 5}
defaults: {tags: ['${EU}', '${NO}']}
instances:
  b: {tags: [pvp, 010], host: box2, proces: {}, stop: 5}
  a:
  B: {tags: [pvp]}
";
        let words = SelectorWords::of(text.as_bytes(), &|name| (name == "EU").then(|| "eu".into()));
        assert_eq!(words.ids, ["a", "b"]);
        assert_eq!(words.hosts.iter().collect::<Vec<_>>(), ["box2"]);
        assert_eq!(words.listed_hosts.iter().collect::<Vec<_>>(), ["box2", "box3"]);
        assert_eq!(words.tags.iter().collect::<Vec<_>>(), ["010", "eu", "pvp"]);
        assert_eq!(SelectorWords::of(b"instances: [", &|_| None), SelectorWords::default());
    }
}
