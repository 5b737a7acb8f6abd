//! The supervision abstraction: the waist of the program.
//!
//! A [`Supervisor`] owns the lifecycle of one game instance on one management
//! plane. No code above this file knows pids, shims or containers; no code
//! below it knows tables or flags. It neither takes the instance lock nor sets
//! an intent, and it never decides to restart a game: that is the work of
//! [`crate::instancecmd::dispatch`] and of `run`.
//!
//! # Theory of operation
//!
//! *State and intent are two things.* [`InstanceState`] is an observed fact.
//! The intent ("this should run", "this should be stopped") is a wish that
//! outlives commands; the store keeps it, and verbs set it.
//!
//! *Unknown is not a state.* When a look fails, [`Supervisor::look`] returns
//! [`Observation::Unknown`] with the reason, and the cached state stays what it
//! last was. No failed look ever reads as stopped or as running.
//!
//! *The cache and the look.* [`Supervisor::state`] is the last observation: it
//! costs nothing. [`Supervisor::look`] observes anew. One-shot commands look
//! once; `run` keeps looking and lets others subscribe through
//! [`Supervisor::watch_state`].
//!
//! *Verbs are whole.* `start` returns when the game is ready, `stop` when
//! nothing of it is left. A caller that gives up waiting abandons only the
//! wait: the supervised game and a stop that is under way go on without it.
//! The caller of a verb holds the instance lock.
//!
//! *Optional parts are traits of their own.* Not every plane has a console or
//! can count players. An accessor returns the part, or `None`.
//!
//! ```text
//!                start                 ready
//!   Stopped ────────────▶ Starting ────────────▶ Running
//!      ▲                     │  exit                │ exit without a request
//!      │                     ▼                      ▼
//!      │                  Crashed ◀─────────────────┘
//!      │  nothing left       │ stop: the crash is acknowledged
//!      └──────── Stopping ◀──┴────── stop
//! ```

mod activity;
mod admin;
mod console;
mod engine;
mod facts;
mod health;
mod observation;
mod options;
mod outcome;
mod output;
mod plan;
mod players;
mod state;
mod state_cell;
mod survey;
mod usage;
mod verb;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::sync::watch;

pub use activity::Activity;
pub use admin::AdminChannel;
pub use console::{ConsoleAccess, ConsoleInput, ConsoleKind};
pub use engine::{EngineAnswer, EnginePlan, EngineWord, HostEngine, VerbRequest};
pub use facts::{ALLOWED, DRIFTED, Detail, Facts, LastExit, join_notes, rfc3339};
pub use health::{Health, HealthCheck, SilentProbe};
pub use observation::Observation;
pub use options::{StartOptions, StopOptions};
pub use outcome::Outcome;
pub use output::{ConsoleOutput, OutputAsk, OutputFrom, OutputSource};
pub use plan::{PlannedStep, VerbPlan};
pub use players::{ANSWER_LIMIT, PlayerQuery, Players};
pub use state::InstanceState;
pub use state_cell::StateCell;
pub use survey::Survey;
pub use usage::{TreeProcess, Usage, UsageMeter, cpu_percent};
pub use verb::{Verb, Want};

use crate::failure::{Failure, FailureKind};

/// The interval at which a plane without change notifications looks.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The lifecycle of one game instance.
///
/// Callers hold an `Arc<dyn Supervisor>` and clone it before each verb, so
/// that an implementation can hand a clone of itself to a task it spawns.
#[async_trait::async_trait]
pub trait Supervisor: Send + Sync {
    /// Returns the instance's slug. It is safe as a file name and as one
    /// segment of a message subject.
    fn instance_id(&self) -> &str;

    /// Returns the state as last observed. Cheap: no input or output.
    fn state(&self) -> InstanceState;

    /// Subscribes to transitions: the same channel that a publisher of status
    /// events drains, so that these do not depend on any heartbeat.
    fn watch_state(&self) -> watch::Receiver<InstanceState>;

    /// Returns the seconds since the instance entered `Running`; 0 otherwise.
    async fn uptime_seconds(&self) -> u64;

    /// Starts the instance and returns when it is ready. An instance that
    /// runs already is left alone and counts as success.
    ///
    /// # Errors
    /// When it could not be launched, ended before it was ready, or was not
    /// ready in time (it is then left running).
    ///
    /// # Cancel safety
    /// Dropping the future abandons the wait only; a launched game stays.
    async fn start(self: Arc<Self>) -> Result<()> {
        self.start_with(StartOptions::default()).await.map(drop)
    }

    /// Ends the instance through its stop chain and returns when the whole of
    /// it is gone. A stopped instance is left alone and counts as success.
    ///
    /// # Errors
    /// When it could not be found out what runs, or something survived.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the wait only; the stop goes on.
    async fn stop(self: Arc<Self>) -> Result<()> {
        self.stop_with(StopOptions::default()).await.map(drop)
    }

    /// Stops the instance, waits until nothing of it is left, and starts it.
    /// A stopped instance is started.
    ///
    /// # Errors
    /// Like `stop` and `start`; when the stop fails nothing is started.
    async fn restart(self: Arc<Self>) -> Result<()> {
        Arc::clone(&self).stop().await?;
        self.start().await
    }

    /// Returns the plane's name as it is spelled in the inventory.
    fn plane(&self) -> &'static str;

    /// Observes the instance, and publishes the state to the subscribers.
    async fn look(&self) -> Observation;

    /// Returns the result of a look if it is available at once: without
    /// waiting for anything, and outside of any runtime.
    fn snapshot(&self) -> Option<Observation> {
        None
    }

    /// Observes for as long as it is polled, and sends each observation: at
    /// once, and after every change. A repeated observation does no harm.
    /// Returns when there are no receivers any more.
    ///
    /// A plane that is notified of changes overrides this.
    ///
    /// # Cancel safety
    /// Safe: dropping the future ends the observing and nothing else.
    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        while !seen.is_closed() {
            let observation = self.look().await;
            seen.send_replace(Some(observation));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Does the work of [`Supervisor::start`] with options, and accounts for it.
    ///
    /// # Errors
    /// Like [`Supervisor::start`].
    async fn start_with(self: Arc<Self>, options: StartOptions) -> Result<Outcome>;

    /// Does the work of [`Supervisor::stop`] with options, and accounts for it.
    ///
    /// # Errors
    /// Like [`Supervisor::stop`].
    async fn stop_with(self: Arc<Self>, options: StopOptions) -> Result<Outcome>;

    /// Subscribes to what the verb under way is waiting for.
    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        None
    }

    fn console(&self) -> Option<&dyn ConsoleAccess> {
        None
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        None
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        None
    }

    fn usage(&self) -> Option<&dyn UsageMeter> {
        None
    }

    fn health(&self) -> Option<&dyn HealthCheck> {
        None
    }

    fn plan(&self) -> Option<&dyn VerbPlan> {
        None
    }

    fn survey(&self) -> Option<&dyn Survey> {
        None
    }

    /// Returns the source of the game's output; `None` if that is the
    /// instance's console log.
    fn output(&self) -> Option<&dyn OutputSource> {
        None
    }

    /// Returns the name of the host where the instance is managed; `None` for this one.
    fn host(&self) -> Option<&str> {
        None
    }

    /// Returns the engine that is responsible for the instance, where that is not the
    /// one that asks.
    fn engine(&self) -> Option<&dyn HostEngine> {
        None
    }
}

impl dyn Supervisor {
    /// Returns the console.
    ///
    /// # Errors
    /// When the plane has no consoles.
    pub fn required_console(&self) -> Result<&dyn ConsoleAccess, Failure> {
        self.console().ok_or_else(|| self.unsupported("consoles"))
    }

    /// Returns the admin channel.
    ///
    /// # Errors
    /// When the plane has no admin channels.
    pub fn required_admin(&self) -> Result<&dyn AdminChannel, Failure> {
        self.admin().ok_or_else(|| self.unsupported("sending lines"))
    }

    fn unsupported(&self, what: &str) -> Failure {
        let message = format!("the plane `{}` does not support {what}", self.plane());
        Failure::new(FailureKind::Unsupported, message)
    }
}
