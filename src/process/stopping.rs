//! `stop`: until nothing of the game is left.

use std::time::Duration;

use tokio::time::Instant;

use super::evidence::Evidence;
use super::shim::client::Client;
use super::shim::wire::{Report, Request};
use super::standing::{Standing, standing};
use super::starting::{PASSING, PASSING_MAX, stuck};
use super::supervisor::ProcessSupervisor;
use super::unseen;
use crate::failure::Failure;
use crate::policy::stop::without_delegated;
use crate::store::board::{self, Entry};
use crate::store::ending::Exit;
use crate::store::plan::UNKNOWN_STEP;
use crate::store::{InstanceDir, StateDir, ending, launch, lock};
use crate::supervisor::{InstanceState, Outcome, StopOptions};
use crate::sys::identity;
use crate::sys::pidfd::Pidfd;

/// How long a shim may take to answer.
const ANSWER: Duration = Duration::from_secs(5);

/// How often a stop may begin anew because shims die under it.
const ROUNDS: u32 = 100;

impl ProcessSupervisor {
    pub(super) async fn carry_out_stop(&self, how: &StopOptions) -> Result<Outcome, Failure> {
        let (state, dir) = self.place()?;
        let mut passing_until = Instant::now() + PASSING_MAX;
        let mut changed = None;
        let mut told = Vec::new();
        let mut round = 0;
        while round < ROUNDS {
            match standing(&Evidence::gather(&state, &dir, &self.id))? {
                Standing::Free { unseen, .. } => {
                    if unseen::record(&dir, unseen.as_deref())? {
                        return Ok(self.stopped(&dir, changed, told));
                    }
                    tokio::time::sleep(PASSING).await;
                }
                Standing::Damaged(why) => unseen::set_damaged_aside(&dir, &why)?,
                at @ (Standing::Passing | Standing::Ended { .. }) if Instant::now() < passing_until => {
                    if let Standing::Ended { generation } = at {
                        self.let_go(&dir, generation).await;
                    }
                    // What a stop has shown last is what it waits for still.
                    if changed.is_none() {
                        self.awaits("its shim", None);
                    }
                    tokio::time::sleep(PASSING).await;
                    // A look while somebody else is about to change it is no round.
                    continue;
                }
                Standing::Passing | Standing::Ended { .. } => {
                    let trouble = self.trouble(&dir).await.ok_or_else(|| stuck(&self.id))?;
                    told.push(format!("{trouble}; its shim goes on trying"));
                    return Ok(ended_off_record(changed, &told));
                }
                Standing::Orphan(launch) => {
                    changed = Some(launch.generation);
                    self.take_over(&state, &dir, &launch).await?;
                    passing_until = Instant::now() + PASSING_MAX;
                }
                Standing::Strayed(entry) => {
                    changed = Some(entry.generation);
                    self.publish(InstanceState::Stopping);
                    if self.end_strayed(&state, &entry).await? {
                        told.push("its folder was gone, so that its shim was told by a signal".to_owned());
                    }
                }
                Standing::Kept { generation, .. } | Standing::Clearing { generation } => {
                    changed = Some(generation);
                    self.publish(InstanceState::Stopping);
                    self.ask_to_stop(&dir, generation, how, &mut told).await?;
                    passing_until = Instant::now() + PASSING_MAX;
                }
            }
            round += 1;
        }
        Err(stuck(&self.id))
    }

    /// Has a shim leave that is there for the next launch by somebody else,
    /// after the end of this one.
    pub(super) async fn let_go(&self, dir: &InstanceDir, generation: u64) {
        let steps = Vec::new();
        let request = Request::Stop {
            generation,
            steps,
            now: false,
        };
        let asked = async { Client::connect(dir).await?.ask(&request).await };
        // One that does not answer is about to leave in any case.
        let _ = tokio::time::timeout(PASSING, asked).await;
    }

    /// Why a shim whose game has ended is there still, as it says itself: the
    /// end cannot be put on record.
    async fn trouble(&self, dir: &InstanceDir) -> Option<String> {
        let asked = async { Client::connect(dir).await?.ask(&Request::Status).await };
        let report = tokio::time::timeout(ANSWER, asked).await.ok()?.ok()??;
        report.is_in_trouble().then_some(report.note)
    }

    /// The failure of a verb for which a shim is in the way for too long.
    pub(super) async fn held_up(&self, dir: &InstanceDir) -> Failure {
        match self.trouble(dir).await {
            Some(trouble) => Failure::failed(format!("of its last run: {trouble}"))
                .hint("free some space or mend the state directory; its shim goes on trying"),
            None => stuck(&self.id),
        }
    }

    /// Asks the shim to end the launch, and follows until the shim has ended.
    async fn ask_to_stop(
        &self,
        dir: &InstanceDir,
        generation: u64,
        how: &StopOptions,
        told: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let Some(client) = self.connect(dir).await? else {
            return Ok(());
        };
        // What is no longer in the inventory cannot be spoken to any more.
        let steps = match &self.spec {
            Some(_) => self.plan.stop.clone(),
            None => without_delegated(&self.plan.stop),
        };
        let request = Request::Stop {
            generation,
            steps,
            now: how.now,
        };
        let mut answer = match tokio::time::timeout(ANSWER, client.ask(&request)).await {
            Ok(answer) => answer,
            Err(_) => self.wake(dir, &client).await?,
        };
        if let Ok(Some(report)) = &answer
            && report.refusal == UNKNOWN_STEP
        {
            told.push("its shim is older than this gamectl: only its stdin and signal steps were taken".to_owned());
            let steps = without_delegated(&self.plan.stop);
            let now = how.now;
            answer = client.ask(&Request::Stop { generation, steps, now }).await;
        }
        let report = match answer {
            Ok(Some(report)) => report,
            Ok(None) | Err(_) => return Ok(()),
        };
        if !report.refusal.is_empty() {
            // It is another launch by now: we look again, and a little later.
            tokio::time::sleep(PASSING).await;
            return Ok(());
        }
        self.show(&report);
        if client.send(&Request::Subscribe).await.is_err() {
            return Ok(());
        }
        if self.follow_stop(dir, &client, generation, told).await {
            self.wait_for_lock(dir).await;
        }
        Ok(())
    }

    /// Ends a game whose folder is gone: nobody can talk to its shim, which takes a
    /// SIGTERM for the wish to stop. Whether it was told.
    async fn end_strayed(&self, state: &StateDir, entry: &Entry) -> Result<bool, Failure> {
        let pid = entry.shim_pid;
        let Ok(shim) = Pidfd::open(pid) else {
            return Ok(false);
        };
        // Who has its place on the board still is whom the descriptor stands for.
        if board::of(state, &self.id).is_none_or(|now| now.shim_pid != pid) {
            return Ok(false);
        }
        shim.signal(libc::SIGTERM)
            .map_err(|error| Failure::failed(format!("its shim (pid {pid}) cannot be told to stop it: {error}")))?;
        self.awaits("its shim, which was told by a signal", None);
        while !shim.has_ended() {
            tokio::time::sleep(PASSING).await;
        }
        Ok(true)
    }

    /// Connects to the shim. `None` when it has ended instead.
    async fn connect(&self, dir: &InstanceDir) -> Result<Option<Client>, Failure> {
        let until = Instant::now() + ANSWER;
        loop {
            if let Ok(Ok(client)) = tokio::time::timeout_at(until, Client::connect(dir)).await {
                return Ok(Some(client));
            }
            if !lock::shim_lives(dir).unwrap_or(true) {
                return Ok(None);
            }
            if Instant::now() >= until {
                return Err(no_answer(&self.id, dir));
            }
            // It is there, and does not listen yet, or no more.
            tokio::time::sleep(PASSING).await;
        }
    }

    /// A shim that somebody has stopped with a signal is made to go on.
    async fn wake(&self, dir: &InstanceDir, client: &Client) -> Result<std::io::Result<Option<Report>>, Failure> {
        self.awaits("its shim, which does not answer", Some(ANSWER));
        rouse_shim(dir);
        tokio::time::timeout(ANSWER, client.receive())
            .await
            .map_err(|_| no_answer(&self.id, dir))
    }

    pub(super) fn show(&self, report: &Report) {
        if report.step.is_empty() {
            let awaits = if report.note.is_empty() {
                "its end"
            } else {
                &report.note
            };
            self.awaits(awaits, None);
        } else {
            let limit = (report.step_limit_ms > 0).then(|| Duration::from_millis(report.step_limit_ms));
            self.awaits(report.step.clone(), limit);
        }
    }

    /// The connection ends a moment before the lock is free.
    async fn wait_for_lock(&self, dir: &InstanceDir) {
        let until = Instant::now() + PASSING_MAX;
        let mut pause = Duration::from_micros(200);
        while lock::shim_lives(dir).unwrap_or(false) && Instant::now() < until {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PASSING);
        }
    }

    fn stopped(&self, dir: &InstanceDir, ended: Option<u64>, mut told: Vec<String>) -> Outcome {
        let exit = ending::read(dir)
            .ok()
            .flatten()
            .filter(|exit| Some(exit.generation) == ended);
        told.extend(exit.as_ref().and_then(note));
        Outcome {
            changed: ended.is_some(),
            state: InstanceState::Stopped,
            ended_by: exit
                .as_ref()
                .map(|exit| exit.ended_by.clone())
                .filter(|step| !step.is_empty()),
            note: (!told.is_empty()).then(|| told.join("; ")),
        }
    }
}

/// Has a shim go on that somebody has stopped with a signal. One that works
/// does not notice.
pub(super) fn rouse_shim(dir: &InstanceDir) {
    if let Ok(Some(launch)) = launch::read(dir) {
        let _ = identity::signal_identified(launch.shim, libc::SIGCONT);
    }
}

/// Nothing of it is left, and that is all that can be said for now.
fn ended_off_record(ended: Option<u64>, told: &[String]) -> Outcome {
    Outcome {
        changed: ended.is_some(),
        state: InstanceState::Stopped,
        ended_by: None,
        note: Some(told.join("; ")),
    }
}

fn note(exit: &Exit) -> Option<String> {
    let mut notes = Vec::new();
    match exit.killed_leftovers {
        0 => {}
        1 => notes.push("a process that had outlived it was killed".to_owned()),
        n => notes.push(format!("{n} processes that had outlived it were killed")),
    }
    if exit.lost_output > 0 {
        notes.push(format!("{} bytes of its output could not be logged", exit.lost_output));
    }
    if !exit.requested {
        notes.push("it ended by itself meanwhile".to_owned());
    }
    if !exit.note.is_empty() {
        notes.push(exit.note.clone());
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn no_answer(id: &str, dir: &InstanceDir) -> Failure {
    let pid = launch::read(dir).ok().flatten().map(|launch| launch.shim.pid);
    let who = pid.map_or_else(|| "its shim".to_owned(), |pid| format!("its shim (pid {pid})"));
    Failure::failed(format!("{who} does not answer")).hint(format!(
        "when it is killed the game goes on, and `gamectl stop {id}` then takes it over and stops it"
    ))
}
