//! The settings of an AMP template, with their defaults.

use super::secrecy::holds_a_secret;
use super::tree::Branch;

/// The most settings that are read.
const MOST: usize = 2000;

#[derive(Debug)]
pub(super) struct AmpSetting {
    /// The name within the argument.
    pub(super) parameter: String,
    /// The text of its default, as an argument has it.
    pub(super) value: String,
    pub(super) is_secret: bool,
    /// True where it is an argument of the command line.
    is_argument: bool,
    pub(super) is_flag: bool,
    pub(super) is_skipped_if_empty: bool,
    pub(super) line: usize,
}

/// All settings of a template, in their order.
#[derive(Debug, Default)]
pub(super) struct AmpSettings {
    list: Vec<(String, AmpSetting)>,
}

impl AmpSettings {
    pub(super) fn read(root: Branch<'_>) -> Self {
        let named = |one: Branch<'_>| Some((one.text_of("FieldName")?.to_owned(), setting(one)));
        Self {
            list: root
                .items()
                .take(MOST)
                .filter(|one| one.is_mapping())
                .filter_map(named)
                .collect(),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&AmpSetting> {
        self.list
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, setting)| setting)
    }

    /// Returns those that are arguments.
    pub(super) fn arguments(&self) -> impl Iterator<Item = (&str, &AmpSetting)> {
        let all = self.list.iter().map(|(name, setting)| (name.as_str(), setting));
        all.filter(|(_, setting)| setting.is_argument)
    }
}

fn setting(one: Branch<'_>) -> AmpSetting {
    let kind = one.text_of("InputType").unwrap_or_default().to_ascii_lowercase();
    let default = one.text_of("DefaultValue").unwrap_or_default();
    let flag = |key: &str| one.get(key).is_some_and(Branch::is_true);
    let name = one.text_of("FieldName").unwrap_or_default();
    // The texts of a checkbox are values; those of a choice are only labels.
    let mut texts = one.get("EnumValues").into_iter().flat_map(Branch::entries);
    let mapped = texts.find(|(key, _)| kind == "checkbox" && key.eq_ignore_ascii_case(default));
    let value = mapped.map_or(default, |(_, text)| text.text().unwrap_or_default());
    AmpSetting {
        parameter: one.text_of("ParamFieldName").unwrap_or(name).to_owned(),
        value: value.to_owned(),
        is_secret: kind == "password" || holds_a_secret(name),
        is_argument: flag("IncludeInCommandLine"),
        is_flag: flag("IsFlagArgument"),
        is_skipped_if_empty: flag("SkipIfEmpty"),
        line: one.line(),
    }
}
