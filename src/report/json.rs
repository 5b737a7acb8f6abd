//! The answers for programs, as JSON values: see "JSON" in the contract of the
//! command line. Keys may be added, and are never changed.

use serde_json::{Map, Value, json};

use crate::event::{ComingFiring, DryRun, Gauges, LogEntry, PlayerCount, Row, ScheduleView, Verb, VerbResult};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::{Problem, Problems};
use crate::supervisor::{Facts, Observation, Usage, rfc3339};

const SCHEMA: u32 = 1;

pub fn status(rows: &[Row]) -> Value {
    let rows: Vec<Value> = rows.iter().map(row).collect();
    json!({ "schema": SCHEMA, "instances": rows })
}

fn row(row: &Row) -> Value {
    let unknown = Facts::bare(crate::supervisor::InstanceState::Stopped, None);
    let (facts, reason) = match &row.observation {
        Observation::Known(facts) => (facts.as_ref(), None),
        Observation::Unknown { reason } => (&unknown, Some(reason)),
    };
    let mut details: Map<String, Value> = facts
        .details
        .iter()
        .map(|(name, detail)| (name.to_string(), json!(detail)))
        .collect();
    details.extend(shown(row.player_count).map(|players| ("players".to_owned(), players)));
    let mut value = json!({
        "id": row.id,
        "plane": row.plane,
        "host": row.host,
        "uptime_seconds": facts.uptime_seconds,
        "intent": row.intent,
        "since": facts.since.map(rfc3339),
        "pid": facts.pid,
        "restarts": facts.restarts,
        "last_exit": facts.last_exit,
        "note": facts.note.as_ref().or(reason),
        "details": details,
    });
    if let Some(usage) = row.usage {
        value["usage"] = json!(usage);
    }
    flattened(row, value)
}

/// Returns a number of players; `None` where the game was not asked.
fn shown(count: PlayerCount) -> Option<Value> {
    match count {
        PlayerCount::NotAsked => None,
        PlayerCount::Unanswered => Some(Value::Null),
        PlayerCount::Counted(players) => Some(json!(players)),
    }
}

/// Returns the first object of a stream: all instances as they are.
pub fn snapshot(rows: &[Row]) -> Value {
    let rows: Vec<Value> = rows.iter().map(row).collect();
    json!({ "schema": SCHEMA, "event": "snapshot", "instances": rows })
}

/// Returns a transition in a stream; `at` is RFC 3339.
pub fn transition(row: &Row, at: &str) -> Value {
    let note = match &row.observation {
        Observation::Known(facts) => facts.note.as_ref(),
        Observation::Unknown { reason } => Some(reason),
    };
    flattened(
        row,
        json!({ "event": "status", "id": row.id, "host": row.host, "note": note, "at": at }),
    )
}

/// Returns a heartbeat in a stream; `at` is RFC 3339.
pub fn heartbeat(row: &Row, uptime_seconds: u64, at: &str) -> Value {
    let value = json!({
        "event": "heartbeat",
        "id": row.id,
        "host": row.host,
        "uptime_seconds": uptime_seconds,
        "at": at,
    });
    flattened(row, value)
}

/// Returns a heartbeat for whoever has not heard of the instance before: the whole row.
/// `at` is RFC 3339.
pub fn beat(row: &Row, uptime_seconds: u64, gauges: Gauges, at: &str) -> Value {
    let mut value = self::row(row);
    value["event"] = json!("heartbeat");
    value["at"] = json!(at);
    value["uptime_seconds"] = json!(uptime_seconds);
    if let Some(players) = shown(gauges.players) {
        value["details"]["players"] = players;
    }
    if let Some(usage) = gauges.usage {
        value["usage"] = json!(usage);
    }
    value
}

/// Returns in a stream what an instance uses now; `at` is RFC 3339.
pub fn usage(id: &str, usage: Option<Usage>, at: &str) -> Value {
    json!({ "event": "usage", "id": id, "usage": usage, "at": at })
}

/// Returns an entry of the log. `kind` is there for those that programs may want to act on.
pub fn log_entry(entry: &LogEntry) -> Value {
    let mut value = json!({
        "event": "log",
        "level": entry.level.as_str(),
        "id": entry.id,
        "host": entry.host,
        "message": entry.text,
        "at": entry.at,
    });
    if let Some(kind) = entry.kind {
        value["kind"] = json!(kind);
    }
    if let Some(news) = &entry.schedule {
        value["event"] = json!("schedule");
        value["outcome"] = json!(news.outcome.as_str());
        value["do"] = json!(news.deed);
        value["cron"] = json!(news.cron);
        value["timezone"] = json!(news.timezone);
        value["planned"] = json!(news.planned);
    }
    value
}

/// Returns the word in a stream that so many objects were dropped, because they were
/// not read in time; `at` is RFC 3339.
pub fn lost(count: usize, at: &str) -> Value {
    json!({ "event": "lost", "count": count, "at": at })
}

/// Returns a line of the output of an instance.
pub fn log_line(id: &str, text: &str) -> Value {
    json!({ "event": "line", "id": id, "text": text })
}

/// Adds the state of the row to an object.
fn flattened(row: &Row, mut value: Value) -> Value {
    let state = match &row.observation {
        Observation::Known(facts) => json!(facts.state),
        Observation::Unknown { .. } => json!({ "state": "unknown" }),
    };
    if let (Value::Object(value), Value::Object(state)) = (&mut value, state) {
        value.extend(state);
    }
    value
}

pub fn results(verb: Verb, results: &[VerbResult]) -> Value {
    let result = |one: &VerbResult| {
        json!({
            "id": one.id,
            "ok": one.ok(),
            "changed": one.changed,
            "state": one.state.as_ref().map_or("unknown", |state| state.as_label()),
            "took_seconds": (one.took.as_secs_f64() * 1000.0).round() / 1000.0,
            "ended_by": one.ended_by,
            "note": one.note,
            "error": one.error,
        })
    };
    let results: Vec<Value> = results.iter().map(result).collect();
    json!({ "schema": SCHEMA, "verb": verb, "results": results })
}

pub fn dry_run(verb: Verb, items: &[DryRun]) -> Value {
    json!({ "schema": SCHEMA, "verb": verb, "dry_run": true, "results": items })
}

pub fn games(list: &[(&str, &str)]) -> Value {
    let item = |(name, title): &(&str, &str)| json!({ "name": name, "title": title });
    let items: Vec<Value> = list.iter().map(item).collect();
    json!({ "schema": SCHEMA, "games": items })
}

pub fn game(name: &str, yaml: &str) -> Value {
    json!({ "schema": SCHEMA, "name": name, "yaml": yaml })
}

pub fn reply(id: &str, reply: Option<&str>) -> Value {
    json!({ "schema": SCHEMA, "id": id, "reply": reply })
}

pub fn wrote(path: &str) -> Value {
    json!({ "schema": SCHEMA, "wrote": path })
}

pub fn findings(findings: &[Finding]) -> Value {
    json!({ "schema": SCHEMA, "findings": findings })
}

pub fn schedules(view: &ScheduleView) -> Value {
    let firings: Vec<Value> = view.firings.iter().map(coming).collect();
    json!({ "schema": 1, "run": view.run, "firings": firings })
}

/// Returns the answer of a skip; `changed` unless it was to be skipped already.
pub fn skipped(firing: &ComingFiring, changed: bool) -> Value {
    json!({ "schema": 1, "changed": changed, "firing": coming(firing) })
}

/// Returns the answer of a cancel, with what was cancelled in words.
pub fn cancelled(id: &str, countdown: Option<&str>) -> Value {
    json!({ "schema": 1, "id": id, "changed": countdown.is_some(), "cancelled": countdown })
}

fn coming(firing: &ComingFiring) -> Value {
    json!({
        "id": firing.id,
        "host": firing.host,
        "at": firing.at_rfc3339,
        "planned": firing.planned_rfc3339,
        "cron": firing.cron,
        "timezone": firing.timezone,
        "do": firing.deed,
        "does": firing.does,
        "skipped": firing.is_skipped,
    })
}

pub fn failure(failure: &Failure) -> Value {
    json!({ "schema": SCHEMA, "error": {
        "kind": failure.kind,
        "message": failure.message,
        "hint": failure.hint,
        "file": null,
        "line": null,
        "column": null,
    }})
}

/// Returns the problems of an inventory: the first one as the error, and all of
/// them beside it.
pub fn problems(problems: &Problems) -> Value {
    let problem = |one: &Problem| {
        json!({
            "kind": "inventory",
            "message": one.message,
            "hint": one.hint,
            "file": problems.source,
            "line": one.line,
            "column": one.column,
        })
    };
    let all: Vec<Value> = problems.list.iter().map(problem).collect();
    json!({ "schema": SCHEMA, "error": all.first(), "problems": all })
}
