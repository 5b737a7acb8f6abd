//! The report of a shim on its instance, in the bytes of a slot of the status table.

use super::ending::Exit;
use super::launch::ReadyAt;
use crate::sys::procfs::ProcessId;
use crate::sys::reaper::Ending;

/// The bytes of a slot.
pub(super) const SLOT: usize = 256;

/// The place of a slot: the number of its file, and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) file: usize,
    pub(super) number: usize,
}

/// The longest label of a stop step that fits.
pub(super) const LABEL_MAX: usize = 48;

/// The phase of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Phase {
    /// The game has not executed its first instruction.
    Launching = 1,
    Alive = 2,
    /// The stop chain is under way.
    Stopping = 3,
    /// The game has ended, and that is being put on record.
    Ended = 4,
}

/// The end of the launch before, as far as a status row shows it. Its fields are
/// those of [`Exit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PreviousExit {
    pub ending: Option<Ending>,
    pub at_wall_ms: Option<u64>,
    pub requested: bool,
    pub oom_killed: bool,
}

impl From<&Exit> for PreviousExit {
    fn from(exit: &Exit) -> Self {
        Self {
            ending: exit.ending,
            at_wall_ms: exit.at_wall_ms,
            requested: exit.requested,
            oom_killed: exit.oom_killed,
        }
    }
}

/// The report of a shim on its instance. Times on the wall clock are in milliseconds
/// since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShimStatus {
    pub id: String,
    pub phase: Phase,
    /// The beginning of the phase.
    pub phase_wall_ms: u64,
    pub generation: u64,
    pub shim_pid: i32,
    pub main: ProcessId,
    /// True when the main process has ended by itself, and what outlived it is
    /// being ended.
    pub main_ended: bool,
    pub launched_wall_ms: u64,
    pub launched_boot_ms: u64,
    pub ready: Option<ReadyAt>,
    /// The automatic restarts since the last start by a verb.
    pub restarts: u32,
    /// True when the shim took over a game that it did not start.
    pub adopted: bool,
    /// The bytes of output lost so far.
    pub lost_output: u64,
    /// The part of that which the log does not tell of yet.
    pub unmarked_output: u64,
    pub past: Option<PreviousExit>,
    /// The stop step under way; empty when there is none.
    pub step: String,
    /// The beginning of that step, on the monotonic clock.
    pub step_since_ms: u64,
    /// The limit of that step in milliseconds; 0 when it has none.
    pub step_limit_ms: u64,
    /// The number of the definition that it was started from: see [`Plan::entry`].
    /// `None` too from a shim that is from before there was such a thing.
    ///
    /// [`Plan::entry`]: super::plan::Plan::entry
    pub entry: Option<u32>,
}

/// Adds length and text, in a field of a fixed size, cut at a character.
fn push_text(bytes: &mut Vec<u8>, text: &str, field: usize) {
    let text = &text[..text.floor_char_boundary(field)];
    bytes.push(text.len() as u8);
    bytes.extend(text.as_bytes());
    bytes.resize(bytes.len() + field - text.len(), 0);
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

impl ShimStatus {
    /// Returns true when what outlived the main process is being ended, without a
    /// stop that asked for it.
    pub fn is_draining(&self) -> bool {
        self.phase == Phase::Alive && self.main_ended
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let past = self.past.as_ref();
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        let flags = flag(self.ready.is_some(), READY)
            | flag(self.adopted, ADOPTED)
            | flag(self.main_ended, MAIN_ENDED)
            | flag(past.is_some(), PAST)
            | flag(past.is_some_and(|past| past.requested), PAST_REQUESTED)
            | flag(past.is_some_and(|past| past.oom_killed), PAST_OOM)
            | flag(past.is_some_and(|past| past.at_wall_ms.is_some()), PAST_AT);
        let (kind, value): (u8, i32) = match past.and_then(|past| past.ending) {
            None => (0, 0),
            Some(Ending::Code(code)) => (1, code),
            Some(Ending::Signal(signal, core)) => (2 + u8::from(core), signal),
        };
        let mut bytes = Vec::with_capacity(SLOT);
        push_text(&mut bytes, &self.id, ID_FIELD);
        bytes.extend([self.phase as u8, flags]);
        bytes.extend(self.phase_wall_ms.to_le_bytes());
        bytes.extend(self.generation.to_le_bytes());
        bytes.extend(self.shim_pid.to_le_bytes());
        bytes.extend(self.main.pid.to_le_bytes());
        bytes.extend(self.main.start.to_le_bytes());
        bytes.extend(self.launched_wall_ms.to_le_bytes());
        bytes.extend(self.launched_boot_ms.to_le_bytes());
        bytes.extend(self.ready.map_or(0, |ready| ready.boot_ms).to_le_bytes());
        bytes.extend(self.ready.map_or(0, |ready| ready.wall_ms).to_le_bytes());
        bytes.extend(self.restarts.to_le_bytes());
        bytes.extend(self.lost_output.to_le_bytes());
        bytes.push(kind);
        bytes.extend(value.to_le_bytes());
        bytes.extend(past.and_then(|past| past.at_wall_ms).unwrap_or(0).to_le_bytes());
        push_text(&mut bytes, &self.step, LABEL_MAX);
        bytes.extend(self.step_since_ms.to_le_bytes());
        bytes.extend(self.step_limit_ms.to_le_bytes());
        bytes.extend(self.entry.unwrap_or(0).to_le_bytes());
        bytes.extend(self.unmarked_output.to_le_bytes());
        bytes.resize(SLOT - 4, 0);
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        bytes
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
        let past = is(PAST).then_some(PreviousExit {
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
            entry: Some(r.u32()?).filter(|entry| *entry != 0),
            unmarked_output: r.u64()?,
        })
    }
}

/// Returns a slot that has an owner and no report yet.
pub(super) fn claimed(id: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SLOT);
    push_text(&mut bytes, id, ID_FIELD);
    bytes.resize(SLOT, 0);
    bytes
}

/// Returns the owner of a slot; the name is empty where there is none.
pub(super) fn owner(slot: &[u8]) -> Option<String> {
    (Reader { bytes: slot }).text(ID_FIELD)
}

pub(super) fn is_owned_by(slot: &[u8], id: &str) -> bool {
    slot.split_first()
        .is_some_and(|(len, rest)| usize::from(*len) == id.len() && rest.starts_with(id.as_bytes()))
}
