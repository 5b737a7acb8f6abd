//! The output of instances.

use super::paint::{Look, Tone};
use super::sink::{SharedSink, lock};
use crate::text::Cleaner;

struct Source {
    prefix: String,
    cleaner: Cleaner,
    /// The line that has no end yet, when prefixes are shown.
    partial: Vec<u8>,
}

pub struct LogView {
    sources: Vec<Source>,
    prefixed: bool,
    raw: bool,
    out: SharedSink,
}

impl LogView {
    pub(super) fn new(ids: &[String], raw: bool, out: SharedSink, look: Look) -> Self {
        let longest = ids.iter().map(String::len).max().unwrap_or(0);
        let source = |(at, id): (usize, &String)| Source {
            prefix: look.paint(Tone::Position(at), &format!("{id:longest$} | ")),
            cleaner: Cleaner::default(),
            partial: Vec::new(),
        };
        Self {
            sources: ids.iter().enumerate().map(source).collect(),
            prefixed: ids.len() > 1,
            raw,
            out,
        }
    }

    /// Shows output of the instance at this position. With several instances a
    /// line is shown when it is whole, so that lines never mix.
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
        if !self.prefixed {
            lock(&self.out).write(bytes);
            return;
        }
        source.partial.extend_from_slice(bytes);
        let end = source.partial.iter().rposition(|byte| *byte == b'\n');
        let whole = end.map_or(0, |at| at + 1);
        let lines: Vec<u8> = source.partial.drain(..whole).collect();
        lock(&self.out).write(&with_prefix(&source.prefix, &lines));
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
            if self.prefixed {
                bytes.push(b'\n');
                bytes = with_prefix(&source.prefix, &bytes);
            }
            lock(&self.out).write(&bytes);
        }
    }
}

fn with_prefix(prefix: &str, lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() * 5 / 4);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(prefix.as_bytes());
        out.extend_from_slice(line);
    }
    out
}
