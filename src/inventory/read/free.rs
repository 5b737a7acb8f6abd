//! Mappings whose keys and values are not ours: they are passed on as JSON.

use serde_json::{Map, Number, Value};

use super::collector::Collector;
use crate::inventory::text::node::{Node, Shape};

/// Reads a mapping that is not empty.
pub(super) fn read(check: &mut Collector, what: &str, node: &Node) -> Option<Value> {
    match &node.shape {
        Shape::Map(map) if !map.entries.is_empty() => value(check, what, node),
        _ => {
            check.mismatch(what, "a mapping", node);
            None
        }
    }
}

fn value(check: &mut Collector, what: &str, node: &Node) -> Option<Value> {
    if let Some(literal) = literal(node) {
        return Some(literal);
    }
    match &node.shape {
        Shape::Scalar(_) => {
            let text = check.word(&format!("a value of {what}"), "text", node)?;
            Some(Value::String(text.into_owned()))
        }
        Shape::List(_) => {
            let items = check.list(what, "a list", node)?;
            items.iter().map(|item| value(check, what, item)).collect()
        }
        Shape::Map(_) => {
            let mut object = Map::new();
            for entry in check.mapping(what, "a mapping", node) {
                object.insert(entry.key.to_string(), value(check, what, &entry.value)?);
            }
            Some(Value::Object(object))
        }
    }
}

/// Returns what a plain word means in JSON: null, true, false or a number; `None` if it is
/// a text.
pub(super) fn literal(node: &Node) -> Option<Value> {
    if node.is_null() {
        return Some(Value::Null);
    }
    let Shape::Scalar(scalar) = &node.shape else {
        return None;
    };
    let text = scalar.text.as_ref();
    match text {
        _ if !scalar.plain => None,
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        // What would be written in another way, such as 1.10, may be meant as a text.
        _ => {
            let number: Number = serde_json::from_str(text).ok()?;
            (number.to_string() == text).then_some(Value::Number(number))
        }
    }
}
