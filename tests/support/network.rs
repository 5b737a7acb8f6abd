//! A network that nobody else sees: nodes in namespaces of their own, each at a cable that
//! can be pulled. It vanishes with its processes.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::{Process, is_possible};

/// A namespace, which lasts as long as a process in it.
struct Namespace(Child);

impl Namespace {
    fn new() -> Self {
        let mut command = Command::new("unshare");
        command.args(["--net", "sh", "-c", "ip link set lo up; echo up; exec sleep 1000"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a namespace");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output");
        BufReader::new(stdout).read_line(&mut line).expect("its word");
        assert_eq!(line, "up\n");
        Self(child)
    }

    fn pid(&self) -> String {
        Process::pid_of(&self.0).to_string()
    }

    fn run(&self, script: &str) {
        let mut command = Command::new("nsenter");
        let pid = self.pid();
        command.args(["--target", &pid, "--net", "sh", "-e", "-c", script]);
        let output = command.output().expect("nsenter");
        assert!(
            output.status.success(),
            "{script}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A hub with nodes around it.
pub struct Network {
    hub: Namespace,
    nodes: Vec<Namespace>,
}

impl Network {
    /// Makes one with so many nodes; `None`, said, where that is not allowed.
    pub fn of(test: &str, nodes: u8) -> Option<Self> {
        let probe = "ip link add v0 type veth peer name v1 && exec \"$@\"";
        if !is_possible(test, &["unshare", "--net", "sh", "-c", probe, "sh"]) {
            return None;
        }
        let hub = Namespace::new();
        let node = |number: u8| {
            let node = Namespace::new();
            let (pid, own) = (node.pid(), Self::address_of_hub(number));
            hub.run(&format!(
                "ip link add cable{number} type veth peer name eth0 netns {pid}
                 ip addr add {own}/30 dev cable{number}
                 ip link set cable{number} up"
            ));
            node.run(&format!(
                "ip addr add 10.77.{number}.2/30 dev eth0; ip link set eth0 up"
            ));
            node
        };
        let nodes = (0..nodes).map(node).collect();
        Some(Self { hub, nodes })
    }

    /// The address at which a node finds the hub.
    pub fn address_of_hub(node: u8) -> String {
        format!("10.77.{node}.1")
    }

    /// The words before a command that is to run at the hub.
    pub fn at_hub(&self) -> Vec<String> {
        entering(&self.hub)
    }

    /// The words before a command that is to run at a node.
    pub fn at(&self, node: u8) -> Vec<String> {
        entering(&self.nodes[usize::from(node)])
    }

    /// Pulls the cable of a node: what is sent either way is lost.
    pub fn cut(&self, node: u8) {
        self.hub.run(&format!("ip link set cable{node} down"));
    }

    /// Puts the cable back.
    pub fn heal(&self, node: u8) {
        self.hub.run(&format!("ip link set cable{node} up"));
    }
}

fn entering(namespace: &Namespace) -> Vec<String> {
    ["nsenter", "--target", &namespace.pid(), "--net"]
        .map(str::to_owned)
        .to_vec()
}
