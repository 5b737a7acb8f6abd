//! The time from a game's output until its last byte is in the log file.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Options;
use crate::counters::{activity, between};
use crate::fleet::median;
use crate::game::{BLOCK, LINE, now};
use crate::guard::Guard;
use crate::manager::{Manager, Running, set_up_all};
use crate::table::{Table, Target};

/// By blocks of 64 KiB, then by lines.
pub(crate) fn measure(guard: &Guard, managers: &[Box<dyn Manager>], options: &Options, table: &mut Table) {
    let rounds = options.pick(5, 2);
    let blocks = options.pick(6000, 1000) * BLOCK;
    let lines = options.pick(1_000_000, 200_000) * LINE;
    by(guard, managers, "blocks", blocks, rounds, table);
    by(guard, managers, "lines", lines, rounds, table);
}

fn by(guard: &Guard, managers: &[Box<dyn Manager>], unit: &str, total: usize, rounds: usize, table: &mut Table) {
    eprintln!("log by {unit}, {} MB: {rounds} rounds", total / 1_000_000);
    let output = [unit, &total.to_string()];
    let mut fleets = set_up_all(guard, managers, 1, &output, |fleet| fleet.logs = true);
    let mut speeds = vec![Vec::new(); managers.len()];
    let mut costs = vec![Vec::new(); managers.len()];
    for _ in 0..rounds {
        for (place, slot) in fleets.iter_mut().enumerate() {
            let Some(fleet) = slot else { continue };
            let Some((seconds, cpu)) = print(fleet, total) else {
                eprintln!("{}: the log did not come", fleet.manager.name());
                let log = fleet.manager.log(&fleet.fleet, &fleet.fleet.ids[0]);
                *slot = None;
                empty(&log);
                continue;
            };
            speeds[place].push(total as f64 / 1e6 / seconds);
            costs[place].push(cpu / (total as f64 / 1e9));
        }
    }
    let lines = unit == "lines";
    let speed = Target::AtLeast(if lines { 1.0 } else { 0.9 }, "supervisord");
    let values: Vec<_> = speeds.into_iter().map(median).collect();
    table.row(&format!("log by {unit}"), "MB/s", &values, Some(speed));
    let values: Vec<_> = costs.into_iter().map(median).collect();
    table.row(
        &format!("log by {unit}, CPU"),
        "s/GB",
        &values,
        lines.then_some(Target::Below(1.0)),
    );
}

/// Lets the game print; the seconds from its first instruction until all is in
/// the log, and the processor seconds of the supervisor for that.
fn print(fleet: &mut Running<'_>, total: usize) -> Option<(f64, f64)> {
    let id = fleet.fleet.ids[0].clone();
    let log = fleet.manager.log(&fleet.fleet, &id);
    let begin = size(&log);
    let before = activity(&fleet.fleet.helpers());
    let mut child = fleet.manager.start(&fleet.fleet, &id).spawn().ok()?;
    let born = fleet.births.next()?;
    let end = Instant::now() + Duration::from_secs(120);
    while size(&log).saturating_sub(begin) < total as u64 {
        if Instant::now() > end {
            eprintln!(
                "{}: {} of {total} bytes in the log",
                fleet.manager.name(),
                size(&log) - begin
            );
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let seconds = (now() - born) as f64 / 1e9;
    let cpu = between(&before, &activity(&fleet.fleet.helpers())).seconds;
    let _ = child.wait();
    let _ = fleet.manager.stop(&fleet.fleet, &id).status();
    empty(&log);
    Some((seconds, cpu))
}

/// The bytes in a file, or in all files of a folder.
fn size(path: &Path) -> u64 {
    let Ok(found) = fs::metadata(path) else { return 0 };
    if found.is_file() {
        return found.len();
    }
    let files = fs::read_dir(path).into_iter().flatten().flatten();
    files
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len())
        .sum()
}

/// Gives the room back. All of them append, so they go on at the new end.
fn empty(path: &Path) {
    let truncate = |path: &Path| drop(fs::OpenOptions::new().write(true).truncate(true).open(path));
    if path.is_file() {
        truncate(path);
    } else {
        fs::read_dir(path)
            .into_iter()
            .flatten()
            .flatten()
            .for_each(|file| truncate(&file.path()));
    }
}
