//! The description of containers, as `podman inspect` prints it: what the list does not
//! tell.

use std::collections::HashMap;

use serde::Deserialize;

use super::listing::{self, USUAL_GRACE};
use crate::containers::{Container, ContainerStatus, grace_seconds};

/// A container, as far as its description is needed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Described {
    pub(super) id: String,
    pub(super) is_running: bool,
    /// Its first process; 0 if there is none.
    pub(super) pid: i32,
    pub(super) has_terminal: bool,
    pub(super) has_open_input: bool,
    pub(super) has_health_check: bool,
    /// The policy by which podman itself starts it again; empty for none.
    pub(super) restart_policy: String,
    /// The unit of systemd that has made it, as a quadlet; empty for none.
    pub(super) unit: String,
    oom_killed: bool,
    restarts: u32,
    /// In seconds.
    grace: u64,
    /// The container whose network it shares.
    network_of: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawDescribed {
    id: String,
    state: RawRunState,
    #[serde(default)]
    restart_count: u32,
    config: RawSettings,
    #[serde(default)]
    host_config: RawHostSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawRunState {
    status: String,
    #[serde(default)]
    pid: i32,
    #[serde(rename = "OOMKilled", default)]
    oom_killed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawSettings {
    #[serde(default)]
    tty: bool,
    #[serde(default)]
    open_stdin: bool,
    #[serde(default, deserialize_with = "grace_seconds")]
    stop_timeout: Option<u64>,
    #[serde(default)]
    healthcheck: Option<serde_json::Value>,
    #[serde(default)]
    labels: Option<HashMap<String, String>>,
}

/// The label of what a unit of systemd has made.
const UNIT: &str = "PODMAN_SYSTEMD_UNIT";

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RawHostSettings {
    #[serde(default)]
    network_mode: String,
    #[serde(default)]
    restart_policy: RawRestartPolicy,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RawRestartPolicy {
    #[serde(default)]
    name: String,
}

/// Parses a description.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Described>, serde_json::Error> {
    let raw: Vec<RawDescribed> = serde_json::from_slice(text)?;
    Ok(raw.into_iter().map(Described::from_raw).collect())
}

impl Described {
    fn from_raw(raw: RawDescribed) -> Self {
        let network = raw.host_config.network_mode;
        Self {
            is_running: matches!(
                listing::status(&raw.state.status),
                ContainerStatus::Running | ContainerStatus::Stopping
            ),
            pid: raw.state.pid,
            has_terminal: raw.config.tty,
            has_open_input: raw.config.open_stdin,
            has_health_check: raw.config.healthcheck.is_some_and(|check| !check.is_null()),
            restart_policy: match raw.host_config.restart_policy.name {
                none if none == "no" => String::new(),
                name => name,
            },
            unit: raw.config.labels.unwrap_or_default().remove(UNIT).unwrap_or_default(),
            oom_killed: raw.state.oom_killed,
            restarts: raw.restart_count,
            // Other programs make containers with a grace period of 0, by which a stop
            // would be a kill.
            grace: raw
                .config
                .stop_timeout
                .filter(|grace| *grace > 0)
                .unwrap_or(USUAL_GRACE),
            network_of: network.strip_prefix("container:").map(str::to_owned),
            id: raw.id,
        }
    }
}

/// Adds to containers what their descriptions tell.
pub(super) fn complete(containers: &mut [Container], described: &[Described]) {
    for one in containers {
        if let Some(told) = described.iter().find(|told| told.id == one.id) {
            one.oom_killed = told.oom_killed;
            one.restart_count = told.restarts;
            one.grace = told.grace;
            one.network_of.clone_from(&told.network_of);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_descriptions_of_each_generation() {
        for (version, text) in [
            ("4.3.1", include_str!("recorded/inspect-4.3.json")),
            ("5", include_str!("recorded/inspect-5.x.json")),
        ] {
            let all = parse(text.as_bytes()).unwrap();
            let [plain, talking] = all.as_slice() else {
                panic!("{version}: {all:?}")
            };
            assert!(plain.is_running && plain.pid > 1, "{version}");
            assert!(!plain.has_terminal && !plain.has_open_input && !plain.has_health_check);
            assert_eq!((plain.grace, plain.restart_policy.as_str()), (10, ""), "{version}");
            assert!(talking.has_terminal && talking.has_open_input && talking.has_health_check);
            assert_eq!((talking.grace, talking.restart_policy.as_str()), (33, "always"));
            assert!(talking.network_of.is_some(), "{version}");
        }
    }

    /// With the largest one a sum of times would be too large.
    #[test]
    fn a_grace_period_without_end_is_a_year() {
        for (told, grace) in [
            ("7", 7),
            ("-1", 31_536_000),
            ("18446744073709551615", 31_536_000),
            ("null", 10),
        ] {
            let text = format!(r#"[{{"Id":"a","State":{{"Status":"running"}},"Config":{{"StopTimeout":{told}}}}}]"#);
            assert_eq!(parse(text.as_bytes()).unwrap()[0].grace, grace, "{told}");
        }
    }

    #[test]
    fn a_grace_period_of_nothing_is_none() {
        let text = r#"[{"Id":"a","State":{"Status":"exited","OOMKilled":true},"RestartCount":7,
            "Config":{"StopTimeout":0,"Healthcheck":null,"Labels":{"PODMAN_SYSTEMD_UNIT":"pal.service"}},"HostConfig":{"RestartPolicy":{"Name":"no"}}}]"#;
        let one = &parse(text.as_bytes()).unwrap()[0];
        assert_eq!(
            (one.grace, one.restart_policy.as_str(), one.has_health_check),
            (10, "", false)
        );
        assert_eq!(one.unit, "pal.service");
        let mut listed = listing::parse(br#"[{"Id":"a","State":"exited"},{"Id":"b","State":"exited"}]"#)
            .unwrap()
            .iter()
            .map(|one| one.as_member_of("g"))
            .collect::<Vec<_>>();
        complete(&mut listed, &parse(text.as_bytes()).unwrap());
        assert_eq!((listed[0].oom_killed, listed[0].restart_count), (true, 7));
        assert!(!listed[1].oom_killed);
        for text in ["", "{}", "[{}]", r#"[{"Id":"a"}]"#] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
