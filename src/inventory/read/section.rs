//! Sections with their keys, and words of the file in sentences.

use super::collector::Collector;
use crate::inventory::report::keys::{self, Section};
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::node::{Entry, Node, Shape};

impl Collector<'_> {
    /// Returns the entries of a section, and notes every key that it does not
    /// have. `what` is its name with its quotes.
    pub(crate) fn section<'n, 'a>(&mut self, what: &str, section: &Section, node: &'n Node<'a>) -> &'n [Entry<'a>] {
        let entries = self.mapping(what, "a mapping", node);
        self.known_keys(section, entries);
        entries
    }

    /// Returns the entries of the section of that key; none where it is not
    /// given.
    pub(crate) fn subsection<'n, 'a>(
        &mut self,
        entries: &'n [Entry<'a>],
        key: &str,
        section: &Section,
    ) -> &'n [Entry<'a>] {
        let given = entries.iter().find(|entry| entry.key == key);
        given.map_or(&[], |entry| self.section(&format!("`{key}`"), section, &entry.value))
    }

    /// Reads the value of a key; `None` where it is not given, or is wrong.
    pub(crate) fn get<'n, 'a, T>(
        &mut self,
        entries: &'n [Entry<'a>],
        key: &str,
        read: impl FnOnce(&mut Self, &str, &'n Node<'a>) -> Option<T>,
    ) -> Option<T> {
        let entry = entries.iter().find(|entry| entry.key == key)?;
        read(self, &format!("`{key}`"), &entry.value)
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
                .hint(hint(key, section));
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
            } else if let (keys::Holds::Section(section), Shape::Map(map)) = (key.holds, &entry.value.shape) {
                self.allowed_on(plane, section, &format!("{prefix}{}.", key.name), &map.entries);
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
fn hint(key: &str, section: &Section) -> String {
    if key == "<<" {
        return "merge keys are not supported; what instances share goes into `defaults`".to_owned();
    }
    if let Some(other) = keys::section_with(key) {
        return format!("`{key}` belongs into {}", other.place);
    }
    let known: Vec<String> = section.keys().map(|key| format!("`{}`", key.name)).collect();
    let near = nearest(key, section.keys().map(|key| key.name));
    did_you_mean(near, format!("there are {}", known.join(", ")))
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
