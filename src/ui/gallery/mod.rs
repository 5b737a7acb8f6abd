//! Every screen, as it is seen: on terminals of 120 and of 80 columns, in
//! colour, and off a terminal.

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
    format!(
        "--- 120 columns\n{}--- 80 columns\n{}--- in colour\n{}--- off a terminal\n{}",
        both(both_on_terminal(plain, 120)),
        both(both_on_terminal(plain, 80)),
        both(both_on_terminal(Options::default(), 80)),
        both(piped(Options::default())),
    )
}
