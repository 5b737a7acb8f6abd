//! The three clocks, in whole milliseconds.
//!
//! Deadlines use the monotonic clock, which neither a clock step nor a suspend
//! moves. Uptimes use the boot-time clock, which goes on while the machine is
//! suspended and is the one the kernel stamps processes with. The wall clock is
//! for showing to people only. See `clock_gettime(2)`.

use std::time::{Duration, SystemTime};

use nix::time::{ClockId, clock_gettime};

fn millis(clock: ClockId) -> u64 {
    // These three clocks exist on every supported kernel; a failure would be a
    // broken sandbox, and zero makes every comparison harmless.
    clock_gettime(clock).map_or(0, |t| {
        let since = Duration::from(t);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

pub fn monotonic_ms() -> u64 {
    millis(ClockId::CLOCK_MONOTONIC)
}

/// Milliseconds since the host booted, suspended time included.
pub fn boot_ms() -> u64 {
    millis(ClockId::CLOCK_BOOTTIME)
}

pub fn wall_ms() -> u64 {
    millis(ClockId::CLOCK_REALTIME)
}

/// Returns a time in milliseconds since 1970; 0 for one before.
pub fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the time of the wall clock in whole seconds since 1970.
pub fn wall_seconds() -> i64 {
    i64::try_from(wall_ms() / 1000).unwrap_or(i64::MAX)
}
