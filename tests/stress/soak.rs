//! Anything against anything, for as long as wanted: twenty awkward games, four
//! clients with verbs at random, a `run` that comes and goes, kill -9, freezing
//! and a full disk. A checker that reads only `/proc` and the files: never two
//! games of one instance, none after an acknowledged stop, none that is not on
//! record, no exit that nobody saw; and in the end nothing is left.
//!
//! `GAMECTL_TEST_SOAK` is the time in seconds. `GAMECTL_TEST_SEED` repeats the
//! choices, not their timing.

mod chaos;
mod checker;
mod client;
mod journal;
mod moods;
mod seen;
use std::fs;
use std::time::{Duration, Instant};

use checker::Checker;
use client::Commands;
use journal::Journal;
use moods::Mood;
use seen::{Files, Seen};

use crate::support::random::{Random, seed};
use crate::support::{self, Sandbox, SmallDisk, wait_until};

/// Seconds, without being asked.
const SECONDS: u64 = 15;

/// The state that all threads share.
struct Soak<'a> {
    sandbox: &'a Sandbox,
    moods: &'a [Mood],
    checker: Checker<'a>,
    commands: Commands,
    journal: Journal,
    end: Instant,
}

impl Soak<'_> {
    fn goes_on(&self) -> bool {
        Instant::now() < self.end && !self.journal.has_failed()
    }
}

#[test]
fn anything_against_anything_for_a_while() {
    let _alone = crate::alone();
    let given = std::env::var("GAMECTL_TEST_SOAK").ok();
    let seconds = given.and_then(|text| text.parse().ok()).unwrap_or(SECONDS);
    let seed = seed();
    support::say(&format!("\nsoak: {seconds} s, GAMECTL_TEST_SEED={seed}\n"));
    let sandbox = Sandbox::new();
    let disk = SmallDisk::mount(&sandbox, "the full disk of the soak", "size=12m");
    let moods = moods::twenty(&sandbox);
    let soak = Soak {
        sandbox: &sandbox,
        moods: &moods,
        checker: Checker::new(&sandbox, &moods),
        commands: Commands::default(),
        journal: Journal::new(),
        end: Instant::now() + Duration::from_secs(seconds),
    };
    let mut random = Random::new(seed);
    std::thread::scope(|scope| {
        let soak = &soak;
        for _ in 0..4 {
            let own = Random::new(random.next());
            scope.spawn(move || client::client(soak, own));
        }
        let (one, two, disk) = (Random::new(random.next()), Random::new(random.next()), disk.is_some());
        scope.spawn(move || client::resident(soak, one));
        scope.spawn(move || chaos::chaos(soak, two, disk));
        while soak.goes_on() {
            soak.journal.check(soak.checker.look());
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    soak.journal.check(soak.checker.look());
    soak.journal.verdict(seed);
    quiet(&soak, seed);
    drop(disk);
}

/// All is stopped, and then nothing is left.
fn quiet(soak: &Soak<'_>, seed: u64) {
    let stop = soak.sandbox.run(&["stop", "--all"]);
    assert_eq!(stop.code, Some(0), "GAMECTL_TEST_SEED={seed}: {stop:#?}");
    assert!(Seen::now().games.is_empty(), "{seed}: {:?}", Seen::now());
    soak.journal.check(soak.checker.look());
    soak.journal.verdict(seed);
    wait_until("the shims to end", || Seen::now().shims.is_empty());
    let launches: u64 = soak
        .moods
        .iter()
        .map(|mood| Files::read(soak.sandbox, mood).launched())
        .sum();
    let mut left: Vec<String> = Vec::new();
    for mood in soak.moods {
        let files = fs::read_dir(soak.sandbox.instance_dir(&mood.id)).expect("its folder");
        left.extend(
            files
                .flatten()
                .map(|file| file.file_name().to_string_lossy().into_owned()),
        );
    }
    left.sort();
    left.dedup();
    support::say(&format!("\nsoak: {launches} launches; files: {}\n", left.join(" ")));
}
