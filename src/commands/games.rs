//! `gamectl games`.

use super::context::Context;
use crate::cli::GamesArgs;
use crate::failure::{Failure, FailureKind};
use crate::games::{self, PRESETS, Preset};
use crate::host::{Error, nearest};
use crate::invocation::command;

pub(super) fn run(context: &Context<'_>, games: &GamesArgs) -> Result<u8, Error> {
    let Some(name) = &games.name else {
        let list: Vec<(&str, &str)> = PRESETS.iter().map(|preset| (preset.name, preset.title)).collect();
        context.screen.games(&list);
        return Ok(0);
    };
    let found: Vec<(&str, &str)> = match games::find(name) {
        Some(_) => Vec::new(),
        None => games::search(name).map(|preset| (preset.name, preset.title)).collect(),
    };
    if found.is_empty() {
        let preset = known(name)?;
        context.screen.game(preset.name, &preset.to_inventory());
    } else {
        context.screen.games(&found);
    }
    Ok(0)
}

/// # Errors
/// When there is none.
pub(super) fn known(name: &str) -> Result<&'static Preset, Failure> {
    games::find(name).ok_or_else(|| {
        let message = format!("there is no game `{name}` that is known here");
        let names = PRESETS.iter().map(|preset| preset.name);
        let hint = match by_title(name).or_else(|| nearest(name, names)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{} lists those that are known", command("games")),
        };
        Failure::new(FailureKind::Unknown, message).hint(hint)
    })
}

/// Returns the name of the game that has this word in its title, such as `minetest` in
/// `Luanti (Minetest)`; `None` where several have it.
fn by_title(word: &str) -> Option<&'static str> {
    let has = |title: &str| {
        let mut words = title.split(|c: char| !c.is_alphanumeric());
        words.any(|one| one.eq_ignore_ascii_case(word))
    };
    let mut named = PRESETS.iter().filter(|preset| has(preset.title));
    match (named.next(), named.next()) {
        (Some(preset), None) => Some(preset.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game_is_found_by_a_word_of_its_title() {
        for (word, near) in [
            ("minetest", Some("luanti")),
            ("satisfactry", Some("satisfactory")),
            ("quake", Some("quake-2")),
            ("nonesuch-of-all", None),
            ("evolved", Some("ark-se")),
            // Two have it, and neither is near.
            ("survival", None),
        ] {
            let failure = known(word).expect_err(word);
            let lists = format!("{} lists those that are known", command("games"));
            let hint = near.map_or(lists, |near| format!("did you mean `{near}`?"));
            assert_eq!(failure.hint, Some(hint), "{word}");
        }
    }
}
