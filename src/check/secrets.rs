//! Files that hold secrets, and the inventory that may: who else can read
//! them, and who can write them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::finding::Finding;
use crate::inventory::{Instance, Password, Plane};
use crate::trust::OTHERS_WRITE;

const ABOUT: &str = "secrets";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) path: PathBuf,
    /// Its permission bits; the reason where it cannot be read.
    pub(super) mode: Result<u32, String>,
}

const OTHERS_READ: u32 = 0o004;

/// The inventory itself: what it says is executed, and passwords may stand in
/// it.
pub(super) fn inventory(access: Option<Access>, instances: &[Arc<Instance>]) -> Option<Finding> {
    const ABOUT: &str = "inventory";
    let access = access?;
    let shown = access.path.display();
    let mode = access.mode.ok()?;
    if mode & OTHERS_WRITE != 0 {
        let message = format!("everybody may write {shown}, and so say what is executed");
        return Some(Finding::error(ABOUT, message).hint(format!("chmod o-w {shown}")));
    }
    let given = |instance: &Arc<Instance>| {
        let in_header = instance.requests().any(|request| !request.access.headers.is_empty());
        in_header
            || instance.notify.iter().any(|one| one.target.is_told_in_the_inventory())
            || instance
                .passwords()
                .any(|password| matches!(password, Password::Given(_)))
    };
    if mode & OTHERS_READ != 0 && instances.iter().any(given) {
        let message = format!("everybody on this host may read {shown}, in which a password may stand");
        let hint = format!("chmod o-r {shown}, or put passwords into files: `password: {{ file: PATH }}`");
        return Some(Finding::warning(ABOUT, message).hint(hint));
    }
    None
}

/// The files that an instance takes secrets from.
pub(super) fn of_instance(instance: &Instance, look: &dyn Fn(&Path) -> Option<Access>) -> Vec<Finding> {
    let passwords = instance.passwords().filter_map(|password| match password {
        Password::File(path) => Some(path.as_path()),
        Password::Given(_) => None,
    });
    let mut files: Vec<&Path> = passwords.collect();
    if let Plane::Process(spec) = &instance.plane {
        files.extend(spec.env_file.as_deref());
    }
    files.sort_unstable();
    files.dedup();
    let secret = files.into_iter().filter_map(look).map(|access| judge(&access));
    // Everybody may read a certificate.
    let tls = instance.requests().filter_map(|request| request.tls.as_ref());
    let certificates: BTreeSet<&Path> = tls.filter_map(|tls| tls.ca.as_deref()).collect();
    let unread = certificates
        .into_iter()
        .filter_map(look)
        .filter(|access| access.mode.is_err());
    secret.chain(unread.map(|access| judge(&access))).collect()
}

/// Judges a file that holds a secret.
pub(super) fn judge(access: &Access) -> Finding {
    let shown = access.path.display();
    match &access.mode {
        Err(reason) => {
            Finding::error(ABOUT, format!("{shown} cannot be read: {reason}")).hint("make it, or correct its path")
        }
        Ok(mode) if mode & OTHERS_WRITE != 0 => {
            Finding::error(ABOUT, format!("everybody may write {shown}")).hint(format!("chmod 600 {shown}"))
        }
        Ok(mode) if mode & OTHERS_READ != 0 => {
            Finding::warning(ABOUT, format!("everybody on this host may read {shown}"))
                .hint(format!("chmod o-r {shown}"))
        }
        Ok(_) => Finding::ok(ABOUT, format!("{shown} can be read, and not by everybody")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn levels() {
        let text = b"instances: {a: {process: {executable: /x, env_file: /e}, rcon: {port: 1, password: {file: /p}}}}";
        let parsed = crate::inventory::parse(text, "", "/".as_ref(), &|_| None).unwrap();
        let levels = |mode: Result<u32, String>| -> Vec<(Severity, bool)> {
            let look = |path: &Path| {
                Some(Access {
                    path: path.to_owned(),
                    mode: mode.clone(),
                })
            };
            let found = of_instance(&parsed.instances[0], &look);
            found.iter().map(|one| (one.level, one.hint.is_some())).collect()
        };
        assert_eq!(levels(Ok(0o640)), [(Severity::Ok, false); 2]);
        assert_eq!(levels(Ok(0o644)), [(Severity::Warning, true); 2]);
        assert_eq!(levels(Ok(0o666)), [(Severity::Error, true); 2]);
        assert_eq!(levels(Err("gone".into())), [(Severity::Error, true); 2]);
    }

    #[test]
    fn the_files_of_requests() {
        let text = b"instances: {a: {process: {executable: /x}, \
            ready: {http: {url: 'https://a', user: u, password: {file: /p1}, ca: /c}}, \
            healthy: {http: {url: 'http://a', token: {file: /p2}}}, \
            stop: [{http: {url: 'https://a', token: {file: /p3}, ca: /c}}]}}";
        let parsed = crate::inventory::parse(text, "", "/".as_ref(), &|_| None).unwrap();
        for (mode, wanted) in [(Ok(0o644), 3), (Err("gone".to_owned()), 4)] {
            let look = |path: &Path| {
                let (path, mode) = (path.to_owned(), mode.clone());
                Some(Access { path, mode })
            };
            let found = of_instance(&parsed.instances[0], &look);
            assert_eq!(found.len(), wanted, "{found:?}");
            assert!(found.iter().all(|one| one.level != Severity::Ok));
        }
    }

    #[test]
    fn an_inventory_that_others_may_write_or_read() {
        let level = |mode, password: &str| {
            let text =
                format!("instances: {{a: {{process: {{executable: /x}}, rcon: {{port: 1, password: {password}}}}}}}");
            let parsed = crate::inventory::parse(text.as_bytes(), "", "/".as_ref(), &|_| None).unwrap();
            let path = "/i".into();
            let found = inventory(Some(Access { path, mode: Ok(mode) }), &parsed.instances);
            found.map(|finding| finding.level)
        };
        assert_eq!(level(0o644, "{file: /p}"), None);
        assert_eq!(level(0o640, "x"), None);
        assert_eq!(level(0o644, "x"), Some(Severity::Warning));
        assert_eq!(level(0o646, "{file: /p}"), Some(Severity::Error));
        assert_eq!(
            level(0o644, "{file: /p}}, ready: {http: 'http://u:p@a'"),
            Some(Severity::Warning)
        );
    }
}
