//! Which instances a command line means.

use crate::failure::{Failure, FailureKind};
use crate::fleet::Member;
use crate::inventory::nearest;

/// An instance that was selected, and whether by its very id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Selected {
    /// Its place among the members.
    pub(super) index: usize,
    /// Whether it was named, rather than matched.
    pub(super) named: bool,
}

/// What a selector means.
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

    fn matches(&self, member: &Member) -> bool {
        match self {
            Self::Id(id) => member.id() == *id,
            Self::Tag(tag) => member.tags.iter().any(|known| known == tag),
            Self::Glob(pattern) => pattern.matches(member.id()),
        }
    }
}

/// The members that the selectors mean, in the order of the members, none
/// twice.
///
/// # Errors
/// When a selector means nothing.
pub(super) fn select(members: &[Member], selectors: &[String]) -> Result<Vec<Selected>, Failure> {
    let mut chosen: Vec<Option<Selected>> = members.iter().map(|_| None).collect();
    for text in selectors {
        let selector = Selector::parse(text)?;
        let named = matches!(selector, Selector::Id(_));
        let mut any = false;
        for (index, (member, place)) in members.iter().zip(&mut chosen).enumerate() {
            if selector.matches(member) {
                any = true;
                let named = named || place.is_some_and(|before: Selected| before.named);
                *place = Some(Selected { index, named });
            }
        }
        if !any {
            return Err(nothing(members, text, &selector));
        }
    }
    Ok(chosen.into_iter().flatten().collect())
}

fn nothing(members: &[Member], text: &str, selector: &Selector<'_>) -> Failure {
    let unknown = |message: String| Failure::new(FailureKind::Unknown, message);
    let all = "`gamectl status` shows all there are";
    match selector {
        Selector::Id(id) => {
            let failure = unknown(format!("there is no instance `{id}`"));
            match nearest(id, members.iter().map(Member::id)) {
                Some(near) => failure.hint(format!("did you mean `{near}`?")),
                None => failure.hint(all),
            }
        }
        Selector::Tag(tag) => {
            let failure = unknown(format!("no instance has the tag `{tag}`"));
            let tags = members.iter().flat_map(|member| member.tags.iter().map(String::as_str));
            match nearest(tag, tags) {
                Some(near) => failure.hint(format!("did you mean `tag:{near}`?")),
                None => failure,
            }
        }
        Selector::Glob(_) => unknown(format!("no instance matches `{text}`")).hint(all),
    }
}

/// The failure of a verb without any selector.
pub(super) fn nobody(verb: &str) -> Failure {
    Failure::new(FailureKind::Usage, format!("{verb} what? No instance was named")).hint(format!(
        "name instances, as in `gamectl {verb} ID`, or say `gamectl {verb} --all`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unmanaged::Unmanaged;
    use std::sync::Arc;

    fn members() -> Vec<Member> {
        let member = |(id, tags): (&str, &[&str])| Member {
            supervisor: Arc::new(Unmanaged::new(id, "none", "")),
            tags: tags.iter().map(ToString::to_string).collect(),
            listed: true,
        };
        let all: [(&str, &[&str]); 3] = [("rust-main", &["pvp"]), ("rust-test", &[]), ("conan", &["pvp", "eu"])];
        all.into_iter().map(member).collect()
    }

    fn chosen(selectors: &[&str]) -> Result<String, String> {
        let members = members();
        let selectors: Vec<String> = selectors.iter().map(ToString::to_string).collect();
        let shown = |one: Selected| format!("{}{}", members[one.index].id(), if one.named { "!" } else { "" });
        match select(&members, &selectors) {
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
    fn what_means_nothing_is_an_error_with_a_hint() {
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
