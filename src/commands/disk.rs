//! The room that is left where the state directory is, with the logs of all games.

use std::path::Path;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::sys::host;

/// The interval between two looks.
const EVERY: Duration = Duration::from_secs(30);

/// The free bytes below which a disk is nearly full.
const NEARLY_FULL: u64 = 256 << 20;

const MIB: u64 = 1 << 20;

/// The trouble with the disk now, as often as it is looked at; `None` if there is none.
pub(super) struct DiskTroubles(mpsc::UnboundedReceiver<Option<String>>);

impl DiskTroubles {
    /// Looks on a thread of its own, since a disk may be one that does not answer. It ends with
    /// the process.
    pub(super) fn of(state_dir: &Path) -> Self {
        let (sender, troubles) = mpsc::unbounded_channel();
        let path = state_dir.to_owned();
        let look = move || {
            while sender.send(trouble(&path)).is_ok() {
                std::thread::sleep(EVERY);
            }
        };
        // Without a thread nothing is said of it.
        let _ = std::thread::Builder::new().spawn(look);
        Self(troubles)
    }

    /// Waits for the next look.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> Option<String> {
        match self.0.recv().await {
            Some(trouble) => trouble,
            None => std::future::pending().await,
        }
    }
}

fn trouble(path: &Path) -> Option<String> {
    let free = host::free_bytes(path).ok()?;
    in_words(free, path)
}

fn in_words(free: u64, path: &Path) -> Option<String> {
    (free < NEARLY_FULL).then(|| {
        let free = free / MIB;
        format!("the disk is nearly full: {free} MiB are left at {}", path.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_told_of() {
        let path = Path::new("/srv/state");
        assert_eq!(in_words(NEARLY_FULL, path), None);
        assert_eq!(
            in_words(63 * MIB + 5, path).as_deref(),
            Some("the disk is nearly full: 63 MiB are left at /srv/state")
        );
        assert_eq!(trouble(Path::new("/there/is/none")), None);
    }
}
