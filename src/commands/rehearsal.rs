//! `--dry-run`: what a verb would do.

use super::context::Context;
use crate::event::{DryRun, Verb};
use crate::failure::{FailureKind, worst};
use crate::fleet::Member;
use crate::instancecmd::Order;
use crate::supervisor::{InstanceState, Observation, PlannedStep, StartOptions, StopOptions, Supervisor};

/// Says what would be done. Returns the exit code.
pub(super) async fn rehearse(context: &Context<'_>, order: &Order, targets: &[Member]) -> u8 {
    let mut items = Vec::new();
    let mut code = 0;
    for target in targets {
        let observation = target.supervisor.look().await;
        let (would, one) = would(order, &observation);
        code = worst([code, one]);
        items.push(DryRun {
            id: target.id().to_owned(),
            would,
            steps: steps(order, &observation, target.supervisor.as_ref()),
        });
    }
    context.screen.dry_run(order.verb, &items);
    code
}

fn would(order: &Order, observation: &Observation) -> (String, u8) {
    let facts = match observation {
        Observation::Known(facts) => facts,
        Observation::Unknown { reason } => {
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

fn steps(order: &Order, observation: &Observation, supervisor: &dyn Supervisor) -> Vec<PlannedStep> {
    let Observation::Known(facts) = observation else {
        return Vec::new();
    };
    let (alive, stopping) = (facts.state.is_alive(), facts.state == InstanceState::Stopping);
    let managed = facts.state != InstanceState::Unmanaged;
    let starts = !alive || facts.ends_by_itself;
    let Some(plan) = supervisor.plan() else {
        return Vec::new();
    };
    let mut steps = Vec::new();
    if alive && (order.verb == Verb::Restart || (order.verb == Verb::Stop && !stopping)) {
        steps.extend(plan.stop_steps(&StopOptions { now: order.now }));
    }
    if managed && (order.verb == Verb::Restart || (order.verb == Verb::Start && starts)) {
        steps.extend(plan.start_steps(&StartOptions {
            no_wait: order.no_wait,
            timeout: order.timeout,
            restarts: 0,
        }));
    }
    steps
}
