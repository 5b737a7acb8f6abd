//! Instances that are watched, as `run` and `watch` show them: one screen on a
//! terminal, one line per event off it, one object per line for programs.
//!
//! The screen is drawn on the terminal's alternate screen, whole lines over
//! whole lines, so that nothing flickers and nothing of the user's is lost. The
//! modes of the terminal are left alone: after a kill nothing has to be put
//! right but the screen itself. See the "xterm control sequences" document for
//! the sequences used.

mod board;
mod entry_lines;
mod foot;
mod help;
mod history;
mod log;
mod placing;
mod shown_text;
#[cfg(test)]
mod tests;
mod trouble;
mod window;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use super::json;
use super::result;
use super::sink::{last_word, lock};
use super::status::UsageColumns;
use super::streams::OutputStreams;
use crate::event::{Gauges, Level, LogEntry, ResidentEvent, Row, Verb, VerbEvent, VerbResult, WatchedRow};
use crate::invocation::command;
use crate::pane::{Pane, PaneDeed, PaneEffect, PaneInput, PressedKey};
use crate::report::{self, InstanceReport, News, Stream};
use crate::supervisor::rfc3339;
use crate::text::clean_line;
use board::Board;
use entry_lines::{for_journal, plain};
pub(super) use entry_lines::{lines, loss_in_json, loss_in_words};

/// Enters the alternate screen, and hides the cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";

/// Shows the cursor, and leaves the alternate screen.
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// Has the terminal say what is pasted: a pasted text is no row of keys.
const TELL_PASTES: &str = "\x1b[?2004h";
const FORGET_PASTES: &str = "\x1b[?2004l";

/// Leaves the screen after a panic, whatever was set.
const LAST: &str = "\x1b[?2004l\x1b[?25h\x1b[?1049l";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One screen, drawn again and again.
    Screen,
    /// One line per event.
    Lines,
    /// One object per line.
    Json,
}

pub struct WatchView {
    form: Form,
    /// True for `run`, which reports more of a transition than that it happened.
    acts: bool,
    streams: OutputStreams,
    board: Board,
    stream: Stream,
    /// True if a program is told what instances use.
    tells_usage: bool,
    /// True while the terminal shows our screen.
    shown: Arc<AtomicBool>,
    /// True while the terminal says what is pasted.
    tells_pastes: bool,
}

impl WatchView {
    pub(super) fn new(title: &str, acts: bool, streams: OutputStreams) -> Self {
        let (options, around) = (streams.options, &streams.around);
        let live = around.stdout_tty && !around.dumb && !options.quiet;
        let form = match (options.json, live) {
            (true, _) => Form::Json,
            (false, true) => Form::Screen,
            (false, false) => Form::Lines,
        };
        let shown = Arc::new(AtomicBool::new(false));
        if form == Form::Screen {
            last_word(&streams.out, &shown, LAST);
        }
        Self {
            form,
            acts,
            streams,
            board: Board::new(title, if acts { "Ctrl-C ends the watching" } else { "q leaves" }),
            stream: Stream::new(acts),
            tells_usage: false,
            shown,
            tells_pastes: false,
        }
    }

    /// Has it write lines in place of a screen.
    #[must_use]
    pub fn in_lines(mut self) -> Self {
        if self.form == Form::Screen {
            self.form = Form::Lines;
        }
        self
    }

    /// Has it ask this before a key ends it.
    #[must_use]
    pub fn asking_before_quit(mut self, question: &str) -> Self {
        self.board.pane = Pane::default().asking_before_quit(question);
        self
    }

    /// Returns true when time alone changes what is shown.
    pub fn is_live(&self) -> bool {
        self.form == Form::Screen
    }

    /// Returns true when the journal of systemd reads what is written.
    pub fn is_in_journal(&self) -> bool {
        self.streams.around.stdout_journal
    }

    /// Has the screen show what instances use, or a program be told of it: all of it where
    /// that is asked for, and else some of it where there is room on a screen.
    pub fn offer_usage(&mut self, is_asked_for: bool) {
        self.tells_usage = is_asked_for && self.form == Form::Json;
        self.board.offer_usage(match is_asked_for {
            true => UsageColumns::All,
            false => UsageColumns::IfRoom,
        });
    }

    /// Returns true if what instances use was on the last screen, or is told to a program.
    pub fn shows_usage(&self) -> bool {
        match self.form {
            Form::Screen => self.board.shows_usage,
            Form::Json => self.tells_usage,
            Form::Lines => false,
        }
    }

    /// Takes an event in, and writes everything but the screen at once.
    pub fn event(&mut self, event: ResidentEvent) {
        if let (true, ResidentEvent::Usage(id, usage)) = (self.tells_usage, &event) {
            let told = report::json::usage(id, *usage, &now());
            self.streams.write_out(&json::line(&told));
        }
        for report in self.board.feed.take(event) {
            self.show(report);
        }
    }

    fn show(&mut self, report: News) {
        if self.form == Form::Json {
            match &report {
                // The stream of `watch` has states alone.
                News::Log(entry) if !self.acts => self.streams.write_err(&plain(entry)),
                _ => self.write_objects(&report),
            }
            return;
        }
        match report {
            News::Snapshot(_) => {}
            News::Transition { row, first } => {
                if !self.acts && (!first || self.form == Form::Lines) {
                    self.log(report::in_words(&row, now()));
                }
            }
            News::Log(entry) => self.log(entry),
        }
    }

    fn write_objects(&mut self, report: &News) {
        let objects = self.stream.take(report, &now());
        let text: String = objects.iter().map(json::line).collect();
        self.streams.write_out(&text);
    }

    fn log(&mut self, entry: LogEntry) {
        let unwanted = self.streams.options.quiet && entry.level == Level::Info;
        if self.form == Form::Lines && !unwanted {
            let line = match self.is_in_journal() {
                true => for_journal(&entry),
                false => plain(&entry),
            };
            self.streams.write_out(&line);
        }
        self.board.push(entry);
    }

    /// Writes a heartbeat of every instance, for programs.
    pub fn heartbeat(&mut self) {
        if self.form == Form::Json {
            let at = now();
            let beats = self.board.feed.heartbeats(Instant::now());
            let lines = beats.map(|(row, uptime)| json::line(&report::json::heartbeat(row, uptime, &at)));
            self.streams.write_out(&lines.collect::<String>());
        }
    }

    /// Shows the last message, or one between two screens.
    pub fn say(&mut self, text: &str) {
        self.leave();
        let entry = LogEntry::now(Level::Info, None, text);
        match self.form {
            Form::Screen => {
                let line = self.streams.out_look().wrap(&clean_line(text), 0);
                self.streams.write_out(&format!("{line}\n"));
            }
            Form::Lines => self.log(entry),
            Form::Json => self.write_objects(&News::Log(entry)),
        }
    }

    /// Says as the last word which deeds of keys have not ended: a restart may be between its
    /// stop and its start.
    pub fn say_left(&mut self) {
        if let Some(left) = self.board.pane.left() {
            let status = command("status");
            self.say(&format!("left as far as it is: {left}; see {status}"));
        }
    }

    /// Shows a trouble until it is over, which `None` says.
    pub fn set_banner(&mut self, trouble: Option<String>) {
        self.board.troubles.set_inventory(trouble);
    }

    /// Shows a trouble with the disk until it is over.
    pub fn set_disk_trouble(&mut self, trouble: Option<String>) {
        self.board.troubles.set_disk(trouble);
    }

    /// Has keys change nothing, for this reason.
    pub fn refuse_deeds(&mut self, why: &str) {
        self.board.pane.refuse_deeds(why);
    }

    /// Takes an event of a verb in that a key has begun.
    pub fn verb_event(&mut self, verb: Verb, event: &VerbEvent) {
        let happened = self.board.works.take(verb, event, Instant::now());
        if let Some(entry) = happened {
            self.log(entry);
        }
    }

    /// Shows an entry that is about a deed.
    pub fn deed_said(&mut self, entry: LogEntry) {
        self.log(entry);
    }

    /// Shows an instance in detail, if that is still wanted.
    pub fn show_detail(&mut self, id: String, seen: Result<Box<InstanceReport>, String>) {
        self.board.text.take_detail(id, seen);
    }

    /// Returns true while the console of this instance is wanted.
    pub fn awaits_console(&self, id: &str) -> bool {
        self.board.pane.awaits_console(id)
    }

    /// Shows an answer to the last key, until the next one.
    pub fn say_on_foot(&mut self, notice: Option<&str>) {
        self.board.pane.step(PaneInput::Notice(notice));
    }

    /// Is told that the log which is shown is read from its begin.
    pub fn begin_log(&mut self) {
        self.board.text.begin_log();
    }

    /// Returns the id of the instance whose log is shown.
    pub fn log_id(&self) -> Option<&str> {
        self.board.log_id()
    }

    /// Takes a piece of a log, or the reason why there are no more.
    pub fn add_to_log(&mut self, id: &str, piece: Result<&[u8], &str>) {
        self.board.add_to_log(id, piece);
    }

    /// Returns the log that is shown, as a text.
    pub fn log_text(&self) -> String {
        self.board.text.log_text()
    }

    /// Is told that the log was saved to a file, or was not.
    pub fn log_saved(&mut self, path: &str, saved: &std::io::Result<()>) {
        match saved {
            Ok(()) => self.say_on_foot(Some(&format!("saved to {path}"))),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                self.board.pane.step(PaneInput::Exists { path });
            }
            Err(error) => self.say_on_foot(Some(&format!("not saved to {path}: {error}"))),
        }
    }

    /// Shows the result of a verb as one of the last words.
    pub fn say_result(&mut self, verb: Verb, result: &VerbResult) {
        let text = result::in_words(verb, result);
        self.say(&format!("{}: {text}", result.id));
    }

    /// Is told that a deed has ended.
    pub fn deed_is_over(&mut self, id: &str, deed: PaneDeed) {
        self.board.pane.step(PaneInput::Over { id, deed });
    }

    /// Is told whether keys reach it.
    pub fn set_keys(&mut self, reach: bool) {
        self.board.has_keys = reach;
    }

    /// Takes keys in, and returns what is to be done. What was pressed together with a key
    /// that asks a question is no answer to it, and gives up no console.
    pub fn press(&mut self, keys: &[PressedKey]) -> Vec<PaneEffect> {
        let mut effects = Vec::new();
        for key in keys {
            let had_asked = self.board.pane.question().is_some();
            let effect = self.board.press(*key, self.streams.out_look());
            let is_console = matches!(effect, Some(PaneEffect::OpenConsole { .. }));
            effects.extend(effect);
            if is_console || (self.board.pane.question().is_some() && !had_asked) {
                break;
            }
        }
        effects
    }

    /// Draws the screen, unless the last one was not taken yet.
    pub fn draw(&mut self, now: Instant) {
        if self.form != Form::Screen || !lock(&self.streams.out).is_idle() {
            return;
        }
        let size = self.streams.around.size();
        let (columns, rows) = (usize::from(size.columns), usize::from(size.rows));
        let lines = self.board.lines(columns, rows, self.streams.out_look(), now);
        let enter = if self.shown.swap(true, Ordering::Relaxed) {
            ""
        } else {
            ENTER
        };
        let pastes = match (self.board.has_keys, self.tells_pastes) {
            (true, false) => TELL_PASTES,
            (false, true) => FORGET_PASTES,
            _ => "",
        };
        self.tells_pastes = self.board.has_keys;
        // It clears each line first: behind a full one it would take the last
        // character away.
        let text = lines.join("\r\n\x1b[K");
        let rest = if lines.len() < rows { "\r\n\x1b[J" } else { "" };
        // In a synchronized update: terminals that know it show the frame at once.
        self.streams.write_out(&format!(
            "{enter}{pastes}\x1b[?2026h\x1b[H\x1b[K{text}{rest}\x1b[?2026l"
        ));
    }

    /// Gives the terminal back as it was found. The screen can be drawn again.
    pub fn leave(&mut self) {
        if self.shown.swap(false, Ordering::Relaxed) {
            let pastes = match std::mem::take(&mut self.tells_pastes) {
                true => FORGET_PASTES,
                false => "",
            };
            self.streams.write_out(&format!("{pastes}{LEAVE}"));
            lock(&self.streams.out).drain();
        }
    }

    /// Waits until a reader who has missed something reads again.
    ///
    /// # Cancel safety
    /// Safe.
    pub async fn caught_up(&self) {
        let caught_up = lock(&self.streams.out).caught_up();
        match caught_up {
            Some(caught_up) if self.form == Form::Json => caught_up.await,
            _ => std::future::pending().await,
        }
    }

    /// Tells a program all states anew, after it has missed some.
    pub fn snapshot(&mut self) {
        let rows: Vec<Row> = self.board.feed.rows().map(|watched| watched.row.clone()).collect();
        self.write_objects(&News::Snapshot(rows));
    }

    /// Returns the rows as they were last seen, with what is known of their players and of
    /// what they use.
    pub fn rows(&self) -> Vec<(Arc<WatchedRow>, Gauges)> {
        self.board.feed.seen()
    }

    /// Counts the instances in each state, in one line.
    pub fn summary(&self) -> String {
        self.board.counts()
    }

    /// Counts the instances that run, or begin or end; `None` while it is not known of
    /// all of them.
    pub fn count_alive(&self) -> Option<usize> {
        self.board.feed.count_alive()
    }

    /// Returns true while stdout can be written.
    pub fn is_open(&self) -> bool {
        lock(&self.streams.out).is_open()
    }
}

impl Drop for WatchView {
    fn drop(&mut self) {
        self.leave();
    }
}

fn now() -> String {
    rfc3339(SystemTime::now())
}
