//! Who tells that something happened to the containers of a project: one
//! stream of events for each engine, whoever watches how many stacks on it.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::engine::{Engine, PROJECT};
use crate::sys::clock;

/// How long it takes to ask an engine again that is away.
const AWAY: Duration = Duration::from_secs(2);

/// Told of a project; the number grows.
pub(super) type Told = watch::Receiver<u64>;

/// The streams of all engines.
#[derive(Debug, Default)]
pub struct Announcers {
    engines: Mutex<HashMap<Option<String>, Announcer>>,
}

impl Announcers {
    /// Subscribes to what happens to a project. It is told, too, when the engine
    /// goes away or comes back, which may have hidden anything.
    pub(super) fn subscribe(&self, engine: &Engine, project: &str) -> Told {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        let announcer = engines
            .entry(engine.context.clone())
            .or_insert_with(|| Announcer::of(engine.clone()));
        announcer.projects.subscribe(project)
    }
}

/// The stream of one engine. Ends when this is dropped.
#[derive(Debug)]
struct Announcer {
    projects: Arc<Projects>,
    task: JoinHandle<()>,
}

impl Announcer {
    fn of(engine: Engine) -> Self {
        let projects = Arc::new(Projects::default());
        let task = tokio::spawn(follow(engine, Arc::clone(&projects)));
        Self { projects, task }
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Those who want to be told, by project.
#[derive(Debug, Default)]
struct Projects {
    channels: Mutex<HashMap<String, watch::Sender<u64>>>,
}

impl Projects {
    fn subscribe(&self, project: &str) -> Told {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let channel = channels
            .entry(project.to_owned())
            .or_insert_with(|| watch::Sender::new(0));
        channel.subscribe()
    }

    fn tell(&self, project: &str) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(project) {
            channel.send_modify(|count| *count += 1);
        }
    }

    fn tell_all(&self) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        for channel in channels.values() {
            channel.send_modify(|count| *count += 1);
        }
    }
}

/// Follows an engine, through all its goings and comings.
async fn follow(engine: Engine, projects: Arc<Projects>) {
    loop {
        if engine.answers().await
            && let Ok((_child, mut lines)) = events(&engine)
        {
            // What happened while nobody listened.
            projects.tell_all();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(project) = news_of(&line) {
                    projects.tell(&project);
                }
            }
            projects.tell_all();
        }
        tokio::time::sleep(AWAY).await;
    }
}

fn events(engine: &Engine) -> std::io::Result<(Child, Lines<BufReader<ChildStdout>>)> {
    let filter = format!("label={PROJECT}");
    // Those of the last second, too: it takes docker a moment to listen.
    let since = (clock::wall_ms() / 1000).saturating_sub(1).to_string();
    let argv = engine.docker([
        "events",
        "--since",
        &since,
        "--filter",
        "type=container",
        "--filter",
        &filter,
        "--format",
        "{{json .}}",
    ]);
    let (program, args) = argv.split_first().ok_or(std::io::ErrorKind::NotFound)?;
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    Ok((child, BufReader::new(stdout).lines()))
}

/// An event of a container. See the Docker Engine API, `SystemEvents`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    actor: Actor,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Actor {
    #[serde(default)]
    attributes: HashMap<String, String>,
}

/// The project to whose containers something happened. Health checks run a
/// program every few seconds, which is told as well, and is no news.
fn news_of(line: &str) -> Option<String> {
    let mut event: Event = serde_json::from_str(line).ok()?;
    if event.action.starts_with("exec_") {
        return None;
    }
    event.actor.attributes.remove(PROJECT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_checks_alone_are_no_news() {
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
                news_of(&line).is_some_and(|project| project == "dune"),
                news,
                "{action}"
            );
        }
        for line in ["not json", r#"{"Action":"die","Actor":{"ID":"a"}}"#, "", "{}"] {
            assert_eq!(news_of(line), None, "{line}");
        }
    }

    #[test]
    fn what_each_generation_of_compose_sets_off() {
        for (project, recorded) in [
            ("recv1", include_str!("recorded/events-1.29.ndjson")),
            ("recv2", include_str!("recorded/events-2.26.ndjson")),
        ] {
            for line in recorded.lines() {
                let news = news_of(line);
                let is_noise = line.contains(r#""Action":"exec_"#);
                assert_eq!(news.as_deref(), (!is_noise).then_some(project), "{line}");
            }
        }
    }

    #[test]
    fn each_is_told_of_its_own_project() {
        let projects = Projects::default();
        let (mut dune, mut other) = (projects.subscribe("dune"), projects.subscribe("other"));
        projects.tell("dune");
        assert!(dune.has_changed().unwrap() && !other.has_changed().unwrap());
        dune.mark_unchanged();
        projects.tell("nobody's");
        assert!(!dune.has_changed().unwrap());
        projects.tell_all();
        assert!(dune.has_changed().unwrap() && other.has_changed().unwrap());
        other.mark_unchanged();
        assert!(!other.has_changed().unwrap());
    }
}
