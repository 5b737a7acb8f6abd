//! A verb at work: on a terminal a spinner per instance, everywhere a line for
//! each instance that is done.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::failures::Failures;
use super::paint::{Look, Tone};
use super::region::{self, Region};
use super::result;
use super::span::short;
use super::spinner::Spinner;
use super::streams::OutputStreams;
use super::width::{cut, width};
use crate::event::{Verb, VerbEvent, VerbResult};
use crate::text::clean_line;

/// The time between two frames of a live screen.
pub const TICK: Duration = Duration::from_millis(100);

/// Less room than this shows nothing of what a game said.
const LAST_LINE_MIN: usize = 8;

struct Work {
    awaiting: String,
    since: Instant,
    limit: Option<Duration>,
    last_line: String,
}

pub struct Progress {
    verb: Verb,
    silent: bool,
    streams: OutputStreams,
    region: Option<Region>,
    works: HashMap<String, Work>,
    /// The ids that have a line, from the top.
    lines: Vec<String>,
    /// The number of instances whose work has not begun.
    waiting: usize,
    spinner: Spinner,
    failures: Failures,
}

impl Progress {
    pub(super) fn new(verb: Verb, targets: usize, streams: OutputStreams) -> Self {
        let (options, around) = (streams.options, &streams.around);
        let silent = options.json || options.quiet;
        let live = around.stderr_tty && !around.dumb && !silent;
        Self {
            verb,
            silent,
            spinner: Spinner::new(streams.err_look()),
            region: live.then(|| Region::on(Arc::clone(&streams.err), around.clone())),
            streams,
            works: HashMap::new(),
            lines: Vec::new(),
            waiting: targets,
            failures: Failures::default(),
        }
    }

    pub fn event(&mut self, event: &VerbEvent, now: Instant) {
        match event {
            VerbEvent::Began { id } => self.began(id, now),
            VerbEvent::LockHeld { id, holder } => {
                let holder = clean_line(holder);
                if self.region.is_none() && !self.silent {
                    self.streams.write_err(&format!("{id}: waiting for {holder}\n"));
                }
                self.awaits(id, format!("{holder}, which holds it"), None, now);
            }
            VerbEvent::Awaiting { id, activity } => {
                let awaiting = clean_line(&activity.awaiting).into_owned();
                if activity.is_warning && self.region.is_none() && !self.silent {
                    self.streams.write_err(&format!("{id}: waiting for {awaiting}\n"));
                }
                self.awaits(id, awaiting, activity.limit, now);
                if let Some(work) = self.works.get_mut(id) {
                    work.last_line = clean_line(&activity.last_line).into_owned();
                }
                if activity.is_warning {
                    self.draw(now);
                }
            }
            VerbEvent::Told { id, text, is_trouble } => self.told(id, text, *is_trouble, now),
            VerbEvent::Done(result) => {
                self.works.remove(&result.id);
                if !self.silent {
                    self.done(result, now);
                }
            }
        }
    }

    /// Writes what has happened above the live lines. It is no answer, and so goes to
    /// standard error, also where the answer is JSON.
    fn told(&mut self, id: &str, text: &str, is_trouble: bool, now: Instant) {
        if self.streams.options.quiet {
            return;
        }
        let was_shown = self.region.as_ref().is_some_and(Region::is_shown);
        if let Some(region) = &mut self.region {
            region.clear();
        }
        let look = self.streams.err_look();
        let label = if is_trouble {
            look.paint(Tone::Loud, "warning: ")
        } else {
            String::new()
        };
        let line = format!("{label}{id}: {}", clean_line(text));
        self.streams.write_err(&(look.wrap(&line, 2) + "\n"));
        if was_shown {
            self.draw(now);
        }
    }

    /// Writes a result above the live lines.
    fn done(&mut self, result: &VerbResult, now: Instant) {
        let was_shown = self.region.as_ref().is_some_and(Region::is_shown);
        if let Some(region) = &mut self.region {
            region.clear();
        }
        if result.ok() {
            let line = result::succeeded(self.verb, result, self.streams.out_look());
            self.streams.write_out(&line);
        } else {
            self.streams
                .write_err(&self.failures.render(result, self.streams.err_look()));
        }
        if was_shown {
            self.draw(now);
        }
    }

    fn began(&mut self, id: &str, now: Instant) {
        self.waiting = self.waiting.saturating_sub(1);
        let work = Work {
            awaiting: String::new(),
            since: now,
            limit: None,
            last_line: String::new(),
        };
        self.works.insert(id.to_owned(), work);
    }

    fn awaits(&mut self, id: &str, awaiting: String, limit: Option<Duration>, now: Instant) {
        let Some(work) = self.works.get_mut(id) else { return };
        if work.awaiting != awaiting {
            work.since = now;
        }
        (work.awaiting, work.limit) = (awaiting, limit);
    }

    /// Returns true where it is drawn again and again, which is on a terminal.
    pub fn is_drawn(&self) -> bool {
        self.region.is_some()
    }

    pub fn tick(&mut self, now: Instant) {
        self.spinner.tick();
        self.draw(now);
    }

    fn draw(&mut self, now: Instant) {
        let Some(mut region) = self.region.take() else { return };
        let size = self.streams.around.size();
        let look = self.streams.err_look();
        let columns = usize::from(size.columns.saturating_sub(region::FREE));
        // One line is left for the count of the others, one for what was typed,
        // and one for what is written next.
        self.choose(usize::from(size.rows).saturating_sub(3).max(1));
        let room = columns.saturating_sub(2);
        let of = |id: &String| {
            let work = self.works.get(id)?;
            Some(self.spinner.line(&line(self.verb, id, work, now, room, look)))
        };
        let mut lines: Vec<String> = self.lines.iter().filter_map(of).collect();
        let hidden = self.works.len() - lines.len() + self.waiting;
        if hidden > 0 && !self.works.is_empty() {
            let rest = format!("and {hidden} more");
            lines.push(self.spinner.line(&cut(&rest, room, look.ellipsis())));
        }
        region.draw(&lines);
        self.region = Some(region);
    }

    /// Chooses the instances that have a line. One that has a line keeps it, so
    /// that lines move as little as possible.
    fn choose(&mut self, room: usize) {
        self.lines.retain(|id| self.works.contains_key(id));
        self.lines.truncate(room);
        let mut others: Vec<&String> = self.works.keys().filter(|id| !self.lines.contains(id)).collect();
        others.sort();
        others.truncate(room - self.lines.len());
        let others: Vec<String> = others.into_iter().cloned().collect();
        self.lines.extend(others);
    }

    /// Takes the live lines away.
    pub fn finish(&mut self) {
        self.region = None;
    }
}

/// Renders `rust-main: starting, waiting for ready (log line), 42s of 15m`, with
/// the last line of the game where there is room for it. Where there is little
/// room, what is awaited is left out before the time is, and it is never named
/// without a word for the waiting, or it would read as if it had come.
fn line(verb: Verb, id: &str, work: &Work, now: Instant, columns: usize, look: Look) -> String {
    let doing = match verb {
        Verb::Start => "starting",
        Verb::Stop => "stopping",
        Verb::Restart => "restarting",
    };
    let elapsed = short(now.saturating_duration_since(work.since).as_secs());
    let limit = work
        .limit
        .map_or_else(String::new, |limit| format!(" of {}", short(limit.as_secs())));
    let awaiting = &work.awaiting;
    let shortest = format!("{id}: {doing}, {elapsed}");
    if awaiting.is_empty() {
        return cut(&shortest, columns, look.ellipsis()).into_owned();
    }
    let longest = format!("{id}: {doing}, waiting for {awaiting}, {elapsed}{limit}");
    let room = columns.saturating_sub(width(&longest) + 2);
    if room >= LAST_LINE_MIN && !work.last_line.is_empty() {
        let said = cut(&work.last_line, room, look.ellipsis());
        return format!("{longest}: {}", look.paint(Tone::Dim, &said));
    }
    let shorter = format!("{id}: waiting for {awaiting}, {elapsed}");
    let all = [longest, format!("{shorter}{limit}"), shorter, shortest];
    let fitting = all.iter().find(|line| width(line) <= columns);
    let line = fitting.cloned().unwrap_or_else(|| format!("{id}: {elapsed}"));
    cut(&line, columns, look.ellipsis()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look {
        color: false,
        symbols: true,
        columns: Some(80),
    };

    #[test]
    fn what_is_awaited_and_since_when() {
        let since = Instant::now();
        let now = since + Duration::from_secs(65);
        let mut work = Work {
            awaiting: String::new(),
            since,
            limit: None,
            last_line: String::new(),
        };
        assert_eq!(line(Verb::Stop, "a", &work, now, 80, LOOK), "a: stopping, 1m 5s");
        work.awaiting = "ready (log line)".into();
        work.limit = Some(Duration::from_secs(900));
        let mut shown = |columns, last_line: &str| {
            work.last_line = last_line.into();
            line(Verb::Start, "rust-main", &work, now, columns, LOOK)
        };
        for (columns, last_line, wanted) in [
            (
                100,
                "Loading the world",
                "rust-main: starting, waiting for ready (log line), 1m 5s of 15m: Loading the world",
            ),
            (
                74,
                "Loading the world",
                "rust-main: starting, waiting for ready (log line), 1m 5s of 15m: Loading …",
            ),
            (
                70,
                "Loading the world",
                "rust-main: starting, waiting for ready (log line), 1m 5s of 15m",
            ),
            (62, "", "rust-main: waiting for ready (log line), 1m 5s of 15m"),
            (50, "", "rust-main: waiting for ready (log line), 1m 5s"),
            (30, "", "rust-main: starting, 1m 5s"),
            (20, "", "rust-main: 1m 5s"),
            (10, "", "rust-main…"),
        ] {
            assert_eq!(shown(columns, last_line), wanted, "{columns}");
            assert!(width(wanted) <= columns);
        }
    }
}
