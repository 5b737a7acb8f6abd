//! The board: what every living shim says of its instance, in few files.
//!
//! A shim owns a slot: it holds the lock of one byte of the file for as long as
//! it lives, and rewrites the slot at each change. A reader gets many slots with
//! one read and asks the kernel about each lock. What stands in a slot whose
//! lock is held is the word of the instance's own shim; what stands in any
//! other slot counts for nothing, and the instance's folder is asked instead.
//! So the board may be lost, torn or full of old slots without any harm.
//!
//! The board has parts, a file each: the kernel keeps the locks of a file in a
//! list, so that asking for each of a thousand would walk it a thousand times.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::dir::StateDir;
use super::entry::{self, Place, SLOT};
pub use super::entry::{Entry, Past, Phase};
use crate::sys::buffer::Buffer;
use crate::sys::lock;

/// The first part. The others have a number behind it.
const NAME: &str = "board";

/// The first slot's place holds this headline instead.
const HEADLINE: &[u8] = b"gamectl board 1\n";

/// Places in a part, that of the headline among them.
const PLACES: usize = 64;

/// Locks of slots are on their first bytes; this byte of the first part, far
/// behind all of them, is locked by whoever claims a slot.
const CLAIM_BYTE: i64 = 1 << 40;

/// How often, and how soon, a slot is tried again whose last holder is on its
/// way out: a process that is killed lets go of its locks one after the other.
const TRIES: u32 = 100;
const AGAIN: Duration = Duration::from_millis(1);

/// What the living shims say, in no particular order. Nothing when there is no
/// board that can be read, in which case every folder is to be asked.
pub fn living(state: &StateDir) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut buffer = Vec::new();
    for part in parts(state) {
        // First the locks, then the words: an entry read before could be of a
        // shim that has since been followed by another, which holds the lock.
        let held: Vec<bool> = (0..part.places)
            .map(|number| number > 0 && part.is_held(number))
            .collect();
        buffer.resize(part.len(), 0);
        let heard = slots(part.read(&mut buffer)).filter(|(number, _)| held.get(*number).is_some_and(|held| *held));
        entries.extend(heard.filter_map(|(number, slot)| part.entry(number, slot)));
    }
    entries
}

/// What the living shim of one instance says.
pub fn of(state: &StateDir, id: &str) -> Option<Entry> {
    // Most of the time it is where it was.
    if let Some(known) = state.known_slot(id)
        && let Ok(file) = open(state, known.part, OFlag::O_RDONLY)
        && let Some(entry) = Part::of(file).living(known.number, id)
    {
        return Some(entry);
    }
    let mut buffer = Vec::new();
    parts(state).enumerate().find_map(|(index, part)| {
        buffer.resize(part.len(), 0);
        let mut own = slots(part.read(&mut buffer)).filter(|(_, slot)| entry::is_owned_by(slot, id));
        own.find_map(|(number, _)| {
            let entry = part.living(number, id)?;
            state.note_slot(id, Place { part: index, number });
            Some(entry)
        })
    })
}

/// A slot of the board, owned by the shim that holds its lock.
#[derive(Debug)]
pub struct Slot {
    file: File,
    number: usize,
    /// Its lock has been let go: what stands there is no longer true.
    mute: Cell<bool>,
}

/// A part of the board, opened.
#[derive(Debug)]
struct Part {
    file: File,
    /// How many there were when it was opened.
    places: usize,
}

/// The parts there are, each opened when its turn comes: after one that is not
/// full there is none.
fn parts(state: &StateDir) -> impl Iterator<Item = Part> {
    let mut is_full = true;
    (0..).map_while(move |part| {
        if !is_full {
            return None;
        }
        // Asking about a lock for writing takes a descriptor for reading only.
        match open(state, part, OFlag::O_RDONLY) {
            Ok(file) => {
                let part = Part::of(file);
                is_full = part.places >= PLACES;
                Some(part)
            }
            Err(errno) => {
                if errno != Errno::ENOENT {
                    tracing::debug!(%errno, part, "the board cannot be read");
                }
                None
            }
        }
    })
}

fn open(state: &StateDir, part: usize, extra: OFlag) -> nix::Result<File> {
    let flags = OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | extra;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let opened = match part {
        0 => openat(state.as_fd(), NAME, flags, mode),
        part => openat(state.as_fd(), format!("{NAME}.{part}").as_str(), flags, mode),
    };
    opened.map(File::from)
}

fn place(number: usize) -> u64 {
    (number * SLOT) as u64
}

/// The slots of a part, with their numbers.
fn slots(part: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    part.chunks_exact(SLOT).enumerate().skip(1)
}

/// The number of a slot that has no owner, be it still to be written.
fn vacant(part: &[u8]) -> Option<usize> {
    let is_vacant = |slot: &[u8]| entry::owner(slot).is_none_or(|id| id.is_empty());
    let free = slots(part).find(|(_, slot)| is_vacant(slot)).map(|(number, _)| number);
    free.or(Some((part.len() / SLOT).max(1)))
        .filter(|number| *number < PLACES)
}

impl Part {
    fn of(file: File) -> Self {
        let places = file.metadata().map_or(0, |meta| meta.len() as usize / SLOT);
        Self { file, places }
    }

    /// Reads all places, as far as there is room, if it is a part of a board.
    fn read<'b>(&self, bytes: &'b mut [u8]) -> &'b [u8] {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.file.read_at(&mut bytes[filled..], filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    filled = 0;
                    break;
                }
            }
        }
        let bytes = bytes.get(..filled).unwrap_or_default();
        if bytes.starts_with(HEADLINE) { bytes } else { &[] }
    }

    /// How many bytes [`Part::read`] is to be given.
    fn len(&self) -> usize {
        self.places * SLOT
    }

    fn is_held(&self, number: usize) -> bool {
        lock::is_byte_held(&self.file, place(number) as i64).unwrap_or(false)
    }

    /// What the living shim of this instance says in this slot, if it is its.
    fn living(&self, number: usize, id: &str) -> Option<Entry> {
        // The lock first, as for all of them.
        if !self.is_held(number) {
            return None;
        }
        let mut slot = [0; SLOT];
        self.file.read_exact_at(&mut slot, place(number)).ok()?;
        self.entry(number, &slot).filter(|entry| entry.id == id)
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

    fn slot(self, number: usize) -> Slot {
        Slot {
            file: self.file,
            number,
            mute: Cell::new(false),
        }
    }

    /// Makes it a part of a board, if it is none.
    fn set_up(&mut self) -> io::Result<()> {
        let mut header = [0; SLOT];
        let read = self.file.read_at(&mut header, 0)?;
        if !header.starts_with(HEADLINE) || read < HEADLINE.len() {
            header.fill(0);
            header[..HEADLINE.len()].copy_from_slice(HEADLINE);
            self.file.write_all_at(&header, 0)?;
            self.places = self.places.max(1);
        }
        Ok(())
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
        let claim = open(state, 0, OFlag::O_RDWR | OFlag::O_CREAT)?;
        lock::wait_byte(&claim, CLAIM_BYTE)?;
        let slot = Self::choose(state, id)?;
        // Closed before the slot is locked: that lock belongs to the process,
        // and closing any other descriptor of the file would drop it. Nobody
        // takes the slot meanwhile, because it bears our name by now.
        drop(claim);
        for _ in 0..TRIES {
            if lock::try_byte(&slot.file, place(slot.number) as i64)? {
                return Ok(slot);
            }
            std::thread::sleep(AGAIN);
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Finds the slot that bears the name of the instance, or the first that
    /// bears none, and writes the name into it.
    fn choose(state: &StateDir, id: &str) -> io::Result<Self> {
        let slot = Self::find(state, id)?;
        // What the last shim said must not stand there as the word of the next
        // one, until that has written its own.
        slot.file.write_all_at(&entry::claimed(id), place(slot.number))?;
        Ok(slot)
    }

    fn find(state: &StateDir, id: &str) -> io::Result<Self> {
        let mut free = None;
        let mut next = 0;
        loop {
            let file = match open(state, next, OFlag::O_RDWR) {
                Err(Errno::ENOENT) => match free {
                    Some(slot) => return Ok(slot),
                    None => open(state, next, OFlag::O_RDWR | OFlag::O_CREAT)?,
                },
                other => other?,
            };
            let mut part = Part::of(file);
            part.set_up()?;
            // Mapped for this moment: a shim stays small.
            let len = NonZeroUsize::new(part.len()).unwrap_or(NonZeroUsize::MIN);
            let mut buffer = Buffer::new(len)?;
            let bytes = part.read(buffer.bytes());
            if let Some((number, _)) = slots(bytes).find(|(_, slot)| entry::is_owned_by(slot, id)) {
                return Ok(part.slot(number));
            }
            free = free.or_else(|| vacant(bytes).map(|number| part.slot(number)));
            next += 1;
        }
    }

    /// Writes what the shim says now. What cannot be written is taken back by
    /// letting go of the lock, which sends readers to the folder.
    pub fn write(&self, entry: &Entry) {
        let at = place(self.number);
        let written = self.file.write_all_at(&entry.to_bytes(), at);
        let mute = match (written, self.mute.get()) {
            (Ok(()), false) => false,
            (Ok(()), true) => !lock::try_byte(&self.file, at as i64).unwrap_or(false),
            (Err(_), _) => lock::free_byte(&self.file, at as i64).is_ok(),
        };
        self.mute.set(mute);
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
            main_ended: false,
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
        assert_eq!(living(&state), []);
        let slot = Slot::take(&state, "a").unwrap();
        slot.write(&sample("a"));
        // Our own process holds the lock, so for us it is free.
        assert_eq!(living(&state), []);
        assert_eq!(of(&state, "a"), None);
        let numbers: Vec<usize> = ["b", "a", "c"]
            .iter()
            .map(|id| Slot::take(&state, id).unwrap().number)
            .collect();
        assert_eq!(numbers, [2, 1, 3]);
        std::fs::write(state.path().join(NAME), "garbage").unwrap();
        assert_eq!(living(&state), []);
        assert_eq!(
            Slot::take(&state, "z").unwrap().number,
            1,
            "a damaged board is begun anew"
        );
    }

    #[test]
    fn a_full_part_is_followed_by_another_and_a_name_keeps_its_slot() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let files = || {
            let names = std::fs::read_dir(state.path()).unwrap();
            let mut names: Vec<String> = names
                .map(|file| file.unwrap().file_name().into_string().unwrap())
                .collect();
            names.sort();
            names.retain(|name| name.starts_with(NAME));
            names
        };
        let number = |id: &str| Slot::take(&state, id).unwrap().number;
        for each in 1..PLACES {
            assert_eq!(number(&format!("g{each}")), each);
        }
        assert_eq!(files(), ["board"]);
        assert_eq!([number("h1"), number("h2")], [1, 2]);
        assert_eq!(files(), ["board", "board.1"]);
        // A slot that has become free, and names of both parts.
        let part = File::options().write(true).open(state.path().join(NAME)).unwrap();
        part.write_all_at(&[0; SLOT], place(7)).unwrap();
        assert_eq!(number("h2"), 2);
        assert_eq!(files().len(), 2);
        assert_eq!(number("i"), 7);
    }

    #[test]
    fn a_board_of_one_long_file_is_still_read() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        let mut bytes = vec![0; SLOT];
        bytes[..HEADLINE.len()].copy_from_slice(HEADLINE);
        for each in 1..=2 * PLACES {
            bytes.extend(entry::claimed(&format!("g{each}")));
        }
        std::fs::write(state.path().join(NAME), bytes).unwrap();
        assert_eq!(
            Slot::take(&state, &format!("g{}", PLACES + 9)).unwrap().number,
            PLACES + 9
        );
        assert_eq!(Slot::take(&state, "new").unwrap().number, 1);
        assert!(state.path().join("board.1").exists());
    }
}
