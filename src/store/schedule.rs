//! The records of the schedules of an instance: what was decided of each, which firings are to
//! be skipped, and which one is under way.
//!
//! `schedule` is written by the `run` of the state directory alone, which holds its lock;
//! `schedule.skip` by whoever asks for a firing to be skipped.

use std::collections::BTreeMap;
use std::io;

use super::folder::{InstanceDir, ReadError};
use super::format::{Document, ParseError};
use super::record::Durability;

const NAME: &str = "schedule";
const SKIP: &str = "schedule.skip";

/// The time for which a skip that is over is kept, in seconds.
const KEPT: i64 = 24 * 60 * 60;

/// The record of the firings. Times are in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FiringRecord {
    /// By the key of a schedule: the time up to which all its firings are decided.
    pub decided: BTreeMap<String, i64>,
    /// By the key of a schedule: the planned time of the firing that is being carried out.
    pub under_way: BTreeMap<String, i64>,
}

/// Reads the record; `None` where there is none.
pub fn read(dir: &InstanceDir) -> Result<Option<FiringRecord>, ReadError> {
    dir.read(NAME, |document| {
        Ok(FiringRecord {
            decided: keyed(document, "decided")?.into_iter().collect(),
            under_way: keyed(document, "under_way")?.into_iter().collect(),
        })
    })
}

/// Writes the record. When it returns, a power cut does not take it back.
pub fn write(dir: &InstanceDir, record: &FiringRecord) -> io::Result<()> {
    let mut document = Document::default();
    for (key, at) in &record.decided {
        document.push("decided", format_args!("{at} {key}"));
    }
    for (key, at) in &record.under_way {
        document.push("under_way", format_args!("{at} {key}"));
    }
    dir.write(NAME, &document, None, Durability::Now)
}

/// Reads which firings are to be skipped: the keys of schedules, with planned times.
pub fn skips(dir: &InstanceDir) -> Result<Vec<(String, i64)>, ReadError> {
    let skips = dir.read(SKIP, |document| keyed(document, "skip"))?;
    Ok(skips.unwrap_or_default())
}

/// Has a firing skipped, beside those that are to come after `now` already.
pub fn skip(dir: &InstanceDir, key: &str, planned: i64, now: i64) -> io::Result<()> {
    // A damaged record is replaced: what is asked for now counts.
    let mut skips = skips(dir).unwrap_or_default();
    // One that is delayed was planned before now.
    skips.retain(|(_, at)| *at > now - KEPT);
    skips.push((key.to_owned(), planned));
    let mut document = Document::default();
    for (key, at) in &skips {
        document.push("skip", format_args!("{at} {key}"));
    }
    dir.write(SKIP, &document, None, Durability::Now)
}

/// Returns the facts of a name, each a time and a key.
fn keyed(document: &Document, name: &str) -> Result<Vec<(String, i64)>, ParseError> {
    let fact = |fact: &str| {
        let (at, key) = fact.split_once(' ')?;
        Some((key.to_owned(), at.parse().ok()?))
    };
    let facts: Option<Vec<_>> = document.all(name).map(fact).collect();
    facts.ok_or(ParseError::Damaged("a time is unreadable"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;

    #[test]
    fn round_trip() {
        let (_tmp, dir) = instance();
        assert_eq!(read(&dir).unwrap(), None);
        let record = FiringRecord {
            decided: [("0 5 * * * UTC restart".to_owned(), 7), ("b".to_owned(), -1)].into(),
            under_way: [("b".to_owned(), 9)].into(),
        };
        write(&dir, &record).unwrap();
        assert_eq!(read(&dir).unwrap(), Some(record));
    }

    #[test]
    fn skips_add_up_and_the_past_is_forgotten() {
        let (_tmp, dir) = instance();
        assert_eq!(skips(&dir).unwrap(), []);
        skip(&dir, "a", 100, 50).unwrap();
        skip(&dir, "b", 200, 50).unwrap();
        assert_eq!(skips(&dir).unwrap(), [("a".to_owned(), 100), ("b".to_owned(), 200)]);
        skip(&dir, "a", 300, 150 + KEPT).unwrap();
        assert_eq!(skips(&dir).unwrap(), [("b".to_owned(), 200), ("a".to_owned(), 300)]);
        std::fs::write(dir.path().join(SKIP), "torn").unwrap();
        assert!(matches!(skips(&dir), Err(ReadError::Damaged(..))));
        skip(&dir, "a", 300, 150).unwrap();
        assert_eq!(skips(&dir).unwrap(), [("a".to_owned(), 300)]);
    }
}
