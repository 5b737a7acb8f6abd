//! A text to an inventory, or to everything that is wrong with it.

use std::path::Path;

use super::check::{Env, Found, check};
use super::excerpt::excerpt;
use super::lines::Lines;
use super::model::Inventory;
use super::node::{Refusal, Span};
use super::problem::{Problem, Problems};
use super::{halves, secret, syntax, yaml};

/// So many problems are shown; who has more has one big one.
const MOST: usize = 100;

/// Reads an inventory from `text`.
///
/// Relative paths begin at `folder`, which must be absolute; `env` gives the
/// variables that the text refers to, and `PATH`. Nothing else is read but
/// whether the named programs exist.
///
/// # Errors
/// All problems at once; see [`Problems`].
pub fn parse(text: &[u8], source_name: &str, folder: &Path, env: Env) -> Result<Inventory, Problems> {
    let text = match syntax::screen(text) {
        Ok(text) => text,
        Err((text, refusal)) => return Err(refused(&text, source_name, &refusal)),
    };
    if let Some(inventory) = halves::read(text, folder, env) {
        return Ok(inventory);
    }
    let tree = match yaml::read(text) {
        Ok(tree) => tree,
        Err(refusal) => return Err(refused(text, source_name, &refusal)),
    };
    let (inventory, found) = check(&tree, folder, env);
    if found.is_empty() {
        return Ok(inventory);
    }
    let secrets = secret::in_tree(&tree, text);
    Err(Problems {
        source: source_name.to_owned(),
        list: listed(found, text, &secrets),
    })
}

#[cold]
fn refused(text: &str, source: &str, refusal: &Refusal) -> Problems {
    let Some(at) = refusal.at else {
        return Problems::whole(source, refusal.message.clone(), refusal.hint.clone());
    };
    // The parser may be behind the last line, where there is nothing to see.
    let at = if at >= text.len() { text.trim_end().len() } else { at };
    let found = Found {
        at: Span::new(at, 0),
        message: refusal.message.clone(),
        hint: refusal.hint.clone(),
        related: None,
    };
    let lines = Lines::of_people(text);
    let secrets = secret::in_line(text, &lines, at);
    Problems {
        source: source.to_owned(),
        list: vec![shown(found, text, &lines, &secrets)],
    }
}

/// Sorts, and drops what defaults and aliases made come twice.
#[cold]
fn listed(mut found: Vec<Found>, text: &str, secrets: &[Span]) -> Vec<Problem> {
    found.sort_by(|a, b| (a.at.start, &a.message).cmp(&(b.at.start, &b.message)));
    found.dedup_by(|a, b| a.at == b.at && a.message == b.message);
    let lines = Lines::of_people(text);
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    let mut list: Vec<Problem> = found
        .into_iter()
        .map(|found| shown(found, text, &lines, secrets))
        .collect();
    if more > 0 {
        list.push(Problem::whole(format!("there are {more} more problems"), None));
    }
    list
}

fn shown(found: Found, text: &str, lines: &Lines, secrets: &[Span]) -> Problem {
    let (line, column) = lines.place(found.at.start);
    let excerpt = excerpt(text, lines, found.at, secrets);
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Problem {
        line: Some(number(line)),
        column: Some(number(column)),
        width: excerpt.as_ref().map_or(1, |excerpt| excerpt.width),
        message: found.message,
        hint: found.hint,
        caret: excerpt.as_ref().map_or(0, |excerpt| excerpt.caret),
        excerpt: excerpt.map(|excerpt| excerpt.text),
        related: found
            .related
            .map(|(at, how)| (number(lines.line(at.start).0), how.to_owned())),
    }
}
