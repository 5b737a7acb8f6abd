//! The probes of the inventory, on top of what the pods say themselves.

use std::path::Path;
use std::time::Duration;

use super::entering::Entrance;
use crate::failure::Failure;
use crate::inventory::{Probe, Ready};
use crate::probe::{ProbeContext, Readiness};
use crate::store::launch::LogPosition;

/// The time that a look may take to ask the probes.
const JUDGE: Duration = Duration::from_secs(5);

/// Asks the probes of an object whose pods are ready. Returns those that have not held,
/// in words.
///
/// # Errors
/// When one cannot be asked at all.
pub(super) async fn check(ready: &Ready, entrance: Option<&Entrance>) -> Result<Option<String>, Failure> {
    let mut readiness = Readiness::new(&probes_in(ready, entrance), &context())?;
    if tokio::time::timeout(JUDGE, readiness.check()).await.unwrap_or(false) {
        return Ok(None);
    }
    Ok(Some(format!("ready ({})", readiness.awaits())))
}

/// Returns probes whose commands are run in a container.
pub(super) fn probes_in(ready: &Ready, entrance: Option<&Entrance>) -> Ready {
    let mut ready = ready.clone();
    for probe in &mut ready.probes {
        if let (Probe::Exec(argv), Some(entrance)) = (probe, entrance) {
            *argv = entrance.exec(argv, false);
        }
    }
    ready
}

pub(super) fn context() -> ProbeContext {
    ProbeContext {
        owner: None,
        dir: None,
        log_from: LogPosition::default(),
        launched_boot_ms: 0,
        cwd: Path::new("/").to_owned(),
        env: std::env::vars_os().collect(),
        file_from: None,
    }
}
