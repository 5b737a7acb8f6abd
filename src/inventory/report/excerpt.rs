//! A line of the source, safe to be shown.

use crate::inventory::text::lines::LineIndex;
use crate::inventory::text::node::Span;

/// The widest excerpt, in characters, and how much of it stands before the
/// caret when something is cut off there.
const WIDEST: usize = 120;
const BEFORE: usize = 60;

/// The bytes of a line that are looked at to either side of the caret.
const WINDOW: usize = 2000;

/// The columns that a tab is shown with.
const TAB: usize = 4;

/// A line with a caret under it.
pub(crate) struct Excerpt {
    pub(crate) text: String,
    pub(crate) caret: u32,
    pub(crate) width: u32,
}

/// Shows the line of `span`. `secrets` are sorted and do not overlap; each is
/// shown as `***` whatever its length. `None` when nothing is left to show.
pub(crate) fn excerpt(text: &str, lines: &LineIndex, span: Span, secrets: &[Span]) -> Option<Excerpt> {
    let (_, start) = lines.line(span.start);
    // A line may be a megabyte long.
    let from = text.floor_char_boundary(span.start.saturating_sub(WINDOW)).max(start);
    let until = text.ceil_char_boundary((span.start + WINDOW).min(text.len()));
    let (clipped, start) = (from > start, from);
    let rest = text.get(start..until)?;
    let line = rest.split('\n').next().unwrap_or("").trim_end_matches('\r');
    let mut cells = Vec::new();
    let (mut caret, mut end) = (None, None);
    let first = secrets.partition_point(|secret| secret.end() <= start);
    let mut secrets = secrets.iter().skip(first).peekable();
    for (i, c) in line.char_indices() {
        let at = start + i;
        if at >= span.start {
            caret.get_or_insert(cells.len());
        }
        if at >= span.end() {
            end.get_or_insert(cells.len());
        }
        while secrets.peek().is_some_and(|secret| secret.end() <= at) {
            secrets.next();
        }
        let hidden = secrets.peek().is_some_and(|secret| secret.start <= at);
        let begins = secrets.peek().is_some_and(|secret| secret.start.max(start) == at);
        match c {
            _ if begins => cells.extend("***".chars()),
            _ if hidden => {}
            '\t' => cells.extend(std::iter::repeat_n(' ', TAB)),
            _ if is_unsafe(c) => cells.push('\u{fffd}'),
            _ => cells.push(c),
        }
    }
    let caret = caret.unwrap_or(cells.len());
    let width = end.unwrap_or(cells.len()).saturating_sub(caret).max(1);
    Some(cut(&cells, caret, width, clipped))
}

/// Returns true for a character that could move the cursor or turn the text
/// around.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn cut(cells: &[char], caret: usize, width: usize, clipped: bool) -> Excerpt {
    let from = if cells.len() > WIDEST {
        caret.saturating_sub(BEFORE)
    } else {
        0
    };
    let until = cells.len().min(from + WIDEST);
    let mut text = String::new();
    let more = from > 0 || clipped;
    if more {
        text.push('…');
    }
    text.extend(cells.get(from..until).unwrap_or_default());
    if until < cells.len() {
        text.push('…');
    }
    let caret = caret - from + usize::from(more);
    let room = text.chars().count().saturating_sub(caret).max(1);
    Excerpt {
        text,
        caret: u32::try_from(caret).unwrap_or(0),
        width: u32::try_from(width.min(room)).unwrap_or(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, start: usize, len: usize, secrets: &[Span]) -> String {
        let excerpt = excerpt(text, &LineIndex::new(text), Span::new(start, len), secrets).unwrap();
        let room = " ".repeat(excerpt.caret as usize);
        format!("{}\n{room}{}", excerpt.text, "^".repeat(excerpt.width as usize))
    }

    #[test]
    fn tabs_controls_and_line_ends() {
        assert_eq!(shown("a\r\n\tbcd\r\n", 5, 2, &[]), "    bcd\n     ^^");
        assert_eq!(shown("a\u{1b}\u{202e}b", 5, 1, &[]), "a\u{fffd}\u{fffd}b\n   ^");
        assert_eq!(shown("ab", 2, 0, &[]), "ab\n  ^");
    }

    #[test]
    fn secrets_have_no_length() {
        let text = "a: {K: hunter2, b: c}";
        assert_eq!(
            shown(text, 16, 1, &[Span::new(7, 7)]),
            "a: {K: ***, b: c}\n            ^"
        );
        assert_eq!(shown(text, 7, 7, &[Span::new(7, 7)]), "a: {K: ***, b: c}\n       ^^^");
        assert_eq!(shown("a: x\ny\nb", 5, 1, &[Span::new(3, 4)]), "***\n^^^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let text = format!("{}HERE{}", "x".repeat(5000), "y".repeat(5000));
        let shown = shown(&text, 5000, 4, &[]);
        assert!(shown.lines().all(|line| line.chars().count() < 130), "{shown}");
        assert!(
            shown.starts_with("…x") && shown.contains("HERE") && shown.contains("y…"),
            "{shown}"
        );
    }
}
