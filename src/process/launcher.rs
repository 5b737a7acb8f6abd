//! Launching a game, and taking one over that has lost its shim: both begin a
//! shim.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;

use super::game::{Folder, ManagedGame, PLANE};
use super::shim::borrowing::Inherited;
use super::shim::spawner::{Made, Spawner};
use super::shim::spec::{Adoption, Command, Mode, Spec};
use super::shim::wire::{LaunchStage, Started};
use super::{environment, explain};
use crate::failure::Failure;
use crate::inventory::ProcessSpec;
use crate::policy::stop;
use crate::store::launch::{self, Launch};
use crate::store::origin::{self, Origin};
use crate::store::plan::Plan;
use crate::store::{InstanceDir, inventories, lock, plan};
use crate::supervisor::InstanceState;
use crate::sys::host;
use crate::systemd::ScopeOrder;
use crate::user;

/// Begins the shims of one game.
#[derive(Clone, Copy)]
pub(super) struct Launcher<'a> {
    pub(super) game: &'a ManagedGame,
    pub(super) spawner: &'a Spawner,
}

/// The answer of a shim that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShimReply {
    /// The shim keeps the game.
    Ok,
    /// Another shim was faster, or nothing is left to keep.
    NotNeeded,
    /// The shim exited without an answer.
    Nothing,
}

impl Launcher<'_> {
    /// Launches the game. Its plan is on record before that. A remark on the launch goes
    /// to `notes`.
    ///
    /// # Errors
    /// When the launch fails, or gives way to a stop.
    pub(super) async fn launch(
        &self,
        folder: &Folder<'_>,
        generation: u64,
        restarts: u32,
        notes: &mut Vec<String>,
    ) -> Result<ShimReply, Failure> {
        let game = self.game.program()?;
        let unstarted = |error: io::Error| Failure::failed(format!("its shim could not be started: {error}"));
        let made = self.spawner.shim(folder.state_dir, &self.game.id).await;
        let Made { shim, inherited, note } = made.map_err(unstarted)?;
        let game = &located(game, &inherited)?;
        notes.extend(note);
        let command = self.command(game, &folder.dir, inherited).await?;
        let unwritten = |record, error: io::Error| {
            explain::start_failure(
                &self.game.id,
                game,
                LaunchStage::Record,
                error.raw_os_error().unwrap_or(0),
                record,
            )
        };
        plan::write(&folder.dir, &self.game.plan).map_err(|error| unwritten("plan", error))?;
        origin::record(&folder.dir, &Origin::of(PLANE)).map_err(|error| unwritten("origin", error))?;
        inventories::record(folder.state_dir, &folder.dir);
        self.game.live.state.set(InstanceState::Starting);
        let token = command.token.clone();
        let order = ScopeOrder {
            id: &self.game.id,
            token: &token,
            state_dir: folder.state_dir.path(),
            stop_within: stop::longest(&self.game.plan.stop),
            limits: &game.limits,
        };
        let spec = self.spec(generation, restarts, &self.game.plan, Mode::Launch(command));
        let enclose = async |shim| notes.extend(self.spawner.scopes.enclose(shim, &order).await);
        match shim.told(folder.state_dir, &folder.dir, &spec, enclose).await {
            Ok(Some(Started::Ok { note, .. })) => {
                notes.extend(Some(note).filter(|note| !note.is_empty()));
                Ok(ShimReply::Ok)
            }
            Ok(Some(Started::Busy)) => Ok(ShimReply::NotNeeded),
            Ok(Some(Started::Cancelled)) => Err(explain::overtaken(&self.game.id)),
            Ok(Some(Started::Failed { stage, errno, what })) => {
                Err(explain::start_failure(&self.game.id, game, stage, errno, &what))
            }
            // It was killed before it could answer: what runs is looked for.
            Ok(None) => Ok(ShimReply::Nothing),
            Err(error) => Err(unstarted(error)),
        }
    }

    /// Begins a shim for a game that has lost its own.
    ///
    /// # Errors
    /// When that fails; the game goes on.
    pub(super) async fn take_over(&self, folder: &Folder<'_>, launch: &Launch) -> Result<ShimReply, Failure> {
        self.game.live.awaits("taking it over from its dead shim", None);
        let adoption = Adoption {
            main: launch.main,
            launched_wall_ms: launch.launched_wall_ms,
            launched_boot_ms: launch.launched_boot_ms,
            log: launch.log,
            ready: launch.ready,
        };
        let plan = self.game.recorded_plan(&folder.dir);
        let spec = self.spec(launch.generation, launch.restarts, &plan, Mode::Adopt(adoption));
        let failed = |why: String| {
            Err(Failure::failed(format!(
                "its shim was killed, and it could not be taken over (pid {}): {why}",
                launch.main.pid
            )))
        };
        let main = launch.main.pid;
        let join = async |shim| self.spawner.scopes.join(shim, main).await;
        let begun = async {
            let made = self.spawner.shim(folder.state_dir, &spec.id).await?;
            made.shim.told(folder.state_dir, &folder.dir, &spec, join).await
        };
        match begun.await {
            Ok(Some(Started::Ok { .. })) => Ok(ShimReply::Ok),
            Ok(Some(Started::Busy | Started::Cancelled)) => Ok(ShimReply::NotNeeded),
            Ok(None) => Ok(ShimReply::Nothing),
            // It ended meanwhile.
            Ok(Some(Started::Failed {
                stage: LaunchStage::Tree,
                ..
            })) => Ok(ShimReply::NotNeeded),
            Ok(Some(Started::Failed { stage, errno, what })) => {
                failed(format!("{stage}: {}", explain::reason(errno, &what)))
            }
            Err(error) => failed(error.to_string()),
        }
    }

    /// Returns the orders of a shim. Log and terminal are those of `plan`; how
    /// the game is stopped and found is the inventory's affair in any case.
    fn spec(&self, generation: u64, restarts: u32, plan: &Plan, mode: Mode) -> Spec {
        Spec {
            id: self.game.id.to_owned(),
            generation,
            stop: self.game.plan.stop.clone(),
            log: plan.log,
            tty: plan.tty,
            main: self.game.plan.main.clone(),
            restarts,
            entry: plan.entry,
            mode,
        }
    }

    /// Returns the program that the shim executes, byte for byte.
    async fn command(&self, game: &ProcessSpec, dir: &InstanceDir, inherited: Inherited) -> Result<Command, Failure> {
        let user = game.user.as_deref().map(user::to_become).transpose()?.flatten();
        let environment = environment::of_game(game, user.as_ref(), inherited.environment).await?;
        let failed = |error| Failure::failed(format!("its folder: {error}"));
        let mark = dir.tree_tag().map_err(failed)?;
        let token = host::random_token().map_err(failed)?;
        let ours = [
            format!("GAMECTL_INSTANCE={}", self.game.id).into_bytes(),
            mark.into_bytes(),
            launch::token_entry(&token).into_bytes(),
        ];
        let pair = |(name, value): (&OsString, &OsString)| [name.as_bytes(), b"=", value.as_bytes()].concat();
        let argv = std::iter::once(game.executable.as_os_str()).chain(game.args.iter().map(OsString::as_os_str));
        Ok(Command {
            path: game.executable.as_os_str().as_bytes().to_vec(),
            argv: argv.map(OsStr::as_bytes).map(<[u8]>::to_vec).collect(),
            envp: environment.iter().map(pair).chain(ours).collect(),
            cwd: game.cwd.as_os_str().as_bytes().to_vec(),
            ids: user.map(|user| user.ids),
            umask: game.umask,
            oom_score: inherited.oom_score,
            nofile: game.limits.nofile.map(u64::from),
            nice: game.limits.nice,
            token,
            fencing_token: lock::fencing_token(dir).map_err(|error| Failure::failed(format!("its lock: {error}")))?,
        })
    }
}

/// Returns the game with the program that its bare name stands for on the `PATH` of
/// whoever makes its shim: it is the same program, whoever types the verb.
///
/// # Errors
/// When there is none.
fn located(game: &ProcessSpec, inherited: &Inherited) -> Result<ProcessSpec, Failure> {
    let Some(bare) = &game.bare else {
        return Ok(game.clone());
    };
    let path = environment::path(&inherited.environment);
    let executable = bare.find(Some(&path));
    let is_missing = !executable.is_file();
    let located = ProcessSpec {
        executable,
        searched: Some(path).filter(|_| is_missing),
        ..game.clone()
    };
    if is_missing {
        let failure = Failure::failed(explain::no_executable(&located));
        return Err(
            failure.hint("correct `executable:` in the inventory, or PATH; while a `run` watches, its PATH counts")
        );
    }
    Ok(located)
}
