//! Running gamectl within another program that gives it namespaces or limits of
//! its own, or follows its system calls.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{Outcome, Sandbox, not_run, skipped};

/// Returns true when a command can be run within this one. Says so, past the
/// capture of the test's output, where it cannot.
pub fn is_possible(test: &str, wrapper: &[&str]) -> bool {
    let (program, words) = wrapper.split_first().expect("a program");
    let mut command = Command::new(program);
    command.args(words).arg("true").stdin(Stdio::null());
    let possible = command.output().is_ok_and(|output| output.status.success());
    if !possible {
        skipped(test, &format!("`{}` is not allowed", wrapper.join(" ")));
    }
    possible
}

/// Mounts that nobody else sees.
pub struct Mounts(String);

impl Mounts {
    /// Made by a script before each command. `None`, said, where they may not be
    /// made.
    pub fn of(test: &str, script: &str) -> Option<Self> {
        let mounts = Self(format!("{script} && exec \"$@\""));
        is_possible(test, &mounts.wrapper()).then_some(mounts)
    }

    /// Returns the program and arguments that run a command within the mounts.
    pub fn wrapper(&self) -> [&str; 8] {
        [
            "unshare",
            "-m",
            "--propagation",
            "private",
            "/bin/sh",
            "-c",
            &self.0,
            "sh",
        ]
    }

    /// Runs gamectl among them, to its end.
    pub fn run(&self, sandbox: &Sandbox, args: &[&str]) -> Outcome {
        sandbox.run_under(&self.wrapper(), args)
    }
}

/// The path of a strace that works; `None` where there is none, which is said.
pub fn strace(what: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("strace"))
        .find(|file| file.exists());
    let works = |strace: &PathBuf| {
        let mut command = Command::new(strace);
        command.args(["-qq", "-e", "trace=none", "-e", "inject=getpid:error=EIO", "true"]);
        command.stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let usable = found.filter(works);
    if usable.is_none() {
        not_run(
            what,
            "no strace that may trace and inject faults",
            "GAMECTL_TEST_STRACE",
        );
    }
    usable
}
