//! The YAML crate, which no other file names.

use std::collections::HashSet;

use super::excerpt::Lines;
use super::raw;
use super::reader::{Complaint, Context, EXPECTED, Mapping, Path, Place, Read};

/// So many values of the wrong kind are told of in one go.
const WRONG_KINDS: usize = 20;

/// Reads a file as far as it can be read, with everything there is to
/// complain about. `None` when it is no YAML at all.
pub(super) fn read(text: &str, lines: &Lines<'_>) -> (Option<raw::File>, Vec<Complaint>) {
    let mut skip: HashSet<Path> = HashSet::new();
    let mut wrong = Vec::new();
    loop {
        let context = Context::new(text, &skip);
        let read = Option::<Mapping<raw::File>>::read(&context, serde_yaml::Deserializer::from_str(text));
        let error = match read {
            Ok(file) => {
                wrong.extend(context.into_complaints());
                return (Some(file.map(|mapping| mapping.0).unwrap_or_default()), wrong);
            }
            Err(error) => error,
        };
        let (path, name) = context.stopped_at();
        let place = place_of(&error, lines);
        let message = error.to_string();
        let Some((found, expected)) = wrong_kind(&message) else {
            wrong.push(Complaint {
                place,
                ..syntax(&message, text, lines, place)
            });
            return (None, wrong);
        };
        let what = name.map_or_else(|| "the inventory".to_owned(), |name| format!("`{name}`"));
        wrong.push(Complaint {
            place,
            message: format!("{what} must be {expected}, but this is {found}"),
            hint: None,
            related: None,
        });
        // Each round passes over one more, or there is nothing left to read.
        if path.is_empty() || wrong.len() >= WRONG_KINDS || !skip_also(&mut skip, path) {
            return (None, wrong);
        }
    }
}

fn skip_also(skip: &mut HashSet<Path>, path: Path) -> bool {
    skip.insert(path)
}

fn place_of(error: &serde_yaml::Error, lines: &Lines<'_>) -> Place {
    let Some(location) = error.location() else {
        return Place::default();
    };
    let line = location.line().saturating_sub(1).min(lines.len() - 1);
    Place {
        offset: lines.offset(line, location.column().saturating_sub(1)),
        width: 1,
        is_key: false,
    }
}

/// Takes apart the message of a value of the wrong kind.
fn wrong_kind(message: &str) -> Option<(&'static str, String)> {
    let (found, expected) = message.split_once(EXPECTED)?;
    let expected = expected.split(" at line ").next().unwrap_or_default();
    let found = found.rsplit("invalid type: ").next().unwrap_or_default();
    // The value itself is not repeated: it may be a secret.
    let kinds = [
        ("map", "a mapping"),
        ("sequence", "a list"),
        ("unit", "empty"),
        ("string", "text"),
        ("integer", "a number"),
        ("floating", "a number"),
        ("boolean", "true or false"),
        ("null", "empty"),
    ];
    let kind = kinds.iter().find(|(word, _)| found.starts_with(word));
    Some((kind.map_or("something else", |(_, kind)| kind), expected.to_owned()))
}

/// Says in our words what the parser could not read.
fn syntax(message: &str, text: &str, lines: &Lines<'_>, place: Place) -> Complaint {
    let (line, _) = lines.position(place.offset);
    let source = lines.get(line);
    let indented_by_tab = source.trim_start_matches(' ').starts_with('\t');
    let has = |words: &str| message.contains(words);
    let (message, hint) = if text.trim().is_empty() || has("EOF while parsing") {
        ("the inventory is empty".to_owned(), "it needs at least `instances:`")
    } else if indented_by_tab {
        ("a tab is used for indentation".to_owned(), "YAML takes spaces only")
    } else if has("recursion limit") {
        (
            "this is nested far too deeply".to_owned(),
            "no inventory needs more than a few levels",
        )
    } else if has("repetition limit") {
        (
            "its aliases stand for far too much text".to_owned(),
            "write the values out, or use `defaults:`",
        )
    } else if has("more than one document") {
        (
            "there is more than one YAML document".to_owned(),
            "keep one, and remove the lines `---` between them",
        )
    } else if has("unknown anchor") {
        (
            "this alias names no anchor".to_owned(),
            "put text that begins with `*` into quotes",
        )
    } else {
        let plain = message.split(" at line ").next().unwrap_or_default();
        (
            format!("this is not valid YAML: {plain}"),
            "look at quotes, colons and indentation here and above",
        )
    };
    Complaint {
        place,
        message,
        hint: Some(hint.to_owned()),
        related: None,
    }
}
