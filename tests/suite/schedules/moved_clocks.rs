//! Schedules under the built binary while the clock of the machine is set, and while the
//! machine sleeps: in a kernel whose clock nobody else goes by.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::entry;
use crate::support::{Instance, OtherKernel, Sandbox, gamectl, wait_until};

/// The functions of a script that moves the clock under a `run` of `a` and of `w`, which has
/// a program executed each minute: once that is done, `run` has looked at the clock.
const CLOCK: &str = r#"
# Tells whether so many firings of `a` are done.
done_are() {
    [ "$(grep '"id":"a"' /run/events.json | grep -c '"outcome":"done"')" -ge "$1" ]
}

# Tells whether the witness is done with what was planned for then.
witnessed() {
    grep '"id":"w"' /run/events.json | grep '"outcome":"done"' | grep -q "\"planned\":\"$1"
}

# Sets the clock.
sets() {
    date -s "$1" || fail "the clock cannot be set to $1"
}

# Lets a minute begin, and `run` have looked.
minute() {
    sets "$(date -d "$1 1 second ago" '+%F %T')"
    await witnessed "$(date -d "$1" +%FT%T)"
}

begin() {
    sets "$1"
    "$gamectl" -f /mnt/instances.yaml start --all --quiet || fail "no start"
    "$gamectl" -f /mnt/instances.yaml run --json >/run/events.json 2>/run/errors.txt &
    run=$!
    await grep -q 'already running; watching it' /run/events.json
}

finish() {
    "$gamectl" -f /mnt/instances.yaml status --json >/mnt/status.json || fail "no status"
    "$gamectl" -f /mnt/instances.yaml stop --all --quiet || fail "no stop"
    kill "$run"
    wait "$run"
    cp /run/events.json /mnt/events.json
}
"#;

/// A schedule, and the moments that `run` passes.
struct Days {
    cron: &'static str,
    zone: &'static str,
    /// Sets the clock for the first time.
    begin: &'static str,
    /// Minutes that begin, in UTC and in this order; the clock goes on when what fires then
    /// is done.
    minutes: &'static [&'static str],
    /// The firings, in the time of the zone.
    fires: &'static [&'static str],
}

const DAYS: [Days; 7] = [
    // The night in which 02:00 is followed by 03:00.
    Days {
        cron: "30 2 * * *",
        zone: "Europe/Berlin",
        begin: "2027-03-28 00:50:10",
        minutes: &["2027-03-28 01:00 fires", "2027-03-28 01:30", "2027-03-29 00:30 fires"],
        fires: &["2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"],
    },
    // The night in which 02:00 to 03:00 comes twice.
    Days {
        cron: "30 1-3 * * *",
        zone: "Europe/Berlin",
        begin: "2026-10-24 23:20:10",
        minutes: &[
            "2026-10-24 23:30 fires",
            "2026-10-25 00:30 fires",
            "2026-10-25 01:30",
            "2026-10-25 02:30 fires",
        ],
        fires: &[
            "2026-10-25T01:30:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T03:30:00+01:00",
        ],
    },
    // Half an hour is left out, and comes twice.
    Days {
        cron: "15 2 * * *",
        zone: "Australia/Lord_Howe",
        begin: "2026-10-03 15:20:10",
        minutes: &["2026-10-03 15:30 fires", "2026-10-03 15:45", "2026-10-04 15:15 fires"],
        fires: &["2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"],
    },
    Days {
        cron: "45 1 * * *",
        zone: "Australia/Lord_Howe",
        begin: "2027-04-03 14:30:10",
        minutes: &["2027-04-03 14:45 fires", "2027-04-03 15:15", "2027-04-04 15:15 fires"],
        fires: &["2027-04-04T01:45:00+11:00", "2027-04-05T01:45:00+10:30"],
    },
    Days {
        cron: "0 0 29 2 *",
        zone: "UTC",
        begin: "2028-02-28 23:50:10",
        minutes: &["2028-02-29 00:00 fires", "2028-03-01 00:00", "2029-03-01 00:00"],
        fires: &["2028-02-29T00:00:00+00:00"],
    },
    Days {
        cron: "0 0 1 1 *",
        zone: "Pacific/Auckland",
        begin: "2026-12-31 10:50:10",
        minutes: &["2026-12-31 11:00 fires", "2027-01-01 00:00"],
        fires: &["2027-01-01T00:00:00+13:00"],
    },
    // Somebody sets the clock back: what has been done is not done again.
    Days {
        cron: "0 5 * * *",
        zone: "UTC",
        begin: "2026-06-01 04:50:10",
        minutes: &[
            "2026-06-01 05:00 fires",
            "back to 04:59",
            "2026-06-01 05:02",
            "2026-06-02 05:00 fires",
        ],
        fires: &["2026-06-01T05:00:00+00:00", "2026-06-02T05:00:00+00:00"],
    },
];

/// A game, and the witness.
fn inventory(sandbox: &Sandbox, cron: &str, zone: &str) {
    let mut restart = entry(cron, "restart");
    restart["timezone"] = json!(zone);
    let mut minutely = entry("* * * * *", "exec");
    minutely["command"] = json!(["true"]);
    let game = |id| {
        Instance::script(id, "exec sleep 100000")
            .with("ready", json!({ "alive_for": "0s" }))
            .with(
                "healthy",
                json!({ "exec": ["true"], "interval": "200ms", "attempt_timeout": "4s", "failures": 1 }),
            )
    };
    sandbox.inventory(&[
        game("a").with("schedule", json!([restart])),
        game("w").with("schedule", json!([minutely])),
    ]);
}

/// Runs a script with these functions in a kernel of its own.
fn kernel(test: &str, sandbox: &Sandbox, script: &str) -> Option<OtherKernel> {
    let gamectl = gamectl().display().to_string();
    OtherKernel::boot(test, sandbox, &format!("gamectl='{gamectl}'\n{CLOCK}\n{script}"))
}

/// Returns when the firings of `a` were planned that have been done.
fn done(sandbox: &Sandbox) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path("events.json")).expect("the events");
    let events = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    events
        .filter(|event| event["id"] == "a" && event["outcome"] == "done")
        .map(|event| event["planned"].as_str().expect("a time").to_owned())
        .collect()
}

/// Returns each row of `status`.
fn rows(sandbox: &Sandbox) -> Vec<Value> {
    let text = std::fs::read_to_string(sandbox.path("status.json")).expect("the status");
    let status: Value = serde_json::from_str(&text).expect("JSON");
    status["instances"].as_array().expect("rows").clone()
}

#[test]
fn a_clock_that_is_set_fires_once_what_is_due() {
    for Days {
        cron,
        zone,
        begin,
        minutes,
        fires,
    } in DAYS
    {
        let sandbox = Sandbox::new();
        inventory(&sandbox, cron, zone);
        let mut done_by_then = 0;
        let steps: Vec<String> = minutes
            .iter()
            .map(|minute| {
                if let Some(time) = minute.strip_prefix("back to ") {
                    return format!("sets \"$(date +%F) {time}:58\"");
                }
                let Some(minute) = minute.strip_suffix(" fires") else {
                    return format!("minute '{minute}'");
                };
                done_by_then += 1;
                format!("minute '{minute}'\nawait done_are {done_by_then}")
            })
            .collect();
        let script = format!("begin '{begin}'\n{}\nfinish", steps.join("\n"));
        let Some(kernel) = kernel("a_clock_that_is_set_fires_once_what_is_due", &sandbox, &script) else {
            return;
        };
        kernel.off();
        assert_eq!(done(&sandbox), fires, "{cron} {zone}");
        // A game is as old as it is, also when the clock has gone on by a year.
        for row in rows(&sandbox) {
            assert_eq!(row["state"], "running", "{row}");
            assert!(row["uptime_seconds"].as_u64().expect("seconds") < 400, "{row}");
        }
    }
}

#[test]
fn what_a_sleeping_machine_misses_is_done_as_it_wakes() {
    let sandbox = Sandbox::new();
    inventory(&sandbox, "30 2 * * *", "Europe/Berlin");
    let script = "begin '2026-06-01 00:20:10'\n\
        sets '2026-06-01 00:29:57'\n\
        touch /mnt/asleep\n\
        echo freeze >/sys/power/state\n\
        [ \"$(date +%H%M)\" -ge 0030 ] || fail 'it woke too early'\n\
        await done_are 1\n\
        finish";
    let test = "what_a_sleeping_machine_misses_is_done_as_it_wakes";
    let Some(kernel) = kernel(test, &sandbox, script) else {
        return;
    };
    wait_until("the machine to be about to sleep", || sandbox.path("asleep").exists());
    // The clock of a machine goes on while it sleeps.
    let begun = Instant::now();
    wait_until("the firing to be missed", || begun.elapsed() > Duration::from_secs(5));
    kernel.wake();
    kernel.off();
    assert_eq!(done(&sandbox), ["2026-06-01T02:30:00+02:00"]);
    // Nobody is taken for hung who did not answer in that time.
    for row in rows(&sandbox) {
        assert_eq!(
            (&row["state"], &row["restarts"]),
            (&json!("running"), &json!(0)),
            "{row}"
        );
    }
}
