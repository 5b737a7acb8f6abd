//! `${VAR}` in values.

use std::ffi::{OsStr, OsString};

/// Asked for environment variables.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Expands `${VAR}` and `${VAR:-default}`, once: what comes in is not looked
/// at again. `$$` is a dollar; any other `$` stands for itself.
///
/// # Errors
/// The name of a variable that is not set and has no default.
pub(super) fn expand(text: &str, variables: Variables<'_>) -> Result<OsString, String> {
    let mut out = OsString::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, dollar) = rest.split_at(at);
        out.push(before);
        if let Some(after) = dollar.strip_prefix("$$") {
            out.push("$");
            rest = after;
        } else if let Some((reference, after)) = reference(dollar) {
            out.push(value(&reference, variables)?);
            rest = after;
        } else {
            out.push("$");
            rest = &dollar[1..];
        }
    }
    out.push(rest);
    Ok(out)
}

struct Reference<'a> {
    name: &'a str,
    default: Option<&'a str>,
}

/// A reference at the beginning of the text, with what follows it.
fn reference(text: &str) -> Option<(Reference<'_>, &str)> {
    let (inside, after) = text.strip_prefix("${")?.split_once('}')?;
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let goes_on = chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    (starts && goes_on).then_some((Reference { name, default }, after))
}

fn value(reference: &Reference<'_>, variables: Variables<'_>) -> Result<OsString, String> {
    let set = variables(reference.name);
    match (set, reference.default) {
        // As in a shell, `:-` also stands in for what is set and empty.
        (Some(set), Some(default)) if set.is_empty() => Ok(OsStr::new(default).to_owned()),
        (Some(set), _) => Ok(set),
        (None, Some(default)) => Ok(OsStr::new(default).to_owned()),
        (None, None) => Err(reference.name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expanded_and_what_is_not() {
        let variables = |name: &str| match name {
            "A" => Some("1".into()),
            "EMPTY" => Some("".into()),
            "LOOP" => Some("${A}".into()),
            _ => None,
        };
        for (text, wanted) in [
            ("plain", Ok("plain")),
            ("${A}", Ok("1")),
            ("x${A}y${A}z", Ok("x1y1z")),
            ("${B:-two}", Ok("two")),
            ("${B:-}", Ok("")),
            ("${A:-two}", Ok("1")),
            ("${EMPTY}", Ok("")),
            ("${EMPTY:-e}", Ok("e")),
            ("${LOOP}", Ok("${A}")),
            ("$$", Ok("$")),
            ("$${A}", Ok("${A}")),
            ("$$$$", Ok("$$")),
            ("$A $(x) $", Ok("$A $(x) $")),
            ("${1} ${} ${A-b} ${", Ok("${1} ${} ${A-b} ${")),
            ("^Done$", Ok("^Done$")),
            ("${B}", Err("B")),
            ("${A}${C_1}", Err("C_1")),
        ] {
            let wanted = wanted.map(OsString::from).map_err(str::to_owned);
            assert_eq!(expand(text, &variables), wanted, "{text}");
        }
    }
}
