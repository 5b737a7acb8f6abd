//! The spawner: a process that a command which may start something forks before
//! all else, and that forks the shims. Such a process is small and has one
//! thread, so that a shim is there in a fraction of the time that it takes to
//! execute this program anew; and shims that have the same spawner share what
//! memory they never write to.
//!
//! It is only ever an advantage: where it is not there, or is gone, shims are
//! executed. It ends with the command that has forked it.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::Signal;

use super::entry::{self, HIDDEN_VERB};
use crate::sys::{daemon, reaper, signals, socket, title};

/// The verbs that start something.
const VERBS: [&str; 3] = ["start", "restart", "run"];

/// An id, and what stands before it.
const MESSAGE_MAX: usize = 128;

/// A shim's title, with the longest id.
const TITLE_MAX: usize = 96;

/// The first byte of a message.
const ANOTHER: u8 = b'+';
const LAST: u8 = b'.';

/// The spawner, as its command has it.
struct Spawner {
    socket: OwnedFd,
    pid: i32,
}

static SPAWNER: Mutex<Option<Spawner>> = Mutex::new(None);

fn spawner() -> MutexGuard<'static, Option<Spawner>> {
    SPAWNER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Forks the spawner where this command may need it. Returns an exit code when
/// this is the spawner, or a shim, and its work is done.
///
/// To be called first of all in the program: while it has one thread, and
/// before it has read anything that is to stay with it.
pub fn begin() -> Option<u8> {
    let may_start = std::env::args_os()
        .skip(1)
        .any(|word| VERBS.iter().any(|verb| word == *verb));
    if !may_start || title::room() < TITLE_MAX {
        return None;
    }
    let (ours, theirs) = socket::message_pair().ok()?;
    match daemon::fork().ok()? {
        Some(pid) => {
            *spawner() = Some(Spawner { socket: ours, pid });
            None
        }
        None => {
            drop(ours);
            Some(serve(theirs).unwrap_or(1))
        }
    }
}

/// Has a shim forked for what is told on this channel. `None` where there is no
/// spawner; else its process id, which is that of the shim if this is the last.
pub(super) fn shim(id: &str, channel: &OwnedFd, is_last: bool) -> Option<i32> {
    let mut kept = spawner();
    let message = [&[if is_last { LAST } else { ANOTHER }], id.as_bytes()].concat();
    let sent = socket::send_with_descriptors(&kept.as_ref()?.socket, &message, &[channel.as_raw_fd()]);
    let pid = kept.as_ref()?.pid;
    if sent.is_err() {
        drop(kept);
        dismiss();
        return None;
    }
    if is_last {
        *kept = None;
    }
    Some(pid)
}

/// Ends the spawner, if there is one, and waits until it is gone. The shims
/// that it has forked go on.
pub fn dismiss() {
    if let Some(spawner) = spawner().take() {
        reaper::kill_and_reap(spawner.pid);
    }
}

/// The life of the spawner, until its command ends.
fn serve(socket: OwnedFd) -> io::Result<u8> {
    let socket = daemon::keep_only(socket)?;
    // What is typed at the command's terminal is not meant for shims.
    daemon::leave_session()?;
    title::set("gamectl __shims");
    // Once for all shims, which have the same.
    signals::reset_dispositions();
    // So that nobody has to be waited for.
    signals::ignore(Signal::SIGCHLD)?;
    let mut buffer = [0; MESSAGE_MAX];
    loop {
        let (n, mut attached) = socket::receive_with_descriptors(&socket, &mut buffer)?;
        // An end without a message: its command is gone.
        let Some((first, id)) = buffer.get(..n).and_then(<[u8]>::split_first) else {
            return Ok(0);
        };
        let (Some(channel), Ok(id)) = (attached.pop(), std::str::from_utf8(id)) else {
            continue;
        };
        if *first == ANOTHER {
            match daemon::fork() {
                Ok(Some(_)) => continue,
                Ok(None) => {}
                Err(error) => {
                    entry::refuse(&channel, "fork", &error);
                    continue;
                }
            }
        }
        drop(socket);
        signals::restore(Signal::SIGCHLD)?;
        title::set(&format!("gamectl {HIDDEN_VERB} {id}"));
        return Ok(entry::serve(channel));
    }
}
