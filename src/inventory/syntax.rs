//! What can be told of YAML text by looking at it: what no parser should be
//! bothered with, where a token begins, and what a syntax error means.

use super::lines::Lines;
use super::node::Refusal;

/// More brackets than this open at once are no inventory. The parser's time
/// grows with the square of their number.
const DEEPEST: usize = 500;

/// Refuses what is not text, what YAML does not allow in text, and what is
/// nested without end. Returns the text without its byte order mark.
pub(super) fn screen(bytes: &[u8]) -> Result<&str, (String, Refusal)> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let refusal = Refusal::new(0, "this is UTF-16, not UTF-8").hint("save the file as UTF-8");
        return Err((String::new(), refusal));
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or(0);
        let message = format!("this is not UTF-8: the byte 0x{byte:02X} does not belong here");
        (lossy(bytes), Refusal::new(at, message).hint("save the file as UTF-8"))
    })?;
    match screen_text(text) {
        Some(refusal) => Err((text.to_owned(), refusal)),
        None => Ok(text),
    }
}

fn screen_text(text: &str) -> Option<Refusal> {
    let odd = |c: &(usize, char)| {
        let c = c.1;
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}'))
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let suspicious = |b: u8| !matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    if text.bytes().any(suspicious)
        && let Some((at, c)) = text.char_indices().find(odd)
    {
        let code = u32::from(c);
        return Some(Refusal::new(
            at,
            format!("the character U+{code:04X} is not allowed in YAML"),
        ));
    }
    let content = text.lines().any(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && line != "---" && line != "..."
    });
    if !content {
        return Some(Refusal::new(None, "the inventory is empty").hint("write at least `instances: {}`"));
    }
    deep(text).map(|at| Refusal::new(at, "this is nested too deeply"))
}

/// Where more brackets are open than anybody means, or more list dashes
/// follow each other on one line.
fn deep(text: &str) -> Option<usize> {
    if is_shallow(text) {
        return None;
    }
    let (mut depth, mut base, mut at) = (0usize, 0usize, 0usize);
    for line in text.split_inclusive('\n') {
        let body = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - body.len();
        // A word no deeper than where the first bracket was: the brackets
        // were part of some text.
        if indent <= base && !body.starts_with(['[', '{', ']', '}', ',', '\r', '\n', '#', '"', '\'']) {
            depth = 0;
        }
        let mut dashes = 0;
        for (i, byte) in line.bytes().enumerate() {
            match byte {
                b'[' | b'{' => {
                    if depth == 0 {
                        base = indent;
                    }
                    depth += 1;
                }
                b']' | b'}' => depth = depth.saturating_sub(1),
                b'-' | b'?' | b':' if line.as_bytes().get(i + 1) == Some(&b' ') => dashes += 1,
                b' ' | b'\t' => {}
                _ => dashes = 0,
            }
            if depth > DEEPEST || dashes > DEEPEST {
                return Some(at + i);
            }
        }
        at += line.len();
    }
    None
}

/// Whether it cannot be [`deep`], told in one pass that counts at least as many
/// brackets and dashes as there are.
fn is_shallow(text: &str) -> bool {
    let (mut depth, mut dashes) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'-' | b'?' | b':' => dashes += 1,
            b' ' | b'\t' => {}
            _ => dashes = 0,
        }
        if depth > DEEPEST || dashes > DEEPEST {
            return false;
        }
    }
    true
}

/// Whether the text may have aliases: it has something like an anchor and
/// something like an alias.
pub(super) fn may_alias(text: &str) -> bool {
    let has = |mark: u8| {
        let named = |pair: &[u8]| matches!(pair, [a, b] if *a == mark && (b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')));
        text.contains(char::from(mark)) && text.as_bytes().windows(2).any(named)
    };
    has(b'&') && has(b'*')
}

/// Where the first token of the content begins.
pub(super) fn content_start(text: &str) -> usize {
    let mut at = 0;
    loop {
        at = skip_blank(text, at);
        let rest = text.get(at..).unwrap_or("");
        let opener = rest.starts_with("---") && rest[3..].starts_with(|c: char| c.is_whitespace());
        if opener {
            at += 3;
        } else if rest.starts_with('%') {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            return at;
        }
    }
}

/// Behind white space, line breaks and comments.
fn skip_blank(text: &str, mut at: usize) -> usize {
    let bytes = text.as_bytes();
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => at += 1,
            Some(b'#') if at == 0 || bytes.get(at - 1).is_some_and(u8::is_ascii_whitespace) => {
                at += text
                    .get(at..)
                    .and_then(|rest| rest.find('\n'))
                    .unwrap_or(text.len() - at);
            }
            _ => return at,
        }
    }
}

/// Behind anchors and tags, to what they belong to.
pub(super) fn skip_properties(text: &str, mut at: usize) -> usize {
    while let Some(rest) = text.get(at..).filter(|rest| rest.starts_with(['&', '!'])) {
        at += rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
        at = skip_blank(text, at);
    }
    at
}

/// Where the value of the key that ends at `end` begins.
pub(super) fn value_start(text: &str, end: usize) -> usize {
    let mut at = end;
    if matches!(text.as_bytes().get(at), Some(b'"' | b'\'')) {
        at += 1;
    }
    at = skip_blank(text, at);
    if text.as_bytes().get(at) != Some(&b':') {
        return end;
    }
    skip_properties(text, skip_blank(text, at + 1))
}

/// The word that begins at `at`, if it is a number, a truth value or null: of
/// the characters that occur in these.
pub(super) fn plain_word(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("");
    let end = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.' | '~' | '_')))
        .unwrap_or(rest.len());
    rest.get(..end).unwrap_or("")
}

fn find_marked(text: &str, from: usize, mark: char) -> Option<usize> {
    let rest = text.get(from..)?;
    let follows = |i: &usize| {
        let before = text[..from + i].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '[' | '{' | ',' | ':'))
    };
    rest.match_indices(mark).map(|(i, _)| i).find(follows).map(|i| from + i)
}

/// The next alias.
pub(super) fn find_alias(text: &str, from: usize) -> Option<usize> {
    find_marked(text, from, '*')
}

/// The next tag.
pub(super) fn find_tag(text: &str, from: usize) -> Option<usize> {
    find_marked(text, from, '!')
}

/// Splits the position off an error's text: ` at line 3 column 4`.
pub(super) fn split_place(shown: &str) -> (&str, Option<(usize, usize)>) {
    let split = || {
        let (what, place) = shown.rsplit_once(" at line ")?;
        let (line, column) = place.split_once(" column ")?;
        Some((what, (line.parse().ok()?, column.parse().ok()?)))
    };
    split().map_or((shown, None), |(what, place)| (what, Some(place)))
}

/// What the parser says, and what we make of it.
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

/// A syntax error in our own words.
pub(super) fn explain(text: &str, lines: &Lines, shown: &str, at: Option<usize>) -> Refusal {
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

fn indenting_tab(text: &str, lines: &Lines, at: usize) -> Option<usize> {
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
