//! gamectl beside the supervisors that people know: runit, s6, daemontools,
//! supervisord and pm2.
//! Each measurement runs all of them in turn, round by round, on the same
//! machine in the same minute; what is printed are medians and the ratio of
//! gamectl to each. A rival that is not installed is shown as such.
//!
//! `cargo bench -- [NAME]... [--quick] [--gamectl PATH]`; names: `status`,
//! `start`, `memory`, `logs`, `cold`, `crashes`, `stacks`, `podman`, `units`, `hosts`,
//! `link`, `amp`, `kubectl`, `players`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]

mod amp;
#[expect(dead_code, reason = "shared with the tests")]
#[path = "../../tests/suite/kubectl/cluster.rs"]
mod cluster;
#[expect(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../../tests/support/containers.rs"]
mod containers;
mod counters;
mod daemontools;
mod ear;
mod fleet;
mod following;
mod game;
mod gamectl;
mod ground;
mod guard;
mod hosts;
mod kubectl;
mod link;
mod logs;
mod manager;
mod memory;
#[expect(dead_code, reason = "shared with the tests")]
#[path = "../../tests/suite/amp/panel.rs"]
mod panel;
mod path;
mod players;
mod pm2;
mod podman;
#[expect(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../../tests/support/ports.rs"]
mod ports;
#[expect(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../../tests/support/processes.rs"]
mod processes;
#[expect(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../../tests/support/random.rs"]
mod random;
#[expect(dead_code, unreachable_pub, reason = "shared with the tests")]
#[path = "../../tests/support/repository.rs"]
mod repository;
mod resident;
mod runit;
mod s6;
mod stacks;
mod start;
mod status;
mod stream;
mod supervisord;
mod support;
mod table;
mod units;
#[expect(unreachable_pub, reason = "shared with the tests")]
#[path = "../../tests/support/wait.rs"]
mod wait;

use std::path::PathBuf;
use std::process::ExitCode;

use manager::Manager;
use table::Table;
use wait::wait_until;

/// The measurements that can be asked for by name.
const NAMES: [&str; 14] = [
    "status", "start", "memory", "logs", "cold", "crashes", "stacks", "podman", "units", "hosts", "link", "amp",
    "kubectl", "players",
];

/// The options of the command line.
pub(crate) struct Options {
    names: Vec<String>,
    /// Fewer rounds and smaller sizes.
    pub(crate) quick: bool,
    gamectl: PathBuf,
}

impl Options {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            names: Vec::new(),
            quick: false,
            gamectl: env!("CARGO_BIN_EXE_gamectl").into(),
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                // What cargo itself adds.
                "--bench" => {}
                "--quick" => options.quick = true,
                "--gamectl" => options.gamectl = words.next().ok_or("--gamectl wants a path")?.into(),
                _ if NAMES.contains(&word.as_str()) => options.names.push(word),
                _ => {
                    let names = NAMES.join(", ");
                    return Err(format!("{word}: not one of {names}, --quick, --gamectl PATH"));
                }
            }
        }
        Ok(options)
    }

    fn wants(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|wanted| wanted == name)
    }

    /// The number for a whole run, or for a quick one.
    pub(crate) fn pick<T>(&self, whole: T, quick: T) -> T {
        if self.quick { quick } else { whole }
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "game") {
        return game::play(&words[1..]);
    }
    match Options::parse(words.into_iter()) {
        Ok(options) => compare(&options),
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}

fn compare(options: &Options) -> ExitCode {
    let guard = guard::Guard::new();
    let managers: Vec<Box<dyn Manager>> = vec![
        Box::new(gamectl::Gamectl::installed(&guard, &options.gamectl)),
        Box::new(runit::Runit),
        Box::new(s6::S6),
        Box::new(daemontools::Daemontools),
        Box::new(supervisord::Supervisord),
        Box::new(pm2::Pm2),
    ];
    let mut table = Table::new(&managers);
    if options.wants("status") {
        for count in [1, 200, 1000] {
            status::measure(&guard, &managers, count, options, &mut table);
        }
    }
    if options.wants("start") {
        start::measure(&guard, &managers, options, &mut table);
    }
    if options.wants("memory") {
        memory::measure(&guard, &managers, options, &mut table);
    }
    if options.wants("logs") {
        logs::measure(&guard, &managers, options, &mut table);
    }
    if options.wants("cold") {
        for count in [1, 20, 200, 1000] {
            resident::cold_start(&guard, &managers, count, options, &mut table);
        }
    }
    if options.wants("crashes") {
        resident::crashes(&guard, &managers, options, &mut table);
    }
    if options.wants("stacks") {
        stacks::measure(&guard, &options.gamectl, options, &mut table);
    }
    if options.wants("podman") {
        podman::measure(&guard, &options.gamectl, options, &mut table);
    }
    if options.wants("units") {
        units::measure(&guard, &options.gamectl, options, &mut table);
    }
    if options.wants("hosts") {
        hosts::measure(&guard, &options.gamectl, options, &mut table);
    }
    if options.wants("link") {
        link::measure(&guard, &options.gamectl, options, &mut table);
    }
    if options.wants("amp") {
        amp::measure(&guard, &options.gamectl, options, &mut table);
    }
    if options.wants("kubectl") {
        kubectl::measure(&guard, &options.gamectl, options, &mut table);
    }
    if options.wants("players") {
        players::measure(&guard, &options.gamectl, options, &mut table);
    }
    println!("{}", machine());
    println!("{table}");
    ExitCode::SUCCESS
}

/// Describes the machine that this was measured on.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!("\nLinux {kernel}, {cpus} CPUs, load {}", read("/proc/loadavg"))
}
