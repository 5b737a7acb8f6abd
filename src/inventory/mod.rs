//! The inventory: from YAML text to a validated model.
//!
//! ```text
//!  bytes ─source─▶ text ─yaml, reader─▶ raw ─check, process─▶ checked ─assemble─▶ model
//! ```
//!
//! Nothing stops at the first problem: what can be read is read, and all that
//! is wrong is told at once, each with its line and column.

mod assemble;
mod check;
mod excerpt;
mod expand;
mod model;
mod nearest;
mod problem;
mod process;
mod raw;
mod reader;
mod source;
mod value;
mod yaml;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use model::*;
pub use nearest::nearest;
pub use problem::{Problem, Problems};
pub use source::{Source, find};

use excerpt::Lines;
use reader::{Complaint, Place};
use value::Values;

/// An inventory that was read, and not yet looked at.
#[derive(Debug)]
pub struct Unchecked {
    name: String,
    bytes: Vec<u8>,
    folder: PathBuf,
}

/// Reads an inventory.
///
/// # Errors
/// When it cannot be read, or is too large.
pub fn read(source: &Source) -> Result<Unchecked, Problems> {
    let name = source.to_string();
    match source::read(source) {
        Ok((bytes, folder)) => Ok(Unchecked { name, bytes, folder }),
        Err(problem) => Err(Problems {
            source: name,
            list: vec![*problem],
        }),
    }
}

impl Unchecked {
    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Checks it, with the environment of this process.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(&self) -> Result<Inventory, Problems> {
        parse(&self.bytes, &self.name, &self.folder, &|name| std::env::var_os(name))
    }
}

/// Checks the text of an inventory. Relative paths in it are relative to
/// `folder`; `variables` is asked for what `${VAR}` stands for.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(
    bytes: &[u8],
    name: &str,
    folder: &Path,
    variables: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Inventory, Problems> {
    let failed = |list| {
        Err(Problems {
            source: name.to_owned(),
            list,
        })
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return failed(vec![not_text(bytes, error.valid_up_to())]),
    };
    let lines = Lines::new(text);
    let (file, mut complaints) = yaml::read(text, &lines);
    let mut inventory = Inventory::default();
    if let Some(file) = file {
        let values = Values::new(variables);
        if file.instances.is_none() && complaints.is_empty() {
            let hint = "`instances:` may be empty, but it must be there";
            values.complain(Place::default(), "there is no `instances:`", hint);
        }
        inventory = assemble::inventory(&values, &file, folder);
        complaints.extend(values.into_complaints());
    }
    if complaints.is_empty() {
        return Ok(inventory);
    }
    complaints.sort_by_key(|complaint| complaint.place.offset);
    complaints.dedup();
    failed(complaints.iter().map(|complaint| problem(complaint, &lines)).collect())
}

fn problem(complaint: &Complaint, lines: &Lines<'_>) -> Problem {
    let place = complaint.place;
    let (line, column) = lines.position(place.offset);
    let excerpt = lines.excerpt(line, column, place.width.max(1), place.is_key);
    let counted = |n: usize| u32::try_from(n + 1).unwrap_or(u32::MAX);
    Problem {
        line: Some(counted(line)),
        column: Some(counted(column)),
        width: excerpt.width,
        message: complaint.message.clone(),
        hint: complaint.hint.clone(),
        excerpt: Some(excerpt.text),
        caret: excerpt.caret,
        related: complaint.related.as_ref().map(|(place, what)| {
            let (line, _) = lines.position(place.offset);
            (counted(line), what.clone())
        }),
    }
}

fn not_text(bytes: &[u8], valid: usize) -> Problem {
    let before = bytes.get(..valid).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(before.get(start..).unwrap_or_default())
        .chars()
        .count()
        + 1;
    Problem {
        line: u32::try_from(line).ok(),
        column: u32::try_from(column).ok(),
        ..Problem::whole("this is not UTF-8 text", "save the file as UTF-8")
    }
}

#[cfg(test)]
mod tests;
