//! The output of a container, as podman keeps it.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use tokio::io::{AsyncWriteExt, DuplexStream, copy};

use super::engine::PodmanEngine;
use super::game::PodmanGame;
use super::target;
use crate::containers::SeenGroup;
use crate::failure::Failure;
use crate::inventory::PodmanObject;
use crate::program::MergedOutput;
use crate::supervisor::{ConsoleOutput, OutputAsk, OutputFrom, OutputSource};

/// The pause before it is asked again whether a container runs again.
const AGAIN: Duration = Duration::from_secs(1);

/// The most bytes that wait to be read.
const UNREAD: usize = 64 * 1024;

#[async_trait::async_trait]
impl OutputSource for PodmanGame {
    async fn open(&self, ask: OutputAsk) -> Result<ConsoleOutput> {
        let look = self.see().await?;
        let log = ContainerLog {
            engine: self.engine().clone(),
            object: self.spec().object.clone(),
        };
        if look.containers.is_empty() {
            return Ok(Box::new(tokio::io::empty()));
        }
        let first = log.open(ask)?;
        if !ask.follow {
            return Ok(Box::new(first));
        }
        let (ours, theirs) = tokio::io::duplex(UNREAD);
        tokio::spawn(log.follow(first, ask, ours));
        Ok(Box::new(theirs))
    }
}

/// The log of a container or a pod.
struct ContainerLog {
    engine: PodmanEngine,
    object: PodmanObject,
}

impl ContainerLog {
    fn open(&self, ask: OutputAsk) -> Result<MergedOutput, Failure> {
        let mut words: Vec<String> = match &self.object {
            PodmanObject::Container(_) => vec!["logs".to_owned()],
            // Each line has the name of its container before it.
            PodmanObject::Pod(_) => ["pod", "logs", "--names"].map(str::to_owned).into(),
        };
        match ask.from {
            OutputFrom::Start => {}
            OutputFrom::LastLines(lines) => words.extend(["--tail".to_owned(), lines.to_string()]),
            OutputFrom::Time(at) => {
                let at = humantime::format_rfc3339_millis(at).to_string();
                words.extend(["--since".to_owned(), at]);
            }
        }
        words.extend(ask.follow.then(|| "--follow".to_owned()));
        words.extend(ask.times.then(|| "--timestamps".to_owned()));
        words.extend(["--".to_owned(), self.object.name().to_owned()]);
        let opened = MergedOutput::of(self.engine.program(words)?);
        opened.map_err(|error| crate::containers::PODMAN.call_failed("podman", &error))
    }

    /// Passes the output on, also of later runs, until nobody reads it.
    async fn follow(self, first: MergedOutput, mut ask: OutputAsk, mut to: DuplexStream) {
        let mut stream = first;
        loop {
            if copy(&mut stream, &mut to).await.is_err() {
                return;
            }
            // Podman's own following ends with the container.
            ask.from = OutputFrom::Time(SystemTime::now());
            let Some(again) = self.next_run(ask, &mut to).await else {
                return;
            };
            stream = again;
        }
    }

    /// Waits until it runs again, and opens its output from then on; `None` when nobody
    /// reads it any more.
    async fn next_run(&self, ask: OutputAsk, to: &mut DuplexStream) -> Option<MergedOutput> {
        loop {
            tokio::time::sleep(AGAIN).await;
            to.write_all(&[]).await.ok()?;
            let listed = self.engine.list().await.unwrap_or_default();
            let is_up = match target::find(&self.object, &listed) {
                target::OwnContainers::Some(own) => own.iter().any(super::starting::is_game_alive),
                target::OwnContainers::None(_) => false,
            };
            if is_up && let Ok(opened) = self.open(ask) {
                return Some(opened);
            }
        }
    }
}
