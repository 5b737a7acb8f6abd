//! The verbs with `--nats`: about the instances of all nodes of a link.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::context::Context;
use super::live::{Live, LiveInput};
use super::progressing;
use super::signals::Interrupt;
use crate::cli::{Selection, StatusArgs, WatchArgs};
use crate::event::{ResidentEvent, Row};
use crate::failure::{Failure, FailureKind};
use crate::host::{Error, VerbRequest};
use crate::invocation::command;
use crate::link::{Lookout, NatsLink, NodeInstance, ask};
use crate::report::verdict;

/// Returns the link of the inventory.
pub(super) fn link(context: &Context<'_>) -> Result<Arc<NatsLink>, Error> {
    context.host()?.link().ok_or_else(|| {
        Failure::new(FailureKind::Usage, "the inventory has no link that could be asked")
            .hint("add `link: { nats: { servers: ['nats://127.0.0.1:4222'] } }`; `instances: {}` is enough beside it")
            .into()
    })
}

pub(super) async fn status(context: &Context<'_>, status: &StatusArgs) -> Result<u8, Error> {
    let wanted = Names::new(&status.selection)?;
    let link = link(context)?;
    let rows = Lookout::open(&link).await?.gather().await?;
    let rows: Vec<Row> = rows.into_iter().filter(|row| wanted.has(&row.id)).collect();
    if rows.is_empty() {
        let prefix = &link.prefix;
        let failure = Failure::unknown(format!("nothing was heard of such an instance below `{prefix}`"));
        return Err(failure
            .hint(format!(
                "{} with the same `servers` and `prefix` tells of its instances",
                command("run")
            ))
            .into());
    }
    context.screen.status(&rows);
    Ok(match status.any {
        true if verdict::runs_any(&rows) => 0,
        true => 3,
        false => verdict::of_rows(&rows),
    })
}

/// The names that a command line selects.
pub(super) struct Names(Vec<glob::Pattern>);

impl Names {
    pub(super) fn new(selected: &Selection) -> Result<Self, Failure> {
        let pattern = |text: &String| {
            glob::Pattern::new(text).map_err(|error| {
                Failure::new(FailureKind::Usage, format!("`{text}` is not a pattern: {error}"))
                    .hint("with --nats an instance is named NODE/ID, as in 'box1/*'")
            })
        };
        selected
            .selectors
            .iter()
            .map(pattern)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn has(&self, name: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|pattern| pattern.matches(name))
    }

    /// Returns true if an event is about what was selected.
    pub(super) fn wants(&self, event: &ResidentEvent) -> bool {
        match event {
            ResidentEvent::Row(watched) => self.has(&watched.row.id),
            ResidentEvent::Gone(id)
            | ResidentEvent::Players(id, _)
            | ResidentEvent::Usage(id, _)
            | ResidentEvent::NextFiring(id, _) => self.has(id),
            ResidentEvent::Settled | ResidentEvent::Link(_) | ResidentEvent::Happened(_) => true,
        }
    }
}

/// Asks the nodes for a verb.
pub(super) async fn verb(context: &Context<'_>, request: VerbRequest, selected: &Selection) -> Result<u8, Error> {
    let lock_wait = context.cli.common.lock_wait;
    let request = &VerbRequest { lock_wait, ..request };
    let name = request.verb.as_str();
    if selected.selectors.is_empty() {
        let failure = Failure::new(
            FailureKind::Usage,
            format!("{name} what? No instance of a node was named"),
        );
        return Err(failure.hint("with --nats each instance is named: NODE/ID").into());
    }
    if request.force {
        let failure = Failure::new(FailureKind::Usage, "nodes take no `--force` over a link");
        return Err(failure.hint("type it on the host of the instance").into());
    }
    let targets: Vec<NodeInstance> = selected
        .selectors
        .iter()
        .map(|text| NodeInstance::parse(text))
        .collect::<Result<_, _>>()?;
    let link = link(context)?;
    let (events, receiver) = mpsc::unbounded_channel();
    let progress = context.screen.progress(request.verb, targets.len());
    let asked = async {
        let (results, ()) = tokio::join!(
            ask(&link, &targets, request, events),
            progressing::show(progress, receiver)
        );
        results
    };
    let mut interrupt = Interrupt::new()?;
    tokio::select! {
        results = asked => {
            let results = results?;
            context.screen.results(request.verb, &results);
            Ok(verdict::of_results(&results))
        }
        signal = interrupt.signalled() => {
            let names: Vec<String> = targets.iter().map(NodeInstance::name).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            context.screen.interrupted(request.verb, &names);
            Ok(signal.exit_code())
        }
    }
}

/// Follows the instances of all nodes.
pub(super) async fn watch(context: &Context<'_>, watch: &WatchArgs) -> Result<u8, Error> {
    let wanted = Names::new(&watch.selection)?;
    let link = link(context)?;
    let (events, receiver) = mpsc::unbounded_channel();
    context.screen.never_wait()?;
    let title = format!("gamectl watch --nats {}", link.prefix);
    let view = context.screen.watch_view(&title);
    let mut view = if watch.plain { view.in_lines() } else { view };
    view.offer_usage(watch.wide);
    view.refuse_deeds("nothing is changed from here: the verbs with --nats ask the nodes");
    let mut live = Live::new(context, view, receiver, false)?;
    let mut following = JoinSet::new();
    following.spawn(Lookout::follow(link, events));
    loop {
        match live.next().await {
            LiveInput::Interrupt(kind) => return Ok(kind.exit_code()),
            LiveInput::Hangup | LiveInput::ReaderGone | LiveInput::Quit | LiveInput::Event(None) => return Ok(0),
            LiveInput::Event(Some(event)) if wanted.wants(&event) => live.view.event(event),
            LiveInput::Event(Some(_)) | LiveInput::Second | LiveInput::Drawn => {}
        }
        if !live.view.is_open() {
            return Ok(0);
        }
    }
}
