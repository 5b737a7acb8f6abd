//! `--dry-run`: the effect that a verb would have.

use super::{Host, Scope, VerbRequest};
use crate::event::{DryRun, Verb};
use crate::failure::{Failure, FailureKind, worst};
use crate::fleet::Fleet;
use crate::instancecmd::Elsewhere;
use crate::supervisor::{InstanceState, Observation, PlannedStep, StartOptions, StopOptions, Supervisor};

impl Host {
    /// Returns what a request would do to each selected instance, and the exit
    /// code that it can be expected to end with. Nothing is changed.
    pub async fn dry_run(&self, request: &VerbRequest, scope: Scope<'_>) -> Result<(Vec<DryRun>, u8), Failure> {
        let state = self.state()?;
        let fleet = Fleet::for_a_look(state.clone());
        let (mut items, mut code) = (Vec::new(), 0);
        let targets = self.targets_of(&fleet, request.verb, scope)?;
        let ids = targets.iter().map(|target| target.instance_id());
        let elsewhere = state.map(|state| self.elsewhere(&state, ids)).unwrap_or_default();
        for target in targets {
            let observation = target.look().await;
            let other = elsewhere.get(target.instance_id());
            let (would, one) = would(request, &observation, other);
            code = worst([code, one]);
            items.push(DryRun {
                id: target.instance_id().to_owned(),
                would,
                steps: steps(request, &observation, target.as_ref()),
            });
        }
        Ok((items, code))
    }
}

fn would(request: &VerbRequest, observation: &Observation, other: Option<&Elsewhere>) -> (String, u8) {
    let facts = match observation {
        Observation::Known(facts) => facts,
        Observation::Unknown { reason } => {
            return (format!("cannot be told: {reason}"), FailureKind::Unknown.exit_code());
        }
    };
    let (alive, state) = (facts.state.is_alive(), &facts.state);
    if let Some(other) = other.filter(|other| alive && request.is_refused(other)) {
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
    if let Some(host) = supervisor.host() {
        return vec![PlannedStep::new(
            format!("`{host}` carries out the {}", request.verb.as_str()),
            "host",
        )];
    }
    let managed = facts.state != InstanceState::Unmanaged;
    let starts = !alive || facts.ends_by_itself;
    let Some(plan) = supervisor.plan() else {
        return Vec::new();
    };
    let mut steps = Vec::new();
    if alive && (request.verb == Verb::Restart || (request.verb == Verb::Stop && !stopping)) {
        steps.extend(plan.stop_steps(&StopOptions { now: request.now }));
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
