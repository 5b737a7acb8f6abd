//! Syntax errors in our own words.

use super::lines::LineIndex;
use super::node::Refusal;
use super::token::content_start;

/// Splits the position off an error's text: ` at line 3 column 4`.
pub(super) fn split_place(shown: &str) -> (&str, Option<(usize, usize)>) {
    let split = || {
        let (what, place) = shown.rsplit_once(" at line ")?;
        let (line, column) = place.split_once(" column ")?;
        Some((what, (line.parse().ok()?, column.parse().ok()?)))
    };
    split().map_or((shown, None), |(what, place)| (what, Some(place)))
}

/// Words of the parser, each with our message and a hint.
const MEANINGS: [(&str, &str, &str); 18] = [
    (
        "expected node content",
        "a value is expected here",
        "quote a value that begins with a special character",
    ),
    (
        "undefined tag handle",
        "YAML tags such as `!name` mean nothing in an inventory",
        "leave the tag out, or quote the value if it begins with `!`",
    ),
    ("recursion limit", "this is nested too deeply", ""),
    (
        "unknown anchor",
        "this alias has no anchor before it",
        "an anchor is `&name`, an alias `*name`; quote a value that begins with `*`",
    ),
    ("repetition limit", "the aliases of this file repeat too much", ""),
    (
        "more than one document",
        "this is a second document; an inventory is one",
        "remove the `---` line, or give the other file by its own name",
    ),
    ("while scanning a quoted scalar", "this quote is not closed", ""),
    (
        "while scanning a directive",
        "this is no YAML directive",
        "quote a value that begins with `%`",
    ),
    (
        "mapping values are not allowed",
        "a `:` is not expected here",
        "quote a value that contains `: `, and check the indentation of this line and the one above it",
    ),
    (
        "cannot start any token",
        "a value cannot begin with this character",
        "quote the value",
    ),
    (
        "expected ',' or ']'",
        "this list is not closed before here",
        "a `[` needs its `]`, and a `,` between items",
    ),
    (
        "expected ',' or '}'",
        "this mapping is not closed before here",
        "a `{` needs its `}`, and a `,` between entries",
    ),
    ("find expected ':'", "a `:` is missing", "a key is written `key: value`"),
    (
        "expected '-' indicator",
        "this does not belong to the list above it",
        "check the indentation",
    ),
    (
        "did not find expected key",
        "this does not belong to the mapping above it",
        "check the indentation, and quote values with special characters",
    ),
    (
        "block sequence entries are not allowed",
        "a list cannot begin here",
        "put the `-` on a line of its own",
    ),
    (
        "while scanning an anchor",
        "this is no anchor's name",
        "quote a value that begins with `&` or `*`",
    ),
    ("unexpected end of stream", "the file ends in the middle of this", ""),
];

/// Returns a syntax error in our own words.
pub(super) fn explain(text: &str, lines: &LineIndex, shown: &str, at: Option<usize>) -> Refusal {
    let meaning = MEANINGS.iter().find(|(sign, _, _)| shown.contains(sign));
    let mut at = at;
    if shown.contains("more than one document") {
        at = second_document(text);
    } else if shown.contains("while scanning a quoted scalar") {
        // The parser complains where it gave up; what helps is where it began.
        at = split_place(shown)
            .1
            .map(|(line, column)| lines.offset(line, column))
            .or(at);
    }
    if let Some(at) = at
        && shown.contains("while") | shown.contains("token")
        && let Some(tab) = indenting_tab(text, lines, at)
    {
        return Refusal::new(tab, "a tab is used for indentation").hint("YAML is indented with spaces only");
    }
    if let Some((_, message, _)) = meaning
        && shown.contains("expected ','")
        && at.is_some_and(|at| {
            text.get(..at)
                .is_some_and(|before| before.ends_with("${") || before.ends_with('$'))
        })
    {
        return Refusal::new(at, *message).hint("inside `[...]` and `{...}` a value with `${...}` needs quotes");
    }
    match meaning {
        Some((_, message, "")) => Refusal::new(at, *message),
        Some((_, message, hint)) => Refusal::new(at, *message).hint(*hint),
        // Only the parser's own fixed words come here, never the file's.
        None => Refusal::new(
            at,
            format!("this is not YAML: {}", shown.split(" at line ").next().unwrap_or(shown)),
        ),
    }
}

fn indenting_tab(text: &str, lines: &LineIndex, at: usize) -> Option<usize> {
    let (_, start) = lines.line(at);
    let line = text.get(start..)?;
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    let tab = line.get(..indent)?.find('\t')?;
    Some(start + tab)
}

fn second_document(text: &str) -> Option<usize> {
    let mut at = content_start(text);
    for line in text.get(at..)?.split_inclusive('\n') {
        let opener = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        if opener {
            return Some(at);
        }
        at += line.len();
    }
    None
}
