//! `status` of many running instances.

use crate::Options;
use crate::fleet::{median, order, timed};
use crate::guard::Guard;
use crate::manager::{Manager, set_up_all};
use crate::table::{Table, Target};

/// The time until the command has ended.
pub(crate) fn measure(
    guard: &Guard,
    managers: &[Box<dyn Manager>],
    count: usize,
    options: &Options,
    table: &mut Table,
) {
    eprintln!("status of {count}: setting up");
    let fleets = set_up_all(guard, managers, count, &[], |fleet| fleet.running = true);
    let rounds = options.pick(if count > 200 { 15 } else { 40 }, 5);
    let mut times = vec![Vec::new(); managers.len()];
    eprintln!("status of {count}: {rounds} rounds");
    for round in 0..=rounds {
        for place in order(managers.len(), round) {
            let Some(fleet) = &fleets[place] else { continue };
            // Each takes seconds of what little time there is.
            if count > 200 && fleet.manager.name() == "supervisord" && round > 5 {
                continue;
            }
            let took = timed(fleet.manager.status(&fleet.fleet));
            if round > 0 {
                times[place].push(took as f64 / 1e6);
            }
        }
    }
    let target = (count != 200).then_some(Target::AtMost(1.0, "runit"));
    let values: Vec<_> = times.into_iter().map(median).collect();
    table.row(&format!("status of {count}"), "ms", &values, target);
}
