//! The file that a command names, and a check that no other user of this host
//! could replace it.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::sys::host;

/// The permission bit that lets all users write; see inode(7).
pub const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Finds the file that `program` names for a process in `cwd` whose `$PATH` is
/// `path`: with a slash it is a path, any other name is searched for, as by
/// `execvp(3)`. `look` fails for a file that cannot be executed.
///
/// # Errors
/// With the reason of `look`, or that it is not on `$PATH`.
pub fn named(
    program: &OsStr,
    cwd: &Path,
    path: Option<&OsStr>,
    look: &dyn Fn(&Path) -> Result<(), String>,
) -> Result<PathBuf, String> {
    if program.as_encoded_bytes().contains(&b'/') {
        let file = cwd.join(program);
        return look(&file).map(|()| file);
    }
    let folders = path.map(std::env::split_paths).into_iter().flatten();
    folders
        .map(|folder| cwd.join(folder).join(program))
        .find(|file| look(file).is_ok())
        .ok_or_else(|| "it is not on PATH".to_owned())
}

/// Checks that we may execute a file.
pub fn may_run(path: &Path) -> Result<(), String> {
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err("it is not there".to_owned()),
        Err(error) => Err(error.kind().to_string()),
        Ok(meta) if meta.is_dir() => Err("it is a directory".to_owned()),
        Ok(_) if !host::may_execute(path) => Err("it may not be executed".to_owned()),
        Ok(_) => Ok(()),
    }
}

/// Returns the file or folder through which any user could replace `file`: the
/// file itself, or a folder above it, by its own name or by the one that a link
/// leads to. A folder in which users may remove only their own files, such as
/// `/tmp`, does not count.
pub fn open_to_all(file: &Path) -> Option<PathBuf> {
    let real = file.canonicalize().ok()?;
    let mut places = real.ancestors().chain(file.ancestors());
    let open = |place: &&Path| {
        place.metadata().is_ok_and(|meta| {
            let mode = meta.permissions().mode();
            mode & OTHERS_WRITE != 0 && !(meta.is_dir() && mode & STICKY != 0)
        })
    };
    places.find(open).map(Path::to_path_buf)
}

/// A way for another user to replace a file.
#[derive(Debug, PartialEq, Eq)]
pub enum Weakness {
    /// All users may write this.
    OpenToAll(PathBuf),
    /// This belongs to another user.
    OfUser(PathBuf, u32),
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenToAll(place) => write!(f, "everybody may write {}", place.display()),
            Self::OfUser(place, uid) => write!(f, "{} belongs to the user {uid}", place.display()),
        }
    }
}

impl Weakness {
    /// Returns what to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::OpenToAll(place) => format!("chmod o-w {}", place.display()),
            Self::OfUser(place, _) if place.is_dir() => {
                "put it into a folder of root, such as /usr/local/bin".to_owned()
            }
            Self::OfUser(place, _) => format!("chown root {}", place.display()),
        }
    }
}

/// Returns through what another user could replace a program that we execute: for
/// root that is also its owner, or the owner of a folder above it.
pub fn weakness(file: &Path) -> Option<Weakness> {
    let foreign = || (host::effective_uid() == 0).then(|| not_of(0, file)).flatten();
    open_to_all(file).map(Weakness::OpenToAll).or_else(foreign)
}

/// Returns the first of a file, the folders above it and the links that lead to it that
/// belongs to neither root nor this user.
fn not_of(uid: u32, file: &Path) -> Option<Weakness> {
    let real = file.canonicalize().ok()?;
    let owners =
        |place: &Path| [place.symlink_metadata(), place.metadata()].map(|meta| meta.ok().map(|meta| meta.uid()));
    real.ancestors().chain(file.ancestors()).find_map(|place| {
        let foreign = |owner: &u32| ![0, uid].contains(owner);
        let owner = owners(place).into_iter().flatten().find(foreign)?;
        Some(Weakness::OfUser(place.to_path_buf(), owner))
    })
}

/// Refuses, for root, a command whose program another user could replace. What that
/// itself reads and runs is not looked at. A program that cannot be run passes: the
/// attempt tells why.
///
/// # Errors
/// With the reason and what to do about it.
pub fn refuse_for_root(argv: &[impl AsRef<OsStr>], cwd: &Path, path: Option<&OsStr>) -> Result<(), String> {
    let Some(program) = argv.first().filter(|_| host::effective_uid() == 0) else {
        return Ok(());
    };
    let file = named(program.as_ref(), cwd, path, &may_run).ok();
    match file.and_then(|file| weakness(&file)) {
        None => Ok(()),
        Some(weakness) => Err(format!(
            "{weakness}, so that root does not run it: {}",
            weakness.remedy()
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_program_is_found_as_it_is_executed() {
        let there = ["/bin/tell", "/g/bin/tell", "/g/ask"];
        let look = |path: &Path| {
            let known = there.iter().any(|one| Path::new(one) == path);
            known.then_some(()).ok_or_else(|| "it is not there".to_owned())
        };
        for (program, path, wanted) in [
            ("tell", Some("/none:/bin"), Ok("/bin/tell")),
            ("tell", Some("bin:/bin"), Ok("/g/bin/tell")),
            ("tell", None, Err("it is not on PATH")),
            ("./ask", None, Ok("/g/./ask")),
            ("/bin/tell", None, Ok("/bin/tell")),
            ("/bin/none", Some("/bin"), Err("it is not there")),
        ] {
            let found = named(program.as_ref(), "/g".as_ref(), path.map(OsStr::new), &look);
            assert_eq!(found, wanted.map(PathBuf::from).map_err(str::to_owned), "{program}");
        }
    }

    #[test]
    fn files_that_their_owner_could_replace() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().canonicalize().unwrap();
        fs::create_dir(dir.join("own")).unwrap();
        let file = dir.join("own/tell");
        fs::write(&file, "").unwrap();
        let me = host::effective_uid();
        assert_eq!(not_of(me, &file), None);
        let owner = |place: &Path, uid: u32| {
            // Only root may give a file away.
            if me == 0 {
                std::os::unix::fs::chown(place, Some(uid), None).unwrap();
            }
        };
        let (other, seen_by) = if me == 0 { (54_321, 0) } else { (me, me + 1) };
        owner(&dir.join("own"), other);
        assert!(matches!(not_of(seen_by, &file), Some(Weakness::OfUser(_, uid)) if uid == other));
        owner(&file, other);
        let found = not_of(seen_by, &file);
        assert_eq!(found, Some(Weakness::OfUser(file.clone(), other)));
        assert_eq!(found.unwrap().remedy(), format!("chown root {}", file.display()));
        assert_eq!(not_of(other, &file), None);
    }

    #[test]
    fn files_that_any_user_could_replace() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = temporary.path().canonicalize().unwrap();
        let mode = |name: &str, mode| fs::set_permissions(dir.join(name), PermissionsExt::from_mode(mode)).unwrap();
        fs::create_dir(dir.join("own")).unwrap();
        fs::create_dir(dir.join("open")).unwrap();
        fs::write(dir.join("own/tell"), "").unwrap();
        std::os::unix::fs::symlink(dir.join("own/tell"), dir.join("open/link")).unwrap();
        mode("own/tell", 0o755);
        mode("open", 0o755);
        let found = |name: &str| open_to_all(&dir.join(name)).map(|place| place.strip_prefix(&dir).unwrap().to_owned());
        assert_eq!(found("own/tell"), None);
        assert_eq!(found("open/link"), None);
        assert_eq!(found("own/none"), None);
        // Any user may make another link.
        mode("open", 0o777);
        assert_eq!(found("open/link"), Some("open".into()));
        assert_eq!(found("own/tell"), None);
        mode("open", 0o1777);
        assert_eq!(found("open/link"), None);
        mode("own/tell", 0o757);
        assert_eq!(found("open/link"), Some("own/tell".into()));
        assert_eq!(found("own/tell"), Some("own/tell".into()));
        mode("own/tell", 0o775);
        assert_eq!(found("own/tell"), None);
        mode("own", 0o757);
        assert_eq!(found("own/tell"), Some("own".into()));
    }
}
