//! `--dry-run`: the effect that a verb would have.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Host, NeedsRule, Scope, VerbRequest};
use crate::event::{DryRun, Verb};
use crate::failure::{Failure, FailureKind, worst};
use crate::fleet::Fleet;
use crate::instancecmd::{Courtesy, CourtesyAsk, Elsewhere};
use crate::supervisor::{EnginePlan, InstanceState, Observation, PlannedStep, StartOptions, StopOptions, Supervisor};

impl Host {
    /// Returns what a request would do to each selected instance, and the exit
    /// code that it can be expected to end with. Nothing is changed.
    /// The order is the one in which they would begin.
    pub async fn dry_run(
        &self,
        request: &VerbRequest,
        scope: Scope<'_>,
        rule: NeedsRule,
        ask: &CourtesyAsk,
    ) -> Result<(Vec<DryRun>, u8), Failure> {
        let state = self.state()?;
        let fleet = Fleet::for_a_look(state.clone());
        let selected = self.targets_of(&fleet, request.verb, scope)?;
        let mut order = self.in_order(&fleet, request.verb, selected, rule).await?;
        order.sort(request.verb);
        let ids = order.targets.iter().map(|target| target.instance_id());
        let elsewhere = state.map(|state| self.elsewhere(&state, ids)).unwrap_or_default();
        let mut asked = JoinSet::new();
        for (place, target) in order.targets.iter().map(Arc::clone).enumerate() {
            let id = target.instance_id();
            let (mut request, other) = (request.clone(), elsewhere.get(id).cloned());
            request.verb = order.verb_of(id, request.verb);
            let courtesy = self.courtesy(id, ask);
            let (waits, refused) = (order.waits(id, request.verb), order.refused.get(id).cloned());
            // Side by side: a host that does not answer delays no other.
            asked.spawn(async move {
                if let Some(failure) = refused {
                    let would = format!("would fail: {}", failure.message);
                    let id = target.instance_id().to_owned();
                    let steps = Vec::new();
                    return (place, (DryRun { id, would, steps }, failure.kind.exit_code()));
                }
                let (mut item, code) = one(&request, target.as_ref(), other.as_ref()).await;
                if !item.steps.is_empty() {
                    item.steps.splice(0..0, waits);
                    item.steps
                        .splice(0..0, spared(&request, target.as_ref(), &courtesy).await);
                }
                (place, (item, code))
            });
        }
        let mut items = asked.join_all().await;
        items.sort_by_key(|(place, _)| *place);
        let code = worst(items.iter().map(|(_, (_, code))| *code));
        let items = items.into_iter().map(|(_, (item, _))| item).collect();
        Ok((items, code))
    }
}

/// Returns the steps that come before the end of a game which runs.
async fn spared(request: &VerbRequest, target: &dyn Supervisor, courtesy: &Courtesy) -> Vec<PlannedStep> {
    let ends = request.verb != Verb::Start && !courtesy.is_none();
    if ends && matches!(target.look().await, Observation::Known(facts) if facts.state.is_alive()) {
        return courtesy.steps(request.verb);
    }
    Vec::new()
}

/// Returns what a request would do to one instance, and the exit code.
async fn one(request: &VerbRequest, target: &dyn Supervisor, other: Option<&Elsewhere>) -> (DryRun, u8) {
    let id = target.instance_id().to_owned();
    if let Some(engine) = target.engine() {
        return match engine.dry_run(request).await {
            Ok(EnginePlan { would, code, steps }) => (DryRun { id, would, steps }, code),
            Err(failure) => {
                let (would, steps) = (format!("cannot be told: {failure}"), Vec::new());
                (DryRun { id, would, steps }, failure.kind.exit_code())
            }
        };
    }
    let observation = target.look().await;
    let (would, code) = would(request, &observation, other);
    let steps = steps(request, &observation, target);
    (DryRun { id, would, steps }, code)
}

fn would(request: &VerbRequest, observation: &Observation, other: Option<&Elsewhere>) -> (String, u8) {
    let facts = match observation {
        Observation::Known(facts) => facts,
        Observation::Unknown { reason } => {
            return (format!("cannot be told: {reason}"), FailureKind::Unknown.exit_code());
        }
    };
    let (alive, state) = (facts.state.is_alive(), &facts.state);
    if let Some(other) = other.filter(|other| alive && other.refuses(request)) {
        let text = format!("would fail: it was {}", other.note());
        return (text, FailureKind::Failed.exit_code());
    }
    let text = match (request.verb, state) {
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

fn steps(request: &VerbRequest, observation: &Observation, supervisor: &dyn Supervisor) -> Vec<PlannedStep> {
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
    if alive && (request.verb == Verb::Restart || (request.verb == Verb::Stop && !stopping)) {
        steps.extend(plan.stop_steps(&StopOptions {
            now: request.now,
            comes_back: request.verb == Verb::Restart,
        }));
    }
    if managed && (request.verb == Verb::Restart || (request.verb == Verb::Start && starts)) {
        steps.extend(plan.start_steps(&StartOptions {
            no_wait: request.no_wait,
            timeout: request.timeout,
            ..StartOptions::default()
        }));
    }
    steps
}
