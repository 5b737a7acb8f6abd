//! Two networks with a wire between them, as network namespaces of the kernel: commands run
//! in the one, and the other is that of a machine with processes, mounts and a boot of its
//! own, which has an address for each of its hosts.
//!
//! The wire is a program of the test between two `tun` devices, since not every kernel has
//! `netem`: it delays and loses whole packets, so that all else is done by the TCP of the
//! kernel.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use super::sshd::{Elsewhere, Ground};
use crate::support::{self, Outcome, Process, Sandbox, is_possible, wait_for};

/// The address of the first host; the others follow.
const FIRST: u32 = 101;

/// The number of addresses there.
const HOSTS: u32 = 20;

/// The first process of the machine there: it leaves no zombie, and ends one day, should the
/// tests have been killed.
const INIT: &str = "$SIG{CHLD} = 'IGNORE'; my $end = time + 900; sleep 5 while time < $end";

/// The properties of a wire.
#[derive(Default)]
pub(super) struct Wire {
    /// The time that a packet takes from one end to the other, in seconds.
    pub(super) delay: f64,
    /// One of so many packets is lost; 0 for none.
    pub(super) lossy: u32,
    /// The hosts that nothing reaches, counted from 0.
    pub(super) holes: Vec<u32>,
}

/// A process that ends with this.
struct Held(Child);

impl Drop for Held {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Both networks.
pub(super) struct Network {
    wire: Wire,
    line: Held,
    there: Held,
    here: Held,
    /// The number of boots there.
    boots: u32,
    files: TempDir,
}

/// Returns the address of a host, counted from 0.
pub(super) fn address(host: u32) -> String {
    format!("198.18.0.{}", FIRST + host)
}

impl Network {
    /// Lays a wire; `None`, said, where that is not allowed.
    pub(super) fn new(test: &str, wire: Wire) -> Option<Self> {
        let possible = support::is_root(test) && is_possible(test, &["unshare", "--net", "--pid", "--fork"]);
        if !possible {
            return None;
        }
        if !Path::new("/dev/net/tun").exists() {
            support::skipped(test, "there is no /dev/net/tun");
            return None;
        }
        let here = held(Command::new("unshare").args(["--net", "sleep", "900"]));
        let files = tempfile::Builder::new()
            .prefix("wire-test-")
            .tempdir()
            .expect("a folder");
        let there = boot(files.path(), 0);
        let line = plug(&here, &there, &wire);
        Some(Self {
            wire,
            line,
            there,
            here,
            boots: 1,
            files,
        })
    }

    /// Starts an `sshd` there, which answers at every address.
    pub(super) fn sshd(&self, test: &str) -> Option<Elsewhere> {
        let ground = Ground {
            address: "198.18.0.101",
            port: 22,
            known_as: "198.18.0.*".to_owned(),
            wrapper: self.within(),
            config: String::new(),
        };
        Elsewhere::on(test, &ground)
    }

    /// Returns the program and arguments that run a command there.
    fn within(&self) -> Vec<String> {
        let first = first(&self.there).to_string();
        let words = ["nsenter", "--target", &first, "--net", "--mount", "--pid", "--"];
        words.map(str::to_owned).to_vec()
    }

    /// Returns a call of gamectl here.
    pub(super) fn command(&self, sandbox: &Sandbox, args: &[&str]) -> Command {
        let network = format!("--net=/proc/{}/ns/net", Process::pid_of(&self.here.0));
        sandbox.command_under(&["nsenter", &network, "--"], args)
    }

    /// Runs gamectl here.
    #[track_caller]
    pub(super) fn run(&self, sandbox: &Sandbox, args: &[&str]) -> Outcome {
        let output = self.command(sandbox, args).output().expect("run gamectl");
        Outcome::of(args, &output)
    }

    /// Loses every packet from now on.
    pub(super) fn cut(&self) {
        Process::signal(Process::pid_of(&self.line.0), Signal::SIGUSR1);
    }

    pub(super) fn mend(&self) {
        Process::signal(Process::pid_of(&self.line.0), Signal::SIGUSR2);
    }

    /// Answers every packet for the `sshd` there with a reset, or no longer.
    #[track_caller]
    pub(super) fn reset(&self, resets: bool) {
        let words = self.within();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).arg("iptables");
        command.args([if resets { "-A" } else { "-D" }, "INPUT", "-p", "tcp", "--dport", "22"]);
        let status = command.args(["-j", "REJECT", "--reject-with", "tcp-reset"]).status();
        assert!(status.expect("iptables").success());
    }

    /// Takes the power from the machine there.
    pub(super) fn power_off(&mut self) {
        Process::kill_and_wait(first(&self.there));
        let _ = self.there.0.wait();
    }

    /// Boots the machine there, which was off.
    pub(super) fn boot(&mut self, elsewhere: &mut Elsewhere) {
        // Its end of the wire is gone with its network.
        let _ = self.line.0.kill();
        let _ = self.line.0.wait();
        self.there = boot(self.files.path(), self.boots);
        self.boots += 1;
        self.line = plug(&self.here, &self.there, &self.wire);
        elsewhere.again(&self.within());
    }
}

fn held(command: &mut Command) -> Held {
    command.stdin(Stdio::null());
    Held(command.spawn().expect("start a command"))
}

/// Boots a machine, whose boot has an id of its own.
fn boot(files: &Path, boots: u32) -> Held {
    let id = files.join(format!("boot-{boots}"));
    fs::write(&id, format!("5a5a5a5a-0000-4000-8000-{boots:012}\n")).expect("write");
    let mount = format!("mount --bind '{}' /proc/sys/kernel/random/boot_id", id.display());
    let begin = format!("{mount} && exec perl -e \"$0\"");
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    // It complains of its own end.
    held(command.args(["sh", "-c", &begin, INIT]).stderr(Stdio::null()))
}

/// Returns the pid of the first process of a machine, once it has begun.
fn first(there: &Held) -> i32 {
    let parent = Process::pid_of(&there.0);
    wait_for("the first process there", || {
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
        let pid: i32 = children.split_whitespace().next()?.parse().ok()?;
        Process::find(pid).filter(|process| process.command.starts_with("perl"))?;
        Some(pid)
    })
}

/// Lays the wire and gives both ends their addresses.
fn plug(here: &Held, there: &Held, wire: &Wire) -> Held {
    let (here, there) = (Process::pid_of(&here.0), first(there));
    let network = |pid: i32| format!("--net=/proc/{pid}/ns/net");
    wait_for("a network of its own here", || {
        let of = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).ok();
        (of(&here.to_string())? != of("self")?).then_some(())
    });
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/other_hosts/wire.pl");
    let mut command = Command::new("nsenter");
    command.arg(network(here)).arg("perl").arg(program);
    command.args(["near", "far", &wire.delay.to_string(), &wire.lossy.to_string()]);
    command.args(wire.holes.iter().map(|host| address(*host)));
    let mut line = held(command.stdout(Stdio::piped()));
    let mut said = String::new();
    let stdout = line.0.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut said).expect("read");
    assert_eq!(said, "up\n");
    let all = |pid: i32, script: &str| {
        let status = Command::new("nsenter")
            .arg(network(pid))
            .args(["sh", "-ec", script])
            .status();
        assert!(status.expect("nsenter").success(), "{script}");
    };
    all(
        here,
        &format!(
            "ip link set far netns {there}; ip link set lo up; ip addr add 198.18.0.1/24 dev near; ip link set near up"
        ),
    );
    let last = FIRST + HOSTS - 1;
    all(
        there,
        &format!(
            "ip link set lo up; for n in $(seq {FIRST} {last}); do ip addr add 198.18.0.$n/24 dev far; done; \
             ip link set far up"
        ),
    );
    line
}
