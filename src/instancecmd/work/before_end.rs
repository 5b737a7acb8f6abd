//! The courtesy of a verb before it ends a game, carried out: players are warned, or
//! awaited to leave. The lock of the instance is free meanwhile, and its intent is as it was:
//! a verb that is typed without any courtesy goes first.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};

use super::Work;
use super::counting::Counting;
use crate::event::{Verb, VerbEvent, Want};
use crate::failure::{Failure, FailureKind};
use crate::instancecmd::hold;
use crate::inventory::in_words;
use crate::policy::countdown::{CountdownEnd, CountdownInput};
use crate::store::InstanceDir;
use crate::store::changes::Changed;
use crate::store::intent::{self, Intent};
use crate::supervisor::{HostEngine, InstanceState, LOOK_EVERY, Observation};

/// The interval between two counts of the players.
const COUNT_EVERY: Duration = Duration::from_secs(5);

/// The interval between two looks at an instance of another host.
const LOOK_FAR_EVERY: Duration = Duration::from_secs(5);

/// The part of a verb that follows the courtesy.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AfterCourtesy {
    /// The verb is carried out.
    GoOn,
    /// The game has ended by itself, or was started anew: a restart only starts it, should
    /// it not run.
    EndedMeanwhile,
    /// The game is left as it is, for this reason.
    Skipped(String),
}

/// The wish for the instance before the countdown, by which a stop is noticed that somebody
/// asks for meanwhile.
enum WishBefore {
    Here(Option<Intent>),
    /// The one that an engine elsewhere had.
    There(Option<Want>),
}

impl Work {
    /// Does what is asked for before the game is ended.
    ///
    /// # Errors
    /// When it is cancelled, another countdown is under way, players that are awaited cannot be
    /// counted at all, or somebody asks for a stop during that of a restart; the instance is
    /// then as it was.
    pub(super) async fn before_end(&self) -> Result<AfterCourtesy, Failure> {
        if self.request.verb == Verb::Start || self.courtesy.is_none() {
            return Ok(AfterCourtesy::GoOn);
        }
        let facts = match self.target.look().await {
            Observation::Known(facts) => facts,
            Observation::Unknown { reason } => {
                let message = format!("it was left as it is, since nobody knows whether it runs: {reason}");
                return Err(Failure::unknown(message));
            }
        };
        if !facts.state.is_alive() || facts.state == InstanceState::Stopping {
            return Ok(AfterCourtesy::GoOn);
        }
        // What would be refused warns nobody.
        self.is_ours_to_end().await?;
        if self.request.verb == Verb::Restart && self.target.engine().is_none() {
            self.is_startable().await?;
        }
        let players = self.count().await;
        if players == Some(0) {
            return Ok(AfterCourtesy::GoOn);
        }
        self.can_be_courteous()?;
        let dir = self.state.create_instance(self.target.instance_id())?;
        let before = self.wish(&dir);
        let end = Counting::begin(self, &dir, players)?.run(&facts).await?;
        if self.request.verb == Verb::Restart {
            self.give_way_since(&dir, &before)?;
        }
        Ok(match end {
            CountdownEnd::Ended => AfterCourtesy::EndedMeanwhile,
            CountdownEnd::Skipped => AfterCourtesy::Skipped(self.left().await),
            _ => AfterCourtesy::GoOn,
        })
    }

    fn wish(&self, dir: &InstanceDir) -> WishBefore {
        match self.target.engine() {
            Some(engine) => WishBefore::There(engine.intent()),
            // A damaged one is dealt with by the verb.
            None => WishBefore::Here(intent::read(dir).ok().flatten()),
        }
    }

    /// Fails when somebody asked for a stop meanwhile.
    fn give_way_since(&self, dir: &InstanceDir, before: &WishBefore) -> Result<(), Failure> {
        match before {
            WishBefore::Here(before) => hold::give_way(dir, *before),
            WishBefore::There(before) => {
                let now = self.target.engine().and_then(HostEngine::intent);
                match now == Some(Want::Stopped) && *before != now {
                    true => Err(hold::stop_wins()),
                    false => Ok(()),
                }
            }
        }
    }

    /// Returns how many play; `None` where that is not known.
    async fn count(&self) -> Option<u32> {
        let query = self.target.players()?;
        let limit = query.limit();
        let counted = timeout(limit, query.count(limit)).await;
        counted.ok().flatten().map(|players| players.online)
    }

    /// Fails where players are to be awaited, and nobody can count them.
    fn can_be_courteous(&self) -> Result<(), Failure> {
        if self.courtesy.when_empty.is_some() && self.target.players().is_none() {
            let message = "it was left as it is: nobody can count its players";
            let hint = "give it `players:`, such as `players: { a2s: 127.0.0.1:27015 }`";
            return Err(Failure::new(FailureKind::Unsupported, message).hint(hint));
        }
        Ok(())
    }

    /// Returns why its players, who are to be warned, cannot be told anything, and what would mend
    /// it. A channel that refuses is found out when it is used.
    pub(super) fn mute(&self) -> Option<Failure> {
        let wait = self.courtesy.when_empty;
        let warns = wait.is_none_or(|wait| wait.max_wait.is_some() && !wait.or_skip);
        if self.courtesy.warning.is_none() || !warns {
            return None;
        }
        if self.target.admin().is_none() {
            let message = format!("the plane `{}` sends no lines", self.target.plane());
            return Some(Failure::new(FailureKind::Unsupported, message));
        }
        if self.courtesy.broadcast.is_none() {
            let failure = Failure::new(FailureKind::Unsupported, "it has no `broadcast`");
            return Some(failure.hint("give it one, such as `broadcast: 'say {message}'`"));
        }
        None
    }

    /// Returns why it was left as it is after a wait for nobody to play.
    async fn left(&self) -> String {
        let waited = self
            .courtesy
            .when_empty
            .and_then(|wait| wait.max_wait)
            .unwrap_or_default();
        let who = match self.count().await {
            Some(1) => "1 still plays".to_owned(),
            Some(count) => format!("{count} still play"),
            None => "nobody knows whether anybody plays".to_owned(),
        };
        format!("left as it is: {who} after {}", in_words(waited))
    }

    /// Tells once the game has ended, or is another one than that of `pid`.
    pub(super) async fn watch_end(&self, pid: Option<u32>, tell: &mpsc::UnboundedSender<CountdownInput>) -> Infallible {
        let look = |observation: &Observation| {
            // What cannot be found out ends nothing.
            let Observation::Known(facts) = observation else { return };
            let is_another = pid.is_some() && facts.pid.is_some() && facts.pid != pid;
            if is_another || !facts.state.is_alive() || facts.state == InstanceState::Stopping {
                let _ = tell.send(CountdownInput::Ended);
            }
        };
        if self.target.host().is_some() {
            loop {
                sleep(LOOK_FAR_EVERY).await;
                look(&self.target.look().await);
            }
        }
        loop {
            let (seen, mut looks) = watch::channel(None);
            let told = async {
                while looks.changed().await.is_ok() {
                    looks.borrow_and_update().iter().for_each(look);
                }
            };
            tokio::join!(Arc::clone(&self.target).keep_watch(seen), told);
            sleep(LOOK_EVERY).await;
        }
    }

    /// Subscribes to the changes of its folder, where they are reported.
    pub(super) fn folder_changes(&self) -> Option<Changed> {
        let changes = self.changes.as_ref()?;
        Some(changes.subscribe(self.target.instance_id()))
    }

    /// Tells how many play, again and again.
    pub(super) async fn watch_players(&self, tell: &mpsc::UnboundedSender<CountdownInput>) -> Infallible {
        if self.target.players().is_none() {
            return std::future::pending().await;
        }
        loop {
            sleep(COUNT_EVERY).await;
            let _ = tell.send(CountdownInput::Counted(self.count().await));
        }
    }

    pub(super) fn told(&self, text: String, is_trouble: bool) {
        let id = self.id();
        self.tell(VerbEvent::Told { id, text, is_trouble });
    }
}
