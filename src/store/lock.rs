//! The locks of an instance. Both are the kernel's and vanish with their
//! holder; the file stays, and is never replaced.
//!
//! They are two bytes of one file, `lock`: to make a file is the most costly
//! part of a first start. One is locked by whoever carries out a verb. The
//! other is locked by the shim for as long as it lives, and proves that it
//! does. What stands at these places has nothing to do with it.
//!
//! In the file stands who carries out a verb, and behind that whose turn it is:
//! a word that no two holders share. A shim that comes late sees by it whether
//! another verb has been carried out since it was begun.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering};

use super::dir::StateDir;
use super::folder::InstanceDir;
use crate::sys::lock::{self, Part};
use crate::sys::{clock, procfs};

const NAME: &str = "lock";
const RUN_LOCK: &str = "run.lock";

/// What whoever carries out a verb locks.
const VERB: Part = Part::Byte(0);

/// What the shim locks.
const SHIM: Part = Part::Byte(1);

/// Bytes of a holder's word about itself.
const HOLDER: usize = 96;

/// Bytes of the word about whose turn it is.
const TURN: usize = 48;

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

/// Tries to take the lock of an instance for a verb, without waiting.
///
/// # Errors
/// When the lock file cannot be made or locked.
pub fn try_verb(dir: &InstanceDir, verb: &str) -> io::Result<Result<VerbLock, Holder>> {
    try_either(dir, verb, false)
}

/// The same for a verb that has something to do also where nothing can be
/// written. It then keeps out all who can write, but not others who cannot
/// either.
///
/// # Errors
/// When the lock file cannot be locked, or is not there and cannot be made.
pub fn try_stop(dir: &InstanceDir, verb: &str) -> io::Result<Result<VerbLock, Holder>> {
    try_either(dir, verb, true)
}

fn try_either(dir: &InstanceDir, verb: &str, may_read: bool) -> io::Result<Result<VerbLock, Holder>> {
    loop {
        let (file, taken) = match dir.open_in_place(NAME) {
            Err(error) if may_read && error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                let file = dir.open_read(NAME)?.ok_or(error)?;
                let taken = lock::try_shared(&file, VERB)?;
                (file, taken)
            }
            opened => {
                let file = opened?;
                let taken = lock::try_exclusive(&file, VERB)?;
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
        if !dir.is_still(NAME, &file) {
            continue;
        }
        // Who we are is told for the sake of messages only; on a full disk it
        // is left out.
        // It has a fixed length: cutting a file off costs more than all of
        // this together.
        let text = format!("gamectl {verb} (pid {})", std::process::id());
        let (holder, turn) = (HOLDER - 1, TURN - 1);
        let _ = file.write_all_at(format!("{text:<holder$}\n{:<turn$}\n", new_turn()).as_bytes(), 0);
        return Ok(Ok(VerbLock { _file: file }));
    }
}

/// A word that no other holder of a lock says, in this boot of the host.
fn new_turn() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("turn {}.{}.{count}", std::process::id(), clock::monotonic_ms())
}

/// Whose turn it is, or was last: it stays the same until another verb takes the
/// lock of the instance. Empty where none ever has.
///
/// # Errors
/// When the lock file is there and cannot be read.
pub fn turn(dir: &InstanceDir) -> io::Result<Vec<u8>> {
    let Some(file) = dir.open_read(NAME)? else {
        return Ok(Vec::new());
    };
    let mut bytes = [0; TURN];
    let n = file.read_at(&mut bytes, HOLDER as u64)?;
    Ok(bytes.get(..n).unwrap_or_default().trim_ascii_end().to_vec())
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
    if !lock::try_exclusive(&file, Part::Whole)? {
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
        let file = dir.open_in_place(NAME)?;
        if !lock::try_exclusive(&file, SHIM)? {
            return Ok(None);
        }
        if dir.is_still(NAME, &file) {
            return Ok(Some(ShimLock { _file: file }));
        }
    }
}

/// Whether a shim lives. Takes nothing and changes nothing.
///
/// # Errors
/// When that cannot be found out.
pub fn shim_lives(dir: &InstanceDir) -> io::Result<bool> {
    match dir.open_read(NAME)? {
        Some(file) => lock::is_held(&file, SHIM),
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
    fn a_turn_is_over_when_another_verb_takes_the_lock() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        assert_eq!(turn(&dir).unwrap(), b"");
        let mut turns = Vec::new();
        for _ in 0..3 {
            let held = try_verb(&dir, "start").unwrap().unwrap();
            turns.push(turn(&dir).unwrap());
            // Neither who looks nor who waits in vain, nor the end of it, makes
            // a difference.
            assert!(try_verb(&dir, "stop").unwrap().is_err());
            drop(held);
            assert_eq!(turns.last(), turn(&dir).ok().as_ref());
        }
        turns.dedup();
        assert_eq!(turns.len(), 3, "{turns:?}");
        // As an older gamectl has left it.
        std::fs::write(dir.path().join(NAME), "gamectl start (pid 5)\n").unwrap();
        assert_eq!(turn(&dir).unwrap(), b"");
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
        assert!(!dir.path().join(NAME).exists(), "looking made no file");
        let shim = try_shim(&dir).unwrap().unwrap();
        assert!(shim_lives(&dir).unwrap());
        assert!(try_shim(&dir).unwrap().is_none());
        drop(shim);
        assert!(!shim_lives(&dir).unwrap());
    }

    #[test]
    fn a_verb_and_a_shim_keep_out_their_like_alone() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let dir = state.create_instance("a").unwrap();
        let verb = try_verb(&dir, "start").unwrap().unwrap();
        let turn_of_verb = turn(&dir).unwrap();
        assert!(!shim_lives(&dir).unwrap());
        let shim = try_shim(&dir).unwrap().unwrap();
        assert_eq!(turn(&dir).unwrap(), turn_of_verb, "a shim takes nobody's turn");
        assert!(
            try_verb(&dir, "stop")
                .unwrap()
                .unwrap_err()
                .0
                .starts_with("gamectl start")
        );
        drop(verb);
        assert!(shim_lives(&dir).unwrap());
        let verb = try_stop(&dir, "stop").unwrap().unwrap();
        drop(shim);
        assert!(!shim_lives(&dir).unwrap() && try_verb(&dir, "start").unwrap().is_err());
        drop(verb);
        // Whoever removes the file takes it from both.
        let old = (
            try_verb(&dir, "start").unwrap().unwrap(),
            try_shim(&dir).unwrap().unwrap(),
        );
        std::fs::remove_file(dir.path().join(NAME)).unwrap();
        assert!(!shim_lives(&dir).unwrap());
        assert!(try_verb(&dir, "stop").unwrap().is_ok() && try_shim(&dir).unwrap().is_some());
        drop(old);
    }
}
