//! Every screen, as it is seen: on terminals of 120 and of 80 columns, plain and
//! in colour, on a narrow one, and off a terminal. What looks the same in
//! several ways is shown once.

#[cfg(test)]
mod check;
mod detail;
#[cfg(test)]
mod dry_run;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod helpers;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod pane;
#[cfg(test)]
mod pane_log;
#[cfg(test)]
mod progress;
#[cfg(test)]
mod run;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod status;
#[cfg(test)]
mod verbs;
#[cfg(test)]
mod watch;

use super::options::{Color, Options};
use super::screen::Screen;
use super::testing::{Shown, both_on_terminal, piped};

fn options(color: bool) -> Options {
    Options {
        color: if color { Color::Auto } else { Color::Never },
        ..Options::default()
    }
}

/// Returns the output in all these ways, one below the other, with `␛` for an
/// escape character.
fn seen(show: impl Fn(&Screen)) -> String {
    let both = |shown: Shown| {
        show(&shown.screen);
        format!("{}{}", shown.out.take(), shown.err.take()).replace('\u{1b}', "␛")
    };
    let mut all = Ways::default();
    for columns in [120, 80] {
        for color in [false, true] {
            let shown = both_on_terminal(options(color), columns);
            all.add(&on_columns(columns, color), both(shown));
        }
    }
    all.add(&on_columns(40, false), both(both_on_terminal(options(false), 40)));
    all.add("off a terminal", both(piped(options(false))));
    all.shown()
}

fn on_columns(columns: u16, color: bool) -> String {
    let how = if color { " in colour" } else { "" };
    format!("{columns} columns{how}")
}

/// Outputs, each with the ways in which it is seen.
#[derive(Default)]
struct Ways(Vec<(Vec<String>, String)>);

impl Ways {
    fn add(&mut self, how: &str, text: String) {
        match self.0.iter_mut().find(|(_, known)| *known == text) {
            Some((hows, _)) => hows.push(how.to_owned()),
            None => self.0.push((vec![how.to_owned()], text)),
        }
    }

    fn shown(&self) -> String {
        let one = |(hows, text): &(Vec<String>, String)| format!("--- {}\n{text}", hows.join(", "));
        self.0.iter().map(one).collect()
    }
}
