//! The record by which a unit is found again that has left the inventory.

use super::PLANE;
use crate::inventory::{UnitScope, UnitSpec};
use crate::store::origin::Origin;

const UNIT: &str = "unit";
const SCOPE: &str = "scope";
const USER: &str = "user";

const OF_SYSTEM: &str = "system";
const OF_USER: &str = "user";

pub(super) fn of_spec(spec: &UnitSpec) -> Origin {
    let mut origin = Origin::of(PLANE);
    origin.push(UNIT, &spec.unit);
    match &spec.scope {
        UnitScope::System => origin.push(SCOPE, OF_SYSTEM),
        UnitScope::User(user) => {
            origin.push(SCOPE, OF_USER);
            if let Some(user) = user {
                origin.push(USER, user);
            }
        }
    }
    origin
}

/// Returns the definition on record; `None` if the record does not name the unit.
pub(super) fn to_spec(origin: &Origin) -> Option<UnitSpec> {
    Some(UnitSpec {
        unit: origin.get(UNIT)?.to_owned(),
        scope: match origin.get(SCOPE)? {
            OF_SYSTEM => UnitScope::System,
            OF_USER => UnitScope::User(origin.get(USER).map(str::to_owned)),
            _ => return None,
        },
    })
}

/// Returns true if the unit on record is that of a definition.
pub fn is_same_unit(origin: &Origin, spec: &UnitSpec) -> bool {
    origin.plane() == PLANE && to_spec(origin).is_some_and(|old| old == *spec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_found_again() {
        for scope in [
            UnitScope::System,
            UnitScope::User(None),
            UnitScope::User(Some("games".to_owned())),
        ] {
            let unit = "pal.service".to_owned();
            let spec = UnitSpec { unit, scope };
            assert_eq!(to_spec(&of_spec(&spec)), Some(spec.clone()));
            let other = UnitSpec {
                unit: "other.service".to_owned(),
                ..spec.clone()
            };
            assert!(is_same_unit(&of_spec(&spec), &spec) && !is_same_unit(&of_spec(&spec), &other));
        }
        assert!(to_spec(&Origin::of(PLANE)).is_none());
    }
}
