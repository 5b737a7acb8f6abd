//! `gamectl watch`.

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::context::{Context, typed_or_everything};
use super::keyboard::keyboard;
use super::signals::{ScreenSignals, Signalled};
use super::streams::reader_is_gone;
use super::ticking::{FRAME, SECOND, tick, ticks, until};
use crate::cli::WatchArgs;
use crate::event::ResidentEvent;
use crate::failure::{Failure, FailureKind};
use crate::host::{Error, WatchHandle};
use crate::report::Goal;
use crate::sys::terminal::TerminalMode;
use crate::sys::{pty, signals};
use crate::ui::{self, WatchKey};

pub(super) async fn run(context: &Context<'_>, watch: &WatchArgs) -> Result<u8, Error> {
    let host = context.host()?;
    let (events, receiver) = mpsc::unbounded_channel();
    let signals = ScreenSignals::new()?;
    let view = context.screen.watch_view(&format!("gamectl watch {}", host.name()));
    let selection = typed_or_everything(&watch.selection);
    let mut watching = host.watch(selection, events, view.is_live())?;
    let mut goal = watch.until.map(|state| watching.goal(state.word())).transpose()?;
    let mut session = Session {
        view,
        mode: None,
        typed: None,
    };
    session.take_keys();
    let deadline = watch.timeout.map(|limit| Instant::now() + limit);
    let ended = session
        .live(signals, receiver, &mut watching, goal.as_mut(), deadline)
        .await?;
    session.give_back();
    match ended {
        End::Left => Ok(0),
        End::Signal(kind) => Ok(kind.exit_code()),
        End::TooLate => Err(too_late(watch, goal.as_ref()).into()),
    }
}

fn too_late(watch: &WatchArgs, goal: Option<&Goal>) -> Failure {
    let limit = humantime::format_duration(watch.timeout.unwrap_or_default());
    let missing = goal.map(Goal::missing).unwrap_or_default();
    Failure::new(FailureKind::Timeout, format!("after {limit} {missing}"))
        .hint("nothing was changed by the watching; `gamectl status` shows why")
}

/// The reason why it ends.
enum End {
    /// The person has left, or the goal is reached.
    Left,
    /// The goal was not reached in time.
    TooLate,
    Signal(FailureKind),
}

/// The view, and the keys that are typed at it.
struct Session {
    view: ui::WatchView,
    mode: Option<TerminalMode>,
    typed: Option<mpsc::UnboundedReceiver<Vec<u8>>>,
}

impl Session {
    async fn live(
        &mut self,
        mut signals: ScreenSignals,
        mut events: mpsc::UnboundedReceiver<ResidentEvent>,
        watching: &mut WatchHandle<'_>,
        mut goal: Option<&mut Goal>,
        deadline: Option<Instant>,
    ) -> Result<End, Error> {
        let mut seconds = ticks(Some(SECOND));
        let mut frame = None;
        loop {
            tokio::select! {
                biased;
                signal = signals.next() => match signal {
                    Signalled::Interrupt(kind) => return Ok(End::Signal(kind)),
                    Signalled::Hangup => return Ok(End::Left),
                    Signalled::Suspend => {
                        self.give_back();
                        signals::stop_self();
                    }
                    Signalled::Resume => {
                        self.take_keys();
                        frame = Some(Instant::now());
                    }
                    Signalled::Resize => frame = Some(Instant::now()),
                },
                event = events.recv() => {
                    let Some(event) = event else { return Ok(End::Left) };
                    let reached = goal.as_mut().is_some_and(|goal| goal.is_reached_by(&event));
                    self.view.event(event);
                    if reached {
                        return Ok(End::Left);
                    }
                    frame = frame.or_else(|| Some(Instant::now() + FRAME));
                }
                typed = pressed(&mut self.typed) => {
                    for key in ui::keys(&typed) {
                        if key == WatchKey::Quit {
                            return Ok(End::Left);
                        }
                        self.view.scroll(key);
                    }
                    frame = Some(Instant::now());
                }
                () = until(deadline) => return Ok(End::TooLate),
                () = tick(&mut seconds) => {
                    watching.refresh()?;
                    frame = Some(Instant::now());
                }
                () = until(frame) => {
                    frame = None;
                    self.view.draw();
                }
            }
            if !self.view.is_open() || (!self.view.is_live() && reader_is_gone()) {
                return Ok(End::Left);
            }
        }
    }

    /// Reads single keys, where there is a screen and a person can type.
    fn take_keys(&mut self) {
        if self.view.is_live() && pty::size(std::io::stdin()).is_some() {
            self.mode = TerminalMode::single_keys(std::io::stdin()).ok();
            self.typed.get_or_insert_with(keyboard);
        }
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
