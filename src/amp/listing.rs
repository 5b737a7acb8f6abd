//! The list of a controller: all instances of all its targets, with their states.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::inventory::nearest;
use crate::supervisor::{Players, Usage};

/// The metric that counts players.
const PLAYERS: &str = "Active Users";

/// The metric of the memory of a game. That of the CPU does not say of how many cores it is
/// a part.
const MEMORY: &str = "Memory Usage";

/// The state of a target that answers its controller.
const ONLINE: i64 = 20;

/// An instance of AMP, as the list tells of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ListedInstance {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) friendly_name: String,
    pub(super) module: String,
    pub(super) version: Option<String>,
    /// True if the part of AMP beside the game runs; `None` if the list does not tell.
    pub(super) is_running: Option<bool>,
    pub(super) is_suspended: bool,
    /// True if the list tells the state of games at all.
    pub(super) tells_game: bool,
    /// The state of the game; `None` if the list does not tell.
    pub(super) app_state: Option<i64>,
    pub(super) players: Option<Players>,
    /// The use of CPU and memory, as far as AMP counts it.
    pub(super) usage: Option<Usage>,
    /// The reason why the list may be old for this one: its target does not answer.
    pub(super) stale: Option<String>,
}

/// All that a controller lists.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct AmpListing {
    instances: Vec<ListedInstance>,
    /// The targets that do not answer, in words.
    away: Vec<String>,
}

/// A list, or why there is none.
pub(super) type AmpSeen = Result<Arc<AmpListing>, Failure>;

/// An entry of the answer: an instance, or else a target with its instances.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawEntry {
    // Of a target.
    #[serde(default)]
    available_instances: Option<Vec<RawEntry>>,
    #[serde(default)]
    is_remote: Option<bool>,
    #[serde(default)]
    state: Option<Value>,
    #[serde(default)]
    state_reason: Option<String>,
    // Of both.
    #[serde(default)]
    friendly_name: Option<String>,
    // Of an instance.
    #[serde(rename = "InstanceID", default)]
    id: Option<String>,
    #[serde(default)]
    instance_name: Option<String>,
    #[serde(default)]
    module: Option<String>,
    #[serde(rename = "AMPVersion", default)]
    version: Option<Value>,
    #[serde(default)]
    running: Option<bool>,
    #[serde(default)]
    suspended: Option<bool>,
    #[serde(default)]
    app_state: Option<Value>,
    #[serde(default)]
    metrics: Option<HashMap<String, RawMetric>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawMetric {
    #[serde(default)]
    raw_value: Option<f64>,
    #[serde(default)]
    max_value: Option<f64>,
    #[serde(default)]
    units: Option<String>,
}

/// An old form of the answer.
#[derive(Deserialize)]
struct RawWrapped {
    #[serde(alias = "Result")]
    result: Vec<RawEntry>,
}

/// Parses the answer to `ADSModule/GetInstances`.
pub(super) fn parse(text: &[u8]) -> Result<AmpListing, serde_json::Error> {
    let is_wrapped = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let entries: Vec<RawEntry> = match is_wrapped {
        true => serde_json::from_slice::<RawWrapped>(text)?.result,
        false => serde_json::from_slice(text)?,
    };
    let mut listing = AmpListing::default();
    for entry in entries {
        let stale = entry.trouble();
        if entry.instance_name.is_some() {
            listing.instances.extend(of_raw(entry, None));
            continue;
        }
        let own = entry.available_instances.into_iter().flatten();
        listing
            .instances
            .extend(own.filter_map(|one| of_raw(one, stale.clone())));
        listing.away.extend(stale);
    }
    Ok(listing)
}

impl RawEntry {
    /// Returns why what the controller has of a target may be old.
    fn trouble(&self) -> Option<String> {
        let state = self.state.as_ref().and_then(Value::as_i64);
        if self.is_remote != Some(true) || state.is_none_or(|state| state == ONLINE) {
            return None;
        }
        let word = match state? {
            0 => "pending".to_owned(),
            5 => "connecting".to_owned(),
            10 => "offline".to_owned(),
            15 => "unavailable".to_owned(),
            16 => "refused by its login".to_owned(),
            30 => "disabled".to_owned(),
            100 => "updated just now".to_owned(),
            other => format!("in the state {other}"),
        };
        let name = plain(self.friendly_name.as_deref().unwrap_or_default());
        let why = plain(self.state_reason.as_deref().unwrap_or_default());
        let why = if why.is_empty() { why } else { format!(": {why}") };
        Some(format!("AMP's target `{name}` is {word}{why}"))
    }
}

fn of_raw(raw: RawEntry, stale: Option<String>) -> Option<ListedInstance> {
    Some(ListedInstance {
        players: raw.metrics.as_ref().and_then(|metrics| players(metrics.get(PLAYERS)?)),
        usage: raw.metrics.as_ref().and_then(|metrics| usage(metrics.get(MEMORY)?)),
        id: raw.id?,
        name: raw.instance_name?,
        friendly_name: raw.friendly_name.unwrap_or_default(),
        module: raw.module.unwrap_or_default(),
        version: raw.version.as_ref().and_then(Value::as_str).map(plain),
        is_running: raw.running,
        is_suspended: raw.suspended.unwrap_or(false),
        tells_game: true,
        app_state: raw.app_state.as_ref().and_then(Value::as_i64),
        stale,
    })
}

fn usage(memory: &RawMetric) -> Option<Usage> {
    const MEBIBYTE: f64 = 1024.0 * 1024.0;
    let amount = memory.raw_value.filter(|amount| (0.0..=1e9).contains(amount));
    Some(Usage {
        memory_bytes: amount
            .filter(|_| memory.units.as_deref() == Some("MB"))
            .map(|amount| (amount * MEBIBYTE) as u64),
        ..Usage::default()
    })
}

fn players(metric: &RawMetric) -> Option<Players> {
    let count = |value: Option<f64>| {
        let value = value.filter(|value| value.fract() == 0.0 && (0.0..=1e6).contains(value))?;
        format!("{value:.0}").parse().ok()
    };
    Some(Players {
        online: count(metric.raw_value)?,
        max: Some(count(metric.max_value)?),
    })
}

/// Returns a text of AMP as a screen can show it.
pub(super) fn plain(text: &str) -> String {
    const LONGEST: usize = 300;
    let text = text.trim().chars().filter(|c| !c.is_control());
    text.take(LONGEST).collect()
}

impl AmpListing {
    /// Makes the list of these.
    pub(super) fn of(instances: Vec<ListedInstance>) -> Self {
        Self {
            instances,
            away: Vec::new(),
        }
    }

    /// Returns the instance of a name, or else of an id.
    ///
    /// # Errors
    /// When there is none, or more than one; the text says what there is.
    pub(super) fn find(&self, name: &str) -> Result<&ListedInstance, String> {
        let named: Vec<&ListedInstance> = self.instances.iter().filter(|one| one.name == name).collect();
        match named.as_slice() {
            [one] => return Ok(one),
            [] => {}
            several => {
                let ids: Vec<String> = several.iter().map(|one| format!("`{}`", plain(&one.id))).collect();
                return Err(format!(
                    "AMP has {} instances of the name `{name}`: write the id of one, {}, in its place",
                    several.len(),
                    ids.join(" or ")
                ));
            }
        }
        let by_id = self.instances.iter().find(|one| one.id.eq_ignore_ascii_case(name));
        by_id.ok_or_else(|| self.nothing(name))
    }

    fn nothing(&self, name: &str) -> String {
        let mut text = format!("AMP has no instance `{name}`, or its user may not see it");
        if let Some(one) = self.instances.iter().find(|one| one.friendly_name == name) {
            text = format!(
                "`{name}` is the friendly name of an instance of AMP: write its name, `{}`",
                plain(&one.name)
            );
        } else if let Some(near) = nearest(name, self.instances.iter().map(|one| one.name.as_str())) {
            text.push_str(&format!("; the nearest name is `{}`", plain(near)));
        }
        for away in &self.away {
            text.push_str("; ");
            text.push_str(away);
        }
        text
    }

    #[cfg(fuzzing)]
    pub(super) fn instances(&self) -> &[ListedInstance] {
        &self.instances
    }

    /// Returns how many instances there are.
    pub(super) fn len(&self) -> usize {
        self.instances.len()
    }
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
