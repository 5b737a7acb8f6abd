//! What is wrong with an inventory, with the line and a caret under it.

use super::paint::{Look, Tone};
use super::result;
use super::text::{clean, clean_line};
use crate::inventory::{Problem, Problems};

/// All problems, and how many there are.
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
        let indent = " ".repeat(problem.caret as usize);
        let carets = "^".repeat(problem.width.max(1) as usize);
        out.push_str(&format!("{pad} {bar}\n"));
        out.push_str(&format!("{line} {bar} {}\n", clean_line(excerpt).trim_end()));
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
