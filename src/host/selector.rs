//! Selectors: the words that name instances on a command line.

use crate::failure::{Failure, FailureKind};
use crate::inventory::nearest;
use crate::invocation::command;

/// An instance that can be selected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) id: &'a str,
    pub(super) tags: &'a [String],
    pub(super) host: Option<&'a str>,
}

enum Selector<'a> {
    Id(&'a str),
    Tag(&'a str),
    Host(&'a str),
    Glob(glob::Pattern),
}

impl<'a> Selector<'a> {
    fn parse(text: &'a str) -> Result<Self, Failure> {
        if let Some(tag) = text.strip_prefix("tag:") {
            return Ok(Self::Tag(tag));
        }
        if let Some(host) = text.strip_prefix("host:") {
            return Ok(Self::Host(host));
        }
        if !text.contains(['*', '?', '[']) {
            return Ok(Self::Id(text));
        }
        glob::Pattern::new(text).map(Self::Glob).map_err(|error| {
            Failure::new(FailureKind::Usage, format!("`{text}` is not a pattern: {error}"))
                .hint("patterns are like 'rust-*', 'map-?' and 'map-[1-3]'")
        })
    }

    fn matches(&self, candidate: &Candidate<'_>) -> bool {
        match self {
            Self::Id(id) => candidate.id == *id,
            Self::Tag(tag) => candidate.tags.iter().any(|known| known == tag),
            Self::Host(host) => candidate.host == Some(*host),
            Self::Glob(pattern) => pattern.matches(candidate.id),
        }
    }

    /// Returns the failure of a selector that matches none of the candidates.
    fn no_match(&self, candidates: &[Candidate<'_>]) -> Failure {
        let unknown = |message: String| Failure::new(FailureKind::Unknown, message);
        let all = format!("{} shows all there are", command("status"));
        match self {
            Self::Id(id) => {
                let failure = unknown(format!("there is no instance `{id}`"));
                match nearest(id, candidates.iter().map(|candidate| candidate.id)) {
                    Some(near) => failure.hint(format!("did you mean `{near}`?")),
                    None => failure.hint(all),
                }
            }
            Self::Tag(tag) => {
                let failure = unknown(format!("no instance has the tag `{tag}`"));
                let tags = candidates.iter().flat_map(|candidate| candidate.tags);
                match nearest(tag, tags.map(String::as_str)) {
                    Some(near) => failure.hint(format!("did you mean `tag:{near}`?")),
                    None => failure,
                }
            }
            Self::Host(host) => {
                let failure = unknown(format!("no instance is on the host `{host}`"));
                match nearest(host, candidates.iter().filter_map(|candidate| candidate.host)) {
                    Some(near) => failure.hint(format!("did you mean `host:{near}`?")),
                    None => failure,
                }
            }
            Self::Glob(pattern) => unknown(format!("no instance matches `{pattern}`")).hint(all),
        }
    }
}

/// Returns those that the selectors match, in the same order.
pub(super) fn select<T>(
    all: Vec<T>,
    candidate: fn(&T) -> Candidate<'_>,
    selectors: &[String],
) -> Result<Vec<T>, Failure> {
    let candidates: Vec<Candidate<'_>> = all.iter().map(candidate).collect();
    let mut chosen = vec![false; all.len()];
    for text in selectors {
        let selector = Selector::parse(text)?;
        let mut any = false;
        for (candidate, chosen) in candidates.iter().zip(&mut chosen) {
            let matches = selector.matches(candidate);
            any |= matches;
            *chosen |= matches;
        }
        if !any {
            return Err(selector.no_match(&candidates));
        }
    }
    let both = all.into_iter().zip(chosen);
    Ok(both.filter_map(|(one, chosen)| chosen.then_some(one)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Scope;
    use super::*;

    fn chosen(selectors: &[&str]) -> Result<String, String> {
        let owned = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<String>>();
        let all = [
            ("rust-main", &["pvp"][..], None),
            ("rust-test", &[], Some("box2")),
            ("conan", &["pvp", "eu"], Some("box3")),
        ];
        type One = (&'static str, Vec<String>, Option<&'static str>);
        let all: [One; 3] = all.map(|(id, tags, host)| (id, owned(tags), host));
        let candidate: for<'a> fn(&'a One) -> Candidate<'a> = |(id, tags, host)| Candidate { id, tags, host: *host };
        let selectors = owned(selectors);
        let scope = Scope::Matching(&selectors);
        let shown = |(id, ..): &One| format!("{id}{}", if scope.names(id) { "!" } else { "" });
        match select(all.to_vec(), candidate, &selectors) {
            Ok(chosen) => Ok(chosen.iter().map(shown).collect::<Vec<_>>().join(" ")),
            Err(failure) => Err(format!(
                "{}: {} ({})",
                failure.kind.exit_code(),
                failure,
                failure.hint.clone().unwrap_or_default()
            )),
        }
    }

    #[test]
    fn selectors() {
        for (selectors, wanted) in [
            (&["conan", "rust-main"][..], "rust-main! conan!"),
            (&["rust-*"][..], "rust-main rust-test"),
            (&["tag:pvp"][..], "rust-main conan"),
            (&["rust-*", "rust-main", "rust-*"][..], "rust-main! rust-test"),
            (&["host:box2"][..], "rust-test"),
            (&["*"][..], "rust-main rust-test conan"),
            (&["rust-[mt]*", "tag:eu"][..], "rust-main rust-test conan"),
        ] {
            assert_eq!(chosen(selectors), Ok(wanted.to_owned()));
        }
    }

    #[test]
    fn a_selector_without_a_match_is_an_error_with_a_hint() {
        for (selector, wanted) in [
            (
                "rust-mian",
                "4: there is no instance `rust-mian` (did you mean `rust-main`?)",
            ),
            ("tag:pvq", "4: no instance has the tag `pvq` (did you mean `tag:pvp`?)"),
            (
                "host:box4",
                "4: no instance is on the host `box4` (did you mean `host:box2`?)",
            ),
            (
                "x*",
                "4: no instance matches `x*` (`gamectl status` shows all there are)",
            ),
        ] {
            assert_eq!(chosen(&["conan", selector]), Err(wanted.to_owned()));
        }
        assert!(chosen(&["a[b"]).unwrap_err().starts_with("2: `a[b` is not a pattern"));
    }
}
