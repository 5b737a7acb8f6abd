//! A text that is saved to a file that a person has named.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Saves a text. A file that is there is only written over if `replaces`.
///
/// # Errors
/// When the file cannot be written; it is there: `AlreadyExists`.
pub(super) fn save_text(path: &str, text: &str, replaces: bool) -> io::Result<()> {
    let path = from_home(path, std::env::var_os("HOME").as_deref().map(Path::new));
    let mut open = OpenOptions::new();
    open.write(true);
    match replaces {
        true => open.create(true).truncate(true),
        false => open.create_new(true),
    };
    open.open(path)?.write_all(text.as_bytes())
}

/// Returns a path, with the home folder where it begins with `~/`, as in a shell.
fn from_home(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_not_written_over_unless_that_is_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.log");
        let name = path.to_str().unwrap();
        save_text(name, "one\n", false).unwrap();
        let refused = save_text(name, "two\n", false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\n");
        save_text(name, "2\n", true).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n");
        let missing = dir.path().join("none/a.log");
        assert!(save_text(missing.to_str().unwrap(), "", false).is_err());
    }

    #[test]
    fn the_home_folder_is_that_of_a_shell() {
        for (path, home, wanted) in [
            ("a.log", Some("/home/b"), "a.log"),
            ("~/a.log", Some("/home/b"), "/home/b/a.log"),
            ("~/a.log", None, "~/a.log"),
            ("~b/a.log", Some("/home/b"), "~b/a.log"),
        ] {
            assert_eq!(from_home(path, home.map(Path::new)), Path::new(wanted));
        }
    }
}
