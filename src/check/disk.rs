//! Whether there is room for logs and records.

use std::path::Path;

use bytesize::ByteSize;

use crate::finding::Finding;
use crate::inventory::{Instance, Plane};

const ABOUT: &str = "disk";

/// Below this records themselves may not fit, in bytes.
const LEAST: u64 = 64 * 1024 * 1024;

/// Judges the free bytes where the state directory is, or is going to be.
pub(super) fn judge(state_dir: &Path, free: Option<u64>, instances: &[Instance]) -> Finding {
    let shown = state_dir.display();
    let Some(free) = free else {
        return Finding::warning(ABOUT, format!("how much is free at {shown} cannot be found out"));
    };
    let wanted: u64 = instances.iter().map(largest_logs).fold(0, u64::saturating_add);
    let (free_text, wanted_text) = (ByteSize(free), ByteSize(wanted));
    if free < LEAST {
        Finding::error(
            ABOUT,
            format!("only {free_text} are free at {shown}: nothing could be recorded of a start"),
        )
        .hint("free some space, or give another place with --state-dir")
    } else if free < wanted {
        Finding::warning(
            ABOUT,
            format!("{free_text} are free at {shown}, and the logs may grow to {wanted_text}; what does not fit is dropped, and counted"),
        )
        .hint("free some space, or give a smaller `process.log`")
    } else {
        Finding::ok(
            ABOUT,
            format!("{free_text} are free at {shown}; the logs may grow to {wanted_text}"),
        )
    }
}

/// What the console logs of an instance may grow to, in bytes.
fn largest_logs(instance: &Instance) -> u64 {
    match &instance.plane {
        Plane::Process(spec) => spec.log.max_size.saturating_mul(u64::from(spec.log.keep) + 1),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Level;

    #[test]
    fn levels() {
        let text = b"instances: {a: {process: {executable: /bin/sh, log: {max_size: 100MiB, keep: 1}}}}";
        let inventory = crate::inventory::parse(text, "", "/".as_ref(), &|_| None).unwrap();
        const MIB: u64 = 1 << 20;
        for (free, level) in [
            (Some(300 * MIB), Level::Ok),
            (Some(199 * MIB), Level::Warning),
            (Some(10 * MIB), Level::Error),
            (None, Level::Warning),
        ] {
            assert_eq!(
                judge("/s".as_ref(), free, &inventory.instances).level,
                level,
                "{free:?}"
            );
        }
    }
}
