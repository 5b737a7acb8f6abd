//! The end of a connection on the host where the games are: `gamectl serve`.
//!
//! # Theory of operation
//!
//! Another gamectl has started this process, through `ssh` or `sudo`, and speaks to it
//! over its standard input and output, as [`crate::ssh::wire`] says. It sends the
//! definitions of its instances, which are opened like an inventory, and then asks what a
//! person could ask here: everything goes the way of a verb that was typed on this
//! machine, with the locks, intents, scopes and records of this machine.
//!
//! Requests are carried out side by side. When the other end is gone, looks and logs end
//! at once; verbs are carried through, because nobody has taken them back, and what is
//! kept for a `run` is kept for a while (`keep`).

mod definitions;
mod detached;
mod keep;
mod session;
mod streams;
mod tasks;

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::failure::Failure;
use crate::ssh::wire::{Garbled, Greeting, MAGIC, Say, ServeAnswer, line};
use crate::store::dir;
use crate::sys::host;
use session::Session;
use streams::Answers;

/// The interval at which the other end is shown that this one lives.
const BEAT: Duration = Duration::from_secs(3);

/// The longest silence of an end for which instances are kept, which says every few
/// seconds that it lives. A connection may be lost without a word.
const SILENCE: Duration = Duration::from_secs(20);

/// The longest time for which verbs are carried through when the other end is gone.
const CARRIED_THROUGH: Duration = Duration::from_secs(3600);

/// The most lines and pieces of output that wait to be written.
const UNWRITTEN: usize = 16;

/// Serves one connection over standard input and output, to its end.
///
/// # Errors
/// When the other end is no gamectl, or the streams cannot be used.
pub async fn over_standard_streams() -> Result<(), Failure> {
    let (lines, input) = mpsc::channel(UNWRITTEN);
    let (answers, output) = mpsc::channel(UNWRITTEN);
    let streams = streams::begin(lines, output)?;
    // `sudo` may have made a terminal for this process, whose end is none of it.
    let _hangups = signal(SignalKind::hangup());
    let local = tokio::task::LocalSet::new();
    let served = local.run_until(connection(input, answers)).await;
    // With it go the requests that were ended, and their ends of the stream.
    drop(local);
    // What was answered last is still to be written.
    streams.finish().await;
    served.map_err(|garbled| Failure::failed(format!("the other end is no gamectl that asks: {garbled}")))
}

/// Returns a word that only this account of this machine has, until it boots: by that it is
/// known again under another name.
fn account() -> Option<String> {
    let state_dir = dir::locate(None, &|name| std::env::var_os(name)).ok()?;
    let frame = host::Frame::here().ok()?;
    let uid = host::effective_uid();
    Some(format!(
        "{} {} {uid} {}",
        frame.boot,
        frame.namespaces,
        state_dir.display()
    ))
}

async fn connection(mut input: mpsc::Receiver<Result<Vec<u8>, Garbled>>, answers: Answers) -> Result<(), Garbled> {
    // The line end is for what the shell may have left unfinished.
    let greeting = [format!("\n{MAGIC}\n").into_bytes(), line(&Greeting::serving(account()))].concat();
    if answers.send(greeting).await.is_err() {
        return Ok(());
    }
    match input.recv().await {
        None => return Ok(()),
        Some(first) => {
            let first = first?;
            // Its version is for whoever reads the answer: the asking end judges.
            serde_json::from_slice::<Greeting>(&first).map_err(|_| Garbled("it does not greet".to_owned()))?;
        }
    }
    let mut session = Session::new(answers.clone());
    let mut beats = tokio::time::interval(BEAT);
    let mut heard = Instant::now();
    let ended = loop {
        tokio::select! {
            read = input.recv() => match read {
                None => break Ok(()),
                Some(Err(garbled)) => break Err(garbled),
                Some(Ok(read)) => {
                    heard = Instant::now();
                    session.take(&read).await;
                }
            },
            () = session.reap() => {}
            () = sleep_until(heard + SILENCE), if session.keeps() => break Ok(()),
            _ = beats.tick() => {
                // A reader that is slow hears of life by what it reads.
                let _ = answers.try_send(line(&ServeAnswer { id: 0, say: Say::Beat {} }));
            }
        }
    };
    // Nobody hears any more.
    drop((input, answers));
    session.carry_through(CARRIED_THROUGH).await;
    ended
}
