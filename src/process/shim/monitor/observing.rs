//! The main process of a game, and what follows from its end.

use super::{Monitor, Stop};
use crate::policy::stop::Escalation;
use crate::process::shim::reason::Reason;
use crate::process::shim::tree::Main;
use crate::store::launch;
use crate::sys::clock;
use crate::sys::procfs::ProcessId;
use crate::sys::reaper::Ending;

impl Monitor {
    /// Learns which processes have ended, and decides what follows.
    pub(super) fn observe(&mut self) {
        self.game.tree.refresh();
        if self.stop.is_none() {
            let ended = self.game.tree.main_state() != Main::Alive;
            self.find_main(ended);
        }
        let Main::Ended(ending) = self.game.tree.main_state() else {
            return;
        };
        if self.game.tree.is_gone() || self.stop.is_some() {
            self.ending = self.ending.or(ending);
            return;
        }
        // What exits well and leaves something behind was a launcher. Where
        // its exit cannot be known, what is left is not killed on a guess.
        let launcher = !self.game.tree.has_settled() && matches!(ending, None | Some(Ending::Code(0)));
        if launcher && let Some(main) = self.game.tree.promote_oldest() {
            self.follow(main);
            return;
        }
        self.ending = ending;
        self.clear_leftovers();
    }

    /// Clears away what outlived a main process that ended unasked.
    fn clear_leftovers(&mut self) {
        let now = clock::monotonic_ms();
        let (escalation, action) = if self.game.tree.has_launcher() {
            (Escalation::await_launcher(now), None)
        } else {
            let (escalation, action) = Escalation::clear_leftovers(now);
            (escalation, Some(action))
        };
        self.stop = Some(Stop {
            escalation,
            reason: Reason::Crash,
        });
        self.publisher.clearing();
        if let Some(action) = action {
            self.act(action);
        }
    }

    /// Finds the main process where a launcher starts it, if it is there by
    /// now.
    pub(super) fn find_main(&mut self, at_once: bool) {
        let before = self.game.tree.main();
        if let Some(main) = self.game.tree.find_main(at_once).filter(|main| *main != before) {
            self.follow(main);
        }
    }

    /// Goes on with another main process.
    fn follow(&mut self, main: ProcessId) {
        self.game.record.main = main;
        self.note_users();
        // A record that still names the launcher costs a look at every process
        // after a crash of ours, nothing else.
        let _ = launch::write(&self.dir, &self.game.record);
        self.publisher.main(main);
        self.notify();
    }
}
