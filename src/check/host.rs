//! Reads from this machine what the others judge. Decides nothing.

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::limits::Limit;
use super::logind::{self, Login};
use super::secrets::Access;
use super::state_dir::Usability;
use super::time_zone::Zone;
use crate::store::StateDir;
use crate::sys::{host as system, plain_file, procfs};
use crate::systemd;

/// Looks at a file that is going to be read.
pub(super) fn access(path: &Path) -> Option<Access> {
    let place = path.to_owned();
    access_of(
        path,
        plain_file::within_deadline(move || plain_file::open(&place)?.metadata()),
    )
}

/// Returns the first line of a file, where it can be read.
pub(super) fn first_line(path: &Path) -> Option<String> {
    const LINE_MAX: u64 = 4096;
    let place = path.to_owned();
    let read = plain_file::within_deadline(move || {
        let mut bytes = Vec::new();
        plain_file::open(&place)?.take(LINE_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let text = String::from_utf8_lossy(&read.ok()?).into_owned();
    Some(text.lines().next().unwrap_or_default().to_owned())
}

/// Looks at an inventory that was read already, and may be a pipe.
pub(super) fn access_of_inventory(path: &Path) -> Option<Access> {
    access_of(path, fs::metadata(path))
}

fn access_of(path: &Path, meta: io::Result<fs::Metadata>) -> Option<Access> {
    Some(Access {
        path: path.to_owned(),
        mode: meta
            .map(|meta| meta.permissions().mode())
            .map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => "it is not there".to_owned(),
                io::ErrorKind::Other | io::ErrorKind::TimedOut => error.to_string(),
                kind => kind.to_string(),
            }),
    })
}

/// The nearest folder above a path, or the path itself, that is there.
fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .find(|place| place.symlink_metadata().is_ok())
        .map(Path::to_path_buf)
}

pub(super) fn usability(path: &Path) -> Usability {
    match StateDir::open(path) {
        Err(failure) => Usability::Bad(failure.message, failure.hint),
        Ok(Some(_)) if system::may_write(path) => Usability::Good,
        Ok(Some(_)) => Usability::Bad(format!("{} cannot be written", path.display()), None),
        Ok(None) => match nearest(path) {
            Some(above) if system::may_write(&above) => Usability::CanBeMade(above),
            above => {
                let above = above.unwrap_or_default();
                let message = format!(
                    "{} cannot be made: {} cannot be written",
                    path.display(),
                    above.display()
                );
                Usability::Bad(message, None)
            }
        },
    }
}

/// The free bytes where a path is, or is going to be.
pub(super) fn free(path: &Path) -> Option<u64> {
    system::free_bytes(&nearest(path)?).ok()
}

pub(super) fn open_files() -> Option<Limit> {
    let (soft, hard) = system::open_files_limit().ok()?;
    Some(Limit { soft, hard })
}

pub(super) fn time_zone() -> Zone {
    const ZONES: &str = "/usr/share/zoneinfo";
    let variable = std::env::var("TZ").ok().filter(|name| !name.is_empty());
    let known = |name: &str| {
        let name = name.trim_start_matches(':');
        // Besides names there are rules, such as `CET-1CEST`.
        name == "UTC" || name.contains(['+', '-', ',']) || Path::new(ZONES).join(name).exists()
    };
    let local = fs::canonicalize("/etc/localtime").ok().map(|path| {
        let name = path.strip_prefix(ZONES).unwrap_or(&path);
        name.display().to_string()
    });
    Zone {
        variable: variable.map(|name| (name.clone(), known(&name))),
        local,
    }
}

/// Reads what systemd's login manager does at a logout.
pub(super) fn login() -> Login {
    let cgroup = procfs::own_control_groups();
    let us = system::effective_uid();
    let owner = logind::owner(&cgroup).unwrap_or(us);
    let name = system::user_name(owner);
    let files = logind_files();
    Login {
        runs: Path::new("/run/systemd/seats").exists(),
        kills: logind::kills(&files),
        spared: name.is_some_and(|name| logind::spares(&files, &name)),
        us,
        owner,
        lingers: systemd::lingers(owner),
        encloses: systemd::makes_scopes(),
        cgroup,
    }
}

/// The texts of `logind.conf(5)`, those that win last: the first main file
/// that is there, then the drop-ins by name, of which one below `/etc` hides
/// those of its name elsewhere.
fn logind_files() -> Vec<String> {
    const FOLDERS: [&str; 4] = [
        "/etc/systemd",
        "/run/systemd",
        "/usr/local/lib/systemd",
        "/usr/lib/systemd",
    ];
    let mut texts = Vec::new();
    let main = FOLDERS.iter().map(|folder| Path::new(folder).join("logind.conf"));
    texts.extend(main.filter_map(|path| fs::read_to_string(path).ok()).take(1));
    let mut drop_ins = std::collections::BTreeMap::new();
    for folder in FOLDERS {
        let entries = fs::read_dir(Path::new(folder).join("logind.conf.d"));
        for entry in entries.into_iter().flatten().flatten() {
            let path = entry.path();
            if path.extension().is_some_and(|end| end == "conf") {
                drop_ins.entry(entry.file_name()).or_insert(path);
            }
        }
    }
    texts.extend(drop_ins.values().filter_map(|path| fs::read_to_string(path).ok()));
    texts
}
