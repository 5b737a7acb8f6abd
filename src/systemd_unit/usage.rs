//! The resources that a unit uses, from its control group.

use std::time::Duration;

use tokio::time::timeout;

use super::managed::ManagedUnit;
use crate::supervisor::{Usage, UsageMeter, cpu_percent};
use crate::sys::clock;
use crate::systemd::GroupUsage;

#[async_trait::async_trait]
impl UsageMeter for ManagedUnit {
    async fn usage(&self, limit: Duration) -> Option<Usage> {
        let unit = timeout(limit, self.properties()).await.ok()?.ok()?;
        let group = unit.control_group.filter(|group| !group.is_empty())?;
        let counted = GroupUsage::read(&group);
        let began_us = unit.inactive_exit_timestamp_monotonic.filter(|at| *at > 0);
        let lasted = began_us.map(|at| clock::monotonic_ms().saturating_sub(at / 1000));
        let (read, written) = counted.disk.unzip();
        Some(Usage {
            cpu_percent: counted
                .cpu_ms
                .zip(lasted)
                .and_then(|(used, lasted)| cpu_percent(used, lasted)),
            cpu_ms: counted.cpu_ms,
            memory_bytes: counted.memory_bytes,
            tasks: counted.tasks,
            read_bytes: read,
            written_bytes: written,
            ..Usage::default()
        })
    }
}
