//! The work of a supervisor that stays: it starts all that should run, and starts
//! again what crashes. For gamectl that is `gamectl run`.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::Options;
use crate::counters::{activity, between, memory};
use crate::fleet::{Fleet, median, order};
use crate::game::now;
use crate::guard::Guard;
use crate::manager::{Manager, Running};
use crate::processes::Process;
use crate::table::{Table, Target};

/// runit, s6 and daemontools hold back what ran for less than a second; games
/// run for longer.
const LIFE: Duration = Duration::from_millis(1100);

/// From the start of the supervisor to the first instruction of the last game.
pub(crate) fn cold_start(
    guard: &Guard,
    managers: &[Box<dyn Manager>],
    count: usize,
    options: &Options,
    table: &mut Table,
) {
    let rounds = options.pick(if count > 200 { 3 } else { 7 }, 2);
    eprintln!("cold start of {count}: {rounds} rounds");
    let mut times = vec![Vec::new(); managers.len()];
    for round in 0..rounds {
        for place in order(managers.len(), round) {
            let resident = |fleet: &mut Fleet| {
                fleet.running = true;
                fleet.resident = true;
            };
            let one = Running::new(guard, managers[place].as_ref(), count, &[], resident);
            times[place].extend(one.map(|one| one.cold_start as f64 / 1e6));
        }
    }
    let values: Vec<_> = times.into_iter().map(median).collect();
    let target = (count == 200).then_some(Target::AtMost(1.0, "s6"));
    table.row(&format!("cold start of {count}"), "ms", &values, target);
}

/// From the KILL of one game, and of all, to the first instruction of the last
/// that came back; and what staying costs while nothing happens.
pub(crate) fn crashes(guard: &Guard, managers: &[Box<dyn Manager>], options: &Options, table: &mut Table) {
    const COUNT: usize = 200;
    let (singles, rounds, seconds) = options.pick((25, 5, 10), (3, 2, 3));
    let mut single = vec![Vec::new(); managers.len()];
    let mut all = vec![Vec::new(); managers.len()];
    let mut idle = vec![(None, None, None); managers.len()];
    eprintln!("crashes of {COUNT}: {singles} rounds of one, {rounds} of all");
    for (place, manager) in managers.iter().enumerate() {
        // One supervisor after the other: what the rivals of 200 do at rest
        // would be part of what is measured.
        let resident = |fleet: &mut Fleet| {
            fleet.running = true;
            fleet.resident = true;
        };
        let Some(mut running) = Running::new(guard, manager.as_ref(), COUNT, &[], resident) else {
            continue;
        };
        std::thread::sleep(Duration::from_secs(2));
        for _ in 0..singles {
            std::thread::sleep(LIFE);
            single[place].extend(back(&mut running, 1));
        }
        for _ in 0..rounds {
            std::thread::sleep(LIFE * 2);
            all[place].extend(back(&mut running, COUNT));
        }
        std::thread::sleep(LIFE * 2);
        let helpers = running.fleet.helpers();
        let before = activity(&helpers);
        std::thread::sleep(Duration::from_secs(seconds));
        let cost = between(&before, &activity(&helpers));
        let size = memory(&helpers) / COUNT as f64;
        idle[place] = (Some(size), Some(cost.wakeups), Some(cost.seconds * 1000.0));
    }
    let values = |times: Vec<Vec<f64>>| times.into_iter().map(median).collect::<Vec<_>>();
    let one = Target::AtMost(1.0, "runit");
    table.row("crash to alive again, one of 200", "ms", &values(single), Some(one));
    let rival = Target::AtMost(1.0, "daemontools");
    table.row("crash to alive again, 200 at once", "ms", &values(all), Some(rival));
    let memories: Vec<_> = idle.iter().map(|idle| idle.0).collect();
    table.row("watching: memory (PSS) an instance at 200", "KiB", &memories, None);
    let wakeups: Vec<_> = idle.iter().map(|idle| idle.1).collect();
    table.row(
        &format!("watching: wake-ups of 200, {seconds} s idle"),
        "",
        &wakeups,
        None,
    );
    let times: Vec<_> = idle.iter().map(|idle| idle.2).collect();
    table.row(&format!("watching: CPU of 200, {seconds} s idle"), "ms", &times, None);
}

/// Kills so many games at once; milliseconds until that many have come.
fn back(running: &mut Running<'_>, count: usize) -> Option<f64> {
    let games = running.fleet.games();
    let begin = now();
    for pid in games.iter().take(count) {
        Process::signal(*pid, Signal::SIGKILL);
    }
    let last = running.last_birth(count)?;
    Some(last.saturating_sub(begin) as f64 / 1e6)
}
