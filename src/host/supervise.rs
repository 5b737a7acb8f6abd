//! Watching the selected instances and acting: `run`.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::members::reduced;
use super::{Error, Host, Targets};
use crate::event::{Level, ResidentEvent};
use crate::failure::{Failure, FailureKind};
use crate::fleet::Ground;
use crate::inventory::Inventory;
use crate::resident::Resident;
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::store::lock::{self, Holder, RunLock};

/// A `run` that was killed may hold its lock for this long, until the kernel
/// has taken it apart; meanwhile the lock is tried again and again.
const LET_GO: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(10);

/// A core can do this many launches at the same time: they mostly wait for the
/// disk.
const LAUNCHES_PER_CORE: usize = 4;

/// The right to be the only `run` of a state directory.
pub struct RunLease {
    state: Arc<StateDir>,
    lock: RunLock,
    inventory: Inventory,
    selectors: Vec<String>,
}

/// A `run` under way.
pub struct Supervision {
    state: Arc<StateDir>,
    lock: RunLock,
    selectors: Vec<String>,
    resident: Resident,
    _changes: JoinSet<()>,
}

impl Host {
    /// Becomes the only `run` of the state directory, which is made where there
    /// is none, for the instances that the selectors match, or for all of them
    /// without selectors. Nothing is started. `title` tells another `run` which
    /// one this is.
    ///
    /// # Errors
    /// When another `run` is there, or a selector matches nothing.
    pub async fn lease_run(self, selectors: &[String], title: &str) -> Result<RunLease, Failure> {
        let state = self.create_state()?;
        Ok(RunLease {
            lock: take_lock(&state, title).await?,
            inventory: reduced(self.inventory, selectors)?,
            selectors: selectors.to_vec(),
            state,
        })
    }
}

async fn take_lock(state: &StateDir, title: &str) -> Result<RunLock, Failure> {
    let until = Instant::now() + LET_GO;
    loop {
        let taken = lock::try_run(state, title)
            .map_err(|error| Failure::failed(format!("its lock cannot be taken: {error}")))?;
        let holder = match taken {
            Ok(lock) => return Ok(lock),
            Err(holder) => holder,
        };
        if !holder.is_gone() || Instant::now() > until {
            let Holder(title) = holder;
            let message = format!("{} is watched already, by {title}", state.path().display());
            return Err(Failure::new(FailureKind::Busy, message)
                .hint("end that one first; `gamectl status` shows the instances meanwhile"));
        }
        tokio::time::sleep(AGAIN).await;
    }
}

impl RunLease {
    /// Begins to watch and to start instances, at most `at_once` of them at the
    /// same time, and to count players where a screen shows them.
    pub fn begin(
        self,
        events: UnboundedSender<ResidentEvent>,
        at_once: Option<usize>,
        with_players: bool,
    ) -> Supervision {
        let changes = Arc::new(Changes::of(&self.state));
        let ground = Ground::for_watching(Arc::clone(&self.state), Arc::clone(&changes));
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let at_once = at_once.unwrap_or(cores * LAUNCHES_PER_CORE);
        let state = Arc::clone(&self.state);
        let mut resident =
            Resident::new(ground, state, Arc::clone(&changes), events, at_once).counting_players(with_players);
        let mut following = JoinSet::new();
        following.spawn(async move { drop(changes.follow().await) });
        resident.apply(&self.inventory);
        Supervision {
            state: self.state,
            lock: self.lock,
            selectors: self.selectors,
            resident,
            _changes: following,
        }
    }
}

impl Supervision {
    /// Takes over an inventory that was read again.
    ///
    /// # Errors
    /// When it is not valid, or a selector no longer matches; nothing is
    /// changed then.
    pub fn apply(&mut self, read: Result<Host, Error>) -> Result<(), Error> {
        let inventory = reduced(read?.inventory, &self.selectors)?;
        self.resident.apply(&inventory);
        Ok(())
    }

    /// Sends an event that is about `run` itself.
    pub fn say(&self, level: Level, text: impl Into<String>) {
        self.resident.say(level, text);
    }

    /// Ends the watching, and touches nothing that runs. Returns all that was
    /// watched to the last; the lock is kept until it is dropped.
    pub fn end(self) -> Targets {
        Targets::new(self.resident.end(), self.state, Some(self.lock))
    }
}
