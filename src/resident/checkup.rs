//! The checks of the health of one run of a game: when the next is due, and
//! how the last ones went.

use crate::inventory::Healthy;
use crate::policy::health::Checks;
use crate::supervisor::Health;

/// The checks since a game became ready.
#[derive(Debug, Clone, Default)]
pub(super) struct Checkup {
    ready_since_ms: Option<u64>,
    checks: Checks,
    due_ms: Option<u64>,
    is_asking: bool,
    /// Whether the last check failed because this host is busy.
    was_busy: bool,
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

    pub(super) fn is_asking(&self) -> bool {
        self.is_asking
    }

    /// Returns true when a check is to be made now; it is under way then.
    pub(super) fn begins(&mut self, now_ms: u64) -> bool {
        let begins = self.due_ms.is_some_and(|due| due <= now_ms);
        if begins {
            (self.due_ms, self.is_asking) = (None, true);
        }
        begins
    }

    /// Takes in that this host was too busy for the check, or was not. Returns
    /// true when it was and had not been before.
    pub(super) fn note_busy(&mut self, is_busy: bool) -> bool {
        !std::mem::replace(&mut self.was_busy, is_busy) && is_busy
    }

    /// Takes in how a check went. Returns true when the game is hung by now.
    pub(super) fn note(&mut self, healthy: &Healthy, health: &Health, now_ms: u64) -> bool {
        self.is_asking = false;
        self.due_ms = Some(after(now_ms, healthy.interval));
        match health {
            Health::NotAsked => false,
            Health::Well => self.checks.note(healthy, true),
            Health::Silent(_) => self.checks.note(healthy, false),
        }
    }

    pub(super) fn failures(&self, healthy: &Healthy) -> u32 {
        self.checks.failures(healthy)
    }

    pub(super) fn forget_failures(&mut self) {
        self.checks = Checks::default();
    }
}

fn after(since_ms: u64, wait: std::time::Duration) -> u64 {
    since_ms.saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}
