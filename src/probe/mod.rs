//! Readiness: whether a game accepts players, found out from outside.
//!
//! A probe that fails says "not yet", or "could not be found out"; it never
//! says that a game is stopped.

mod a2s;
mod exec;
mod http;
mod log;
mod minecraft;
mod tcp;

pub use http::request;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::channel;
use crate::failure::Failure;
use crate::inventory::{Probe, Ready, Remote};
use crate::store::InstanceDir;
use crate::store::launch::LogPosition;
use crate::sys::clock;

/// How long one login may take.
const LOGIN: Duration = Duration::from_secs(5);

/// What probes look at.
#[derive(Debug, Clone)]
pub struct Scene {
    /// The instance's folder, with its console log; `None` where there is none.
    pub dir: Option<Arc<InstanceDir>>,
    /// Where the output of this launch begins.
    pub log_from: LogPosition,
    /// When it was launched, on the boot-time clock, in milliseconds.
    pub launched_boot_ms: u64,
    /// Where commands are run.
    pub cwd: PathBuf,
    /// The whole environment of commands.
    pub env: Vec<(OsString, OsString)>,
}

#[derive(Debug)]
enum Prober {
    Log(Box<log::LogProbe>),
    Tcp(tcp::TcpProbe),
    A2s(a2s::A2sProbe),
    Minecraft(minecraft::MinecraftProbe),
    Http(http::HttpProbe),
    Login(Box<Remote>),
    Exec(exec::ExecProbe),
    AliveFor { until_boot_ms: u64, span: Duration },
}

impl Prober {
    fn new(probe: &Probe, scene: &Scene) -> Result<Self, Failure> {
        Ok(match probe {
            Probe::Log(pattern) => Self::Log(Box::new(log::LogProbe::new(pattern, scene)?)),
            Probe::Tcp(address) => Self::Tcp(tcp::TcpProbe::new(address.clone())),
            Probe::A2s(address) => Self::A2s(a2s::A2sProbe::new(address.clone())),
            Probe::Minecraft(address) => Self::Minecraft(minecraft::MinecraftProbe::new(address.clone())),
            Probe::Http(check) => Self::Http(http::HttpProbe::new(check.clone())),
            Probe::Login(remote) => Self::Login(remote.clone()),
            Probe::Exec(argv) => Self::Exec(exec::ExecProbe::new(argv.clone(), scene)),
            Probe::AliveFor(span) => Self::AliveFor {
                until_boot_ms: scene
                    .launched_boot_ms
                    .saturating_add(u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
                span: *span,
            },
        })
    }

    async fn holds(&mut self) -> bool {
        match self {
            Self::Log(probe) => probe.holds(),
            Self::Tcp(probe) => probe.holds().await,
            Self::A2s(probe) => probe.holds().await,
            Self::Minecraft(probe) => probe.holds().await,
            Self::Http(probe) => probe.holds().await,
            Self::Login(remote) => channel::login(remote, LOGIN).await.is_ok(),
            Self::Exec(probe) => probe.holds().await,
            Self::AliveFor { until_boot_ms, .. } => clock::boot_ms() >= *until_boot_ms,
        }
    }

    fn interval(&self) -> Duration {
        match self {
            Self::Log(_) => Duration::from_millis(50),
            Self::Tcp(_) => Duration::from_millis(250),
            Self::A2s(_) | Self::Minecraft(_) | Self::Http(_) => Duration::from_millis(500),
            // A server may ban who comes too often.
            Self::Login(_) => Duration::from_secs(2),
            Self::Exec(_) => Duration::from_secs(1),
            Self::AliveFor { until_boot_ms, .. } => {
                Duration::from_millis(until_boot_ms.saturating_sub(clock::boot_ms()).max(1))
            }
        }
    }

    fn awaits(&self) -> String {
        match self {
            Self::Log(_) => "log line".to_owned(),
            Self::Tcp(probe) => format!("tcp {}", probe.address()),
            Self::A2s(probe) => format!("a2s {}", probe.address()),
            Self::Minecraft(probe) => format!("minecraft {}", probe.address()),
            Self::Http(probe) => probe.awaits(),
            Self::Login(remote) => format!("{} {}", remote.kind, remote.address),
            Self::Exec(probe) => format!("exec {}", probe.program()),
            Self::AliveFor { span, .. } => format!("alive for {}", humantime::format_duration(*span)),
        }
    }
}

/// All probes of one launch. A probe that held once is not asked again.
#[derive(Debug)]
pub struct Readiness {
    pending: Vec<Prober>,
    interval: Option<Duration>,
    attempt: Duration,
}

impl Readiness {
    /// The probes of an instance for one launch.
    ///
    /// # Errors
    /// When a regular expression is too large.
    pub fn new(ready: &Ready, scene: &Scene) -> Result<Self, Failure> {
        let pending = ready.probes.iter().map(|probe| Prober::new(probe, scene));
        Ok(Self {
            pending: pending.collect::<Result<_, _>>()?,
            interval: ready.interval,
            attempt: ready.attempt_timeout.unwrap_or(Duration::MAX),
        })
    }

    /// Asks every probe that has not held yet, each once. Returns whether all
    /// of them have held.
    ///
    /// # Cancel safety
    /// Safe: what was not finished is asked again.
    pub async fn check(&mut self) -> bool {
        let mut index = 0;
        while let Some(prober) = self.pending.get_mut(index) {
            // Each has a limit of its own as well.
            if tokio::time::timeout(self.attempt, prober.holds())
                .await
                .unwrap_or(false)
            {
                self.pending.remove(index);
            } else {
                index += 1;
            }
        }
        self.pending.is_empty()
    }

    /// Returns when every probe has held. Tells what is awaited, at first and
    /// whenever a probe has held.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn hold(&mut self, mut tell: impl FnMut(&str)) {
        let mut pending = usize::MAX;
        while !self.check().await {
            if self.pending.len() != pending {
                pending = self.pending.len();
                tell(&self.awaits());
            }
            tokio::time::sleep(self.interval()).await;
        }
    }

    fn interval(&self) -> Duration {
        if let Some(interval) = self.interval {
            return interval;
        }
        let soonest = self.pending.iter().map(Prober::interval).min();
        soonest.unwrap_or(Duration::from_millis(50))
    }

    /// What is awaited, as a short phrase: `log line, tcp 127.0.0.1:28015`.
    pub fn awaits(&self) -> String {
        let awaited: Vec<String> = self.pending.iter().map(Prober::awaits).collect();
        awaited.join(", ")
    }
}
