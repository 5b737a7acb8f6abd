//! Amounts of bytes for tables.

/// Returns an amount as `512B`, `1.5K`, `87M`, in powers of 1024, with one decimal below ten.
pub(super) fn bytes(amount: u64) -> String {
    if amount < 1024 {
        return format!("{amount}B");
    }
    let mut value = amount as f64;
    let mut unit = ' ';
    for next in ['K', 'M', 'G', 'T', 'P', 'E'] {
        value /= 1024.0;
        unit = next;
        // What is rounded up to 1024 is one of the next unit.
        if value < 1023.5 {
            break;
        }
    }
    match value < 9.95 {
        true => format!("{value:.1}{unit}"),
        false => format!("{value:.0}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        for (amount, wanted) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1.0K"),
            (10_188, "9.9K"),
            (10_240, "10K"),
            (1_048_575, "1.0M"),
            (91_226_112, "87M"),
            (1 << 40, "1.0T"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(bytes(amount), wanted);
        }
    }
}
