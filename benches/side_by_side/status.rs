//! `status` of many running instances.

use std::process::{Command, Stdio};

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
    // A status of 1 is about as fast as a rival's, and the medians of few rounds
    // differ by more than the two do.
    let rounds = match count {
        1 => options.pick(240, 60),
        2..=200 => options.pick(40, 5),
        _ => options.pick(15, 5),
    };
    let mut times = vec![Vec::new(); managers.len()];
    eprintln!("status of {count}: {rounds} rounds");
    for round in 0..=rounds {
        for place in order(managers.len(), round) {
            let Some(fleet) = &fleets[place] else { continue };
            // Each takes seconds of what little time there is.
            let is_slow = ["supervisord", "pm2"].contains(&fleet.manager.name());
            if count > 200 && is_slow && round > 5 {
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
    if count == 200
        && let Some(Some(fleet)) = fleets.first()
    {
        beside_ps(|| fleet.manager.status(&fleet.fleet), rounds, table);
    }
}

/// Measures gamectl's `status --wide`, which tells what each instance uses, beside `ps`, which
/// tells that of every process.
fn beside_ps(status: impl Fn() -> Command, rounds: usize, table: &mut Table) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        let mut wide = status();
        wide.arg("--wide");
        let mut ps = Command::new("ps");
        ps.args(["-eo", "pid,pcpu,rss"]).stdout(Stdio::null());
        let took = (timed(wide), timed(ps));
        if round > 0 {
            ours.push(took.0 as f64 / 1e6);
            theirs.push(took.1 as f64 / 1e6);
        }
    }
    let beside = ("`ps -eo pid,pcpu,rss`", median(theirs));
    table.pair(
        "status --wide of 200",
        "ms",
        median(ours),
        beside,
        Target::AtMost(1.0, "ps"),
    );
}
