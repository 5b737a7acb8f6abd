//! `stop`: the steps of its chain, if there are any, and then the stop by systemd, which
//! has the last word.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::bound;
use super::chain::{self, ChainEnd};
use super::explain;
use super::managed::ManagedUnit;
use super::origin;
use super::state::{is_up, started_us, was_killed};
use super::words::{self, systemctl};
use crate::failure::Failure;
use crate::invocation::quoted;
use crate::policy::stop::LEFTOVER_GRACE_MS;
use crate::supervisor::{Activity, InstanceState, Outcome, StateCell, StopOptions, join_notes};
use crate::systemd::{BusFailure, UnitJob, UnitProperties};

/// The label of the stop by systemd.
const STOP: &str = "systemctl stop";

/// The time that a stop may take beyond the limits of the unit.
const BEYOND: Duration = Duration::from_secs(30);

/// Stops a unit that is up, or about to be started again. With `now`, systemd stops it
/// without the steps before, and it is killed 5 seconds later.
pub(super) async fn stop(
    unit: &ManagedUnit,
    activity: &StateCell<Activity>,
    options: &StopOptions,
) -> Result<Outcome, Failure> {
    let now = options.now;
    unit.manager().keep_loaded(&unit.spec().unit).await;
    let before = unit.see().await?.unit;
    if !is_up(&before) {
        unit.records().record_stopped();
        return Ok(Outcome {
            changed: false,
            state: InstanceState::Stopped,
            ended_by: None,
            note: None,
        });
    }
    // Some of them go down as soon as the unit does.
    let bound = bound::up_with(unit, &before).await;
    // A full disk does not keep it from being stopped.
    let _ = unit
        .records()
        .record_stop(&origin::of_spec(unit.spec()), started_us(&before), now);
    let is_active = matches!(
        before.active_state.as_deref(),
        Some("active" | "reloading" | "refreshing")
    );
    let chain = match now || !is_active {
        true => ChainEnd::default(),
        false => chain::carry_out(unit, &before, activity).await?,
    };
    let after = by_systemd(unit, &before, activity, now).await?;
    if is_up(&after) {
        let state = after.active_state.as_deref().unwrap_or_default();
        let name = quoted(&unit.spec().unit);
        let message = format!(
            "{} is {state} after its stop: somebody has started it meanwhile",
            unit.spec().unit
        );
        return Err(
            Failure::failed(message).hint(format!("see {}", systemctl(unit.spec(), format_args!("status {name}"))))
        );
    }
    // It may have been started again since the chain began.
    let _ = unit
        .records()
        .record_stop(&origin::of_spec(unit.spec()), started_us(&after), now);
    unit.records().record_stopped();
    unit.see().await?;
    let is_killed = chain.ended_by.is_none() && (was_killed(&after) || now && after.exec_main_status == Some(9));
    let along = along(unit, &bound, options).await;
    let note = (is_killed && !now).then(|| words::of_kill(&after));
    Ok(Outcome {
        changed: true,
        state: InstanceState::Stopped,
        ended_by: Some(match chain.ended_by {
            Some(step) => step,
            None if is_killed => "kill".to_owned(),
            None => STOP.to_owned(),
        }),
        note: join_notes(chain.notes.into_iter().map(Some).chain([note, along, again(&after)])),
    })
}

/// Has systemd stop it, which also keeps it from being started again by its `Restart=`.
async fn by_systemd(
    unit: &ManagedUnit,
    before: &UnitProperties,
    activity: &StateCell<Activity>,
    now: bool,
) -> Result<UnitProperties, Failure> {
    let (manager, spec) = (unit.manager(), unit.spec());
    let refused = |why: BusFailure| explain::refused(spec, unit.records().id(), "stop", &why);
    let grace = before
        .stop_limit
        .filter(|us| *us != u64::MAX)
        .map(Duration::from_micros);
    let kill_at = now.then(|| Instant::now() + Duration::from_millis(LEFTOVER_GRACE_MS));
    let limit = match kill_at {
        Some(_) => Some(Duration::from_millis(LEFTOVER_GRACE_MS)),
        None => grace,
    };
    activity.set(Activity::awaiting(STOP, limit));
    // `ExecStop=`, each signal and `ExecStopPost=` have this time, one after the other.
    let longest = grace.map_or(Duration::from_secs(365 * 24 * 3600), |grace| grace * 5 + BEYOND);
    let until = Instant::now() + longest;
    let job = manager.job(UnitJob::Stop, &spec.unit);
    tokio::pin!(job);
    let killed = async {
        match kill_at {
            Some(at) => sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    let done = tokio::select! {
        biased;
        done = &mut job => Some(done),
        () = killed => None,
        () = sleep_until(until) => None,
    };
    let done = match done {
        Some(done) => done,
        None if now => {
            manager
                .kill(&spec.unit, true, Signal::SIGKILL as i32)
                .await
                .map_err(refused)?;
            let limit = timeout_at(Instant::now() + BEYOND, job).await;
            limit.unwrap_or_else(|_| Ok("timeout".to_owned()))
        }
        None => Ok("timeout".to_owned()),
    };
    let result = match done {
        // The connection was lost, and the job goes on: systemd was started anew, or its bus.
        Err(BusFailure::Broken(_)) => None,
        done => Some(done.map_err(refused)?),
    };
    let mut changes = manager.follow(&spec.unit);
    loop {
        changes.mark_unchanged();
        let after = unit.properties().await?;
        let is_waited_for = result.is_none() && after.active_state.as_deref() == Some("deactivating");
        if !is_waited_for || timeout_at(until, changes.changed()).await.is_err() {
            return Ok(after);
        }
    }
}

/// Returns the note on the units that went down with it. Those of a restart come back with
/// it.
async fn along(unit: &ManagedUnit, bound: &[String], options: &StopOptions) -> Option<String> {
    let down = bound::down_of(unit, bound).await;
    if options.comes_back {
        unit.keep_bound(down);
        return None;
    }
    (!down.is_empty()).then(|| format!("systemd has stopped with it: {}", down.join(", ")))
}

/// Returns the note on what may start it again.
fn again(unit: &UnitProperties) -> Option<String> {
    let triggers = unit.triggered_by.as_deref().unwrap_or_default();
    (!triggers.is_empty()).then(|| format!("{} may start it again", triggers.join(", ")))
}
