//! The wait for a launch to become ready.

use std::time::Duration;

use tokio::time::Instant;

use super::game::{Folder, ManagedGame};
use super::pause::{PAUSE_MAX, TRANSITION_MAX};
use super::shim::client::{self, Client};
use super::shim::wire::{Report, Request};
use super::situation::Situation;
use super::{explain, probing};
use crate::channel::{elsewhere, transport};
use crate::event::Want;
use crate::failure::{Failure, FailureKind};
use crate::inventory::Probe;
use crate::invocation::command;
use crate::probe::Readiness;
use crate::store::launch::Launch;
use crate::store::status_table::Phase;
use crate::store::tail::{LAST_LINES, last_lines};
use crate::store::{InstanceDir, ending, intent, lock};
use crate::sys::listeners::Transport;

/// The pause between two looks whether a stop was asked for meanwhile.
const INTENT_EVERY: Duration = Duration::from_millis(100);

/// The pause between two looks at the last line that the game printed.
const LAST_LINE_EVERY: Duration = Duration::from_millis(250);

/// The wait for the record of a game that ended as its time did.
const JUST_ENDED: Duration = Duration::from_secs(1);

/// The wait for one launch.
pub(super) struct ReadyWait<'a> {
    pub(super) game: &'a ManagedGame,
    pub(super) folder: &'a Folder<'a>,
    pub(super) launch: &'a Launch,
}

impl ReadyWait<'_> {
    /// Waits. Returns false if the shim was killed meanwhile.
    pub(super) async fn run(&self, deadline: Instant, limit: Duration) -> Result<bool, Failure> {
        let mut readiness = probing::readiness(self.game, &self.folder.dir, self.launch).await?;
        let Some(client) = self.subscribe().await else {
            let ready = self.ended().await?;
            // A shim that never accepts a connection would be asked for ever.
            let late = Instant::now() >= deadline;
            return if late {
                Err(self.at_deadline(limit, &readiness).await)
            } else {
                Ok(ready)
            };
        };
        let probes = readiness.hold(|awaits| self.game.live.awaits(format!("ready ({awaits})"), Some(limit)));
        tokio::select! {
            biased;
            ended = self.follow(&client) => ended,
            () = probes => self.record_ready().await,
            never = self.show_last_line() => never,
            () = self.overtaken() => Err(explain::overtaken(&self.game.id)),
            () = tokio::time::sleep_until(deadline) => Err(self.at_deadline(limit, &readiness).await),
        }
    }

    fn dir(&self) -> &InstanceDir {
        &self.folder.dir
    }

    /// Returns what keeps it from being ready when its time is over.
    async fn at_deadline(&self, limit: Duration, readiness: &Readiness) -> Failure {
        let evidence = self.folder.gather();
        let situation = Situation::of(&evidence);
        let is_over = !matches!(situation, Situation::Kept(_) | Situation::KeptSilently(_));
        if !is_over && !situation.is_draining() {
            return self.too_late(limit, readiness);
        }
        // How it ended is about to be on record.
        match tokio::time::timeout(JUST_ENDED, self.drained()).await {
            Ok(Err(reason)) => reason,
            _ if situation.is_draining() => explain::ended_with_leftovers(&self.game.id),
            _ => self.too_late(limit, readiness),
        }
    }

    fn too_late(&self, limit: Duration, readiness: &Readiness) -> Failure {
        let id = &self.game.id;
        let mut message = format!("not ready after {}", humantime::format_duration(limit));
        let awaited = readiness.awaited();
        for awaited in awaited.iter().filter(|awaited| !awaited.trouble.is_empty()) {
            message.push_str(&format!(": {awaited}"));
        }
        let goes_on = format!(
            "it goes on starting; see {} and {}",
            command(format_args!("status {id}")),
            command(format_args!("logs {id}"))
        );
        let asked = self.game.ready.probes.iter().filter_map(|probe| match probe {
            Probe::Login(remote) => Some((&remote.address, transport(remote.kind))),
            Probe::Tcp(address) => Some((address, Transport::Tcp)),
            _ => None,
        });
        let elsewhere = asked
            .filter_map(|(address, over)| Some((address, elsewhere(address, over)?)))
            .next();
        let advice = awaited.into_iter().find_map(|awaited| awaited.advice);
        Failure::new(FailureKind::Timeout, message).hint(match elsewhere {
            Some((address, server)) => format!(
                "nothing listens at {address}, but something does at {server}: ask it there, or have the game listen at all addresses; {goes_on}"
            ),
            None => advice.into_iter().chain([goes_on]).collect::<Vec<_>>().join("; "),
        })
    }

    async fn subscribe(&self) -> Option<Client> {
        let client = Client::connect(self.dir()).await.ok()?;
        client.send(&Request::Subscribe).await.ok()?;
        Some(client)
    }

    /// Follows the reports of the shim until the game will not become ready any
    /// more.
    async fn follow(&self, client: &Client) -> Result<bool, Failure> {
        loop {
            match client.receive().await {
                Ok(Some(Report {
                    phase: Phase::Stopping, ..
                })) => return Err(explain::overtaken(&self.game.id)),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return self.ended().await,
            }
        }
    }

    async fn record_ready(&self) -> Result<bool, Failure> {
        let generation = self.launch.generation;
        match probing::record_ready(self.dir(), generation).await {
            Some(report) if report.refusal.is_empty() => Ok(true),
            Some(report) if report.phase == Phase::Stopping => Err(explain::overtaken(&self.game.id)),
            Some(report) if report.generation == generation => {
                // The main process has ended. A process that outlived it has
                // answered, and will not be there for long.
                self.drained().await
            }
            Some(report) => Err(Failure::failed(format!("it is ready, but {}", report.refusal))),
            None => self.ended().await,
        }
    }

    /// Returns when a stop was asked for.
    async fn overtaken(&self) {
        loop {
            tokio::time::sleep(INTENT_EVERY).await;
            let wish = intent::read(self.dir()).ok().flatten();
            if wish.is_some_and(|wish| wish.want == Want::Stopped) {
                return;
            }
        }
    }

    async fn show_last_line<T>(&self) -> T {
        loop {
            tokio::time::sleep(LAST_LINE_EVERY).await;
            let line = last_lines(self.dir(), 1, Some(self.launch.log));
            self.game.live.show_line(line.trim());
        }
    }

    /// Waits for the end of what outlived the main process, and explains it.
    async fn drained(&self) -> Result<bool, Failure> {
        while Situation::of(&self.folder.gather()).is_draining() {
            tokio::time::sleep(PAUSE_MAX).await;
        }
        self.ended().await
    }

    /// Explains how the game ended, once its shim has put that on record.
    /// Returns false if the shim was killed, or has only closed the connection.
    async fn ended(&self) -> Result<bool, Failure> {
        let until = Instant::now() + TRANSITION_MAX;
        while lock::shim_lives(self.dir()).unwrap_or(false) && Instant::now() < until {
            if self.is_kept().await {
                return Ok(false);
            }
            tokio::time::sleep(PAUSE_MAX).await;
        }
        let id = &self.game.id;
        let exit = ending::read(self.dir()).ok().flatten();
        match exit.filter(|exit| exit.generation == self.launch.generation) {
            Some(exit) if exit.requested => Err(explain::overtaken(id)),
            Some(exit) => {
                let printed = last_lines(self.dir(), LAST_LINES, Some(self.launch.log));
                Err(explain::early_end(id, &exit, &printed))
            }
            None => Ok(false),
        }
    }

    /// Returns true if its shim answers that it keeps this launch.
    async fn is_kept(&self) -> bool {
        let answer = client::ask(self.dir(), &Request::Status, INTENT_EVERY).await;
        answer.is_some_and(|report| {
            report.generation == self.launch.generation && matches!(report.phase, Phase::Alive | Phase::Stopping)
        })
    }
}
