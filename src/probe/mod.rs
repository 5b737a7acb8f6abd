//! Readiness: finds out from outside that a game accepts players.
//!
//! A probe that fails means "not yet" or "could not be found out"; it never
//! means that a game is stopped.

mod a2s;
mod context;
mod exchange;
mod exec;
#[cfg(fuzzing)]
pub mod fuzzing;
mod http;
mod log;
mod minecraft;
mod ownership;
mod players;
mod tcp;

pub use context::ProbeContext;
pub use http::request;
pub use ownership::{GameTree, held};
pub use players::player_query;

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::channel;
use crate::failure::Failure;
use crate::inventory::{HostPort, HttpCheck, Probe, Ready, Remote};
use crate::sys::clock;
use crate::sys::listeners::Transport;

/// A time that no process outlives.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

#[derive(Debug)]
enum Prober {
    Log(Box<log::LogProbe>),
    Tcp(HostPort),
    A2s(HostPort),
    Minecraft(HostPort),
    Http(HttpCheck),
    Login(Box<Remote>),
    Exec(exec::ExecProbe),
    AliveFor {
        until_boot_ms: u64,
        span: Duration,
    },
    #[cfg(test)]
    Fake(tests::Fake),
}

impl Prober {
    fn new(probe: &Probe, context: &ProbeContext) -> Result<Self, Failure> {
        Ok(match probe {
            Probe::Log(pattern) => Self::Log(Box::new(log::LogProbe::new(pattern, context)?)),
            Probe::Tcp(address) => Self::Tcp(address.clone()),
            Probe::A2s(address) => Self::A2s(address.clone()),
            Probe::Minecraft(address) => Self::Minecraft(address.clone()),
            Probe::Http(check) => Self::Http(check.clone()),
            Probe::Login(remote) => Self::Login(remote.clone()),
            Probe::Exec(argv) => Self::Exec(exec::ExecProbe::new(argv.clone(), context)),
            Probe::AliveFor(span) => Self::AliveFor {
                until_boot_ms: context
                    .launched_boot_ms
                    .saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
                span: *span,
            },
        })
    }

    /// Asks once. Each attempt has a limit, which includes the lookup of a name.
    async fn holds(&mut self) -> bool {
        const SHORT: Duration = Duration::from_secs(2);
        const MEDIUM: Duration = Duration::from_secs(3);
        const LONG: Duration = Duration::from_secs(5);
        match self {
            Self::Log(probe) => probe.holds(),
            Self::Tcp(server) => timeout(SHORT, tcp::accepts(server)).await.unwrap_or(false),
            Self::A2s(server) => timeout(SHORT, a2s::query(server))
                .await
                .is_ok_and(|info| info.is_some()),
            Self::Minecraft(server) => minecraft::query(server, Instant::now() + MEDIUM).await.is_some(),
            Self::Http(check) => http::request(check, LONG).await.is_some_and(|code| check.accepts(code)),
            Self::Login(remote) => channel::login(remote, LONG).await.is_ok(),
            Self::Exec(probe) => probe.holds().await,
            Self::AliveFor { until_boot_ms, .. } => clock::boot_ms() >= *until_boot_ms,
            #[cfg(test)]
            Self::Fake(fake) => fake.holds(),
        }
    }

    fn interval(&self) -> Duration {
        match self {
            Self::Log(_) => Duration::from_millis(50),
            Self::Tcp(_) => Duration::from_millis(250),
            Self::A2s(_) | Self::Minecraft(_) | Self::Http(_) => Duration::from_millis(500),
            // A server may ban a client that logs in too often.
            Self::Login(_) => Duration::from_secs(2),
            Self::Exec(_) => Duration::from_secs(1),
            Self::AliveFor { until_boot_ms, .. } => {
                Duration::from_millis(until_boot_ms.saturating_sub(clock::boot_ms()).max(1))
            }
            #[cfg(test)]
            Self::Fake(fake) => fake.interval,
        }
    }

    fn awaits(&self) -> String {
        match self {
            Self::Log(_) => "log line".to_owned(),
            Self::Tcp(server) => format!("tcp {server}"),
            Self::A2s(server) => format!("a2s {server}"),
            Self::Minecraft(server) => format!("minecraft {server}"),
            Self::Http(check) => format!("http {}{}", check.address, check.path),
            Self::Login(remote) => format!("{} {}", remote.kind, remote.address),
            Self::Exec(probe) => format!("exec {}", probe.program()),
            Self::AliveFor { span, .. } => format!("alive for {}", humantime::format_duration(*span)),
            #[cfg(test)]
            Self::Fake(_) => "fake".to_owned(),
        }
    }
}

/// A probe that has not held yet.
#[derive(Debug)]
struct Pending {
    prober: Prober,
    /// The time at which it is asked next.
    due: Instant,
    /// The port that it asks.
    asked: Option<(HostPort, Transport)>,
    /// True if somebody else has answered.
    is_strangers: bool,
}

/// All probes of one launch. A probe that held once is not asked again.
#[derive(Debug)]
pub struct Readiness {
    pending: Vec<Pending>,
    /// The game, where an answer must be its own.
    game: Option<GameTree>,
    interval: Option<Duration>,
    attempt: Duration,
}

impl Readiness {
    /// Creates the probes of an instance for one launch.
    pub fn new(ready: &Ready, context: &ProbeContext) -> Result<Self, Failure> {
        let due = Instant::now();
        let pending = ready.probes.iter().map(|probe| {
            let prober = Prober::new(probe, context)?;
            Ok(Pending {
                prober,
                due,
                asked: ownership::asked(probe).map(|(address, transport)| (address.clone(), transport)),
                is_strangers: false,
            })
        });
        Ok(Self {
            pending: pending.collect::<Result<_, Failure>>()?,
            game: context.game.clone(),
            interval: ready.interval,
            attempt: ready.attempt_timeout.unwrap_or(Duration::MAX),
        })
    }

    /// Asks every probe that has not held yet, each once. Returns true if all
    /// of them have held.
    ///
    /// # Cancel safety
    /// Safe: a probe that was cut short is asked again.
    pub async fn check(&mut self) -> bool {
        for pending in &mut self.pending {
            pending.due = Instant::now();
        }
        self.ask_those_due().await;
        self.pending.is_empty()
    }

    /// Waits until every probe has held. Each is asked in its own interval.
    /// Calls `tell` with what is awaited, at first and when a probe has held.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn hold(&mut self, mut tell: impl FnMut(&str)) {
        let mut told = String::new();
        loop {
            self.ask_those_due().await;
            let Some(next) = self.pending.iter().map(|pending| pending.due).min() else {
                return;
            };
            let awaits = self.awaits();
            if awaits != told {
                tell(&awaits);
                told = awaits;
            }
            tokio::time::sleep_until(next).await;
        }
    }

    /// Asks one after the other: all must hold, so none waits long in vain.
    async fn ask_those_due(&mut self) {
        let now = Instant::now();
        let mut index = 0;
        while let Some(pending) = self.pending.get_mut(index) {
            if pending.due > now {
                index += 1;
                continue;
            }
            // Each has a limit of its own as well. On the heap: many instances may
            // wait for the next time at once, and few ask.
            let held = timeout(self.attempt, Box::pin(pending.prober.holds())).await;
            let has_held = held.unwrap_or(false);
            pending.is_strangers = has_held
                && matches!((&self.game, &pending.asked), (Some(game), Some((address, transport)))
                    if ownership::is_strangers(game, address, *transport));
            if has_held && !pending.is_strangers {
                self.pending.remove(index);
            } else {
                let now = Instant::now();
                let pause = self.interval.unwrap_or_else(|| pending.prober.interval());
                pending.due = now.checked_add(pause).unwrap_or(now + LONGEST);
                index += 1;
            }
        }
    }

    /// Returns what is awaited, as a short phrase: `log line, tcp 127.0.0.1:28015`.
    pub fn awaits(&self) -> String {
        self.awaited().join(", ")
    }

    /// Returns a short phrase for each probe that has not held, such as `log line`.
    pub fn awaited(&self) -> Vec<String> {
        let awaited = self.pending.iter().map(|pending| {
            let stranger = if pending.is_strangers {
                ", where another process answers"
            } else {
                ""
            };
            pending.prober.awaits() + stranger
        });
        awaited.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A probe that holds at the `held_at`-th question.
    #[derive(Debug)]
    pub(super) struct Fake {
        pub(super) interval: Duration,
        held_at: usize,
        asked: Arc<Mutex<Vec<Instant>>>,
    }

    impl Fake {
        pub(super) fn holds(&mut self) -> bool {
            let mut asked = self.asked.lock().unwrap();
            asked.push(Instant::now());
            asked.len() >= self.held_at
        }
    }

    fn fake(interval: Duration, held_at: usize) -> (Pending, Arc<Mutex<Vec<Instant>>>) {
        let asked = Arc::default();
        let prober = Prober::Fake(Fake {
            interval,
            held_at,
            asked: Arc::clone(&asked),
        });
        let due = Instant::now();
        let pending = Pending {
            prober,
            due,
            asked: None,
            is_strangers: false,
        };
        (pending, asked)
    }

    fn readiness(pending: Vec<Pending>, interval: Option<Duration>) -> Readiness {
        Readiness {
            pending,
            game: None,
            interval,
            attempt: Duration::MAX,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_is_asked_in_its_own_interval() {
        let start = Instant::now();
        let (log, log_asked) = fake(Duration::from_millis(50), 100);
        let (login, login_asked) = fake(Duration::from_secs(2), 3);
        let mut told = Vec::new();
        readiness(vec![log, login], None)
            .hold(|awaits| told.push(awaits.to_owned()))
            .await;
        assert_eq!(start.elapsed(), Duration::from_millis(4_950));
        assert_eq!(log_asked.lock().unwrap().len(), 100);
        let at: Vec<u64> = login_asked
            .lock()
            .unwrap()
            .iter()
            .map(|at| (*at - start).as_secs())
            .collect();
        assert_eq!(at, [0, 2, 4]);
        assert_eq!(told, ["fake, fake", "fake"]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_interval_that_is_given_is_that_of_all() {
        let start = Instant::now();
        let (one, _) = fake(Duration::from_millis(50), 4);
        let (two, asked) = fake(Duration::from_secs(9), 2);
        readiness(vec![one, two], Some(Duration::from_secs(1)))
            .hold(|_| {})
            .await;
        assert_eq!((start.elapsed().as_secs(), asked.lock().unwrap().len()), (3, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_asks_each_once() {
        let (one, first) = fake(Duration::from_secs(5), 2);
        let (two, second) = fake(Duration::from_secs(5), 1);
        let mut readiness = readiness(vec![one, two], None);
        assert!(!readiness.check().await);
        assert!(readiness.check().await);
        assert_eq!((first.lock().unwrap().len(), second.lock().unwrap().len()), (2, 1));
    }
}
