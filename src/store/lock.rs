//! The locks of an instance. Both are the kernel's and vanish with their
//! holder; the files stay.
//!
//! `lock` is held by whoever carries out a verb. `shim.lock` is held by the
//! shim for as long as it lives, and proves that it does.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use super::dir::StateDir;
use super::folder::InstanceDir;
use crate::sys::{lock, procfs};

const VERB_LOCK: &str = "lock";
const SHIM_LOCK: &str = "shim.lock";
const RUN_LOCK: &str = "run.lock";

/// Bytes of a holder's word about itself.
const HOLDER: usize = 96;

/// The right to carry out a verb on an instance, until it is dropped.
#[derive(Debug)]
pub struct VerbLock {
    _file: File,
}

/// Who holds the lock of a verb, as it said itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(pub String);

impl Holder {
    /// Whether whoever said that is no more. What it was about to execute when
    /// it was killed holds its lock for another moment, until it is executed.
    pub fn is_gone(&self) -> bool {
        let pid = self.0.split_once("(pid ").map(|(_, rest)| rest);
        let pid = pid.and_then(|rest| rest.split([',', ')']).next()?.parse().ok());
        let gone = |pid| match procfs::stat(pid) {
            // Ended, and not yet waited for by its parent.
            Ok(stat) => matches!(stat.state, b'Z' | b'X'),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        pid.is_some_and(gone)
    }
}

/// Tries to take the lock of an instance for a verb, without waiting. Where
/// nothing can be written, it keeps out all who can write, but not others who
/// cannot either.
///
/// # Errors
/// When the lock file cannot be made or locked.
pub fn try_verb(dir: &InstanceDir, verb: &str) -> io::Result<Result<VerbLock, Holder>> {
    loop {
        let (file, taken) = match dir.open_in_place(VERB_LOCK) {
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                let file = dir.open_read(VERB_LOCK)?.ok_or(error)?;
                let taken = lock::try_shared(&file)?;
                (file, taken)
            }
            opened => {
                let file = opened?;
                let taken = lock::try_exclusive(&file)?;
                (file, taken)
            }
        };
        if !taken {
            let mut text = String::new();
            let _ = (&file).take(HOLDER as u64).read_to_string(&mut text);
            let known = Some(text.trim_end()).filter(|line| !line.is_empty());
            return Ok(Err(Holder(known.unwrap_or("another gamectl").to_owned())));
        }
        // Somebody may have removed the file between our open and our lock; a
        // lock on a file without a name keeps nobody out.
        if !dir.is_still(VERB_LOCK, &file) {
            continue;
        }
        // Who we are is told for the sake of messages only; on a full disk it
        // is left out.
        // It has a fixed length: cutting a file off costs more than all of
        // this together.
        let text = format!("gamectl {verb} (pid {})", std::process::id());
        let _ = file.write_all_at(format!("{text:<width$}\n", width = HOLDER - 1).as_bytes(), 0);
        return Ok(Ok(VerbLock { _file: file }));
    }
}

/// The right to be the resident supervisor of a state directory, until it is
/// dropped.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// Tries to become the resident supervisor, without waiting. `who` is told to
/// whoever tries it next.
///
/// # Errors
/// When the lock file cannot be made or locked.
pub fn try_run(state: &StateDir, who: &str) -> io::Result<Result<RunLock, Holder>> {
    use nix::fcntl::OFlag;
    use nix::sys::stat::Mode;
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let fd = nix::fcntl::openat(state, RUN_LOCK, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
    let file = File::from(fd);
    if !lock::try_exclusive(&file)? {
        let mut text = String::new();
        let _ = (&file).take(HOLDER as u64).read_to_string(&mut text);
        let known = Some(text.trim_end()).filter(|line| !line.is_empty());
        return Ok(Err(Holder(known.unwrap_or("another gamectl run").to_owned())));
    }
    let _ = file.write_all_at(format!("{who:<width$}\n", width = HOLDER - 1).as_bytes(), 0);
    Ok(Ok(RunLock { _file: file }))
}

/// The proof that a shim lives, until it is dropped.
#[derive(Debug)]
pub struct ShimLock {
    _file: File,
}

/// Tries to take the shim's lock, without waiting. `None` when another shim
/// lives.
///
/// # Errors
/// When the lock file cannot be made or locked.
pub fn try_shim(dir: &InstanceDir) -> io::Result<Option<ShimLock>> {
    loop {
        let file = dir.open_append(SHIM_LOCK)?;
        if !lock::try_exclusive(&file)? {
            return Ok(None);
        }
        if dir.is_still(SHIM_LOCK, &file) {
            return Ok(Some(ShimLock { _file: file }));
        }
    }
}

/// Whether a shim lives. Takes nothing and changes nothing.
///
/// # Errors
/// When that cannot be found out.
pub fn shim_lives(dir: &InstanceDir) -> io::Result<bool> {
    match dir.open_read(SHIM_LOCK)? {
        Some(file) => lock::is_held(&file),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StateDir;

    #[test]
    fn one_holder_at_a_time_and_its_name_is_told() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        let held = try_verb(&dir, "stop").unwrap().unwrap();
        let holder = try_verb(&dir, "start").unwrap().unwrap_err();
        assert_eq!(holder.0, format!("gamectl stop (pid {})", std::process::id()));
        drop(held);
        assert!(try_verb(&dir, "start").unwrap().is_ok());
    }

    #[test]
    fn a_holder_that_is_no_more() {
        let own = std::process::id();
        let mut child = std::process::Command::new("/bin/true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        for (said, gone) in [
            (format!("gamectl run (pid {own}, on /dev/pts/1)"), false),
            (format!("gamectl stop (pid {own})"), false),
            (format!("gamectl run (pid {dead}, without a terminal)"), true),
            (format!("gamectl start (pid {dead})"), true),
            ("another gamectl run".to_owned(), false),
            ("gamectl run (pid x)".to_owned(), false),
        ] {
            assert_eq!(Holder(said.clone()).is_gone(), gone, "{said}");
        }
    }

    #[test]
    fn looking_for_a_shim_takes_nothing() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        assert!(!shim_lives(&dir).unwrap());
        assert!(!dir.path().join(SHIM_LOCK).exists(), "looking made no file");
        let shim = try_shim(&dir).unwrap().unwrap();
        assert!(shim_lives(&dir).unwrap());
        assert!(try_shim(&dir).unwrap().is_none());
        drop(shim);
        assert!(!shim_lives(&dir).unwrap());
    }
}
