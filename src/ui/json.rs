//! Answers for programs. What a terminal could obey is escaped: JSON is read
//! on terminals too.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::text::is_harmful;
use crate::event::{DryRun, LogEntry, PlayerCount, Row, Verb, VerbResult};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::{Problem, Problems};
use crate::supervisor::{Facts, Observation, PlannedStep, rfc3339};

const SCHEMA: u32 = 1;

/// One line, with everything escaped that is not printable.
fn line(value: &Value) -> String {
    let text = value.to_string();
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if is_harmful(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                // Writing into a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

/// The rows of `status`.
pub(super) fn status(rows: &[Row]) -> String {
    let rows: Vec<Value> = rows.iter().map(row).collect();
    line(&json!({ "schema": SCHEMA, "instances": rows }))
}

/// One row, with its state flattened into it.
fn row(row: &Row) -> Value {
    let unknown = Facts::bare(crate::supervisor::InstanceState::Stopped, None);
    let (facts, reason) = match &row.observation {
        Observation::Known(facts) => (facts.as_ref(), None),
        Observation::Unknown { reason } => (&unknown, Some(reason)),
    };
    let mut details: Map<String, Value> = facts
        .details
        .iter()
        .map(|(name, detail)| ((*name).to_owned(), json!(detail)))
        .collect();
    let players = match row.player_count {
        PlayerCount::NotAsked => None,
        PlayerCount::Unanswered => Some(Value::Null),
        PlayerCount::Counted(players) => Some(json!(players)),
    };
    details.extend(players.map(|players| ("players".to_owned(), players)));
    let value = json!({
        "id": row.id,
        "plane": row.plane,
        "uptime_seconds": facts.uptime_seconds,
        "intent": row.intent,
        "since": facts.since.map(rfc3339),
        "pid": facts.pid,
        "restarts": facts.restarts,
        "last_exit": facts.last_exit,
        "note": facts.note.as_ref().or(reason),
        "details": details,
    });
    flattened(row, value)
}

/// The first line of a stream: all instances as they are.
pub(super) fn snapshot(rows: &[Row]) -> String {
    let rows: Vec<Value> = rows.iter().map(row).collect();
    line(&json!({ "schema": SCHEMA, "event": "snapshot", "instances": rows }))
}

/// A transition in a stream.
pub(super) fn transition(row: &Row, at: &str) -> String {
    line(&flattened(row, json!({ "event": "status", "id": row.id, "at": at })))
}

/// A sign of life in a stream.
pub(super) fn heartbeat(row: &Row, uptime_seconds: u64, at: &str) -> String {
    let value = json!({ "event": "heartbeat", "id": row.id, "uptime_seconds": uptime_seconds, "at": at });
    line(&flattened(row, value))
}

/// Something that happened, in a stream.
pub(super) fn happening(happening: &LogEntry) -> String {
    line(&json!({
        "event": "log",
        "level": happening.level.as_str(),
        "id": happening.id,
        "message": happening.text,
        "at": happening.at,
    }))
}

/// The value with the state of the row in it.
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

/// The results of a verb.
pub(super) fn results(verb: Verb, results: &[VerbResult]) -> String {
    let result = |one: &VerbResult| {
        json!({
            "id": one.id,
            "ok": one.ok(),
            "changed": one.changed,
            "state": one.state.as_ref().map_or("unknown", |state| state.as_label()),
            "took_seconds": (one.took.as_secs_f64() * 1000.0).round() / 1000.0,
            "ended_by": one.ended_by,
            "note": one.note,
            "error": one.error.as_ref().map(|failure| json!({
                "kind": failure.kind,
                "message": failure.message,
                "hint": failure.hint,
            })),
        })
    };
    let results: Vec<Value> = results.iter().map(result).collect();
    line(&json!({ "schema": SCHEMA, "verb": verb, "results": results }))
}

/// What a verb would do.
pub(super) fn dry_run(verb: Verb, items: &[DryRun]) -> String {
    let step = |step: &PlannedStep| json!({ "does": step.does, "cause": step.cause });
    let item = |one: &DryRun| {
        let steps: Vec<Value> = one.steps.iter().map(step).collect();
        json!({ "id": one.id, "would": one.would, "steps": steps })
    };
    let items: Vec<Value> = items.iter().map(item).collect();
    line(&json!({ "schema": SCHEMA, "verb": verb, "dry_run": true, "results": items }))
}

/// The games that are known.
pub(super) fn games(list: &[(&str, &str)]) -> String {
    let item = |(name, title): &(&str, &str)| json!({ "name": name, "title": title });
    let items: Vec<Value> = list.iter().map(item).collect();
    line(&json!({ "schema": SCHEMA, "games": items }))
}

/// One of them.
pub(super) fn game(name: &str, yaml: &str) -> String {
    line(&json!({ "schema": SCHEMA, "name": name, "yaml": yaml }))
}

/// What a game replied to a line.
pub(super) fn reply(id: &str, reply: Option<&str>) -> String {
    line(&json!({ "schema": SCHEMA, "id": id, "reply": reply }))
}

/// A file that was written.
pub(super) fn wrote(path: &str) -> String {
    line(&json!({ "schema": SCHEMA, "wrote": path }))
}

/// What was found when things were looked over.
pub(super) fn findings(findings: &[Finding]) -> String {
    let finding = |one: &Finding| {
        json!({
            "id": one.id,
            "about": one.about,
            "level": one.level,
            "message": one.message,
            "hint": one.hint,
        })
    };
    let all: Vec<Value> = findings.iter().map(finding).collect();
    line(&json!({ "schema": SCHEMA, "findings": all }))
}

/// A failure that ended the command.
pub(super) fn failure(failure: &Failure) -> String {
    line(&json!({ "schema": SCHEMA, "error": {
        "kind": failure.kind,
        "message": failure.message,
        "hint": failure.hint,
        "file": null,
        "line": null,
        "column": null,
    }}))
}

/// What is wrong with an inventory: the first problem as the error, and all of
/// them beside it.
pub(super) fn problems(problems: &Problems) -> String {
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
    line(&json!({ "schema": SCHEMA, "error": all.first(), "problems": all }))
}
