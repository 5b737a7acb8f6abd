//! `gamectl run`.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::context::Context;
use super::service_manager::ServiceManager;
use super::signals::{ScreenSignals, Signalled};
use super::ticking::{FRAME, SECOND, tick, ticks, until};
use super::verb;
use crate::cli::{OnExit, RunArgs};
use crate::event::{Level, ResidentEvent, Verb};
use crate::failure::FailureKind;
use crate::host::{Error, InventoryFile, RunOptions, Supervision, VerbRequest};
use crate::report::verdict;
use crate::sys::{pty, signals};
use crate::ui::WatchView;

pub(super) async fn run(context: &Context<'_>, run: &RunArgs) -> Result<u8, Error> {
    let host = context.host()?;
    let can_reload = host.can_reopen();
    let file = host.watch_file();
    let (events, receiver) = mpsc::unbounded_channel();
    let view = context.screen.run_view(&format!("gamectl run {}", host.name()));
    let options = RunOptions {
        title: title(),
        at_once: run.at_once.map(std::num::NonZero::get),
        players: view.is_live(),
    };
    let session = Session {
        context,
        run,
        supervision: host.supervise(&run.selection.selectors, options, events).await?,
        can_reload,
        service: ServiceManager::of(&|name| std::env::var_os(name)),
        view,
        last_problem: String::new(),
    };
    session.live(file, receiver).await
}

/// Returns what another `run` is told about this one.
fn title() -> String {
    let terminal = pty::name(std::io::stdin()).map_or_else(
        || "without a terminal".to_owned(),
        |path| format!("on {}", path.display()),
    );
    format!("gamectl run (pid {}, {terminal})", std::process::id())
}

/// The reason why the watching ends.
enum End {
    Asked,
    /// The terminal is gone.
    Lost,
}

struct Session<'a> {
    context: &'a Context<'a>,
    run: &'a RunArgs,
    supervision: Supervision,
    can_reload: bool,
    service: ServiceManager,
    view: WatchView,
    last_problem: String,
}

impl Session<'_> {
    async fn live(
        mut self,
        mut file: Option<InventoryFile>,
        mut events: mpsc::UnboundedReceiver<ResidentEvent>,
    ) -> Result<u8, Error> {
        let mut signals = ScreenSignals::new()?;
        let mut reload = signal(SignalKind::user_defined1())?;
        let mut seconds = ticks(self.view.is_live().then_some(SECOND));
        let mut beats = ticks(
            (self.context.common.json && !self.run.heartbeat_interval.is_zero()).then_some(self.run.heartbeat_interval),
        );
        let mut watchdog = ticks(self.service.watchdog());
        let mut frame = None;
        let end = loop {
            tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    Signalled::Interrupt(_) => break End::Asked,
                    Signalled::Hangup if pty::is_controlled() || self.context.screen.is_on_terminal() => {
                        break End::Lost;
                    }
                    Signalled::Hangup => self.reload(),
                    Signalled::Suspend => {
                        self.view.leave();
                        signals::stop_self();
                    }
                    Signalled::Resume | Signalled::Resize => frame = Some(Instant::now()),
                },
                _ = reload.recv() => self.reload(),
                () = changed(&mut file) => self.reload(),
                event = events.recv() => {
                    let Some(event) = event else { break End::Asked };
                    if event == ResidentEvent::Settled {
                        self.service.ready();
                    }
                    self.view.event(event);
                    frame = frame.or_else(|| Some(Instant::now() + FRAME));
                }
                () = tick(&mut seconds) => frame = Some(Instant::now()),
                () = tick(&mut beats) => self.view.heartbeat(),
                () = tick(&mut watchdog) => self.service.alive(),
                () = until(frame) => {
                    frame = None;
                    self.view.draw();
                    self.service.status(&self.view.summary());
                }
            }
            if !self.view.is_open() && self.view.is_live() {
                break End::Lost;
            }
        };
        self.service.stopping();
        self.finish(end, events, signals).await
    }

    /// Reads the inventory again. One that is not valid changes nothing.
    fn reload(&mut self) {
        if !self.can_reload {
            self.supervision.say(
                Level::Warning,
                "the inventory came from standard input and cannot be read again",
            );
            return;
        }
        self.service.reloading();
        match self.supervision.apply(self.context.host()) {
            Ok(()) => {
                self.supervision.say(Level::Info, "the inventory was read again");
                self.last_problem.clear();
            }
            Err(error) => {
                let problem = error.summary();
                if problem != self.last_problem {
                    self.supervision.say(
                        Level::Error,
                        format!("the inventory is not valid, and nothing was changed: {problem}"),
                    );
                    self.last_problem = problem;
                }
            }
        }
        self.service.ready();
    }

    async fn finish(
        self,
        end: End,
        mut events: mpsc::UnboundedReceiver<ResidentEvent>,
        mut signals: ScreenSignals,
    ) -> Result<u8, Error> {
        let mut view = self.view;
        let mut targets = self.supervision.end();
        while let Ok(event) = events.try_recv() {
            view.event(event);
        }
        if matches!(end, End::Lost) {
            view.leave();
            return Ok(0);
        }
        if self.run.on_exit == OnExit::Leave {
            view.say("the watching has ended; the servers go on (stop them with: gamectl stop --all)");
            return Ok(0);
        }
        view.say("stopping all that was watched; interrupt again to leave the rest running");
        let request = VerbRequest {
            keeps_intent: true,
            ..VerbRequest::new(Verb::Stop)
        };
        targets.leave_out_stopped().await;
        let stopping = verb::dispatch(self.context, &request, &targets);
        tokio::pin!(stopping);
        loop {
            tokio::select! {
                results = &mut stopping => return Ok(verdict::of_results(&results)),
                signal = signals.next() => if matches!(signal, Signalled::Interrupt(_)) {
                    view.say("interrupted again: what is not stopped yet is left as it is; a stop that has begun goes on");
                    return Ok(FailureKind::Interrupted.exit_code());
                },
            }
        }
    }
}

async fn changed(file: &mut Option<InventoryFile>) {
    match file {
        Some(file) => file.changed().await,
        None => std::future::pending().await,
    }
}
