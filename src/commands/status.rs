//! `gamectl status`.

use super::context::{Context, runtime, typed_or_everything};
use crate::cli::StatusArgs;
use crate::host::{Error, RowParts};
use crate::report::verdict;

pub(super) fn run(context: &Context<'_>, status: &StatusArgs) -> Result<u8, Error> {
    let wanted = RowParts {
        intent: context.cli.common.json,
        players: context.cli.common.json || !context.cli.common.quiet,
    };
    let scope = typed_or_everything(&status.selection);
    let (host, mistaken) = context.host_of_whole(scope)?;
    let mut look = host.look(scope, wanted)?;
    if !look.is_complete() {
        runtime()?.block_on(look.complete());
    }
    let rows = look.into_rows();
    context.screen.status(&rows);
    if let Some(code) = mistaken {
        return Ok(code);
    }
    Ok(match status.any {
        true if verdict::runs_any(&rows) => 0,
        true => 3,
        false => verdict::of_rows(&rows),
    })
}
