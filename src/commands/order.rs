//! What `start`, `stop` and `restart` have in common.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::context::{Context, Ended};
use super::interrupt::Interrupt;
use super::rehearsal;
use super::selection::{self, Selected};
use crate::cli::Selection;
use crate::event::{Verb, VerbEvent, VerbResult};
use crate::failure::{Failure, worst};
use crate::fleet::{Ground, Member};
use crate::instancecmd::{self, Order};
use crate::store::StateDir;
use crate::supervisor::Supervisor;
use crate::ui::Progress;

/// Carries an order out on what was selected. Returns the exit code.
pub(super) async fn carry_out(
    context: &Context<'_>,
    order: &Order,
    selection: &Selection,
    dry_run: bool,
) -> Result<u8, Ended> {
    let verb = order.verb.as_str();
    if selection.selectors.is_empty() && !selection.all {
        return Err(selection::nobody(verb).into());
    }
    let inventory = context.inventory()?;
    let before = context.state_to_look()?;
    let (ground, state) = if dry_run {
        (Ground::for_a_look(before), None)
    } else {
        if before.is_none() && !selection.all {
            // What means nothing is told before a state directory is made.
            let members = Ground::for_a_look(None).members(&inventory);
            selection::select(&members, &selection.selectors)?;
        }
        let state = context.state_to_change()?;
        (Ground::for_verbs(Arc::clone(&state)), Some(state))
    };
    let mut members = ground.members(&inventory);
    if order.verb == Verb::Stop {
        // What is no longer in the inventory can still be stopped.
        members.extend(ground.named_strays(&inventory, &selection.selectors)?);
    }
    let chosen = if selection.all {
        (0..members.len())
            .map(|index| Selected { index, named: false })
            .collect()
    } else {
        selection::select(&members, &selection.selectors)?
    };
    // Nothing can be done about what nobody manages; whoever names it is told
    // so, whoever means everything is not.
    let wanted = |one: &Selected| {
        members
            .get(one.index)
            .filter(|member| one.named || !member.is_unmanaged())
    };
    let targets: Vec<Member> = chosen.iter().filter_map(wanted).cloned().collect();
    let Some(state) = state else {
        return Ok(rehearsal::rehearse(context, order, &targets).await);
    };
    let targets: Vec<Arc<dyn Supervisor>> = targets.into_iter().map(|member| member.supervisor).collect();
    let mut interrupt = Interrupt::new()?;
    let results = tokio::select! {
        results = dispatch(context, order, &targets, &state) => results,
        signal = interrupt.signalled() => {
            let ids: Vec<&str> = targets.iter().map(|target| target.instance_id()).collect();
            context.screen.interrupted(order.verb, &ids);
            return Ok(signal.exit_code());
        }
    };
    Ok(exit_code(&results))
}

/// Carries an order out on these, showing how it goes and what became of it.
pub(super) async fn dispatch(
    context: &Context<'_>,
    order: &Order,
    targets: &[Arc<dyn Supervisor>],
    state: &Arc<StateDir>,
) -> Vec<VerbResult> {
    let (events, receiver) = mpsc::unbounded_channel();
    let progress = context.screen.progress(order.verb, targets.len());
    let dispatched = instancecmd::dispatch(order, targets, state, events);
    let results = tokio::join!(dispatched, show(progress, receiver)).0;
    context.screen.results(order.verb, &results);
    results
}

/// Shows events until there are no more.
async fn show(mut progress: Progress, mut events: mpsc::UnboundedReceiver<VerbEvent>) {
    let mut ticks = tokio::time::interval(crate::ui::TICK);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => progress.event(&event),
                None => break,
            },
            _ = ticks.tick() => progress.tick(),
        }
    }
    progress.finish();
}

/// The exit code that says it of all of them.
pub(super) fn exit_code(results: &[VerbResult]) -> u8 {
    let code = |result: &VerbResult| result.error.as_ref().map_or(0, |failure| failure.kind.exit_code());
    worst(results.iter().map(code))
}

impl From<std::io::Error> for Ended {
    fn from(error: std::io::Error) -> Self {
        Self::Failure(Failure::failed(error.to_string()))
    }
}
