//! The live region: the last lines of a terminal, drawn again and again.
//!
//! Between two frames the cursor rests on the first character of the region. A
//! terminal that is made narrower cuts its lines or wraps them anew, each kind
//! in its own way, and does not report which. But the cursor stays on the
//! character that it was on, and all from there to the end can be cleared.
//! The `^C` that a terminal echoes stands there too, and goes with the next
//! frame. See the "xterm control sequences" document for the sequences used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::options::{Size, Surroundings};
use super::sink::{SharedSink, last_word, lock};

/// Columns at the right that are left free: some terminals go on to the next
/// line as soon as the last one is filled.
pub(super) const FREE: u16 = 1;

/// Clears from the beginning of this line on: the line, and then everything
/// behind its first column. Cleared from the first column of the first row, a
/// terminal may take it for the whole screen, and keep a copy in its scrollback.
const CLEAR: &str = "\r\x1b[K\x1b[C\x1b[J\r";

/// Begins a synchronized update, which terminals that know it show at once, and
/// keeps lines from going on to the next one: a terminal may be narrower already
/// than it reports, tmux for a quarter of a second.
const BEGIN: &str = "\x1b[?2026h\x1b[?7l";
const END: &str = "\x1b[?7h\x1b[?2026l";

pub(super) struct Region {
    sink: SharedSink,
    around: Surroundings,
    shown: Arc<AtomicBool>,
    /// The size of the terminal at the last frame.
    size: Option<Size>,
}

impl Region {
    pub(super) fn on(sink: SharedSink, around: Surroundings) -> Self {
        let shown = Arc::new(AtomicBool::new(false));
        last_word(&sink, &shown, CLEAR);
        Self {
            sink,
            around,
            shown,
            size: None,
        }
    }

    /// Shows these lines in place of those that were there. Each must fit into
    /// the columns of the terminal.
    pub(super) fn draw(&mut self, lines: &[String]) {
        if lines.is_empty() {
            self.clear();
            return;
        }
        let mut frame = BEGIN.to_owned();
        let size = self.around.size();
        if self.size.replace(size) != Some(size) {
            // Lines that were wrapped must not be taken for one any more.
            frame.push_str(CLEAR);
        }
        for (at, line) in lines.iter().enumerate() {
            frame.push_str(if at > 0 { "\r\n\x1b[K" } else { "\r\x1b[K" });
            frame.push_str(line);
        }
        frame.push_str("\x1b[J\r");
        if lines.len() > 1 {
            frame.push_str(&format!("\x1b[{}A", lines.len() - 1));
        }
        frame.push_str(END);
        self.shown.store(true, Ordering::Relaxed);
        lock(&self.sink).write(frame.as_bytes());
    }

    /// Takes the lines away. The next output begins where they began.
    pub(super) fn clear(&mut self) {
        if self.shown.swap(false, Ordering::Relaxed) {
            lock(&self.sink).write(CLEAR.as_bytes());
        }
    }

    pub(super) fn is_shown(&self) -> bool {
        self.shown.load(Ordering::Relaxed)
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;
    use std::sync::Mutex;

    use super::super::sink::Sink;
    use super::super::testing::Kept;
    use super::*;

    /// A region on a terminal whose size can be changed, and what is written.
    fn region(columns: u16) -> (Region, Kept, Arc<Mutex<Size>>) {
        let size = Arc::new(Mutex::new(Size { columns, rows: 24 }));
        let told = Arc::clone(&size);
        let around = Surroundings::from_environment(|_| None, Arc::new(move || Some(*lock(&told))));
        let kept = Kept::default();
        (Region::on(Sink::shared(Box::new(kept.clone())), around), kept, size)
    }

    fn lines(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn frames_take_each_others_place() {
        let (mut region, kept, _) = region(20);
        let cells = |count| NonZero::new(count).unwrap();
        let mut terminal = vt100::Parser::new(cells(24), cells(20), 0);
        terminal.process(b"before\r\n");
        for (frame, wanted) in [
            (&["one", "two", "three"][..], "before\none\ntwo\nthree"),
            (&["1", "2", "3"], "before\n1\n2\n3"),
            (&["only"], "before\nonly"),
            (&[], "before"),
            (&["again"], "before\nagain"),
        ] {
            region.draw(&lines(frame));
            terminal.process(kept.take().as_bytes());
            assert_eq!(terminal.screen().contents(), wanted);
            assert_eq!(terminal.screen().cursor_position(), (1, 0));
        }
        drop(region);
        terminal.process(kept.take().as_bytes());
        assert_eq!(terminal.screen().contents(), "before");
    }

    #[test]
    fn another_size_clears_first() {
        let (mut region, kept, size) = region(40);
        region.draw(&lines(&["a", "b"]));
        kept.take();
        region.draw(&lines(&["c", "d"]));
        assert!(kept.take().starts_with(&format!("{BEGIN}\r\x1b[Kc\r\n")));
        lock(&size).columns = 20;
        region.draw(&lines(&["e", "f"]));
        assert!(kept.take().starts_with(&format!("{BEGIN}{CLEAR}\r\x1b[Ke\r\n")));
    }

    #[test]
    fn a_panic_does_not_stand_among_the_lines() {
        let (mut region, kept, _) = region(40);
        region.draw(&lines(&["a", "b"]));
        kept.take();
        let panic = std::thread::spawn(|| panic!("a bug, for once")).join();
        assert!(panic.is_err());
        assert_eq!(kept.take(), CLEAR);
        drop(region);
        assert_eq!(kept.take(), "", "once is enough");
    }
}
