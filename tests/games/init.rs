//! An init that takes its time: the parent of every process that its program leaves
//! behind.

use std::process::{Command, ExitCode};

use nix::errno::Errno;
use nix::sys::wait::wait;
use rustix::process::{getpid, set_child_subreaper};

use crate::LIFETIME_OVER;
use crate::life::{Life, Woken, say};
use crate::options::Options;
use crate::shapes::shell_code;

/// Runs the program to its end, and reaps what else is there once the gate is open.
pub(crate) fn run(options: &Options) -> Result<ExitCode, String> {
    set_child_subreaper(Some(getpid())).map_err(|error| error.to_string())?;
    let (program, arguments) = options.rest.split_first().ok_or("no program given")?;
    let child = Command::new(program).args(arguments).spawn();
    let status = child
        .and_then(|mut child| child.wait())
        .map_err(|error| error.to_string())?;
    say(&format!("init: its program ended with {}", shell_code(status)));
    if let Some(gate) = &options.gate {
        let ended = Life::new(&[])?.wait_for_gate(gate, |woken| match woken {
            Woken::LifetimeOver => Some(ExitCode::from(LIFETIME_OVER)),
            Woken::Signal(_) | Woken::Readable(_) => None,
        });
        if let Some(code) = ended {
            return Ok(code);
        }
    }
    while wait() != Err(Errno::ECHILD) {}
    Ok(ExitCode::SUCCESS)
}
