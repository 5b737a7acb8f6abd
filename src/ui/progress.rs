//! A verb at work: a spinner per instance on a terminal, and a line for each
//! when it is done.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::options::Surroundings;
use super::region::{self, Region};
use super::result;
use super::screen::Handles;
use super::sink::lock;
use super::span::short;
use super::text::clean_line;
use super::width::cut;
use crate::event::{Event, Verb};

/// How often a live screen moves.
pub const TICK: Duration = Duration::from_millis(100);

/// What is worked on.
struct Work {
    bar: Option<ProgressBar>,
    awaiting: String,
    since: Instant,
    limit: Option<Duration>,
    /// The last line that the game printed.
    last_line: String,
}

/// Shows a verb while it works.
pub struct Progress {
    verb: Verb,
    silent: bool,
    handles: Handles,
    around: Surroundings,
    live: Option<MultiProgress>,
    /// Stands for those that have no line of their own.
    rest: Option<ProgressBar>,
    works: HashMap<String, Work>,
    waiting: usize,
    /// How often the spinners were moved: all of them move together.
    frame: usize,
    /// Whether anything was drawn that must make way for a line.
    drawn: bool,
}

impl Progress {
    pub(super) fn new(
        verb: Verb,
        targets: usize,
        live: bool,
        silent: bool,
        handles: Handles,
        around: Surroundings,
    ) -> Self {
        let region = || {
            let region = Region::on(Arc::clone(&handles.err), around.clone());
            ProgressDrawTarget::term_like_with_hz(Box::new(region), 20)
        };
        Self {
            verb,
            silent,
            live: live.then(|| MultiProgress::with_draw_target(region())),
            handles,
            around,
            rest: None,
            works: HashMap::new(),
            waiting: targets,
            frame: 0,
            drawn: false,
        }
    }

    /// Takes in what happened.
    pub fn event(&mut self, event: &Event) {
        match event {
            Event::Began { id } => self.began(id),
            Event::LockHeld { id, holder } => {
                let text = format!("{id}: waiting for {}", clean_line(holder));
                if self.live.is_none() && !self.silent {
                    lock(&self.handles.err).write(format!("{text}\n").as_bytes());
                }
                self.awaits(id, format!("{}, which holds it", clean_line(holder)), None);
            }
            Event::Awaiting { id, activity } => {
                let awaiting = clean_line(&activity.awaiting).into_owned();
                self.awaits(id, awaiting, activity.limit);
                if let Some(work) = self.works.get_mut(id) {
                    work.last_line = clean_line(&activity.last_line).into_owned();
                }
            }
            Event::Done(done) => {
                if let Some(bar) = self.works.remove(&done.id).and_then(|work| work.bar) {
                    self.take_away(&bar);
                }
                if self.silent {
                    return;
                }
                if done.ok() {
                    let line = result::succeeded(self.verb, done, self.handles.out_look);
                    self.above(|| lock(&self.handles.out).write(line.as_bytes()));
                } else {
                    let lines = result::failed(done, self.handles.err_look);
                    self.above(|| lock(&self.handles.err).write(lines.as_bytes()));
                }
            }
        }
    }

    fn began(&mut self, id: &str) {
        self.waiting = self.waiting.saturating_sub(1);
        let work = Work {
            bar: None,
            awaiting: String::new(),
            since: Instant::now(),
            limit: None,
            last_line: String::new(),
        };
        self.works.insert(id.to_owned(), work);
    }

    fn awaits(&mut self, id: &str, awaiting: String, limit: Option<Duration>) {
        let Some(work) = self.works.get_mut(id) else { return };
        if work.awaiting != awaiting {
            work.since = Instant::now();
        }
        (work.awaiting, work.limit) = (awaiting, limit);
    }

    /// Moves the spinners on. Costs nothing off a terminal.
    pub fn tick(&mut self) {
        let Some(live) = self.live.clone() else { return };
        if self.works.is_empty() {
            return;
        }
        let size = self.around.size();
        let columns = usize::from(size.columns.saturating_sub(region::FREE));
        // One line is left for those that have none of their own, one for the
        // cursor.
        let room = usize::from(size.rows).saturating_sub(3).max(1);
        let shown = self.shown(room);
        self.frame = self.frame.wrapping_add(1);
        let look = self.handles.err_look;
        let spinner = spinner(self.frame, look.symbols);
        let hidden = self.works.len() - shown.len() + self.waiting;
        self.show_rest(&live, hidden, spinner);
        for (id, work) in &mut self.works {
            if !shown.contains(id)
                && let Some(bar) = work.bar.take()
            {
                bar.finish_and_clear();
                live.remove(&bar);
            }
        }
        for id in &shown {
            let Some(work) = self.works.get_mut(id) else { continue };
            let text = line(self.verb, id, work);
            let text = cut(&text, columns.saturating_sub(2), look.ellipsis());
            let bar = work.bar.get_or_insert_with(|| match &self.rest {
                Some(rest) => live.insert_before(rest, bare()),
                None => live.add(bare()),
            });
            bar.set_message(format!("{spinner} {text}"));
            self.drawn = true;
        }
    }

    /// Those that have a line: who has one keeps it, so that no line moves that
    /// need not.
    fn shown(&self, room: usize) -> Vec<String> {
        let mut ids: Vec<(bool, &String)> = self.works.iter().map(|(id, work)| (work.bar.is_none(), id)).collect();
        ids.sort();
        ids.into_iter().take(room).map(|(_, id)| id.clone()).collect()
    }

    /// The last line, for those that have none of their own.
    fn show_rest(&mut self, live: &MultiProgress, hidden: usize, spinner: &str) {
        if hidden == 0 {
            if let Some(bar) = self.rest.take() {
                bar.finish_and_clear();
                live.remove(&bar);
            }
            return;
        }
        let bar = self.rest.get_or_insert_with(|| live.add(bare()));
        bar.set_message(format!("{spinner} and {hidden} more"));
        self.drawn = true;
    }

    fn take_away(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        if let Some(live) = &self.live {
            live.remove(bar);
        }
    }

    /// Writes with the live region out of the way.
    fn above(&self, write: impl FnOnce()) {
        match &self.live {
            Some(live) if self.drawn => live.suspend(write),
            _ => write(),
        }
    }

    /// Takes the live region away.
    pub fn finish(&mut self) {
        if let Some(live) = self.live.take() {
            for (_, work) in self.works.drain() {
                if let Some(bar) = work.bar {
                    bar.finish_and_clear();
                }
            }
            if let Some(bar) = self.rest.take() {
                bar.finish_and_clear();
            }
            let _ = live.clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A line of the live region, with nothing but what it is told to say.
fn bare() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style)
}

fn spinner(frame: usize, symbols: bool) -> &'static str {
    const DOTS: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
    const LINES: [&str; 4] = ["|", "/", "-", "\\"];
    if symbols {
        DOTS[frame % DOTS.len()]
    } else {
        LINES[frame % LINES.len()]
    }
}

/// `rust-main: starting, waiting for ready (log line), 42s of 15m`.
fn line(verb: Verb, id: &str, work: &Work) -> String {
    let doing = match verb {
        Verb::Start => "starting",
        Verb::Stop => "stopping",
        Verb::Restart => "restarting",
    };
    let elapsed = short(work.since.elapsed().as_secs());
    let limit = work
        .limit
        .map_or_else(String::new, |limit| format!(" of {}", short(limit.as_secs())));
    if work.awaiting.is_empty() {
        return format!("{id}: {doing}, {elapsed}");
    }
    let last_line = match work.last_line.as_str() {
        "" => String::new(),
        line => format!(": {line}"),
    };
    format!(
        "{id}: {doing}, waiting for {}, {elapsed}{limit}{last_line}",
        work.awaiting
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_awaited_and_since_when() {
        let Some(since) = Instant::now().checked_sub(Duration::from_secs(65)) else {
            return;
        };
        let mut work = Work {
            bar: None,
            awaiting: String::new(),
            since,
            limit: None,
            last_line: String::new(),
        };
        assert_eq!(line(Verb::Stop, "a", &work), "a: stopping, 1m 5s");
        work.awaiting = "ready (log line)".into();
        work.limit = Some(Duration::from_secs(900));
        let shown = line(Verb::Start, "a", &work);
        assert_eq!(shown, "a: starting, waiting for ready (log line), 1m 5s of 15m");
        work.last_line = "Loading the world".into();
        let shown = line(Verb::Start, "a", &work);
        assert!(shown.ends_with("1m 5s of 15m: Loading the world"), "{shown}");
    }
}
