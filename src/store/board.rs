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
use super::launch::ReadyAt;
use crate::sys::lock;
use crate::sys::procfs::ProcessId;
use crate::sys::reaper::Ending;

const NAME: &str = "board";

/// The first slot's place holds this headline instead.
const HEADLINE: &[u8] = b"gamectl board 1\n";

/// Bytes of a slot.
const SLOT: usize = 256;

/// Locks of slots are on their first bytes; this byte, far behind all of them,
/// is locked by whoever claims a slot.
const CLAIM_BYTE: i64 = 1 << 40;

/// The longest label of a stop step that fits.
const LABEL_MAX: usize = 48;

/// How far an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// The game's first instruction is still to come.
    Launching = 1,
    /// It runs.
    Alive = 2,
    /// It is on its way through its stop chain.
    Stopping = 3,
    /// It has ended, and that is being put on record.
    Ended = 4,
}

/// How an earlier launch ended, as far as a status row shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// How; `None` when nobody could know.
    pub ending: Option<Ending>,
    /// When, in milliseconds since the Unix epoch.
    pub at_wall_ms: Option<u64>,
    /// Whether somebody had asked for it.
    pub requested: bool,
    /// Whether the out-of-memory killer was at work.
    pub oom_killed: bool,
}

/// What a shim says of its instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The instance.
    pub id: String,
    /// How far it is.
    pub phase: Phase,
    /// Since when, in milliseconds since the Unix epoch.
    pub phase_wall_ms: u64,
    /// The launch.
    pub generation: u64,
    /// The shim's pid.
    pub shim_pid: i32,
    /// The main process.
    pub main: ProcessId,
    /// When it was launched, in milliseconds since the Unix epoch.
    pub launched_wall_ms: u64,
    /// When it was launched, on the boot-time clock.
    pub launched_boot_ms: u64,
    /// When it became ready, once it has.
    pub ready: Option<ReadyAt>,
    /// Automatic restarts since somebody last started it.
    pub restarts: u32,
    /// Whether the shim took over a game that it did not start.
    pub adopted: bool,
    /// Bytes of output lost so far.
    pub lost_output: u64,
    /// How the launch before this one ended.
    pub past: Option<Past>,
    /// The stop step under way; empty when there is none.
    pub step: String,
    /// When that step began, on the monotonic clock.
    pub step_since_ms: u64,
    /// How long it may take, in milliseconds; 0 when it has no limit.
    pub step_limit_ms: u64,
}

struct Writer {
    bytes: [u8; SLOT],
    at: usize,
}

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.at + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.at..end) {
            place.copy_from_slice(bytes);
        }
        self.at = end;
    }

    /// Length and text, in a field of a fixed size, cut at a character.
    fn put_text(&mut self, text: &str, field: usize) {
        let mut len = text.len().min(field);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        self.put(&[len as u8]);
        let start = self.at;
        self.put(&text.as_bytes()[..len]);
        self.at = start + field;
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn i32(&mut self) -> Option<i32> {
        self.take().map(i32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn text(&mut self, field: usize) -> Option<String> {
        let len = usize::from(self.u8()?);
        let place = self.bytes.get(..field)?;
        let text = std::str::from_utf8(place.get(..len)?).ok()?.to_owned();
        self.bytes = self.bytes.get(field..)?;
        Some(text)
    }
}

const ID_FIELD: usize = 63;
const READY: u8 = 1;
const ADOPTED: u8 = 2;
const PAST: u8 = 4;
const PAST_REQUESTED: u8 = 8;
const PAST_OOM: u8 = 16;
const PAST_AT: u8 = 32;

impl Entry {
    fn to_bytes(&self) -> [u8; SLOT] {
        let mut w = Writer {
            bytes: [0; SLOT],
            at: 0,
        };
        let past = self.past.as_ref();
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(self.ready.is_some(), READY)
            | flag(self.adopted, ADOPTED)
            | flag(past.is_some(), PAST)
            | flag(past.is_some_and(|past| past.requested), PAST_REQUESTED)
            | flag(past.is_some_and(|past| past.oom_killed), PAST_OOM)
            | flag(past.is_some_and(|past| past.at_wall_ms.is_some()), PAST_AT);
        w.put_text(&self.id, ID_FIELD);
        w.put(&[self.phase as u8, flags]);
        w.put(&self.phase_wall_ms.to_le_bytes());
        w.put(&self.generation.to_le_bytes());
        w.put(&self.shim_pid.to_le_bytes());
        w.put(&self.main.pid.to_le_bytes());
        w.put(&self.main.start.to_le_bytes());
        w.put(&self.launched_wall_ms.to_le_bytes());
        w.put(&self.launched_boot_ms.to_le_bytes());
        w.put(&self.ready.map_or(0, |ready| ready.boot_ms).to_le_bytes());
        w.put(&self.ready.map_or(0, |ready| ready.wall_ms).to_le_bytes());
        w.put(&self.restarts.to_le_bytes());
        w.put(&self.lost_output.to_le_bytes());
        let (kind, value): (u8, i32) = match past.and_then(|past| past.ending) {
            None => (0, 0),
            Some(Ending::Code(code)) => (1, code),
            Some(Ending::Signal(signal, core)) => (2 + u8::from(core), signal),
        };
        w.put(&[kind]);
        w.put(&value.to_le_bytes());
        w.put(&past.and_then(|past| past.at_wall_ms).unwrap_or(0).to_le_bytes());
        w.put_text(&self.step, LABEL_MAX);
        w.put(&self.step_since_ms.to_le_bytes());
        w.put(&self.step_limit_ms.to_le_bytes());
        debug_assert!(w.at <= SLOT - 4);
        let sum = crc32fast::hash(&w.bytes[..SLOT - 4]);
        w.bytes[SLOT - 4..].copy_from_slice(&sum.to_le_bytes());
        w.bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (body, sum) = bytes.split_last_chunk::<4>()?;
        if bytes.len() != SLOT || crc32fast::hash(body) != u32::from_le_bytes(*sum) {
            return None;
        }
        let mut r = Reader { bytes: body };
        let id = r.text(ID_FIELD)?;
        let phase = match r.u8()? {
            1 => Phase::Launching,
            2 => Phase::Alive,
            3 => Phase::Stopping,
            4 => Phase::Ended,
            _ => return None,
        };
        let flags = r.u8()?;
        let is = |bit: u8| flags & bit != 0;
        let phase_wall_ms = r.u64()?;
        let generation = r.u64()?;
        let shim_pid = r.i32()?;
        let main = ProcessId {
            pid: r.i32()?,
            start: r.u64()?,
        };
        let launched_wall_ms = r.u64()?;
        let launched_boot_ms = r.u64()?;
        let ready = ReadyAt {
            boot_ms: r.u64()?,
            wall_ms: r.u64()?,
        };
        let restarts = r.u32()?;
        let lost_output = r.u64()?;
        let (kind, value, at) = (r.u8()?, r.i32()?, r.u64()?);
        let past = is(PAST).then_some(Past {
            ending: match kind {
                1 => Some(Ending::Code(value)),
                2 | 3 => Some(Ending::Signal(value, kind == 3)),
                _ => None,
            },
            at_wall_ms: is(PAST_AT).then_some(at),
            requested: is(PAST_REQUESTED),
            oom_killed: is(PAST_OOM),
        });
        Some(Self {
            id,
            phase,
            phase_wall_ms,
            generation,
            shim_pid,
            main,
            launched_wall_ms,
            launched_boot_ms,
            ready: is(READY).then_some(ready),
            restarts,
            adopted: is(ADOPTED),
            lost_output,
            past,
            step: r.text(LABEL_MAX)?,
            step_since_ms: r.u64()?,
            step_limit_ms: r.u64()?,
        })
    }
}

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
        let mut bytes = Vec::new();
        let Ok(size) = self.file.metadata().map(|meta| meta.len() as usize) else {
            return Vec::new();
        };
        bytes.resize(size, 0);
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
            return Vec::new();
        }
        bytes
            .chunks_exact(SLOT)
            .enumerate()
            .skip(1)
            .filter(|(_, slot)| slot.first().is_some_and(|len| *len > 0))
            .filter_map(|(number, slot)| self.living_entry(number, slot))
            .collect()
    }

    fn living_entry(&self, number: usize, slot: &[u8]) -> Option<Entry> {
        // First the lock, then the word: an entry read before could be of a
        // shim that has since been followed by another.
        if !lock::is_byte_held(&self.file, place(number) as i64).unwrap_or(false) {
            return None;
        }
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
            match (Reader { bytes: &slot }).text(ID_FIELD) {
                Some(name) if name == id => return Ok(number),
                Some(name) if !name.is_empty() => {}
                _ => free = free.or(Some(number)),
            }
            number += 1;
        }
        let number = free.unwrap_or(number);
        let mut w = Writer {
            bytes: [0; SLOT],
            at: 0,
        };
        w.put_text(id, ID_FIELD);
        file.write_all_at(&w.bytes, place(number))?;
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
    fn what_no_living_process_vouches_for_does_not_count() {
        let tmp = tempfile::tempdir().unwrap();
        let state = StateDir::create(&tmp.path().join("s")).unwrap();
        assert!(Board::open(&state).is_none());
        let slot = Slot::take(&state, "a").unwrap();
        slot.write(&sample("a"));
        // Our own process holds the lock, so for us it is free.
        assert_eq!(Board::open(&state).unwrap().living(), []);
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
