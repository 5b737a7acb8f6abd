//! The limit of open files of a game.

use crate::finding::Finding;

const ABOUT: &str = "open files";

/// The number of files that larger servers open: sockets, maps, mods.
const ENOUGH: u64 = 4096;

/// A limit of this process, which a game inherits: the soft one, and the hard
/// one up to which a game may raise it itself. See `getrlimit(2)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) soft: u64,
    pub(super) hard: u64,
}

pub(super) fn judge(limit: Option<Limit>) -> Finding {
    let Some(Limit { soft, hard }) = limit else {
        return Finding::warning(ABOUT, "the limit cannot be found out");
    };
    let raise = "raise it with `ulimit -n`, in /etc/security/limits.conf, or with LimitNOFILE= of the unit";
    if hard < ENOUGH {
        let message = format!("a game may have {hard} files open at most, and large servers need more than {ENOUGH}");
        Finding::warning(ABOUT, message).hint(raise)
    } else if soft < 1024 {
        let message = format!("a game may have {soft} files open unless it raises that itself, which few do");
        Finding::warning(ABOUT, message).hint(raise)
    } else {
        Finding::ok(
            ABOUT,
            format!("a game may have {soft} open, and up to {hard} if it asks"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn levels() {
        for (soft, hard, level) in [
            (1024, 524_288, Severity::Ok),
            (256, 524_288, Severity::Warning),
            (1024, 1024, Severity::Warning),
        ] {
            assert_eq!(judge(Some(Limit { soft, hard })).level, level);
        }
        assert_eq!(judge(None).level, Severity::Warning);
    }
}
