//! The `before_start` section.

use std::time::Duration;

use super::collector::Collector;
use super::hook;
use crate::inventory::model::before_start::BeforeStart;
use crate::inventory::model::instance::Plane;
use crate::inventory::report::keys;
use crate::inventory::text::node::Node;

/// The limit of a command that names none: an update of a game takes its time.
const USUAL_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Reads the section of an instance on this plane.
pub(super) fn read(check: &mut Collector, node: &Node, plane: &Plane) -> Option<BeforeStart> {
    let mut section = check.section("`before_start`", &keys::BEFORE_START, node);
    let command = hook::command(&mut section, node, "`before_start` has no `command`");
    let timeout = section.get("timeout", Collector::duration).unwrap_or(USUAL_TIMEOUT);
    let user = match plane {
        Plane::Process(spec) => spec.user.clone(),
        _ => None,
    };
    Some(BeforeStart {
        command: command?,
        timeout,
        cwd: section.check.folder().to_owned(),
        user,
    })
}
