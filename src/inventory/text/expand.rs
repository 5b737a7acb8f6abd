//! `${VAR}` and `${VAR:-default}` in values.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

/// A variable that is not set and has no default.
#[derive(Debug, PartialEq)]
pub(crate) struct Unset<'t> {
    pub(crate) name: &'t str,
    /// The place of its `$` in the text, in bytes.
    pub(crate) at: usize,
    /// The length of the reference, in bytes.
    pub(crate) len: usize,
}

/// Replaces the variables of a text, once: what a variable holds is not looked
/// at again. `$$` is a dollar, any other `$` stands for itself. Like in a
/// shell, `:-` also stands in for an empty variable.
pub(crate) fn expand<'t>(
    text: &'t str,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Cow<'t, OsStr>, Vec<Unset<'t>>> {
    if !text.contains('$') {
        return Ok(Cow::Borrowed(OsStr::new(text)));
    }
    let mut out = OsString::new();
    let mut unset = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push(before);
        let at = text.len() - after.len() - 1;
        if let Some(behind) = after.strip_prefix('$') {
            out.push("$");
            rest = behind;
        } else if let Some((name, default, behind)) = reference(after) {
            match (env(name), default) {
                (Some(value), Some(default)) if value.is_empty() => out.push(default),
                (Some(value), _) => out.push(value),
                (None, Some(default)) => out.push(default),
                (None, None) => unset.push(Unset {
                    name,
                    at,
                    len: name.len() + 3,
                }),
            }
            rest = behind;
        } else {
            out.push("$");
            rest = after;
        }
    }
    out.push(rest);
    if unset.is_empty() {
        Ok(Cow::Owned(out))
    } else {
        Err(unset)
    }
}

/// Splits what follows a `$`, if it is a reference: the name, the default, the
/// rest.
fn reference(after: &str) -> Option<(&str, Option<&str>, &str)> {
    let inner = after.strip_prefix('{')?;
    let end = inner
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|end| *end > 0 && !inner.starts_with(|c: char| c.is_ascii_digit()))?;
    let (name, tail) = inner.split_at(end);
    if let Some(rest) = tail.strip_prefix('}') {
        return Some((name, None, rest));
    }
    let (default, rest) = tail.strip_prefix(":-")?.split_once('}')?;
    Some((name, Some(default), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::{OsStrExt, OsStringExt};

    fn env(name: &str) -> Option<OsString> {
        match name {
            "A" => Some("a".into()),
            "DOLLAR" => Some("${A}".into()),
            "EMPTY" => Some("".into()),
            "RAW" => Some(OsString::from_vec(vec![0xFF, b'x'])),
            _ => None,
        }
    }

    #[test]
    fn forms() {
        for (text, expected) in [
            ("x", "x"),
            ("${A}", "a"),
            ("-${A}${A}-", "-aa-"),
            ("${DOLLAR}", "${A}"),
            ("$$A $${A} $", "$A ${A} $"),
            ("$A ${ ${} ${1} ${A ${A-b} ^x$", "$A ${ ${} ${1} ${A ${A-b} ^x$"),
            ("${NO:-d e}", "d e"),
            ("${NO:-}", ""),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY}", ""),
            ("${A:-d}", "a"),
            ("${NO:-${A}}", "${A}"),
            ("é${A}ü", "éaü"),
        ] {
            assert_eq!(expand(text, &env).unwrap(), OsStr::new(expected), "{text}");
        }
        assert_eq!(expand("${RAW}", &env).unwrap().as_bytes(), b"\xFFx");
        assert_eq!(
            expand("a${NO}${A}${NOT}", &env),
            Err(vec![
                Unset {
                    name: "NO",
                    at: 1,
                    len: 5
                },
                Unset {
                    name: "NOT",
                    at: 10,
                    len: 6
                }
            ])
        );
    }
}
