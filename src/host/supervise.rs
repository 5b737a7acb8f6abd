//! Watching the selected instances and acting: `run`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::members::reduced;
use super::onlookers::Onlookers;
use super::watch::follow;
use super::{Error, Host, Targets};
use crate::check;
use crate::event::{Level, ResidentEvent};
use crate::failure::{Failure, FailureKind};
use crate::fleet::Fleet;
use crate::invocation::command;
use crate::resident::{HookRoom, Resident};
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::store::lock::{self, Holder, RunLock};
use crate::supervisor::Observation;
use crate::systemd::Unit;

/// A `run` that was killed may hold its lock for this long, until the kernel
/// has taken it apart; meanwhile the lock is tried again and again.
const LET_GO: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(10);

/// A core can do this many launches at the same time: they mostly wait for the
/// disk.
const LAUNCHES_PER_CORE: usize = 4;

/// A `run` under way: the only one of its state directory.
pub struct Supervision {
    state: Arc<StateDir>,
    lock: RunLock,
    /// The inventory, if it is a file.
    file: Option<PathBuf>,
    selectors: Vec<String>,
    resident: Resident,
    /// The maker of supervisors for other hosts.
    fleet: Fleet,
    events: UnboundedSender<ResidentEvent>,
    onlookers: Onlookers,
    _background: JoinSet<()>,
}

/// The options of a `run`.
pub struct RunOptions {
    /// The name under which another `run` is told about this one.
    pub title: String,
    /// The most launches at the same time.
    pub at_once: Option<usize>,
    /// Count players, for a screen that shows them.
    pub players: bool,
}

impl Host {
    /// Becomes the only `run` of the state directory, which is made where there
    /// is none, and begins to watch and to start the instances that the
    /// selectors match, or all of them without selectors.
    ///
    /// # Errors
    /// When another `run` is there, or a selector matches nothing; nothing is
    /// started then.
    pub async fn supervise(
        self,
        selectors: &[String],
        options: RunOptions,
        events: UnboundedSender<ResidentEvent>,
    ) -> Result<Supervision, Failure> {
        let state = self.create_state()?;
        let lock = take_lock(&state, &options.title).await?;
        let changes = Arc::new(Changes::of(&state));
        let fleet = Fleet::for_supervising(Arc::clone(&state), Arc::clone(&changes));
        // At once: a verb that finds the lock held is to find the way to ask.
        let launching = fleet.launch_for_verbs(&state);
        let elsewhere = self.adopted_from_elsewhere(&state).await;
        let file = self.file();
        let whole = reduced(self.inventory, selectors)?;
        let onlookers = Onlookers::over(&fleet, &whole, &events);
        let (inventory, not_kept) = whole.split_by_host();
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let at_once = options.at_once.unwrap_or(cores * LAUNCHES_PER_CORE);
        let (told, told_again, onlooking) = (events.clone(), events.clone(), fleet.clone());
        let mut resident = Resident::new(fleet, Arc::clone(&state), Arc::clone(&changes), events, at_once)
            .counting_players(options.players);
        let mut background = JoinSet::new();
        background.spawn(follow(changes, told));
        match launching {
            Ok(launching) => drop(background.spawn(launching)),
            Err(error) => resident.say(
                Level::Warning,
                format!("what others start is launched by their commands, and not by this one: {error}"),
            ),
        }
        resident.apply(&inventory);
        let tell = resident.teller();
        background.spawn(async move {
            for finding in check::own_unit().await {
                let hint = finding.hint.map_or_else(String::new, |hint| format!("; {hint}"));
                tell(Level::Warning, format!("{}{hint}", finding.message));
            }
        });
        for (host, ids) in not_kept {
            resident.say(Level::Warning, not_kept_from_here(&host, &ids));
        }
        for text in elsewhere {
            resident.say(Level::Warning, text);
        }
        Ok(Supervision {
            state,
            lock,
            file,
            selectors: selectors.to_vec(),
            resident,
            fleet: onlooking,
            events: told_again,
            onlookers,
            _background: background,
        })
    }
}

impl Host {
    /// Returns what is to be said of the instances that run as another inventory has
    /// started them.
    async fn adopted_from_elsewhere(&self, state: &Arc<StateDir>) -> Vec<String> {
        let ids = self.inventory.instances.iter().map(|instance| instance.id.as_str());
        let elsewhere = self.elsewhere(state, ids);
        let mut said = Vec::new();
        if elsewhere.is_empty() {
            return said;
        }
        for member in Fleet::for_a_look(Some(Arc::clone(state))).members(&self.inventory) {
            if let Some(other) = elsewhere.get(member.id())
                && matches!(member.supervisor.look().await, Observation::Known(facts) if facts.state.is_alive())
            {
                said.push(format!("{} was {}", member.id(), other.note()));
            }
        }
        said
    }
}

/// Returns what is to be said of instances that are not restarted from here.
fn not_kept_from_here(host: &str, ids: &[String]) -> String {
    let ids = ids.join(", ");
    format!("{ids} on `{host}`: shown, and not restarted from here; a `run` of that host does that")
}

async fn take_lock(state: &StateDir, title: &str) -> Result<RunLock, Failure> {
    let until = Instant::now() + LET_GO;
    loop {
        let taken = lock::try_run(state, title).map_err(|error| {
            let path = state.path().display();
            Failure::failed(format!("the lock of `run` in {path} cannot be taken: {error}"))
                .hint("nothing was started; free some space or mend the state directory")
        })?;
        let holder = match taken {
            Ok(lock) => return Ok(lock),
            Err(holder) => holder,
        };
        if !holder.is_gone() || Instant::now() > until {
            return Err(watched_already(state, &holder).await);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Returns the failure of a second `run`, with the command that ends the first one.
async fn watched_already(state: &StateDir, holder: &Holder) -> Failure {
    let Holder(title) = holder;
    let message = format!("{} is watched already, by {title}", state.path().display());
    let unit = match holder.pid() {
        Some(pid) => Unit::whose_main_is(pid).await,
        None => None,
    };
    let first = match (unit, holder.pid()) {
        (Some(unit), _) => format!("end that one first, by `{}`", unit.stop_command()),
        (None, Some(pid)) => format!("end that one first, by Ctrl-C in its terminal or `kill {pid}`"),
        (None, None) => "end that one first".to_owned(),
    };
    let status = command("status");
    Failure::new(FailureKind::Busy, message).hint(format!("{first}; {status} shows the instances meanwhile"))
}

impl Supervision {
    /// Takes over an inventory that was read again.
    ///
    /// # Errors
    /// When it is not valid, or a selector no longer matches; nothing is
    /// changed then.
    pub fn apply(&mut self, read: Result<Host, Error>) -> Result<(), Error> {
        let whole = reduced(read?.inventory, &self.selectors)?;
        self.onlookers.change(&self.fleet, &whole, &self.events);
        let (inventory, _) = whole.split_by_host();
        self.resident.apply(&inventory);
        Ok(())
    }

    /// Sends an event that is about `run` itself.
    pub fn say(&self, level: Level, text: impl Into<String>) {
        self.resident.say(level, text);
    }

    /// Returns what tells of the hooks, which go on when the watching has ended.
    pub fn hooks(&self) -> Arc<HookRoom> {
        self.resident.hooks()
    }

    /// Ends the watching, and touches nothing that runs. Returns all that was
    /// watched to the last; the lock is kept until it is dropped.
    pub fn end(self) -> Targets {
        Targets::new(self.resident.end(), self.file.as_deref(), self.state, Some(self.lock))
    }
}
