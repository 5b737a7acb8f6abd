//! The record of the crashes that `run` has counted, so that the next `run` goes on
//! counting where it stopped.

use std::io;

use super::dir::StateDir;
use super::folder::{InstanceDir, ReadError};
use super::format::{Document, ParseError};
use super::intent::Intent;
use super::record::Durability;
use crate::event::Want;
use crate::policy::restart::{History, StayReason};
use crate::sys::host;

const NAME: &str = "restarts";

/// The crashes of an instance, and what was decided on the last one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Restarts {
    /// The crashes, in milliseconds of the monotonic clock of this boot.
    pub history: History,
    /// The key of the crash that was last decided on; empty when there is none.
    pub decided: String,
    /// The time of the restart after it, on the same clock.
    pub due_ms: Option<u64>,
    /// The number in a row of that restart; 0 where none was decided on.
    pub next: u32,
    /// The reason if it is not restarted.
    pub stays: Option<StayReason>,
    pub trouble: Option<Trouble>,
}

/// The reason that the state of an instance does not show: it hung, cannot be
/// started, was given up, or is not ready in time. It stands until somebody starts
/// or stops the instance, or `run` sees it begin anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// The reason, for a person.
    pub why: String,
    /// The time at which the intent of then was set; 0 without one.
    pub intent_ms: u64,
}

impl Trouble {
    /// Returns the reason while it stands under the present intent.
    pub fn under(&self, intent: Option<(Want, u64)>) -> Option<&str> {
        let (want, at_ms) = intent.unwrap_or((Want::Running, 0));
        (want == Want::Running && at_ms == self.intent_ms).then_some(&self.why)
    }
}

impl Restarts {
    fn to_document(&self) -> Document {
        let mut document = Document::default()
            .with("boot", host::boot_tag())
            .with("doublings", self.history.doublings)
            .with("decided", &self.decided);
        for at in &self.history.crashes {
            document.push("crash", at);
        }
        document.push_some("due_ms", self.due_ms);
        document.push_some("next", (self.next > 0).then_some(self.next));
        let stays = self.stays.map(|why| match why {
            StayReason::Never => "never",
            StayReason::Held => "held",
            StayReason::GaveUp => "gave-up",
        });
        document.push_some("stays", stays);
        if let Some(trouble) = &self.trouble {
            document.push("trouble", &trouble.why);
            document.push("intent_ms", trouble.intent_ms);
        }
        document
    }

    fn from_document(document: &Document) -> Result<Option<Self>, ParseError> {
        // The clock has begun anew since an earlier boot.
        if document.require::<u32>("boot")? != host::boot_tag() {
            return Ok(None);
        }
        let damaged = || ParseError::Damaged("a time of a crash is no number");
        let crashes = document.all("crash").map(|at| at.parse().map_err(|_| damaged()));
        Ok(Some(Self {
            history: History {
                doublings: document.require("doublings")?,
                crashes: crashes.collect::<Result<_, _>>()?,
            },
            decided: document.parse("decided").unwrap_or_default(),
            due_ms: document.parse("due_ms"),
            next: document.parse("next").unwrap_or_default(),
            stays: match document.get("stays") {
                Some("never") => Some(StayReason::Never),
                Some("held") => Some(StayReason::Held),
                Some("gave-up") => Some(StayReason::GaveUp),
                _ => None,
            },
            trouble: document.parse("trouble").map(|why| Trouble {
                why,
                intent_ms: document.parse("intent_ms").unwrap_or_default(),
            }),
        }))
    }
}

/// Reads the record; `None` when there is none of this boot.
pub fn read(dir: &InstanceDir) -> Result<Option<Restarts>, ReadError> {
    let is_blank = || matches!(dir.read_bytes(NAME), Ok(Some(bytes)) if bytes.iter().all(|byte| *byte == 0));
    match dir.read(NAME, Restarts::from_document) {
        // Torn by a power cut, so from an earlier boot.
        Err(ReadError::Damaged(..)) if is_blank() => Ok(None),
        read => Ok(read?.flatten()),
    }
}

/// Returns the trouble on record that still stands under the present intent.
pub fn trouble(state: &StateDir, id: &str, intent: Option<Intent>) -> Option<String> {
    let intent = intent.map(|intent| (intent.want, intent.at_ms));
    // Most that are down were stopped by somebody: no file is opened for these.
    if matches!(intent, Some((Want::Stopped, _))) {
        return None;
    }
    let dir = state.instance(id).ok()??;
    let trouble = read(&dir).ok()??.trouble?;
    trouble.under(intent).map(str::to_owned)
}

/// Writes the record, for this boot. A start waits for this, so it waits for no
/// disk, and makes no file where a reserve can be used: after removals some
/// filesystems look long for the number of a new file. Only `run` writes it.
pub fn write(dir: &InstanceDir, restarts: &Restarts) -> io::Result<()> {
    let reserve = dir.reserve(NAME)?;
    dir.write(NAME, &restarts.to_document(), Some(&reserve), Durability::ThisBoot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;

    #[test]
    fn it_survives_but_not_a_boot() {
        let (_tmp, dir) = instance();
        assert_eq!(read(&dir).unwrap(), None);
        let mut restarts = Restarts {
            history: History {
                doublings: 3,
                crashes: vec![1, 2],
            },
            decided: "launch 4".into(),
            due_ms: Some(9),
            next: 4,
            stays: None,
            trouble: Some(Trouble {
                why: "given up after 3 in 10m; hung: does not answer".into(),
                intent_ms: 7,
            }),
        };
        write(&dir, &restarts).unwrap();
        assert_eq!(read(&dir).unwrap().as_ref(), Some(&restarts));
        restarts.history.crashes = (0..400).collect();
        write(&dir, &restarts).unwrap();
        assert_eq!(
            read(&dir).unwrap().as_ref(),
            Some(&restarts),
            "more than the room takes"
        );
        restarts.history.crashes.truncate(1);
        for why in [StayReason::Never, StayReason::Held, StayReason::GaveUp] {
            (restarts.due_ms, restarts.stays) = (None, Some(why));
            write(&dir, &restarts).unwrap();
            assert_eq!(read(&dir).unwrap().as_ref(), Some(&restarts));
        }
        let mut document = Document::default().with("boot", host::boot_tag() ^ 1);
        document.push("doublings", 3);
        dir.write(NAME, &document, None, Durability::Now).unwrap();
        assert_eq!(read(&dir).unwrap(), None);
        for cut in [&b""[..], &[0; 300]] {
            std::fs::write(dir.path().join(NAME), cut).unwrap();
            assert_eq!(read(&dir).unwrap(), None);
        }
        std::fs::write(dir.path().join(NAME), "torn").unwrap();
        assert!(matches!(read(&dir), Err(ReadError::Damaged(..))));
    }

    #[test]
    fn trouble_stands_until_somebody_wishes_something_else() {
        let trouble = Trouble {
            why: "hung".into(),
            intent_ms: 7,
        };
        let unset = Trouble {
            intent_ms: 0,
            ..trouble.clone()
        };
        for (trouble, intent, stands) in [
            (&trouble, Some((Want::Running, 7)), true),
            (&trouble, Some((Want::Running, 8)), false),
            (&trouble, Some((Want::Stopped, 7)), false),
            (&trouble, None, false),
            (&unset, None, true),
            (&unset, Some((Want::Running, 7)), false),
        ] {
            assert_eq!(trouble.under(intent).is_some(), stands, "{trouble:?} {intent:?}");
        }
    }
}
