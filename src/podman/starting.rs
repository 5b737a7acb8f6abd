//! `start`: podman starts the container or the pod, and we wait until it is ready.

use std::time::Duration;

use tokio::time::Instant;

use super::engine::is_gone;
use super::game::PodmanGame;
use super::target;
use crate::containers::{
    BegunStart, Container, ContainerStatus, GroupLook, GroupStart, PODMAN, START_LOOK, SeenGroup, run_ns, started,
};
use crate::failure::{Failure, FailureKind, quoted_lines};
use crate::inventory::PodmanObject;
use crate::invocation::command;
use crate::probe;
use crate::program::Finished;
use crate::store::stack::Stack;
use crate::supervisor::{Activity, InstanceState, Outcome, StartOptions, StateCell};

/// The time within which podman starts containers, or lets them go on.
const CALL: Duration = Duration::from_secs(120);

/// The time within which a container that was let go on must be seen to.
const GOES_ON: Duration = Duration::from_secs(10);

/// The time for which the list counts in whole seconds only, in nanoseconds.
const SECOND_NS: u64 = 1_000_000_000;

/// Starts what does not run, and returns when it is ready.
pub(super) async fn start(
    game: &PodmanGame,
    activity: &StateCell<Activity>,
    options: &StartOptions,
) -> Result<Outcome, Failure> {
    let wait = GroupStart::begin(game, activity, options, "podman start");
    PodmanStart { game, wait }.carry_out(options).await
}

/// A start under way.
struct PodmanStart<'a> {
    game: &'a PodmanGame,
    wait: GroupStart<'a>,
}

impl PodmanStart<'_> {
    async fn carry_out(&self, options: &StartOptions) -> Result<Outcome, Failure> {
        let (game, records) = (self.game, self.game.records());
        let (before, was_paused) = self.look_awake().await?;
        let before = self.outlast_a_stop(before).await?;
        if before.containers.is_empty() {
            let message = format!("podman has no container of {}", game.spec().object);
            return Err(Failure::unknown(message).hint("make it anew, with the command that made it"));
        }
        if before.aggregate.facts.state == InstanceState::Running {
            records.record_origin(&game.origin())?;
            return Ok(started(InstanceState::Running, was_paused));
        }
        game.group().refuse_probes(&game.spec().folder)?;
        let was_alive = before.containers.iter().any(is_game_alive);
        let start = Stack {
            restarts: options.restarts,
            follows_ns: end_of_second(run_ns(&before.containers)),
            ..Stack::default()
        };
        let mut begun = BegunStart::record(records, &game.origin(), start)?;
        if !was_alive {
            begun.note_strangers(&probe::held(&game.group().ready().probes).await);
        }
        self.wait.awaits("podman start", None);
        let said = match self.bring_up().await {
            Ok(said) => said,
            Err(failure) => {
                begun.take_back();
                return Err(failure);
            }
        };
        let look = game.see().await?;
        if !said.status.success() && !look.containers.iter().any(is_game_alive) {
            begun.take_back();
            return Err(self.not_up(&look, &said.complaint).await);
        }
        let members = look.containers.iter().filter(|one| !one.member.oneoff);
        begun.note_services(members.map(|one| one.service().to_owned()).collect())?;
        if options.no_wait {
            return Ok(started(look.aggregate.facts.state, true));
        }
        let outcome = self.wait.until_ready().await?;
        begun.note_arrival()?;
        Ok(outcome)
    }

    /// Looks, after it has let go on what somebody has paused: podman starts nothing that
    /// is paused. Also returns whether there was any.
    async fn look_awake(&self) -> Result<(GroupLook, bool), Failure> {
        let look = self.game.see().await?;
        if !look.containers.iter().any(Container::is_paused) {
            return Ok((look, false));
        }
        self.wait.awaits("podman unpause", None);
        let until = Instant::now() + GOES_ON;
        let mut look = look;
        // Podman may call one paused that was let go on just now.
        while look.containers.iter().any(Container::is_paused) && Instant::now() < until {
            let_go_on(self.game, &look.containers).await?;
            look = self.game.see().await?;
        }
        if let Some(one) = look.containers.iter().find(|one| one.is_paused()) {
            let message = format!("{} is paused, and cannot be let go on", one.service());
            return Err(Failure::failed(message).hint(format!("see `podman unpause {}`", one.service())));
        }
        Ok((look, true))
    }

    /// Waits until podman has done with a stop that somebody else has asked for: it starts
    /// nothing that it stops.
    async fn outlast_a_stop(&self, mut look: GroupLook) -> Result<GroupLook, Failure> {
        let is_stopping = |one: &&Container| one.status == ContainerStatus::Stopping;
        while let Some(one) = look.containers.iter().find(is_stopping) {
            if self.wait.is_stop_wanted() {
                return Err(self.wait.overtaken());
            }
            let limit = self.wait.limit();
            if Instant::now() >= self.wait.deadline() {
                let message = format!(
                    "not started after {}: {} is still being stopped",
                    humantime::format_duration(limit),
                    one.service()
                );
                let stop = command(format_args!("stop {}", self.game.records().id()));
                let hint = format!("a `podman stop` that was killed leaves it so; {stop} finishes it");
                return Err(Failure::new(FailureKind::Timeout, message).hint(hint));
            }
            let awaited = format!("the end of {}, which is being stopped", one.service());
            self.wait.awaits(awaited, Some(limit));
            tokio::time::sleep_until(self.wait.deadline().min(Instant::now() + START_LOOK)).await;
            look = self.game.see().await?;
        }
        Ok(look)
    }

    /// Has podman start it. One that was made anew meanwhile is started, too.
    async fn bring_up(&self) -> Result<Finished, Failure> {
        let mut said = self.call_start().await?;
        if !said.status.success() && is_gone(&said.complaint) {
            said = self.call_start().await?;
        }
        Ok(said)
    }

    async fn call_start(&self) -> Result<Finished, Failure> {
        let engine = self.game.engine();
        let name = match &self.game.spec().object {
            PodmanObject::Container(name) => return engine.order(["start", "--", name], CALL).await,
            PodmanObject::Pod(name) => name,
        };
        // A name of a pod may also be the beginning of an id of another one.
        let listed = engine.list().await?;
        let id = target::pod_id(name, &listed).unwrap_or(name);
        engine.order(["pod", "start", "--", id], CALL).await
    }

    /// Returns the failure of a start after which nothing is up.
    async fn not_up(&self, look: &GroupLook, complaint: &str) -> Failure {
        let refusal = PODMAN.refusal(complaint);
        if refusal.kind == FailureKind::Unknown {
            return refusal;
        }
        let mut message = "podman could not start it".to_owned();
        let errors = complaint.lines().filter(|line| line.starts_with("Error"));
        message.push_str(&quoted_lines(errors.map(str::trim)));
        message.push_str(&self.wait.last_lines(look).await);
        self.wait.with_logs(message)
    }
}

/// Lets paused containers go on. A failure shows in the next look.
pub(super) async fn let_go_on(game: &PodmanGame, containers: &[Container]) -> Result<(), Failure> {
    for one in containers.iter().filter(|one| one.is_paused()) {
        game.engine().order(["unpause", &one.id], CALL).await?;
    }
    Ok(())
}

/// Returns true for a container of the game itself that may be alive.
pub(super) fn is_game_alive(one: &Container) -> bool {
    one.is_alive() && !one.member.oneoff
}

/// Returns the end of the second of a time: the list counts in whole seconds.
pub(super) fn end_of_second(ns: u64) -> u64 {
    (ns / SECOND_NS * SECOND_NS).saturating_add(SECOND_NS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_second_is_never_before_it() {
        for (ns, end) in [(0, 999_999_999), (5_000_000_001, 5_999_999_999), (u64::MAX, u64::MAX)] {
            assert_eq!(end_of_second(ns), end, "{ns}");
        }
    }
}
