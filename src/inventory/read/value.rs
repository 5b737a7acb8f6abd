//! Single values: text, words, numbers, times.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::collector::Collector;
use crate::inventory::report::found::Found;
use crate::inventory::text::duration::duration;
use crate::inventory::text::expand::expand;
use crate::inventory::text::node::{Entry, Node, Shape, Span};

/// The bytes of a text that count as one value more: aliases repeat long texts
/// as well as many.
const TEXT_PER_VALUE: usize = 64;

impl Collector<'_> {
    /// Notes that a value has the wrong shape. `what` comes with its quotes.
    pub(crate) fn mismatch(&mut self, what: &str, wants: &str, node: &Node) -> &mut Found {
        let scalar = matches!(node.shape, Shape::Scalar(_));
        let hint = if node.is_null() && what.starts_with('`') {
            format!("it must be {wants}; leave the key out if there is nothing to say")
        } else if node.is_null() {
            format!("it must be {wants}; quote a word such as null")
        } else if scalar && wants.starts_with("a list") {
            "put it into brackets: `[...]`".to_owned()
        } else if matches!(node.shape, Shape::Map(_)) && wants.starts_with("a list") {
            "put a `- ` before each item".to_owned()
        } else {
            String::new()
        };
        let message = if node.is_null() {
            format!("{what} has no value")
        } else {
            format!("{what} must be {wants}, but this is {}", node.kind())
        };
        let found = self.problem(node.span, message);
        found.hint = Some(hint).filter(|hint| !hint.is_empty());
        found
    }

    /// Returns the entries of a mapping. A value that is null has none.
    pub(crate) fn mapping<'n, 'a>(&mut self, what: &str, wants: &str, node: &'n Node<'a>) -> &'n [Entry<'a>] {
        match &node.shape {
            Shape::Map(map) if self.spend(map.entries.len(), node.span) => &map.entries,
            Shape::Map(_) => &[],
            _ if node.is_null() => &[],
            _ => {
                self.mismatch(what, wants, node);
                &[]
            }
        }
    }

    /// Returns the items of a list.
    pub(crate) fn list<'n, 'a>(&mut self, what: &str, wants: &str, node: &'n Node<'a>) -> Option<&'n [Arc<Node<'a>>]> {
        let Shape::List(items) = &node.shape else {
            self.mismatch(what, wants, node);
            return None;
        };
        self.spend(items.len(), node.span).then_some(items)
    }

    /// Returns a text with its variables expanded, byte for byte.
    pub(crate) fn text<'n>(&mut self, what: &str, wants: &str, node: &'n Node) -> Option<Cow<'n, OsStr>> {
        let scalar = match &node.shape {
            Shape::Scalar(scalar) if !node.is_null() => scalar,
            _ => {
                self.mismatch(what, wants, node);
                return None;
            }
        };
        if !self.spend(scalar.text.len() / TEXT_PER_VALUE, node.span) {
            return None;
        }
        let expanded = match expand(&scalar.text, self.env()) {
            Ok(expanded) => expanded,
            Err(unset) => {
                for unset in unset {
                    self.problem(
                        node.part(unset.at, unset.len),
                        format!("the variable `{}` is not set", unset.name),
                    )
                    .hint(format!(
                        "set it, or give a default: `${{{}:-...}}`; a dollar is `$$`",
                        unset.name
                    ));
                }
                return None;
            }
        };
        if expanded.as_bytes().contains(&0) {
            self.problem(node.span, format!("{what} cannot contain a NUL character"));
            return None;
        }
        Some(expanded)
    }

    /// Returns a text that must be UTF-8.
    pub(crate) fn word<'n>(&mut self, what: &str, wants: &str, node: &'n Node) -> Option<Cow<'n, str>> {
        let word = match self.text(what, wants, node)? {
            Cow::Borrowed(word) => word.to_str().map(Cow::Borrowed),
            Cow::Owned(word) => word.into_string().ok().map(Cow::Owned),
        };
        if word.is_none() {
            self.problem(
                node.span,
                format!("{what} must be UTF-8, but a variable in it holds something else"),
            );
        }
        word
    }

    /// Returns a word that must be a single line.
    pub(crate) fn line(&mut self, what: &str, node: &Node) -> Option<String> {
        let line = self.word(what, "a line of text", node)?;
        if line.contains(['\n', '\r']) {
            self.problem(node.span, format!("{what} must be a single line"))
                .hint("make each line a step of its own");
            return None;
        }
        Some(line.into_owned())
    }

    /// Returns a list of texts. One that is wrong is left out, and the others
    /// are looked at as well.
    pub(crate) fn texts(&mut self, what: &str, node: &Node) -> Option<Vec<OsString>> {
        let items = self.list(what, "a list", node)?;
        let item = format!("an item of {what}");
        let texts = items.iter().filter_map(|node| self.text(&item, "text", node));
        Some(texts.map(Cow::into_owned).collect())
    }

    /// Returns a list of UTF-8 texts.
    pub(crate) fn words(&mut self, what: &str, node: &Node) -> Option<Vec<String>> {
        let items = self.list(what, "a list of words", node)?;
        let item = format!("an item of {what}");
        let words = items.iter().filter_map(|node| self.word(&item, "text", node));
        Some(words.map(Cow::into_owned).collect())
    }

    /// Returns a program with its arguments.
    pub(crate) fn command(&mut self, what: &str, node: &Node) -> Option<Vec<String>> {
        let argv = self.words(what, node)?;
        if argv.first().is_none_or(String::is_empty) {
            self.problem(node.span, format!("{what} names no program"))
                .hint("it is a list: the program, then its arguments");
            return None;
        }
        self.program_there(what, argv.first().map(OsStr::new), node);
        Some(argv)
    }

    /// Notes a problem where the program of a command is a relative path, and is that of
    /// another host. A bare name is looked for there.
    pub(crate) fn program_there(&mut self, what: &str, program: Option<&OsStr>, command: &Node) {
        let (Some(program), Shape::List(words)) = (program, &command.shape) else {
            return;
        };
        if self.is_elsewhere() && program.as_bytes().contains(&b'/') && !Path::new(program).is_absolute() {
            let at = words.first().map_or(command.span, |word| word.span);
            self.relative_there(what, at);
        }
    }

    fn relative_there(&mut self, what: &str, at: Span) {
        self.problem(at, format!("{what} is relative, and the instance is on another host"))
            .hint("write the whole path, as it is there");
    }

    pub(crate) fn flag(&mut self, what: &str, node: &Node) -> Option<bool> {
        let word = self.word(what, "true or false", node)?;
        match word.as_ref() {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            other => {
                let meant = match other.to_ascii_lowercase().as_str() {
                    "yes" | "on" | "y" => Some("write `true`"),
                    "no" | "off" | "n" => Some("write `false`"),
                    _ => None,
                };
                let found = self.problem(node.span, format!("{what} must be `true` or `false`"));
                found.hint = meant.map(str::to_owned);
                None
            }
        }
    }

    /// Returns a whole number.
    pub(crate) fn number(&mut self, what: &str, range: RangeInclusive<u32>, node: &Node) -> Option<u32> {
        let word = self.word(what, "a whole number", node)?;
        let digits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
        let number = word.parse().ok().filter(|number| digits && range.contains(number));
        if number.is_none() {
            let message = match (range.start(), range.end()) {
                (low, &u32::MAX) => format!("{what} must be a whole number, at least {low}"),
                (low, high) => format!("{what} must be a whole number from {low} to {high}"),
            };
            self.problem(node.span, message);
        }
        number
    }

    pub(crate) fn duration(&mut self, what: &str, node: &Node) -> Option<Duration> {
        let word = self.word(what, "a duration such as `30s`", node)?;
        match duration(&word) {
            Ok(duration) => Some(duration),
            Err((wrong, hint)) => {
                self.problem(node.span, format!("{what} {wrong}")).hint = hint;
                None
            }
        }
    }

    /// Returns a path; one that is not absolute begins at the inventory's
    /// folder.
    pub(crate) fn path(&mut self, what: &str, node: &Node) -> Option<PathBuf> {
        let text = self.text(what, "a path", node)?;
        self.path_of(what, &text, node.span)
    }

    /// Returns the path that a text names; see [`Collector::path`].
    pub(crate) fn path_of(&mut self, what: &str, text: &OsStr, at: Span) -> Option<PathBuf> {
        if text.is_empty() {
            self.problem(at, format!("{what} is empty"))
                .hint("leave the key out if there is nothing to say");
            return None;
        }
        if text == "~" || text.as_bytes().starts_with(b"~/") {
            self.problem(at, format!("{what} begins with `~`, which only a shell expands"))
                .hint("write the whole path, or `${HOME}/...`");
            return None;
        }
        if self.is_elsewhere() && !Path::new(text).is_absolute() {
            self.relative_there(what, at);
            return None;
        }
        Some(plain(&self.folder().join(text)))
    }
}

/// Returns the path in its shortest form: `a/./b/` is `a/b`, and so is `a/c/../b`,
/// unless `c` is a link, which leads elsewhere.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        if part == Component::ParentDir && !plain.is_symlink() && !plain.ends_with("..") {
            plain.pop();
        } else {
            plain.push(part);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_without_detours() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir_all(at("a/b")).unwrap();
        std::os::unix::fs::symlink(at("a/b"), at("link")).unwrap();
        for (path, wanted) in [
            ("a/./b/", "a/b"),
            ("a/../c", "c"),
            ("a/b/../../c", "c"),
            // Nothing is there.
            ("none/../c", "c"),
            ("link/../c", "link/../c"),
            ("link/../../c", "link/../../c"),
            ("a/../link/../c", "link/../c"),
        ] {
            assert_eq!(plain(&at(path)), at(wanted), "{path}");
        }
        assert_eq!(plain("/../x".as_ref()), PathBuf::from("/x"));
    }
}
