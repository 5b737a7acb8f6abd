//! Readiness: finds out from outside that a game accepts players.
//!
//! A probe that fails means "not yet" or "could not be found out"; it never
//! means that a game is stopped.

mod a2s;
mod bedrock;
mod context;
mod datagram;
mod exchange;
mod exec;
#[cfg(fuzzing)]
pub mod fuzzing;
mod gamespy;
pub mod health;
#[cfg(test)]
mod hostile;
mod http;
mod http_answer;
mod http_json;
mod line_matcher;
mod log;
mod log_file;
mod log_lines;
mod minecraft;
mod ownership;
mod players;
mod quake3;
mod tcp;

pub use context::ProbeContext;
pub use http::request;
pub use ownership::{ContainerProcess, GameTree, HeldPort, PortOwner, PublishedPort, StackPorts, UnitPorts, held};

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::channel;
use crate::failure::Failure;
use crate::inventory::{HostPort, HttpCheck, LogFile, Probe, Ready, Remote};
use crate::sys::clock;
use crate::sys::listeners::Transport;
use crate::trust;

/// A time that no process outlives.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

#[derive(Debug)]
enum Prober {
    Log(Box<log::LogProbe>),
    LogFile(log_file::LogFileProbe),
    Tcp(HostPort),
    /// A query by datagrams.
    Datagram(Probe),
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
            Probe::LogFile(LogFile { path, pattern }) => {
                Self::LogFile(log_file::LogFileProbe::new(path, pattern, context)?)
            }
            Probe::Tcp(address) => Self::Tcp(address.clone()),
            Probe::A2s(_) | Probe::Bedrock(_) | Probe::Quake3(_) | Probe::Gamespy(..) => Self::Datagram(probe.clone()),
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

    /// Asks once. Each attempt has a limit, which includes the lookup of a name, and is
    /// no longer than `attempt`.
    ///
    /// # Errors
    /// The fault of the answer; empty where there is none, or not yet.
    async fn ask(&mut self, attempt: Duration) -> Result<(), Trouble> {
        const SHORT: Duration = Duration::from_secs(2);
        const MEDIUM: Duration = Duration::from_secs(3);
        const LONG: Duration = Duration::from_secs(5);
        let has_answered = AtomicBool::new(false);
        let holds = match self {
            Self::Log(probe) => probe.holds(),
            Self::LogFile(probe) => match timeout(attempt, probe.holds()).await {
                Ok(Err(error)) => return Err(Trouble::new(explained(&error))),
                asked => matches!(asked, Ok(Ok(true))),
            },
            Self::Tcp(server) => timeout(SHORT.min(attempt), tcp::accepts(server)).await.unwrap_or(false),
            Self::Datagram(probe) => {
                let asked = timeout(SHORT.min(attempt), players::by_datagram(probe, &has_answered)).await;
                asked.is_ok_and(|info| info.is_some())
            }
            Self::Minecraft(server) => {
                let until = Instant::now() + MEDIUM.min(attempt);
                minecraft::query(server, until, &has_answered).await.is_some()
            }
            Self::Http(check) => {
                let asked = http::request(check, LONG.min(attempt)).await;
                return asked.map_err(|error| Trouble::of(error.failure()));
            }
            Self::Login(remote) => {
                let channel = format!("{} {}: ", remote.kind, remote.address);
                let asked = channel::login(remote, LONG.min(attempt)).await.map_err(Trouble::of);
                return asked.map_err(|Trouble { why, advice }| Trouble {
                    why: why.strip_prefix(&channel).unwrap_or(&why).to_owned(),
                    advice,
                });
            }
            Self::Exec(probe) => timeout(attempt, probe.holds()).await.unwrap_or(false),
            Self::AliveFor { until_boot_ms, .. } => clock::boot_ms() >= *until_boot_ms,
            #[cfg(test)]
            Self::Fake(fake) => fake.holds(),
        };
        match holds {
            true => Ok(()),
            false if has_answered.into_inner() => Err(Trouble::new("what it answers is not understood")),
            false => Err(Trouble::default()),
        }
    }

    fn interval(&self) -> Duration {
        match self {
            Self::Log(_) => Duration::from_millis(50),
            Self::Tcp(_) | Self::LogFile(_) => Duration::from_millis(250),
            Self::Datagram(_) | Self::Minecraft(_) | Self::Http(_) => Duration::from_millis(500),
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
            Self::LogFile(probe) => format!("line in {}", probe.path().display()),
            Self::Tcp(server) => format!("tcp {server}"),
            Self::Datagram(probe) => match probe.query() {
                Some((name, server)) => format!("{name} {server}"),
                None => "an answer".to_owned(),
            },
            Self::Minecraft(server) => format!("minecraft {server}"),
            Self::Http(check) => {
                let scheme = if check.tls.is_some() { "https" } else { "http" };
                format!("{scheme} {}{}", check.address, check.shown_path())
            }
            Self::Login(remote) => format!("{} {}", remote.kind, remote.address),
            Self::Exec(probe) => probe.awaits(),
            Self::AliveFor { span, .. } => format!("alive for {}", humantime::format_duration(*span)),
            #[cfg(test)]
            Self::Fake(_) => "fake".to_owned(),
        }
    }
}

/// Says why a file cannot be read.
fn explained(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file yet".to_owned(),
        std::io::ErrorKind::TimedOut => "its file system does not answer".to_owned(),
        _ => format!("it cannot be read: {error}"),
    }
}

/// The fault of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Trouble {
    /// Empty where there is none, or nobody answers.
    why: String,
    advice: Option<String>,
}

impl Trouble {
    fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            advice: None,
        }
    }

    /// A port that nobody listens at is usual for a game that starts.
    fn of(failure: Failure) -> Self {
        if failure.message.ends_with(channel::NOTHING_LISTENS) {
            return Self::default();
        }
        Self {
            why: failure.message,
            advice: failure.hint,
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
    /// The fault of the last answer; empty where there was none.
    trouble: Trouble,
}

/// A probe that has not held yet, for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingProbe {
    /// A short phrase, such as `log line` or `rcon 127.0.0.1:28016`.
    pub what: String,
    /// The fault of the last answer; empty where there was none.
    pub trouble: String,
    /// Advice what to do about it.
    pub advice: Option<String>,
}

impl fmt::Display for PendingProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match self.trouble.as_str() {
            "" => Ok(()),
            trouble => write!(f, " ({trouble})"),
        }
    }
}

/// Refuses commands that root is not to run; see [`trust::refuse_for_root`].
///
/// # Errors
/// When one of the probes is such a command.
pub fn refuse(probes: &[Probe], cwd: &Path, path: Option<&OsStr>) -> Result<(), Failure> {
    for probe in probes {
        if let Probe::Exec(argv) = probe {
            let refused = trust::refuse_for_root(argv, cwd, path);
            let program = argv.first().map_or("", String::as_str);
            let failed = |why| Failure::failed(format!("its probe exec {program}: {why}")).hint("nothing was started");
            refused.map_err(failed)?;
        }
    }
    Ok(())
}

/// All probes of one launch. A probe that held once is not asked again.
#[derive(Debug)]
pub struct Readiness {
    pending: Vec<Pending>,
    /// The owner whose answers count.
    owner: Option<PortOwner>,
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
                trouble: Trouble::default(),
            })
        });
        Ok(Self {
            pending: pending.collect::<Result<_, Failure>>()?,
            owner: context.owner.clone(),
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
            let mut asked = Box::pin(pending.prober.ask(self.attempt)).await;
            if let (Ok(()), Some(owner), Some((address, transport))) = (&asked, &self.owner, &pending.asked)
                && let Some(stranger) = ownership::stranger(owner, address, *transport).await
            {
                asked = Err(Trouble::new(format!(
                    "answered by {stranger}, not by the game: probe the game's own port"
                )));
            }
            if let Err(trouble) = asked {
                pending.trouble = trouble;
                let now = Instant::now();
                let pause = self.interval.unwrap_or_else(|| pending.prober.interval());
                pending.due = now.checked_add(pause).unwrap_or(now + LONGEST);
                index += 1;
            } else {
                self.pending.remove(index);
            }
        }
    }

    /// Returns what is awaited, as a short phrase: `log line, tcp 127.0.0.1:28015`.
    pub fn awaits(&self) -> String {
        let awaited: Vec<String> = self.awaited().iter().map(PendingProbe::to_string).collect();
        awaited.join(", ")
    }

    /// Returns the probes that have not held.
    pub fn awaited(&self) -> Vec<PendingProbe> {
        let awaited = self.pending.iter().map(|pending| PendingProbe {
            what: pending.prober.awaits(),
            trouble: pending.trouble.why.clone(),
            advice: pending.trouble.advice.clone(),
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
            trouble: Trouble::default(),
        };
        (pending, asked)
    }

    fn readiness(pending: Vec<Pending>, interval: Option<Duration>) -> Readiness {
        Readiness {
            pending,
            owner: None,
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
