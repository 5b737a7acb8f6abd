//! How a launch is stopped and logged: enough to end it when it is no longer
//! in the inventory, and for another shim to go on where one was killed.

use super::folder::{InstanceDir, ReadError};
use super::format::{Document, ParseError, Seal};
use crate::inventory::LogSpec;
use crate::policy::stop::{Step, StepAction};

const NAME: &str = "plan";
const KIND: &str = "plan";
const VERSION: u32 = 1;

/// What is said of a chain with a step that is newer than who reads it.
pub const UNKNOWN_STEP: &str = "it holds an unknown stop step";

/// The plan of a launch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The polite steps of its stop chain.
    pub stop: Vec<Step>,
    /// The rotation of its console log.
    pub log: LogSpec,
    /// Whether it has a pseudo-terminal.
    pub tty: bool,
    /// What its main process is known by, where a launcher starts it.
    pub main: Option<String>,
}

/// Adds a stop chain to a document.
pub fn push_steps(document: &mut Document, steps: &[Step]) {
    for step in steps {
        let (kind, argument) = match &step.action {
            StepAction::Stdin(line) => ("stdin", line.clone()),
            StepAction::Signal(signal) => ("signal", signal.to_string()),
            StepAction::Client => ("client", String::new()),
        };
        document.push("step_label", &step.label);
        document.push("step", format!("{} {kind} {argument}", step.wait_ms));
    }
}

/// Reads the stop chain of a document.
///
/// # Errors
/// When a step cannot be read, or is of a kind not known here.
pub fn steps_of(document: &Document) -> Result<Vec<Step>, ParseError> {
    let labels = document.all("step_label");
    let steps = document.all("step");
    steps
        .zip(labels)
        .map(|(step, label)| parse_step(step, label).ok_or(ParseError::Damaged(UNKNOWN_STEP)))
        .collect()
}

fn parse_step(text: &str, label: &str) -> Option<Step> {
    let mut words = text.splitn(3, ' ');
    let wait_ms = words.next()?.parse().ok()?;
    let action = match (words.next()?, words.next()?) {
        ("stdin", line) => StepAction::Stdin(line.to_owned()),
        ("client", "") => StepAction::Client,
        ("signal", number) => StepAction::Signal(number.parse().ok().filter(|n| (1..=64).contains(n))?),
        _ => return None,
    };
    Some(Step {
        action,
        wait_ms,
        label: label.to_owned(),
    })
}

impl Plan {
    fn to_document(&self) -> Document {
        let mut document = Document::default()
            .with("log_max_size", self.log.max_size)
            .with("log_keep", self.log.keep)
            .with("tty", self.tty);
        document.push_some("main", self.main.as_ref());
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
        })
    }
}

/// Reads the plan; `None` when there is none.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read(dir: &InstanceDir) -> Result<Option<Plan>, ReadError> {
    let Some(bytes) = dir.read(NAME)? else { return Ok(None) };
    dir.parse(NAME, &bytes, KIND, VERSION, Plan::from_document).map(Some)
}

/// Writes the plan, unless it stands there already. It waits for no disk: a
/// power cut may bring the one before back, or leave this one torn. What runs
/// has been launched since, so that nothing runs then that it would be of use
/// for, and its readers must ask that first.
///
/// # Errors
/// When it could not be written.
pub fn write(dir: &InstanceDir, plan: &Plan) -> std::io::Result<()> {
    let text = plan.to_document().to_text(KIND, VERSION, Seal::Checksum);
    if dir.read(NAME).ok().flatten().as_deref() == Some(text.as_bytes()) {
        return Ok(());
    }
    dir.replace_unsynced(NAME, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StateDir;

    #[test]
    fn round_trip() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        assert_eq!(read(&dir).unwrap(), None);
        let plan = Plan {
            stop: vec![
                Step {
                    action: StepAction::Stdin("say  bye \\ \u{1b}[0m ".into()),
                    wait_ms: 1,
                    label: "stdin: say".into(),
                },
                Step {
                    action: StepAction::Stdin(String::new()),
                    wait_ms: 0,
                    label: "stdin: ".into(),
                },
                Step {
                    action: StepAction::Client,
                    wait_ms: 9,
                    label: "rcon: quit".into(),
                },
                Step {
                    action: StepAction::Signal(15),
                    wait_ms: 60_000,
                    label: "signal: TERM".into(),
                },
            ],
            log: LogSpec { max_size: 5, keep: 1 },
            tty: true,
            main: Some("Game\\.exe$".into()),
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
