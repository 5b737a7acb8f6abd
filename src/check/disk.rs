//! The room for logs, records and worlds.

use std::path::Path;
use std::sync::Arc;

use bytesize::ByteSize;

use crate::finding::Finding;
use crate::inventory::{Instance, Plane};

const ABOUT: &str = "disk";

/// Below this records themselves may not fit, in bytes.
const LEAST: u64 = 64 * 1024 * 1024;

/// Judges the free bytes where the state directory is, or is going to be.
pub(super) fn judge(state_dir: &Path, free: Option<u64>, instances: &[Arc<Instance>]) -> Finding {
    let shown = state_dir.display();
    let Some(free) = free else {
        return Finding::warning(ABOUT, format!("how much is free at {shown} cannot be found out"));
    };
    let wanted: u64 = instances
        .iter()
        .map(|one| largest_logs(one))
        .fold(0, u64::saturating_add);
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
        let logs = match wanted {
            // Stacks have their logs at their engine.
            0 => String::new(),
            _ => format!("; the logs may grow to {wanted_text}"),
        };
        Finding::ok(ABOUT, format!("{free_text} are free at {shown}{logs}"))
    }
}

/// The bytes that a world may take; games keep it in their working directory.
const WORLD: u64 = 1024 * 1024 * 1024;

/// Finds fault with a working directory in which a game has no room to save.
pub(super) fn of_instance(instance: &Instance, free: &dyn Fn(&Path) -> Option<u64>) -> Option<Finding> {
    let Plane::Process(spec) = &instance.plane else {
        return None;
    };
    let left = free(&spec.cwd).filter(|left| *left < WORLD)?;
    let message = format!(
        "only {} are free at {}: a world that cannot be saved is lost",
        ByteSize(left),
        spec.cwd.display()
    );
    Some(Finding::warning(ABOUT, message).hint("free some space there: old backups, logs, crash dumps"))
}

/// Returns the bytes that the console logs of an instance may grow to.
fn largest_logs(instance: &Instance) -> u64 {
    match &instance.plane {
        Plane::Process(spec) => spec.log.max_size.saturating_mul(u64::from(spec.log.keep) + 1),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn where_a_game_runs() {
        let text = b"instances: {a: {process: {executable: /bin/sh, cwd: /srv/a}}, b: {}}";
        let inventory = crate::inventory::parse(text, "", "/".as_ref(), &|_| None).unwrap();
        let [a, b] = &inventory.instances[..] else { panic!() };
        let free = |left| move |path: &Path| (path == Path::new("/srv/a")).then_some(left);
        let full = of_instance(a, &free(1 << 20)).expect("a finding");
        assert_eq!(full.level, Severity::Warning);
        assert!(full.message.contains("1.0 MiB are free at /srv/a"), "{full:?}");
        assert_eq!(of_instance(a, &free(2 << 30)), None);
        assert_eq!(of_instance(b, &free(0)), None);
    }

    #[test]
    fn levels() {
        let text = b"instances: {a: {process: {executable: /bin/sh, log: {max_size: 100MiB, keep: 1}}}}";
        let inventory = crate::inventory::parse(text, "", "/".as_ref(), &|_| None).unwrap();
        const MIB: u64 = 1 << 20;
        for (free, level) in [
            (Some(300 * MIB), Severity::Ok),
            (Some(199 * MIB), Severity::Warning),
            (Some(10 * MIB), Severity::Error),
            (None, Severity::Warning),
        ] {
            assert_eq!(
                judge("/s".as_ref(), free, &inventory.instances).level,
                level,
                "{free:?}"
            );
        }
    }
}
