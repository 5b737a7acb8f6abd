//! `gamectl schedule`.

use super::context::Context;
use crate::cli::{SCHEDULE_ACTIONS, ScheduleArgs};
use crate::failure::{Failure, FailureKind};
use crate::host::{Error, Scope};
use crate::invocation::command;

pub(super) fn run(context: &Context<'_>, schedule: &ScheduleArgs) -> Result<u8, Error> {
    let words = schedule.words.as_slice();
    match words.split_first() {
        Some((word, ids)) if SCHEDULE_ACTIONS.contains(&word.as_str()) => match (word.as_str(), ids) {
            ("skip", [id]) => skip(context, id),
            ("list", selectors) => list(context, selectors),
            ("cancel", [id]) => cancel(context, id),
            (action, _) => Err(of_which(action).into()),
        },
        _ => list(context, words),
    }
}

fn of_which(action: &str) -> Failure {
    Failure::new(FailureKind::Usage, format!("schedule {action} is about one instance")).hint(format!(
        "name it, as in {}; {} shows what comes",
        command(format_args!("schedule {action} ID")),
        command("schedule")
    ))
}

fn list(context: &Context<'_>, selectors: &[String]) -> Result<u8, Error> {
    let scope = match selectors {
        [] => Scope::Listed,
        selectors => Scope::Matching(selectors),
    };
    let (host, mistaken) = context.host_of_whole(scope)?;
    let view = host.schedules(scope)?;
    context.screen.schedules(&view);
    if view.run.is_none() && !view.firings.is_empty() {
        context.screen.warn(&format!(
            "nobody carries them out: {} does, and it does not run",
            command("run")
        ));
    }
    Ok(mistaken.unwrap_or(0))
}

fn skip(context: &Context<'_>, id: &str) -> Result<u8, Error> {
    let host = context.host_of_one(id)?;
    let (firing, was_skipped) = host.skip_next(id)?;
    context.screen.skipped(&firing, was_skipped);
    Ok(0)
}

fn cancel(context: &Context<'_>, id: &str) -> Result<u8, Error> {
    let host = context.host_of_one(id)?;
    let (id, cancelled) = host.cancel_countdown(id)?;
    context.screen.cancelled(&id, cancelled.as_deref());
    Ok(0)
}
