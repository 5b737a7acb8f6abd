//! The lists of containers as they change: one stream of events for each user, however
//! many instances of that user are watched, and one new list after a change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use tokio::io::BufReader;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::engine::PodmanEngine;
use super::listing::{ListedContainer, UserListing};
use crate::containers::{ContainerHealth, next_event};
use crate::program::OutputStream;
use crate::supervisor::LOOK_EVERY;

/// The interval between lists while events come one after another.
const SPACING: Duration = Duration::from_millis(200);

/// The interval between lists while nothing happens: an engine that hangs, and a
/// container whose end nobody has noticed, send no events.
const QUIET: Duration = Duration::from_secs(30);

/// The pause before a stream that has ended is opened again.
const AWAY: Duration = Duration::from_secs(2);

/// The events after which the list may differ.
const KINDS: [&str; 11] = [
    "create",
    "start",
    "restart",
    "died",
    "kill",
    "stop",
    "pause",
    "unpause",
    "remove",
    "rename",
    "health_status",
];

/// The lists of all users.
#[derive(Debug, Default)]
pub(super) struct PodmanEvents {
    users: Mutex<HashMap<Option<String>, ListStream>>,
}

impl PodmanEvents {
    /// Subscribes to the list of a user: the number grows with each change of it.
    pub(super) fn subscribe(&self, engine: &PodmanEngine) -> watch::Receiver<u64> {
        self.list_of(engine).changes.subscribe()
    }

    /// Returns the list of a user as it is at present; waits for the first one.
    pub(super) async fn listing(&self, engine: &PodmanEngine) -> UserListing {
        let latest = self.list_of(engine);
        let mut changes = latest.changes.subscribe();
        // It is not dropped as long as this is held.
        let _ = changes.wait_for(|count| *count > 0).await;
        let listing = latest.listing.lock().unwrap_or_else(PoisonError::into_inner);
        match &*listing {
            Some(listing) => listing.clone(),
            None => Ok(Arc::default()),
        }
    }

    fn list_of(&self, engine: &PodmanEngine) -> Arc<LatestList> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = users.entry(engine.key());
        Arc::clone(&stream.or_insert_with(|| ListStream::of(engine.clone())).latest)
    }
}

/// The list of one user, followed until this is dropped.
#[derive(Debug)]
struct ListStream {
    latest: Arc<LatestList>,
    task: JoinHandle<()>,
}

impl ListStream {
    fn of(engine: PodmanEngine) -> Self {
        let latest = Arc::new(LatestList::default());
        let task = tokio::spawn(keep_listing(engine, Arc::clone(&latest)));
        Self { latest, task }
    }
}

impl Drop for ListStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The last list of one user.
#[derive(Debug)]
struct LatestList {
    listing: Mutex<Option<UserListing>>,
    changes: watch::Sender<u64>,
}

impl Default for LatestList {
    fn default() -> Self {
        Self {
            listing: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl LatestList {
    /// Takes a new list. Those who follow it are notified if it differs.
    fn take(&self, new: UserListing) {
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        if listing.as_ref().is_some_and(|old| is_same(old, &new)) {
            return;
        }
        *listing = Some(new);
        drop(listing);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Notes the end of a container that an event tells of, so that a crash is told before
    /// all containers are listed again.
    fn note_end(&self, event: &ContainerEvent) {
        let Some(at) = event.seconds().filter(|_| event.status == "died") else {
            return;
        };
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Ok(known)) = &*listing else { return };
        let Some(place) = known.iter().position(|one| one.id() == event.id) else {
            return;
        };
        let mut new = known.to_vec();
        let code = event.exit_code.unwrap_or_default();
        let (Some(one), Some(ended)) = (new.get_mut(place), known.get(place).and_then(|one| one.ended(code, at)))
        else {
            return;
        };
        *one = ended;
        *listing = Some(Ok(Arc::new(new)));
        drop(listing);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Returns true if an event brings nothing that the list does not have.
    fn has(&self, event: &ContainerEvent) -> bool {
        let Some(verdict) = &event.health_status else {
            return false;
        };
        let listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Ok(listing)) = &*listing else { return false };
        let own = listing.iter().find(|one| one.id() == event.id);
        own.is_some_and(|one| word(one) == Some(verdict))
    }
}

fn word(one: &ListedContainer) -> Option<&'static str> {
    match one.as_member_of("").health {
        ContainerHealth::Healthy => Some("healthy"),
        ContainerHealth::Unhealthy => Some("unhealthy"),
        ContainerHealth::Starting => Some("starting"),
        ContainerHealth::None => None,
    }
}

/// Compares lists, without the words that change with time alone.
fn is_same(old: &UserListing, new: &UserListing) -> bool {
    match (old, new) {
        (Ok(old), Ok(new)) => {
            let all = |list: &[ListedContainer]| -> Vec<_> {
                let each = |one: &ListedContainer| (one.as_member_of(one.pod_id()), one.pod_name().to_owned());
                list.iter().map(each).collect()
            };
            all(old) == all(new)
        }
        (Err(old), Err(new)) => old == new,
        _ => false,
    }
}

/// Keeps the list of a user up to date. It is made anew after an event; while there is
/// no stream of events, at intervals.
async fn keep_listing(engine: PodmanEngine, latest: Arc<LatestList>) {
    loop {
        let events = events(&engine);
        latest.take(engine.list().await);
        let Some(mut events) = events else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        let news = Notify::new();
        let read = async {
            while let Some(line) = next_event(&mut events).await {
                if is_news(&line, &latest) {
                    news.notify_one();
                }
            }
        };
        tokio::select! {
            () = read => {}
            () = list_at(&news, &engine, &latest) => {}
        }
        // Changes are missed from here on.
        let until = Instant::now() + AWAY;
        while Instant::now() < until {
            latest.take(engine.list().await);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Makes the list anew at each of the news, and now and then without.
async fn list_at(news: &Notify, engine: &PodmanEngine, latest: &LatestList) {
    loop {
        let begun = Instant::now();
        tokio::select! {
            () = news.notified() => {}
            () = sleep_until(begun + QUIET) => {}
        }
        let listed = Instant::now();
        latest.take(engine.list().await);
        sleep_until(listed + SPACING).await;
    }
}

fn events(engine: &PodmanEngine) -> Option<BufReader<OutputStream>> {
    // Includes the last seconds: it takes podman a moment to listen.
    let fixed = [
        "events",
        "--format",
        "json",
        "--since",
        "2s",
        "--filter",
        "type=container",
    ];
    let mut words: Vec<String> = fixed.map(str::to_owned).into();
    for kind in KINDS {
        words.extend(["--filter".to_owned(), format!("event={kind}")]);
    }
    engine.follow(words).map(BufReader::new)
}

/// An event of a container. See podman-events(1).
#[derive(Deserialize)]
struct ContainerEvent {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "Status")]
    status: String,
    /// The time, in RFC 3339.
    #[serde(rename = "Time", default)]
    time: String,
    /// The exit code of one that has died; it is left out where that is 0.
    #[serde(rename = "ContainerExitCode", default)]
    exit_code: Option<i32>,
    /// The verdict, where a health check was made.
    #[serde(default)]
    health_status: Option<String>,
}

impl ContainerEvent {
    /// Returns its time in seconds since the epoch, if it is told in UTC.
    fn seconds(&self) -> Option<i64> {
        let at = humantime::parse_rfc3339(&self.time).ok()?;
        let since = at.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok()
    }
}

/// Returns a list as it is after events.
#[cfg(fuzzing)]
pub(super) fn replay(listed: Vec<ListedContainer>, lines: &str) -> Vec<ListedContainer> {
    let latest = LatestList::default();
    latest.take(Ok(Arc::new(listed)));
    for line in lines.lines() {
        let _ = is_news(line, &latest);
    }
    let listing = latest.listing.lock().unwrap_or_else(PoisonError::into_inner);
    match &*listing {
        Some(Ok(listing)) => listing.to_vec(),
        _ => Vec::new(),
    }
}

/// Takes in an event, and returns true if the list may differ after it. A health check that ends as the
/// last one did is an event, and no change.
fn is_news(line: &str, latest: &LatestList) -> bool {
    match serde_json::from_str::<ContainerEvent>(line) {
        Ok(event) => {
            latest.note_end(&event);
            KINDS.contains(&event.status.as_str()) && !latest.has(&event)
        }
        // What is not understood may be anything.
        Err(_) => !line.trim().is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::podman::listing::parse;

    fn listing(text: &str) -> UserListing {
        Ok(Arc::new(parse(text.as_bytes()).unwrap()))
    }

    #[test]
    fn the_same_list_again_is_no_change() {
        let latest = LatestList::default();
        let changes = latest.changes.subscribe();
        let count = || *changes.borrow();
        let up = r#"[{"Id":"1","Names":["a"],"State":"running","Status":"Up 1 second ago","StartedAt":5}]"#;
        latest.take(listing(up));
        latest.take(listing(&up.replace("1 second", "2 seconds")));
        assert_eq!(count(), 1, "time alone has passed");
        for (number, other) in [
            (2, up.replace("running", "exited")),
            (3, up.replace("5}", "6}")),
            (4, up.replace("[\"a\"]", "[\"b\"]")),
            (5, up.replace("ago", "ago (healthy)")),
            (6, "[]".to_owned()),
        ] {
            latest.take(listing(&other));
            latest.take(listing(&other));
            assert_eq!(count(), number, "{other}");
        }
    }

    #[test]
    fn health_checks_alone_are_no_change() {
        let latest = LatestList::default();
        latest.take(listing(
            r#"[{"Id":"1","Names":["a"],"State":"running","Status":"Up (healthy)"}]"#,
        ));
        let event = |status: &str, more: &str| {
            format!(r#"{{"ID":"1","Name":"a","Status":"{status}","Type":"container"{more}}}"#)
        };
        for (line, news) in [
            (event("died", r#","ContainerExitCode":3"#), true),
            (event("start", ""), true),
            (event("health_status", r#","health_status":"healthy""#), false),
            (event("health_status", r#","health_status":"unhealthy""#), true),
            (event("health_status", ""), true),
            (event("exec", ""), false),
            ("noise".to_owned(), true),
            ("\n".to_owned(), false),
        ] {
            assert_eq!(is_news(&line, &latest), news, "{line}");
        }
    }

    #[test]
    fn an_end_is_known_before_the_next_list() {
        let latest = LatestList::default();
        let up = r#"[{"Id":"1","Names":["a"],"State":"running","StartedAt":1767225600,"Pid":7},
            {"Id":"2","Names":["b"],"State":"exited","StartedAt":1767225600,"ExitCode":9}]"#;
        let died = |id: &str, second: &str| {
            let time = format!("2026-01-01T00:00:{second}.5Z");
            let line = format!(r#"{{"ID":"{id}","Status":"died","Time":"{time}","ContainerExitCode":3}}"#);
            assert!(is_news(&line, &latest), "{line}");
            let listing = latest.listing.lock().unwrap();
            let Some(Ok(listing)) = &*listing else {
                panic!("no list")
            };
            let code = |one: &ListedContainer| (one.as_member_of("").is_alive(), one.as_member_of("").exit_code);
            listing.iter().map(code).collect::<Vec<_>>()
        };
        latest.take(listing(up));
        let before = [(true, 0), (false, 9)];
        assert_eq!(died("1", "00"), before, "it may be of the run before");
        assert_eq!(died("3", "05"), before, "it is not in the list");
        assert_eq!(died("2", "05"), before, "it was down");
        assert_eq!(died("1", "05"), [(false, 3), (false, 9)]);
    }

    #[test]
    fn the_events_of_podman() {
        let latest = LatestList::default();
        for line in include_str!("recorded/events-4.3.ndjson").lines() {
            assert!(is_news(line, &latest), "{line}");
        }
    }
}
