//! The supervision abstraction: the waist of the program.
//!
//! A [`Supervisor`] owns the lifecycle of one game instance on one management
//! plane. Above this file nobody knows what a pid, a shim or a container is;
//! below it nobody knows what a table or a flag is.
//!
//! # Theory of operation
//!
//! *State and intent are two things.* [`InstanceState`] is a fact that somebody
//! observed. The intent ("this should run", "this should be stopped") is a wish
//! that outlives commands; it is kept by the store and set by whoever types a
//! verb. A supervisor reports facts and carries out verbs; it never sets an
//! intent and never decides to restart anything by itself.
//!
//! *Unknown is not a state.* When a look fails, [`Supervisor::look`] returns
//! [`Sight::Unknown`] with the reason, and the cached state stays what it last
//! was. No failed look ever reads as stopped or as running.
//!
//! *The cache and the look.* [`Supervisor::state`] is what was last seen: it
//! costs nothing. [`Supervisor::look`] goes and sees. One-shot commands look
//! once; a resident program keeps looking and lets others subscribe through
//! [`Supervisor::watch_state`].
//!
//! *Verbs are whole.* `start` returns when the game is ready, `stop` when
//! nothing of it is left. A caller that gives up waiting abandons only the
//! wait: the supervised game and a stop that is under way go on without it.
//! Every verb is to be called with the instance lock held; that is the
//! business of [`crate::instancecmd::dispatch`].
//!
//! ```text
//!                start                 ready
//!   Stopped ────────────▶ Starting ────────────▶ Running
//!      ▲                     │  exit                │ exit nobody asked for
//!      │                     ▼                      ▼
//!      │                  Crashed ◀─────────────────┘
//!      │  nothing left       │ stop: the crash is acknowledged
//!      └──────── Stopping ◀──┴────── stop
//! ```

mod facts;
mod published;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use serde::Serialize;
use tokio::sync::watch;

pub use facts::{Detail, Facts, LastExit, Players, Sight, rfc3339};
pub use published::Published;

use crate::failure::{Failure, FailureKind};
use crate::finding::Finding;

/// The observable lifecycle state of one instance: one vocabulary for every
/// management plane.
///
/// It is serialized verbatim into heartbeats and status events, flattened:
/// `{"state":"running"}`, `{"state":"crashed","exit_code":1}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum InstanceState {
    /// Listed, but nothing here manages its lifecycle (a process instance
    /// without an executable, for example).
    Unmanaged,
    /// Nothing of it runs, and that is what somebody asked for, or it was
    /// never started.
    Stopped,
    /// Launched, not yet ready for players.
    Starting,
    /// Ready for players.
    Running,
    /// On its way through its stop chain, or what its crash has left behind is
    /// being cleared away.
    Stopping,
    /// It exited or died although nobody asked it to stop.
    Crashed {
        /// The exit code, where there was one: `None` when a signal ended it
        /// or when nobody could know.
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<i32>,
    },
}

impl InstanceState {
    /// Returns the state as one lower-case word, the same as in JSON.
    pub fn as_label(&self) -> &'static str {
        match self {
            Self::Unmanaged => "unmanaged",
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Crashed { .. } => "crashed",
        }
    }

    /// Whether something of the instance is alive in this state.
    pub fn is_alive(&self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Stopping)
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_label())
    }
}

/// How `start` is to be carried out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StartHow {
    /// Return at the launch instead of waiting for ready.
    pub no_wait: bool,
    /// Stands in for the instance's own `ready.timeout`.
    pub timeout: Option<Duration>,
    /// How many automatic restarts this is since somebody last started it: 0
    /// for somebody's own start. Goes on record with the launch, and comes back
    /// in [`Facts::restarts`].
    pub restarts: u32,
}

/// A restart that is allowed beforehand: should the instance crash as it runs
/// now, its plane may launch it again at once, without asking anybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    /// As how many-th automatic restart: one more than the launch that crashes.
    pub restarts: u32,
    /// The exit codes after which it is not allowed.
    pub except: Vec<i32>,
}

/// How `stop` is to be carried out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StopHow {
    /// Skip the polite steps and begin with the signals.
    pub now: bool,
}

/// What a verb that succeeded did.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Whether anything was changed; false when it already was as asked.
    pub changed: bool,
    /// The state at the end.
    pub state: InstanceState,
    /// The stop step that ended the instance: `stdin: quit`, `signal: TERM`,
    /// `kill`.
    pub ended_by: Option<String>,
    /// What a person should know besides.
    pub note: Option<String>,
}

/// What the console of a running game is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleKind {
    /// It reads lines, and echoes nothing.
    Lines,
    /// It is a terminal: every byte counts, and it has a size.
    Terminal,
}

/// What somebody did at the console of a game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Typed a line; it holds no line end.
    Line(String),
    /// Pressed keys of a terminal; at most 1 KiB at once.
    Bytes(Vec<u8>),
    /// Made the terminal another size, in character cells.
    Size {
        /// Its width.
        columns: u16,
        /// Its height.
        rows: u16,
    },
}

/// How a look at the health of a running game went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Well,
    /// It does not; a short phrase says what: `tcp 127.0.0.1:28015`. That it
    /// is stopped does not follow.
    Silent(String),
    /// Nothing was asked of it, or nothing could be.
    NotAsked,
}

/// What a verb under way is waiting for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Activity {
    /// A short phrase: `ready (log line)`, `stdin: quit`. Empty when idle.
    pub awaiting: String,
    /// How long this wait may last, when it has a limit.
    pub limit: Option<Duration>,
    /// The last line that the game printed, while that says how far it is.
    pub last_line: String,
}

/// From where on something that was printed is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrintedFrom {
    /// All that is still there.
    Start,
    /// So many of the last lines.
    LastLines(u64),
    /// What was printed since. May begin somewhat earlier.
    Time(SystemTime),
}

/// What an instance has printed, byte for byte.
pub type Printed = Box<dyn tokio::io::AsyncRead + Send + Unpin>;
/// One step that a verb would take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedStep {
    /// What would be done, with its limits. Holds no secret.
    pub does: String,
    /// What it is done for: a key of the inventory, or a fact.
    pub cause: String,
}

impl PlannedStep {
    /// One step.
    pub fn new(does: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            does: does.into(),
            cause: cause.into(),
        }
    }
}

/// The lifecycle of one game instance.
///
/// Callers hold an `Arc<dyn Supervisor>` and clone it before each verb, so
/// that an implementation can hand a clone of itself to a task it spawns.
///
/// The first seven methods are the contract that every plane implements. The
/// others have defaults, and are overridden where a plane can do better.
#[async_trait::async_trait]
pub trait Supervisor: Send + Sync {
    /// The instance's slug. It is safe as a file name and as one segment of a
    /// message subject.
    fn instance_id(&self) -> &str;

    /// The state as last observed. Cheap: no input or output.
    fn state(&self) -> InstanceState;

    /// Subscribes to transitions: the same channel that a publisher of status
    /// events drains, so that these do not depend on any heartbeat.
    fn watch_state(&self) -> watch::Receiver<InstanceState>;

    /// Seconds since the instance entered `Running`; 0 otherwise.
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
    async fn start(self: Arc<Self>) -> Result<()>;

    /// Ends the instance through its stop chain and returns when the whole of
    /// it is gone. A stopped instance is left alone and counts as success.
    ///
    /// # Errors
    /// When it could not be found out what runs, or something survived.
    ///
    /// # Cancel safety
    /// Dropping the future abandons the wait only; the stop goes on.
    async fn stop(self: Arc<Self>) -> Result<()>;

    /// Stops the instance, waits until nothing of it is left, and starts it.
    /// A stopped instance is started.
    ///
    /// # Errors
    /// As `stop` and `start`; when the stop fails nothing is started.
    async fn restart(self: Arc<Self>) -> Result<()>;

    /// The plane's name as it is spelled in the inventory.
    fn plane(&self) -> &'static str {
        "unknown"
    }

    /// What a look would find, where that can be told at once: without
    /// waiting for anything, and outside of any runtime.
    fn glance(&self) -> Option<Sight> {
        None
    }

    /// Goes and sees. Publishes what it found to the watchers.
    async fn look(&self) -> Sight {
        Sight::Known(Box::new(Facts::bare(self.state(), None)))
    }

    /// Asks a running game, by its `healthy` probes, whether it still answers.
    ///
    /// # Cancel safety
    /// Safe: nothing is changed by it.
    async fn check_health(&self) -> Health {
        Health::NotAsked
    }

    /// Whether the running game can be asked how many play. Cheap.
    fn counts_players(&self) -> bool {
        false
    }

    /// Asks the running game how many play. `None` when it did not say so
    /// within `limit`; nothing follows from that.
    ///
    /// # Cancel safety
    /// Safe: nothing is changed by it.
    async fn players(&self, _limit: Duration) -> Option<Players> {
        None
    }

    /// `start` with a choice of how, and an account of what it did.
    ///
    /// # Errors
    /// As [`Supervisor::start`].
    async fn start_with(self: Arc<Self>, _how: StartHow) -> Result<Outcome> {
        let before = self.state();
        Arc::clone(&self).start().await?;
        Ok(plain_outcome(&before, self.state()))
    }

    /// `stop` with a choice of how, and an account of what it did.
    ///
    /// # Errors
    /// As [`Supervisor::stop`].
    async fn stop_with(self: Arc<Self>, _how: StopHow) -> Result<Outcome> {
        let before = self.state();
        Arc::clone(&self).stop().await?;
        Ok(plain_outcome(&before, self.state()))
    }

    /// Sends one line through the instance's admin channel and returns what it
    /// replied; `None` where the channel has no replies.
    ///
    /// # Errors
    /// When it does not run, nothing answers, or the plane cannot do this.
    ///
    /// # Cancel safety
    /// The line may have been sent.
    async fn send(&self, _line: &str, _limit: Duration) -> Result<Option<String>> {
        let message = format!("the plane `{}` does not support sending lines", self.plane());
        Err(Failure::new(FailureKind::Unsupported, message).into())
    }

    /// What the console of the running game is.
    ///
    /// # Errors
    /// When it does not run, or the plane has no consoles.
    async fn console(&self) -> Result<ConsoleKind> {
        let message = format!("the plane `{}` does not support consoles", self.plane());
        Err(Failure::new(FailureKind::Unsupported, message).into())
    }

    /// Passes on what was typed at the console, past all admin channels.
    ///
    /// # Errors
    /// When it does not run, or takes nothing now.
    ///
    /// # Cancel safety
    /// It may have been passed on.
    async fn type_in(&self, _typed: &Typed) -> Result<()> {
        self.console().await.map(drop)
    }

    /// The steps that [`Supervisor::start_with`] would take, were it stopped.
    /// Nothing is touched.
    fn plan_start(&self, _how: &StartHow) -> Vec<PlannedStep> {
        Vec::new()
    }

    /// The steps that [`Supervisor::stop_with`] would take, were it running
    /// and would not end at any of them. Nothing is touched.
    fn plan_stop(&self, _how: &StopHow) -> Vec<PlannedStep> {
        Vec::new()
    }

    /// Looks over the ground that the instance stands on, without starting
    /// anything: what only its plane can know. What is found is told for this
    /// instance, so it need not be named.
    ///
    /// # Cancel safety
    /// Safe: nothing is changed.
    async fn survey(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// Keeps looking for as long as it is polled, and sends what it sees: at
    /// once, and whenever that changes. What is sent twice does no harm.
    /// Returns when nobody receives any more.
    ///
    /// A plane that is told of changes overrides this; the default looks every
    /// second.
    ///
    /// # Cancel safety
    /// Safe: dropping the future ends the looking and nothing else.
    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Sight>>) {
        while !seen.is_closed() {
            let sight = self.look().await;
            seen.send_replace(Some(sight));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Allows one restart beforehand, or takes that back. It ends with the watch
    /// that is kept. A plane that cannot do without being asked ignores it. Cheap.
    fn allow_restart(&self, _allowance: Option<Allowance>) {}

    /// What the instance has printed: from a time or the last lines on, and with
    /// `follow` what comes, until the reader is dropped. `None` where
    /// that is in the instance's console log.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn printed(&self, _from: PrintedFrom, _follow: bool) -> Result<Option<Printed>> {
        Ok(None)
    }

    /// What the verb under way is waiting for, for a screen to show. `None`
    /// when the plane has nothing to tell.
    fn activity(&self) -> Option<watch::Receiver<Activity>> {
        None
    }
}

/// How often a plane that is told of nothing looks for changes.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);

fn plain_outcome(before: &InstanceState, state: InstanceState) -> Outcome {
    Outcome {
        changed: *before != state,
        state,
        ended_by: None,
        note: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_serializes_to_its_label() {
        let all = [
            (InstanceState::Unmanaged, r#"{"state":"unmanaged"}"#),
            (InstanceState::Stopped, r#"{"state":"stopped"}"#),
            (InstanceState::Starting, r#"{"state":"starting"}"#),
            (InstanceState::Running, r#"{"state":"running"}"#),
            (InstanceState::Stopping, r#"{"state":"stopping"}"#),
            (InstanceState::Crashed { exit_code: None }, r#"{"state":"crashed"}"#),
            (
                InstanceState::Crashed { exit_code: Some(3) },
                r#"{"state":"crashed","exit_code":3}"#,
            ),
        ];
        for (state, json) in all {
            assert_eq!(serde_json::to_string(&state).unwrap(), json);
            assert!(json.contains(&format!("\"{}\"", state.as_label())));
        }
    }
}
