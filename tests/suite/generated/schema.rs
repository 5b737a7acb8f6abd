//! The JSON Schema of the inventory, from the table of its keys.

use gamectl::inventory::keys::{Holds, SECTIONS, Section};
use serde_json::{Map, Value, json};

/// All of it.
pub(crate) fn text() -> String {
    let mut defs = Map::new();
    for section in &SECTIONS[1..] {
        defs.insert(section.name.to_owned(), mapping(section));
    }
    let mut whole = mapping(SECTIONS[0]);
    whole["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    whole["title"] = json!("gamectl inventory");
    whole["type"] = json!("object");
    whole["required"] = json!(["instances"]);
    whole["properties"]["instances"]["propertyNames"] = json!({ "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$" });
    whole["$defs"] = Value::Object(defs);
    serde_json::to_string_pretty(&whole).expect("it can be written") + "\n"
}

fn mapping(section: &Section) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in section.keys() {
        let mut schema = holds(key.holds);
        let default = match key.default {
            "required" => "Required.".to_owned(),
            default => format!("Default: {default}."),
        };
        schema["description"] = json!(format!("{} {default} Example: {}", key.about, key.example));
        properties.insert(key.name.to_owned(), schema);
        // What is required may come from `defaults`, but for those.
        if key.default == "required" && matches!(section.name, "http" | "hook" | "password") {
            required.push(key.name);
        }
    }
    let kind = if required.is_empty() {
        json!(["object", "null"])
    } else {
        json!("object")
    };
    let mut schema = json!({ "type": kind, "additionalProperties": false, "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A value of this form, or one that a variable is to give.
fn scalar(kind: &str, also: Value) -> Value {
    let mut own = json!({ "type": kind });
    if let (Value::Object(own), Value::Object(also)) = (&mut own, also) {
        own.extend(also);
    }
    json!({ "anyOf": [own, { "type": "string", "pattern": "\\$\\{" }] })
}

fn text_of(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": format!("{pattern}|\\$\\{{") })
}

fn holds(what: Holds) -> Value {
    let any = json!({ "type": ["string", "number", "boolean"] });
    let section = |of: &Section| json!({ "$ref": format!("#/$defs/{}", of.name) });
    let list = |items: Value| json!({ "type": "array", "items": items });
    let number = |low: u32, high: u32| scalar("integer", json!({ "minimum": low, "maximum": high }));
    let choice = |words: &[&str]| scalar("string", json!({ "enum": words }));
    match what {
        Holds::Text => any,
        Holds::Path => json!({ "type": "string", "minLength": 1 }),
        Holds::Flag => scalar("boolean", json!({})),
        Holds::Duration => json!({ "anyOf": [text_of("^ *[0-9]"), { "const": 0 }] }),
        Holds::Size => json!({ "anyOf": [text_of("^ *[0-9]"), { "type": "integer", "minimum": 0 }] }),
        Holds::Number(low, high) => number(low, high),
        Holds::Signed(low, high) => scalar("integer", json!({ "minimum": low, "maximum": high })),
        Holds::Numbers(low, high) => list(number(low, high)),
        Holds::Address => text_of("^.+:[0-9]+$"),
        Holds::PortSpec => text_of("^[0-9]{1,5}/(udp|tcp)$"),
        Holds::Words => list(any),
        Holds::Choice(words) => choice(words),
        Holds::ChoiceList(words) => list(choice(words)),
        Holds::Free => json!({ "type": "object" }),
        Holds::Map(of) => json!({ "type": ["object", "null"], "additionalProperties": holds(*of) }),
        Holds::Section(of) => section(of),
        Holds::SectionOr(of) => json!({ "anyOf": [any, section(of)] }),
        Holds::SectionOrFlag(of) => json!({ "anyOf": [scalar("boolean", json!({})), section(of)] }),
        Holds::List(of) => list(section(of)),
    }
}
