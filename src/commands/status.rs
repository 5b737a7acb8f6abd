//! `gamectl status`.

use super::context::{Context, runtime, typed_or_everything};
use crate::cli::StatusArgs;
use crate::host::{Error, RowParts, is_valid_id};
use crate::report::verdict;

pub(super) fn run(context: &Context<'_>, status: &StatusArgs) -> Result<u8, Error> {
    let wanted = RowParts {
        intent: context.cli.common.json,
        players: context.cli.common.json || !context.cli.common.quiet,
        usage: status.wide,
    };
    if let Some(id) = in_detail(context, status) {
        return detail(context, id);
    }
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

/// Returns the instance that is shown in detail: the only one that was named, to a person.
/// A pipe gets the table, as ever.
fn in_detail<'a>(context: &Context<'_>, status: &'a StatusArgs) -> Option<&'a str> {
    let common = &context.cli.common;
    let wants_table = common.json || common.quiet || status.wide || status.any || status.selection.all;
    let [only] = status.selection.selectors.as_slice() else {
        return None;
    };
    let is_id = is_valid_id(only);
    (is_id && !wants_table && context.screen.is_on_terminal()).then_some(only)
}

fn detail(context: &Context<'_>, id: &str) -> Result<u8, Error> {
    let host = context.host_of_one(id)?;
    let report = runtime()?.block_on(host.detail(id))?;
    context.screen.detail(&report);
    Ok(verdict::of_rows(std::slice::from_ref(&report.row)))
}
