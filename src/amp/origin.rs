//! The record by which an instance is found again that has left the inventory. It holds no
//! password, but the name of the file that has it.

use std::path::PathBuf;

use super::PLANE;
use crate::inventory::{AmpAccess, AmpLayer, AmpPanel, AmpSpec, HostPort, Password, Tls};
use crate::store::origin::Origin;

const INSTANCE: &str = "instance";
const HOST: &str = "panel_host";
const PORT: &str = "panel_port";
const BASE: &str = "panel_base";
const IS_TLS: &str = "tls";
const CA: &str = "ca";
const USER: &str = "user";
const PASSWORD_FILE: &str = "password_file";
const LAYER: &str = "layer";
const MANAGER_USER: &str = "manager_user";
const WHOLE: &str = "instance";

pub(super) fn of_spec(spec: &AmpSpec) -> Origin {
    let mut origin = Origin::of(PLANE);
    origin.push(INSTANCE, &spec.instance);
    let panel = match &spec.access {
        AmpAccess::Api(panel) => panel,
        AmpAccess::Manager(user) => {
            origin.push(MANAGER_USER, user);
            return origin;
        }
    };
    origin.push(HOST, &panel.address.host);
    origin.push(PORT, panel.address.port);
    origin.push(BASE, &panel.base);
    if let Some(tls) = &panel.tls {
        origin.push(IS_TLS, true);
        if let Some(ca) = &tls.ca {
            origin.push(CA, ca.display());
        }
    }
    origin.push(USER, &panel.user);
    if let Password::File(path) = &panel.password {
        origin.push(PASSWORD_FILE, path.display());
    }
    if spec.layer == AmpLayer::Instance {
        origin.push(LAYER, WHOLE);
    }
    origin
}

/// The end of a sentence about a record that is not enough.
const NAMELESS: &str = "does not name its instance of AMP";

/// Returns the definition on record.
///
/// # Errors
/// When it is not enough to ask AMP; the text ends a sentence about the record.
pub(super) fn to_spec(origin: &Origin) -> Result<AmpSpec, &'static str> {
    if let Some(user) = origin.get(MANAGER_USER) {
        let instance = origin.get(INSTANCE).ok_or(NAMELESS)?.to_owned();
        return Ok(AmpSpec {
            instance,
            access: AmpAccess::Manager(user.to_owned()),
            layer: AmpLayer::Instance,
        });
    }
    let path = origin.get(PASSWORD_FILE).ok_or(
        "has no password, which stood in the inventory: put the instance back there, with a file as its password",
    )?;
    let named = || {
        Some(AmpSpec {
            instance: origin.get(INSTANCE)?.to_owned(),
            access: AmpAccess::Api(AmpPanel {
                address: HostPort {
                    host: origin.get(HOST)?.to_owned(),
                    port: origin.get(PORT)?.parse().ok()?,
                },
                base: origin.get(BASE).unwrap_or_default().to_owned(),
                tls: origin.get(IS_TLS).map(|_| Tls {
                    ca: origin.get(CA).map(PathBuf::from),
                }),
                user: origin.get(USER)?.to_owned(),
                password: Password::File(path.into()),
            }),
            layer: match origin.get(LAYER) {
                Some(_) => AmpLayer::Instance,
                None => AmpLayer::Application,
            },
        })
    };
    named().ok_or(NAMELESS)
}

/// Returns true if the instance on record is that of a definition, whoever asks AMP.
pub fn is_same_instance(origin: &Origin, spec: &AmpSpec) -> bool {
    let new = of_spec(spec);
    [INSTANCE, HOST, PORT, BASE, MANAGER_USER]
        .iter()
        .all(|key| origin.get(key) == new.get(key))
        && origin.plane() == PLANE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Secret;

    fn spec(password: Password, tls: Option<Tls>) -> AmpSpec {
        AmpSpec {
            instance: "Ark 01".to_owned(),
            access: AmpAccess::Api(AmpPanel {
                address: HostPort {
                    host: "::1".to_owned(),
                    port: 8080,
                },
                base: "/amp".to_owned(),
                tls,
                user: "me".to_owned(),
                password,
            }),
            layer: AmpLayer::Instance,
        }
    }

    #[test]
    fn an_instance_is_found_again() {
        let file = || Password::File("/etc/pw".into());
        let with_ca = || Tls {
            ca: Some("/etc/ca.pem".into()),
        };
        for tls in [None, Some(Tls::default()), Some(with_ca())] {
            let spec = spec(file(), tls);
            assert_eq!(to_spec(&of_spec(&spec)), Ok(spec.clone()));
            let other = AmpSpec {
                instance: "other".to_owned(),
                ..spec.clone()
            };
            assert!(is_same_instance(&of_spec(&spec), &spec) && !is_same_instance(&of_spec(&spec), &other));
        }
        assert!(to_spec(&Origin::of(PLANE)).is_err());
        let managed = AmpSpec {
            instance: "Ark01".to_owned(),
            access: AmpAccess::Manager("amp".to_owned()),
            layer: AmpLayer::Instance,
        };
        assert_eq!(to_spec(&of_spec(&managed)), Ok(managed.clone()));
        assert!(!is_same_instance(&of_spec(&managed), &spec(file(), None)));
    }

    #[test]
    fn a_password_is_not_put_on_record() {
        let spec = spec(Password::Given(Secret::new("hunter2".to_owned())), None);
        let origin = of_spec(&spec);
        assert!(!format!("{origin:?}").contains("hunter2"));
        assert!(to_spec(&origin).unwrap_err().contains("put the instance back"));
    }
}
