//! Selectors: the words that name instances on a command line.

use crate::failure::{Failure, FailureKind};
use crate::inventory::nearest;

/// An instance that can be selected.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) id: &'a str,
    pub(super) tags: &'a [String],
}

/// A candidate that was selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selected {
    /// Its position among the candidates.
    pub(super) index: usize,
    /// True when it was selected by its id, rather than matched.
    pub(super) named: bool,
}

enum Selector<'a> {
    Id(&'a str),
    Tag(&'a str),
    Glob(glob::Pattern),
}

impl<'a> Selector<'a> {
    fn parse(text: &'a str) -> Result<Self, Failure> {
        if let Some(tag) = text.strip_prefix("tag:") {
            return Ok(Self::Tag(tag));
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
            Self::Glob(pattern) => pattern.matches(candidate.id),
        }
    }

    /// Returns the failure of a selector that matches none of the candidates.
    fn no_match(&self, candidates: &[Candidate<'_>]) -> Failure {
        let unknown = |message: String| Failure::new(FailureKind::Unknown, message);
        let all = "`gamectl status` shows all there are";
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
            Self::Glob(pattern) => unknown(format!("no instance matches `{pattern}`")).hint(all),
        }
    }
}

/// Returns the candidates that the selectors match, in the order of the
/// candidates, none twice.
///
/// # Errors
/// When a selector matches nothing.
pub(super) fn select(candidates: &[Candidate<'_>], selectors: &[String]) -> Result<Vec<Selected>, Failure> {
    let mut chosen: Vec<Option<Selected>> = vec![None; candidates.len()];
    for text in selectors {
        let selector = Selector::parse(text)?;
        let by_id = matches!(selector, Selector::Id(_));
        let mut any = false;
        for (index, (candidate, place)) in candidates.iter().zip(&mut chosen).enumerate() {
            if selector.matches(candidate) {
                any = true;
                let named = by_id || place.is_some_and(|before| before.named);
                *place = Some(Selected { index, named });
            }
        }
        if !any {
            return Err(selector.no_match(candidates));
        }
    }
    Ok(chosen.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(selectors: &[&str]) -> Result<String, String> {
        let tags = |tags: &[&str]| tags.iter().map(ToString::to_string).collect::<Vec<_>>();
        let (main, conan) = (tags(&["pvp"]), tags(&["pvp", "eu"]));
        let all: [(&str, &[String]); 3] = [("rust-main", &main), ("rust-test", &[]), ("conan", &conan)];
        let candidates = all.map(|(id, tags)| Candidate { id, tags });
        let selectors: Vec<String> = selectors.iter().map(ToString::to_string).collect();
        let shown = |one: Selected| format!("{}{}", candidates[one.index].id, if one.named { "!" } else { "" });
        match select(&candidates, &selectors) {
            Ok(chosen) => Ok(chosen.into_iter().map(shown).collect::<Vec<_>>().join(" ")),
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
                "x*",
                "4: no instance matches `x*` (`gamectl status` shows all there are)",
            ),
        ] {
            assert_eq!(chosen(&["conan", selector]), Err(wanted.to_owned()));
        }
        assert!(chosen(&["a[b"]).unwrap_err().starts_with("2: `a[b` is not a pattern"));
    }
}
