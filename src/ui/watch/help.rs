//! The keys, in the place of the table.

use crate::ui::paint::{Look, Tone};
use crate::ui::width::{cut, width};

/// The keys, each with its meaning.
const KEYS: [(&str, &str); 6] = [
    ("up down, k j", "select a row"),
    ("page up, down", "a page further"),
    ("g G", "the first and last row"),
    ("/", "only rows with a text"),
    ("o", "another order"),
    ("Enter", "show it in detail"),
];

/// The keys that change something.
const DEEDS: [(&str, &str); 4] = [
    ("s", "start it"),
    ("x", "stop it"),
    ("r", "restart it"),
    ("S", "skip its next schedule"),
];

const HELP: (&str, &str) = ("?", "this; any key ends it");

pub(super) fn lines(columns: usize, may_act: bool, way_out: &str, look: Look) -> Vec<String> {
    let deeds = DEEDS.iter().filter(|_| may_act);
    let keys = KEYS.iter().chain(deeds).chain([&HELP]);
    let room = KEYS.iter().map(|(keys, _)| width(keys)).max().unwrap_or(0);
    let line = |(keys, meaning): &(&str, &str)| {
        let line = format!("{keys:room$}  {meaning}");
        cut(&line, columns, look.ellipsis()).into_owned()
    };
    let mut lines: Vec<String> = keys.map(line).collect();
    lines.push(look.paint(Tone::Dim, &cut(way_out, columns, look.ellipsis())));
    lines
}
