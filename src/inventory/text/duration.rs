//! Durations: `500ms`, `30s`, `1h30m`.

use std::time::Duration;

/// The longest duration that makes any sense.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Reads a duration. The error is what is wrong, and what to do about it.
pub(crate) fn duration(text: &str) -> Result<Duration, (&'static str, Option<String>)> {
    let text = text.trim();
    let number = text.parse::<f64>().is_ok();
    if number && text.bytes().all(|b| b == b'0') {
        return Ok(Duration::ZERO);
    }
    if number && text.starts_with('-') {
        return Err(("cannot be negative", None));
    }
    if number {
        return Err((
            "needs a unit",
            Some(format!("write `{text}s` for seconds; the units are ms, s, m, h")),
        ));
    }
    let parsed = humantime::parse_duration(text).map_err(|_| {
        (
            "is not a duration",
            Some("write it like `500ms`, `30s`, `5m`, `2h` or `1h30m`".to_owned()),
        )
    })?;
    if parsed > LONGEST {
        return Err(("is longer than 365 days", None));
    }
    Ok(parsed)
}

/// Returns a duration as it would be written.
pub(crate) fn written(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, ms) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for (text, expected) in [
            ("5", "needs a unit"),
            ("1.5", "needs a unit"),
            ("-5", "cannot be negative"),
            ("-5s", "is not a duration"),
            ("", "is not a duration"),
            ("soon", "is not a duration"),
            ("400days", "is longer than 365 days"),
            ("99999999999999999999s", "is not a duration"),
        ] {
            assert_eq!(duration(text).unwrap_err().0, expected, "{text}");
        }
        assert_eq!(written(Duration::from_secs(5400)), "1h30m");
    }
}
