//! The reason for which a shim ends its game, or what is left of it.

use nix::sys::signal::Signal;

use crate::sys::procfs;
use crate::systemd::STOP_SIGNAL;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reason {
    /// A verb asked for it.
    Verb,
    /// Somebody asked systemd to stop its scope, or the host goes down.
    Scope,
    /// The shim got this signal, and nobody asked for the end of its game: a logout
    /// ends all of a session, a shutdown all of a host.
    Signal {
        signal: Signal,
        /// The session in which it ran, where that may have ended.
        session: Option<String>,
    },
    /// The main process ended by itself, and has left something behind.
    Crash,
}

impl Reason {
    /// Returns the reason of a stop that begins with this signal to the shim. What the
    /// sender meant can be told by the control group, as it is now.
    pub(super) fn of_signal(signal: Signal) -> Self {
        if signal == STOP_SIGNAL {
            return Self::Scope;
        }
        Self::of_signal_in(signal, &procfs::own_control_groups())
    }

    fn of_signal_in(signal: Signal, cgroup: &str) -> Self {
        let mut parts = cgroup.split(['/', '\n']);
        let session = parts.find(|part| part.starts_with("session-") && part.ends_with(".scope"));
        let session = session.map(str::to_owned);
        Self::Signal { signal, session }
    }

    /// Returns the reason in words, where it is none that a person knows already.
    pub(super) fn note(&self) -> Option<String> {
        let (signal, session) = match self {
            Self::Signal { signal, session } => (signal, session),
            Self::Scope => return Some("systemd stopped its scope".to_owned()),
            Self::Verb | Self::Crash => return None,
        };
        let note = format!("its shim got {signal}, and stopped it");
        Some(match session {
            Some(session) => format!("{note}, as at the end of {session}, in which it ran"),
            None => note,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_in_a_session_may_be_a_logout() {
        for (cgroup, note) in [
            (
                "0::/user.slice/user-1000.slice/session-3.scope\n",
                "its shim got SIGTERM, and stopped it, as at the end of session-3.scope, in which it ran",
            ),
            (
                "1:name=systemd:/user.slice/user-0.slice/session-c1.scope\n0::/\n",
                "its shim got SIGTERM, and stopped it, as at the end of session-c1.scope, in which it ran",
            ),
            (
                "0::/system.slice/gamectl.service\n",
                "its shim got SIGTERM, and stopped it",
            ),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope\n",
                "its shim got SIGTERM, and stopped it",
            ),
            ("", "its shim got SIGTERM, and stopped it"),
        ] {
            let reason = Reason::of_signal_in(Signal::SIGTERM, cgroup);
            assert_eq!(reason.note().as_deref(), Some(note), "{cgroup}");
        }
        assert_eq!((Reason::Verb.note(), Reason::Crash.note()), (None, None));
    }
}
