//! Asks systemd whether this host is being shut down.

use std::time::Duration;

use crate::program::ProgramCall;

/// systemd answers at once; one that hangs must not hold up an end.
const DEADLINE: Duration = Duration::from_secs(2);

/// Returns true while systemd stops the units of this host, for a power-off or a
/// reboot. Without systemd, or without an answer, this is false.
///
/// # Cancel safety
/// Safe: nothing is changed.
pub async fn host_is_shutting_down() -> bool {
    let call = ProgramCall::new(["systemctl", "is-system-running"]);
    // The exit code says only that the host is not simply up.
    call.output(DEADLINE)
        .await
        .is_ok_and(|answer| answer.word() == "stopping")
}
