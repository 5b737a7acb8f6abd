//! Checks of what a game needs on its host: its program and its working
//! directory, with the rights of the user that it will run as.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{environment, explain, limits};
use crate::finding::{Finding, Severity};
use crate::inventory::ProcessSpec;
use crate::sys::exec::Ids;
use crate::sys::host;
use crate::user;

/// Checks them. Nothing is started.
pub(super) async fn of_spec(spec: &ProcessSpec) -> Vec<Finding> {
    let user = match spec.user.as_deref().map(user::to_become) {
        None | Some(Ok(None)) => None,
        Some(Ok(Some(user))) => Some(user),
        Some(Err(failure)) => {
            let unknown = Finding::of_failure("user", failure);
            // The rights of an unknown user cannot be told, but what root could not
            // use is wrong for anybody.
            let root = Ids {
                uid: 0,
                gid: 0,
                groups: Vec::new(),
            };
            let findings = [executable(spec, &root), cwd(&spec.cwd, &root)].into_iter();
            let wrong = findings.filter(|finding| finding.level == Severity::Error);
            return std::iter::once(unknown).chain(wrong).collect();
        }
    };
    let ids = user.as_ref().map_or_else(ourselves, |user| user.ids.clone());
    let mut findings = vec![executable(spec, &ids), cwd(&spec.cwd, &ids)];
    findings.extend(limits::judge(&spec.limits));
    findings.extend(environment::judge_env_file(spec, user.as_ref()).await);
    if let Some(name) = &spec.user {
        findings.insert(0, Finding::ok("user", format!("it can run as {name}")));
    } else if ids.uid == 0 {
        let finding = Finding::warning("user", "it runs as root: a hole in the game is a hole in the host");
        findings.insert(0, finding.hint("make a user for it, and name that in `user:`"));
    }
    findings
}

fn ourselves() -> Ids {
    let groups = host::own_groups();
    Ids {
        uid: host::effective_uid(),
        gid: groups.first().copied().unwrap_or(0),
        groups,
    }
}

/// A file's owner and permission bits.
#[derive(Debug, Clone, Copy)]
struct Bits {
    mode: u32,
    uid: u32,
    gid: u32,
}

impl From<&Metadata> for Bits {
    fn from(meta: &Metadata) -> Self {
        Self {
            mode: meta.mode(),
            uid: meta.uid(),
            gid: meta.gid(),
        }
    }
}

const EXECUTE: u32 = 0o1;

/// Returns true if a user may execute a file, or pass through a folder: the first of
/// owner, group and others that applies decides (`path_resolution(7)`). Root
/// passes through everything, and executes what anybody may.
fn may_execute(bits: Bits, ids: &Ids, folder: bool) -> bool {
    if ids.uid == 0 {
        return folder || bits.mode & 0o111 != 0;
    }
    let shift = if bits.uid == ids.uid {
        6
    } else if bits.gid == ids.gid || ids.groups.contains(&bits.gid) {
        3
    } else {
        0
    };
    (bits.mode >> shift) & EXECUTE != 0
}

/// Returns the first folder on the way to a path that the user may not pass
/// through.
fn closed_folder<'a>(path: &'a Path, ids: &Ids) -> Option<&'a Path> {
    let mut above: Vec<&Path> = path.ancestors().skip(1).collect();
    above.reverse();
    above.into_iter().find(|folder| {
        let meta = folder.metadata();
        meta.is_ok_and(|meta| meta.is_dir() && !may_execute(Bits::from(&meta), ids, true))
    })
}

/// Explains why a path leads to nothing.
fn absence(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "is not there".to_owned(),
        kind => format!("cannot be reached: {kind}"),
    }
}

fn executable(spec: &ProcessSpec, ids: &Ids) -> Finding {
    const ABOUT: &str = "executable";
    let path = spec.executable.as_path();
    let shown = path.display();
    let bad = |message: String| Finding::error(ABOUT, message);
    let uid = ids.uid;
    if let Some(folder) = closed_folder(path, ids) {
        let folder = folder.display();
        return bad(format!("{shown} is out of reach: uid {uid} may not enter {folder}"))
            .hint(format!("chmod +x {folder}, or give it to that user"));
    }
    match path.metadata() {
        Err(_) if spec.searched.is_some() => {
            bad(explain::no_executable(spec)).hint("correct `executable:` in the inventory, or PATH")
        }
        Err(error) => bad(format!("{shown} {}", absence(&error))).hint("correct `executable:` in the inventory"),
        Ok(meta) if meta.is_dir() => bad(format!("{shown} is a directory")).hint("name the program inside it"),
        Ok(meta) if !may_execute(Bits::from(&meta), ids, false) => {
            bad(format!("{shown} may not be executed by uid {uid}")).hint(format!("chmod +x {shown}"))
        }
        Ok(_) => Finding::ok(ABOUT, format!("{shown}")),
    }
}

fn cwd(path: &Path, ids: &Ids) -> Finding {
    const ABOUT: &str = "cwd";
    let shown = path.display();
    let bad = |message: String| Finding::error(ABOUT, message);
    let enters = |meta: &Metadata| may_execute(Bits::from(meta), ids, true) && closed_folder(path, ids).is_none();
    match path.metadata() {
        Err(error) => {
            bad(format!("{shown} {}", absence(&error))).hint("correct `cwd:` in the inventory, or make the folder")
        }
        Ok(meta) if !meta.is_dir() => bad(format!("{shown} is not a directory")).hint("name the folder it is in"),
        Ok(meta) if !enters(&meta) => {
            bad(format!("{shown} may not be entered by uid {}", ids.uid)).hint(format!("chmod +x {shown}"))
        }
        Ok(_) => Finding::ok(ABOUT, format!("{shown}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_applies_decides() {
        let user = Ids {
            uid: 7,
            gid: 70,
            groups: vec![71],
        };
        let root = Ids {
            uid: 0,
            gid: 0,
            groups: Vec::new(),
        };
        for (mode, uid, gid, ids, folder, wanted) in [
            (0o100, 7, 1, &user, false, true),
            (0o010, 7, 70, &user, false, false),
            (0o010, 1, 70, &user, false, true),
            (0o010, 1, 71, &user, false, true),
            (0o001, 1, 71, &user, false, false),
            (0o001, 1, 1, &user, false, true),
            (0o644, 1, 1, &root, false, false),
            (0o100, 1, 1, &root, false, true),
            (0o000, 1, 1, &root, true, true),
        ] {
            let bits = Bits { mode, uid, gid };
            assert_eq!(may_execute(bits, ids, folder), wanted, "{bits:?} {ids:?}");
        }
    }

    #[test]
    fn programs_and_folders() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("data");
        std::fs::write(&file, "").unwrap();
        let ids = ourselves();
        let none = dir.path().join("none");
        let executable = |path: &Path, searched: Option<&str>| {
            let spec = ProcessSpec {
                executable: path.to_owned(),
                searched: searched.map(Into::into),
                ..crate::process::environment::tests::spec(false, &[])
            };
            executable(&spec, &ids)
        };
        assert_eq!(executable("/bin/sh".as_ref(), None).level, Severity::Ok);
        for wrong in [&file, dir.path(), &none] {
            assert_eq!(executable(wrong, None).level, Severity::Error);
        }
        let searched = executable(&none, Some("/usr/bin:/bin")).message;
        assert!(
            searched.ends_with("nor none in any folder of PATH (/usr/bin:/bin)"),
            "{searched}"
        );
        assert_eq!(cwd(dir.path(), &ids).level, Severity::Ok);
        assert_eq!(cwd(&file, &ids).level, Severity::Error);
        assert_eq!(cwd(&dir.path().join("none"), &ids).level, Severity::Error);
    }
}
