//! Regular expressions for the inventory: of .NET, and for words that stand for themselves.

/// The longest pattern, in bytes.
const LONGEST: usize = 4096;

/// Returns a pattern of .NET in the dialect of the inventory; `None` where it cannot be said
/// in it.
pub(super) fn dotnet_pattern(pattern: &str) -> Option<String> {
    if pattern.len() > LONGEST {
        return None;
    }
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    // `]` is itself as the first of a class.
    let mut class_is_new = false;
    while let Some(c) = chars.next() {
        let is_first = std::mem::take(&mut class_is_new);
        match c {
            '\\' => match chars.next()? {
                // Word boundaries here, and themselves there.
                c @ ('<' | '>') => out.push(c),
                c => out.extend(['\\', c]),
            },
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                class_is_new = true;
                out.push(c);
                out.extend(chars.next_if_eq(&'^'));
            }
            ']' if in_class && is_first => out.push_str("\\]"),
            ']' if in_class => {
                in_class = false;
                out.push(c);
            }
            // Doubled, these have a meaning of their own here.
            '&' | '~' if in_class => out.extend(['\\', c]),
            '-' if in_class && chars.peek() == Some(&'-') => out.push_str("\\-"),
            '{' if !in_class && !is_count(chars.clone()) => out.push_str("\\{"),
            c => out.push(c),
        }
    }
    regex_syntax::parse(&out).is_ok().then_some(out)
}

/// Returns the pattern that this text alone matches.
pub(super) fn literal_pattern(text: &str) -> String {
    // Outside of a class these mean nothing but themselves.
    regex::escape(text)
        .replace("\\-", "-")
        .replace("\\&", "&")
        .replace("\\~", "~")
        .replace("\\#", "#")
}

/// Returns true where a `{` begins a count, such as `{2,3}`.
fn is_count(behind: impl Iterator<Item = char>) -> bool {
    let mut digits = 0;
    for c in behind.take(16) {
        match c {
            '0'..='9' => digits += 1,
            ',' if digits > 0 => {}
            '}' => return digits > 0,
            _ => return false,
        }
    }
    false
}

/// Returns the pattern without the anchor at its beginning, if that holds for all of it.
pub(super) fn without_anchor(pattern: &str) -> &str {
    match pattern.strip_prefix('^') {
        Some(rest) => rest,
        None => pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dialects_differ_in_little() {
        for (dotnet, ours) in [
            (
                r"^\[[\d.]+\]\[[\d ]+\]Log: Ready\.$",
                Some(r"^\[[\d.]+\]\[[\d ]+\]Log: Ready\.$"),
            ),
            (r"^\<a\> \/ \: \x22(?<name>.+)$", Some(r"^<a> \/ \: \x22(?<name>.+)$")),
            (
                r"[[a] []b] [^]c] [a&&b] {x} a{2,3}",
                Some(r"[\[a] [\]b] [^\]c] [a\&\&b] \{x} a{2,3}"),
            ),
            (r"(?!x)a", None),
            (r"(a)\1", None),
            ("a\\", None),
        ] {
            let found = dotnet_pattern(dotnet);
            let found = found.as_deref();
            assert_eq!(found, ours, "{dotnet}");
        }
        let literal = literal_pattern("a-b [c] #1 & ~$");
        assert_eq!(literal, r"a-b \[c\] #1 & ~\$");
        assert!(regex::Regex::new(&literal).unwrap().is_match("a-b [c] #1 & ~$"));
        assert_eq!((without_anchor("^a"), without_anchor("a|^b")), ("a", "a|^b"));
    }

    proptest! {
        #[test]
        fn what_comes_out_is_a_pattern(text in r"[\[\]\\a^&~{}(),?0-9<>|*+.$-]{0,20}") {
            if let Some(pattern) = dotnet_pattern(&text) {
                prop_assert!(regex_syntax::parse(&pattern).is_ok());
            }
        }
    }
}
