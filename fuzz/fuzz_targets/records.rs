//! Records with any facts under a right checksum, and any bytes at all: read,
//! or refused; and what was read is read again once it is written.
//!
//! The first byte says which record it is.
#![no_main]
use std::sync::LazyLock;

use gamectl::store::format::{Checksum, Document};
use gamectl::store::record::Durability;
use gamectl::store::{InstanceDir, StateDir, ending, history, launch, plan, stack};

struct Place {
    _folder: tempfile::TempDir,
    dir: InstanceDir,
}

static PLACE: LazyLock<Place> = LazyLock::new(|| {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder");
    let state = StateDir::create(&folder.path().join("state")).expect("a state directory");
    let dir = state.create_instance("a").expect("an instance");
    Place { _folder: folder, dir }
});

fn put(name: &str, kind: &str, bytes: &[u8]) {
    let headed = [format!("gamectl {kind} 1\n").as_bytes(), bytes].concat();
    let bytes = Document::from_text(&headed, kind, 1, Checksum::None)
        .map_or_else(|_| bytes.to_vec(), |document| document.to_text(kind, 1, Checksum::Crc32).into_bytes());
    std::fs::write(PLACE.dir.path().join(name), bytes).expect("written");
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((which, rest)) = bytes.split_first() else { return };
    let dir = &PLACE.dir;
    match which % 5 {
        0 => {
            put("launch", "launch", rest);
            if let Ok(Some(one)) = launch::read(dir) {
                launch::write(dir, &one).expect("written");
                assert_eq!(launch::read(dir).ok().flatten(), Some(one));
            }
        }
        1 => {
            put("exit", "exit", rest);
            if let Ok(Some(one)) = ending::read(dir) {
                ending::write(dir, None, &one, Durability::ThisBoot).expect("written");
                assert_eq!(ending::read(dir).ok().flatten(), Some(one));
            }
        }
        2 => {
            put("plan", "plan", rest);
            if let Ok(Some(one)) = plan::read(dir) {
                plan::write(dir, &one).expect("written");
                assert_eq!(plan::read(dir).ok().flatten(), Some(one));
            }
        }
        3 => {
            put("stack", "stack", rest);
            if let Ok(Some(one)) = stack::read(dir) {
                stack::write(dir, &one).expect("written");
                assert_eq!(stack::read(dir).ok().flatten(), Some(one));
            }
        }
        _ => {
            put("restarts", "restarts", rest);
            if let Ok(Some(one)) = history::read(dir) {
                history::write(dir, &one).expect("written");
                assert_eq!(history::read(dir).ok().flatten(), Some(one));
            }
        }
    }
});
