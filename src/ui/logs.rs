//! The output of instances.

use super::json;
use super::paint::{Look, Tone};
use super::sink::{SharedSink, lock};
use crate::text::Cleaner;

struct Source {
    id: String,
    prefix: String,
    cleaner: Cleaner,
    /// The line that has no end yet, where lines are shown when they are whole.
    partial: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The output as it comes.
    Bare,
    /// Each line with its instance before it.
    Prefixed,
    /// An object for each line.
    Json,
}

/// The wish how output is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogForm {
    pub(super) raw: bool,
    /// True if each line begins with its time, or with `-`.
    pub(super) timed: bool,
    pub(super) json: bool,
}

pub struct LogView {
    sources: Vec<Source>,
    form: Form,
    raw: bool,
    timed: bool,
    look: Look,
    out: SharedSink,
}

/// The columns of a time.
const TIME_WIDTH: usize = "2026-01-31T20:00:00Z".len();

impl LogView {
    pub(super) fn new(ids: &[String], wish: LogForm, out: SharedSink, look: Look) -> Self {
        let longest = ids.iter().map(String::len).max().unwrap_or(0);
        let source = |(at, id): (usize, &String)| Source {
            id: id.clone(),
            prefix: look.paint(Tone::Position(at), &format!("{id:longest$} | ")),
            cleaner: Cleaner::default(),
            partial: Vec::new(),
        };
        Self {
            sources: ids.iter().enumerate().map(source).collect(),
            form: match (wish.json, ids.len()) {
                (true, _) => Form::Json,
                (false, 0 | 1) => Form::Bare,
                (false, _) => Form::Prefixed,
            },
            raw: wish.raw,
            timed: wish.timed,
            look,
            out,
        }
    }

    /// Shows output of the instance at this position. With several instances, with times
    /// and as JSON, a line is shown when it is whole, so that lines never mix.
    pub fn write(&mut self, index: usize, bytes: &[u8]) {
        let Some(source) = self.sources.get_mut(index) else {
            return;
        };
        let mut cleaned = String::new();
        let bytes = if self.raw {
            bytes
        } else {
            source.cleaner.push(bytes, &mut cleaned);
            cleaned.as_bytes()
        };
        if self.form == Form::Bare && !self.timed {
            lock(&self.out).write(bytes);
            return;
        }
        source.partial.extend_from_slice(bytes);
        let end = source.partial.iter().rposition(|byte| *byte == b'\n');
        let whole = end.map_or(0, |at| at + 1);
        let lines: Vec<u8> = source.partial.drain(..whole).collect();
        let rendered = source.rendered(&lines, self.form, self.timed, self.look);
        lock(&self.out).write(&rendered);
    }

    pub fn finish(&mut self) {
        for source in &mut self.sources {
            let mut rest = String::new();
            source.cleaner.finish(&mut rest);
            let mut bytes = std::mem::take(&mut source.partial);
            bytes.extend_from_slice(rest.as_bytes());
            if bytes.is_empty() {
                continue;
            }
            if self.form != Form::Bare || self.timed {
                bytes.push(b'\n');
            }
            let rendered = source.rendered(&bytes, self.form, self.timed, self.look);
            lock(&self.out).write(&rendered);
        }
    }
}

impl Source {
    /// Renders whole lines.
    fn rendered(&self, lines: &[u8], form: Form, timed: bool, look: Look) -> Vec<u8> {
        let mut out = Vec::with_capacity(lines.len() * 5 / 4);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let (time, line) = match timed {
                true => split_time(line),
                false => (None, line),
            };
            match form {
                Form::Bare | Form::Prefixed => {
                    if form == Form::Prefixed {
                        out.extend_from_slice(self.prefix.as_bytes());
                    }
                    if timed {
                        let time = format!("{:TIME_WIDTH$}", time.unwrap_or("-"));
                        out.extend_from_slice(look.paint(Tone::Dim, &time).as_bytes());
                        if line != b"\n" {
                            out.push(b' ');
                        }
                    }
                    out.extend_from_slice(line);
                }
                Form::Json => {
                    let text = String::from_utf8_lossy(line);
                    let text = text.strip_suffix('\n').unwrap_or(&text);
                    let mut value = crate::report::json::log_line(&self.id, text);
                    if timed {
                        value["at"] = time.into();
                    }
                    out.extend_from_slice(json::line(&value).as_bytes());
                }
            }
        }
        out
    }
}

/// Splits a line at the time before it; `None` where that is not known.
fn split_time(line: &[u8]) -> (Option<&str>, &[u8]) {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(0);
    let (time, rest) = line.split_at(end);
    let time = std::str::from_utf8(time).ok().filter(|time| !matches!(*time, "" | "-"));
    (time, rest.strip_prefix(b" ").unwrap_or(rest))
}
