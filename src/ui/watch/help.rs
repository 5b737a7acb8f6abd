//! The keys, in the place of the table.

use crate::ui::paint::Look;
use crate::ui::width::{cut, width};

/// The keys, each with its meaning. All of them fit on a small screen.
const KEYS: [(&str, &str); 5] = [
    ("up down, k j", "select a row"),
    ("page, g G", "pages, first and last row"),
    ("/ o", "filter rows, another order"),
    ("Enter l", "its detail, its log"),
    ("/ n N w s", "in a log: find, wrap, save"),
];

/// The keys that change something.
const DEEDS: [(&str, &str); 4] = [
    ("c", "its console"),
    ("s x r", "start, stop, restart it"),
    ("R C", "restart when empty, cancel"),
    ("S", "skip its next schedule"),
];

/// The keys that end something.
const ENDS: [(&str, &str); 2] = [("?", "this; any key ends it"), ("q, Ctrl-C", "leave")];

pub(super) fn lines(columns: usize, may_act: bool, look: Look) -> Vec<String> {
    let deeds = DEEDS.iter().filter(|_| may_act);
    let keys = KEYS.iter().chain(deeds).chain(&ENDS);
    let room = KEYS.iter().map(|(keys, _)| width(keys)).max().unwrap_or(0);
    let line = |(keys, meaning): &(&str, &str)| {
        let line = format!("{keys:room$}  {meaning}");
        cut(&line, columns, look.ellipsis()).into_owned()
    };
    keys.map(line).collect()
}
