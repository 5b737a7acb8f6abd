//! The times that engines put into the lines of a log, brought before each line in one
//! form: RFC 3339 in UTC to the second, or `-`.

use std::time::{Duration, SystemTime};

use crate::store::stamped::push_time;

/// The most words of a line of which one is the time: an engine may put a name before it.
const WORDS: usize = 4;

/// The longest line of which the end is awaited.
const LINE_MAX: usize = 1 << 20;

/// The lines of an engine's log.
#[derive(Debug, Default)]
pub(super) struct LineTimes {
    partial: Vec<u8>,
}

impl LineTimes {
    /// Takes in a piece, and returns the whole lines so far.
    pub(super) fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        self.partial.extend_from_slice(piece);
        let end = self.partial.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let end = end.unwrap_or(if self.partial.len() > LINE_MAX {
            self.partial.len()
        } else {
            0
        });
        let whole: Vec<u8> = self.partial.drain(..end).collect();
        timed_lines(&whole)
    }

    /// Returns the line that has no end.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        timed_lines(&std::mem::take(&mut self.partial))
    }
}

fn timed_lines(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len());
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let (time, before, after) = split(line);
        push_time(time, &mut out);
        out.extend_from_slice(before);
        out.extend_from_slice(after);
    }
    out
}

/// Splits a line at its time, into what stands before and what stands after it.
fn split(line: &[u8]) -> (Option<SystemTime>, &[u8], &[u8]) {
    if let Some(rest) = line.strip_prefix(b"- ") {
        return (None, &[], rest);
    }
    let mut at = 0;
    for _ in 0..WORDS {
        let rest = line.get(at..).unwrap_or_default();
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b' ' | b'\n'))
            .unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        if let Some(time) = std::str::from_utf8(word).ok().and_then(parse) {
            let behind = rest.get(end..).unwrap_or_default();
            let behind = behind.strip_prefix(b" ").unwrap_or(behind);
            return (Some(time), line.get(..at).unwrap_or_default(), behind);
        }
        at += end + 1;
        if at >= line.len() {
            break;
        }
    }
    (None, &[], line)
}

/// Parses a time such as `2026-01-31T20:00:00.123456789+01:00`. Returns its second.
fn parse(word: &str) -> Option<SystemTime> {
    let (date, rest) = word.split_at_checked("2026-01-31T20:00:00".len())?;
    let local = humantime::parse_rfc3339(&format!("{date}Z")).ok()?;
    let zone = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()),
        None => rest,
    };
    if zone == "Z" {
        return Some(local);
    }
    let east = zone.starts_with('+');
    let digits = zone.strip_prefix(['+', '-'])?.replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2).filter(|(_, minutes)| minutes.len() == 2)?;
    let ahead = Duration::from_secs((hours.parse::<u64>().ok()? * 60 + minutes.parse::<u64>().ok()?) * 60);
    match east {
        true => local.checked_sub(ahead),
        false => local.checked_add(ahead),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[&str]) -> String {
        let mut lines = LineTimes::default();
        let mut out: Vec<u8> = pieces.iter().flat_map(|piece| lines.push(piece.as_bytes())).collect();
        out.extend(lines.finish());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_engine_puts_it_elsewhere() {
        for (said, wanted) in [
            ("2026-01-31T20:00:00.123456789Z up\n", "2026-01-31T20:00:00Z up\n"),
            ("2026-01-31T20:00:00.12+01:00 up\n", "2026-01-31T19:00:00Z up\n"),
            (
                "2026-01-31T23:30:00-0030 game[7]: up\n",
                "2026-02-01T00:00:00Z game[7]: up\n",
            ),
            (
                "game-1  | 2026-01-31T20:00:00.1Z up\n",
                "2026-01-31T20:00:00Z game-1  | up\n",
            ),
            ("[pod/a/b] 2026-01-31T20:00:00Z \n", "2026-01-31T20:00:00Z [pod/a/b] \n"),
            ("2026-01-31T20:00:00Z\n", "2026-01-31T20:00:00Z \n"),
            // What already has this form, as from another host.
            (
                "2026-01-31T20:00:00Z [gamectl: launched]\n",
                "2026-01-31T20:00:00Z [gamectl: launched]\n",
            ),
            ("- 2026-01-31T20:00:00Z its own\n", "- 2026-01-31T20:00:00Z its own\n"),
            ("no time in\n", "- no time in\n"),
            ("\n", "- \n"),
            ("a b c d 2026-01-31T20:00:00Z\n", "- a b c d 2026-01-31T20:00:00Z\n"),
            ("2026-13-31T20:00:00Z x", "- 2026-13-31T20:00:00Z x"),
            ("2026-01-31T20:00:00+1 x", "- 2026-01-31T20:00:00+1 x"),
            ("éééééééééé2026-01-31T20 x", "- éééééééééé2026-01-31T20 x"),
        ] {
            assert_eq!(shown(&[said]), wanted);
        }
    }

    #[test]
    fn lines_in_pieces() {
        let wanted = "2026-01-31T20:00:00Z one\n2026-01-31T20:00:01Z two";
        assert_eq!(
            shown(&["2026-01-31T20:", "00:00Z one\n2026-", "01-31T20:00:01Z two"]),
            wanted
        );
    }
}
