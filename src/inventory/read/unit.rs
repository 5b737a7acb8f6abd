//! The `systemd` section.

use serde::Deserialize;

use super::collector::Collector;
use crate::inventory::model::instance::Plane;
use crate::inventory::model::unit::{UnitScope, UnitSpec};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node};

/// The longest name of a unit, by systemd.unit(5).
const NAME_MAX: usize = 255;

/// The types of units that are no services.
const OTHER_TYPES: [&str; 10] = [
    "socket",
    "device",
    "mount",
    "automount",
    "swap",
    "target",
    "path",
    "timer",
    "slice",
    "scope",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScopeWord {
    System,
    User,
}

/// Reads the section of an instance.
pub(crate) fn read(check: &mut Collector, _: &str, section: &Entry) -> Plane {
    let mut fields = check.section("`systemd`", &keys::SYSTEMD, &section.value);
    let unit = fields.get("unit", unit);
    let scope = fields.choice::<ScopeWord>("scope");
    let user = fields.get("user", user);
    let has_unit = fields.entry("unit").is_some();
    let asked_for = fields.entry("user").map(|entry| entry.at);
    if !has_unit {
        check
            .problem(section.at, "`systemd` names no unit")
            .hint("add `unit: NAME.service`");
    }
    if let (Some(ScopeWord::System), Some(at)) = (scope, asked_for) {
        check.problem(at, "a unit of the system has no `user` here").hint(
            "`user` names whose service manager it is, with `scope: user`; as whom the unit runs, its own `User=` says",
        );
    }
    let scope = match (scope, user) {
        (Some(ScopeWord::User), user) => UnitScope::User(user),
        (None, Some(user)) => UnitScope::User(Some(user)),
        (Some(ScopeWord::System) | None, _) => UnitScope::System,
    };
    let unit = unit.unwrap_or_default();
    Plane::Systemd(Box::new(UnitSpec { unit, scope }))
}

/// Reads the name of a service that systemd can start.
fn unit(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let word = check.word(what, "the name of a unit", node)?;
    let kind = word.rsplit_once('.').map_or("", |(_, kind)| kind);
    let name = match kind == "service" {
        true => word.to_string(),
        false => format!("{word}.service"),
    };
    let stem = name.trim_end_matches(".service");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c);
    let (message, hint) = if kind == "scope" && word.starts_with("gamectl-") {
        let hint = "the game in it is an instance of the plane `process`";
        ("this is a scope that gamectl has made".to_owned(), hint)
    } else if OTHER_TYPES.contains(&kind) {
        let hint = "give the service itself, `NAME.service`";
        (format!("a unit of the type `{kind}` is no game server"), hint)
    } else if name == "gamectl.service" {
        let hint = "give the unit of a game server";
        ("this is gamectl's own unit".to_owned(), hint)
    } else if stem.ends_with('@') {
        let hint = "give one of its instances, such as `NAME@eu-1.service`";
        ("this is a template, which systemd cannot start".to_owned(), hint)
    } else if stem.is_empty() || stem.starts_with(['-', '@']) || name.len() > NAME_MAX || !stem.chars().all(is_plain) {
        let hint = "letters, digits and `:-_.\\@`, as `systemctl list-units` shows it";
        (format!("{what} is not the name of a unit"), hint)
    } else {
        return Some(name);
    };
    check.problem(node.span, message).hint(hint);
    None
}

fn user(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let name = check.word(what, "the name of a user", node)?;
    if name.is_empty()
        || name.starts_with('-')
        || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '/')
    {
        check.problem(node.span, format!("{what} is not the name of a user"));
        return None;
    }
    Some(name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::parse;

    fn read(section: &str) -> Result<UnitSpec, String> {
        let text = format!("instances: {{a: {{systemd: {section}}}}}");
        match parse(text.as_bytes(), "", "/i".as_ref(), &|_| None) {
            Ok(inventory) => match inventory.instances.first().map(|one| one.plane.clone()) {
                Some(Plane::Systemd(spec)) => Ok(*spec),
                other => panic!("{other:?}"),
            },
            Err(mut problems) => Err(problems.list.swap_remove(0).message),
        }
    }

    #[test]
    fn units_and_their_scopes() {
        let spec = |unit: &str, scope| {
            let unit = unit.to_owned();
            Ok(UnitSpec { unit, scope })
        };
        let games = || UnitScope::User(Some("games".to_owned()));
        for (section, wanted) in [
            (
                "{unit: postgresql.service}",
                spec("postgresql.service", UnitScope::System),
            ),
            (
                "{unit: postgresql, scope: system}",
                spec("postgresql.service", UnitScope::System),
            ),
            (
                "{unit: gs@eu-1, scope: user}",
                spec("gs@eu-1.service", UnitScope::User(None)),
            ),
            ("{unit: pal, user: games}", spec("pal.service", games())),
            (
                "{unit: pal.x, user: games, scope: user}",
                spec("pal.x.service", games()),
            ),
        ] {
            assert_eq!(read(section), wanted, "{section}");
        }
    }

    #[test]
    fn what_is_no_service_is_refused() {
        for (section, wanted) in [
            ("{}", "`systemd` names no unit"),
            ("{unit: gs@.service}", "this is a template, which systemd cannot start"),
            ("{unit: gs@}", "this is a template, which systemd cannot start"),
            ("{unit: gamectl}", "this is gamectl's own unit"),
            ("{unit: gamectl-a.scope}", "this is a scope that gamectl has made"),
            ("{unit: x.timer}", "a unit of the type `timer` is no game server"),
            ("{unit: -x}", "`unit` is not the name of a unit"),
            ("{unit: '../x'}", "`unit` is not the name of a unit"),
            ("{unit: 'a b'}", "`unit` is not the name of a unit"),
            (
                "{unit: x, scope: system, user: games}",
                "a unit of the system has no `user` here",
            ),
            ("{unit: x, user: '-M'}", "`user` is not the name of a user"),
            ("{unit: x, scope: host}", "`scope` must be `system` or `user`"),
        ] {
            assert_eq!(read(section).unwrap_err(), wanted, "{section}");
        }
    }
}
