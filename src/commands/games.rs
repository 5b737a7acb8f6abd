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
    let preset = known(name)?;
    context.screen.game(preset.name, &preset.to_inventory());
    Ok(0)
}

/// # Errors
/// When there is none.
pub(super) fn known(name: &str) -> Result<&'static Preset, Failure> {
    games::find(name).ok_or_else(|| {
        let message = format!("there is no game `{name}` that is known here");
        let hint = match nearest(name, PRESETS.iter().map(|preset| preset.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{} lists those that are known", command("games")),
        };
        Failure::new(FailureKind::Unknown, message).hint(hint)
    })
}
