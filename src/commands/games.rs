//! `gamectl games`.

use super::context::{Context, Ended};
use crate::cli::Games;
use crate::failure::{Failure, FailureKind};
use crate::games::{self, PRESETS};
use crate::inventory::nearest;

pub(super) fn run(context: &Context<'_>, games: &Games) -> Result<u8, Ended> {
    let Some(name) = &games.name else {
        let list: Vec<(&str, &str)> = PRESETS.iter().map(|preset| (preset.name, preset.title)).collect();
        context.screen.games(&list);
        return Ok(0);
    };
    let Some(preset) = games::find(name) else {
        let failure = Failure::new(
            FailureKind::Unknown,
            format!("there is no game `{name}` that is known here"),
        );
        let hint = match nearest(name, PRESETS.iter().map(|preset| preset.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`gamectl games` lists those that are known".to_owned(),
        };
        return Err(failure.hint(hint).into());
    };
    context.screen.game(preset.name, &preset.to_inventory());
    Ok(0)
}
