//! The keys in the log of one instance: a search, the wrapping, the file that it is saved to.

use super::press::PressedKey;
use super::scroll::Scroll;
use super::typing::{TypingEnd, type_in};

/// The longest text that is typed, in characters.
const TEXT_MAX: usize = 256;

/// The text that is typed in a log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LogTyping {
    #[default]
    Nothing,
    /// The text that is looked for.
    Search(String),
    /// The file that the log is saved to.
    Path(String),
    /// A yes or a no: there is such a file.
    Replace(String),
}

/// The reader of a log; its `Default` is that of one at its begin.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaneLog {
    scroll: Scroll,
    /// True where long lines are cut.
    is_cut: bool,
    typing: LogTyping,
    /// The text that is looked for; empty where none is.
    search: String,
    /// The lines that have it.
    hits: Vec<usize>,
    /// The one of these that was gone to.
    hit: Option<usize>,
    /// True until a hit was gone to.
    seeks: bool,
}

/// The consequence of a key in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum LogStep {
    Stays,
    /// Other lines are shown.
    Changes,
    Leaves,
    Saves {
        path: String,
        replaces: bool,
    },
}

impl PaneLog {
    pub(super) fn at_the_end() -> Self {
        Self {
            scroll: Scroll::at(true),
            ..Self::default()
        }
    }

    pub fn typing(&self) -> &LogTyping {
        &self.typing
    }

    /// Returns the text that is looked for; empty where none is.
    pub fn search(&self) -> &str {
        &self.search
    }

    /// Returns true where long lines are cut, and not wrapped.
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Returns the number of the hit that was gone to, from one on, and how many there are.
    pub fn hit(&self) -> (usize, usize) {
        let before = |hit: usize| self.hits.iter().filter(|line| **line <= hit).count();
        (self.hit.map_or(0, before), self.hits.len())
    }

    pub(super) fn scroll(&self) -> &Scroll {
        &self.scroll
    }

    /// Is told how many lines there are, which of them have the text that is looked for, and how
    /// many fit.
    pub(super) fn fit(&mut self, lines: usize, room: usize, hits: &[usize]) {
        self.hits = hits.to_vec();
        self.scroll.fit(lines, room);
        if std::mem::take(&mut self.seeks) {
            let top = self.scroll.top();
            let below = self.hits.iter().find(|line| **line >= top);
            self.go(below.or(self.hits.last()).copied());
        }
    }

    fn go(&mut self, hit: Option<usize>) {
        self.hit = hit;
        if let Some(hit) = hit {
            self.scroll.stay();
            self.scroll.go(hit);
        }
    }

    /// Is told that there is such a file.
    pub(super) fn ask_to_replace(&mut self, path: &str) {
        self.typing = LogTyping::Replace(path.to_owned());
    }

    /// Takes a key in; `id` is the instance.
    pub(super) fn press(&mut self, key: PressedKey, id: &str) -> LogStep {
        match std::mem::take(&mut self.typing) {
            LogTyping::Nothing => return self.read_on(key, id),
            LogTyping::Search(mut text) => match type_in(&mut text, key, TEXT_MAX) {
                TypingEnd::GoesOn => self.typing = LogTyping::Search(text),
                TypingEnd::Leaves => {}
                TypingEnd::Taken => {
                    (self.search, self.seeks, self.hit) = (text, true, None);
                    return LogStep::Changes;
                }
            },
            LogTyping::Path(mut path) => match type_in(&mut path, key, TEXT_MAX) {
                TypingEnd::GoesOn => self.typing = LogTyping::Path(path),
                TypingEnd::Taken if !path.trim().is_empty() => {
                    let path = path.trim().to_owned();
                    return LogStep::Saves { path, replaces: false };
                }
                TypingEnd::Taken | TypingEnd::Leaves => {}
            },
            LogTyping::Replace(path) => {
                if matches!(key, PressedKey::Char('y' | 'Y')) {
                    return LogStep::Saves { path, replaces: true };
                }
            }
        }
        LogStep::Stays
    }

    /// Moves in the log. At its end it is followed.
    fn read_on(&mut self, key: PressedKey, id: &str) -> LogStep {
        match key {
            PressedKey::Escape if !self.search.is_empty() => {
                self.search.clear();
                (self.hit, self.seeks) = (None, false);
                return LogStep::Changes;
            }
            PressedKey::Escape | PressedKey::Char('q' | 'Q') => return LogStep::Leaves,
            PressedKey::Char('/') => self.typing = LogTyping::Search(String::new()),
            PressedKey::Char('s') => self.typing = LogTyping::Path(format!("{id}.log")),
            PressedKey::Char('w') => {
                self.is_cut = !self.is_cut;
                return LogStep::Changes;
            }
            // Round and round, from where one has scrolled to.
            PressedKey::Char('n') => {
                let from = self.hit.unwrap_or(self.scroll.top());
                let next = self.hits.iter().find(|line| **line > from);
                self.go(next.or(self.hits.first()).copied());
            }
            PressedKey::Char('N') => {
                let from = self.hit.unwrap_or(self.scroll.top());
                let next = self.hits.iter().rfind(|line| **line < from);
                self.go(next.or(self.hits.last()).copied());
            }
            key => {
                self.scroll.press(match key {
                    PressedKey::Enter => PressedKey::End,
                    other => other,
                });
                self.scroll.follow_at_the_end();
            }
        }
        LogStep::Stays
    }
}

#[cfg(test)]
mod tests {
    use super::PressedKey::{Backspace, Char, Enter, EraseLine, Escape, Pasted};
    use super::*;

    fn press(log: &mut PaneLog, keys: &[PressedKey]) -> Vec<LogStep> {
        let steps = keys.iter().map(|key| log.press(*key, "a"));
        steps
            .filter(|step| !matches!(step, LogStep::Stays | LogStep::Changes))
            .collect()
    }

    #[test]
    fn a_search_goes_round_and_round() {
        let hits = [3, 50, 97];
        let mut log = PaneLog::at_the_end();
        log.fit(100, 10, &[]);
        assert_eq!(
            press(&mut log, &[Char('/'), Char('x'), Char('y'), Backspace, Enter]),
            []
        );
        assert_eq!(log.search(), "x");
        log.fit(100, 10, &hits);
        // The one that is seen at the end.
        assert_eq!((log.hit(), log.scroll().top()), ((3, 3), 90));
        assert!(!log.scroll().follows(), "it is not moved away");
        for (key, number, top) in [
            ('n', 1, 3),
            ('n', 2, 50),
            ('n', 3, 90),
            ('N', 2, 50),
            ('N', 1, 3),
            ('N', 3, 90),
        ] {
            press(&mut log, &[Char(key)]);
            log.fit(100, 10, &hits);
            assert_eq!((log.hit(), log.scroll().top()), ((number, 3), top), "{key}");
        }
        // The first escape ends the search, the second one the log.
        assert_eq!(press(&mut log, &[Escape]), []);
        assert_eq!(log.search(), "");
        assert_eq!(press(&mut log, &[Escape]), [LogStep::Leaves]);
    }

    #[test]
    fn what_is_not_there_is_not_gone_to() {
        let mut log = PaneLog::at_the_end();
        press(&mut log, &[Char('/'), Char('x'), Enter]);
        log.fit(100, 10, &[]);
        assert_eq!((log.hit(), log.scroll().top()), ((0, 0), 90));
        press(&mut log, &[Char('n'), Char('N')]);
        assert!(log.scroll().follows());
    }

    #[test]
    fn a_path_is_asked_for_and_a_file_not_replaced_by_mistake() {
        let mut log = PaneLog::at_the_end();
        let saves = |path: &str, replaces| LogStep::Saves {
            path: path.into(),
            replaces,
        };
        assert_eq!(press(&mut log, &[Char('s'), Enter]), [saves("a.log", false)]);
        let typed = [Char('s'), EraseLine, Pasted('b'), Char('q'), Enter];
        assert_eq!(press(&mut log, &typed), [saves("bq", false)]);
        assert_eq!(press(&mut log, &[Char('s'), Escape, Char('s'), EraseLine, Enter]), []);
        for (key, steps) in [
            (Char('y'), vec![saves("b", true)]),
            (Enter, vec![]),
            (Pasted('y'), vec![]),
            (Char('n'), vec![]),
        ] {
            log.ask_to_replace("b");
            assert_eq!(press(&mut log, &[key]), steps);
            assert_eq!(*log.typing(), LogTyping::Nothing);
        }
    }
}
