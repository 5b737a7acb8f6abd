//! The subjects of one node.

use crate::inventory::is_subject_token;

/// `PREFIX.NODE.` and what may follow.
#[derive(Debug, Clone)]
pub(super) struct Subjects {
    /// With its dot.
    node: String,
}

impl Subjects {
    pub(super) fn new(prefix: &str, node: &str) -> Self {
        Self {
            node: format!("{prefix}.{node}."),
        }
    }

    /// Returns `PREFIX.NODE`.
    pub(super) fn name(&self) -> &str {
        self.node.trim_end_matches('.')
    }

    pub(super) fn status(&self, id: &str) -> String {
        format!("{}{id}.status", self.node)
    }

    pub(super) fn heartbeat(&self, id: &str) -> String {
        format!("{}{id}.heartbeat", self.node)
    }

    /// Returns the subject of all requests.
    pub(super) fn commands(&self) -> String {
        format!("{}*.cmd", self.node)
    }

    /// Returns the instance that a request is for.
    pub(super) fn instance_of_command<'a>(&self, subject: &'a str) -> Option<&'a str> {
        subject.strip_prefix(&self.node)?.strip_suffix(".cmd")
    }

    pub(super) fn events(&self) -> String {
        format!("{}events", self.node)
    }
}

/// Returns the name of this host as a node: up to its first dot, with `-` for what a
/// subject cannot have.
pub(super) fn node_of_host() -> String {
    node_of(&rustix::system::uname().nodename().to_string_lossy())
}

fn node_of(name: &str) -> String {
    let first = name.split('.').next().unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let node: String = first.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    match is_subject_token(&node) {
        true => node,
        false => "localhost".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_of_a_node() {
        let subjects = Subjects::new("games.eu", "box1");
        assert_eq!(subjects.status("rust-main"), "games.eu.box1.rust-main.status");
        assert_eq!(subjects.heartbeat("a"), "games.eu.box1.a.heartbeat");
        assert_eq!(subjects.events(), "games.eu.box1.events");
        assert_eq!(subjects.name(), "games.eu.box1");
        assert_eq!(subjects.commands(), "games.eu.box1.*.cmd");
        let instance = |subject: &'static str| subjects.instance_of_command(subject);
        assert_eq!(instance("games.eu.box1.rust-main.cmd"), Some("rust-main"));
        assert_eq!(instance("games.eu.box1..cmd"), Some(""));
        assert_eq!(instance("games.eu.box2.a.cmd"), None);
        assert_eq!(instance("games.eu.box1.a.status"), None);
    }

    #[test]
    fn any_name_of_a_host_makes_a_node() {
        for (name, wanted) in [
            ("box1", "box1"),
            ("box1.example.net", "box1"),
            ("my box", "my-box"),
            ("büro", "b-ro"),
            ("", "localhost"),
            (".x", "localhost"),
        ] {
            assert_eq!(node_of(name), wanted, "{name}");
        }
    }
}
