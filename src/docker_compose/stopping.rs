//! `stop`: every container of the project, those that need others first.

use std::time::Duration;

use super::compose_file::FileServices;
use super::order::layers;
use super::stack::ComposeStack;
use super::tool::Tool;
use crate::containers::{Container, SeenGroup, let_go_on, run_ns, too_short_grace, was_crashed};
use crate::failure::Failure;
use crate::inventory::ComposeEngine;
use crate::policy::stop::LEFTOVER_GRACE_MS;
use crate::supervisor::{Activity, InstanceState, Outcome, StateCell};

/// The time that `docker-compose stop` may take beyond the grace periods.
const BEYOND: Duration = Duration::from_secs(30);

/// Stops every container that is alive. With `now`, none waits for another, and none
/// for its grace period.
pub(super) async fn stop(stack: &ComposeStack, activity: &StateCell<Activity>, now: bool) -> Result<Outcome, Failure> {
    let before = containers(stack).await?;
    let alive: Vec<&Container> = before.iter().filter(|one| one.is_alive()).collect();
    if alive.is_empty() {
        stack.see().await?;
        stack.records().record_stopped();
        return Ok(Outcome {
            // A crash is acknowledged by a stop.
            changed: was_crashed(&before, &stack.spec().services),
            state: InstanceState::Stopped,
            ended_by: None,
            note: None,
        });
    }
    // A full disk does not keep it from being stopped.
    let _ = stack.records().record_stop(&stack.origin(), run_ns(&before), now);
    // What is paused would receive no signal. A failure shows when it is stopped.
    let paused: Vec<&Container> = before.iter().filter(|one| one.is_paused()).collect();
    if !paused.is_empty() {
        let _ = let_go_on(stack.engine(), &stack.spec().project, &paused).await;
    }
    if now {
        let grace = Duration::from_millis(LEFTOVER_GRACE_MS);
        activity.set(awaiting(stack, &alive, grace));
        stack.engine().stop_within(&alive, grace).await?;
    } else {
        stop_by_layers(stack, activity, &alive).await?;
    }
    let after = stack.see().await?.containers;
    let survivors = after.iter().filter(|one| one.is_alive());
    let survivors: Vec<&str> = survivors.map(Container::service).collect();
    if !survivors.is_empty() {
        return Err(Failure::failed(format!("still alive: {}", survivors.join(", "))));
    }
    stack.records().record_stopped();
    let was_killed = |one: &&&Container| after.iter().any(|end| end.id == one.id && end.was_killed());
    let killed = alive.iter().find(was_killed);
    let stop = format!("{} stop", stack.engine().kind().program);
    Ok(Outcome {
        changed: true,
        state: InstanceState::Stopped,
        ended_by: Some(if killed.is_some() { "kill".to_owned() } else { stop }),
        note: killed.filter(|_| !now).map(|one| too_short_grace(one)),
    })
}

/// Returns the containers of the project, with their order and grace periods.
async fn containers(stack: &ComposeStack) -> Result<Vec<Container>, Failure> {
    let spec = stack.spec();
    let mut all = stack.engine().of_group(&spec.project).await?;
    let is_untold = all.iter().any(|one| one.member.depends_on.is_none());
    // Without its file, all are stopped at once, and by the grace period of podman.
    if spec.engine == ComposeEngine::Podman
        && is_untold
        && let Ok(files) = FileServices::read(spec).await
    {
        files.complete(&mut all);
    }
    Ok(all)
}

async fn stop_by_layers(
    stack: &ComposeStack,
    activity: &StateCell<Activity>,
    alive: &[&Container],
) -> Result<(), Failure> {
    let is_untold = alive.iter().any(|one| one.member.depends_on.is_none());
    if is_untold && stack.spec().engine == ComposeEngine::Docker {
        stop_by_old_compose(stack, activity, alive).await;
    }
    for layer in layers(alive) {
        let grace = layer.iter().map(|one| one.grace).max().unwrap_or_default();
        let grace = Duration::from_secs(grace);
        activity.set(awaiting(stack, &layer, grace));
        stack.engine().stop(&layer, grace).await?;
    }
    Ok(())
}

fn awaiting(stack: &ComposeStack, containers: &[&Container], grace: Duration) -> Activity {
    let names: Vec<&str> = containers.iter().map(|one| one.service()).collect();
    let program = stack.engine().kind().program;
    Activity::awaiting(format!("{program} stop: {}", names.join(", ")), Some(grace))
}

/// Lets the old compose stop the stack: it puts no order on its containers,
/// but knows it if its file is unchanged. What it leaves is stopped by layers.
async fn stop_by_old_compose(stack: &ComposeStack, activity: &StateCell<Activity>, alive: &[&Container]) {
    let Ok(tool) = Tool::find(stack.engine(), stack.spec()).await else {
        return;
    };
    if tool.is_old() && tool.validate().await.is_ok() {
        let grace = alive.iter().map(|one| Duration::from_secs(one.grace)).sum::<Duration>();
        activity.set(Activity::awaiting("docker-compose stop", Some(grace)));
        let _ = tool.stop(grace + BEYOND).await;
    }
}
