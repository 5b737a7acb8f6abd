//! A machine whose first process is systemd: a container of systemd-nspawn(1).

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{Outcome, Process, gamectl, not_run, wait_until};

/// The folder with the root of a Debian, which `.ci/systemd-root` makes.
const ROOT: &str = "GAMECTL_TEST_SYSTEMD_ROOT";

/// The folder with the root of a newer Debian with podman, which `.ci/systemd-root podman`
/// makes.
const PODMAN_ROOT: &str = "GAMECTL_TEST_PODMAN_ROOT";

/// Says `required` where a machine must be there.
const REQUIRED: &str = "GAMECTL_TEST_SYSTEMD";

/// Two machines at once would share a control group.
static ONE: Mutex<()> = Mutex::new(());

/// A machine that has booted, with the built gamectl as `/usr/bin/gamectl`. What
/// is written in it is gone with it, except in the folders that it shares with the
/// test: `/etc/gamectl`, `/etc/systemd/system`, `/var/lib/gamectl` and `/share`.
pub struct Machine {
    nspawn: Child,
    name: String,
    first: i32,
    shared: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Machine {
    /// Boots one, whose shared folders are in `shared`. Says so where there can be
    /// none.
    pub fn boot(test: &str, shared: &Path) -> Option<Self> {
        Self::of(ROOT, test, shared)
    }

    /// Boots one that has podman 5, in the same way.
    pub fn boot_with_podman(test: &str, shared: &Path) -> Option<Self> {
        Self::of(PODMAN_ROOT, test, shared)
    }

    /// Boots the root in the folder that a variable names.
    fn of(variable: &str, test: &str, shared: &Path) -> Option<Self> {
        let root = std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|root| root.join("usr/bin").is_dir());
        let Some(root) = root.filter(|_| nix::unistd::geteuid().is_root()) else {
            not_run(test, &format!("it needs root, and a Debian in ${variable}"), REQUIRED);
            return None;
        };
        let alone = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("gamectl-test-{}", std::process::id());
        let mut command = Command::new("systemd-nspawn");
        command.args([
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--volatile=overlay",
            "--console=pipe",
            "--boot",
        ]);
        command.arg("--directory").arg(root).arg(format!("--machine={name}"));
        command.arg(format!("--bind-ro={}:/usr/bin/gamectl", gamectl().display()));
        for place in ["/etc/gamectl", "/etc/systemd/system", "/var/lib/gamectl", "/share"] {
            let folder = shared.join(place.trim_start_matches('/'));
            std::fs::create_dir_all(&folder).expect("a shared folder");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
            std::fs::set_permissions(&folder, mode).expect("its mode");
            command.arg(format!("--bind={}:{place}", folder.display()));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let nspawn = command.spawn().expect("systemd-nspawn");
        let mut machine = Self {
            nspawn,
            name,
            first: 0,
            shared: shared.to_owned(),
            _alone: alone,
        };
        wait_until("the machine to have booted", || {
            assert!(!machine.has_ended(), "systemd-nspawn has ended");
            // Its first child only makes the one that becomes systemd.
            machine.first = child_of(Process::pid_of(&machine.nspawn)).unwrap_or(0);
            let state = machine.run(&["systemctl", "is-system-running"]).stdout;
            matches!(state.trim(), "running" | "degraded")
        });
        Some(machine)
    }

    /// Runs a program in it, as root and outside of any session.
    pub fn run(&self, argv: &[&str]) -> Outcome {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.first.to_string(), "--all", "--"])
            .args(argv);
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", "/root");
        let output = command.stdin(Stdio::null()).output().expect("nsenter");
        Outcome::of(argv, &output)
    }

    /// Returns the pid on this host of a process in the machine.
    pub fn host_pid(&self, pid: i32) -> Option<i32> {
        let namespace = |pid: i32| std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let all = std::fs::read_dir("/proc").ok()?.flatten();
        let mut pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.find(|candidate| {
            let status = std::fs::read_to_string(format!("/proc/{candidate}/status")).unwrap_or_default();
            let pids = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
            let inner = pids.and_then(|pids| pids.split_whitespace().last()?.parse().ok());
            inner == Some(pid) && namespace(*candidate) == namespace(self.first)
        })
    }

    /// Runs it, and expects an exit code of 0.
    #[track_caller]
    pub fn ok(&self, argv: &[&str]) -> Outcome {
        let outcome = self.run(argv);
        if outcome.code != Some(0) {
            let journal = self.run(&["journalctl", "--lines=30", "--output=cat"]).stdout;
            panic!("{outcome:#?}\n{journal}");
        }
        outcome
    }

    /// Returns the row of an instance, as its root sees it.
    pub fn row(&self, id: &str) -> Value {
        self.run(&["gamectl", "status", "--json", id]).json()["instances"][0].clone()
    }

    /// Returns the control groups of a process, a line for each hierarchy.
    #[track_caller]
    pub fn control_groups(&self, pid: &Value) -> String {
        self.ok(&["cat", &format!("/proc/{pid}/cgroup")]).stdout
    }

    /// Returns the path of a file in one of the shared folders.
    pub fn shared(&self, path: &str) -> PathBuf {
        self.shared.join(path.trim_start_matches('/'))
    }

    /// Shuts it down as an admin does, and waits for its end.
    pub fn power_off(mut self) {
        // The answer may not come any more.
        self.run(&["systemctl", "poweroff"]);
        wait_until("the machine to be off", || self.has_ended());
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.nspawn.try_wait(), Ok(None))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if !self.has_ended() {
            // All that is in it ends with its first process.
            if let Some(first) = child_of(Process::pid_of(&self.nspawn)) {
                Process::signal(first, Signal::SIGKILL);
            }
            let _ = self.nspawn.kill();
            let _ = self.nspawn.wait();
        }
        let _ = std::fs::remove_dir(Path::new("/run/systemd/nspawn/propagate").join(&self.name));
    }
}

fn child_of(parent: i32) -> Option<i32> {
    let text = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    text.split_whitespace().next()?.parse().ok()
}
