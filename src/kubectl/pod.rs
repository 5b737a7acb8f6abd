//! A pod: its containers, and what is wrong with it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::object::{ObjectCondition, ObjectMeta, time};
use crate::supervisor::LastExit;

/// A pod, as far as it matters here.
#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(super) struct ClusterPod {
    pub(super) metadata: ObjectMeta,
    pub(super) spec: PodSpec,
    pub(super) status: PodStatus,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PodSpec {
    pub(super) containers: Vec<PodContainer>,
    pub(super) node_name: String,
    /// `None` for the default of Kubernetes, 30 s.
    pub(super) termination_grace_period_seconds: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(super) struct PodContainer {
    pub(super) name: String,
    pub(super) stdin: bool,
    pub(super) tty: bool,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PodStatus {
    pub(super) phase: String,
    pub(super) reason: String,
    pub(super) message: String,
    pub(super) conditions: Vec<ObjectCondition>,
    pub(super) container_statuses: Vec<ContainerReport>,
    pub(super) init_container_statuses: Vec<ContainerReport>,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ContainerReport {
    name: String,
    pub(super) restart_count: u32,
    ready: bool,
    state: ReportedState,
    last_state: ReportedState,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(default)]
struct ReportedState {
    waiting: Option<Waiting>,
    running: Option<Launched>,
    terminated: Option<Terminated>,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(default)]
struct Waiting {
    reason: String,
    message: String,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
struct Launched {
    started_at: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase", default)]
struct Terminated {
    exit_code: i32,
    reason: String,
    message: String,
    started_at: Option<String>,
    finished_at: Option<String>,
}

/// The condition of a pod.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PodHealth {
    Ready,
    /// Comes up, and nothing is wrong with it; in words, where there are any.
    Starting(String),
    /// Cannot come up as things are, and nothing of it has run.
    Stuck(String),
    /// Its game has ended by itself.
    Crashed {
        how: String,
        exit_code: Option<i32>,
    },
    /// Has run, and its node does not answer any more.
    Lost,
    /// Is being ended.
    Ending,
    /// Nothing of it runs any more.
    Over(String),
}

impl ClusterPod {
    pub(super) fn name(&self) -> &str {
        &self.metadata.name
    }

    /// Returns true if something of it runs, or may.
    pub(super) fn is_alive(&self) -> bool {
        !matches!(self.status.phase.as_str(), "Succeeded" | "Failed")
    }

    pub(super) fn is_ending(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    pub(super) fn is_running(&self) -> bool {
        self.is_alive()
            && self
                .status
                .container_statuses
                .iter()
                .any(|one| one.state.running.is_some())
    }

    /// Returns the time for which it may go on after it was told to end.
    pub(super) fn grace(&self) -> Duration {
        Duration::from_secs(self.spec.termination_grace_period_seconds.unwrap_or(30))
    }

    pub(super) fn restarts(&self) -> u32 {
        let counts = self.status.container_statuses.iter().map(|one| one.restart_count);
        counts.fold(0, u32::saturating_add)
    }

    /// Returns the time since which it is ready.
    pub(super) fn ready_since(&self) -> Option<SystemTime> {
        let ready = self.condition("Ready").filter(|one| one.status == "True")?;
        time(ready.last_transition_time.as_deref())
    }

    pub(super) fn health(&self) -> PodHealth {
        if !self.is_alive() {
            return PodHealth::Over(self.how_it_is_over());
        }
        if self.is_ending() {
            return PodHealth::Ending;
        }
        if self.condition("Ready").is_some_and(|one| one.status == "True") {
            return PodHealth::Ready;
        }
        if self.is_lost() {
            return PodHealth::Lost;
        }
        let mut starting = String::new();
        for container in self.reports() {
            match container.health() {
                PodHealth::Starting(what) if starting.is_empty() => starting = what,
                PodHealth::Ready | PodHealth::Starting(_) => {}
                trouble => return trouble,
            }
        }
        if let Some(scheduled) = self.condition("PodScheduled").filter(|one| one.status == "False") {
            let why = if scheduled.message.is_empty() {
                &scheduled.reason
            } else {
                &scheduled.message
            };
            return PodHealth::Stuck(format!("no node takes it: {why}"));
        }
        if starting.is_empty() && self.is_running() {
            starting = "not ready yet".to_owned();
        }
        PodHealth::Starting(starting)
    }

    /// Returns true if its node is away: the cluster takes its readiness back then, and
    /// leaves that of its containers as the node has told it last.
    fn is_lost(&self) -> bool {
        let is_taken_back = |one: &ObjectCondition| one.status != "True" && one.reason.is_empty();
        let containers = &self.status.container_statuses;
        self.condition("Ready").is_some_and(is_taken_back)
            && !containers.is_empty()
            && containers.iter().all(|one| one.ready && one.state.running.is_some())
    }

    /// Returns the reports on its containers, in the order in which they run.
    pub(super) fn reports(&self) -> impl Iterator<Item = &ContainerReport> {
        self.status
            .init_container_statuses
            .iter()
            .chain(&self.status.container_statuses)
    }

    /// Returns how a container of it ended last.
    pub(super) fn last_exit(&self) -> Option<LastExit> {
        let ends = self.status.container_statuses.iter().filter_map(ContainerReport::end);
        let end = ends.max_by_key(|end| time(end.finished_at.as_deref()))?;
        Some(LastExit {
            code: Some(end.exit_code),
            signal: None,
            at: time(end.finished_at.as_deref()),
            requested: false,
            oom_killed: end.reason == "OOMKilled",
        })
    }

    /// Returns what tells its present run from an earlier one: the time of its last start,
    /// in seconds since 1970.
    pub(super) fn run(&self) -> u64 {
        let own = time(self.metadata.creation_timestamp.as_deref());
        let starts = self
            .status
            .container_statuses
            .iter()
            .filter_map(ContainerReport::started);
        let last = own.into_iter().chain(starts).max();
        last.and_then(|at| at.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |since| since.as_secs())
    }

    /// Returns a container by its name, or the first.
    pub(super) fn container(&self, name: Option<&str>) -> Option<&PodContainer> {
        match name {
            Some(name) => self.spec.containers.iter().find(|one| one.name == name),
            None => self.spec.containers.first(),
        }
    }

    fn condition(&self, kind: &str) -> Option<&ObjectCondition> {
        self.status.conditions.iter().find(|one| one.kind == kind)
    }

    fn how_it_is_over(&self) -> String {
        let why = [&self.status.reason, &self.status.message]
            .into_iter()
            .find(|text| !text.is_empty());
        match why {
            Some(why) => why.clone(),
            None => match self.last_exit() {
                Some(exit) => exit.to_string(),
                None => self.status.phase.to_ascii_lowercase(),
            },
        }
    }
}

impl ContainerReport {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_running(&self) -> bool {
        self.state.running.is_some()
    }

    /// Returns true if a run of it came before the one that it is in, or waits for.
    pub(super) fn has_run_before(&self) -> bool {
        self.last_state.terminated.is_some()
    }

    fn end(&self) -> Option<&Terminated> {
        self.state.terminated.as_ref().or(self.last_state.terminated.as_ref())
    }

    /// Returns the time of its last start; `None` if it has never run.
    pub(super) fn started(&self) -> Option<SystemTime> {
        let running = self
            .state
            .running
            .as_ref()
            .and_then(|one| time(one.started_at.as_deref()));
        running.or_else(|| time(self.end()?.started_at.as_deref()))
    }

    /// Returns the condition of the container; ready is what only waits for others.
    fn health(&self) -> PodHealth {
        let name = &self.name;
        if let Some(waiting) = &self.state.waiting {
            return match waiting.reason.as_str() {
                "" | "ContainerCreating" | "PodInitializing" => PodHealth::Starting(spaced(&waiting.reason)),
                "CrashLoopBackOff" => self.crashed(),
                reason => PodHealth::Stuck(match waiting.message.as_str() {
                    "" => format!("{name}: {reason}"),
                    message => format!("{name}: {reason}: {message}"),
                }),
            };
        }
        match &self.state.terminated {
            // An init container that has done its work.
            Some(end) if end.exit_code == 0 && end.reason == "Completed" && self.restart_count == 0 => PodHealth::Ready,
            Some(_) => self.crashed(),
            None if self.state.running.is_some() => match self.last_state.terminated {
                Some(_) => PodHealth::Starting(format!("{name} started again, after {}", self.how())),
                None => PodHealth::Ready,
            },
            None => PodHealth::Starting(String::new()),
        }
    }

    fn crashed(&self) -> PodHealth {
        PodHealth::Crashed {
            how: format!("{}: {}", self.name, self.how()),
            exit_code: self.end().map(|end| end.exit_code),
        }
    }

    /// Returns how it ended, and how often it was started again.
    fn how(&self) -> String {
        let how = match self.end() {
            Some(end) if end.reason == "OOMKilled" => "killed by the out-of-memory killer".to_owned(),
            Some(end) if end.reason == "Error" || end.reason == "Completed" || end.reason.is_empty() => {
                format!("exit code {}", end.exit_code)
            }
            Some(end) if end.message.is_empty() => format!("{}, exit code {}", end.reason, end.exit_code),
            Some(end) => format!("{}: {}", end.reason, end.message.trim()),
            None => "it ended".to_owned(),
        };
        match self.restart_count {
            0 => how,
            1 => format!("{how}, restarted once"),
            times => format!("{how}, restarted {times} times"),
        }
    }
}

/// Returns `ContainerCreating` as words.
fn spaced(reason: &str) -> String {
    match reason {
        "ContainerCreating" => "its containers are being made".to_owned(),
        "PodInitializing" => "its init containers are at work".to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(status: &Value) -> ClusterPod {
        serde_json::from_value(json!({ "metadata": { "name": "p" }, "status": status })).unwrap()
    }

    fn with(container: &Value) -> ClusterPod {
        pod(&json!({ "phase": "Running", "containerStatuses": [container],
            "conditions": [{ "type": "Ready", "status": "False" }] }))
    }

    #[test]
    fn the_conditions_of_pods() {
        let end = |code: i32, reason: &str| json!({ "terminated": { "exitCode": code, "reason": reason } });
        let waiting = |reason: &str, message: &str| json!({ "waiting": { "reason": reason, "message": message } });
        let crashed = |how: &str, code| PodHealth::Crashed {
            how: how.to_owned(),
            exit_code: code,
        };
        for (pod, wanted) in [
            (
                pod(&json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] })),
                PodHealth::Ready,
            ),
            (pod(&json!({ "phase": "Pending" })), PodHealth::Starting(String::new())),
            (
                pod(
                    &json!({ "phase": "Pending", "conditions": [{ "type": "PodScheduled", "status": "False",
                    "reason": "Unschedulable", "message": "0/1 nodes are available" }] }),
                ),
                PodHealth::Stuck("no node takes it: 0/1 nodes are available".to_owned()),
            ),
            (
                with(
                    &json!({ "name": "game", "restartCount": 5, "state": waiting("CrashLoopBackOff", "back-off 5m0s"),
                    "lastState": end(3, "Error") }),
                ),
                crashed("game: exit code 3, restarted 5 times", Some(3)),
            ),
            (
                with(
                    &json!({ "name": "game", "restartCount": 1, "state": waiting("CrashLoopBackOff", ""),
                    "lastState": end(137, "OOMKilled") }),
                ),
                crashed("game: killed by the out-of-memory killer, restarted once", Some(137)),
            ),
            (
                with(&json!({ "name": "game", "state": end(1, "Error") })),
                crashed("game: exit code 1", Some(1)),
            ),
            (
                with(&json!({ "name": "game", "state": waiting("ErrImagePull", "manifest unknown") })),
                PodHealth::Stuck("game: ErrImagePull: manifest unknown".to_owned()),
            ),
            (
                with(&json!({ "name": "game", "state": waiting("ContainerCreating", "") })),
                PodHealth::Starting("its containers are being made".to_owned()),
            ),
            (
                with(
                    &json!({ "name": "game", "restartCount": 2, "state": { "running": {} }, "lastState": end(0, "Completed") }),
                ),
                PodHealth::Starting("game started again, after exit code 0, restarted 2 times".to_owned()),
            ),
            (
                with(&json!({ "name": "game", "state": { "running": {} } })),
                PodHealth::Starting("not ready yet".to_owned()),
            ),
            (
                pod(&json!({ "phase": "Failed", "reason": "Evicted", "message": "low on memory" })),
                PodHealth::Over("Evicted".to_owned()),
            ),
        ] {
            assert_eq!(pod.health(), wanted, "{pod:?}");
        }
    }

    /// The cluster takes back that a pod is ready, and nothing else, when its node is away.
    #[test]
    fn a_pod_whose_node_is_away_is_lost() {
        let of = |container: &Value, reason: &str| {
            let ready = json!({ "type": "Ready", "status": "False", "reason": reason });
            pod(&json!({ "phase": "Running", "containerStatuses": [container], "conditions": [ready] })).health()
        };
        let running = json!({ "name": "game", "ready": true, "state": { "running": {} } });
        let starting = json!({ "name": "game", "ready": false, "state": { "running": {} } });
        let not_ready = PodHealth::Starting("not ready yet".to_owned());
        assert_eq!(of(&running, ""), PodHealth::Lost);
        assert_eq!(of(&running, "ReadinessGatesNotReady"), not_ready);
        assert_eq!(of(&starting, "ContainersNotReady"), not_ready);
        assert_eq!(of(&starting, ""), not_ready);
    }

    #[test]
    fn counts_that_cannot_be_end_at_the_largest() {
        let often = json!({ "name": "game", "restartCount": u32::MAX });
        assert_eq!(
            pod(&json!({ "containerStatuses": [often, often] })).restarts(),
            u32::MAX
        );
    }

    #[test]
    fn what_is_being_deleted_is_ending_even_if_it_is_ready() {
        let mut pod = pod(&json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] }));
        pod.metadata.deletion_timestamp = Some("2026-11-30T05:00:00Z".to_owned());
        assert_eq!(pod.health(), PodHealth::Ending);
    }

    #[test]
    fn an_init_container_that_crashes_is_told_and_one_that_has_ended_is_not() {
        let of = |code: i32, reason: &str| {
            pod(&json!({ "phase": "Pending",
                "initContainerStatuses": [{ "name": "prepare", "state": { "terminated": { "exitCode": code, "reason": reason } } }],
                "containerStatuses": [{ "name": "game", "state": { "waiting": { "reason": "PodInitializing" } } }] }))
            .health()
        };
        assert_eq!(
            of(0, "Completed"),
            PodHealth::Starting("its init containers are at work".to_owned())
        );
        assert!(matches!(of(2, "Error"), PodHealth::Crashed { how, .. } if how == "prepare: exit code 2"));
    }
}
