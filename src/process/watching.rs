//! Watching one instance: its folder and its shim report changes, so nothing is
//! asked in between.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::game::{Folder, ManagedGame};
use super::launcher::Launcher;
use super::observer::{Observer, awaits_ready};
use super::pause::Pauses;
use super::probing;
use super::repair;
use super::shim::client::Client;
use super::shim::wire::Request;
use super::situation::{Last, Situation};
use super::witness::Witness;
use crate::store::changes::Changed;
use crate::store::launch::Launch;
use crate::store::status_table::Phase;
use crate::store::{InstanceDir, launch, lock};
use crate::supervisor::{Activity, InstanceState, Observation};
use crate::sys::reaper::Ending;

/// The pause before another look while a shim begins or exits, or is gone
/// without a report.
const SOON: Duration = Duration::from_millis(20);

/// The beginning of the published wait while a launch is judged.
pub(super) const READY: &str = "ready ";

/// The pause before another attempt to connect to a shim that lives.
const LATER: Duration = Duration::from_secs(1);

/// The limit for a shim whose connection has ended to exit.
const EXIT_MAX: Duration = Duration::from_secs(1);

/// The connection to a shim.
enum ShimLink {
    /// The shim reports changes.
    Open(Client),
    /// No shim lives.
    None,
    /// A shim lives, and did not accept the connection.
    Broken,
}

/// The outcome of a look.
struct Seen {
    observation: Observation,
    /// The launch whose end was found on record while its shim still lived.
    ended: Option<u64>,
}

/// Looks, and looks again whenever something has happened. With `takes_over`, a
/// game that has lost its shim gets another one.
pub(super) async fn watch(
    launcher: Launcher<'_>,
    observer: &Observer,
    takes_over: bool,
    seen: &watch::Sender<Option<Observation>>,
    changed: Changed,
) {
    let watch = GameWatch {
        game: launcher.game,
        observer,
        launcher,
        takes_over,
        link: ShimLink::None,
        judged: None,
        witness: None,
    };
    watch.run(seen, changed).await;
}

/// A watch over one instance.
struct GameWatch<'a> {
    game: &'a ManagedGame,
    observer: &'a Observer,
    launcher: Launcher<'a>,
    takes_over: bool,
    link: ShimLink,
    /// The launch that was last found ready by this watch.
    judged: Option<u64>,
    /// That of the main process that was seen last, where this watch takes games over.
    witness: Option<Witness>,
}

impl GameWatch<'_> {
    /// Looks, and looks again whenever something has happened. The steps that a
    /// watch rarely takes are boxed: as a part of it they would need their memory
    /// for as long as it runs.
    async fn run(mut self, seen: &watch::Sender<Option<Observation>>, mut changed: Changed) {
        let mut was_starting = false;
        let mut pauses = None;
        while !seen.is_closed() {
            changed.mark_unchanged();
            let folder = self.game.find_folder().ok().flatten();
            let dir = folder.as_ref().map(|folder| &folder.dir);
            // The link comes before the look: what happens after the look is reported.
            if !matches!(self.link, ShimLink::Open(_)) {
                self.link = Box::pin(connect(dir)).await;
            }
            if matches!(self.link, ShimLink::None) && Box::pin(self.adopt(folder.as_ref())).await {
                self.link = Box::pin(connect(dir)).await;
            }
            let is_over = pauses.as_ref().is_some_and(Pauses::are_over);
            let Some(Seen { observation, ended }) = self.look(is_over) else {
                tokio::select! {
                    () = pauses.get_or_insert_with(Pauses::new).pause() => {}
                    lost = receive(&self.link, None) => if lost { Box::pin(self.unlink(dir)).await },
                }
                continue;
            };
            pauses = None;
            let starting = awaits_ready(&observation);
            if was_starting && !starting {
                self.game.live.awaits_no_more(READY);
            }
            was_starting = starting;
            let pause = self.pause(&observation);
            seen.send_replace(Some(observation));
            tokio::select! {
                told = changed.changed() => match told {
                    // One launch is half a dozen changes.
                    Ok(()) if self.game.live.state.get() == InstanceState::Starting => tokio::time::sleep(SOON).await,
                    Ok(()) => {}
                    Err(_) => tokio::time::sleep(LATER).await,
                },
                lost = receive(&self.link, ended) => if lost { Box::pin(self.unlink(dir)).await },
                judged = async { Box::pin(self.judge(dir)).await }, if starting => self.judged = judged.or(self.judged),
                () = tokio::time::sleep(pause), if pause < Duration::MAX => {}
                () = seen.closed() => {}
            }
        }
    }

    /// Returns the longest pause before the next look.
    fn pause(&self, observation: &Observation) -> Duration {
        // Reports of changes cannot be relied on where a shim has no link, and a
        // failed look need not end with a change of the folder.
        let (alive, failed) = match observation {
            Observation::Known(facts) => (facts.state.is_alive(), false),
            Observation::Unknown { .. } => (false, true),
        };
        match self.link {
            ShimLink::Broken if awaits_ready(observation) => SOON,
            ShimLink::Broken => LATER,
            ShimLink::None if alive || failed => LATER,
            _ => Duration::MAX,
        }
    }

    /// Looks. `None` while a shim is about to launch the game or to put its end on
    /// record: nothing is concluded then, unless `at_any_rate`.
    fn look(&mut self, at_any_rate: bool) -> Option<Seen> {
        let gathered = self.game.gather();
        let mut ended = None;
        let mut alive = None;
        match gathered.as_ref().map(Situation::of) {
            Ok(Situation::Transitional(_)) if !at_any_rate => return None,
            Ok(Situation::Ended(launch, _)) => ended = Some(launch.generation),
            Ok(Situation::Kept(entry)) if !entry.main_ended => alive = Some(entry.main),
            Ok(Situation::KeptSilently(launch) | Situation::Orphan(launch)) => alive = Some(launch.main),
            _ => {}
        }
        if let Some(main) = alive.filter(|_| self.takes_over)
            && !self.witness.as_ref().is_some_and(|witness| witness.is_of(main))
        {
            self.witness = Witness::of(main);
        }
        let observation = self.observer.conclude(gathered);
        if let Observation::Known(facts) = &observation {
            self.game.live.state.set(facts.state.clone());
        }
        Some(Seen { observation, ended })
    }

    /// Takes a game over that has lost its shim, or puts its end on record where that is
    /// known. Leaves both to a verb that is at work on it. Returns true if it has a shim
    /// again.
    async fn adopt(&mut self, folder: Option<&Folder<'_>>) -> bool {
        let (Some(folder), true) = (folder, self.takes_over) else {
            return false;
        };
        let is_lost =
            |situation: Situation<'_>| matches!(situation, Situation::Orphan(_) | Situation::Free(Last::Unobserved(_)));
        if !is_lost(Situation::of(&folder.gather())) {
            return false;
        }
        let Ok(Ok(_lock)) = lock::try_verb(&folder.dir, "run") else {
            return false;
        };
        // A verb may have done it before the lock was free.
        let evidence = folder.gather();
        let launch = match Situation::of(&evidence) {
            Situation::Orphan(launch) => launch,
            Situation::Free(Last::Unobserved(launch)) => {
                self.testify(folder, launch, evidence.ending).await;
                return false;
            }
            _ => return false,
        };
        match self.launcher.take_over(folder, launch).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(id = &self.game.id, %error, "not taken over");
                false
            }
        }
    }

    /// Puts the end of a game on record that ended together with its shim, or after it,
    /// where it is known how: a verb would find out less, later.
    async fn testify(&mut self, folder: &Folder<'_>, launch: &Launch, left: Option<Ending>) {
        let witness = self.witness.take_if(|witness| witness.is_of(launch.main));
        let ending = match (left, witness) {
            (None, Some(witness)) => witness.ending().await,
            (left, _) => left,
        };
        if ending.is_some()
            && let Err(error) = repair::record_end(&folder.dir, Some(launch), ending)
        {
            tracing::warn!(id = &self.game.id, %error, "its end is not on record");
        }
    }

    /// Drops the link, and waits until its shim has exited: that happens a moment
    /// after.
    async fn unlink(&mut self, dir: Option<&Arc<InstanceDir>>) {
        self.link = ShimLink::None;
        let mut pauses = Pauses::new();
        let until = Instant::now() + EXIT_MAX;
        while dir.is_some_and(|dir| lock::shim_lives(dir).unwrap_or(false)) && Instant::now() < until {
            pauses.pause().await;
        }
    }

    /// Waits until a launch that no verb waits for is ready, and has that put on
    /// record. Returns the launch if that was done; never returns for a launch
    /// that was judged before.
    async fn judge(&self, dir: Option<&Arc<InstanceDir>>) -> Option<u64> {
        let launch = dir.and_then(|dir| launch::read(dir).ok().flatten());
        if let (Some(dir), Some(launch), Some(_)) = (dir, launch, &self.game.spec)
            && self.judged != Some(launch.generation)
            && let Ok(mut readiness) = probing::readiness(self.game, dir, &launch).await
        {
            let limit = self.game.ready.timeout;
            let held = readiness.hold(|awaits| self.game.live.awaits(format!("{READY}({awaits})"), Some(limit)));
            held.await;
            if probing::record_ready(dir, launch.generation).await.is_some() {
                self.game.live.activity.set(Activity::default());
                return Some(launch.generation);
            }
            tokio::time::sleep(LATER).await;
            return None;
        }
        std::future::pending().await
    }
}

async fn connect(dir: Option<&Arc<InstanceDir>>) -> ShimLink {
    let Some(dir) = dir else { return ShimLink::None };
    let connected = tokio::time::timeout(LATER, Client::connect(dir)).await;
    if let Ok(Ok(client)) = connected
        && client.send(&Request::Subscribe).await.is_ok()
    {
        return ShimLink::Open(client);
    }
    // A shim that has just begun has no socket yet: a change of its folder tells
    // when it has.
    match lock::shim_lives(dir) {
        Ok(false) => ShimLink::None,
        _ => ShimLink::Broken,
    }
}

/// Waits for the next report that tells more than the end of the launch `ended`.
/// Returns true if no report will come any more.
async fn receive(link: &ShimLink, ended: Option<u64>) -> bool {
    let ShimLink::Open(client) = link else {
        return std::future::pending().await;
    };
    loop {
        match client.receive().await {
            Ok(Some(report)) if report.phase == Phase::Ended && Some(report.generation) == ended => {}
            received => return !matches!(received, Ok(Some(_))),
        }
    }
}
