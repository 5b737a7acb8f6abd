//! The board: what every living shim says of its instance, in one file.
//!
//! A shim owns a slot: it holds the lock of one byte of the file for as long as
//! it lives, and rewrites the slot at each change. A reader gets all slots with
//! one read and asks the kernel about each lock. What stands in a slot whose
//! lock is held is the word of the instance's own shim; what stands in any
//! other slot counts for nothing, and the instance's folder is asked instead.
//! So the board may be lost, torn or full of old slots without any harm.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::dir::StateDir;
use super::entry::{self, SLOT};
pub use super::entry::{Entry, Past, Phase};
use crate::sys::lock;

const NAME: &str = "board";

/// The first slot's place holds this headline instead.
const HEADLINE: &[u8] = b"gamectl board 1\n";

/// Locks of slots are on their first bytes; this byte, far behind all of them,
/// is locked by whoever claims a slot.
const CLAIM_BYTE: i64 = 1 << 40;

/// The board, opened.
#[derive(Debug)]
pub struct Board {
    file: File,
}

/// A slot of the board, owned by the shim that holds its lock.
#[derive(Debug)]
pub struct Slot {
    file: File,
    number: usize,
}

fn place(number: usize) -> u64 {
    (number * SLOT) as u64
}

fn open(state: &StateDir, extra: OFlag) -> nix::Result<File> {
    let flags = OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | extra;
    openat(state.as_fd(), NAME, flags, Mode::S_IRUSR | Mode::S_IWUSR).map(File::from)
}

impl Board {
    /// Opens the board for reading; `None` when there is none that can be
    /// read, in which case every folder is to be asked.
    pub fn open(state: &StateDir) -> Option<Self> {
        // Asking about a lock for writing takes a descriptor for reading only.
        match open(state, OFlag::O_RDONLY) {
            Ok(file) => Some(Self { file }),
            Err(errno) => {
                if errno != Errno::ENOENT {
                    tracing::debug!(%errno, "the board cannot be read");
                }
                None
            }
        }
    }

    /// What the living shims say, in no particular order.
    pub fn living(&self) -> Vec<Entry> {
        let Ok(size) = self.file.metadata().map(|meta| meta.len() as usize) else {
            return Vec::new();
        };
        // First the locks, then the words: an entry read before could be of a
        // shim that has since been followed by another, which holds the lock.
        let held: Vec<bool> = (0..size / SLOT)
            .map(|number| number > 0 && self.is_held(number))
            .collect();
        self.bytes(size)
            .chunks_exact(SLOT)
            .enumerate()
            .filter(|(number, _)| held.get(*number).copied().unwrap_or(false))
            .filter_map(|(number, slot)| self.entry(number, slot))
            .collect()
    }

    /// What the living shim of one instance says.
    pub fn of(&self, id: &str) -> Option<Entry> {
        let size = self.file.metadata().ok()?.len() as usize;
        let bytes = self.bytes(size);
        let mut slots = bytes.chunks_exact(SLOT).enumerate().skip(1);
        let is_its = |(number, slot): &(usize, &[u8])| entry::is_owned_by(slot, id) && self.is_held(*number);
        let (number, _) = slots.find(is_its)?;
        // Read after the lock was seen, as above.
        let mut slot = [0; SLOT];
        self.file.read_exact_at(&mut slot, place(number)).ok()?;
        self.entry(number, &slot).filter(|entry| entry.id == id)
    }

    /// The first bytes of the board, if it is one.
    fn bytes(&self, size: usize) -> Vec<u8> {
        let mut bytes = vec![0; size];
        let mut filled = 0;
        while filled < size {
            match self.file.read_at(&mut bytes[filled..], filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Vec::new(),
            }
        }
        bytes.truncate(filled);
        if !bytes.starts_with(HEADLINE) {
            bytes.clear();
        }
        bytes
    }

    fn is_held(&self, number: usize) -> bool {
        lock::is_byte_held(&self.file, place(number) as i64).unwrap_or(false)
    }

    fn entry(&self, number: usize, slot: &[u8]) -> Option<Entry> {
        if let Some(entry) = Entry::from_bytes(slot) {
            return Some(entry);
        }
        // Torn by a change while we read it: once more, this slot alone.
        let mut again = [0; SLOT];
        self.file.read_exact_at(&mut again, place(number)).ok()?;
        Entry::from_bytes(&again)
    }
}

impl Slot {
    /// Takes the slot of an instance, or a free one, for the life of this
    /// process. `None` when there is none to be had: the instance then does
    /// without.
    pub fn take(state: &StateDir, id: &str) -> Option<Self> {
        match Self::try_take(state, id) {
            Ok(slot) => Some(slot),
            Err(error) => {
                tracing::debug!(%error, "no slot on the board");
                None
            }
        }
    }

    fn try_take(state: &StateDir, id: &str) -> io::Result<Self> {
        let file = open(state, OFlag::O_RDWR | OFlag::O_CREAT)?;
        let claim = open(state, OFlag::O_RDWR)?;
        lock::wait_byte(&claim, CLAIM_BYTE)?;
        let number = Self::choose(&file, id)?;
        // Closed before the slot is locked: that lock belongs to the process,
        // and closing any other descriptor of the file would drop it. Nobody
        // takes the slot meanwhile, because it bears our name by now.
        drop(claim);
        if !lock::try_byte(&file, place(number) as i64)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Self { file, number })
    }

    /// Finds the slot that bears the name of the instance, or the first that
    /// bears none, and writes the name into it.
    fn choose(file: &File, id: &str) -> io::Result<usize> {
        let mut header = [0; SLOT];
        let read = file.read_at(&mut header, 0)?;
        if !header.starts_with(HEADLINE) || read < HEADLINE.len() {
            header.fill(0);
            header[..HEADLINE.len()].copy_from_slice(HEADLINE);
            file.write_all_at(&header, 0)?;
        }
        let mut slot = [0; SLOT];
        let mut free = None;
        let mut number = 1;
        while file.read_at(&mut slot, place(number))? == SLOT {
            match entry::owner(&slot) {
                Some(name) if name == id => {
                    // What the last shim said must not stand there as the word
                    // of the next one, until that has written its own.
                    file.write_all_at(&entry::claimed(id), place(number))?;
                    return Ok(number);
                }
                Some(name) if !name.is_empty() => {}
                _ => free = free.or(Some(number)),
            }
            number += 1;
        }
        let number = free.unwrap_or(number);
        file.write_all_at(&entry::claimed(id), place(number))?;
        Ok(number)
    }

    /// Writes what the shim says now.
    pub fn write(&self, entry: &Entry) {
        // Losing a word on the board loses nothing: a slot that does not read
        // back sends the reader to the folder.
        let _ = self.file.write_all_at(&entry.to_bytes(), place(self.number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::entry::{ID_FIELD, LABEL_MAX};
    use crate::store::launch::ReadyAt;
    use crate::sys::procfs::ProcessId;
    use crate::sys::reaper::Ending;
    use proptest::prelude::*;

    fn sample(id: &str) -> Entry {
        Entry {
            id: id.to_owned(),
            phase: Phase::Alive,
            phase_wall_ms: 1,
            generation: 2,
            shim_pid: 3,
            main: ProcessId { pid: 4, start: 5 },
            launched_wall_ms: 6,
            launched_boot_ms: 7,
            ready: Some(ReadyAt { boot_ms: 8, wall_ms: 9 }),
            restarts: 10,
            adopted: true,
            lost_output: 11,
            past: Some(Past {
                ending: Some(Ending::Signal(9, false)),
                at_wall_ms: Some(12),
                requested: true,
                oom_killed: true,
            }),
            step: "stdin: quit".to_owned(),
            step_since_ms: 13,
            step_limit_ms: 14,
        }
    }

    #[test]
    fn an_entry_survives_its_bytes_and_the_longest_texts_fit() {
        let entry = Entry {
            id: "x".repeat(ID_FIELD),
            step: "y".repeat(LABEL_MAX),
            ..sample("a")
        };
        assert_eq!(Entry::from_bytes(&entry.to_bytes()), Some(entry));
        let long = Entry {
            step: "ä".repeat(LABEL_MAX),
            ..sample("a")
        };
        let read = Entry::from_bytes(&long.to_bytes()).unwrap();
        assert_eq!(read.step, "ä".repeat(LABEL_MAX / 2));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..=SLOT)) {
            let _ = Entry::from_bytes(&bytes);
        }

        #[test]
        fn a_flipped_bit_is_noticed(at in 0..SLOT * 8) {
            let mut bytes = sample("a").to_bytes();
            bytes[at / 8] ^= 1 << (at % 8);
            prop_assert_eq!(Entry::from_bytes(&bytes), None);
        }
    }

    #[test]
    fn who_takes_a_slot_does_not_vouch_for_what_stands_in_it() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        Slot::take(&state, "a").unwrap().write(&sample("a"));
        let slot = Slot::take(&state, "a").unwrap();
        let mut bytes = [0; SLOT];
        slot.file.read_exact_at(&mut bytes, place(slot.number)).unwrap();
        assert_eq!(entry::owner(&bytes).as_deref(), Some("a"));
        let owned = ["a", "", "aa", "b"].map(|id| entry::is_owned_by(&bytes, id));
        assert_eq!(owned, [true, false, false, false]);
        assert_eq!(Entry::from_bytes(&bytes), None);
    }

    #[test]
    fn what_no_living_process_vouches_for_does_not_count() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        assert!(Board::open(&state).is_none());
        let slot = Slot::take(&state, "a").unwrap();
        slot.write(&sample("a"));
        // Our own process holds the lock, so for us it is free.
        assert_eq!(Board::open(&state).unwrap().living(), []);
        assert_eq!(Board::open(&state).unwrap().of("a"), None);
        let numbers: Vec<usize> = ["b", "a", "c"]
            .iter()
            .map(|id| Slot::take(&state, id).unwrap().number)
            .collect();
        assert_eq!(numbers, [2, 1, 3]);
        std::fs::write(state.path().join(NAME), "garbage").unwrap();
        assert_eq!(Board::open(&state).unwrap().living(), []);
        assert_eq!(
            Slot::take(&state, "z").unwrap().number,
            1,
            "a damaged board is begun anew"
        );
    }
}
