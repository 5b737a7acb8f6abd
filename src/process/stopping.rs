//! `stop`: until nothing of the game is left.

use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::delegated::Follow;
use super::game::{Folder, ManagedGame};
use super::launcher::Launcher;
use super::pause::{PAUSE_MAX, Pauses};
use super::shim::client::{self, ANSWER, Client};
use super::shim::wire::{Order, Report, Request};
use super::situation::{Situation, Unclear};
use super::{explain, repair};
use crate::failure::Failure;
use crate::inventory::StopStep;
use crate::policy::stop::{LEFTOVER_GRACE_MS, chain_now, without_delegated};
use crate::stop_step;
use crate::store::ending::Exit;
use crate::store::launch::Launch;
use crate::store::plan::UNKNOWN_STEP;
use crate::store::status_table::{self, ShimStatus};
use crate::store::{ending, lock};
use crate::supervisor::{InstanceState, Outcome, StopOptions};
use crate::sys::identity;
use crate::sys::pidfd::Pidfd;

/// A stop begins anew at most this often because shims are killed meanwhile.
const ROUNDS: u32 = 100;

/// Stops a game, and waits until nothing of it is left.
///
/// # Errors
/// When something of it still runs, or may run.
pub(super) async fn stop(launcher: Launcher<'_>, options: &StopOptions) -> Result<Outcome, Failure> {
    let stop = GameStop {
        game: launcher.game,
        launcher,
        now: options.now,
        folder: launcher.game.create_folder()?,
        stopped: None,
        notes: Vec::new(),
    };
    stop.run().await
}

/// One `stop` under way.
struct GameStop<'a> {
    game: &'a ManagedGame,
    launcher: Launcher<'a>,
    now: bool,
    folder: Folder<'a>,
    /// The launch that was found running.
    stopped: Option<u64>,
    notes: Vec<String>,
}

impl GameStop<'_> {
    async fn run(mut self) -> Result<Outcome, Failure> {
        let mut pauses = Pauses::new();
        let mut round = 0;
        while round < ROUNDS {
            let evidence = self.folder.gather();
            match Situation::of(&evidence) {
                Situation::Free(last) => {
                    if repair::record_end(&self.folder.dir, last.unrecorded(&evidence), evidence.ending)? {
                        return Ok(self.outcome());
                    }
                    pauses.pause().await;
                }
                Situation::Transitional(_) | Situation::Ended(..) if pauses.are_over() => {
                    return self.ended_off_record().await;
                }
                Situation::Transitional(_) | Situation::Ended(..) => {
                    // The wait that a stop has shown last goes on.
                    if self.stopped.is_none() {
                        self.game.live.awaits("its shim", None);
                    }
                    pauses.pause().await;
                    // This look was no round: a shim is at work.
                    continue;
                }
                Situation::Orphan(launch) => {
                    self.stopped = Some(launch.generation);
                    self.launcher.take_over(&self.folder, launch).await?;
                    pauses.reset();
                }
                Situation::Detached(entry) => {
                    self.begin(entry.generation);
                    if self.end_detached(entry).await? {
                        let note = "its folder was gone, so that its shim was told by a signal";
                        self.notes.push(note.to_owned());
                    }
                }
                Situation::Kept(entry) => {
                    self.end_kept(entry.generation, Some(entry)).await?;
                    pauses.reset();
                }
                Situation::KeptSilently(Launch { generation, .. }) => {
                    self.end_kept(*generation, None).await?;
                    pauses.reset();
                }
                Situation::Unclear(Unclear::Damaged(why)) => repair::quarantine(&self.folder.dir, why)?,
                Situation::Unclear(why) => return Err(why.failure()),
            }
            round += 1;
        }
        Err(explain::stuck(&self.game.id))
    }

    fn begin(&mut self, generation: u64) {
        self.stopped = Some(generation);
        self.game.live.state.set(InstanceState::Stopping);
    }

    /// Has the shim end the launch, and waits until the shim has exited.
    async fn end_kept(&mut self, generation: u64, entry: Option<&ShimStatus>) -> Result<(), Failure> {
        self.begin(generation);
        // One that was stopped by a signal would let us wait for its answer.
        client::wake_shim(&self.folder.dir);
        let client = match (self.connect().await, entry) {
            // An older shim makes no new one.
            (Err(_), Some(entry)) if client::socket_is_removed(&self.folder.dir) => {
                if self.end_detached(entry).await? {
                    let note = "its socket was gone, so that its shim was told by a signal";
                    self.notes.push(note.to_owned());
                }
                return Ok(());
            }
            (client, _) => client?,
        };
        let Some(client) = client else { return Ok(()) };
        let Some(report) = self.ask_to_stop(&client, generation).await? else {
            return Ok(());
        };
        if !report.refusal.is_empty() {
            // The shim has begun another launch: another look is due soon.
            tokio::time::sleep(PAUSE_MAX).await;
            return Ok(());
        }
        self.game.live.show(&report);
        if client.send(&Request::Subscribe).await.is_err() {
            return Ok(());
        }
        let follow = Follow {
            game: self.game,
            dir: &self.folder.dir,
            generation,
        };
        if follow.run(&client, &mut self.notes).await? {
            self.wait_for_lock().await;
        }
        Ok(())
    }

    /// Returns the answer of the shim; `None` if it has exited.
    async fn ask_to_stop(&mut self, client: &Client, generation: u64) -> Result<Option<Report>, Failure> {
        let now = self.now;
        let request = |steps| Request::Order(generation, Order::Stop { steps, now });
        let mut answer = match tokio::time::timeout(ANSWER, client.ask(&request(self.steps()))).await {
            Ok(answer) => answer,
            Err(_) => self.wake(client).await?,
        };
        if matches!(&answer, Ok(Some(report)) if report.refusal == UNKNOWN_STEP) {
            answer = client.ask(&request(without_delegated(&self.game.plan.stop))).await;
            self.notes
                .push("its shim is older than this gamectl: only its stdin and signal steps were taken".to_owned());
        }
        Ok(answer.ok().flatten())
    }

    fn steps(&self) -> Vec<StopStep> {
        let steps = &self.game.plan.stop;
        match &self.game.spec {
            // An older shim takes the signals of the chain.
            _ if self.now => chain_now(),
            Some(_) => steps.clone(),
            // The channels of an instance that left the inventory are not known.
            None => without_delegated(steps),
        }
    }

    /// Ends a game whose shim cannot be reached: a SIGTERM has its shim stop it by its
    /// chain, and cannot tell it to hurry. Returns true if that was sent.
    async fn end_detached(&self, entry: &ShimStatus) -> Result<bool, Failure> {
        let pid = entry.shim_pid;
        let Ok(shim) = Pidfd::open(pid) else {
            return Ok(false);
        };
        // The descriptor stands for that shim if it still has its slot in the status table.
        if status_table::read(self.folder.state_dir, &self.game.id).is_none_or(|now| now.shim_pid != pid) {
            return Ok(false);
        }
        shim.signal(libc::SIGTERM)
            .map_err(|error| Failure::failed(format!("its shim (pid {pid}) cannot be told to stop it: {error}")))?;
        self.game.live.awaits("its shim, which was told by a signal", None);
        let kill_at = Instant::now() + Duration::from_millis(LEFTOVER_GRACE_MS);
        let mut hurry_by = self.now.then_some(libc::SIGTERM);
        while !shim.has_ended() {
            if let Some(signal) = hurry_by.take() {
                let _ = identity::signal_identified(entry.main, signal);
            }
            tokio::time::sleep(PAUSE_MAX).await;
            hurry_by = (self.now && Instant::now() >= kill_at).then_some(libc::SIGKILL);
        }
        Ok(true)
    }

    /// Connects to the shim. `None` if it has exited.
    async fn connect(&self) -> Result<Option<Client>, Failure> {
        let dir = &self.folder.dir;
        let until = Instant::now() + ANSWER;
        loop {
            if let Ok(Ok(client)) = tokio::time::timeout_at(until, Client::connect(dir)).await {
                return Ok(Some(client));
            }
            if !lock::shim_lives(dir).unwrap_or(true) {
                return Ok(None);
            }
            if Instant::now() >= until {
                return Err(explain::no_answer(&self.game.id, dir));
            }
            // It does not listen yet, or no more.
            tokio::time::sleep(PAUSE_MAX).await;
        }
    }

    /// Resumes a shim that was stopped by a signal, and returns its answer.
    async fn wake(&self, client: &Client) -> Result<io::Result<Option<Report>>, Failure> {
        self.game.live.awaits("its shim, which does not answer", Some(ANSWER));
        client::resume_shim(&self.folder.dir);
        tokio::time::timeout(ANSWER, client.receive())
            .await
            .map_err(|_| explain::no_answer(&self.game.id, &self.folder.dir))
    }

    /// Waits until the lock of the shim is free: its connection ends a moment
    /// before.
    async fn wait_for_lock(&self) {
        let mut pauses = Pauses::new();
        while lock::shim_lives(&self.folder.dir).unwrap_or(false) && !pauses.are_over() {
            pauses.pause().await;
        }
    }

    fn outcome(mut self) -> Outcome {
        let exit = ending::read(&self.folder.dir).ok().flatten();
        let exit = exit.filter(|exit| Some(exit.generation) == self.stopped);
        if let Some(exit) = &exit {
            self.notes
                .retain(|note| !stop_step::is_of_unclear(note, &exit.ended_by));
            self.notes.extend(notes(exit));
        }
        self.stopped_by(exit.map(|exit| exit.ended_by).filter(|step| !step.is_empty()))
    }

    /// Returns the outcome if the game has ended, and its shim is kept from putting
    /// that on record.
    async fn ended_off_record(mut self) -> Result<Outcome, Failure> {
        let trouble = client::trouble(&self.folder.dir).await;
        let trouble = trouble.ok_or_else(|| explain::stuck(&self.game.id))?;
        self.notes.push(format!("{trouble}; its shim goes on trying"));
        Ok(self.stopped_by(None))
    }

    fn stopped_by(self, ended_by: Option<String>) -> Outcome {
        Outcome {
            changed: self.stopped.is_some(),
            state: InstanceState::Stopped,
            ended_by,
            note: (!self.notes.is_empty()).then(|| self.notes.join("; ")),
        }
    }
}

fn notes(exit: &Exit) -> Vec<String> {
    let mut notes = Vec::new();
    match exit.killed_leftovers {
        0 => {}
        1 => notes.push("1 leftover process was killed".to_owned()),
        n => notes.push(format!("{n} leftover processes were killed")),
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
    notes
}
