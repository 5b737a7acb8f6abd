//! One file that is imported: its name, its text, and the places in it.

use crate::inventory::{LineIndex, Problem, Problems, Refusal, refused};

/// The size of a file, in bytes, beyond which it is none of those that are imported.
pub const FILE_MAX: u64 = 1 << 20;

/// A file of another tool.
#[derive(Debug, Clone)]
pub struct ImportFile {
    name: String,
    text: String,
}

impl ImportFile {
    /// Takes a file; `name` is the one that is shown.
    ///
    /// # Errors
    /// When it is too large, or no text.
    pub fn new(name: &str, bytes: &[u8]) -> Result<Self, Problems> {
        if bytes.len() as u64 > FILE_MAX {
            let message = format!("it is larger than {} KiB, which no such file is", FILE_MAX / 1024);
            return Err(Problems::whole(name, message, None));
        }
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let refuse = |at: usize, message: &str, hint: &str| {
            let lossy = String::from_utf8_lossy(bytes);
            Err(refused(&lossy, name, Refusal::new(at, message).hint(hint)))
        };
        if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
            return refuse(
                at,
                "this is no text: it has a NUL byte",
                "name the file with the settings",
            );
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self {
                name: name.to_owned(),
                text: text.replace("\r\n", "\n"),
            }),
            Err(error) => refuse(error.valid_up_to(), "this is not UTF-8", "save the file as UTF-8"),
        }
    }

    /// Returns the name that is shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the last part of the name.
    pub(super) fn base_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    /// Returns the last part of the name, without its last ending.
    pub(super) fn stem(&self) -> &str {
        let base = self.base_name();
        base.rsplit_once('.').map_or(base, |(stem, _)| stem)
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns its lines with their numbers, from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }

    /// Returns the problem at the beginning of a line.
    pub(super) fn problem_in_line(&self, line: usize, message: impl Into<String>, hint: &str) -> Problems {
        let at = LineIndex::new(&self.text).start(line).unwrap_or_default();
        refused(&self.text, &self.name, Refusal::new(at, message).hint(hint))
    }

    /// Returns the problem of the file as a whole.
    pub(super) fn whole(&self, message: impl Into<String>, hint: impl Into<String>) -> Problems {
        let problem = Problem::whole(message, Some(hint.into()));
        Problems {
            source: self.name.clone(),
            list: vec![problem],
        }
    }
}
