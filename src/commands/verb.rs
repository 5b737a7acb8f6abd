//! `gamectl start`, `stop` and `restart`.

use tokio::sync::mpsc;

use super::context::{Context, typed};
use super::over_link;
use super::progressing;
use super::signals::Interrupt;
use crate::cli::{CourtesyArgs, RestartArgs, Selection, StartArgs, StopArgs, WarningTimes};
use crate::event::{Verb, VerbResult};
use crate::host::{CourtesyAsk, Error, Host, NeedsRule, Scope, Targets, VerbRequest, WhenEmpty};
use crate::invocation::command;
use crate::report::verdict;

pub(super) async fn start(context: &Context<'_>, start: &StartArgs) -> Result<u8, Error> {
    let request = VerbRequest {
        no_wait: start.no_wait,
        timeout: start.timeout,
        ..VerbRequest::new(Verb::Start)
    };
    if start.nats {
        return over_link::verb(context, request, &start.selection).await;
    }
    let rule = rule(start.no_needs, false);
    let ask = CourtesyAsk::default();
    run(context, request, &start.selection, rule, &ask, start.dry_run).await
}

pub(super) async fn stop(context: &Context<'_>, stop: &StopArgs) -> Result<u8, Error> {
    let request = VerbRequest {
        timeout: stop.timeout,
        now: stop.now,
        force: stop.force,
        ..VerbRequest::new(Verb::Stop)
    };
    if stop.nats {
        return over_link::verb(context, request, &stop.selection).await;
    }
    let rule = rule(stop.no_needs, stop.with_dependents);
    let ask = courtesy(&stop.courtesy);
    run(context, request, &stop.selection, rule, &ask, stop.dry_run).await
}

pub(super) async fn restart(context: &Context<'_>, restart: &RestartArgs) -> Result<u8, Error> {
    let request = VerbRequest {
        no_wait: restart.no_wait,
        timeout: restart.timeout,
        now: restart.now,
        force: restart.force,
        ..VerbRequest::new(Verb::Restart)
    };
    if restart.nats {
        return over_link::verb(context, request, &restart.selection).await;
    }
    let rule = rule(restart.no_needs, restart.with_dependents);
    let ask = courtesy(&restart.courtesy);
    run(context, request, &restart.selection, rule, &ask, restart.dry_run).await
}

fn rule(no_needs: bool, with_dependents: bool) -> NeedsRule {
    match (no_needs, with_dependents) {
        (true, _) => NeedsRule::Ignore,
        (false, true) => NeedsRule::WithDependents,
        (false, false) => NeedsRule::Keep,
    }
}

fn courtesy(args: &CourtesyArgs) -> CourtesyAsk {
    CourtesyAsk {
        warns: args.warn.is_some(),
        at: args.warn.clone().flatten().map(|WarningTimes(times)| times),
        say: args.message.clone(),
        when_empty: args.when_empty.then_some(WhenEmpty {
            max_wait: args.max_wait,
            or_skip: args.or_skip,
        }),
    }
}

async fn run(
    context: &Context<'_>,
    request: VerbRequest,
    selected: &Selection,
    rule: NeedsRule,
    ask: &CourtesyAsk,
    dry_run: bool,
) -> Result<u8, Error> {
    let lock_wait = context.cli.common.lock_wait;
    let request = &VerbRequest { lock_wait, ..request };
    let verb = request.verb;
    let selection = typed(verb.as_str(), selected)?;
    let (host, mistaken) = match verb {
        Verb::Stop => context.host_of_whole(selection)?,
        Verb::Start | Verb::Restart => (context.host()?, None),
    };
    if verb != Verb::Stop {
        tell_unmanaged(context, &host.unmanaged(selection)?);
    }
    if dry_run {
        let (items, code) = host.dry_run(request, selection, rule, ask).await?;
        context.screen.dry_run(verb, &items);
        tell_still_there(context, &host, verb, selection).await;
        return Ok(mistaken.unwrap_or(code));
    }
    let targets = host.targets(verb, selection, rule).await?.courteous(&host, ask);
    let mut interrupt = Interrupt::new()?;
    let work = dispatch(context, request, &targets);
    tokio::pin!(work);
    let signal = tokio::select! {
        results = &mut work => {
            if results.is_empty() && mistaken.is_none() {
                context.screen.nothing_to_do(host.is_empty());
            }
            tell_still_there(context, &host, verb, selection).await;
            return Ok(mistaken.unwrap_or_else(|| verdict::of_results(&results)));
        }
        signal = interrupt.signalled() => signal,
    };
    if targets.cancel_countdowns() {
        // Players that were warned are told so, unless a second signal comes.
        tokio::select! {
            _ = work => return Ok(signal.exit_code()),
            () = targets.countdowns_over() => {}
            _ = interrupt.signalled() => {}
        }
    }
    context.screen.interrupted(verb, &targets.ids());
    Ok(signal.exit_code())
}

/// Says which instances a start of many passes over.
fn tell_unmanaged(context: &Context<'_>, passed: &[(String, String)]) {
    let list: Vec<String> = passed.iter().map(|(id, why)| format!("{id} ({why})")).collect();
    if !list.is_empty() {
        context
            .screen
            .note(&format!("left out, because nothing manages it: {}", list.join(", ")));
    }
}

/// Says what goes on after a stop of the whole inventory: whoever is about to remove
/// the state directory must know. What cannot be found out is no failure of the stop.
async fn tell_still_there(context: &Context<'_>, host: &Host, verb: Verb, selection: Scope<'_>) {
    if verb != Verb::Stop || !matches!(selection, Scope::Listed) {
        return;
    }
    match host.still_there().await {
        Ok(there) => {
            if !there.unlisted.is_empty() {
                let stop = command(format_args!("stop {}", there.unlisted.join(" ")));
                let ids = there.unlisted.join(", ");
                let them = if there.unlisted.len() == 1 { "it" } else { "them" };
                context.screen.note(&format!(
                    "not in the inventory, and not stopped: {ids} ({stop} stops {them})"
                ));
            }
            if let Some(run) = there.run {
                context.screen.note(&format!("{run} goes on watching"));
            }
        }
        Err(failure) => context.screen.failure(&failure),
    }
}

pub(super) async fn dispatch(context: &Context<'_>, request: &VerbRequest, targets: &Targets) -> Vec<VerbResult> {
    let (events, receiver) = mpsc::unbounded_channel();
    let progress = context.screen.progress(request.verb, targets.ids().len());
    let (results, ()) = tokio::join!(targets.dispatch(request, events), progressing::show(progress, receiver));
    context.screen.results(request.verb, &results);
    results
}
