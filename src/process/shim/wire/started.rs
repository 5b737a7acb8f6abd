//! The outcome of the start of a shim.

use super::VERSION;
use super::stage::LaunchStage;
use crate::store::format::{Checksum, Document, ParseError};
use crate::store::launch::{id_text, parse_id};
use crate::sys::procfs::ProcessId;

/// The outcome of a start, as a shim reports it to its starter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Started {
    /// The game executes (or was taken over).
    Ok {
        main: ProcessId,
        /// A note on those of its limits that do not hold; empty when all do.
        note: String,
    },
    /// Another shim of this instance lives.
    Busy,
    /// The intent had become `stopped`, or another verb has been carried out
    /// since.
    Cancelled,
    /// The start failed, and nothing of it runs.
    Failed {
        stage: LaunchStage,
        /// The error number; 0 when the kernel gave none.
        errno: i32,
        /// The path that was in the way, or the error in words.
        what: String,
    },
}

impl Started {
    pub fn to_message(&self) -> String {
        let document = match self {
            Self::Ok { main, note } => {
                let mut document = Document::default().with("outcome", "ok").with("main", id_text(*main));
                document.push_some("note", Some(note).filter(|note| !note.is_empty()));
                document
            }
            Self::Busy => Document::default().with("outcome", "busy"),
            Self::Cancelled => Document::default().with("outcome", "cancelled"),
            Self::Failed { stage, errno, what } => Document::default()
                .with("outcome", "failed")
                .with("stage", stage)
                .with("errno", errno)
                .with("what", what),
        };
        document.to_text("started", VERSION, Checksum::Crc32)
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When it is not whole: then the outcome is not known.
    pub fn from_message(bytes: &[u8]) -> Result<Self, ParseError> {
        let document = Document::from_text(bytes, "started", VERSION, Checksum::Crc32)?;
        match document.get("outcome") {
            Some("ok") => Ok(Self::Ok {
                main: parse_id(document.get("main"))?,
                note: document.parse("note").unwrap_or_default(),
            }),
            Some("busy") => Ok(Self::Busy),
            Some("cancelled") => Ok(Self::Cancelled),
            Some("failed") => Ok(Self::Failed {
                stage: document.require("stage")?,
                errno: document.require("errno")?,
                what: document.require("what")?,
            }),
            _ => Err(ParseError::Damaged("its outcome is not known here")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_a_start_went_survives_whole_or_not_at_all() {
        let main = ProcessId { pid: 5, start: 6 };
        let failed = Started::Failed {
            stage: LaunchStage::Exec,
            errno: 2,
            what: "/no/such".into(),
        };
        let ok = Started::Ok {
            main,
            note: "its limit".into(),
        };
        for started in [ok, Started::Busy, Started::Cancelled, failed] {
            let message = started.to_message();
            assert_eq!(Started::from_message(message.as_bytes()), Ok(started));
            for cut in 0..message.len() {
                assert!(Started::from_message(&message.as_bytes()[..cut]).is_err());
            }
        }
    }
}
