//! `--dry-run`: what a verb would do.

use super::context::Context;
use crate::event::{DryRun, Verb};
use crate::failure::{FailureKind, worst};
use crate::fleet::Member;
use crate::instancecmd::Order;
use crate::supervisor::{InstanceState, PlannedStep, Sight, StartHow, StopHow, Supervisor};

/// Says what would be done. Returns the exit code.
pub(super) async fn rehearse(context: &Context<'_>, order: &Order, targets: &[Member]) -> u8 {
    let mut items = Vec::new();
    let mut code = 0;
    for target in targets {
        let sight = target.supervisor.look().await;
        let (would, one) = would(order, &sight);
        code = worst([code, one]);
        items.push(DryRun {
            id: target.id().to_owned(),
            would,
            steps: steps(order, &sight, target.supervisor.as_ref()),
        });
    }
    context.screen.dry_run(order.verb, &items);
    code
}

fn would(order: &Order, sight: &Sight) -> (String, u8) {
    let facts = match sight {
        Sight::Known(facts) => facts,
        Sight::Unknown { reason } => {
            return (format!("cannot be told: {reason}"), FailureKind::Unknown.exit_code());
        }
    };
    let (alive, state) = (facts.state.is_alive(), &facts.state);
    let text = match (order.verb, state) {
        (_, InstanceState::Unmanaged) => {
            let note = facts.note.clone().unwrap_or_default();
            return (
                format!("would fail: it is unmanaged: {note}"),
                FailureKind::Unsupported.exit_code(),
            );
        }
        (Verb::Start, InstanceState::Stopping) if facts.ends_by_itself => {
            "would be started after its end: it is stopping by itself".to_owned()
        }
        (Verb::Start, InstanceState::Stopping) => "would fail: it is being stopped".to_owned(),
        (Verb::Start, state) if alive => format!("nothing to do: it is {state}"),
        (Verb::Start, state) => format!("would be started: it is {state}"),
        (Verb::Stop, InstanceState::Stopped) => "nothing to do: it is stopped".to_owned(),
        (Verb::Stop, InstanceState::Crashed { .. }) => "its crash would be acknowledged".to_owned(),
        (Verb::Stop, InstanceState::Stopping) => "would be awaited: it is being stopped".to_owned(),
        (Verb::Stop, state) => format!("would be stopped: it is {state}"),
        (Verb::Restart, state) if alive => format!("would be stopped and started: it is {state}"),
        (Verb::Restart, state) => format!("would be started: it is {state}"),
    };
    (text, 0)
}

fn steps(order: &Order, sight: &Sight, supervisor: &dyn Supervisor) -> Vec<PlannedStep> {
    let Sight::Known(facts) = sight else { return Vec::new() };
    let (alive, stopping) = (facts.state.is_alive(), facts.state == InstanceState::Stopping);
    let managed = facts.state != InstanceState::Unmanaged;
    let starts = !alive || facts.ends_by_itself;
    let mut steps = Vec::new();
    if alive && (order.verb == Verb::Restart || (order.verb == Verb::Stop && !stopping)) {
        steps.extend(supervisor.plan_stop(&StopHow { now: order.now }));
    }
    if managed && (order.verb == Verb::Restart || (order.verb == Verb::Start && starts)) {
        steps.extend(supervisor.plan_start(&StartHow {
            no_wait: order.no_wait,
            timeout: order.timeout,
            restarts: 0,
        }));
    }
    steps
}
