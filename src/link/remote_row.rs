//! From the heartbeats and states of other nodes to rows.

use std::time::{Duration, Instant, SystemTime};

use serde::Deserialize;
use serde_json::Value;

use crate::event::{PlayerCount, Row, Want, WatchedRow};
use crate::supervisor::{Detail, Facts, InstanceState, LastExit, Observation, Players, Usage};
use crate::text::clean_line;

/// The planes whose names are known here.
const PLANES: [&str; 7] = [
    "process",
    "docker_compose",
    "podman",
    "systemd",
    "kubectl",
    "amp",
    "none",
];

/// Returns the row that a heartbeat tells, and the number of players; `None` for what is
/// no heartbeat.
pub(super) fn of_heartbeat(name: &str, body: &Value) -> Option<(WatchedRow, PlayerCount)> {
    let plane = body["plane"].as_str()?;
    let row = Row {
        id: name.to_owned(),
        plane: PLANES.into_iter().find(|known| *known == plane).unwrap_or("other"),
        host: text(&body["host"]),
        observation: observation(body),
        intent: body["intent"].as_str().and_then(want),
        player_count: PlayerCount::NotAsked,
        usage: None,
    };
    let players = players(&body["details"]);
    Some((watched(row), players))
}

/// Returns what is known of an instance once it has told another state.
pub(super) fn of_status(known: &WatchedRow, body: &Value) -> WatchedRow {
    watched(Row {
        observation: observation(body),
        ..known.row.clone()
    })
}

/// Returns the row of an instance that is not heard of any more.
pub(super) fn of_silence(known: &WatchedRow, since: Duration) -> WatchedRow {
    let since = humantime::format_duration(Duration::from_secs(since.as_secs()));
    let was = known.row.label();
    watched(Row {
        observation: Observation::Unknown {
            reason: format!("nothing was heard of it for {since}; it was {was} then"),
        },
        ..known.row.clone()
    })
}

fn watched(row: Row) -> WatchedRow {
    WatchedRow {
        row,
        // By their names.
        place: 0,
        seen: Instant::now(),
        awaits: None,
    }
}

fn want(word: &str) -> Option<Want> {
    [Want::Running, Want::Stopped]
        .into_iter()
        .find(|want| want.as_str() == word)
}

/// Returns a state by its word.
pub(super) fn state(body: &Value) -> Option<InstanceState> {
    let exit_code = body["exit_code"].as_i64().and_then(|code| i32::try_from(code).ok());
    InstanceState::of_label(body["state"].as_str()?, exit_code)
}

fn observation(body: &Value) -> Observation {
    let note = text(&body["note"]);
    let Some(state) = state(body) else {
        let reason = note.unwrap_or_else(|| "its node does not know".to_owned());
        return Observation::Unknown { reason };
    };
    let mut facts = Facts::bare(state, note);
    facts.uptime_seconds = body["uptime_seconds"].as_u64().unwrap_or_default();
    facts.since = time(&body["since"]);
    facts.pid = number(&body["pid"]);
    facts.restarts = number(&body["restarts"]).unwrap_or_default();
    facts.last_exit = last_exit(&body["last_exit"]);
    facts.details = details(&body["details"]);
    Observation::Known(Box::new(facts))
}

fn last_exit(value: &Value) -> Option<LastExit> {
    value.is_object().then(|| LastExit {
        code: value["code"].as_i64().and_then(|code| i32::try_from(code).ok()),
        signal: text(&value["signal"]),
        at: time(&value["at"]),
        requested: value["requested"].as_bool().unwrap_or_default(),
        oom_killed: value["oom_killed"].as_bool().unwrap_or_default(),
    })
}

fn details(value: &Value) -> Vec<(std::borrow::Cow<'static, str>, Detail)> {
    let detail = |value: &Value| match value {
        Value::Number(number) => number.as_u64().map(Detail::Number),
        Value::Bool(flag) => Some(Detail::Flag(*flag)),
        Value::String(text) => Some(Detail::Text(clean_line(text).into_owned())),
        _ => None,
    };
    let all = value.as_object().into_iter().flatten();
    all.filter_map(|(name, value)| Some((clean_line(name).into_owned().into(), detail(value)?)))
        .collect()
}

fn players(details: &Value) -> PlayerCount {
    match &details["players"] {
        Value::Object(players) => {
            let number = |name: &str| players.get(name).and_then(number);
            match number("online") {
                Some(online) => PlayerCount::Counted(Players {
                    online,
                    max: number("max"),
                }),
                None => PlayerCount::Unanswered,
            }
        }
        Value::Null if details.get("players").is_some() => PlayerCount::Unanswered,
        _ => PlayerCount::NotAsked,
    }
}

/// Returns what an instance uses by its heartbeat; `None` where that does not tell.
pub(super) fn usage(body: &Value) -> Option<Usage> {
    let told = body.get("usage").filter(|told| told.is_object())?;
    let usage = Usage::deserialize(told).ok()?;
    let cpu_percent = usage.cpu_percent.filter(|percent| *percent >= 0.0);
    Some(Usage { cpu_percent, ..usage })
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

/// Returns a text without what could harm a screen.
fn text(value: &Value) -> Option<String> {
    value.as_str().map(|text| clean_line(text).into_owned())
}

/// Returns a time that is written as RFC 3339.
pub(super) fn time(value: &Value) -> Option<SystemTime> {
    humantime::parse_rfc3339_weak(value.as_str()?).ok()
}
