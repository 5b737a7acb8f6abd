//! The units that systemd stops together with a unit: those that require it, are bound to
//! it, or are a part of it.
//!
//! A restart by systemd restarts them, too. Here it is a stop and then a start, between
//! which somebody else may ask for a stop, and a start alone would leave them down.

use super::managed::ManagedUnit;
use crate::systemd::{UnitJob, UnitProperties};

/// Returns those of them that are up.
pub(super) async fn up_with(unit: &ManagedUnit, before: &UnitProperties) -> Vec<String> {
    let named = [&before.required_by, &before.bound_by, &before.consists_of];
    let mut names: Vec<&String> = named.into_iter().flatten().flatten().collect();
    names.sort_unstable();
    names.dedup();
    let mut up = Vec::new();
    for name in names {
        if is_up(unit, name).await == Some(true) {
            up.push(name.clone());
        }
    }
    up
}

/// Returns those of some units that are down now.
pub(super) async fn down_of(unit: &ManagedUnit, names: &[String]) -> Vec<String> {
    let mut down = Vec::new();
    for name in names {
        if is_up(unit, name).await == Some(false) {
            down.push(name.clone());
        }
    }
    down
}

/// Returns true if a unit is up or comes up; `None` if that cannot be found out.
async fn is_up(unit: &ManagedUnit, name: &str) -> Option<bool> {
    let now = unit.manager().properties(name).await.ok()?;
    let state = now.active_state.as_deref()?;
    Some(matches!(state, "active" | "reloading" | "refreshing" | "activating"))
}

/// Has systemd start units that have gone down with another one, and returns a note on
/// that.
pub(super) async fn start_again(unit: &ManagedUnit, names: &[String]) -> Option<String> {
    let mut begun = Vec::new();
    let mut failed = Vec::new();
    for name in down_of(unit, names).await {
        match unit.manager().begin_job(UnitJob::Start, &name).await {
            Ok(()) => begun.push(name),
            Err(why) => failed.push(format!("{name} went down with it, and is not started again: {why}")),
        }
    }
    let begun = (!begun.is_empty()).then(|| format!("systemd starts again with it: {}", begun.join(", ")));
    let notes: Vec<String> = begun.into_iter().chain(failed).collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}
