//! From a fork to the game's first instruction.
//!
//! The child waits at a gate: a pipe on which its parent sends one byte once
//! the launch is on record. If the parent dies before that, the pipe ends and so
//! does the child: no game runs that nobody knows of. Behind the gate it
//! prepares everything that can fail, and executes the program. What fails is
//! reported over a second pipe as a stage and an error number; that pipe ends by
//! itself when the exec succeeds.
//!
//! The child borrows its parent's memory until then, as one of `vfork(2)` does:
//! copying the tables of a memory that is never used costs more than all else
//! here. Unlike there its parent goes on meanwhile, so the child has a stack of
//! its own, and both keep to this: in front of the gate the child does nothing
//! but wait there, and from the opening of the gate until the second pipe ends the
//! parent does. So neither finds the other in the middle of something they
//! share, like the heap or `errno`.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid};

use super::buffer::Buffer;
use super::signals;

/// What the child was doing when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ChildStage {
    /// Making a session of its own.
    Session = 1,
    /// Taking the pseudo-terminal as its controlling terminal.
    Terminal,
    /// Putting standard input, output and error in place.
    Stdio,
    /// Taking on its groups.
    Groups,
    /// Taking on its user.
    User,
    /// Changing into the working directory.
    Cwd,
    /// Waiting for the launch to be put on record.
    Gate,
    /// Executing the program.
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

    /// The stage as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Terminal => "terminal",
            Self::Stdio => "stdio",
            Self::Groups => "groups",
            Self::User => "user",
            Self::Cwd => "cwd",
            Self::Gate => "gate",
            Self::Exec => "exec",
        }
    }
}

/// Why a child did not become the game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildFailure {
    /// What it was doing.
    pub stage: ChildStage,
    /// What the kernel said.
    pub errno: i32,
}

/// The user and the groups that a child takes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    /// The user.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
    /// Its supplementary groups.
    pub groups: Vec<u32>,
}

/// The standard streams of a child.
#[derive(Debug)]
pub enum Streams {
    /// Three descriptors of their own, so that a flag set on one of them
    /// (`O_NONBLOCK`) does not show on the others.
    Separate {
        /// Becomes descriptor 0.
        input: OwnedFd,
        /// Becomes descriptor 1.
        output: OwnedFd,
        /// Becomes descriptor 2.
        error: OwnedFd,
    },
    /// A pseudo-terminal, which becomes the controlling terminal.
    Terminal(OwnedFd),
}

/// Everything a child needs to become the game, made before the fork.
#[derive(Debug)]
pub struct Program {
    /// The file to execute.
    pub path: CString,
    /// Its arguments, the name by which it is called first.
    pub argv: Vec<CString>,
    /// Its whole environment.
    pub envp: Vec<CString>,
    /// Its working directory.
    pub cwd: CString,
    /// The user to become; `None` stays who we are.
    pub ids: Option<Ids>,
    /// Its standard streams.
    pub streams: Streams,
    /// Its file mode creation mask.
    pub umask: u32,
    /// How many files it may have open, when our own limit was raised.
    pub open_files: Option<u64>,
}

/// What the child reads while it runs in its parent's memory.
#[derive(Debug)]
struct Task<'a> {
    program: &'a Program,
    argv: Vec<*const libc::c_char>,
    envp: Vec<*const libc::c_char>,
    gate: RawFd,
    /// The parent's end of the gate, as the child has it.
    key: RawFd,
    report: RawFd,
}

/// Bytes of the child's stack. It calls nothing that is deep.
const STACK: NonZeroUsize = NonZeroUsize::new(64 * 1024).expect("not zero");

/// A child that waits at the gate.
#[derive(Debug)]
pub struct Gated<'a> {
    /// Its pid. It has not been reaped.
    pub pid: i32,
    /// Until it is opened.
    gate: Option<File>,
    report: File,
    /// What the child works with. Boxed, so that it stays where it is.
    memory: Option<Box<(Task<'a>, Buffer)>>,
}

impl<'a> Gated<'a> {
    /// Forks a child that waits at the gate. It has our signal dispositions,
    /// which should be the default ones: see [`signals::reset_dispositions`].
    ///
    /// To be called while this process has a single thread.
    ///
    /// # Errors
    /// `EAGAIN` when no further process may be made, `EMFILE`, `ENOMEM`.
    pub fn fork(program: &'a Program) -> io::Result<Self> {
        let (gate_read, gate_write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        let (report_read, report_write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        let task = Task {
            program,
            argv: pointers(&program.argv),
            envp: pointers(&program.envp),
            gate: gate_read.as_raw_fd(),
            key: gate_write.as_raw_fd(),
            report: report_write.as_raw_fd(),
        };
        let mut memory = Box::new((task, Buffer::new(STACK)?));
        // Changing the user of one process makes the memory it shares with
        // another unreadable to that user's tools: such a child has its own.
        let memory_is_shared = if program.ids.is_none() { libc::CLONE_VM } else { 0 };
        let stack = memory.1.bytes().as_mut_ptr_range().end;
        let task = &raw const memory.0;
        // SAFETY: the child runs on a stack that nobody else uses. That, the
        // task and the program stay until it has a memory of its own or none
        // any more, which the end of the report pipe proves: `settle` awaits it.
        // Where the memory is not shared, the caller's promise of a single
        // thread makes what the child does sound.
        let pid = unsafe {
            libc::clone(
                child,
                stack.cast(),
                memory_is_shared | libc::SIGCHLD,
                task.cast_mut().cast(),
            )
        };
        Ok(Self {
            pid: Errno::result(pid)?,
            gate: Some(File::from(gate_write)),
            report: File::from(report_read),
            memory: Some(memory),
        })
    }

    /// Lets the child through the gate and waits until it has become the
    /// program or has said why not.
    ///
    /// # Errors
    /// The gate could not be opened, and the child did not say why: it ended,
    /// or ends now, without having become the program.
    pub fn release(mut self) -> io::Result<Result<(), ChildFailure>> {
        let opened = self.gate.take().map_or(Ok(()), |mut gate| gate.write_all(&[1]));
        match (self.settle()?, opened) {
            (Ok(()), Err(error)) => Err(error),
            (outcome, _) => Ok(outcome),
        }
    }

    /// Waits until the child needs our memory no more. It then is the program,
    /// or has ended and may have said why.
    fn settle(&mut self) -> io::Result<Result<(), ChildFailure>> {
        let mut message = [0; FAILURE + 1];
        let mut filled = 0;
        // To the end, not only as far as the message goes: after it the child
        // still has to take its leave, on the stack that we are to free.
        loop {
            match message.get_mut(filled..).map(|rest| self.report.read(rest)) {
                Some(Ok(0)) => break,
                Some(Ok(n)) => filled += n,
                Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                // Nothing of this happens. But what the child may need is left
                // to it then.
                Some(Err(error)) => {
                    std::mem::forget(self.memory.take());
                    return Err(error);
                }
                None => break,
            }
        }
        self.memory = None;
        decode_failure(message.get(..filled).unwrap_or_default())
    }
}

impl Drop for Gated<'_> {
    fn drop(&mut self) {
        if self.memory.is_none() {
            return;
        }
        // The end of the gate is enough for a child that is not stopped.
        self.gate = None;
        let _ = kill(Pid::from_raw(self.pid), Signal::SIGKILL);
        let _ = self.settle();
    }
}

/// Pointers to these, as `execve(2)` wants them.
fn pointers(words: &[CString]) -> Vec<*const libc::c_char> {
    let words = words.iter().map(|word| word.as_ptr());
    words.chain(std::iter::once(std::ptr::null())).collect()
}

/// The child's whole life until it is the program. Where it shares its memory
/// it allocates nothing, and nothing in it panics.
extern "C" fn child(task: *mut libc::c_void) -> libc::c_int {
    // SAFETY: it is the task that `fork` has made for this child, and stays as
    // long as this runs.
    let task = unsafe { &*task.cast_const().cast::<Task<'_>>() };
    let mut report = task.report;
    let message = encode_failure(become_program(task, &mut report));
    // Nobody is left to tell when even this write fails: the parent then sees
    // the pipe end and the child exit with 127.
    // SAFETY: the buffer is valid for its length.
    unsafe {
        libc::write(report, message.as_ptr().cast(), message.len());
        libc::_exit(127)
    }
}

/// Bytes of a failure on its way to the parent.
const FAILURE: usize = 5;

fn encode_failure(failure: ChildFailure) -> [u8; 5] {
    let [a, b, c, d] = failure.errno.to_le_bytes();
    [failure.stage as u8, a, b, c, d]
}

/// What was read from the report pipe: nothing when the exec succeeded.
fn decode_failure(message: &[u8]) -> io::Result<Result<(), ChildFailure>> {
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

/// Where the report pipe is moved to, so that everything above can be closed
/// without knowing what it is.
const REPORT_FD: RawFd = 3;

/// Returns only when it failed.
fn become_program(task: &Task<'_>, report: &mut RawFd) -> ChildFailure {
    // As long as it has the key itself it would never see that nobody else has.
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
            // The pipe ended without the byte: nobody will put us on record.
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
