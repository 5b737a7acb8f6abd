//! The answers to a shell that completes a command line.

use std::ffi::{OsStr, OsString};

use clap::ValueEnum;

use crate::cli::completion::{CompletionPlace, HIDDEN_VERB, place};
use crate::cli::{HostAction, SCHEDULE_ACTIONS, Shell};
use crate::games::PRESETS;
use crate::host;
use crate::ui::{Options, Screen, Surroundings};

/// Returns the exit code when this process was started for a completion. It
/// never fails: an error would be shown in the middle of a command line.
pub(super) fn answer() -> Option<u8> {
    let mut words = std::env::args_os().skip(1);
    (words.next()? == HIDDEN_VERB).then(|| print(words))
}

/// Prints the candidates that begin with the current word.
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

fn candidates(place: &CompletionPlace) -> Vec<String> {
    match place.argument.as_deref() {
        // `games` has a name, and `init` has games.
        Some("name" | "games") => PRESETS.iter().map(|preset| preset.name.to_owned()).collect(),
        Some("shell") => {
            let known = Shell::value_variants().iter().filter_map(Shell::to_possible_value);
            known.map(|value| value.get_name().to_owned()).collect()
        }
        Some("action") => {
            let known = HostAction::value_variants().iter();
            let known = known.filter_map(HostAction::to_possible_value);
            known.map(|value| value.get_name().to_owned()).collect()
        }
        Some("hosts") => host::host_suggestions(place.inventory.as_deref().map(OsStr::new)),
        Some("id") => listed(place, false),
        Some("selectors") => listed(place, true),
        Some("words") => {
            let actions = SCHEDULE_ACTIONS.map(str::to_owned).into_iter();
            actions.chain(listed(place, true)).collect()
        }
        _ => Vec::new(),
    }
}

fn listed(place: &CompletionPlace, tags: bool) -> Vec<String> {
    host::suggestions(place.inventory.as_deref().map(OsStr::new), tags)
}
