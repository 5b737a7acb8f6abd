//! Other hosts in a network namespace, which a real `sshd` serves: each has an address and
//! a state directory of its own. A wire leads there, or they are on the loopback of their
//! network.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sched::{CloneFlags, setns};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::fleet::MARK;
use crate::guard::Guard;
use crate::manager::write;
use crate::wait::wait_until;

/// The program that is the wire, which the tests have, too.
const WIRE: &str = "tests/suite/other_hosts/wire.pl";

/// The first address; the others follow.
const FIRST: usize = 101;

pub(crate) struct Ground {
    pub(crate) dir: PathBuf,
    /// The folder for the masters of `ssh`: a short name.
    runtime: TempDir,
    gamectl: PathBuf,
    is_wired: bool,
    here: Child,
    _others: Vec<Child>,
}

impl Ground {
    /// Makes so many hosts, a delay away in seconds, or at once. Behind the last of them are
    /// addresses that nothing reaches. `None` where that is not allowed, or there is no `sshd`.
    pub(crate) fn new(guard: &Guard, gamectl: &Path, hosts: usize, delay: Option<f64>) -> Option<Self> {
        let root = nix::unistd::geteuid().is_root();
        if !root || !Path::new("/usr/sbin/sshd").exists() || !Path::new("/dev/net/tun").exists() {
            eprintln!("  it needs root, sshd and /dev/net/tun");
            return None;
        }
        let dir = guard.fresh("hosts");
        let bin = dir.join("bin");
        fs::create_dir(&bin).expect("a folder");
        fs::copy(gamectl, bin.join("gamectl")).expect("install gamectl");
        let here = held(&dir, &["unshare", "--net", "sleep", "infinity"]);
        let mut others = Vec::new();
        let there = match delay {
            None => here.id(),
            Some(_) => {
                others.push(held(&dir, &["unshare", "--net", "sleep", "infinity"]));
                others[0].id()
            }
        };
        let own = fs::read_link("/proc/self/ns/net").expect("our network");
        for pid in [here.id(), there] {
            wait_until("a network", || {
                fs::read_link(format!("/proc/{pid}/ns/net")).is_ok_and(|network| network != own)
            });
            within(pid, "ip link set lo up");
        }
        if let Some(delay) = delay {
            others.push(plug(&dir, here.id(), there, hosts, delay));
        }
        fs::create_dir_all("/run/sshd").expect("the folder of sshd");
        for key in ["host", "login"] {
            let path = dir.join(key).display().to_string();
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f", &path])
                .status();
            assert!(made.expect("ssh-keygen").success());
        }
        let key = fs::read_to_string(dir.join("host.pub")).expect("the key");
        write(&dir.join("known"), &format!("* {key}"));
        write(&dir.join("sshd_config"), &configuration(&dir, hosts, delay.is_some()));
        others.push(sshd(&dir, there));
        wait_until("sshd", || {
            let log = fs::read_to_string(dir.join("sshd.log")).unwrap_or_default();
            log.contains("Server listening")
        });
        Some(Self {
            runtime: tempfile::Builder::new().prefix("rt").tempdir().expect("a folder"),
            gamectl: bin.join("gamectl"),
            is_wired: delay.is_some(),
            dir,
            here,
            _others: others,
        })
    }

    /// Does this in the network from which the hosts are reached.
    pub(crate) fn here<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let network = File::open(format!("/proc/{}/ns/net", self.here.id())).expect("the network");
        std::thread::scope(|scope| {
            let worker = scope.spawn(move || {
                setns(network, CloneFlags::CLONE_NEWNET).expect("enter the network");
                work()
            });
            worker.join().expect("the work")
        })
    }

    fn address(&self, host: usize) -> String {
        match self.is_wired {
            true => format!("198.18.0.{}", FIRST + host),
            false => "127.0.0.1".to_owned(),
        }
    }

    /// Returns the entry of a host of the inventory.
    pub(crate) fn host(&self, host: usize) -> Value {
        json!({
            "ssh": self.address(host),
            "identity": self.dir.join("login"),
            "options": { "UserKnownHostsFile": self.dir.join("known") },
        })
    }

    /// Returns the definition of a game there.
    pub(crate) fn game(&self, host: &str, argv: &[&str]) -> Value {
        json!({ "host": host, "process": { "executable": argv[0], "args": &argv[1..], "cwd": self.dir } })
    }

    /// Returns gamectl with these words, over this inventory.
    pub(crate) fn gamectl(&self, inventory: &str, words: &[&str]) -> Command {
        let mut command = self.client(&self.gamectl);
        command.env("GAMECTL_STATE_DIR", self.dir.join("own"));
        command.env("GAMECTL_INVENTORY", self.dir.join(inventory));
        command.args(words);
        command
    }

    /// Returns `ssh` over the master that gamectl has made.
    pub(crate) fn ssh(&self, host: usize, words: &[&str]) -> Command {
        let mut command = self.client(Path::new("/usr/bin/ssh"));
        let path = self.runtime.path().join("gamectl/%C").display().to_string();
        for option in ["BatchMode=yes", "ControlMaster=auto", "ControlPersist=60"] {
            command.args(["-o", option]);
        }
        command.args(["-T", "-o", &format!("ControlPath={path}"), "-i"]);
        command
            .arg(self.dir.join("login"))
            .args(["--", &self.address(host)])
            .args(words);
        command
    }

    fn client(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("XDG_RUNTIME_DIR", self.runtime.path()).env(MARK, &self.dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }
}

/// Starts what goes on until the guard ends it.
fn held(dir: &Path, words: &[&str]) -> Child {
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .env(MARK, dir)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command.stdout(Stdio::piped()).spawn().expect(words[0])
}

/// Starts `sshd` in the network of a process. What the profile of this machine's root does
/// at each login is none of what is measured: there the home folder is empty.
fn sshd(dir: &Path, pid: u32) -> Child {
    let users = fs::read_to_string("/etc/passwd").expect("the users");
    let others = users.lines().filter(|user| !user.starts_with("root:"));
    let home = dir.join("home").display().to_string();
    fs::create_dir(&home).expect("a folder");
    let root = format!("root:x:0:0:root:{home}:/bin/bash");
    let users: Vec<&str> = others.chain([root.as_str()]).collect();
    write(&dir.join("passwd"), &format!("{}\n", users.join("\n")));
    let at = |name: &str| dir.join(name).display().to_string();
    let begin = format!("mount --bind '{}' /etc/passwd && exec \"$0\" \"$@\"", at("passwd"));
    let (network, config, log) = (format!("--net=/proc/{pid}/ns/net"), at("sshd_config"), at("sshd.log"));
    let enter = [
        "nsenter",
        &network,
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        &begin,
    ];
    let server = ["/usr/sbin/sshd", "-D", "-f", &config, "-E", &log];
    held(dir, &[&enter[..], &server[..]].concat())
}

fn within(pid: u32, script: &str) {
    let network = format!("--net=/proc/{pid}/ns/net");
    let status = Command::new("nsenter").args([&network, "sh", "-ec", script]).status();
    assert!(status.expect("nsenter").success(), "{script}");
}

fn plug(dir: &Path, here: u32, there: u32, hosts: usize, delay: f64) -> Child {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join(WIRE).display().to_string();
    let (network, delay) = (format!("--net=/proc/{here}/ns/net"), delay.to_string());
    let mut words = vec!["nsenter", &network, "perl", &program, "near", "far", &delay, "0"];
    let holes: Vec<String> = (hosts..hosts + 5)
        .map(|host| format!("198.18.0.{}", FIRST + host))
        .collect();
    words.extend(holes.iter().map(String::as_str));
    let mut wire = held(dir, &words);
    let mut said = String::new();
    let stdout = wire.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut said).expect("read");
    assert_eq!(said, "up\n");
    within(
        here,
        &format!("ip link set far netns {there}; ip addr add 198.18.0.1/24 dev near; ip link set near up"),
    );
    let last = FIRST + hosts - 1;
    within(
        there,
        &format!("for n in $(seq {FIRST} {last}); do ip addr add 198.18.0.$n/24 dev far; done; ip link set far up"),
    );
    wire
}

/// Each address has a state directory.
fn configuration(dir: &Path, hosts: usize, is_wired: bool) -> String {
    let at = |name: &str| dir.join(name).display().to_string();
    let common = format!("{MARK}={} PATH={}:/usr/bin:/bin", dir.display(), at("bin"));
    let mut text = format!(
        "Port 22\nListenAddress 0.0.0.0\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
         UsePAM no\nPasswordAuthentication no\nMaxSessions 20\nMaxStartups 100\n",
        at("host"),
        at("login.pub"),
    );
    for host in 0..hosts {
        let address = if is_wired {
            format!("198.18.0.{}", FIRST + host)
        } else {
            "127.0.0.1".to_owned()
        };
        let state = at(&format!("state-{host}"));
        text.push_str(&format!(
            "Match LocalAddress {address}\nSetEnv GAMECTL_STATE_DIR={state} {common}\n"
        ));
    }
    text
}
