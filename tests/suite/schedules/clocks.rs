//! Clocks that are moved, and machines that know no time zones, under the built binary.

use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::json;

use super::{outcomes, record};
use crate::support::{Background, Instance, Mounts, Sandbox, not_run, wait_until};

/// The library that gives a program another time of day, where Debian's `libfaketime` has it.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// Returns the last Sunday of a month of 31 days, on which the clocks of Europe change.
fn last_sunday(year: i64, month: i64) -> i64 {
    // The congruence of Zeller, for the 31st; 1 is a Sunday.
    let (month_shifted, century, of_century) = (month, year / 100, year % 100);
    let weekday = (31 + 13 * (month_shifted + 1) / 5 + of_century + of_century / 4 + century / 4 + 5 * century) % 7;
    31 - (weekday + 6) % 7
}

/// A year that is to come: what is due in the past would be due at once by the clock of the
/// kernel, which cannot be moved.
fn next_year() -> i64 {
    1970 + super::now() / 31_556_952 + 1
}

fn seconds(time: &str) -> i64 {
    let at = humantime::parse_rfc3339(time).expect("a time");
    let since = at.duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("a time")
}

/// Each firing of the night in which the clocks change is carried out once, by the first `run`
/// after it, and at the time that the clocks there show.
#[test]
fn both_changes_of_the_clocks_of_berlin() {
    let test = "both_changes_of_the_clocks_of_berlin";
    // A program that is linked statically asks no library for the time.
    let Some(gamectl) = std::env::var_os("GAMECTL_TEST_DYNAMIC") else {
        return not_run(test, "no gamectl that is linked dynamically", "GAMECTL_TEST_FAKETIME");
    };
    if !Path::new(FAKETIME).exists() {
        return not_run(test, "no libfaketime", "GAMECTL_TEST_FAKETIME");
    }
    let year = next_year();
    let spring = format!("{year}-03-{:02}", last_sunday(year, 3));
    let autumn = format!("{year}-10-{:02}", last_sunday(year, 10));
    for (day, begun, now, cron, planned) in [
        // From 02:00 to 03:00 no clock shows anything.
        (&spring, "00:00:00", "01:10:00", "30 2 * * *", "T03:00:00+02:00"),
        (&spring, "00:00:00", "01:10:00", "15 2,14 * * *", "T03:00:00+02:00"),
        (&spring, "00:00:00", "01:10:00", "0 3 * * *", "T03:00:00+02:00"),
        // From 02:00 to 03:00 they show everything twice.
        (&autumn, "00:00:00", "01:40:00", "30 2 * * *", "T02:30:00+02:00"),
        (&autumn, "00:00:00", "01:40:00", "15 2,14 * * *", "T02:15:00+02:00"),
    ] {
        let sandbox = Sandbox::new();
        let notes = sandbox.arg("fired");
        let script = format!("echo $GAMECTL_PLANNED >>{notes}");
        let schedule = json!([{
            "cron": cron, "timezone": "Europe/Berlin", "do": "exec", "command": ["sh", "-c", script], "grace": "6h",
        }]);
        sandbox.inventory(&[Instance::script("a", "exit 0")
            .with("autostart", json!(false))
            .with("schedule", schedule)]);
        std::fs::create_dir_all(sandbox.instance_dir("a")).expect("its folder");
        let words = format!("exec: sh -c {script}");
        let key = format!("{cron} Europe/Berlin exec {:08x}", crc32fast::hash(words.as_bytes()));
        let begun = seconds(&format!("{day}T{begun}Z"));
        record(&sandbox, "a", "schedule", &[format!("decided {begun} {key}")]);
        let run = || {
            let mut command = sandbox.program(&gamectl);
            command
                .args(["run", "--json"])
                .env("LD_PRELOAD", FAKETIME)
                .env("FAKETIME", format!("@{day} {now}"))
                .env("TZ", "UTC")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
                .env("NO_FAKE_STAT", "1");
            Background::of(&mut command)
        };
        let first = run();
        wait_until("it to be done", || {
            outcomes(&first).last().is_some_and(|last| last == "done")
        });
        assert_eq!(outcomes(&first), ["fired", "done"], "{cron}");
        assert_eq!(sandbox.lines("fired"), [format!("{day}{planned}")], "{cron}");
        assert_eq!(first.end(Signal::SIGKILL), None);
        // Not again by the next one, in the same hour.
        let second = run();
        wait_until("the snapshot", || !second.events("snapshot").is_empty());
        assert_eq!(outcomes(&second), [] as [&str; 0], "{cron}");
        assert_eq!(second.end(Signal::SIGTERM), Some(0));
        assert_eq!(sandbox.lines("fired").len(), 1, "{cron}");
    }
}

#[test]
fn the_sundays_on_which_clocks_change() {
    for (year, month, day) in [
        (2026, 3, 29),
        (2026, 10, 25),
        (2027, 3, 28),
        (2027, 10, 31),
        (2096, 3, 25),
    ] {
        assert_eq!(last_sunday(year, month), day, "{year}-{month}");
    }
}

#[test]
fn a_machine_without_time_zones_knows_them_all_the_same() {
    let sandbox = Sandbox::new();
    let daily = json!([{ "cron": "0 5 * * *", "timezone": "Australia/Lord_Howe", "do": "restart" }]);
    sandbox.inventory(&[Instance::script("a", "exit 0").with("schedule", daily)]);
    let test = "a_machine_without_time_zones_knows_them_all_the_same";
    let Some(mounts) = Mounts::of(
        test,
        "mkdir -p /usr/share/zoneinfo && mount -t tmpfs none /usr/share/zoneinfo",
    ) else {
        return;
    };
    let planned = |json: serde_json::Value| json["firings"][0]["planned"].as_str().expect("a time").to_owned();
    let with = planned(sandbox.ok(&["schedule", "--json"]).json());
    let without = planned(mounts.run(&sandbox, &["schedule", "--json"]).expect_code(0).json());
    assert_eq!(without, with);
    assert!(without.ends_with("+10:30") || without.ends_with("+11:00"), "{without}");
}
