//! Variables that nothing defines but whoever starts the command.

use std::collections::BTreeSet;

use super::draft::variable;
use super::filled::Filled;
use super::options::ImportOptions;
use super::shell::VariableValues;

/// Asks for each variable that is not set with the import.
#[derive(Debug)]
pub(super) struct OpenVariables<'o> {
    id: String,
    options: &'o ImportOptions,
    asked: BTreeSet<String>,
}

impl<'o> OpenVariables<'o> {
    pub(super) fn new(id: &str, options: &'o ImportOptions) -> Self {
        Self {
            id: id.to_owned(),
            options,
            asked: BTreeSet::new(),
        }
    }

    /// Returns what somebody has to set, each with how.
    pub(super) fn into_remarks(self) -> Vec<String> {
        let remark = |name: &String| {
            let variable = variable(&self.id, name);
            format!(
                "{name} is to be set (the file uses it, and does not define it): set {variable} where gamectl runs, \
                 write it in place of ${{{variable}:-...}}, or import with --set {name}=VALUE"
            )
        };
        self.asked.iter().map(remark).collect()
    }
}

impl VariableValues for OpenVariables<'_> {
    fn value(&mut self, name: &str) -> Option<Filled> {
        if let Some(value) = self.options.set.get(name) {
            return Some(Filled::text(value.as_str()).from(format!("--set {name}")));
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        self.asked.insert(name.to_owned());
        Some(Filled::asked(&variable(&self.id, name)).from(name))
    }

    fn folder(&self) -> String {
        self.options.home_from(None)
    }
}
