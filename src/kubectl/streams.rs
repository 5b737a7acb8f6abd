//! The contexts as they change: one watch for each kind in each namespace, however many
//! instances there are. Nothing is asked while nothing changes.
//!
//! A watch of kubectl ends with 0, and without a word, when the server goes away. So an end
//! is a loss, whatever it says: everything is listed anew, which tells what is wrong.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::io::BufReader;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

use super::engine::KubectlEngine;
use super::listing::{ClusterListing, ListedObject};
use super::reading;
use super::roster::{ClusterRoster, ContextKey, ContextNeeds};
use super::snapshots::ContextListing;
use crate::containers::next_event;

/// The pause before what was lost is watched again, and the longest one.
const AWAY: Duration = Duration::from_secs(1);
const LONG_AWAY: Duration = Duration::from_secs(30);

/// The interval between listings while something may not be seen: no watch tells that it
/// may be now.
const REFUSED: Duration = Duration::from_secs(60);

/// The time for which changes are gathered before they are told.
const TOGETHER: Duration = Duration::from_millis(100);

/// The changes that may wait.
const UNREAD: usize = 1024;

/// The listings of all contexts.
#[derive(Debug, Default)]
pub(super) struct ClusterStreams {
    contexts: Mutex<HashMap<ContextKey, ContextStream>>,
}

impl ClusterStreams {
    /// Subscribes to a context: the number grows with each change.
    pub(super) fn subscribe(&self, engine: &KubectlEngine, roster: &ClusterRoster) -> watch::Receiver<u64> {
        self.context(engine, roster).changes.subscribe()
    }

    /// Returns what there is at present; waits for the first listing.
    pub(super) async fn listing(&self, engine: &KubectlEngine, roster: &ClusterRoster) -> ContextListing {
        let latest = self.context(engine, roster);
        let mut changes = latest.changes.subscribe();
        // It is not dropped as long as this is held.
        let _ = changes.wait_for(|count| *count > 0).await;
        latest.get()
    }

    fn context(&self, engine: &KubectlEngine, roster: &ClusterRoster) -> Arc<LatestListing> {
        let key = ContextKey::of(engine);
        let mut contexts = self.contexts.lock().unwrap_or_else(PoisonError::into_inner);
        let needs = || roster.needs(&key);
        let stream = contexts.entry(key.clone());
        Arc::clone(
            &stream
                .or_insert_with(|| ContextStream::of(engine.clone(), needs()))
                .latest,
        )
    }
}

/// A context, followed until this is dropped.
#[derive(Debug)]
struct ContextStream {
    latest: Arc<LatestListing>,
    task: JoinHandle<()>,
}

impl ContextStream {
    fn of(engine: KubectlEngine, needs: ContextNeeds) -> Self {
        let latest = Arc::new(LatestListing::default());
        let task = tokio::spawn(keep_listing(engine, needs, Arc::clone(&latest)));
        Self { latest, task }
    }
}

impl Drop for ContextStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The last listing of a context, with what has changed since.
#[derive(Debug)]
struct LatestListing {
    listing: Mutex<Option<ContextListing>>,
    changes: watch::Sender<u64>,
}

impl Default for LatestListing {
    fn default() -> Self {
        Self {
            listing: Mutex::default(),
            changes: watch::Sender::new(0),
        }
    }
}

impl LatestListing {
    fn get(&self) -> ContextListing {
        let listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        listing.clone().unwrap_or_else(|| Ok(Arc::default()))
    }

    fn take(&self, new: ContextListing) {
        *self.listing.lock().unwrap_or_else(PoisonError::into_inner) = Some(new);
        self.tell();
    }

    /// Applies a change. Returns false if it is none.
    fn apply(&self, change: ClusterChange) -> bool {
        let mut listing = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *listing {
            Some(Ok(listing)) => Arc::make_mut(listing).apply(change.what, change.is_gone),
            _ => false,
        }
    }

    fn tell(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

/// A change that a watch has told.
#[derive(Debug)]
pub(super) struct ClusterChange {
    pub(super) what: ListedObject,
    pub(super) is_gone: bool,
}

/// A line of a watch.
#[derive(Debug)]
pub(super) enum WatchLine {
    Change(ClusterChange),
    /// Tells how far the watch has come.
    Nothing,
}

#[derive(Deserialize)]
struct WatchEvent {
    #[serde(rename = "type")]
    kind: String,
    object: Box<RawValue>,
}

impl WatchLine {
    /// Reads a line of `kubectl get --watch --output-watch-events`; `None` if it says that
    /// the watch is over, or is no event.
    pub(super) fn read(line: &str) -> Option<Self> {
        let event: WatchEvent = serde_json::from_str(line).ok()?;
        let is_gone = match event.kind.as_str() {
            "ADDED" | "MODIFIED" => false,
            "DELETED" => true,
            "BOOKMARK" => return Some(Self::Nothing),
            _ => return None,
        };
        let what = ListedObject::read(event.object.get()).ok()?;
        Some(Self::Change(ClusterChange { what, is_gone }))
    }
}

/// Lists, applies the changes as they come, and lists anew after a loss.
async fn keep_listing(engine: KubectlEngine, needs: ContextNeeds, latest: Arc<LatestListing>) {
    let mut pause = AWAY;
    loop {
        let (told, mut changes) = mpsc::channel(UNREAD);
        let mut watches = JoinSet::new();
        for (namespace, kind) in needs.watched() {
            watches.spawn(watch_kind(engine.in_namespace(&namespace), kind, told.clone()));
        }
        drop(told);
        let begun = Instant::now();
        let listed = reading::list(&engine, &needs.namespaces(), &needs.kinds())
            .await
            .map(Arc::new);
        latest.take(listed.clone());
        let is_known = listed.is_ok();
        if let Ok(listing) = listed {
            let limit = if listing.is_whole() { Duration::MAX } else { REFUSED };
            let follow = follow(&latest, &listing, &mut changes, &mut watches);
            let _ = tokio::time::timeout(limit, follow).await;
        }
        drop(watches);
        // A server that is away is asked less and less often.
        pause = match is_known && begun.elapsed() > LONG_AWAY {
            true => AWAY,
            false => (pause * 2).min(LONG_AWAY),
        };
        sleep(pause).await;
    }
}

/// Applies changes until a watch is lost of what may be seen.
async fn follow(
    latest: &LatestListing,
    listing: &ClusterListing,
    changes: &mut mpsc::Receiver<ClusterChange>,
    watches: &mut JoinSet<WatchedKind>,
) {
    let mut tell_at = None;
    // The last watch may end, and be heard of, in either order.
    let (mut is_told, mut is_watched) = (true, true);
    loop {
        let due = async {
            match tell_at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = due => {
                latest.tell();
                tell_at = None;
            }
            change = changes.recv(), if is_told => match change {
                Some(change) => {
                    if latest.apply(change) {
                        tell_at.get_or_insert_with(|| Instant::now() + TOGETHER);
                    }
                }
                None => is_told = false,
            },
            ended = watches.join_next(), if is_watched => match ended {
                Some(Ok(watched)) if listing.refuses(&watched.namespace, &watched.kind) => {}
                Some(_) => return,
                // Nothing was lost but what may not be seen.
                None => is_watched = false,
            },
        }
    }
}

/// A kind that was watched in a namespace.
#[derive(Debug)]
struct WatchedKind {
    namespace: String,
    kind: String,
}

/// Passes on what changes of a kind in a namespace, until that is lost.
async fn watch_kind(engine: KubectlEngine, kind: String, told: mpsc::Sender<ClusterChange>) -> WatchedKind {
    let words = ["get", &kind, "--output=json", "--watch", "--output-watch-events"];
    if let Ok(stream) = engine.program(words).stream() {
        let mut stream = BufReader::new(stream);
        while let Some(line) = next_event(&mut stream).await {
            match WatchLine::read(&line) {
                Some(WatchLine::Change(change)) => {
                    if told.send(change).await.is_err() {
                        break;
                    }
                }
                Some(WatchLine::Nothing) => {}
                None => break,
            }
        }
    }
    WatchedKind {
        namespace: engine.place().namespace.clone(),
        kind,
    }
}

#[cfg(test)]
mod tests {
    use super::super::listing::Forbidden;
    use super::*;

    /// Follows watches of these kinds that have all ended, for some hours at most. Returns
    /// the time that passed.
    async fn followed(kinds: &[&str], listing: &ClusterListing) -> Duration {
        let (told, mut changes) = mpsc::channel(1);
        let mut watches = JoinSet::new();
        for kind in kinds {
            let (told, kind) = (told.clone(), (*kind).to_owned());
            watches.spawn(async move {
                drop(told);
                WatchedKind {
                    namespace: "n".to_owned(),
                    kind,
                }
            });
        }
        drop(told);
        // They have all ended before anybody looks.
        sleep(Duration::from_millis(1)).await;
        let begun = Instant::now();
        let latest = LatestListing::default();
        let follow = follow(&latest, listing, &mut changes, &mut watches);
        let _ = tokio::time::timeout(Duration::from_secs(3600), follow).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn watches_that_end_all_at_once_are_a_loss() {
        let whole = ClusterListing::default();
        assert_eq!(followed(&["pods"], &whole).await, Duration::ZERO);
        assert_eq!(followed(&["pods", "deployments.apps"], &whole).await, Duration::ZERO);
        // What may not be seen is asked for again after a time.
        let refused = ClusterListing {
            forbidden: vec![Forbidden {
                said: "pods is forbidden: User \"me\" cannot list resource \"pods\" in API group \"\"".to_owned(),
                namespace: "n".to_owned(),
            }],
            ..ClusterListing::default()
        };
        assert!(refused.refuses("n", "pods"));
        assert_eq!(followed(&["pods"], &refused).await, Duration::from_secs(3600));
        assert_eq!(followed(&["pods", "deployments.apps"], &refused).await, Duration::ZERO);
    }

    #[test]
    fn events_are_read_and_what_is_none_is_a_loss() {
        let line = r#"{"type":"DELETED","object":{"kind":"Pod","metadata":{"name":"p","namespace":"n","uid":"u"}}}"#;
        let Some(WatchLine::Change(change)) = WatchLine::read(line) else {
            panic!("a change")
        };
        assert!(change.is_gone && matches!(change.what, ListedObject::Pod(pod) if pod.name() == "p"));
        for line in [
            r#"{"type":"ERROR","object":{"kind":"Status","metadata":{},"code":410}}"#,
            r#"{"type":"ADDED","object":{"kind":"Pod","metadata":{"na"#,
            "<html>",
            "",
        ] {
            assert!(WatchLine::read(line).is_none(), "{line}");
        }
    }
}
