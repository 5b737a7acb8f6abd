//! A terminal that follows what is drawn on it.

use std::num::NonZero;
use std::sync::Arc;

use super::{Ways, on_columns, options};
use crate::ui::options::{Size, Surroundings};
use crate::ui::screen::Screen;
use crate::ui::testing::Kept;

/// A screen on a terminal.
pub(super) struct Scene {
    pub(super) screen: Screen,
    kept: Kept,
    terminal: vt100::Parser,
    columns: u16,
    color: bool,
}

impl Scene {
    pub(super) fn on((columns, rows): (u16, u16), color: bool) -> Self {
        let variable = |name: &str| match name {
            "TERM" => Some("xterm".to_owned()),
            "LANG" => Some("C.UTF-8".to_owned()),
            _ => None,
        };
        let size = Arc::new(move || Some(Size { columns, rows }));
        let around = Surroundings {
            stdout_tty: true,
            stderr_tty: true,
            stdout_journal: false,
            ..Surroundings::from_environment(variable, size)
        };
        let kept = Kept::default();
        let streams = (Box::new(kept.clone()), Box::new(kept.clone()));
        let cells = |count| NonZero::new(count).unwrap();
        Self {
            screen: Screen::on(options(color), around, streams.0, streams.1),
            kept,
            terminal: vt100::Parser::new(cells(rows), cells(columns), 0),
            columns,
            color,
        }
    }

    /// Returns the text on the terminal, with `␛` for an escape character, and an
    /// empty line.
    pub(super) fn seen(&mut self) -> String {
        // As the terminal's line discipline does.
        let written = self.kept.take().replace('\n', "\r\n");
        self.terminal.process(written.as_bytes());
        let screen = self.terminal.screen();
        let rows: Vec<String> = if self.color {
            screen.rows_formatted(0, self.columns).collect()
        } else {
            screen.rows(0, self.columns).collect()
        };
        let rows: Vec<&str> = rows.iter().map(|row| row.trim_end()).collect();
        let text = rows.join("\n").replace('\u{1b}', "␛");
        format!("{}\n\n", text.trim_end())
    }
}

/// Returns the output of a play on terminals of 120 and 80 columns, plain and in colour.
pub(super) fn on_terminals(rows: u16, play: impl Fn(Scene) -> String) -> String {
    let mut all = Ways::default();
    for columns in [120, 80] {
        for color in [false, true] {
            let scene = Scene::on((columns, rows), color);
            all.add(&on_columns(columns, color), play(scene));
        }
    }
    all.shown()
}
