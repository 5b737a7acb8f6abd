//! Watching the selected instances and acting: `run`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::link_carrier::LinkCarrier;
use super::linking::Linking;
use super::members::reduced;
use super::needs::InOrder;
use super::onlookers::Onlookers;
use super::schedule_carrier::ScheduleCarrier;
use super::watch::follow;
use super::{Error, Host, Targets};
use crate::check;
use crate::event::{EventKind, Level, ResidentEvent};
use crate::failure::{Failure, FailureKind};
use crate::fleet::Fleet;
use crate::inventory::{Inventory, Needs};
use crate::invocation::command;
use crate::link::Carrier;
use crate::notify::Notifier;
use crate::resident::{DeedCarrier, HookRoom, MachineClock, NeededById, Resident, Scheduler};
use crate::ssh::Keeping;
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::store::claim;
use crate::store::lock::{self, Holder, RunLock};
use crate::supervisor::{Observation, Supervisor};
use crate::systemd::Unit;
use crate::usages::{UsageDemand, UsageReadings};

/// A `run` that was killed may hold its lock for this long, until the kernel
/// has taken it apart; meanwhile the lock is tried again and again.
const LET_GO: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(10);

/// Whoever keeps the instances for another host looks this often for a claim of them...
const CLAIMS: Duration = Duration::from_millis(250);

/// ...and has let go of them within this time, if it does.
const YIELDS: Duration = Duration::from_secs(2);

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
    needs: Needs,
    resident: Resident,
    /// The maker of supervisors for other hosts.
    fleet: Fleet,
    onlookers: Onlookers,
    linking: Linking,
    notifier: Arc<Notifier>,
    carrier: Arc<LinkCarrier>,
    scheduler: Arc<Scheduler>,
    schedule_carrier: Arc<ScheduleCarrier>,
    events: UnboundedSender<ResidentEvent>,
    usage: UsageDemand,
    _usage_readings: UsageReadings,
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
    /// The word by which it takes over from whoever keeps the instances for the same `run`
    /// of another host; empty for a `run` of this one.
    pub claim: String,
    /// The demand for what the instances use.
    pub usage: UsageDemand,
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
        let lock = take_lock(&state, &options).await?;
        let changes = Arc::new(Changes::of(&state));
        let (heard, words) = mpsc::unbounded_channel();
        let keeping = Keeping::new(heard).map_err(|error| Failure::failed(error.to_string()))?;
        let fleet = Fleet::for_supervising(Arc::clone(&state), Arc::clone(&changes)).keeping_on_hosts(keeping);
        // At once: a verb that finds the lock held is to find the way to ask.
        let launching = fleet.launch_for_verbs(&state);
        let elsewhere = self.adopted_from_elsewhere(&state).await;
        let file = self.file();
        let needs = Needs::of_inventory(&self.inventory);
        let needed = needed_by(&needs, &state, &self.inventory);
        let (source, state_path) = (self.source.clone(), self.state_path.clone());
        let whole = reduced(self.inventory, selectors)?;
        let carrier = Arc::new(LinkCarrier::new(
            source.clone(),
            Arc::clone(&state),
            &whole,
            events.clone(),
        ));
        let linking = Linking::new(
            whole.link.clone(),
            events.clone(),
            Arc::clone(&carrier) as Arc<dyn Carrier>,
            options.usage.clone(),
        );
        let notifier = Arc::new(Notifier::new(events.clone()));
        notifier.follow(&whole.instances);
        let counts_players = options.players || linking.is_wanted();
        let onlookers = Onlookers::over(&fleet, &whole, &events, words, counts_players);
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let at_once = options.at_once.unwrap_or(cores * LAUNCHES_PER_CORE);
        let schedule_carrier = Arc::new(ScheduleCarrier::new(
            source,
            state_path,
            &whole,
            at_once,
            Arc::clone(&changes),
        ));
        let scheduler = Scheduler::begin(
            &whole,
            Arc::clone(&state),
            Arc::clone(&schedule_carrier) as Arc<dyn DeedCarrier>,
            MachineClock::open(),
            events.clone(),
        );
        let inventory = whole.of_this_host();
        let (told, onlooking) = (events.clone(), fleet.clone());
        let (usage, readings) = (options.usage, events.clone());
        let mut resident = Resident::new(fleet, Arc::clone(&state), Arc::clone(&changes), events, at_once)
            .counting_players(counts_players);
        let mut background = JoinSet::new();
        background.spawn(follow(changes, told));
        match launching {
            Ok(launching) => drop(background.spawn(launching)),
            Err(error) => resident.say(
                Level::Warning,
                format!("what others start is launched by their commands, and not by this one: {error}"),
            ),
        }
        resident.apply(&inventory, &needed);
        let tell = resident.teller();
        background.spawn(async move {
            for finding in check::own_unit().await {
                let hint = finding.hint.map_or_else(String::new, |hint| format!("; {hint}"));
                tell(Level::Warning, format!("{}{hint}", finding.message));
            }
        });
        for text in elsewhere {
            resident.say(Level::Warning, text);
        }
        Ok(Supervision {
            state,
            lock,
            file,
            selectors: selectors.to_vec(),
            needs,
            fleet: onlooking,
            linking,
            notifier,
            carrier,
            scheduler: Arc::new(scheduler),
            schedule_carrier,
            _usage_readings: measured(&resident, &onlookers, &usage, &readings),
            resident,
            onlookers,
            events: readings,
            usage,
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

/// Returns what others need, with supervisors of their own: `run` may have been told to
/// watch a part of the inventory.
fn needed_by(needs: &Needs, state: &Arc<StateDir>, inventory: &Inventory) -> NeededById {
    if needs.is_empty() {
        return NeededById::new();
    }
    let needed = needs.all_needed();
    let members = Fleet::for_verbs(Some(Arc::clone(state))).members(inventory);
    let chosen = members.into_iter().filter(|member| needed.contains(member.id()));
    chosen
        .map(|member| (member.id().to_owned(), member.supervisor))
        .collect()
}

/// Measures what all instances use, here and on other hosts, while that is wanted.
fn measured(
    resident: &Resident,
    onlookers: &Onlookers,
    demand: &UsageDemand,
    events: &UnboundedSender<ResidentEvent>,
) -> UsageReadings {
    let here = resident.supervisors();
    UsageReadings::of(here.iter().chain(onlookers.supervisors()), demand, events)
}

async fn take_lock(state: &StateDir, options: &RunOptions) -> Result<RunLock, Failure> {
    let begun = Instant::now();
    let mut claimed = None;
    loop {
        let taken = lock::try_run(state, &options.title).map_err(|error| {
            let path = state.path().display();
            Failure::failed(format!("the lock of `run` in {path} cannot be taken: {error}"))
                .hint("nothing was started; free some space or mend the state directory")
        })?;
        let holder = match taken {
            Ok(lock) => return Ok(lock),
            Err(holder) => holder,
        };
        let limit = match holder.is_keeping_for_another() {
            true => YIELDS,
            false => LET_GO,
        };
        let may_let_go = holder.is_gone() || holder.is_keeping_for_another();
        if !may_let_go || begun.elapsed() > limit {
            return Err(watched_already(state, &holder).await);
        }
        if claimed.is_none() && holder.is_keeping_for_another() {
            // Where it cannot be claimed, it is awaited all the same.
            claimed = claim::claim(state, &options.claim).ok().flatten();
        }
        let pause = if claimed.is_some() { CLAIMS / 5 } else { AGAIN };
        tokio::time::sleep(pause).await;
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
        let read = read?.inventory;
        let needs = Needs::of_inventory(&read);
        let needed = needed_by(&needs, &self.state, &read);
        let whole = reduced(read, &self.selectors)?;
        self.needs = needs;
        self.linking.want(whole.link.clone());
        self.notifier.follow(&whole.instances);
        self.carrier.change(&whole);
        self.schedule_carrier.change(&whole);
        self.scheduler.change(&whole);
        self.onlookers.change(&self.fleet, &whole);
        self.resident.apply(&whole.of_this_host(), &needed);
        self._usage_readings = measured(&self.resident, &self.onlookers, &self.usage, &self.events);
        Ok(())
    }

    /// Goes over to other instances.
    ///
    /// # Errors
    /// When a selector matches nothing.
    pub(super) fn keep(&mut self, host: Host, selectors: Vec<String>) -> Result<(), Error> {
        self.selectors = selectors;
        self.apply(Ok(host))
    }

    /// Waits until somebody claims the state directory who may have it: anybody once
    /// `is_left` is true, and before that the `run` of this word.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn claimed(&self, run: &str, is_left: bool) {
        loop {
            tokio::time::sleep(CLAIMS).await;
            if claim::claimant(&self.state).is_some_and(|claimant| is_left || claimant == run) {
                return;
            }
        }
    }

    /// Ends the keeping on other hosts, where it is to end. Returns what has to be said of
    /// that.
    ///
    /// # Cancel safety
    /// Dropped, it may have ended there or not.
    pub async fn release_hosts(&self) -> Vec<String> {
        self.fleet.release_hosts().await
    }

    /// Returns the instances on other hosts that somebody else keeps there, each with who
    /// does.
    pub fn kept_by_others(&self) -> Vec<(String, String)> {
        let keeper = |one: &Arc<dyn Supervisor>| Some((one.instance_id().to_owned(), self.other_keeper(one)?));
        self.onlookers.supervisors().iter().filter_map(keeper).collect()
    }

    fn other_keeper(&self, one: &Arc<dyn Supervisor>) -> Option<String> {
        one.host().and_then(|host| self.fleet.other_keeper(host))
    }

    /// Returns the link, which is to be told of each event. It begins, and follows an
    /// inventory that was read again, when it is refreshed.
    pub fn linking(&self) -> Linking {
        self.linking.clone()
    }

    /// Returns what tells people, which is to be told of each event.
    pub fn notifier(&self) -> Arc<Notifier> {
        Arc::clone(&self.notifier)
    }

    /// Sends an event that is about `run` itself.
    pub fn say(&self, level: Level, text: impl Into<String>) {
        self.resident.say(level, text);
    }

    /// Sends the outcome of another reading of the inventory.
    pub fn tell_reload(&self, level: Level, text: impl Into<String>) {
        self.resident.tell(EventKind::Reload, level, text);
    }

    /// Returns the schedules, which may be at work when the watching is to end.
    pub fn scheduler(&self) -> Arc<Scheduler> {
        Arc::clone(&self.scheduler)
    }

    /// Returns what tells of the hooks, which go on when the watching has ended.
    pub fn hooks(&self) -> Arc<HookRoom> {
        self.resident.hooks()
    }

    /// Ends the watching, and touches nothing that runs. Returns all that was
    /// watched to the last; the lock is kept until it is dropped.
    pub fn end(self) -> Targets {
        let elsewhere = self.onlookers.supervisors().iter();
        let kept: Vec<_> = elsewhere
            .filter(|one| self.other_keeper(one).is_none())
            .cloned()
            .collect();
        let mut supervisors = self.resident.end();
        supervisors.extend(kept);
        let order = InOrder {
            targets: supervisors,
            needs: self.needs,
            ..InOrder::default()
        };
        Targets::new(order, self.file.as_deref(), self.state, Some(self.lock))
    }
}
