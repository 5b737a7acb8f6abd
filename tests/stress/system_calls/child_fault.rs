//! Puts a fault at a system call of the child that a shim forks, before it is
//! the game: what `strace` cannot tell from the same call of the shim. Writes
//! those calls to a file, as `strace` does.
//!
//! `child-fault LOG NAME NTH FAULT PROGRAM...`: the program is executed, and
//! followed by another process, which is nobody's child by then.

use std::process::ExitCode;

#[cfg(target_arch = "x86_64")]
mod tracer {
    use std::fs::File;
    use std::io::Write;

    use nix::errno::Errno;
    use nix::sys::ptrace::{self, Options};
    use nix::sys::signal::Signal;
    use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
    use nix::unistd::Pid;

    const EVENT_EXEC: i32 = 4;

    /// A fault, and the call at which it happens.
    pub(super) struct Fault {
        pub(super) name: String,
        pub(super) nth: usize,
        pub(super) what: String,
    }

    fn name(number: u64) -> String {
        let known = match i64::try_from(number).unwrap_or(-1) {
            libc::SYS_read => "read",
            libc::SYS_write => "write",
            libc::SYS_openat => "openat",
            libc::SYS_close => "close",
            libc::SYS_close_range => "close_range",
            libc::SYS_setsid => "setsid",
            libc::SYS_fcntl => "fcntl",
            libc::SYS_dup2 => "dup2",
            libc::SYS_dup3 => "dup3",
            libc::SYS_chdir => "chdir",
            libc::SYS_umask => "umask",
            libc::SYS_rt_sigaction => "rt_sigaction",
            libc::SYS_rt_sigprocmask => "rt_sigprocmask",
            libc::SYS_execve => "execve",
            libc::SYS_exit_group => "exit_group",
            _ => return format!("call_{number}"),
        };
        known.to_owned()
    }

    fn error(name: &str) -> Option<Errno> {
        let known = [
            ("EACCES", Errno::EACCES),
            ("EAGAIN", Errno::EAGAIN),
            ("EINTR", Errno::EINTR),
            ("EIO", Errno::EIO),
            ("EMFILE", Errno::EMFILE),
            ("ENOMEM", Errno::ENOMEM),
            ("ENOSPC", Errno::ENOSPC),
            ("EPERM", Errno::EPERM),
        ];
        known.iter().find(|(known, _)| *known == name).map(|(_, errno)| *errno)
    }

    /// The child under way.
    #[derive(Default)]
    struct Calls {
        made: Vec<String>,
        inside: bool,
        failing: Option<Errno>,
    }

    impl Calls {
        /// At the beginning and at the end of each call. Whether there is more
        /// to see.
        fn step(&mut self, child: Pid, fault: &Fault, log: &mut File) -> nix::Result<()> {
            self.inside = !self.inside;
            let mut registers = ptrace::getregs(child)?;
            if !self.inside {
                if let Some(errno) = self.failing.take() {
                    registers.rax = (-i64::from(errno as i32)).cast_unsigned();
                    ptrace::setregs(child, registers)?;
                }
                return Ok(());
            }
            let name = name(registers.orig_rax);
            self.made.push(name.clone());
            let nth = self.made.iter().filter(|made| **made == name).count();
            let hit = name == fault.name && nth == fault.nth;
            let _ = writeln!(log, "{name}(){}", if hit { " (INJECTED)" } else { "" });
            if hit && fault.what == "KILL" {
                nix::sys::signal::kill(child, Signal::SIGKILL)?;
            } else if hit {
                self.failing = error(&fault.what);
                registers.orig_rax = u64::MAX;
                ptrace::setregs(child, registers)?;
            }
            Ok(())
        }
    }

    /// Follows a process to its end, and its first child until that is another
    /// program.
    pub(super) fn follow(shim: Pid, fault: &Fault, log: &mut File) -> nix::Result<()> {
        let options = Options::PTRACE_O_TRACEFORK
            | Options::PTRACE_O_TRACEVFORK
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACEEXEC;
        ptrace::seize(shim, options)?;
        let mut calls = Calls::default();
        loop {
            let status = waitpid(None, Some(WaitPidFlag::__WALL))?;
            let Some(pid) = status.pid() else { continue };
            // One that has been killed meanwhile needs no word any more.
            let _ = match status {
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) if pid == shim => {
                    let _ = writeln!(log, "+++ ended +++");
                    return Ok(());
                }
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => Ok(()),
                WaitStatus::PtraceEvent(_, _, EVENT_EXEC) if pid != shim => ptrace::detach(pid, None),
                WaitStatus::PtraceSyscall(_) => {
                    let _ = calls.step(pid, fault, log);
                    ptrace::syscall(pid, None)
                }
                WaitStatus::Stopped(_, signal) if pid == shim => ptrace::cont(pid, signal),
                WaitStatus::Stopped(_, signal) => ptrace::syscall(pid, signal),
                _ if pid == shim => ptrace::cont(pid, None),
                _ => ptrace::syscall(pid, None),
            };
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn main() -> ExitCode {
    use std::fs::File;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let own = std::env::current_exe().expect("its own path");
    let quietly = |stage: &str, rest: &[&str]| {
        let mut command = Command::new(&own);
        command.arg(stage).args(rest);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("spawn")
    };
    match words.as_slice() {
        // Between the two, so that the tracer is not a child of the shim.
        ["--between", rest @ ..] => drop(quietly("--trace", rest)),
        ["--trace", pid, log, name, nth, what] => {
            let fault = tracer::Fault {
                name: (*name).to_owned(),
                nth: nth.parse().unwrap_or(0),
                what: (*what).to_owned(),
            };
            let mut log = File::create(log).expect("the log");
            let shim = nix::unistd::Pid::from_raw(pid.parse().expect("a pid"));
            let _ = nix::unistd::setsid();
            tracer::follow(shim, &fault, &mut log).expect("follow");
        }
        [log, name, nth, what, program, rest @ ..] => {
            let pid = std::process::id().to_string();
            let _ = quietly("--between", &[&pid, log, name, nth, what]).wait();
            let followed = || {
                let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
                !status.contains("TracerPid:\t0\n")
            };
            while !followed() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            let _ = Command::new(program).arg0("gamectl").args(rest).exec();
            return ExitCode::FAILURE;
        }
        _ => return ExitCode::FAILURE,
    }
    ExitCode::SUCCESS
}

#[cfg(not(target_arch = "x86_64"))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}
