//! From the tree to the model: everything that is wrong is collected, and only
//! what has nothing wrong comes out.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::Path;

use super::common::{self, Common};
use super::compose;
use super::fields::{Section, quoted};
use super::lookup::Programs;
use super::model::{Instance, Inventory, Plane, is_valid_id};
use super::node::{Entry, Node, Shape, Span, Tree};
use super::process;

/// Something that is wrong, at a place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) at: Span,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) related: Option<(Span, &'static str)>,
}

impl Found {
    #[cold]
    pub(super) fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn related(&mut self, at: Span, how: &'static str) -> &mut Self {
        self.related = Some((at, how));
        self
    }
}

/// The variables that a file refers to.
pub(super) type Env<'a> = &'a (dyn Fn(&str) -> Option<OsString> + Sync);

/// How many values all instances may have together. What defaults and aliases
/// say once can multiply.
pub(super) const BUDGET: usize = 1_000_000;

/// What `instances` must be.
const IDS: &str = "a mapping of ids to instances";

/// A check under way.
pub(super) struct Check<'a> {
    pub(super) folder: &'a Path,
    pub(super) env: Env<'a>,
    pub(super) found: Vec<Found>,
    pub(super) programs: Programs,
    /// The verdicts on regular expressions: instances tend to share them.
    pub(super) patterns: HashMap<String, Option<(String, usize)>>,
    /// What presets say, by name.
    pub(super) presets: HashMap<&'static str, Common>,
    /// `None` when it is used up.
    pub(super) budget: Option<usize>,
}

/// Checks a whole file. The model is complete only if nothing was found.
pub(super) fn check(tree: &Tree, folder: &Path, env: Env) -> (Inventory, Vec<Found>) {
    let mut check = Check::new(folder, env);
    let mut inventory = Inventory::default();
    if let Some(head) = check.head(&tree.root) {
        inventory.instances = check.instances(head.instances, head.defaults.as_ref());
    }
    check.repetitions(tree);
    (inventory, check.found)
}

/// What stands before the instances, and them.
pub(super) struct Head<'t, 'a> {
    pub(super) defaults: Option<Common>,
    pub(super) instances: &'t [Entry<'a>],
}

impl<'a> Check<'a> {
    pub(super) fn new(folder: &'a Path, env: Env<'a>) -> Self {
        Self {
            folder,
            env,
            found: Vec::new(),
            programs: Programs::default(),
            patterns: HashMap::new(),
            presets: HashMap::new(),
            budget: Some(BUDGET),
        }
    }

    /// How much of the budget is left, where nothing was found; two checks of
    /// one file have one budget together.
    pub(super) fn left(&self) -> Option<usize> {
        self.budget.filter(|_| self.found.is_empty())
    }
}

impl Check<'_> {
    /// Notes something that is wrong.
    #[cold]
    #[inline(never)]
    pub(super) fn problem(&mut self, at: Span, message: impl Into<String>) -> &mut Found {
        self.found.push(Found {
            at,
            message: message.into(),
            hint: None,
            related: None,
        });
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    /// Takes `values` from the budget. False when it is used up, which is
    /// noted the first time.
    pub(super) fn spend(&mut self, values: usize, at: Span) -> bool {
        let Some(budget) = self.budget else {
            return false;
        };
        self.budget = budget.checked_sub(values);
        if self.budget.is_none() {
            let message = format!("with what defaults and aliases repeat, there are more than {BUDGET} values by here");
            self.problem(at, message)
                .hint("make the defaults, or what is aliased, smaller");
        }
        self.budget.is_some()
    }

    /// Checks all but the instances. `None` where there are none to check.
    pub(super) fn head<'t, 'a>(&mut self, root: &'t Node<'a>) -> Option<Head<'t, 'a>> {
        let Shape::Map(entries) = &root.shape else {
            self.problem(
                root.span,
                format!(
                    "the inventory must be a mapping with `instances`, but this is {}",
                    root.kind()
                ),
            );
            return None;
        };
        self.known_keys(entries, Section::Top);
        let get = |key: &str| entries.iter().find(|entry| !entry.void && entry.key == key);
        let defaults = get("defaults").map(|entry| self.defaults(&entry.value));
        let Some(instances) = get("instances") else {
            self.problem(Span::new(root.span.start, 0), "there is no `instances` here")
                .hint("write `instances: {}` if there are none yet");
            return None;
        };
        let instances = &instances.value;
        if let Shape::List(_) = &instances.shape {
            self.mismatch("`instances`", IDS, instances)
                .hint("write `my-server:` with its keys below it, not `- id: my-server`");
            return None;
        }
        let instances = self.mapping("`instances`", IDS, instances);
        Some(Head { defaults, instances })
    }

    /// Checks instances.
    pub(super) fn instances(&mut self, entries: &[Entry], defaults: Option<&Common>) -> Vec<Instance> {
        let mut instances = Vec::with_capacity(entries.len());
        for entry in entries {
            if entry.key.is_empty() && entry.void {
                continue;
            }
            self.id(entry);
            // One that is given twice is looked at all the same.
            instances.extend(self.instance(entry, defaults));
            if self.budget.is_none() {
                break;
            }
        }
        instances
    }

    fn defaults(&mut self, node: &Node) -> Common {
        let entries = self.mapping("`defaults`", "a mapping", node);
        self.known_keys(entries, Section::Defaults);
        common::read(self, entries)
    }

    fn id(&mut self, entry: &Entry) {
        if is_valid_id(&entry.key) {
            return;
        }
        let found = self.problem(entry.at, format!("`{}` cannot be an instance's id", short(&entry.key)));
        match slug(&entry.key) {
            Some(slug) => found.hint(format!(
                "ids are lower-case letters, digits, `-` and `_`; for example `{slug}`"
            )),
            None => {
                found.hint("ids are lower-case letters, digits, `-` and `_`, at most 63, the first a letter or digit")
            }
        };
    }

    fn instance(&mut self, entry: &Entry, defaults: Option<&Common>) -> Option<Instance> {
        let entries = self.mapping(&format!("`{}`", short(&entry.key)), "a mapping", &entry.value);
        if !self.spend(defaults.map_or(0, Common::weight), entry.at) {
            return None;
        }
        self.known_keys(entries, Section::Instance);
        let own = common::read(self, entries);
        // What is missing is noted where somebody would add it.
        let uses = |key: &&Entry| {
            matches!(
                key.key.as_ref(),
                "game" | "rcon" | "webrcon" | "telnet" | "admin" | "stop" | "ready" | "healthy"
            )
        };
        let at = entries
            .iter()
            .filter(|key| !key.void)
            .find(uses)
            .map_or(entry.at, |key| key.at);
        let plane = self.plane(&entry.key, entries);
        let own = match own.game().or(defaults.and_then(Common::game)) {
            Some(preset) => own.over(&self.preset(preset)),
            None => own,
        };
        let whole = match defaults {
            Some(defaults) => own.over(defaults),
            None => own,
        };
        Some(whole.finish(self, entry.key.to_string(), plane, at))
    }

    /// What manages an instance: the one plane section that it has.
    fn plane(&mut self, id: &str, entries: &[Entry]) -> Plane {
        let section = |name: &str| entries.iter().find(|entry| !entry.void && entry.key == name);
        match (section("process"), section("docker_compose")) {
            (Some(entry), None) => process::read(self, &entry.value),
            (None, Some(entry)) => {
                self.not_on_compose(entries);
                compose::read(self, id, entry.at, &entry.value)
            }
            (Some(first), Some(second)) => {
                self.problem(second.at, "an instance is on one plane, but this is a second one")
                    .related(first.at, "the first");
                process::read(self, &first.value)
            }
            (None, None) => Plane::Unmanaged {
                plane: "none",
                reason: "no plane, such as `process`".to_owned(),
            },
        }
    }

    /// Keys that mean nothing to a stack: what is written must not be ignored.
    fn not_on_compose(&mut self, entries: &[Entry]) {
        if let Some(stop) = entries.iter().find(|entry| !entry.void && entry.key == "stop") {
            self.problem(stop.at, "`stop` means nothing on the plane `docker_compose`")
                .hint("services stop by the `stop_signal` and `stop_grace_period` of the compose file");
        }
        let ready = entries.iter().find(|entry| !entry.void && entry.key == "ready");
        if let Some(Shape::Map(probes)) = ready.map(|entry| &entry.value.shape)
            && let Some(log) = probes.iter().find(|entry| !entry.void && entry.key == "log")
        {
            self.problem(log.at, "`ready.log` means nothing on the plane `docker_compose`")
                .hint("give the service a `healthcheck` in the compose file, or use `tcp`, `a2s`, `http` or `exec`");
        }
    }

    /// Keys that were given twice, or that are no words.
    fn repetitions(&mut self, tree: &Tree) {
        for at in &tree.odd.keys {
            self.problem(*at, "a key must be a word, but this is a list or a mapping")
                .hint("quote it if it is meant as text");
        }
        let mut ids = HashSet::new();
        if let (false, Shape::Map(top)) = (tree.odd.duplicates.is_empty(), &tree.root.shape)
            && let Some(entry) = top.iter().find(|entry| entry.key == "instances")
            && let Shape::Map(instances) = &entry.value.shape
        {
            ids.extend(instances.iter().map(|entry| entry.at));
        }
        for duplicate in &tree.odd.duplicates {
            let message = if ids.contains(&duplicate.again) {
                format!("the instance `{}` is given twice", short(&duplicate.key))
            } else {
                format!("the key{} is given twice", quoted(&duplicate.key))
            };
            self.problem(duplicate.again, message)
                .related(duplicate.first, "first given here");
        }
    }
}

/// A word of the file, short enough for a sentence and harmless on a screen.
pub(super) fn short(word: &str) -> String {
    const LONGEST: usize = 40;
    let safe = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut short: String = word.chars().take(LONGEST).map(safe).collect();
    if word.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

fn slug(word: &str) -> Option<String> {
    let mut slug = String::new();
    for c in word.chars().take(200) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() || c == '_' => slug.push(c),
            _ if slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    let slug: String = slug
        .trim_matches(['-', '_'])
        .chars()
        .take(super::model::ID_MAX)
        .collect();
    is_valid_id(&slug).then_some(slug)
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
