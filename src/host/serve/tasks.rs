//! The work for each kind of request.

use std::time::Duration;

use tokio::sync::mpsc;

use super::super::{ConsoleInput, ConsoleKind, Host, NeedsRule, OutputAsk, RowParts, Scope, VerbRequest};
use super::streams::Answers;
use crate::check;
use crate::event::{ResidentEvent, VerbEvent, VerbResult};
use crate::failure::{Failure, FailureKind};
use crate::instancecmd::CourtesyAsk;
use crate::inventory::Problems;
use crate::ssh::wire::{
    AnsweredVerb, CountLine, FailureLine, OUTPUT_MAX, PlanLine, RowLine, Say, ServeAnswer, StateWord, VerbAsk, line,
};
use crate::supervisor::Observation;
use crate::sys::clock::wall_ms;
use crate::usages::UsageDemand;

/// The longest line that goes to a game, in bytes.
const LONGEST_SENT: usize = 64 * 1024;

/// Looks at instances; one that is not known here is unknown.
pub(super) async fn look(host: &Host, ids: &[String], usage: bool) -> Result<Say, Failure> {
    let (broken, whole): (Vec<String>, Vec<String>) = ids.iter().cloned().partition(|id| host.is_broken(id));
    let mut rows = Vec::with_capacity(ids.len());
    let (listed, unlisted): (Vec<String>, Vec<String>) = whole.into_iter().partition(|id| host.is_listed(id));
    if !listed.is_empty() {
        rows.extend(look_at(host, &listed, usage).await?);
    }
    for id in unlisted {
        // What has no record here, either, is no reason to say nothing of the others.
        let looked = look_at(host, std::slice::from_ref(&id), usage).await;
        rows.extend(looked.unwrap_or_else(|failure| {
            let reason = failure.message;
            vec![RowLine::new(&id, &Observation::Unknown { reason }, None)]
        }));
    }
    for id in broken {
        let reason = refusal(host, &id).message;
        rows.push(RowLine::new(&id, &Observation::Unknown { reason }, None));
    }
    Ok(Say::Rows { rows })
}

async fn look_at(host: &Host, ids: &[String], usage: bool) -> Result<Vec<RowLine>, Failure> {
    let wanted = RowParts {
        intent: true,
        players: false,
        usage,
    };
    let mut look = host.look(Scope::Matching(ids), wanted)?;
    look.complete().await;
    let seen = look.into_rows().into_iter();
    Ok(seen
        .map(|row| RowLine {
            usage: row.usage,
            ..RowLine::new(&row.id, &row.observation, row.intent)
        })
        .collect())
}

/// Tells how many play at instances, as their games answer.
pub(super) async fn players(host: &Host, id: u64, ids: &[String], answers: &Answers) -> Result<Say, Failure> {
    let is_known = |id: &&String| host.is_listed(id) && !host.is_broken(id);
    let known: Vec<String> = ids.iter().filter(is_known).cloned().collect();
    if !known.is_empty() {
        let tell = async |instance: &str, players| {
            let say = Say::Players(CountLine::new(instance, players));
            // The other end may be gone, which is noticed where it is read.
            let _ = answers.send(line(&ServeAnswer { id, say })).await;
        };
        host.count_players(&known, tell).await?;
    }
    Ok(Say::End {})
}

/// Returns the failure of an instance whose definition is not taken here.
pub(super) fn refusal(host: &Host, id: &str) -> Failure {
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
                VerbEvent::Began { .. } | VerbEvent::Told { .. } | VerbEvent::Done(_) => {}
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
    let dispatch = async |verb: &VerbRequest, scope: Scope<'_>| {
        let targets = host.targets(verb.verb, scope, NeedsRule::Ignore).await?;
        Ok(targets.dispatch(verb, events).await)
    };
    of_one(host, asked, dispatch, |result| &result.id).await
}

/// Tells what a verb would do.
pub(super) async fn dry_run(host: &Host, asked: &VerbAsk) -> Result<Say, Failure> {
    let plan = async |verb: &VerbRequest, scope: Scope<'_>| {
        let (items, code) = host
            .dry_run(verb, scope, NeedsRule::Ignore, &CourtesyAsk::default())
            .await?;
        Ok(items.into_iter().map(|item| (item, code)).collect())
    };
    let (only, code) = of_one(host, asked, plan, |(item, _)| &item.id).await?;
    let steps = only.steps.into_iter().map(|step| (step.does, step.cause));
    Ok(Say::Plan(PlanLine {
        would: only.would,
        code,
        steps: steps.collect(),
    }))
}

/// Does the work of a verb that is asked of one instance, and returns what came of it.
///
/// # Errors
/// When the verb is not known here, or the definition of the instance is not taken;
/// nothing was done then. Else those of the work.
async fn of_one<T>(
    host: &Host,
    asked: &VerbAsk,
    work: impl AsyncFnOnce(&VerbRequest, Scope<'_>) -> Result<Vec<T>, Failure>,
    id: impl Fn(&T) -> &str,
) -> Result<T, Failure> {
    let unknown = || Failure::new(FailureKind::Unsupported, "this verb is not known there");
    let verb = asked.asked().ok_or_else(unknown)?;
    if host.is_broken(&asked.instance) {
        return Err(refusal(host, &asked.instance));
    }
    let scope = [asked.instance.clone()];
    let all = work(&verb, Scope::Matching(&scope)).await?;
    let only = all.into_iter().find(|one| id(one) == asked.instance);
    only.ok_or_else(|| Failure::new(FailureKind::Usage, "a verb is of one instance, by its id"))
}

/// Checks what the instances need here.
pub(super) async fn check(host: &Host) -> Result<Say, Failure> {
    let findings = host.check().await.into_iter();
    // Whether the inventory is valid was said where it is.
    let kept = findings.filter(|finding| finding.id.is_some() || finding.about != "inventory");
    Ok(Say::Findings {
        findings: kept.map(Into::into).collect(),
    })
}

/// Tells the time here.
pub(super) fn clock() -> Say {
    Say::Clock { at_ms: wall_ms() }
}

/// Checks what becomes of a game at a logout here.
pub(super) fn logout() -> Say {
    Say::Findings {
        findings: vec![check::logout().into()],
    }
}

/// Follows instances until the request is cancelled.
pub(super) async fn watch(host: &Host, id: u64, ids: &[String], answers: &Answers) -> Result<Say, Failure> {
    const SECOND: Duration = Duration::from_secs(1);
    let say = async |row: RowLine| {
        let say = Say::Rows { rows: vec![row] };
        // The other end may be gone, which is noticed where it is read.
        let _ = answers.send(line(&ServeAnswer { id, say })).await;
    };
    let (broken, whole): (Vec<String>, Vec<String>) = ids.iter().cloned().partition(|id| host.is_broken(id));
    for id in broken {
        let reason = refusal(host, &id).message;
        say(RowLine::new(&id, &Observation::Unknown { reason }, None)).await;
    }
    if whole.is_empty() {
        return std::future::pending().await;
    }
    let (events, mut heard) = mpsc::unbounded_channel();
    let mut watching = host.watch(Scope::Matching(&whole), events, false, UsageDemand::default())?;
    let mut seconds = tokio::time::interval(SECOND);
    loop {
        tokio::select! {
            Some(event) = heard.recv() => if let ResidentEvent::Row(watched) = event {
                let row = &watched.row;
                say(RowLine::new(&row.id, &row.observation, row.intent)).await;
            },
            _ = seconds.tick(), if watching.is_before_the_first_start() => watching.refresh()?,
        }
    }
}

/// Tells the kind of console of an instance that runs.
pub(super) async fn console(host: &Host, instance: &str) -> Result<Say, Failure> {
    let supervisor = host.the_one(instance, "a console is of one")?.supervisor;
    let kind = supervisor.required_console()?.kind().await;
    let kind = kind.map_err(|error| Failure::from_error(&error))?;
    Ok(Say::Console {
        is_terminal: kind == ConsoleKind::Terminal,
    })
}

/// Passes input on to a console.
pub(super) async fn type_in(host: &Host, instance: &str, input: ConsoleInput) -> Result<Say, Failure> {
    let supervisor = host.the_one(instance, "a console is of one")?.supervisor;
    let taken = supervisor.required_console()?.type_in(&input).await;
    taken.map_err(|error| Failure::from_error(&error))?;
    Ok(Say::Opened {})
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
    ask: OutputAsk,
    answers: &Answers,
) -> Result<Say, Failure> {
    let scope = [instance.to_owned()];
    let mut reader = host.logs(Scope::Matching(&scope), ask).await?;
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
