//! Measuring what instances use, again and again, while somebody is shown it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::Instant;

use crate::event::ResidentEvent;
use crate::supervisor::{Supervisor, Usage, cpu_percent};
use crate::sys::process_table::ProcessTable;

/// The interval between two readings for a screen, and for metrics.
pub const EVERY: Duration = Duration::from_secs(5);

/// The shortest interval: an engine of containers takes as long for an answer.
const LEAST: Duration = Duration::from_secs(1);

/// The time after the first reading in which a second one follows: the share of a
/// processor is known once there are two.
const SECOND: Duration = Duration::from_secs(1);

/// The time that one instance may take: an engine of containers looks twice, with a second
/// between.
const WITHIN: Duration = Duration::from_secs(4);

/// The number of instances that are measured at a time: each may take a process.
const AT_ONCE: usize = 32;

/// Whoever may want to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UsageReader {
    Screen,
    Link,
    Metrics,
}

/// The demand for readings: nothing is read while there is none. Clones are the same one.
#[derive(Debug, Clone)]
pub struct UsageDemand(Arc<Intervals>);

#[derive(Debug)]
struct Intervals {
    of: Mutex<HashMap<UsageReader, Duration>>,
    shortest: watch::Sender<Option<Duration>>,
}

impl Default for UsageDemand {
    fn default() -> Self {
        Self(Arc::new(Intervals {
            of: Mutex::default(),
            shortest: watch::channel(None).0,
        }))
    }
}

impl UsageDemand {
    /// Takes in how often a reader wants to know; `None` if it does not.
    pub fn set(&self, reader: UsageReader, every: Option<Duration>) {
        let mut of = self.0.of.lock().unwrap_or_else(PoisonError::into_inner);
        match every {
            Some(every) => of.insert(reader, every),
            None => of.remove(&reader),
        };
        let shortest = of.values().min().map(|every| (*every).max(LEAST));
        self.0.shortest.send_if_modified(|known| {
            let is_new = *known != shortest;
            *known = shortest;
            is_new
        });
    }
}

/// Measures for as long as it is held.
#[derive(Debug)]
pub struct UsageReadings {
    _tasks: JoinSet<()>,
}

impl UsageReadings {
    /// Sends what each of these uses while it is alive, as often as is wanted.
    pub fn of<'a>(
        supervisors: impl Iterator<Item = &'a Arc<dyn Supervisor>>,
        demand: &UsageDemand,
        told: &mpsc::UnboundedSender<ResidentEvent>,
    ) -> Self {
        let meters = supervisors.map(|supervisor| Meter {
            supervisor: Arc::clone(supervisor),
            before: None,
            told: None,
        });
        let rounds = Rounds {
            meters: meters.collect(),
            demand: demand.0.shortest.subscribe(),
            told: told.clone(),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(rounds.run());
        Self { _tasks: tasks }
    }
}

/// One instance, with its reading before.
struct Meter {
    supervisor: Arc<dyn Supervisor>,
    /// The time that it had had on processors, and when.
    before: Option<(u64, Instant)>,
    told: Option<Usage>,
}

struct Rounds {
    meters: Vec<Meter>,
    demand: watch::Receiver<Option<Duration>>,
    told: mpsc::UnboundedSender<ResidentEvent>,
}

impl Rounds {
    async fn run(mut self) {
        let mut is_first = true;
        loop {
            let Some(every) = *self.demand.borrow_and_update() else {
                if self.demand.changed().await.is_err() {
                    return;
                }
                // What was read long ago says nothing of now.
                self.meters.iter_mut().for_each(|meter| meter.before = None);
                is_first = true;
                continue;
            };
            let begun = Instant::now();
            if !self.measure().await {
                return;
            }
            let pause = if is_first { every.min(SECOND) } else { every };
            is_first = false;
            tokio::select! {
                () = tokio::time::sleep_until(begun + pause) => {}
                changed = self.demand.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Measures all that are alive, and tells what is new. Returns false when nobody listens
    /// any more.
    async fn measure(&mut self) -> bool {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut measured = JoinSet::new();
        if self.meters.iter().any(|meter| meter.supervisor.state().is_alive()) {
            // Nothing that is supervised waits while all processes are read.
            let _ = spawn_blocking(ProcessTable::recent).await;
        }
        for (at, meter) in self.meters.iter_mut().enumerate() {
            if meter.supervisor.state().is_alive() {
                let (supervisor, turns) = (Arc::clone(&meter.supervisor), Arc::clone(&turns));
                measured.spawn(async move {
                    let _turn = turns.acquire().await;
                    (at, reading(supervisor.as_ref()).await, Instant::now())
                });
            } else {
                meter.before = None;
                if !meter.tell(None, &self.told) {
                    return false;
                }
            }
        }
        while let Some(over) = measured.join_next().await {
            if let Ok((at, usage, now)) = over
                && let Some(meter) = self.meters.get_mut(at)
                && !meter.take(usage, now, &self.told)
            {
                return false;
            }
        }
        true
    }
}

impl Meter {
    /// Takes a reading in and tells it. Returns false when nobody listens any more.
    fn take(&mut self, usage: Option<Usage>, now: Instant, told: &mpsc::UnboundedSender<ResidentEvent>) -> bool {
        let Some(usage) = usage else {
            self.before = None;
            return self.tell(None, told);
        };
        let before = std::mem::replace(&mut self.before, usage.cpu_ms.map(|cpu_ms| (cpu_ms, now)));
        let cpu_percent = match usage.cpu_ms {
            Some(cpu_ms) => between(before, cpu_ms, now),
            // An engine tells what is used now.
            None => usage.cpu_percent,
        };
        self.tell(Some(Usage { cpu_percent, ..usage }), told)
    }

    fn tell(&mut self, usage: Option<Usage>, told: &mpsc::UnboundedSender<ResidentEvent>) -> bool {
        if self.told == usage {
            return !told.is_closed();
        }
        self.told = usage;
        let id = self.supervisor.instance_id().to_owned();
        told.send(ResidentEvent::Usage(id, usage)).is_ok()
    }
}

/// Returns the share of a processor between two readings; `None` where the first is missing,
/// or is of another launch.
fn between(before: Option<(u64, Instant)>, cpu_ms: u64, now: Instant) -> Option<f64> {
    let (used, at) = before?;
    let lasted = u64::try_from(now.saturating_duration_since(at).as_millis()).ok()?;
    cpu_percent(cpu_ms.checked_sub(used)?, lasted)
}

async fn reading(supervisor: &dyn Supervisor) -> Option<Usage> {
    let measured = supervisor.usage()?.usage(WITHIN);
    tokio::time::timeout(WITHIN, measured).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use super::*;
    use crate::supervisor::{InstanceState, Observation, Outcome, StartOptions, StopOptions, UsageMeter};

    /// Uses half a core, and counts how often it was measured.
    struct Scripted {
        state: watch::Receiver<InstanceState>,
        begun: Instant,
        counts_time: bool,
        measured: AtomicU64,
        hangs: AtomicBool,
    }

    fn scripted(counts_time: bool) -> (watch::Sender<InstanceState>, Arc<Scripted>) {
        let (shows, state) = watch::channel(InstanceState::Stopped);
        let game = Scripted {
            state,
            begun: Instant::now(),
            counts_time,
            measured: AtomicU64::new(0),
            hangs: AtomicBool::new(false),
        };
        (shows, Arc::new(game))
    }

    #[async_trait::async_trait]
    impl Supervisor for Scripted {
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

    #[async_trait::async_trait]
    impl UsageMeter for Scripted {
        async fn usage(&self, _limit: Duration) -> Option<Usage> {
            self.measured.fetch_add(1, Ordering::Relaxed);
            if self.hangs.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            let used = u64::try_from(self.begun.elapsed().as_millis()).unwrap() / 2;
            Some(Usage {
                // The mean since the start, which is not what is used now.
                cpu_percent: Some(7.0),
                cpu_ms: self.counts_time.then_some(1000 + used),
                ..Usage::default()
            })
        }
    }

    fn percent(event: Option<ResidentEvent>) -> Option<f64> {
        match event {
            Some(ResidentEvent::Usage(_, usage)) => usage.expect("it runs").cpu_percent,
            other => panic!("{other:?}"),
        }
    }

    /// A figure: where nobody is shown it, nothing is read, for a week.
    #[tokio::test(start_paused = true)]
    async fn nothing_is_read_while_nobody_wants_to_know() {
        let (shows, game) = scripted(true);
        let supervisor: Arc<dyn Supervisor> = game.clone();
        let (told, mut heard) = mpsc::unbounded_channel();
        let demand = UsageDemand::default();
        let _readings = UsageReadings::of([&supervisor].into_iter(), &demand, &told);
        shows.send_replace(InstanceState::Running);
        tokio::time::sleep(Duration::from_secs(7 * 86_400)).await;
        assert_eq!(game.measured.load(Ordering::Relaxed), 0);
        demand.set(UsageReader::Screen, Some(EVERY));
        assert_eq!(percent(heard.recv().await), None, "between two readings");
        let begun = Instant::now();
        assert_eq!(percent(heard.recv().await), Some(50.0));
        assert_eq!(begun.elapsed(), SECOND);
        assert_eq!(percent(heard.recv().await), Some(50.0));
        assert_eq!(begun.elapsed(), SECOND + EVERY);
        demand.set(UsageReader::Screen, None);
        tokio::time::sleep(EVERY * 100).await;
        assert_eq!(game.measured.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_shortest_interval_of_those_who_want_to_know_counts() {
        let (shows, game) = scripted(true);
        let supervisor: Arc<dyn Supervisor> = game.clone();
        let (told, _heard) = mpsc::unbounded_channel();
        let demand = UsageDemand::default();
        shows.send_replace(InstanceState::Running);
        let _readings = UsageReadings::of([&supervisor].into_iter(), &demand, &told);
        demand.set(UsageReader::Link, Some(Duration::from_secs(15)));
        tokio::time::sleep(Duration::from_millis(60_500)).await;
        // At once, a second later, and each 15 s from then on.
        assert_eq!(game.measured.load(Ordering::Relaxed), 5);
        demand.set(UsageReader::Metrics, Some(EVERY));
        tokio::time::sleep(Duration::from_millis(15_500)).await;
        assert_eq!(game.measured.load(Ordering::Relaxed), 9);
    }

    #[tokio::test(start_paused = true)]
    async fn what_an_engine_tells_is_told_as_it_is_and_what_ends_is_not_measured() {
        let (shows, game) = scripted(false);
        let supervisor: Arc<dyn Supervisor> = game.clone();
        let (told, mut heard) = mpsc::unbounded_channel();
        let demand = UsageDemand::default();
        shows.send_replace(InstanceState::Running);
        let _readings = UsageReadings::of([&supervisor].into_iter(), &demand, &told);
        demand.set(UsageReader::Screen, Some(EVERY));
        assert_eq!(percent(heard.recv().await), Some(7.0));
        shows.send_replace(InstanceState::Stopped);
        assert_eq!(heard.recv().await, Some(ResidentEvent::Usage("a".into(), None)));
        let measured = game.measured.load(Ordering::Relaxed);
        tokio::time::sleep(EVERY * 10).await;
        assert_eq!(game.measured.load(Ordering::Relaxed), measured);
        assert!(heard.is_empty(), "what is the same is no news");
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_that_hangs_leaves_it_unknown_until_it_answers() {
        let (shows, game) = scripted(false);
        let supervisor: Arc<dyn Supervisor> = game.clone();
        let (told, mut heard) = mpsc::unbounded_channel();
        let demand = UsageDemand::default();
        shows.send_replace(InstanceState::Running);
        let _readings = UsageReadings::of([&supervisor].into_iter(), &demand, &told);
        demand.set(UsageReader::Link, Some(EVERY));
        assert_eq!(percent(heard.recv().await), Some(7.0));
        let begun = Instant::now();
        game.hangs.store(true, Ordering::Relaxed);
        assert_eq!(heard.recv().await, Some(ResidentEvent::Usage("a".into(), None)));
        assert!(begun.elapsed() <= SECOND + WITHIN, "{:?}", begun.elapsed());
        game.hangs.store(false, Ordering::Relaxed);
        assert_eq!(percent(heard.recv().await), Some(7.0));
    }

    #[test]
    fn the_share_between_two_readings() {
        let now = Instant::now();
        let later = now + Duration::from_secs(2);
        for (before, used, wanted) in [
            (None, 9, None),
            (Some((100, now)), 1100, Some(50.0)),
            (Some((100, now)), 100, Some(0.0)),
            // A new launch has had less than the one before.
            (Some((100, now)), 99, None),
            (Some((100, later)), 200, None),
        ] {
            assert_eq!(between(before, used, later), wanted, "{before:?} {used}");
        }
    }
}
