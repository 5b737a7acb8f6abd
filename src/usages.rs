//! Measuring what running instances use, now and then, for whoever is told of it elsewhere.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinSet, spawn_blocking, yield_now};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::event::ResidentEvent;
use crate::supervisor::{InstanceState, Supervisor};
use crate::sys::process_table::ProcessTable;

/// The time until the first measurement: what the beginning starts is there by then.
const FIRST: Duration = Duration::from_secs(10);

/// The interval between two measurements. A thousand instances take a tenth of a second.
const EVERY: Duration = Duration::from_secs(60);

/// The time that an instance may take to be measured.
const WITHIN: Duration = Duration::from_secs(5);

/// The age up to which a reading of all processes is shared.
const FRESH: Duration = Duration::from_millis(300);

/// Measures for as long as it is held.
#[derive(Debug)]
pub struct UsageReadings {
    _task: JoinSet<()>,
}

impl UsageReadings {
    /// Sends what each of these uses while it runs, and that it is not known any more.
    pub fn of<'a>(
        supervisors: impl Iterator<Item = &'a Arc<dyn Supervisor>>,
        told: &UnboundedSender<ResidentEvent>,
    ) -> Self {
        let measured: Vec<_> = supervisors.filter(|one| one.usage().is_some()).cloned().collect();
        let mut task = JoinSet::new();
        if !measured.is_empty() {
            task.spawn(measure(measured, told.clone()));
        }
        Self { _task: task }
    }
}

async fn measure(supervisors: Vec<Arc<dyn Supervisor>>, told: UnboundedSender<ResidentEvent>) {
    let mut ticks = interval_at(Instant::now() + FIRST, EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = vec![None; supervisors.len()];
    loop {
        ticks.tick().await;
        let mut read: Option<Instant> = None;
        for (supervisor, last) in supervisors.iter().zip(&mut last) {
            let meter = supervisor
                .usage()
                .filter(|_| supervisor.state() == InstanceState::Running);
            let usage = match meter {
                Some(meter) => {
                    if read.is_none_or(|at| at.elapsed() >= FRESH) {
                        // Nothing that is supervised waits while all processes are read.
                        let _ = spawn_blocking(ProcessTable::recent).await;
                        read = Some(Instant::now());
                    }
                    timeout(WITHIN, meter.usage(WITHIN)).await.ok().flatten()
                }
                None => None,
            };
            if usage != *last {
                *last = usage;
                let id = supervisor.instance_id().to_owned();
                if told.send(ResidentEvent::Usage(id, usage)).is_err() {
                    return;
                }
            }
            yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::{mpsc, watch};

    use super::*;
    use crate::supervisor::{Observation, Outcome, StartOptions, StopOptions, Usage, UsageMeter};

    /// Uses as much memory as it is told to; does not answer where that is `None`.
    struct ScriptedMeter {
        state: watch::Receiver<InstanceState>,
        memory: Mutex<Option<u64>>,
    }

    #[async_trait::async_trait]
    impl UsageMeter for ScriptedMeter {
        async fn usage(&self, _limit: Duration) -> Option<Usage> {
            let memory_bytes = *self.memory.lock().unwrap();
            if memory_bytes.is_none() {
                std::future::pending::<()>().await;
            }
            Some(Usage {
                memory_bytes,
                ..Usage::default()
            })
        }
    }

    #[async_trait::async_trait]
    impl Supervisor for ScriptedMeter {
        fn instance_id(&self) -> &str {
            "a"
        }
        fn state(&self) -> InstanceState {
            self.state.borrow().clone()
        }
        fn watch_state(&self) -> watch::Receiver<InstanceState> {
            self.state.clone()
        }
        async fn uptime_seconds(&self) -> u64 {
            0
        }
        fn plane(&self) -> &'static str {
            "process"
        }
        async fn look(&self) -> Observation {
            unreachable!("measuring looks at nothing")
        }
        async fn start_with(self: Arc<Self>, _options: StartOptions) -> anyhow::Result<Outcome> {
            unreachable!("measuring starts nothing")
        }
        async fn stop_with(self: Arc<Self>, _options: StopOptions) -> anyhow::Result<Outcome> {
            unreachable!("measuring stops nothing")
        }
        fn usage(&self) -> Option<&dyn UsageMeter> {
            Some(self)
        }
    }

    fn uses(memory: Option<u64>) -> Option<ResidentEvent> {
        let usage = memory.map(|memory| Usage {
            memory_bytes: Some(memory),
            ..Usage::default()
        });
        Some(ResidentEvent::Usage("a".into(), usage))
    }

    #[tokio::test(start_paused = true)]
    async fn who_runs_is_measured_now_and_then_and_what_is_not_known_is_none() {
        let (shows, state) = watch::channel(InstanceState::Running);
        let memory = Mutex::new(Some(7));
        let game = Arc::new(ScriptedMeter { state, memory });
        let set = |memory| *game.memory.lock().unwrap() = memory;
        let (told, mut heard) = mpsc::unbounded_channel();
        let supervisor: Arc<dyn Supervisor> = game.clone();
        let begun = Instant::now();
        let _readings = UsageReadings::of([&supervisor].into_iter(), &told);
        assert_eq!(heard.recv().await, uses(Some(7)));
        assert_eq!(begun.elapsed().as_secs(), FIRST.as_secs());
        tokio::time::sleep(EVERY * 2).await;
        assert!(heard.is_empty(), "what is the same is no news");
        set(Some(8));
        assert_eq!(heard.recv().await, uses(Some(8)));
        set(None);
        assert_eq!(heard.recv().await, uses(None), "it does not answer");
        set(Some(9));
        assert_eq!(heard.recv().await, uses(Some(9)));
        shows.send_replace(InstanceState::Stopped);
        assert_eq!(heard.recv().await, uses(None), "it does not run");
    }
}
