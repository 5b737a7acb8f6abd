//! `gamectl watch`.

use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval};

use super::context::{Context, Ended};
use super::goal::Goal;
use super::interrupt::Interrupt;
use super::keyboard::keyboard;
use super::selection;
use super::ticking::{FRAME, SECOND, tick, ticks, until};
use crate::cli::Watch;
use crate::event::ResidentEvent;
use crate::failure::{Failure, FailureKind};
use crate::fleet::{Ground, Member};
use crate::inventory::Inventory;
use crate::players::PlayerCounts;
use crate::store::StateDir;
use crate::store::changes::Changes;
use crate::sys::terminal::Mode;
use crate::sys::{pty, signals};
use crate::ui::{self, Key};
use crate::watcher::Watcher;

pub(super) async fn run(context: &Context<'_>, watch: &Watch) -> Result<u8, Ended> {
    let source = context.source()?;
    let inventory = context.inventory()?;
    let selectors = &watch.selection.selectors;
    let state = context.state_to_look()?;
    let (told, receiver) = mpsc::unbounded_channel();
    let mut signals = Signals::new()?;
    let view = context.screen.look_on(&format!("gamectl watch {source}"));
    let counts = view.is_live();
    let looking = Looking::over(&inventory, selectors, state.as_ref(), &told, counts)?;
    let mut goal = watch
        .until
        .map(|state| Goal::new(state.word(), &looking.ids))
        .transpose()?;
    let mut session = Session {
        view,
        mode: None,
        typed: None,
    };
    session.take_keys();
    // Nothing was ever started here: until something is, that is all there is.
    let mut appears = ticks(state.is_none().then_some(SECOND));
    let mut looking = Some(looking);
    let anew = || -> Result<Option<Looking>, Ended> {
        let Some(state) = context.state_to_look()? else {
            return Ok(None);
        };
        Ok(Some(Looking::over(&inventory, selectors, Some(&state), &told, counts)?))
    };
    let mut appeared = || -> Result<bool, Ended> {
        let new = anew()?;
        let is_there = new.is_some();
        looking = new.or_else(|| looking.take());
        Ok(is_there)
    };
    let deadline = watch.timeout.map(|limit| Instant::now() + limit);
    let ended = session
        .live(
            &mut signals,
            receiver,
            goal.as_mut(),
            deadline,
            &mut appears,
            &mut appeared,
        )
        .await?;
    session.give_back();
    match ended {
        End::Left => Ok(0),
        End::Signal(kind) => Ok(kind.exit_code()),
        End::TooLate => Err(too_late(watch, goal.as_ref()).into()),
    }
}

fn too_late(watch: &Watch, goal: Option<&Goal>) -> Failure {
    let limit = humantime::format_duration(watch.timeout.unwrap_or_default());
    let missing = goal.map(Goal::missing).unwrap_or_default();
    Failure::new(FailureKind::Timeout, format!("after {limit} {missing}"))
        .hint("nothing was changed by the watching; `gamectl status` shows why")
}

/// Those that are looked at, for as long as this is held.
struct Looking {
    ids: Vec<(String, bool)>,
    following: Option<JoinHandle<()>>,
    _watcher: Watcher,
    _player_counts: Option<PlayerCounts>,
}

impl Looking {
    /// Looks at those that are selected, or at all that there are; counts their
    /// players too, where somebody sees that.
    fn over(
        inventory: &Inventory,
        selectors: &[String],
        state: Option<&Arc<StateDir>>,
        told: &mpsc::UnboundedSender<ResidentEvent>,
        counts: bool,
    ) -> Result<Self, Failure> {
        let look = Ground::for_a_look(state.cloned());
        let strays = match selectors {
            [] => look
                .strays(inventory)?
                .iter()
                .map(|stray| stray.id().to_owned())
                .collect(),
            _ => selectors.to_vec(),
        };
        let changes = state.map(|state| Arc::new(Changes::of(state)));
        let ground = match (state.cloned(), &changes) {
            (Some(state), Some(changes)) => Ground::for_looking_on(state, Arc::clone(changes)),
            _ => look,
        };
        let mut members = ground.members(inventory);
        members.extend(ground.named_strays(inventory, &strays)?);
        if !selectors.is_empty() {
            let chosen = selection::select(&members, selectors)?;
            let member = |one: &selection::Selected| members.get(one.index).cloned();
            members = chosen.iter().filter_map(member).collect();
        }
        let ids = |member: &Member| (member.id().to_owned(), member.is_unmanaged());
        Ok(Self {
            ids: members.iter().map(ids).collect(),
            // Where nothing can be told of, whoever looks asks now and then.
            following: changes.map(|changes| tokio::spawn(async move { drop(changes.follow().await) })),
            _watcher: Watcher::over(&members, state, told),
            _player_counts: counts.then(|| PlayerCounts::of(members.iter().map(|member| &member.supervisor), told)),
        })
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        if let Some(following) = &self.following {
            following.abort();
        }
    }
}

/// Why it ends.
enum End {
    /// Whoever looked on has left, or has seen what was awaited.
    Left,
    /// What was awaited has not come in time.
    TooLate,
    /// A signal asked for it.
    Signal(FailureKind),
}

/// The signals that mean something to somebody who looks on.
struct Signals {
    interrupt: Interrupt,
    hangup: Signal,
    suspend: Signal,
    go_on: Signal,
    resize: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: Interrupt::new()?,
            hangup: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(libc::SIGTSTP))?,
            go_on: signal(SignalKind::from_raw(libc::SIGCONT))?,
            resize: signal(SignalKind::window_change())?,
        })
    }
}

/// What is shown, and the keys of whoever it is shown to.
struct Session {
    view: ui::Watch,
    mode: Option<Mode>,
    typed: Option<mpsc::UnboundedReceiver<Vec<u8>>>,
}

impl Session {
    async fn live(
        &mut self,
        signals: &mut Signals,
        mut told: mpsc::UnboundedReceiver<ResidentEvent>,
        mut goal: Option<&mut Goal>,
        deadline: Option<Instant>,
        appears: &mut Option<Interval>,
        appeared: &mut impl FnMut() -> Result<bool, Ended>,
    ) -> Result<End, Ended> {
        let mut seconds = ticks(Some(SECOND));
        let mut frame = None;
        loop {
            tokio::select! {
                biased;
                kind = signals.interrupt.signalled() => return Ok(End::Signal(kind)),
                _ = signals.hangup.recv() => return Ok(End::Left),
                _ = signals.suspend.recv() => {
                    self.give_back();
                    signals::stop_self();
                }
                _ = signals.go_on.recv() => {
                    self.take_keys();
                    frame = Some(Instant::now());
                }
                _ = signals.resize.recv() => frame = Some(Instant::now()),
                event = told.recv() => {
                    let Some(event) = event else { return Ok(End::Left) };
                    let reached = goal.as_mut().is_some_and(|goal| goal.is_reached_by(&event));
                    self.view.told(event);
                    if reached {
                        return Ok(End::Left);
                    }
                    frame = frame.or_else(|| Some(Instant::now() + FRAME));
                }
                typed = pressed(&mut self.typed) => {
                    for key in ui::keys(&typed) {
                        if key == Key::Quit {
                            return Ok(End::Left);
                        }
                        self.view.scroll(key);
                    }
                    frame = Some(Instant::now());
                }
                () = until(deadline) => return Ok(End::TooLate),
                () = tick(appears) => if appeared()? {
                    *appears = None;
                },
                () = tick(&mut seconds) => frame = Some(Instant::now()),
                () = until(frame) => {
                    frame = None;
                    self.view.draw();
                }
            }
            if !self.view.is_open() || (!self.view.is_live() && super::reader_is_gone()) {
                return Ok(End::Left);
            }
        }
    }

    /// Takes single keys, where there is a screen and somebody at it.
    fn take_keys(&mut self) {
        let is_somebody = self.view.is_live() && pty::size(std::io::stdin()).is_some();
        if !is_somebody {
            return;
        }
        self.mode = Mode::single_keys(std::io::stdin()).ok();
        self.typed.get_or_insert_with(keyboard);
    }

    fn give_back(&mut self) {
        self.view.leave();
        self.mode = None;
    }
}

async fn pressed(typed: &mut Option<mpsc::UnboundedReceiver<Vec<u8>>>) -> Vec<u8> {
    if let Some(keys) = typed
        && let Some(pressed) = keys.recv().await
    {
        return pressed;
    }
    *typed = None;
    std::future::pending().await
}
