//! A program that takes a line, and prints its reply: a client of a server, in its container.

use std::time::Duration;

use crate::failure::{Failure, FailureKind};
use crate::program::{CallError, Finished, ProgramCall};

/// Gives a line to a program, which the name is of, and returns how that ended. Another error of
/// the call than that of time is told by `failed`.
///
/// # Errors
/// When the program cannot be run, or takes too long.
///
/// # Cancel safety
/// The line may have been sent.
pub async fn to_program(
    call: ProgramCall,
    name: &str,
    line: &str,
    limit: Duration,
    failed: impl FnOnce(&CallError) -> Failure,
) -> Result<Finished, Failure> {
    let done = call.with_input(format!("{line}\n")).output(limit).await;
    done.map_err(|error| match error {
        CallError::TimedOut(_) => {
            let message = format!("{name} did not answer in time: the line may have been sent");
            Failure::new(FailureKind::Timeout, message)
        }
        error => failed(&error),
    })
}
