//! The time zone: games that restart or reset at an hour go by it, and so does
//! whoever reads their logs.

use crate::finding::Finding;

const ABOUT: &str = "time zone";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Zone {
    /// `$TZ`, and whether the zone it names is known here.
    pub(super) variable: Option<(String, bool)>,
    /// The target of `/etc/localtime`.
    pub(super) local: Option<String>,
}

/// Judges it. See `tzset(3)`: a zone that is not known means UTC.
pub(super) fn judge(zone: &Zone) -> Finding {
    match (&zone.variable, &zone.local) {
        (Some((name, false)), _) => Finding::warning(
            ABOUT,
            format!("$TZ names {name}, which is not known here: games take it for UTC"),
        )
        .hint("correct $TZ, or install the package tzdata"),
        (Some((name, true)), _) => Finding::ok(ABOUT, format!("{name}, by $TZ")),
        (None, Some(name)) => Finding::ok(ABOUT, name.clone()),
        (None, None) => Finding::warning(ABOUT, "none is set: games take it for UTC")
            .hint("set it with `timedatectl set-timezone`, or with TZ under `process.env`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn levels() {
        let zone = |variable: Option<(&str, bool)>, local: Option<&str>| Zone {
            variable: variable.map(|(name, known)| (name.to_owned(), known)),
            local: local.map(str::to_owned),
        };
        for (zone, level) in [
            (zone(None, Some("Europe/Berlin")), Severity::Ok),
            (zone(Some(("UTC", true)), None), Severity::Ok),
            (zone(Some(("Mars/Base", false)), Some("UTC")), Severity::Warning),
            (zone(None, None), Severity::Warning),
        ] {
            assert_eq!(judge(&zone).level, level, "{zone:?}");
        }
    }
}
