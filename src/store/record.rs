//! Records: small files that hold one document each and are replaced as a whole.
//!
//! A record that must be written on a full disk has a reserve: a second file of a
//! fixed size that is overwritten and then swaps names with the record. Nothing is
//! allocated for that, and the old record is the reserve of the next one. Each
//! record has one writer at a time, the holder of a lock.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::folder::{InstanceDir, ReadError, temporary};
use super::format::{Checksum, Document, ParseError};

/// The version of our records. None has changed the meaning of a fact yet.
const VERSION: u32 = 1;

/// The size of a reserve in bytes: one block, which is more than a record takes.
const RESERVE: usize = 4096;

/// The strength of a write against a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The content and its name are on the disk when the write returns.
    Now,
    /// The content is on the disk, and its name after [`InstanceDir::sync`]: until
    /// then a power cut may bring the old content back, whole.
    WithFolder,
    /// The write waits for no disk: a power cut may bring the old content back, or
    /// leave the file empty or full of zeros. Meant for records whose readers expect
    /// that, because they mean nothing after a boot.
    ThisBoot,
}

/// The reserve of a record, kept open.
#[derive(Debug)]
pub struct Reserve {
    file: File,
    /// True where it was made just now, so that a power cut may leave it empty.
    pub(super) is_new: bool,
}

impl Reserve {
    /// Finds the reserve of a record, if there is one that is whole.
    fn find(dir: &InstanceDir, record: &str) -> Option<Self> {
        let flags = OFlag::O_RDWR | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let file = File::from(openat(dir.as_fd(), reserve_name(record).as_str(), flags, Mode::empty()).ok()?);
        let stat = nix::sys::stat::fstat(&file).ok()?;
        let is_plain = stat.st_mode & libc::S_IFMT == libc::S_IFREG;
        let is_whole = is_plain && stat.st_size == RESERVE as i64 && stat.st_blocks > 0 && stat.st_nlink == 1;
        is_whole.then_some(Self { file, is_new: false })
    }

    /// Makes what was written durable, but for its name.
    pub fn sync(&self) -> io::Result<()> {
        Ok(nix::unistd::fdatasync(&self.file)?)
    }

    fn write(&self, dir: &InstanceDir, record: &str, text: &str, durability: Durability) -> io::Result<()> {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() > RESERVE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        // Readers take the newlines off: the length of the file never changes.
        bytes.resize(RESERVE, b'\n');
        self.file.write_all_at(&bytes, 0)?;
        if durability != Durability::ThisBoot {
            self.sync()?;
        }
        if dir.is_still(record, &self.file) {
            // An earlier try got as far as that: swapped again, the names would
            // give the record before.
            return Ok(());
        }
        let reserve = reserve_name(record);
        if !dir.is_still(&reserve, &self.file) {
            return Err(io::ErrorKind::NotFound.into());
        }
        dir.swap(&reserve, record)
    }
}

pub(super) fn reserve_name(record: &str) -> String {
    format!("{record}.next")
}

impl InstanceDir {
    /// Reserves space for the next version of a record, unless it is reserved.
    ///
    /// # Errors
    /// Fails where the disk is full.
    pub(super) fn reserve(&self, record: &str) -> io::Result<Reserve> {
        if let Some(reserve) = Reserve::find(self, record) {
            return Ok(reserve);
        }
        let file = self.create_file(&reserve_name(record))?;
        // Real bytes: on some filesystems an allocation alone promises nothing.
        file.write_all_at(&[b'\n'; RESERVE], 0)?;
        Ok(Reserve { file, is_new: true })
    }

    /// Replaces a record as a whole: a reader finds the old or the new one. A
    /// record that its reserve cannot take is written into a new file.
    ///
    /// # Errors
    /// Fails when neither can be written or given the name; the old record is then
    /// still there.
    pub(super) fn write(
        &self,
        record: &str,
        document: &Document,
        reserve: Option<&Reserve>,
        durability: Durability,
    ) -> io::Result<()> {
        let text = document.to_text(record, VERSION, Checksum::Crc32);
        let in_reserve = reserve.map(|reserve| reserve.write(self, record, &text, durability));
        if !matches!(in_reserve, Some(Ok(()))) {
            self.write_new_file(record, &text, durability)?;
        }
        match durability {
            Durability::Now => self.sync(),
            Durability::WithFolder | Durability::ThisBoot => Ok(()),
        }
    }

    fn write_new_file(&self, record: &str, text: &str, durability: Durability) -> io::Result<()> {
        let new = temporary(record);
        let written = self.create_file(&new).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            if durability != Durability::ThisBoot {
                nix::unistd::fdatasync(&file)?;
            }
            self.rename(&new, record)
        });
        if written.is_err() {
            let _ = self.remove(&new);
        }
        written
    }

    /// Reads a record; `None` when there is none.
    pub(super) fn read<T>(
        &self,
        record: &str,
        parse: impl Fn(&Document) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ReadError> {
        self.read_file(record, record, parse)
    }

    /// Reads what is written in the reserve of a record and has not yet got its
    /// name.
    pub(super) fn read_reserve<T>(
        &self,
        record: &str,
        parse: impl Fn(&Document) -> Result<T, ParseError>,
    ) -> Option<T> {
        self.read_file(&reserve_name(record), record, parse).ok().flatten()
    }

    fn read_file<T>(
        &self,
        name: &str,
        kind: &str,
        parse: impl Fn(&Document) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ReadError> {
        let mut torn = None;
        loop {
            let Some(bytes) = self.read_bytes(name)? else {
                return Ok(None);
            };
            let document = Document::from_text(without_padding(&bytes), kind, VERSION, Checksum::Crc32);
            let parsed = document.and_then(|document| parse(&document));
            // A file that was opened, and lost its name, may be written while it
            // is read. What is really damaged reads the same twice.
            if matches!(parsed, Err(ParseError::Damaged(_))) && torn.as_ref() != Some(&bytes) {
                torn = Some(bytes);
                continue;
            }
            let path = || self.path().join(name);
            return parsed.map(Some).map_err(|error| match error {
                ParseError::Damaged(why) => ReadError::Damaged(path(), why.to_owned()),
                ParseError::Future(version) => ReadError::Future(path(), version),
            });
        }
    }
}

fn without_padding(bytes: &[u8]) -> &[u8] {
    let padding = bytes.iter().rev().take_while(|b| **b == b'\n').count();
    let used = bytes.len() - padding.saturating_sub(1);
    bytes.get(..used).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;

    fn document(x: &str) -> Document {
        Document::default().with("x", x)
    }

    fn x(document: &Document) -> Result<String, ParseError> {
        document.require("x")
    }

    #[test]
    fn a_reader_that_is_overtaken_reads_again() {
        let (_tmp, dir) = instance();
        let whole = document("whole").to_text("x", VERSION, Checksum::Crc32);
        std::fs::write(dir.path().join("x"), &whole).unwrap();
        let overtaken = std::cell::Cell::new(false);
        let torn = |document: &Document| match overtaken.replace(true) {
            true => x(document),
            false => {
                // Somebody finishes writing while we look at half of it.
                std::fs::write(dir.path().join("x"), format!("{whole}\n\n")).unwrap();
                Err(ParseError::Damaged("torn"))
            }
        };
        assert_eq!(dir.read("x", torn).unwrap().as_deref(), Some("whole"));
        let damaged = |_: &Document| Err::<(), _>(ParseError::Damaged("torn"));
        assert!(matches!(dir.read("x", damaged), Err(ReadError::Damaged(..))));
    }

    #[test]
    fn every_way_to_write_replaces_the_whole_record() {
        let (_tmp, dir) = instance();
        for durability in [Durability::Now, Durability::WithFolder, Durability::ThisBoot] {
            for reserved in [false, true] {
                let reserve = reserved.then(|| dir.reserve("x").unwrap());
                let value = format!("{durability:?} {reserved}");
                dir.write("x", &document(&value), reserve.as_ref(), durability).unwrap();
                assert_eq!(dir.read("x", x).unwrap(), Some(value));
            }
        }
    }

    #[test]
    fn a_reserve_that_is_not_whole_is_none() {
        let (_tmp, dir) = instance();
        assert!(Reserve::find(&dir, "r").is_none());
        let made = dir.reserve("r").unwrap();
        let found = dir.reserve("r").unwrap();
        assert!(dir.is_still("r.next", &made.file) && dir.is_still("r.next", &found.file));
        let long = document(&"x".repeat(RESERVE + 1));
        assert!(
            found
                .write(&dir, "r", &"x".repeat(RESERVE + 1), Durability::Now)
                .is_err()
        );
        dir.write("r", &long, Some(&found), Durability::Now).unwrap();
        assert_eq!(dir.read("r", x).unwrap().map(|x| x.len()), Some(RESERVE + 1));
        std::fs::write(dir.path().join("r.next"), "short").unwrap();
        assert!(Reserve::find(&dir, "r").is_none());
        std::fs::remove_file(dir.path().join("r.next")).unwrap();
        std::fs::create_dir(dir.path().join("r.next")).unwrap();
        assert!(Reserve::find(&dir, "r").is_none());
    }
}
