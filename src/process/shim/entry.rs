//! The shim's first steps: away from whoever started it, then to work.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use nix::sys::signal::Signal;

use super::setup::{self, Place};
use super::spec::{Mode, Spec};
use super::stage::failed;
use super::waker;
use super::wire::{LaunchStage, Started};
use crate::store::{InstanceDir, StateDir};
use crate::sys::signals::{self, Signals};
use crate::sys::{daemon, pipe, reaper, socket};

/// The first argument that makes this program a shim.
pub const HIDDEN_VERB: &str = "__shim";

/// The longest message, in bytes: no kernel executes a program whose arguments and
/// environment take more, also as numbers in JSON.
const SPEC_MAX: usize = 64 << 20;

/// The life of a shim; returns its exit code. Descriptor 0 is the starter.
///
/// To be called first of all in the program: while it has one thread, and
/// before it has opened anything.
pub fn main() -> u8 {
    // Games inherit ours.
    signals::reset_dispositions();
    daemon::take_only_descriptor().map_or(1, serve)
}

/// The same with what a starter tells on this channel, for a process that has
/// nothing else open.
pub(super) fn serve(channel: OwnedFd) -> u8 {
    match detach().and_then(|signals| Ok((signals, receive(&channel)?))) {
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
    Signals::block_all_but_read(&[Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT])
}

/// What is to be done, and where.
struct Task {
    spec: Spec,
    state: StateDir,
    dir: InstanceDir,
}

/// Receives what is to be done, and the two directories to do it in.
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
    daemon::set_name(&format!("gamectl:{}", spec.id));
    let place = Place {
        state,
        dir,
        signals,
        open_files: waker::raise_open_files(),
    };
    let made = match &spec.mode {
        Mode::Launch(command) => setup::launch(&spec, command, place),
        Mode::Adopt(adoption) => setup::adopt(&spec, adoption, place),
    };
    match made {
        Ok(keeper) => {
            tell(channel, &Started::Ok { main: keeper.main() });
            keeper.keep();
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
    tell(channel, &failed(stage, error, ""));
}

/// Tells the starter how it went. A starter that is gone learns nothing, and
/// the game runs all the same: it is on record.
fn tell(channel: impl AsFd, outcome: &Started) {
    let message = outcome.to_message();
    let _ = socket::send(channel, message.as_bytes());
}
