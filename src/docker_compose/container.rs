//! A container, as `docker inspect` describes it. See the Docker Engine API,
//! `ContainerInspect`.

use std::collections::HashMap;
use std::time::SystemTime;

use serde::Deserialize;

/// The grace period of a container that says nothing of it, in seconds.
const USUAL_GRACE: u64 = 10;

/// What the engine calls the state of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
    /// A word that we do not know.
    #[serde(other)]
    Other,
}

/// What its health check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub(super) enum Health {
    Starting,
    Healthy,
    Unhealthy,
    /// There is none.
    #[default]
    #[serde(other)]
    None,
}

/// One container of a stack.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) project: String,
    pub(super) service: String,
    /// Made by `compose run`: it belongs to the project, but to no service
    /// that is to run.
    pub(super) oneoff: bool,
    /// The services that it needs.
    pub(super) depends_on: Vec<String>,
    /// Whether compose has put that on the container; its first generation did
    /// not.
    pub(super) knows_order: bool,
    pub(super) status: Status,
    pub(super) health: Health,
    pub(super) exit_code: i32,
    pub(super) oom_killed: bool,
    /// Why it could not be started.
    pub(super) error: String,
    pub(super) started: Option<SystemTime>,
    pub(super) finished: Option<SystemTime>,
    pub(super) restart_count: u32,
    /// Its grace period, in seconds.
    pub(super) grace: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    id: String,
    state: RawState,
    #[serde(default)]
    restart_count: u32,
    config: RawConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawState {
    status: Status,
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
    status: Health,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawConfig {
    #[serde(default)]
    labels: Option<HashMap<String, String>>,
    #[serde(default)]
    stop_timeout: Option<u64>,
}

/// Parses what `docker inspect` printed: those that belong to a project.
///
/// # Errors
/// When it is not what `docker inspect` prints.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Container>, serde_json::Error> {
    let raw: Vec<Raw> = serde_json::from_slice(text)?;
    Ok(raw.into_iter().filter_map(Container::from_raw).collect())
}

impl Container {
    fn from_raw(raw: Raw) -> Option<Self> {
        let labels = raw.config.labels.unwrap_or_default();
        let label = |name: &str| labels.get(&format!("com.docker.compose.{name}")).map(String::as_str);
        // `db:service_healthy:false,init:service_started:true`
        let depends_on = label("depends_on").unwrap_or_default().split(',');
        let depends_on = depends_on.filter_map(|entry| entry.split(':').next());
        Some(Self {
            project: label("project")?.to_owned(),
            service: label("service")?.to_owned(),
            oneoff: label("oneoff").is_some_and(|value| value.eq_ignore_ascii_case("true")),
            depends_on: depends_on.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            knows_order: label("depends_on").is_some(),
            id: raw.id,
            status: raw.state.status,
            health: raw.state.health.map_or(Health::None, |health| health.status),
            exit_code: raw.state.exit_code,
            oom_killed: raw.state.oom_killed,
            error: raw.state.error,
            started: time(&raw.state.started_at),
            finished: time(&raw.state.finished_at),
            restart_count: raw.restart_count,
            grace: raw.config.stop_timeout.unwrap_or(USUAL_GRACE),
        })
    }

    /// Whether a process of it may be alive.
    pub(super) fn is_alive(&self) -> bool {
        matches!(
            self.status,
            Status::Running | Status::Paused | Status::Restarting | Status::Removing | Status::Other
        )
    }
}

/// The zero time of the engine stands for "never", and is before all that can
/// be.
fn time(text: &str) -> Option<SystemTime> {
    humantime::parse_rfc3339(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What engine 20.10 printed of one stack, brought up by each generation.
    const RECORDED: [(&str, &str, bool); 2] = [
        ("1.29", include_str!("recorded/inspect-1.29.json"), false),
        ("2.26", include_str!("recorded/inspect-2.26.json"), true),
    ];

    #[test]
    fn what_each_generation_of_compose_makes() {
        for (version, text, knows_order) in RECORDED {
            let mut all = parse(text.as_bytes()).unwrap();
            all.sort_by(|a, b| a.service.cmp(&b.service));
            let of = |one: &Container| (one.service.clone(), one.status, one.exit_code, one.grace);
            let seen: Vec<_> = all.iter().map(of).collect();
            let wanted = [
                ("db".to_owned(), Status::Running, 0, 30),
                ("game".to_owned(), Status::Exited, 3, 10),
                ("init".to_owned(), Status::Exited, 0, 10),
            ];
            assert_eq!(seen, wanted, "{version}");
            assert!(all.iter().all(|one| one.project.starts_with("rec") && !one.oneoff));
            assert!(all.iter().all(|one| one.knows_order == knows_order), "{version}");
            let (db, game) = (&all[0], &all[1]);
            assert_eq!((db.health, game.health), (Health::Healthy, Health::None));
            assert_eq!(game.depends_on.is_empty(), !knows_order, "{version}");
            assert!(db.is_alive() && !game.is_alive());
            assert!(game.finished >= game.started && game.started > Some(SystemTime::UNIX_EPOCH));
        }
    }

    #[test]
    fn words_that_are_not_known_are_no_error() {
        let odd = r#"[{"Id":"a","State":{"Status":"dreaming","Health":{"Status":"so-so"}},
            "Config":{"Labels":{"com.docker.compose.project":"p","com.docker.compose.service":"s"}}},
            {"Id":"b","State":{"Status":"running"},"Config":{"Labels":null}}]"#;
        let all = parse(odd.as_bytes()).unwrap();
        assert_eq!(all.len(), 1, "what belongs to no project is left out");
        assert_eq!((all[0].status, all[0].health), (Status::Other, Health::None));
        assert!(all[0].is_alive(), "it may be");
        for text in ["", "{}", "[{}]", "null", r#"[{"Id":1}]"#] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
