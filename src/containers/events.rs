//! Notifications about the containers of a group: one stream of events for each
//! engine, however many instances on it are watched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::engine::{Engine, EngineKey};
use crate::program::OutputStream;
use crate::sys::clock;

/// The longest event, in bytes: it holds the labels of its container.
const EVENT_MAX: u64 = 1 << 20;

/// The pause before an engine that is away is asked again.
const AWAY: Duration = Duration::from_secs(2);

/// The streams of all engines.
#[derive(Debug, Default)]
pub struct EngineEvents {
    engines: Mutex<HashMap<EngineKey, EventStream>>,
}

impl EngineEvents {
    /// Subscribes to changes of a group: the number grows with each. It grows,
    /// too, when the engine goes away or comes back, as changes may have been
    /// missed.
    pub fn subscribe(&self, engine: &Engine, group: &str) -> watch::Receiver<u64> {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = engines.entry(engine.key());
        stream
            .or_insert_with(|| EventStream::of(engine.clone()))
            .subscribers
            .subscribe(group)
    }
}

/// The stream of one engine. Ends when this is dropped.
#[derive(Debug)]
struct EventStream {
    subscribers: Arc<Subscribers>,
    task: JoinHandle<()>,
}

impl EventStream {
    fn of(engine: Engine) -> Self {
        let subscribers = Arc::new(Subscribers::default());
        let task = tokio::spawn(follow(engine, Arc::clone(&subscribers)));
        Self { subscribers, task }
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The subscribers of an engine, by group.
#[derive(Debug, Default)]
struct Subscribers {
    groups: Mutex<HashMap<String, watch::Sender<u64>>>,
}

impl Subscribers {
    fn subscribe(&self, group: &str) -> watch::Receiver<u64> {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = groups.entry(group.to_owned());
        channel.or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    fn notify(&self, group: &str) {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = groups.get(group) {
            channel.send_modify(|count| *count += 1);
        }
    }

    fn notify_all(&self) {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        for channel in groups.values() {
            channel.send_modify(|count| *count += 1);
        }
    }
}

/// Follows an engine, however often it goes away and comes back.
async fn follow(engine: Engine, subscribers: Arc<Subscribers>) {
    let label = engine.grouping().label;
    loop {
        if engine.version().await.is_ok()
            && let Some(mut stream) = events(&engine)
        {
            // Changes before this were missed.
            subscribers.notify_all();
            while let Some(line) = next_event(&mut stream).await {
                if let Some(group) = changed_group(&line, label) {
                    subscribers.notify(&group);
                }
            }
            subscribers.notify_all();
        }
        tokio::time::sleep(AWAY).await;
    }
}

/// Returns the next event of an engine, a line; `None` when there are no more, or it has
/// no end.
pub async fn next_event(stream: &mut BufReader<OutputStream>) -> Option<String> {
    let mut line = String::new();
    let _ = stream.take(EVENT_MAX).read_line(&mut line).await.ok()?;
    line.ends_with('\n').then_some(line)
}

fn events(engine: &Engine) -> Option<BufReader<OutputStream>> {
    // Includes the last second: it takes docker a moment to listen.
    let since = (clock::wall_ms() / 1000).saturating_sub(1).to_string();
    let words = ["events", "--since", &since, "--filter", "type=container"];
    let mut words = [&words[..], &["--format", "{{json .}}"]].concat();
    let filter = format!("label={}", engine.grouping().label);
    if engine.kind().filters_by_label {
        words.extend(["--filter", &filter]);
    }
    let stream = engine.follow(words);
    Some(BufReader::new(stream?))
}

/// An event of a container. See the Docker Engine API, `SystemEvents`. Podman has the
/// attributes at its top, and calls the action a status.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(alias = "Status")]
    action: String,
    #[serde(default)]
    actor: Actor,
    #[serde(default)]
    attributes: HashMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct Actor {
    #[serde(default)]
    attributes: HashMap<String, String>,
}

/// Returns the group of whose containers one has changed. Health checks run a
/// program every few seconds, which is an event but no change.
fn changed_group(line: &str, label: &str) -> Option<String> {
    let mut event: Event = serde_json::from_str(line).ok()?;
    if event.action.starts_with("exec") {
        return None;
    }
    event.attributes.extend(event.actor.attributes);
    event.attributes.remove(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: &str = "com.docker.compose.project";

    #[test]
    fn health_checks_alone_are_no_change() {
        for (action, news) in [
            ("die", true),
            ("start", true),
            ("oom", true),
            ("health_status: healthy", true),
            ("exec_create: true", false),
            ("exec_die", false),
        ] {
            let line = format!(
                r#"{{"status":"x","Type":"container","Action":"{action}","Actor":{{"ID":"a","Attributes":{{
                "{PROJECT}":"dune","exitCode":"3"}}}}}}"#
            );
            assert_eq!(
                changed_group(&line, PROJECT).is_some_and(|project| project == "dune"),
                news,
                "{action}"
            );
        }
        let podman = |status: &str| {
            format!(r#"{{"ID":"a","Status":"{status}","Type":"container","Attributes":{{"{PROJECT}":"dune"}}}}"#)
        };
        assert_eq!(changed_group(&podman("died"), PROJECT).as_deref(), Some("dune"));
        assert_eq!(changed_group(&podman("exec_died"), PROJECT), None);
        for line in ["not json", r#"{"Action":"die","Actor":{"ID":"a"}}"#, "", "{}"] {
            assert_eq!(changed_group(line, PROJECT), None, "{line}");
        }
    }

    #[test]
    fn the_events_of_each_generation_of_compose() {
        for (project, recorded) in [
            ("recv1", include_str!("recorded/events-1.29.ndjson")),
            ("recv2", include_str!("recorded/events-2.26.ndjson")),
        ] {
            for line in recorded.lines() {
                let news = changed_group(line, PROJECT);
                let is_noise = line.contains(r#""Action":"exec_"#);
                assert_eq!(news.as_deref(), (!is_noise).then_some(project), "{line}");
            }
        }
    }

    #[test]
    fn each_is_notified_of_its_own_group() {
        let subscribers = Subscribers::default();
        let (mut dune, mut other) = (subscribers.subscribe("dune"), subscribers.subscribe("other"));
        subscribers.notify("dune");
        assert!(dune.has_changed().unwrap() && !other.has_changed().unwrap());
        dune.mark_unchanged();
        subscribers.notify("another");
        assert!(!dune.has_changed().unwrap());
        subscribers.notify_all();
        assert!(dune.has_changed().unwrap() && other.has_changed().unwrap());
        other.mark_unchanged();
        assert!(!other.has_changed().unwrap());
    }
}
