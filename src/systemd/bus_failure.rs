//! The reasons why a service manager did not do what it was asked for.

use std::fmt;
use std::io;

use zbus::fdo;

/// The failure of a conversation with a service manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusFailure {
    /// There is nobody to ask, for this reason.
    Absent(String),
    /// The user has a service manager, and no D-Bus to ask it over.
    NoBus,
    /// There is no user of this name.
    NoUser(String),
    /// The unit belongs to this user, for whom only root may act.
    OtherUser(String),
    /// This user may not do that.
    Denied(String),
    /// systemd refuses: the short name of an error of its own, such as `NoSuchUnit`, and
    /// its message.
    Refused(String, String),
    /// systemd did not answer within this many seconds.
    Silent(u64),
    /// The conversation has failed.
    Broken(String),
}

impl fmt::Display for BusFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(why) => f.write_str(why),
            Self::NoBus => f.write_str("this user has no D-Bus to ask the service manager over"),
            Self::NoUser(name) => write!(f, "this host has no user {name}"),
            Self::OtherUser(name) => write!(
                f,
                "the service manager of {name} may be asked only by {name} and by root"
            ),
            Self::Denied(said) => write!(f, "systemd does not allow it: {said}"),
            Self::Refused(_, said) => write!(f, "systemd says: {said}"),
            Self::Silent(seconds) => write!(f, "systemd did not answer within {seconds} s"),
            Self::Broken(why) => write!(f, "D-Bus: {why}"),
        }
    }
}

impl From<zbus::Error> for BusFailure {
    fn from(error: zbus::Error) -> Self {
        let without_dot = |text: &str| text.trim_end_matches('.').to_owned();
        match &error {
            zbus::Error::MethodError(name, message, _) => {
                let short = name.as_str().rsplit('.').next().unwrap_or_default();
                let message = message.as_deref().unwrap_or(name.as_str());
                Self::Refused(short.to_owned(), without_dot(message))
            }
            zbus::Error::FDO(error) => match &**error {
                fdo::Error::AccessDenied(said)
                | fdo::Error::AuthFailed(said)
                | fdo::Error::InteractiveAuthorizationRequired(said) => Self::Denied(without_dot(said)),
                fdo::Error::ServiceUnknown(_) => Self::Absent("this host has no systemd".to_owned()),
                fdo::Error::NoReply(said) | fdo::Error::Disconnected(said) => Self::Broken(said.clone()),
                other => Self::Broken(without_dot(&other.to_string())),
            },
            zbus::Error::Connection(error, _) | zbus::Error::InputOutput(error) => Self::from(&**error),
            other => Self::Broken(other.to_string()),
        }
    }
}

impl From<&io::Error> for BusFailure {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                Self::Absent("there is no systemd to ask".to_owned())
            }
            io::ErrorKind::PermissionDenied => Self::Denied(error.to_string()),
            _ => Self::Broken(error.to_string()),
        }
    }
}
