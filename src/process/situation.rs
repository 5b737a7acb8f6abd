//! The situation of an instance, by its evidence: the one place that decides
//! what runs, what has ended and what cannot be told. Pure.
//!
//! Facts are a rendering of it ([`super::facts`]), and verbs act on it.

use super::evidence::{Evidence, Game, Shim, tells_all};
use crate::failure::Failure;
use crate::store::ReadError;
use crate::store::ending::Exit;
use crate::store::launch::{Launch, ReadyAt};
use crate::store::status_table::ShimStatus;

const UNREADABLE: &str = "nothing was changed; use the gamectl that wrote it, or mend what is in the way";
const NOT_ASKED: &str = "what is left of it could not be found out";

/// The situation of an instance.
#[derive(Debug, Clone, Copy)]
pub(super) enum Situation<'a> {
    /// A shim keeps the game, and reports this.
    Kept(&'a ShimStatus),
    /// A shim keeps the game of this launch, and reports nothing.
    KeptSilently(&'a Launch),
    /// A shim keeps the game and reports this, but their folder was removed: no
    /// process can connect to that shim.
    Detached(&'a ShimStatus),
    /// The end of this launch is on record, and its shim is about to exit.
    Ended(&'a Launch, &'a Exit),
    /// A living shim is about to launch the game or to put its end on record.
    Transitional(Last<'a>),
    /// The game runs without a shim.
    Orphan(&'a Launch),
    /// Nothing of the instance runs.
    Free(Last<'a>),
    /// No shim lives, and the game may run: nothing may be started, nor called
    /// stopped.
    Unclear(Unclear<'a>),
}

/// The last launch, by its records.
#[derive(Debug, Clone, Copy)]
pub(super) enum Last<'a> {
    Never,
    Ended(&'a Launch, &'a Exit),
    /// The host was rebooted since.
    Rebooted,
    /// The container in which it ran is gone.
    ContainerGone,
    /// Nothing of it is left, and no exit is on record.
    Unobserved(&'a Launch),
    /// No exit is on record, and its processes are not known to be gone.
    Open(&'a Launch),
    Unclear(Unclear<'a>),
}

/// A reason why the records do not tell what runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unclear<'a> {
    Damaged(&'a ReadError),
    /// A record cannot be read, or a newer gamectl wrote it.
    Unreadable(&'a ReadError),
    Elsewhere(&'static str),
    Unknown(&'a str),
}

impl<'a> From<&'a ReadError> for Unclear<'a> {
    fn from(error: &'a ReadError) -> Self {
        match error {
            ReadError::Damaged(..) => Self::Damaged(error),
            _ => Self::Unreadable(error),
        }
    }
}

impl Unclear<'_> {
    /// Returns the reason, for a person.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Damaged(error) | Self::Unreadable(error) => error.to_string(),
            Self::Elsewhere(place) => format!("it was started {place} that shares this state directory"),
            Self::Unknown(why) => why.to_owned(),
        }
    }

    /// Returns the failure of a verb.
    pub(super) fn failure(self) -> Failure {
        let reason = self.reason();
        match self {
            Self::Unreadable(_) => Failure::failed(reason).hint(UNREADABLE),
            Self::Elsewhere(_) => Failure::unknown(reason)
                .hint("stop it there, or give this one another state directory with --state-dir; once it is gone for good, remove the file `launch` of its folder in this one"),
            Self::Damaged(_) | Self::Unknown(_) => Failure::unknown(reason),
        }
    }
}

impl<'a> Situation<'a> {
    pub(super) fn of(evidence: &'a Evidence) -> Self {
        match &evidence.shim {
            Shim::CannotTell(why) => Self::Unclear(Unclear::Unknown(why)),
            Shim::Detached(entry) => Self::Detached(entry),
            Shim::Lives(Some(entry)) if tells_all(entry) => Self::Kept(entry),
            Shim::Lives(entry) => Self::with_shim(entry.as_deref(), Last::of(evidence)),
            Shim::None => Self::without_shim(evidence, Last::of(evidence)),
        }
    }

    fn with_shim(reported_end: Option<&ShimStatus>, last: Last<'a>) -> Self {
        match (reported_end, last) {
            (None, Last::Open(launch)) => Self::KeptSilently(launch),
            (Some(entry), Last::Open(launch)) if entry.generation == launch.generation => {
                Self::Transitional(Last::Unobserved(launch))
            }
            (Some(entry), Last::Ended(launch, exit))
                if entry.generation == launch.generation && exit.generation == launch.generation =>
            {
                Self::Ended(launch, exit)
            }
            _ => Self::Transitional(last),
        }
    }

    fn without_shim(evidence: &'a Evidence, last: Last<'a>) -> Self {
        if let Some(why) = &evidence.stray {
            return Self::Unclear(Unclear::Unknown(why));
        }
        match (last, &evidence.game) {
            (Last::Unclear(why), _) => return Self::Unclear(why),
            (Last::Open(launch), Game::Alive) => return Self::Orphan(launch),
            (Last::Open(_), Game::CannotTell(why)) => return Self::Unclear(Unclear::Unknown(why)),
            (Last::Open(_), _) => return Self::Unclear(Unclear::Unknown(NOT_ASKED)),
            _ => {}
        }
        // The next exit would be put in its place.
        if let Some(unreadable @ Unclear::Unreadable(_)) = evidence.exit.as_ref().err().map(Unclear::from) {
            return Self::Unclear(unreadable);
        }
        Self::Free(last)
    }

    /// Returns when the game that runs became ready, once it has.
    pub(super) fn ready(self) -> Option<ReadyAt> {
        match self {
            Self::Kept(entry) | Self::Detached(entry) => entry.ready,
            Self::KeptSilently(launch) | Self::Orphan(launch) | Self::Transitional(Last::Open(launch)) => launch.ready,
            _ => None,
        }
    }

    /// Returns true while the main process has ended by itself, and its shim
    /// ends what is left of its tree.
    pub(super) fn is_draining(self) -> bool {
        matches!(self, Self::Kept(entry) if entry.is_draining())
    }
}

impl<'a> Last<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let launch = match &evidence.launch {
            Ok(None) => return Self::Never,
            Ok(Some(launch)) => launch,
            Err(error) => return Self::Unclear(error.into()),
        };
        if let Some(exit) = evidence.exit_of(launch) {
            return Self::Ended(launch, exit);
        }
        let here = match &evidence.frame {
            Ok(frame) => frame,
            Err(why) => return Self::Unclear(Unclear::Unknown(why)),
        };
        if launch.frame.machine != here.machine {
            Self::Unclear(Unclear::Elsewhere("on another machine"))
        } else if launch.frame.boot != here.boot {
            Self::Rebooted
        } else if launch.frame.namespaces != here.namespaces {
            match evidence.game {
                Game::Gone => Self::ContainerGone,
                _ => Self::Unclear(Unclear::Elsewhere("in another container or pid namespace")),
            }
        } else if matches!(evidence.game, Game::Gone) {
            Self::Unobserved(launch)
        } else {
            Self::Open(launch)
        }
    }

    /// Returns the launch whose end is still to be put on record.
    pub(super) fn unrecorded(self, evidence: &Evidence) -> Option<&'a Launch> {
        match self {
            Self::Unobserved(launch) => Some(launch),
            Self::Ended(launch, _) if evidence.uncommitted => Some(launch),
            _ => None,
        }
    }
}
