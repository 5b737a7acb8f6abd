//! The admin channel of a stack: over the network, by a program in a container, or its console.

use std::time::Duration;

use anyhow::Result;
use tokio::time::Instant;

use super::input;
use super::stack::ComposeStack;
use crate::channel::{check_line, say, to_program};
use crate::containers::{Container, SeenGroup};
use crate::failure::{Failure, FailureKind};
use crate::invocation::command;
use crate::supervisor::AdminChannel;

#[async_trait::async_trait]
impl AdminChannel for ComposeStack {
    async fn send(&self, line: &str, limit: Duration) -> Result<Option<String>> {
        Ok(send(self, line, limit).await?)
    }
}

async fn send(stack: &ComposeStack, line: &str, limit: Duration) -> Result<Option<String>, Failure> {
    let until = Instant::now() + limit;
    check_line(line)?;
    let running = running(stack).await?;
    if !stack.spec().send.is_empty() {
        return by_program(stack, only(stack, &running)?, line, limit).await.map(Some);
    }
    let channels = stack.channels();
    if let Some(remote) = channels.get(channels.admin) {
        let goes_on = async || {
            stack
                .see()
                .await
                .map_or(true, |look| look.containers.iter().any(Container::is_alive))
        };
        return say::line(remote, line, until, goes_on).await.map(Some);
    }
    let own: Vec<&Container> = match &stack.spec().console {
        Some(_) => vec![only(stack, &running)?],
        None => running.iter().collect(),
    };
    let limit = until.saturating_duration_since(Instant::now());
    input::write_line(stack.engine(), &own, line, limit)
        .await
        .map(|()| None)
}

/// Returns the containers of its services that run.
async fn running(stack: &ComposeStack) -> Result<Vec<Container>, Failure> {
    let mut all = stack.engine().of_group(&stack.spec().project).await?;
    all.retain(|one| one.is_alive() && !one.member.oneoff);
    if all.is_empty() {
        let start = command(format_args!("start {}", stack.records().id()));
        let failure = Failure::new(FailureKind::NotRunning, "it does not run");
        return Err(failure.hint(format!("{start} starts it")));
    }
    Ok(all)
}

/// Returns the container of the service that is the console, or the only one there is.
fn only<'a>(stack: &ComposeStack, running: &'a [Container]) -> Result<&'a Container, Failure> {
    if let Some(service) = &stack.spec().console {
        let named = running.iter().find(|one| one.service() == service);
        let message = || format!("no container of the service `{service}` runs");
        return named.ok_or_else(|| Failure::new(FailureKind::NotRunning, message()));
    }
    match running {
        [only] => Ok(only),
        _ => {
            let names: Vec<&str> = running.iter().map(Container::service).collect();
            let message = format!("which service takes lines is not known: there are {}", names.join(", "));
            let hint = "name it, such as `docker_compose: { console: game }`";
            Err(Failure::new(FailureKind::Unsupported, message).hint(hint))
        }
    }
}

/// Gives a line to the program in a container, and returns what that prints.
async fn by_program(
    stack: &ComposeStack,
    container: &Container,
    line: &str,
    limit: Duration,
) -> Result<String, Failure> {
    let program = &stack.spec().send;
    let words = ["exec", "--interactive", &container.id].into_iter();
    let call = stack.engine().program(words.chain(program.iter().map(String::as_str)));
    let name = program.first().map_or("", String::as_str);
    let kind = stack.engine().kind();
    let done = to_program(call, name, line, limit, |error| kind.call_failed(kind.program, error)).await?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.output).trim_end().to_owned());
    }
    let said = done.complaint.trim();
    let message = format!(
        "{name} has failed in the container of `{}`: {said}",
        container.service()
    );
    Err(Failure::failed(message).hint("correct `docker_compose.send`"))
}
