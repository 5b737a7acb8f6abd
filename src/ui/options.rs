//! The options of the screen, and the terminal and environment around it.

use std::io::IsTerminal;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// Colour on a terminal that can show it, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Colour even in a file and against `NO_COLOR`: it was typed for this call.
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    pub color: Color,
    pub json: bool,
    /// Prints failures only.
    pub quiet: bool,
}

/// The size of a terminal in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub columns: u16,
    pub rows: u16,
}

/// The size assumed for a terminal that does not report one.
const USUAL_SIZE: Size = Size { columns: 80, rows: 24 };

/// Returns the size of the terminal now: it changes while a verb waits.
pub type SizeSource = Arc<dyn Fn() -> Option<Size> + Send + Sync>;

/// The terminal and the environment.
#[derive(Clone)]
pub struct Surroundings {
    pub stdout_tty: bool,
    /// True when stdout is the journal of systemd, which keeps the time of each
    /// line and reads its priority.
    pub stdout_journal: bool,
    pub stderr_tty: bool,
    pub utf8: bool,
    /// True when `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// True when the terminal can neither show colour nor move its cursor:
    /// `TERM` is `dumb`, empty or not set.
    pub dumb: bool,
    pub size: SizeSource,
}

impl Surroundings {
    /// Returns the surroundings of this program. The size of a terminal is passed
    /// in: it takes a system call.
    pub fn detect(size: SizeSource) -> Self {
        let variable = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        Self {
            stdout_tty: std::io::stdout().is_terminal(),
            stderr_tty: std::io::stderr().is_terminal(),
            stdout_journal: is_journal(variable("JOURNAL_STREAM").as_deref()),
            ..Self::from_environment(variable, size)
        }
    }

    /// Returns the surroundings with these variables, and no terminal.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>, size: SizeSource) -> Self {
        let filled = |name: &str| variable(name).filter(|value| !value.is_empty());
        // The first of these that is not empty counts.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(filled);
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        Self {
            stdout_tty: false,
            stderr_tty: false,
            stdout_journal: false,
            utf8: locale.split(['.', '@']).any(|part| matches!(part, "utf-8" | "utf8")),
            no_color: filled("NO_COLOR").is_some(),
            dumb: filled("TERM").is_none_or(|term| term == "dumb"),
            size,
        }
    }

    /// Returns the size of the terminal, with the usual one for what it does not
    /// report.
    pub fn size(&self) -> Size {
        let reported = (self.size)().unwrap_or(USUAL_SIZE);
        let or = |length, usual| if length == 0 { usual } else { length };
        Size {
            columns: or(reported.columns, USUAL_SIZE.columns),
            rows: or(reported.rows, USUAL_SIZE.rows),
        }
    }

    /// Returns true when a stream is coloured under this choice.
    pub(super) fn colored(&self, choice: Color, tty: bool) -> bool {
        match choice {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => tty && !self.no_color && !self.dumb,
        }
    }
}

/// Returns true when stdout is the stream that `$JOURNAL_STREAM` names, by device
/// and inode: systemd.exec(5). The variable alone may be inherited.
fn is_journal(named: Option<&str>) -> bool {
    let Some(named) = named else { return false };
    let meta = std::fs::metadata("/dev/stdout");
    meta.is_ok_and(|meta| format!("{}:{}", meta.dev(), meta.ino()) == named)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Surroundings {
        let find = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| (*v).to_owned());
        Surroundings::from_environment(find, Arc::new(|| None))
    }

    #[test]
    fn the_locale_is_the_first_variable_that_is_not_empty() {
        for (utf8, pairs) in [
            (false, &[][..]),
            (true, &[("LANG", "en_US.UTF-8")][..]),
            (true, &[("LANG", "C"), ("LC_CTYPE", "C.utf8")][..]),
            (false, &[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")][..]),
            (true, &[("LANG", "de_DE.UTF-8"), ("LC_ALL", "")][..]),
            (false, &[("LANG", "de_DE.ISO-8859-1")][..]),
        ] {
            assert_eq!(environment(pairs).utf8, utf8, "{pairs:?}");
        }
    }

    #[test]
    fn no_color_counts_when_it_is_not_empty() {
        assert!(environment(&[("NO_COLOR", "1")]).no_color);
        assert!(!environment(&[("NO_COLOR", "")]).no_color);
        assert!(!environment(&[]).no_color);
    }

    #[test]
    fn a_terminal_without_a_name_is_dumb() {
        assert!(environment(&[]).dumb);
        assert!(environment(&[("TERM", "")]).dumb);
        assert!(environment(&[("TERM", "dumb")]).dumb);
        assert!(!environment(&[("TERM", "xterm-256color")]).dumb);
    }

    #[test]
    fn what_decides_on_colour() {
        let plain = environment(&[("TERM", "xterm")]);
        let unwanted = environment(&[("TERM", "xterm"), ("NO_COLOR", "1")]);
        let dumb = environment(&[("TERM", "dumb")]);
        for (around, choice, tty, colored) in [
            (&plain, Color::Auto, true, true),
            (&plain, Color::Auto, false, false),
            (&plain, Color::Always, false, true),
            (&plain, Color::Never, true, false),
            (&unwanted, Color::Auto, true, false),
            (&unwanted, Color::Always, true, true),
            (&dumb, Color::Auto, true, false),
            (&dumb, Color::Always, true, true),
        ] {
            assert_eq!(around.colored(choice, tty), colored, "{choice:?} {tty}");
        }
    }

    #[test]
    fn a_terminal_that_reports_no_size_has_the_usual_one() {
        let mut around = environment(&[]);
        assert_eq!(around.size(), USUAL_SIZE);
        around.size = Arc::new(|| Some(Size { columns: 0, rows: 50 }));
        assert_eq!(around.size(), Size { columns: 80, rows: 50 });
    }
}
