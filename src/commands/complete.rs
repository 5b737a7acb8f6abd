//! What a shell asks while a command line is typed.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::ValueEnum;

use crate::cli::completion::{HIDDEN_VERB, Place, Shell, Values, place};
use crate::games::PRESETS;
use crate::inventory;
use crate::ui::{Options, Screen, Surroundings};

/// Answers, when this is such a question. Never with an error: there is nobody
/// to read it.
pub(super) fn answer() -> Option<u8> {
    let mut words = std::env::args_os().skip(1);
    (words.next()? == HIDDEN_VERB).then(|| print(words))
}

/// Prints what fits the words.
#[inline(never)]
fn print(words: impl Iterator<Item = OsString>) -> u8 {
    let mut words = words.map(|word| word.to_string_lossy().into_owned());
    let current = words.next().unwrap_or_default();
    let before: Vec<String> = words.collect();
    let found = candidates(&place(&before));
    let screen = Screen::new(Options::default(), Surroundings::detect(std::sync::Arc::new(|| None)));
    for value in found.iter().filter(|value| value.starts_with(&current)) {
        screen.print(&format!("{value}\n"));
    }
    0
}

fn shells() -> Vec<String> {
    let known = Shell::value_variants().iter().filter_map(Shell::to_possible_value);
    known.map(|value| value.get_name().to_owned()).collect()
}

fn candidates(place: &Place) -> Vec<String> {
    match place.values {
        None => Vec::new(),
        Some(Values::Games) => PRESETS.iter().map(|preset| preset.name.to_owned()).collect(),
        Some(Values::Shells) => shells(),
        Some(Values::Id) => listed(place, false),
        Some(Values::Selectors) => listed(place, true),
    }
}

fn listed(place: &Place, tags: bool) -> Vec<String> {
    // Standard input is the shell's.
    let named = place.inventory.as_deref().filter(|name| *name != "-");
    let Ok(source) = inventory::find(named.map(std::ffi::OsStr::new)) else {
        return Vec::new();
    };
    let read = source.path().and_then(|_| inventory::read(&source).ok());
    let Some(Ok(inventory)) = read.map(|unchecked| unchecked.check()) else {
        return Vec::new();
    };
    let mut found: Vec<String> = inventory.instances.iter().map(|one| one.id.clone()).collect();
    if tags {
        let all: BTreeSet<&String> = inventory.instances.iter().flat_map(|one| &one.tags).collect();
        found.extend(all.into_iter().map(|tag| format!("tag:{tag}")));
    }
    found
}
