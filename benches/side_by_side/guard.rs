//! Nothing is left behind: not at the end, not at a panic, not at Ctrl-C.

use std::path::{Path, PathBuf};

use nix::sys::signal::{SigSet, Signal};
use tempfile::TempDir;

use crate::processes;

/// The folder of this run. Dropped, or at TERM and INT, every process that is
/// tied to it is killed, and it is removed.
pub(crate) struct Guard {
    dir: Option<TempDir>,
}

impl Guard {
    /// A new folder, and from now on a watch for TERM and INT.
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gamectl-bench-")
            .tempdir()
            .expect("a temporary folder");
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        // Before there are threads, so that all of them leave both to ours.
        // Programs that are started get an empty mask from the library.
        signals.thread_block().expect("block signals");
        let path = dir.path().to_owned();
        std::thread::spawn(move || {
            let signal = signals.wait();
            clear(&path);
            let code = signal.map_or(1, |signal| 128 + signal as i32);
            std::process::exit(code);
        });
        Self { dir: Some(dir) }
    }

    /// A folder in it that is not there yet.
    pub(crate) fn fresh(&self, name: &str) -> PathBuf {
        let dir = self.dir.as_ref().expect("held until the drop").path();
        let path = dir.join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).expect("create a folder");
        path
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(dir) = self.dir.take() {
            clear(dir.path());
        }
    }
}

fn clear(dir: &Path) {
    processes::kill_tied_to(dir);
    let _ = std::fs::remove_dir_all(dir);
}
