//! The steps of the stop chain of an object, which come before it is scaled down.

use std::time::Duration;

use tokio::time::Instant;

use super::input;
use super::managed::{ManagedObject, ObjectLook};
use crate::channel::{AskError, Reply};
use crate::failure::Failure;
use crate::inventory::{StopAction, StopStep};
use crate::stop_step;
use crate::supervisor::{Activity, StateCell};

/// The interval between looks at what may end at a step.
const LOOK: Duration = Duration::from_secs(1);

/// The end of a chain.
#[derive(Debug, Default)]
pub(super) struct PodChainEnd {
    /// The step at which the game ended.
    pub(super) ended_by: Option<String>,
    /// Remarks on the steps, for a person.
    pub(super) notes: Vec<String>,
}

/// Carries out the steps until the game ends, and waits for that after each of them.
pub(super) async fn carry_out(
    object: &ManagedObject,
    before: &ObjectLook,
    activity: &StateCell<Activity>,
) -> Result<PodChainEnd, Failure> {
    let mut end = PodChainEnd::default();
    for step in &object.plan().stop {
        let label = step.action.to_string();
        activity.set(Activity::awaiting(label.as_str(), Some(step.wait)));
        let asked = ask(object, before, step).await;
        let was_refused = matches!(asked, Err(AskError::Refused(_)));
        let note = stop_step::note(step, &object.plan().channels, asked);
        let wait = if was_refused { Duration::ZERO } else { step.wait };
        let has_ended = wait_for_end(object, before, wait).await?;
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

/// Waits until the game has ended. Returns false if it has not in time. Kubernetes may have
/// started it again.
async fn wait_for_end(object: &ManagedObject, before: &ObjectLook, wait: Duration) -> Result<bool, Failure> {
    let until = Instant::now() + wait;
    let run = before.judged.facts.run;
    loop {
        let look = object.see_anew().await?;
        let runs = look.found.pods.iter().any(|pod| pod.is_running() && !pod.is_ending());
        if !runs || look.judged.facts.run > run {
            return Ok(true);
        }
        if Instant::now() >= until {
            return Ok(false);
        }
        tokio::time::sleep_until(until.min(Instant::now() + LOOK)).await;
    }
}

async fn ask(object: &ManagedObject, before: &ObjectLook, step: &StopStep) -> Result<Reply, AskError> {
    match &step.action {
        StopAction::Exec(argv) => {
            let entrance = object.entrance(&before.found.pods)?;
            input::run(&entrance, argv, stop_step::limit(step)).await
        }
        StopAction::Stdin(line) => {
            let entrance = object.entrance(&before.found.pods)?;
            input::write_line(&entrance, line, stop_step::limit(step)).await?;
            Ok(Reply::default())
        }
        _ => stop_step::send(step, &object.plan().channels).await,
    }
}
