//! `gamectl watch`.

use std::time::Duration;

use clap::ValueEnum;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::context::{Context, typed_or_everything};
use super::live::{Live, LiveInput};
use super::over_link;
use super::ticking::until;
use crate::cli::WatchArgs;
use crate::failure::{Failure, FailureKind};
use crate::host::{Error, USAGE_EVERY, UsageDemand, UsageReader};
use crate::invocation::command;
use crate::report::Goal;
use crate::sys::open_files;
use crate::ui::WatchView;

pub(super) async fn run(context: &Context<'_>, watch: &WatchArgs) -> Result<u8, Error> {
    if watch.nats {
        return over_link::watch(context, watch).await;
    }
    let host = context.host()?;
    let (events, receiver) = mpsc::unbounded_channel();
    context.screen.never_wait()?;
    let view = context.screen.watch_view(&format!("gamectl watch {}", host.name()));
    let mut view = if watch.plain { view.in_lines() } else { view };
    view.offer_usage(watch.wide);
    if watch.read_only {
        view.refuse_deeds("nothing is changed from here: --read-only was typed");
    } else if !host.can_reopen() {
        view.refuse_deeds("nothing is changed from here: the inventory cannot be read again");
    }
    open_files::raise();
    let usage = UsageDemand::default();
    usage.set(UsageReader::Screen, usage_interval(&view));
    let selection = typed_or_everything(&watch.selection);
    let mut watching = host.watch(selection, events, view.is_live(), usage.clone())?;
    let mut live = Live::new(context, view, receiver, watching.is_before_the_first_start())?;
    live.watch_disk(host.state_path());
    let wanted = watch.until.and_then(|state| state.to_possible_value());
    let goal = wanted.map(|state| watching.goal(state.get_name()));
    let mut goal = goal.transpose()?;
    let deadline = watch.timeout.map(|limit| Instant::now() + limit);
    loop {
        let input = tokio::select! {
            biased;
            input = live.next() => input,
            () = until(deadline) => return Err(too_late(watch, goal.as_ref()).into()),
        };
        match input {
            LiveInput::Interrupt(kind) => {
                live.end_deeds().await;
                return Ok(kind.exit_code());
            }
            LiveInput::Quit | LiveInput::Hangup | LiveInput::ReaderGone | LiveInput::Event(None) => {
                live.end_deeds().await;
                return Ok(0);
            }
            LiveInput::Event(Some(event)) => {
                let reached = goal.as_mut().is_some_and(|goal| goal.is_reached_by(&event));
                live.view.event(event);
                if reached {
                    return Ok(0);
                }
            }
            LiveInput::Second => {
                watching.refresh()?;
                if !watching.is_before_the_first_start() {
                    live.sleep_between_events();
                }
            }
            LiveInput::Drawn => usage.set(UsageReader::Screen, usage_interval(&live.view)),
        }
        if !live.view.is_open() {
            return Ok(0);
        }
    }
}

/// Returns how often a view is to be told what instances use.
pub(super) fn usage_interval(view: &WatchView) -> Option<Duration> {
    view.shows_usage().then_some(USAGE_EVERY)
}

fn too_late(watch: &WatchArgs, goal: Option<&Goal>) -> Failure {
    let limit = humantime::format_duration(watch.timeout.unwrap_or_default());
    let missing = goal.map(Goal::missing).unwrap_or_default();
    Failure::new(FailureKind::Timeout, format!("after {limit} {missing}"))
        .hint(format!("watch only looks; {} shows why", command("status")))
}
