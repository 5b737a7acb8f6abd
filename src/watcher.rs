//! Follows the states of instances for `watch`. It takes no lock, starts nothing,
//! takes no game over and leaves nothing on record but what any look does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::event::ResidentEvent;
use crate::fleet::Member;
use crate::report::{self, RowView};
use crate::store::{StateDir, countdown, history, intent};
use crate::supervisor::{Observation, Supervisor, join_notes};

/// The time after which an instance is unknown whose host has not answered yet, so that
/// the others are not waited for together with it.
const PATIENCE: Duration = Duration::from_secs(2);

/// A watch over instances, for as long as it is held.
#[derive(Debug)]
pub struct Watcher {
    _watches: JoinSet<()>,
}

impl Watcher {
    /// Sends the row of each instance, then that all are settled, then every change.
    /// `state` has their intents.
    pub fn over(
        members: &[Member],
        state: Option<&Arc<StateDir>>,
        told: &mpsc::UnboundedSender<ResidentEvent>,
    ) -> Self {
        let mut watches = JoinSet::new();
        let (seen_once, mut seen) = mpsc::unbounded_channel();
        for (place, member) in members.iter().enumerate() {
            let one = InstanceWatch {
                supervisor: Arc::clone(&member.supervisor),
                listed: member.listed,
                view: RowView::new(place, member.supervisor.as_ref()),
                state: state.cloned(),
                told: told.clone(),
            };
            watches.spawn(one.run(seen_once.clone()));
        }
        drop(seen_once);
        let (count, told) = (members.len(), told.clone());
        watches.spawn(async move {
            for _ in 0..count {
                if seen.recv().await.is_none() {
                    return;
                }
            }
            let _ = told.send(ResidentEvent::Settled);
        });
        Self { _watches: watches }
    }
}

/// One instance that is looked at.
struct InstanceWatch {
    supervisor: Arc<dyn Supervisor>,
    listed: bool,
    view: RowView,
    state: Option<Arc<StateDir>>,
    told: mpsc::UnboundedSender<ResidentEvent>,
}

impl InstanceWatch {
    async fn run(mut self, seen_once: mpsc::UnboundedSender<()>) {
        let (seen, mut observations) = watch::channel(None);
        let mut observation: Option<Observation> = None;
        // Dropped with this, and so ended.
        let watching = Arc::clone(&self.supervisor).keep_watch(seen);
        tokio::pin!(watching);
        let patience = tokio::time::sleep(PATIENCE);
        tokio::pin!(patience);
        loop {
            let is_awaited = observation.is_none() && self.supervisor.host().is_some() && !patience.is_elapsed();
            tokio::select! {
                biased;
                changed = observations.changed() => match changed {
                    Ok(()) => {
                        observation = observations.borrow_and_update().clone();
                        self.view.looked_at(Instant::now());
                    }
                    Err(_) => return,
                },
                () = self.view.activity_changed() => {}
                () = &mut patience, if is_awaited => {
                    let host = self.supervisor.host().unwrap_or_default();
                    let reason = format!("{host} has not answered within {} seconds", PATIENCE.as_secs());
                    observation = Some(Observation::Unknown { reason });
                }
                () = &mut watching => return,
            }
            let Some(observation) = &observation else { continue };
            let first = !self.view.is_sent();
            self.tell(observation);
            if first {
                let _ = seen_once.send(());
            }
        }
    }

    fn tell(&mut self, observation: &Observation) {
        let id = self.supervisor.instance_id();
        let intent = self.state.as_deref().map_or(Ok(None), |state| intent::peek(state, id));
        let trouble = self.state.as_deref().zip(intent.as_ref().ok());
        let trouble = trouble.and_then(|(state, intent)| history::trouble(state, id, *intent));
        let want = intent.map(|intent| intent.map(|intent| intent.want));
        let mut observation = observation.clone();
        if let Observation::Known(facts) = &mut observation
            && facts.state.is_alive()
            && let Some(note) = self.state.as_deref().and_then(|state| countdown::peek(state, id))
        {
            facts.note = join_notes([facts.note.take(), Some(note.in_words())]);
        }
        let row = report::row(self.supervisor.as_ref(), self.listed, observation, want, trouble);
        if let Some(row) = self.view.update(row, None) {
            let _ = self.told.send(ResidentEvent::Row(row));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::{Facts, InstanceState, Outcome, StartOptions, StopOptions};

    /// Shows what it is told to.
    struct Scripted {
        id: &'static str,
        host: Option<&'static str>,
        observations: watch::Receiver<Option<Observation>>,
    }

    #[async_trait::async_trait]
    impl Supervisor for Scripted {
        fn instance_id(&self) -> &str {
            self.id
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
        fn host(&self) -> Option<&str> {
            self.host
        }
        async fn look(&self) -> Observation {
            unreachable!("its own watch is kept")
        }
        async fn start_with(self: Arc<Self>, _options: StartOptions) -> anyhow::Result<Outcome> {
            unreachable!("looking on starts nothing")
        }
        async fn stop_with(self: Arc<Self>, _options: StopOptions) -> anyhow::Result<Outcome> {
            unreachable!("looking on stops nothing")
        }
        async fn keep_watch(self: Arc<Self>, seen: watch::Sender<Option<Observation>>) {
            let mut observations = self.observations.clone();
            loop {
                seen.send_replace(observations.borrow_and_update().clone());
                if observations.changed().await.is_err() {
                    return;
                }
            }
        }
    }

    fn known(state: InstanceState) -> Option<Observation> {
        Some(Observation::Known(Box::new(Facts::bare(state, None))))
    }

    fn member(id: &'static str, listed: bool) -> (watch::Sender<Option<Observation>>, Member) {
        member_on(None, id, listed)
    }

    fn member_on(
        host: Option<&'static str>,
        id: &'static str,
        listed: bool,
    ) -> (watch::Sender<Option<Observation>>, Member) {
        let (shows, observations) = watch::channel(None);
        let supervisor: Arc<dyn Supervisor> = Arc::new(Scripted { id, host, observations });
        let member = Member {
            supervisor,
            tags: Vec::new(),
            listed,
        };
        (shows, member)
    }

    #[tokio::test]
    async fn all_are_told_of_once_and_then_each_change() {
        let (shows_a, a) = member("a", true);
        let (shows_b, b) = member("b", false);
        let (told, mut heard) = mpsc::unbounded_channel();
        let _watcher = Watcher::over(&[a, b], None, &told);
        shows_a.send_replace(known(InstanceState::Stopped));
        let Some(ResidentEvent::Row(row)) = heard.recv().await else {
            panic!("a row first");
        };
        assert_eq!(row.row.id, "a");
        shows_b.send_replace(known(InstanceState::Running));
        let Some(ResidentEvent::Row(row)) = heard.recv().await else {
            panic!("another row");
        };
        let Observation::Known(facts) = &row.row.observation else {
            panic!("known");
        };
        assert_eq!(facts.note.as_deref(), Some("not in the inventory"));
        assert_eq!(heard.recv().await, Some(ResidentEvent::Settled));
        // The same again is no news.
        shows_a.send_replace(known(InstanceState::Stopped));
        tokio::task::yield_now().await;
        shows_a.send_replace(known(InstanceState::Starting));
        let Some(ResidentEvent::Row(row)) = heard.recv().await else {
            panic!("a change");
        };
        assert_eq!(row.row.observation, known(InstanceState::Starting).unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_does_not_answer_keeps_nobody_waiting() {
        let (_shows_here, here) = member("here", true);
        let (shows, there) = member_on(Some("box2"), "there", true);
        let (told, mut heard) = mpsc::unbounded_channel();
        let _watcher = Watcher::over(&[there], None, &told);
        let begun = tokio::time::Instant::now();
        let Some(ResidentEvent::Row(row)) = heard.recv().await else {
            panic!("a row first");
        };
        assert_eq!(begun.elapsed(), PATIENCE);
        let reason = "box2 has not answered within 2 seconds".to_owned();
        assert_eq!(row.row.observation, Observation::Unknown { reason });
        assert_eq!(heard.recv().await, Some(ResidentEvent::Settled));
        shows.send_replace(known(InstanceState::Running));
        let Some(ResidentEvent::Row(row)) = heard.recv().await else {
            panic!("a change");
        };
        assert_eq!(row.row.observation, known(InstanceState::Running).unwrap());
        // What is on this host is looked at until it has been seen.
        let _watcher = Watcher::over(&[here], None, &told);
        tokio::time::sleep(PATIENCE * 10).await;
        assert_eq!(heard.try_recv(), Err(mpsc::error::TryRecvError::Empty));
    }

    #[tokio::test]
    async fn of_nobody_all_is_told_at_once() {
        let (told, mut heard) = mpsc::unbounded_channel();
        let _watcher = Watcher::over(&[], None, &told);
        assert_eq!(heard.recv().await, Some(ResidentEvent::Settled));
    }
}
