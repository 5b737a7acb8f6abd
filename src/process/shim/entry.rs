//! The first steps of a shim: it leaves its starter's session and goes to work.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::sys::signal::Signal;

use super::monitor::Monitor;
use super::serve::LISTEN_AGAIN;
use super::setup;
use super::spec::{Mode, Spec};
use super::stage::failed;
use super::wire::{LaunchStage, Started};
use super::workplace::Workplace;
use crate::store::{InstanceDir, StateDir};
use crate::sys::signals::{self, Signals};
use crate::sys::{daemon, pipe, reaper, socket, tree};
use crate::systemd::STOP_SIGNAL;

/// The first argument that makes this program a shim.
pub const HIDDEN_VERB: &str = "__shim";

/// This very program, also when its file has been replaced or removed since.
pub(super) const OURSELVES: &str = "/proc/self/exe";

/// The longest message, in bytes: no kernel executes a program whose arguments and
/// environment take more, also as numbers in JSON.
const SPEC_MAX: usize = 64 << 20;

/// Runs this process as a shim and returns its exit code. Descriptor 0 leads to
/// the starter.
///
/// To be called first of all in the program: while it has one thread, and
/// before it has opened anything.
pub fn main() -> u8 {
    // Games inherit ours.
    signals::reset_dispositions();
    daemon::take_only_descriptor().map_or(1, serve)
}

/// Runs a shim for the starter at the other end of this channel, in a process that
/// has nothing else open.
pub(super) fn serve(channel: OwnedFd) -> u8 {
    match detach().and_then(|signals| {
        tell_pid(&channel, std::process::id());
        Ok((signals, receive(&channel)?))
    }) {
        Ok((signals, task)) => live(signals, task, channel),
        Err(error) => {
            tell(&channel, &failed(LaunchStage::Shim, &error, ""));
            1
        }
    }
}

fn detach() -> io::Result<Signals> {
    daemon::leave_session()?;
    daemon::set_umask(0o077);
    reaper::become_subreaper()?;
    Signals::block_all_but_read(&[
        Signal::SIGCHLD,
        Signal::SIGTERM,
        Signal::SIGINT,
        STOP_SIGNAL,
        LISTEN_AGAIN,
    ])
}

/// The task, and the directories to carry it out in.
struct Task {
    spec: Spec,
    state: StateDir,
    dir: InstanceDir,
}

/// Receives a task.
fn receive(channel: &OwnedFd) -> io::Result<Task> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "the starter's message is not whole");
    let mut length = [0; 4];
    let (n, descriptors) = socket::receive_with_descriptors(channel, &mut length)?;
    let [state, dir] = <[OwnedFd; 2]>::try_from(descriptors).map_err(|_| broken())?;
    let length = u32::from_le_bytes(length) as usize;
    if n != 4 || length > SPEC_MAX {
        return Err(broken());
    }
    let mut bytes = vec![0; length];
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match pipe::read(channel, rest)? {
            0 => return Err(broken()),
            n => filled += n,
        }
    }
    let spec: Spec = serde_json::from_slice(&bytes)?;
    let path = PathBuf::from("instances").join(&spec.id);
    Ok(Task {
        spec,
        state: StateDir::received(state),
        dir: InstanceDir::checked(dir, path)?,
    })
}

fn live(signals: Signals, task: Task, channel: OwnedFd) -> u8 {
    let Task { spec, state, dir } = task;
    daemon::set_name(&format!("{}{}", tree::APART_NAME, spec.id));
    let begun = Workplace::take(state, dir, signals).and_then(|place| {
        let mut game = match &spec.mode {
            Mode::Launch(command) => setup::launch(&spec, command, &place)?,
            Mode::Adopt(adoption) => setup::adopt(&spec, adoption, &place)?,
        };
        let note = std::mem::take(&mut game.note);
        Ok((note, Monitor::new(&spec, place, game)))
    });
    match begun {
        Ok((note, monitor)) => {
            let main = monitor.main();
            tell(channel, &Started::Ok { main, note });
            monitor.run();
            0
        }
        Err(outcome) => {
            tell(channel, &outcome);
            1
        }
    }
}

/// Tells a starter that there will be no shim.
pub(super) fn refuse(channel: &OwnedFd, stage: LaunchStage, error: &io::Error) {
    tell_pid(channel, 0);
    tell(channel, &failed(stage, error, ""));
}

/// Tells a starter the pid of its shim, 0 when there is none: it may want to move the
/// shim before the shim begins.
fn tell_pid(channel: &OwnedFd, pid: u32) {
    let _ = socket::send(channel, &pid.to_le_bytes());
}

/// Reports the outcome to the starter. Where that is gone, the game runs all the
/// same: it is on record.
fn tell(channel: impl AsFd, outcome: &Started) {
    let message = outcome.to_message();
    let _ = socket::send(channel, message.as_bytes());
}
