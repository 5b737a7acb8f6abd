//! Schedules through the built binary. A firing is made due by a record of the past, so that no
//! test waits for a time of the day.

mod moved_clocks;
mod time_zones;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::{Background, Crowd, Instance, Sandbox, SmallDisk, wait_until};

/// The minutes since the firing.
const AGO: i64 = 3;

pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock");
    i64::try_from(since.as_secs()).expect("a time")
}

/// Returns a pattern that has fired so many minutes ago, and does so again next year.
pub(crate) fn minutes_ago(minutes: i64) -> (String, i64) {
    let at = (now() / 60 - minutes) * 60;
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(at.unsigned_abs())).to_string();
    let number = |from: usize| text[from..from + 2].trim_start_matches('0').to_owned();
    let zero = |number: String| if number.is_empty() { "0".to_owned() } else { number };
    let cron = format!(
        "{} {} {} {} *",
        zero(number(14)),
        zero(number(11)),
        number(8),
        number(5)
    );
    (cron, at)
}

pub(crate) fn entry(cron: &str, deed: &str) -> Value {
    json!({ "cron": cron, "timezone": "UTC", "do": deed, "grace": "1h" })
}

/// Writes a record of what schedules have done, with facts that are each a line.
pub(crate) fn record(sandbox: &Sandbox, id: &str, name: &str, facts: &[String]) {
    let text: String = std::iter::once(format!("gamectl {name} 1\n"))
        .chain(facts.iter().map(|fact| format!("{fact}\n")))
        .collect();
    let sum = crc32fast::hash(text.as_bytes());
    std::fs::write(sandbox.instance_dir(id).join(name), format!("{text}end {sum:08x}\n")).expect("write the record");
}

/// Makes a firing of the past due: a `run` of an hour ago had looked last.
pub(crate) fn make_due(sandbox: &Sandbox, id: &str, cron: &str, deed: &str) {
    let key = format!("{cron} UTC {deed}");
    record(sandbox, id, "schedule", &[format!("decided {} {key}", now() - 3600)]);
}

pub(crate) fn outcomes(run: &Background) -> Vec<String> {
    let word = |event: &Value| event["outcome"].as_str().unwrap_or_default().to_owned();
    run.events("schedule").iter().map(word).collect()
}

pub(crate) fn wait_outcome(run: &Background, wanted: &str) {
    wait_until(&format!("a firing to be {wanted}"), || {
        outcomes(run).last().is_some_and(|last| last == wanted)
    });
}

#[test]
fn what_nobody_did_is_done_once_within_grace() {
    let sandbox = Sandbox::new();
    let (cron, at) = minutes_ago(AGO);
    let game = sandbox.solitary("a").ready_log("^up$");
    sandbox.inventory(&[game.with("schedule", json!([entry(&cron, "restart")]))]);
    sandbox.ok(&["start", "a"]);
    let before = sandbox.pid("a");
    make_due(&sandbox, "a", &cron, "restart");
    let run = Background::run_json(&sandbox, &[]);
    wait_outcome(&run, "done");
    assert_eq!(outcomes(&run), ["fired", "done"]);
    let fired = run.events("schedule").remove(0);
    let planned = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(at.unsigned_abs()));
    assert_eq!(fired["planned"], json!(planned.to_string().replace('Z', "+00:00")));
    assert_eq!((&fired["do"], &fired["timezone"]), (&json!("restart"), &json!("UTC")));
    let after = sandbox.pid("a");
    assert_ne!(after, before);
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    for signal in [Signal::SIGKILL, Signal::SIGINT] {
        let again = Background::run_json(&sandbox, &[]);
        wait_until("it to be looked at", || again.events("snapshot").len() == 1);
        assert_eq!(outcomes(&again), [] as [&str; 0]);
        again.end(signal);
    }
    assert_eq!(sandbox.pid("a"), after, "restarted once");
    sandbox.never_two("a");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

#[test]
fn what_is_too_late_is_told_and_what_was_stopped_stays_so() {
    let sandbox = Sandbox::new();
    let (cron, _) = minutes_ago(AGO);
    let late = json!([{ "cron": cron, "timezone": "UTC", "do": "restart", "grace": "1m" }]);
    let late = sandbox.solitary("late").ready_log("^up$").with("schedule", late);
    let stopped = sandbox.solitary("stopped").ready_log("^up$");
    let stopped = stopped.with("schedule", json!([entry(&cron, "restart")]));
    sandbox.inventory(&[late, stopped]);
    sandbox.ok(&["start", "--all"]);
    sandbox.ok(&["stop", "stopped"]);
    let before = sandbox.pid("late");
    make_due(&sandbox, "late", &cron, "restart");
    make_due(&sandbox, "stopped", &cron, "restart");
    let run = Background::run_json(&sandbox, &[]);
    wait_until("both to be told", || {
        let told = outcomes(&run);
        told.contains(&"missed".to_owned()) && told.contains(&"skipped".to_owned())
    });
    let events = run.events("schedule");
    let skipped = events
        .iter()
        .find(|event| event["outcome"] == "skipped")
        .expect("skipped");
    assert!(
        skipped["message"]
            .as_str()
            .unwrap_or_default()
            .ends_with("somebody has stopped it"),
        "{skipped}"
    );
    assert_eq!(
        (sandbox.pid("late"), sandbox.state("stopped").as_str()),
        (before, "stopped")
    );
    drop(run);
    sandbox.ok(&["stop", "--all"]);
}

/// A countdown that a schedule has begun ends when somebody cancels it, or stops the game.
#[test]
fn who_cancels_a_countdown_or_stops_the_game_goes_first() {
    for (args, left) in [
        (&["schedule", "cancel", "a"][..], "running"),
        (&["stop", "a"], "stopped"),
    ] {
        let sandbox = Sandbox::new();
        let (cron, _) = minutes_ago(AGO);
        let notes = sandbox.arg("got");
        let script = format!("echo up; while read -r line; do echo \"$line\" >>{notes}; done; exec sleep 300");
        let mut entry = entry(&cron, "restart");
        entry["warn"] = json!({ "at": ["1h"] });
        let game = Instance::script("a", &script).ready_log("^up$");
        let game = game.with("broadcast", json!("say {message}"));
        sandbox.inventory(&[game.with("schedule", json!([entry]))]);
        sandbox.ok(&["start", "a"]);
        let before = sandbox.pid("a");
        make_due(&sandbox, "a", &cron, "restart");
        let run = Background::run_json(&sandbox, &[]);
        wait_until("the players to be told", || {
            sandbox.lines("got").contains(&"say Restart in 1 hour".to_owned())
        });
        sandbox.ok(args);
        wait_outcome(&run, "skipped");
        assert_eq!(outcomes(&run), ["fired", "skipped"], "{args:?}");
        assert_eq!(sandbox.state("a"), left, "{args:?}");
        if left == "running" {
            assert_eq!(sandbox.pid("a"), before);
            assert_eq!(
                sandbox.lines("got").last().map(String::as_str),
                Some("say Restart cancelled")
            );
        }
        drop(run);
        sandbox.ok(&["stop", "a"]);
        sandbox.nothing_left();
    }
}

#[test]
fn a_program_that_was_under_way_at_a_kill_is_not_executed_again() {
    let sandbox = Sandbox::new();
    let (cron, _) = minutes_ago(AGO);
    let script = format!(
        "echo $GAMECTL_ID >> {0}/begun; until test -e {0}/gate; do sleep 0.01; done; echo >> {0}/ended",
        sandbox.dir().display()
    );
    let mut exec = entry(&cron, "exec");
    exec["command"] = json!(["sh", "-c", script]);
    sandbox.inventory(&[Instance::script("a", "exit 0")
        .with("autostart", json!(false))
        .with("schedule", json!([exec]))]);
    let words = format!("exec: sh -c {script}");
    let key = format!("{cron} UTC exec {:08x}", crc32fast::hash(words.as_bytes()));
    // The folder is made by gamectl.
    let begin = Background::run_json(&sandbox, &[]);
    wait_until("the first record", || {
        sandbox.instance_dir("a").join("schedule").exists()
    });
    assert_eq!(begin.end(Signal::SIGINT), Some(0));
    record(&sandbox, "a", "schedule", &[format!("decided {} {key}", now() - 3600)]);
    let run = Background::run_json(&sandbox, &[]);
    wait_until("the program", || sandbox.lines("begun") == ["a"]);
    assert_eq!(run.end(Signal::SIGKILL), None);
    let again = Background::run_json(&sandbox, &[]);
    wait_outcome(&again, "failed");
    sandbox.touch("gate");
    wait_until("the program to end", || sandbox.lines("ended").len() == 1);
    assert_eq!(sandbox.lines("begun").len(), 1);
    assert_eq!(again.end(Signal::SIGINT), Some(0));
}

#[test]
fn what_comes_is_listed_and_the_next_firing_can_be_skipped() {
    let sandbox = Sandbox::new();
    let (cron, _) = minutes_ago(AGO);
    let yearly = sandbox
        .solitary("yearly")
        .with("schedule", json!([entry(&cron, "stop")]));
    let plain = sandbox.solitary("plain");
    sandbox.inventory(&[yearly, plain]);
    let listed = sandbox.ok(&["schedule", "--json"]).json();
    assert_eq!(listed["run"], Value::Null);
    let first = listed["firings"][0].clone();
    assert_eq!(
        (&first["id"], &first["do"], &first["cron"], &first["skipped"]),
        (&json!("yearly"), &json!("stop"), &json!(cron), &json!(false))
    );
    let nobody = sandbox.ok(&["schedule", "list", "yearly"]);
    assert!(nobody.stderr.contains("nobody carries them out"), "{nobody:?}");
    let skipped = sandbox.ok(&["schedule", "skip", "yearly", "--json"]).json();
    assert_eq!(
        (&skipped["changed"], &skipped["firing"]["at"]),
        (&json!(true), &first["at"])
    );
    let again = sandbox.ok(&["schedule", "skip", "yearly", "--json"]).json();
    assert_eq!(again["changed"], json!(false));
    let listed = sandbox.ok(&["schedule", "--json"]).json();
    let firings = listed["firings"].as_array().expect("firings");
    let words: Vec<&Value> = firings.iter().map(|firing| &firing["skipped"]).collect();
    assert_eq!(words, [&json!(true), &json!(false)], "it, and the one after it");
    let none = sandbox.run(&["schedule", "skip", "plain"]).expect_code(1);
    assert!(none.stderr.contains("has no schedule"), "{none:?}");
    sandbox.run(&["schedule", "skip", "nobody"]).expect_code(4);
    sandbox.run(&["schedule", "skip"]).expect_code(2);
    sandbox.run(&["schedule", "nobody"]).expect_code(4);
    let run = Background::run_json(&sandbox, &["plain"]);
    run.sees("plain", "running");
    let listed = sandbox.ok(&["schedule", "--json"]).json();
    assert!(
        listed["run"].as_str().is_some_and(|run| run.starts_with("gamectl run")),
        "{listed}"
    );
    drop(run);
    sandbox.ok(&["stop", "plain"]);
}

#[test]
fn a_run_obeys_a_skip_that_is_on_record() {
    let sandbox = Sandbox::new();
    let (cron, at) = minutes_ago(AGO);
    let game = sandbox.solitary("a").ready_log("^up$");
    sandbox.inventory(&[game.with("schedule", json!([entry(&cron, "restart")]))]);
    sandbox.ok(&["start", "a"]);
    let before = sandbox.pid("a");
    make_due(&sandbox, "a", &cron, "restart");
    record(
        &sandbox,
        "a",
        "schedule.skip",
        &[format!("skip {at} {cron} UTC restart")],
    );
    let run = Background::run_json(&sandbox, &[]);
    wait_outcome(&run, "skipped");
    assert_eq!(sandbox.pid("a"), before);
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn a_record_that_is_damaged_counts_from_now_and_is_told() {
    let sandbox = Sandbox::new();
    let (cron, _) = minutes_ago(AGO);
    let game = sandbox.solitary("a").ready_log("^up$");
    sandbox.inventory(&[game.with("schedule", json!([entry(&cron, "restart")]))]);
    sandbox.ok(&["start", "a"]);
    let before = sandbox.pid("a");
    std::fs::write(
        sandbox.instance_dir("a").join("schedule"),
        "gamectl schedule 1\ndecided 5 x\n",
    )
    .expect("write the record");
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to be told", || run.logged("counts from now") == 1);
    wait_until("it to be looked at", || run.events("snapshot").len() == 1);
    assert_eq!(outcomes(&run), [] as [&str; 0]);
    assert_eq!(sandbox.pid("a"), before);
    drop(run);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn schedules_that_are_wrong_are_named_with_their_place() {
    let sandbox = Sandbox::new();
    for (wrong, wanted) in [
        (
            "{cron: '0 0 30 2 *', do: restart}",
            "1:36 `cron` means a day that never comes",
        ),
        (
            "{cron: '0 5 * * *', timezone: Europe/Berlim, do: restart}",
            "1:58 `timezone` is not a time zone that is known",
        ),
        ("{cron: '0 5 * * *', do: restrat}", "1:52 `do` must be"),
        (
            "{cron: '0 5 * * *', do: send}",
            "1:28 this schedule sends, and has no `line`",
        ),
        (
            "{cron: '*/10 * * * *', do: restart, jitter: 10m}",
            "1:72 `jitter` must be shorter",
        ),
        (
            "{cron: '0 5 * * *', do: start, warn: true}",
            "1:59 `warn` means something for",
        ),
        ("{do: start}", "1:28 this schedule has no `cron`"),
        (
            "{cron: '0 5 * * *', do: stop, when_empty: {or_skip: true}}",
            "`or_skip` says what happens after `max_wait`",
        ),
        (
            "{cron: '0 5 * * *', do: stop}, {cron: '0 5 * * *', do: stop, grace: 5m}",
            "this is scheduled a second time",
        ),
    ] {
        sandbox.inventory_text(&format!("instances: {{a: {{schedule: [{wrong}]}}}}"));
        let refused = sandbox.run(&["schedule"]).expect_code(6);
        let (place, text) = wanted.split_once(" `").unwrap_or(("", wanted));
        assert!(refused.stderr.contains(text), "{wrong}: {}", refused.stderr);
        let place = place.split(' ').next().unwrap_or_default();
        if place.starts_with("1:") {
            assert!(refused.stderr.contains(place), "{wrong}: {}", refused.stderr);
        }
    }
}

/// Nobody is warned once nobody plays, and it is done once.
#[test]
fn a_scheduled_restart_waits_until_nobody_plays() {
    let crowd = Crowd::of(Some(2));
    let sandbox = Sandbox::new();
    let (cron, _) = minutes_ago(AGO);
    let notes = sandbox.arg("got");
    let script = format!("echo up; while read -r line; do echo \"$line\" >>{notes}; done; exec sleep 300");
    let mut entry = entry(&cron, "restart");
    entry["when_empty"] = json!({ "max_wait": "1h" });
    entry["warn"] = json!({ "at": ["10m"] });
    let game = Instance::script("a", &script)
        .ready_log("^up$")
        .with("players", json!({ "a2s": crowd.address() }))
        .with("broadcast", json!("say {message}"))
        .with("schedule", json!([entry]));
    sandbox.inventory(&[game]);
    sandbox.ok(&["start", "a"]);
    let before = sandbox.pid("a");
    make_due(&sandbox, "a", &cron, "restart");
    let run = Background::run_json(&sandbox, &[]);
    wait_outcome(&run, "fired");
    wait_until("its note", || {
        let note = sandbox.status("a")["note"].as_str().unwrap_or_default().to_owned();
        note.contains("restart once nobody plays, or at ") && note.contains("by the schedule ")
    });
    crowd.counted(3);
    assert_eq!((sandbox.pid("a"), outcomes(&run).len()), (before, 1));
    crowd.set(Some(0));
    wait_outcome(&run, "done");
    assert_ne!(sandbox.pid("a"), before);
    assert_eq!(sandbox.lines("got").len(), 0, "nobody was left to be told");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.never_two("a");
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}

/// Of two that are begun at the same time one may stay, and what is due is done once.
#[test]
fn two_runs_restart_once() {
    let sandbox = Sandbox::new();
    let (cron, _) = minutes_ago(AGO);
    let game = sandbox.solitary("a").ready_log("^up$");
    sandbox.inventory(&[game.with("schedule", json!([entry(&cron, "restart")]))]);
    sandbox.ok(&["start", "a"]);
    let before = sandbox.pid("a");
    make_due(&sandbox, "a", &cron, "restart");
    let begin = || Background::of(&mut sandbox.command(&["run", "--json"]));
    let mut runs = [begin(), begin()];
    wait_until("one of them to be refused", || {
        runs.iter_mut().any(Background::has_ended)
    });
    let [first, second] = &mut runs;
    let (refused, stayed) = if first.has_ended() {
        (first, second)
    } else {
        (second, first)
    };
    assert_eq!(refused.ended(), Some(75), "{}", refused.text());
    assert_eq!(outcomes(refused), [] as [&str; 0]);
    wait_outcome(stayed, "done");
    assert_eq!(outcomes(stayed), ["fired", "done"]);
    assert_ne!(sandbox.pid("a"), before);
    for run in runs {
        run.end(Signal::SIGTERM);
    }
    sandbox.never_two("a");
    sandbox.ok(&["stop", "a"]);
}

/// A firing that cannot be put on record is not carried out: it might be done twice.
#[test]
fn on_a_full_disk_nothing_is_carried_out() {
    let sandbox = Sandbox::new();
    let Some(disk) = SmallDisk::mount(&sandbox, "on_a_full_disk_nothing_is_carried_out", "size=2m") else {
        return;
    };
    let (cron, _) = minutes_ago(AGO);
    let game = sandbox.solitary("a").ready_log("^up$");
    sandbox.inventory(&[game.with("schedule", json!([entry(&cron, "restart")]))]);
    sandbox.ok(&["start", "a"]);
    let before = sandbox.pid("a");
    make_due(&sandbox, "a", &cron, "restart");
    disk.fill(0);
    let run = Background::run_json(&sandbox, &[]);
    wait_outcome(&run, "failed");
    let failed = run.events("schedule").pop().expect("a word");
    assert!(
        failed["message"]
            .as_str()
            .unwrap_or_default()
            .contains("cannot be put on record"),
        "{failed}"
    );
    assert_eq!(sandbox.pid("a"), before);
    drop(run);
    disk.free();
    sandbox.ok(&["stop", "a"]);
}
