//! Watching one instance for as long as somebody wants to know: told by its
//! folder and by its shim, asking nobody in between.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;

use super::evidence::Evidence;
use super::shim::client::Client;
use super::shim::wire::Request;
use super::standing::{Standing, standing};
use super::supervisor::ProcessSupervisor;
use crate::probe::Readiness;
use crate::store::board::Phase;
use crate::store::changes::Changed;
use crate::store::{InstanceDir, launch, lock};
use crate::supervisor::{InstanceState, Observation};

/// How soon to look again when a shim is about to begin or to end, or is gone
/// without a word.
const SOON: Duration = Duration::from_millis(20);

/// How what is said begins while a launch is judged.
const READY: &str = "ready ";

/// How often it is looked again until what should pass is taken as it is.
const PASSING_LOOKS: u32 = 500;

/// How long what cannot be connected to, though it lives, is left alone.
const LATER: Duration = Duration::from_secs(1);

/// What a connection to a shim is good for.
enum Line {
    /// It tells of changes.
    Open(Client),
    /// There is none, and nobody to connect to.
    None,
    /// There should be one.
    Broken,
}

/// What a look has seen.
struct Seen {
    observation: Observation,
    /// The launch whose end was seen in its folder.
    ended: Option<u64>,
}

impl ProcessSupervisor {
    /// Looks, and looks again whenever something has happened.
    pub(super) async fn watch(&self, seen: &watch::Sender<Option<Observation>>, mut changed: Changed) {
        let mut line = Line::None;
        let mut judged = None;
        let mut was_starting = false;
        let mut passing = 0;
        while !seen.is_closed() {
            changed.mark_unchanged();
            let dir = self.folder();
            // The line before the look: what happens after the look is told.
            if !matches!(line, Line::Open(_)) {
                line = self.connect_line(dir.as_deref()).await;
            }
            if matches!(line, Line::None) && self.adopt(dir.as_ref()).await {
                line = self.connect_line(dir.as_deref()).await;
            }
            let Some(Seen { observation, ended }) = self.steady_observation(passing >= PASSING_LOOKS) else {
                // Soon it will stand elsewhere, and nothing is concluded from
                // where it seems to stand now.
                passing += 1;
                tokio::select! {
                    () = tokio::time::sleep(SOON) => {}
                    lost = receive(&line, None) => if lost {
                        line = Line::None;
                        self.wait_for_end(dir.as_deref()).await;
                    },
                }
                continue;
            };
            passing = 0;
            let starting = matches!(&observation, Observation::Known(facts)
                if facts.state == InstanceState::Starting && facts.pid.is_some());
            let deaf = matches!(line, Line::None)
                && matches!(&observation, Observation::Known(facts) if facts.state.is_alive());
            if was_starting && !starting {
                self.awaits_no_more(READY);
            }
            was_starting = starting;
            // What kept us from seeing need not be in its folder, which would tell.
            let unseen = matches!(&observation, Observation::Unknown { .. });
            seen.send_replace(Some(observation));
            let until = match &line {
                Line::Broken if starting => SOON,
                Line::Broken => LATER,
                Line::None if deaf || unseen => LATER,
                _ => Duration::MAX,
            };
            tokio::select! {
                told = changed.changed() => match told {
                    // One launch is half a dozen changes.
                    Ok(()) if self.launching.load(Ordering::Relaxed) => tokio::time::sleep(SOON).await,
                    Ok(()) => {}
                    Err(_) => tokio::time::sleep(LATER).await,
                },
                lost = receive(&line, ended) => if lost {
                    line = Line::None;
                    self.wait_for_end(dir.as_deref()).await;
                },
                () = self.judge_patiently(dir.as_ref(), &mut judged), if starting => {}
                () = tokio::time::sleep(until), if until < Duration::MAX => {}
                () = seen.closed() => {}
            }
        }
    }

    /// What is to be seen; `None` while a shim is about to launch it or to put its
    /// end on record, unless that has taken too long.
    fn steady_observation(&self, at_any_rate: bool) -> Option<Seen> {
        let mut ended = None;
        let observation = match self.gather() {
            Ok(evidence) => {
                match standing(&evidence) {
                    Ok(Standing::Passing) if !at_any_rate => return None,
                    Ok(Standing::Ended { generation }) => ended = Some(generation),
                    _ => {}
                }
                self.conclude(&evidence)
            }
            Err(reason) => Observation::Unknown { reason },
        };
        if let Observation::Known(facts) = &observation {
            self.publish(facts.state.clone());
        }
        Some(Seen { observation, ended })
    }

    fn folder(&self) -> Option<Arc<InstanceDir>> {
        let state = self.state_dir.as_ref()?;
        state.instance(&self.id).ok().flatten().map(Arc::new)
    }

    /// Takes a game over that has lost its shim, unless a verb is at work on it:
    /// that does the same. True when it has a shim again.
    async fn adopt(&self, dir: Option<&Arc<InstanceDir>>) -> bool {
        let (Some(state), Some(dir), true) = (&self.state_dir, dir, self.takes_over) else {
            return false;
        };
        let Ok(Standing::Orphan(_)) = standing(&Evidence::gather(state, dir, &self.id)) else {
            return false;
        };
        let Ok(Ok(_lock)) = lock::try_verb(dir, "run") else {
            return false;
        };
        // Once more, now that nobody else can be at it.
        let Ok(Standing::Orphan(launch)) = standing(&Evidence::gather(state, dir, &self.id)) else {
            return false;
        };
        match self.take_over(state, dir, &launch).await {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(id = self.id, %error, "not taken over");
                false
            }
        }
    }

    async fn connect_line(&self, dir: Option<&InstanceDir>) -> Line {
        let Some(dir) = dir else { return Line::None };
        let connected = tokio::time::timeout(LATER, Client::connect(dir)).await;
        if let Ok(Ok(client)) = connected
            && client.send(&Request::Subscribe).await.is_ok()
        {
            return Line::Open(client);
        }
        // A shim that has just begun has no socket yet; its folder tells when
        // it has one.
        match lock::shim_lives(dir) {
            Ok(false) => Line::None,
            _ => Line::Broken,
        }
    }

    /// A connection ends a moment before its shim does.
    async fn wait_for_end(&self, dir: Option<&InstanceDir>) {
        for _ in 0..50 {
            if !dir.is_some_and(|dir| lock::shim_lives(dir).unwrap_or(false)) {
                return;
            }
            tokio::time::sleep(SOON).await;
        }
    }

    /// Judges whether a launch that nobody waits for has become ready, and has
    /// that put on record. Returns when it has; never for a launch that was
    /// judged before.
    async fn judge_patiently(&self, dir: Option<&Arc<InstanceDir>>, judged: &mut Option<u64>) {
        let launch = dir.and_then(|dir| launch::read(dir).ok().flatten());
        if let (Some(dir), Some(launch), Some(_)) = (dir, launch, self.spec.as_ref())
            && *judged != Some(launch.generation)
            && let Ok(mut readiness) = Readiness::new(&self.ready, &self.scene(dir, &launch))
        {
            let limit = self.ready.timeout;
            readiness
                .hold(|awaits| self.awaits(format!("{READY}({awaits})"), Some(limit)))
                .await;
            let generation = launch.generation;
            if let Ok(client) = Client::connect(dir).await
                && let Ok(Some(_)) = client.ask(&Request::Ready { generation }).await
            {
                *judged = Some(generation);
                self.awaits("", None);
                return;
            }
            tokio::time::sleep(LATER).await;
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Waits for the next word of the shim that tells more than the end of this
/// launch, which was seen in its folder. True when there will be none.
async fn receive(line: &Line, ended: Option<u64>) -> bool {
    let Line::Open(client) = line else {
        return std::future::pending().await;
    };
    loop {
        match client.receive().await {
            Ok(Some(report)) if report.phase == Phase::Ended && Some(report.generation) == ended => {}
            told => return !matches!(told, Ok(Some(_))),
        }
    }
}
