//! Counting players: running games are asked how many play, again and again,
//! for a screen that shows it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::event::{PlayerCount, ResidentEvent};
use crate::supervisor::{InstanceState, Supervisor};

/// The number of games that are asked at a time: each takes a descriptor or a few.
pub const AT_ONCE: usize = 200;

/// The interval between two questions to a game, that of a server browser.
const EVERY: Duration = Duration::from_secs(5);

/// Counts for as long as it is held.
#[derive(Debug)]
pub struct PlayerCounts {
    _tasks: JoinSet<()>,
}

impl PlayerCounts {
    /// Sends how many play at each of these: at first, and when that changes.
    pub fn of<'a>(
        supervisors: impl Iterator<Item = &'a Arc<dyn Supervisor>>,
        told: &mpsc::UnboundedSender<ResidentEvent>,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        for supervisor in supervisors {
            if supervisor.players().is_some() {
                tasks.spawn(count(Arc::clone(supervisor), told.clone(), Arc::clone(&turns)));
            } else {
                // It may have been otherwise when it was last told of.
                let id = supervisor.instance_id().to_owned();
                let _ = told.send(ResidentEvent::Players(id, PlayerCount::NotAsked));
            }
        }
        Self { _tasks: tasks }
    }
}

async fn count(supervisor: Arc<dyn Supervisor>, told: mpsc::UnboundedSender<ResidentEvent>, turns: Arc<Semaphore>) {
    let mut states = supervisor.watch_state();
    let mut last = PlayerCount::NotAsked;
    loop {
        let runs = *states.borrow_and_update() == InstanceState::Running;
        let new = if runs {
            ask(supervisor.as_ref(), &turns).await
        } else {
            PlayerCount::Unanswered
        };
        if new != last {
            last = new;
            let id = supervisor.instance_id().to_owned();
            if told.send(ResidentEvent::Players(id, new)).is_err() {
                return;
            }
        }
        let again = if runs { EVERY } else { Duration::MAX };
        tokio::select! {
            changed = states.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(again), if runs => {}
        }
    }
}

/// Asks one running game. One that gets no turn in time is taken for silent.
pub async fn ask(supervisor: &dyn Supervisor, turns: &Semaphore) -> PlayerCount {
    let Some(query) = supervisor.players() else {
        return PlayerCount::Unanswered;
    };
    let limit = query.limit();
    let asked = async {
        let _turn = turns.acquire().await.ok()?;
        query.count(limit).await
    };
    tokio::time::timeout(limit, asked).await.ok().flatten().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::{ANSWER_LIMIT, Observation, Outcome, PlayerQuery, Players, StartOptions, StopOptions};
    use std::sync::Mutex;
    use tokio::sync::watch;
    use tokio::time::Instant;

    /// Says what it is told to.
    struct Scripted {
        state: watch::Receiver<InstanceState>,
        answer: Option<Mutex<Option<u32>>>,
    }

    fn scripted(answer: Option<Option<u32>>) -> (watch::Sender<InstanceState>, Arc<Scripted>) {
        let (shows, state) = watch::channel(InstanceState::Stopped);
        let answer = answer.map(Mutex::new);
        (shows, Arc::new(Scripted { state, answer }))
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
            unreachable!("counting looks at nothing")
        }
        async fn start_with(self: Arc<Self>, _options: StartOptions) -> anyhow::Result<Outcome> {
            unreachable!("counting starts nothing")
        }
        async fn stop_with(self: Arc<Self>, _options: StopOptions) -> anyhow::Result<Outcome> {
            unreachable!("counting stops nothing")
        }
        fn players(&self) -> Option<&dyn PlayerQuery> {
            self.answer.is_some().then_some(self)
        }
    }

    #[async_trait::async_trait]
    impl PlayerQuery for Scripted {
        async fn count(&self, _limit: Duration) -> Option<Players> {
            let online = *self.answer.as_ref()?.lock().unwrap();
            match online {
                Some(online) => Some(Players { online, max: Some(20) }),
                None => std::future::pending().await,
            }
        }
    }

    fn counted(online: u32) -> ResidentEvent {
        ResidentEvent::Players("a".into(), PlayerCount::Counted(Players { online, max: Some(20) }))
    }

    #[tokio::test(start_paused = true)]
    async fn who_runs_is_asked_again_and_changes_are_told() {
        let (shows, game) = scripted(Some(Some(3)));
        let (told, mut heard) = mpsc::unbounded_channel();
        let supervisor: Arc<dyn Supervisor> = game.clone();
        let _counts = PlayerCounts::of([&supervisor].into_iter(), &told);
        let nothing = ResidentEvent::Players("a".into(), PlayerCount::Unanswered);
        assert_eq!(heard.recv().await, Some(nothing.clone()), "it does not run");
        shows.send_replace(InstanceState::Running);
        assert_eq!(heard.recv().await, Some(counted(3)));
        let begun = Instant::now();
        tokio::time::sleep(EVERY * 3 - Duration::from_millis(1)).await;
        assert!(heard.is_empty(), "what is the same is no news");
        *game.answer.as_ref().unwrap().lock().unwrap() = Some(4);
        assert_eq!(heard.recv().await, Some(counted(4)));
        assert_eq!(begun.elapsed(), EVERY * 3);
        *game.answer.as_ref().unwrap().lock().unwrap() = None;
        assert_eq!(heard.recv().await, Some(nothing.clone()), "it is silent");
        assert_eq!(begun.elapsed(), EVERY * 4 + ANSWER_LIMIT);
        *game.answer.as_ref().unwrap().lock().unwrap() = Some(5);
        assert_eq!(heard.recv().await, Some(counted(5)));
        shows.send_replace(InstanceState::Stopping);
        assert_eq!(heard.recv().await, Some(nothing));
    }

    #[tokio::test(start_paused = true)]
    async fn who_cannot_be_asked_is_not() {
        let (_shows, game) = scripted(None);
        let (told, mut heard) = mpsc::unbounded_channel();
        let supervisor: Arc<dyn Supervisor> = game;
        let _counts = PlayerCounts::of([&supervisor].into_iter(), &told);
        let nobody = ResidentEvent::Players("a".into(), PlayerCount::NotAsked);
        assert_eq!(heard.recv().await, Some(nobody));
    }

    /// However many are silent, those that answer are heard, or time is up.
    #[tokio::test(start_paused = true)]
    async fn the_silent_cost_no_more_than_one_of_them() {
        let turns = Semaphore::new(2);
        let (_shows, silent) = scripted(Some(None));
        let (_shows, answers) = scripted(Some(Some(1)));
        let begun = Instant::now();
        let counts = tokio::join!(
            ask(silent.as_ref(), &turns),
            ask(answers.as_ref(), &turns),
            ask(silent.as_ref(), &turns),
            ask(silent.as_ref(), &turns),
        );
        assert_eq!(begun.elapsed(), ANSWER_LIMIT);
        assert_eq!(
            counts.1,
            PlayerCount::Counted(Players {
                online: 1,
                max: Some(20)
            })
        );
        assert_eq!(
            (counts.0, counts.2, counts.3),
            (
                PlayerCount::Unanswered,
                PlayerCount::Unanswered,
                PlayerCount::Unanswered
            )
        );
    }
}
