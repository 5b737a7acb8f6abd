//! The kinds of container engines.

use crate::failure::{Failure, FailureKind};
use crate::program::CallError;

/// A kind of engine: the program that reaches it, and its error messages.
#[derive(Debug)]
pub struct EngineKind {
    pub program: &'static str,
    /// The option that selects one of several engines.
    pub context_option: &'static str,
    /// The engine's name in messages.
    pub name: &'static str,
    /// Parts of messages that tell of missing permission.
    pub denied: &'static [&'static str],
    /// Parts of messages that tell of an engine that does not answer.
    pub away: &'static [&'static str],
    pub denied_hint: &'static str,
    pub away_hint: &'static str,
    pub hangs_hint: &'static str,
    pub install_hint: &'static str,
    /// The form in which `stats` is asked for.
    pub stats_format: &'static str,
    /// True if its events can be filtered by a label alone, without a value.
    pub filters_by_label: bool,
    /// True if a call is to stop one container only, and to name the grace period: one
    /// that is gone keeps it from stopping the others.
    pub stops_one_by_one: bool,
    /// True if the standard input of a container stays open when an `attach` to it ends.
    pub keeps_input: bool,
}

pub const DOCKER: EngineKind = EngineKind {
    program: "docker",
    context_option: "--context",
    name: "the Docker daemon",
    denied: &["permission denied while trying to connect", "PermissionError"],
    away: &[
        "Cannot connect to the Docker daemon",
        "error during connect",
        "Error while fetching server API version",
        "failed to connect to the docker API",
        "Couldn't connect to Docker daemon",
    ],
    denied_hint: "add yourself to the group `docker`, or call gamectl as its owner",
    away_hint: "see `systemctl status docker`, `docker context show` and $DOCKER_HOST",
    hangs_hint: "the Docker daemon may hang; see `systemctl status docker`",
    install_hint: "install Docker Engine and its compose plugin",
    stats_format: "{{json .}}",
    filters_by_label: true,
    stops_one_by_one: false,
    keeps_input: true,
};

/// Podman needs no daemon: only where `$CONTAINER_HOST` names one can it be away.
pub const PODMAN: EngineKind = EngineKind {
    program: "podman",
    context_option: "--connection",
    name: "podman",
    denied: &["permission denied"],
    away: &[
        "Cannot connect to Podman",
        "unable to connect to Podman socket",
        // As compose says it.
        "Cannot connect to the Docker daemon",
        "error during connect",
        "Error while fetching server API version",
    ],
    denied_hint: "call gamectl as the user whose containers these are",
    away_hint: "see `systemctl status podman.socket` (with `--user` for a user's own) and $CONTAINER_HOST",
    hangs_hint: "podman may hang; see what `podman ps` says",
    install_hint: "install podman",
    stats_format: "json",
    filters_by_label: false,
    stops_one_by_one: true,
    keeps_input: false,
};

impl EngineKind {
    /// Returns the failure that a complaint of the engine's program stands for.
    pub fn refusal(&self, complaint: &str) -> Failure {
        let last = complaint.trim().lines().last().unwrap_or("it said nothing").trim();
        let has = |texts: &[&str]| texts.iter().any(|text| complaint.contains(text));
        if has(self.denied) {
            return Failure::unknown(format!("{} may not be asked: {last}", self.name)).hint(self.denied_hint);
        }
        if has(self.away) {
            return Failure::unknown(format!("{} does not answer: {last}", self.name)).hint(self.away_hint);
        }
        Failure::failed(format!("{} says: {last}", self.program))
    }

    /// Returns the failure of a call that has no outcome. `program` is the
    /// engine's own program, or one that reaches the engine.
    pub fn call_failed(&self, program: &str, error: &CallError) -> Failure {
        match error {
            CallError::TimedOut(limit) => {
                let limit = humantime::format_duration(*limit);
                Failure::unknown(format!("`{program}` did not answer within {limit}")).hint(self.hangs_hint)
            }
            CallError::Io(_) if error.is_missing_program() => {
                Failure::new(FailureKind::Unsupported, format!("`{program}` is not installed")).hint(self.install_hint)
            }
            CallError::TooLong => {
                Failure::unknown(format!("`{program}`: {error}")).hint("see whether that program is the engine's own")
            }
            CallError::Io(error) => Failure::unknown(format!("`{program}` cannot be called: {error}")),
        }
    }
}
