//! The `game` whose preset an instance is merged over.

use super::collector::Collector;
use super::section::{did_you_mean, written};
use crate::games::{self, PRESETS, Preset};
use crate::inventory::report::nearest::nearest;
use crate::inventory::text::node::Node;
use crate::invocation::command;

pub(super) fn read(check: &mut Collector, what: &str, node: &Node) -> Option<&'static Preset> {
    let word = check.word(what, "the name of a game", node)?;
    let preset = games::find(&word);
    if preset.is_none() {
        let near = nearest(&word, PRESETS.iter().map(|preset| preset.name));
        check
            .problem(
                node.span,
                format!("there is no game{} that is known here", written(node)),
            )
            .hint(did_you_mean(
                near,
                format!("{} lists those that are known", command("games")),
            ));
    }
    preset
}
