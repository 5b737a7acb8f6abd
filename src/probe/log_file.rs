//! A line in a log file that the game itself writes.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use super::context::ProbeContext;
use super::line_matcher::LineMatcher;
use super::log_lines::LINE_MAX;
use crate::failure::Failure;
use crate::store::file_end::FileEnd;
use crate::sys::plain_file;

/// Bytes looked at in one go.
const ONCE_MAX: usize = 16 << 20;

/// Matches lines that were written to a file since this launch. Its file system may not
/// answer, so it is read on a thread of its own.
#[derive(Debug)]
pub(super) struct LogFileProbe {
    path: PathBuf,
    file: Arc<Mutex<FollowedFile>>,
}

impl LogFileProbe {
    pub(super) fn new(path: &Path, pattern: &str, context: &ProbeContext) -> Result<Self, Failure> {
        let path = context.cwd.join(path);
        Ok(Self {
            file: Arc::new(Mutex::new(FollowedFile {
                lines: LineMatcher::new(pattern)?,
                path: path.clone(),
                before: context.file_from.clone(),
                open: None,
                has_matched: false,
            })),
            path,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what was written since the last look.
    ///
    /// # Errors
    /// When the file cannot be read.
    ///
    /// # Cancel safety
    /// Safe: what was seen by then is remembered.
    pub(super) async fn holds(&self) -> io::Result<bool> {
        let file = Arc::clone(&self.file);
        plain_file::off_thread(move || match file.try_lock() {
            Ok(mut file) => file.look(),
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned).look(),
            // A look before this one has not returned.
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::TimedOut.into()),
        })
        .await
    }
}

/// A file that is read on and on while it grows, is emptied, or gives way to another
/// one of its name.
#[derive(Debug)]
struct FollowedFile {
    lines: LineMatcher,
    path: PathBuf,
    /// Its end before the launch; `None` where that is not known: then only what is
    /// written from now on is of this launch for sure.
    before: Option<FileEnd>,
    /// The file, and the place up to which it was read.
    open: Option<(File, u64)>,
    has_matched: bool,
}

impl FollowedFile {
    fn look(&mut self) -> io::Result<bool> {
        self.has_matched = self.has_matched || self.read_on()?;
        Ok(self.has_matched)
    }

    fn read_on(&mut self) -> io::Result<bool> {
        let mut buffer = vec![0; LINE_MAX];
        let mut seen = 0;
        let (mut file, mut place) = match self.open.take() {
            Some(open) => open,
            None => self.first()?,
        };
        let outcome = loop {
            if seen >= ONCE_MAX {
                break Ok(false);
            }
            match file.read_at(&mut buffer, place) {
                Ok(0) => {}
                Ok(read) => {
                    seen += read;
                    place += read as u64;
                    if self.lines.matches(buffer.get(..read).unwrap_or_default()) {
                        break Ok(true);
                    }
                    continue;
                }
                Err(error) => break Err(error),
            }
            match self.next(&file, place) {
                Ok(Some(next)) => {
                    self.lines.begin_anew();
                    (file, place) = (next, 0);
                }
                Ok(None) => break Ok(seen > 0 && self.lines.unfinished_matches()),
                Err(error) => break Err(error),
            }
        };
        self.open = Some((file, place));
        outcome
    }

    /// Returns the file at the first look, and the place at which this launch begins in it.
    fn first(&mut self) -> io::Result<(File, u64)> {
        let before = match self.before.take() {
            Some(before) => before,
            None => FileEnd::at(&self.path)?,
        };
        let opened = plain_file::open(&self.path).and_then(|file| Ok((before.resume(&file)?, file)));
        match opened {
            Ok((place, file)) => Ok((file, place)),
            Err(error) => {
                self.before = Some(before);
                Err(error)
            }
        }
    }

    /// Returns the file whose text comes next, where that begins anew: another one of
    /// this name, or this one, emptied.
    fn next(&self, file: &File, place: u64) -> io::Result<Option<File>> {
        let named = match plain_file::open(&self.path) {
            // It was renamed, and the next one is not there yet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let (old, new) = (file.metadata()?, named.metadata()?);
        let is_other = (old.dev(), old.ino()) != (new.dev(), new.ino());
        Ok((is_other || new.len() < place).then_some(named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::OpenOptions;
    use std::io::Write;

    struct Log {
        folder: tempfile::TempDir,
    }

    impl Log {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            Self { folder }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("game.log")
        }

        fn add(&self, text: &str) {
            let mut options = OpenOptions::new();
            let mut file = options.append(true).create(true).open(self.path()).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }

        fn rotate(&self) {
            std::fs::rename(self.path(), self.folder.path().join("game.log.1")).unwrap();
        }

        /// Returns the probe of a launch at this time.
        fn launched(&self) -> LogFileProbe {
            self.probe(Some(FileEnd::at(&self.path()).unwrap()))
        }

        fn probe(&self, file_from: Option<FileEnd>) -> LogFileProbe {
            let context = ProbeContext {
                dir: None,
                log_from: crate::store::launch::LogPosition::default(),
                launched_boot_ms: 0,
                owner: None,
                cwd: self.folder.path().to_owned(),
                env: Vec::new(),
                file_from,
            };
            LogFileProbe::new(Path::new("game.log"), "^ready$", &context).unwrap()
        }
    }

    #[tokio::test]
    async fn only_what_was_written_since_the_launch() {
        let log = Log::new();
        log.add("ready\n");
        let probe = log.launched();
        assert!(!probe.holds().await.unwrap());
        log.add("not yet\nrea");
        assert!(!probe.holds().await.unwrap());
        log.add("dy\n");
        assert!(probe.holds().await.unwrap());
        // An answer that nobody waited for is not lost.
        assert!(probe.holds().await.unwrap());
    }

    #[tokio::test]
    async fn a_look_that_comes_late_sees_all_of_it() {
        let log = Log::new();
        log.add("ready\n");
        let probe = log.launched();
        log.add("one\nready\ntwo\n");
        assert!(probe.holds().await.unwrap());
    }

    #[tokio::test]
    async fn a_file_that_comes_later_or_anew_counts_from_its_beginning() {
        let nothing = Log::new();
        let probe = nothing.launched();
        assert_eq!(probe.holds().await.unwrap_err().kind(), io::ErrorKind::NotFound);
        nothing.add("ready\n");
        assert!(probe.holds().await.unwrap());

        // The game renames the log of its last run, as many do, or empties it: before
        // anybody looks, or between two looks.
        for looks_between in [true, false] {
            for begin_anew in [Log::rotate, |log: &Log| std::fs::write(log.path(), "").unwrap()] {
                let log = Log::new();
                log.add("a run before\nready\n");
                let probe = log.launched();
                if looks_between {
                    assert!(!probe.holds().await.unwrap());
                }
                begin_anew(&log);
                log.add("rea");
                if looks_between {
                    assert!(!probe.holds().await.unwrap());
                }
                log.add("dy\nand much more than there was before\n");
                assert!(probe.holds().await.unwrap());
            }
        }
    }

    #[tokio::test]
    async fn half_a_line_does_not_go_on_in_another_file() {
        let log = Log::new();
        let probe = log.launched();
        log.add("rea");
        assert!(!probe.holds().await.unwrap());
        log.rotate();
        assert!(!probe.holds().await.unwrap());
        log.add("dy\n");
        assert!(!probe.holds().await.unwrap());
        log.add("ready\n");
        assert!(probe.holds().await.unwrap());
    }

    /// All that is there may be of a run before.
    #[tokio::test]
    async fn where_the_end_is_not_known_only_what_comes_counts() {
        let log = Log::new();
        log.add("ready\n");
        let probe = log.probe(None);
        assert!(!probe.holds().await.unwrap());
        log.add("ready\n");
        assert!(probe.holds().await.unwrap());
    }

    #[tokio::test]
    async fn what_is_no_file_is_not_waited_for() {
        let log = Log::new();
        nix::unistd::mkfifo(&log.path(), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(log.probe(None).holds().await.is_err());
    }
}
