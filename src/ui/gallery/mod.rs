//! Every screen, as it is seen: on terminals of 120 and of 80 columns, plain and
//! in colour, on a narrow one, and off a terminal.

#[cfg(test)]
mod check;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod progress;
#[cfg(test)]
mod status;
#[cfg(test)]
mod verbs;

use super::options::{Color, Options};
use super::screen::Screen;
use super::testing::{Shown, both_on_terminal, piped};

/// What it shows in all these ways, one below the other; an escape character
/// is seen as `␛`.
fn seen(show: impl Fn(&Screen)) -> String {
    let plain = Options {
        color: Color::Never,
        ..Options::default()
    };
    let both = |shown: Shown| {
        show(&shown.screen);
        format!("{}{}", shown.out.take(), shown.err.take()).replace('\u{1b}', "␛")
    };
    let colored = Options::default();
    let ways = [
        ("120 columns", both_on_terminal(plain, 120)),
        ("120 columns in colour", both_on_terminal(colored, 120)),
        ("80 columns", both_on_terminal(plain, 80)),
        ("80 columns in colour", both_on_terminal(colored, 80)),
        ("40 columns", both_on_terminal(plain, 40)),
        ("off a terminal", piped(Options::default())),
    ];
    ways.map(|(how, shown)| format!("--- {how}\n{}", both(shown))).concat()
}
