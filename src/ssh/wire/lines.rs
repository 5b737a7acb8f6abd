//! The lines in a stream of bytes.

use std::fmt;

/// The longest line, in bytes: an inventory with all that its defaults repeat.
pub const LINE_MAX: usize = 4 << 20;

/// A stream that is not what it should be, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Garbled(pub String);

impl fmt::Display for Garbled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The bytes that have come and were not taken yet.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
    /// The bytes at the beginning that were taken.
    taken: usize,
    /// The bytes after these that hold no line end.
    searched: usize,
}

impl Lines {
    /// Adds bytes that have come.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.taken == self.bytes.len() {
            self.bytes.clear();
            self.taken = 0;
        } else if self.taken > LINE_MAX {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.taken..).unwrap_or_default()
    }

    /// Takes the next line without its end; `None` when there is no whole one yet.
    ///
    /// # Errors
    /// When it is too long.
    pub fn line(&mut self) -> Result<Option<Vec<u8>>, Garbled> {
        let unsearched = self.rest().get(self.searched..).unwrap_or_default();
        let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') else {
            self.searched = self.rest().len();
            return match self.searched > LINE_MAX {
                true => Err(too_long()),
                false => Ok(None),
            };
        };
        let end = self.searched + end;
        if end > LINE_MAX {
            return Err(too_long());
        }
        let line = self.rest().get(..end).unwrap_or_default().to_vec();
        self.taken += end + 1;
        self.searched = 0;
        Ok(Some(line))
    }

    /// Takes so many bytes; `None` when there are not so many yet.
    pub fn bytes(&mut self, count: usize) -> Option<Vec<u8>> {
        let bytes = self.rest().get(..count)?.to_vec();
        self.taken += count;
        self.searched = 0;
        Some(bytes)
    }

    /// Returns the number of bytes that were not taken yet.
    pub fn waiting(&self) -> usize {
        self.rest().len()
    }
}

fn too_long() -> Garbled {
    Garbled(format!("a line has more than {} MiB", LINE_MAX >> 20))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut lines = Lines::default();
        for _ in 0..=LINE_MAX / 1024 {
            lines.push(&[b'x'; 1024]);
        }
        assert!(lines.line().is_err());
    }

    proptest! {
        #[test]
        fn where_it_is_cut_makes_no_difference(
            texts in prop::collection::vec("[a-z]{0,9}", 0..9),
            size in 1_usize..7,
        ) {
            let all: Vec<u8> = texts.iter().flat_map(|text| [text.as_bytes(), b"\n"].concat()).collect();
            let (mut lines, mut seen) = (Lines::default(), Vec::new());
            for piece in all.chunks(size) {
                lines.push(piece);
                while let Some(line) = lines.line().unwrap() {
                    seen.push(String::from_utf8(line).unwrap());
                }
            }
            prop_assert_eq!(seen, texts);
            prop_assert_eq!(lines.waiting(), 0);
        }
    }
}
