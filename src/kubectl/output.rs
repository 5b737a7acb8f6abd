//! The output of the pods of an object, as the cluster keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::engine::KubectlEngine;
use super::managed::ManagedObject;
use super::pod::{ClusterPod, ContainerReport};
use super::{reading, target};
use crate::failure::Failure;
use crate::inventory::KubectlSpec;
use crate::program::MergedOutput;
use crate::supervisor::{ConsoleOutput, OutputAsk, OutputFrom, OutputSource};

/// The pause before it is asked again which pods there are.
const AGAIN: Duration = Duration::from_secs(2);

/// The pause before an output is opened again that ended at once.
const LONG_AGAIN: Duration = Duration::from_secs(30);

/// The most bytes that wait to be read.
const UNREAD: usize = 64 * 1024;

/// The longest line that is kept whole among those of other pods.
const LINE_MAX: u64 = 1 << 20;

#[async_trait::async_trait]
impl OutputSource for ManagedObject {
    async fn open(&self, ask: OutputAsk) -> Result<ConsoleOutput> {
        let look = self.see_anew().await?;
        let (ours, theirs) = tokio::io::duplex(UNREAD);
        let log = PodLogs {
            engine: self.engine().clone(),
            spec: self.spec().clone(),
            to: Arc::new(Mutex::new(ours)),
        };
        tokio::spawn(log.pass_on(look.found.pods, ask));
        Ok(Box::new(theirs))
    }

    fn keeps_launches(&self) -> bool {
        true
    }
}

/// The logs of the pods of an object.
struct PodLogs {
    engine: KubectlEngine,
    spec: KubectlSpec,
    to: Arc<Mutex<DuplexStream>>,
}

impl PodLogs {
    /// Passes the output on until nobody reads it; that of later pods, too, if it is
    /// followed. What ends while its pod runs was lost, and goes on.
    async fn pass_on(self, pods: Vec<ClusterPod>, ask: OutputAsk) {
        let mut known = BTreeMap::new();
        let mut streams = JoinSet::new();
        let (mut pods, mut ask, follow) = (pods, ask, ask.follow);
        pods.sort_by(|a, b| a.metadata.creation_timestamp.cmp(&b.metadata.creation_timestamp));
        // Each line tells whose it is where there are several.
        let of_pod = |pod: &ClusterPod| match self.spec.container {
            Some(_) => 1,
            None => pod.spec.containers.len(),
        };
        let is_named = pods.iter().map(of_pod).sum::<usize>() > 1;
        loop {
            if !follow {
                for pod in &pods {
                    for container in self.kept(pod, ask.previous) {
                        if let Ok(stream) = self.open(pod.name(), container, ask, is_named) {
                            copy_lines(stream, Arc::clone(&self.to)).await;
                        }
                    }
                }
                return;
            }
            for source in pods.iter().flat_map(|pod| sources(pod, self.spec.container.as_deref())) {
                let from = match known.get(&source.run) {
                    None => ask.from,
                    Some(LogStream::Ended { at, again }) if source.is_running && *again <= Instant::now() => {
                        OutputFrom::Time(*at)
                    }
                    Some(_) => continue,
                };
                let ask = OutputAsk { from, ..ask };
                let Ok(stream) = self.open(source.pod, Some(source.container), ask, is_named) else {
                    continue;
                };
                let run = source.run;
                known.insert(run.clone(), LogStream::Open);
                let to = Arc::clone(&self.to);
                streams.spawn(async move {
                    let begun = Instant::now();
                    copy_lines(stream, to).await;
                    (run, LogStream::ended(begun))
                });
            }
            let since = SystemTime::now();
            tokio::time::sleep(AGAIN).await;
            if self.to.lock().await.write_all(&[]).await.is_err() {
                return;
            }
            while let Some(ended) = streams.try_join_next() {
                known.extend(ended);
            }
            pods = self.pods().await.unwrap_or_default();
            // What began meanwhile is told from its first line.
            ask.from = OutputFrom::Time(since.checked_sub(AGAIN).unwrap_or(since));
        }
    }

    /// Returns the containers of a pod whose output is wanted; `None` stands for all at
    /// once.
    fn kept<'a>(&'a self, pod: &'a ClusterPod, previous: bool) -> Vec<Option<&'a str>> {
        let all = vec![self.spec.container.as_deref()];
        if self.spec.container.is_some() || !previous {
            return all;
        }
        // kubectl gives up at the first container that has had no run before.
        let had = pod.reports().filter(|one| one.has_run_before());
        let had: Vec<_> = had.map(|one| Some(one.name())).collect();
        if had.is_empty() { all } else { had }
    }

    async fn pods(&self) -> Result<Vec<ClusterPod>, Failure> {
        let namespaces = [self.spec.place.namespace.clone()];
        let listing = reading::list(&self.engine, &namespaces, &target::kinds(&self.spec)).await?;
        Ok(match target::find(&self.spec, &listing) {
            target::FoundOrNot::Yes(found) => found.pods,
            target::FoundOrNot::No(_) => Vec::new(),
        })
    }

    fn open(
        &self,
        pod: &str,
        container: Option<&str>,
        ask: OutputAsk,
        is_named: bool,
    ) -> Result<MergedOutput, Failure> {
        let words = words(pod, container, ask, is_named);
        MergedOutput::of(self.engine.program(words)).map_err(|error| self.engine.not_called(&error))
    }
}

/// One run of a container, as it is followed.
struct LogSource<'a> {
    pod: &'a str,
    container: &'a str,
    /// Another pod of the same name is another one.
    run: (String, String, Option<SystemTime>),
    is_running: bool,
}

/// Returns the containers of a pod that have run, or the one of a name: each of them begins
/// and ends by itself.
fn sources<'a>(pod: &'a ClusterPod, only: Option<&str>) -> Vec<LogSource<'a>> {
    let is_wanted = |one: &&ContainerReport| one.started().is_some() && only.is_none_or(|name| name == one.name());
    let of = |one: &'a ContainerReport| LogSource {
        pod: pod.name(),
        container: one.name(),
        run: (pod.metadata.uid.clone(), one.name().to_owned(), one.started()),
        is_running: one.is_running(),
    };
    pod.reports().filter(is_wanted).map(of).collect()
}

fn words(pod: &str, container: Option<&str>, ask: OutputAsk, is_named: bool) -> Vec<String> {
    let mut words = vec!["logs".to_owned(), pod.to_owned()];
    words.push(match container {
        Some(container) => format!("--container={container}"),
        None => "--all-containers".to_owned(),
    });
    words.push(match ask.from {
        OutputFrom::Start => "--tail=-1".to_owned(),
        OutputFrom::LastLines(lines) => format!("--tail={lines}"),
        OutputFrom::Time(at) => format!("--since-time={}", humantime::format_rfc3339_seconds(at)),
    });
    words.extend(is_named.then(|| "--prefix".to_owned()));
    words.extend(ask.follow.then(|| "--follow".to_owned()));
    words.extend(ask.times.then(|| "--timestamps".to_owned()));
    words.extend(ask.previous.then(|| "--previous".to_owned()));
    words
}

/// The output of one run of a pod, as it is followed.
#[derive(Debug)]
enum LogStream {
    Open,
    /// The server, or something on the way to it, has ended it; kubectl does not tell why.
    Ended {
        at: SystemTime,
        /// The time from which on it may be opened again.
        again: Instant,
    },
}

impl LogStream {
    /// Makes what has ended just now, and was opened at a time.
    fn ended(begun: Instant) -> Self {
        let pause = match begun.elapsed() < AGAIN {
            true => LONG_AGAIN,
            false => Duration::ZERO,
        };
        Self::Ended {
            at: SystemTime::now(),
            again: Instant::now() + pause,
        }
    }
}

/// Copies whole lines, so that those of several pods do not mix.
async fn copy_lines(stream: MergedOutput, to: Arc<Mutex<DuplexStream>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        match (&mut stream).take(LINE_MAX).read_until(b'\n', &mut line).await {
            Ok(1..) => {}
            Ok(0) | Err(_) => return,
        }
        if to.lock().await.write_all(&line).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn each_run_of_a_container_is_followed_for_itself() {
        let text = r#"{"metadata":{"name":"p","uid":"u"},"status":{
            "initContainerStatuses":[{"name":"make","state":{"terminated":{"startedAt":"2026-11-30T05:00:00Z"}}}],
            "containerStatuses":[
                {"name":"game","state":{"waiting":{}},"lastState":{"terminated":{"startedAt":"2026-11-30T05:00:09Z"}}},
                {"name":"side","state":{"running":{"startedAt":"2026-11-30T05:00:05Z"}}},
                {"name":"late","state":{"waiting":{"reason":"ContainerCreating"}}}]}}"#;
        let pod: ClusterPod = serde_json::from_str(text).unwrap();
        let of = |only| {
            let sources = sources(&pod, only).into_iter();
            let names: Vec<String> = sources
                .map(|one| format!("{} {}", one.container, one.is_running))
                .collect();
            names.join(", ")
        };
        assert_eq!(of(None), "make false, game false, side true");
        assert_eq!(of(Some("side")), "side true");
        assert_eq!(of(Some("late")), "", "it has not run yet");
    }

    #[test]
    fn the_words_for_a_log() {
        let all = words("p", None, OutputAsk::plain(OutputFrom::Start, false), false);
        assert_eq!(all.join(" "), "logs p --all-containers --tail=-1");
        let last = words("p", None, OutputAsk::plain(OutputFrom::LastLines(5), true), true);
        assert_eq!(last.join(" "), "logs p --all-containers --tail=5 --prefix --follow");
        let since = OutputFrom::Time(UNIX_EPOCH + Duration::from_millis(7_900));
        let since = words("p", Some("game"), OutputAsk::plain(since, true), false);
        assert_eq!(
            since.join(" "),
            "logs p --container=game --since-time=1970-01-01T00:00:07Z --follow"
        );
        let before = OutputAsk {
            times: true,
            previous: true,
            ..OutputAsk::plain(OutputFrom::LastLines(5), false)
        };
        assert_eq!(
            words("p", Some("game"), before, false).join(" "),
            "logs p --container=game --tail=5 --timestamps --previous"
        );
    }
}
