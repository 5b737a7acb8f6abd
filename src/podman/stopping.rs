//! `stop`: the steps of its chain, then podman's own stop of what is left.

use std::time::Duration;

use tokio::task::JoinSet;

use super::chain::StopChain;
use super::engine::PodmanEngine;
use super::game::PodmanGame;
use super::starting::{is_game_alive, let_go_on};
use crate::containers::{Container, SeenGroup, run_ns, too_short_grace, was_crashed};
use crate::failure::Failure;
use crate::policy::stop::{KILL_LABEL, LEFTOVER_GRACE_MS};
use crate::supervisor::{Activity, InstanceState, Outcome, StateCell, join_notes};

/// The time that stopping may take beyond the grace period.
const BEYOND_GRACE: Duration = Duration::from_secs(30);

/// The grace period of a container that only holds what a pod shares.
const INFRA_GRACE: u64 = 2;

/// The most rounds of stopping: one may have been started again meanwhile, by podman
/// itself or by somebody.
const ROUNDS: usize = 3;

/// The label of podman's own stop.
const OWN_STOP: &str = "podman stop";

/// Stops everything of it that is alive. With `now`, no step is taken, and none has more
/// than 5 s.
pub(super) async fn stop(game: &PodmanGame, activity: &StateCell<Activity>, now: bool) -> Result<Outcome, Failure> {
    let (mut containers, _) = game.fresh().await?;
    if !containers.iter().any(Container::is_alive) {
        // Says so if it cannot be found at all.
        game.see().await?;
        let changed = was_crashed(&containers, &[]);
        let _ = game.records().record_stop(&game.origin(), run_ns(&containers), now);
        game.records().record_stopped();
        return Ok(Outcome {
            // A crash is acknowledged by a stop.
            changed,
            state: InstanceState::Stopped,
            ended_by: None,
            note: None,
        });
    }
    // A full disk does not keep it from being stopped.
    let has_chain = !now && !game.stop_chain().is_empty();
    let is_by_grace = !now && !has_chain;
    let _ = game
        .records()
        .record_stop(&game.origin(), run_ns(&containers), !is_by_grace);
    if containers.iter().any(Container::is_paused) {
        // What is paused hears no signal, and podman does not stop it.
        let_go_on(game, &containers).await?;
        containers = game.fresh().await?.0;
    }
    let alive: Vec<String> = alive_ids(&containers);
    let mut notes = Vec::new();
    let mut ended_by = None;
    let mut haste = if now { Haste::Now } else { Haste::Own };
    if has_chain && containers.iter().any(is_game_alive) {
        let chain = StopChain::new(game, activity, &containers);
        let report = chain.run().await?;
        notes = report.notes;
        // What is alive has heard the chain, or was started by podman after its end.
        haste = Haste::Kill;
        ended_by = report.ended_by;
        containers = game.fresh().await?.0;
        if containers.iter().any(is_game_alive) {
            // Podman may have started it again, and that is another run.
            let _ = game.records().record_stop(&game.origin(), run_ns(&containers), true);
        }
    }
    let was_stopped_here = stop_rest(game, activity, containers, haste).await?;
    let after = game.fresh().await?.0;
    let left: Vec<&str> = after
        .iter()
        .filter(|one| one.is_alive())
        .map(Container::service)
        .collect();
    if !left.is_empty() {
        let hint = format!("see `podman ps --all --pod`; `podman kill {}` ends it", left.join(" "));
        return Err(Failure::failed(format!("still alive: {}", left.join(", "))).hint(hint));
    }
    game.records().record_stopped();
    // One that podman removes at its end is gone, as the record says.
    game.see().await?;
    let killed = after
        .iter()
        .find(|one| alive.contains(&one.id) && !one.member.oneoff && one.was_killed());
    let own = || if killed.is_some() { KILL_LABEL } else { OWN_STOP }.to_owned();
    let grace = killed.filter(|_| is_by_grace);
    notes.extend(grace.map(too_short_grace));
    Ok(Outcome {
        changed: true,
        state: InstanceState::Stopped,
        ended_by: Some(ended_by.filter(|_| !was_stopped_here).unwrap_or_else(own)),
        note: join_notes(notes.into_iter().map(Some)),
    })
}

fn alive_ids(containers: &[Container]) -> Vec<String> {
    let alive = containers.iter().filter(|one| one.is_alive());
    alive.map(|one| one.id.clone()).collect()
}

/// The time that podman gives to what it stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Haste {
    /// The grace period of the container itself.
    Own,
    /// That of a stop in a hurry.
    Now,
    /// None: it has had its chain.
    Kill,
}

/// Has podman stop what is alive. Returns true if that was one of the game itself.
async fn stop_rest(
    game: &PodmanGame,
    activity: &StateCell<Activity>,
    mut containers: Vec<Container>,
    haste: Haste,
) -> Result<bool, Failure> {
    let mut was_game = false;
    let mut refused = None;
    for _ in 0..ROUNDS {
        let games: Vec<&Container> = containers.iter().filter(|one| is_game_alive(one)).collect();
        if !games.is_empty() {
            was_game = true;
            refused = stop_all(game.engine(), activity, &games, haste).await.err();
        }
        // What a pod shares goes last.
        let shared = |one: &&Container| one.member.oneoff && one.is_alive();
        let shared: Vec<&Container> = containers.iter().filter(shared).collect();
        if !shared.is_empty() {
            refused = stop_all(game.engine(), activity, &shared, haste)
                .await
                .err()
                .or(refused);
        }
        containers = game.fresh().await?.0;
        if !containers.iter().any(Container::is_alive) {
            return Ok(was_game);
        }
    }
    match refused {
        Some(failure) => Err(failure),
        None => Ok(was_game),
    }
}

/// Stops containers at once, each within its own grace period. One that is gone counts as
/// stopped.
async fn stop_all(
    engine: &PodmanEngine,
    activity: &StateCell<Activity>,
    containers: &[&Container],
    haste: Haste,
) -> Result<(), Failure> {
    let grace = |one: &Container| match haste {
        _ if one.member.oneoff => INFRA_GRACE,
        Haste::Own => one.grace,
        Haste::Now => LEFTOVER_GRACE_MS / 1000,
        // A kill of podman's own, after which it starts nothing again by itself.
        Haste::Kill => 0,
    };
    let longest = Duration::from_secs(containers.iter().map(|one| grace(one)).max().unwrap_or_default());
    let names: Vec<&str> = containers.iter().map(|one| one.service()).collect();
    let call = if haste == Haste::Kill { KILL_LABEL } else { OWN_STOP };
    activity.set(Activity::awaiting(
        format!("{call}: {}", names.join(", ")),
        Some(longest),
    ));
    let mut stops = JoinSet::new();
    for one in containers {
        // One call for each: a call that misses one of its containers stops none.
        let (engine, id, grace) = (engine.clone(), one.id.clone(), grace(one));
        stops.spawn(async move {
            let words = ["stop", "-t", &grace.to_string(), &id].map(str::to_owned);
            engine.order(words, Duration::from_secs(grace) + BEYOND_GRACE).await
        });
    }
    let mut refused = Ok(());
    while let Some(stopped) = stops.join_next().await {
        // Whether it is stopped is read from the list.
        if let Ok(Err(failure)) = stopped {
            refused = Err(failure);
        }
    }
    refused
}
