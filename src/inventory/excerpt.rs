//! The line of a problem, made fit to be shown: without secrets, without
//! control characters, and not too long.

/// What in a line or in the name of a key says that a secret may be near.
const SECRET_WORDS: [&str; 8] = ["pass", "secret", "token", "key", "credential", "psw", "pwd", "auth"];

/// What stands for something that is not shown.
const MASK: &str = "***";

/// A line longer than this is cut around the caret.
const WIDEST: usize = 120;

/// A line that can be shown, and where the caret belongs in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    pub(super) caret: u32,
    pub(super) width: u32,
}

/// The text of an inventory, by lines.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The line at this index, counted from 0, without its end.
    pub(super) fn get(&self, index: usize) -> &'a str {
        let start = self.starts.get(index).copied().unwrap_or(self.text.len());
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        self.text
            .get(start..end)
            .unwrap_or_default()
            .trim_end_matches(['\n', '\r'])
    }

    /// How many there are; at least one.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Line and column of a byte, both counted from 0, the column in
    /// characters.
    pub(super) fn position(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.chars().count())
    }

    /// The byte at a line and column, both counted from 0.
    pub(super) fn offset(&self, line: usize, column: usize) -> usize {
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        let inside: usize = self.get(line).chars().take(column).map(char::len_utf8).sum();
        start + inside
    }

    /// Makes an excerpt. `is_key` says that the caret is under the name of a
    /// key, which is no secret.
    pub(super) fn excerpt(&self, line: usize, column: usize, width: usize, is_key: bool) -> Excerpt {
        let text = self.get(line);
        let masked = if self.is_sensitive(line) {
            mask(text, column, width, is_key)
        } else {
            None
        };
        let (text, caret, width) = masked.unwrap_or_else(|| (text.to_owned(), column, width));
        let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let room = shown.chars().count().saturating_sub(caret).max(1);
        cut(&shown, caret, width.clamp(1, room))
    }

    fn is_sensitive(&self, line: usize) -> bool {
        let near = |text: &str| {
            let lower = text.to_lowercase();
            SECRET_WORDS.iter().any(|word| lower.contains(word)) || names_environment(&lower)
        };
        let own = self.get(line);
        // In a list of arguments the word stands in the item before.
        let is_item = own.trim_start().starts_with('-');
        let before = line
            .checked_sub(1)
            .filter(|_| is_item)
            .map_or("", |line| self.get(line));
        near(own) || near(before) || self.enclosing(line).any(near)
    }

    /// The lines that this one is nested in, by their indentation.
    fn enclosing(&self, line: usize) -> impl Iterator<Item = &'a str> {
        let mut indent = indent(self.get(line)).unwrap_or(usize::MAX);
        (0..line.min(self.len()))
            .rev()
            .map(|above| self.get(above))
            .filter(move |text| {
                let outer = self::indent(text).is_some_and(|own| own < indent);
                if outer {
                    indent = self::indent(text).unwrap_or(indent);
                }
                outer
            })
    }
}

fn indent(line: &str) -> Option<usize> {
    let rest = line.trim_start();
    (!rest.is_empty() && !rest.starts_with('#')).then(|| line.len() - rest.len())
}

/// Whether a line opens or holds an `env` section.
fn names_environment(line: &str) -> bool {
    line.split(['{', ',', ' ', '\t', '"', '\''])
        .any(|word| word == "env:" || word == "env")
}

/// Leaves the first key of the line, and the key under the caret, and hides
/// all else. `None` when there is nothing to hide.
fn mask(line: &str, column: usize, width: usize, is_key: bool) -> Option<(String, usize, usize)> {
    let chars: Vec<char> = line.chars().collect();
    let text = |from: usize, to: usize| {
        chars
            .get(from..to.max(from))
            .unwrap_or_default()
            .iter()
            .collect::<String>()
    };
    let first_colon = chars.iter().position(|c| *c == ':');
    let head_end = match first_colon {
        Some(at) => at + 1,
        None => chars
            .iter()
            .position(|c| !c.is_whitespace() && *c != '-')
            .unwrap_or(chars.len()),
    };
    if text(head_end, chars.len()).trim().is_empty() {
        return None;
    }
    let head = text(0, head_end);
    if column + width <= head_end || column < head_end {
        return Some((format!("{head} {MASK}"), column, width));
    }
    let lead = text(head_end, chars.len());
    let blanks = lead.chars().take_while(|c| c.is_whitespace()).count();
    let start = head_end + blanks;
    let head = text(0, start);
    if column <= start && !is_key {
        return Some((format!("{head}{MASK}"), start, MASK.len()));
    }
    if is_key {
        let kept = text(column, column + width);
        let before = if column > start {
            format!("{MASK} ")
        } else {
            String::new()
        };
        let caret = start + before.chars().count();
        return Some((format!("{head}{before}{kept}: {MASK}"), caret, width));
    }
    Some((format!("{head}{MASK}"), start, MASK.len()))
}

/// Cuts a long line around its caret.
fn cut(text: &str, caret: usize, width: usize) -> Excerpt {
    let chars: Vec<char> = text.chars().collect();
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    if chars.len() <= WIDEST {
        return Excerpt {
            text: text.to_owned(),
            caret: number(caret),
            width: number(width),
        };
    }
    let from = caret.saturating_sub(WIDEST / 2).min(chars.len() - WIDEST / 2);
    let to = (from + WIDEST).min(chars.len());
    let before = if from > 0 { "..." } else { "" };
    let after = if to < chars.len() { "..." } else { "" };
    let shown: String = chars.get(from..to).unwrap_or_default().iter().collect();
    let caret = caret - from + before.len();
    Excerpt {
        caret: number(caret),
        width: number(width.min(to.saturating_sub(from)).max(1)),
        text: format!("{before}{shown}{after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let lines = Lines::new("ab\nüc: x\r\n");
        assert_eq!(lines.position(0), (0, 0));
        assert_eq!(lines.position(3), (1, 0));
        assert_eq!(lines.position(5), (1, 1));
        assert_eq!(lines.get(1), "üc: x");
        assert_eq!(lines.get(7), "");
    }

    #[test]
    fn secrets_are_not_shown() {
        let text = "a:\n  process:\n    env:\n      NAME: hunter2\n      \"B\": |\n        hunter2\n    args: [+rcon.password, hunter2]\n    more:\n      - --password\n      - hunter2\n    x: { env: { A: hunter2 } }\n    token: \"hunter2: abc\n    plain: shown\n";
        let lines = Lines::new(text);
        for line in 0..lines.len() {
            for column in 0..lines.get(line).chars().count() {
                for is_key in [false, true] {
                    // A key is never the value itself.
                    let word = lines.get(line).chars().skip(column).take(3).collect::<String>();
                    if is_key && "hunter2".contains(&word) {
                        continue;
                    }
                    let excerpt = lines.excerpt(line, column, 3, is_key);
                    assert!(!excerpt.text.contains("hunter2"), "{line}:{column} {excerpt:?}");
                    assert!(
                        (excerpt.caret as usize) < excerpt.text.chars().count() + 1,
                        "{excerpt:?}"
                    );
                }
            }
        }
        assert_eq!(lines.excerpt(3, 6, 4, true).text, "      NAME: ***");
        assert_eq!(lines.excerpt(3, 12, 7, false).text, "      NAME: ***");
        assert_eq!(lines.excerpt(12, 11, 5, false).text, "    plain: shown");
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let text = format!("{}x{}", "a".repeat(500), "b".repeat(500));
        let lines = Lines::new(&text);
        let excerpt = lines.excerpt(0, 500, 1, false);
        assert_eq!(excerpt.text.chars().nth(excerpt.caret as usize), Some('x'));
        assert!(excerpt.text.len() < 200);
        assert_eq!(lines.excerpt(0, 0, 1, false).caret, 0);
    }
}
