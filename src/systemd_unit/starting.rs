//! `start`: systemd starts the unit, and we wait until it is ready.

use std::time::Duration;

use tokio::time::Instant;

use super::managed::{ManagedUnit, UnitLook};
use super::origin;
use super::state::{UnitCircumstances, is_up, judge};
use super::words::systemctl;
use super::{bound, explain};
use crate::containers::{BegunStart, StartWait, started};
use crate::event::Want;
use crate::failure::Failure;
use crate::invocation::{command, quoted};
use crate::probe;
use crate::store::stack::Stack;
use crate::supervisor::{Activity, InstanceState, Outcome, StartOptions, StateCell};
use crate::systemd::{BusFailure, UnitJob, UnitProperties};

/// The interval between questions to the probes of a unit that starts.
const PROBE_EVERY: Duration = Duration::from_millis(300);

/// Starts a unit that does not run, and returns when it is ready.
pub(super) async fn start(
    unit: &ManagedUnit,
    activity: &StateCell<Activity>,
    options: &StartOptions,
) -> Result<Outcome, Failure> {
    let wait = StartWait::begin(unit.records(), activity, options, unit.plan().ready.timeout);
    Start { unit, wait }.carry_out(options).await
}

/// A start under way.
struct Start<'a> {
    unit: &'a ManagedUnit,
    wait: StartWait<'a>,
}

impl Start<'_> {
    async fn carry_out(&self, options: &StartOptions) -> Result<Outcome, Failure> {
        let (unit, spec) = (self.unit, self.unit.spec());
        unit.manager().keep_loaded(&spec.unit).await;
        let bound = unit.take_bound();
        let before = unit.see().await?;
        if before.facts.state == InstanceState::Running {
            unit.records().record_origin(&origin::of_spec(spec))?;
            return Ok(started(InstanceState::Running, false));
        }
        if let Some(failure) = explain::unusable(spec, &before.unit, unit.manager()).await {
            return Err(failure);
        }
        unit.refuse_probes()?;
        let has_begun = before.facts.state == InstanceState::Starting;
        if !has_begun {
            self.launch(&before.unit, options).await?;
        }
        let note = bound::start_again(unit, &bound).await;
        if options.no_wait {
            let state = unit
                .see()
                .await
                .map_or(InstanceState::Starting, |look| look.facts.state);
            return Ok(Outcome {
                note,
                ..started(state, !has_begun)
            });
        }
        self.wait_until_ready().await?;
        Ok(Outcome {
            note,
            ..started(InstanceState::Running, !has_begun)
        })
    }

    async fn launch(&self, before: &UnitProperties, options: &StartOptions) -> Result<(), Failure> {
        let (unit, spec) = (self.unit, self.unit.spec());
        let held = match is_up(before) {
            true => Vec::new(),
            false => probe::held(&unit.plan().ready.probes).await,
        };
        let start = Stack {
            restarts: options.restarts,
            arrived: true,
            ..Stack::default()
        };
        BegunStart::record(unit.records(), &origin::of_spec(spec), start)?.note_strangers(&held);
        let refused = |why: BusFailure| explain::refused(spec, unit.records().id(), "start", &why);
        // systemd may have started it too often already: a person may once more.
        let has_failed = before.active_state.as_deref() == Some("failed");
        if has_failed || options.restarts == 0 {
            let reset = unit.manager().reset_failed(&spec.unit).await;
            // Without it the start itself tells what is not allowed.
            reset
                .map_err(refused)
                .or_else(|failure| if has_failed { Err(failure) } else { Ok(()) })?;
        }
        let job = match before.active_state.as_deref() {
            Some("activating") => UnitJob::Restart,
            _ => UnitJob::Start,
        };
        self.wait.awaits("systemctl start", Some(self.wait.limit()));
        if options.no_wait {
            return unit.manager().begin_job(job, &spec.unit).await.map_err(refused);
        }
        let mut changes = unit.manager().follow(&spec.unit);
        let job = unit.manager().job(job, &spec.unit);
        tokio::pin!(job);
        loop {
            tokio::select! {
                biased;
                done = &mut job => {
                    return match done.map_err(refused)?.as_str() {
                        // The state says more than such a result.
                        "done" | "failed" | "timeout" | "skipped" => Ok(()),
                        "canceled" if unit.records().is_stop_wanted() => Err(self.wait.overtaken()),
                        other => Err(self.unsuccessful(other)),
                    };
                }
                () = tokio::time::sleep_until(self.wait.deadline()) => return Err(self.wait.late("systemctl start", "logs")),
                _ = changes.changed() => {
                    if unit.records().is_stop_wanted() {
                        return Err(self.wait.overtaken());
                    }
                }
            }
        }
    }

    async fn wait_until_ready(&self) -> Result<(), Failure> {
        let mut changes = self.unit.manager().follow(&self.unit.spec().unit);
        loop {
            changes.mark_unchanged();
            let look = self.unit.see().await?;
            match look.facts.state {
                InstanceState::Running => return Ok(()),
                _ if self.wait.is_stop_wanted() => return Err(self.wait.overtaken()),
                InstanceState::Crashed { .. } | InstanceState::Stopped => return Err(self.ended_early(&look)),
                _ => {}
            }
            let awaited = match look.awaited.as_str() {
                "" => "systemctl start".to_owned(),
                awaited => awaited.to_owned(),
            };
            if self.wait.is_over() {
                return Err(self.wait.late(&awaited, "logs"));
            }
            self.wait.awaits(awaited, Some(self.wait.limit()));
            let again = self.wait.deadline().min(Instant::now() + PROBE_EVERY);
            let _ = tokio::time::timeout_at(again, changes.changed()).await;
        }
    }

    /// Returns the failure of a job that was not carried out.
    fn unsuccessful(&self, result: &str) -> Failure {
        let unit = &self.unit.spec().unit;
        let why = match result {
            "dependency" => "something that it needs did not start",
            "assert" => "one of its `Assert...=` does not hold",
            "unsupported" => "this host does not support that",
            "canceled" => "its start was cancelled through systemd",
            other => other,
        };
        Failure::failed(format!("systemd did not start {unit}: {why}")).hint(self.status())
    }

    fn ended_early(&self, look: &UnitLook) -> Failure {
        let spec = self.unit.spec();
        let at = look.unit.condition_timestamp_monotonic.unwrap_or(0);
        if look.unit.condition_result == Some(false) && at > super::state::started_us(&look.unit) {
            let message = format!("systemd did not start {}: a condition of its does not hold", spec.unit);
            return Failure::failed(message).hint(self.status());
        }
        // What is wanted does not excuse an end before it was ready.
        let unwanted = UnitCircumstances {
            intent: Some((Want::Running, u64::MAX)),
            ..UnitCircumstances::default()
        };
        let note = look
            .facts
            .note
            .clone()
            .or_else(|| judge(spec, &look.unit, &unwanted).ok()?.note);
        let note = note.unwrap_or_else(|| "it ended".to_owned());
        Failure::failed(format!("{note}, before it was ready")).hint(format!("see {}", self.logs()))
    }

    fn logs(&self) -> String {
        command(format_args!("logs {}", self.unit.records().id()))
    }

    fn status(&self) -> String {
        let spec = self.unit.spec();
        format!("see {}", systemctl(spec, format_args!("status {}", quoted(&spec.unit))))
    }
}
