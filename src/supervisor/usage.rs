//! Optional part of a supervisor: the resources that a running instance uses.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The resources that the whole tree of an instance uses. What is not known is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// The share of the time of one core: since the start for processes and units, and
    /// as the engine tells it for others.
    pub cpu_percent: Option<f64>,
    /// The time that it has had so far, by which two measurements can be compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_ms: Option<u64>,
    /// The resident memory of the processes, or what is charged to the control group.
    pub memory_bytes: Option<u64>,
    /// The threads of all processes.
    pub tasks: Option<u64>,
    /// Read from and written to disks.
    pub read_bytes: Option<u64>,
    pub written_bytes: Option<u64>,
    /// Received from and sent to networks, where the engine counts that.
    pub received_bytes: Option<u64>,
    pub sent_bytes: Option<u64>,
}

impl Usage {
    /// Returns the sum with that of another part of the instance; what is not known of
    /// one of them is not known of the sum.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let sum = |a: Option<u64>, b: Option<u64>| a?.checked_add(b?);
        Self {
            cpu_percent: self.cpu_percent.zip(other.cpu_percent).map(|(a, b)| a + b),
            cpu_ms: sum(self.cpu_ms, other.cpu_ms),
            memory_bytes: sum(self.memory_bytes, other.memory_bytes),
            tasks: sum(self.tasks, other.tasks),
            read_bytes: sum(self.read_bytes, other.read_bytes),
            written_bytes: sum(self.written_bytes, other.written_bytes),
            received_bytes: sum(self.received_bytes, other.received_bytes),
            sent_bytes: sum(self.sent_bytes, other.sent_bytes),
        }
    }
}

/// Returns the percentage of one core, to a tenth, that is `used_ms` of `lasted_ms`; `None`
/// if no time has passed.
pub fn cpu_percent(used_ms: u64, lasted_ms: u64) -> Option<f64> {
    (lasted_ms > 0).then(|| (used_ms as f64 * 1000.0 / lasted_ms as f64).round() / 10.0)
}

#[async_trait::async_trait]
pub trait UsageMeter: Send + Sync {
    /// Measures what the running instance uses. Returns `None` if that cannot be found
    /// out within `limit`.
    ///
    /// # Cancel safety
    /// Safe: nothing is changed.
    async fn usage(&self, limit: Duration) -> Option<Usage>;

    /// Returns the processes of the tree of the running instance, each behind its parent;
    /// `None` on a plane that does not tell.
    ///
    /// # Errors
    /// The reason why they cannot be found out.
    async fn processes(&self) -> Result<Option<Vec<TreeProcess>>, String> {
        Ok(None)
    }
}

/// A process of the tree of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeProcess {
    pub pid: i32,
    pub parent: i32,
    pub name: String,
    /// The addresses that it listens on.
    pub ports: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_of_what_is_not_known_is_not_known() {
        let one = Usage {
            cpu_percent: Some(1.5),
            memory_bytes: Some(7),
            tasks: Some(2),
            ..Usage::default()
        };
        let other = Usage {
            cpu_percent: Some(2.0),
            tasks: Some(3),
            read_bytes: Some(1),
            ..Usage::default()
        };
        let sum = Usage {
            cpu_percent: Some(3.5),
            tasks: Some(5),
            ..Usage::default()
        };
        assert_eq!(one.and(other), sum);
        for (used, lasted, wanted) in [
            (500, 1000, Some(50.0)),
            (1, 3000, Some(0.0)),
            (4000, 1000, Some(400.0)),
            (1, 0, None),
        ] {
            assert_eq!(cpu_percent(used, lasted), wanted);
        }
    }
}
