//! The system calls of a shim, and the faults that can happen at each.

/// One system call of a recorded life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Its name.
    pub(crate) name: String,
    /// The how-manieth call of that name it is, from 1.
    pub(crate) nth: usize,
    /// The line that says so.
    line: String,
}

/// A fault in the place of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The shim is killed.
    Kill,
    /// The call fails with this error.
    Error(&'static str),
}

impl Call {
    /// The calls in a record of strace.
    pub(crate) fn all(record: &str) -> Vec<Self> {
        let mut calls: Vec<Self> = Vec::new();
        for line in record.lines() {
            let Some((name, _)) = line.split_once('(') else {
                continue;
            };
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                continue;
            }
            let before = calls.iter().filter(|call| call.name == name).count();
            calls.push(Self {
                name: name.to_owned(),
                nth: before + 1,
                line: line.to_owned(),
            });
        }
        calls
    }

    /// Returns true when its line begins with `begins` and contains `holds`.
    pub(crate) fn is(&self, begins: &str, holds: &str) -> bool {
        self.line.starts_with(begins) && self.line.contains(holds)
    }

    /// Returns true for the message to the starter that the game runs.
    pub(crate) fn is_answer(&self) -> bool {
        self.line.contains("gamectl started")
    }

    /// The words that make strace put the fault in its place.
    pub(crate) fn inject(&self, fault: Fault) -> [String; 4] {
        let what = match fault {
            Fault::Kill => "signal=KILL".to_owned(),
            Fault::Error(error) => format!("error={error}"),
        };
        let (name, nth) = (&self.name, self.nth);
        [
            "-e".to_owned(),
            format!("trace={name}"),
            "-e".to_owned(),
            format!("inject={name}:{what}:when={nth}"),
        ]
    }

    /// Returns the arguments of `child-fault` for this fault.
    pub(crate) fn words(&self, fault: Fault) -> [String; 3] {
        let what = match fault {
            Fault::Kill => "KILL",
            Fault::Error(error) => error,
        };
        [self.name.clone(), self.nth.to_string(), what.to_owned()]
    }

    /// Returns the faults that can happen here before the game is there. A child
    /// that cannot be executed is no fault of the kernel's alone.
    pub(crate) fn faults_of_child(&self) -> Vec<Fault> {
        let errors: &[&str] = match self.name.as_str() {
            "setsid" => &["EPERM"],
            "fcntl" | "dup2" | "dup3" => &["EMFILE"],
            "openat" => &["EMFILE", "ENOMEM"],
            "read" => &["EINTR", "EIO"],
            "write" => &["EIO", "ENOSPC"],
            "chdir" => &["EACCES", "EIO", "ENOMEM"],
            "execve" => &["EACCES", "EAGAIN", "EIO", "ENOMEM"],
            _ => &[],
        };
        let errors = errors.iter().map(|error| Fault::Error(error));
        std::iter::once(Fault::Kill).chain(errors).collect()
    }

    /// Returns the faults that can happen here. A `close` that fails has closed all
    /// the same, which cannot be had from strace.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let flag = |flag: &str| self.line.contains(flag);
        let errors: &[&str] = match self.name.as_str() {
            "openat" if flag("O_CREAT") => &["ENOSPC", "EMFILE", "EINTR", "EIO", "ENOMEM"],
            "openat" => &["EMFILE", "EINTR", "EIO", "ENOMEM"],
            "read" | "pread64" | "readlink" | "readlinkat" | "getdents64" => &["EINTR", "EIO", "ENOMEM"],
            "write" | "pwrite64" | "ftruncate" | "fallocate" | "fsync" | "fdatasync" => &["ENOSPC", "EINTR", "EIO"],
            "rename" | "renameat" | "renameat2" | "mknodat" | "symlinkat" | "linkat" => &["ENOSPC", "EIO", "ENOMEM"],
            "unlinkat" | "statx" | "fstat" | "newfstatat" | "fchown" => &["EIO", "ENOMEM"],
            "pipe2" | "pidfd_open" | "signalfd4" | "inotify_init1" | "eventfd2" => &["EMFILE", "ENOMEM"],
            "socket" | "socketpair" | "dup" => &["EMFILE", "ENOMEM"],
            "bind" => &["ENOSPC", "EIO", "ENOMEM"],
            "accept4" => &["EMFILE", "EINTR", "ENOMEM", "EAGAIN"],
            "sendto" | "sendmsg" | "recvfrom" | "recvmsg" => &["EINTR", "ENOMEM", "EAGAIN"],
            "clone" | "clone3" | "fork" | "vfork" => &["EAGAIN", "ENOMEM"],
            "brk" | "mmap" | "mremap" | "mprotect" => &["ENOMEM"],
            "poll" | "ppoll" => &["EINTR", "ENOMEM"],
            "wait4" | "waitid" | "clock_nanosleep" | "flock" => &["EINTR"],
            "fcntl" if flag("F_DUPFD") => &["EMFILE"],
            "fcntl" if flag("LKW") => &["EINTR"],
            "fcntl" if flag("F_OFD_SETLK") || flag("F_SETLK") => &["EAGAIN", "ENOMEM"],
            _ => &[],
        };
        let errors = errors.iter().map(|error| Fault::Error(error));
        std::iter::once(Fault::Kill).chain(errors).collect()
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let line: String = self.line.chars().take(100).collect();
        write!(f, "{} number {}: {line}", self.name, self.nth)
    }
}

#[test]
fn a_record_is_read_call_by_call() {
    let record = "openat(6, \"lock\", O_RDWR|O_CREAT, 0600) = 7\n\
                  --- SIGCHLD {si_signo=SIGCHLD} ---\nread(8, \"(\", 32) = 1\n\
                  openat(6, \"exit\", O_RDONLY) = 3\nexit_group(0)  = ?\n+++ exited with 0 +++\n";
    let calls = Call::all(record);
    let seen: Vec<_> = calls.iter().map(|call| (call.name.as_str(), call.nth)).collect();
    assert_eq!(seen, [("openat", 1), ("read", 1), ("openat", 2), ("exit_group", 1)]);
    assert!(calls[0].faults().contains(&Fault::Error("ENOSPC")));
    assert!(!calls[2].faults().contains(&Fault::Error("ENOSPC")));
    assert_eq!(calls[3].faults(), [Fault::Kill]);
    assert_eq!(
        calls[2].inject(Fault::Error("EIO"))[3],
        "inject=openat:error=EIO:when=2"
    );
}
