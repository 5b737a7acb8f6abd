//! One step of a stop chain that needs the network or another program, carried out.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use crate::channel::{self, AskError, Question, Reply};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{Channels, StopAction, StopStep};
use crate::policy::stop::DELEGATED_MS;
use crate::probe;
use crate::program::{CallError, ProgramCall};
use crate::trust;

/// A step is given up this much sooner than its wait is over, so that its outcome is
/// noted before the next one is begun.
const MARGIN: Duration = Duration::from_millis(500);

/// The surroundings in which the command of a step is run.
pub struct StepPlace<'a> {
    pub folder: &'a Path,
    /// The whole environment of the command.
    pub env: Vec<(OsString, OsString)>,
}

/// Returns the time that a step may take.
pub fn limit(step: &StopStep) -> Duration {
    step.wait.max(Duration::from_millis(DELEGATED_MS)) - MARGIN
}

/// Sends the line of a step, or makes its request.
///
/// # Errors
/// When it was refused, or it is not clear whether it was carried out.
pub async fn send(step: &StopStep, channels: &Channels) -> Result<Reply, AskError> {
    match &step.action {
        StopAction::Remote(kind, line) => {
            let remote = channels.get(*kind);
            let remote = remote.ok_or_else(|| Failure::failed(format!("there is no section `{kind}`")))?;
            let question = Question {
                line: line.clone(),
                expect: step.expect.clone(),
                limit: limit(step),
            };
            channel::ask(remote, &question).await
        }
        StopAction::Http(request) => probe::request(request, limit(step)).await.map(|()| Reply::default()),
        StopAction::Exec(_) | StopAction::Stdin(_) | StopAction::Signal(_) | StopAction::Named(_) => {
            Err(Failure::failed("this is not to be carried out here").into())
        }
    }
}

/// Runs the command of a step.
///
/// # Errors
/// When it cannot be run, or fails; not clear when it did not end in time.
pub async fn execute(argv: &[String], limit: Duration, place: StepPlace<'_>) -> Result<Reply, AskError> {
    let path = place.env.iter().find(|(name, _)| name == "PATH");
    let path = path.map(|(_, value)| value.as_os_str());
    trust::refuse_for_root(argv, place.folder, path).map_err(Failure::failed)?;
    let program = ProgramCall::new(argv).in_folder(place.folder).with_env(place.env);
    match program.status(limit).await {
        Ok(status) if status.success() => Ok(Reply::default()),
        Ok(status) => Err(Failure::failed(format!("it ended with {status}")).into()),
        Err(CallError::TimedOut(_)) => {
            let failure = Failure::new(FailureKind::Timeout, "it did not end in time");
            Err(AskError::Unclear(failure))
        }
        Err(error) => Err(Failure::failed(error.to_string()).into()),
    }
}

/// Returns what a person should know of a step that was carried out, or was not.
pub fn note(step: &StopStep, channels: &Channels, done: Result<Reply, AskError>) -> Option<String> {
    let name = step.action.to_string();
    let by = match step.action.channel().and_then(|kind| channels.get(kind)) {
        Some(remote) => format!(" by {}", remote.address),
        None => String::new(),
    };
    match done {
        Ok(reply) if reply.is_closed_only() => {
            Some(format!("{}{by}, and may not have been carried out", closed(&name)))
        }
        Ok(reply) => confirmation(step, &reply, &by),
        Err(AskError::Refused(failure)) => Some(format!("{name} failed: {failure}")),
        Err(AskError::Unclear(failure)) => Some(format!("{}{failure}", unclear(&name))),
    }
}

/// Returns true for a note on a step without a proper answer. It is worth nothing where
/// the step has ended the game.
pub fn is_of_unclear(note: &str, step: &str) -> bool {
    note.starts_with(&closed(step)) || note.starts_with(&unclear(step))
}

/// Returns the beginning of the note on a step at which the game closed the connection.
fn closed(step: &str) -> String {
    format!("{step} was closed without a reply")
}

/// Returns the beginning of the note on a step that has no proper answer.
fn unclear(step: &str) -> String {
    format!("{step} may not have been carried out: ")
}

/// Returns a note on a step whose reply was to confirm it; `by` names the server.
fn confirmation(step: &StopStep, reply: &Reply, by: &str) -> Option<String> {
    let expected = step.expect.as_deref()?;
    if reply.confirmed == Some(true) {
        let line = reply.text.lines().find(|line| line.contains(expected));
        return Some(format!(
            "{} confirmed: {}",
            step.action,
            line.unwrap_or(expected).trim()
        ));
    }
    Some(format!("{} was not confirmed{by}: no `{expected}` came", step.action))
}
