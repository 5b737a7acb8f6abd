//! `start`: the part of AMP is brought up, then the game, and we wait until AMP calls that
//! ready.

use std::time::Duration;

use tokio::time::Instant;

use super::game::{AmpGame, AmpLook};
use super::order::AmpOrder;
use super::origin;
use super::phase::AmpPhase;
use crate::channel::AskError;
use crate::containers::{BegunStart, StartWait, started};
use crate::failure::{Failure, FailureKind};
use crate::store::stack::Stack;
use crate::supervisor::{Activity, InstanceState, Outcome, StartOptions, StateCell};

/// The time in which the state of what was ordered to start must change.
const MOVES: Duration = Duration::from_secs(20);

/// The time for that where AMP has given a reason for not starting it.
const MOVES_REFUSED: Duration = Duration::from_secs(3);

/// Starts what does not run, and returns when it is ready.
pub(super) async fn start(
    game: &AmpGame,
    activity: &StateCell<Activity>,
    options: &StartOptions,
) -> Result<Outcome, Failure> {
    let wait = StartWait::begin(game.records(), activity, options, game.ready().timeout);
    AmpStart { game, wait }.carry_out(options).await
}

/// A start under way.
struct AmpStart<'a> {
    game: &'a AmpGame,
    wait: StartWait<'a>,
}

/// The orders that a start has given so far.
#[derive(Debug, Clone, Copy, Default)]
struct StartOrders {
    instance: bool,
    application: bool,
    /// True if the game was seen on its way since the order.
    has_moved: bool,
    /// True if AMP has given a reason for not doing the last one.
    was_refused: bool,
    /// The time since the last one.
    waited: Duration,
}

/// The next step of a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StartStep {
    Arrived,
    Order(AmpOrder),
    Wait,
    /// The end of it: it cannot be started, or has ended.
    Fail(&'static str),
}

/// Decides what comes next.
fn next_step(is_running: bool, phase: AmpPhase, orders: StartOrders) -> StartStep {
    const ENDED: &str = "it ended before it was ready";
    const NOT_STARTED: &str = "AMP did not start it";
    let moves = if orders.was_refused { MOVES_REFUSED } else { MOVES };
    match (is_running, phase) {
        (_, AmpPhase::Suspended) => StartStep::Fail("AMP has suspended it: let it go on in the panel first"),
        (false, _) if !orders.instance => StartStep::Order(AmpOrder::StartInstance),
        // The part of AMP takes its time, to fetch an image of a container for one.
        (false, _) if orders.was_refused && orders.waited >= moves => StartStep::Fail("AMP did not start its instance"),
        (false, _) => StartStep::Wait,
        (true, AmpPhase::Ready) => StartStep::Arrived,
        (true, AmpPhase::AsksPerson) => StartStep::Fail("its panel asks something that a person has to answer first"),
        (true, AmpPhase::Down | AmpPhase::Failed | AmpPhase::Asleep) if !orders.application => {
            StartStep::Order(AmpOrder::Start)
        }
        (true, AmpPhase::Down | AmpPhase::Failed | AmpPhase::Asleep) if orders.has_moved => StartStep::Fail(ENDED),
        (true, AmpPhase::Down | AmpPhase::Failed | AmpPhase::Asleep) if orders.waited >= moves => {
            StartStep::Fail(NOT_STARTED)
        }
        (true, _) => StartStep::Wait,
    }
}

impl AmpStart<'_> {
    async fn carry_out(&self, options: &StartOptions) -> Result<Outcome, Failure> {
        let game = self.game;
        let mut look = game.see().await?;
        if look.facts.state == InstanceState::Running {
            game.records().record_origin(&origin::of_spec(game.spec()))?;
            return Ok(started(InstanceState::Running, false));
        }
        game.refuse_probes()?;
        let has_begun = matches!(look.phase, AmpPhase::Starting | AmpPhase::Ready);
        let start = Stack {
            restarts: options.restarts,
            ..Stack::default()
        };
        let mut begun = BegunStart::record(game.records(), &origin::of_spec(game.spec()), start)?;
        let mut orders = StartOrders::default();
        let mut refusal = None;
        let mut ordered_at = Instant::now();
        loop {
            orders.waited = ordered_at.elapsed();
            orders.has_moved |= orders.application && matches!(look.phase, AmpPhase::Starting | AmpPhase::Ready);
            let is_running = look.one.is_running == Some(true);
            match next_step(is_running, look.phase, orders) {
                StartStep::Arrived if look.facts.state == InstanceState::Running => break,
                StartStep::Arrived | StartStep::Wait => {}
                StartStep::Fail(why) => return Err(self.failed(why, refusal.as_deref(), &look)),
                StartStep::Order(order) => {
                    self.wait.awaits(game.desk().words(order), Some(self.wait.limit()));
                    match game.desk().order(order, &look.one).await {
                        Ok(said) => refusal = said,
                        // The part of AMP does not listen yet.
                        Err(AskError::Refused(failure))
                            if failure.kind == FailureKind::NotRunning && orders.instance =>
                        {
                            refusal = None;
                            self.let_pass(&mut look).await?;
                            continue;
                        }
                        Err(AskError::Refused(failure)) => return Err(failure),
                        // The state tells whether it was carried out.
                        Err(AskError::Unclear(failure)) => refusal = Some(failure.message),
                    }
                    orders.instance |= order == AmpOrder::StartInstance;
                    orders.application |= order == AmpOrder::Start;
                    orders.was_refused = refusal.is_some();
                    ordered_at = Instant::now();
                }
            }
            // `ampinstmgr` starts the game with its instance.
            let is_ordered = orders.application || (orders.instance && !look.one.tells_game);
            if options.no_wait && (has_begun || is_ordered) {
                let state = game
                    .see()
                    .await
                    .map_or(InstanceState::Starting, |look| look.facts.state);
                return Ok(started(state, !has_begun));
            }
            self.let_pass(&mut look).await?;
        }
        begun.note_arrival()?;
        Ok(started(InstanceState::Running, !has_begun))
    }

    /// Tells what is waited for, and looks again.
    async fn let_pass(&self, look: &mut AmpLook) -> Result<(), Failure> {
        let awaited = awaited(look);
        self.wait.awaits(awaited.as_str(), Some(self.wait.limit()));
        if self.wait.is_stop_wanted() {
            return Err(self.wait.overtaken());
        }
        if self.wait.is_over() {
            return Err(self.wait.late(&awaited, "status"));
        }
        // The list itself comes once a second.
        match tokio::time::timeout_at(self.wait.deadline(), self.game.see()).await {
            Ok(seen) => *look = seen?,
            Err(_) => return Err(self.wait.late(&awaited, "status")),
        }
        Ok(())
    }

    fn failed(&self, why: &str, refusal: Option<&str>, look: &AmpLook) -> Failure {
        let message = match refusal {
            Some(reason) => format!("{why}: {reason}"),
            None => why.to_owned(),
        };
        let place = self.game.spec().access.place();
        Failure::failed(message).hint(format!("see `{}` in {place}", look.one.name))
    }
}

/// Returns what a start waits for, in words.
fn awaited(look: &AmpLook) -> String {
    if !look.awaited.is_empty() {
        return look.awaited.clone();
    }
    match (&look.facts.note, look.one.is_running) {
        (_, Some(false)) => "AMP to bring up the instance".to_owned(),
        (Some(note), _) => note.clone(),
        (None, _) => "AMP to call it ready".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_brings_up_what_is_down_layer_by_layer() {
        let none = StartOrders::default();
        let sent = StartOrders {
            application: true,
            ..none
        };
        let late = StartOrders { waited: MOVES, ..sent };
        let moved = StartOrders {
            has_moved: true,
            ..sent
        };
        let instance = StartOrders { instance: true, ..none };
        let start = StartStep::Order(AmpOrder::Start);
        for (is_running, phase, orders, wanted) in [
            (false, AmpPhase::Down, none, StartStep::Order(AmpOrder::StartInstance)),
            (false, AmpPhase::Down, instance, StartStep::Wait),
            (true, AmpPhase::Down, instance, start),
            (true, AmpPhase::Down, none, start),
            (true, AmpPhase::Failed, none, start),
            (true, AmpPhase::Asleep, none, start),
            // AMP tells the old state for a while.
            (true, AmpPhase::Down, sent, StartStep::Wait),
            (true, AmpPhase::Failed, sent, StartStep::Wait),
            (true, AmpPhase::Starting, none, StartStep::Wait),
            (true, AmpPhase::Stopping, none, StartStep::Wait),
            (true, AmpPhase::Busy, none, StartStep::Wait),
            (true, AmpPhase::Ready, moved, StartStep::Arrived),
            (true, AmpPhase::Ready, none, StartStep::Arrived),
        ] {
            assert_eq!(next_step(is_running, phase, orders), wanted, "{phase:?} {orders:?}");
        }
        for (is_running, phase, orders) in [
            (true, AmpPhase::Down, late),
            (true, AmpPhase::Failed, late),
            (true, AmpPhase::Down, moved),
            (true, AmpPhase::Failed, moved),
            (true, AmpPhase::AsksPerson, none),
            (true, AmpPhase::Suspended, none),
            (false, AmpPhase::Suspended, none),
        ] {
            let step = next_step(is_running, phase, orders);
            assert!(matches!(step, StartStep::Fail(_)), "{phase:?} {orders:?}: {step:?}");
        }
    }

    #[test]
    fn a_reason_of_amp_shortens_the_wait_and_ends_none_by_itself() {
        let refused = |waited| StartOrders {
            application: true,
            was_refused: true,
            waited,
            ..StartOrders::default()
        };
        let step = |waited| next_step(true, AmpPhase::Down, refused(waited));
        assert_eq!(step(Duration::ZERO), StartStep::Wait);
        assert!(matches!(step(MOVES_REFUSED), StartStep::Fail(_)));
        let step = next_step(true, AmpPhase::Ready, refused(MOVES));
        assert_eq!(step, StartStep::Arrived, "the state is believed, and not the answer");
    }
}
