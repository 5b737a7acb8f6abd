//! The standard input of a container, and programs in it that take lines.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::complaint::Complaint;
use super::entering::Entrance;
use crate::channel::{AskError, Reply, check_line, to_program};
use crate::failure::{Failure, FailureKind};
use crate::program::{CallError, ProgramCall, Typist};

/// The pause before it is asked again whether the line was read.
const READ_AGAIN: Duration = Duration::from_millis(20);

/// The time for which kubectl goes on after it has read the line, so that it passes it on.
const PASS_ON: Duration = Duration::from_millis(500);

/// Writes a line to the console of a container.
///
/// # Errors
/// When it is no line, the container has no input, or it cannot be reached.
pub(super) async fn write_line(entrance: &Entrance, line: &str, limit: Duration) -> Result<(), Failure> {
    check_line(line)?;
    let attach = ProgramCall::new(entrance.attach()?);
    let failed = |error: &dyn std::fmt::Display| Failure::failed(format!("kubectl attach: {error}"));
    let mut typist = Typist::heard(attach).map_err(|error| failed(&error))?;
    typist
        .write(format!("{line}\n").as_bytes())
        .map_err(|error| failed(&error))?;
    let until = Instant::now() + limit;
    let taken = async {
        // It reads nothing before it is attached.
        while typist.unread().map_err(|error| failed(&error))? > 0 {
            tokio::select! {
                ended = typist.end() => {
                    let ended = ended.map_err(|error| failed(&error))?;
                    let why = match typist.complaint().trim() {
                        "" => ended.to_string(),
                        said => said.to_owned(),
                    };
                    return Err(failed(&format_args!("it ended before it had taken the line: {why}")));
                }
                () = sleep(READ_AGAIN) => {}
            }
        }
        // It ends by itself only with the game.
        let _ = tokio::time::timeout(PASS_ON, typist.end()).await;
        Ok(())
    };
    let late = || Failure::new(FailureKind::Timeout, "kubectl attach did not take the line in time");
    timeout_at(until, taken).await.unwrap_or_else(|_| Err(late()))
}

/// Gives a line to a program in a container, and returns what that prints.
///
/// # Errors
/// When it is no line, or the program fails.
pub(super) async fn send_by(
    entrance: &Entrance,
    program: &[String],
    line: &str,
    limit: Duration,
) -> Result<String, Failure> {
    check_line(line)?;
    let call = ProgramCall::new(entrance.exec(program, true));
    let name = program.first().map_or("", String::as_str);
    let failed = |error: &CallError| Failure::failed(format!("kubectl exec: {error}"));
    let done = to_program(call, name, line, limit, failed).await?;
    let reply = String::from_utf8_lossy(&done.output).trim_end().to_owned();
    if done.status.success() {
        return Ok(reply);
    }
    let said = match Complaint::of(&done.complaint) {
        Complaint::Forbidden(said) | Complaint::NotRunning(said) | Complaint::Other(said) => said,
        _ => done.complaint.trim().to_owned(),
    };
    Err(Failure::failed(format!("{name} has failed in the container: {said}")).hint("correct `kubectl.send`"))
}

/// Runs the command of a step in a container.
///
/// # Errors
/// When it cannot be run, or fails; not clear when it did not end in time.
pub(super) async fn run(entrance: &Entrance, argv: &[String], limit: Duration) -> Result<Reply, AskError> {
    match ProgramCall::new(entrance.exec(argv, false)).output(limit).await {
        Ok(done) if done.status.success() => Ok(Reply::default()),
        Ok(done) => Err(Failure::failed(done.complaint.trim().to_owned()).into()),
        Err(CallError::TimedOut(_)) => {
            let failure = Failure::new(FailureKind::Timeout, "it did not end in time");
            Err(AskError::Unclear(failure))
        }
        Err(error) => Err(Failure::failed(error.to_string()).into()),
    }
}
