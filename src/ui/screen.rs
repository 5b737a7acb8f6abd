//! The screen: every answer and every message, each to its stream.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use serde_json::Value;

use super::console::ConsoleView;
use super::copies::CopyView;
use super::failures::Failures;
use super::json::line;
use super::logs::{LogForm, LogView};
use super::options::{Options, Surroundings};
use super::paint::{Look, Tone};
use super::progress::Progress;
use super::sink::{ErrorWriter, lock};
use super::streams::OutputStreams;
use super::watch::WatchView;
use super::{detail, findings, problem, result, schedule, status, watch};
use crate::event::{ComingFiring, DryRun, Row, ScheduleView, Verb, VerbResult};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::Problems;
use crate::invocation::command;
use crate::report::{InstanceReport, json};
use crate::text::{clean, clean_line};

/// The one place through which everything is printed.
pub struct Screen {
    streams: OutputStreams,
    /// The problems of what a verb passes over, for its answer as JSON.
    passed_over: OnceLock<Value>,
}

impl Screen {
    pub fn new(options: Options, around: Surroundings) -> Self {
        Self::on(options, around, Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// Creates a screen on these two streams.
    pub fn on(options: Options, around: Surroundings, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self {
            streams: OutputStreams::new(options, around, out, err),
            passed_over: OnceLock::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn out_look(&self) -> Look {
        self.streams.out_look()
    }

    #[cfg(test)]
    pub(super) fn around(&self) -> &Surroundings {
        &self.streams.around
    }

    /// Writes an answer: JSON where that was asked for, else text.
    fn answer(&self, value: impl FnOnce() -> Value, text: impl FnOnce(Look) -> String) {
        self.streams.write_out(&if self.streams.options.json {
            line(&self.with_problems(value()))
        } else {
            text(self.streams.out_look())
        });
    }

    /// Writes an answer that is text already.
    pub fn print(&self, text: &str) {
        self.streams.write_out(text);
    }

    /// Writes help that was not asked for.
    pub fn remind(&self, help: &str) {
        self.streams.write_err(help);
    }

    /// Shows the reply of a game to a line, if its channel has replies.
    pub fn reply(&self, id: &str, reply: Option<&str>) {
        if reply.is_some_and(str::is_empty) {
            self.remark(&format!("{id}:"), "sent, no reply");
        }
        self.answer(
            || json::reply(id, reply),
            |_| match clean(reply.unwrap_or_default()) {
                text if text.is_empty() => String::new(),
                text => format!("{}\n", text.trim_end()),
            },
        );
    }

    pub fn games(&self, list: &[(&str, &str)]) {
        let widest = list.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        self.answer(
            || json::games(list),
            |look| {
                let line =
                    |(name, title): &(&str, &str)| look.wrap(&format!("{name:widest$}  {title}"), widest + 2) + "\n";
                list.iter().map(line).collect()
            },
        );
    }

    /// Shows the preset of a game, as text to paste.
    pub fn game(&self, name: &str, yaml: &str) {
        self.answer(|| json::game(name, yaml), |_| yaml.to_owned());
    }

    pub fn note(&self, text: &str) {
        self.remark("note:", text);
    }

    /// Says why a verb had nothing to do.
    pub fn nothing_to_do(&self, is_empty: bool) {
        match (self.streams.options.json, is_empty) {
            (true, _) => {}
            (false, true) => self.empty_inventory(),
            (false, false) => self.note("nothing to do: none of the selected instances can be managed"),
        }
    }

    /// Says that there are no instances, and how to add one: `init` leaves alone what is
    /// there.
    fn empty_inventory(&self) {
        let games = command("games minecraft");
        self.note(&format!(
            "the inventory has no instances; {games} prints one to paste below `instances:`"
        ));
    }

    fn remark(&self, label: &str, text: &str) {
        if !self.streams.options.quiet {
            let look = self.streams.err_look();
            let line = format!("{} {}", look.paint(Tone::Hint, label), clean_line(text));
            self.streams
                .write_err(&format!("{}\n", look.wrap(&line, label.len() + 1)));
        }
    }

    pub fn status(&self, rows: &[Row]) {
        if rows.is_empty() && !self.streams.options.json && self.passed_over.get().is_none() {
            return self.empty_inventory();
        }
        self.answer(
            || json::status(rows),
            |look| status::render(rows, self.streams.options.quiet, look),
        );
    }

    /// Shows one instance in detail, for a person.
    pub fn detail(&self, report: &InstanceReport) {
        self.print(&detail::render(report, SystemTime::now(), self.streams.out_look()));
    }

    /// Returns the view of a verb at work on so many instances.
    pub fn progress(&self, verb: Verb, targets: usize) -> Progress {
        Progress::new(verb, targets, self.streams.clone())
    }

    /// Returns the view of copies of this program to other hosts.
    pub fn copies(&self) -> CopyView {
        CopyView::new(self.streams.clone())
    }

    /// Shows the results of a verb, which [`Progress`] has shown one by one already.
    pub fn results(&self, verb: Verb, results: &[VerbResult]) {
        let (options, look) = (self.streams.options, self.streams.err_look());
        if options.json {
            let value = self.with_problems(json::results(verb, results));
            self.streams.write_out(&line(&value));
        }
        if options.json || options.quiet {
            let mut failures = Failures::default();
            for one in results {
                self.streams.write_err(&failures.render(one, look));
            }
        } else if results.len() > 10 && self.streams.around.stderr_tty {
            let summary = result::summary(verb, results);
            self.streams
                .write_err(&format!("{}\n", look.paint(Tone::Strong, &summary)));
        }
    }

    pub fn dry_run(&self, verb: Verb, items: &[DryRun]) {
        self.answer(
            || json::dry_run(verb, items),
            |look| items.iter().map(|one| result::dry_run(one, look)).collect(),
        );
    }

    /// Reports that an interrupted verb waits no longer, and that its work goes on.
    pub fn interrupted(&self, verb: Verb, ids: &[&str]) {
        self.streams
            .write_err(&result::interrupted(verb, ids, self.streams.err_look()));
    }

    pub fn wrote(&self, path: &str, next: &str) {
        if self.streams.options.json {
            self.streams.write_out(&line(&json::wrote(path)));
        } else if !self.streams.options.quiet {
            self.streams.write_out(&format!("{} is written\n", clean_line(path)));
            self.remark("next:", next);
        }
    }

    pub fn findings(&self, findings: &[Finding]) {
        self.answer(
            || json::findings(findings),
            |look| findings::render(findings, self.streams.options.quiet, look),
        );
    }

    /// Shows the firings of schedules that come.
    pub fn schedules(&self, view: &ScheduleView) {
        if view.firings.is_empty() && !self.streams.options.json {
            return self.note("no instance has a schedule");
        }
        self.answer(|| json::schedules(view), |look| schedule::render(view, look));
    }

    /// Shows that a firing is to be skipped.
    pub fn skipped(&self, firing: &ComingFiring, was_skipped: bool) {
        let already = if was_skipped { "already " } else { "" };
        let text = format!(
            "{}: {} at {} is {already}to be skipped\n",
            firing.id,
            clean_line(&firing.does),
            firing.here
        );
        self.answer(|| json::skipped(firing, !was_skipped), |_| text);
    }

    /// Shows which countdown was cancelled, if there was one.
    pub fn cancelled(&self, id: &str, countdown: Option<&str>) {
        let text = match countdown {
            Some(countdown) => format!("{id}: cancelled: {}\n", clean_line(countdown)),
            None => format!("{id}: no countdown is under way\n"),
        };
        self.answer(|| json::cancelled(id, countdown), |_| text);
    }

    /// Says something that a person should know of, and that is no failure.
    pub fn warn(&self, text: &str) {
        self.remark("warning:", text);
    }

    pub fn failure(&self, failure: &Failure) {
        let text = result::failure(failure, self.streams.err_look());
        self.fail(&text, || json::failure(failure));
    }

    pub fn problems(&self, problems: &Problems) {
        let text = problem::render(problems, self.streams.err_look());
        self.fail(&text, || json::problems(problems));
    }

    /// Shows the problems of instances that a verb passes over.
    pub fn passed_over(&self, problems: &Problems) {
        let text = problem::render(problems, self.streams.err_look());
        self.streams.write_err(&text);
        let _ = self.passed_over.set(json::problems(problems));
    }

    /// Adds the problems of what was passed over to an answer.
    fn with_problems(&self, mut answer: Value) -> Value {
        if let (Some(Value::Object(problems)), Some(answer)) = (self.passed_over.get(), answer.as_object_mut()) {
            answer.extend(problems.clone());
        }
        answer
    }

    fn fail(&self, text: &str, value: impl FnOnce() -> Value) {
        self.streams.write_err(text);
        if self.streams.options.json {
            self.streams.write_out(&line(&value()));
        }
    }

    /// Returns the view of output; `timed` where each line begins with its time or `-`.
    pub fn logs(&self, ids: &[String], raw: bool, timed: bool) -> LogView {
        let (out, look) = (Arc::clone(&self.streams.out), self.streams.out_look());
        let form = LogForm {
            raw,
            timed,
            json: self.streams.options.json,
        };
        LogView::new(ids, form, out, look)
    }

    /// Returns the view of a game's console; `live` where it is typed on a terminal.
    pub fn console(&self, live: bool) -> ConsoleView {
        ConsoleView::new(Arc::clone(&self.streams.out), self.streams.around.size.clone(), live)
    }

    /// Returns the view of `run`, which acts on the instances that it watches.
    pub fn run_view(&self, title: &str) -> WatchView {
        WatchView::new(title, true, self.streams.clone())
    }

    /// Returns the view of `watch`, which only watches, and can be scrolled.
    pub fn watch_view(&self, title: &str) -> WatchView {
        WatchView::new(title, false, self.streams.clone())
    }

    /// Returns true when stdout is a terminal.
    pub fn is_on_terminal(&self) -> bool {
        self.streams.around.stdout_tty
    }

    /// Waits for no reader from now on: what is supervised must not depend on
    /// who reads about it. What is dropped is counted and said.
    ///
    /// # Errors
    /// Returns the error of a thread that could not be started.
    pub fn never_wait(&self) -> io::Result<()> {
        let notice = match self.streams.options.json {
            true => watch::loss_in_json,
            false => watch::loss_in_words,
        };
        lock(&self.streams.out).never_wait(Box::new(notice))?;
        lock(&self.streams.err).never_wait(Box::new(watch::loss_in_words))
    }

    /// Returns what makes a writer to standard error, for traces.
    pub fn error_writer(&self) -> impl Fn() -> ErrorWriter + Send + Sync + use<> {
        let err = Arc::clone(&self.streams.err);
        move || ErrorWriter(Arc::clone(&err))
    }

    /// Returns true while nothing would be dropped of a piece of output.
    pub fn has_room(&self) -> bool {
        lock(&self.streams.out).has_room()
    }

    /// Returns true while stdout can be written.
    pub fn is_open(&self) -> bool {
        lock(&self.streams.out).is_open()
    }

    /// Ends the output. Returns true when the answer was written, or its reader
    /// has closed the pipe; any other failure is reported on stderr.
    pub fn finish(&self) -> bool {
        let lost = lock(&self.streams.out).drain();
        if lost > 0 {
            let label = self.streams.err_look().paint(Tone::Loud, "warning:");
            let text = format!("{label} the last {} were not read, and are lost\n", watch::lines(lost));
            self.streams.write_err(&text);
        }
        let error = lock(&self.streams.out).error().map(ToString::to_string);
        if let Some(error) = &error {
            let label = self.streams.err_look().paint(Tone::Error, "error:");
            let text = format!("{label} the answer could not be written: {error}\n");
            self.streams.write_err(&text);
        }
        lock(&self.streams.err).drain();
        error.is_none()
    }
}

#[cfg(test)]
#[path = "screen_tests.rs"]
mod tests;
