//! The options of `stop` and `restart` that spare the players.

use std::time::Duration;

use clap::Args;

use super::time::duration;

/// The shortest and the longest time of a warning before the end.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest text to players, in characters.
const TEXT_MAX: usize = 200;

#[derive(Debug, Args)]
pub struct CourtesyArgs {
    /// Warns the players this long before the end, as 15m,5m,1m,10s; without TIMES, as
    /// the instance's `warn` has it. Skipped when nobody plays
    #[arg(long, value_name = "TIMES", num_args = 0..=1, value_parser = times, conflicts_with = "now")]
    pub warn: Option<Option<WarningTimes>>,

    /// Tells the players this; {time} stands for the time that is left
    #[arg(long, value_name = "TEXT", requires = "warn", value_parser = text)]
    pub message: Option<String>,

    /// Waits until nobody plays; players who cannot be counted count as somebody
    #[arg(long, conflicts_with = "now")]
    pub when_empty: bool,

    /// Waits this long at most until nobody plays, then goes on, with the warnings
    #[arg(long, value_name = "DURATION", requires = "when_empty", value_parser = duration)]
    pub max_wait: Option<Duration>,

    /// Leaves it as it is if somebody still plays after --max-wait
    #[arg(long, requires = "max_wait")]
    pub or_skip: bool,
}

/// The times of warnings before the end, the longest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WarningTimes(pub Vec<Duration>);

fn times(text: &str) -> Result<WarningTimes, String> {
    let mut times = Vec::new();
    for word in text.split(',') {
        let time = duration(word.trim()).map_err(|error| {
            format!("{error}; without times, write --warn behind the selectors, or before another option")
        })?;
        if !(SHORTEST..=LONGEST).contains(&time) {
            return Err("a time before the end is from 1s to 24h".to_owned());
        }
        times.push(time);
    }
    times.sort_unstable_by(|one, other| other.cmp(one));
    times.dedup();
    Ok(WarningTimes(times))
}

fn text(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.contains(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        return Err("it must be a single line, without control characters".to_owned());
    }
    if text.chars().count() > TEXT_MAX {
        return Err(format!("it is longer than {TEXT_MAX} characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_before_the_end() {
        let seconds =
            |text| times(text).map(|WarningTimes(times)| times.iter().map(Duration::as_secs).collect::<Vec<_>>());
        assert_eq!(seconds("1m,15m, 10s,1m"), Ok(vec![900, 60, 10]));
        assert_eq!(seconds("90s"), Ok(vec![90]));
        for (wrong, why) in [
            ("rust-main", "behind the selectors"),
            ("5", "5m"),
            ("1m,", "not a duration"),
            ("500ms", "from 1s"),
            ("25h", "to 24h"),
        ] {
            assert!(times(wrong).unwrap_err().contains(why), "{wrong}");
        }
    }

    #[test]
    fn a_text_is_one_line() {
        assert_eq!(text("Back in {time}").as_deref(), Ok("Back in {time}"));
        for wrong in ["", "  ", "a\nquit", "a\u{2028}b", "\u{1b}[2J", &"x".repeat(201)] {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
    }
}
