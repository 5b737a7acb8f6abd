//! The variables of an egg, with their defaults.

use std::collections::BTreeMap;

use super::draft::variable;
use super::filled::Filled;
use super::options::ImportOptions;
use super::secrecy::holds_a_secret;
use super::shell::VariableValues;
use super::tree::Branch;

/// Variables that the panel itself gives to each server, with what they are.
const OF_THE_PANEL: [(&str, &str); 6] = [
    ("SERVER_PORT", "the port that the panel allots"),
    ("SERVER_IP", "the address that the panel allots"),
    ("SERVER_MEMORY", "the memory that the panel allots, in MiB"),
    ("P_SERVER_UUID", "a name that the panel gives"),
    ("P_SERVER_LOCATION", "a name that the panel gives"),
    ("TZ", "the time zone"),
];

/// The longest default that is copied, in bytes.
const VALUE_MAX: usize = 4096;

#[derive(Debug)]
struct EggVariable {
    default: String,
    is_required: bool,
    line: usize,
}

/// The variables of one egg.
#[derive(Debug)]
pub(super) struct EggVariables<'o> {
    id: String,
    known: BTreeMap<String, EggVariable>,
    options: &'o ImportOptions,
    /// Those that somebody has to set, with the reason.
    asked: BTreeMap<String, String>,
}

impl<'o> EggVariables<'o> {
    pub(super) fn read(root: Branch<'_>, id: &str, options: &'o ImportOptions) -> Self {
        let mut known = BTreeMap::new();
        for one in root.get("variables").into_iter().flat_map(Branch::items) {
            let Some(name) = one.text_of("env_variable") else {
                continue;
            };
            let rules = one.get("rules").into_iter().flat_map(Branch::items);
            let is_required = rules
                .filter_map(Branch::text)
                .any(|rules| rules.split('|').any(|rule| rule == "required"));
            let variable = EggVariable {
                default: one.text_of("default_value").unwrap_or_default().to_owned(),
                is_required,
                line: one.get("default_value").unwrap_or(one).line(),
            };
            known.insert(name.to_owned(), variable);
        }
        Self {
            id: id.to_owned(),
            known,
            options,
            asked: BTreeMap::new(),
        }
    }

    fn ask(&mut self, name: &str, why: impl Into<String>) -> Filled {
        self.asked.insert(name.to_owned(), why.into());
        Filled::asked(&variable(&self.id, name)).from(name)
    }

    /// Returns what somebody has to set, each with how.
    pub(super) fn into_remarks(self) -> Vec<String> {
        let remark = |(name, why): (&String, &String)| {
            let variable = variable(&self.id, name);
            format!(
                "{name} is to be set ({why}): set {variable} where gamectl runs, write it in place of \
                 ${{{variable}:-...}}, or import with --set {name}=VALUE"
            )
        };
        self.asked.iter().map(remark).collect()
    }
}

impl VariableValues for EggVariables<'_> {
    fn value(&mut self, name: &str) -> Option<Filled> {
        if let Some(value) = self.options.set.get(name) {
            return Some(Filled::text(value.as_str()).from(format!("--set {name}")));
        }
        let Some(known) = self.known.get(name) else {
            let (_, why) = OF_THE_PANEL.iter().find(|(known, _)| *known == name)?;
            return Some(self.ask(name, *why));
        };
        if known.default.len() > VALUE_MAX {
            return Some(self.ask(name, "its value in the egg is too long"));
        }
        match (known.default.is_empty(), known.is_required) {
            (true, false) => Some(Filled::default().from(name)),
            (true, true) => Some(self.ask(name, "the egg requires it, and has no value for it")),
            (false, _) if holds_a_secret(name) => {
                Some(self.ask(name, "the egg's own is known to everybody, and not copied"))
            }
            (false, _) => Some(Filled::text(known.default.as_str()).from(format!("{name}, line {}", known.line))),
        }
    }

    fn folder(&self) -> String {
        self.options.home_from(None)
    }
}
