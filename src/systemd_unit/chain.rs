//! The steps of the stop chain of a unit, which come before its stop by systemd.

use std::time::Duration;

use tokio::time::Instant;

use super::managed::ManagedUnit;
use super::state::{is_up, started_us};
use crate::channel::{AskError, Reply};
use crate::failure::Failure;
use crate::inventory::{StopAction, StopStep};
use crate::stop_step::{self, StepPlace};
use crate::supervisor::{Activity, StateCell};
use crate::systemd::UnitProperties;

/// The end of a chain.
#[derive(Debug, Default)]
pub(super) struct ChainEnd {
    /// The step at which the unit ended.
    pub(super) ended_by: Option<String>,
    /// Remarks on the steps, for a person.
    pub(super) notes: Vec<String>,
}

/// Carries out the steps until the unit ends, and waits for that after each of them.
pub(super) async fn carry_out(
    unit: &ManagedUnit,
    before: &UnitProperties,
    activity: &StateCell<Activity>,
) -> Result<ChainEnd, Failure> {
    let mut end = ChainEnd::default();
    let run = started_us(before);
    for step in &unit.plan().stop {
        let label = step.action.to_string();
        activity.set(Activity::awaiting(label.as_str(), Some(step.wait)));
        let asked = ask(unit, step).await;
        let was_refused = matches!(asked, Err(AskError::Refused(_)));
        let note = stop_step::note(step, &unit.plan().channels, asked);
        let wait = if was_refused { Duration::ZERO } else { step.wait };
        let has_ended = wait_for_end(unit, run, wait).await?;
        // A game that ends at a step may have no time for an answer.
        end.notes
            .extend(note.filter(|_| !has_ended || was_refused || step.expect.is_some()));
        if has_ended {
            end.ended_by = Some(label).filter(|_| !was_refused);
            break;
        }
    }
    Ok(end)
}

/// Waits until a run has ended. Returns false if it has not in time. systemd may be about
/// to start it again.
async fn wait_for_end(unit: &ManagedUnit, run: u64, wait: Duration) -> Result<bool, Failure> {
    let until = Instant::now() + wait;
    let mut changes = unit.manager().follow(&unit.spec().unit);
    loop {
        changes.mark_unchanged();
        let now = unit.properties().await?;
        let is_running = matches!(
            now.active_state.as_deref(),
            Some("active" | "reloading" | "refreshing" | "deactivating")
        );
        let is_restarting = is_up(&now) && !is_running && now.main_pid.unwrap_or(0) == 0;
        if !is_up(&now) || started_us(&now) != run || is_restarting {
            return Ok(true);
        }
        match tokio::time::timeout_at(until, changes.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Ok(false),
        }
    }
}

async fn ask(unit: &ManagedUnit, step: &StopStep) -> Result<Reply, AskError> {
    match &step.action {
        StopAction::Signal(signal) => {
            let sent = unit.manager().kill(&unit.spec().unit, false, *signal as i32).await;
            sent.map_err(|why| Failure::failed(why.to_string()))?;
            Ok(Reply::default())
        }
        // As whoever runs gamectl, and not as the unit.
        StopAction::Exec(argv) => {
            let place = StepPlace {
                folder: "/".as_ref(),
                env: std::env::vars_os().collect(),
            };
            stop_step::execute(argv, stop_step::limit(step), place).await
        }
        _ => stop_step::send(step, &unit.plan().channels).await,
    }
}
