//! Which keys there are, and what to say about others.

use super::check::{Check, short};
use super::nearest::nearest;
use super::node::Entry;

/// A mapping with fixed keys.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Section {
    Top,
    Defaults,
    Instance,
    Process,
    Compose,
    Log,
    Ready,
    Healthy,
    Step,
    Restart,
    GiveUp,
    Hook,
    Rcon,
    Telnet,
    Password,
    Http,
}

impl Section {
    const ALL: [Self; 16] = [
        Self::Top,
        Self::Instance,
        Self::Process,
        Self::Compose,
        Self::Log,
        Self::Ready,
        Self::Healthy,
        Self::Step,
        Self::Restart,
        Self::GiveUp,
        Self::Hook,
        Self::Rcon,
        Self::Telnet,
        Self::Password,
        Self::Http,
        Self::Defaults,
    ];

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Top => &["defaults", "instances"],
            Self::Defaults => &[
                "game",
                "tags",
                "autostart",
                "ready",
                "healthy",
                "stop",
                "rcon",
                "webrcon",
                "telnet",
                "admin",
                "restart",
                "on_event",
                "ports",
                "broadcast",
                "players",
            ],
            Self::Instance => &[
                "game",
                "tags",
                "autostart",
                "process",
                "docker_compose",
                "ready",
                "healthy",
                "stop",
                "rcon",
                "webrcon",
                "telnet",
                "admin",
                "restart",
                "on_event",
                "ports",
                "broadcast",
                "players",
            ],
            Self::Compose => &[
                "file", "files", "project", "profiles", "services", "env_file", "context",
            ],
            Self::Process => &[
                "executable",
                "args",
                "cwd",
                "env",
                "env_file",
                "user",
                "tty",
                "log",
                "main",
            ],
            Self::Log => &["max_size", "keep"],
            Self::Ready => &[
                "log",
                "tcp",
                "http",
                "a2s",
                "rcon",
                "minecraft",
                "exec",
                "alive_for",
                "timeout",
                "interval",
                "attempt_timeout",
            ],
            Self::Healthy => &[
                "tcp",
                "http",
                "a2s",
                "rcon",
                "minecraft",
                "exec",
                "start_grace",
                "interval",
                "attempt_timeout",
                "failures",
                "of",
            ],
            Self::Http => &["url", "status", "method", "body"],
            Self::Step => &[
                "rcon", "webrcon", "telnet", "stdin", "exec", "http", "signal", "wait", "expect",
            ],
            Self::Restart => &[
                "policy",
                "delay",
                "max_delay",
                "reset_after",
                "success_exit_codes",
                "give_up",
            ],
            Self::GiveUp => &["times", "within"],
            Self::Hook => &["command", "events", "timeout"],
            Self::Rcon => &["host", "port", "password"],
            Self::Telnet => &["host", "port", "password", "greeting"],
            Self::Password => &["file"],
        }
    }

    /// What it is called in a sentence.
    fn name(self) -> &'static str {
        match self {
            Self::Top => "the top of the inventory",
            Self::Defaults => "`defaults`",
            Self::Instance => "an instance",
            Self::Process => "`process`",
            Self::Compose => "`docker_compose`",
            Self::Log => "`process.log`",
            Self::Ready => "`ready`",
            Self::Healthy => "`healthy`",
            Self::Step => "a step of `stop`",
            Self::Restart => "`restart`",
            Self::GiveUp => "`restart.give_up`",
            Self::Hook => "a hook of `on_event`",
            Self::Rcon => "`rcon` or `webrcon`",
            Self::Telnet => "`telnet`",
            Self::Password => "`password`",
            Self::Http => "`http`",
        }
    }
}

/// The keys of a section; those of all by section name where none is given.
#[cfg(test)]
pub(super) fn keys_of(section: Option<Section>) -> Vec<&'static str> {
    match section {
        Some(section) => section.keys().to_vec(),
        None => Section::ALL.iter().map(|section| section.name()).collect(),
    }
}

/// Whether a key looks like one. What does not may be a value that slipped,
/// and a secret, so it is not repeated.
pub(super) fn looks_like_key(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with('-')
        && key
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'<'))
}

/// The key in quotes, or nothing; see [`looks_like_key`].
pub(super) fn quoted(key: &str) -> String {
    if looks_like_key(key) {
        format!(" `{}`", short(key))
    } else {
        String::new()
    }
}

/// Whether any section has this key.
pub(super) fn is_known(key: &str) -> bool {
    Section::ALL.iter().any(|section| section.keys().contains(&key))
}

impl Check<'_> {
    /// Notes every key that `section` does not have.
    pub(super) fn known_keys(&mut self, entries: &[Entry], section: Section) {
        for entry in entries.iter().filter(|entry| !entry.void) {
            let key = entry.key.as_ref();
            if section.keys().contains(&key) {
                continue;
            }
            if section == Section::Defaults && matches!(key, "process" | "docker_compose") {
                self.problem(entry.at, format!("`{key}` cannot have defaults"))
                    .hint("it says what one instance is; an anchor (`&name`) and an alias (`*name`) repeat a value");
                continue;
            }
            let hint = hint(key, section);
            self.problem(entry.at, format!("unknown key{} in {}", quoted(key), section.name()))
                .hint(hint);
        }
    }
}

fn hint(key: &str, section: Section) -> String {
    if key == "<<" {
        return "merge keys are not supported; what instances share goes into `defaults`".to_owned();
    }
    let elsewhere = Section::ALL.iter().find(|other| other.keys().contains(&key));
    if let Some(other) = elsewhere {
        return format!("`{key}` belongs into {}", other.name());
    }
    if let Some(meant) = nearest(key, section.keys().iter().copied()) {
        return format!("did you mean `{meant}`?");
    }
    let known: Vec<String> = section.keys().iter().map(|key| format!("`{key}`")).collect();
    format!("there are {}", known.join(", "))
}
