//! The record of where a game's own log file ended before a launch: what stands before
//! that was written by an earlier one, and says nothing of this.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::folder::InstanceDir;
use super::format::Document;
use super::record::Durability;
use crate::sys::plain_file;

const NAME: &str = "log_file";

/// The last bytes by which a file is known again, at most.
const LAST_MAX: u64 = 256;

/// The end of a file, as it was. A file that was emptied and written again, or that
/// got the number of one that was removed, does not have the same bytes there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileEnd {
    inode: u64,
    /// The number of bytes that it held; 0 where there was no file.
    size: u64,
    /// The last of them.
    last: Vec<u8>,
}

impl FileEnd {
    /// Returns the end of the file at a path now.
    ///
    /// # Errors
    /// When there is something that cannot be read, or is no plain file.
    pub fn at(path: &Path) -> io::Result<Self> {
        let file = match plain_file::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            opened => opened?,
        };
        let meta = file.metadata()?;
        Ok(Self {
            inode: meta.ino(),
            size: meta.len(),
            last: last_before(&file, meta.len())?,
        })
    }

    /// Returns the place from which a file holds what was written since.
    pub fn resume(&self, file: &File) -> io::Result<u64> {
        let meta = file.metadata()?;
        let is_same = meta.ino() == self.inode && meta.len() >= self.size && last_before(file, self.size)? == self.last;
        Ok(if is_same { self.size } else { 0 })
    }

    /// Returns the end that was recorded before a launch; `None` where that is not known.
    pub fn read(dir: &InstanceDir, generation: u64, path: &Path) -> Option<Self> {
        let read = dir.read(NAME, |document| {
            let last = document.get("last").and_then(from_hex).unwrap_or_default();
            let end = Self {
                inode: document.require("inode")?,
                size: document.require("size")?,
                last,
            };
            let is_of = document.require::<u64>("generation")? == generation
                && document.get("path") == Some(&*path.to_string_lossy());
            Ok(is_of.then_some(end))
        });
        read.ok().flatten().flatten()
    }

    /// Records it before a launch.
    pub fn write(&self, dir: &InstanceDir, generation: u64, path: &Path) -> io::Result<()> {
        let mut document = Document::default()
            .with("generation", generation)
            .with("path", path.to_string_lossy())
            .with("inode", self.inode)
            .with("size", self.size);
        if !self.last.is_empty() {
            let last: String = self.last.iter().map(|byte| format!("{byte:02x}")).collect();
            document.push("last", last);
        }
        dir.write(NAME, &document, None, Durability::ThisBoot)
    }
}

/// Returns the bytes before a place in a file.
fn last_before(file: &File, end: u64) -> io::Result<Vec<u8>> {
    let length = end.min(LAST_MAX);
    let mut last = vec![0; usize::try_from(length).unwrap_or(0)];
    match file.read_exact_at(&mut last, end - length) {
        // It was cut meanwhile.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
        read => read.map(|()| last),
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;

    #[test]
    fn it_is_of_one_launch_and_one_file() {
        let (_tmp, dir) = instance();
        let path = dir.path().join("a log\n.txt");
        assert_eq!(FileEnd::read(&dir, 1, &path), None);
        for text in [&b""[..], b"up\n\xff", &[b'x'; 1000]] {
            std::fs::write(&path, text).unwrap();
            let end = FileEnd::at(&path).unwrap();
            end.write(&dir, 2, &path).unwrap();
            assert_eq!(FileEnd::read(&dir, 2, &path), Some(end));
            assert_eq!(FileEnd::read(&dir, 3, &path), None);
            assert_eq!(FileEnd::read(&dir, 2, &dir.path().join("other")), None);
        }
    }

    #[test]
    fn what_was_written_since_begins_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let resume = |end: &FileEnd| end.resume(&File::open(&path).unwrap()).unwrap();
        let none = FileEnd::at(&path).unwrap();
        std::fs::write(&path, "one\ntwo\n").unwrap();
        assert_eq!(resume(&none), 0);
        let end = FileEnd::at(&path).unwrap();
        for (now, wanted) in [
            ("one\ntwo\n", 8),
            ("one\ntwo\nthree\n", 8),
            // It was emptied, and is shorter, as long, or longer by now.
            ("", 0),
            ("one\n", 0),
            ("ONE\nTWO\n", 0),
            ("three\nfour\nfive\n", 0),
        ] {
            std::fs::write(&path, now).unwrap();
            assert_eq!(resume(&end), wanted, "{now}");
        }
        // Another file has its name, with the same text.
        std::fs::write(folder.path().join("new"), "one\ntwo\n").unwrap();
        std::fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(resume(&end), 0);
    }

    #[test]
    fn what_is_no_plain_file_has_no_end() {
        let folder = tempfile::tempdir().unwrap();
        assert!(FileEnd::at(folder.path()).is_err());
        assert!(FileEnd::at(Path::new("/dev/zero")).is_err());
    }
}
