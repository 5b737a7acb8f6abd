//! An `sshd` of the test's own on loopback: its own keys, configuration and port.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::support::sandbox::MARK;
use crate::support::{self, Instance, Process, Sandbox, free_port, programs, wait_until};

const SSHD: &str = "/usr/sbin/sshd";

/// The place of an `sshd`.
pub(super) struct Ground {
    pub(super) address: &'static str,
    pub(super) port: u16,
    /// The addresses under which its key is known, as a pattern of known_hosts(5).
    pub(super) known_as: String,
    /// The program and arguments that run it there.
    pub(super) wrapper: Vec<String>,
    /// More lines of its configuration.
    pub(super) config: String,
}

impl Ground {
    fn loopback() -> Self {
        let port = free_port();
        Self {
            address: "127.0.0.1",
            port,
            known_as: format!("[127.0.0.1]:{port}"),
            wrapper: Vec::new(),
            config: String::new(),
        }
    }
}

/// A sandbox with an `sshd`. Each host that is named is this machine, with a state
/// directory of its own.
pub(super) struct Elsewhere {
    // Dropped first: it stops what runs on the hosts.
    pub(super) sandbox: Sandbox,
    sshd: Sshd,
    /// The keys and the configuration of the `sshd`, which is none of the sandbox's.
    keys: TempDir,
    address: &'static str,
    port: u16,
}

impl Elsewhere {
    /// Starts one; `None`, said, where there is no `sshd`.
    pub(super) fn new(test: &str) -> Option<Self> {
        Self::on(test, &Ground::loopback())
    }

    /// Starts one somewhere else.
    pub(super) fn on(test: &str, ground: &Ground) -> Option<Self> {
        if !Path::new(SSHD).exists() {
            support::not_run(test, "no sshd", "GAMECTL_TEST_SSH");
            return None;
        }
        let sandbox = Sandbox::new();
        let keys = tempfile::Builder::new()
            .prefix("sshd-test-")
            .tempdir()
            .expect("a folder");
        let path = |name: &str| keys.path().join(name);
        let at = |name: &str| path(name).to_str().expect("a path in UTF-8").to_owned();
        if support::is_root(test) {
            // Where a package has not started it, its folder is missing.
            fs::create_dir_all("/run/sshd").expect("the folder of sshd");
            // Other users log in, too.
            fs::set_permissions(keys.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        }
        for key in ["host", "other", "login", "stranger"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)])
                .status();
            assert!(made.expect("ssh-keygen").success());
        }
        fs::copy(path("login.pub"), path("authorized")).expect("the key");
        let known = |key: &str| {
            let key = fs::read_to_string(path(key)).expect("a key");
            format!("{} {key}", ground.known_as)
        };
        fs::write(path("known"), known("host.pub")).expect("the known hosts");
        fs::write(path("changed"), known("other.pub")).expect("the known hosts");
        fs::write(path("nobody"), "").expect("the known hosts");
        let listens = if ground.address == "127.0.0.1" {
            "127.0.0.1"
        } else {
            "0.0.0.0"
        };
        let config = format!(
            "Port {}\nListenAddress {listens}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxSessions 20\nMaxStartups 100\n{}",
            ground.port,
            at("host"),
            at("authorized"),
            ground.config,
        );
        fs::write(path("sshd_config"), config).expect("the configuration");
        let sshd = Sshd::start(keys.path(), &ground.wrapper, ground.port);
        Some(Self {
            sandbox,
            sshd,
            keys,
            address: ground.address,
            port: ground.port,
        })
    }

    /// Starts the `sshd` again, as after a boot.
    pub(super) fn again(&mut self, wrapper: &[String]) {
        self.sshd = Sshd::start(self.keys.path(), wrapper, self.port);
    }

    /// Returns the path of a file of the `sshd`: `login`, `stranger`, `sshd.log`.
    pub(super) fn key(&self, name: &str) -> String {
        self.keys.path().join(name).display().to_string()
    }

    /// Returns the port of the `sshd`.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Makes the gamectl of a host, which a script begins: what it prints comes first, as
    /// that of a login shell. Returns its path.
    pub(super) fn gamectl_of(&self, host: &str, script: &str) -> String {
        let sandbox = &self.sandbox;
        let text = format!(
            "export {MARK}='{}' GAMECTL_STATE_DIR='{}'\n{script}\nexec '{}' \"$@\"",
            sandbox.dir().display(),
            self.state_dir(host).display(),
            support::gamectl().display()
        );
        let path = sandbox.path(&format!("gamectl-{host}"));
        programs::script(&path, &text);
        path.display().to_string()
    }

    /// Returns the state directory of a host.
    pub(super) fn state_dir(&self, host: &str) -> std::path::PathBuf {
        self.sandbox.path(&format!("state-{host}"))
    }

    /// Returns the entry of a host whose gamectl a script begins.
    pub(super) fn host(&self, name: &str, script: &str) -> Value {
        json!({
            "ssh": self.address,
            "port": self.port,
            "identity": self.key("login"),
            "gamectl": self.gamectl_of(name, script),
            "options": self.options("known"),
        })
    }

    /// Returns the options of ssh, with these known hosts and without a master, which
    /// would outlive the test.
    pub(super) fn options(&self, known: &str) -> Value {
        json!({
            "UserKnownHostsFile": self.key(known),
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "ControlMaster": "no",
            "ControlPath": "none",
        })
    }

    /// Writes the inventory.
    pub(super) fn inventory(&self, hosts: &Value, instances: &[Instance]) {
        let mark = self.sandbox.arg("");
        let mark = mark.trim_end_matches('/');
        let instances: Map<String, Value> = instances
            .iter()
            .map(|instance| {
                let marked = instance.clone().env(MARK, mark).env("AWKWARD_LIFETIME_SECS", "300");
                (marked.id.clone(), marked.to_json())
            })
            .collect();
        let text = json!({ "hosts": hosts, "instances": instances }).to_string();
        self.sandbox.inventory_text(&text);
    }
}

/// A server that is killed when this is dropped.
struct Sshd(Child);

impl Sshd {
    fn start(keys: &Path, wrapper: &[String], port: u16) -> Self {
        let at = |name: &str| keys.join(name).display().to_string();
        let words = [SSHD, "-D", "-f", &at("sshd_config"), "-E", &at("sshd.log")].map(str::to_owned);
        let words: Vec<String> = wrapper.iter().cloned().chain(words).collect();
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).stdin(Stdio::null());
        let sshd = Self(command.spawn().expect("start sshd"));
        // In its own network, whichever that is.
        let entered = |pid: i32| {
            let listening = format!(":{port:04X} 00000000:0000 0A");
            let sockets = fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap_or_default();
            sockets.contains(&listening)
        };
        let own = Process::pid_of(&sshd.0);
        let child = || {
            let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
            children.split_whitespace().next().and_then(|pid| pid.parse().ok())
        };
        wait_until("sshd to listen", || entered(own) || child().is_some_and(entered));
        sshd
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
