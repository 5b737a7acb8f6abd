//! The failures of the conversation with systemd, with what to do about them.

use super::words::systemctl;
use crate::failure::{Failure, FailureKind};
use crate::inventory::{UnitScope, UnitSpec, nearest};
use crate::invocation::{command, quoted};
use crate::systemd::{BusFailure, UnitManager, UnitProperties, has_booted};

/// Returns the failure of a question.
pub(super) fn unanswered(spec: &UnitSpec, why: &BusFailure) -> Failure {
    if matches!(why, BusFailure::Absent(_)) && !has_booted() {
        return Failure::new(FailureKind::Unsupported, "this host was not booted by systemd")
            .hint("a unit is managed only where systemd is the first process");
    }
    let failure = Failure::unknown(match (why, &spec.scope) {
        (BusFailure::Absent(_), UnitScope::User(Some(user))) => format!("no service manager of {user} runs"),
        (BusFailure::Absent(_), UnitScope::User(None)) => "your service manager does not run".to_owned(),
        _ => why.to_string(),
    });
    match (why, &spec.scope) {
        (BusFailure::Absent(_), UnitScope::User(user)) => failure.hint(format!(
            "it runs while the user is logged in, and always with lingering: `loginctl enable-linger{}`",
            user.as_ref()
                .map_or_else(String::new, |user| format!(" {}", quoted(user)))
        )),
        (BusFailure::Absent(_), UnitScope::System) => {
            failure.hint("is its D-Bus there? `systemctl status dbus.socket` shows it")
        }
        (BusFailure::NoBus, _) => failure.hint("install dbus-user-session"),
        (BusFailure::NoUser(_), _) => failure.hint("correct `systemd.user`"),
        (BusFailure::OtherUser(user), _) => failure.hint(format!(
            "call gamectl as {user} or as root, or put `owner: {}` at the top of the inventory",
            quoted(user)
        )),
        (BusFailure::Silent(_), _) => failure.hint(format!("see {}", systemctl(spec, "list-jobs"))),
        _ => failure,
    }
}

/// Returns the failure of a verb, which is named by its words: `start x`.
pub(super) fn refused(spec: &UnitSpec, id: &str, verb: &str, why: &BusFailure) -> Failure {
    match why {
        BusFailure::Denied(said) => {
            let message = format!("systemd does not let you {verb} {}: {said}", spec.unit);
            Failure::failed(message).hint(format!(
                "call it through sudo: {}; or let polkit allow it, by a rule for \
                 `org.freedesktop.systemd1.manage-units` and this unit in /etc/polkit-1/rules.d",
                through_sudo(&command(format_args!("{verb} {id}")))
            ))
        }
        BusFailure::Refused(name, _) if name == "NoSuchUnit" => Failure::unknown(why.to_string()),
        BusFailure::Refused(_, _) => Failure::failed(why.to_string()).hint(format!(
            "see {}",
            systemctl(spec, format_args!("status {}", quoted(&spec.unit)))
        )),
        _ => unanswered(spec, why),
    }
}

/// Puts `sudo` before a command in backticks.
fn through_sudo(command: &str) -> String {
    format!("`sudo {}", command.trim_start_matches('`'))
}

/// Returns why a unit cannot be started; `None` where it can.
pub(super) async fn unusable(spec: &UnitSpec, unit: &UnitProperties, manager: &UnitManager) -> Option<Failure> {
    let name = quoted(&spec.unit);
    let said = || {
        unit.load_error
            .as_ref()
            .map_or("", |(_, message)| message.trim_end_matches('.'))
    };
    Some(match unit.load_state.as_deref().unwrap_or_default() {
        "loaded" | "merged" => return None,
        "not-found" => not_found(spec, manager).await,
        "masked" => Failure::failed(format!("{} is masked: systemd starts it in no way", spec.unit))
            .hint(systemctl(spec, format_args!("unmask {name}"))),
        _ => Failure::failed(format!("systemd cannot load {}: {}", spec.unit, said())).hint(format!(
            "correct it: {}",
            systemctl(spec, format_args!("edit --full {name}"))
        )),
    })
}

/// Returns the failure of a unit that systemd does not have, with the nearest name that it
/// has.
pub(super) async fn not_found(spec: &UnitSpec, manager: &UnitManager) -> Failure {
    let names = manager.services().await.unwrap_or_default();
    // What all names have in common says nothing.
    let stems = names.iter().filter_map(|name| name.strip_suffix(".service"));
    let usable = stems.filter(|stem| !stem.ends_with('@'));
    let wanted = spec.unit.trim_end_matches(".service");
    let failure = Failure::new(FailureKind::Unknown, format!("there is no unit {}", spec.unit));
    failure.hint(match nearest(wanted, usable) {
        Some(near) => format!("did you mean `{near}.service`?"),
        None => format!(
            "{} shows what there is; a new file needs {}",
            systemctl(spec, "list-unit-files --type=service"),
            systemctl(spec, "daemon-reload")
        ),
    })
}
