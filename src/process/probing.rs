//! The probes of a game: is it ready, and does it still answer?

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::environment;
use super::game::ManagedGame;
use super::shim::client::Client;
use super::shim::wire::{Order, Report, Request};
use crate::failure::Failure;
use crate::inventory::{Probe, Ready};
use crate::probe::{GameTree, PortOwner, ProbeContext, Readiness, health};
use crate::store::file_end::FileEnd;
use crate::store::launch::Launch;
use crate::store::{InstanceDir, launch, strangers};
use crate::supervisor::{Health, HealthCheck};
use crate::sys::plain_file;

#[async_trait::async_trait]
impl HealthCheck for ManagedGame {
    async fn check(&self) -> Health {
        answers(self).await.unwrap_or(Health::NotAsked)
    }
}

async fn answers(game: &ManagedGame) -> Option<Health> {
    let asked = game.healthy.as_ref()?.as_ready();
    let (dir, launch) = last_launch(game)?;
    let probes = Readiness::new(&asked, &context(game, &asked, &dir, &launch).await).ok()?;
    health::check(probes, async || readiness(game, &dir, &launch).await.ok()).await
}

/// Asks the probes of a launch that no verb waits for, once, and has it put on
/// record if it is ready. `None` if it is not, or that failed.
pub(super) async fn judge(game: &ManagedGame) -> Option<()> {
    game.spec.as_ref()?;
    let (dir, launch) = last_launch(game)?;
    if !readiness(game, &dir, &launch).await.ok()?.check().await {
        return None;
    }
    record_ready(&dir, launch.generation).await.map(drop)
}

/// Has the shim put on record that this launch is ready. Returns its answer;
/// `None` if there was none.
pub(super) async fn record_ready(dir: &InstanceDir, generation: u64) -> Option<Report> {
    let client = Client::connect(dir).await.ok()?;
    client.ask(&Request::Order(generation, Order::Ready)).await.ok()?
}

/// # Errors
/// When a regular expression is too large.
pub(super) async fn readiness(
    game: &ManagedGame,
    dir: &Arc<InstanceDir>,
    launch: &Launch,
) -> Result<Readiness, Failure> {
    Readiness::new(&game.ready, &context(game, &game.ready, dir, launch).await)
}

fn last_launch(game: &ManagedGame) -> Option<(Arc<InstanceDir>, Launch)> {
    let dir = game.find_folder().ok()??.dir;
    let launch = launch::read(&dir).ok()??;
    Some((dir, launch))
}

/// Returns the path of the log file that the probes read.
fn log_file(asked: &Ready) -> Option<&Path> {
    asked.probes.iter().find_map(|probe| match probe {
        Probe::LogFile(file) => Some(file.path.as_path()),
        _ => None,
    })
}

/// Records where the game's own log file ends before a launch. Without that, only what is
/// written after the first look counts.
pub(super) async fn note_file_end(game: &ManagedGame, dir: &InstanceDir, generation: u64) {
    let (Some(spec), Some(path)) = (&game.spec, log_file(&game.ready)) else {
        return;
    };
    let path = spec.cwd.join(path);
    let there = path.clone();
    if let Ok(end) = plain_file::off_thread(move || FileEnd::at(&there)).await {
        let _ = end.write(dir, generation, &path);
    }
}

async fn context(game: &ManagedGame, asked: &Ready, dir: &Arc<InstanceDir>, launch: &Launch) -> ProbeContext {
    let spec = game.spec.as_ref();
    // Only a command of theirs needs it.
    let executes = asked.probes.iter().any(|probe| matches!(probe, Probe::Exec(_)));
    let env = match spec.filter(|_| executes) {
        Some(spec) => environment::of_game(spec, None, environment::ours()).await.ok(),
        None => None,
    };
    let cwd = spec.map_or(PathBuf::from("/"), |spec| spec.cwd.clone());
    let log_file = log_file(asked).map(|path| cwd.join(path));
    ProbeContext {
        file_from: log_file.and_then(|path| FileEnd::read(dir, launch.generation, &path)),
        dir: Some(Arc::clone(dir)),
        log_from: launch.log,
        launched_boot_ms: launch.launched_boot_ms,
        owner: Some(PortOwner::Tree(GameTree {
            shim: launch.shim,
            main: launch.main,
            mark: launch.mark(dir).ok(),
            strangers: strangers::read(dir, launch.generation).into_iter().collect(),
        })),
        cwd,
        env: env.unwrap_or_default().into_iter().collect(),
    }
}
