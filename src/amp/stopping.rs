//! `stop`: AMP ends the game in the way of its settings, and we wait until its state says
//! so. A kill follows where it does not end.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::game::{AmpGame, AmpLook};
use super::order::AmpOrder;
use super::origin;
use super::phase::AmpPhase;
use crate::channel::AskError;
use crate::failure::{Failure, FailureKind};
use crate::inventory::AmpLayer;
use crate::policy::stop::LEFTOVER_GRACE_MS;
use crate::supervisor::{Activity, InstanceState, Outcome, StateCell};

/// The time that AMP has to end a game: its own limits are settings of each application,
/// which the list does not tell, and all known ones are shorter.
pub(super) const GRACE: Duration = Duration::from_secs(5 * 60);

/// The time that is left after a kill, and for the part of AMP to end.
const BEYOND: Duration = Duration::from_secs(60);

/// Stops what runs. With `now`, it is killed 5 seconds after it was told to end.
pub(super) async fn stop(game: &AmpGame, activity: &StateCell<Activity>, now: bool) -> Result<Outcome, Failure> {
    let before = game.see().await?;
    let is_instance_up = before.one.is_running == Some(true) && game.spec().layer == AmpLayer::Instance;
    let is_over = is_down(&before) && before.phase != AmpPhase::Asleep;
    let was_crashed = matches!(before.facts.state, InstanceState::Crashed { .. });
    if is_over && !is_instance_up && !was_crashed {
        game.records().record_stopped();
        return Ok(stopped(false, None, None));
    }
    // A full disk does not keep it from being stopped.
    let _ = game.records().record_stop(&origin::of_spec(game.spec()), 0, now);
    let stop = AmpStop { game, activity, now };
    let mut ended_by = None;
    let mut note = None;
    // `ampinstmgr` ends both layers with one order.
    let has_layers = game.spec().access.panel().is_some();
    if !is_over && has_layers {
        let killed = stop.end_application(before).await?;
        ended_by = Some(if killed {
            "kill".to_owned()
        } else {
            AmpOrder::Stop.method().to_owned()
        });
        note = (killed && !now).then(|| "AMP had not ended it in time, and was told to kill it".to_owned());
    }
    if is_instance_up {
        stop.end_instance().await?;
        ended_by.get_or_insert_with(|| game.desk().words(AmpOrder::StopInstance));
    }
    game.records().record_stopped();
    let _ = game.see().await;
    Ok(stopped(true, ended_by, note))
}

/// A stop under way.
struct AmpStop<'a> {
    game: &'a AmpGame,
    activity: &'a StateCell<Activity>,
    now: bool,
}

impl AmpStop<'_> {
    /// Has AMP end the game. Returns true if that took a kill.
    async fn end_application(&self, before: AmpLook) -> Result<bool, Failure> {
        let grace = match self.now {
            true => Duration::from_millis(LEFTOVER_GRACE_MS),
            false => GRACE,
        };
        let refusal = match before.phase {
            AmpPhase::Stopping => None,
            _ => self.order(AmpOrder::Stop, &before).await?,
        };
        let (look, has_ended) = self.wait(grace, AmpOrder::Stop, is_down).await?;
        if has_ended {
            return Ok(false);
        }
        // An update that is cut off leaves half a game.
        let is_busy = matches!(look.phase, AmpPhase::Busy | AmpPhase::AsksPerson);
        if is_busy && !self.now {
            return Err(self.goes_on(&look, refusal));
        }
        let refusal = self.order(AmpOrder::Kill, &look).await?;
        let (look, has_ended) = self.wait(BEYOND, AmpOrder::Kill, is_down).await?;
        match has_ended {
            true => Ok(true),
            false => Err(self.goes_on(&look, refusal)),
        }
    }

    /// Has AMP end its own part.
    async fn end_instance(&self) -> Result<(), Failure> {
        let is_down = |look: &AmpLook| look.one.is_running == Some(false);
        let look = self.game.see().await?;
        if is_down(&look) {
            return Ok(());
        }
        let refusal = self.order(AmpOrder::StopInstance, &look).await?;
        // Where it has not ended by itself, the game is to end within this time, too.
        let limit = if self.game.spec().access.panel().is_some() {
            BEYOND
        } else {
            GRACE
        };
        match self.wait(limit, AmpOrder::StopInstance, is_down).await? {
            (_, true) => Ok(()),
            (look, false) => {
                let failure = self.goes_on(&look, refusal);
                if self.game.spec().access.panel().is_none() {
                    return Err(failure);
                }
                Err(Failure {
                    message: format!(
                        "the game has ended, and its instance in AMP has not: {}",
                        failure.message
                    ),
                    ..failure
                })
            }
        }
    }

    /// Gives an order. Returns the reason why it may not have been carried out, if there is
    /// one.
    async fn order(&self, order: AmpOrder, look: &AmpLook) -> Result<Option<String>, Failure> {
        self.activity
            .set(Activity::awaiting(self.game.desk().words(order), None));
        match self.game.desk().order(order, &look.one).await {
            Ok(refusal) => Ok(refusal),
            // It has ended meanwhile: the next look tells.
            Err(AskError::Refused(failure)) if failure.kind == FailureKind::NotRunning => Ok(Some(failure.message)),
            Err(AskError::Refused(failure)) => Err(failure),
            Err(AskError::Unclear(failure)) => Ok(Some(failure.message)),
        }
    }

    /// Waits until it is down. Returns the last look, and whether it is. A list that did
    /// not come is waited for again.
    async fn wait(
        &self,
        limit: Duration,
        order: AmpOrder,
        is_down: impl Fn(&AmpLook) -> bool,
    ) -> Result<(AmpLook, bool), Failure> {
        let until = Instant::now() + limit;
        let mut last: Result<AmpLook, Failure>;
        loop {
            self.activity
                .set(Activity::awaiting(self.game.desk().words(order), Some(limit)));
            last = tokio::select! {
                biased;
                seen = self.game.see() => seen,
                () = sleep_until(until + BEYOND) => Err(Failure::unknown("AMP does not answer any more")),
            };
            if let Ok(look) = &last
                && is_down(look)
            {
                return last.map(|look| (look, true));
            }
            if Instant::now() >= until {
                return last.map(|look| (look, false));
            }
        }
    }

    fn goes_on(&self, look: &AmpLook, refusal: Option<String>) -> Failure {
        let what = look.facts.note.clone().unwrap_or_else(|| look.facts.state.to_string());
        let message = match refusal {
            Some(reason) => format!("AMP did not stop it ({what}): {reason}"),
            None => format!("AMP did not stop it: {what}"),
        };
        let place = self.game.spec().access.place();
        Failure::failed(message).hint(format!("see `{}` in {place}", look.one.name))
    }
}

/// Returns true if nothing of the game runs.
fn is_down(look: &AmpLook) -> bool {
    let phases = [AmpPhase::Down, AmpPhase::Failed, AmpPhase::Suspended, AmpPhase::Asleep];
    look.one.is_running == Some(false) || phases.contains(&look.phase)
}

fn stopped(changed: bool, ended_by: Option<String>, note: Option<String>) -> Outcome {
    Outcome {
        changed,
        state: InstanceState::Stopped,
        ended_by,
        note,
    }
}
