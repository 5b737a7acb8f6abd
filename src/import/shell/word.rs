//! Words as a shell reads them, before any value is filled in.

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) enum ShellPart {
    Text {
        text: String,
        is_quoted: bool,
    },
    Variable {
        name: String,
        fallback: Option<Fallback>,
        is_quoted: bool,
    },
    /// The output of a command, by its source.
    Command {
        source: String,
        is_quoted: bool,
    },
    /// The result of a sum, by its source.
    Sum(String),
}

/// The rest of `${NAME:-word}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) struct Fallback {
    /// `-`, `=`, `+` or `?`; any other sign is not understood.
    pub(super) sign: char,
    pub(super) word: ShellWord,
}

/// A word: parts without a space between them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::import) struct ShellWord {
    pub(super) parts: Vec<ShellPart>,
}

/// A word or an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::import) enum ShellToken {
    Word(ShellWord),
    Operator(&'static str),
    /// `((...))` in the place of a command.
    Sum(String),
}

impl ShellWord {
    pub(super) fn push(&mut self, part: ShellPart) {
        if let ShellPart::Text { text, is_quoted } = &part
            && let Some(ShellPart::Text {
                text: last,
                is_quoted: same,
            }) = self.parts.last_mut()
            && same == is_quoted
        {
            last.push_str(text);
            return;
        }
        self.parts.push(part);
    }

    /// Returns the word, if it is text alone.
    pub(in crate::import) fn literal(&self) -> Option<String> {
        let text = |part: &ShellPart| match part {
            ShellPart::Text { text, .. } => Some(text.clone()),
            _ => None,
        };
        self.parts.iter().map(text).collect()
    }

    /// Returns the word, if it is text alone and nothing of it is quoted.
    pub(super) fn keyword(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [ShellPart::Text { text, is_quoted: false }] => Some(text),
            _ => None,
        }
    }

    /// Splits `NAME=value`.
    pub(in crate::import) fn assignment(&self) -> Option<(String, Self)> {
        let Some(ShellPart::Text { text, is_quoted: false }) = self.parts.first() else {
            return None;
        };
        let (name, value) = text.split_once('=')?;
        let name = name.strip_suffix('+').unwrap_or(name);
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let mut rest = Self::default();
        if !value.is_empty() {
            rest.push(ShellPart::Text {
                text: value.to_owned(),
                is_quoted: false,
            });
        }
        rest.parts.extend(self.parts.iter().skip(1).cloned());
        is_name.then(|| (name.to_owned(), rest))
    }

    /// Returns the last part of the path that the word is, without its folders.
    pub(in crate::import) fn program(&self) -> Option<String> {
        let text = self.literal()?;
        Some(text.rsplit('/').next().unwrap_or_default().to_owned())
    }
}

impl ShellWord {
    /// Returns the word much as it was written, for a remark.
    pub(in crate::import) fn shown(&self) -> String {
        let part = |part: &ShellPart| match part {
            ShellPart::Text { text, is_quoted: true } if text.contains(' ') => format!("'{text}'"),
            ShellPart::Text { text, .. } => text.clone(),
            ShellPart::Variable {
                name, fallback: None, ..
            } => format!("${name}"),
            ShellPart::Variable { name, .. } => format!("${{{name}...}}"),
            ShellPart::Command { source, .. } => format!("$({source})"),
            ShellPart::Sum(source) => format!("$(({source}))"),
        };
        self.parts.iter().map(part).collect()
    }
}
