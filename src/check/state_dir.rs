//! The state directory: records can be kept in it, and no other user reads them.

use std::path::{Path, PathBuf};

use crate::finding::Finding;

const ABOUT: &str = "state directory";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Usability {
    /// A directory of ours alone that can be written.
    Good,
    /// No directory yet; it can be made below this folder.
    CanBeMade(PathBuf),
    /// A place that cannot be used, with the reason and a hint.
    Bad(String, Option<String>),
}

pub(super) fn judge(path: &Path, usability: &Usability) -> Finding {
    let shown = path.display();
    let finding = match usability {
        Usability::Bad(why, hint) => {
            let finding = Finding::error(ABOUT, why.clone());
            return match hint {
                Some(hint) => finding.hint(hint.clone()),
                None => finding.hint("mend it, or give another place with --state-dir"),
            };
        }
        Usability::Good => format!("{shown} is writable and private"),
        Usability::CanBeMade(_) => format!("{shown} will be made by the first start"),
    };
    if path.starts_with("/run") || path.starts_with("/tmp") || path.starts_with("/dev/shm") {
        return Finding::warning(
            ABOUT,
            format!("{shown} does not outlive a reboot, and may be cleaned up before"),
        )
        .hint("give a lasting place with --state-dir or GAMECTL_STATE_DIR");
    }
    Finding::ok(ABOUT, finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn levels() {
        let bad = Usability::Bad("it is open to others".into(), None);
        for (path, usability, level) in [
            ("/var/lib/gamectl", Usability::Good, Severity::Ok),
            (
                "/var/lib/gamectl",
                Usability::CanBeMade("/var/lib".into()),
                Severity::Ok,
            ),
            ("/run/user/1000/gamectl", Usability::Good, Severity::Warning),
            ("/var/lib/gamectl", bad, Severity::Error),
        ] {
            assert_eq!(judge(path.as_ref(), &usability).level, level, "{path}");
        }
    }
}
