//! The files of this repository, for tests of its documents and of its sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The folder of the package.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file.
pub fn file(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The text of each Rust file below a folder, by its path below the package.
pub fn rust_files(folder: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(root().join(folder)).expect("a folder").flatten() {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files.extend(rust_files(&path));
        } else if path.ends_with(".rs") {
            let text = file(&path);
            files.insert(path, text);
        }
    }
    files
}

/// Returns true when a source has a function of that name with an attribute that
/// makes it a test.
pub fn has_test(source: &str, name: &str) -> bool {
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let is = |line: &str| {
        let rest = line.strip_prefix("async ").unwrap_or(line);
        rest.strip_prefix("fn ").and_then(|rest| rest.split('(').next()) == Some(name)
    };
    let makes_test = |line: &&&str| line.starts_with("#[test") || line.starts_with("#[tokio::test");
    let above = |end: usize| lines[..end].iter().rev().take_while(|line| line.starts_with("#["));
    (0..lines.len()).any(|number| is(lines[number]) && above(number).any(|line| makes_test(&line)))
}
