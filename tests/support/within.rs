//! Running gamectl within another program that gives it namespaces or limits of
//! its own.

use std::process::{Command, Stdio};

use super::{Outcome, Sandbox, skipped};

/// Whether a command can be run within this one; said, past the capture of the
/// test's output, where it cannot.
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

    /// What to run a command within.
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
