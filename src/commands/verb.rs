//! `gamectl start`, `stop` and `restart`.

use std::time::Instant;

use tokio::sync::mpsc;

use super::context::{Context, typed};
use super::signals::Interrupt;
use crate::cli::{RestartArgs, Selection, StartArgs, StopArgs};
use crate::event::{Verb, VerbEvent, VerbResult};
use crate::host::{Error, Targets, VerbRequest};
use crate::report::verdict;
use crate::ui::Progress;

pub(super) async fn start(context: &Context<'_>, start: &StartArgs) -> Result<u8, Error> {
    let request = VerbRequest {
        no_wait: start.no_wait,
        timeout: start.timeout,
        ..VerbRequest::new(Verb::Start)
    };
    run(context, request, &start.selection, start.dry_run).await
}

pub(super) async fn stop(context: &Context<'_>, stop: &StopArgs) -> Result<u8, Error> {
    let request = VerbRequest {
        timeout: stop.timeout,
        now: stop.now,
        ..VerbRequest::new(Verb::Stop)
    };
    run(context, request, &stop.selection, stop.dry_run).await
}

pub(super) async fn restart(context: &Context<'_>, restart: &RestartArgs) -> Result<u8, Error> {
    let request = VerbRequest {
        no_wait: restart.no_wait,
        timeout: restart.timeout,
        now: restart.now,
        ..VerbRequest::new(Verb::Restart)
    };
    run(context, request, &restart.selection, restart.dry_run).await
}

async fn run(context: &Context<'_>, request: VerbRequest, selected: &Selection, dry_run: bool) -> Result<u8, Error> {
    let lock_wait = context.cli.common.lock_wait;
    let request = &VerbRequest { lock_wait, ..request };
    let verb = request.verb;
    let selection = typed(verb.as_str(), selected)?;
    let (host, mistaken) = match verb {
        Verb::Stop => context.host_of_whole(selection)?,
        Verb::Start | Verb::Restart => (context.host()?, None),
    };
    if dry_run {
        let (items, code) = host.dry_run(request, selection).await?;
        context.screen.dry_run(verb, &items);
        return Ok(mistaken.unwrap_or(code));
    }
    let targets = host.targets(verb, selection)?;
    let mut interrupt = Interrupt::new()?;
    tokio::select! {
        results = dispatch(context, request, &targets) => Ok(mistaken.unwrap_or_else(|| verdict::of_results(&results))),
        signal = interrupt.signalled() => {
            context.screen.interrupted(verb, &targets.ids());
            Ok(signal.exit_code())
        }
    }
}

pub(super) async fn dispatch(context: &Context<'_>, request: &VerbRequest, targets: &Targets) -> Vec<VerbResult> {
    let (events, receiver) = mpsc::unbounded_channel();
    let progress = context.screen.progress(request.verb, targets.ids().len());
    let (results, ()) = tokio::join!(targets.dispatch(request, events), show(progress, receiver));
    context.screen.results(request.verb, &results);
    results
}

async fn show(mut progress: Progress, mut events: mpsc::UnboundedReceiver<VerbEvent>) {
    let mut ticks = tokio::time::interval(crate::ui::TICK);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => progress.event(&event, Instant::now()),
                None => break,
            },
            _ = ticks.tick() => progress.tick(Instant::now()),
        }
    }
    progress.finish();
}
