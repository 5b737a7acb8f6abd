//! The state of an instance, out of what the list of AMP tells of it.
//!
//! | the part of AMP | the application | state |
//! |---|---|---|
//! | not running | any | stopped |
//! | running | Stopped | stopped |
//! | running | PreStart, Configuring, Starting, Restarting | starting |
//! | running | Ready | running, before any probe is asked |
//! | running | Stopping, PreparingForSleep | stopping |
//! | running | Sleeping | stopped, and it wakes when somebody joins |
//! | running | Waiting, Installing, Updating, Maintenance, AwaitingUserInput | starting, with the reason |
//! | running | Failed | crashed, unless that was acknowledged by a stop |
//! | running | Suspended | stopped |
//! | running | Undefined, Indeterminate, any other number | unknown |
//! | running | not told: the list is that of `ampinstmgr` | running, before any probe is asked |
//!
//! What was started here, and is stopped without a stop that was begun here, was stopped
//! through AMP: it stays down until somebody starts it.

use super::listing::ListedInstance;
use super::phase::{self, AmpPhase};
use crate::event::Want;
use crate::supervisor::{Detail, Facts, InstanceState, LastExit};

/// The facts on record of an instance.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AmpCircumstances {
    pub(super) want: Option<Want>,
    /// True if it was started here since the host booted.
    pub(super) was_started: bool,
    /// True if a stop was begun here since its last start here.
    pub(super) was_stopped: bool,
    /// The automatic restarts by `run`.
    pub(super) restarts: u32,
}

/// Returns what an application does.
///
/// # Errors
/// When AMP does not tell, or tells something that is not known here.
pub(super) fn phase(one: &ListedInstance) -> Result<(&'static str, AmpPhase), String> {
    if let Some(stale) = &one.stale {
        return Err(stale.clone());
    }
    match one.is_running {
        None => return Err("AMP does not tell whether it runs".to_owned()),
        Some(false) if one.is_suspended => return Ok(("Suspended", AmpPhase::Suspended)),
        Some(false) => return Ok(("Stopped", AmpPhase::Down)),
        Some(true) if !one.tells_game => return Ok(("not told", AmpPhase::Ready)),
        Some(true) => {}
    }
    let number = one.app_state.ok_or("AMP does not tell the state of its application")?;
    match phase::of_number(number) {
        Some((name, AmpPhase::Unknown)) => Err(format!("AMP itself does not know its state: {name} ({number})")),
        Some((name, phase)) => Ok((name, phase)),
        None => Err(format!(
            "AMP says that it is in the state {number}, which is not known here"
        )),
    }
}

/// Returns the facts of an instance; it is `Running` where nothing but a probe is open.
///
/// # Errors
/// When its state is not known.
pub(super) fn judge(one: &ListedInstance, wanted: AmpCircumstances) -> Result<Facts, String> {
    let (name, phase) = phase(one)?;
    let in_amp = format!("AMP: {name}");
    let mut facts = match phase {
        AmpPhase::Ready => Facts::bare(InstanceState::Running, None),
        AmpPhase::Starting => Facts::bare(InstanceState::Starting, Some(in_amp)),
        AmpPhase::Busy => Facts::bare(InstanceState::Starting, Some(in_amp)),
        AmpPhase::AsksPerson => Facts::bare(
            InstanceState::Starting,
            Some(format!(
                "{in_amp}; its panel asks something that a person has to answer"
            )),
        ),
        AmpPhase::Stopping => Facts {
            ends_by_itself: !wanted.was_stopped,
            ..Facts::bare(InstanceState::Stopping, (name != "Stopping").then_some(in_amp))
        },
        AmpPhase::Down => down(one, wanted),
        AmpPhase::Asleep => left_down("AMP has put it to sleep, and wakes it when somebody joins"),
        AmpPhase::Suspended => left_down("AMP has suspended it"),
        AmpPhase::Failed if wanted.was_stopped && wanted.want != Some(Want::Running) => {
            Facts::bare(InstanceState::Stopped, None)
        }
        AmpPhase::Failed => {
            let note = "AMP calls it failed: it ended without being asked to".to_owned();
            Facts::bare(InstanceState::Crashed { exit_code: None }, Some(note))
        }
        AmpPhase::Unknown => return Err(in_amp),
    };
    facts.last_exit = (phase == AmpPhase::Failed).then_some(LastExit {
        code: None,
        signal: None,
        at: None,
        requested: false,
        oom_killed: false,
    });
    facts.restarts = wanted.restarts;
    facts.details = details(one, name);
    Ok(facts)
}

fn down(one: &ListedInstance, wanted: AmpCircumstances) -> Facts {
    let is_by_others = wanted.want == Some(Want::Running) && wanted.was_started && !wanted.was_stopped;
    if is_by_others {
        return left_down(match one.is_running {
            Some(true) => "it was stopped through AMP",
            _ => "its instance was stopped in AMP",
        });
    }
    Facts::bare(InstanceState::Stopped, None)
}

fn left_down(note: &str) -> Facts {
    Facts {
        stays_down: true,
        ..Facts::bare(InstanceState::Stopped, Some(note.to_owned()))
    }
}

fn details(one: &ListedInstance, name: &str) -> Vec<(std::borrow::Cow<'static, str>, Detail)> {
    let mut details = vec![
        ("amp_instance".into(), Detail::Text(one.name.clone())),
        ("amp_instance_id".into(), Detail::Text(one.id.clone())),
        (
            "amp_instance_running".into(),
            Detail::Flag(one.is_running == Some(true)),
        ),
        ("amp_state".into(), Detail::Text(name.to_owned())),
    ];
    for (key, value) in [("amp_module", Some(&one.module)), ("amp_version", one.version.as_ref())] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            details.push((key.into(), Detail::Text(value.clone())));
        }
    }
    details
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
