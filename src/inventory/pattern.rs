//! Whether a regular expression is one, without the cost of compiling it.

use super::check::Check;
use super::node::{Node, Span};

/// Reads a regular expression; `what` is its key, in backquotes.
pub(super) fn read(check: &mut Check, what: &str, node: &Node) -> Option<String> {
    let word = check.word(what, "a regular expression", node)?;
    if word.is_empty() {
        check.problem(node.span, format!("{what} is empty, which everything matches"));
        return None;
    }
    let verdict = match check.patterns.get(word.as_ref()) {
        Some(known) => known.clone(),
        None => {
            let verdict = self::check(&word).err();
            check.patterns.insert(word.clone().into_owned(), verdict.clone());
            verdict
        }
    };
    if let Some((why, at)) = verdict {
        // Where a variable or an escape was, the offset is not the source's.
        let exact = node.span.len == word.len();
        let at = if exact {
            Span::new(node.span.start + at.min(word.len() - 1), 1)
        } else {
            node.span
        };
        check
            .problem(at, format!("{what} is not a regular expression: {why}"))
            .hint("put a `\\` before a character that is meant as itself, and quote the value with '...'");
        return None;
    }
    Some(word.into_owned())
}

/// Checks a pattern. The error is why it is none, and where in it, in bytes.
pub(super) fn check(pattern: &str) -> Result<(), (String, usize)> {
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
            assert_eq!(check(good), Ok(()), "{good}");
        }
        assert_eq!(check("a(b").unwrap_err(), ("unclosed group".to_owned(), 1));
        assert_eq!(check("*").unwrap_err().1, 0);
        assert!(check("(?=x)").is_err(), "no look-around");
        assert_eq!(check("(a{1000}){1000}").unwrap_err().0, "it is too big");
        assert!(check(&"(".repeat(10_000)).is_err());
    }
}
