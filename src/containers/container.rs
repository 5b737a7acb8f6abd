//! A container, as `docker inspect` describes it. See the Docker Engine API,
//! `ContainerInspect`. Podman prints the same.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use serde::{Deserialize, Deserializer};

use super::grouping::{GroupMember, Grouping, Labels};

/// The grace period of a container that has none of its own, in seconds.
const USUAL_GRACE: u64 = 10;

/// The longest grace period that counts: a year, in seconds.
const GRACE_MAX: u64 = 365 * 24 * 3600;

/// The engine's word for the state of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContainerStatus {
    #[serde(alias = "configured", alias = "initialized")]
    Created,
    Running,
    /// In podman's words: it runs, and is being stopped.
    Stopping,
    Paused,
    Restarting,
    Removing,
    /// In podman's words also stopped: ended, and not yet cleaned up after.
    #[serde(alias = "stopped")]
    Exited,
    Dead,
    /// A word that is not known here.
    #[serde(other)]
    Other,
}

/// The verdict of a container's health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum ContainerHealth {
    Starting,
    Healthy,
    Unhealthy,
    /// The container has no health check.
    #[default]
    #[serde(other)]
    None,
}

/// One container of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    pub id: String,
    pub member: GroupMember,
    pub status: ContainerStatus,
    pub health: ContainerHealth,
    pub exit_code: i32,
    pub oom_killed: bool,
    /// The reason why it could not be started.
    pub error: String,
    pub started: Option<SystemTime>,
    pub finished: Option<SystemTime>,
    pub restart_count: u32,
    /// Its grace period, in seconds.
    pub grace: u64,
    /// Its first process, as the engine's machine knows it; 0 if there is none.
    pub pid: i32,
    /// The ports of the host that are passed on to it.
    pub published: Vec<HostBinding>,
    /// The container whose network it shares.
    pub network_of: Option<String>,
}

/// A port of the host that is passed on to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostBinding {
    pub ip: IpAddr,
    pub port: u16,
    pub is_udp: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    id: String,
    state: RawState,
    #[serde(default)]
    restart_count: u32,
    config: RawConfig,
    #[serde(default)]
    host_config: RawHostConfig,
    #[serde(default)]
    network_settings: RawNetwork,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RawHostConfig {
    #[serde(default)]
    network_mode: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RawNetwork {
    /// By `PORT/PROTOCOL` of the container; null where none is published.
    #[serde(default)]
    ports: Option<HashMap<String, Option<Vec<RawBinding>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawBinding {
    #[serde(default)]
    host_ip: String,
    #[serde(default)]
    host_port: String,
}

impl RawNetwork {
    fn bindings(self) -> Vec<HostBinding> {
        let ports = self.ports.unwrap_or_default().into_iter();
        let all = ports.flat_map(|(port, bound)| {
            let is_udp = port.ends_with("/udp");
            let bound = bound.unwrap_or_default().into_iter();
            bound.filter_map(move |binding| binding.parse(is_udp))
        });
        all.collect()
    }
}

impl RawBinding {
    fn parse(self, is_udp: bool) -> Option<HostBinding> {
        // Podman leaves it empty for every address.
        let ip = match self.host_ip.as_str() {
            "" => Ipv4Addr::UNSPECIFIED.into(),
            ip => ip.parse().ok()?,
        };
        let port = self.host_port.parse().ok()?;
        Some(HostBinding { ip, port, is_udp })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawState {
    status: ContainerStatus,
    #[serde(default)]
    pid: i32,
    #[serde(default)]
    exit_code: i32,
    #[serde(rename = "OOMKilled", default)]
    oom_killed: bool,
    #[serde(default)]
    error: String,
    #[serde(default)]
    started_at: String,
    #[serde(default)]
    finished_at: String,
    #[serde(default)]
    health: Option<RawHealth>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawHealth {
    #[serde(default)]
    status: ContainerHealth,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawConfig {
    #[serde(default)]
    labels: Option<Labels>,
    #[serde(default, deserialize_with = "grace_seconds")]
    stop_timeout: Option<u64>,
}

/// Reads a grace period in seconds. One without end, which is negative or the largest
/// number, becomes a year.
///
/// # Errors
/// When it is no number.
pub fn grace_seconds<'de, D: Deserializer<'de>>(told: D) -> Result<Option<u64>, D::Error> {
    let told: Option<serde_json::Number> = Option::deserialize(told)?;
    Ok(told.map(|told| told.as_u64().map_or(GRACE_MAX, |seconds| seconds.min(GRACE_MAX))))
}

/// Parses the output of `docker inspect`, and returns the containers that are
/// in a group.
pub fn parse(text: &[u8], grouping: &Grouping) -> Result<Vec<Container>, serde_json::Error> {
    let raw: Vec<Raw> = serde_json::from_slice(text)?;
    Ok(raw
        .into_iter()
        .filter_map(|raw| Container::from_raw(raw, grouping))
        .collect())
}

impl Container {
    fn from_raw(raw: Raw, grouping: &Grouping) -> Option<Self> {
        Some(Self {
            member: (grouping.member)(&raw.config.labels.unwrap_or_default())?,
            id: raw.id,
            status: raw.state.status,
            health: raw.state.health.map_or(ContainerHealth::None, |health| health.status),
            exit_code: raw.state.exit_code,
            oom_killed: raw.state.oom_killed,
            error: raw.state.error,
            started: time(&raw.state.started_at),
            finished: time(&raw.state.finished_at),
            restart_count: raw.restart_count,
            grace: raw.config.stop_timeout.unwrap_or(USUAL_GRACE),
            pid: raw.state.pid,
            published: raw.network_settings.bindings(),
            network_of: raw
                .host_config
                .network_mode
                .strip_prefix("container:")
                .map(str::to_owned),
        })
    }

    pub fn service(&self) -> &str {
        &self.member.service
    }

    pub fn is_running(&self) -> bool {
        matches!(self.status, ContainerStatus::Running | ContainerStatus::Stopping)
    }

    /// Returns true if it is alive, and its processes do not go on until somebody lets them.
    pub fn is_paused(&self) -> bool {
        self.status == ContainerStatus::Paused
    }

    /// Returns true if a process of it may be alive.
    pub fn is_alive(&self) -> bool {
        use ContainerStatus::{Other, Paused, Removing, Restarting, Running, Stopping};
        matches!(self.status, Running | Stopping | Paused | Restarting | Removing | Other)
    }

    /// Returns true if it was killed, but not for want of memory.
    pub fn was_killed(&self) -> bool {
        self.exit_code == 137 && !self.oom_killed
    }

    /// Returns true if it ended by itself with code 0, or by SIGINT, SIGKILL or
    /// SIGTERM: as it does when it is asked to.
    pub fn ended_politely(&self) -> bool {
        matches!(self.exit_code, 0 | 130 | 137 | 143) && !self.oom_killed
    }
}

/// Parses a time. The engine writes "never" as the year 1, which is before any
/// other time.
fn time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}
