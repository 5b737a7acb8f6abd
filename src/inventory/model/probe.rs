//! Probes: when an instance counts as ready, and when as hung.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::address::HostPort;
use super::channels::Remote;
use super::http::HttpCheck;

/// The rule by which an instance counts as ready: every probe holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Ready {
    /// The probes; never empty.
    pub probes: Vec<Probe>,
    /// The time that `start` waits for them, and `run` before it says so.
    pub timeout: Duration,
    pub on_timeout: OnTimeout,
    /// The time between two attempts; `None` leaves it to each probe.
    pub interval: Option<Duration>,
    /// The limit of one attempt, where it is below the probe's own.
    pub attempt_timeout: Option<Duration>,
}

impl Default for Ready {
    fn default() -> Self {
        Self {
            probes: vec![Probe::AliveFor(Duration::from_secs(1))],
            timeout: Duration::from_secs(5 * 60),
            on_timeout: OnTimeout::Wait,
            interval: None,
            attempt_timeout: None,
        }
    }
}

/// The answer of `run` to an instance that is not ready in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTimeout {
    /// To say so.
    Wait,
    /// To stop it by its chain, and start it again as after a crash.
    Restart,
}

/// The rule by which an instance that was ready counts as hung: `failures` of
/// the last `of` checks failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Healthy {
    /// The probes; a check holds when each of them does. Never empty.
    pub probes: Vec<Probe>,
    /// The time after it became ready in which nothing is checked.
    pub start_grace: Duration,
    /// The time between two checks.
    pub interval: Duration,
    /// The limit of one attempt.
    pub attempt_timeout: Duration,
    /// The failed checks that make it hung.
    pub failures: u32,
    /// The checks that are remembered, at most 64.
    pub of: u32,
}

impl Healthy {
    /// Returns its probes as those of a wait, each with the limit of an attempt.
    pub fn as_ready(&self) -> Ready {
        Ready {
            probes: self.probes.clone(),
            attempt_timeout: Some(self.attempt_timeout),
            ..Ready::default()
        }
    }
}

impl Default for Healthy {
    fn default() -> Self {
        Self {
            probes: Vec::new(),
            start_grace: Duration::from_secs(60),
            interval: Duration::from_secs(15),
            attempt_timeout: Duration::from_secs(5),
            failures: 3,
            of: 3,
        }
    }
}

/// The version of a query of GameSpy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GamespyVersion {
    One,
    Two,
    Three,
}

impl GamespyVersion {
    /// Returns its key in the inventory.
    pub fn key(self) -> &'static str {
        match self {
            Self::One => "gamespy1",
            Self::Two => "gamespy2",
            Self::Three => "gamespy3",
        }
    }
}

#[derive(Clone, PartialEq)]
pub enum Probe {
    /// This valid regular expression matches a line that this launch wrote.
    Log(String),
    /// A line that this launch wrote to a file of its own matches.
    LogFile(LogFile),
    /// A TCP connection to this address is accepted.
    Tcp(HostPort),
    /// A server there answers the query of Steam's server browser.
    A2s(HostPort),
    /// A Minecraft server there answers a status ping.
    Minecraft(HostPort),
    /// A server of Minecraft's Bedrock Edition there answers a ping.
    Bedrock(HostPort),
    /// A server of Quake III, or of a game made from it, answers `getinfo` there.
    Quake3(HostPort),
    /// A server there answers a query of GameSpy.
    Gamespy(GamespyVersion, HostPort),
    /// A login over this channel works.
    Login(Box<Remote>),
    /// A request is answered with a wanted status.
    Http(HttpCheck),
    /// This command, run without a shell in the instance's working directory,
    /// exits with 0. Never empty.
    Exec(Vec<String>),
    /// The game has been alive for this time.
    AliveFor(Duration),
}

/// A log file that a game writes, and the line by which it is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Its path; a relative one begins at the folder that the game runs in.
    pub path: PathBuf,
    /// A valid regular expression.
    pub pattern: String,
}

impl Probe {
    /// Returns true if its answer tells how many play.
    pub fn counts_players(&self) -> bool {
        self.query().is_some()
    }

    /// Returns the name and the server of a query that players' programs make.
    pub fn query(&self) -> Option<(&'static str, &HostPort)> {
        Some(match self {
            Self::A2s(server) => ("a2s", server),
            Self::Minecraft(server) => ("minecraft", server),
            Self::Bedrock(server) => ("bedrock", server),
            Self::Quake3(server) => ("quake3", server),
            Self::Gamespy(version, server) => (version.key(), server),
            _ => return None,
        })
    }
}

impl fmt::Debug for Probe {
    // The arguments of a command may carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(pattern) => f.debug_tuple("Log").field(pattern).finish(),
            Self::LogFile(file) => f.debug_tuple("LogFile").field(file).finish(),
            Self::Tcp(address) => f.debug_tuple("Tcp").field(address).finish(),
            Self::A2s(_) | Self::Minecraft(_) | Self::Bedrock(_) | Self::Quake3(_) | Self::Gamespy(..) => {
                f.debug_tuple("Query").field(&self.query()).finish()
            }
            Self::Login(remote) => f.debug_tuple("Login").field(remote).finish(),
            Self::Http(check) => f.debug_tuple("Http").field(&check.address).finish(),
            Self::Exec(argv) => {
                let program = argv.first().map_or("", String::as_str);
                let hidden = argv.len().saturating_sub(1);
                write!(f, "Exec({program:?}, [{hidden} hidden])")
            }
            Self::AliveFor(time) => f.debug_tuple("AliveFor").field(time).finish(),
        }
    }
}
