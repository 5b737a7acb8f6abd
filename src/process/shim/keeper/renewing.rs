//! What comes after the end, where whoever launched the game wants it back at
//! once: the same shim launches it again, and spares the making of another.
//!
//! ```text
//!  starter                               shim
//!  ───────                               ────
//!  attends ─────────────────────────────▶
//!                                        sees the end, puts it on record
//!  ◀──────────────────── report: ended ──
//!  holds the instance's lock
//!  renew, and a channel ────────────────▶ reads the intent again
//!  the next launch, on the channel ─────▶ launches as at first
//!  ◀───── ok, or stage and errno ────────
//! ```
//!
//! Only for the process that launched it, so that a game gets the limits, the
//! control group and the namespaces of its starter, however often it is
//! started again.
//!
//! Where it has allowed that beforehand, it is not even asked: the shim itself
//! takes the instance's lock, as who carries out a verb does, and launches the
//! same again. When it cannot have the lock, all is as above. An allowance is
//! for one crash, and no longer than its connection: who gave it hears of that
//! crash before there can be another.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use super::{Keeper, exit};
use crate::process::shim::serve::Server;
use crate::store::InstanceDir;
use crate::store::board::Slot;
use crate::store::ending::{self, Exit};
use crate::store::lock::{self, ShimLock, VerbLock};
use crate::store::room::Room;
use crate::sys::clock;
use crate::sys::signals::Signals;

/// How long a shim whose game has ended is there for whoever launched it, in
/// milliseconds, unless another verb sends it away.
const ATTENDS_MS: u64 = 2_000;

/// How long it may take to decide on the next launch, in milliseconds. The disk
/// is not asked meanwhile to make the exit durable: it would keep the next
/// launch waiting.
const DECIDES_MS: u64 = 50;

/// What one launch leaves to the next of the same shim; nothing of it is there
/// at the first.
#[derive(Default)]
pub(in crate::process::shim) struct Kept {
    pub(in crate::process::shim) shim_lock: Option<ShimLock>,
    pub(in crate::process::shim) server: Option<Server>,
    pub(in crate::process::shim) slot: Option<Slot>,
    /// The FIFO behind the last game's standard input.
    pub(in crate::process::shim) input: Option<File>,
    /// The last exit, which may be not durable yet.
    pub(in crate::process::shim) exit: Option<Room>,
    pub(in crate::process::shim) oom_score_adj: OomScoreAdj,
    /// Whether names of files are not durable yet.
    pub(in crate::process::shim) is_unsettled: bool,
}

/// How this shim stands with the out-of-memory killer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::process::shim) enum OomScoreAdj {
    /// As it was begun.
    #[default]
    Inherited,
    /// As it was begun, for it may not change it.
    Denied,
    /// It is the last to be taken; what it was begun with.
    Lowered(i32),
}

/// What follows the end of a game.
pub(in crate::process::shim) enum After {
    /// Nothing.
    Nothing,
    /// What is told on this channel.
    Told(OwnedFd),
    /// The same once more.
    Again(Again),
}

/// A launch that nobody needs to ask for any more.
pub(in crate::process::shim) struct Again {
    /// As how many-th automatic restart.
    pub(in crate::process::shim) restarts: u32,
    /// The instance's, until it is launched.
    pub(in crate::process::shim) lock: VerbLock,
}

impl Keeper {
    /// The launch that was allowed for this end, if nothing speaks against it.
    pub(super) fn take_allowance(&mut self, exit: &Exit) -> Option<Again> {
        if !self.attends || self.record.adopted {
            return None;
        }
        let generation = self.record.generation;
        self.server.allowance(self.starter, generation)?;
        // Who allowed it may be gone by now.
        self.wait(Some(clock::monotonic_ms()));
        let allowance = self.server.allowance(self.starter, generation)?;
        let is_excepted = exit.code().is_some_and(|code| allowance.except.contains(&code));
        if self.leaves || is_excepted {
            return None;
        }
        let restarts = allowance.restarts;
        let lock = lock::try_verb(&self.dir, "run").ok()?.ok()?;
        Some(Again { restarts, lock })
    }

    /// Tells of a launch that nobody has asked for: it is the one that was
    /// allowed.
    pub(in crate::process::shim) fn announce(&mut self) {
        let report = self.report();
        self.server.notify_others(&report);
        self.server.forget_allowances();
    }

    /// Puts the end on record, durably. But whoever launched it, and may want
    /// it back at once, is told before the disk has taken it.
    pub(super) fn put_on_record(&self, exit: &Exit) -> io::Result<()> {
        if self.attends {
            return exit::record_soon(&self.dir, &self.room, exit);
        }
        exit::record(&self.dir, &self.room, exit)?;
        self.dir.sync()
    }

    /// Waits for whoever launched it to ask for the next launch, as long as it
    /// is there and nobody wants something else.
    pub(super) fn await_renewal(&mut self, exit: &Exit) -> Option<OwnedFd> {
        if !self.attends {
            return None;
        }
        let now = clock::monotonic_ms();
        self.wait_for_renewal(now + DECIDES_MS);
        if self.renewal.is_none() {
            // The other decides otherwise, or takes its time.
            if self.room.sync().is_err() {
                let _ = ending::write_unreserved(&self.dir, exit);
            }
            let _ = self.dir.sync();
            self.wait_for_renewal(now + ATTENDS_MS);
        }
        self.attends = false;
        self.renewal.take()
    }

    fn wait_for_renewal(&mut self, until: u64) {
        while self.renewal.is_none()
            && !self.leaves
            && self.server.is_attended_by(self.starter)
            && clock::monotonic_ms() < until
        {
            self.wait(Some(until));
        }
    }

    /// Takes it apart: where it works, and what the next launch goes on with.
    pub(in crate::process::shim) fn into_kept(self) -> (InstanceDir, Signals, Kept) {
        let kept = Kept {
            shim_lock: Some(self.shim_lock),
            server: Some(self.server),
            slot: self.voice.into_slot(),
            input: self.input.map(File::from),
            exit: Some(self.room),
            oom_score_adj: self.oom_score_adj,
            is_unsettled: self.settles_at.is_some(),
        };
        (self.dir, self.signals, kept)
    }

    /// Takes the next launch on, which is told on this channel.
    pub(super) fn renew(&mut self, channel: Option<OwnedFd>) -> Result<(), String> {
        if !self.attends || channel.is_none() {
            return Err("this shim launches nothing any more".to_owned());
        }
        self.renewal = channel;
        Ok(())
    }
}
