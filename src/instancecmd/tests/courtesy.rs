//! Countdowns under a clock that stands still: who is told when, and what ends them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};

use super::super::*;
use crate::event::{Verb, VerbEvent};
use crate::inventory::{Broadcast, Warning, WhenEmpty};
use crate::store::changes::Changes;
use crate::store::{InstanceDir, countdown};
use crate::supervisor::{
    AdminChannel, Facts, InstanceState, Observation, Outcome, PlayerQuery, Players, StartOptions, StopOptions,
};

/// A game whose players come and go by a script, and hear what is said.
struct Played {
    id: String,
    begun: Instant,
    state: watch::Sender<InstanceState>,
    /// The players from each time on, in seconds; `None` does not answer.
    players: Vec<(u64, Option<u32>)>,
    /// The time that a line takes.
    takes: Duration,
    heard: Mutex<Vec<(u64, String)>>,
    verbs: Mutex<Vec<(u64, &'static str)>>,
    looks: AtomicUsize,
}

impl Played {
    fn now(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }

    fn act(&self, what: &'static str, after: InstanceState) -> Outcome {
        self.verbs.lock().unwrap().push((self.now(), what));
        let before = self.state.send_replace(after.clone());
        Outcome {
            changed: before != after,
            state: after,
            ended_by: None,
            note: None,
        }
    }
}

#[async_trait::async_trait]
impl Supervisor for Played {
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
        self.looks.fetch_add(1, Ordering::Relaxed);
        Facts::bare(self.state(), None).into()
    }

    async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
        let mut states = self.state.subscribe();
        while !seen.is_closed() {
            seen.send_replace(Some(Facts::bare(states.borrow_and_update().clone(), None).into()));
            let _ = states.changed().await;
        }
    }

    async fn start_with(self: Arc<Self>, _options: StartOptions) -> anyhow::Result<Outcome> {
        Ok(self.act("start", InstanceState::Running))
    }

    async fn stop_with(self: Arc<Self>, _options: StopOptions) -> anyhow::Result<Outcome> {
        Ok(self.act("stop", InstanceState::Stopped))
    }

    fn players(&self) -> Option<&dyn PlayerQuery> {
        (!self.players.is_empty()).then_some(self)
    }

    fn admin(&self) -> Option<&dyn AdminChannel> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl PlayerQuery for Played {
    async fn count(&self, _limit: Duration) -> Option<Players> {
        let now = self.now();
        let (_, online) = self.players.iter().rev().find(|(from, _)| *from <= now)?;
        match online {
            Some(online) => Some(Players {
                online: *online,
                max: Some(20),
            }),
            None => std::future::pending().await,
        }
    }
}

#[async_trait::async_trait]
impl AdminChannel for Played {
    async fn send(&self, line: &str, _limit: Duration) -> anyhow::Result<Option<String>> {
        let now = self.now();
        sleep(self.takes).await;
        self.heard.lock().unwrap().push((now, line.to_owned()));
        Ok(None)
    }
}

/// A state directory with one game.
struct World {
    _tmp: tempfile::TempDir,
    state: Arc<StateDir>,
    games: Vec<Arc<Played>>,
    over: Dispatch,
}

impl World {
    fn of(players: &[(u64, Option<u32>)]) -> Self {
        Self::of_many(1, players, Duration::ZERO)
    }

    fn of_many(count: usize, players: &[(u64, Option<u32>)], takes: Duration) -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let state = Arc::new(StateDir::create(&tmp.path().join("s")).unwrap());
        let game = |number: usize| {
            Arc::new(Played {
                id: format!("game-{number}"),
                begun: Instant::now(),
                state: watch::channel(InstanceState::Running).0,
                players: players.to_vec(),
                takes,
                heard: Mutex::default(),
                verbs: Mutex::default(),
                looks: AtomicUsize::new(0),
            })
        };
        let games: Vec<Arc<Played>> = (0..count).map(game).collect();
        let targets = games.iter().map(|game| Arc::clone(game) as Arc<dyn Supervisor>);
        let over = Dispatch {
            targets: targets.collect(),
            ..Dispatch::default()
        };
        Self {
            _tmp: tmp,
            state,
            games,
            over,
        }
    }

    /// Has all warned at these times before the end, after this wait for nobody to play.
    fn warning(mut self, at: &[u64], when_empty: Option<WhenEmpty>) -> Self {
        let courtesy = Courtesy {
            warning: (!at.is_empty()).then(|| Warning {
                at: at.iter().copied().map(Duration::from_secs).collect(),
                ..Warning::default()
            }),
            when_empty,
            broadcast: Broadcast::new("say {message}".to_owned()),
            by: None,
        };
        let ids = self.games.iter().map(|game| game.id.clone());
        self.over.courtesies = ids.map(|id| (id, courtesy.clone())).collect();
        self
    }

    async fn dispatch(&self, verb: Verb) -> VerbResult {
        self.dispatch_with(&VerbRequest::new(verb)).await.remove(0)
    }

    async fn dispatch_with(&self, request: &VerbRequest) -> Vec<VerbResult> {
        let (events, _heard) = mpsc::unbounded_channel::<VerbEvent>();
        dispatch(request, &self.over, &self.state, events).await
    }

    fn dir(&self) -> InstanceDir {
        self.state.create_instance("game-0").unwrap()
    }

    fn heard(&self) -> Vec<(u64, String)> {
        self.games[0].heard.lock().unwrap().clone()
    }

    fn verbs(&self) -> Vec<(u64, &'static str)> {
        self.games[0].verbs.lock().unwrap().clone()
    }
}

fn said(all: &[(u64, &str)]) -> Vec<(u64, String)> {
    all.iter().map(|(at, line)| (*at, format!("say {line}"))).collect()
}

#[tokio::test(start_paused = true)]
async fn each_warning_comes_at_its_time() {
    let world = World::of(&[(0, Some(3))]).warning(&[900, 300, 60, 10], None);
    let result = world.dispatch(Verb::Restart).await;
    assert!(result.ok() && result.changed, "{result:?}");
    let wanted = said(&[
        (0, "Restart in 15 minutes"),
        (600, "Restart in 5 minutes"),
        (840, "Restart in 1 minute"),
        (890, "Restart in 10 seconds"),
    ]);
    assert_eq!(world.heard(), wanted);
    assert_eq!(world.verbs(), [(900, "stop"), (900, "start")]);
}

#[tokio::test(start_paused = true)]
async fn a_game_that_never_answers_delays_no_warning_and_a_line_that_hangs_not_the_end() {
    let world = World::of_many(1, &[(0, None)], Duration::from_secs(3600)).warning(&[60, 30], None);
    assert!(world.dispatch(Verb::Stop).await.ok());
    // A second for the first count. A line is given up after five.
    assert_eq!(world.verbs(), [(61, "stop")]);
    assert_eq!(world.heard(), [], "it has taken none");
}

#[tokio::test(start_paused = true)]
async fn it_is_cut_short_when_they_leave_and_not_when_nobody_knows() {
    let world = World::of(&[(0, Some(3)), (100, None), (200, Some(1)), (333, Some(0))]).warning(&[900], None);
    assert!(world.dispatch(Verb::Stop).await.ok());
    let ended = world.verbs();
    assert!(ended[0].0 >= 333 && ended[0].0 <= 340, "{ended:?}");
    assert_eq!(world.heard().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_nobody_ends_with_warnings_and_its_limit_counts_from_then() {
    let wait = WhenEmpty {
        max_wait: Some(Duration::from_secs(7200)),
        or_skip: false,
    };
    let world = World::of(&[(0, Some(1))]).warning(&[60], Some(wait));
    let request = VerbRequest {
        timeout: Some(Duration::from_secs(5)),
        ..VerbRequest::new(Verb::Stop)
    };
    assert!(world.dispatch_with(&request).await[0].ok());
    assert_eq!(world.heard(), said(&[(7200, "Shutdown in 1 minute")]));
    assert_eq!(world.verbs(), [(7260, "stop")]);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_alone_keeps_what_it_needs() {
    let wait = WhenEmpty {
        max_wait: Some(Duration::from_secs(60)),
        or_skip: true,
    };
    let mut world = World::of_many(2, &[(0, Some(1))], Duration::ZERO).warning(&[], Some(wait));
    // The second is needed by the first, and nobody would mind its end.
    world.over.courtesies.remove("game-1");
    world.over.needs = HashMap::from([("game-0".to_owned(), vec!["game-1".to_owned()])]);
    let results = world.dispatch_with(&VerbRequest::new(Verb::Stop)).await;
    assert!(results[0].ok() && !results[0].changed, "{results:?}");
    let why = results[1].error.as_ref().expect("a failure").message.clone();
    assert!(why.contains("game-0 needs it, and did not end"), "{why}");
    assert_eq!(*world.games[1].verbs.lock().unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn whoever_cancels_it_ends_it_with_a_word() {
    let world = World::of(&[(0, Some(1))]).warning(&[900], None);
    let dir = world.dir();
    let cancel = async {
        sleep(Duration::from_secs(100)).await;
        countdown::cancel(&dir).unwrap().expect("one is under way")
    };
    let (result, note) = tokio::join!(world.dispatch(Verb::Restart), cancel);
    assert_eq!(note.verb, "restart");
    let failure = result.error.expect("a failure");
    assert_eq!(failure.kind, crate::failure::FailureKind::Overruled);
    assert_eq!(
        world.heard(),
        said(&[(0, "Restart in 15 minutes"), (100, "Restart cancelled")])
    );
    assert_eq!(world.verbs(), []);
    assert_eq!(countdown::peek(&world.state, "game-0"), None);
}

#[tokio::test(start_paused = true)]
async fn a_countdown_that_is_told_of_changes_looks_at_nothing_by_itself() {
    let mut world = World::of(&[]).warning(&[900], None);
    let changes = Arc::new(Changes::of(&world.state));
    world.over.changes = Some(Arc::clone(&changes));
    let dir = world.dir();
    let cancel = async {
        sleep(Duration::from_secs(100)).await;
        countdown::cancel(&dir).unwrap().expect("one is under way");
        sleep(Duration::from_secs(60)).await;
        changes.notify("game-0");
    };
    let (result, ()) = tokio::join!(world.dispatch(Verb::Restart), cancel);
    assert!(result.error.is_some(), "{result:?}");
    let wanted = said(&[(0, "Restart in 15 minutes"), (160, "Restart cancelled")]);
    assert_eq!(world.heard(), wanted, "as soon as it is told, and not before");
    let looks = world.games[0].looks.load(Ordering::Relaxed);
    assert!(looks <= 3, "{looks} looks");
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_cancels_all_of_them() {
    let world = World::of_many(100, &[(0, Some(1))], Duration::ZERO).warning(&[900], None);
    let interrupt = async {
        sleep(Duration::from_secs(5)).await;
        assert!(world.over.countdowns.cancel());
    };
    let begun = Instant::now();
    let request = VerbRequest::new(Verb::Stop);
    let (results, ()) = tokio::join!(world.dispatch_with(&request), interrupt);
    assert_eq!(begun.elapsed().as_secs(), 5);
    for (game, result) in world.games.iter().zip(&results) {
        let kind = result.error.as_ref().map(|failure| failure.kind);
        assert_eq!(kind, Some(crate::failure::FailureKind::Interrupted));
        assert_eq!(game.heard.lock().unwrap().len(), 2, "all count at once: {}", game.id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_gives_way_to_a_stop_and_takes_up_a_crash() {
    let world = World::of(&[(0, Some(1))]).warning(&[900], None);
    let plain = Dispatch {
        targets: world.over.targets.clone(),
        ..Dispatch::default()
    };
    let stop = async {
        sleep(Duration::from_secs(60)).await;
        let (events, _heard) = mpsc::unbounded_channel();
        dispatch(&VerbRequest::new(Verb::Stop), &plain, &world.state, events).await
    };
    let (restart, _) = tokio::join!(world.dispatch(Verb::Restart), stop);
    let failure = restart.error.expect("a failure");
    assert!(failure.message.contains("somebody asked for a stop"), "{failure:?}");
    assert_eq!(world.verbs(), [(60, "stop")]);

    let world = World::of(&[(0, Some(1))]).warning(&[900], None);
    let crash = async {
        sleep(Duration::from_secs(60)).await;
        world.games[0].state.send_replace(InstanceState::Stopped);
    };
    let (restart, ()) = tokio::join!(world.dispatch(Verb::Restart), crash);
    assert!(restart.ok(), "{restart:?}");
    let verbs: Vec<&str> = world.verbs().iter().map(|(_, what)| *what).collect();
    assert_eq!(verbs, ["start"]);
}
