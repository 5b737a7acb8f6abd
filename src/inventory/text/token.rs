//! The beginnings of the tokens of YAML.

/// Returns true when the text may have aliases: it has something like an anchor and
/// something like an alias.
pub(super) fn may_alias(text: &str) -> bool {
    let has = |mark: u8| {
        let named = |pair: &[u8]| matches!(pair, [a, b] if *a == mark && (b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')));
        text.contains(char::from(mark)) && text.as_bytes().windows(2).any(named)
    };
    has(b'&') && has(b'*')
}

/// Returns where the first token of the content begins.
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

/// Returns the place behind white space, line breaks and comments.
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

/// Returns the place behind anchors and tags.
pub(super) fn skip_properties(text: &str, mut at: usize) -> usize {
    while let Some(rest) = text.get(at..).filter(|rest| rest.starts_with(['&', '!'])) {
        at += rest.find(|c: char| c.is_whitespace()).unwrap_or(rest.len());
        at = skip_blank(text, at);
    }
    at
}

/// Returns where the value of the key that ends at `end` begins.
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

/// Returns the word that begins at `at`, if it is a number, a truth value or
/// null: of the characters that occur in these.
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

/// Returns the place of the next alias.
pub(super) fn find_alias(text: &str, from: usize) -> Option<usize> {
    find_marked(text, from, '*')
}

/// Returns the place of the next tag.
pub(super) fn find_tag(text: &str, from: usize) -> Option<usize> {
    find_marked(text, from, '!')
}
