//! The view of `run` and `watch`, with the signals, keys and times that move it.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, sleep};

use super::console_child::ConsoleChild;
use super::context::Context;
use super::deed_news::DeedNews;
use super::deeds::Deeds;
use super::disk::DiskTroubles;
use super::keyboard::Keyboard;
use super::signals::{ScreenSignals, Signalled};
use super::streams::{ReaderGone, reader_gone, watch_reader};
use super::ticking::{FRAME, SECOND, tick, ticks, until};
use crate::event::{ResidentEvent, VerbEvent};
use crate::failure::FailureKind;
use crate::pane::{KeyDecoder, PaneEffect, PressedKey};
use crate::sys::terminal::TerminalMode;
use crate::sys::{pty, signals};
use crate::ui::WatchView;

/// The time after which an escape character that stands alone is a key: the rest of a sequence
/// comes sooner, over a slow line too.
const ESCAPE: Duration = Duration::from_millis(50);

/// The time that players are given to be told of a countdown that was given up.
const TELLING: Duration = Duration::from_secs(10);

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
    typed: Option<Keyboard>,
    keys: KeyDecoder,
    /// The time at which a sequence of keys that is open ends.
    key_ends: Option<Instant>,
    deeds: Deeds,
    /// The console that has the terminal.
    console: Option<ConsoleChild>,
    /// True if this process is to stop once the console has ended.
    suspends: bool,
    /// The input that ends the view, while the console gives the terminal back.
    end: Option<LiveInput>,
    events: mpsc::UnboundedReceiver<ResidentEvent>,
    signals: ScreenSignals,
    reader_gone: Option<ReaderGone>,
    disk: Option<DiskTroubles>,
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
            console: None,
            suspends: false,
            end: None,
            events,
            signals: ScreenSignals::new()?,
            // The journal may be restarted.
            reader_gone: if view.is_in_journal() {
                None
            } else {
                Some(watch_reader()?)
            },
            disk: None,
            seconds: ticks((timed || view.is_live()).then_some(SECOND)),
            frame: None,
            listeners: Vec::new(),
            view,
        };
        live.take_keys();
        Ok(live)
    }

    /// Says on the screen when the disk of the state directory is nearly full.
    pub(super) fn watch_disk(&mut self, state_dir: &Path) {
        if self.view.is_live() {
            self.disk = Some(DiskTroubles::of(state_dir));
        }
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
        if self.console.is_some() {
            return;
        }
        let reach = self.view.is_live() && pty::is_foreground(std::io::stdin());
        if reach {
            let mode = self.mode.take();
            self.mode = mode.or_else(|| TerminalMode::single_keys(std::io::stdin()).ok());
            self.typed.get_or_insert_with(Keyboard::open);
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

    /// Has deeds end that only count down, as where the verb is typed, and says which are left as
    /// far as they are. Players that were warned are told so, unless somebody interrupts again.
    pub(super) async fn end_deeds(&mut self) {
        if self.deeds.may_count_down() {
            self.view
                .say("what counts down is cancelled, and its players are told; interrupt again to leave it");
            tokio::select! {
                () = self.deeds.give_up_countdowns() => {}
                () = sleep(TELLING) => {}
                () = interrupted(&mut self.signals) => {}
            }
        }
        while let Some(news) = self.deeds.come() {
            if let DeedNews::Event(verb, VerbEvent::Done(done)) = &news {
                self.view.say_result(*verb, done);
            }
            self.show_deed(news);
        }
        self.view.say_left();
    }

    /// Waits for SIGINT or SIGTERM.
    pub(super) async fn interrupted(&mut self) {
        interrupted(&mut self.signals).await;
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
                PaneEffect::OpenConsole { id } => self.deeds.try_console(id),
                PaneEffect::SaveLog { path, replaces } => self.deeds.save(path, self.view.log_text(), replaces),
            }
        }
        if self.deeds.follow(self.view.log_id()) {
            self.view.begin_log();
        }
        false
    }

    fn show_deed(&mut self, news: DeedNews) {
        self.frame = self.frame.or_else(|| Some(Instant::now() + FRAME));
        match news {
            DeedNews::Event(verb, event) => self.view.verb_event(verb, &event),
            DeedNews::Said(entry) => self.view.deed_said(entry),
            DeedNews::Detail(id, seen) => self.view.show_detail(id, seen),
            DeedNews::Over(id, deed) => self.view.deed_is_over(&id, deed),
            DeedNews::Console(id, can) => self.open_console(id, can),
            DeedNews::Saved(path, saved) => self.view.log_saved(&path, &saved),
            DeedNews::Log(id, piece) => {
                self.view.add_to_log(&id, piece.as_deref().map_err(String::as_str));
            }
        }
    }

    /// Gives the terminal to the console of an instance, if that is still wanted.
    fn open_console(&mut self, id: String, can: Result<(), String>) {
        if !self.view.awaits_console(&id) {
            return;
        }
        if let Err(why) = can {
            self.view.say_on_foot(Some(&why));
            return;
        }
        self.view.say_on_foot(None);
        self.view.leave();
        // Whoever reads next gets all that is typed from here on, in the usual mode.
        self.typed = None;
        self.keys.end();
        self.key_ends = None;
        self.mode = None;
        match self.deeds.open_console(id) {
            Ok(console) => self.console = Some(console),
            Err(error) => {
                self.view.say_on_foot(Some(&format!("no console: {error}")));
                self.take_keys();
            }
        }
    }

    /// Has the terminal again, in whatever mode the console has left it.
    fn come_back(&mut self, (id, trouble): (String, Option<String>)) {
        self.console = None;
        if self.suspends {
            self.suspend();
        }
        self.view
            .say_on_foot(trouble.map(|why| format!("{id}: {why}")).as_deref());
        self.take_keys();
        self.frame = Some(Instant::now());
    }

    /// Gives the terminal back, and stops until somebody has it go on.
    fn suspend(&mut self) {
        self.suspends = false;
        self.view.leave();
        self.mode = None;
        signals::stop_self();
    }

    /// Waits for the next input, as [`Live::next_input`] does; what ends the view ends the
    /// console first.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> LiveInput {
        let input = match self.end.take() {
            Some(end) => end,
            None => self.next_input().await,
        };
        let is_end = matches!(
            input,
            LiveInput::Interrupt(_) | LiveInput::Hangup | LiveInput::ReaderGone | LiveInput::Event(None)
        );
        let Some(console) = self.console.as_mut().filter(|_| is_end) else {
            return input;
        };
        // Kept for the next call, should this one be dropped.
        let input = self.end.insert(input);
        console.close().await;
        let input = std::mem::replace(input, LiveInput::Second);
        (self.end, self.console) = (None, None);
        input
    }

    /// Waits for the next input, and draws the view when it is due.
    ///
    /// # Cancel safety
    /// Safe.
    async fn next_input(&mut self) -> LiveInput {
        loop {
            tokio::select! {
                biased;
                signal = self.signals.next() => match signal {
                    Signalled::Interrupt(kind) => return LiveInput::Interrupt(kind),
                    Signalled::Hangup => return LiveInput::Hangup,
                    Signalled::Suspend => match &self.console {
                        None => self.suspend(),
                        Some(console) => {
                            console.ask_to_end();
                            self.suspends = true;
                        }
                    },
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
                trouble = disk_trouble(&mut self.disk) => self.view.set_disk_trouble(trouble),
                left = console_left(&mut self.console) => self.come_back(left),
                () = tick(&mut self.seconds) => {
                    // It may have come to the foreground.
                    self.take_keys();
                    self.frame = Some(Instant::now());
                    return LiveInput::Second;
                }
                () = until(self.frame), if self.console.is_none() => {
                    self.frame = None;
                    self.view.draw(Instant::now().into_std());
                    return LiveInput::Drawn;
                }
            }
        }
    }
}

/// Waits until the console is left; for ever where none is open.
async fn console_left(console: &mut Option<ConsoleChild>) -> (String, Option<String>) {
    match console {
        Some(console) => console.left().await,
        None => std::future::pending().await,
    }
}

async fn interrupted(signals: &mut ScreenSignals) {
    while !matches!(signals.next().await, Signalled::Interrupt(_)) {}
}

async fn disk_trouble(disk: &mut Option<DiskTroubles>) -> Option<String> {
    match disk {
        Some(disk) => disk.next().await,
        None => std::future::pending().await,
    }
}

async fn pressed(typed: &mut Option<Keyboard>) -> Vec<u8> {
    if let Some(keys) = typed
        && let Some(pressed) = keys.next().await
    {
        return pressed;
    }
    *typed = None;
    std::future::pending().await
}
