//! `gamectl run`.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::context::{Context, Ended};
use super::order;
use super::selection;
use super::ticking::{FRAME, SECOND, tick, ticks, until};
use crate::cli::{OnExit, Run};
use crate::event::{Level, ResidentEvent, Verb};
use crate::failure::{Failure, FailureKind};
use crate::fleet::Ground;
use crate::instancecmd::Order;
use crate::inventory::{Inventory, Source};
use crate::resident::Resident;
use crate::resident::notify::ServiceManager;
use crate::resident::reload::InventoryFile;
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::store::lock::{self, Holder, RunLock};
use crate::sys::{pty, signals};
use crate::ui::Watch;

/// How long one that was killed may hold its lock still, and how often it is
/// tried again meanwhile.
const LET_GO: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_millis(10);

/// How many launches a core can do at the same time: most of it is waiting for
/// the disk.
const LAUNCHES_PER_CORE: usize = 4;

pub(super) async fn run(context: &Context<'_>, run: &Run) -> Result<u8, Ended> {
    let source = context.source()?;
    let inventory = context.inventory()?;
    let state = context.state_to_change()?;
    let _lock = become_resident(&state).await?;
    let changes = Arc::new(Changes::of(&state));
    let (told, receiver) = mpsc::unbounded_channel();
    let ground = Ground::for_watching(Arc::clone(&state), Arc::clone(&changes));
    // Before anything is started: what is wrong with a selector is said now.
    let inventory = selected(&ground, inventory, run)?;
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let at_once = run.at_once.map_or(cores * LAUNCHES_PER_CORE, std::num::NonZero::get);
    let watch = context.screen.watch(&format!("gamectl run {source}"));
    let mut resident = Resident::new(ground.clone(), Arc::clone(&state), Arc::clone(&changes), told, at_once)
        .counting_players(watch.is_live());
    let following = tokio::spawn(async move { changes.follow().await });
    resident.apply(&inventory);
    let session = Session {
        context,
        run,
        source: source.clone(),
        ground,
        service: ServiceManager::of(&|name| std::env::var_os(name)),
        watch,
        last_problem: String::new(),
    };
    let ended = session.live(resident, receiver, &state).await;
    following.abort();
    ended
}

/// Takes the lock of the resident supervisor.
async fn become_resident(state: &StateDir) -> Result<RunLock, Failure> {
    let terminal = pty::name(std::io::stdin()).map_or_else(
        || "without a terminal".to_owned(),
        |path| format!("on {}", path.display()),
    );
    let who = format!("gamectl run (pid {}, {terminal})", std::process::id());
    let until = Instant::now() + LET_GO;
    loop {
        let taken = lock::try_run(state, &who)
            .map_err(|error| Failure::failed(format!("its lock cannot be taken: {error}")))?;
        let holder = match taken {
            Ok(lock) => return Ok(lock),
            Err(holder) => holder,
        };
        if !holder.is_gone() || Instant::now() > until {
            let Holder(who) = holder;
            let message = format!("{} is watched already, by {who}", state.path().display());
            return Err(Failure::new(FailureKind::Busy, message)
                .hint("end that one first; `gamectl status` shows the instances meanwhile"));
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The inventory with what was selected alone.
fn selected(ground: &Ground, mut inventory: Inventory, run: &Run) -> Result<Inventory, Failure> {
    if run.selection.selectors.is_empty() {
        return Ok(inventory);
    }
    let members = ground.members(&inventory);
    let chosen = selection::select(&members, &run.selection.selectors)?;
    let mut index = 0;
    inventory.instances.retain(|_| {
        index += 1;
        chosen.iter().any(|one| one.index + 1 == index)
    });
    Ok(inventory)
}

/// Why the watching ends.
enum End {
    /// Somebody asked for it.
    Asked,
    /// The terminal is gone.
    Lost,
}

/// The signals that mean something to a resident supervisor.
struct Signals {
    int: Signal,
    term: Signal,
    hangup: Signal,
    reload: Signal,
    suspend: Signal,
    go_on: Signal,
    resize: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            int: signal(SignalKind::interrupt())?,
            term: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            reload: signal(SignalKind::user_defined1())?,
            suspend: signal(SignalKind::from_raw(libc::SIGTSTP))?,
            go_on: signal(SignalKind::from_raw(libc::SIGCONT))?,
            resize: signal(SignalKind::window_change())?,
        })
    }
}

/// One life of `run`.
struct Session<'a> {
    context: &'a Context<'a>,
    run: &'a Run,
    source: Source,
    ground: Ground,
    service: ServiceManager,
    watch: Watch,
    last_problem: String,
}

impl Session<'_> {
    async fn live(
        mut self,
        mut resident: Resident,
        mut told: mpsc::UnboundedReceiver<ResidentEvent>,
        state: &Arc<StateDir>,
    ) -> Result<u8, Ended> {
        let mut signals = Signals::new()?;
        let mut file = self.source.path().and_then(|path| InventoryFile::watch(path).ok());
        let mut seconds = ticks(self.watch.is_live().then_some(SECOND));
        let mut beats = ticks(
            (self.context.common.json && !self.run.heartbeat_interval.is_zero()).then_some(self.run.heartbeat_interval),
        );
        let mut watchdog = ticks(self.service.watchdog());
        let mut frame = None;
        let end = loop {
            tokio::select! {
                biased;
                _ = signals.int.recv() => break End::Asked,
                _ = signals.term.recv() => break End::Asked,
                _ = signals.hangup.recv() => {
                    if pty::is_controlled() || self.context.screen.is_on_terminal() {
                        break End::Lost;
                    }
                    self.reload(&mut resident);
                }
                _ = signals.reload.recv() => self.reload(&mut resident),
                () = changed(&mut file) => self.reload(&mut resident),
                _ = signals.suspend.recv() => {
                    self.watch.leave();
                    signals::stop_self();
                }
                _ = signals.go_on.recv() => frame = Some(Instant::now()),
                _ = signals.resize.recv() => frame = Some(Instant::now()),
                event = told.recv() => {
                    let Some(event) = event else { break End::Asked };
                    if event == ResidentEvent::Settled {
                        self.service.ready();
                    }
                    self.watch.told(event);
                    frame = frame.or_else(|| Some(Instant::now() + FRAME));
                }
                () = tick(&mut seconds) => frame = Some(Instant::now()),
                () = tick(&mut beats) => self.watch.heartbeat(),
                () = tick(&mut watchdog) => self.service.alive(),
                () = until(frame) => {
                    frame = None;
                    self.watch.draw();
                    self.service.status(&self.watch.summary());
                }
            }
            if !self.watch.is_open() && self.watch.is_live() {
                break End::Lost;
            }
        };
        self.service.stopping();
        self.finish(resident, end, told, signals, state).await
    }

    /// Reads the inventory again. One that is not valid changes nothing.
    fn reload(&mut self, resident: &mut Resident) {
        if self.source == Source::Stdin {
            resident.say(
                Level::Warning,
                "the inventory came from standard input and cannot be read again",
            );
            return;
        }
        self.service.reloading();
        let read = self
            .context
            .inventory()
            .and_then(|inventory| selected(&self.ground, inventory, self.run).map_err(Ended::from));
        match read {
            Ok(inventory) => {
                resident.apply(&inventory);
                resident.say(Level::Info, "the inventory was read again");
                self.last_problem.clear();
            }
            Err(ended) => {
                let problem = match ended {
                    Ended::Failure(failure) => failure.message,
                    Ended::Problems(problems) => problems.summary(),
                };
                if problem != self.last_problem {
                    resident.say(
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
        mut self,
        resident: Resident,
        end: End,
        mut told: mpsc::UnboundedReceiver<ResidentEvent>,
        signals: Signals,
        state: &Arc<StateDir>,
    ) -> Result<u8, Ended> {
        let kept = resident.end();
        while let Ok(event) = told.try_recv() {
            self.watch.told(event);
        }
        if matches!(end, End::Lost) {
            self.watch.leave();
            return Ok(0);
        }
        if self.run.on_exit == OnExit::Leave {
            self.watch
                .say("the watching has ended; the servers go on (stop them with: gamectl stop --all)");
            return Ok(0);
        }
        self.watch
            .say("stopping all that was watched; interrupt again to leave the rest running");
        let order = Order {
            verb: Verb::Stop,
            no_wait: false,
            timeout: None,
            now: false,
            lock_wait: None,
            keeps_intent: true,
        };
        let mut targets = Vec::new();
        for target in kept {
            if !matches!(target.look().await, crate::supervisor::Observation::Known(facts) if !facts.state.is_alive()) {
                targets.push(target);
            }
        }
        let Signals { mut int, mut term, .. } = signals;
        tokio::select! {
            results = order::dispatch(self.context, &order, &targets, state) => Ok(order::exit_code(&results)),
            _ = int.recv() => Ok(self.cut_short(FailureKind::Interrupted)),
            _ = term.recv() => Ok(self.cut_short(FailureKind::Interrupted)),
        }
    }

    fn cut_short(&mut self, kind: FailureKind) -> u8 {
        self.watch
            .say("interrupted again: what is not stopped yet is left as it is; a stop that has begun goes on");
        kind.exit_code()
    }
}

async fn changed(file: &mut Option<InventoryFile>) {
    match file {
        Some(file) => file.changed().await,
        None => std::future::pending().await,
    }
}
