//! The work for each kind of request.

use std::time::Duration;

use tokio::sync::mpsc;

use super::super::{Host, OutputFrom, RowParts, Scope, VerbRequest};
use super::streams::Answers;
use crate::event::{VerbEvent, VerbResult};
use crate::failure::{Failure, FailureKind};
use crate::inventory::Problems;
use crate::ssh::wire::{AnsweredVerb, FailureLine, OUTPUT_MAX, RowLine, Say, ServeAnswer, StateWord, VerbAsk, line};
use crate::supervisor::Observation;

/// The longest line that goes to a game, in bytes.
const LONGEST_SENT: usize = 64 * 1024;

/// LookQueue at instances; one that is not known here is unknown.
pub(super) async fn look(host: &Host, ids: &[String]) -> Result<Say, Failure> {
    let (broken, whole): (Vec<String>, Vec<String>) = ids.iter().cloned().partition(|id| host.is_broken(id));
    let mut rows = Vec::with_capacity(ids.len());
    if !whole.is_empty() {
        let wanted = RowParts {
            intent: true,
            players: false,
        };
        let mut look = host.look(Scope::Matching(&whole), wanted)?;
        look.complete().await;
        let seen = look.into_rows().into_iter();
        rows.extend(seen.map(|row| RowLine::new(&row.id, &row.observation, row.intent)));
    }
    for id in broken {
        let reason = refusal(host, &id).message;
        rows.push(RowLine::new(&id, &Observation::Unknown { reason }, None));
    }
    Ok(Say::Rows { rows })
}

/// Returns the failure of an instance whose definition is not taken here.
fn refusal(host: &Host, id: &str) -> Failure {
    let scope = [id.to_owned()];
    match host.mistakes_in(Scope::Matching(&scope)) {
        Some(problems) => not_understood(problems),
        None => Failure::unknown("it is not among the definitions"),
    }
}

/// Carries a verb out, and says what it waits for.
pub(super) async fn verb(host: &Host, id: u64, asked: VerbAsk, answers: &Answers) {
    let say = async |say: Say| {
        // A verb whose asker is gone goes on.
        let _ = answers.send(line(&ServeAnswer { id, say })).await;
    };
    let (events, mut heard) = mpsc::unbounded_channel();
    let work = carry_out(host, &asked, events);
    tokio::pin!(work);
    let result = loop {
        tokio::select! {
            biased;
            Some(event) = heard.recv() => match event {
                VerbEvent::LockHeld { holder, .. } => say(Say::LockHeld { holder }).await,
                VerbEvent::Awaiting { activity, .. } => say(Say::awaiting(&activity)).await,
                VerbEvent::Began { .. } | VerbEvent::Done(_) => {}
            },
            result = &mut work => break result,
        }
    };
    let result = result.unwrap_or_else(|failure| VerbResult::failed(&asked.instance, failure));
    say(Say::Result(answered(result))).await;
}

fn answered(result: VerbResult) -> AnsweredVerb {
    AnsweredVerb {
        changed: result.changed,
        state: result.state.as_ref().map(StateWord::new),
        ended_by: result.ended_by,
        note: result.note,
        error: result.error.map(FailureLine::from),
    }
}

async fn carry_out(host: &Host, asked: &VerbAsk, events: super::super::Events) -> Result<VerbResult, Failure> {
    let Some(verb) = asked.asked() else {
        return Err(Failure::new(FailureKind::Unsupported, "this verb is not known there"));
    };
    let scope = [asked.instance.clone()];
    if host.is_broken(&asked.instance) {
        return Err(refusal(host, &asked.instance));
    }
    let request = VerbRequest {
        no_wait: verb.no_wait,
        timeout: verb.timeout,
        now: verb.now,
        lock_wait: verb.lock_wait,
        keeps_intent: verb.keeps_intent,
        force: verb.force,
        ..VerbRequest::new(verb.verb)
    };
    let targets = host.targets(verb.verb, Scope::Matching(&scope))?;
    let results = targets.dispatch(&request, events).await;
    let only = results.into_iter().find(|result| result.id == asked.instance);
    only.ok_or_else(|| Failure::new(FailureKind::Usage, "a verb is of one instance, by its id"))
}

/// Sends a line to a game.
pub(super) async fn send(host: &Host, instance: &str, line: &str, limit_ms: u64) -> Result<Say, Failure> {
    if line.len() > LONGEST_SENT {
        return Err(Failure::new(FailureKind::Usage, "the line is too long"));
    }
    let (_, reply) = host.send(instance, line, Duration::from_millis(limit_ms)).await?;
    Ok(Say::Reply { reply })
}

/// Reads the output of an instance until its end.
pub(super) async fn logs(
    host: &Host,
    id: u64,
    instance: &str,
    from: OutputFrom,
    follow: bool,
    answers: &Answers,
) -> Result<Say, Failure> {
    let scope = [instance.to_owned()];
    let mut reader = host.logs(Scope::Matching(&scope), from, follow).await?;
    let gone = || Failure::failed("nobody reads it any more");
    let say = |say: Say| line(&ServeAnswer { id, say });
    answers.send(say(Say::Opened {})).await.map_err(|_| gone())?;
    while let Some((_, output)) = reader.next().await? {
        for piece in output.chunks(OUTPUT_MAX) {
            // In one message, so that nothing comes between the line and its output.
            let mut message = say(Say::Output { bytes: piece.len() });
            message.extend_from_slice(piece);
            answers.send(message).await.map_err(|_| gone())?;
        }
    }
    Ok(Say::End {})
}

/// Returns the failure of definitions that this gamectl does not take. The lines they are
/// in may hold secrets, and are not repeated.
pub(super) fn not_understood(problems: &Problems) -> Failure {
    let first = problems.list.first().map_or("", |problem| &problem.message);
    let version = env!("CARGO_PKG_VERSION");
    Failure::new(
        FailureKind::Inventory,
        format!("gamectl {version} there does not take this definition: {first}"),
    )
    .hint("correct the inventory, or bring gamectl there up to date")
}
