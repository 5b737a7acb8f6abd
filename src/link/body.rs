//! The bodies of messages: the objects of `run --json`, with the node and the time.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::event::{Gauges, LogEntry, Row};
use crate::report::json as shape;

/// Returns the time of a message, as RFC 3339 with milliseconds.
pub(super) fn now() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// Returns a transition.
pub(super) fn status(node: &str, row: &Row, at: &str) -> Value {
    of_node(node, shape::transition(row, at))
}

/// Returns the word that an instance is not kept any more.
pub(super) fn gone(node: &str, id: &str, at: &str) -> Value {
    json!({ "event": "gone", "id": id, "node": node, "at": at })
}

/// Returns a heartbeat. A reader who has not heard another one for some intervals does not
/// know how the instance is.
pub(super) fn heartbeat(
    node: &str,
    row: &Row,
    uptime_seconds: u64,
    gauges: Gauges,
    every: Duration,
    at: &str,
) -> Value {
    let mut beat = of_node(node, shape::beat(row, uptime_seconds, gauges, at));
    beat["interval_seconds"] = json!(every.as_secs_f64());
    beat
}

pub(super) fn event(node: &str, entry: &LogEntry) -> Value {
    of_node(node, shape::log_entry(entry))
}

/// Returns the word that this `run` begins or ends.
pub(super) fn of_run(node: &str, event: &str, at: &str) -> Value {
    json!({ "event": event, "node": node, "at": at, "version": env!("CARGO_PKG_VERSION") })
}

fn of_node(node: &str, mut value: Value) -> Value {
    value["node"] = json!(node);
    value
}
