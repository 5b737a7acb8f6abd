//! A child from its fork to the game's first instruction: see [`super::exec`].

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use nix::errno::Errno;
use nix::unistd::{Gid, Uid};

use super::program::{Ids, Program, Streams};
use super::signals;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ChildStage {
    Session = 1,
    Terminal,
    /// Putting standard input, output and error in place.
    Stdio,
    Groups,
    User,
    Cwd,
    /// Waiting for the launch to be put on record.
    Gate,
    Exec,
}

impl ChildStage {
    const ALL: [Self; 8] = [
        Self::Session,
        Self::Terminal,
        Self::Stdio,
        Self::Groups,
        Self::User,
        Self::Cwd,
        Self::Gate,
        Self::Exec,
    ];
}

/// The reason why a child did not become the game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildFailure {
    pub stage: ChildStage,
    pub errno: i32,
}

/// The input of a child, which reads it while it runs in its parent's memory.
#[derive(Debug)]
pub(super) struct Task<'a> {
    pub(super) program: &'a Program,
    pub(super) argv: Vec<*const libc::c_char>,
    pub(super) envp: Vec<*const libc::c_char>,
    pub(super) gate: RawFd,
    /// The parent's end of the gate, as the child has it.
    pub(super) key: RawFd,
    pub(super) report: RawFd,
}

/// The child's whole life until it is the program. Where it shares its memory
/// it allocates nothing, and nothing in it panics.
pub(super) extern "C" fn child(task: *mut libc::c_void) -> libc::c_int {
    // SAFETY: it is the task that `fork` has made for this child, and stays as
    // long as this runs.
    let task = unsafe { &*task.cast_const().cast::<Task<'_>>() };
    let mut report = task.report;
    let message = encode_failure(become_program(task, &mut report));
    // Nothing is left to do when even this write fails: the parent then sees
    // the pipe end and the child exit with 127.
    // SAFETY: the buffer is valid for its length.
    unsafe {
        libc::write(report, message.as_ptr().cast(), message.len());
        libc::_exit(127)
    }
}

pub(super) const FAILURE: usize = 5;

fn encode_failure(failure: ChildFailure) -> [u8; 5] {
    let [a, b, c, d] = failure.errno.to_le_bytes();
    [failure.stage as u8, a, b, c, d]
}

/// Decodes what the report pipe held: nothing when the exec succeeded.
pub(super) fn decode_failure(message: &[u8]) -> io::Result<Result<(), ChildFailure>> {
    match message {
        [] => Ok(Ok(())),
        [stage, a, b, c, d] => {
            let stage = ChildStage::ALL.into_iter().find(|known| *known as u8 == *stage);
            let errno = i32::from_le_bytes([*a, *b, *c, *d]);
            Ok(Err(ChildFailure {
                stage: stage.unwrap_or(ChildStage::Exec),
                errno,
            }))
        }
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// The report pipe is moved to this descriptor, so that all above can be closed
/// without a look at each.
const REPORT_FD: RawFd = 3;

/// Returns only when it failed.
fn become_program(task: &Task<'_>, report: &mut RawFd) -> ChildFailure {
    // As long as it has the key itself it would never see the end of the pipe.
    // SAFETY: the child's copy of a descriptor that only its parent uses.
    unsafe { libc::close(task.key) };
    let done = wait_at_gate(task.gate)
        .and_then(|()| prepare(task.program, report))
        .and_then(|()| execute(task));
    match done {
        Err(failure) => failure,
        Ok(never) => match never {},
    }
}

fn at<T>(stage: ChildStage, result: nix::Result<T>) -> Result<T, ChildFailure> {
    result.map_err(|errno| ChildFailure {
        stage,
        errno: errno as i32,
    })
}

fn prepare(program: &Program, report: &mut RawFd) -> Result<(), ChildFailure> {
    at(ChildStage::Session, nix::unistd::setsid())?;
    take_streams(&program.streams)?;
    // Only now: one of the streams may have been in this place.
    at(ChildStage::Stdio, move_report(report))?;
    at(ChildStage::Stdio, close_above(REPORT_FD))?;
    signals::unblock_all();
    if let Some(soft) = program.open_files {
        // It was raised for our own sake; programs go by what they find, and
        // some close as many descriptors as they may have.
        let _ = super::host::limit_open_files(soft);
    }
    if let Some(ids) = &program.ids {
        take_ids(ids)?;
    }
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(program.umask));
    // As the user it will run as: what that user cannot enter is an error.
    at(ChildStage::Cwd, nix::unistd::chdir(program.cwd.as_c_str()))
}

fn move_report(report: &mut RawFd) -> nix::Result<()> {
    if *report != REPORT_FD {
        // SAFETY: descriptors only; the one that is overwritten belongs to a
        // value whose destructor never runs here.
        Errno::result(unsafe { libc::dup3(*report, REPORT_FD, libc::O_CLOEXEC) })?;
        *report = REPORT_FD;
    }
    Ok(())
}

fn take_streams(streams: &Streams) -> Result<(), ChildFailure> {
    match streams {
        Streams::Separate { input, output, error } => {
            for (from, to) in [(input, 0), (output, 1), (error, 2)] {
                at(ChildStage::Stdio, move_to(from.as_raw_fd(), to))?;
            }
        }
        Streams::Terminal(slave) => {
            // SAFETY: an ioctl without a pointer.
            let result = unsafe { libc::ioctl(slave.as_raw_fd(), libc::TIOCSCTTY, 0) };
            at(ChildStage::Terminal, Errno::result(result))?;
            for to in 0..3 {
                at(ChildStage::Stdio, move_to(slave.as_raw_fd(), to))?;
            }
        }
    }
    Ok(())
}

/// `dup2(2)`, with the result not closed on exec.
fn move_to(from: RawFd, to: RawFd) -> nix::Result<()> {
    // SAFETY: descriptors only. `from` is never `to`: everything we opened is
    // above the three standard streams, which are open in this process.
    Errno::result(unsafe { libc::dup2(from, to) }).map(drop)
}

/// Closes every descriptor above `last`. See `close_range(2)`.
pub(super) fn close_above(last: RawFd) -> nix::Result<()> {
    let first = (last + 1) as libc::c_uint;
    // SAFETY: the child uses none of these descriptors again, and none of
    // their owners runs its destructor: the child executes or exits.
    if unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, 0) } == 0 {
        return Ok(());
    }
    // Before Linux 5.9: one by one, as far as there can be any.
    let limit = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE)
        .map_or(1024, |(soft, _)| soft.min(1 << 20));
    for fd in first..limit as libc::c_uint {
        // SAFETY: as above.
        unsafe { libc::close(fd as RawFd) };
    }
    Ok(())
}

/// Groups before user: once the user is changed the groups cannot be. Its child
/// has a memory of its own, in which it may allocate.
fn take_ids(ids: &Ids) -> Result<(), ChildFailure> {
    let groups: Vec<Gid> = ids.groups.iter().map(|gid| Gid::from_raw(*gid)).collect();
    let (uid, gid) = (Uid::from_raw(ids.uid), Gid::from_raw(ids.gid));
    at(ChildStage::Groups, nix::unistd::setgroups(&groups))?;
    at(ChildStage::Groups, nix::unistd::setresgid(gid, gid, gid))?;
    at(ChildStage::User, nix::unistd::setresuid(uid, uid, uid))?;
    let now = at(ChildStage::User, nix::unistd::getresuid())?;
    if (now.real, now.effective, now.saved) != (uid, uid, uid) {
        return Err(ChildFailure {
            stage: ChildStage::User,
            errno: libc::EPERM,
        });
    }
    Ok(())
}

fn wait_at_gate(gate: RawFd) -> Result<(), ChildFailure> {
    let mut byte = 0_u8;
    loop {
        // SAFETY: one byte into a live variable.
        let n = unsafe { libc::read(gate, (&raw mut byte).cast(), 1) };
        match Errno::result(n) {
            Ok(1) => return Ok(()),
            // The pipe ended without the byte: the launch will not be on record.
            Ok(_) => {
                return Err(ChildFailure {
                    stage: ChildStage::Gate,
                    errno: libc::EPIPE,
                });
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return at(ChildStage::Gate, Err(errno)),
        }
    }
}

fn execute(task: &Task<'_>) -> Result<std::convert::Infallible, ChildFailure> {
    // SAFETY: strings and lists that end with a null, made before the fork.
    unsafe { libc::execve(task.program.path.as_ptr(), task.argv.as_ptr(), task.envp.as_ptr()) };
    at(ChildStage::Exec, Err(Errno::last()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_survive_their_encoding() {
        for stage in ChildStage::ALL {
            let failure = ChildFailure {
                stage,
                errno: libc::ENOENT,
            };
            assert_eq!(decode_failure(&encode_failure(failure)).unwrap(), Err(failure));
        }
        assert_eq!(decode_failure(&[]).unwrap(), Ok(()));
        assert!(decode_failure(&[1, 2]).is_err());
        assert!(decode_failure(&[1; FAILURE + 1]).is_err());
    }
}
