//! `stop`: the steps of its chain, if there are any, and then the object is scaled to
//! nothing, suspended or patched; and we wait until none of its pods is left.

use std::time::Duration;

use tokio::time::Instant;

use super::chain::{self, PodChainEnd};
use super::changing::{self, Direction};
use super::managed::{ManagedObject, ObjectLook};
use super::origin;
use super::pod::ClusterPod;
use crate::failure::Failure;
use crate::inventory::{KubectlObject, WorkloadKind};
use crate::invocation::command;
use crate::policy::stop::LEFTOVER_GRACE_MS;
use crate::supervisor::{Activity, InstanceState, Outcome, StateCell, join_notes};

/// The interval between looks at what ends.
const LOOK: Duration = Duration::from_millis(700);

/// The time that a stop may take beyond the grace periods of its pods. A node tidies up once
/// a minute what it has not tidied up at once, and its pod is there until then.
const BEYOND: Duration = Duration::from_secs(90);

/// Stops an object that runs, or starts. With `now`, its pods have 5 seconds.
pub(super) async fn stop(
    object: &ManagedObject,
    activity: &StateCell<Activity>,
    now: bool,
) -> Result<Outcome, Failure> {
    let before = object.see_anew().await?;
    if before.judged.facts.state == InstanceState::Stopped {
        object.records().record_stopped();
        return Ok(Outcome {
            changed: false,
            state: InstanceState::Stopped,
            ended_by: None,
            note: None,
        });
    }
    let record = |look: &ObjectLook| {
        let run = look.judged.facts.run.unwrap_or(0);
        object.records().record_stop(&origin::of_spec(object.spec()), run, now)
    };
    // A full disk does not keep it from being stopped.
    let _ = record(&before);
    let is_up = matches!(
        before.judged.facts.state,
        InstanceState::Running | InstanceState::Starting
    );
    let chain = match now || !is_up {
        true => PodChainEnd::default(),
        false => chain::carry_out(object, &before, activity).await?,
    };
    let before = match now || !is_up || object.plan().stop.is_empty() {
        true => before,
        // The steps may have taken long.
        false => object.see_anew().await?,
    };
    let label = label(&object.spec().object);
    let grace = before
        .found
        .pods
        .iter()
        .filter(|pod| pod.is_alive())
        .map(ClusterPod::grace)
        .max();
    let grace = if now {
        Duration::from_millis(LEFTOVER_GRACE_MS)
    } else {
        grace.unwrap_or_default()
    };
    activity.set(Activity::awaiting(label, Some(grace)));
    changing::change(object, &before, Direction::Down).await?;
    let after = wait_until_gone(object, activity, grace, now).await?;
    let _ = record(&after);
    object.records().record_stopped();
    Ok(Outcome {
        changed: true,
        state: InstanceState::Stopped,
        ended_by: Some(match chain.ended_by {
            Some(step) => step,
            None if now => "kill".to_owned(),
            None => label.to_owned(),
        }),
        note: join_notes(chain.notes.into_iter().map(Some)),
    })
}

/// Returns the name of the change that stops an object.
pub(super) fn label(object: &KubectlObject) -> &'static str {
    match object {
        KubectlObject::Workload {
            kind: WorkloadKind::CronJob,
            ..
        } => "kubernetes: suspend",
        KubectlObject::Workload { .. } => "kubernetes: scale to 0",
        KubectlObject::Resource(_) => "kubernetes: patch",
    }
}

async fn wait_until_gone(
    object: &ManagedObject,
    activity: &StateCell<Activity>,
    grace: Duration,
    now: bool,
) -> Result<ObjectLook, Failure> {
    let until = Instant::now() + grace + BEYOND;
    let mut is_hurried = false;
    loop {
        let look = object.see_anew().await?;
        match look.judged.facts.state {
            InstanceState::Stopped => return Ok(look),
            InstanceState::Stopping => {}
            _ if !look.found.object.is_observed() => {}
            _ => {
                let message = format!(
                    "{} is wanted up after its stop: somebody has started it meanwhile",
                    object.spec()
                );
                let get = object
                    .engine()
                    .shown(format_args!("get {}", super::explain::target(object.spec())));
                return Err(Failure::failed(message).hint(format!("see {get}")));
            }
        }
        let alive: Vec<&ClusterPod> = look.found.pods.iter().filter(|pod| pod.is_alive()).collect();
        if !is_hurried {
            // A cronjob that is suspended lets its jobs go on.
            let jobs: Vec<&str> = match is_cronjob(&object.spec().object) {
                true => look.found.parts.iter().map(|job| job.metadata.name.as_str()).collect(),
                false => Vec::new(),
            };
            changing::delete(object, "jobs.batch", &jobs, None, "stop").await?;
            if now {
                let names: Vec<&str> = alive.iter().map(|pod| pod.name()).collect();
                changing::delete(object, "pods", &names, Some(LEFTOVER_GRACE_MS / 1000), "stop").await?;
            }
            is_hurried = true;
        }
        if Instant::now() >= until {
            return Err(left(object, &look, &alive));
        }
        let awaited = match look.judged.awaited.as_str() {
            "" => label(&object.spec().object).to_owned(),
            awaited => awaited.to_owned(),
        };
        activity.set(Activity::awaiting(awaited, Some(grace)));
        tokio::time::sleep(LOOK).await;
    }
}

fn is_cronjob(object: &KubectlObject) -> bool {
    matches!(
        object,
        KubectlObject::Workload {
            kind: WorkloadKind::CronJob,
            ..
        }
    )
}

/// Returns the failure of a stop after which something is left.
fn left(object: &ManagedObject, look: &ObjectLook, alive: &[&ClusterPod]) -> Failure {
    let names: Vec<&str> = alive.iter().take(5).map(|pod| pod.name()).collect();
    let now = command(format_args!("stop --now {}", object.records().id()));
    let message = format!("still there: {}", names.join(", "));
    let allocated = look.found.object.count("allocatedReplicas");
    if allocated > 0 {
        let message = format!("{message}: {allocated} allocated, and so goes on until its players leave");
        return Failure::failed(message).hint(format!("{now} ends it"));
    }
    let force = object
        .engine()
        .shown(format_args!("delete pod --grace-period=0 --force {}", names.join(" ")));
    Failure::failed(message).hint(format!(
        "its node may be away: see {}; {force} forgets the pods, whether they run or not",
        object.engine().shown("get pods -o wide")
    ))
}
