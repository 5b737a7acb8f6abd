//! Sections with their keys, and words of the file in sentences.

use serde::de::DeserializeOwned;
use serde::de::value::{Error as ValueError, StrDeserializer};

use super::collector::Collector;
use crate::inventory::model::instance::is_valid_id;
use crate::inventory::report::keys::{self, Holds, Section};
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::node::{Entry, Node, Shape, Span, find};

/// A section that is being read: its table of keys, and what is given of them.
pub(crate) struct Fields<'c, 'k, 'n, 'a> {
    pub(crate) check: &'c mut Collector<'k>,
    pub(crate) section: &'static Section,
    pub(crate) entries: &'n [Entry<'a>],
}

impl<'k, 'n, 'a> Fields<'_, 'k, 'n, 'a> {
    /// Returns the entry of a key.
    pub(crate) fn entry(&self, key: &str) -> Option<&'n Entry<'a>> {
        find(self.entries, key)
    }

    /// Reads the value of a key; `None` where it is not given, or is wrong.
    pub(crate) fn get<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Collector<'k>, &str, &'n Node<'a>) -> Option<T>,
    ) -> Option<T> {
        let entry = self.entry(key)?;
        read(self.check, &format!("`{key}`"), &entry.value)
    }

    /// Returns a section within this one; it is empty where it is not given.
    pub(crate) fn section(&mut self, key: &str, section: &'static Section) -> Fields<'_, 'k, 'n, 'a> {
        match self.entry(key) {
            Some(entry) => self.check.section(&format!("`{key}`"), section, &entry.value),
            None => Fields {
                check: self.check,
                section,
                entries: &[],
            },
        }
    }

    /// Reads a whole number in the range of the table.
    pub(crate) fn number(&mut self, key: &str) -> Option<u32> {
        let Some(Holds::Number(low, high)) = self.holds(key) else {
            return None;
        };
        self.get(key, |check, what, node| check.number(what, low..=high, node))
    }

    /// Reads a list of whole numbers in the range of the table, each once.
    pub(crate) fn numbers<T: TryFrom<u32> + PartialEq>(&mut self, key: &str, item: &str) -> Option<Vec<T>> {
        let Some(Holds::Numbers(low, high)) = self.holds(key) else {
            return None;
        };
        self.get(key, |check, what, node| {
            let mut numbers = Vec::new();
            for node in check.list(what, "a list of numbers", node)? {
                let number = check
                    .number(item, low..=high, node)
                    .and_then(|number| T::try_from(number).ok());
                numbers.extend(number.filter(|number| !numbers.contains(number)));
            }
            Some(numbers)
        })
    }

    /// Reads one of the names of the table.
    pub(crate) fn choice<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let Some(Holds::Choice(names)) = self.holds(key) else {
            return None;
        };
        self.get(key, |check, what, node| check.choice(what, names, node))
    }

    /// Reads a list of names of the table, each once.
    pub(crate) fn choices<T: DeserializeOwned + PartialEq>(&mut self, key: &str, item: &str) -> Option<Vec<T>> {
        let Some(Holds::ChoiceList(names)) = self.holds(key) else {
            return None;
        };
        self.get(key, |check, what, node| {
            let mut chosen = Vec::new();
            for node in check.list(what, "a list of words", node)? {
                let choice = check.choice(item, names, node);
                chosen.extend(choice.filter(|choice| !chosen.contains(choice)));
            }
            Some(chosen)
        })
    }

    /// Notes that a key without which the section `at` says nothing is missing.
    pub(crate) fn require(&mut self, key: &str, at: Span, message: &str, hint: &str) {
        if self.entry(key).is_none() {
            self.check.problem(at, message).hint(hint);
        }
    }

    fn holds(&self, key: &str) -> Option<Holds> {
        self.section.key(key).map(|key| key.holds)
    }
}

/// Words that mean one of ours elsewhere.
const MEANT: [(&str, &[&str]); 2] = [
    ("never", &["no", "false", "off"]),
    ("always", &["yes", "true", "on", "unless-stopped"]),
];

impl<'k> Collector<'k> {
    /// Returns a section, and notes every key that it does not have. `what` is
    /// its name with its quotes.
    pub(crate) fn section<'n, 'a>(
        &mut self,
        what: &str,
        section: &'static Section,
        node: &'n Node<'a>,
    ) -> Fields<'_, 'k, 'n, 'a> {
        let before = self.problems();
        let entries = self.mapping(what, "a mapping", node);
        if self.problems() > before
            && let Some(example) = keys::example_of(what.trim_matches('`'), section)
        {
            self.hint_last(format!("such as `{example}`"));
        }
        self.known_keys(section, entries);
        Fields {
            check: self,
            section,
            entries,
        }
    }

    fn choice<T: DeserializeOwned>(&mut self, what: &str, names: &[&'static str], node: &Node) -> Option<T> {
        let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let wants = match quoted.split_last() {
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        let word = self.word(what, &wants, node)?;
        let choice = T::deserialize(StrDeserializer::<ValueError>::new(&word));
        // Another use of the type may have more of them.
        let choice = choice.ok().filter(|_| names.contains(&&*word));
        if choice.is_none() {
            let lower = word.to_ascii_lowercase();
            let meant = MEANT
                .iter()
                .find(|(name, words)| names.contains(name) && words.contains(&&*lower));
            let near = meant
                .map(|(name, _)| *name)
                .or_else(|| nearest(&word, names.iter().copied()));
            let found = self.problem(node.span, format!("{what} must be {wants}"));
            found.hint = near.map(|near| format!("did you mean `{near}`?"));
        }
        choice
    }

    /// Notes every key that `section` does not have.
    pub(crate) fn known_keys(&mut self, section: &Section, entries: &[Entry]) {
        for entry in entries {
            let key = entry.key.as_ref();
            if section.key(key).is_some() {
                continue;
            }
            if section == &keys::DEFAULTS && keys::is_plane(key) {
                self.problem(entry.at, format!("`{key}` cannot have defaults"))
                    .hint("it says what one instance is; an anchor (`&name`) and an alias (`*name`) repeat a value");
                continue;
            }
            self.problem(entry.at, format!("unknown key{} in {}", quoted(key), section.place))
                .hint(hint(entry, section));
        }
    }

    /// Notes the keys that mean nothing on a plane: what is written must not be
    /// ignored.
    pub(crate) fn allowed_on(&mut self, plane: &str, section: &Section, prefix: &str, entries: &[Entry]) {
        for entry in entries {
            let Some(key) = section.key(&entry.key) else { continue };
            if let Some((_, instead)) = key.not_on.iter().find(|(other, _)| *other == plane) {
                let message = format!("`{prefix}{}` means nothing on the plane `{plane}`", key.name);
                self.problem(entry.at, message).hint(*instead);
                continue;
            }
            let prefix = format!("{prefix}{}.", key.name);
            match (key.holds, &entry.value.shape) {
                (Holds::Section(section), Shape::Map(map)) => {
                    self.allowed_on(plane, section, &prefix, &map.entries);
                }
                (Holds::List(section), Shape::List(items)) => {
                    for item in items {
                        if let Shape::Map(map) = &item.shape {
                            self.allowed_on(plane, section, &prefix, &map.entries);
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Returns ` `WORD``, as the file has it: what a variable held is not repeated.
pub(crate) fn written(node: &Node) -> String {
    match &node.shape {
        Shape::Scalar(scalar) => format!(" `{}`", short(&scalar.text)),
        Shape::List(_) | Shape::Map(_) => String::new(),
    }
}

/// Returns a hint that names the near word, or else says something other.
pub(crate) fn did_you_mean(near: Option<&str>, otherwise: impl Into<String>) -> String {
    near.map_or_else(|| otherwise.into(), |near| format!("did you mean `{near}`?"))
}

/// Returns what to do about a key that a section does not have.
fn hint(entry: &Entry, section: &Section) -> String {
    let key = entry.key.as_ref();
    if section == &keys::TOP && is_instance(entry) {
        return "an instance: indent it below `instances:`".to_owned();
    }
    if key == "<<" {
        return "merge keys are not supported; what instances share goes into `defaults`".to_owned();
    }
    let plural = format!("{key}s");
    if section.key(&plural).is_some() {
        return did_you_mean(Some(&plural), "");
    }
    if let Some(other) = keys::section_with(key) {
        return format!("`{key}` belongs into {}", other.place);
    }
    let known: Vec<String> = section.keys().map(|key| format!("`{}`", key.name)).collect();
    let near = nearest(key, section.keys().map(|key| key.name));
    did_you_mean(near, format!("there are {}", known.join(", ")))
}

/// Returns true for an id with something below it that only an instance has.
fn is_instance(entry: &Entry) -> bool {
    let Shape::Map(map) = &entry.value.shape else {
        return false;
    };
    let mut keys = map.entries.iter().map(|entry| entry.key.as_ref());
    is_valid_id(&entry.key) && keys.any(|key| keys::INSTANCE.key(key).is_some())
}

/// Returns the key in quotes, or nothing where it may be a secret that slipped.
pub(crate) fn quoted(key: &str) -> String {
    if keys::looks_like_key(key) {
        format!(" `{}`", short(key))
    } else {
        String::new()
    }
}

/// Returns a word of the file, short enough for a sentence and harmless on a
/// screen.
pub(crate) fn short(word: &str) -> String {
    const LONGEST: usize = 40;
    let safe = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut short: String = word.chars().take(LONGEST).map(safe).collect();
    if word.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}
