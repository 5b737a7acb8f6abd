//! The inventories whose instances share a state directory: which one started an
//! instance, and which ones ever started any. Both are kept as links that nothing
//! follows, like the intent.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{OFlag, readlinkat};
use nix::sys::stat::Mode;

use super::dir::{StateDir, make_dir};
use super::folder::{InstanceDir, temporary};

/// The link in the folder of an instance.
const NAME: &str = "inventory";

/// The folder of the links to all of them.
const ALL: &str = "inventories";

/// Puts the inventory for which the state directory was opened on record as the one
/// that starts an instance. It is for messages and for a stop from elsewhere, so a
/// start goes on where it cannot be written.
pub fn record(state: &StateDir, dir: &InstanceDir) {
    let written = match state.inventory() {
        Some(file) => put(state, dir, file),
        None => dir.remove(NAME),
    };
    if let Err(error) = written {
        tracing::debug!(%error, "the inventory is not on record");
    }
}

fn put(state: &StateDir, dir: &InstanceDir, file: &Path) -> io::Result<()> {
    if read(dir, NAME).is_some_and(|known| known == file) {
        return Ok(());
    }
    let new = temporary(NAME);
    dir.remove(&new)?;
    nix::unistd::symlinkat(file, dir, new.as_str())?;
    dir.rename(&new, NAME)?;
    make_dir(state.as_fd(), ALL)?;
    let link = format!("{ALL}/{:08x}", crc32fast::hash(file.as_os_str().as_bytes()));
    match nix::unistd::symlinkat(file, state, link.as_str()) {
        Err(Errno::EEXIST) => Ok(()),
        made => Ok(made?),
    }
}

/// Returns the inventory that started an instance last; `None` where that is not on
/// record.
pub fn starter_of(state: &StateDir, id: &str) -> Option<PathBuf> {
    read(state, &format!("instances/{id}/{NAME}"))
}

/// Returns true if another inventory has ever started something here. It spares the
/// look at each instance where there is only one.
pub fn has_others(state: &StateDir) -> bool {
    let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let Ok(mut folder) = Dir::openat(state, ALL, flags, Mode::empty()) else {
        return false;
    };
    let names: Vec<_> = folder
        .iter()
        .flatten()
        .map(|entry| entry.file_name().to_owned())
        .collect();
    let mut files = names
        .iter()
        .filter_map(|name| readlinkat(&folder, name.as_c_str()).ok());
    files.any(|file| state.inventory().is_none_or(|own| own.as_os_str() != file))
}

fn read(place: impl AsFd, name: &str) -> Option<PathBuf> {
    readlinkat(place, name).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_starter_is_on_record_and_others_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let open = |file: Option<&str>| {
            let state = StateDir::create(&folder.path().join("state")).unwrap();
            state.for_inventory(file.map(PathBuf::from))
        };
        let (a, b, none) = (open(Some("/srv/a.yaml")), open(Some("/srv/b.yaml")), open(None));
        assert!(!has_others(&a) && starter_of(&a, "x").is_none());
        let dir = a.create_instance("x").unwrap();
        for (by, starter) in [(&a, "/srv/a.yaml"), (&a, "/srv/a.yaml"), (&b, "/srv/b.yaml")] {
            record(by, &dir);
            assert_eq!(starter_of(&a, "x").as_deref(), Some(Path::new(starter)));
            assert!(has_others(&b) || starter == "/srv/b.yaml");
        }
        assert!(has_others(&a) && has_others(&b) && has_others(&none));
        record(&none, &dir);
        assert_eq!(starter_of(&a, "x"), None);
    }
}
