//! Nothing is left behind: not at the end, not at a panic, not at Ctrl-C.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::processes;

/// The folder of this run. Dropped, or at TERM and INT, every process that is
/// tied to it is killed, and it is removed.
///
/// What is in it stays until then, whoever made it. For minutes a filesystem
/// without a journal skips the inodes that were freed last, so that whoever came
/// after the removal of thousands of files would pay for it with every file that
/// it makes; and no start on a real machine follows such a removal.
pub(crate) struct Guard {
    dir: Option<TempDir>,
    count: Cell<u32>,
}

impl Guard {
    /// A new folder, and from now on a watch for TERM and INT.
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gamectl-bench-")
            .tempdir()
            .expect("a temporary folder");
        watch(dir.path().to_owned());
        Self {
            dir: Some(dir),
            count: Cell::new(0),
        }
    }

    /// A new folder in it, with a name of its own.
    pub(crate) fn fresh(&self, name: &str) -> PathBuf {
        let dir = self.dir.as_ref().expect("held until the drop").path();
        self.count.set(self.count.get() + 1);
        let path = dir.join(format!("{name}.{}", self.count.get()));
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

/// Clears up at TERM and INT. By handlers, not by blocking both: a mask would
/// be inherited by what we start.
fn watch(dir: PathBuf) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let inside = runtime.enter();
    let mut term = signal(SignalKind::terminate()).expect("a handler");
    let mut int = signal(SignalKind::interrupt()).expect("a handler");
    drop(inside);
    std::thread::spawn(move || {
        let code = runtime.block_on(async {
            tokio::select! {
                _ = term.recv() => 143,
                _ = int.recv() => 130,
            }
        });
        clear(&dir);
        #[expect(clippy::exit, reason = "ended by a signal, and all is cleared up")]
        std::process::exit(code);
    });
}
