//! The health checks of one run of a game: the time of the next one, and the
//! conclusion from the last ones.

use std::time::Duration;

use super::step::{Answer, Effects};
use crate::event::Level;
use crate::inventory::Healthy;
use crate::policy::health::Checks;
use crate::supervisor::{Health, SilentProbe};

/// The checks since a game became ready.
#[derive(Debug, Clone, Default)]
pub(super) struct Checkup {
    ready_since_ms: Option<u64>,
    checks: Checks,
    due_ms: Option<u64>,
    is_asking: bool,
    /// True if the last check failed because this host was busy.
    was_busy: bool,
    silent: Option<String>,
    /// The probes that have never held; `None` before the first check.
    unproven: Option<Vec<String>>,
    /// True if that was told.
    is_told: bool,
}

impl Checkup {
    /// Begins anew when another run became ready, or this one has ended.
    /// Returns true when that makes the check under way meaningless.
    pub(super) fn follow(&mut self, healthy: Option<&Healthy>, ready_since_ms: Option<u64>) -> bool {
        if self.ready_since_ms == ready_since_ms {
            return false;
        }
        let was_asking = self.is_asking;
        let first = |(since, healthy): (u64, &Healthy)| after(since, healthy.start_grace);
        *self = Self {
            ready_since_ms,
            due_ms: ready_since_ms.zip(healthy).map(first),
            ..Self::default()
        };
        was_asking
    }

    pub(super) fn due_ms(&self) -> Option<u64> {
        self.due_ms
    }

    /// Returns the remark on a game that did not answer the last check.
    pub(super) fn silent(&self) -> Option<&str> {
        self.silent.as_deref()
    }

    /// Returns true when a check is to be made now; it is under way then.
    pub(super) fn begins(&mut self, now_ms: u64) -> bool {
        let begins = self.due_ms.is_some_and(|due| due <= now_ms);
        if begins {
            (self.due_ms, self.is_asking) = (None, true);
        }
        begins
    }

    /// Ends the check under way. Returns true when the game is hung by now: then
    /// its failures are counted anew.
    pub(super) fn end(&mut self, answer: Answer, healthy: &Healthy, now_ms: u64, effects: &mut Effects) -> bool {
        if !std::mem::take(&mut self.is_asking) {
            return false;
        }
        self.due_ms = Some(after(now_ms, healthy.interval));
        self.silent = None;
        let was_busy = std::mem::take(&mut self.was_busy);
        match answer {
            Answer::HostBusy(late) => {
                self.was_busy = true;
                if !was_busy {
                    let late = humantime::format_duration(Duration::from_secs(late.as_secs()));
                    effects.log(
                        Level::Warning,
                        format!(
                            "whether it still answers could not be found out: this host was busy or asleep for {late}"
                        ),
                    );
                }
                false
            }
            Answer::Health(Health::NotAsked) => false,
            Answer::Health(Health::Well) => self.judge(&[], healthy, effects),
            Answer::Health(Health::Silent(silent)) => self.judge(&silent, healthy, effects),
        }
    }

    /// Judges a check by the probes that did not hold. One counts only after it has held
    /// once: some games never answer, however well they are.
    fn judge(&mut self, silent: &[SilentProbe], healthy: &Healthy, effects: &mut Effects) -> bool {
        let whats = || silent.iter().map(|probe| &probe.what);
        let unproven = self.unproven.get_or_insert_with(|| {
            let never = silent.iter().filter(|probe| !probe.held_before);
            never.map(|probe| probe.what.clone()).collect()
        });
        unproven.retain(|probe| whats().any(|what| what == probe));
        let (never, counting): (Vec<_>, Vec<_>) = silent.iter().partition(|probe| unproven.contains(&probe.what));
        let counting: Vec<String> = counting.into_iter().map(in_words).collect();
        let never: Vec<String> = never.into_iter().map(in_words).collect();
        let never = never.join(", ");
        if !never.is_empty() {
            self.silent = Some(format!(
                "has never answered ({never}), which does not count until it has"
            ));
            if !std::mem::replace(&mut self.is_told, true) {
                effects.log(
                    Level::Warning,
                    format!("it has not answered a health check yet ({never}); it is not restarted for that until it has answered once"),
                );
            }
        }
        let is_hung = self.checks.note(healthy, counting.is_empty());
        if !counting.is_empty() {
            let (what, failures, of) = (counting.join(", "), self.checks.failures(healthy), healthy.of);
            self.silent = Some(format!("does not answer ({what}), {failures} of the last {of} checks"));
        }
        if is_hung {
            self.checks = Checks::default();
        }
        is_hung
    }
}

fn in_words(probe: &SilentProbe) -> String {
    match probe.trouble.as_str() {
        "" => probe.what.clone(),
        trouble => format!("{}: {trouble}", probe.what),
    }
}

fn after(since_ms: u64, wait: Duration) -> u64 {
    since_ms.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}
