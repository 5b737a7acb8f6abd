//! From a fork to the game's first instruction.
//!
//! The child prepares everything that can fail, then waits at a gate: a pipe
//! on which its parent sends one byte once the launch is on record. If the
//! parent dies before that, the pipe ends and so does the child: no game runs
//! that nobody knows of. What fails is reported over a second pipe as a stage
//! and an error number; that pipe closes by itself when the exec succeeds.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{ForkResult, Gid, Uid};

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
    /// The out-of-memory score adjustment it gets back, when ours was changed.
    pub oom_score_adj: Option<i32>,
    /// How many files it may have open, when our own limit was raised.
    pub open_files: Option<u64>,
}

/// A child that waits at the gate.
#[derive(Debug)]
pub struct Gated {
    /// Its pid. It has not been reaped.
    pub pid: i32,
    gate: File,
    report: File,
}

impl Gated {
    /// Forks a child that prepares itself and waits at the gate.
    ///
    /// To be called while this process has a single thread: the child goes on
    /// to allocate memory and must not find a lock held by a thread it lacks.
    ///
    /// # Errors
    /// `EAGAIN` when no further process may be made, `EMFILE`, `ENOMEM`.
    pub fn fork(program: &Program) -> io::Result<Self> {
        let (gate_read, gate_write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        let (report_read, report_write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
        // SAFETY: the caller's promise of a single thread makes everything the
        // child does until it executes or exits sound.
        match unsafe { nix::unistd::fork() }? {
            ForkResult::Parent { child } => Ok(Self {
                pid: child.as_raw(),
                gate: File::from(gate_write),
                report: File::from(report_read),
            }),
            ForkResult::Child => child(program, gate_read.as_raw_fd(), report_write.as_raw_fd()),
        }
    }

    /// Lets the child through the gate and waits until it has become the
    /// program or has said why not.
    ///
    /// # Errors
    /// The gate could not be opened, and the child did not say why: it ended,
    /// or ends now, without having become the program.
    pub fn release(mut self) -> io::Result<Result<(), ChildFailure>> {
        // A child that failed before it came to the gate has closed it.
        let opened = self.gate.write_all(&[1]);
        drop(self.gate);
        match (read_failure(&mut self.report)?, opened) {
            (Ok(()), Err(error)) => Err(error),
            (outcome, _) => Ok(outcome),
        }
    }
}

/// The child's whole life until it is the program.
fn child(program: &Program, gate: RawFd, report: RawFd) -> ! {
    let (report, message) = match move_pipes(gate, report) {
        Ok(()) => (REPORT_FD, encode_failure(become_program(program))),
        Err((report, failure)) => (report, encode_failure(failure)),
    };
    // Nobody is left to tell when even this write fails: the parent then sees
    // the pipe end and the child exit with 127.
    // SAFETY: the buffer is valid for its length.
    unsafe {
        libc::write(report, message.as_ptr().cast(), message.len());
        libc::_exit(127)
    }
}

/// Moves the two pipes to the lowest descriptors above the standard streams, by
/// way of others in case they are in each other's place. When that fails, also
/// tells where the report pipe is: silence in it would read as a success.
fn move_pipes(gate: RawFd, report: RawFd) -> Result<(), (RawFd, ChildFailure)> {
    let done = |result: RawFd, report: RawFd| {
        let result = at(ChildStage::Stdio, Errno::result(result));
        result.map_err(|failure| (report, failure))
    };
    // SAFETY: descriptors only; those that are overwritten belong to values
    // whose destructors never run here.
    unsafe {
        let report = done(libc::fcntl(report, libc::F_DUPFD_CLOEXEC, REPORT_FD + 1), report)?;
        let gate = done(libc::fcntl(gate, libc::F_DUPFD_CLOEXEC, REPORT_FD + 1), report)?;
        done(libc::dup3(gate, GATE_FD, libc::O_CLOEXEC), report)?;
        done(libc::dup3(report, REPORT_FD, libc::O_CLOEXEC), report)?;
    }
    Ok(())
}

fn encode_failure(failure: ChildFailure) -> [u8; 5] {
    let [a, b, c, d] = failure.errno.to_le_bytes();
    [failure.stage as u8, a, b, c, d]
}

/// Reads the report pipe to its end: empty when the exec succeeded.
fn read_failure(report: &mut File) -> io::Result<Result<(), ChildFailure>> {
    let mut message = Vec::with_capacity(5);
    report.take(5).read_to_end(&mut message)?;
    match message.as_slice() {
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

/// Where the gate and the report pipe are moved to, so that everything above
/// can be closed without knowing what it is.
const GATE_FD: RawFd = 3;
const REPORT_FD: RawFd = 4;

/// Returns only when it failed.
fn become_program(program: &Program) -> ChildFailure {
    let done = prepare(program)
        .and_then(|()| wait_at_gate())
        .and_then(|()| execute(program));
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

fn prepare(program: &Program) -> Result<(), ChildFailure> {
    at(ChildStage::Session, nix::unistd::setsid())?;
    take_streams(&program.streams)?;
    at(ChildStage::Stdio, close_above(REPORT_FD))?;
    super::signals::reset_all();
    if let Some(value) = program.oom_score_adj {
        // Ours was lowered to keep the game's keeper alive; a game that kept
        // that would take the machine down before it is chosen. Raising it
        // again is always allowed.
        let _ = std::fs::write("/proc/self/oom_score_adj", value.to_string());
    }
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

/// Groups before user: once the user is changed the groups cannot be.
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

fn wait_at_gate() -> Result<(), ChildFailure> {
    let mut byte = 0_u8;
    loop {
        // SAFETY: one byte into a live variable.
        let n = unsafe { libc::read(GATE_FD, (&raw mut byte).cast(), 1) };
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

fn execute(program: &Program) -> Result<std::convert::Infallible, ChildFailure> {
    let argv: Vec<&CStr> = program.argv.iter().map(CString::as_c_str).collect();
    let envp: Vec<&CStr> = program.envp.iter().map(CString::as_c_str).collect();
    at(ChildStage::Exec, nix::unistd::execve(&program.path, &argv, &envp))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_survive_the_pipe() {
        for stage in ChildStage::ALL {
            let failure = ChildFailure {
                stage,
                errno: libc::ENOENT,
            };
            let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC).unwrap();
            File::from(write).write_all(&encode_failure(failure)).unwrap();
            assert_eq!(read_failure(&mut File::from(read)).unwrap(), Err(failure));
        }
        let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC).unwrap();
        drop(write);
        assert_eq!(read_failure(&mut File::from(read)).unwrap(), Ok(()));
    }
}
