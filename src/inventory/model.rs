//! The validated inventory: what everybody above and beside this room works
//! with. Nothing here can be out of range, unknown or half there.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::channels::{ChannelKind, Channels, Remote};
use super::compose::ComposeSpec;
use super::hook::Hook;

/// The longest instance id.
pub const ID_MAX: usize = 63;

/// Whether `id` is a valid instance id: `[a-z0-9][a-z0-9_-]{0,62}`. Such an id
/// is safe as a file name and as one segment of a message subject.
pub fn is_valid_id(id: &str) -> bool {
    let bytes = id.as_bytes();
    let alnum = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.first().is_some_and(alnum)
        && bytes.len() <= ID_MAX
        && bytes.iter().all(|b| alnum(b) || matches!(b, b'_' | b'-'))
}

/// A whole inventory, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inventory {
    /// The instances, in the order of the file. Ids are unique.
    pub instances: Vec<Instance>,
}

impl Inventory {
    /// The instance of that id.
    pub fn get(&self, id: &str) -> Option<&Instance> {
        self.instances.iter().find(|instance| instance.id == id)
    }
}

/// One game server as a person thinks of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Its slug, valid by [`is_valid_id`].
    pub id: String,
    /// The preset that it was made from.
    pub game: Option<&'static str>,
    /// The ports it is known to take, by name.
    pub ports: Vec<Port>,
    /// The line that tells all players something, with `{message}` in it.
    pub broadcast: Option<String>,
    /// The line whose reply tells who plays.
    pub players: Option<String>,
    /// Its tags, for `tag:NAME` selectors.
    pub tags: Vec<String>,
    /// Whether the resident supervisor starts it.
    pub autostart: bool,
    /// What manages it.
    pub plane: Plane,
    /// When it counts as ready.
    pub ready: Ready,
    /// When it counts as hung, where that is to be found out.
    pub healthy: Option<Healthy>,
    /// The polite steps of its stop chain. The kill at the end is implied.
    pub stop: Vec<StopStep>,
    /// Its admin channels.
    pub channels: Channels,
    /// What the resident supervisor does when it ends by itself.
    pub restart: RestartPolicy,
    /// What the resident supervisor runs when something happens to it.
    pub on_event: Vec<Hook>,
}

/// A port that a game takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// What it is for.
    pub name: String,
    /// Its number; never 0.
    pub number: u16,
    /// What it speaks.
    pub protocol: Protocol,
}

/// What a port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// A management plane with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Plane {
    /// No plane section, or one that lacks what it needs: shown, not managed.
    Unmanaged {
        /// The plane it would be on, or `none`.
        plane: &'static str,
        /// Why it is not managed, for the note of a status row.
        reason: String,
    },
    /// A spawned process of this host.
    Process(Box<ProcessSpec>),
    /// A stack of containers.
    DockerCompose(Box<ComposeSpec>),
}

/// A process to spawn. Paths are absolute.
#[derive(Clone, PartialEq)]
pub struct ProcessSpec {
    /// The program.
    pub executable: PathBuf,
    /// Its arguments, byte for byte.
    pub args: Vec<OsString>,
    /// Its working directory.
    pub cwd: PathBuf,
    /// Environment variables; they win over the env file.
    pub env: Vec<(OsString, OsString)>,
    /// A file of `NAME=value` lines, read at the launch.
    pub env_file: Option<PathBuf>,
    /// The user it runs as; only root can switch.
    pub user: Option<String>,
    /// Whether it gets a pseudo-terminal.
    pub tty: bool,
    /// The rotation of its console log.
    pub log: LogSpec,
    /// What the real game is known by where a launcher starts it: a regular
    /// expression over the path of an executable, or over the name by which a
    /// process was called.
    pub main: Option<String>,
}

impl fmt::Debug for ProcessSpec {
    // The environment may carry secrets, and so may the arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessSpec")
            .field("executable", &self.executable)
            .field("args", &format_args!("[{} hidden]", self.args.len()))
            .field("cwd", &self.cwd)
            .field("env", &format_args!("[{} hidden]", self.env.len()))
            .field("env_file", &self.env_file)
            .field("user", &self.user)
            .field("tty", &self.tty)
            .field("log", &self.log)
            .field("main", &self.main)
            .finish()
    }
}

/// The rotation of a console log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogSpec {
    /// Bytes after which the log is rotated.
    pub max_size: u64,
    /// How many rotated files are kept beside the current one.
    pub keep: u32,
}

impl Default for LogSpec {
    fn default() -> Self {
        Self {
            max_size: 50 * 1024 * 1024,
            keep: 5,
        }
    }
}

/// When an instance counts as ready: when every probe holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Ready {
    /// The probes; never empty.
    pub probes: Vec<Probe>,
    /// How long `start` waits for them.
    pub timeout: Duration,
    /// How often they are asked; each has its own way when this is `None`.
    pub interval: Option<Duration>,
    /// How long one of them may take to answer once, where that is less than
    /// its own limit of some seconds.
    pub attempt_timeout: Option<Duration>,
}

impl Default for Ready {
    fn default() -> Self {
        Self {
            probes: vec![Probe::AliveFor(Duration::from_secs(1))],
            timeout: Duration::from_secs(5 * 60),
            interval: None,
            attempt_timeout: None,
        }
    }
}

/// When an instance that was ready counts as hung.
#[derive(Debug, Clone, PartialEq)]
pub struct Healthy {
    /// The probes; a check holds when each of them does. Never empty.
    pub probes: Vec<Probe>,
    /// For how long after it became ready nothing is checked.
    pub start_grace: Duration,
    /// How often it is checked.
    pub interval: Duration,
    /// How long a probe may take to answer.
    pub attempt_timeout: Duration,
    /// So many failed checks...
    pub failures: u32,
    /// ... of so many in a row make it hung. At most 64.
    pub of: u32,
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

/// One readiness probe.
#[derive(Clone, PartialEq)]
pub enum Probe {
    /// This regular expression matches a line that this launch wrote. It was
    /// found to be valid; see the syntax of the `regex` crate.
    Log(String),
    /// A TCP connection to this address is accepted.
    Tcp(HostPort),
    /// A server there answers the query of Steam's server browser.
    A2s(HostPort),
    /// A Minecraft server there answers a status ping.
    Minecraft(HostPort),
    /// A login over this channel works.
    Login(Box<Remote>),
    /// A request is answered with a wanted status.
    Http(HttpCheck),
    /// This command, run without a shell in the instance's working directory,
    /// exits with 0. Never empty.
    Exec(Vec<String>),
    /// It has been alive for so long.
    AliveFor(Duration),
}

impl fmt::Debug for Probe {
    // The arguments of a command may carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(pattern) => f.debug_tuple("Log").field(pattern).finish(),
            Self::Tcp(address) => f.debug_tuple("Tcp").field(address).finish(),
            Self::A2s(address) => f.debug_tuple("A2s").field(address).finish(),
            Self::Minecraft(address) => f.debug_tuple("Minecraft").field(address).finish(),
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

/// A request over HTTP, and the answers that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCheck {
    /// Whom to ask.
    pub address: HostPort,
    /// The path and the query, beginning with `/`.
    pub path: String,
    /// The wanted statuses; any from 200 to 299 when empty.
    pub status: Vec<u16>,
    /// `GET`, `POST` or `PUT`.
    pub method: &'static str,
    /// What is sent along; nothing when empty.
    pub body: String,
}

impl HttpCheck {
    /// Whether a status is wanted.
    pub fn accepts(&self, status: u16) -> bool {
        if self.status.is_empty() {
            return (200..300).contains(&status);
        }
        self.status.contains(&status)
    }
}

/// A host name or address with a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    /// A name, an IPv4 address, or an IPv6 address without its brackets.
    pub host: String,
    /// The port, not 0.
    pub port: u16,
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// One step of a stop chain.
#[derive(Debug, Clone, PartialEq)]
pub struct StopStep {
    /// What is done.
    pub action: StopAction,
    /// How long the end of the tree is awaited before the next step.
    pub wait: Duration,
    /// A text in the reply that confirms it. Only a step with replies has one.
    pub expect: Option<String>,
}

/// What a stop step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StopAction {
    /// Writes this line to the console.
    Stdin(String),
    /// Sends this signal.
    Signal(Signal),
    /// Sends this line through a network channel; never stdin.
    Remote(ChannelKind, String),
    /// Runs this command, without a shell, in the instance's working
    /// directory. Never empty.
    Exec(Vec<String>),
    /// Makes this request, whose status tells whether it was heard.
    Http(Box<HttpCheck>),
}

impl StopAction {
    /// The network channel that it needs.
    pub fn channel(&self) -> Option<ChannelKind> {
        match self {
            Self::Remote(kind, _) => Some(*kind),
            Self::Stdin(_) | Self::Signal(_) | Self::Exec(_) | Self::Http(_) => None,
        }
    }
}

impl fmt::Display for StopAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin(text) => write!(f, "stdin: {text}"),
            Self::Signal(signal) => {
                let name = signal.as_str();
                write!(f, "signal: {}", name.strip_prefix("SIG").unwrap_or(name))
            }
            Self::Remote(kind, line) => write!(f, "{kind}: {line}"),
            // Its arguments may carry secrets.
            Self::Exec(argv) => write!(f, "exec: {}", argv.first().map_or("", String::as_str)),
            // So may its query and its body.
            Self::Http(request) => {
                let path = request.path.split('?').next().unwrap_or_default();
                write!(f, "http: {} {}{path}", request.method, request.address)
            }
        }
    }
}

/// How long a stop step waits when it does not say.
pub const DEFAULT_STEP_WAIT: Duration = Duration::from_secs(60);

/// The stop chain of an instance that gives none: TERM, and a minute.
pub fn default_stop_chain() -> Vec<StopStep> {
    vec![StopStep {
        action: StopAction::Signal(Signal::SIGTERM),
        wait: DEFAULT_STEP_WAIT,
        expect: None,
    }]
}

/// What the resident supervisor does when an instance ends by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct RestartPolicy {
    /// In which cases it is started again.
    pub policy: RestartWhen,
    /// The delay before the first restart; it doubles per crash.
    pub delay: Duration,
    /// The longest delay.
    pub max_delay: Duration,
    /// After so long a time of running the delay falls back.
    pub reset_after: Duration,
    /// Exit codes that count as a deliberate stop under `on-failure` and
    /// `never`.
    pub success_exit_codes: Vec<i32>,
    /// When to give up; never by default.
    pub give_up: Option<GiveUp>,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            policy: RestartWhen::Always,
            delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(60),
            reset_after: Duration::from_secs(60),
            success_exit_codes: vec![0],
            give_up: None,
        }
    }
}

/// In which cases an instance is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartWhen {
    /// Whenever it ended without being asked to.
    Always,
    /// Unless its exit code says that it ended on purpose.
    OnFailure,
    /// Never.
    Never,
}

impl RestartWhen {
    /// Whether an exit nobody asked for, with this code, is a stop on purpose
    /// rather than a crash.
    pub fn is_deliberate(self, code: Option<i32>, success: &[i32]) -> bool {
        match self {
            Self::Always => false,
            Self::OnFailure | Self::Never => code.is_some_and(|code| success.contains(&code)),
        }
    }
}

/// The crash that is one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GiveUp {
    /// This crash is the last ...
    pub times: u32,
    /// ... when it falls within this time of the first of them.
    pub within: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        for good in ["a", "0", "rust-main", "a_b", "9-", &"x".repeat(63)] {
            assert!(is_valid_id(good), "{good}");
        }
        for bad in ["", "-a", "_a", "A", "a.b", "a b", "ä", "a/b", "..", &"x".repeat(64)] {
            assert!(!is_valid_id(bad), "{bad}");
        }
    }

    #[test]
    fn debug_hides_environment_and_arguments() {
        let spec = ProcessSpec {
            executable: "/bin/x".into(),
            args: vec!["canary-1".into()],
            cwd: "/".into(),
            env: vec![("K".into(), "canary-2".into())],
            env_file: None,
            user: None,
            tty: false,
            log: LogSpec::default(),
            main: None,
        };
        assert!(!format!("{spec:?}").contains("canary"));
    }
}
