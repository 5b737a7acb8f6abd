//! The facts of a crash, as the decisions read them.

use std::time::Duration;

use super::step::Moment;
use crate::supervisor::Facts;

pub(super) fn noted(facts: &Facts, why: &str) -> Facts {
    Facts {
        note: Some(why.to_owned()),
        ..facts.clone()
    }
}

/// Returns a text that differs between crashes.
pub(super) fn crash_name(facts: &Facts) -> String {
    format!(
        "{:?} {} {:?} {:?}",
        facts.since, facts.restarts, facts.last_exit, facts.details
    )
}

pub(super) fn ended_in_earlier_boot(facts: &Facts, moment: &Moment) -> bool {
    let ended = facts.last_exit.as_ref().and_then(|exit| exit.at);
    let before_boot = ended.and_then(|at| moment.booted.duration_since(at).ok());
    before_boot.is_some_and(|before| before > Duration::from_secs(1))
}

pub(super) fn reason(note: Option<&str>) -> String {
    note.map(|note| format!(": {note}")).unwrap_or_default()
}

pub(super) fn cannot_be_stopped(why: &str) -> String {
    format!("hung, and it could not be stopped: {why}")
}
