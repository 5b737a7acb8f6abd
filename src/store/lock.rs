//! The locks of an instance. Both are the kernel's and vanish with their
//! holder; the file stays, and is never replaced.
//!
//! They are two bytes of one file, `lock`: to make a file is the most costly
//! part of a first start. One is locked by a verb that acts on the instance. The
//! other is locked by the shim for as long as it lives, and proves that it does.
//! What stands at these places has nothing to do with it.
//!
//! In the file stands who carries out a verb, and behind that a fencing token that
//! no two holders share. A delayed shim sees by it whether another verb has been
//! carried out since it was begun. Last stands the token of the last launch, by which
//! its processes are known where its record is lost.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicU32, Ordering};

use super::dir::StateDir;
use super::folder::InstanceDir;
use super::launch::token_entry;
use crate::sys::lock::{self, Part};
use crate::sys::tree::Mark;
use crate::sys::{clock, procfs};

const NAME: &str = "lock";
const RUN_LOCK: &str = "run.lock";

/// The beginning of the description of a resident supervisor that keeps instances for a
/// `run` elsewhere.
const KEEPER: &str = "gamectl serve ";

/// Returns the description of this process where it keeps instances for a `run` elsewhere,
/// which has this name.
pub fn keeper_title(who: &str) -> String {
    let who: String = who
        .chars()
        .filter(|c| !c.is_control() && !"(),".contains(*c))
        .take(40)
        .collect();
    format!("{KEEPER}(pid {}, for {who})", std::process::id())
}

/// The byte that a verb locks.
const VERB: Part = Part::Byte(0);

/// The byte that a shim locks.
const SHIM: Part = Part::Byte(1);

/// The bytes of the holder's description.
const HOLDER: usize = 96;

/// The bytes of the fencing token.
const TOKEN: usize = 48;

/// The place and the bytes of the token of the last launch.
const LAUNCH_AT: usize = HOLDER + TOKEN;
const LAUNCH: usize = 48;

/// The right to carry out a verb on an instance, until it is dropped.
#[derive(Debug)]
pub struct VerbLock {
    file: File,
}

impl Drop for VerbLock {
    fn drop(&mut self) {
        // A child that another thread has just forked has the file open, too, until it
        // executes its program.
        let _ = lock::release(&self.file, VERB);
    }
}

/// The holder of a lock, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder(pub String);

impl Holder {
    /// Returns true when the holder is dead. What it was about to execute when it
    /// was killed holds its lock for another moment, until it is executed.
    pub fn is_gone(&self) -> bool {
        let gone = |pid| match procfs::stat(pid) {
            // Ended, and not yet waited for by its parent.
            Ok(stat) => matches!(stat.state, b'Z' | b'X'),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        self.pid().is_some_and(gone)
    }

    /// Returns true for one that keeps instances for a `run` elsewhere, and may let go of
    /// them for a claim.
    pub fn is_keeping_for_another(&self) -> bool {
        self.0.starts_with(KEEPER)
    }

    /// Returns the pid that it names.
    pub fn pid(&self) -> Option<i32> {
        let (_, rest) = self.0.split_once("(pid ")?;
        rest.split([',', ')']).next()?.parse().ok()
    }
}

/// Tries to take the lock of an instance for a verb, without waiting.
pub fn try_verb(dir: &InstanceDir, verb: &str) -> io::Result<Result<VerbLock, Holder>> {
    try_either(dir, verb, false)
}

/// Tries to take the lock for a verb that also acts where nothing can be written.
/// On a read-only filesystem it keeps out all who can write, but not others who
/// cannot either.
///
/// # Errors
/// Fails when the lock file cannot be locked, or is not there and cannot be made.
pub fn try_stop(dir: &InstanceDir, verb: &str) -> io::Result<Result<VerbLock, Holder>> {
    try_either(dir, verb, true)
}

/// Returns true while a verb holds the lock. Takes nothing.
pub fn is_at_work(dir: &InstanceDir) -> io::Result<bool> {
    is_held(dir, VERB)
}

fn is_held(dir: &InstanceDir, part: Part) -> io::Result<bool> {
    match dir.open_read(NAME)? {
        Some(file) => lock::is_held(&file, part),
        None => Ok(false),
    }
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
            return Ok(Err(holder(&file, "another gamectl")));
        }
        // The file may have been removed between our open and our lock; a lock
        // on a file without a name keeps no process out.
        if !dir.is_still(NAME, &file) {
            continue;
        }
        // Our description is for messages only; on a full disk it is left out. It
        // has a fixed length, since to truncate a file costs more than all of this
        // together.
        let text = format!("gamectl {verb} (pid {})", std::process::id());
        let (holder, token) = (HOLDER - 1, TOKEN - 1);
        let _ = file.write_all_at(format!("{text:<holder$}\n{:<token$}\n", new_token()).as_bytes(), 0);
        return Ok(Ok(VerbLock { file }));
    }
}

fn holder(file: &File, unknown: &str) -> Holder {
    let mut text = String::new();
    let _ = file.take(HOLDER as u64).read_to_string(&mut text);
    let known = Some(text.trim_end()).filter(|line| !line.is_empty());
    Holder(known.unwrap_or(unknown).to_owned())
}

/// Returns a token that no other holder of a lock has had since the host booted.
fn new_token() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("turn {}.{}.{count}", std::process::id(), clock::monotonic_ms())
}

/// Returns the fencing token, which stays the same until another verb takes the
/// lock of the instance. It is empty where no verb ever has.
pub fn fencing_token(dir: &InstanceDir) -> io::Result<Vec<u8>> {
    read_part(dir, HOLDER, TOKEN)
}

/// The right to be the resident supervisor of a state directory, until it is
/// dropped.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// Tries to become the resident supervisor, without waiting. `who` is what the
/// next one that tries finds as the holder.
pub fn try_run(state: &StateDir, who: &str) -> io::Result<Result<RunLock, Holder>> {
    use nix::fcntl::OFlag;
    use nix::sys::stat::Mode;
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let fd = nix::fcntl::openat(state, RUN_LOCK, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
    let file = File::from(fd);
    if !lock::try_exclusive(&file, Part::Whole)? {
        return Ok(Err(holder(&file, "another gamectl run")));
    }
    let _ = file.write_all_at(format!("{who:<width$}\n", width = HOLDER - 1).as_bytes(), 0);
    Ok(Ok(RunLock { _file: file }))
}

/// Returns who is the resident supervisor of a state directory, if there is one.
/// Takes nothing and changes nothing.
pub fn run_holder(state: &StateDir) -> Option<Holder> {
    use nix::fcntl::OFlag;
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = File::from(nix::fcntl::openat(state, RUN_LOCK, flags, nix::sys::stat::Mode::empty()).ok()?);
    let is_held = lock::is_held(&file, Part::Whole).unwrap_or(false);
    is_held.then(|| holder(&file, "another gamectl run"))
}

/// The proof that a shim is alive, until it is dropped.
#[derive(Debug)]
pub struct ShimLock {
    file: File,
}

impl ShimLock {
    /// Notes the token of a launch that is about to be recorded; none for an empty one.
    ///
    /// # Errors
    /// Fails when it cannot be written: then it is known by its record alone.
    pub fn note_launch(&self, token: &str) -> io::Result<()> {
        let width = LAUNCH - 1;
        self.file
            .write_all_at(format!("{token:<width$}\n").as_bytes(), LAUNCH_AT as u64)
    }
}

/// Returns the token of the last launch; `None` where it is not known.
pub fn launch_token(dir: &InstanceDir) -> io::Result<Option<String>> {
    let text = read_part(dir, LAUNCH_AT, LAUNCH)?;
    let is_token = text.len() == 32 && text.iter().all(u8::is_ascii_hexdigit);
    Ok(String::from_utf8(text).ok().filter(|_| is_token))
}

/// Returns what the processes of the last launch are known by where its record cannot
/// be read. Those of an older gamectl have no token.
pub fn mark_of_last(dir: &InstanceDir) -> io::Result<Mark> {
    let token = launch_token(dir)?;
    let entry = token.map_or_else(|| dir.tree_tag(), |token| Ok(token_entry(&token)));
    Ok(Mark::of_anybody(entry?))
}

fn read_part(dir: &InstanceDir, at: usize, length: usize) -> io::Result<Vec<u8>> {
    let Some(file) = dir.open_read(NAME)? else {
        return Ok(Vec::new());
    };
    let mut bytes = vec![0; length];
    let n = file.read_at(&mut bytes, at as u64)?;
    bytes.truncate(n);
    Ok(bytes.trim_ascii_end().to_vec())
}

/// Tries to take the shim's lock, without waiting. Returns `None` when another
/// shim is alive.
pub fn try_shim(dir: &InstanceDir) -> io::Result<Option<ShimLock>> {
    loop {
        let file = dir.open_in_place(NAME)?;
        if !lock::try_exclusive(&file, SHIM)? {
            return Ok(None);
        }
        if dir.is_still(NAME, &file) {
            return Ok(Some(ShimLock { file }));
        }
    }
}

/// Returns true when a shim is alive. Takes nothing and changes nothing.
pub fn shim_lives(dir: &InstanceDir) -> io::Result<bool> {
    is_held(dir, SHIM)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;

    #[test]
    fn one_holder_at_a_time_and_its_name_is_told() {
        let (_tmp, dir) = instance();
        let held = try_verb(&dir, "stop").unwrap().unwrap();
        let holder = try_verb(&dir, "start").unwrap().unwrap_err();
        assert_eq!(holder.0, format!("gamectl stop (pid {})", std::process::id()));
        drop(held);
        assert!(try_verb(&dir, "start").unwrap().is_ok());
    }

    /// Between fork and exec a child has every open file of its parent.
    #[test]
    fn a_child_that_was_just_forked_keeps_no_lock() {
        let (_tmp, dir) = instance();
        let held = try_verb(&dir, "stop").unwrap().unwrap();
        let of_child = held.file.try_clone().unwrap();
        drop(held);
        assert!(!is_at_work(&dir).unwrap());
        drop(try_verb(&dir, "start").unwrap().unwrap());
        drop(of_child);
    }

    #[test]
    fn a_token_is_replaced_when_another_verb_takes_the_lock() {
        let (_tmp, dir) = instance();
        assert_eq!(fencing_token(&dir).unwrap(), b"");
        let mut tokens = Vec::new();
        for _ in 0..3 {
            let held = try_verb(&dir, "start").unwrap().unwrap();
            tokens.push(fencing_token(&dir).unwrap());
            // Neither who looks nor who waits in vain, nor the end of it, makes
            // a difference.
            assert!(try_verb(&dir, "stop").unwrap().is_err());
            drop(held);
            assert_eq!(tokens.last(), fencing_token(&dir).ok().as_ref());
        }
        tokens.dedup();
        assert_eq!(tokens.len(), 3, "{tokens:?}");
        // As an older gamectl has left it.
        std::fs::write(dir.path().join(NAME), "gamectl start (pid 5)\n").unwrap();
        assert_eq!(fencing_token(&dir).unwrap(), b"");
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
    fn the_token_of_the_last_launch_outlives_verbs_and_shims() {
        let (_tmp, dir) = instance();
        assert_eq!(launch_token(&dir).unwrap(), None);
        let token = crate::sys::host::random_token().unwrap();
        let verb = try_verb(&dir, "start").unwrap().unwrap();
        let shim = try_shim(&dir).unwrap().unwrap();
        shim.note_launch(&token).unwrap();
        drop((verb, shim));
        drop(try_verb(&dir, "restart").unwrap().unwrap());
        assert_eq!(launch_token(&dir).unwrap(), Some(token));
        assert!(fencing_token(&dir).unwrap().starts_with(b"turn "));
        let shim = try_shim(&dir).unwrap().unwrap();
        shim.note_launch("").unwrap();
        assert_eq!(launch_token(&dir).unwrap(), None);
    }

    #[test]
    fn looking_for_a_shim_takes_nothing() {
        let (_tmp, dir) = instance();
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
        let (_tmp, dir) = instance();
        let verb = try_verb(&dir, "start").unwrap().unwrap();
        let token = fencing_token(&dir).unwrap();
        assert!(!shim_lives(&dir).unwrap());
        let shim = try_shim(&dir).unwrap().unwrap();
        assert_eq!(fencing_token(&dir).unwrap(), token, "a shim leaves the token");
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
