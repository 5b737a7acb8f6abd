//! The spinner of a live screen: the frames of `indicatif`. The region draws the
//! lines, since it has to stand terminals that change their width.

use indicatif::ProgressStyle;

use super::paint::{Look, Tone};

const DOTS: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const LINES: [&str; 4] = ["|", "/", "-", "\\"];

/// One spinner for all lines: they move together.
pub(super) struct Spinner {
    style: ProgressStyle,
    step: u64,
}

impl Spinner {
    pub(super) fn new(look: Look) -> Self {
        let symbols: &[&str] = if look.symbols { &DOTS } else { &LINES };
        let mut symbols: Vec<String> = symbols.iter().map(|symbol| look.paint(Tone::Busy, symbol)).collect();
        // The last one stands for the end, which is never shown.
        symbols.push(String::new());
        let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
        Self {
            style: ProgressStyle::default_spinner().tick_strings(&symbols),
            step: 0,
        }
    }

    pub(super) fn tick(&mut self) {
        self.step += 1;
    }

    /// Returns a line with this text behind the spinner.
    pub(super) fn line(&self, text: &str) -> String {
        format!("{} {text}", self.style.get_tick_str(self.step))
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
        let mut spinner = Spinner::new(look(true));
        spinner.tick();
        assert_eq!([spinner.line("one"), spinner.line("two")], ["⠙ one", "⠙ two"]);
        spinner.tick();
        assert_eq!(spinner.line("one"), "⠹ one");
        let long = "x".repeat(300);
        assert_eq!(spinner.line(&long), format!("⠹ {long}"));
        let mut spinner = Spinner::new(look(false));
        let frames: Vec<String> = (0..5)
            .map(|_| {
                spinner.tick();
                spinner.line("a")
            })
            .collect();
        assert_eq!(frames, ["/ a", "- a", "\\ a", "| a", "/ a"]);
    }
}
