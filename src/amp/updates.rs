//! The lines of a console, as AMP tells them: each session gets those that it has not had
//! yet.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

/// The type of a line that a player has written.
const CHAT: &str = "Chat";

/// A line of a console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ConsoleEntry {
    /// The time as AMP has it, which also tells entries apart.
    stamp: String,
    source: String,
    kind: String,
    contents: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawUpdates {
    // What lacks this is no such answer.
    console_entries: Vec<RawConsoleEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawConsoleEntry {
    contents: String,
    #[serde(default)]
    source: Option<String>,
    #[serde(default, rename = "Type")]
    kind: Option<String>,
    #[serde(default)]
    timestamp: Option<String>,
}

/// Parses the answer to `Core/GetUpdates`.
pub(super) fn parse(body: &[u8]) -> Result<Vec<ConsoleEntry>, serde_json::Error> {
    let raw: RawUpdates = serde_json::from_slice(body)?;
    let entries = raw.console_entries.into_iter().map(|raw| ConsoleEntry {
        stamp: raw.timestamp.unwrap_or_default(),
        source: raw.source.unwrap_or_default(),
        kind: raw.kind.unwrap_or_default(),
        contents: raw.contents,
    });
    Ok(entries.collect())
}

/// The first time that cannot be written down any more: the year 10000.
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_800);

impl ConsoleEntry {
    /// Returns its time; `None` if AMP tells it in a form that is not known here, or it is
    /// none that can be written down.
    fn time(&self) -> Option<SystemTime> {
        let inner = self.stamp.strip_prefix("/Date(").and_then(|rest| rest.split_once(')'));
        if let Some((ms, _)) = inner {
            // A zone behind it only says where it was written down.
            let digits = ms.split(['+', '-']).next()?;
            let passed = Duration::from_millis(digits.parse().ok()?);
            return UNIX_EPOCH.checked_add(passed).filter(|_| passed < END_OF_TIME);
        }
        humantime::parse_rfc3339_weak(&self.stamp).ok()
    }

    /// Returns true if it was printed at a time or later, or may have been.
    pub(super) fn is_since(&self, at: SystemTime) -> bool {
        self.time().is_none_or(|time| time >= at)
    }

    /// Returns the line as it is shown, with a line break at its end; `timed` behind its
    /// time, or `-` if that is not known.
    pub(super) fn line(&self, timed: bool) -> String {
        let contents = self.contents.trim_end_matches(['\r', '\n']);
        let time = match (timed, self.time()) {
            (false, _) => String::new(),
            (true, Some(time)) => format!("{} ", humantime::format_rfc3339_seconds(time)),
            (true, None) => "- ".to_owned(),
        };
        match self.kind.as_str() {
            CHAT if !self.source.is_empty() => format!("{time}<{}> {contents}\n", self.source),
            _ => format!("{time}{contents}\n"),
        }
    }
}

/// Returns the entries behind the one that was had last, if a new session repeats it.
pub(super) fn unseen<'a>(entries: &'a [ConsoleEntry], last: Option<&ConsoleEntry>) -> &'a [ConsoleEntry] {
    let seen = last.and_then(|last| entries.iter().rposition(|entry| entry == last));
    seen.and_then(|at| entries.get(at + 1..)).unwrap_or(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(stamp: &str, contents: &str) -> ConsoleEntry {
        ConsoleEntry {
            stamp: stamp.to_owned(),
            source: String::new(),
            kind: "Console".to_owned(),
            contents: contents.to_owned(),
        }
    }

    #[test]
    fn entries_and_their_lines() {
        let text = r#"{"ConsoleEntries":[
            {"Timestamp":"/Date(1750000000000)/","Source":"Console","Type":"Console","Contents":"up\r\n"},
            {"Timestamp":"2025-06-15T15:06:41.5Z","Source":"Ann","Type":"Chat","Contents":"hi"},
            {"Contents":"","Source":null}],"Status":{},"Tasks":[]}"#;
        let entries = parse(text.as_bytes()).unwrap();
        let lines: Vec<String> = entries.iter().map(|entry| entry.line(false)).collect();
        assert_eq!(lines, ["up\n", "<Ann> hi\n", "\n"]);
        for bad in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"ConsoleEntries":null}"#,
            r#"{"ConsoleEntries":[{}]}"#,
            &text[..90],
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_in_both_forms() {
        let at = |ms| UNIX_EPOCH + Duration::from_millis(ms);
        for (stamp, ms) in [
            ("/Date(1750000000500)/", Some(1_750_000_000_500)),
            ("/Date(1750000000500+0200)/", Some(1_750_000_000_500)),
            ("2025-06-15T15:06:40.5Z", Some(1_750_000_000_500)),
            ("2025-06-15T15:06:40.5", Some(1_750_000_000_500)),
            ("/Date(-5)/", None),
            ("/Date(99999999999999999999)/", None),
            // A number that fits, and a time that nobody can write down.
            ("/Date(9999999999999999999)/", None),
            ("/Date(253402300800000)/", None),
            ("yesterday", None),
            ("", None),
        ] {
            let entry = entry(stamp, "");
            assert_eq!(entry.time(), ms.map(at), "{stamp}");
            assert_eq!(entry.line(true).starts_with("- "), ms.is_none(), "{stamp}");
            assert!(entry.is_since(at(0)) && entry.is_since(at(2_000_000_000_000)) == ms.is_none());
        }
    }

    #[test]
    fn what_a_new_session_repeats_is_left_out() {
        let all = [entry("1", "a"), entry("2", "b"), entry("2", "b"), entry("3", "c")];
        assert_eq!(unseen(&all, Some(&all[2])), &all[3..]);
        assert_eq!(unseen(&all, Some(&all[0])), &all[1..]);
        assert_eq!(unseen(&all, Some(&all[3])), &[][..] as &[ConsoleEntry]);
        assert_eq!(unseen(&all, Some(&entry("0", "gone"))), &all[..]);
        assert_eq!(unseen(&all, None), &all[..]);
    }
}
