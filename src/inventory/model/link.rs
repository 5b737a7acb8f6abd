//! The link: where states and events are published, and verbs are asked for.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::address::HostPort;
use super::channels::Password;

/// The interval between two heartbeats of an inventory that has none.
pub(crate) const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(15);

/// A link over NATS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsLink {
    /// The servers, of which one is enough; at least one.
    pub servers: Vec<NatsServer>,
    /// The beginning of each subject, without a dot at its end.
    pub prefix: String,
    /// The name of this host in subjects; that of the host when absent.
    pub node: Option<String>,
    pub login: Option<NatsLogin>,
    pub tls: Option<NatsTls>,
    /// The verbs that may be asked for.
    pub accept: Vec<LinkVerb>,
    /// The interval between two heartbeats; none when zero.
    pub heartbeat: Duration,
    /// True to have the server keep the last message of each subject.
    pub stream: bool,
}

/// A server of NATS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatsServer {
    pub address: HostPort,
    /// True where its URL asks for TLS.
    pub tls: bool,
}

/// The way to prove who connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NatsLogin {
    Token(Password),
    User {
        user: String,
        password: Password,
    },
    /// The seed of a key.
    Nkey(Password),
    /// A file of credentials, absolute.
    Credentials(PathBuf),
}

/// TLS to a server of NATS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NatsTls {
    /// A PEM file with the certificates that are trusted, absolute; those of the
    /// system when absent.
    pub ca: Option<PathBuf>,
    /// The certificate of this client.
    pub client: Option<ClientCertificate>,
}

/// A certificate with its private key, in PEM files with absolute paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A verb that may be asked for over a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkVerb {
    Status,
    Start,
    Stop,
    Restart,
}

/// The longest token of a subject, in bytes: a control line of a server has 4096.
const TOKEN_MAX: usize = 128;

/// Returns true for one token of a subject, without wildcards. A server takes others, such
/// as empty ones and those with wildcards, and delivers them to nobody.
pub fn is_subject_token(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !text.is_empty() && text.len() <= TOKEN_MAX && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_of_subjects() {
        for good in ["a", "Node-1", "_x", &"n".repeat(TOKEN_MAX)] {
            assert!(is_subject_token(good), "{good}");
        }
        for bad in [
            "",
            "a.b",
            "*",
            ">",
            "a b",
            "a\tb",
            "\n",
            "$SYS",
            "ä",
            &"n".repeat(TOKEN_MAX + 1),
        ] {
            assert!(!is_subject_token(bad), "{bad}");
        }
    }
}
