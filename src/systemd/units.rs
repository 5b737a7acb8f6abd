//! The units of service managers: what they are, and jobs for them. All that one command
//! wants of a manager goes over one connection.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use zbus::DynamicType;
use zbus::message::Message;

use super::bus::{Bus, UnitChange, unit_path};
use super::bus_failure::BusFailure;
use super::place::ManagerPlace;
use super::properties::UnitProperties;
use crate::inventory::UnitScope;

/// The time within which a service manager answers. It may be busy: two hundred units
/// that start at once take it seconds.
const ANSWER: Duration = Duration::from_secs(10);

/// The time in which a manager that could not be reached is not tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Reaches service managers.
#[derive(Debug, Default)]
pub struct UnitManagers(Mutex<HashMap<UnitScope, Arc<UnitManager>>>);

impl UnitManagers {
    /// Returns the one that has the units of a scope.
    pub fn of(&self, scope: &UnitScope) -> Arc<UnitManager> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let manager = all.entry(scope.clone());
        Arc::clone(manager.or_insert_with(|| Arc::new(UnitManager::new(scope.clone()))))
    }
}

/// The kinds of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitJob {
    Start,
    /// Also starts what is down. What systemd is about to restart is started at once, which
    /// a start leaves to its delay.
    Restart,
    Stop,
}

impl UnitJob {
    fn method(self) -> &'static str {
        match self {
            Self::Start => "StartUnit",
            Self::Restart => "RestartUnit",
            Self::Stop => "StopUnit",
        }
    }
}

/// One service manager.
#[derive(Debug)]
pub struct UnitManager {
    line: Arc<Line>,
    follower: OnceLock<JoinHandle<()>>,
}

/// The connection to a manager, and who follows its units.
#[derive(Debug)]
struct Line {
    scope: UnitScope,
    bus: tokio::sync::Mutex<Option<Opened>>,
    /// By the paths of the units.
    followers: Mutex<HashMap<String, watch::Sender<u64>>>,
    /// The units that are kept loaded.
    kept: Mutex<BTreeSet<String>>,
}

#[derive(Debug)]
enum Opened {
    Bus(Bus),
    /// The manager could not be reached then.
    Failed(Instant, BusFailure),
}

impl UnitManager {
    fn new(scope: UnitScope) -> Self {
        Self {
            line: Arc::new(Line {
                scope,
                bus: tokio::sync::Mutex::default(),
                followers: Mutex::default(),
                kept: Mutex::default(),
            }),
            follower: OnceLock::new(),
        }
    }

    /// Returns the properties of a unit.
    ///
    /// # Errors
    /// When the manager cannot be reached, or does not answer.
    pub async fn properties(&self, unit: &str) -> Result<UnitProperties, BusFailure> {
        match self.line.properties(unit).await {
            // It has been started anew since the last question.
            Err(BusFailure::Broken(_)) => self.line.properties(unit).await,
            asked => asked,
        }
    }

    /// Has a unit kept loaded for as long as the connection lasts, if that may be done:
    /// systemd forgets how a unit has ended that nothing refers to.
    pub async fn keep_loaded(&self, unit: &str) {
        let is_new = self.line.kept().insert(unit.to_owned());
        if is_new && self.line.call("RefUnit", &unit).await.is_err() {
            self.line.kept().remove(unit);
        }
    }

    /// Has a job carried out, in place of another one for this unit, and returns its result:
    /// `done` where it worked.
    ///
    /// # Errors
    /// When there is no such job, or it may not be asked for.
    ///
    /// # Cancel safety
    /// The job goes on.
    pub async fn job(&self, job: UnitJob, unit: &str) -> Result<String, BusFailure> {
        let bus = self.line.open().await?;
        Ok(bus.job(job.method(), &(unit, "replace")).await?)
    }

    /// Begins a job, as [`UnitManager::job`] does.
    ///
    /// # Errors
    /// When there is no such job, or it may not be asked for.
    pub async fn begin_job(&self, job: UnitJob, unit: &str) -> Result<(), BusFailure> {
        self.line.call(job.method(), &(unit, "replace")).await.map(drop)
    }

    /// Lets a unit be started again that has failed too often, and forgets its failure.
    ///
    /// # Errors
    /// When that may not be done.
    pub async fn reset_failed(&self, unit: &str) -> Result<(), BusFailure> {
        self.line.call("ResetFailedUnit", &unit).await.map(drop)
    }

    /// Sends a signal to the main process of a unit, or to all of its processes.
    ///
    /// # Errors
    /// When there is none, or that may not be done.
    pub async fn kill(&self, unit: &str, all: bool, signal: i32) -> Result<(), BusFailure> {
        let whom = if all { "all" } else { "main" };
        self.line.call("KillUnit", &(unit, whom, signal)).await.map(drop)
    }

    /// Returns the names of the services that have a file.
    ///
    /// # Errors
    /// When the manager cannot be asked.
    pub async fn services(&self) -> Result<Vec<String>, BusFailure> {
        let none: [&str; 0] = [];
        let body = (none.as_slice(), ["*.service"].as_slice());
        let answer = self.line.call("ListUnitFilesByPatterns", &body).await?;
        let files: Vec<(String, String)> = answer.body().deserialize()?;
        let name = |(path, _): (String, String)| path.rsplit('/').next().map(str::to_owned);
        Ok(files.into_iter().filter_map(name).collect())
    }

    /// Subscribes to changes of a unit, by its own name: the number grows with each. It
    /// grows, too, when the manager goes away or comes back.
    pub fn follow(&self, unit: &str) -> watch::Receiver<u64> {
        let receiver = self.line.follow(unit);
        self.follower
            .get_or_init(|| tokio::spawn(pass_on_changes(Arc::clone(&self.line))));
        receiver
    }
}

impl Drop for UnitManager {
    fn drop(&mut self) {
        if let Some(follower) = self.follower.get() {
            follower.abort();
        }
    }
}

impl Line {
    async fn open(&self) -> Result<Bus, BusFailure> {
        let mut opened = self.bus.lock().await;
        match &*opened {
            Some(Opened::Bus(bus)) if !bus.is_closed() => return Ok(bus.clone()),
            // Those who have waited for it need not find that out one by one.
            Some(Opened::Failed(at, why)) if at.elapsed() < PAUSE => return Err(why.clone()),
            _ => {}
        }
        let bus = within(async { place_of(self.scope.clone()).await?.open().await }).await;
        *opened = Some(match &bus {
            Ok(bus) => Opened::Bus(bus.clone()),
            Err(why) => Opened::Failed(Instant::now(), why.clone()),
        });
        bus
    }

    async fn call(&self, method: &str, body: &(impl Serialize + DynamicType + Sync)) -> Result<Message, BusFailure> {
        let bus = self.open().await?;
        within(async { Ok(bus.call(method, body).await?) }).await
    }

    async fn properties(&self, unit: &str) -> Result<UnitProperties, BusFailure> {
        let bus = self.open().await?;
        within(async { Ok(bus.properties(unit).await?) }).await
    }

    fn kept(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn follow(&self, unit: &str) -> watch::Receiver<u64> {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = followers.entry(unit_path(unit));
        channel.or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    fn tell(&self, change: &UnitChange) {
        let followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        let changed: Vec<&watch::Sender<u64>> = match change {
            UnitChange::Unit(path) => followers.get(path).into_iter().collect(),
            UnitChange::All => followers.values().collect(),
        };
        for channel in changed {
            channel.send_modify(|count| *count += 1);
        }
    }
}

/// Finds the place of a manager. Who has the names of users may be slow.
async fn place_of(scope: UnitScope) -> Result<ManagerPlace, BusFailure> {
    let found = tokio::task::spawn_blocking(move || ManagerPlace::of(&scope)).await;
    found.unwrap_or(Err(BusFailure::Silent(ANSWER.as_secs())))
}

async fn within<T>(asked: impl Future<Output = Result<T, BusFailure>>) -> Result<T, BusFailure> {
    let answer = timeout(ANSWER, asked).await;
    answer.unwrap_or(Err(BusFailure::Silent(ANSWER.as_secs())))
}

/// Follows a manager, however often it goes away and comes back.
async fn pass_on_changes(line: Arc<Line>) {
    let mut is_again = false;
    loop {
        if let Ok(bus) = line.open().await {
            let mut changes = bus.changes();
            if is_again {
                let kept = line.kept().clone();
                for unit in kept {
                    let _ = line.call("RefUnit", &unit.as_str()).await;
                }
            }
            is_again = true;
            // Those before this were missed.
            line.tell(&UnitChange::All);
            while let Some(change) = changes.next().await {
                line.tell(&change);
            }
            line.tell(&UnitChange::All);
        }
        tokio::time::sleep(PAUSE * 2).await;
    }
}
