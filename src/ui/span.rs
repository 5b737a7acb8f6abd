//! Lengths of time in words.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Returns the two largest units of `seconds`, the second only if it is not 0.
fn two_units(seconds: u64, names: [&str; 4]) -> String {
    let (large, small, left) = match seconds {
        DAY.. => ((seconds / DAY, names[0]), names[1], seconds % DAY / HOUR),
        HOUR.. => ((seconds / HOUR, names[1]), names[2], seconds % HOUR / MINUTE),
        MINUTE.. => ((seconds / MINUTE, names[2]), names[3], seconds % MINUTE),
        _ => return format!("{seconds}{}", names[3]),
    };
    match left {
        0 => format!("{}{}", large.0, large.1),
        _ => format!("{}{} {left}{small}", large.0, large.1),
    }
}

/// Returns whole seconds for columns: `3d 4h`, `2h 5m`, `42s`.
pub(super) fn short(seconds: u64) -> String {
    two_units(seconds, ["d", "h", "m", "s"])
}

/// Returns a time for sentences: `7 s`, `1 min 5 s`. Below a second it has one
/// decimal, since a rounded `0 s` or `1 s` would be wrong either way, and below a
/// tenth of a second it is in milliseconds.
pub(super) fn spoken(span: Duration) -> String {
    if span < Duration::from_millis(100) {
        return format!("{} ms", span.as_millis());
    }
    if span < Duration::from_millis(950) {
        return format!("{:.1} s", span.as_secs_f64());
    }
    let rounded = (span + Duration::from_millis(500)).as_secs();
    two_units(rounded, [" d", " h", " min", " s"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_spans() {
        for (seconds, wanted) in [
            (0, "0s"),
            (42, "42s"),
            (60, "1m"),
            (65, "1m 5s"),
            (3_599, "59m 59s"),
            (3_600, "1h"),
            (7_500, "2h 5m"),
            (86_399, "23h 59m"),
            (273_600, "3d 4h"),
            (86_400 * 400, "400d"),
        ] {
            assert_eq!(short(seconds), wanted);
        }
    }

    #[test]
    fn spoken_spans() {
        for (millis, wanted) in [
            (0, "0 ms"),
            (99, "99 ms"),
            (120, "0.1 s"),
            (949, "0.9 s"),
            (950, "1 s"),
            (7_200, "7 s"),
            (59_600, "1 min"),
            (65_000, "1 min 5 s"),
            (7_500_000, "2 h 5 min"),
        ] {
            assert_eq!(spoken(Duration::from_millis(millis)), wanted);
        }
    }
}
