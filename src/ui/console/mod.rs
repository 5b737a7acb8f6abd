//! The console of a game.

mod line;

use super::options::SizeSource;
use super::sink::{SharedSink, lock};
use crate::text::Cleaner;
use line::{Line, Pressed};

/// A request made by typing at the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    Send(String),
    Detach,
}

/// The view of a game's output, above the line that is being typed.
pub struct ConsoleView {
    out: SharedSink,
    size: SizeSource,
    cleaner: Cleaner,
    line: Line,
    /// True when the line is typed on a terminal, which shows it.
    live: bool,
    /// The output that has no line end yet.
    partial: String,
}

impl ConsoleView {
    pub(super) fn new(out: SharedSink, size: SizeSource, live: bool) -> Self {
        Self {
            out,
            size,
            cleaner: Cleaner::default(),
            line: Line::default(),
            live,
            partial: String::new(),
        }
    }

    /// Takes output of the game, and shows the whole lines.
    pub fn write(&mut self, bytes: &[u8]) {
        self.cleaner.push(bytes, &mut self.partial);
        let whole = self.partial.rfind('\n').map_or(0, |at| at + 1);
        let lines: String = self.partial.drain(..whole).collect();
        self.show(&lines);
    }

    /// Shows the output that has no line end: a game that asks something does not
    /// end its line.
    pub fn settle(&mut self) {
        if !self.partial.is_empty() {
            let mut rest = std::mem::take(&mut self.partial);
            rest.push('\n');
            self.show(&rest);
        }
    }

    /// Shows a message of our own between the lines of the game.
    pub fn say(&mut self, message: &str) {
        self.settle();
        self.show(&format!("[gamectl: {}]\n", crate::text::clean_line(message)));
    }

    fn show(&self, lines: &str) {
        if lines.is_empty() {
            return;
        }
        let text = if self.live {
            format!("\r\x1b[K{lines}{}", self.typed())
        } else {
            lines.to_owned()
        };
        lock(&self.out).write(text.as_bytes());
    }

    fn typed(&self) -> String {
        let columns = (self.size)().map_or(80, |size| usize::from(size.columns));
        self.line.shown(columns)
    }

    /// Takes keys from a terminal. Returns the requests in them, in their order.
    pub fn type_in(&mut self, keys: &[u8]) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for key in keys {
            match self.line.press(*key) {
                Pressed::Nothing => {}
                Pressed::Changed => lock(&self.out).write(format!("\r\x1b[K{}", self.typed()).as_bytes()),
                Pressed::Enter(line) => {
                    lock(&self.out).write(format!("\r\x1b[K> {line}\n").as_bytes());
                    wanted.push(Wanted::Send(line));
                }
                Pressed::Detach => {
                    wanted.push(Wanted::Detach);
                    break;
                }
            }
        }
        wanted
    }

    /// Shows bytes of a game's terminal as they are.
    pub fn pass_through(&mut self, bytes: &[u8]) {
        lock(&self.out).write(bytes);
    }

    /// Leaves the terminal as it was found.
    pub fn finish(&mut self) {
        self.settle();
        if self.live {
            lock(&self.out).write(b"\r\x1b[K");
        }
    }
}
