//! Another kernel, which runs as a process of this one: User Mode Linux. Its clock can be
//! set and it can be put to sleep without anything else noticing. Debian's is of version 6.1.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Process, Sandbox, not_run};

/// The program that is the kernel.
const KERNEL: &str = "/usr/bin/linux.uml";

/// Says `required` where the kernel must be there.
const REQUIRED: &str = "GAMECTL_TEST_KERNEL";

/// A kernel with a minute of work takes that long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(400);

/// Goes before each script: the mounts, and what the scripts have in common.
const PROLOGUE: &str = r#"
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run LANG=C.UTF-8 TZ=UTC GAMECTL_STATE_DIR=/run/state
for kind in proc:proc sysfs:sys tmpfs:run; do mount -t "${kind%:*}" "${kind%:*}" "/${kind#*:}"; done
mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /dev/pts
ip link set lo up

# Ends it all, with a reason.
fail() {
    echo "$*" >/mnt/failed
    poweroff -f
}

# Waits until a command succeeds.
await() {
    tries=0
    until "$@"; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "in vain: $*"
        sleep 0.05
    done
}
"#;

/// A kernel that has been started. It sees the files of this machine, none of which it can
/// change but those of the sandbox, as `/mnt`.
pub struct OtherKernel {
    kernel: Child,
    console: PathBuf,
    failed: PathBuf,
}

impl OtherKernel {
    /// Boots one, whose first process is a script of the shell, as root; with its end the
    /// machine is off. `None`, said, where there is no such kernel.
    pub fn boot(test: &str, sandbox: &Sandbox, script: &str) -> Option<Self> {
        if !PathBuf::from(KERNEL).exists() {
            not_run(test, &format!("there is no {KERNEL}"), REQUIRED);
            return None;
        }
        let init = sandbox.path("init");
        let share = format!("mount -t hostfs -o {} share /mnt", sandbox.dir().display());
        super::script(&init, &format!("{PROLOGUE}\n{share}\n{script}\npoweroff -f"));
        let console = sandbox.path("console.txt");
        let output = File::create(&console).expect("its console");
        let mut command = Command::new(KERNEL);
        command
            .args([
                "mem=768M",
                "root=/dev/root",
                "rootfstype=hostfs",
                "rootflags=/",
                "ro",
                "quiet",
            ])
            .args(["con=null", "con0=fd:0,fd:1"])
            .arg(format!("init={}", init.display()))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a descriptor"))
            .stderr(output);
        Some(Self {
            kernel: command.spawn().expect("the kernel"),
            console,
            failed: sandbox.path("failed"),
        })
    }

    /// Wakes it, if it sleeps.
    pub fn wake(&self) {
        kill(self.pid(), Signal::SIGUSR1).expect("wake it");
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(Process::pid_of(&self.kernel))
    }

    /// Waits until it is off, and returns all that its console showed.
    pub fn off(mut self) -> String {
        let begun = Instant::now();
        let shown = |console: &PathBuf| std::fs::read_to_string(console).unwrap_or_default();
        while self.kernel.try_wait().expect("wait for it").is_none() {
            assert!(begun.elapsed() < PATIENCE, "it is not off: {}", shown(&self.console));
            std::thread::sleep(Duration::from_millis(20));
        }
        let failure = std::fs::read_to_string(&self.failed).unwrap_or_default();
        assert!(failure.is_empty(), "{failure}{}", shown(&self.console));
        shown(&self.console)
    }
}

impl Drop for OtherKernel {
    fn drop(&mut self) {
        // It takes its processes, which are processes of this host too, with it.
        if let Ok(None) = self.kernel.try_wait() {
            let _ = kill(self.pid(), Signal::SIGTERM);
        }
        let _ = self.kernel.wait();
    }
}
