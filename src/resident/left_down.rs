//! The words on what stays down until somebody starts it.

use super::crash::crash_name;
use super::step::{Effects, Moment};
use crate::event::Level;
use crate::inventory::Instance;
use crate::invocation::command;
use crate::policy::restart::StayReason;
use crate::store::history::Restarts;
use crate::supervisor::{Facts, InstanceState};

/// Returns why an instance that is stopped is not started, with the command that
/// starts it; `None` where it will be, or its own note says why.
pub(super) fn left_down(instance: &Instance, facts: &Facts, moment: &Moment) -> Option<String> {
    if facts.state != InstanceState::Stopped {
        return None;
    }
    let why = if moment.wants_stopped() {
        "stopped by you"
    } else if !instance.autostart && !moment.wants_running(false) && facts.note.is_none() {
        "its `autostart` is false"
    } else {
        return None;
    };
    Some(format!("{why}; {} starts it", start(instance)))
}

/// Says why an instance that is down when it is first seen is not started.
pub(super) fn tell_left_down(
    instance: &Instance,
    record: &Restarts,
    facts: &Facts,
    moment: &Moment,
    effects: &mut Effects,
) {
    let is_decided = match facts.state {
        InstanceState::Stopped => true,
        InstanceState::Crashed { .. } => record.decided == crash_name(facts),
        _ => false,
    };
    if let Some(left) = left_down(instance, facts, moment) {
        effects.log(Level::Info, left);
    } else if is_decided
        && record.stays.is_some()
        && let Some(trouble) = standing_trouble(instance, record, moment)
    {
        effects.log(Level::Error, trouble);
    }
}

/// Returns the trouble on record while it stands, and where nothing but a person ends
/// it, the command that does.
pub(super) fn standing_trouble(instance: &Instance, record: &Restarts, moment: &Moment) -> Option<String> {
    let why = moment.trouble(record)?;
    Some(match record.stays {
        Some(StayReason::GaveUp | StayReason::Held) => with_another_try(&why, instance),
        Some(StayReason::Never) | None => why,
    })
}

/// Adds the command that tries again.
pub(super) fn with_another_try(why: &str, instance: &Instance) -> String {
    format!("{why}; {} tries again", start(instance))
}

fn start(instance: &Instance) -> String {
    command(format_args!("start {}", instance.id))
}
