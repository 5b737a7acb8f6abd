//! The messages on a shim's socket: one request or one report each. They are
//! documents of the store's format, without a checksum.
//!
//! A shim may be older or newer than who talks to it. Requests and reports
//! only ever gain facts; a request that a shim does not know is answered with
//! a report that says so.

use crate::inventory::StopStep;
use crate::store::format::{Checksum, Document, ParseError};
use crate::store::launch::{ReadyAt, id_text, parse_id};
use crate::store::plan::{push_steps, steps_of};
use crate::store::status_table::{Phase, ShimStatus};
use crate::sys::procfs::ProcessId;

#[cfg(test)]
mod recorded;
mod stage;
mod started;

pub use stage::LaunchStage;
pub use started::Started;

const VERSION: u32 = 1;

/// The refusal of a request that is newer than the shim.
pub(in crate::process) const UNKNOWN_VERB: &str = "the verb is not known here";

/// A request to a shim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Report once.
    Status,
    /// Report now and at every change, until the connection ends.
    Subscribe,
    /// Carry out an order on the launch with this generation: a late request does
    /// not hit a later launch.
    Order(u64, Order),
}

/// An order on one launch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// End it through these polite steps; `now` skips to the signals, also of a
    /// stop that is under way.
    Stop { steps: Vec<StopStep>, now: bool },
    /// Put on record that it is ready.
    Ready,
    /// Claim a delegated step of the stop under way, by its place in the chain. The
    /// first to ask carries it out.
    Claim { step: u64 },
    /// Report that a claimed step is done. The next step is taken at once after one
    /// that failed.
    Complete { step: u64, failed: bool },
    /// Write a line, given without its end, to the console.
    Console { line: String },
    /// Press keys of the pseudo-terminal.
    Keys { bytes: Vec<u8> },
    /// Make the pseudo-terminal another size, in character cells.
    Resize { columns: u16, rows: u16 },
}

impl Request {
    pub fn to_message(&self) -> String {
        let document = match self {
            Self::Status => Document::default().with("verb", "status"),
            Self::Subscribe => Document::default().with("verb", "subscribe"),
            Self::Order(generation, order) => order.to_document(*generation),
        };
        document.to_text("request", VERSION, Checksum::None)
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When it is not a request, or not one that is known here.
    pub fn from_message(bytes: &[u8]) -> Result<Self, ParseError> {
        let document = Document::from_text(bytes, "request", VERSION, Checksum::None)?;
        match document.get("verb") {
            Some("status") => Ok(Self::Status),
            Some("subscribe") => Ok(Self::Subscribe),
            verb => {
                let order = Order::from_document(verb, &document)?;
                Ok(Self::Order(document.require("generation")?, order))
            }
        }
    }
}

impl Order {
    fn to_document(&self, generation: u64) -> Document {
        let of = |verb| Document::default().with("verb", verb).with("generation", generation);
        match self {
            Self::Stop { steps, now } => {
                let mut document = of("stop").with("now", now);
                push_steps(&mut document, steps);
                document
            }
            Self::Ready => of("ready"),
            Self::Claim { step } => of("carry").with("of_step", step),
            Self::Complete { step, failed } => of("carried").with("of_step", step).with("failed", failed),
            Self::Console { line } => of("console").with("line", line),
            Self::Keys { bytes } => of("keys").with("bytes", hex(bytes)),
            Self::Resize { columns, rows } => of("resize").with("columns", columns).with("rows", rows),
        }
    }

    fn from_document(verb: Option<&str>, document: &Document) -> Result<Self, ParseError> {
        Ok(match verb {
            Some("stop") => Self::Stop {
                steps: steps_of(document)?,
                now: document.require("now")?,
            },
            Some("ready") => Self::Ready,
            Some("carry") => Self::Claim {
                step: document.require("of_step")?,
            },
            Some("carried") => Self::Complete {
                step: document.require("of_step")?,
                failed: document.require("failed")?,
            },
            Some("console") => Self::Console {
                line: document.require("line")?,
            },
            Some("keys") => {
                let bytes = document.get("bytes").and_then(of_hex);
                Self::Keys {
                    bytes: bytes.ok_or(ParseError::Damaged("it holds no bytes"))?,
                }
            }
            Some("resize") => Self::Resize {
                columns: document.require("columns")?,
                rows: document.require("rows")?,
            },
            _ => return Err(ParseError::Damaged(UNKNOWN_VERB)),
        })
    }
}

/// Writes bytes as text: two digits each.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn of_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.chars().map(|digit| Some(digit.to_digit(16)? as u8));
    let digits: Vec<u8> = digits.collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty()
        .then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

/// A delegated step that a shim offers to the gamectl that follows its stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedStep {
    /// Its place in the shim's chain, by which it is claimed and completed.
    pub index: u64,
    /// The step itself; `None` from a build up to 9949831, which tells its name
    /// alone, as [`Report::step`].
    pub step: Option<StopStep>,
}

/// The report of a shim on its instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub phase: Phase,
    pub generation: u64,
    pub main: ProcessId,
    pub ready: Option<ReadyAt>,
    /// The stop step under way; empty when there is none.
    pub step: String,
    /// The time since that step began, in milliseconds.
    pub step_elapsed_ms: u64,
    /// The time that the step may take, in milliseconds; 0 without a limit.
    pub step_limit_ms: u64,
    /// The delegated step under way that is to be claimed.
    pub offered: Option<OfferedStep>,
    /// The reason why the request was not carried out; empty when it was.
    pub refusal: String,
    /// A note for a person; empty when there is none.
    pub note: String,
}

impl Report {
    /// Returns the report of a status.
    pub fn of_entry(entry: &ShimStatus, now_ms: u64) -> Self {
        Self {
            phase: entry.phase,
            generation: entry.generation,
            main: entry.main,
            ready: entry.ready,
            step: entry.step.clone(),
            step_elapsed_ms: now_ms.saturating_sub(entry.step_since_ms),
            step_limit_ms: entry.step_limit_ms,
            offered: None,
            refusal: String::new(),
            note: String::new(),
        }
    }

    /// Returns true when its game has ended, and that cannot be put on record.
    pub fn is_in_trouble(&self) -> bool {
        self.phase == Phase::Ended && !self.note.is_empty()
    }

    /// Returns why its game cannot be ended, although all was tried.
    pub fn impediment(&self) -> Option<&str> {
        (self.phase != Phase::Ended && !self.note.is_empty()).then_some(&self.note)
    }

    pub fn to_message(&self) -> String {
        let phase = match self.phase {
            Phase::Launching => "launching",
            Phase::Alive => "alive",
            Phase::Stopping => "stopping",
            Phase::Ended => "ended",
        };
        let mut document = Document::default()
            .with("phase", phase)
            .with("generation", self.generation)
            .with("main", id_text(self.main))
            .with("step", &self.step)
            .with("step_elapsed_ms", self.step_elapsed_ms)
            .with("step_limit_ms", self.step_limit_ms)
            .with("refusal", &self.refusal)
            .with("note", &self.note)
            .with("gamectl", env!("CARGO_PKG_VERSION"));
        if let Some(offered) = &self.offered {
            document.push("carry", offered.index);
        }
        if let Some(ready) = self.ready {
            document.push("ready_boot_ms", ready.boot_ms);
            document.push("ready_wall_ms", ready.wall_ms);
        }
        let step = self.offered.as_ref().and_then(|offered| offered.step.as_ref());
        document.push_some("offered_step", step.and_then(|step| serde_json::to_string(step).ok()));
        document.to_text("report", VERSION, Checksum::None)
    }

    /// Reads a message.
    ///
    /// # Errors
    /// When it is not a report.
    pub fn from_message(bytes: &[u8]) -> Result<Self, ParseError> {
        let document = Document::from_text(bytes, "report", VERSION, Checksum::None)?;
        let phase = match document.get("phase") {
            Some("launching") => Phase::Launching,
            Some("alive") => Phase::Alive,
            Some("stopping") => Phase::Stopping,
            Some("ended") => Phase::Ended,
            _ => return Err(ParseError::Damaged("its phase is not known here")),
        };
        let ready = match (document.parse("ready_boot_ms"), document.parse("ready_wall_ms")) {
            (Some(boot_ms), Some(wall_ms)) => Some(ReadyAt { boot_ms, wall_ms }),
            _ => None,
        };
        Ok(Self {
            phase,
            generation: document.require("generation")?,
            main: parse_id(document.get("main"))?,
            ready,
            step: document.parse("step").unwrap_or_default(),
            step_elapsed_ms: document.parse("step_elapsed_ms").unwrap_or(0),
            step_limit_ms: document.parse("step_limit_ms").unwrap_or(0),
            offered: document.parse("carry").map(|index| OfferedStep {
                index,
                step: document
                    .get("offered_step")
                    .and_then(|step| serde_json::from_str(step).ok()),
            }),
            refusal: document.parse("refusal").unwrap_or_default(),
            note: document.parse("note").unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::inventory::{ChannelKind, StopAction};
    use proptest::prelude::*;

    #[test]
    fn requests_survive() {
        let step = StopStep {
            action: StopAction::Remote(ChannelKind::Rcon, "say hi\u{7}".into()),
            wait: Duration::from_millis(5),
            expect: Some("hi".into()),
        };
        let orders = [
            Order::Stop {
                steps: vec![step.clone(), step],
                now: true,
            },
            Order::Ready,
            Order::Claim { step: 2 },
            Order::Complete { step: 2, failed: true },
            Order::Console {
                line: " say \\ hi ".into(),
            },
            Order::Keys {
                bytes: (0..=255).collect(),
            },
            Order::Resize { columns: 132, rows: 50 },
        ];
        let orders = orders.map(|order| Request::Order(3, order));
        for request in [Request::Status, Request::Subscribe].into_iter().chain(orders) {
            assert_eq!(Request::from_message(request.to_message().as_bytes()), Ok(request));
        }
        for (bytes, wanted) in [
            ("00ff", Some(vec![0, 255])),
            ("", Some(Vec::new())),
            ("0", None),
            ("0g", None),
        ] {
            assert_eq!(of_hex(bytes), wanted);
        }
        let newer = "gamectl request 1\nverb dance\n";
        assert!(Request::from_message(newer.as_bytes()).is_err());
    }

    #[test]
    fn reports_survive_and_may_gain_facts() {
        let report = Report {
            phase: Phase::Stopping,
            generation: 2,
            main: ProcessId { pid: 5, start: 6 },
            ready: Some(ReadyAt { boot_ms: 1, wall_ms: 2 }),
            step: "signal: TERM".into(),
            step_elapsed_ms: 7,
            step_limit_ms: 60_000,
            offered: Some(OfferedStep {
                index: 3,
                step: Some(StopStep {
                    action: StopAction::Exec(vec!["/bin/save".into(), "a\nb".into()]),
                    wait: Duration::from_secs(1),
                    expect: None,
                }),
            }),
            refusal: String::new(),
            note: "a\nb".into(),
        };
        let message = report.to_message() + "weather fine\n";
        assert_eq!(Report::from_message(message.as_bytes()), Ok(report));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Request::from_message(&bytes);
            let _ = Report::from_message(&bytes);
            let _ = Started::from_message(&bytes);
        }
    }
}
