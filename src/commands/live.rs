//! The view of `run` and `watch`, with the signals, keys and times that move it.

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, Interval};

use super::context::Context;
use super::deeds::{DeedNews, Deeds};
use super::keyboard::keyboard;
use super::signals::{ScreenSignals, Signalled};
use super::streams::{ReaderGone, reader_gone, watch_reader};
use super::ticking::{FRAME, SECOND, tick, ticks, until};
use crate::event::ResidentEvent;
use crate::failure::FailureKind;
use crate::pane::{KeyDecoder, PaneEffect, PressedKey};
use crate::sys::terminal::TerminalMode;
use crate::sys::{pty, signals};
use crate::ui::WatchView;

/// The time after which an escape character that stands alone is a key: the rest of a sequence
/// comes sooner, over a slow line too.
const ESCAPE: Duration = Duration::from_millis(50);

/// The inputs that `run` and `watch` decide about.
pub(super) enum LiveInput {
    Interrupt(FailureKind),
    Hangup,
    /// Nobody reads the answer any more.
    ReaderGone,
    /// An event, which is still to be shown; `None` when there will be no more.
    Event(Option<ResidentEvent>),
    /// A key asks for the end.
    Quit,
    Second,
    Drawn,
}

pub(super) struct Live {
    // The screen is left before the mode of the terminal is put back.
    pub(super) view: WatchView,
    mode: Option<TerminalMode>,
    typed: Option<mpsc::UnboundedReceiver<Vec<u8>>>,
    keys: KeyDecoder,
    /// The time at which a sequence of keys that is open ends.
    key_ends: Option<Instant>,
    deeds: Deeds,
    events: mpsc::UnboundedReceiver<ResidentEvent>,
    signals: ScreenSignals,
    reader_gone: Option<ReaderGone>,
    seconds: Option<Interval>,
    frame: Option<Instant>,
    listeners: Vec<Listener>,
}

/// Whoever is told of each event beside the view. It waits for nobody.
type Listener = Box<dyn Fn(&ResidentEvent)>;

impl Live {
    /// Makes one that is told of each second if it is `timed`, or where there is a
    /// screen, whose clocks go on.
    pub(super) fn new(
        context: &Context<'_>,
        view: WatchView,
        events: mpsc::UnboundedReceiver<ResidentEvent>,
        timed: bool,
    ) -> io::Result<Self> {
        let mut live = Self {
            mode: None,
            typed: None,
            keys: KeyDecoder::default(),
            key_ends: None,
            deeds: Deeds::new(context),
            events,
            signals: ScreenSignals::new()?,
            // The journal may be restarted.
            reader_gone: if view.is_in_journal() {
                None
            } else {
                Some(watch_reader()?)
            },
            seconds: ticks((timed || view.is_live()).then_some(SECOND)),
            frame: None,
            listeners: Vec::new(),
            view,
        };
        live.take_keys();
        Ok(live)
    }

    /// Is told of each second no longer, but where there is a screen.
    pub(super) fn sleep_between_events(&mut self) {
        if !self.view.is_live() {
            self.seconds = None;
        }
    }

    /// Reads single keys, where there is a screen and a person can type. In the
    /// background nobody can.
    fn take_keys(&mut self) {
        let reach = self.view.is_live() && pty::is_foreground(std::io::stdin());
        if reach {
            let mode = self.mode.take();
            self.mode = mode.or_else(|| TerminalMode::single_keys(std::io::stdin()).ok());
            self.typed.get_or_insert_with(keyboard);
        }
        self.view.set_keys(reach && self.mode.is_some());
    }

    /// Has another one told of each event, before it is shown.
    pub(super) fn tell_too(&mut self, listener: impl Fn(&ResidentEvent) + 'static) {
        self.listeners.push(Box::new(listener));
    }

    fn tell(&self, event: &ResidentEvent) {
        self.listeners.iter().for_each(|listener| listener(event));
    }

    /// Waits for SIGINT or SIGTERM.
    pub(super) async fn interrupted(&mut self) {
        while !matches!(self.signals.next().await, Signalled::Interrupt(_)) {}
    }

    /// Shows the events that have come so far.
    pub(super) fn drain(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            self.tell(&event);
            self.view.event(event);
        }
    }

    /// Carries out the meaning of keys. Returns true if one of them asks for the end.
    fn asks_for_the_end(&mut self, keys: &[PressedKey]) -> bool {
        self.frame = Some(Instant::now());
        for effect in self.view.press(keys) {
            match effect {
                PaneEffect::Quit => return true,
                PaneEffect::Act { id, deed } => self.deeds.begin(id, deed),
                PaneEffect::Look { id } => self.deeds.look(id),
            }
        }
        self.deeds.follow(self.view.log_id());
        false
    }

    fn show_deed(&mut self, news: DeedNews) {
        self.frame = self.frame.or_else(|| Some(Instant::now() + FRAME));
        match news {
            DeedNews::Event(verb, event) => self.view.verb_event(verb, &event),
            DeedNews::Said(entry) => self.view.deed_said(entry),
            DeedNews::Detail(id, seen) => self.view.show_detail(id, seen),
            DeedNews::Over(id, deed) => self.view.deed_is_over(&id, deed),
            DeedNews::Log(id, piece) => {
                self.view.add_to_log(&id, piece.as_deref().map_err(String::as_str));
            }
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
                () = reader_gone(&mut self.reader_gone) => return LiveInput::ReaderGone,
                () = self.view.caught_up() => self.view.snapshot(),
                event = self.events.recv() => {
                    event.iter().for_each(|event| self.tell(event));
                    self.frame = self.frame.or_else(|| Some(Instant::now() + FRAME));
                    return LiveInput::Event(event);
                }
                typed = pressed(&mut self.typed) => {
                    let keys = self.keys.feed(&typed);
                    self.key_ends = self.keys.is_open().then(|| Instant::now() + ESCAPE);
                    if self.asks_for_the_end(&keys) {
                        return LiveInput::Quit;
                    }
                }
                () = until(self.key_ends) => {
                    self.key_ends = None;
                    let key = self.keys.end();
                    if self.asks_for_the_end(key.as_slice()) {
                        return LiveInput::Quit;
                    }
                }
                news = self.deeds.next() => self.show_deed(news),
                () = tick(&mut self.seconds) => {
                    // It may have come to the foreground.
                    self.take_keys();
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
