//! The cost of supervision itself while nothing happens: memory, wake-ups and
//! processor time. With log, without the games.

use std::time::Duration;

use crate::Options;
use crate::counters::{activity, between, memory};
use crate::guard::Guard;
use crate::manager::{Manager, Running};
use crate::table::{Table, Target};

const COUNT: usize = 200;

/// One supervisor after the other: pages that two share would be counted half.
pub(crate) fn measure(guard: &Guard, managers: &[Box<dyn Manager>], options: &Options, table: &mut Table) {
    let seconds = options.pick(10, 3);
    let mut memories = Vec::new();
    let mut wakeups = Vec::new();
    let mut times = Vec::new();
    for manager in managers {
        eprintln!("memory and idling of {COUNT}: {}", manager.name());
        let running = Running::new(guard, manager.as_ref(), COUNT, &[], |fleet| {
            fleet.running = true;
            fleet.logs = true;
        });
        let Some(running) = running else {
            memories.push(None);
            wakeups.push(None);
            times.push(None);
            continue;
        };
        // What the start set in motion comes to rest.
        std::thread::sleep(Duration::from_secs(2));
        let helpers = running.fleet.helpers();
        eprintln!("  {} processes beside the games", helpers.len());
        memories.push(Some(memory(&helpers) / COUNT as f64));
        let before = activity(&helpers);
        std::thread::sleep(Duration::from_secs(seconds));
        let idle = between(&before, &activity(&helpers));
        wakeups.push(Some(idle.wakeups));
        times.push(Some(idle.seconds * 1000.0));
    }
    table.row(
        "memory (PSS) an instance at 200",
        "KiB",
        &memories,
        Some(Target::Below(196.0)),
    );
    table.row(
        &format!("wake-ups of 200, {seconds} s idle"),
        "",
        &wakeups,
        Some(Target::Below(0.0)),
    );
    table.row(
        &format!("CPU of 200, {seconds} s idle"),
        "ms",
        &times,
        Some(Target::Below(0.0)),
    );
}
