//! The screen: both streams, and how each is to be written to.

use std::io::{self, Write};
use std::sync::Arc;

use super::console::Console;
use super::json::line;
use super::logs::Logs;
use super::options::{Options, Surroundings};
use super::paint::{Look, Tone};
use super::progress::Progress;
use super::sink::{SharedSink, Sink, lock};
use super::watch::{Mode, Part, Watch, Window};
use super::{findings, problem, result, status, text};
use crate::event::{DryRun, Row, Verb, VerbResult};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::Problems;
use crate::report::json;

/// Everything that is printed goes through here.
pub struct Screen {
    options: Options,
    around: Surroundings,
    out: SharedSink,
    err: SharedSink,
}

impl Screen {
    /// The screen of this program.
    pub fn new(options: Options, around: Surroundings) -> Self {
        Self::on(options, around, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// A screen on these two streams.
    pub fn on(options: Options, around: Surroundings, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self {
            options,
            around,
            out: Sink::shared(out),
            err: Sink::shared(err),
        }
    }

    #[cfg(test)]
    pub(super) fn around(&self) -> &Surroundings {
        &self.around
    }

    fn look(&self, tty: bool) -> Look {
        Look {
            tty,
            color: self.around.colored(self.options.color, tty),
            symbols: tty && self.around.utf8 && !self.around.dumb,
            columns: tty.then(|| usize::from(self.around.size().columns)),
        }
    }

    pub(super) fn out_look(&self) -> Look {
        self.look(self.around.stdout_tty)
    }

    pub(super) fn err_look(&self) -> Look {
        self.look(self.around.stderr_tty)
    }

    fn write_out(&self, text: &str) {
        lock(&self.out).write(text.as_bytes());
    }

    fn write_err(&self, text: &str) {
        lock(&self.err).write(text.as_bytes());
    }

    /// An answer that is text already.
    pub fn print(&self, text: &str) {
        self.write_out(text);
    }

    /// What can be typed, for somebody who typed nothing.
    pub fn remind(&self, help: &str) {
        self.write_err(help);
    }

    /// What a game replied to a line; nothing where its channel has no replies.
    pub fn reply(&self, id: &str, reply: Option<&str>) {
        if self.options.json {
            self.write_out(&line(&json::reply(id, reply)));
            return;
        }
        let text = text::clean(reply.unwrap_or_default());
        if !text.is_empty() {
            self.write_out(&format!("{}\n", text.trim_end()));
        }
    }

    /// Names, each with what it stands for.
    pub fn games(&self, list: &[(&str, &str)]) {
        if self.options.json {
            self.write_out(&line(&json::games(list)));
            return;
        }
        let look = self.out_look();
        let widest = list.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, title) in list {
            let line = look.wrap(&format!("{name:widest$}  {title}"), widest + 2);
            self.write_out(&format!("{line}\n"));
        }
    }

    /// One of them, as text to paste.
    pub fn game(&self, name: &str, yaml: &str) {
        if self.options.json {
            self.write_out(&line(&json::game(name, yaml)));
        } else {
            self.write_out(yaml);
        }
    }

    /// Something that a person should know besides the answer.
    pub fn note(&self, text: &str) {
        self.remark("note:", &text::clean_line(text));
    }

    fn remark(&self, label: &str, text: &str) {
        if !self.options.quiet {
            let look = self.err_look();
            let line = format!("{} {text}", look.paint(Tone::Hint, label));
            self.write_err(&format!("{}\n", look.wrap(&line, label.len() + 1)));
        }
    }

    /// The rows of `status`.
    pub fn status(&self, rows: &[Row]) {
        if self.options.json {
            self.write_out(&line(&json::status(rows)));
            return;
        }
        if rows.is_empty() {
            self.note("the inventory is empty");
            return;
        }
        let shown: Vec<&Row> = rows
            .iter()
            .filter(|row| !self.options.quiet || status::is_bad(row))
            .collect();
        // A head without rows would look as if something were missing.
        if shown.is_empty() {
            return;
        }
        let columns = self.around.stdout_tty.then(|| self.around.size().columns);
        self.write_out(&status::table(&shown, self.out_look(), columns));
        if self.around.stdout_tty
            && !self.options.quiet
            && let Some(summary) = status::summary(rows)
        {
            self.write_out(&format!("\n{}\n", self.out_look().paint(Tone::Dim, &summary)));
        }
    }

    /// What shows a verb while it works.
    pub fn progress(&self, verb: Verb, targets: usize) -> Progress {
        let silent = self.options.json || self.options.quiet;
        let live = self.around.stderr_tty && !self.around.dumb && !silent;
        Progress::new(verb, targets, live, silent, self.handles(), self.around.clone())
    }

    fn handles(&self) -> Handles {
        Handles {
            out: Arc::clone(&self.out),
            err: Arc::clone(&self.err),
            out_look: self.out_look(),
            err_look: self.err_look(),
        }
    }

    /// The results of a verb, when all of them are there.
    pub fn results(&self, verb: Verb, results: &[VerbResult]) {
        if self.options.json {
            self.write_out(&line(&json::results(verb, results)));
        }
        if self.options.json || self.options.quiet {
            // The others were told as they came.
            for one in results.iter().filter(|one| !one.ok()) {
                self.write_err(&result::failed(one, self.err_look()));
            }
        } else if results.len() > 10 && self.around.stderr_tty {
            let summary = result::summary(verb, results);
            self.write_err(&format!("{}\n", self.err_look().paint(Tone::Strong, &summary)));
        } else if results.is_empty() {
            self.note("nothing was selected that anything manages");
        }
    }

    /// What a verb would do.
    pub fn dry_run(&self, verb: Verb, items: &[DryRun]) {
        if self.options.json {
            self.write_out(&line(&json::dry_run(verb, items)));
            return;
        }
        for one in items {
            self.write_out(&result::rehearsed(one, self.out_look()));
        }
    }

    /// Says what goes on after the wait for it was given up.
    pub fn interrupted(&self, verb: Verb, ids: &[&str]) {
        let what = match verb {
            Verb::Start => "what was launched goes on starting",
            Verb::Stop => "a stop that has begun goes on",
            Verb::Restart => "a stop that has begun goes on; what was launched goes on starting",
        };
        let look = match ids {
            [one] => format!("gamectl status {one}"),
            _ => "gamectl status".to_owned(),
        };
        let label = self.err_look().paint(Tone::Loud, "interrupted:");
        let line = format!("{label} {what}; `{look}` shows how far it is");
        self.write_err(&format!("{}\n", self.err_look().wrap(&line, 2)));
    }

    /// A file that was written, and what to do next.
    pub fn wrote(&self, path: &str, next: &str) {
        if self.options.json {
            self.write_out(&line(&json::wrote(path)));
        } else if !self.options.quiet {
            self.write_out(&format!("{} is written\n", text::clean_line(path)));
            self.remark("next:", &text::clean_line(next));
        }
    }

    /// What was found when things were looked over.
    pub fn findings(&self, findings: &[Finding]) {
        if self.options.json {
            self.write_out(&line(&json::findings(findings)));
        } else {
            self.write_out(&findings::render(findings, self.options.quiet, self.out_look()));
        }
    }

    /// A failure that ends the command.
    pub fn failure(&self, failure: &Failure) {
        self.write_err(&result::failure(None, failure, self.err_look()));
        if self.options.json {
            self.write_out(&line(&json::failure(failure)));
        }
    }

    /// What is wrong with an inventory.
    pub fn problems(&self, problems: &Problems) {
        self.write_err(&problem::render(problems, self.err_look()));
        if self.options.json {
            self.write_out(&line(&json::problems(problems)));
        }
    }

    /// What shows the logs of these instances.
    pub fn logs(&self, ids: &[String], raw: bool) -> Logs {
        Logs::new(ids, raw, Arc::clone(&self.out), self.out_look())
    }

    /// What shows the console of a game; `live` where it is typed on a
    /// terminal.
    pub fn console(&self, live: bool) -> Console {
        Console::new(Arc::clone(&self.out), self.around.size.clone(), live)
    }

    /// What shows instances that are watched and acted on.
    pub fn watch(&self, title: &str) -> Watch {
        self.watched_by(Part::Resident, title)
    }

    /// What shows instances that somebody looks at, and no more.
    pub fn look_on(&self, title: &str) -> Watch {
        self.watched_by(Part::Onlooker(Window::default()), title)
    }

    fn watched_by(&self, part: Part, title: &str) -> Watch {
        let live = self.around.stdout_tty && !self.around.dumb && !self.options.quiet;
        let mode = match (self.options.json, live) {
            (true, _) => Mode::Json,
            (false, true) => Mode::Live,
            (false, false) => Mode::Lines,
        };
        let around = self.around.clone();
        Watch::new((mode, part), self.options.quiet, title, self.handles(), around)
    }

    /// Whether stdout is a terminal.
    pub fn is_on_terminal(&self) -> bool {
        self.around.stdout_tty
    }

    /// Whether what is written to stdout still arrives.
    pub fn is_open(&self) -> bool {
        lock(&self.out).is_open()
    }

    /// Ends the output. Returns whether the answer could be written, or its
    /// reader had simply gone; what went wrong is told on stderr.
    pub fn finish(&self) -> bool {
        let failure = lock(&self.out).failure().map(ToString::to_string);
        match failure {
            None => true,
            Some(error) => {
                let label = self.err_look().paint(Tone::Error, "error:");
                self.write_err(&format!("{label} the answer could not be written: {error}\n"));
                false
            }
        }
    }
}

/// Both streams, for what outlives a call.
#[derive(Clone)]
pub(super) struct Handles {
    pub(super) out: SharedSink,
    pub(super) err: SharedSink,
    pub(super) out_look: Look,
    pub(super) err_look: Look,
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
