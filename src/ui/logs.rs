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

pub struct LogView {
    sources: Vec<Source>,
    form: Form,
    raw: bool,
    out: SharedSink,
}

impl LogView {
    pub(super) fn new(ids: &[String], raw: bool, json: bool, out: SharedSink, look: Look) -> Self {
        let longest = ids.iter().map(String::len).max().unwrap_or(0);
        let source = |(at, id): (usize, &String)| Source {
            id: id.clone(),
            prefix: look.paint(Tone::Position(at), &format!("{id:longest$} | ")),
            cleaner: Cleaner::default(),
            partial: Vec::new(),
        };
        Self {
            sources: ids.iter().enumerate().map(source).collect(),
            form: match (json, ids.len()) {
                (true, _) => Form::Json,
                (false, 0 | 1) => Form::Bare,
                (false, _) => Form::Prefixed,
            },
            raw,
            out,
        }
    }

    /// Shows output of the instance at this position. With several instances, and
    /// as JSON, a line is shown when it is whole, so that lines never mix.
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
        if self.form == Form::Bare {
            lock(&self.out).write(bytes);
            return;
        }
        source.partial.extend_from_slice(bytes);
        let end = source.partial.iter().rposition(|byte| *byte == b'\n');
        let whole = end.map_or(0, |at| at + 1);
        let lines: Vec<u8> = source.partial.drain(..whole).collect();
        lock(&self.out).write(&source.rendered(&lines, self.form));
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
            if self.form != Form::Bare {
                bytes.push(b'\n');
            }
            lock(&self.out).write(&source.rendered(&bytes, self.form));
        }
    }
}

impl Source {
    /// Renders whole lines.
    fn rendered(&self, lines: &[u8], form: Form) -> Vec<u8> {
        let mut out = Vec::with_capacity(lines.len() * 5 / 4);
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            match form {
                Form::Bare => out.extend_from_slice(line),
                Form::Prefixed => {
                    out.extend_from_slice(self.prefix.as_bytes());
                    out.extend_from_slice(line);
                }
                Form::Json => {
                    let text = String::from_utf8_lossy(line);
                    let text = text.strip_suffix('\n').unwrap_or(&text);
                    out.extend_from_slice(json::line(&crate::report::json::log_line(&self.id, text)).as_bytes());
                }
            }
        }
        out
    }
}
