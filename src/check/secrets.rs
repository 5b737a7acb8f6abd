//! Files that hold secrets, and the inventory that may: who else can read
//! them, and who can write them.

use std::path::{Path, PathBuf};

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
pub(super) fn inventory(access: Option<Access>, instances: &[Instance]) -> Option<Finding> {
    const ABOUT: &str = "inventory";
    let access = access?;
    let shown = access.path.display();
    let mode = access.mode.ok()?;
    if mode & OTHERS_WRITE != 0 {
        let message = format!("everybody may write {shown}, and so say what is executed");
        return Some(Finding::error(ABOUT, message).hint(format!("chmod o-w {shown}")));
    }
    let given = |instance: &Instance| {
        let mut passwords = instance.channels.remotes.iter().map(|remote| &remote.password);
        passwords.any(|password| matches!(password, Some(Password::Given(_))))
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
    let mut files: Vec<&Path> = Vec::new();
    for remote in &instance.channels.remotes {
        if let Some(Password::File(path)) = &remote.password {
            files.push(path);
        }
    }
    if let Plane::Process(spec) = &instance.plane {
        files.extend(spec.env_file.as_deref());
    }
    files.sort_unstable();
    files.dedup();
    files
        .into_iter()
        .filter_map(look)
        .map(|access| judge(&access))
        .collect()
}

fn judge(access: &Access) -> Finding {
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
    }
}
