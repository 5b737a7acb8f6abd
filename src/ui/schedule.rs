//! The firings that come: a line for each, with the time here and there.

use super::paint::{Look, Tone};
use crate::event::{ComingFiring, ScheduleView};
use crate::text::clean_line;

/// The columns before the last one, each with its heading.
const HEADINGS: [&str; 4] = ["ID", "NEXT", "THERE", "DOES"];

/// Renders them as columns; the last one is broken where a terminal ends.
pub(super) fn render(view: &ScheduleView, look: Look) -> String {
    let rows: Vec<[String; 4]> = view.firings.iter().map(cells).collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widths = cells.map(|cell| cell.chars().count());
        widths.max().unwrap_or(0).max(HEADINGS[column].len())
    };
    let widths = [width(0), width(1), width(2)];
    let hang: usize = widths.iter().map(|width| width + 2).sum();
    let line = |cells: &[String; 4]| {
        let mut line = String::new();
        for (cell, width) in cells.iter().zip(widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        line + &cells[3]
    };
    let mut out = look.paint(Tone::Dim, &line(&HEADINGS.map(str::to_owned))) + "\n";
    for row in &rows {
        out.push_str(&look.wrap(&line(row), hang));
        out.push('\n');
    }
    out
}

fn cells(firing: &ComingFiring) -> [String; 4] {
    // Both show the same where the zone is that of the machine, and nothing is delayed.
    let there = match firing.is_of_here {
        true => "-".to_owned(),
        false => firing.there.clone(),
    };
    let skipped = if firing.is_skipped { "skipped: " } else { "" };
    let does = format!("{skipped}{} ({})", firing.does, firing.cron);
    [
        firing.id.clone(),
        firing.here.clone(),
        there,
        clean_line(&does).into_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn firing(id: &str, there: &str, does: &str, is_skipped: bool) -> ComingFiring {
        ComingFiring {
            id: id.to_owned(),
            host: None,
            at: 1,
            planned: 1,
            here: "Tue 2026-12-01 04:01 UTC".to_owned(),
            there: there.to_owned(),
            is_of_here: there.is_empty(),
            at_rfc3339: String::new(),
            planned_rfc3339: String::new(),
            cron: "0 5 * * *".to_owned(),
            timezone: None,
            deed: "restart",
            does: does.to_owned(),
            is_skipped,
        }
    }

    #[test]
    fn what_comes_wide_and_narrow() {
        let view = ScheduleView {
            run: None,
            now: 0,
            firings: vec![
                firing("lobby", "", "send: save\x1b[2J", true),
                firing(
                    "eu-1",
                    "Tue 05:00 CET",
                    "restart, once nobody plays, with warnings",
                    false,
                ),
            ],
        };
        let look = |columns| Look {
            color: false,
            symbols: false,
            columns,
        };
        insta::assert_snapshot!(render(&view, look(None)), @r"
        ID     NEXT                      THERE          DOES
        lobby  Tue 2026-12-01 04:01 UTC  -              skipped: send: save (0 5 * * *)
        eu-1   Tue 2026-12-01 04:01 UTC  Tue 05:00 CET  restart, once nobody plays, with warnings (0 5 * * *)
        ");
        insta::assert_snapshot!(render(&view, look(Some(80))), @r"
        ID     NEXT                      THERE          DOES
        lobby  Tue 2026-12-01 04:01 UTC  -              skipped: send: save (0 5 * * *)
        eu-1   Tue 2026-12-01 04:01 UTC  Tue 05:00 CET  restart, once nobody plays, with
                                                warnings (0 5 * * *)
        ");
    }
}
