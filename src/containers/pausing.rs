//! Containers that somebody has paused: they hear no signal, answer nobody, and an
//! `up` fails at them.

use std::time::Duration;

use tokio::time::Instant;

use super::container::Container;
use super::engine::Engine;
use crate::failure::Failure;

/// The time within which a container that was let go on must be seen to.
const GOES_ON: Duration = Duration::from_secs(10);

/// The pause before the engine is asked again.
const AGAIN: Duration = Duration::from_millis(100);

/// Lets these containers of a group go on, and returns once the engine says that
/// they do.
///
/// Compose's own `unpause` is no help: it asks for every container of the project, is
/// refused for each that is not paused, and then may leave the paused ones as they are.
///
/// # Errors
/// When one stays paused, or the engine cannot be asked.
pub async fn let_go_on(engine: &Engine, group: &str, paused: &[&Container]) -> Result<(), Failure> {
    let until = Instant::now() + GOES_ON;
    let mut left: Vec<Container> = paused.iter().copied().cloned().collect();
    loop {
        let mut refused = None;
        for one in &left {
            refused = engine.ask(["unpause", &one.id]).await.err().or(refused);
        }
        let is_left = |one: &Container| one.is_paused() && left.iter().any(|old| old.id == one.id);
        let all = engine.of_group(group).await?;
        left = all.into_iter().filter(is_left).collect();
        let Some(one) = left.first() else { return Ok(()) };
        if Instant::now() >= until {
            let said = refused.map_or(String::new(), |failure| format!(": {}", failure.message));
            let failure = Failure::failed(format!("{} is paused, and cannot be let go on{said}", one.service()));
            return Err(failure.hint(format!("see `{} inspect {:.12}`", engine.kind().program, one.id)));
        }
        tokio::time::sleep(AGAIN).await;
    }
}
