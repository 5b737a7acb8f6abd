//! A container engine, asked by labels: one list and one description of all
//! containers that are wanted.

use std::ffi::OsString;
use std::time::Duration;

use tokio::task::JoinSet;

use super::container::{self, Container};
use super::grouping::Grouping;
use super::kind::EngineKind;
use super::turns::output_in_turn;
use crate::failure::Failure;
use crate::program::{Finished, OutputStream, ProgramCall};
use crate::supervisor::{OutputAsk, OutputFrom};

/// The time within which the engine answers a question.
const ANSWER: Duration = Duration::from_secs(10);

/// The most containers that are described in one call: their ids make up its
/// command line.
const AT_ONCE: usize = 1000;

/// The time that stopping may take beyond the grace period.
const BEYOND_GRACE: Duration = Duration::from_secs(30);

/// The program and the context, which tell one engine from another.
pub(super) type EngineKey = (&'static str, Option<String>);

#[derive(Debug, Clone)]
pub struct Engine {
    kind: &'static EngineKind,
    grouping: &'static Grouping,
    context: Option<String>,
}

impl Engine {
    /// Creates the engine that is reached through a context; `None` is the
    /// default one.
    pub fn new(kind: &'static EngineKind, grouping: &'static Grouping, context: Option<String>) -> Self {
        Self {
            kind,
            grouping,
            context,
        }
    }

    pub fn kind(&self) -> &'static EngineKind {
        self.kind
    }

    pub(super) fn grouping(&self) -> &'static Grouping {
        self.grouping
    }

    pub(super) fn key(&self) -> EngineKey {
        (self.kind.program, self.context.clone())
    }

    /// Returns a command line for this engine: of its own program, or of one
    /// that takes the same option for the context.
    pub fn argv<W: Into<OsString>>(&self, program: &str, words: impl IntoIterator<Item = W>) -> Vec<OsString> {
        let mut argv: Vec<OsString> = vec![program.into()];
        if let Some(context) = &self.context {
            argv.extend([self.kind.context_option.into(), context.into()]);
        }
        argv.extend(words.into_iter().map(Into::into));
        argv
    }

    /// Returns a call of its program.
    pub fn program<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> ProgramCall {
        // Podman tells times in the zone of who asks.
        ProgramCall::new(self.argv(self.kind.program, words)).add_env([("TZ", "UTC".to_owned())])
    }

    async fn call(&self, program: ProgramCall, limit: Duration) -> Result<Finished, Failure> {
        let called = output_in_turn(program, limit).await;
        called.map_err(|error| self.kind.call_failed(self.kind.program, &error))
    }

    /// Asks a question and returns the answer.
    pub async fn ask<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> Result<Finished, Failure> {
        let answer = self.call(self.program(words), ANSWER).await?;
        if answer.status.success() {
            return Ok(answer);
        }
        Err(self.kind.refusal(&answer.complaint))
    }

    /// Returns the version of the engine.
    pub async fn version(&self) -> Result<String, Failure> {
        let answer = self.ask(["version", "--format", "{{.Server.Version}}"]).await?;
        Ok(answer.word())
    }

    /// Starts to follow the engine with a program that prints what happens.
    pub(super) fn follow<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> Option<OutputStream> {
        self.program(words).stream().ok()
    }

    /// Begins to print what containers have said, each line with its container before it.
    pub fn logs(&self, containers: &[Container], ask: OutputAsk) -> Result<OutputStream, Failure> {
        let from = match ask.from {
            OutputFrom::Start => None,
            OutputFrom::LastLines(lines) => Some(format!("--tail={lines}")),
            OutputFrom::Time(at) => Some(format!("--since={}", humantime::format_rfc3339_millis(at))),
        };
        let mut words = vec!["logs", "--names"];
        words.extend(from.as_deref());
        words.extend(ask.follow.then_some("--follow"));
        words.extend(ask.times.then_some("--timestamps"));
        words.extend(containers.iter().map(|one| one.id.as_str()));
        // What a game prints as errors is output, too.
        let together = ["sh", "-c", "exec \"$@\" 2>&1", "sh"].map(OsString::from);
        let argv = together.into_iter().chain(self.argv(self.kind.program, words));
        let logs = ProgramCall::new(argv).stream();
        logs.map_err(|error| self.kind.call_failed(self.kind.program, &error))
    }

    /// Returns the containers of one group.
    pub async fn of_group(&self, group: &str) -> Result<Vec<Container>, Failure> {
        self.labelled(&format!("{}={group}", self.grouping.label)).await
    }

    /// Returns the containers of all groups.
    pub(super) async fn of_all_groups(&self) -> Result<Vec<Container>, Failure> {
        self.labelled(self.grouping.label).await
    }

    async fn labelled(&self, label: &str) -> Result<Vec<Container>, Failure> {
        let filter = format!("label={label}");
        let listed = self
            .ask(["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter])
            .await?;
        let listed = String::from_utf8_lossy(&listed.output).into_owned();
        let ids: Vec<&str> = listed.split_ascii_whitespace().collect();
        let mut all = Vec::new();
        for ids in ids.chunks(AT_ONCE) {
            let inspect = self.program(["inspect", "--type", "container"].iter().chain(ids));
            let described = self.call(inspect, ANSWER).await?;
            // One that was removed in between is left out, with a complaint.
            if !described.status.success() && !is_gone(&described.complaint) {
                return Err(self.kind.refusal(&described.complaint));
            }
            let parsed = container::parse(&described.output, self.grouping);
            all.extend(parsed.map_err(|error| {
                let program = self.kind.program;
                Failure::unknown(format!("`{program} inspect` said something unexpected: {error}"))
            })?);
        }
        Ok(all)
    }

    /// Stops containers, each within its own grace period, of which `grace` is
    /// the longest. One that is gone counts as stopped.
    ///
    /// # Cancel safety
    /// The engine goes on stopping them.
    pub async fn stop(&self, containers: &[&Container], grace: Duration) -> Result<(), Failure> {
        if self.kind.stops_one_by_one {
            return self.stop_each(containers, |one| Duration::from_secs(one.grace)).await;
        }
        // Without -t: each has its own grace period.
        self.stop_with(&["stop"], containers, grace).await
    }

    /// Stops containers, and kills what is left of them after this grace period. It
    /// overtakes a stop that is under way.
    ///
    /// # Cancel safety
    /// The engine goes on stopping them.
    pub async fn stop_within(&self, containers: &[&Container], grace: Duration) -> Result<(), Failure> {
        if self.kind.stops_one_by_one {
            return self.stop_each(containers, |_| grace).await;
        }
        let seconds = grace.as_secs().to_string();
        self.stop_with(&["stop", "-t", &seconds], containers, grace).await
    }

    /// Stops containers at once, by a call for each.
    async fn stop_each(
        &self,
        containers: &[&Container],
        grace: impl Fn(&Container) -> Duration,
    ) -> Result<(), Failure> {
        let mut stops = JoinSet::new();
        for one in containers {
            let (engine, one, grace) = (self.clone(), (*one).clone(), grace(one));
            let stop = async move {
                let seconds = grace.as_secs().to_string();
                engine.stop_with(&["stop", "-t", &seconds], &[&one], grace).await
            };
            stops.spawn(stop);
        }
        let ended = stops.join_all().await;
        ended.into_iter().collect()
    }

    async fn stop_with(&self, words: &[&str], containers: &[&Container], grace: Duration) -> Result<(), Failure> {
        let ids = containers.iter().map(|one| one.id.as_str());
        let stop = self.program(words.iter().copied().chain(ids)).outliving_caller();
        let answer = self.call(stop, grace + BEYOND_GRACE).await?;
        if answer.status.success() || is_gone(&answer.complaint) {
            return Ok(());
        }
        Err(self.kind.refusal(&answer.complaint))
    }
}

fn is_gone(complaint: &str) -> bool {
    complaint.contains("No such") || complaint.contains("no such")
}
