//! The shim's first steps: away from whoever started it, then to work.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::keeper::{After, Again, Kept};
use super::setup::{self, Place};
use super::spec::{Mode, Spec};
use super::stage::failed;
use super::waker;
use super::wire::Started;
use crate::store::{InstanceDir, StateDir, lock};
use crate::sys::signals::{self, Signals};
use crate::sys::{daemon, pipe, reaper, socket};

/// The first argument that makes this program a shim.
pub const HIDDEN_VERB: &str = "__shim";

/// A message longer than this is none: the kernel would not execute a program
/// with so much in its arguments and environment.
const SPEC_MAX: usize = 16 << 20;

/// How long a starter that wants another launch may take to tell it.
const RENEWAL: Duration = Duration::from_secs(1);

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
            tell(&channel, &failed("shim", &error, ""));
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
    /// Who wants it done.
    starter: i32,
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
    let spec = Spec::from_bytes(&bytes).ok_or_else(broken)?;
    let path = PathBuf::from("instances").join(&spec.id);
    Ok(Task {
        spec,
        state: StateDir::received(state),
        dir: InstanceDir::checked(dir, path)?,
        starter: socket::peer(channel)?.pid,
    })
}

/// One launch, and those that its starter lets follow.
fn live(signals: Signals, task: Task, channel: OwnedFd) -> u8 {
    daemon::set_name(&format!("gamectl:{}", task.spec.id));
    let open_files = waker::raise_open_files();
    let mut spec = task.spec;
    let mut channel = Some(channel);
    let mut lock = None;
    let mut place = Place {
        state: Some(task.state),
        dir: task.dir,
        signals,
        starter: task.starter,
        open_files,
        kept: Kept::default(),
    };
    loop {
        let last_exit = place.kept.exit.take();
        let starter = place.starter;
        let made = match &spec.mode {
            Mode::Launch(command) => setup::launch(&spec, command, place),
            Mode::Adopt(adoption) => setup::adopt(&spec, adoption, place),
        };
        drop(lock.take());
        // It has waited for the game, which is there now, or is not to be.
        if let Some(exit) = last_exit {
            let _ = exit.sync();
        }
        let told = match &made {
            Ok(keeper) => &Started::Ok { main: keeper.main() },
            Err(outcome) => outcome,
        };
        let asked = channel.take().map(|channel| tell(channel, told)).is_some();
        let Ok(mut keeper) = made else { return 1 };
        if !asked {
            keeper.announce();
        }
        let next = match keeper.keep() {
            After::Nothing => return 0,
            After::Told(renewal) => {
                let Some(next) = receive_renewal(&renewal, &spec.id) else {
                    return 1;
                };
                channel = Some(renewal);
                spec = next.spec;
                (Some(next.state), next.starter)
            }
            After::Again(again) => {
                if repeat(&mut spec, &again, keeper.dir()).is_err() {
                    return 1;
                }
                lock = Some(again.lock);
                (None, starter)
            }
        };
        let (dir, signals, kept) = keeper.into_kept();
        place = Place {
            state: next.0,
            dir,
            signals,
            starter: next.1,
            open_files,
            kept,
        };
    }
}

/// Makes it the launch that follows itself.
fn repeat(spec: &mut Spec, again: &Again, dir: &InstanceDir) -> io::Result<()> {
    let Mode::Launch(command) = &mut spec.mode else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    command.turn = lock::turn(dir)?;
    spec.generation += 1;
    spec.restarts = again.restarts;
    Ok(())
}

/// Receives what is to follow, which is a launch of the same instance.
fn receive_renewal(channel: &OwnedFd, id: &str) -> Option<Task> {
    socket::set_receive_timeout(channel, RENEWAL).ok()?;
    let next = receive(channel).ok()?;
    (next.spec.id == id && matches!(next.spec.mode, Mode::Launch(_))).then_some(next)
}

/// Tells a starter that there will be no shim.
pub(super) fn refuse(channel: &OwnedFd, stage: &str, error: &io::Error) {
    tell(channel, &failed(stage, error, ""));
}

/// Tells the starter how it went. A starter that is gone learns nothing, and
/// the game runs all the same: it is on record.
fn tell(channel: impl AsFd, outcome: &Started) {
    let message = outcome.to_message();
    let _ = socket::send(channel, message.as_bytes());
}
