//! From a fork to the game's first instruction.
//!
//! The child waits at a gate: a pipe on which its parent sends one byte once
//! the launch is on record. If the parent dies before that, the pipe ends and so
//! does the child: no game runs that is not on record. Behind the gate it
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
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::buffer::Buffer;
use super::child::{self, FAILURE, Task};
pub use super::child::{ChildFailure, ChildStage};
pub use super::program::{Ids, Program, Streams};

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
    /// Memory that the child works with, boxed so that it does not move.
    memory: Option<Box<(Task<'a>, Buffer)>>,
}

impl<'a> Gated<'a> {
    /// Forks a child that waits at the gate. It has our signal dispositions,
    /// which should be the default ones: see [`super::signals::reset_dispositions`].
    ///
    /// To be called while this process has a single thread.
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
        // SAFETY: the child runs on a stack of its own. That, the
        // task and the program stay until it has a memory of its own or none
        // any more, which the end of the report pipe proves: `settle` awaits it.
        // Where the memory is not shared, the caller's promise of a single
        // thread makes what the child does sound.
        let pid = unsafe {
            libc::clone(
                child::child,
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
        child::decode_failure(message.get(..filled).unwrap_or_default())
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
