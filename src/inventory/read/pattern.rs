//! Regular expressions, which are judged without the cost of compiling them.

use std::borrow::Cow;

use super::collector::Collector;
use crate::inventory::text::node::Node;

/// Reads a regular expression; `what` is its key, in backquotes.
pub(crate) fn read(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let word = check.word(what, "a regular expression", node)?;
    if word.is_empty() {
        check.problem(node.span, format!("{what} is empty, which everything matches"));
        return None;
    }
    let Some((why, at)) = check.verdict(&word, |word| judge(word).err()) else {
        return Some(word.into_owned());
    };
    // Where a variable was, the offset is not the source's.
    let at = match word {
        Cow::Borrowed(_) => node.part(at.min(word.len() - 1), 1),
        Cow::Owned(_) => node.span,
    };
    check
        .problem(at, format!("{what} is not a regular expression: {why}"))
        .hint("put a `\\` before a character that is meant as itself, and quote the value with '...'");
    None
}

/// Judges a pattern. The error is the reason why it is none, and the place in
/// it, in bytes.
fn judge(pattern: &str) -> Result<(), (String, usize)> {
    let parsed = regex_syntax::ParserBuilder::new().utf8(false).build().parse(pattern);
    match parsed {
        Err(regex_syntax::Error::Parse(error)) => Err((error.kind().to_string(), error.span().start.offset)),
        Err(regex_syntax::Error::Translate(error)) => Err((error.kind().to_string(), error.span().start.offset)),
        Err(_) => Err(("it cannot be understood".to_owned(), 0)),
        Ok(_) => small_enough(pattern),
    }
}

/// Only a counted repetition or a great length makes a pattern too big.
/// Compiling is what tells, and takes long, so the others are spared it.
fn small_enough(pattern: &str) -> Result<(), (String, usize)> {
    if !pattern.contains('{') && pattern.len() < 1000 {
        return Ok(());
    }
    regex::bytes::Regex::new(pattern)
        .map(|_| ())
        .map_err(|_| ("it is too big".to_owned(), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for good in [
            "",
            "Server startup complete",
            r"^\[\d+\] ready$",
            "(?i)done",
            "(?-u)\\xFF",
            "a{2,3}",
            "é",
        ] {
            assert_eq!(judge(good), Ok(()), "{good}");
        }
        assert_eq!(judge("a(b").unwrap_err(), ("unclosed group".to_owned(), 1));
        assert_eq!(judge("*").unwrap_err().1, 0);
        assert!(judge("(?=x)").is_err(), "no look-around");
        assert_eq!(judge("(a{1000}){1000}").unwrap_err().0, "it is too big");
        assert!(judge(&"(".repeat(10_000)).is_err());
    }
}
