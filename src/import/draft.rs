//! An instance that was made of a file, as the YAML of an inventory: each value with the place
//! that it comes from, and behind it what could not be carried over.

use super::filled::Filled;
use crate::inventory::{self, Problems, id_like, numbered_id};
use crate::text::clean_line;

/// The longest comment, in characters.
const COMMENT_MAX: usize = 160;

/// The longest lines of a remark, in characters.
const REMARK_WIDTH: usize = 92;

/// The most keys of a section.
const KEYS_MAX: usize = 1000;

/// The most remarks on an instance.
const REMARKS_MAX: usize = 200;

/// The value of a key.
#[derive(Debug, Clone)]
pub(super) enum DraftValue {
    /// One text.
    Text(Filled),
    /// YAML as it is: a number, a duration, a flag.
    Plain(String),
    Texts(Vec<Filled>),
    Section(DraftSection),
    /// The steps of a stop chain, each in a line.
    Steps(Vec<DraftSection>),
}

/// A key with its value, and where that comes from.
#[derive(Debug, Clone)]
struct DraftKey {
    name: String,
    value: DraftValue,
    from: String,
}

/// Keys in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct DraftSection {
    keys: Vec<DraftKey>,
}

impl DraftSection {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.name == name)
    }

    /// Adds a key; a later one of the same name replaces it.
    pub(super) fn put(&mut self, name: &str, value: DraftValue, from: impl Into<String>) {
        let from = from.into();
        let name = name.to_owned();
        self.keys.retain(|key| key.name != name);
        if self.keys.len() >= KEYS_MAX {
            return;
        }
        self.keys.push(DraftKey { name, value, from });
    }

    pub(super) fn text(&mut self, name: &str, value: Filled, from: impl Into<String>) {
        self.put(name, DraftValue::Text(value), from);
    }

    pub(super) fn plain(&mut self, name: &str, value: impl Into<String>, from: impl Into<String>) {
        self.put(name, DraftValue::Plain(value.into()), from);
    }

    /// Returns a section with one key, whose place is not told.
    pub(super) fn of(name: &str, value: DraftValue) -> Self {
        let mut section = Self::default();
        section.put(name, value, "");
        section
    }

    /// Adds a key without a place, to build a step with.
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.plain(name, value, "");
        self
    }

    fn in_one_line(&self) -> String {
        let key = |key: &DraftKey| {
            let value = match &key.value {
                DraftValue::Text(text) => text.yaml(),
                DraftValue::Plain(text) => text.clone(),
                DraftValue::Texts(texts) => {
                    let texts: Vec<String> = texts.iter().map(Filled::yaml).collect();
                    format!("[{}]", texts.join(", "))
                }
                DraftValue::Section(section) => section.in_one_line(),
                DraftValue::Steps(_) => "[]".to_owned(),
            };
            format!("{}: {value}", key_text(&key.name))
        };
        let keys: Vec<String> = self.keys.iter().map(key).collect();
        format!("{{ {} }}", keys.join(", "))
    }

    fn write(&self, depth: usize, out: &mut String) {
        let indent = " ".repeat(depth);
        for key in &self.keys {
            let name = key_text(&key.name);
            let from = comment(&key.from);
            match &key.value {
                DraftValue::Text(text) => {
                    out.push_str(&format!("{indent}{name}: {}{}\n", text.yaml(), joined(&key.from, text)));
                }
                DraftValue::Plain(text) => out.push_str(&format!("{indent}{name}: {text}{from}\n")),
                DraftValue::Texts(texts) if texts.is_empty() => {
                    out.push_str(&format!("{indent}{name}: []{from}\n"));
                }
                DraftValue::Texts(texts) => {
                    out.push_str(&format!("{indent}{name}:{from}\n"));
                    for text in texts {
                        out.push_str(&format!("{indent}  - {}{}\n", text.yaml(), comment(&text.places())));
                    }
                }
                DraftValue::Section(section) if section.is_empty() => {}
                DraftValue::Section(section) => {
                    out.push_str(&format!("{indent}{name}:{from}\n"));
                    section.write(depth + 2, out);
                }
                DraftValue::Steps(steps) => {
                    out.push_str(&format!("{indent}{name}:{from}\n"));
                    for step in steps {
                        out.push_str(&format!("{indent}  - {}\n", step.in_one_line()));
                    }
                }
            }
        }
    }
}

/// Returns a key as YAML: names of variables and ports come from the file.
fn key_text(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let looks_like_a_word = name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(is_plain);
    let is_value = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    match looks_like_a_word && !is_value.contains(&name.to_ascii_lowercase().as_str()) {
        true => name.to_owned(),
        // Nothing is a variable in a key, and so no dollar is doubled.
        false => inventory::quoted(name).replace("$$", "$"),
    }
}

fn joined(from: &str, text: &Filled) -> String {
    let more = text.places();
    match (from.is_empty(), more.is_empty()) {
        (_, true) => comment(from),
        (true, false) => comment(&more),
        (false, false) => comment(&format!("{from}; {more}")),
    }
}

fn comment(text: &str) -> String {
    match text.is_empty() {
        true => String::new(),
        false => format!(" # {}", shortened(text, COMMENT_MAX)),
    }
}

/// Returns text of others as one harmless line.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let line = clean_line(text.trim());
    let line = line.replace(['\u{85}', '\u{feff}'], " ");
    match line.chars().count() > most {
        true => line.chars().take(most).chain("...".chars()).collect(),
        false => line,
    }
}

/// An instance that was made of a file.
#[derive(Debug, Clone)]
pub struct Draft {
    id: String,
    /// The origin of it: the file and its kind.
    about: String,
    keys: DraftSection,
    remarks: Vec<String>,
    /// Lines of a file that goes with it, below the remarks.
    lines: Vec<String>,
}

impl Draft {
    /// Begins an instance; its id is made from `name`.
    pub(super) fn new(name: &str, about: impl Into<String>) -> Self {
        let words: Vec<&str> = name
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
            .collect();
        Self {
            id: id_like(&words.join("-")).unwrap_or_else(|| "imported".to_owned()),
            about: about.into(),
            keys: DraftSection::default(),
            remarks: Vec::new(),
            lines: Vec::new(),
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    /// Gives it the id that somebody has chosen, which must be valid.
    pub(super) fn called(mut self, id: Option<&str>) -> Self {
        if let Some(id) = id {
            id.clone_into(&mut self.id);
        }
        self
    }

    /// Gives it another id, where another instance has the same.
    #[must_use]
    pub fn numbered(mut self, number: usize) -> Self {
        self.id = numbered_id(&self.id, number);
        self
    }

    pub(super) fn keys(&mut self) -> &mut DraftSection {
        &mut self.keys
    }

    /// Adds what is not carried over, with what to do about it.
    pub(super) fn remark(&mut self, remark: impl Into<String>) {
        let remark = remark.into();
        if self.remarks.len() < REMARKS_MAX && !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Adds the lines of a file that goes with it.
    pub(super) fn append_lines(&mut self, lines: Vec<String>) {
        self.lines.extend(lines);
    }

    /// Returns what is not carried over, each with what to do about it.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Returns it if an inventory takes it.
    ///
    /// # Errors
    /// All that an inventory does not take.
    pub(super) fn loadable(self) -> Result<Self, Problems> {
        let yaml = format!("instances:\n{}", self.to_instance());
        let path = |name: &str| (name == "PATH").then(|| "/usr/bin:/bin".into());
        inventory::parse(
            yaml.as_bytes(),
            &format!("what was made of it ({})", self.id),
            "/".as_ref(),
            &path,
        )?;
        Ok(self)
    }

    /// Returns the instance, to stand below the word `instances`.
    pub fn to_instance(&self) -> String {
        let mut out = format!("  # {}\n  {}:\n", shortened(&self.about, COMMENT_MAX), self.id);
        match self.keys.is_empty() {
            true => out.push_str("    tags: []\n"),
            false => self.keys.write(4, &mut out),
        }
        if !self.remarks.is_empty() {
            out.push_str("    # Look over, or set by hand:\n");
        }
        for remark in &self.remarks {
            let mut begin = "    # - ";
            for line in wrapped(&shortened(remark, 900)) {
                out.push_str(&format!("{begin}{line}\n"));
                begin = "    #   ";
            }
        }
        for line in &self.lines {
            out.push_str(&format!("    # {}\n", shortened_line(line)));
        }
        out
    }
}

/// Returns a line of others as a harmless one, with the spaces at its beginning.
fn shortened_line(line: &str) -> String {
    let indent = line.len() - line.trim_start_matches(' ').len();
    format!("{}{}", " ".repeat(indent.min(20)), shortened(line, 2000))
}

/// Returns the name of a variable of the inventory for something of an instance.
pub(super) fn variable(id: &str, name: &str) -> String {
    let allowed = |c: char| match c.is_ascii_alphanumeric() {
        true => c.to_ascii_uppercase(),
        false => '_',
    };
    let name: String = format!("{id}_{name}").chars().map(allowed).collect();
    match name.starts_with(|c: char| c.is_ascii_digit()) {
        true => format!("_{name}"),
        false => name,
    }
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + word.chars().count() < REMARK_WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_instance_tells_where_each_value_comes_from() {
        let mut draft = Draft::new("Foo - Bar: 2!", "From x.json, an egg");
        let mut process = DraftSection::default();
        process.text("executable", Filled::text("./game"), "startup");
        let args = vec![Filled::text("-port"), Filled::asked("FOO_PORT").from("SERVER_PORT")];
        process.put("args", DraftValue::Texts(args), "");
        draft.keys().put("process", DraftValue::Section(process), "");
        let step = DraftSection::of("stdin", DraftValue::Text(Filled::text("quit"))).with("wait", "30s");
        draft.keys().put("stop", DraftValue::Steps(vec![step]), "config.stop");
        draft.remark("nothing");
        assert_eq!(variable(draft.id(), "rcon.pw"), "FOO_BAR_2_RCON_PW");
        assert_eq!(
            draft.to_instance(),
            "  # From x.json, an egg\n  foo-bar-2:\n    process:\n      executable: \"./game\" # startup\n      \
             args:\n        - \"-port\"\n        - \"${FOO_PORT:-SET-ME}\" # SERVER_PORT\n    stop: # config.stop\n      \
             - { stdin: \"quit\", wait: 30s }\n    # Look over, or set by hand:\n    # - nothing\n"
        );
    }

    proptest! {
        #[test]
        fn whatever_a_file_says_is_one_instance_with_these_words(
            name in any::<String>(),
            words in proptest::collection::vec("[^\0]*", 0..4),
            remark in any::<String>(),
        ) {
            let mut draft = Draft::new(&name, remark.clone());
            let mut process = DraftSection::default();
            process.text("executable", Filled::text("./game"), remark.clone());
            let args = words.iter().map(|word| Filled::text(word.clone()).from(remark.clone())).collect();
            process.put("args", DraftValue::Texts(args), remark.clone());
            let mut env = DraftSection::default();
            let variable = name.replace(['=', '\0'], "_") + "x";
            env.text(&variable, Filled::text(remark.replace('\0', "")), "");
            process.put("env", DraftValue::Section(env), "");
            draft.keys().put("process", DraftValue::Section(process), "");
            draft.remark(remark);
            let yaml = format!("instances:\n{}", draft.to_instance());
            let parsed = inventory::parse(yaml.as_bytes(), "", "/".as_ref(), &|_| None);
            let inventory = parsed.map_err(|problems| TestCaseError::fail(format!("{problems}\n{yaml}")))?;
            prop_assert_eq!(inventory.instances.len(), 1);
            let crate::inventory::Plane::Process(spec) = &inventory.instances[0].plane else {
                return Err(TestCaseError::fail("another plane"));
            };
            let read: Vec<&str> = spec.args.iter().filter_map(|word| word.to_str()).collect();
            prop_assert_eq!(read, words.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(spec.env[0].0.to_str(), Some(variable.as_str()));
        }
    }
}
