//! The claim to be the next `run` of a state directory. Whoever keeps instances for a
//! `run` on another host lets go of them for a claim, once it has lost that one, or when
//! the same one claims them anew. The claim is a lock of the kernel, and vanishes with its
//! holder.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::dir::StateDir;
use crate::sys::lock::{self, Part};

const NAME: &str = "run.next";

/// The bytes of the word of whoever claims.
const WORD: usize = 64;

/// A claim, until it is dropped.
#[derive(Debug)]
pub struct RunClaim {
    _file: File,
}

/// Claims a state directory for the `run` of this word, which may be empty; `None` while
/// another one claims it.
pub fn claim(state: &StateDir, run: &str) -> io::Result<Option<RunClaim>> {
    let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = File::from(openat(state, NAME, flags, Mode::S_IRUSR | Mode::S_IWUSR)?);
    if !lock::try_exclusive(&file, Part::Whole)? {
        return Ok(None);
    }
    file.write_all_at(format!("{run:<width$}\n", width = WORD - 1).as_bytes(), 0)?;
    Ok(Some(RunClaim { _file: file }))
}

/// Returns the word of the `run` that claims a state directory, if one does.
pub fn claimant(state: &StateDir) -> Option<String> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = File::from(openat(state, NAME, flags, Mode::empty()).ok()?);
    if !lock::is_held(&file, Part::Whole).ok()? {
        return None;
    }
    let mut word = String::new();
    let _ = file.take(WORD as u64).read_to_string(&mut word);
    Some(word.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::state;

    #[test]
    fn one_claims_at_a_time_and_its_word_is_read() {
        let (_tmp, state) = state();
        assert_eq!(claimant(&state), None);
        let held = claim(&state, "0123").unwrap().unwrap();
        assert_eq!(claimant(&state).as_deref(), Some("0123"));
        assert!(claim(&state, "other").unwrap().is_none());
        drop(held);
        assert_eq!(claimant(&state), None);
        let _held = claim(&state, "").unwrap().unwrap();
        assert_eq!(claimant(&state).as_deref(), Some(""));
    }
}
