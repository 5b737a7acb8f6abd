//! Long lines on a terminal, broken between words: the terminal would break them
//! anywhere.

use super::width::width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// Breaks `text` into lines of so many columns; without columns, off a terminal,
/// it returns it as it is. Lines after the first begin with `hang` blanks, but a
/// line of its own in the text keeps its indent. A word that is too long, such as
/// a path, stays whole so that it can be copied, and so does text in backquotes
/// that fits on a line.
pub(super) fn wrapped(text: &str, hang: usize, columns: Option<usize>) -> String {
    let Some(columns) = columns else { return text.to_owned() };
    let mut lines = Vec::new();
    for (at, line) in text.split('\n').enumerate() {
        let own = line.len() - line.trim_start_matches(' ').len();
        let hang = if at == 0 { hang } else { own + 2 };
        // On a very narrow terminal the words need the room.
        let indent = " ".repeat(hang.min(columns / 2));
        let line = joined(&measured(line), columns.saturating_sub(indent.len()));
        let options = Options::new(columns)
            .subsequent_indent(&indent)
            .break_words(false)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        let broken = textwrap::wrap(&line, options);
        lines.extend(broken.into_iter().map(|line| line.replace(JOINT, " ")));
    }
    lines.join("\n")
}

/// Breaks one line of text into lines of at most so many columns, within a word too
/// where it is longer; none of nothing.
pub(super) fn filled(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in wrapped(text, 0, Some(columns)).lines() {
        if width(line) <= columns {
            lines.push(line.to_owned());
            continue;
        }
        let mut part = String::new();
        for c in line.chars() {
            let next = format!("{part}{c}");
            if width(&next) > columns && !part.is_empty() {
                lines.push(std::mem::replace(&mut part, c.to_string()));
            } else {
                part = next;
            }
        }
        lines.push(part);
    }
    lines
}

/// The stand-in for a blank at which no line is broken: a character that no text
/// has, and one column wide.
const JOINT: &str = "\u{e000}";

/// Joins each number and its unit.
fn measured(line: &str) -> String {
    // A colour may begin before the number, and end behind the unit.
    let is_number = |word: &str| {
        let digits = word.rsplit('m').next().unwrap_or(word);
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    let is_unit = |word: &str| {
        let word = word.split('\u{1b}').next().unwrap_or(word);
        let word = word.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        ["d", "h", "min", "s", "ms"].contains(&word)
    };
    let mut out = String::with_capacity(line.len());
    let mut last = "";
    for (at, word) in line.split(' ').enumerate() {
        let blank = if is_number(last) && is_unit(word) { JOINT } else { " " };
        out.push_str(if at == 0 { "" } else { blank });
        out.push_str(word);
        last = word;
    }
    out
}

/// Joins the words in backquotes if they are at most so wide.
fn joined(line: &str, columns: usize) -> String {
    let mut parts: Vec<String> = line.split('`').map(str::to_owned).collect();
    let count = parts.len();
    // Every second part is in backquotes, but for a last one without an end.
    for part in parts.iter_mut().take(count - 1).skip(1).step_by(2) {
        if width(part) + 3 <= columns {
            *part = part.replace(' ', JOINT);
        }
    }
    parts.join("`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_stay_whole() {
        for (text, hang, columns, wanted) in [
            ("one two three four", 2, 20, "one two three four"),
            ("one two three four", 2, 10, "one two\n  three\n  four"),
            ("one two three four", 2, 7, "one two\n  three\n  four"),
            ("--dry-run of-it", 2, 12, "--dry-run\n  of-it"),
            (
                "in /srv/a-long-path/x now",
                4,
                12,
                "in\n    /srv/a-long-path/x\n    now",
            ),
            ("日本 日本 日本", 1, 5, "日本\n 日本\n 日本"),
            (
                "\u{1b}[31mred\u{1b}[0m and blue",
                1,
                8,
                "\u{1b}[31mred\u{1b}[0m and\n blue",
            ),
            ("it ended\n  | said one two", 7, 14, "it ended\n  | said one\n    two"),
            ("  1. run a game", 5, 12, "  1. run a\n     game"),
            ("one two three", 8, 10, "one two\n     three"),
            ("a  b", 0, 10, "a  b"),
            ("say `a b c` or `d e`", 2, 12, "say `a b c`\n  or `d e`"),
            ("say `a b c d e f g` now", 2, 12, "say `a b c d\n  e f g` now"),
            ("one ` two three", 0, 10, "one ` two\nthree"),
            ("one after 42 s", 2, 12, "one after\n  42 s"),
            ("in 1 min 5 s (x)", 2, 9, "in 1 min\n  5 s (x)"),
            ("it is 2.5 h.", 0, 9, "it is\n2.5 h."),
            ("it has 42 so", 0, 10, "it has 42\nso"),
            ("in \u{1b}[2m42 s\u{1b}[0m", 0, 5, "in\n\u{1b}[2m42 s\u{1b}[0m"),
            ("", 2, 10, ""),
        ] {
            assert_eq!(wrapped(text, hang, Some(columns)), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_nothing_is_too_long(text in "[a-z/-]{1,9}( [a-z/-]{1,9}){0,12}", hang in 0_usize..9, columns in 1_usize..60) {
            prop_assert_eq!(wrapped(&text, hang, None), text.as_str());
            let broken = wrapped(&text, hang, Some(columns));
            let words: Vec<&str> = broken.split_whitespace().collect();
            prop_assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
            for line in broken.split('\n') {
                prop_assert!(width(line) <= columns || line.split_whitespace().count() == 1, "{}", broken);
            }
        }
    }
}
