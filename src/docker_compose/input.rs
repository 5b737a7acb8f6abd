//! The standard input of a container of a Docker Engine.
//!
//! `docker attach` takes a terminal where the container has one, and a pipe where it has none. At
//! the end of its own input it goes on until the container ends: it is killed once it has passed
//! the line on, or left by its detach keys, which it knows only if it reads each of them alone.

use std::fmt::Display;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::containers::{Container, Engine};
use crate::failure::{Failure, FailureKind};
use crate::program::Typist;

/// The pause before it is asked again what was read.
const AGAIN: Duration = Duration::from_millis(5);

/// The time for which `docker attach` goes on after it has read the line, so that it passes it on.
const PASS_ON: Duration = Duration::from_millis(300);

/// The keys that leave a terminal, which nobody types, and how docker names them.
const DETACH: [u8; 4] = [0x1f, 0x1e, 0x1f, 0x1e];
const DETACH_NAMES: &str = "--detach-keys=ctrl-_,ctrl-^,ctrl-_,ctrl-^";

/// The end of the complaint of one that was left by these keys.
const DETACHED: &str = "read escape sequence";

/// The keys that would have let a line be sent.
const WAYS: &str = "`docker_compose.send`, such as `send: [rcon-cli]`, or a channel such as `rcon`";

/// Tells of each container its id, and whether its input is open, is closed after the first who
/// was attached to it, and is a terminal.
const ASKED: &str = "{{.Id}} {{.Config.OpenStdin}} {{.Config.StdinOnce}} {{.Config.Tty}}";

/// Writes a line to the one of these containers that has an open standard input.
///
/// # Errors
/// When there is none, or there are several, or it takes nothing now.
pub(super) async fn write_line(
    engine: &Engine,
    containers: &[&Container],
    line: &str,
    limit: Duration,
) -> Result<(), Failure> {
    let until = Instant::now() + limit;
    if !engine.kind().keeps_input {
        let message = format!(
            "with {} nobody can write to the console of a stack",
            engine.kind().program
        );
        return Err(unsupported(&message, ""));
    }
    let ids = containers.iter().map(|one| one.id.as_str());
    let told = engine.ask(
        ["inspect", "--type", "container", "--format", ASKED]
            .into_iter()
            .chain(ids),
    );
    let told = String::from_utf8_lossy(&told.await?.output).into_owned();
    let open: Vec<(&str, bool)> = told.lines().filter_map(of_line).collect();
    let (id, is_terminal) = match open.as_slice() {
        [one] => *one,
        [] => {
            let also = "; or its service `stdin_open: true` in the compose file";
            let message = "none of its containers has an open standard input";
            return Err(unsupported(message, also));
        }
        _ => {
            let message = "several of its containers have an open standard input";
            let hint = "name the service, such as `docker_compose: { console: game }`";
            return Err(Failure::new(FailureKind::Unsupported, message).hint(hint));
        }
    };
    let written = async {
        match is_terminal {
            true => to_terminal(engine, id, line).await,
            false => to_pipe(engine, id, line).await,
        }
    };
    let late = |_| {
        Err(Failure::new(
            FailureKind::Timeout,
            "docker attach did not take the line in time",
        ))
    };
    timeout_at(until, written).await.unwrap_or_else(late)
}

/// Returns the id of a container whose input stays open, and whether that is a terminal.
fn of_line(told: &str) -> Option<(&str, bool)> {
    let mut words = told.split_ascii_whitespace();
    let (id, is_open, closes) = (words.next()?, words.next()?, words.next()?);
    (is_open == "true" && closes == "false").then_some((id, words.next() == Some("true")))
}

async fn to_pipe(engine: &Engine, id: &str, line: &str) -> Result<(), Failure> {
    let attach = engine.program(["attach", "--sig-proxy=false", id]);
    let mut typist = Typist::heard(attach).map_err(failed)?;
    typist.write(format!("{line}\n").as_bytes()).map_err(failed)?;
    until_read(&mut typist).await?;
    // It ends by itself only with the game.
    let _ = timeout(PASS_ON, typist.end()).await;
    Ok(())
}

async fn to_terminal(engine: &Engine, id: &str, line: &str) -> Result<(), Failure> {
    let attach = engine.program(["attach", "--sig-proxy=false", DETACH_NAMES, id]);
    let mut typist = Typist::on_terminal(attach).map_err(failed)?;
    while !typist.takes_keys() {
        pause(&mut typist).await?;
    }
    typist.write(format!("{line}\r").as_bytes()).map_err(failed)?;
    for key in DETACH {
        until_read(&mut typist).await?;
        typist.write(&[key]).map_err(failed)?;
    }
    let status = typist.end().await.map_err(failed)?;
    match status.success() || typist.complaint().contains(DETACHED) {
        true => Ok(()),
        false => Err(failed(ended(&typist, &status))),
    }
}

async fn until_read(typist: &mut Typist) -> Result<(), Failure> {
    while typist.unread().map_err(failed)? > 0 {
        pause(typist).await?;
    }
    Ok(())
}

/// Waits a moment.
///
/// # Errors
/// When it ends meanwhile: it reads nothing before it is attached.
async fn pause(typist: &mut Typist) -> Result<(), Failure> {
    match timeout(AGAIN, typist.end()).await {
        Err(_) => Ok(()),
        Ok(status) => {
            let status = status.map_err(failed)?;
            Err(failed(ended(typist, &status)))
        }
    }
}

fn ended(typist: &Typist, status: &ExitStatus) -> String {
    match typist.complaint().trim() {
        "" => status.to_string(),
        said => said.to_owned(),
    }
}

fn failed(error: impl Display) -> Failure {
    Failure::failed(format!("docker attach: {error}"))
}

/// Returns the failure of a stack whose console nobody can write to.
fn unsupported(message: &str, more: &str) -> Failure {
    Failure::new(FailureKind::Unsupported, message).hint(format!("give it {WAYS}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inputs_that_stay_open() {
        for (told, wanted) in [
            ("a true false false", Some(("a", false))),
            ("a true false true", Some(("a", true))),
            ("a true true false", None),
            ("a false false true", None),
            ("a true", None),
            ("", None),
        ] {
            assert_eq!(of_line(told), wanted, "{told}");
        }
    }
}
