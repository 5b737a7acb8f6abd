//! A game that ends as soon as it begins, restarted again and again: what keeps
//! it takes no more memory, descriptors or files in the end than it did soon
//! after the beginning.
//!
//! `GAMECTL_TEST_RESTARTS` says how often; a hundred thousand take twenty minutes.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Background, Instance, Process, Sandbox, wait_until};

/// So often, without being asked.
const RESTARTS: u64 = 300;

/// KiB by which a process may grow, for the allocator's own needs. A hundred bytes
/// for each of a hundred thousand restarts would be 10 MiB.
const SLACK_KIB: u64 = 512;

/// Descriptors that may belong to launches under way, at all looks of one sample
/// and at none of the other. One that is lost with each restart would be hundreds.
const SLACK_FDS: usize = 16;

/// The least number of looks, so that one finds no launch under way.
const LOOKS: u32 = 200;

/// The least that a process took, over some looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Takes {
    /// Memory that is nobody else's, in KiB: what it shares grows and shrinks
    /// with how many there are to share it.
    private: u64,
    /// Descriptors.
    fds: usize,
}

impl Takes {
    fn of(pid: i32) -> Option<Self> {
        let memory = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let private = memory.lines().filter(|line| line.starts_with("Private_"));
        let kib = private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        Some(Self {
            private: kib.sum(),
            fds: fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count(),
        })
    }

    fn least(self, other: Option<Self>) -> Self {
        other.map_or(self, |other| Self {
            private: self.private.min(other.private),
            fds: self.fds.min(other.fds),
        })
    }
}

/// Everything that the processes and files take.
#[derive(Debug, PartialEq, Eq)]
struct Sample {
    restarts: u64,
    run: Takes,
    files: BTreeSet<String>,
}

impl Sample {
    /// Over some restarts from now on.
    fn take(sandbox: &Sandbox, run: i32) -> Self {
        let mut run_takes = Takes::of(run).expect("it runs");
        let begun = launched(sandbox);
        let mut looks = 0;
        // What belongs to a launch under way is there at most looks, not at all.
        while launched(sandbox) < begun + 20 || looks < LOOKS {
            looks += 1;
            run_takes = run_takes.least(Takes::of(run));
        }
        let names = fs::read_dir(sandbox.instance_dir("a")).expect("its folder").flatten();
        let names = names.map(|file| file.file_name().to_string_lossy().into_owned());
        Self {
            restarts: begun,
            run: run_takes,
            // What is there while something is replaced comes and goes.
            files: names.filter(|name| !name.contains(".new-") && name != "ctl").collect(),
        }
    }
}

/// Returns the number of launches so far.
fn launched(sandbox: &Sandbox) -> u64 {
    let record = fs::read(sandbox.instance_dir("a").join("launch")).unwrap_or_default();
    let record = String::from_utf8_lossy(&record);
    let number = record.lines().find_map(|line| line.strip_prefix("generation "));
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Waits until it was launched so often; it must go on all the time.
fn wait_launched(sandbox: &Sandbox, wanted: u64) {
    let (mut last, mut since) = (0, Instant::now());
    loop {
        let now = launched(sandbox);
        if now >= wanted {
            return;
        }
        if now > last {
            (last, since) = (now, Instant::now());
        }
        assert!(
            since.elapsed() < support::wait::DEADLINE,
            "no restart after the {now}th launch"
        );
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn many_restarts_take_no_more_than_some() {
    let _alone = crate::alone();
    let given = std::env::var("GAMECTL_TEST_RESTARTS").ok();
    let restarts = given.and_then(|text| text.parse().ok()).unwrap_or(RESTARTS);
    let game = Instance::program("a", "/bin/true", &[]).with("restart", json!({ "delay": "0s" }));
    let sandbox = Sandbox::with(&[game]);
    grows_by_nothing(&sandbox, 100, restarts.max(150));
    sandbox.nothing_left();
}

/// Restarts a game that was ready before it crashed.
#[test]
fn many_crashes_take_no_more_than_some() {
    let _alone = crate::alone();
    let game = Instance::awkward("a", &["serve", "--ready", "up"]).ready_log("^up$");
    let sandbox = Sandbox::with(&[game.with("restart", json!({ "delay": "0s" }))]);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let row = sandbox.status("a");
                let pid = row["pid"].as_i64().filter(|_| row["state"] == "running");
                pid.and_then(|pid| pid.try_into().ok())
                    .into_iter()
                    .for_each(Process::kill);
            }
        });
        let over = Over(&is_over);
        grows_by_nothing(&sandbox, 20, 60);
        drop(over);
    });
    sandbox.nothing_left();
}

/// Ends what goes on meanwhile, also when a test fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Takes samples after so many launches and so many more.
#[track_caller]
fn grows_by_nothing(sandbox: &Sandbox, first: u64, last: u64) {
    let mut command = sandbox.command(&["run"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let run = Background::of(&mut command);
    let pid = run.pid();
    wait_launched(sandbox, first);
    let (before, begun) = (Sample::take(sandbox, pid), Instant::now());
    wait_launched(sandbox, last);
    let rate = (launched(sandbox) - before.restarts) as f64 / begun.elapsed().as_secs_f64();
    let after = Sample::take(sandbox, pid);
    run.end(Signal::SIGTERM);
    sandbox.ok(&["stop", "a"]);
    // Past the test harness, which keeps what a passing test says.
    let said = format!("\ngrowth: {rate:.0} restarts/s\n{before:?}\n{after:?}\n");
    let _ = std::io::stderr().write_all(said.as_bytes());
    let grew =
        |before: Takes, after: Takes| after.private > before.private + SLACK_KIB || after.fds > before.fds + SLACK_FDS;
    assert!(!grew(before.run, after.run), "{said}");
    // A log that is full has older ones beside it.
    let extra: Vec<_> = after
        .files
        .difference(&before.files)
        .filter(|name| !name.starts_with("console."))
        .collect();
    assert!(extra.is_empty(), "{extra:?}: {said}");
    wait_until("the shims to end", || sandbox.processes().is_empty());
}
