//! The one table.

use std::fmt;

use crate::manager::{Manager, is_installed};

/// The value that gamectl should reach.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// This many times the value of a rival, or less.
    AtMost(f64, &'static str),
    /// This many times the value of a rival, or more.
    AtLeast(f64, &'static str),
    /// This value, or less.
    Below(f64),
}

/// Measurements from top to bottom, supervisors from left to right. The first
/// supervisor is the one that all others are compared with.
pub(crate) struct Table {
    head: Vec<String>,
    installed: Vec<bool>,
    names: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty one.
    pub(crate) fn new(managers: &[Box<dyn Manager>]) -> Self {
        let names: Vec<_> = managers.iter().map(|manager| manager.name()).collect();
        let mut head = vec!["medians (gamectl's ratio to it)".to_owned()];
        head.extend(names.iter().map(|&name| name.to_owned()));
        head.extend(["target".to_owned(), "reached".to_owned()]);
        Self {
            head,
            installed: managers.iter().map(|manager| is_installed(manager.as_ref())).collect(),
            names,
            rows: Vec::new(),
        }
    }

    /// Adds a measurement: one value for each supervisor, if it has one.
    pub(crate) fn row(&mut self, name: &str, unit: &str, values: &[Option<f64>], target: Option<Target>) {
        let ours = values.first().copied().flatten();
        let mut row = vec![if unit.is_empty() {
            name.to_owned()
        } else {
            format!("{name}, {unit}")
        }];
        for (place, value) in values.iter().enumerate() {
            row.push(match (value, ours) {
                (Some(value), Some(ours)) if place > 0 && *value > 0.0 => {
                    format!("{} ({:.2})", number(*value), ours / value)
                }
                (Some(value), _) => number(*value),
                (None, _) if self.installed[place] => "failed".to_owned(),
                (None, _) => "not installed".to_owned(),
            });
        }
        let (wanted, reached) = target.map_or_else(Default::default, |target| self.judge(target, ours, values));
        row.extend([wanted, reached]);
        eprintln!("  {}", row.join(" | "));
        self.rows.push(row);
    }

    /// Adds a measurement beside something that is no supervisor.
    pub(crate) fn pair(
        &mut self,
        name: &str,
        unit: &str,
        ours: Option<f64>,
        (other, theirs): (&str, Option<f64>),
        target: Target,
    ) {
        let Some((ours, theirs)) = ours.zip(theirs) else { return };
        let (wanted, is_reached) = match target {
            Target::AtMost(times, _) => (format!("<= {times} x"), ours <= theirs * times),
            Target::AtLeast(times, _) => (format!(">= {times} x"), ours >= theirs * times),
            Target::Below(limit) => (format!("<= {limit}"), ours <= limit),
        };
        let reached = if is_reached { "yes" } else { "NO" };
        let beside = format!("{other}: {} ({:.3})", number(theirs), ours / theirs);
        let mut row = vec![format!("{name}, {unit}; {beside}"), number(ours)];
        row.extend(self.names.iter().skip(1).map(|_| String::new()));
        row.extend([wanted, reached.to_owned()]);
        eprintln!("  {}", row.join(" | "));
        self.rows.push(row);
    }

    fn judge(&self, target: Target, ours: Option<f64>, values: &[Option<f64>]) -> (String, String) {
        let of = |rival: &str| values[self.names.iter().position(|name| *name == rival)?];
        let (wanted, reached) = match target {
            Target::AtMost(times, rival) => {
                let reached = of(rival).zip(ours).map(|(theirs, ours)| ours <= theirs * times);
                (format!("<= {times:.1} x {rival}"), reached)
            }
            Target::AtLeast(times, rival) => {
                let reached = of(rival).zip(ours).map(|(theirs, ours)| ours >= theirs * times);
                (format!(">= {times:.1} x {rival}"), reached)
            }
            Target::Below(limit) => (format!("<= {limit}"), ours.map(|ours| ours <= limit)),
        };
        let reached = reached.map_or("not known", |reached| if reached { "yes" } else { "NO" });
        (wanted, reached.to_owned())
    }
}

fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = || std::iter::once(&self.head).chain(&self.rows);
        let width = |column: usize| all().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.head.len()).map(width).collect();
        for row in all() {
            for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
                if column == 0 {
                    write!(f, "{cell:<width$}")?;
                } else {
                    write!(f, "  {cell:>width$}")?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
