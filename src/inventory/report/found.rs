//! Problems by their place in the text, and how they become problems for
//! people.

use super::excerpt::excerpt;
use super::problem::{Problem, Problems};
use super::secret;
use crate::inventory::text::lines::LineIndex;
use crate::inventory::text::node::{Refusal, Span, Tree};

/// The most problems that are shown one by one.
const MOST: usize = 100;

/// A problem with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) at: Span,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    /// Another place that has to do with it, and how.
    pub(crate) related: Option<(Span, &'static str)>,
}

impl Found {
    pub(crate) fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn related(&mut self, at: Span, how: &'static str) -> &mut Self {
        self.related = Some((at, how));
        self
    }
}

/// Returns the problem of a text that is no tree.
pub(crate) fn refused(text: &str, source: &str, refusal: Refusal) -> Problems {
    let Some(at) = refusal.at else {
        return Problems::whole(source, refusal.message, refusal.hint);
    };
    // The parser may be behind the last line, where there is nothing to see.
    let at = if at >= text.len() { text.trim_end().len() } else { at };
    let found = Found {
        at: Span::new(at, 0),
        message: refusal.message,
        hint: refusal.hint,
        related: None,
    };
    let lines = LineIndex::new(text);
    let secrets = secret::in_line(text, &lines, at);
    Problems {
        source: source.to_owned(),
        list: vec![shown(found, text, &lines, &secrets)],
    }
}

/// Returns the problems in the order of the file. What defaults and aliases
/// repeat is reported once.
pub(crate) fn listed(mut found: Vec<Found>, text: &str, tree: &Tree, source: &str) -> Problems {
    found.sort_by(|a, b| (a.at.start, &a.message).cmp(&(b.at.start, &b.message)));
    found.dedup_by(|a, b| a.at == b.at && a.message == b.message);
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    let lines = LineIndex::new(text);
    let secrets = secret::in_tree(tree, text);
    let shown = found.into_iter().map(|found| shown(found, text, &lines, &secrets));
    let mut list: Vec<Problem> = shown.collect();
    if more > 0 {
        list.push(Problem::whole(format!("there are {more} more problems"), None));
    }
    Problems {
        source: source.to_owned(),
        list,
    }
}

fn shown(found: Found, text: &str, lines: &LineIndex, secrets: &[Span]) -> Problem {
    let (line, column) = lines.place(found.at.start);
    let excerpt = excerpt(text, lines, found.at, secrets);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Problem {
        line: Some(number(line)),
        column: Some(number(column)),
        width: excerpt.as_ref().map_or(1, |excerpt| excerpt.width),
        message: found.message,
        hint: found.hint,
        caret: excerpt.as_ref().map_or(0, |excerpt| excerpt.caret),
        excerpt: excerpt.map(|excerpt| excerpt.text),
        related: found
            .related
            .map(|(at, how)| (number(lines.line(at.start).0), how.to_owned())),
    }
}
