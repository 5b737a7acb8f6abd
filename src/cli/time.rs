//! Durations and times in the past, as they are typed.

use std::time::{Duration, SystemTime};

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    match humantime::parse_duration(text) {
        Ok(duration) => Ok(duration),
        Err(_) => Err(no_unit(text).unwrap_or_else(|| "not a duration such as 500ms, 30s, 5m or 2h".to_owned())),
    }
}

/// Parses a time in the past: a duration until now, or a date.
pub(super) fn when(text: &str) -> Result<SystemTime, String> {
    parse(text, SystemTime::now())
}

fn parse(text: &str, now: SystemTime) -> Result<SystemTime, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        let at = now.checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH);
        return Ok(at.max(SystemTime::UNIX_EPOCH));
    }
    // Without a zone it is UTC, as are all times that are shown.
    let at = humantime::parse_rfc3339_weak(text).map_err(|_| {
        no_unit(text).unwrap_or_else(|| {
            "neither a duration such as 10m or 2h, nor a time such as 2026-01-31T20:00:00Z".to_owned()
        })
    })?;
    if at > now + Duration::from_secs(1) {
        return Err("that is still to come".to_owned());
    }
    Ok(at)
}

fn no_unit(text: &str) -> Option<String> {
    let is_number = text.parse::<f64>().is_ok();
    is_number.then(|| format!("a unit is missing: {text}s, {text}m or {text}h?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let now = humantime::parse_rfc3339("2026-05-05T12:00:00Z").unwrap();
        let shown = |text: &str| parse(text, now).map(|at| humantime::format_rfc3339_seconds(at).to_string());
        for (text, wanted) in [
            ("10m", "2026-05-05T11:50:00Z"),
            ("99999y", "1970-01-01T00:00:00Z"),
            ("1d 2h", "2026-05-04T10:00:00Z"),
            ("2026-05-01T00:00:00Z", "2026-05-01T00:00:00Z"),
            ("2026-05-01 08:30:00", "2026-05-01T08:30:00Z"),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(wanted), "{text}");
        }
        for (text, wanted) in [
            ("10", "a unit is missing: 10s"),
            ("yesterday", "neither a duration"),
            ("2027-01-01T00:00:00Z", "still to come"),
        ] {
            let refused = shown(text).unwrap_err();
            assert!(refused.contains(wanted), "{text}: {refused}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("0"), Ok(Duration::ZERO));
        assert!(duration("30").unwrap_err().contains("30s"));
        assert!(duration("soon").is_err());
    }
}
