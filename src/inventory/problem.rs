//! What is wrong with an inventory, and where.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, counted from 1; `None` when it is about no line.
    pub line: Option<u32>,
    /// The column in characters, counted from 1.
    pub column: Option<u32>,
    /// How many characters it is about.
    pub width: u32,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The line itself, safe to show: without secrets or control characters.
    pub excerpt: Option<String>,
    /// Where in the excerpt it is, in characters, counted from 0.
    pub caret: u32,
    /// Another line that has to do with it, and what it says.
    pub related: Option<(u32, String)>,
}

impl Problem {
    /// A problem that is about no line.
    pub(super) fn whole(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            line: None,
            column: None,
            width: 1,
            message: message.into(),
            hint: Some(hint.into()).filter(|hint| !hint.is_empty()),
            excerpt: None,
            caret: 0,
            related: None,
        }
    }
}

/// Everything that is wrong with an inventory, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    /// Where the inventory came from.
    pub source: String,
    /// The problems; there is at least one.
    pub list: Vec<Problem>,
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.list.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&self.source)?;
            if let (Some(line), Some(column)) = (problem.line, problem.column) {
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": {}", problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
