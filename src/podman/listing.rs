//! The list of all containers, as `podman ps --all --pod --format json` prints it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;

use crate::containers::{Container, ContainerHealth, ContainerStatus, GroupMember, HostBinding};
use crate::failure::Failure;

/// The grace period of a container that has none of its own, in seconds.
pub(super) const USUAL_GRACE: u64 = 10;

/// The exit code of a container that was killed: by whom, only its description tells.
pub(super) const KILLED: i32 = 137;

/// The most ports of a range that are looked at.
const RANGE_MAX: u16 = 1000;

/// All containers of a user, or why they could not be found out.
pub(super) type UserListing = Result<Arc<Vec<ListedContainer>>, Failure>;

/// A container in the list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedContainer {
    id: String,
    #[serde(default)]
    names: Option<Vec<String>>,
    state: String,
    /// The state in words; it alone tells of the health check.
    #[serde(default)]
    status: String,
    #[serde(default)]
    exit_code: i32,
    /// In seconds since the epoch; the year 1 for never.
    #[serde(default)]
    started_at: i64,
    #[serde(default)]
    exited_at: i64,
    #[serde(default)]
    is_infra: bool,
    #[serde(default)]
    pid: i32,
    /// The id of its pod; empty where it is in none.
    #[serde(default)]
    pod: String,
    #[serde(default)]
    pod_name: String,
    #[serde(default)]
    ports: Option<Vec<ListedPort>>,
    /// Podman 5 has it.
    #[serde(default)]
    restarts: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct ListedPort {
    #[serde(default)]
    host_ip: String,
    #[serde(default)]
    host_port: u16,
    #[serde(default)]
    range: u16,
    #[serde(default)]
    protocol: String,
}

/// Parses the list.
pub(super) fn parse(text: &[u8]) -> Result<Vec<ListedContainer>, serde_json::Error> {
    // Some versions print nothing, or null, for none.
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    let listed: Option<Vec<ListedContainer>> = serde_json::from_slice(text)?;
    Ok(listed.unwrap_or_default())
}

impl ListedContainer {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Returns its name, as far as it has one.
    pub(super) fn name(&self) -> &str {
        let mut names = self.names.iter().flatten();
        names.next().map_or(self.id.as_str(), String::as_str)
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.names.iter().flatten().any(|one| one == name)
    }

    pub(super) fn pod_id(&self) -> &str {
        &self.pod
    }

    pub(super) fn pod_name(&self) -> &str {
        &self.pod_name
    }

    /// Returns true if it only holds what the others of its pod share.
    pub(super) fn is_infra(&self) -> bool {
        self.is_infra
    }

    /// Returns true if it has ended as one that was killed does.
    pub(super) fn was_killed(&self) -> bool {
        !self.is_up() && self.exit_code == KILLED
    }

    fn is_up(&self) -> bool {
        use ContainerStatus::{Paused, Running, Stopping};
        matches!(status(&self.state), Running | Stopping | Paused)
    }

    /// Returns it as it is after its end at a time, in seconds since the epoch; `None` where
    /// it was not up before that, or was started in the same second.
    pub(super) fn ended(&self, exit_code: i32, at: i64) -> Option<Self> {
        let ended = Self {
            state: "exited".to_owned(),
            status: String::new(),
            exit_code,
            exited_at: at,
            pid: 0,
            ..self.clone()
        };
        (self.is_up() && self.started_at < at).then_some(ended)
    }

    /// Returns it as one of a group.
    pub(super) fn as_member_of(&self, group: &str) -> Container {
        Container {
            id: self.id.clone(),
            member: GroupMember {
                group: group.to_owned(),
                service: self.name().to_owned(),
                oneoff: self.is_infra,
                depends_on: None,
            },
            status: status(&self.state),
            health: health(&self.status),
            exit_code: self.exit_code,
            oom_killed: false,
            error: String::new(),
            started: time(self.started_at),
            finished: time(self.exited_at),
            restart_count: self.restarts,
            grace: USUAL_GRACE,
            pid: self.pid,
            published: self.ports.iter().flatten().flat_map(ListedPort::bindings).collect(),
            network_of: None,
        }
    }
}

impl ListedPort {
    fn bindings(&self) -> Vec<HostBinding> {
        // It is empty for every address.
        let ip: Option<IpAddr> = match self.host_ip.as_str() {
            "" => Some(Ipv4Addr::UNSPECIFIED.into()),
            ip => ip.parse().ok(),
        };
        let Some(ip) = ip.filter(|_| self.host_port > 0) else {
            return Vec::new();
        };
        let is_udp = self.protocol.split(',').any(|protocol| protocol == "udp");
        let last = self.host_port.saturating_add(self.range.clamp(1, RANGE_MAX) - 1);
        let ports = self.host_port..=last;
        ports.map(|port| HostBinding { ip, port, is_udp }).collect()
    }
}

/// Returns the state that a word of podman stands for.
pub(super) fn status(word: &str) -> ContainerStatus {
    match word {
        "created" | "configured" | "initialized" => ContainerStatus::Created,
        "running" => ContainerStatus::Running,
        "stopping" => ContainerStatus::Stopping,
        "paused" => ContainerStatus::Paused,
        "exited" | "stopped" => ContainerStatus::Exited,
        "removing" => ContainerStatus::Removing,
        "restarting" => ContainerStatus::Restarting,
        "dead" => ContainerStatus::Dead,
        _ => ContainerStatus::Other,
    }
}

fn health(words: &str) -> ContainerHealth {
    let verdict = words.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    match verdict.map(|(_, verdict)| verdict) {
        Some("healthy") => ContainerHealth::Healthy,
        Some("unhealthy") => ContainerHealth::Unhealthy,
        Some("starting") => ContainerHealth::Starting,
        _ => ContainerHealth::None,
    }
}

fn time(seconds: i64) -> Option<SystemTime> {
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Output of podman 4.3.1, and the same as podman 5 prints it.
    const RECORDED: [(&str, &str); 2] = [
        ("4.3.1", include_str!("recorded/ps-4.3.json")),
        ("5", include_str!("recorded/ps-5.x.json")),
    ];

    #[test]
    fn the_containers_of_each_generation() {
        for (version, text) in RECORDED {
            let all = parse(text.as_bytes()).unwrap();
            let seen: Vec<_> = all
                .iter()
                .map(|one| {
                    let container = one.as_member_of("g");
                    (
                        one.name().to_owned(),
                        container.status,
                        container.health,
                        container.exit_code,
                        one.pod_name().to_owned(),
                        container.member.oneoff,
                    )
                })
                .collect();
            let one = |name: &str, status, health, code, pod: &str, infra| {
                (name.to_owned(), status, health, code, pod.to_owned(), infra)
            };
            use ContainerHealth::{Healthy, None};
            use ContainerStatus::{Created, Exited, Paused, Running};
            let wanted = [
                one("a", Paused, None, 0, "", false),
                one("b8a827597307-infra", Running, None, 0, "pd", true),
                one("pd-game", Running, None, 0, "pd", false),
                one("pd-db", Exited, None, 3, "pd", false),
                one("cr", Created, None, 0, "", false),
                one("h", Running, Healthy, 0, "", false),
            ];
            assert_eq!(seen, wanted, "{version}");
            let (game, created) = (all[2].as_member_of("g"), all[4].as_member_of("g"));
            assert!(game.started > game.finished && game.pid > 0);
            assert_eq!((created.started, created.finished), (Option::None, Option::None));
        }
    }

    #[test]
    fn ports_that_are_published() {
        let text = r#"[{"Id":"a","Names":["g"],"State":"running","Ports":[
            {"host_ip":"","container_port":1,"host_port":28015,"range":2,"protocol":"udp"},
            {"host_ip":"127.0.0.1","container_port":1,"host_port":80,"range":1,"protocol":"tcp"},
            {"host_ip":"odd","container_port":1,"host_port":80,"range":1,"protocol":"tcp"},
            {"container_port":1,"host_port":65535,"range":65535,"protocol":"tcp"}]}]"#;
        let one = parse(text.as_bytes()).unwrap()[0].as_member_of("g");
        let all: Vec<String> = one
            .published
            .iter()
            .map(|at| format!("{}:{}{}", at.ip, at.port, if at.is_udp { "/udp" } else { "" }))
            .collect();
        assert_eq!(
            all,
            [
                "0.0.0.0:28015/udp",
                "0.0.0.0:28016/udp",
                "127.0.0.1:80",
                "0.0.0.0:65535"
            ]
        );
    }

    #[test]
    fn odd_answers() {
        for nothing in ["", " \n", "[]", "null"] {
            assert_eq!(parse(nothing.as_bytes()).unwrap(), [], "{nothing:?}");
        }
        for text in ["{}", "[{}]", r#"[{"Id":1}]"#, "[", "Error: x"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        let text =
            r#"[{"Id":"x","Names":null,"State":"dreaming","Status":"so-so)","Ports":null,"ExitedAt":-62135596800}]"#;
        let one = &parse(text.as_bytes()).unwrap()[0];
        assert_eq!((one.name(), one.has_name("x")), ("x", false));
        let one = one.as_member_of("g");
        assert_eq!(one.status, ContainerStatus::Other);
        assert!(one.is_alive(), "it may be");
    }
}
