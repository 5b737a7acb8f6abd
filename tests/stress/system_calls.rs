//! Every system call of a shim, from its start to its exit, whether it is
//! executed or forked: killed there, and every error
//! returned there that can be. Never two games, never one that is not on record,
//! never a wrong ok, never an exit code that nobody saw; and the next start and
//! stop do as they should.
//!
//! `GAMECTL_TEST_CALLS` says how many of the points are taken, `all` for every
//! one of them (some thousands, about half an hour), or which by call and
//! number (`openat:15 read:3`); `GAMECTL_TEST_SEED` says which of a number. Where
//! there is no strace, or it may not trace, this says so, and fails with
//! `GAMECTL_TEST_STRACE=required`, as in the gate.

mod life;
mod point;
mod tracing;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use life::{Ending, Life, Past, Point, Seen, Who};

use crate::support::random::{Random, seed};
use crate::support::{self, Instance, Outcome, Sandbox};

/// The number of points that are tried where `GAMECTL_TEST_CALLS` says nothing.
const POINTS: usize = 40;

#[test]
fn a_fault_at_any_system_call_of_a_shim() {
    let _alone = crate::alone();
    let Some(strace) = support::strace("faults at every system call") else {
        return;
    };
    sweep(&strace, "an executed shim", &all_points(&strace), 1);
}

/// Its calls before its first task are those of a shim that is executed.
#[test]
fn a_fault_at_any_system_call_of_a_forked_shim() {
    let _alone = crate::alone();
    let Some(strace) = strace_that_attaches() else { return };
    let mut points = Vec::new();
    for who in [Who::Forked, Who::Spawner] {
        points.extend(points_of(&strace, who, Past::Fresh, Ending::Stop));
    }
    sweep(&strace, "a forked shim and its spawner", &points, 8);
}

#[test]
fn a_fault_at_any_system_call_of_a_child() {
    let _alone = crate::alone();
    let Some(strace) = strace_that_attaches() else { return };
    if !cfg!(target_arch = "x86_64") {
        let what = "faults at every system call of a child";
        return support::not_run(what, "its registers are not known here", "GAMECTL_TEST_STRACE");
    }
    let points = points_of(&strace, Who::Child, Past::Fresh, Ending::Stop);
    assert!(points.iter().any(|point| point.call.is("execve(", "")), "{points:?}");
    sweep(&strace, "a child before it is the game", &points, 8);
}

/// Takes some of the points, or all: of a number that was asked for one in
/// `share`.
#[track_caller]
fn sweep(strace: &Path, what: &str, points: &[Point], share: usize) {
    let (mut points, all, seed) = (points.to_vec(), points.len(), seed());
    let wanted = std::env::var("GAMECTL_TEST_CALLS").ok();
    match wanted.as_deref() {
        Some("all") => {}
        Some(words) if words.contains(':') => points.retain(|point| words.split(' ').any(|word| point.is(word))),
        count => {
            let count = count.and_then(|number| number.parse().ok()).unwrap_or(POINTS);
            Random::new(seed).shuffle(&mut points);
            // Those that once were not withstood are always among them.
            points.sort_by_key(|point| !point.was_a_finding());
            points.truncate(count / share);
        }
    }
    let tally = suffer_all(strace, &points);
    let said = format!(
        "\nsystem calls of {what}: {} of {all} points (seed {seed}), {} reached; starts that were refused: {}, \
         that were called failed and ran, on record: {}; ends that nobody saw: {}\n",
        points.len(),
        tally.reached,
        tally.refused,
        tally.ran_all_the_same,
        tally.ending_lost
    );
    let _ = std::io::stderr().write_all(said.as_bytes());
    let failures = tally.failures;
    assert!(failures.is_empty(), "{said}{}", failures.join("\n"));
    // What depends on time may be missed; the rest may not.
    assert!(tally.reached * 10 >= points.len() * 8, "{said}");
}

/// Not a fault at one place, but one that is always there: it has an end.
#[test]
fn a_start_whose_shims_all_die_gives_up() {
    let _alone = crate::alone();
    let sandbox = Sandbox::with(&[Instance::script("a", "sleep 100")]);
    let output = sandbox
        .program(support::example("traced-gamectl"))
        .args(["start", "a"])
        .env("TRACED_SHIM", "/bin/false")
        .env("TRACED_SPAWNER", "/bin/false")
        .output()
        .expect("run gamectl");
    let outcome = Outcome::of(&["start"], &output).expect_code(1);
    assert!(outcome.stderr.contains("shims ended before"), "{outcome:?}");
    sandbox.ok(&["start", "a", "--no-wait"]);
    sandbox.ok(&["stop", "a"]);
}

/// A quota that is used up is another error than a disk that is full, and must
/// come to the same.
#[test]
fn a_quota_that_is_used_up() {
    let _alone = crate::alone();
    let Some(strace) = strace_that_attaches() else { return };
    let strace = strace.to_str().expect("a path in UTF-8");
    let used_up = |calls: &str| {
        [
            "-e".to_owned(),
            format!("trace={calls}"),
            "-e".to_owned(),
            format!("inject={calls}:error=EDQUOT"),
        ]
    };
    let sandbox = Sandbox::with_one();
    let run = |calls: &str, args: &[&str]| {
        let words = used_up(calls);
        let mut wrapper = vec![strace, "-f", "-qq", "-o", "/dev/null"];
        wrapper.extend(words.iter().map(String::as_str));
        sandbox.run_under(&wrapper, args)
    };
    for calls in ["symlinkat", "mkdirat", "openat"] {
        let start = run(calls, &["start", "a"]);
        assert!(matches!(start.code, Some(1 | 6)), "{calls}: {start:#?}");
        assert!(start.stderr.to_lowercase().contains("quota"), "{calls}: {start:#?}");
        sandbox.nothing_left();
    }
    sandbox.ok(&["start", "a"]);
    let (pid, shim) = (sandbox.pid("a"), sandbox.shim("a"));
    // The log: what it may not hold is counted.
    let mut tracer = Command::new(strace);
    tracer
        .args(["-qq", "-o", "/dev/null"])
        .args(used_up("write"))
        .args(["-p", &shim.to_string()]);
    let mut tracer = tracer.stderr(Stdio::null()).spawn().expect("strace");
    support::wait_until("strace to follow it", || {
        let status = std::fs::read_to_string(format!("/proc/{shim}/status")).unwrap_or_default();
        status.contains(&format!("TracerPid:\t{}\n", tracer.id()))
    });
    sandbox.tell("a", "flood 100000");
    sandbox.tell("a", "touch flooded");
    support::wait_until("the game not to be blocked", || sandbox.path("flooded").exists());
    support::wait_until("the loss in its status", || {
        sandbox.status("a")["details"]["lost_output_bytes"].as_u64() >= Some(90_000)
    });
    tracer.kill().and_then(|()| tracer.wait()).expect("the end of strace");
    // A stop takes what was kept ready for it.
    let stop = run("symlinkat", &["stop", "a"]).expect_code(0);
    assert!(stop.stdout.contains("stopped by signal: TERM"), "{stop:#?}");
    assert!(!support::Process::lives(pid));
    assert_eq!(sandbox.status("a")["intent"], "stopped");
    sandbox.nothing_left();
}

/// A verb that is killed between the writing of a wish and its coming into
/// force has said nothing, and what it leaves is cleared away by a later verb.
#[test]
fn what_a_killed_writer_has_left() {
    let _alone = crate::alone();
    let Some(strace) = support::strace("a verb that is killed as it writes") else {
        return;
    };
    let sandbox = Sandbox::with_one();
    sandbox.ok(&["start", "a"]);
    let left = || {
        let entries = std::fs::read_dir(sandbox.instance_dir("a")).expect("the folder");
        let mut paths = entries.flatten().map(|entry| entry.path());
        paths.find(|path| path.to_string_lossy().contains(".new-"))
    };
    let strace = strace.to_string_lossy();
    let killed = "inject=?renameat,?renameat2:signal=KILL:when=1";
    let outcome = sandbox.run_under(&[&strace, "-qq", "-o", "/dev/null", "-e", killed], &["stop", "a"]);
    assert_eq!((outcome.code, sandbox.state("a").as_str()), (None, "running"));
    let path = left().expect("a wish that nobody has heard");
    assert!(path.to_string_lossy().contains("/intent.new-"), "{path:?}");
    sandbox.ok(&["start", "a"]);
    assert_eq!(
        left().as_ref(),
        Some(&path),
        "it may be somebody's who is not seen here"
    );
    let old = nix::sys::time::TimeSpec::new(1_000_000_000, 0);
    let itself = nix::sys::stat::UtimensatFlags::NoFollowSymlink;
    nix::sys::stat::utimensat(nix::fcntl::AT_FDCWD, &path, &old, &old, itself).expect("an old time");
    sandbox.ok(&["start", "a"]);
    assert_eq!(left(), None);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Returns a strace that may also follow a process that it has not executed.
fn strace_that_attaches() -> Option<PathBuf> {
    let strace = support::strace("faults at every system call")?;
    let mut sleeper = Command::new("sleep").arg("60").spawn().expect("sleep");
    let pid = sleeper.id().to_string();
    let mut command = Command::new(&strace);
    command
        .args(["-qq", "-e", "trace=none", "-p", &pid])
        .stderr(Stdio::null());
    let mut tracer = command.spawn().expect("strace");
    let follows = || {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        !status.contains("TracerPid:\t0\n")
    };
    support::wait_until("strace to attach, or to give up", || {
        follows() || !matches!(tracer.try_wait(), Ok(None))
    });
    let attaches = follows();
    let _ = sleeper.kill();
    let _ = (sleeper.wait(), tracer.wait());
    if !attaches {
        let why = "strace may not follow what it has not executed";
        support::not_run(
            "faults at every system call of what is forked",
            why,
            "GAMECTL_TEST_STRACE",
        );
    }
    attaches.then_some(strace)
}

/// Every fault at every call of a kind of life.
fn points_of(strace: &Path, who: Who, past: Past, ending: Ending) -> Vec<Point> {
    let recorded = Life::new(strace, past).and_then(|life| life.record(who, ending));
    let mut calls = recorded.expect("a life without a fault");
    if let (Ending::Crash, Some(answered)) = (ending, calls.iter().position(point::Call::is_answer)) {
        // Up to there it is the same as with a stop.
        calls.drain(..answered);
    }
    let with_faults = calls.into_iter().flat_map(|call| {
        let faults = match who {
            Who::Child => call.faults_of_child(),
            _ => call.faults(),
        };
        faults.into_iter().map(move |fault| (call.clone(), fault))
    });
    with_faults
        .map(|(call, fault)| Point {
            who,
            past,
            ending,
            call,
            fault,
        })
        .collect()
}

/// Every fault at every call of every kind of life of a shim that is executed.
fn all_points(strace: &Path) -> Vec<Point> {
    let mut points = Vec::new();
    for past in [Past::Fresh, Past::Used] {
        for ending in [Ending::Stop, Ending::Crash] {
            let more = points_of(strace, Who::Executed, past, ending);
            assert!(more.iter().any(|point| point.call.is_answer()), "{more:#?}");
            points.extend(more);
        }
    }
    points
}

#[derive(Default)]
struct Tally {
    reached: usize,
    refused: usize,
    ran_all_the_same: usize,
    ending_lost: usize,
    failures: Vec<String>,
}

impl Tally {
    fn add(&mut self, point: &Point, came: Result<Seen, String>) {
        match came {
            Ok(seen) => {
                self.reached += usize::from(seen.reached);
                self.refused += usize::from(seen.refused);
                self.ran_all_the_same += usize::from(seen.ran_all_the_same);
                self.ending_lost += usize::from(seen.ending_lost);
            }
            Err(why) => {
                let Point {
                    who,
                    past,
                    ending,
                    call,
                    fault,
                } = point;
                let said = format!("{fault:?} at {call} ({who:?}, {past:?}, {ending:?}): {why}");
                // At once: a whole run takes long.
                let _ = std::io::stderr().write_all(format!("\n{said}\n").as_bytes());
                self.failures.push(said);
            }
        }
    }
}

/// Several at once: most of it is waiting.
fn suffer_all(strace: &Path, points: &[Point]) -> Tally {
    const LANES: usize = 4;
    let (tally, next) = (Mutex::new(Tally::default()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some(point) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let came = Life::new(strace, point.past).and_then(|life| life.suffer(point));
                    tally.lock().expect("the tally").add(point, came);
                }
            });
        }
    });
    tally.into_inner().expect("the tally")
}
