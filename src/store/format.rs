//! The one format of our small files and messages: a headline with kind and
//! version, then a fact a line.
//!
//! ```text
//! gamectl launch 1
//! generation 7
//! boot 2f5e9c0e-...
//! end 5d3a91f0
//! ```
//!
//! A value is the rest of its line, with `\`, newlines and other control
//! characters escaped. Keys that a reader does not know are passed over, so
//! facts can be added without a new version; a higher version means that old
//! facts have changed their meaning, and is refused. Files close with the
//! CRC-32 of all that stands above, which tells a torn file from a whole one.

use std::fmt::Write as _;

/// A document: its facts in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Document {
    facts: Vec<(String, String)>,
}

/// The reason for which text is not a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseError {
    /// The text is torn or was tampered with, by this evidence.
    Damaged(&'static str),
    /// A newer gamectl wrote it, in this version of the format.
    Future(u32),
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Damaged(why) => f.write_str(why),
            Self::Future(version) => write!(f, "a newer gamectl wrote it (format {version})"),
        }
    }
}

impl std::error::Error for ParseError {}

/// The last line of a document: files have a checksum, messages need none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// The CRC-32 of everything above.
    Crc32,
    None,
}

impl Document {
    #[must_use]
    pub fn with(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.push(key, value);
        self
    }

    pub fn push(&mut self, key: &str, value: impl std::fmt::Display) {
        self.facts.push((key.to_owned(), value.to_string()));
    }

    pub fn push_some(&mut self, key: &str, value: Option<impl std::fmt::Display>) {
        if let Some(value) = value {
            self.push(key, value);
        }
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.facts
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the values of a key that may stand several times.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.facts
            .iter()
            .filter(move |(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }

    /// Returns the value of a key, parsed; `None` when it is missing or does not
    /// parse.
    pub fn parse<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.get(key)?.parse().ok()
    }

    /// Returns the value of a key that a document must have, parsed.
    ///
    /// # Errors
    /// Fails when it is missing or does not parse.
    pub fn require<T: std::str::FromStr>(&self, key: &str) -> Result<T, ParseError> {
        self.parse(key)
            .ok_or(ParseError::Damaged("a fact is missing or unreadable"))
    }

    pub fn to_text(&self, kind: &str, version: u32, checksum: Checksum) -> String {
        let mut text = format!("gamectl {kind} {version}\n");
        for (key, value) in &self.facts {
            text.push_str(key);
            text.push(' ');
            escape(value, &mut text);
            text.push('\n');
        }
        if checksum == Checksum::Crc32 {
            let sum = crc32fast::hash(text.as_bytes());
            // Writing to a string cannot fail.
            let _ = writeln!(text, "end {sum:08x}");
        }
        text
    }

    /// Reads a document of this kind, in this version or an older one.
    ///
    /// # Errors
    /// Fails when it is damaged, of another kind, or of a newer version. The
    /// version is checked first: what follows may be written differently by then.
    pub fn from_text(bytes: &[u8], kind: &str, newest: u32, checksum: Checksum) -> Result<Self, ParseError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ParseError::Damaged("it is not text"))?;
        let (head, mut body) = text.split_once('\n').ok_or(ParseError::Damaged("it is cut short"))?;
        let mut words = head.split(' ');
        if words.next() != Some("gamectl") || words.next() != Some(kind) {
            return Err(ParseError::Damaged("its first line is not ours"));
        }
        let version = words.next().and_then(|word| word.parse().ok());
        let version: u32 = version.ok_or(ParseError::Damaged("its first line is not ours"))?;
        if version > newest {
            return Err(ParseError::Future(version));
        }
        if checksum == Checksum::Crc32 {
            body = check_sum(text, body)?;
        }
        let mut facts = Vec::new();
        for line in body.lines() {
            let (key, value) = line.split_once(' ').ok_or(ParseError::Damaged("a line has no value"))?;
            let value = unescape(value).ok_or(ParseError::Damaged("a value is not readable"))?;
            facts.push((key.to_owned(), value));
        }
        Ok(Self { facts })
    }
}

/// Takes the line of the checksum off the body, when it is right.
fn check_sum<'a>(text: &str, body: &'a str) -> Result<&'a str, ParseError> {
    let cut = ParseError::Damaged("it is cut short");
    let inner = body.strip_suffix('\n').ok_or(cut.clone())?;
    let start = inner.rfind('\n').map_or(0, |at| at + 1);
    let sum = inner
        .get(start..)
        .and_then(|line| line.strip_prefix("end "))
        .ok_or(cut)?;
    let above = text.len() - (body.len() - start);
    let expected = crc32fast::hash(text.as_bytes().get(..above).unwrap_or_default());
    if u32::from_str_radix(sum, 16) != Ok(expected) {
        return Err(ParseError::Damaged("its checksum does not fit"));
    }
    Ok(body.get(..start).unwrap_or_default())
}

fn escape(value: &str, out: &mut String) {
    for c in value.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
}

fn unescape(value: &str) -> Option<String> {
    if !value.contains('\\') {
        return Some(value.to_owned());
    }
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            '\\' => out.push('\\'),
            'n' => out.push('\n'),
            'u' => {
                let digits: String = chars.by_ref().take(4).collect();
                out.push(char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?);
            }
            _ => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Document {
        Document::default()
            .with("generation", 7)
            .with("step", "a")
            .with("step", "b c")
    }

    #[test]
    fn the_text_is_as_documented() {
        let text = sample().to_text("launch", 1, Checksum::Crc32);
        assert!(
            text.starts_with("gamectl launch 1\ngeneration 7\nstep a\nstep b c\nend "),
            "{text}"
        );
    }

    #[test]
    fn a_newer_version_is_told_from_damage_even_without_its_checksum() {
        let text = "gamectl launch 2\nwhatever\u{1}";
        assert_eq!(
            Document::from_text(text.as_bytes(), "launch", 1, Checksum::Crc32),
            Err(ParseError::Future(2))
        );
    }

    #[test]
    fn every_truncation_and_every_flipped_bit_is_noticed() {
        let text = sample().to_text("launch", 1, Checksum::Crc32);
        for cut in 0..text.len() {
            let torn = Document::from_text(&text.as_bytes()[..cut], "launch", 1, Checksum::Crc32);
            assert!(matches!(torn, Err(ParseError::Damaged(_))), "cut at {cut}");
        }
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let read = Document::from_text(&bytes, "launch", 1, Checksum::Crc32);
                // The case of a checksum's own hexadecimal digits is no damage.
                assert!(read.is_err() || read == Ok(sample()), "flipped {at}.{bit}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_value_survives(values in proptest::collection::vec(".*", 0..5), has_checksum: bool) {
            let checksum = if has_checksum { Checksum::Crc32 } else { Checksum::None };
            let mut document = Document::default();
            for value in &values {
                document.push("key", value);
            }
            let text = document.to_text("x", 3, checksum);
            let read = Document::from_text(text.as_bytes(), "x", 3, checksum).unwrap();
            prop_assert_eq!(&read, &document);
            prop_assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        }

        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..200), has_checksum: bool) {
            let checksum = if has_checksum { Checksum::Crc32 } else { Checksum::None };
            let _ = Document::from_text(&bytes, "launch", 1, checksum);
        }
    }
}
