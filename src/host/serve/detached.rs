//! A process of its own that goes on with the keeping when the connection is lost: another
//! `gamectl serve`, which is told all at once and then hears no more.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use super::definitions::SentDefinitions;
use crate::invocation;
use crate::ssh::wire::{Ask, Greeting, KeepAsk, ServeRequest, line};
use crate::sys::{daemon, host};
use crate::systemd::Scopes;
use crate::text::clean_line;

/// This program, also where another one has taken its place.
const OURSELVES: &str = "/proc/self/exe";

/// The most characters of the name of a `run` that are shown.
const WHO_MAX: usize = 100;

/// Begins to keep in a process of its own.
///
/// # Errors
/// When no process can be made.
pub(super) fn keeper(definitions: &SentDefinitions, ask: KeepAsk) -> io::Result<()> {
    let open = Ask::Open {
        inventory: definitions.inventory.clone(),
        folder: Some(definitions.folder.to_string_lossy().into_owned()),
        options: invocation::options(),
    };
    let asks = (1..)
        .zip([open, Ask::Keep(ask)])
        .map(|(id, ask)| ServeRequest { id, ask });
    let mut said = line(&Greeting::asking());
    said.extend(asks.flat_map(|request| line(&request)));
    let mut child = Command::new(OURSELVES)
        .arg0("gamectl")
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let input = child.stdin.take();
    std::thread::spawn(move || {
        // It reads as fast as it can; where it does not, this process goes on with the
        // keeping, and a thread of it waits.
        if let Some(mut input) = input {
            let _ = input.write_all(&said);
        }
        drop(child);
    });
    Ok(())
}

/// Leaves the login in which this process was started.
pub(super) fn leave_login() {
    if let Err(error) = daemon::leave_session() {
        tracing::debug!(%error, "it stays in its session");
    }
    // It was executed by another name.
    daemon::set_name("gamectl");
}

/// Moves this process into a scope of its own, where there is a service manager that
/// outlives the login: logind may end what is in its session. Elsewhere it stays where it is.
///
/// It is done as soon as something is kept, since at the end of a login there is no time.
pub(super) async fn leave_session_scope(who: String) {
    let who: String = clean_line(&who).chars().take(WHO_MAX).collect();
    let moved = match host::random_token() {
        Ok(token) => Scopes::default().enclose_keeper(&token, &who).await,
        Err(error) => Err(error.to_string()),
    };
    if let Err(why) = moved {
        tracing::debug!(why, "it has no scope of its own");
    }
}
