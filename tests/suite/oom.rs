//! A game that the kernel's out-of-memory killer really takes, in a control
//! group with little memory. That needs root and a memory controller; where
//! they are missing this says so, and fails with `GAMECTL_TEST_OOM=required`,
//! as in the gate.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{self, Instance, Outcome, Sandbox, wait_until};

/// A control group with little memory, of either version.
pub(super) struct Group(PathBuf);

impl Group {
    /// Makes one with this many MiB.
    pub(super) fn make(name: &str, mebibytes: u64) -> std::io::Result<Self> {
        let (path, limit) = if Path::new("/sys/fs/cgroup/memory/tasks").exists() {
            (Path::new("/sys/fs/cgroup/memory").join(name), "memory.limit_in_bytes")
        } else {
            (Path::new("/sys/fs/cgroup").join(name), "memory.max")
        };
        fs::create_dir(&path)?;
        let group = Self(path);
        fs::write(group.0.join(limit), (mebibytes << 20).to_string())?;
        // What cannot be swapped out must be killed.
        let _ = fs::write(group.0.join("memory.swap.max"), "0");
        Ok(group)
    }

    /// Moves a process into it.
    pub(super) fn take(&self, pid: i32) -> std::io::Result<()> {
        fs::write(self.0.join("cgroup.procs"), pid.to_string())
    }

    /// A command of the sandbox, begun in the group.
    fn run(&self, sandbox: &Sandbox, args: &[&str]) -> Outcome {
        let group = self.0.to_str().expect("a path in UTF-8");
        let script = "echo $$ >\"$0/cgroup.procs\" && exec \"$@\"";
        sandbox.run_under(&["/bin/sh", "-c", script, group], args)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        wait_until("the control group to be empty", || fs::remove_dir(&self.0).is_ok());
    }
}

#[test]
fn a_game_that_the_kernel_takes_for_its_memory() {
    let sandbox = Sandbox::new();
    let name = sandbox
        .dir()
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let group = match Group::make(&name, 32) {
        Ok(group) => group,
        Err(error) => {
            let why = format!("no control group with little memory: {error}");
            return support::not_run("the out-of-memory killer", &why, "GAMECTL_TEST_OOM");
        }
    };
    let hog = "echo up; while [ ! -e hog ]; do sleep 0.05; done; x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done";
    sandbox.inventory(&[Instance::script("a", hog).ready_log("^up$")]);
    group.run(&sandbox, &["start", "a"]).expect_code(0);
    let shim = sandbox.shim("a");
    sandbox.touch("hog");
    let row = sandbox.wait_state("a", "crashed");
    let exit = &row["last_exit"];
    assert_eq!(
        (&exit["signal"], &exit["code"], &exit["oom_killed"]),
        (&json!("SIGKILL"), &json!(null), &json!(true)),
        "{row}"
    );
    assert_eq!(row["note"], "killed by the out-of-memory killer");
    // The shim was there to tell, and is gone now that it has.
    wait_until("the shim to be gone", || !support::Process::lives(shim));
    // A later end that nobody's memory was to blame for is none of that.
    fs::remove_file(sandbox.path("hog")).expect("remove");
    group.run(&sandbox, &["start", "a"]).expect_code(0);
    support::Process::signal(sandbox.pid("a"), nix::sys::signal::Signal::SIGKILL);
    let row = sandbox.wait_state("a", "crashed");
    assert_eq!(row["last_exit"]["oom_killed"], json!(false), "{row}");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}
