//! The view of `run` and `watch`, with the signals, keys and times that move it.

use std::io;

use tokio::sync::mpsc;
use tokio::time::{Instant, Interval};

use super::keyboard::keyboard;
use super::signals::{ScreenSignals, Signalled};
use super::ticking::{FRAME, SECOND, tick, ticks, until};
use crate::event::ResidentEvent;
use crate::failure::FailureKind;
use crate::sys::terminal::TerminalMode;
use crate::sys::{pty, signals};
use crate::ui::{self, WatchKey, WatchView};

/// The inputs that `run` and `watch` decide about.
pub(super) enum LiveInput {
    Interrupt(FailureKind),
    Hangup,
    /// An event, which is still to be shown; `None` when there will be no more.
    Event(Option<ResidentEvent>),
    Keys(Vec<WatchKey>),
    Second,
    Drawn,
}

pub(super) struct Live {
    // The screen is left before the mode of the terminal is put back.
    pub(super) view: WatchView,
    mode: Option<TerminalMode>,
    /// True if a person can scroll the view.
    scrolls: bool,
    typed: Option<mpsc::UnboundedReceiver<Vec<u8>>>,
    events: mpsc::UnboundedReceiver<ResidentEvent>,
    signals: ScreenSignals,
    seconds: Option<Interval>,
    frame: Option<Instant>,
}

impl Live {
    pub(super) fn new(
        view: WatchView,
        events: mpsc::UnboundedReceiver<ResidentEvent>,
        scrolls: bool,
    ) -> io::Result<Self> {
        let mut live = Self {
            mode: None,
            scrolls,
            typed: None,
            events,
            signals: ScreenSignals::new()?,
            seconds: ticks((scrolls || view.is_live()).then_some(SECOND)),
            frame: None,
            view,
        };
        live.take_keys();
        Ok(live)
    }

    /// Reads single keys, where there is a screen and a person can type.
    fn take_keys(&mut self) {
        if self.scrolls && self.view.is_live() && pty::size(std::io::stdin()).is_some() {
            self.mode = TerminalMode::single_keys(std::io::stdin()).ok();
            self.typed.get_or_insert_with(keyboard);
        }
    }

    /// Waits for SIGINT or SIGTERM.
    pub(super) async fn interrupted(&mut self) {
        while !matches!(self.signals.next().await, Signalled::Interrupt(_)) {}
    }

    /// Shows the events that have come so far.
    pub(super) fn drain(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.view.event(event);
        }
    }

    /// Waits for the next input, and draws the view when it is due.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> LiveInput {
        loop {
            tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    Signalled::Interrupt(kind) => return LiveInput::Interrupt(kind),
                    Signalled::Hangup => return LiveInput::Hangup,
                    Signalled::Suspend => {
                        self.view.leave();
                        self.mode = None;
                        signals::stop_self();
                    }
                    Signalled::Resume => {
                        self.take_keys();
                        self.frame = Some(Instant::now());
                    }
                    Signalled::Resize => self.frame = Some(Instant::now()),
                },
                event = self.events.recv() => {
                    self.frame = self.frame.or_else(|| Some(Instant::now() + FRAME));
                    return LiveInput::Event(event);
                }
                typed = pressed(&mut self.typed) => {
                    self.frame = Some(Instant::now());
                    return LiveInput::Keys(ui::keys(&typed));
                }
                () = tick(&mut self.seconds) => {
                    self.frame = Some(Instant::now());
                    return LiveInput::Second;
                }
                () = until(self.frame) => {
                    self.frame = None;
                    self.view.draw(Instant::now().into_std());
                    return LiveInput::Drawn;
                }
            }
        }
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
