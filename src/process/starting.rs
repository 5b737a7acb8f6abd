//! `start`: from nothing to a game that is ready.

use std::time::Duration;

use tokio::time::Instant;

use super::game::{Folder, ManagedGame};
use super::launcher::{Launcher, ShimReply};
use super::pause::Pauses;
use super::shim::client;
use super::situation::{Situation, Unclear};
use super::waiting::ReadyWait;
use super::{explain, main_pattern, probing, repair, unnoticed};
use crate::failure::Failure;
use crate::probe::{self, HeldPort};
use crate::store::launch::Launch;
use crate::store::status_table::{Phase, ShimStatus};
use crate::store::tail::{LAST_LINES, last_lines};
use crate::store::{InstanceDir, ending, launch, strangers};
use crate::supervisor::{InstanceState, Outcome, StartOptions, join_notes};

/// A start gives up after this many launches that were killed together with
/// their shims.
const LOST_MAX: u32 = 3;

/// A start gives up after this many shims that exited without an answer.
const SILENT_MAX: u32 = 10;

/// Starts a game, and waits until it is ready.
///
/// # Errors
/// When it does not run, or is not ready in time.
pub(super) async fn start(launcher: Launcher<'_>, options: &StartOptions) -> Result<Outcome, Failure> {
    let game = launcher.game;
    let limit = options.timeout.unwrap_or(game.ready.timeout);
    let start = GameStart {
        game,
        launcher,
        options,
        limit,
        deadline: Instant::now() + limit.saturating_sub(options.spent),
        folder: game.create_folder()?,
        attempts: Attempts::default(),
        held: Vec::new(),
        notes: Vec::new(),
    };
    start.run().await
}

/// One `start` under way.
struct GameStart<'a> {
    game: &'a ManagedGame,
    launcher: Launcher<'a>,
    options: &'a StartOptions,
    limit: Duration,
    deadline: Instant,
    folder: Folder<'a>,
    attempts: Attempts,
    /// The holders of ports that its probes ask, before it was launched.
    held: Vec<HeldPort>,
    /// The notes on its launch, for a person.
    notes: Vec<String>,
}

impl GameStart<'_> {
    async fn run(mut self) -> Result<Outcome, Failure> {
        let started = self.launch_and_wait().await;
        let held: Vec<String> = self.held.iter().map(|held| held.told("was")).collect();
        let held = (!held.is_empty()).then(|| format!("before its launch {}", held.join(", ")));
        let remark = match self.game.plan.main {
            Some(_) => main_pattern::remark(self.game, &Situation::of(&self.folder.gather())),
            None => None,
        };
        let Some(notes) = join_notes([held, remark].into_iter().chain(self.notes.into_iter().map(Some))) else {
            return started;
        };
        match started {
            Ok(outcome) => Ok(Outcome {
                note: join_notes([outcome.note, Some(notes)]),
                ..outcome
            }),
            Err(failure) => {
                // What the game printed has lines of its own.
                let joint = if failure.message.contains('\n') { "\n" } else { "; " };
                Err(Failure {
                    message: format!("{}{joint}{notes}", failure.message),
                    ..failure
                })
            }
        }
    }

    async fn launch_and_wait(&mut self) -> Result<Outcome, Failure> {
        let mut pauses = Pauses::new();
        loop {
            if let Some(generation) = self.advance(&pauses).await?
                && let Some(outcome) = self.until_ready(generation).await?
            {
                return Ok(outcome);
            }
            // A shim is about to exit, or the game has lost its own.
            pauses.pause().await;
        }
    }

    /// Looks, and takes the next step. Returns the launch that is kept.
    async fn advance(&mut self, pauses: &Pauses) -> Result<Option<u64>, Failure> {
        let dir = &self.folder.dir;
        let evidence = self.folder.gather();
        let situation = Situation::of(&evidence);
        match situation {
            Situation::Kept(_) if situation.is_draining() && Instant::now() < self.deadline => {
                self.game
                    .live
                    .awaits("the end of what outlived its last run", Some(self.limit));
                Ok(None)
            }
            Situation::Kept(entry) if situation.is_draining() || entry.phase == Phase::Stopping => {
                Err(explain::still_stopping(&self.game.id))
            }
            Situation::Kept(entry) if unnoticed::has_ended(dir, entry) => {
                if pauses.are_over() {
                    return Err(self.held_up().await);
                }
                client::resume_shim(dir);
                Ok(None)
            }
            Situation::Kept(ShimStatus { generation, .. }) | Situation::KeptSilently(Launch { generation, .. }) => {
                Ok(Some(*generation))
            }
            Situation::Detached(entry) => Err(explain::detached(&self.game.id, entry)),
            Situation::Transitional(_) | Situation::Ended(..) if pauses.are_over() => Err(self.held_up().await),
            Situation::Transitional(_) | Situation::Ended(..) => Ok(None),
            Situation::Orphan(launch) => {
                let reply = self.launcher.take_over(&self.folder, launch).await?;
                self.attempts.heard(reply)?;
                Ok(None)
            }
            Situation::Free(last) => {
                if !repair::record_end(dir, last.unrecorded(&evidence), evidence.ending)? {
                    return Ok(None);
                }
                let next = evidence.next_generation();
                self.refuse_probes()?;
                self.attempts.begin(&self.game.id, dir, next)?;
                let held = probe::held(&self.game.ready.probes).await;
                if !held.is_empty() {
                    let sockets = held.iter().flat_map(|held| &held.sockets).copied();
                    // Without it, those whose holder is not seen count as the game's.
                    let _ = strangers::write(dir, next, sockets);
                }
                probing::note_file_end(self.game, dir, next).await;
                self.held = held;
                let held: Vec<String> = self.held.iter().map(|held| held.told("is")).collect();
                match held.as_slice() {
                    [] => self.game.live.awaits("the launch", None),
                    held => self.game.live.warns(format!("the launch, though {}", held.join(", "))),
                }
                let launched = self
                    .launcher
                    .launch(&self.folder, next, self.options.restarts, &mut self.notes);
                Ok(self.attempts.heard(launched.await?)?.then_some(next))
            }
            Situation::Unclear(Unclear::Damaged(why)) => {
                repair::quarantine(dir, why)?;
                Ok(None)
            }
            Situation::Unclear(why) => Err(why.failure()),
        }
    }

    /// Refuses probes that root is not to run, before anything is launched for which
    /// they would never hold.
    fn refuse_probes(&self) -> Result<(), Failure> {
        let Some(spec) = &self.game.spec else { return Ok(()) };
        let ours = std::env::var_os("PATH");
        probe::refuse(&self.game.ready.probes, &spec.cwd, spec.path().or(ours.as_deref()))
    }

    async fn held_up(&self) -> Failure {
        explain::held_up(&self.game.id, client::trouble(&self.folder.dir).await)
    }

    /// Waits until a launch is ready. `None` if its shim was killed meanwhile:
    /// then another look is due.
    async fn until_ready(&self, generation: u64) -> Result<Option<Outcome>, Failure> {
        let changed = self.attempts.launched == Some(generation);
        let outcome = |state| {
            let drift = || self.game.drift(self.game.recorded_plan(&self.folder.dir).entry);
            Some(Outcome {
                changed,
                state,
                ended_by: None,
                note: if changed { None } else { drift() },
            })
        };
        let Some(launch) = launch_of(&self.folder.dir, generation) else {
            return Err(Failure::unknown("its record went away while it was being started"));
        };
        if launch.ready.is_some() {
            return Ok(outcome(InstanceState::Running));
        }
        self.game.live.state.set(InstanceState::Starting);
        if self.options.no_wait {
            return Ok(outcome(InstanceState::Starting));
        }
        let wait = ReadyWait {
            game: self.game,
            folder: &self.folder,
            launch: &launch,
        };
        let ready = wait.run(self.deadline, self.limit).await?;
        Ok(ready.then_some(InstanceState::Running).and_then(outcome))
    }
}

/// The launches of one start. There is a second one only when the game and its
/// shim were killed before the shim could answer.
#[derive(Default)]
struct Attempts {
    launched: Option<u64>,
    lost: u32,
    silent: u32,
}

impl Attempts {
    /// Returns true if the game is kept now.
    ///
    /// # Errors
    /// When too many shims have exited without an answer: the next one would, too.
    fn heard(&mut self, reply: ShimReply) -> Result<bool, Failure> {
        self.silent += u32::from(reply == ShimReply::Nothing);
        if self.silent < SILENT_MAX {
            return Ok(reply == ShimReply::Ok);
        }
        Err(Failure::failed(format!(
            "{SILENT_MAX} of its shims ended before they could say anything"
        ))
        .hint("something kills them: look for the reason in the kernel's log, with `dmesg`"))
    }

    /// Counts a launch that is about to begin.
    ///
    /// # Errors
    /// When the one before ended by itself, or too many were killed.
    fn begin(&mut self, id: &str, dir: &InstanceDir, next: u64) -> Result<(), Failure> {
        if let Some(before) = self.launched.filter(|before| *before < next) {
            self.lost += 1;
            let exit = ending::read(dir).ok().flatten();
            let exit = exit.filter(|exit| exit.generation == before);
            if let Some(exit) = exit.filter(|exit| exit.ending.is_some() || self.lost >= LOST_MAX) {
                let began = launch_of(dir, before).map(|launch| launch.log);
                return Err(explain::early_end(id, &exit, &last_lines(dir, LAST_LINES, began)));
            }
        }
        self.launched = Some(next);
        Ok(())
    }
}

fn launch_of(dir: &InstanceDir, generation: u64) -> Option<Launch> {
    let launch = launch::read(dir).ok().flatten();
    launch.filter(|launch| launch.generation == generation)
}
