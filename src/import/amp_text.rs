//! Texts of an AMP template, with values in place of `{{...}}`.

use std::collections::{BTreeMap, BTreeSet};

use super::amp_ports::{AmpPort, port_of};
use super::amp_settings::AmpSettings;
use super::draft::variable;
use super::filled::Filled;
use super::options::ImportOptions;

/// The most values within each other.
const DEEPEST: usize = 6;

/// The most that is filled in, in bytes, each value with some for itself.
const LONGEST: usize = 256 << 10;

/// Characters that stand for pieces while a text is put together: private to programs.
const ASKED: u32 = 0xF_0000;
const FROM: u32 = 0xF_8000;
const PIECES_MAX: usize = 0x7000;

/// The keys of a `.kvp` file, with their lines.
#[derive(Debug, Default)]
pub(super) struct AmpKeys {
    keys: BTreeMap<String, (String, usize)>,
}

impl AmpKeys {
    pub(super) fn put(&mut self, key: &str, value: &str, line: usize) {
        self.keys.insert(key.to_owned(), (value.to_owned(), line));
    }

    /// Returns a value, or nothing where it is empty.
    pub(super) fn get(&self, key: &str) -> &str {
        self.keys.get(key).map_or("", |(value, _)| value.trim())
    }

    /// Returns a value with the spaces around it.
    pub(super) fn whole(&self, key: &str) -> &str {
        self.keys.get(key).map_or("", |(value, _)| value)
    }

    /// Returns the place of a key.
    pub(super) fn place(&self, key: &str) -> String {
        let line = self.keys.get(key).map_or(0, |(_, line)| *line);
        format!("{key}, line {line}")
    }

    pub(super) fn is_false(&self, key: &str) -> bool {
        self.get(key).eq_ignore_ascii_case("false")
    }
}

/// Fills the texts of one template.
pub(super) struct AmpText<'t> {
    pub(super) keys: &'t AmpKeys,
    pub(super) ports: &'t [AmpPort],
    pub(super) settings: &'t AmpSettings,
    pub(super) options: &'t ImportOptions,
    /// The id of the instance.
    pub(super) id: String,
    /// The folder that the game runs in, within the server's files.
    pub(super) folder: String,
    asked: Vec<String>,
    from: Vec<String>,
    /// Those that somebody has to set, with the reason.
    reasons: BTreeMap<String, &'static str>,
    unknown: BTreeSet<String>,
    /// The values that were filled in, and their bytes: those that name each other have an end.
    filled_in: usize,
}

impl<'t> AmpText<'t> {
    pub(super) fn new(
        keys: &'t AmpKeys,
        ports: &'t [AmpPort],
        settings: &'t AmpSettings,
        options: &'t ImportOptions,
        id: &str,
    ) -> Self {
        Self {
            keys,
            ports,
            settings,
            options,
            id: id.to_owned(),
            folder: String::new(),
            asked: Vec::new(),
            from: Vec::new(),
            reasons: BTreeMap::new(),
            unknown: BTreeSet::new(),
            filled_in: 0,
        }
    }

    /// Returns what somebody has to set, and what nothing defines.
    pub(super) fn into_remarks(self) -> Vec<String> {
        let asked = self.reasons.iter().map(|(name, why)| {
            let variable = variable(&self.id, name);
            format!(
                "{name} is to be set ({why}): set {variable} where gamectl runs, write it in place of \
                 ${{{variable}:-...}}, or import with --set {name}=VALUE"
            )
        });
        let unknown = self.unknown.iter();
        let unknown = unknown.map(|name| format!("`{{{{{name}}}}}` is known to AMP alone: it is taken as empty"));
        asked.chain(unknown).collect()
    }

    /// Returns a text as one, without its spaces around it.
    pub(super) fn one(&mut self, text: &str) -> Filled {
        let text = self.filled(text, 0);
        self.pieces(text.trim())
    }

    /// Returns a text as the arguments that AMP makes of it: spaces part them, `"` keeps them.
    pub(super) fn words(&mut self, text: &str) -> Vec<Filled> {
        let text = self.filled(text, 0);
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut is_quoted = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if chars.peek() == Some(&'"') => {
                    word.get_or_insert_default().extend(chars.next());
                }
                '"' => {
                    is_quoted = !is_quoted;
                    word.get_or_insert_default();
                }
                c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        // What was replaced by nothing leaves its mark, and is no word.
        let is_mark =
            |word: &String| !word.is_empty() && word.chars().all(|c| (FROM..0x10_0000).contains(&u32::from(c)));
        words.retain(|word| !is_mark(word));
        words.iter().map(|word| self.pieces(word)).collect()
    }

    fn pieces(&self, text: &str) -> Filled {
        let mut filled = Filled::default();
        for c in text.chars() {
            let code = u32::from(c);
            let at = |base: u32| code.checked_sub(base).and_then(|at| usize::try_from(at).ok());
            if let Some(place) = at(FROM).and_then(|at| self.from.get(at)) {
                filled = filled.from(place.as_str());
            } else if let Some(name) = at(ASKED).and_then(|at| self.asked.get(at)) {
                filled.append(Filled::asked(&variable(&self.id, name)).from(name.as_str()));
            } else {
                filled.push(c.encode_utf8(&mut [0; 4]));
            }
        }
        filled
    }

    fn mark(list: &mut Vec<String>, base: u32, word: &str) -> Option<char> {
        let at = match list.iter().position(|known| known == word) {
            Some(at) => at,
            None if list.len() >= PIECES_MAX => return None,
            None => {
                list.push(word.to_owned());
                list.len() - 1
            }
        };
        char::from_u32(base + u32::try_from(at).ok()?)
    }

    fn placed(&mut self, place: &str, value: &str) -> String {
        if value.is_empty() {
            return String::new();
        }
        let mark = Self::mark(&mut self.from, FROM, place);
        mark.into_iter().chain(value.chars()).collect()
    }

    pub(super) fn ask(&mut self, name: &str, why: &'static str) -> String {
        self.reasons.insert(name.to_owned(), why);
        Self::mark(&mut self.asked, ASKED, name).into_iter().collect()
    }

    fn filled(&mut self, text: &str, depth: usize) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, inner)) = rest.split_once("{{") {
            out.push_str(before);
            let Some((name, behind)) = inner.split_once("}}") else {
                out.push_str("{{");
                rest = inner;
                break;
            };
            let value = match depth < DEEPEST && self.filled_in < LONGEST {
                true => self.value(name.trim(), depth),
                false => String::new(),
            };
            self.filled_in += value.len();
            out.push_str(&value);
            rest = behind;
        }
        out.push_str(rest);
        out
    }

    fn value(&mut self, name: &str, depth: usize) -> String {
        self.filled_in += 16;
        if self.filled_in >= LONGEST {
            return String::new();
        }
        let short = name.trim_start_matches('$');
        if let Some(value) = self.options.set.get(short).cloned() {
            return self.placed(&format!("--set {short}"), &value);
        }
        if let Some(inner) = name.strip_prefix("Linux:") {
            return match self.settings.get(inner) {
                Some(_) => self.value(inner, depth + 1),
                None => inner.to_owned(),
            };
        }
        if name.starts_with("Windows:") {
            return String::new();
        }
        if let Some(port) = name.strip_prefix('$').and_then(|name| port_of(self.ports, name)) {
            return self.placed(
                &format!("{}, line {} of its ports", port.reference, port.line),
                &port.number.to_string(),
            );
        }
        let home = |text: &Self| {
            let folder = Some(text.folder.as_str()).filter(|folder| !folder.is_empty());
            text.options.home_from(folder)
        };
        let keys = self.keys;
        match name {
            "$PlatformArgs" => self.filled(keys.get("App.LinuxCommandLineArgs"), depth + 1),
            "$FormattedArgs" => self.formatted(depth),
            "$FullRootDir" => format!("{}/", home(self)),
            "$FullBaseDir" => {
                let below = base_below_root(keys);
                format!("{}/{below}", home(self))
            }
            "$WineBaseDir" => String::new(),
            "$ApplicationIPBinding" => self.placed(
                &keys.place("App.ApplicationIPBinding"),
                keys.get("App.ApplicationIPBinding"),
            ),
            "$MaxUsers" => self.placed(&keys.place("App.MaxUsers"), keys.get("App.MaxUsers")),
            "$RemoteAdminPassword" => self.ask("RemoteAdminPassword", "a template's password is known to everybody"),
            _ => match self.settings.get(name) {
                Some(setting) if setting.is_secret && !setting.value.is_empty() => {
                    self.ask(name, "a template's password is known to everybody")
                }
                Some(setting) => {
                    let value = self.filled(&setting.value, depth + 1);
                    let value = value.replace("$PATH\\", "");
                    self.placed(&format!("{name}, line {} of its settings", setting.line), &value)
                }
                None => {
                    self.unknown.insert(name.chars().take(80).collect());
                    String::new()
                }
            },
        }
    }

    /// Returns the settings that are arguments, in the form that the template gives them.
    fn formatted(&mut self, depth: usize) -> String {
        let format = self.keys.whole("App.CommandLineParameterFormat").to_owned();
        let delimiter = match self.keys.whole("App.CommandLineParameterDelimiter") {
            "" => " ",
            given => given,
        };
        let mut parts = Vec::new();
        for (name, setting) in self.settings.arguments() {
            let value = self.value(name, depth + 1);
            let is_empty = value.chars().all(|c| u32::from(c) >= FROM && u32::from(c) < 0x10_0000);
            if is_empty && (setting.is_skipped_if_empty || setting.is_flag) {
                continue;
            }
            parts.push(match setting.is_flag || format.trim().is_empty() {
                true => value,
                false => format
                    .trim_end()
                    .replace("{0}", &setting.parameter)
                    .replace("{1}", &value),
            });
        }
        parts.join(delimiter)
    }
}

/// Returns the folder of the game below the one that AMP calls its root, with a `/` behind it.
fn base_below_root(keys: &AmpKeys) -> String {
    let (root, base) = (keys.get("App.RootDir"), keys.get("App.BaseDirectory"));
    let below = base.strip_prefix(root.trim_end_matches('/')).unwrap_or_default();
    let below = below.trim_matches('/');
    match below.is_empty() {
        true => String::new(),
        false => format!("{below}/"),
    }
}
