//! Any text is an inventory or a list of problems, each with its place.
#![no_main]
use std::ffi::OsString;
use std::path::Path;

use gamectl::inventory::parse;

fn variable(name: &str) -> Option<OsString> {
    matches!(name, "PATH" | "A").then(|| OsString::from("/usr/bin"))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Err(problems) = parse(bytes, "fuzz.yaml", Path::new("/nowhere"), &variable) {
        assert!(!problems.to_string().is_empty());
    }
});
