//! Syntax errors in our own words.

use granit_parser::{ErrorKind, ScanError};

use super::node::Refusal;

/// Returns a syntax error in our own words, at the place where it can be mended.
pub(super) fn explain(text: &str, error: &ScanError) -> Refusal {
    let at = error.marker().byte_offset().unwrap_or(text.len());
    let is_variable = text.get(..at).is_some_and(|before| before.ends_with('$'));
    let (message, hint) = match error.kind() {
        ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabNotAllowed
            if let Some(tab) = indenting_tab(text, at) =>
        {
            return Refusal::new(tab, "a tab is used for indentation").hint("YAML is indented with spaces only");
        }
        ErrorKind::UndeclaredTagHandle => return tag(at),
        ErrorKind::ExpectedFlowSequenceSeparator | ErrorKind::ExpectedFlowMappingSeparator if is_variable => (
            "this list or mapping is not closed before here",
            "inside `[...]` and `{...}` a value with `${...}` needs quotes",
        ),
        ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnclosedFlowCollection { open: '[' }
        | ErrorKind::MismatchedFlowCollectionEnd { open: '[', .. } => (
            "this list is not closed before here",
            "a `[` needs its `]`, and a `,` between items",
        ),
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::MismatchedFlowCollectionEnd { .. } => (
            "this mapping is not closed before here",
            "a `{` needs its `}`, and a `,` between entries",
        ),
        ErrorKind::ExpectedNodeContent | ErrorKind::MisplacedFlowCollectionEnd => (
            "a value is expected here",
            "quote a value that begins with a special character",
        ),
        ErrorKind::RecursionLimitExceeded => ("this is nested too deeply", ""),
        ErrorKind::UnknownAnchor => (
            "this alias has no anchor before it",
            "an anchor is `&name`, an alias `*name`; quote a value that begins with `*`",
        ),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::DocumentIndicatorInQuotedScalar => {
            ("this quote is not closed", "")
        }
        ErrorKind::ExpectedDocumentStart | ErrorKind::MissingDirectiveName | ErrorKind::InvalidDirectiveName => {
            ("this is no YAML directive", "quote a value that begins with `%`")
        }
        ErrorKind::MappingValueNotAllowed => (
            "a `:` is not expected here",
            "quote a value that contains `: `, and check the indentation of this line and the one above it",
        ),
        ErrorKind::UnexpectedCharacter { .. } => ("a value cannot begin with this character", "quote the value"),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("a `:` is missing", "a key is written `key: value`")
        }
        ErrorKind::ExpectedBlockSequenceEntry => ("this does not belong to the list above it", "check the indentation"),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => (
            "this does not belong to the mapping above it",
            "check the indentation, and quote values with special characters",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed => ("a list cannot begin here", "put the `-` on a line of its own"),
        ErrorKind::MissingAnchorOrAliasName => {
            ("this is no anchor's name", "quote a value that begins with `&` or `*`")
        }
        // Only the parser's own fixed words come here, never the file's.
        other => return Refusal::new(at, format!("this is not YAML: {other}")),
    };
    let refusal = Refusal::new(at, message);
    if hint.is_empty() { refusal } else { refusal.hint(hint) }
}

/// Returns the refusal of a tag: it means nothing here, and it would hide what
/// it stands before.
pub(super) fn tag(at: usize) -> Refusal {
    Refusal::new(at, "YAML tags such as `!name` mean nothing in an inventory")
        .hint("leave the tag out, or quote the value if it begins with `!`")
}

/// Returns the first tab in the indentation of a line, from that of `at` on.
fn indenting_tab(text: &str, at: usize) -> Option<usize> {
    let mut start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    for line in text.get(start..)?.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(tab) = line.get(..indent)?.find('\t') {
            return Some(start + tab);
        }
        start += line.len();
    }
    None
}
