//! From the start command to the first instruction of the game, and from the
//! stop command to its return, when the game has ended.

use std::time::Duration;

use crate::Options;
use crate::fleet::{median, order, timed};
use crate::game::now;
use crate::guard::Guard;
use crate::manager::{Manager, Running, set_up_all};
use crate::table::{Table, Target};

/// runit and s6 hold a service back that ran for less than a second; games run
/// for longer, so that is not what we measure.
const LIFE: Duration = Duration::from_millis(1100);

/// Both times.
pub(crate) fn measure(guard: &Guard, managers: &[Box<dyn Manager>], options: &Options, table: &mut Table) {
    let rounds = options.pick(25, 4);
    eprintln!("start and stop: {rounds} rounds");
    let mut fleets = set_up_all(guard, managers, 1, &[], |fleet| fleet.logs = true);
    let mut starts = vec![Vec::new(); managers.len()];
    let mut stops = vec![Vec::new(); managers.len()];
    for round in 0..=rounds {
        for place in order(managers.len(), round) {
            let slot = &mut fleets[place];
            let Some(fleet) = slot else { continue };
            match start(fleet) {
                Some(took) if round > 0 => starts[place].push(took as f64 / 1e6),
                Some(_) => {}
                None => {
                    eprintln!("{}: the game did not come to life", fleet.manager.name());
                    *slot = None;
                }
            }
        }
        std::thread::sleep(LIFE);
        for place in order(managers.len(), round) {
            let Some(fleet) = &fleets[place] else { continue };
            let took = timed(fleet.manager.stop(&fleet.fleet, &fleet.fleet.ids[0]));
            if round > 0 {
                stops[place].push(took as f64 / 1e6);
            }
        }
    }
    let values: Vec<_> = starts.into_iter().map(median).collect();
    table.row(
        "start to first instruction",
        "ms",
        &values,
        Some(Target::AtMost(1.0, "s6")),
    );
    table.row(
        "stop, until it has ended",
        "ms",
        &stops.into_iter().map(median).collect::<Vec<_>>(),
        None,
    );
}

/// Starts the one instance; nanoseconds until it lives.
fn start(fleet: &mut Running<'_>) -> Option<u64> {
    let mut command = fleet.manager.start(&fleet.fleet, &fleet.fleet.ids[0]);
    let begin = now();
    let mut child = command.spawn().ok()?;
    let born = fleet.births.next();
    let _ = child.wait();
    Some(born?.saturating_sub(begin))
}
