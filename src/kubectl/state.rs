//! The state of an instance, out of what the cluster tells of its object and its pods.
//!
//! | the object | its pods | state |
//! |---|---|---|
//! | wanted down | none left | stopped |
//! | wanted down | some left | stopping |
//! | wanted up | as many ready as wanted | running |
//! | wanted up | some ready | running, with a note |
//! | wanted up | none ready, one has ended by itself | crashed: Kubernetes starts it again |
//! | wanted up | none ready, the node of one is away | not known |
//! | wanted up | otherwise | starting |
//!
//! A count of a status says something only once its controller has seen the last change.
//! What a patched resource says of itself comes on top of its pods.

use std::time::SystemTime;

use super::pod::{ClusterPod, PodHealth};
use super::target::FoundObject;
use crate::event::Want;
use crate::inventory::{KubectlObject, KubectlSpec, PatchedResource, WorkloadKind};
use crate::supervisor::{Detail, Facts, InstanceState, join_notes};

/// The facts on record of an instance.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ClusterRecords {
    pub(super) want: Option<Want>,
    /// True if a stop was begun here, and nothing was started after it.
    pub(super) is_stopped_by_us: bool,
    /// The automatic restarts by `run`.
    pub(super) restarts: u32,
}

/// The judgement of a look.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    pub(super) facts: Facts,
    /// True if all that is wanted is there, and is of the newest generation.
    pub(super) has_arrived: bool,
    /// The rest that is waited for, in words.
    pub(super) awaited: String,
    /// The reason why it is not known whether anything runs; `None` if that is known.
    pub(super) lost: Option<String>,
}

/// The pods that were found, counted.
struct Counted<'a> {
    alive: Vec<&'a ClusterPod>,
    ready: usize,
    trouble: Vec<String>,
    crash: Option<Option<i32>>,
    lost: Option<String>,
    starting: Vec<String>,
}

/// Judges an object that was found.
pub(super) fn judge(spec: &KubectlSpec, found: &FoundObject, records: &ClusterRecords) -> Judged {
    let counted = count(&found.pods);
    let mut judged = match &spec.object {
        KubectlObject::Resource(resource) => of_resource(resource, found, &counted),
        KubectlObject::Workload { kind, .. } => match kind {
            WorkloadKind::CronJob => of_cronjob(found, &counted),
            _ => of_scaled(kind, found, &counted),
        },
    };
    let facts = &mut judged.facts;
    if facts.state == InstanceState::Stopped && records.want == Some(Want::Running) && !records.is_stopped_by_us {
        facts.stays_down = true;
        facts.note = join_notes([
            Some("somebody has stopped it in the cluster".to_owned()),
            facts.note.take(),
        ]);
    }
    if found.object.metadata.deletion_timestamp.is_some() {
        facts.note = join_notes([Some(format!("{spec} is being deleted")), facts.note.take()]);
    }
    facts.restarts_itself = true;
    facts.restarts = found
        .pods
        .iter()
        .map(ClusterPod::restarts)
        .fold(0, u32::saturating_add)
        .saturating_add(records.restarts);
    facts.run = found.pods.iter().map(ClusterPod::run).max();
    let exits = found.pods.iter().filter_map(ClusterPod::last_exit);
    facts.last_exit = exits.max_by_key(|exit| exit.at);
    facts.since = match facts.state {
        InstanceState::Running => counted.alive.iter().filter_map(|pod| pod.ready_since()).min(),
        InstanceState::Crashed { .. } => facts.last_exit.as_ref().and_then(|exit| exit.at),
        _ => None,
    };
    if facts.state == InstanceState::Running {
        facts.uptime_seconds = age(facts.since);
    }
    facts.details = details(spec, &counted);
    judged
}

fn age(since: Option<SystemTime>) -> u64 {
    since
        .and_then(|since| since.elapsed().ok())
        .map_or(0, |age| age.as_secs())
}

fn details(spec: &KubectlSpec, counted: &Counted) -> Vec<(std::borrow::Cow<'static, str>, Detail)> {
    let mut nodes: Vec<&str> = counted.alive.iter().map(|pod| pod.spec.node_name.as_str()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    nodes.retain(|node| !node.is_empty());
    let number = |n: usize| Detail::Number(u64::try_from(n).unwrap_or(u64::MAX));
    let mut details = vec![
        ("context".into(), Detail::Text(spec.place.context.clone())),
        ("namespace".into(), Detail::Text(spec.place.namespace.clone())),
        ("object".into(), Detail::Text(spec.to_string())),
        ("pods".into(), number(counted.alive.len())),
        ("ready_pods".into(), number(counted.ready)),
    ];
    if !nodes.is_empty() {
        details.push(("nodes".into(), Detail::Text(nodes.join(", "))));
    }
    details
}

fn count(pods: &[ClusterPod]) -> Counted<'_> {
    let mut counted = Counted {
        alive: Vec::new(),
        ready: 0,
        trouble: Vec::new(),
        crash: None,
        lost: None,
        starting: Vec::new(),
    };
    for pod in pods {
        let health = pod.health();
        if !matches!(health, PodHealth::Over(_)) {
            counted.alive.push(pod);
        }
        let name = pod.name();
        match health {
            PodHealth::Ready => counted.ready += 1,
            PodHealth::Stuck(why) => counted.trouble.push(format!("{name}: {why}")),
            PodHealth::Crashed { how, exit_code } => {
                counted.crash.get_or_insert(exit_code);
                counted.trouble.push(format!("{name}: {how}"));
            }
            PodHealth::Lost => {
                let node = &pod.spec.node_name;
                counted
                    .trouble
                    .push(format!("{name}: its node, {node}, does not answer"));
                counted.lost.get_or_insert(format!(
                    "its node, {node}, does not answer, so nobody knows whether it runs"
                ));
            }
            PodHealth::Starting(what) if !what.is_empty() => counted.starting.push(format!("{name}: {what}")),
            PodHealth::Starting(_) | PodHealth::Ending | PodHealth::Over(_) => {}
        }
    }
    counted
}

impl Counted<'_> {
    /// Returns the first troubles in words; `None` if there are none.
    fn troubles(&self) -> Option<String> {
        let mut words = self.trouble.iter().take(2).cloned().collect::<Vec<_>>().join("; ");
        if self.trouble.len() > 2 {
            words.push_str(&format!("; and {} more pods", self.trouble.len() - 2));
        }
        (!words.is_empty()).then_some(words)
    }

    /// Returns the pods that are left, in words.
    fn left(&self) -> String {
        let names: Vec<&str> = self.alive.iter().take(3).map(|pod| pod.name()).collect();
        let more = match self.alive.len().saturating_sub(names.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}", names.join(", "))
    }

    /// Judges what is to be down.
    fn down(&self, note: Option<String>) -> Judged {
        let (state, left) = match self.alive.is_empty() {
            true => (InstanceState::Stopped, None),
            false => (InstanceState::Stopping, Some(format!("still there: {}", self.left()))),
        };
        Judged {
            has_arrived: false,
            awaited: left.clone().unwrap_or_default(),
            lost: None,
            facts: Facts::bare(state, join_notes([left, note])),
        }
    }

    /// Judges what is to be up with this many pods, of which so many serve.
    fn up(&self, wanted: usize, serving: usize, is_newest: bool, note: Option<String>) -> Judged {
        let of = |n: usize| if n == 1 { "pod is" } else { "pods are" };
        let counts = (serving < wanted).then(|| format!("{serving} of {wanted} {} ready", of(wanted)));
        let starting = self.starting.first().cloned().filter(|_| self.trouble.is_empty());
        let state = match self.crash {
            _ if serving > 0 => InstanceState::Running,
            Some(exit_code) => InstanceState::Crashed { exit_code },
            None => InstanceState::Starting,
        };
        let again = matches!(state, InstanceState::Crashed { .. }).then(|| "Kubernetes starts it again".to_owned());
        let counts = counts.filter(|_| wanted > 1 || again.is_none() && self.trouble.is_empty());
        let rollout = (serving >= wanted && !is_newest).then(|| "a new version is being rolled out".to_owned());
        let awaited = join_notes([counts.clone(), self.troubles(), starting.clone(), rollout.clone()]);
        Judged {
            has_arrived: serving >= wanted && is_newest,
            awaited: awaited.unwrap_or_else(|| "its pods".to_owned()),
            lost: self.lost.clone().filter(|_| state == InstanceState::Starting),
            facts: Facts::bare(
                state,
                join_notes([counts, self.troubles(), starting, rollout, again, note]),
            ),
        }
    }
}

fn of_scaled(kind: &WorkloadKind, found: &FoundObject, counted: &Counted) -> Judged {
    let object = &found.object;
    let wanted = object.wanted("replicas").unwrap_or(1) as usize;
    let is_fleet = *kind == WorkloadKind::Fleet;
    let fleet = is_fleet.then(|| fleet_note(found));
    if wanted == 0 {
        return counted.down(fleet.filter(|_| !counted.alive.is_empty()));
    }
    let serving = match kind {
        // Its game servers are ready in their own way.
        WorkloadKind::Fleet => ["readyReplicas", "allocatedReplicas", "reservedReplicas"]
            .map(|name| object.count(name) as usize)
            .iter()
            .sum(),
        WorkloadKind::Other(_) if counted.alive.is_empty() => object.count("readyReplicas") as usize,
        _ => counted.ready,
    };
    let failed = object.condition("ReplicaFailure").filter(|one| one.status == "True");
    let late = object
        .condition("Progressing")
        .filter(|one| one.reason == "ProgressDeadlineExceeded");
    let why = failed.or(late).map(|one| one.message).filter(|_| serving < wanted);
    let is_paused = object.spec.get("paused").and_then(serde_json::Value::as_bool) == Some(true);
    let paused = is_paused.then(|| "its rollout is paused".to_owned());
    counted.up(
        wanted,
        serving,
        is_newest(kind, found, wanted),
        join_notes([fleet, why, paused]),
    )
}

/// Returns true if all that serves is of the newest generation.
fn is_newest(kind: &WorkloadKind, found: &FoundObject, wanted: usize) -> bool {
    let object = &found.object;
    if !object.is_observed() {
        return false;
    }
    let text = |name: &str| {
        object
            .status
            .get(name)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
    };
    let updated = object.count("updatedReplicas") as usize;
    match kind {
        WorkloadKind::Deployment => {
            let is_paused = object.spec.get("paused").and_then(serde_json::Value::as_bool) == Some(true);
            is_paused || updated >= wanted && object.count("replicas") as usize == updated
        }
        WorkloadKind::StatefulSet => {
            let strategy = object.spec.get("updateStrategy");
            let partition = strategy.and_then(|strategy| strategy.pointer("/rollingUpdate/partition"));
            let is_partial = partition
                .and_then(serde_json::Value::as_u64)
                .is_some_and(|from| from > 0);
            let by_hand = strategy
                .and_then(|strategy| strategy.get("type"))
                .is_some_and(|kind| kind == "OnDelete");
            by_hand || is_partial || text("updateRevision") == text("currentRevision") || updated >= wanted
        }
        _ => true,
    }
}

/// Returns the counts of a fleet; who plays is on those that are allocated.
fn fleet_note(found: &FoundObject) -> String {
    let count = |name: &str| found.object.count(name);
    let (ready, allocated) = (count("readyReplicas"), count("allocatedReplicas"));
    let reserved = count("reservedReplicas");
    format!("{ready} ready, {allocated} allocated, {reserved} reserved")
}

fn of_cronjob(found: &FoundObject, counted: &Counted) -> Judged {
    let spec = &found.object.spec;
    let is_suspended = spec.get("suspend").and_then(serde_json::Value::as_bool) == Some(true);
    if is_suspended {
        return counted.down(None);
    }
    let schedule = spec.get("schedule").and_then(serde_json::Value::as_str).unwrap_or("?");
    let active = counted.alive.len();
    let note = match active {
        0 => format!("waits for its time, `{schedule}`"),
        1 => format!("a job runs; its schedule is `{schedule}`"),
        several => format!("{several} pods of jobs run; its schedule is `{schedule}`"),
    };
    Judged {
        has_arrived: true,
        awaited: String::new(),
        lost: None,
        facts: Facts::bare(InstanceState::Running, join_notes([Some(note), counted.troubles()])),
    }
}

fn of_resource(resource: &PatchedResource, found: &FoundObject, counted: &Counted) -> Judged {
    let object = &found.object;
    let said = resource.up.as_ref().map(|up| {
        let value = object.field(&up.path);
        let text = match value {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let is_up = up.values.iter().any(|value| value.eq_ignore_ascii_case(&text));
        (text, is_up)
    });
    let phase = |text: &str| match text {
        "" => "it says nothing of its state yet".to_owned(),
        text => format!("it says: {text}"),
    };
    if object.holds(&resource.stop) {
        let says_up = said.filter(|(_, is_up)| *is_up).map(|(text, _)| phase(&text));
        return counted.down(says_up.filter(|_| !counted.alive.is_empty()));
    }
    let is_seen = object.is_observed();
    let wanted = counted.alive.iter().filter(|pod| !pod.is_ending()).count().max(1);
    match said {
        // Its pods need not all be ready: some of them do work that ends.
        Some((text, true)) => {
            let serving = if counted.ready > 0 && is_seen { wanted } else { 0 };
            let mut judged = counted.up(wanted, serving, true, None);
            judged.facts.note = join_notes([Some(phase(&text)), judged.facts.note.take()]);
            judged
        }
        Some((text, false)) => {
            let mut judged = counted.up(wanted, 0, false, None);
            judged.facts.note = join_notes([Some(phase(&text)), counted.troubles()]);
            judged.awaited = judged.facts.note.clone().unwrap_or_default();
            judged
        }
        None => counted.up(wanted, if is_seen { counted.ready } else { 0 }, true, None),
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
