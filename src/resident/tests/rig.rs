//! A scripted supervisor, and what a keeper needs besides.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Instant;

use crate::event::ResidentEvent;
use crate::inventory::{Channels, Instance, Plane, Ready, RestartPolicy};
use crate::resident::HookRoom;
use crate::resident::clock::Clock;
use crate::resident::keeper::{Listing, Shared, keep};
use crate::store::changes::Changes;
use crate::store::{InstanceDir, StateDir};
use crate::supervisor::{
    Facts, Health, HealthCheck, InstanceState, LastExit, Observation, Outcome, StartOptions, StopOptions, Supervisor,
};

/// Shows what it is told to show, and notes when it was started.
pub(super) struct Scripted {
    pub(super) observation: watch::Sender<Observation>,
    pub(super) starts: Mutex<Vec<(Instant, u32)>>,
    pub(super) crashes: Mutex<u32>,
    /// The answers to its checks of health; well when none is left.
    pub(super) health: Mutex<Vec<Health>>,
    /// The time for which nothing runs, at each of them.
    pub(super) pause: Mutex<Duration>,
    pub(super) stops: Mutex<Vec<Instant>>,
}

#[async_trait::async_trait]
impl Supervisor for Scripted {
    fn instance_id(&self) -> &str {
        "a"
    }

    fn state(&self) -> InstanceState {
        InstanceState::Stopped
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        watch::channel(InstanceState::Stopped).1
    }

    async fn uptime_seconds(&self) -> u64 {
        0
    }

    fn plane(&self) -> &'static str {
        "process"
    }

    fn health(&self) -> Option<&dyn HealthCheck> {
        Some(self)
    }

    async fn look(&self) -> Observation {
        self.observation.borrow().clone()
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        let mut observations = self.observation.subscribe();
        loop {
            let observation = observations.borrow_and_update().clone();
            seen.send_replace(Some(observation));
            if observations.changed().await.is_err() {
                return;
            }
        }
    }

    async fn stop_with(self: Arc<Self>, how: StopOptions) -> Result<Outcome> {
        assert!(!how.now, "its chain is taken");
        self.stops.lock().unwrap().push(Instant::now());
        let restarts = self.starts().last().map_or(0, |(_, restarts)| *restarts);
        self.show(InstanceState::Stopping, restarts);
        tokio::time::sleep(SECOND * 5).await;
        self.show(InstanceState::Stopped, restarts);
        Ok(Outcome {
            changed: true,
            state: InstanceState::Stopped,
            ended_by: Some("stdin: quit".to_owned()),
            note: None,
        })
    }

    async fn start_with(self: Arc<Self>, how: StartOptions) -> Result<Outcome> {
        assert!(how.no_wait, "a keeper does not hold the lock until it is ready");
        self.starts.lock().unwrap().push((Instant::now(), how.restarts));
        self.show(InstanceState::Running, how.restarts);
        Ok(Outcome {
            changed: true,
            state: InstanceState::Starting,
            ended_by: None,
            note: None,
        })
    }
}

#[async_trait::async_trait]
impl HealthCheck for Scripted {
    async fn check(&self) -> Health {
        let pause = *self.pause.lock().unwrap();
        tokio::time::advance(pause).await;
        let mut answers = self.health.lock().unwrap();
        if answers.is_empty() {
            Health::Well
        } else {
            answers.remove(0)
        }
    }
}

impl Scripted {
    pub(super) fn show(&self, state: InstanceState, restarts: u32) {
        let mut facts = Facts::bare(state, None);
        facts.restarts = restarts;
        if let InstanceState::Crashed { exit_code } = facts.state {
            let mut crashes = self.crashes.lock().unwrap();
            *crashes += 1;
            facts.since = Some(std::time::UNIX_EPOCH + SECOND * *crashes);
            facts.last_exit = Some(LastExit {
                code: exit_code,
                signal: None,
                at: None,
                requested: false,
                oom_killed: false,
            });
        }
        self.observation.send_replace(Observation::Known(Box::new(facts)));
    }

    pub(super) fn crash(&self, code: i32) {
        let restarts = self.starts().last().map_or(0, |(_, restarts)| *restarts);
        self.show(InstanceState::Crashed { exit_code: Some(code) }, restarts);
    }

    pub(super) fn starts(&self) -> Vec<(Instant, u32)> {
        self.starts.lock().unwrap().clone()
    }
}

pub(super) struct Rig {
    _tmp: tempfile::TempDir,
    pub(super) state: Arc<StateDir>,
    pub(super) supervisor: Arc<Scripted>,
    pub(super) events: mpsc::UnboundedReceiver<ResidentEvent>,
    pub(super) listing: watch::Sender<Listing>,
    pub(super) shared: Arc<Shared>,
}

impl Rig {
    pub(super) fn dir(&self) -> InstanceDir {
        self.state.create_instance("a").unwrap()
    }

    /// Returns the log since it was last asked for.
    pub(super) fn said(&mut self) -> String {
        let mut text = String::new();
        while let Ok(event) = self.events.try_recv() {
            if let ResidentEvent::Happened(entry) = event {
                text.push_str(&entry.text);
                text.push('\n');
            }
        }
        text
    }

    /// Starts another keeper of the same instance, as after a `kill -9`.
    pub(super) fn again(&mut self, instance: &Instance) {
        let (listing, listings) = watch::channel(listing(instance, &self.supervisor));
        tokio::spawn(keep(Arc::clone(&self.shared), listings));
        self.listing = listing;
    }
}

fn listing(instance: &Instance, supervisor: &Arc<Scripted>) -> Listing {
    Listing {
        instance: Arc::new(instance.clone()),
        supervisor: Arc::<Scripted>::clone(supervisor),
        needed: Arc::default(),
        place: 0,
        listed: true,
    }
}

pub(in crate::resident) fn instance(restart: RestartPolicy) -> Instance {
    Instance {
        id: "a".into(),
        tags: Vec::new(),
        autostart: true,
        needs: Vec::new(),
        plane: Plane::Unmanaged {
            plane: "none",
            reason: String::new(),
        },
        ready: Ready::default(),
        healthy: None,
        stop: Vec::new(),
        restart,
        before_start: None,
        on_event: Vec::new(),
        notify: Vec::new(),
        hosted: None,
        game: None,
        ports: Vec::new(),
        players: None,
        broadcast: None,
        warn: None,
        schedules: Vec::new(),
        channels: Channels::default(),
    }
}

pub(super) fn rig(instance: &Instance, state: InstanceState) -> Rig {
    let tmp = tempfile::tempdir().unwrap();
    let state_dir = Arc::new(StateDir::create(&tmp.path().join("s")).unwrap());
    state_dir.create_instance("a").unwrap();
    let (sender, events) = mpsc::unbounded_channel();
    let shared = Arc::new(Shared {
        changes: Arc::new(Changes::of(&state_dir)),
        state: Arc::clone(&state_dir),
        events: sender,
        launches: Semaphore::new(1),
        hooks: HookRoom::new(1),
        clock: Clock::new(),
        unsettled: 1.into(),
    });
    let supervisor = Arc::new(Scripted {
        observation: watch::Sender::new(Observation::Known(Box::new(Facts::bare(InstanceState::Stopped, None)))),
        starts: Mutex::default(),
        crashes: Mutex::default(),
        health: Mutex::default(),
        pause: Mutex::default(),
        stops: Mutex::default(),
    });
    supervisor.show(state, 0);
    let mut rig = Rig {
        _tmp: tmp,
        state: state_dir,
        listing: watch::Sender::new(listing(instance, &supervisor)),
        supervisor,
        events,
        shared,
    };
    rig.again(instance);
    rig
}

/// Lets everything happen that is due by then.
pub(super) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

pub(super) const MOMENT: Duration = Duration::from_millis(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);
