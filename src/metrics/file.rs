//! The file of metrics. It is replaced as a whole, so that a reader finds the old text
//! or the new one, and is removed at an orderly end: nobody keeps it current then.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::board::MetricsBoard;
use super::word::tell;
use crate::event::{Level, ResidentEvent};
use crate::failure::Failure;

/// The shortest interval between two texts.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest one, so that uptimes go on and a reader sees that somebody writes.
const AT_LEAST: Duration = Duration::from_secs(15);

/// A file that is kept current.
pub(super) struct MetricsFile {
    path: PathBuf,
    board: Arc<MetricsBoard>,
    /// True once it is not kept any more: a text that is just being written goes as well.
    has_ended: Arc<AtomicBool>,
}

impl MetricsFile {
    /// Writes the file for the first time.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) async fn begin(path: PathBuf, board: Arc<MetricsBoard>) -> Result<Self, Failure> {
        let file = Self {
            path,
            board,
            has_ended: Arc::default(),
        };
        match file.write().await {
            Ok(()) => Ok(file),
            Err(why) => Err(Failure::failed(why).hint(
                "the folder must be there, and this user must be allowed to make files in it: the file is replaced as a whole",
            )),
        }
    }

    /// Writes the file again and again. A trouble is told when it comes and when it is
    /// over.
    pub(super) async fn keep_current(self, events: UnboundedSender<ResidentEvent>) {
        let mut trouble = None;
        loop {
            sleep(PAUSE).await;
            let _ = timeout(AT_LEAST, self.board.changed()).await;
            let now = self.write().await.err();
            if now != trouble {
                match &now {
                    Some(why) => tell(&events, Level::Warning, why.clone()),
                    None => tell(
                        &events,
                        Level::Info,
                        format!("the metrics are in {} again", self.path.display()),
                    ),
                }
                trouble = now;
            }
        }
    }

    async fn write(&self) -> Result<(), String> {
        let text = self.board.render().await;
        let (path, has_ended) = (self.path.clone(), Arc::clone(&self.has_ended));
        let written = spawn_blocking(move || {
            let written = replace(&path, text.as_bytes());
            if has_ended.load(Ordering::SeqCst) {
                let _ = fs::remove_file(&path);
            }
            written
        })
        .await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(format!(
                "the metrics cannot be written to {}: {error}",
                self.path.display()
            )),
            Err(_) => Err("the metrics cannot be written: the program ends".to_owned()),
        }
    }
}

impl Drop for MetricsFile {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::SeqCst);
        let _ = fs::remove_file(&self.path);
    }
}

/// Replaces a file as a whole, through one beside it whose name no collector reads.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let Some(name) = path.file_name() else {
        return Err(io::Error::other("this is not the name of a file"));
    };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(beside);
    // Of another process that had this number.
    let _ = fs::remove_file(&beside);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&beside)
        .and_then(|mut file| file.write_all(bytes))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gamectl.prom");
        replace(&path, b"one").unwrap();
        let old = fs::File::open(&path).unwrap();
        replace(&path, b"two").unwrap();
        // Who has it open reads the old one to its end.
        assert_eq!(io::read_to_string(old).unwrap(), "one");
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        // A folder cannot be replaced.
        let folder = dir.path().join("folder");
        fs::create_dir(&folder).unwrap();
        assert!(replace(&folder, b"three").is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
        assert!(replace(&dir.path().join("missing/x.prom"), b"x").is_err());
    }
}
