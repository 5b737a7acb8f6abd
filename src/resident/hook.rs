//! The commands of `on_event`: those of an instance in the order of its events,
//! and a bounded number at the same time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::event_sender::EventSender;
use super::step::Alert;
use crate::event::Level;
use crate::inventory::{Hook, Instance};
use crate::program::{CallError, ProgramCall};
use crate::supervisor::{InstanceState, rfc3339};
use crate::trust;

/// The most hooks of all instances that are under way at the same time.
pub(super) const AT_ONCE: usize = 16;

/// The most events of an instance that wait for their hooks.
const WAITING_MAX: usize = 256;

/// The hooks of all instances, as far as they share something.
pub struct HookRoom {
    slots: Semaphore,
    /// The events whose hooks have not ended.
    untold: watch::Sender<usize>,
}

impl HookRoom {
    pub(super) fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self {
            slots: Semaphore::new(at_once),
            untold: watch::Sender::new(0),
        })
    }

    /// Returns the number of events whose hooks have not ended.
    pub fn untold(&self) -> usize {
        *self.untold.borrow()
    }

    /// Waits until the hooks of every event have ended.
    pub async fn all_told(&self) {
        // The sender is here, so that the channel is open.
        let _ = self.untold.subscribe().wait_for(|untold| *untold == 0).await;
    }

    fn expect_one(&self) {
        self.untold.send_modify(|untold| *untold += 1);
    }

    fn forget_one(&self) {
        self.untold.send_modify(|untold| *untold = untold.saturating_sub(1));
    }
}

/// An event with the hooks that are configured for it.
struct Job {
    hooks: Vec<Hook>,
    id: String,
    alert: Alert,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    is_under_way: bool,
    left_out: u64,
}

/// The events of one instance that wait for their hooks: one event is told when
/// the hooks of the one before it have ended. Clones are the same queue.
#[derive(Clone)]
pub(super) struct HookQueue {
    waiting: Arc<Mutex<Waiting>>,
    events: EventSender,
    room: Arc<HookRoom>,
}

impl HookQueue {
    pub(super) fn new(events: EventSender, room: Arc<HookRoom>) -> Self {
        Self {
            waiting: Arc::default(),
            events,
            room,
        }
    }

    /// Adds an event. Where too many wait, the oldest is left out, and that is told.
    pub(super) fn add(&self, instance: &Instance, alert: Alert) {
        let configured = instance.on_event.iter();
        let hooks: Vec<Hook> = configured
            .filter(|hook| hook.events.contains(&alert.alarm))
            .cloned()
            .collect();
        if hooks.is_empty() {
            return;
        }
        let id = instance.id.clone();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.jobs.push_back(Job { hooks, id, alert });
        self.room.expect_one();
        if waiting.jobs.len() > WAITING_MAX {
            waiting.jobs.pop_front();
            self.room.forget_one();
            waiting.left_out += 1;
            if waiting.left_out == 1 {
                let text = "its hooks are slower than its events: the oldest that wait are left out";
                self.events.log(Level::Warning, text);
            }
        }
        if !std::mem::replace(&mut waiting.is_under_way, true) {
            tokio::spawn(self.clone().work_off());
        }
    }

    async fn work_off(self) {
        while let Some(job) = self.next() {
            let job = Arc::new(job);
            let mut under_way = JoinSet::new();
            for at in 0..job.hooks.len() {
                let (job, queue) = (Arc::clone(&job), self.clone());
                under_way.spawn(async move {
                    if let Some(hook) = job.hooks.get(at) {
                        queue.run(hook, &job).await;
                    }
                });
            }
            while under_way.join_next().await.is_some() {}
            self.room.forget_one();
        }
    }

    fn next(&self) -> Option<Job> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let job = waiting.jobs.pop_front();
        waiting.is_under_way = job.is_some();
        if job.is_none() && waiting.left_out > 0 {
            let count = std::mem::take(&mut waiting.left_out);
            let text = format!("its hooks have caught up; they were not told of {count} events");
            self.events.log(Level::Warning, text);
        }
        job
    }

    /// Runs one hook. A failure is logged and changes nothing.
    async fn run(&self, hook: &Hook, job: &Job) {
        // The semaphore is never closed.
        let _slot = self.room.slots.acquire().await;
        if let Err(why) = carry_out(hook, &job.id, &job.alert).await {
            let program = hook.command.first().map(|word| word.to_string_lossy().into_owned());
            let program = program.unwrap_or_default();
            let event = job.alert.alarm.as_str();
            self.events.log(
                Level::Warning,
                format!("its hook {program} for `{event}` failed: {why}"),
            );
        }
    }
}

/// Returns the event as JSON, in one line.
fn json(id: &str, alert: &Alert) -> String {
    let value = serde_json::json!({
        "schema": 1,
        "event": alert.alarm.as_str(),
        "id": id,
        "state": alert.state.as_label(),
        "exit_code": exit_code(alert),
        "restarts": alert.restarts,
        "note": alert.note,
        "at": rfc3339(SystemTime::now()),
    });
    format!("{value}\n")
}

fn exit_code(alert: &Alert) -> Option<i32> {
    match alert.state {
        InstanceState::Crashed { exit_code } => exit_code,
        _ => None,
    }
}

async fn carry_out(hook: &Hook, id: &str, alert: &Alert) -> Result<(), String> {
    trust::refuse_for_root(&hook.command, &hook.cwd, std::env::var_os("PATH").as_deref())?;
    let exit_code = exit_code(alert).map(|code| code.to_string());
    let env = [
        ("GAMECTL_EVENT", alert.alarm.as_str().to_owned()),
        ("GAMECTL_ID", id.to_owned()),
        ("GAMECTL_STATE", alert.state.as_label().to_owned()),
        ("GAMECTL_RESTARTS", alert.restarts.to_string()),
        ("GAMECTL_NOTE", alert.note.clone()),
        ("GAMECTL_EXIT_CODE", exit_code.unwrap_or_default()),
    ];
    let program = ProgramCall::new(&hook.command).in_folder(&hook.cwd).add_env(env);
    match program.with_input(json(id, alert)).status(hook.timeout).await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(CallError::TimedOut(limit)) => Err(format!("it was killed after {}", humantime::format_duration(limit))),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use tokio::sync::mpsc;

    use super::*;
    use crate::inventory::{Alarm, RestartPolicy};
    use crate::resident::tests::rig;

    fn alert(restarts: u32) -> Alert {
        Alert {
            alarm: Alarm::Crashed,
            state: InstanceState::Stopped,
            restarts,
            note: String::new(),
        }
    }

    fn instance(folder: &Path, script: &str) -> Instance {
        let mut instance = rig::instance(RestartPolicy::default());
        instance.on_event.push(Hook {
            command: ["sh", "-c", script].map(Into::into).to_vec(),
            events: vec![Alarm::Crashed],
            timeout: Duration::from_secs(60),
            cwd: folder.to_owned(),
        });
        instance
    }

    async fn until(is_so: impl Fn() -> bool) {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn the_hooks_of_many_instances_share_the_slots() {
        let folder = tempfile::tempdir().unwrap();
        let script = "echo >> begun; until test -e gate; do sleep 0.01; done";
        let instance = instance(folder.path(), script);
        let begun = || std::fs::read_to_string(folder.path().join("begun")).map_or(0, |text| text.lines().count());
        let room = HookRoom::new(2);
        let (sender, _events) = mpsc::unbounded_channel();
        for _ in 0..5 {
            HookQueue::new(EventSender::new(sender.clone(), None), Arc::clone(&room)).add(&instance, alert(0));
        }
        until(|| begun() == 2).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(room.untold(), 5);
        assert_eq!((begun(), room.slots.available_permits()), (2, 0));
        std::fs::write(folder.path().join("gate"), "").unwrap();
        room.all_told().await;
        assert_eq!((begun(), room.slots.available_permits(), room.untold()), (5, 2, 0));
    }

    #[tokio::test]
    async fn of_too_many_events_the_oldest_are_left_out_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let instance = instance(folder.path(), "echo $GAMECTL_RESTARTS >> told");
        let room = HookRoom::new(1);
        let (sender, mut events) = mpsc::unbounded_channel();
        let queue = HookQueue::new(EventSender::new(sender, None), Arc::clone(&room));
        for n in 0..WAITING_MAX as u32 + 3 {
            queue.add(&instance, alert(n));
        }
        // Nothing was begun yet: this task has not waited.
        assert_eq!(room.untold(), WAITING_MAX);
        let told = || std::fs::read_to_string(folder.path().join("told")).unwrap_or_default();
        until(|| told().lines().count() == WAITING_MAX).await;
        assert!(told().starts_with("3\n4\n"), "{}", told());
        let mut said = Vec::new();
        while said.len() < 2 {
            if let Some(crate::event::ResidentEvent::Happened(entry)) = events.recv().await {
                said.push(entry.text);
            }
        }
        assert!(said[0].contains("the oldest that wait are left out"), "{said:?}");
        assert!(said[1].ends_with("not told of 3 events"), "{said:?}");
    }
}
