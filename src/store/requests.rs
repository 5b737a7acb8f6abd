//! The requests for an instance that came over the link and were let in, so that none is
//! carried out again by a `run` that begins anew. Only `run` writes them.

use std::io;

use super::folder::{InstanceDir, ReadError};
use super::format::{Document, ParseError};
use super::record::Durability;

const NAME: &str = "requests";

/// The requests of an instance that are kept at most; what has expired is forgotten.
const KEPT_MAX: usize = 1024;

/// The finding about a request that was to be put on record.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestEntry {
    /// The request is on record now.
    New,
    /// The request came before.
    Known,
    /// There is no room for it before others have expired.
    Full,
    /// The record cannot be read, for this reason. A damaged one is in quarantine now, so
    /// that the next request is entered.
    Unreadable(String),
}

/// Puts a request on record, unless it is there. When it returns, a power cut does not take
/// it back. Times are in milliseconds since 1970.
///
/// # Errors
/// When the record cannot be written: a request that is new is not on record then.
pub fn enter(dir: &InstanceDir, id: &str, expires_ms: u64, now_ms: u64) -> io::Result<RequestEntry> {
    let mut kept = match read(dir) {
        Ok(kept) => kept.unwrap_or_default(),
        Err(error) => {
            if matches!(error, ReadError::Damaged(..)) {
                dir.quarantine(NAME)?;
            }
            return Ok(RequestEntry::Unreadable(error.to_string()));
        }
    };
    kept.retain(|(_, expires)| *expires > now_ms);
    if kept.iter().any(|(known, _)| known == id) {
        return Ok(RequestEntry::Known);
    }
    if kept.len() >= KEPT_MAX {
        return Ok(RequestEntry::Full);
    }
    kept.push((id.to_owned(), expires_ms));
    let mut document = Document::default();
    for (id, expires) in &kept {
        document.push("request", format_args!("{expires} {id}"));
    }
    dir.write(NAME, &document, None, Durability::Now)?;
    Ok(RequestEntry::New)
}

fn read(dir: &InstanceDir) -> Result<Option<Vec<(String, u64)>>, ReadError> {
    dir.read(NAME, |document| {
        let request = |fact: &str| {
            let (expires, id) = fact.split_once(' ')?;
            Some((id.to_owned(), expires.parse().ok()?))
        };
        let requests: Option<Vec<_>> = document.all("request").map(request).collect();
        requests.ok_or(ParseError::Damaged("a time is unreadable"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::instance;

    #[test]
    fn a_request_is_new_once_until_it_has_expired() {
        let (_tmp, dir) = instance();
        for (id, expires, now, wanted) in [
            ("a", 100, 0, RequestEntry::New),
            ("a", 100, 50, RequestEntry::Known),
            ("a", 900, 99, RequestEntry::Known),
            ("b", 200, 99, RequestEntry::New),
            // What has expired is refused for that, and so need not be known.
            ("a", 300, 100, RequestEntry::New),
            ("b", 300, 199, RequestEntry::Known),
        ] {
            assert_eq!(enter(&dir, id, expires, now).unwrap(), wanted, "{id} {expires} {now}");
        }
        assert_eq!(
            read(&dir).unwrap().unwrap(),
            [("b".to_owned(), 200), ("a".to_owned(), 300)]
        );
    }

    #[test]
    fn the_record_is_bounded_and_as_large_as_a_record_may_be() {
        let (_tmp, dir) = instance();
        let id = |number: usize| format!("{number:064}");
        let mut document = Document::default();
        for number in 0..KEPT_MAX - 1 {
            document.push("request", format_args!("{} {}", u64::MAX, id(number)));
        }
        dir.write(NAME, &document, None, Durability::Now).unwrap();
        assert_eq!(enter(&dir, "last", 100, 0).unwrap(), RequestEntry::New);
        assert_eq!(enter(&dir, "x", 100, 0).unwrap(), RequestEntry::Full);
        assert_eq!(enter(&dir, &id(0), 100, 0).unwrap(), RequestEntry::Known);
        assert_eq!(enter(&dir, "x", 200, 100).unwrap(), RequestEntry::New);
    }

    #[test]
    fn a_damaged_record_is_never_taken_for_none() {
        let (_tmp, dir) = instance();
        std::fs::write(dir.path().join(NAME), "torn").unwrap();
        let RequestEntry::Unreadable(why) = enter(&dir, "a", 100, 0).unwrap() else {
            panic!("it was taken for none");
        };
        assert!(why.contains("is damaged"), "{why}");
        assert_eq!(enter(&dir, "b", 100, 0).unwrap(), RequestEntry::New);
    }
}
