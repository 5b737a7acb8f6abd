//! An `sshd` of the test's own on loopback: its own keys, configuration and port.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::support::sandbox::MARK;
use crate::support::{self, Instance, Sandbox, free_port, programs, wait_until};

const SSHD: &str = "/usr/sbin/sshd";

/// A sandbox with an `sshd`. Each host that is named is this machine, with a state
/// directory of its own.
pub(super) struct Elsewhere {
    // Dropped first: it stops what runs on the hosts.
    pub(super) sandbox: Sandbox,
    _sshd: Sshd,
    /// The keys and the configuration of the `sshd`, which is none of the sandbox's.
    keys: TempDir,
    port: u16,
}

impl Elsewhere {
    /// Starts one; `None`, said, where there is no `sshd`.
    pub(super) fn new(test: &str) -> Option<Self> {
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
        }
        for key in ["host", "other", "login", "stranger"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)])
                .status();
            assert!(made.expect("ssh-keygen").success());
        }
        fs::copy(path("login.pub"), path("authorized")).expect("the key");
        let port = free_port();
        let known = |key: &str| {
            let key = fs::read_to_string(path(key)).expect("a key");
            format!("[127.0.0.1]:{port} {key}")
        };
        fs::write(path("known"), known("host.pub")).expect("the known hosts");
        fs::write(path("changed"), known("other.pub")).expect("the known hosts");
        fs::write(path("nobody"), "").expect("the known hosts");
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxSessions 20\nMaxStartups 50\n",
            at("host"),
            at("authorized")
        );
        fs::write(path("sshd_config"), config).expect("the configuration");
        let sshd = Command::new(SSHD)
            .args(["-D", "-f", &at("sshd_config"), "-E", &at("sshd.log")])
            .stdin(Stdio::null())
            .spawn()
            .expect("start sshd");
        wait_until("sshd to listen", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Some(Self {
            sandbox,
            _sshd: Sshd(sshd),
            keys,
            port,
        })
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
            "ssh": "127.0.0.1",
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

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
