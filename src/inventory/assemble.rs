//! Instances with `defaults` merged under them: mappings key by key, all else
//! as a whole.

use std::path::Path;

use super::check::{self, Common};
use super::model::{GiveUp, Instance, Inventory, Plane, Ready, RestartPolicy, default_stop_chain, is_valid_id};
use super::raw;
use super::reader::Scalar;
use super::value::Values;

/// Makes an inventory of a file.
pub(super) fn inventory(values: &Values<'_>, file: &raw::File, folder: &Path) -> Inventory {
    let defaults = file
        .defaults
        .as_ref()
        .map(|raw| check::common(values, raw))
        .unwrap_or_default();
    let instances = file.instances.as_deref().unwrap_or_default();
    Inventory {
        instances: instances
            .iter()
            .map(|raw| instance(values, raw, &defaults, folder))
            .collect(),
    }
}

fn instance(values: &Values<'_>, raw: &raw::Instance, defaults: &Common, folder: &Path) -> Instance {
    if !is_valid_id(&raw.id.text) {
        complain_of_id(values, &raw.id);
    }
    let own = check::common(values, &raw.common);
    let plane = match &raw.process {
        Some(process) => super::process::plane(values, process, folder),
        None => Plane::Unmanaged {
            plane: "none",
            reason: "it has no plane section, such as `process:`".to_owned(),
        },
    };
    let usual = Ready::default();
    Instance {
        id: raw.id.text.clone(),
        tags: own
            .tags
            .as_ref()
            .or(defaults.tags.as_ref())
            .cloned()
            .unwrap_or_default(),
        autostart: own.autostart.or(defaults.autostart).unwrap_or(true),
        plane,
        ready: Ready {
            probes: own
                .probes
                .as_ref()
                .or(defaults.probes.as_ref())
                .cloned()
                .unwrap_or(usual.probes),
            timeout: own.ready_timeout.or(defaults.ready_timeout).unwrap_or(usual.timeout),
        },
        restart: restart(values, &own, defaults),
        stop: own
            .stop
            .or_else(|| defaults.stop.clone())
            .unwrap_or_else(default_stop_chain),
    }
}

fn restart(values: &Values<'_>, own: &Common, defaults: &Common) -> RestartPolicy {
    let usual = RestartPolicy::default();
    let (own, defaults) = (&own.restart, &defaults.restart);
    let delay = own.delay.or(defaults.delay).unwrap_or(usual.delay);
    let given = own.max_delay.or(defaults.max_delay);
    // A delay that was given, and is longer than the usual cap, is its own.
    let max_delay = given.map_or(usual.max_delay.max(delay), |(cap, _)| cap);
    if let Some((cap, place)) = given
        && cap < delay
    {
        let hint = "make it at least as long";
        values.complain(place, "`max_delay` is shorter than `delay`", hint);
    }
    let times = own.times.or(defaults.times);
    let within = own.within.or(defaults.within);
    if let (Some(place), true) = (own.give_up.or(defaults.give_up), times.is_some() != within.is_some()) {
        values.complain(
            place,
            "`give_up` needs both `times` and `within`",
            "as in `{ times: 10, within: 10m }`",
        );
    }
    let window = own
        .window()
        .or_else(|| times.zip(within).map(|(times, within)| GiveUp { times, within }));
    RestartPolicy {
        policy: own.policy.or(defaults.policy).unwrap_or(usual.policy),
        delay,
        max_delay,
        reset_after: own.reset_after.or(defaults.reset_after).unwrap_or(usual.reset_after),
        success_exit_codes: own
            .success_exit_codes
            .as_ref()
            .or(defaults.success_exit_codes.as_ref())
            .cloned()
            .unwrap_or(usual.success_exit_codes),
        give_up: window,
    }
}

fn complain_of_id(values: &Values<'_>, id: &Scalar) {
    let slug: String = id
        .text
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' })
        .collect();
    let slug: String = slug
        .trim_matches(['-', '_'])
        .chars()
        .take(super::model::ID_MAX)
        .collect();
    let rule = "ids are made of a-z, 0-9, `-` and `_`, begin with a letter or digit, and have at most 63 characters";
    let hint = if is_valid_id(&slug) {
        format!("{rule}; `{slug}` would do")
    } else {
        rule.to_owned()
    };
    let shown: String = id.text.chars().take(80).collect();
    values.complain(id.place, format!("`{shown}` cannot be an id"), hint);
}
