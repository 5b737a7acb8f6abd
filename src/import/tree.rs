//! A file of YAML or JSON as a tree, in which each value knows its line.

use super::file::ImportFile;
use crate::inventory::{LineIndex, Node, Problems, Refusal, Shape, read_yaml, refused};

/// A text that the parser of YAML takes: JSON is a part of it.
pub(super) struct TreeText<'f> {
    file: &'f ImportFile,
}

impl<'f> TreeText<'f> {
    pub(super) fn new(file: &'f ImportFile) -> Self {
        Self { file }
    }

    /// Reads the text, and hands its root to `work`.
    ///
    /// # Errors
    /// When it is no YAML, with the place; those of `work`.
    pub(super) fn read<T>(&self, work: impl FnOnce(Branch<'_>) -> Result<T, Problems>) -> Result<T, Problems> {
        let (name, text) = (self.file.name(), self.file.text());
        if text.trim().is_empty() {
            return Err(Problems::whole(name, "the file is empty", None));
        }
        let tree = read_yaml(text).map_err(|refusal| {
            let message = refusal.message.replace("; an inventory is one", "; a file has one");
            let message = message
                .replace(" in an inventory", " here")
                .replace("the inventory", "the file");
            refused(text, name, Refusal { message, ..refusal })
        })?;
        let lines = LineIndex::new(text);
        work(Branch {
            node: &tree.root,
            lines: &lines,
        })
    }
}

/// Reads a text that stands within another one, and hands its root to `work`; `None` where it
/// is no tree.
pub(super) fn within<T>(text: &str, work: impl FnOnce(Branch<'_>) -> T) -> Option<T> {
    let tree = read_yaml(text).ok()?;
    let lines = LineIndex::new(text);
    Some(work(Branch {
        node: &tree.root,
        lines: &lines,
    }))
}

/// A value of a tree.
#[derive(Clone, Copy)]
pub(super) struct Branch<'n> {
    node: &'n Node<'n>,
    lines: &'n LineIndex<'n>,
}

impl<'n> Branch<'n> {
    /// Returns the line that it begins in, from 1.
    pub(super) fn line(self) -> usize {
        self.lines.line(self.node.span.start).0
    }

    /// Returns the value of a key, unless that is null.
    pub(super) fn get(self, key: &str) -> Option<Self> {
        let found = self.entries().find(|(name, _)| *name == key).map(|(_, value)| value);
        found.filter(|value| !value.node.is_null())
    }

    /// Returns its single value, as it was written.
    pub(super) fn text(self) -> Option<&'n str> {
        match &self.node.shape {
            Shape::Scalar(scalar) if !self.node.is_null() => Some(&scalar.text),
            _ => None,
        }
    }

    /// Returns the single value of a key.
    pub(super) fn text_of(self, key: &str) -> Option<&'n str> {
        self.get(key)?.text()
    }

    /// Returns the items of a list, or the one value in place of it.
    pub(super) fn items(self) -> impl Iterator<Item = Self> {
        let items: &[_] = match &self.node.shape {
            Shape::List(items) => items,
            _ => &[],
        };
        let alone = matches!(self.node.shape, Shape::Scalar(_)).then_some(self);
        let lines = self.lines;
        items.iter().map(move |node| Self { node, lines }).chain(alone)
    }

    /// Returns the entries of a mapping.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'n str, Self)> {
        let entries: &[_] = match &self.node.shape {
            Shape::Map(map) => &map.entries,
            _ => &[],
        };
        let lines = self.lines;
        entries.iter().map(move |entry| {
            let node = &*entry.value;
            (entry.key.as_ref(), Self { node, lines })
        })
    }

    pub(super) fn is_list(self) -> bool {
        matches!(self.node.shape, Shape::List(_))
    }

    pub(super) fn is_mapping(self) -> bool {
        matches!(self.node.shape, Shape::Map(_))
    }

    /// Returns a flag, by any of its spellings.
    pub(super) fn is_true(self) -> bool {
        self.text()
            .is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_with_its_lines() {
        let text = "{\n  \"a\\/b\": \"\\ud83c\\udfae \\u00e9\",\n\t\"c\": [1, true, null],\n \"d\": {\"e\": {}},\n}";
        let file = ImportFile::new("x.json", text.as_bytes()).unwrap();
        let told = TreeText::new(&file).read(|root| {
            let c = root.get("c").unwrap();
            let items: Vec<Option<&str>> = c.items().map(Branch::text).collect();
            assert_eq!(items, [Some("1"), Some("true"), None]);
            assert_eq!(
                root.get("d").map(|d| (d.line(), d.is_mapping(), c.is_list())),
                Some((4, true, true))
            );
            Ok(root.text_of("a/b").unwrap().to_owned())
        });
        assert_eq!(told.unwrap(), "🎮 é");
    }

    #[test]
    fn what_is_no_tree_is_refused_at_its_place() {
        let deep = "[".repeat(10_000);
        for (text, place, message) in [
            ("{\"a\": 1\n\"b\"", Some((1, 1)), "this mapping is not closed"),
            (&*deep, Some((1, 65)), "nested too deeply"),
            ("a: &x [*x]", Some((1, 8)), "contains it"),
            ("a: 1\n---\nb: 2", Some((2, 1)), "a file has one"),
            ("a: !x b", Some((1, 4)), "mean nothing here"),
            (" \n", None, "the file is empty"),
            ("{\"a\": \"\\ud800x\"}", Some((1, 7)), ""),
        ] {
            let file = ImportFile::new("x.json", text.as_bytes()).unwrap();
            let Err(problems) = TreeText::new(&file).read(|_| Ok(())) else {
                panic!("{text:.40}");
            };
            let first = &problems.list[0];
            assert_eq!(first.line.zip(first.column), place, "{problems}");
            assert!(first.message.contains(message), "{problems}");
        }
    }
}
