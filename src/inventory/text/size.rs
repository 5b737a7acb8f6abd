//! Sizes in bytes: `50MiB`, `10MB`, `4096`.

use bytesize::ByteSize;

/// Reads a size in bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    // More than this is a slip, and would not be exact.
    const MOST: u64 = 1 << 50;
    text.starts_with(|c: char| c.is_ascii_digit())
        .then(|| text.parse::<ByteSize>().ok())?
        .map(|size| size.as_u64())
        .filter(|size| *size <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, bytes) in [
            ("4096", Some(4096)),
            ("50MiB", Some(50 << 20)),
            ("10MB", Some(10_000_000)),
            ("1GiB", Some(1 << 30)),
            ("1.5 KiB", Some(1536)),
            ("-1", None),
            ("", None),
            ("5 apples", None),
            ("99999999999999999999", None),
            ("inf", None),
        ] {
            assert_eq!(size(text), bytes, "{text}");
        }
    }
}
