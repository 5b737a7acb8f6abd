//! The record by which an instance is found again on the host where it was last started,
//! also when the inventory names that host no more.

use std::path::{Path, PathBuf};

use crate::inventory::{DEFAULT_LINGER, HostSpec, SshAccess, WayIn};
use crate::store::origin::Origin;

const HOST: &str = "host";
const SSH: &str = "ssh";
const PORT: &str = "port";
const IDENTITY: &str = "identity";
const OPTION: &str = "option";
const SUDO: &str = "sudo";
const GAMECTL: &str = "gamectl";
const INVENTORY: &str = "inventory";
const ACCOUNT: &str = "account";

/// Returns the record of a start on a host, from this inventory.
pub(super) fn of_host(plane: &str, host: &HostSpec, inventory: Option<&Path>) -> Origin {
    let mut origin = Origin::of(plane);
    origin.push(HOST, &host.name);
    match &host.way {
        WayIn::Sudo(user) => origin.push(SUDO, user),
        WayIn::Ssh(access) => {
            origin.push(SSH, &access.destination);
            if let Some(port) = access.port {
                origin.push(PORT, port);
            }
            if let Some(identity) = &access.identity {
                origin.push(IDENTITY, identity.display());
            }
            for (name, value) in &access.options {
                origin.push(OPTION, format_args!("{name} {value}"));
            }
            if let Some(user) = &access.sudo {
                origin.push(SUDO, user);
            }
        }
    }
    if let Some(program) = &host.gamectl {
        origin.push(GAMECTL, program);
    }
    if let Some(file) = inventory {
        origin.push(INVENTORY, file.display());
    }
    origin
}

/// Adds the account there, as it has introduced itself.
pub(super) fn with_account(mut origin: Origin, account: Option<String>) -> Origin {
    if let Some(account) = account {
        origin.push(ACCOUNT, account);
    }
    origin
}

/// Returns the account on record.
pub fn account_on_record(origin: &Origin) -> Option<&str> {
    origin.get(ACCOUNT)
}

/// Returns the host on record; `None` for a start on this machine as this user.
pub fn host_on_record(origin: &Origin) -> Option<HostSpec> {
    let text = |key| origin.get(key).map(str::to_owned);
    let options = origin.all(OPTION).filter_map(|option| option.split_once(' '));
    let way = match (text(SSH), text(SUDO)) {
        (None, user) => WayIn::Sudo(user?),
        (Some(destination), sudo) => WayIn::Ssh(SshAccess {
            destination,
            port: origin.get(PORT).and_then(|port| port.parse().ok()),
            identity: origin.get(IDENTITY).map(PathBuf::from),
            options: options
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            sudo,
        }),
    };
    Some(HostSpec {
        name: text(HOST)?,
        way,
        gamectl: text(GAMECTL),
        linger: DEFAULT_LINGER,
    })
}

/// Returns true for two hosts that are the same account of the same machine, as far as
/// their ways in tell. Behind one destination a port or an option may lead to several
/// machines, so that these differ only under one name.
pub fn is_same_account(one: &HostSpec, other: &HostSpec) -> bool {
    let is_same_name = one.name == other.name;
    match (&one.way, &other.way) {
        (WayIn::Sudo(one), WayIn::Sudo(other)) => one == other,
        (WayIn::Ssh(one), WayIn::Ssh(other)) => {
            (&one.destination, &one.sudo) == (&other.destination, &other.sudo)
                && (is_same_name || (one.port, &one.options) == (other.port, &other.options))
        }
        _ => false,
    }
}

/// Returns true if another inventory than this one has started it, and is still there: on
/// other hosts each inventory has ids of its own.
pub fn is_of_another_inventory(origin: &Origin, own: Option<&Path>) -> bool {
    let starter = origin.get(INVENTORY).map(Path::new);
    starter.is_some_and(|starter| Some(starter) != own && starter.exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn box2() -> HostSpec {
        HostSpec {
            name: "box2".to_owned(),
            way: WayIn::Ssh(SshAccess {
                destination: "games@box2".to_owned(),
                port: Some(2222),
                identity: Some("~/.ssh/key".into()),
                options: vec![("ProxyCommand".to_owned(), "nc %h %p".to_owned())],
                sudo: Some("games".to_owned()),
            }),
            gamectl: Some("/opt/gamectl".to_owned()),
            linger: DEFAULT_LINGER,
        }
    }

    fn shared() -> HostSpec {
        HostSpec {
            name: "shared".to_owned(),
            way: WayIn::Sudo("games".to_owned()),
            gamectl: None,
            linger: DEFAULT_LINGER,
        }
    }

    #[test]
    fn a_host_comes_back_from_its_record() {
        for host in [box2(), shared()] {
            let origin = of_host("process", &host, None);
            assert_eq!(host_on_record(&origin).as_ref(), Some(&host));
            assert_eq!(origin.plane(), "process");
            assert!(is_same_account(&host, &host));
        }
        assert_eq!(host_on_record(&Origin::of("process")), None);
        assert!(!is_same_account(&box2(), &shared()));
        let changed = |name: &str, change: fn(&mut SshAccess)| {
            let mut host = box2();
            host.name = name.to_owned();
            let WayIn::Ssh(access) = &mut host.way else { panic!() };
            change(access);
            is_same_account(&box2(), &host)
        };
        assert!(changed("box3", |access| access.identity = None));
        assert!(changed("box2", |access| access.port = None));
        assert!(!changed("box3", |access| access.port = None));
        assert!(!changed("box2", |access| access.destination = "games@box3".to_owned()));
        assert!(!changed("box2", |access| access.sudo = None));
    }

    #[test]
    fn each_inventory_has_ids_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (own, other) = (folder.path().join("own.yaml"), folder.path().join("other.yaml"));
        let origin = of_host("process", &shared(), Some(&other));
        assert!(!is_of_another_inventory(&origin, Some(&own)), "it is gone");
        std::fs::write(&other, "").unwrap();
        assert!(is_of_another_inventory(&origin, Some(&own)));
        assert!(!is_of_another_inventory(&origin, Some(&other)));
        assert!(!is_of_another_inventory(
            &of_host("process", &shared(), None),
            Some(&own)
        ));
    }
}
