//! The status table: what every living shim reports of its instance, in few files.
//!
//! A shim owns a slot: it holds the lock of one byte of the file for as long as it
//! lives, and rewrites the slot at each change. A reader gets many slots with one
//! read and asks the kernel about each lock. A slot whose lock is held is the report
//! of the instance's own shim; any other slot counts for nothing, and the folder of
//! the instance is asked instead. So the table may be lost, torn or full of old
//! slots without harm.
//!
//! It is split over files: the kernel keeps the locks of a file in a list, so that
//! asking for each of a thousand would walk it a thousand times.

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
pub use super::shim_status::{Phase, PreviousExit, ShimStatus};
use super::shim_status::{Place, SLOT, claimed, is_owned_by, owner};
use crate::sys::buffer::Buffer;
use crate::sys::lock;

/// The first file. The others have a number behind it.
const NAME: &str = "board";

/// The content of the first place of a file, instead of a slot.
const HEADLINE: &[u8] = b"gamectl board 1\n";

/// The places in a file, with that of the headline.
const PLACES: usize = 64;

/// The byte of the first file, far behind all slots, that is locked to claim a slot.
/// A slot is locked by its first byte.
const CLAIM_BYTE: i64 = 1 << 40;

/// The tries, and the pause between them, to lock a slot whose last holder exits: a
/// killed process lets go of its locks one after the other.
const TRIES: u32 = 100;
const AGAIN: Duration = Duration::from_millis(1);

/// Returns the reports of all living shims, in no particular order. It is empty when
/// no table can be read, in which case every folder is to be asked.
pub fn read_all(state: &StateDir) -> Vec<ShimStatus> {
    let mut all = Vec::new();
    let mut buffer = Vec::new();
    for table in tables(state) {
        // The locks come first: a slot read before could be of a shim that has since
        // been followed by another, which holds the lock.
        let held: Vec<bool> = (0..table.places)
            .map(|number| number > 0 && table.is_held(number))
            .collect();
        buffer.resize(table.len(), 0);
        let living = slots(table.read(&mut buffer)).filter(|(number, _)| held.get(*number).is_some_and(|held| *held));
        all.extend(living.filter_map(|(number, slot)| table.status(number, slot)));
    }
    all
}

/// Returns the report of the living shim of one instance.
pub fn read(state: &StateDir, id: &str) -> Option<ShimStatus> {
    // Most of the time it is where it was.
    if let Some(known) = state.known_slot(id)
        && let Ok(file) = open(state, known.file, OFlag::O_RDONLY)
        && let Some(status) = Table::of(file).living(known.number, id)
    {
        return Some(status);
    }
    let mut buffer = Vec::new();
    tables(state).enumerate().find_map(|(file, table)| {
        buffer.resize(table.len(), 0);
        let mut own = slots(table.read(&mut buffer)).filter(|(_, slot)| is_owned_by(slot, id));
        own.find_map(|(number, _)| {
            let status = table.living(number, id)?;
            state.note_slot(id, Place { file, number });
            Some(status)
        })
    })
}

/// Returns the last report on an instance, of a shim that may be dead by now. It is
/// there until the next shim takes the slot.
pub fn last(state: &StateDir, id: &str) -> Option<ShimStatus> {
    let mut buffer = Vec::new();
    tables(state).find_map(|table| {
        buffer.resize(table.len(), 0);
        let mut own = slots(table.read(&mut buffer)).filter(|(_, slot)| is_owned_by(slot, id));
        own.find_map(|(_, slot)| ShimStatus::from_bytes(slot))
    })
}

/// A slot, owned by the shim that holds its lock.
#[derive(Debug)]
pub struct Slot {
    file: File,
    number: usize,
    /// True when its lock was let go, since what stands there is not true.
    is_silent: Cell<bool>,
}

/// A file of the table, opened.
#[derive(Debug)]
struct Table {
    file: File,
    /// The number of places when it was opened.
    places: usize,
}

/// Opens the files, each when it is asked for.
fn tables(state: &StateDir) -> impl Iterator<Item = Table> {
    // Asking about a lock for writing takes a descriptor for reading only.
    (0..).map_while(|file| match open(state, file, OFlag::O_RDONLY) {
        Ok(file) => Some(Table::of(file)),
        Err(Errno::ENOENT) => None,
        Err(errno) => {
            tracing::debug!(%errno, file, "the status table cannot be read");
            None
        }
    })
}

fn open(state: &StateDir, file: usize, extra: OFlag) -> nix::Result<File> {
    let flags = OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | extra;
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let opened = match file {
        0 => openat(state.as_fd(), NAME, flags, mode),
        file => openat(state.as_fd(), format!("{NAME}.{file}").as_str(), flags, mode),
    };
    opened.map(File::from)
}

fn offset(number: usize) -> u64 {
    (number * SLOT) as u64
}

/// Returns the slots of a file, with their numbers.
fn slots(table: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    table.chunks_exact(SLOT).enumerate().skip(1)
}

/// Returns the number of a slot that has no owner, or of the one behind the last.
fn vacant(table: &[u8]) -> Option<usize> {
    let is_vacant = |slot: &[u8]| owner(slot).is_none_or(|id| id.is_empty());
    let free = slots(table).find(|(_, slot)| is_vacant(slot)).map(|(number, _)| number);
    free.or(Some((table.len() / SLOT).max(1)))
        .filter(|number| *number < PLACES)
}

impl Table {
    fn of(file: File) -> Self {
        let places = file.metadata().map_or(0, |meta| meta.len() as usize / SLOT);
        Self { file, places }
    }

    /// Reads all places into a buffer of [`Table::len`] bytes. Returns nothing if it
    /// is not a file of the table.
    fn read<'b>(&self, bytes: &'b mut [u8]) -> &'b [u8] {
        match self.file.read_exact_at(bytes, 0) {
            Ok(()) if bytes.starts_with(HEADLINE) => bytes,
            _ => &[],
        }
    }

    fn len(&self) -> usize {
        self.places * SLOT
    }

    fn is_held(&self, number: usize) -> bool {
        lock::is_byte_held(&self.file, offset(number) as i64).unwrap_or(false)
    }

    /// Returns the report in a slot, if it is that of a living shim of this instance.
    fn living(&self, number: usize, id: &str) -> Option<ShimStatus> {
        // The lock first, as for all of them.
        if !self.is_held(number) {
            return None;
        }
        let mut slot = [0; SLOT];
        self.file.read_exact_at(&mut slot, offset(number)).ok()?;
        self.status(number, &slot).filter(|status| status.id == id)
    }

    fn status(&self, number: usize, slot: &[u8]) -> Option<ShimStatus> {
        if let Some(status) = ShimStatus::from_bytes(slot) {
            return Some(status);
        }
        // It may have been written while we read it: read this slot again.
        let mut again = [0; SLOT];
        self.file.read_exact_at(&mut again, offset(number)).ok()?;
        ShimStatus::from_bytes(&again)
    }

    fn slot(self, number: usize) -> Slot {
        Slot {
            file: self.file,
            number,
            is_silent: Cell::new(false),
        }
    }

    /// Makes it a file of the table, if it is none.
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
    /// Takes the slot of an instance, or a free one, for the life of this process.
    /// Returns `None` when there is none to be had: readers then ask the folder.
    pub fn take(state: &StateDir, id: &str) -> Option<Self> {
        let taken = Self::try_take(state, id);
        taken
            .inspect_err(|error| tracing::debug!(%error, "no slot in the status table"))
            .ok()
    }

    fn try_take(state: &StateDir, id: &str) -> io::Result<Self> {
        let claim = open(state, 0, OFlag::O_RDWR | OFlag::O_CREAT)?;
        lock::wait_byte(&claim, CLAIM_BYTE)?;
        let slot = Self::find(state, id)?;
        // The report of the last shim must not stand there as that of the next one,
        // until that has written its own.
        slot.file.write_all_at(&claimed(id), offset(slot.number))?;
        // Closed before the slot is locked: that lock belongs to the process, and
        // closing any other descriptor of the file would drop it. No other process
        // takes the slot meanwhile, because it has our name by now.
        drop(claim);
        for _ in 0..TRIES {
            if lock::try_byte(&slot.file, offset(slot.number) as i64)? {
                return Ok(slot);
            }
            std::thread::sleep(AGAIN);
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Finds the slot that has the name of the instance, or the first that has none.
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
            let mut table = Table::of(file);
            table.set_up()?;
            // Mapped for this moment: a shim stays small.
            let len = NonZeroUsize::new(table.len()).unwrap_or(NonZeroUsize::MIN);
            let mut buffer = Buffer::new(len)?;
            let bytes = table.read(buffer.bytes());
            if let Some((number, _)) = slots(bytes).find(|(_, slot)| is_owned_by(slot, id)) {
                return Ok(table.slot(number));
            }
            free = free.or_else(|| vacant(bytes).map(|number| table.slot(number)));
            next += 1;
        }
    }

    /// Writes a report. Where that fails, the lock is let go, which sends readers to
    /// the folder.
    pub fn write(&self, status: &ShimStatus) {
        let at = offset(self.number);
        let is_written = self.file.write_all_at(&status.to_bytes(), at).is_ok();
        let is_silent = match (is_written, self.is_silent.get()) {
            (true, false) => false,
            (true, true) => !lock::try_byte(&self.file, at as i64).unwrap_or(false),
            (false, _) => lock::free_byte(&self.file, at as i64).is_ok(),
        };
        self.is_silent.set(is_silent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::launch::ReadyAt;
    use crate::store::shim_status::{ID_FIELD, LABEL_MAX};
    use crate::store::testing::state;
    use crate::sys::procfs::ProcessId;
    use crate::sys::reaper::Ending;
    use proptest::prelude::*;

    fn sample(id: &str) -> ShimStatus {
        ShimStatus {
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
            unmarked_output: 15,
            past: Some(PreviousExit {
                ending: Some(Ending::Signal(9, false)),
                at_wall_ms: Some(12),
                requested: true,
                oom_killed: true,
            }),
            step: "stdin: quit".to_owned(),
            step_since_ms: 13,
            step_limit_ms: 14,
            entry: Some(15),
        }
    }

    #[test]
    fn a_status_survives_its_bytes_and_the_longest_texts_fit() {
        let status = ShimStatus {
            id: "x".repeat(ID_FIELD),
            step: "y".repeat(LABEL_MAX),
            ..sample("a")
        };
        assert_eq!(ShimStatus::from_bytes(&status.to_bytes()), Some(status));
        let long = ShimStatus {
            step: "ä".repeat(LABEL_MAX),
            ..sample("a")
        };
        let read = ShimStatus::from_bytes(&long.to_bytes()).unwrap();
        assert_eq!(read.step, "ä".repeat(LABEL_MAX / 2));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes in proptest::collection::vec(any::<u8>(), 0..=SLOT)) {
            let _ = ShimStatus::from_bytes(&bytes);
        }

        #[test]
        fn a_flipped_bit_is_noticed(at in 0..SLOT * 8) {
            let mut bytes = sample("a").to_bytes();
            bytes[at / 8] ^= 1 << (at % 8);
            prop_assert_eq!(ShimStatus::from_bytes(&bytes), None);
        }
    }

    #[test]
    fn who_takes_a_slot_does_not_vouch_for_what_stands_in_it() {
        let (_tmp, state) = state();
        Slot::take(&state, "a").unwrap().write(&sample("a"));
        let slot = Slot::take(&state, "a").unwrap();
        let mut bytes = [0; SLOT];
        slot.file.read_exact_at(&mut bytes, offset(slot.number)).unwrap();
        assert_eq!(owner(&bytes).as_deref(), Some("a"));
        let owned = ["a", "", "aa", "b"].map(|id| is_owned_by(&bytes, id));
        assert_eq!(owned, [true, false, false, false]);
        assert_eq!(ShimStatus::from_bytes(&bytes), None);
    }

    #[test]
    fn what_no_living_process_vouches_for_does_not_count() {
        let (_tmp, state) = state();
        assert_eq!(read_all(&state), []);
        let slot = Slot::take(&state, "a").unwrap();
        slot.write(&sample("a"));
        // Our own process holds the lock, so for us it is free.
        assert_eq!(read_all(&state), []);
        assert_eq!(read(&state, "a"), None);
        let numbers: Vec<usize> = ["b", "a", "c"]
            .iter()
            .map(|id| Slot::take(&state, id).unwrap().number)
            .collect();
        assert_eq!(numbers, [2, 1, 3]);
        std::fs::write(state.path().join(NAME), "garbage").unwrap();
        assert_eq!(read_all(&state), []);
        assert_eq!(
            Slot::take(&state, "z").unwrap().number,
            1,
            "a damaged board is begun anew"
        );
    }

    #[test]
    fn a_full_part_is_followed_by_another_and_a_name_keeps_its_slot() {
        let (_tmp, state) = state();
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
        part.write_all_at(&[0; SLOT], offset(7)).unwrap();
        assert_eq!(number("h2"), 2);
        assert_eq!(files().len(), 2);
        assert_eq!(number("i"), 7);
    }

    #[test]
    fn a_board_of_one_long_file_is_still_read() {
        let (_tmp, state) = state();
        let mut bytes = vec![0; SLOT];
        bytes[..HEADLINE.len()].copy_from_slice(HEADLINE);
        for each in 1..=2 * PLACES {
            bytes.extend(claimed(&format!("g{each}")));
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
