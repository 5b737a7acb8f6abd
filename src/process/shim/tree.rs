//! The game's process tree: its members, its main process, and its end.
//!
//! A shim that started the game is the reaper of everything that descends from
//! it, except other shims and their games, which something in the tree may have
//! started: the tree is gone when no children are left, or only such. A shim that
//! took a game over is not the parent. It holds a pidfd of every member that it can
//! find, and looks for others whenever one of them ends.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::search::Search;
use crate::sys::identity::{self, Presence};
use crate::sys::pidfd::Pidfd;
use crate::sys::procfs::{self, ProcessId};
use crate::sys::reaper::{self, Ending, Reap};
use crate::sys::tree::Mark;
use crate::sys::unreaped::Unreaped;
use crate::sys::{clock, tree};

/// The pause between two looks at what has outlived the main process, in
/// milliseconds.
const LOOK_EVERY_MS: u64 = 1_000;

/// Killing a tree takes as many rounds as it gives birth while it is killed.
const KILL_ROUNDS: u32 = 16;

/// The state of the main process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Main {
    Alive,
    /// The process has ended; `None` when its ending cannot be known.
    Ended(Option<Ending>),
}

/// A process tree.
#[derive(Debug)]
pub(super) struct ProcessTree {
    main: ProcessId,
    state: Main,
    gone: bool,
    kind: Kind,
    /// The search for a main process that a launcher starts, until it is found.
    search: Option<Search>,
    /// The main process, where the search has found it below a child of ours.
    found: Option<Pidfd>,
    /// The main process, when it has ended and its parent has not been told yet.
    unreaped: Option<Unreaped>,
    /// The ending of the child that we started, where it ended by itself.
    launcher: Option<Ending>,
    /// The child that we started.
    launched: ProcessId,
    /// True once the whole tree has been signalled.
    swept: bool,
    /// True where the main process has a pattern to be found by.
    named: bool,
}

#[derive(Debug)]
enum Kind {
    /// Everything in it descends from us.
    Children,
    /// Nothing in it does.
    Strangers {
        mark: Mark,
        members: Vec<(ProcessId, Pidfd)>,
    },
}

impl ProcessTree {
    /// Returns the tree of a child of ours. Where a launcher starts the main process,
    /// `pattern` finds it.
    pub(super) fn of_children(main: ProcessId, pattern: Option<&str>) -> Self {
        Self::of_kind(main, pattern, Kind::Children)
    }

    fn of_kind(main: ProcessId, pattern: Option<&str>, kind: Kind) -> Self {
        let search = pattern.and_then(Search::begin);
        Self {
            main,
            state: Main::Alive,
            gone: false,
            kind,
            named: search.is_some(),
            search,
            found: None,
            unreaped: None,
            launcher: None,
            launched: main,
            swept: false,
        }
    }

    /// Returns the tree of a process that is not ours. Where it has ended by now,
    /// the oldest of its tree takes its place.
    ///
    /// # Errors
    /// When nothing of the tree is alive, or that cannot be found out.
    pub(super) fn of_strangers(main: ProcessId, pattern: Option<&str>, mark: Mark) -> io::Result<Self> {
        let members = Vec::new();
        let mut tree = Self::of_kind(main, pattern, Kind::Strangers { mark, members });
        match identity::presence(main) {
            Presence::Alive => tree.join(main)?,
            Presence::Gone => {}
            Presence::CannotTell(why) => return Err(io::Error::other(why)),
        }
        tree.look_for_members()?;
        let survivors = tree.survivors();
        if !survivors.contains(&main) {
            let oldest = survivors.first();
            tree.main = *oldest.ok_or_else(|| io::Error::other("nothing of it is alive any more"))?;
        }
        Ok(tree)
    }

    pub(super) fn main(&self) -> ProcessId {
        self.main
    }

    pub(super) fn main_state(&self) -> Main {
        self.state
    }

    /// Returns true while the main process lives: one of which only its ending is
    /// still to be learnt does not.
    pub(super) fn main_lives(&self) -> bool {
        self.state == Main::Alive && self.unreaped.is_none()
    }

    /// Returns true when nothing of the tree is left.
    pub(super) fn is_gone(&self) -> bool {
        self.gone
    }

    /// Returns the descriptors to wait on besides SIGCHLD.
    pub(super) fn watched(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        let members = match &self.kind {
            Kind::Children => &[][..],
            Kind::Strangers { members, .. } => members,
        };
        let found = self.found.iter().map(Pidfd::as_fd);
        members.iter().map(|(_, fd)| fd.as_fd()).chain(found)
    }

    /// Returns the descriptor that hangs up when the main process, which has ended, is
    /// reaped by another process.
    pub(super) fn unreaped(&self) -> Option<BorrowedFd<'_>> {
        self.unreaped.as_ref().map(Unreaped::as_fd)
    }

    /// Learns which processes have ended.
    pub(super) fn refresh(&mut self) {
        match self.kind {
            Kind::Children => {
                // Before children are reaped, so that what has the pid of a
                // main process that is gone is not taken for it.
                self.look_at_found();
                self.reap();
            }
            Kind::Strangers { .. } => self.look(),
        }
    }

    /// Looks at a main process that is not our child.
    fn look_at_found(&mut self) {
        if let Some(fd) = self.found.take_if(|fd| fd.has_ended()) {
            self.unreaped = Some(Unreaped::new(self.main, fd));
        }
        self.learn_ending();
    }

    /// Asks how a main process ended that another process reaps. Returns true when
    /// that is settled now.
    fn learn_ending(&mut self) -> bool {
        let settled = self.unreaped.as_ref().and_then(Unreaped::settled);
        if let Some(ending) = settled {
            self.state = Main::Ended(ending);
            self.unreaped = None;
        }
        settled.is_some()
    }

    /// Looks for the main process where that is due, or at once. Returns it
    /// when it was found; then it is the main process.
    pub(super) fn find_main(&mut self, at_once: bool) -> Option<ProcessId> {
        if !self.search.as_mut()?.is_due() && !at_once {
            return None;
        }
        let _ = self.look_for_members();
        let survivors = self.survivors();
        let main = self.search.as_ref()?.first_of(&survivors)?;
        if matches!(self.kind, Kind::Children) {
            // Held from now on: its pid alone might become another's.
            self.found = Some(Pidfd::open_identified(main).ok().flatten()?);
        }
        self.search = None;
        self.main = main;
        self.state = Main::Alive;
        Some(main)
    }

    /// Returns true when the main process was found by its pattern: no other takes
    /// its place then.
    pub(super) fn has_settled(&self) -> bool {
        self.named && self.search.is_none()
    }

    /// Returns true when the main process was started by a launcher, which outlives
    /// it.
    pub(super) fn has_launcher(&self) -> bool {
        self.has_settled() && (self.launched != self.main || matches!(self.kind, Kind::Strangers { .. }))
    }

    /// Returns the ending of the main process's launcher, where that was not
    /// signalled.
    pub(super) fn launcher_ending(&self) -> Option<Ending> {
        self.launcher.filter(|_| self.has_launcher())
    }

    fn reap(&mut self) {
        loop {
            match reaper::reap() {
                Reap::Child(child) => {
                    if child.pid == self.launched.pid && !self.swept {
                        self.launcher = self.launcher.or(Some(child.ending));
                    }
                    if child.pid == self.main.pid && self.state == Main::Alive {
                        self.state = Main::Ended(Some(child.ending));
                        (self.found, self.unreaped) = (None, None);
                    }
                }
                Reap::NoneEnded => {
                    let is_over = self.state != Main::Alive && self.unreaped.is_none();
                    // What cannot be seen is not gone.
                    let left = || tree::descendants(std::process::id() as i32);
                    self.gone = is_over && left().is_ok_and(|left| left.is_empty());
                    return;
                }
                Reap::NoChildren => {
                    self.gone = self.unreaped.is_none();
                    return;
                }
            }
        }
    }

    /// Returns the time to look again although no member has ended.
    pub(super) fn deadline(&self) -> Option<u64> {
        let search = self.search.as_ref().map(Search::deadline);
        let reap = self.unreaped.as_ref().map(Unreaped::deadline);
        // A child may have become a shim since the last look.
        let is_left = matches!(self.kind, Kind::Children) && self.state != Main::Alive && !self.gone;
        let shims = is_left.then(|| clock::monotonic_ms() + LOOK_EVERY_MS);
        [search, reap, shims].into_iter().flatten().min()
    }

    fn look(&mut self) {
        let Kind::Strangers { members, .. } = &mut self.kind else {
            return;
        };
        let mut changed = false;
        for (id, fd) in members.extract_if(.., |(_, fd)| fd.has_ended()) {
            changed = true;
            if id == self.main {
                self.unreaped = Some(Unreaped::new(id, fd));
            }
        }
        changed |= self.learn_ending();
        if !changed {
            return;
        }
        // When /proc cannot be read, the known members stay.
        let _ = self.look_for_members();
        if let Kind::Strangers { members, .. } = &self.kind {
            self.gone = members.is_empty() && self.unreaped.is_none();
        }
    }

    /// Finds members that are not known yet.
    fn look_for_members(&mut self) -> io::Result<()> {
        let Kind::Strangers { mark, members, .. } = &self.kind else {
            return Ok(());
        };
        let mut found = tree::marked(mark)?;
        for (id, _) in members {
            found.extend(tree::descendants(id.pid)?);
        }
        found.into_iter().try_for_each(|id| self.join(id))
    }

    fn join(&mut self, id: ProcessId) -> io::Result<()> {
        let Kind::Strangers { members, .. } = &mut self.kind else {
            return Ok(());
        };
        if members.iter().any(|(member, _)| *member == id) {
            return Ok(());
        }
        if let Some(fd) = Pidfd::open_identified(id)?
            && !fd.has_ended()
        {
            members.push((id, fd));
        }
        Ok(())
    }

    /// Makes the oldest survivor the main process, after the main process has
    /// ended: it was a launcher, or the game has put itself into the
    /// background. Returns it.
    pub(super) fn promote_oldest(&mut self) -> Option<ProcessId> {
        let oldest = self.survivors().into_iter().next()?;
        self.main = oldest;
        self.state = Main::Alive;
        Some(oldest)
    }

    /// Returns all members that are alive, oldest first.
    fn survivors(&self) -> Vec<ProcessId> {
        match &self.kind {
            Kind::Children => tree::descendants(std::process::id() as i32).unwrap_or_default(),
            Kind::Strangers { members, .. } => {
                let mut ids: Vec<_> = members.iter().map(|(id, _)| *id).collect();
                ids.sort_by_key(|id| (id.start, id.pid));
                ids
            }
        }
    }

    /// Returns the real users that its members run as.
    pub(super) fn users(&self) -> Vec<u32> {
        let members = self.survivors().into_iter();
        members.filter_map(|id| procfs::user(id.pid)).collect()
    }

    /// Sends a signal to the main process alone.
    ///
    /// # Errors
    /// The main process, when it may not be signalled.
    pub(super) fn signal_main(&self, signal: i32) -> Result<(), ProcessId> {
        match self.state {
            Main::Alive => send(self.main, signal),
            Main::Ended(_) => Ok(()),
        }
    }

    /// Sends a signal to the whole tree.
    ///
    /// # Errors
    /// One of its processes, when none of them may be signalled.
    pub(super) fn signal_all(&mut self, signal: i32) -> Result<(), ProcessId> {
        self.swept = true;
        let _ = self.look_for_members();
        let sent: Vec<_> = self.survivors().into_iter().map(|id| send(id, signal)).collect();
        match sent.first() {
            Some(refused @ Err(_)) if sent.iter().all(Result::is_err) => *refused,
            _ => Ok(()),
        }
    }

    /// Resumes what of the tree was stopped by a signal: it would hear nothing.
    pub(super) fn resume(&mut self) {
        let _ = self.look_for_members();
        self.survivors().into_iter().for_each(tree::resume);
    }

    /// Kills the whole tree, those too that are born while we are at it.
    /// Returns how many were killed besides the main process, and one that may not
    /// be killed.
    pub(super) fn kill_all(&mut self) -> (u32, Option<ProcessId>) {
        self.swept = true;
        let mut tried = Vec::new();
        let mut killed = 0;
        let mut refused = None;
        for _ in 0..KILL_ROUNDS {
            let _ = self.look_for_members();
            let fresh: Vec<_> = self.survivors().into_iter().filter(|id| !tried.contains(id)).collect();
            if fresh.is_empty() {
                break;
            }
            for id in &fresh {
                match send(*id, libc::SIGKILL) {
                    Ok(()) => killed += u32::from(*id != self.main),
                    Err(id) => refused = Some(id),
                }
            }
            tried.extend(fresh);
        }
        (killed, refused)
    }
}

/// Sends a signal to a process, if it is still there.
///
/// # Errors
/// The process, when it may not be signalled: it has taken another user's rights.
fn send(id: ProcessId, signal: i32) -> Result<(), ProcessId> {
    let sent = identity::signal_identified(id, signal);
    if sent.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
        return Err(id);
    }
    let stops = matches!(
        signal,
        libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU | libc::SIGCONT | libc::SIGKILL
    );
    if !stops {
        // A stopped process would keep the signal for later.
        let _ = identity::signal_identified(id, libc::SIGCONT);
    }
    Ok(())
}
