//! Problems of an inventory, for people: the place, the sentence, the line.

use std::fmt;

/// All problems of an inventory.
#[derive(Debug, Clone, PartialEq)]
pub struct Problems {
    /// The inventory's name: its path as given, or `<stdin>`.
    pub source: String,
    /// The problems, in the order of the file. Never empty.
    pub list: Vec<Problem>,
}

#[cfg(test)]
impl Problems {
    /// Returns each problem as `LINE:COLUMN MESSAGE / HINT`.
    pub(crate) fn told(&self) -> Vec<String> {
        let told = |problem: &Problem| {
            let (line, column) = (problem.line.unwrap_or(0), problem.column.unwrap_or(0));
            let hint = problem.hint.as_deref().unwrap_or_default();
            format!("{line}:{column} {} / {hint}", problem.message)
        };
        self.list.iter().map(told).collect()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// The line, from 1; `None` when it is about the file as a whole.
    pub line: Option<u32>,
    /// The column, from 1, in characters.
    pub column: Option<u32>,
    /// The characters that it is about; at least 1.
    pub width: u32,
    pub message: String,
    pub hint: Option<String>,
    /// The line it is in, safe to be shown: secrets masked, no tabs or control
    /// characters, cut around the caret when it is very long.
    pub excerpt: Option<String>,
    /// The place in the excerpt, from 0, in characters.
    pub caret: u32,
    /// Another line that has to do with it, from 1, and how.
    pub related: Option<(u32, String)>,
}

impl Problem {
    /// Makes a problem of the file as a whole.
    pub(crate) fn whole(message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            line: None,
            column: None,
            width: 1,
            message: message.into(),
            hint,
            excerpt: None,
            caret: 0,
            related: None,
        }
    }
}

impl Problems {
    /// Returns one line: the first problem with its place, and the number of
    /// the others.
    pub fn summary(&self) -> String {
        let Some(first) = self.list.first() else {
            return self.source.clone();
        };
        let mut text = self.source.clone();
        for number in [first.line, first.column].into_iter().flatten() {
            text.push_str(&format!(":{number}"));
        }
        text.push_str(&format!(": {}", first.message));
        match self.list.len() - 1 {
            0 => {}
            more => text.push_str(&format!(" (and {more} more)")),
        }
        text
    }

    /// Makes the list of a single problem of the file as a whole.
    pub(crate) fn whole(source: impl Into<String>, message: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            source: source.into(),
            list: vec![Problem::whole(message, hint)],
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        for (i, problem) in self.list.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            f.write_str(&self.source)?;
            if let (Some(line), Some(column)) = (problem.line, problem.column) {
                write!(f, ":{line}:{column}")?;
            }
            write!(f, ": {problem}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.message)?;
        let number = self.line.map(|line| line.to_string()).unwrap_or_default();
        let margin = " ".repeat(number.len());
        if let Some(excerpt) = &self.excerpt {
            let room = " ".repeat(self.caret as usize);
            let carets = "^".repeat(self.width.max(1) as usize);
            write!(f, "\n {margin} |\n {number} | {excerpt}\n {margin} | {room}{carets}")?;
        }
        if let Some((line, how)) = &self.related {
            write!(f, "\n {margin} = {how}: line {line}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n {margin} = help: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
