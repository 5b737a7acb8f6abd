//! What a shim says of its instance, in the bytes of a slot of the board.

use super::ending::Exit;
use super::launch::ReadyAt;
use crate::sys::procfs::ProcessId;
use crate::sys::reaper::Ending;

/// Bytes of a slot.
pub(super) const SLOT: usize = 256;

/// Where a slot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The part of the board.
    pub(super) part: usize,
    /// Its number in that part.
    pub(super) number: usize,
}

/// The longest label of a stop step that fits.
pub(super) const LABEL_MAX: usize = 48;

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

impl From<&Exit> for Past {
    fn from(exit: &Exit) -> Self {
        Self {
            ending: exit.ending,
            at_wall_ms: exit.at_wall_ms,
            requested: exit.requested,
            oom_killed: exit.oom_killed,
        }
    }
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
    /// Whether it has ended by itself, and what outlived it is being cleared
    /// away.
    pub main_ended: bool,
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

pub(super) const ID_FIELD: usize = 63;
const READY: u8 = 1;
const ADOPTED: u8 = 2;
const PAST: u8 = 4;
const PAST_REQUESTED: u8 = 8;
const PAST_OOM: u8 = 16;
const PAST_AT: u8 = 32;
const MAIN_ENDED: u8 = 64;

impl Entry {
    /// Whether what outlived its main process is being cleared away, without a
    /// stop having been asked for.
    pub fn is_draining(&self) -> bool {
        self.phase == Phase::Alive && self.main_ended
    }

    pub(super) fn to_bytes(&self) -> [u8; SLOT] {
        let mut w = Writer {
            bytes: [0; SLOT],
            at: 0,
        };
        let past = self.past.as_ref();
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(self.ready.is_some(), READY)
            | flag(self.adopted, ADOPTED)
            | flag(self.main_ended, MAIN_ENDED)
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

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
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
            main_ended: is(MAIN_ENDED),
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

/// A slot that bears a name and says nothing yet.
pub(super) fn claimed(id: &str) -> [u8; SLOT] {
    let mut w = Writer {
        bytes: [0; SLOT],
        at: 0,
    };
    w.put_text(id, ID_FIELD);
    w.bytes
}

/// Whose slot it is; an empty name is nobody's.
pub(super) fn owner(slot: &[u8]) -> Option<String> {
    (Reader { bytes: slot }).text(ID_FIELD)
}

/// Whether it is the slot of this instance.
pub(super) fn is_owned_by(slot: &[u8], id: &str) -> bool {
    slot.split_first()
        .is_some_and(|(len, rest)| usize::from(*len) == id.len() && rest.starts_with(id.as_bytes()))
}
