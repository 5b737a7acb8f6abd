//! The costs of following an engine: wake-ups while nothing happens, and
//! the time until an end is told.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::counters::{activity, between};
use crate::fleet::median;
use crate::stream::Stream;
use crate::table::{Table, Target};

/// The time in which wake-ups are counted.
const IDLE: Duration = Duration::from_secs(10);

/// The time after which an end that the engine has told is to be told, in milliseconds.
const SOON: f64 = 100.0;

/// Counts the wake-ups of `run` and of `watch` while nothing happens.
pub(crate) fn idle(what: &str, command: &dyn Fn(&[&str]) -> Command, table: &mut Table) {
    // `run --json` has a heartbeat for programs.
    let looking: [(&[&str], &str); 2] = [(&["run"], "already running"), (&["watch", "--json"], "\"snapshot\"")];
    for (args, settled) in looking {
        let verb = args.first().copied().unwrap_or_default();
        let stream = Stream::of(command(args));
        if stream.told(&[settled]).is_none() {
            eprintln!("{verb} of {what}: it does not settle");
            continue;
        }
        // What the beginning set in motion comes to rest.
        std::thread::sleep(Duration::from_secs(5));
        let pids = [stream.pid()];
        let before = activity(&pids);
        std::thread::sleep(IDLE);
        let counted = between(&before, &activity(&pids)).wakeups;
        table.pair(
            &format!("wake-ups of {verb} in {} s, {what}", IDLE.as_secs()),
            "",
            Some(counted),
            ("seconds", Some(IDLE.as_secs_f64())),
            Target::Below(0.0),
        );
    }
}

/// An engine's own stream of events.
pub(crate) struct OwnEvents<'a> {
    pub(crate) name: &'a str,
    pub(crate) command: Command,
    /// The words of the line that tells of an end, beside the name of what has ended.
    pub(crate) word: &'a str,
}

/// Ends one after the other, and compares when gamectl's `watch` tells of it with when the
/// engine does. `ends` has the ids, each with its name in the engine's events.
pub(crate) fn told(
    what: &str,
    watch: Command,
    engine: OwnEvents<'_>,
    ends: &[(String, String)],
    end: &dyn Fn(&str),
    table: &mut Table,
) {
    let ours = Stream::of(watch);
    let theirs = Stream::of(engine.command);
    if ours.told(&["\"snapshot\""]).is_none() {
        eprintln!("watch of {what}: it does not settle");
        return;
    }
    // The engine's own client says nothing once it listens.
    std::thread::sleep(Duration::from_secs(2));
    let (mut delays, mut own) = (Vec::new(), Vec::new());
    for (id, name) in ends {
        let begun = Instant::now();
        end(id);
        let quoted = format!("\"{id}\"");
        let told = ours.told(&["\"status\"", &quoted, "\"crashed\""]);
        let Some((ours, theirs)) = told.zip(theirs.told(&[name, engine.word])) else {
            eprintln!("{what}: the end of {id} was not told");
            return;
        };
        delays.push(ours.saturating_duration_since(theirs).as_secs_f64() * 1e3);
        own.push(theirs.saturating_duration_since(begun).as_secs_f64() * 1e3);
    }
    let beside = format!("{} after the kill", engine.name);
    table.pair(
        &format!("a crash is told behind {}, {what}", engine.name),
        "ms",
        median(delays),
        (&beside, median(own)),
        Target::Below(SOON),
    );
}
