//! The spinner of a live screen, by `indicatif`, as a line of text. The region
//! draws that line and takes it away again, since it has to stand terminals that
//! change their width.

use std::io;
use std::sync::{Arc, Mutex};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::paint::{Look, Tone};
use super::sink::lock;

const DOTS: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const LINES: [&str; 4] = ["|", "/", "-", "\\"];

/// One spinner for all lines: they move together.
pub(super) struct Spinner {
    bar: ProgressBar,
    paper: Paper,
}

impl Spinner {
    pub(super) fn new(look: Look) -> Self {
        let symbols: &[&str] = if look.symbols { &DOTS } else { &LINES };
        let mut symbols: Vec<String> = symbols.iter().map(|symbol| look.paint(Tone::Busy, symbol)).collect();
        // The last one stands for the end, which is never shown.
        symbols.push(String::new());
        let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
        let style = ProgressStyle::with_template("{spinner} {msg}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner());
        let paper = Paper::default();
        let target = ProgressDrawTarget::term_like(Box::new(paper.clone()));
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(style.tick_strings(&symbols));
        Self { bar, paper }
    }

    pub(super) fn tick(&self) {
        self.bar.tick();
    }

    /// Returns a line with this text behind the spinner.
    pub(super) fn line(&self, text: &str) -> String {
        self.bar.set_message(text.to_owned());
        self.bar.force_draw();
        std::mem::take(&mut *lock(&self.paper.drawn))
    }
}

/// A terminal of one line, which can be read.
#[derive(Debug, Clone, Default)]
struct Paper {
    drawn: Arc<Mutex<String>>,
}

impl TermLike for Paper {
    /// Returns a width that is enough, since lines are cut by their caller; each
    /// line is filled up to it with blanks.
    fn width(&self) -> u16 {
        512
    }

    fn height(&self) -> u16 {
        u16::MAX
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write_str(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if !text.bytes().all(|byte| matches!(byte, b' ' | b'\r')) {
            text.clone_into(&mut lock(&self.drawn));
        }
        Ok(())
    }

    fn clear_line(&self) -> io::Result<()> {
        lock(&self.drawn).clear();
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_move_together() {
        let look = |symbols| Look {
            color: false,
            symbols,
            columns: None,
        };
        let spinner = Spinner::new(look(true));
        spinner.tick();
        assert_eq!([spinner.line("one"), spinner.line("two")], ["⠙ one", "⠙ two"]);
        spinner.tick();
        assert_eq!(spinner.line("one"), "⠹ one");
        let long = "x".repeat(300);
        assert_eq!(spinner.line(&long), format!("⠹ {long}"));
        let spinner = Spinner::new(look(false));
        let frames: Vec<String> = (0..5)
            .map(|_| {
                spinner.tick();
                spinner.line("a")
            })
            .collect();
        assert_eq!(frames, ["/ a", "- a", "\\ a", "| a", "/ a"]);
    }
}
