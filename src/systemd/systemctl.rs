//! Asks systemd by systemctl(1).

use std::time::Duration;

use crate::program::{Finished, ProgramCall};

/// systemd answers at once; one that hangs must not hold us up.
const DEADLINE: Duration = Duration::from_secs(2);

/// Returns true while systemd stops the units of this host, for a power-off or a
/// reboot. Without systemd, or without an answer, this is false.
///
/// # Cancel safety
/// Safe: nothing is changed.
pub async fn host_is_shutting_down() -> bool {
    // The exit code says only that the host is not simply up.
    let answer = systemctl(&["is-system-running"]).await;
    answer.is_some_and(|answer| answer.word() == "stopping")
}

pub(super) async fn systemctl(args: &[&str]) -> Option<Finished> {
    let call = ProgramCall::new([&["systemctl"], args].concat());
    call.output(DEADLINE).await.ok()
}
