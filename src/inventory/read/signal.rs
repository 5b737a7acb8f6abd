//! Signals by their names.

use nix::sys::signal::Signal;

use super::section::did_you_mean;
use crate::inventory::model::stop::short_name as short;
use crate::inventory::report::nearest::nearest;

/// Reads a signal's name, with or without SIG, in one case or the other. The
/// error is a hint.
pub(crate) fn signal(text: &str) -> Result<Signal, String> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(signal) = Signal::iterator().find(|signal| short(*signal) == name) {
        return Ok(signal);
    }
    if let Ok(number) = text.parse::<i32>() {
        return Err(match Signal::try_from(number) {
            Ok(signal) => format!("signals are given by name: {number} is `{}`", short(signal)),
            Err(_) => "signals are given by name, such as `TERM` or `INT`".to_owned(),
        });
    }
    let near = nearest(name, Signal::iterator().map(short));
    Err(did_you_mean(near, "such as `TERM`, `INT` or `QUIT`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for text in ["INT", "int", "SIGINT", "sigint"] {
            assert_eq!(signal(text), Ok(Signal::SIGINT), "{text}");
        }
        for (text, hint) in [
            ("15", "signals are given by name: 15 is `TERM`"),
            ("99", "signals are given by name, such as `TERM` or `INT`"),
            ("TREM", "did you mean `TERM`?"),
            ("", "such as `TERM`, `INT` or `QUIT`"),
            ("SIG", "such as `TERM`, `INT` or `QUIT`"),
        ] {
            assert_eq!(signal(text).unwrap_err(), hint, "{text}");
        }
    }
}
