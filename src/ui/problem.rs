//! The problems of an inventory, with their lines and carets under them.

use super::paint::{Look, Tone};
use super::result;
use crate::inventory::{Problem, Problems};
use crate::text::{clean, clean_line};

pub(super) fn render(problems: &Problems, look: Look) -> String {
    let mut out = String::new();
    for problem in &problems.list {
        out.push_str(&one(&problems.source, problem, look));
    }
    let count = problems.list.len();
    if count > 1 {
        let source = clean_line(&problems.source);
        let line = format!("{count} problems in {source}; nothing was touched");
        out.push_str(&format!("{}\n", look.wrap(&line, 0)));
    }
    out
}

fn one(source: &str, problem: &Problem, look: Look) -> String {
    let mut out = result::error(&clean(&problem.message), look);
    let gutter = problem.line.map_or(1, |line| line.to_string().len());
    let pad = " ".repeat(gutter);
    let bar = look.paint(Tone::Dim, "|");
    out.push_str(&format!("{pad}{} {}", look.paint(Tone::Dim, "-->"), clean_line(source)));
    if let Some(line) = problem.line {
        out.push_str(&format!(":{line}"));
        if let Some(column) = problem.column {
            out.push_str(&format!(":{column}"));
        }
    }
    out.push('\n');
    let excerpt = problem.excerpt.as_ref().filter(|excerpt| !excerpt.trim().is_empty());
    if let (Some(line), Some(excerpt)) = (problem.line, excerpt) {
        let room = look.columns.map(|columns| columns.saturating_sub(gutter + 3));
        let (text, caret, width) = window(
            clean_line(excerpt).trim_end(),
            problem.caret as usize,
            problem.width.max(1) as usize,
            room,
            look.ellipsis(),
        );
        let indent = " ".repeat(caret);
        let carets = "^".repeat(width);
        out.push_str(&format!("{pad} {bar}\n"));
        out.push_str(&format!("{line} {bar} {text}\n"));
        out.push_str(&format!("{pad} {bar} {indent}{}\n", look.paint(Tone::Bad, &carets)));
    }
    if let Some((line, what)) = &problem.related {
        out.push_str(&format!("{pad} = {}: line {line}\n", clean_line(what)));
    }
    if let Some(hint) = &problem.hint {
        out.push_str(&result::hint(hint, look));
    }
    out.push('\n');
    out
}

/// Returns the part of a line around its carets that fits, with the position
/// and the number of carets in it.
fn window(text: &str, caret: usize, width: usize, room: Option<usize>, ellipsis: &str) -> (String, usize, usize) {
    let cells: Vec<char> = text.chars().collect();
    let Some(room) = room.filter(|room| cells.len() > *room) else {
        return (text.to_owned(), caret, width);
    };
    let dots = ellipsis.chars().count();
    // The mistake gets half of the room, and the text before it the other half.
    let from = if caret + width.min(room / 2) + dots > room {
        caret.saturating_sub(room / 2)
    } else {
        0
    };
    let until = cells.len().min(from + room);
    let mut shown: Vec<char> = cells.get(from..until).unwrap_or_default().to_vec();
    let mark = |shown: &mut [char]| {
        for (cell, dot) in shown.iter_mut().zip(ellipsis.chars()) {
            *cell = dot;
        }
    };
    if from > 0 {
        mark(&mut shown);
    }
    if until < cells.len() {
        let end = shown.len().saturating_sub(dots);
        mark(shown.get_mut(end..).unwrap_or_default());
    }
    let caret = caret - from;
    let width = width.min(room.saturating_sub(caret)).max(1);
    (shown.into_iter().collect(), caret, width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_wrong_is_in_sight() {
        const LINE: &str = "  a: { stop: [ { signal: TRM, wait: 5x } ] }";
        for (caret, width, room, wanted) in [
            (25, 3, None, (LINE, 25, 3)),
            (25, 3, Some(60), (LINE, 25, 3)),
            (25, 3, Some(40), ("  a: { stop: [ { signal: TRM, wait: 5x …", 25, 3)),
            (25, 3, Some(20), ("… signal: TRM, wait…", 10, 3)),
            (2, 40, Some(20), ("  a: { stop: [ { si…", 2, 18)),
        ] {
            let (text, caret, width) = window(LINE, caret, width, room, "…");
            assert_eq!((text.as_str(), caret, width), wanted, "{room:?}");
        }
    }

    proptest! {
        #[test]
        fn it_fits_and_the_caret_is_under_the_same(text in "[a-z]{1,80}", at in 0_usize..80, width in 1_usize..20, room in 8_usize..100) {
            let at = at.min(text.len() - 1);
            let (shown, caret, carets) = window(&text, at, width, Some(room), "…");
            if text.len() > room {
                prop_assert!(shown.chars().count() <= room && caret + carets <= room);
            }
            let under = shown.chars().nth(caret);
            prop_assert!(under == text.chars().nth(at) || under == Some('…'), "{} {}", shown, caret);
        }
    }
}
