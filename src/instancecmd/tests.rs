//! A verb over many instances, whose supervisors are scripted, under a clock that
//! stands still.

mod courtesy;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{mpsc, watch};

use super::*;
use crate::event::{Verb, VerbEvent, Want};
use crate::store::{InstanceDir, intent, lock};
use crate::supervisor::{Facts, InstanceState, Observation, Outcome, StartOptions, StopOptions};
use std::time::Duration;
use tokio::time::Instant;

/// The number of instances at work, and its maximum.
#[derive(Default)]
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// Takes its time to start or stop, and fails where it is told to.
struct Slow {
    id: String,
    fails: bool,
    /// The time that a work takes.
    takes: Duration,
    state: watch::Sender<InstanceState>,
    crowd: Arc<Crowd>,
    /// For each work: true if the lock was held, and the intent.
    seen: Mutex<Vec<(bool, Option<Want>)>>,
    dir: InstanceDir,
}

impl Slow {
    async fn work(&self, after: InstanceState) -> anyhow::Result<Outcome> {
        let now = self.crowd.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.crowd.most.fetch_max(now, Ordering::SeqCst);
        let is_held = lock::try_verb(&self.dir, "look").unwrap().is_err();
        let want = intent::read(&self.dir).unwrap().map(|wish| wish.want);
        self.seen.lock().unwrap().push((is_held, want));
        tokio::time::sleep(self.takes).await;
        self.crowd.now.fetch_sub(1, Ordering::SeqCst);
        if self.fails {
            return Err(Failure::failed("it would not").into());
        }
        let before = self.state.send_replace(after.clone());
        Ok(Outcome {
            changed: before != after,
            state: after,
            ended_by: None,
            note: None,
        })
    }
}

#[async_trait::async_trait]
impl Supervisor for Slow {
    fn instance_id(&self) -> &str {
        &self.id
    }

    fn state(&self) -> InstanceState {
        self.state.borrow().clone()
    }

    fn watch_state(&self) -> watch::Receiver<InstanceState> {
        self.state.subscribe()
    }

    async fn uptime_seconds(&self) -> u64 {
        0
    }

    fn plane(&self) -> &'static str {
        "process"
    }

    async fn look(&self) -> Observation {
        Facts::bare(self.state(), None).into()
    }

    async fn start_with(self: Arc<Self>, _options: StartOptions) -> anyhow::Result<Outcome> {
        self.work(InstanceState::Running).await
    }

    async fn stop_with(self: Arc<Self>, _options: StopOptions) -> anyhow::Result<Outcome> {
        self.work(InstanceState::Stopped).await
    }
}

#[tokio::test(start_paused = true)]
async fn many_at_once_but_not_all_and_each_for_itself() {
    const MANY: usize = 150;
    let tmp = tempfile::tempdir().unwrap();
    let state = Arc::new(StateDir::create(&tmp.path().join("s")).unwrap());
    let crowd = Arc::new(Crowd::default());
    let slow = |number: usize| {
        let id = format!("game-{number}");
        Arc::new(Slow {
            dir: state.create_instance(&id).unwrap(),
            id,
            fails: number % 10 == 7,
            takes: Duration::from_secs(1),
            state: watch::channel(InstanceState::Stopped).0,
            crowd: Arc::clone(&crowd),
            seen: Mutex::default(),
        })
    };
    let games: Vec<Arc<Slow>> = (0..MANY).map(slow).collect();
    let targets: Vec<Arc<dyn Supervisor>> = games
        .iter()
        .map(|game| Arc::clone(game) as Arc<dyn Supervisor>)
        .collect();
    let over = Dispatch {
        targets,
        ..Dispatch::default()
    };
    for (verb, want) in [(Verb::Start, Want::Running), (Verb::Stop, Want::Stopped)] {
        let (events, mut heard) = mpsc::unbounded_channel();
        let begun = Instant::now();
        let results = dispatch(&VerbRequest::new(verb), &over, &state, events).await;
        // In as many waves as it takes, and no more.
        assert_eq!(begun.elapsed().as_secs(), MANY.div_ceil(AT_ONCE) as u64);
        assert_eq!(crowd.most.load(Ordering::SeqCst), AT_ONCE);
        // One that fails takes nobody along, and the order is that of the targets.
        for (game, result) in games.iter().zip(&results) {
            assert_eq!(game.id, result.id);
            assert_eq!(result.error.is_some(), game.fails, "{result:?}");
            assert_eq!(result.changed, !game.fails, "{result:?}");
            let seen = std::mem::take(&mut *game.seen.lock().unwrap());
            assert_eq!(seen, [(true, Some(want))], "{}", game.id);
            assert!(lock::try_verb(&game.dir, "look").unwrap().is_ok(), "it is free again");
        }
        // Each says when it begins and when it is done; then there is no more.
        let mut told = vec![(0, 0); MANY];
        while let Some(event) = heard.recv().await {
            let number = |id: &str| -> usize { id["game-".len()..].parse().unwrap() };
            match event {
                VerbEvent::Began { id } => told[number(&id)].0 += 1,
                VerbEvent::Done(result) => told[number(&result.id)].1 += 1,
                _ => {}
            }
        }
        assert!(told.iter().all(|counts| *counts == (1, 1)), "{told:?}");
    }
}

/// A launch keeps its limit itself; a moment later it knows why it is over.
#[tokio::test(start_paused = true)]
async fn the_reason_of_a_launch_that_fails_as_its_time_is_over() {
    let tmp = tempfile::tempdir().unwrap();
    let state = Arc::new(StateDir::create(&tmp.path().join("s")).unwrap());
    let told = async |verb, fails, takes, limit| {
        let id = "a".to_owned();
        let game = Arc::new(Slow {
            dir: state.create_instance(&id).unwrap(),
            id,
            fails,
            takes,
            state: watch::channel(InstanceState::Stopped).0,
            crowd: Arc::default(),
            seen: Mutex::default(),
        });
        let request = VerbRequest {
            timeout: Some(limit),
            ..VerbRequest::new(verb)
        };
        let (events, _heard) = mpsc::unbounded_channel();
        let begun = Instant::now();
        let over = Dispatch {
            targets: vec![game],
            ..Dispatch::default()
        };
        let results = dispatch(&request, &over, &state, events).await;
        let error = results[0].error.as_ref().map(|error| error.message.clone());
        (error.unwrap_or_default(), begun.elapsed())
    };
    let (second, moment) = (Duration::from_secs(1), Duration::from_millis(1));
    let late = second + moment;
    assert_eq!(
        told(Verb::Start, true, late, second).await,
        ("it would not".to_owned(), late)
    );
    assert_eq!(told(Verb::Start, false, late, second).await, (String::new(), late));
    // The stop is over in time, and the launch is not.
    assert_eq!(
        told(Verb::Restart, false, late, second * 2).await,
        (String::new(), late * 2)
    );
    // What never answers has an end, and so has a stop that goes on.
    let never = second * 3600;
    let start = told(Verb::Start, true, never, second).await;
    assert_eq!(start, ("not ready after 1s".to_owned(), second * 3));
    let stop = told(Verb::Stop, true, never, second).await;
    assert_eq!(stop, ("not stopped after 1s".to_owned(), second));
}

/// A web server that needs an application, which needs a database, and one for itself.
struct Stack {
    _tmp: tempfile::TempDir,
    state: Arc<StateDir>,
    games: Vec<Arc<Slow>>,
    over: Dispatch,
}

impl Stack {
    fn new(fails: &str) -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let state = Arc::new(StateDir::create(&tmp.path().join("s")).unwrap());
        let game = |id: &str| {
            Arc::new(Slow {
                dir: state.create_instance(id).unwrap(),
                id: id.to_owned(),
                fails: id == fails,
                takes: Duration::from_secs(1),
                state: watch::channel(InstanceState::Stopped).0,
                crowd: Arc::default(),
                seen: Mutex::default(),
            })
        };
        let games: Vec<_> = ["web", "app", "db", "other"].map(game).into();
        let targets = games.iter().map(|game| Arc::clone(game) as Arc<dyn Supervisor>);
        let needs = [("web", "app"), ("app", "db"), ("other", "elsewhere")];
        let needs = needs.map(|(id, need)| (id.to_owned(), vec![need.to_owned()]));
        let over = Dispatch {
            targets: targets.collect(),
            needs: needs.into(),
            ..Dispatch::default()
        };
        Self {
            _tmp: tmp,
            state,
            games,
            over,
        }
    }

    /// Carries a verb out. Returns for each instance when it was done, in seconds, or the
    /// message of its failure.
    async fn carry_out(&self, verb: Verb) -> Vec<Result<u64, String>> {
        let (events, mut heard) = mpsc::unbounded_channel();
        let begun = Instant::now();
        let request = VerbRequest::new(verb);
        let work = dispatch(&request, &self.over, &self.state, events);
        let times = async {
            let mut times = HashMap::new();
            while let Some(event) = heard.recv().await {
                if let VerbEvent::Done(result) = event {
                    times.insert(result.id, begun.elapsed().as_secs());
                }
            }
            times
        };
        let (results, times) = tokio::join!(work, times);
        let told = |result: VerbResult| match result.error {
            Some(failure) => Err(failure.message),
            None => Ok(times[&result.id]),
        };
        results.into_iter().map(told).collect()
    }

    fn set(&self, state: &InstanceState) {
        for game in &self.games {
            game.state.send_replace(state.clone());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_needed_starts_first_and_ends_last() {
    let stack = Stack::new("");
    let [one, two, three] = [1, 2, 3].map(Ok::<u64, String>);
    let start = stack.carry_out(Verb::Start).await;
    assert_eq!(start, [three.clone(), two.clone(), one.clone(), one.clone()]);
    // Down in three seconds, and up in three: each ends before what it needs does.
    let restart = stack.carry_out(Verb::Restart).await;
    assert_eq!(restart, [6, 5, 4, 2].map(Ok));
    let stop = stack.carry_out(Verb::Stop).await;
    assert_eq!(stop, [one.clone(), two, three, one]);
}

#[tokio::test(start_paused = true)]
async fn what_needs_something_that_fails_is_left_as_it_is() {
    let stack = Stack::new("app");
    let start = stack.carry_out(Verb::Start).await;
    let refused = Err("it was not started: it needs app, which does not run".to_owned());
    assert_eq!(start, [refused, Err("it would not".to_owned()), Ok(1), Ok(1)]);
    assert!(stack.games[0].seen.lock().unwrap().is_empty());
    stack.set(&InstanceState::Running);
    let stop = stack.carry_out(Verb::Stop).await;
    let refused = Err("it was left as it is: app needs it, and did not end".to_owned());
    assert_eq!(stop, [Ok(1), Err("it would not".to_owned()), refused, Ok(1)]);
}

#[tokio::test(start_paused = true)]
async fn refused_or_only_started() {
    let mut stack = Stack::new("");
    stack.set(&InstanceState::Running);
    let refusal = Failure::failed("others need it");
    stack.over.refused.insert("db".to_owned(), refusal);
    stack.over.only_started.insert("other".to_owned());
    let stop = stack.carry_out(Verb::Stop).await;
    assert_eq!(stop[2], Err("others need it".to_owned()));
    assert_eq!(*stack.games[3].state.borrow(), InstanceState::Running);
}
