//! One firing of a schedule, from its record to its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};

use crate::event::{
    EventKind, Level, LogEntry, ResidentEvent, ScheduleNews, ScheduleOutcome, Verb, VerbEvent, VerbResult,
};
use crate::failure::{Failure, FailureKind};
use crate::instancecmd::CourtesyAsk;
use crate::inventory::{Deed, Schedule};
use crate::program::{CallError, ProgramCall};
use crate::store::schedule::{self, FiringRecord};
use crate::store::{InstanceDir, StateDir};
use crate::supervisor::{InstanceState, VerbRequest};
use crate::trust;

/// The time for a line to be sent and replied to.
const SEND: Duration = Duration::from_secs(10);

/// Whoever carries out what schedules ask for.
#[async_trait::async_trait]
pub trait DeedCarrier: Send + Sync {
    /// Carries a verb out on an instance on behalf of `by`, as if it were typed on this host. Once `ending`
    /// turns true, what only waits for players is given up.
    ///
    /// # Errors
    /// When there is no such instance; nothing was done then.
    async fn verb(
        &self,
        id: &str,
        by: &str,
        request: &VerbRequest,
        ask: &CourtesyAsk,
        events: mpsc::UnboundedSender<VerbEvent>,
        ending: watch::Receiver<bool>,
    ) -> Result<VerbResult, Failure>;

    /// Sends a line to a game; see the supervisor's admin channel.
    async fn send(&self, id: &str, line: &str, limit: Duration) -> Result<Option<String>, Failure>;
}

/// The record of one instance, with its writer.
pub(super) struct FiringLog {
    state: Arc<StateDir>,
    id: Arc<str>,
    record: Mutex<FiringRecord>,
    /// The writers that may write at the same time: each waits for the disk.
    writers: Arc<Semaphore>,
}

impl FiringLog {
    /// Opens the record. Returns also what is to be said of it as it was found.
    pub(super) fn open(state: Arc<StateDir>, id: &Arc<str>, writers: Arc<Semaphore>) -> (Self, Option<String>) {
        let folder = state.instance(id).map_err(|error| error.to_string());
        let read = folder.and_then(|folder| match folder {
            Some(folder) => schedule::read(&folder).map_err(|error| error.to_string()),
            None => Ok(None),
        });
        let (record, trouble) = match read {
            Ok(record) => (record.unwrap_or_default(), None),
            Err(why) => {
                let text = format!("what was done by its schedules is not known, and counts from now: {why}");
                (FiringRecord::default(), Some(text))
            }
        };
        let log = Self {
            state,
            id: Arc::clone(id),
            record: Mutex::new(record),
            writers,
        };
        (log, trouble)
    }

    fn record(&self) -> MutexGuard<'_, FiringRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the schedules of these keys alone. Those that are new count from now.
    pub(super) fn begin(self: &Arc<Self>, keys: &[String], now: i64) {
        let mut record = self.record();
        let before = record.clone();
        record.decided.retain(|key, _| keys.contains(key));
        record.under_way.retain(|key, _| keys.contains(key));
        for key in keys {
            record.decided.entry(key.clone()).or_insert(now);
        }
        let is_other = *record != before;
        drop(record);
        if is_other {
            self.write_soon();
        }
    }

    pub(super) fn decided(&self, key: &str) -> Option<i64> {
        self.record().decided.get(key).copied()
    }

    /// Takes note of what is decided without being carried out. If that is lost, it is
    /// decided again, in the same way.
    pub(super) fn decide(self: &Arc<Self>, key: &str, until: i64) {
        self.record().decided.insert(key.to_owned(), until);
        self.write_soon();
    }

    /// Returns the firing that was under way when the record was written last, and forgets
    /// it.
    pub(super) fn take_broken_off(self: &Arc<Self>, key: &str) -> Option<i64> {
        let planned = self.record().under_way.remove(key);
        if planned.is_some() {
            self.write_soon();
        }
        planned
    }

    async fn begin_firing(self: &Arc<Self>, key: &str, planned: i64) -> Result<(), Failure> {
        {
            let mut record = self.record();
            record.decided.insert(key.to_owned(), planned);
            record.under_way.insert(key.to_owned(), planned);
        }
        self.write().await
    }

    async fn end_firing(self: &Arc<Self>, key: &str) {
        self.record().under_way.remove(key);
        // What is left of it is told when the next `run` begins.
        let _ = self.write().await;
    }

    fn write_soon(self: &Arc<Self>) {
        let log = Arc::clone(self);
        tokio::spawn(async move { log.write().await });
    }

    /// Writes the record as it is when it is its turn.
    async fn write(self: &Arc<Self>) -> Result<(), Failure> {
        // The semaphore is never closed.
        let _slot = self.writers.acquire().await;
        let log = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || {
            let folder: InstanceDir = log.state.create_instance(&log.id)?;
            // Held over the write, so that an older record never replaces a newer one.
            let record = log.record();
            schedule::write(&folder, &record).map_err(|error| {
                let text = format!("it cannot be put on record that it is done: {error}");
                Failure::failed(text).hint("nothing was done; free some space or mend the state directory")
            })
        });
        written
            .await
            .unwrap_or_else(|_| Err(Failure::failed("gamectl failed inside; please report this")))
    }
}

/// A firing that is to be carried out.
pub(super) struct ScheduledDeed {
    pub(super) id: Arc<str>,
    pub(super) schedule: Arc<Schedule>,
    pub(super) planned: i64,
    pub(super) log: Arc<FiringLog>,
    pub(super) carrier: Arc<dyn DeedCarrier>,
    pub(super) events: mpsc::UnboundedSender<ResidentEvent>,
    pub(super) ending: watch::Receiver<bool>,
}

impl ScheduledDeed {
    pub(super) async fn carry_out(&self) {
        let key = self.schedule.key();
        if let Err(failure) = self.log.begin_firing(&key, self.planned).await {
            self.tell(ScheduleOutcome::Failed, &failure.in_one());
            return;
        }
        self.tell(ScheduleOutcome::Fired, "");
        let (outcome, text) = match &self.schedule.deed {
            Deed::Restart => self.verb(Verb::Restart).await,
            Deed::Stop => self.verb(Verb::Stop).await,
            Deed::Start => self.verb(Verb::Start).await,
            Deed::Send(line) => self.send(line).await,
            Deed::Exec { .. } => self.exec().await,
        };
        self.log.end_firing(&key).await;
        self.tell(outcome, &text);
    }

    fn tell(&self, outcome: ScheduleOutcome, why: &str) {
        let entry = news(&self.id, &self.schedule, self.planned, outcome, why);
        // Without a receiver `run` is about to end.
        let _ = self.events.send(ResidentEvent::Happened(entry));
    }

    async fn verb(&self, verb: Verb) -> (ScheduleOutcome, String) {
        let request = VerbRequest {
            unless_stopped: verb == Verb::Restart,
            ..VerbRequest::new(verb)
        };
        let warn = self.schedule.warn.as_ref();
        let ask = CourtesyAsk {
            warns: warn.is_some(),
            at: warn.and_then(|warn| warn.at.clone()),
            say: warn.and_then(|warn| warn.say.clone()),
            when_empty: self.schedule.when_empty,
        };
        let (events, heard) = mpsc::unbounded_channel();
        let by = format!("the schedule {}", self.schedule.calendar.text());
        let ending = self.ending.clone();
        let carried = self.carrier.verb(&self.id, &by, &request, &ask, events, ending);
        let (result, ()) = tokio::join!(carried, self.pass_on(heard));
        match result {
            Ok(result) => of_result(verb, &result),
            Err(failure) => (ScheduleOutcome::Failed, failure.in_one()),
        }
    }

    /// Tells what the verb waits for, where a person should know of it.
    async fn pass_on(&self, mut heard: mpsc::UnboundedReceiver<VerbEvent>) {
        while let Some(event) = heard.recv().await {
            let (level, text) = match event {
                VerbEvent::LockHeld { holder, .. } => (Level::Info, format!("its schedule waits for {holder}")),
                VerbEvent::Told { text, is_trouble, .. } if is_trouble => (Level::Warning, text),
                VerbEvent::Told { text, .. } => (Level::Info, text),
                VerbEvent::Began { .. } | VerbEvent::Awaiting { .. } | VerbEvent::Done(_) => continue,
            };
            let entry = LogEntry::now(level, Some(&self.id), text);
            let _ = self.events.send(ResidentEvent::Happened(entry));
        }
    }

    async fn send(&self, line: &str) -> (ScheduleOutcome, String) {
        match self.carrier.send(&self.id, line, SEND).await {
            Ok(reply) => (ScheduleOutcome::Done, reply.unwrap_or_default()),
            Err(failure) => (ScheduleOutcome::Failed, failure.in_one()),
        }
    }

    async fn exec(&self) -> (ScheduleOutcome, String) {
        let Deed::Exec { command, cwd, timeout } = &self.schedule.deed else {
            return (ScheduleOutcome::Failed, String::new());
        };
        if let Err(why) = trust::refuse_for_root(command, cwd, std::env::var_os("PATH").as_deref()) {
            return (ScheduleOutcome::Failed, why);
        }
        let zone = self.schedule.calendar.zone();
        let env = [
            ("GAMECTL_ID", self.id.to_string()),
            ("GAMECTL_PLANNED", zone.rfc3339(self.planned).unwrap_or_default()),
        ];
        let program = ProgramCall::new(command).in_folder(cwd).add_env(env);
        match program.status(*timeout).await {
            Ok(status) if status.success() => (ScheduleOutcome::Done, String::new()),
            Ok(status) => (ScheduleOutcome::Failed, status.to_string()),
            Err(CallError::TimedOut(limit)) => {
                let limit = humantime::format_duration(limit);
                (ScheduleOutcome::Failed, format!("it was killed after {limit}"))
            }
            Err(error) => (ScheduleOutcome::Failed, error.to_string()),
        }
    }
}

fn of_result(verb: Verb, result: &VerbResult) -> (ScheduleOutcome, String) {
    if let Some(failure) = &result.error {
        let outcome = match failure.kind {
            FailureKind::Overruled => ScheduleOutcome::Skipped,
            _ => ScheduleOutcome::Failed,
        };
        return (outcome, failure.clone().in_one());
    }
    let note = result.note.clone().unwrap_or_default();
    let is_alive = result.state.as_ref().is_some_and(InstanceState::is_alive);
    // A restart always changes something, and after a stop nothing is alive.
    let is_left = !result.changed && (verb == Verb::Restart || (verb == Verb::Stop && is_alive));
    match is_left {
        true => (ScheduleOutcome::Skipped, note),
        false => (ScheduleOutcome::Done, note),
    }
}

/// Returns the entry of the log about a firing.
pub(super) fn news(id: &str, schedule: &Schedule, planned: i64, outcome: ScheduleOutcome, why: &str) -> LogEntry {
    let calendar = &schedule.calendar;
    let level = match outcome {
        ScheduleOutcome::Fired | ScheduleOutcome::Done | ScheduleOutcome::Skipped => Level::Info,
        ScheduleOutcome::Missed => Level::Warning,
        ScheduleOutcome::Failed => Level::Error,
    };
    let deed = schedule.deed.as_str();
    let at = calendar.zone().show(planned);
    let is = match outcome {
        ScheduleOutcome::Fired => "begins",
        ScheduleOutcome::Done => "is done",
        ScheduleOutcome::Skipped => "is skipped",
        ScheduleOutcome::Missed => "was missed",
        ScheduleOutcome::Failed => "failed",
    };
    let why = match why {
        "" => String::new(),
        why => format!(": {why}"),
    };
    LogEntry {
        // That it begins is for the screen; what became of it is to be acted on.
        kind: (outcome != ScheduleOutcome::Fired).then_some(EventKind::Schedule),
        schedule: Some(Box::new(ScheduleNews {
            outcome,
            deed,
            cron: calendar.text().to_owned(),
            timezone: calendar.zone().place().map(str::to_owned),
            planned: calendar.zone().rfc3339(planned).unwrap_or_default(),
        })),
        ..LogEntry::now(level, Some(id), format!("its scheduled {deed} of {at} {is}{why}"))
    }
}
