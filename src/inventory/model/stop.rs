//! The stop chain: the polite steps that end an instance. One type serves the
//! inventory, the records and the processes that carry a chain out; serde
//! carries it between them.

use std::fmt;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::channels::ChannelKind;
use super::http::HttpCheck;

/// The wait of a step that names none.
pub const DEFAULT_STEP_WAIT: Duration = Duration::from_secs(60);

/// One step of a stop chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopStep {
    pub action: StopAction,
    /// The time in which the tree may end before the next step.
    #[serde(rename = "wait_ms", with = "milliseconds")]
    pub wait: Duration,
    /// A text in the reply that confirms it. Only a step with replies has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
}

/// The action of a stop step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopAction {
    Stdin(String),
    Signal(#[serde(with = "signal_name")] Signal),
    /// Sends this line through a network channel; never stdin.
    Remote(ChannelKind, String),
    /// Runs this command, without a shell, in the instance's working
    /// directory. Never empty.
    Exec(Vec<String>),
    /// Makes this request, whose status says if it was understood.
    Http(Box<HttpCheck>),
    /// A step of which only the name is known: an older gamectl asked for it and
    /// carries it out itself. No inventory holds one.
    Named(String),
}

impl StopStep {
    /// Returns true when a shim leaves the step to the gamectl that follows the
    /// stop, since it takes the network or another program.
    pub fn is_delegated(&self) -> bool {
        !matches!(self.action, StopAction::Stdin(_) | StopAction::Signal(_))
    }
}

impl StopAction {
    /// Returns the network channel that it needs.
    pub fn channel(&self) -> Option<ChannelKind> {
        match self {
            Self::Remote(kind, _) => Some(*kind),
            _ => None,
        }
    }
}

impl fmt::Display for StopAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin(text) => write!(f, "stdin: {text}"),
            Self::Signal(signal) => write!(f, "signal: {}", short_name(*signal)),
            Self::Remote(kind, line) => write!(f, "{kind}: {line}"),
            Self::Named(name) => f.write_str(name),
            // Its arguments may carry secrets.
            Self::Exec(argv) => write!(f, "exec: {}", argv.first().map_or("", String::as_str)),
            // So may its query and its body.
            Self::Http(request) => {
                let path = request.shown_path();
                write!(f, "http: {} {}{path}", request.method, request.address)
            }
        }
    }
}

/// Returns the name of a signal without SIG.
pub(crate) fn short_name(signal: Signal) -> &'static str {
    signal.as_str().trim_start_matches("SIG")
}

/// Returns the chain of an instance that gives none: TERM, and a minute.
pub fn default_stop_chain() -> Vec<StopStep> {
    vec![StopStep {
        action: StopAction::Signal(Signal::SIGTERM),
        wait: DEFAULT_STEP_WAIT,
        expect: None,
    }]
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(wait: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

mod signal_name {
    use std::borrow::Cow;

    use nix::sys::signal::Signal;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    // serde asks for a reference.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    pub(super) fn serialize<S: Serializer>(signal: &Signal, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(super::short_name(*signal))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Signal, D::Error> {
        let name = Cow::<str>::deserialize(from)?;
        let signal = Signal::iterator().find(|signal| super::short_name(*signal) == name);
        signal.ok_or_else(|| D::Error::custom("no such signal"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::address::HostPort;
    use super::super::http::{HttpAccess, HttpMethod, Tls};
    use super::*;

    #[test]
    fn every_step_survives_json() {
        let request = HttpCheck {
            address: HostPort {
                host: "::1".into(),
                port: 80,
            },
            path: "/x?y".into(),
            status: vec![200],
            method: HttpMethod::Post,
            body: "b".into(),
            tls: Some(Tls {
                ca: Some("/ca.pem".into()),
            }),
            access: HttpAccess::default(),
        };
        for (action, shown) in [
            (StopAction::Stdin("a\"b\\".into()), "stdin: a\"b\\"),
            (StopAction::Signal(Signal::SIGINT), "signal: INT"),
            (StopAction::Remote(ChannelKind::Rcon, "quit".into()), "rcon: quit"),
            (StopAction::Exec(vec!["/x".into(), "secret".into()]), "exec: /x"),
            (StopAction::Http(Box::new(request)), "http: POST [::1]:80/x"),
        ] {
            assert_eq!(action.to_string(), shown);
            let step = StopStep {
                action,
                wait: Duration::from_millis(1500),
                expect: Some("é".into()),
            };
            let text = serde_json::to_string(&step).unwrap();
            assert_eq!(serde_json::from_str::<StopStep>(&text).unwrap(), step, "{text}");
        }
        let bad = r#"{"action":{"signal":"KILLALL"},"wait_ms":1}"#;
        assert!(serde_json::from_str::<StopStep>(bad).is_err());
    }
}
