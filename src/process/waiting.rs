//! The wait for a launch to become ready.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::shim::client::Client;
use super::shim::wire::{Report, Request};
use super::standing::{Standing, standing};
use super::starting::{PASSING, PASSING_MAX};
use super::supervisor::ProcessSupervisor;
use crate::event::Want;
use crate::failure::{Failure, FailureKind};
use crate::probe::Readiness;
use crate::store::board::Phase;
use crate::store::ending::Exit;
use crate::store::launch::{Launch, LogPosition};
use crate::store::tail::Tail;
use crate::store::{InstanceDir, ending, intent, lock};

/// How often a start looks whether somebody has asked for a stop meanwhile.
const INTENT_EVERY: Duration = Duration::from_millis(100);

/// How often the last line that it printed is looked for.
const LAST_LINE_EVERY: Duration = Duration::from_millis(250);

/// How many of the last lines are shown of a game that ended early.
pub(super) const LAST_LINES: u64 = 20;

/// And how many bytes of them.
const LAST_BYTES: usize = 4096;

/// The wait for a launch to become ready.
pub(super) struct Waiting<'a> {
    pub(super) supervisor: &'a ProcessSupervisor,
    pub(super) dir: &'a Arc<InstanceDir>,
    pub(super) launch: &'a Launch,
}

impl Waiting<'_> {
    /// Waits. False when the shim was killed meanwhile.
    pub(super) async fn run(&self, deadline: Instant, limit: Duration) -> Result<bool, Failure> {
        let id = &self.supervisor.id;
        let scene = self.supervisor.scene(self.dir, self.launch);
        let mut readiness = Readiness::new(&self.supervisor.ready, &scene)?;
        let Some(client) = self.subscribe().await else {
            let ready = self.ended().await?;
            // A shim that listens to nobody would be asked for ever.
            let late = Instant::now() >= deadline;
            return if late { Err(self.too_late(limit)) } else { Ok(ready) };
        };
        let mut awaited = String::new();
        let probes = readiness.hold(|awaits| {
            awaited = awaits.to_owned();
            self.supervisor.awaits(format!("ready ({awaits})"), Some(limit));
        });
        tokio::select! {
            biased;
            ended = self.watch(&client) => ended,
            () = probes => self.put_on_record().await,
            () = self.show_last_line() => Ok(false),
            () = self.overtaken() => Err(overtaken(id)),
            () = tokio::time::sleep_until(deadline) => Err(self.too_late(limit)),
        }
    }

    fn too_late(&self, limit: Duration) -> Failure {
        let id = &self.supervisor.id;
        let message = format!("not ready after {}", humantime::format_duration(limit));
        Failure::new(FailureKind::Timeout, message).hint(format!(
            "it goes on starting; see `gamectl status {id}` and `gamectl logs {id}`"
        ))
    }

    async fn subscribe(&self) -> Option<Client> {
        let client = Client::connect(self.dir).await.ok()?;
        client.send(&Request::Subscribe).await.ok()?;
        Some(client)
    }

    /// Follows what the shim says until it says that the game will not become
    /// ready.
    async fn watch(&self, client: &Client) -> Result<bool, Failure> {
        loop {
            match client.receive().await {
                Ok(Some(Report {
                    phase: Phase::Stopping, ..
                })) => return Err(overtaken(&self.supervisor.id)),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return self.ended().await,
            }
        }
    }

    async fn put_on_record(&self) -> Result<bool, Failure> {
        let generation = self.launch.generation;
        let client = match Client::connect(self.dir).await {
            Ok(client) => client,
            Err(_) => return self.ended().await,
        };
        match client.ask(&Request::Ready { generation }).await {
            Ok(Some(report)) if report.refusal.is_empty() => Ok(true),
            Ok(Some(report)) if report.phase == Phase::Stopping => Err(overtaken(&self.supervisor.id)),
            Ok(Some(report)) if report.generation == generation => {
                // Its main process has ended. What outlived it has answered, and
                // will not be there for long.
                while self.is_clearing() {
                    tokio::time::sleep(PASSING).await;
                }
                self.ended().await
            }
            Ok(Some(report)) => Err(Failure::failed(format!("it is ready, but {}", report.refusal))),
            Ok(None) | Err(_) => self.ended().await,
        }
    }

    fn is_clearing(&self) -> bool {
        let evidence = self.supervisor.gather();
        evidence.is_ok_and(|evidence| matches!(standing(&evidence), Ok(Standing::Clearing { .. })))
    }

    /// Returns when somebody has asked for a stop.
    async fn overtaken(&self) {
        loop {
            tokio::time::sleep(INTENT_EVERY).await;
            let wish = intent::read(self.dir).ok().flatten();
            if wish.is_some_and(|wish| wish.want == Want::Stopped) {
                return;
            }
        }
    }

    /// Shows the last line that it printed, again and again.
    async fn show_last_line(&self) {
        loop {
            tokio::time::sleep(LAST_LINE_EVERY).await;
            let line = last_lines(self.dir, 1, Some(self.launch.log)).trim().to_owned();
            self.supervisor.activity.change(|activity| {
                let changed = activity.last_line != line;
                activity.last_line = line;
                changed
            });
        }
    }

    /// Says how it ended, once its shim has put that on record. False when it
    /// has not, or has only dropped us.
    async fn ended(&self) -> Result<bool, Failure> {
        let until = Instant::now() + PASSING_MAX;
        while lock::shim_lives(self.dir).unwrap_or(false) && Instant::now() < until {
            if self.is_kept().await {
                return Ok(false);
            }
            tokio::time::sleep(PASSING).await;
        }
        let id = &self.supervisor.id;
        let exit = ending::read(self.dir).ok().flatten();
        match exit.filter(|exit| exit.generation == self.launch.generation) {
            Some(exit) if exit.requested => Err(overtaken(id)),
            Some(exit) => Err(early_end(
                id,
                &exit,
                &last_lines(self.dir, LAST_LINES, Some(self.launch.log)),
            )),
            None => Ok(false),
        }
    }

    /// Whether its shim answers that it keeps this launch.
    async fn is_kept(&self) -> bool {
        let asked = async {
            let client = Client::connect(self.dir).await.ok()?;
            client.ask(&Request::Status).await.ok()?
        };
        let answer = tokio::time::timeout(INTENT_EVERY, asked).await.ok().flatten();
        answer.is_some_and(|report| {
            report.generation == self.launch.generation && matches!(report.phase, Phase::Alive | Phase::Stopping)
        })
    }
}

/// The last that a game printed, since it was launched where that is known.
pub(super) fn last_lines(dir: &InstanceDir, lines: u64, began: Option<LogPosition>) -> String {
    let mut text = Vec::new();
    let Ok(tail) = Tail::from_last_lines(dir, lines) else {
        return String::new();
    };
    let mut tail = match began {
        Some(began) => tail.not_before(began),
        None => tail,
    };
    let mut buffer = vec![0; LAST_BYTES];
    while let Ok(n) = tail.read(dir, &mut buffer) {
        if n == 0 {
            break;
        }
        text.extend_from_slice(buffer.get(..n).unwrap_or_default());
    }
    let from = text.len().saturating_sub(LAST_BYTES);
    String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned()
}

/// The failure of a start whose game ended before it was ready.
pub(super) fn early_end(id: &str, exit: &Exit, last_lines: &str) -> Failure {
    let how = match (exit.code(), exit.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by {signal}"),
        (None, None) => "it ended".to_owned(),
    };
    let mut message = format!("{how} before it was ready");
    for line in last_lines.lines() {
        message.push_str("\n  | ");
        message.push_str(line);
    }
    Failure::failed(message).hint(format!("all it printed: `gamectl logs {id}`"))
}

/// The failure of a start that gave way to a stop.
pub(super) fn overtaken(id: &str) -> Failure {
    Failure::failed("somebody asked for a stop meanwhile, and that wins")
        .hint(format!("`gamectl start {id}` starts it again"))
}
