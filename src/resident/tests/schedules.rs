//! Schedules on a clock that the test sets, with what they do only counted.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use crate::event::{ResidentEvent, ScheduleOutcome, Verb, VerbEvent, VerbResult};
use crate::failure::Failure;
use crate::instancecmd::CourtesyAsk;
use crate::inventory::{Calendar, ClockZone, Deed, Inventory, RestartPolicy, Schedule};
use crate::resident::scheduled::DeedCarrier;
use crate::resident::scheduler::Scheduler;
use crate::resident::tests::rig;
use crate::resident::wall_clock::WallClock;
use crate::store::{StateDir, schedule};
use crate::supervisor::{InstanceState, VerbRequest};

/// 2026-12-01, 04:59 UTC.
const BEFORE_FIVE: i64 = 1_796_101_140;
const FIVE: i64 = BEFORE_FIVE + 60;
const DAY: i64 = 24 * 60 * 60;

/// A clock that goes with the paused one of tokio, and can be set.
#[derive(Clone)]
struct SetClock(Arc<Hands>);

struct Hands {
    begun: Instant,
    shown: AtomicI64,
    was_set: Notify,
    looks: AtomicI64,
}

impl SetClock {
    fn at(shown: i64) -> Self {
        Self(Arc::new(Hands {
            begun: Instant::now(),
            shown: AtomicI64::new(shown),
            was_set: Notify::new(),
            looks: AtomicI64::new(0),
        }))
    }

    fn move_by(&self, seconds: i64) {
        self.0.shown.fetch_add(seconds, Ordering::Relaxed);
        self.0.was_set.notify_waiters();
    }
}

impl WallClock for SetClock {
    fn now(&self) -> i64 {
        self.0.shown.load(Ordering::Relaxed) + i64::try_from(self.0.begun.elapsed().as_secs()).unwrap()
    }

    async fn until(&self, at: i64) {
        self.0.looks.fetch_add(1, Ordering::Relaxed);
        let set = self.0.was_set.notified();
        let left = u64::try_from(at - self.now()).unwrap_or(0);
        tokio::select! {
            () = set => {}
            () = tokio::time::sleep(Duration::from_secs(left)) => {}
        }
    }
}

/// Counts what it is asked for; it waits for the gate, if there is one.
#[derive(Default)]
struct Counter {
    verbs: Mutex<Vec<(String, Verb)>>,
    lines: Mutex<Vec<String>>,
    gate: Option<Arc<Notify>>,
}

#[async_trait::async_trait]
impl DeedCarrier for Counter {
    async fn verb(
        &self,
        id: &str,
        _by: &str,
        request: &VerbRequest,
        _ask: &CourtesyAsk,
        _events: mpsc::UnboundedSender<VerbEvent>,
        _ending: watch::Receiver<bool>,
    ) -> Result<VerbResult, Failure> {
        self.verbs.lock().unwrap().push((id.to_owned(), request.verb));
        if let Some(gate) = &self.gate {
            gate.notified().await;
        }
        Ok(VerbResult {
            changed: true,
            state: Some(InstanceState::Running),
            error: None,
            ..VerbResult::failed(id, Failure::failed(""))
        })
    }

    async fn send(&self, _id: &str, line: &str, _limit: Duration) -> Result<Option<String>, Failure> {
        self.lines.lock().unwrap().push(line.to_owned());
        Ok(None)
    }
}

struct World {
    _tmp: tempfile::TempDir,
    state: Arc<StateDir>,
    carrier: Arc<Counter>,
    clock: SetClock,
    events: mpsc::UnboundedReceiver<ResidentEvent>,
    sender: mpsc::UnboundedSender<ResidentEvent>,
}

impl World {
    fn new(gate: Option<Arc<Notify>>) -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let (sender, events) = mpsc::unbounded_channel();
        Self {
            state: Arc::new(StateDir::create(&tmp.path().join("state")).unwrap()),
            _tmp: tmp,
            carrier: Arc::new(Counter {
                gate,
                ..Counter::default()
            }),
            clock: SetClock::at(BEFORE_FIVE),
            events,
            sender,
        }
    }

    fn begin(&self, inventory: &Inventory) -> Scheduler {
        let (state, carrier) = (Arc::clone(&self.state), Arc::clone(&self.carrier));
        Scheduler::begin(inventory, state, carrier, self.clock.clone(), self.sender.clone())
    }

    /// Waits until this has been told, and returns what was told until then.
    async fn told(&mut self, wanted: ScheduleOutcome) -> Vec<ScheduleOutcome> {
        let mut told = Vec::new();
        while told.last() != Some(&wanted) {
            let ResidentEvent::Happened(entry) = self.events.recv().await.unwrap() else {
                continue;
            };
            told.extend(entry.schedule.map(|news| news.outcome));
        }
        told
    }

    fn told_since(&mut self) -> usize {
        let mut count = 0;
        while let Ok(event) = self.events.try_recv() {
            count += usize::from(matches!(event, ResidentEvent::Happened(_)));
        }
        count
    }

    fn done(&self) -> usize {
        self.carrier.verbs.lock().unwrap().len()
    }
}

fn of(cron: &str, deed: Deed, grace: u64) -> Schedule {
    Schedule {
        calendar: Calendar::new(cron, ClockZone::named("UTC").unwrap()).unwrap(),
        deed,
        warn: None,
        when_empty: None,
        jitter: Duration::ZERO,
        grace: Duration::from_secs(grace),
    }
}

fn inventory(schedules: &[Schedule]) -> Inventory {
    let mut instance = rig::instance(RestartPolicy::default());
    instance.schedules = schedules.iter().cloned().map(Arc::new).collect();
    Inventory {
        instances: vec![Arc::new(instance)],
        ..Inventory::default()
    }
}

fn daily() -> Inventory {
    inventory(&[of("0 5 * * *", Deed::Restart, 60)])
}

async fn pass(seconds: i64) {
    tokio::time::sleep(Duration::from_secs(seconds.unsigned_abs())).await;
}

#[tokio::test(start_paused = true)]
async fn each_time_comes_once_with_no_wake_up_in_between() {
    let mut world = World::new(None);
    let _scheduler = world.begin(&daily());
    let told = world.told(ScheduleOutcome::Done).await;
    assert_eq!(told, [ScheduleOutcome::Fired, ScheduleOutcome::Done]);
    assert_eq!(world.clock.now(), FIVE);
    let looks = world.clock.0.looks.load(Ordering::Relaxed);
    pass(DAY - 10).await;
    let looked = world.clock.0.looks.load(Ordering::Relaxed) - looks;
    assert!(looked <= 2, "{looked} wake-ups in a day");
    assert_eq!(world.done(), 1);
    world.told(ScheduleOutcome::Done).await;
    assert_eq!((world.done(), world.clock.now()), (2, FIVE + DAY));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_killed_at_any_second_fires_at_most_once() {
    for killed_after in [0, 30, 59, 60, 61, 90] {
        let world = World::new(None);
        let first = world.begin(&daily());
        pass(killed_after).await;
        drop(first);
        let second = world.begin(&daily());
        pass(120 - killed_after).await;
        assert_eq!(world.done(), 1, "killed after {killed_after} s");
        drop(second);
        let _third = world.begin(&daily());
        pass(300).await;
        assert_eq!(world.done(), 1, "killed after {killed_after} s, and again");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_when_it_was_killed_is_told_and_not_done_again() {
    let mut world = World::new(Some(Arc::default()));
    let first = world.begin(&daily());
    world.told(ScheduleOutcome::Fired).await;
    pass(1).await;
    assert_eq!((world.done(), first.under_way()), (1, 1));
    drop(first);
    let _second = world.begin(&daily());
    assert_eq!(world.told(ScheduleOutcome::Failed).await, [ScheduleOutcome::Failed]);
    pass(300).await;
    assert_eq!((world.done(), world.told_since()), (1, 0));
    let folder = world.state.instance("a").unwrap().unwrap();
    assert!(schedule::read(&folder).unwrap().unwrap().under_way.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_repeats_nothing_and_loses_nothing() {
    let mut world = World::new(None);
    let _scheduler = world.begin(&daily());
    // Forwards, behind the time: it comes at once.
    pass(1).await;
    world.clock.move_by(80);
    world.told(ScheduleOutcome::Done).await;
    assert_eq!(world.done(), 1);
    // Back before the time: it does not come again.
    world.clock.move_by(-3600);
    pass(2 * 3600).await;
    assert_eq!((world.done(), world.told_since()), (1, 0));
    // Over the next one by more than the grace, as after a sleep.
    world.clock.move_by(DAY);
    assert_eq!(world.told(ScheduleOutcome::Missed).await, [ScheduleOutcome::Missed]);
    // A clock that was years ahead is no reason to wait for years.
    world.clock.move_by(400 * DAY);
    world.told(ScheduleOutcome::Missed).await;
    world.clock.move_by(-400 * DAY);
    let before = world.done();
    world.told(ScheduleOutcome::Done).await;
    assert_eq!(world.done(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn a_firing_that_is_to_be_skipped_is_and_the_next_one_is_not() {
    let mut world = World::new(None);
    let scheduled = daily();
    let _scheduler = world.begin(&scheduled);
    pass(1).await;
    let folder = world.state.create_instance("a").unwrap();
    let key = scheduled.instances[0].schedules[0].key();
    schedule::skip(&folder, &key, FIVE, BEFORE_FIVE).unwrap();
    assert_eq!(world.told(ScheduleOutcome::Skipped).await, [ScheduleOutcome::Skipped]);
    assert_eq!((world.done(), world.clock.now()), (0, FIVE));
    world.told(ScheduleOutcome::Done).await;
    assert_eq!((world.done(), world.clock.now()), (1, FIVE + DAY));
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_its_interval_is_not_begun_twice() {
    let gate = Arc::new(Notify::new());
    let mut world = World::new(Some(Arc::clone(&gate)));
    let scheduler = world.begin(&inventory(&[of("*/5 * * * *", Deed::Restart, 60)]));
    world.told(ScheduleOutcome::Fired).await;
    assert_eq!(world.told(ScheduleOutcome::Skipped).await, [ScheduleOutcome::Skipped]);
    assert_eq!((world.done(), scheduler.under_way()), (1, 1));
    gate.notify_one();
    world.told(ScheduleOutcome::Done).await;
    // Once it is to end, nothing begins any more.
    scheduler.end();
    scheduler.all_over().await;
    pass(900).await;
    assert_eq!(world.done(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_inventory_that_is_read_again_fires_nothing_twice_and_loses_nothing() {
    let mut world = World::new(None);
    let scheduler = world.begin(&daily());
    world.told(ScheduleOutcome::Done).await;
    // The same times with another setting, and a new schedule, whose time was before.
    let restart = of("0 5 * * *", Deed::Restart, 3600);
    let say = of("2 5 * * *", Deed::Send("hello".to_owned()), 3600);
    let old = of("59 4 * * *", Deed::Stop, 3600);
    scheduler.change(&inventory(&[restart.clone(), say, old]));
    pass(30).await;
    assert_eq!((world.done(), world.told_since()), (1, 0));
    world.told(ScheduleOutcome::Done).await;
    assert_eq!(*world.carrier.lines.lock().unwrap(), ["hello"]);
    // What is left out does not come, and counts from now when it comes back.
    scheduler.change(&inventory(&[]));
    pass(DAY).await;
    assert_eq!(world.done(), 1);
    scheduler.change(&inventory(&[restart]));
    pass(60).await;
    assert_eq!(world.done(), 1);
    pass(DAY).await;
    assert_eq!(world.done(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_instances_with_a_schedule_each_are_one_timer() {
    let mut world = World::new(None);
    let mut many = daily();
    let one = many.instances.remove(0);
    many.instances = (0..1000)
        .map(|n| {
            let mut instance = crate::inventory::Instance::clone(&one);
            instance.id = format!("game-{n}");
            Arc::make_mut(&mut instance.schedules[0]).jitter = Duration::from_secs(600);
            Arc::new(instance)
        })
        .collect();
    let _scheduler = world.begin(&many);
    pass(59).await;
    assert!(world.clock.0.looks.load(Ordering::Relaxed) <= 2);
    pass(660).await;
    assert_eq!(world.done(), 1000);
    let mut ids: Vec<String> = world
        .carrier
        .verbs
        .lock()
        .unwrap()
        .iter()
        .map(|(id, _)| id.clone())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1000);
    assert_eq!(world.told_since(), 2000);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_put_on_record_is_not_done() {
    let mut world = World::new(None);
    let _scheduler = world.begin(&daily());
    pass(1).await;
    // Something else has the name of the folder.
    let folder = world.state.path().join("instances/a");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    assert_eq!(world.told(ScheduleOutcome::Failed).await, [ScheduleOutcome::Failed]);
    pass(300).await;
    assert_eq!((world.done(), world.told_since()), (0, 0));
}
