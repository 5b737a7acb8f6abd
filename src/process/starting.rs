//! `start`: from nothing to a game that is ready.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::evidence::Evidence;
use super::shim::client::Client;
use super::shim::spec::{Adoption, Command, Mode, Spec};
use super::shim::starter;
use super::shim::wire::{Report, Request, Started};
use super::standing::{Standing, standing};
use super::supervisor::ProcessSupervisor;
use super::{environment, explain, user};
use crate::event::Want;
use crate::failure::{Failure, FailureKind};
use crate::inventory::ProcessSpec;
use crate::probe::Readiness;
use crate::store::board::Phase;
use crate::store::ending::Exit;
use crate::store::launch::Launch;
use crate::store::tail::Tail;
use crate::store::{InstanceDir, ReadError, StateDir, ending, intent, launch, lock, plan};
use crate::supervisor::{InstanceState, Outcome, StartHow};
use crate::sys::{daemon, tree};

/// How often a verb looks again at what is about to change.
pub(super) const PASSING: Duration = Duration::from_millis(10);

/// How long something may be about to change.
pub(super) const PASSING_MAX: Duration = Duration::from_secs(10);

/// How often a start looks whether somebody has asked for a stop meanwhile.
const INTENT_EVERY: Duration = Duration::from_millis(100);

/// How many of the last lines are shown of a game that ended early.
const LAST_LINES: u64 = 20;

/// And how many bytes of them.
const LAST_BYTES: usize = 4096;

impl ProcessSupervisor {
    pub(super) async fn carry_out_start(&self, how: &StartHow) -> Result<Outcome, Failure> {
        let limit = how.timeout.unwrap_or(self.ready.timeout);
        let deadline = Instant::now() + limit;
        let (state, dir) = self.place()?;
        let passing_until = Instant::now() + PASSING_MAX;
        loop {
            match standing(&Evidence::gather(&state, &dir, &self.id))? {
                Standing::Kept { stopping: true, .. } => return Err(still_stopping(&self.id)),
                Standing::Kept { generation, .. } => {
                    return self.wait_until_ready(&dir, generation, false, how, deadline).await;
                }
                Standing::Orphan(launch) => self.take_over(&state, &dir, &launch).await?,
                Standing::Damaged(why) => set_damaged_aside(&dir, &why)?,
                Standing::Passing if Instant::now() < passing_until => tokio::time::sleep(PASSING).await,
                Standing::Passing => return Err(stuck(&self.id)),
                Standing::Free { next, unseen } => {
                    record_unseen(&dir, unseen.as_deref())?;
                    if self.launch(&state, &dir, next, how.restarts).await? {
                        return self.wait_until_ready(&dir, next, true, how, deadline).await;
                    }
                }
            }
        }
    }

    /// Launches the game. False when somebody else's shim was there first.
    async fn launch(
        &self,
        state: &StateDir,
        dir: &InstanceDir,
        generation: u64,
        restarts: u32,
    ) -> Result<bool, Failure> {
        let Some(game) = self.spec.as_deref() else {
            return Err(Failure::failed(
                "it is not in the inventory, so how to start it is not known",
            ));
        };
        let command = command(game, &self.id, dir)?;
        let written = plan::write(dir, &self.plan);
        written.map_err(|error| explain::start_failure(game, "record", error.raw_os_error().unwrap_or(0), "plan"))?;
        let spec = Spec {
            id: self.id.clone(),
            generation,
            stop: self.plan.stop.clone(),
            log: self.plan.log,
            tty: self.plan.tty,
            restarts,
            mode: Mode::Launch(command),
        };
        self.publish(InstanceState::Starting);
        self.awaits("the launch", None);
        match starter::start(state, dir, &spec).await {
            Ok(Some(Started::Ok { .. })) => Ok(true),
            Ok(Some(Started::Busy)) => Ok(false),
            Ok(Some(Started::Cancelled)) => Err(overtaken(&self.id)),
            Ok(Some(Started::Failed { stage, errno, what })) => Err(explain::start_failure(game, &stage, errno, &what)),
            // Killed before it could say how it went: we go and look.
            Ok(None) => {
                tokio::time::sleep(PASSING).await;
                Ok(false)
            }
            Err(error) => Err(Failure::failed(format!("its shim could not be started: {error}"))),
        }
    }

    /// Starts a shim for a game that has lost its own.
    pub(super) async fn take_over(&self, state: &StateDir, dir: &InstanceDir, launch: &Launch) -> Result<(), Failure> {
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
        match starter::start(state, dir, &spec).await {
            Ok(Some(Started::Ok { .. } | Started::Busy | Started::Cancelled) | None) => Ok(()),
            // It ended while we were at it.
            Ok(Some(Started::Failed { stage, .. })) if stage == "tree" => {
                tokio::time::sleep(PASSING).await;
                Ok(())
            }
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

    async fn wait_until_ready(
        &self,
        dir: &Arc<InstanceDir>,
        generation: u64,
        changed: bool,
        how: &StartHow,
        deadline: Instant,
    ) -> Result<Outcome, Failure> {
        let outcome = |state| Outcome {
            changed,
            state,
            ended_by: None,
            note: None,
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
        waiting.run(deadline, how.timeout.unwrap_or(self.ready.timeout)).await?;
        Ok(outcome(InstanceState::Running))
    }
}

/// The wait for a launch to become ready.
struct Waiting<'a> {
    supervisor: &'a ProcessSupervisor,
    dir: &'a Arc<InstanceDir>,
    launch: &'a Launch,
}

impl Waiting<'_> {
    async fn run(&self, deadline: Instant, limit: Duration) -> Result<(), Failure> {
        let id = &self.supervisor.id;
        let scene = self.supervisor.scene(self.dir, self.launch);
        let mut readiness = Readiness::new(&self.supervisor.ready, &scene)?;
        let client = match Client::connect(self.dir).await {
            Ok(client) => client,
            Err(_) => return Err(self.ended().await),
        };
        if client.send(&Request::Subscribe).await.is_err() {
            return Err(self.ended().await);
        }
        let mut awaited = String::new();
        let probes = readiness.hold(|awaits| {
            awaited = awaits.to_owned();
            self.supervisor.awaits(format!("ready ({awaits})"), Some(limit));
        });
        tokio::select! {
            biased;
            failure = self.watch(&client) => Err(failure),
            () = probes => self.put_on_record().await,
            () = self.overtaken() => Err(overtaken(id)),
            () = tokio::time::sleep_until(deadline) => Err(Failure::new(
                FailureKind::Timeout,
                format!("not ready after {}", humantime::format_duration(limit)),
            )
            .hint(format!("it goes on starting; see `gamectl status {id}` and `gamectl logs {id}`"))),
        }
    }

    /// Follows what the shim says until it says that the game will not become
    /// ready.
    async fn watch(&self, client: &Client) -> Failure {
        loop {
            match client.receive().await {
                Ok(Some(Report {
                    phase: Phase::Stopping, ..
                })) => return overtaken(&self.supervisor.id),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return self.ended().await,
            }
        }
    }

    async fn put_on_record(&self) -> Result<(), Failure> {
        let generation = self.launch.generation;
        let client = match Client::connect(self.dir).await {
            Ok(client) => client,
            Err(_) => return Err(self.ended().await),
        };
        match client.ask(&Request::Ready { generation }).await {
            Ok(Some(report)) if report.refusal.is_empty() => Ok(()),
            Ok(Some(report)) => Err(Failure::failed(format!("it is ready, but {}", report.refusal))),
            Ok(None) | Err(_) => Err(self.ended().await),
        }
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

    /// Says how it ended, once its shim has put that on record.
    async fn ended(&self) -> Failure {
        let until = Instant::now() + PASSING_MAX;
        while lock::shim_lives(self.dir).unwrap_or(false) && Instant::now() < until {
            tokio::time::sleep(PASSING).await;
        }
        let id = &self.supervisor.id;
        let exit = ending::read(self.dir).ok().flatten();
        match exit.filter(|exit| exit.generation == self.launch.generation) {
            Some(exit) if exit.requested => overtaken(id),
            Some(exit) => early_end(id, &exit, &self.last_lines()),
            None => Failure::failed("its shim was killed while it was starting")
                .hint(format!("`gamectl start {id}` takes it over where it stands")),
        }
    }

    fn last_lines(&self) -> String {
        let mut text = Vec::new();
        let Ok(mut tail) = Tail::from_last_lines(self.dir, LAST_LINES) else {
            return String::new();
        };
        let mut buffer = vec![0; LAST_BYTES];
        while let Ok(n) = tail.read(self.dir, &mut buffer) {
            if n == 0 {
                break;
            }
            text.extend_from_slice(buffer.get(..n).unwrap_or_default());
        }
        let from = text.len().saturating_sub(LAST_BYTES);
        String::from_utf8_lossy(text.get(from..).unwrap_or_default()).into_owned()
    }
}

fn early_end(id: &str, exit: &Exit, last_lines: &str) -> Failure {
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
fn overtaken(id: &str) -> Failure {
    Failure::failed("somebody asked for a stop meanwhile, and that wins")
        .hint(format!("`gamectl start {id}` starts it again"))
}

fn still_stopping(id: &str) -> Failure {
    Failure::failed("an earlier run of it is still being stopped")
        .hint(format!("wait for its end with `gamectl stop {id}`, then start it"))
}

/// The failure of a verb that waited in vain for a shim to make up its mind.
pub(super) fn stuck(id: &str) -> Failure {
    Failure::failed("its shim holds the instance and neither launches nor ends it").hint(format!(
        "look at the process called gamectl:{id}; when it is killed, nothing of the game is lost"
    ))
}

/// Puts the end of a launch on record that nobody saw, before another one.
pub(super) fn record_unseen(dir: &InstanceDir, unseen: Option<&Launch>) -> Result<(), Failure> {
    let Some(launch) = unseen else { return Ok(()) };
    let failed =
        |error: std::io::Error| Failure::failed(format!("the end of its last run cannot be put on record: {error}"));
    // One that is damaged may be of use to somebody who knows how to read it.
    if let Err(ReadError::Damaged(..)) = ending::read(dir) {
        ending::set_aside(dir).map_err(failed)?;
    }
    let stopped = intent::read(dir)
        .ok()
        .flatten()
        .is_some_and(|wish| wish.want == Want::Stopped);
    let mut exit = Exit::unseen(
        launch.generation,
        launch.frame.boot.clone(),
        stopped,
        "it ended after its shim was killed",
    );
    exit.was_ready = launch.ready.is_some();
    ending::write_unreserved(dir, &exit).map_err(failed)
}

/// Puts a damaged record out of the way, when nothing of the instance runs.
pub(super) fn set_damaged_aside(dir: &InstanceDir, why: &str) -> Result<(), Failure> {
    let unknown = |error: std::io::Error| Failure::unknown(format!("{why}; what runs cannot be told: {error}"));
    let mark = dir.mark().map_err(unknown)?;
    let survivors = tree::marked(&mark).map_err(unknown)?;
    if let Some(first) = survivors.first() {
        return Err(
            Failure::failed(format!("{why}, and something of it still runs (pid {})", first.pid))
                .hint("end that by hand; nothing else was touched"),
        );
    }
    launch::set_aside(dir)
        .map(drop)
        .map_err(|error| Failure::failed(format!("{why}, and it cannot be put aside: {error}")))
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
    })
}
