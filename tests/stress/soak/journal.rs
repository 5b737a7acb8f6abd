//! A journal of all that was done, to explain a failure.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Instant;

/// So much of it is kept.
const LINES: usize = 200;

/// The last of what was done, in order.
pub(crate) struct Journal {
    begun: Instant,
    lines: Mutex<VecDeque<String>>,
    failures: Mutex<Vec<String>>,
}

impl Journal {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            lines: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    pub(crate) fn note(&self, what: &str) {
        let mut lines = self.lines.lock().expect("the journal");
        if lines.len() >= LINES {
            lines.pop_front();
        }
        lines.push_back(format!("{:9.3} {what}", self.begun.elapsed().as_secs_f64()));
    }

    /// Notes a failure, which ends the run.
    pub(crate) fn check(&self, result: Result<(), String>) {
        if let Err(why) = result {
            self.note(&format!("FAILED: {why}"));
            self.failures.lock().expect("the failures").push(why);
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        !self.failures.lock().expect("the failures").is_empty()
    }

    /// Panics with all there is to know, if anything failed.
    pub(crate) fn verdict(&self, seed: u64) {
        let failures = self.failures.lock().expect("the failures");
        let lines = self.lines.lock().expect("the journal");
        assert!(
            failures.is_empty(),
            "{failures:#?}\nGAMECTL_TEST_SEED={seed}; the last that was done:\n{}",
            lines.iter().map(|line| format!("{line}\n")).collect::<String>()
        );
    }
}
