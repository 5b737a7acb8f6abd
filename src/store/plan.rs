//! The record of the stop chain and the log settings of a launch: enough to end it
//! when it is no longer in the inventory, and for a shim that takes it over.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::folder::{InstanceDir, ReadError};
use super::format::{Document, ParseError};
use super::record::Durability;
use crate::inventory::{LogSpec, StopAction, StopStep};

const NAME: &str = "plan";

/// The error for a chain with a step that is newer than its reader.
pub const UNKNOWN_STEP: &str = "it holds an unknown stop step";

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    pub stop: Vec<StopStep>,
    pub log: LogSpec,
    /// True when it has a pseudo-terminal.
    pub tty: bool,
    /// The pattern of its main process, where a launcher starts it.
    pub main: Option<String>,
    /// The number of the definition that it was started from; `None` where none was
    /// recorded.
    pub entry: Option<u32>,
    /// A number for each key of that definition; empty where none was recorded.
    pub entry_keys: Vec<(String, u32)>,
}

/// Adds a stop chain to a document: first as builds up to 9949831 read it, to
/// which a delegated step is a name, then whole.
pub fn push_steps(document: &mut Document, steps: &[StopStep]) {
    for step in steps {
        let (kind, argument) = match &step.action {
            StopAction::Stdin(line) => ("stdin", line.clone()),
            StopAction::Signal(signal) => ("signal", (*signal as i32).to_string()),
            _ => ("client", String::new()),
        };
        document.push("step_label", &step.action);
        document.push("step", format!("{} {kind} {argument}", step.wait.as_millis()));
    }
    if steps.iter().any(StopStep::is_delegated)
        && let Ok(chain) = serde_json::to_string(steps)
    {
        document.push("chain", chain);
    }
}

/// Reads the stop chain of a document.
///
/// # Errors
/// Fails when a step cannot be read, or is of an unknown kind.
pub fn steps_of(document: &Document) -> Result<Vec<StopStep>, ParseError> {
    if let Some(chain) = document.get("chain") {
        return serde_json::from_str(chain).map_err(|_| ParseError::Damaged(UNKNOWN_STEP));
    }
    let steps = document.all("step").zip(document.all("step_label"));
    steps
        .map(|(step, name)| parse_step(step, name).ok_or(ParseError::Damaged(UNKNOWN_STEP)))
        .collect()
}

fn parse_step(text: &str, name: &str) -> Option<StopStep> {
    let mut words = text.splitn(3, ' ');
    let wait = Duration::from_millis(words.next()?.parse().ok()?);
    let action = match (words.next()?, words.next()?) {
        ("stdin", line) => StopAction::Stdin(line.to_owned()),
        ("client", "") => StopAction::Named(name.to_owned()),
        ("signal", number) => StopAction::Signal(Signal::try_from(number.parse::<i32>().ok()?).ok()?),
        _ => return None,
    };
    let expect = None;
    Some(StopStep { action, wait, expect })
}

impl Plan {
    fn to_document(&self) -> Document {
        let mut document = Document::default()
            .with("log_max_size", self.log.max_size)
            .with("log_keep", self.log.keep)
            .with("tty", self.tty);
        document.push_some("main", self.main.as_ref());
        document.push_some("entry", self.entry.as_ref());
        for (key, number) in &self.entry_keys {
            document.push("entry_key", format_args!("{number} {key}"));
        }
        push_steps(&mut document, &self.stop);
        document
    }

    fn from_document(document: &Document) -> Result<Self, ParseError> {
        Ok(Self {
            stop: steps_of(document)?,
            log: LogSpec {
                max_size: document.require("log_max_size")?,
                keep: document.require("log_keep")?,
            },
            tty: document.require("tty")?,
            // A plan from before there was such a thing has none.
            main: document.get("main").map(str::to_owned),
            entry: document.parse("entry"),
            entry_keys: document.all("entry_key").filter_map(keyed).collect(),
        })
    }
}

fn keyed(fact: &str) -> Option<(String, u32)> {
    let (number, key) = fact.split_once(' ')?;
    Some((key.to_owned(), number.parse().ok()?))
}

/// Reads the plan; `None` when there is none.
pub fn read(dir: &InstanceDir) -> Result<Option<Plan>, ReadError> {
    dir.read(NAME, Plan::from_document)
}

/// Writes the plan, unless it is on record. After a power cut, which ends every
/// game, none runs that it would be of use for; its readers must check that first.
pub fn write(dir: &InstanceDir, plan: &Plan) -> std::io::Result<()> {
    if read(dir).ok().flatten().as_ref() == Some(plan) {
        return Ok(());
    }
    dir.write(NAME, &plan.to_document(), None, Durability::ThisBoot)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::ChannelKind;
    use crate::store::testing::instance;

    fn step(action: StopAction, wait_ms: u64) -> StopStep {
        let wait = Duration::from_millis(wait_ms);
        let expect = None;
        StopStep { action, wait, expect }
    }

    #[test]
    fn round_trip() {
        let (_tmp, dir) = instance();
        assert_eq!(read(&dir).unwrap(), None);
        let plan = Plan {
            stop: vec![
                step(StopAction::Stdin("say  bye \\ \u{1b}[0m ".into()), 1),
                step(StopAction::Stdin(String::new()), 0),
                step(StopAction::Remote(ChannelKind::Rcon, "quit".into()), 9),
                step(StopAction::Exec(vec!["/bin/save".into(), "a b\n".into()]), 0),
                step(StopAction::Signal(Signal::SIGTERM), 60_000),
            ],
            log: LogSpec { max_size: 5, keep: 1 },
            tty: true,
            main: Some("Game\\.exe$".into()),
            entry: Some(7),
            entry_keys: vec![("args".into(), 1), ("env.A b\n".into(), u32::MAX)],
        };
        write(&dir, &plan).unwrap();
        write(&dir, &plan).unwrap();
        assert_eq!(read(&dir).unwrap(), Some(plan));
    }

    #[test]
    fn a_plan_cannot_hold_a_signal_that_is_none() {
        for step in [
            "5 signal 0",
            "5 signal 65",
            "5 signal -9",
            "5 signal x",
            "5 burn down",
            "x stdin a",
            "5 stdin",
        ] {
            assert_eq!(parse_step(step, ""), None, "{step}");
        }
    }
}
