//! `gamectl run`.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use super::context::Context;
use super::live::{Live, LiveInput};
use super::opener::Opener;
use super::service_manager::ServiceManager;
use super::ticking::{tick, ticks};
use super::verb;
use super::watch::usage_interval;
use crate::cli::{OnExit, RunArgs};
use crate::event::{Level, LogEntry, ResidentEvent, Verb};
use crate::failure::{Failure, FailureKind};
use crate::host::{
    Error, Host, InventoryFile, Linking, RunOptions, Supervision, Targets, USAGE_EVERY, UsageDemand, UsageReader,
    VerbRequest, host_is_shutting_down,
};
use crate::invocation::command;
use crate::metrics::{ListenAt, Metrics};
use crate::report::verdict;
use crate::sys::{oom_score, open_files, pty};

/// The time that `run` gives the hooks of what has happened before it ends.
const HOOKS: Duration = Duration::from_secs(10);

/// The time that `run` gives what schedules have begun before it ends...
const SCHEDULES: Duration = Duration::from_secs(60);

/// ...and where nobody sees it any more.
const SCHEDULES_UNSEEN: Duration = Duration::from_secs(5);

pub(super) async fn run(context: &Context<'_>, run: &RunArgs) -> Result<u8, Error> {
    let listen_at = run.metrics.as_deref().map(ListenAt::parse).transpose()?;
    let host = context.host()?;
    let can_reload = host.can_reopen();
    let file = host.watch_file();
    let state_path = host.state_path().to_owned();
    let (events, receiver) = mpsc::unbounded_channel();
    context.screen.never_wait()?;
    let view = context.screen.run_view(&format!("gamectl run {}", host.name()));
    let view = if run.plain { view.in_lines() } else { view };
    let mut view = view.asking_before_quit(quit_question(run.on_exit));
    if !can_reload {
        view.refuse_deeds("nothing is changed from here: the inventory cannot be read again");
    }
    view.offer_usage(run.wide);
    let usage = UsageDemand::default();
    let metrics = Metrics::begin(run.metrics_file.clone(), listen_at, &events).await?;
    let options = RunOptions {
        title: title(),
        at_once: run.at_once.map(std::num::NonZero::get),
        players: view.is_live() || metrics.is_some(),
        claim: String::new(),
        usage: usage.clone(),
    };
    usage.set(UsageReader::Screen, usage_interval(&view));
    usage.set(UsageReader::Metrics, metrics.as_ref().map(|_| USAGE_EVERY));
    // Before anything is begun that is to have what this process had.
    oom_score::protect();
    open_files::raise();
    let supervision = host.supervise(&run.selection.selectors, options, events).await?;
    let mut live = Live::new(context, view, receiver, false)?;
    live.watch_disk(&state_path);
    if let Some(metrics) = metrics {
        live.tell_too(move |event| metrics.take(event));
    }
    let linking = supervision.linking();
    linking.refresh(Vec::new);
    live.tell_too(move |event| linking.take(event));
    let notifier = supervision.notifier();
    live.tell_too(move |event| notifier.take(event));
    let session = Session {
        context,
        run,
        supervision,
        can_reload,
        service: ServiceManager::of(&|name| std::env::var_os(name)),
        live,
        usage,
        last_problem: String::new(),
        invalid_since: None,
        reading: None,
    };
    session.keep_watch(file).await
}

/// Returns what another `run` is told about this one.
fn title() -> String {
    let terminal = pty::name(std::io::stdin()).map_or_else(
        || "without a terminal".to_owned(),
        |path| format!("on {}", path.display()),
    );
    format!("gamectl run (pid {}, {terminal})", std::process::id())
}

/// Returns the hour and minute, as the events of the screen have them.
fn time_of_day() -> String {
    let now = LogEntry::now(Level::Info, None, "").at;
    now.get(11..16).unwrap_or(&now).to_owned()
}

enum End {
    Asked,
    /// The terminal, or whoever read the answer, is gone.
    Lost,
}

struct Session<'a> {
    context: &'a Context<'a>,
    run: &'a RunArgs,
    supervision: Supervision,
    can_reload: bool,
    service: ServiceManager,
    live: Live,
    usage: UsageDemand,
    last_problem: String,
    /// The time of day since which the inventory is not valid.
    invalid_since: Option<String>,
    reading: Option<Reading>,
}

/// The inventory that is being read again.
type Reading = oneshot::Receiver<Result<Host, Error>>;

/// Returns the inventory once it was read; never, if it is not being read.
async fn read_again(reading: &mut Option<Reading>) -> Result<Host, Error> {
    let Some(under_way) = reading else {
        return std::future::pending().await;
    };
    let read = under_way.await;
    *reading = None;
    read.unwrap_or_else(|_| Err(Failure::failed("it could not be read again").into()))
}

impl Session<'_> {
    async fn keep_watch(mut self, mut file: Option<InventoryFile>) -> Result<u8, Error> {
        let mut reload = signal(SignalKind::user_defined1())?;
        let interval = self.run.heartbeat_interval;
        let mut beats = ticks((self.context.cli.common.json && !interval.is_zero()).then_some(interval));
        let mut watchdog = ticks(self.service.watchdog());
        let end = loop {
            tokio::select! {
                biased;
                input = self.live.next() => match input {
                    LiveInput::Interrupt(_) | LiveInput::Quit | LiveInput::Event(None) => break End::Asked,
                    LiveInput::Hangup if pty::is_controlled() || self.context.screen.is_on_terminal() => {
                        break End::Lost;
                    }
                    LiveInput::Hangup => self.reload(),
                    LiveInput::ReaderGone => break End::Lost,
                    LiveInput::Event(Some(event)) => {
                        if event == ResidentEvent::Settled {
                            self.service.ready();
                        }
                        self.live.view.event(event);
                    }
                    LiveInput::Drawn => {
                        self.usage.set(UsageReader::Screen, usage_interval(&self.live.view));
                        self.service.status(&self.live.view.summary());
                    }
                    LiveInput::Second => {}
                },
                read = read_again(&mut self.reading) => self.apply(read),
                _ = reload.recv() => self.reload(),
                () = changed(&mut file) => self.reload(),
                () = tick(&mut beats) => self.live.view.heartbeat(),
                () = tick(&mut watchdog) => self.service.alive(),
            }
            if !self.live.view.is_open() && self.live.view.is_live() {
                break End::Lost;
            }
        };
        self.service.stopping();
        self.finish(end).await
    }

    /// Reads the inventory again. One that is not valid changes nothing.
    fn reload(&mut self) {
        if !self.can_reload {
            self.supervision.say(
                Level::Warning,
                "the inventory came from standard input or a pipe, and cannot be read again",
            );
            return;
        }
        self.service.reloading();
        self.reading = Some(Opener::of(self.context).open_aside(Host::open));
    }

    fn apply(&mut self, read: Result<Host, Error>) {
        match self.supervision.apply(read) {
            Ok(()) => {
                self.supervision
                    .tell_reload(Level::Info, "the inventory was read again");
                self.supervision.linking().refresh(|| self.live.view.rows());
                self.last_problem.clear();
                self.invalid_since = None;
                self.live.view.set_banner(None);
            }
            Err(error) => {
                let problem = error.summary();
                if problem != self.last_problem {
                    self.supervision.tell_reload(
                        Level::Error,
                        format!("the inventory is not valid, and nothing was changed: {problem}"),
                    );
                    let since = self.invalid_since.get_or_insert_with(time_of_day);
                    self.live.view.set_banner(Some(format!(
                        "the inventory is not valid since {since}, the last valid one counts: {problem}"
                    )));
                    self.last_problem = problem;
                }
            }
        }
        self.service.ready();
    }

    async fn finish(self, end: End) -> Result<u8, Error> {
        let mut live = self.live;
        live.end_deeds().await;
        end_schedules(&mut live, &self.supervision, &end).await;
        let (hooks, linking) = (self.supervision.hooks(), self.supervision.linking());
        let notifier = self.supervision.notifier();
        // Where the terminal is gone, others go on with what is on other hosts, as this one
        // would have.
        let mut others = Vec::new();
        if matches!(end, End::Asked) {
            let released = tokio::select! {
                released = self.supervision.release_hosts() => released,
                () = live.interrupted() => Vec::new(),
            };
            live.drain();
            released.iter().for_each(|text| live.view.say(text));
            others = self.supervision.kept_by_others();
        }
        let targets = self.supervision.end();
        live.drain();
        let code = match end {
            End::Lost => 0,
            End::Asked => stop_or_leave(self.context, self.run, &mut live, targets, &others, &linking).await?,
        };
        if hooks.untold() > 0 && code != FailureKind::Interrupted.exit_code() {
            let limit = humantime::format_duration(HOOKS);
            live.view.say(&format!(
                "waiting up to {limit} for the hooks of what has happened; interrupt again to leave them"
            ));
            tokio::select! {
                () = hooks.all_told() => {}
                () = tokio::time::sleep(HOOKS) => {}
                () = live.interrupted() => {}
            }
            live.drain();
        }
        match hooks.untold() {
            0 => {}
            count => live
                .view
                .say(&format!("the hooks of {count} events have not ended, or were not run")),
        }
        if code != FailureKind::Interrupted.exit_code() {
            tokio::select! {
                () = notifier.end(HOOKS) => {}
                () = live.interrupted() => {}
            }
        }
        match notifier.unsent() {
            0 => {}
            1 => live.view.say("a message of `notify` was not sent"),
            count => live.view.say(&format!("{count} messages of `notify` were not sent")),
        }
        linking.end().await;
        Ok(code)
    }
}

/// Lets no schedule begin any more, and waits for what has begun: a game that is stopped in
/// the middle of its restart stays down.
async fn end_schedules(live: &mut Live, supervision: &Supervision, end: &End) {
    let scheduler = supervision.scheduler();
    scheduler.end();
    let limit = match end {
        End::Asked => SCHEDULES,
        End::Lost => SCHEDULES_UNSEEN,
    };
    if scheduler.under_way() == 0 {
        return;
    }
    live.view.say(&format!(
        "waiting up to {} for what schedules have begun; interrupt again to leave it",
        humantime::format_duration(limit)
    ));
    tokio::select! {
        () = scheduler.all_over() => {}
        () = tokio::time::sleep(limit) => {}
        () = live.interrupted() => {}
    }
    live.drain();
}

/// Stops what was watched, where that is asked for.
async fn stop_or_leave(
    context: &Context<'_>,
    run: &RunArgs,
    live: &mut Live,
    mut targets: Targets,
    others: &[(String, String)],
    linking: &Linking,
) -> Result<u8, Error> {
    let stops = match run.on_exit {
        OnExit::Leave => false,
        OnExit::Stop => true,
        OnExit::StopAtShutdown => host_is_shutting_down().await,
    };
    if !stops {
        live.view.say(&farewell(live.view.count_alive()));
        return Ok(0);
    }
    live.view
        .say("stopping all that was watched; interrupt again to leave the rest running");
    let request = VerbRequest {
        keeps_intent: true,
        ..VerbRequest::new(Verb::Stop)
    };
    targets.leave_out_stopped().await;
    for (id, who) in others {
        live.view.say(&format!("{id} goes on: {who} keeps it"));
    }
    for (id, note) in targets.leave_out_others() {
        live.view.say(&format!("{id} goes on: it was {note}"));
    }
    tokio::select! {
        results = verb::dispatch(context, &request, &targets) => {
            linking.take_results(&results);
            Ok(verdict::of_results(&results))
        }
        () = live.interrupted() => {
            live.view.say("interrupted again: what is not stopped yet is left as it is; a stop that has begun goes on");
            Ok(FailureKind::Interrupted.exit_code())
        }
    }
}

/// Returns the question before a key ends the watching.
fn quit_question(on_exit: OnExit) -> &'static str {
    match on_exit {
        OnExit::Stop => "end the watching, and stop all servers?",
        OnExit::Leave | OnExit::StopAtShutdown => "end the watching? The servers go on",
    }
}

/// Says what becomes of so many servers; `None` when it is not known of all of them
/// whether they run.
fn farewell(alive: Option<usize>) -> String {
    let stop = command("stop --all");
    match alive {
        Some(0) => "the watching has ended; no server runs".to_owned(),
        Some(_) | None => format!("the watching has ended; the servers go on ({stop} stops them)"),
    }
}

async fn changed(file: &mut Option<InventoryFile>) {
    match file {
        Some(file) => file.changed().await,
        None => std::future::pending().await,
    }
}
