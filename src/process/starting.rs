//! `start`: from nothing to a game that is ready.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::evidence::{Evidence, Shim};
use super::shim::spec::{Adoption, Command, Mode, Spec};
use super::shim::starter;
use super::shim::wire::Started;
use super::standing::{Standing, standing};
use super::stopping::rouse_shim;
use super::supervisor::ProcessSupervisor;
use super::waiting::{LAST_LINES, Waiting, early_end, last_lines, overtaken};
use super::{environment, explain, unseen, user};
use crate::failure::Failure;
use crate::inventory::ProcessSpec;
use crate::store::board::{Entry, Phase};
use crate::store::launch::Launch;
use crate::store::{InstanceDir, StateDir, ending, launch, lock, plan};
use crate::supervisor::{InstanceState, Outcome, StartOptions};
use crate::sys::daemon;
use crate::sys::host::Frame;
use crate::sys::identity::{self, Presence};

/// How often a verb looks again at what is about to change.
pub(super) const PASSING: Duration = Duration::from_millis(10);

/// How long something may be about to change.
pub(super) const PASSING_MAX: Duration = Duration::from_secs(10);

/// After how many launches that were killed together with their shims a start
/// gives up.
const LOST_MAX: u32 = 3;

/// After how many shims that ended without a word a start gives up.
const SILENT_MAX: u32 = 10;

impl ProcessSupervisor {
    pub(super) async fn carry_out_start(&self, how: &StartOptions) -> Result<Outcome, Failure> {
        let _launching = Launching::begin(&self.launching);
        let limit = how.timeout.unwrap_or(self.ready.timeout);
        let deadline = Instant::now() + limit;
        let (state, dir) = self.place()?;
        let passing_until = Instant::now() + PASSING_MAX;
        let mut tries = Tries::default();
        loop {
            let evidence = Evidence::gather(&state, &dir, &self.id);
            let kept = match standing(&evidence)? {
                Standing::Clearing { .. } if Instant::now() < deadline => {
                    self.awaits("the end of what outlived its last run", Some(limit));
                    None
                }
                Standing::Kept { stopping: true, .. } | Standing::Clearing { .. } => {
                    return Err(still_stopping(&self.id));
                }
                Standing::Kept { .. } if has_lost_its_game(&dir, &evidence) => {
                    if Instant::now() >= passing_until {
                        return Err(self.held_up(&dir).await);
                    }
                    rouse_shim(&dir);
                    None
                }
                Standing::Kept { generation, .. } => Some(generation),
                Standing::Strayed(entry) => return Err(strayed(&self.id, &entry)),
                Standing::Orphan(launch) => {
                    tries.heard(self.take_over(&state, &dir, &launch).await?)?;
                    None
                }
                Standing::Damaged(why) => {
                    unseen::set_damaged_aside(&dir, &why)?;
                    None
                }
                Standing::Ended { generation } if Instant::now() < passing_until => {
                    self.let_go(&dir, generation).await;
                    None
                }
                Standing::Passing if Instant::now() < passing_until => None,
                Standing::Passing | Standing::Ended { .. } => return Err(self.held_up(&dir).await),
                Standing::Free { next, unseen } => {
                    if !unseen::record(&dir, unseen.as_deref())? {
                        None
                    } else {
                        tries.again(self, &dir, next)?;
                        let launch = self.launch_to_come(&dir, next, how.restarts)?;
                        let told = starter::start(&self.spawner, &state, &dir, &launch).await;
                        tries.heard(self.launched(told)?)?.then_some(next)
                    }
                }
            };
            if let Some(generation) = kept {
                let changed = tries.launched == Some(generation);
                let outcome = self.until_ready(&dir, generation, changed, how, deadline).await?;
                if let Some(outcome) = outcome {
                    return Ok(outcome);
                }
            }
            // Somebody is about to end, or has lost its shim: we look again.
            tokio::time::sleep(PASSING).await;
        }
    }

    /// What a shim is told to launch. The plan is on record then.
    fn launch_to_come(&self, dir: &InstanceDir, generation: u64, restarts: u32) -> Result<Spec, Failure> {
        let game = self.game()?;
        let command = command(game, &self.id, dir)?;
        let written = plan::write(dir, &self.plan);
        written.map_err(|error| explain::start_failure(game, "record", error.raw_os_error().unwrap_or(0), "plan"))?;
        self.publish(InstanceState::Starting);
        self.awaits("the launch", None);
        Ok(Spec {
            id: self.id.clone(),
            generation,
            stop: self.plan.stop.clone(),
            log: self.plan.log,
            tty: self.plan.tty,
            main: self.plan.main.clone(),
            restarts,
            mode: Mode::Launch(command),
        })
    }

    fn game(&self) -> Result<&ProcessSpec, Failure> {
        self.spec
            .as_deref()
            .ok_or_else(|| Failure::failed("it is not in the inventory, so how to start it is not known"))
    }

    /// Whether a launch has come about, by what its shim has told.
    fn launched(&self, told: io::Result<Option<Started>>) -> Result<Heard, Failure> {
        let game = self.game()?;
        match told {
            Ok(Some(Started::Ok { .. })) => Ok(Heard::Ok),
            Ok(Some(Started::Busy)) => Ok(Heard::NotNeeded),
            Ok(Some(Started::Cancelled)) => Err(overtaken(&self.id)),
            Ok(Some(Started::Failed { stage, errno, what })) => Err(explain::start_failure(game, &stage, errno, &what)),
            // Killed before it could say how it went: we go and look.
            Ok(None) => Ok(Heard::Nothing),
            Err(error) => Err(Failure::failed(format!("its shim could not be started: {error}"))),
        }
    }

    /// Starts a shim for a game that has lost its own.
    pub(super) async fn take_over(
        &self,
        state: &StateDir,
        dir: &InstanceDir,
        launch: &Launch,
    ) -> Result<Heard, Failure> {
        self.awaits("taking it over from its dead shim", None);
        // How it was started is on record, and may differ from the inventory.
        let recorded = plan::read(dir).ok().flatten();
        let plan = recorded.as_ref().unwrap_or(&self.plan);
        let spec = Spec {
            id: self.id.clone(),
            generation: launch.generation,
            stop: self.plan.stop.clone(),
            log: plan.log,
            tty: plan.tty,
            main: self.plan.main.clone(),
            restarts: launch.restarts,
            mode: Mode::Adopt(Adoption {
                main: launch.main,
                launched_wall_ms: launch.launched_wall_ms,
                launched_boot_ms: launch.launched_boot_ms,
                log: launch.log,
                ready: launch.ready,
            }),
        };
        let failed = |why: String| {
            Err(Failure::failed(format!(
                "its shim was killed, and it could not be taken over (pid {}): {why}",
                launch.main.pid
            )))
        };
        match starter::start(&self.spawner, state, dir, &spec).await {
            Ok(Some(Started::Ok { .. })) => Ok(Heard::Ok),
            Ok(Some(Started::Busy | Started::Cancelled)) => Ok(Heard::NotNeeded),
            Ok(None) => Ok(Heard::Nothing),
            // It ended while we were at it.
            Ok(Some(Started::Failed { stage, .. })) if stage == "tree" => Ok(Heard::NotNeeded),
            Ok(Some(Started::Failed { stage, errno, what })) => {
                let os = if errno == 0 {
                    what
                } else {
                    nix::errno::Errno::from_raw(errno).desc().to_owned()
                };
                failed(format!("{stage}: {os}"))
            }
            Err(error) => failed(error.to_string()),
        }
    }

    /// Waits until a launch is ready. `None` when its shim was killed
    /// meanwhile: what became of it must be looked for.
    async fn until_ready(
        &self,
        dir: &Arc<InstanceDir>,
        generation: u64,
        changed: bool,
        how: &StartOptions,
        deadline: Instant,
    ) -> Result<Option<Outcome>, Failure> {
        let outcome = |state| {
            Some(Outcome {
                changed,
                state,
                ended_by: None,
                note: None,
            })
        };
        let launch = launch::read(dir)
            .ok()
            .flatten()
            .filter(|launch| launch.generation == generation);
        let Some(launch) = launch else {
            return Err(Failure::unknown("its record went away while it was being started"));
        };
        if launch.ready.is_some() {
            return Ok(outcome(InstanceState::Running));
        }
        self.publish(InstanceState::Starting);
        if how.no_wait {
            return Ok(outcome(InstanceState::Starting));
        }
        let waiting = Waiting {
            supervisor: self,
            dir,
            launch: &launch,
        };
        let limit = how.timeout.unwrap_or(self.ready.timeout);
        let ready = waiting.run(deadline, limit).await?;
        Ok(ready.then_some(InstanceState::Running).and_then(outcome))
    }
}

/// A launch of ours, for as long as it is held: whoever watches the instance is
/// in no hurry to look at what we do.
struct Launching<'a>(&'a AtomicBool);

impl<'a> Launching<'a> {
    fn begin(launching: &'a AtomicBool) -> Self {
        launching.store(true, Ordering::Relaxed);
        Self(launching)
    }
}

impl Drop for Launching<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// What a shim that was begun had to say.
#[derive(Clone, Copy)]
pub(super) enum Heard {
    /// It keeps the game.
    Ok,
    /// Somebody else was there first, or there is nothing to keep any more.
    NotNeeded,
    /// It ended without a word.
    Nothing,
}

/// The launches of one start. There is a second one only when the game and its
/// shim were killed before anybody could say how the first went.
#[derive(Default)]
struct Tries {
    launched: Option<u64>,
    lost: u32,
    silent: u32,
}

impl Tries {
    /// Whether the game is kept now. Where one shim after the other ends without
    /// a word, the next one will, too.
    fn heard(&mut self, heard: Heard) -> Result<bool, Failure> {
        self.silent += u32::from(matches!(heard, Heard::Nothing));
        if self.silent < SILENT_MAX {
            return Ok(matches!(heard, Heard::Ok));
        }
        Err(Failure::failed(format!(
            "{SILENT_MAX} of its shims ended before they could say anything"
        ))
        .hint("something kills them: look for the reason in the kernel's log, with `dmesg`"))
    }

    /// Notes a launch to come.
    fn again(&mut self, supervisor: &ProcessSupervisor, dir: &InstanceDir, next: u64) -> Result<(), Failure> {
        if let Some(before) = self.launched.filter(|before| *before < next) {
            self.lost += 1;
            let exit = ending::read(dir).ok().flatten();
            let exit = exit.filter(|exit| exit.generation == before);
            if let Some(exit) = exit.filter(|exit| exit.ending.is_some() || self.lost >= LOST_MAX) {
                let launch = launch::read(dir).ok().flatten();
                let began = launch
                    .filter(|launch| launch.generation == before)
                    .map(|launch| launch.log);
                return Err(early_end(&supervisor.id, &exit, &last_lines(dir, LAST_LINES, began)));
            }
        }
        self.launched = Some(next);
        Ok(())
    }
}

/// Whether the main process has ended, and its shim has not come to that yet.
fn has_lost_its_game(dir: &InstanceDir, evidence: &Evidence) -> bool {
    let gone = |entry: &Entry| entry.phase == Phase::Alive && identity::presence(entry.main) == Presence::Gone;
    matches!(&evidence.shim, Shim::Lives(Some(entry)) if gone(entry)) && was_launched_here(dir)
}

/// Whether the pids on record are those that are seen here.
fn was_launched_here(dir: &InstanceDir) -> bool {
    let launch = launch::read(dir).ok().flatten();
    launch.is_some_and(|launch| Frame::here().is_ok_and(|here| launch.frame == here))
}

fn still_stopping(id: &str) -> Failure {
    Failure::failed("an earlier run of it is still being stopped")
        .hint(format!("wait for its end with `gamectl stop {id}`, then start it"))
}

/// The failure of a verb that needs the folder of a game, which is gone.
pub(super) fn strayed(id: &str, entry: &Entry) -> Failure {
    let pid = entry.main.pid;
    Failure::failed(format!(
        "it runs (pid {pid}), but its folder in the state directory was removed"
    ))
    .hint(format!("`gamectl stop {id}` ends it; then it can be started anew"))
}

/// The failure of a verb that waited in vain for a shim to make up its mind.
pub(super) fn stuck(id: &str) -> Failure {
    Failure::failed("its shim holds the instance and neither launches nor ends it").hint(format!(
        "look at the process called gamectl:{id}; when it is killed, nothing of the game is lost"
    ))
}

/// What the shim is to execute, byte for byte.
fn command(spec: &ProcessSpec, id: &str, dir: &InstanceDir) -> Result<Command, Failure> {
    let user = spec.user.as_deref().map(user::to_become).transpose()?.flatten();
    let environment = environment::of_game(spec, user.as_ref(), std::env::vars_os())?;
    let mark = dir
        .mark()
        .map_err(|error| Failure::failed(format!("its folder: {error}")))?;
    let ours = [format!("GAMECTL_INSTANCE={id}").into_bytes(), mark.into_bytes()];
    let pair =
        |(name, value): (&std::ffi::OsString, &std::ffi::OsString)| [name.as_bytes(), b"=", value.as_bytes()].concat();
    let argv = std::iter::once(spec.executable.as_os_str()).chain(spec.args.iter().map(std::ffi::OsString::as_os_str));
    Ok(Command {
        path: spec.executable.as_os_str().as_bytes().to_vec(),
        argv: argv.map(OsStr::as_bytes).map(<[u8]>::to_vec).collect(),
        envp: environment.iter().map(pair).chain(ours).collect(),
        cwd: spec.cwd.as_os_str().as_bytes().to_vec(),
        ids: user.map(|user| user.ids),
        umask: daemon::umask(),
        turn: lock::turn(dir).map_err(|error| Failure::failed(format!("its lock: {error}")))?,
    })
}
