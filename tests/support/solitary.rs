//! Games of which there must never be two: each holds a beacon while it is
//! there, and notes in a journal when it starts and ends.

use super::{Instance, Sandbox};

impl Sandbox {
    /// A game that may not be there twice, and serves until it is told to end.
    pub fn solitary(&self, id: &str) -> Instance {
        let (beacon, journal) = (self.arg(&format!("{id}.beacon")), self.arg(&format!("{id}.journal")));
        let args = ["serve", "--ready", "up", "--beacon", &beacon, "--journal", &journal];
        Instance::awkward(id, &args)
    }

    /// Fails when two of a solitary game ever were there at the same time.
    #[track_caller]
    pub fn never_two(&self, id: &str) {
        assert_eq!(self.lines(&format!("{id}.beacon.violations")), [""; 0]);
    }

    /// Returns the number of times that the game of this journal was executed.
    pub fn starts(&self, journal: &str) -> usize {
        let lines = self.lines(journal);
        lines.iter().filter(|line| line.starts_with("start ")).count()
    }

    /// A sandbox with one game, `a`, which writes `journal`.
    pub fn with_one() -> Self {
        let args = ["serve", "--ready", "up", "--journal", "journal"];
        Self::with(&[Instance::awkward("a", &args).ready_log("^up$")])
    }
}
