//! The whole file: defaults, instances, and keys that are given twice.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use super::collector::{Collector, Env};
use super::hosts::{self, Hosts};
use super::section::{Fields, quoted, short};
use super::settings::{self, Outline};
use super::{game, link, merge, needs, plane, unusable};
use crate::games::Preset;
use crate::inventory::model::channels::ChannelKind;
use crate::inventory::model::host::{Definition, Hosted};
use crate::inventory::model::instance::{ID_MAX, Instance, Inventory, is_valid_id};
use crate::inventory::model::link::NatsLink;
use crate::inventory::report::found::Found;
use crate::inventory::report::keys;
use crate::inventory::text::node::{BadKey, Entry, Mapping, Node, Shape, Span, Tree, find};
use crate::inventory::text::yaml;

/// The shape of `instances`, for a sentence.
const IDS: &str = "a mapping of ids to instances";

/// The instances of a file, with its problems.
pub(crate) struct Readout {
    /// The instances without a problem, and nothing of one with a problem.
    pub(crate) whole: Inventory,
    /// The ids of those with a problem; `None` where a problem is outside of
    /// the instances, and `whole` may be wrong.
    pub(crate) broken: Option<BTreeSet<String>>,
    pub(crate) problems: Vec<Found>,
}

/// Reads a whole file.
pub(crate) fn read(tree: &Tree, folder: &Path, env: Env) -> Readout {
    let mut document = Document {
        check: Collector::new(folder, env),
        defaults: &[],
        hosts: Hosts::default(),
        link: None,
        default_definition: None,
        presets: HashMap::new(),
        broken: BTreeSet::new(),
        inside: 0,
    };
    let mut instances = document.root(&tree.root);
    let (mut broken, mut check) = (document.broken, document.check);
    let is_inside = check.problems() == document.inside && !check.is_spent();
    bad_keys(&mut check, tree);
    let keys_are_inside = unusable::mark(tree, &mut broken);
    instances.retain(|instance| !broken.contains(&instance.id));
    Readout {
        whole: Inventory {
            instances: instances.into_iter().map(Arc::new).collect(),
            hosts: document.hosts.whole(),
            link: document.link.map(Arc::new),
            folder: folder.to_owned(),
        },
        broken: (is_inside && keys_are_inside).then_some(broken),
        problems: check.into_problems(),
    }
}

struct Document<'c, 't, 'a> {
    check: Collector<'c>,
    defaults: &'t [Entry<'a>],
    hosts: Hosts,
    link: Option<NatsLink>,
    /// The defaults as other hosts read them.
    default_definition: Option<Definition>,
    /// The settings of presets, by name.
    presets: HashMap<&'static str, Vec<Entry<'static>>>,
    /// The ids of the instances with a problem.
    broken: BTreeSet<String>,
    /// The number of their problems.
    inside: usize,
}

impl<'t, 'a> Document<'_, 't, 'a> {
    fn root(&mut self, root: &'t Node<'a>) -> Vec<Instance> {
        let Shape::Map(Mapping { entries, .. }) = &root.shape else {
            let message = "the inventory must be a mapping with `instances`, but this is";
            self.check.problem(root.span, format!("{message} {}", root.kind()));
            return Vec::new();
        };
        self.check.known_keys(&keys::TOP, entries);
        let get = |key: &str| find(entries, key).map(|entry| &entry.value);
        self.hosts = Hosts::read(&mut self.check, entries);
        self.link = get("link").and_then(|node| link::read(&mut self.check, node));
        let before = self.check.problems();
        if let Some(defaults) = get("defaults") {
            self.defaults(defaults);
        }
        // What is missing might be in defaults that are wrong.
        self.check.set_whole(self.check.problems() == before);
        let Some(instances) = get("instances") else {
            self.check
                .problem(Span::new(root.span.start, 0), "there is no `instances` here")
                .hint("write `instances: {}` if there are none yet");
            return Vec::new();
        };
        match &instances.shape {
            Shape::Map(map) => self.instances(map),
            Shape::List(_) => {
                self.check
                    .mismatch("`instances`", IDS, instances)
                    .hint("write `my-server:` with its keys below it, not `- id: my-server`");
                Vec::new()
            }
            Shape::Scalar(_) => {
                self.check.mapping("`instances`", IDS, instances);
                Vec::new()
            }
        }
    }

    /// Reads the defaults on their own, and keeps them if nothing is wrong:
    /// their problems are to be reported once, not for each instance.
    fn defaults(&mut self, node: &'t Node<'a>) {
        let before = self.check.problems();
        let mut defaults = self.check.section("`defaults`", &keys::DEFAULTS, node);
        let outline = Outline {
            id: String::new(),
            game: defaults.get("game", game::read),
            plane: plane::none(),
            hosted: None,
            at: node.span,
            healthy: None,
        };
        settings::read(outline, &mut defaults, &|_| false);
        let entries = defaults.entries;
        if self.check.problems() == before {
            self.defaults = entries;
        }
    }

    fn instances(&mut self, map: &Mapping<'a>) -> Vec<Instance> {
        // One that is given twice is looked at all the same.
        let repeated = map.unusable.iter().filter(|entry| !entry.key.is_empty());
        let mut instances = Vec::with_capacity(map.entries.len());
        for entry in map.entries.iter().chain(repeated) {
            let before = self.check.problems();
            instances.push(self.instance(entry));
            if self.check.problems() > before {
                self.inside += self.check.problems() - before;
                self.broken.insert(entry.key.to_string());
            }
            if self.check.is_spent() {
                return instances;
            }
        }
        let before = self.check.problems();
        self.broken
            .extend(needs::read(&mut self.check, &map.entries, &mut instances));
        self.inside += self.check.problems() - before;
        instances
    }

    fn instance(&mut self, entry: &Entry<'a>) -> Instance {
        let Self {
            check,
            defaults,
            presets,
            hosts,
            default_definition,
            ..
        } = self;
        id(check, entry);
        let mut own = check.section(&format!("`{}`", short(&entry.key)), &keys::INSTANCE, &entry.value);
        let game = own.get("game", game::read);
        let own = own.entries;
        let host = find(own, "host").or_else(|| find(defaults, "host"));
        let host = hosts.of(check, host);
        check.set_elsewhere(host.is_some());
        let hosted = host.map(|host| {
            Box::new(Hosted {
                definition: hosts::definition(check, own),
                defaults: default_definition
                    .get_or_insert_with(|| hosts::definition(check, defaults))
                    .clone(),
                host,
            })
        });
        let default_game = || find(defaults, "game").and_then(|entry| game::read(check, "`game`", &entry.value));
        let game = game.or_else(default_game);
        let mut whole = Cow::Borrowed(own);
        let preset = game.map(|game| &**presets.entry(game.name).or_insert_with(|| preset(game)));
        for below in preset.into_iter().chain([*defaults]).filter(|below| !below.is_empty()) {
            whole = Cow::Owned(merge::over(Some(&keys::INSTANCE), &whole, below));
        }
        let uses = |entry: &&Entry| {
            matches!(entry.key.as_ref(), "game" | "admin" | "stop" | "ready" | "healthy")
                || ChannelKind::of_name(&entry.key).is_some()
        };
        let outline = Outline {
            id: entry.key.to_string(),
            game,
            plane: plane::read(
                check,
                &entry.key,
                game.and_then(|game| with_resource(own, game)).as_deref().unwrap_or(own),
            ),
            hosted,
            at: own.iter().find(uses).map_or(entry.at, |entry| entry.at),
            healthy: find(own, "healthy").map(|entry| entry.at),
        };
        let is_given = |key: &str| own.iter().chain(*defaults).any(|entry| entry.key == key);
        let mut settings = Fields {
            check,
            section: &keys::INSTANCE,
            entries: &whole,
        };
        let instance = settings::read(outline, &mut settings, &is_given);
        check.set_elsewhere(false);
        instance
    }
}

/// Returns the entries of an instance with what its preset knows of a resource of Kubernetes:
/// the patches of the game, and when it is up. `None` where there is no such resource.
fn with_resource<'a>(own: &[Entry<'a>], preset: &'static Preset) -> Option<Vec<Entry<'a>>> {
    let place = own.iter().position(|entry| entry.key == "kubectl")?;
    let Shape::Map(section) = &own[place].value.shape else {
        return None;
    };
    find(&section.entries, "resource")?;
    let tree = yaml::read(preset.text).ok()?;
    let Shape::Map(map) = &tree.root.shape else { return None };
    let Shape::Map(known) = &find(&map.entries, "kubectl")?.value.shape else {
        return None;
    };
    let is_of_game = |entry: &&Entry| matches!(entry.key.as_ref(), "start" | "stop" | "up");
    let below: Vec<Entry<'a>> = known.entries.iter().filter(is_of_game).cloned().collect();
    let merged = Mapping {
        entries: merge::over(Some(&keys::KUBECTL), &section.entries, &below),
        unusable: Vec::new(),
    };
    let mut all = own.to_vec();
    all[place].value = Arc::new(Node {
        span: own[place].value.span,
        shape: Shape::Map(merged),
    });
    Some(all)
}

/// Returns the settings of a preset. Its planes and its passwords are only
/// examples.
fn preset(preset: &'static Preset) -> Vec<Entry<'static>> {
    let Ok(tree) = yaml::read(preset.text) else {
        return Vec::new();
    };
    let Shape::Map(map) = &tree.root.shape else {
        return Vec::new();
    };
    let settings = map.entries.iter().filter(|entry| !keys::is_plane(&entry.key));
    settings
        .map(|entry| match &entry.value.shape {
            Shape::Map(map) => {
                let known = map.entries.iter().filter(|entry| entry.key != "password");
                let shape = Shape::Map(Mapping {
                    entries: known.cloned().collect(),
                    unusable: Vec::new(),
                });
                let span = entry.value.span;
                Entry {
                    value: Arc::new(Node { span, shape }),
                    ..entry.clone()
                }
            }
            Shape::Scalar(_) | Shape::List(_) => entry.clone(),
        })
        .collect()
}

fn id(check: &mut Collector, entry: &Entry) {
    if is_valid_id(&entry.key) {
        return;
    }
    let hint = match slug(&entry.key) {
        Some(slug) => format!("ids are lower-case letters, digits, `-` and `_`; for example `{slug}`"),
        None => "ids are lower-case letters, digits, `-` and `_`, at most 63, the first a letter or digit".to_owned(),
    };
    check
        .problem(entry.at, format!("`{}` cannot be an instance's id", short(&entry.key)))
        .hint(hint);
}

/// Returns the id that is closest to a word.
fn slug(word: &str) -> Option<String> {
    let mut slug = String::new();
    for c in word.chars().take(200) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() || c == '_' => slug.push(c),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let slug: String = slug.trim_matches(['-', '_']).chars().take(ID_MAX).collect();
    is_valid_id(&slug).then_some(slug)
}

/// Notes keys that were given twice, or that are no words.
fn bad_keys(check: &mut Collector, tree: &Tree) {
    let mut repeated_ids = HashSet::new();
    if let Shape::Map(top) = &tree.root.shape
        && let Some(entry) = find(&top.entries, "instances")
        && let Shape::Map(instances) = &entry.value.shape
    {
        repeated_ids.extend(instances.unusable.iter().map(|entry| entry.at));
    }
    for bad in &tree.bad_keys {
        match bad {
            BadKey::NotAWord(at) => {
                check
                    .problem(*at, "a key must be a word, but this is a list or a mapping")
                    .hint("quote it if it is meant as text");
            }
            BadKey::Repeated { key, first, again } => {
                let message = if repeated_ids.contains(again) {
                    format!("the instance `{}` is given twice", short(key))
                } else {
                    format!("the key{} is given twice", quoted(key))
                };
                check.problem(*again, message).related(*first, "first given here");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (word, expected) in [
            ("Rust Main", Some("rust-main")),
            ("a.b//c", Some("a-b-c")),
            ("_x", Some("x")),
            ("ü", None),
            ("", None),
        ] {
            assert_eq!(slug(word).as_deref(), expected, "{word}");
        }
        assert_eq!(slug(&"x".repeat(100)).unwrap().len(), 63);
    }
}
