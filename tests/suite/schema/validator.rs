//! The part of JSON Schema that the inventory's schema uses. A keyword that is not
//! known here fails the test.

use serde_json::Value;

/// Returns the problems of a value.
pub(crate) fn problems(root: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(root, root, value, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = schema.as_object().expect("a schema is an object");
    for (keyword, wants) in schema {
        let holds = match keyword.as_str() {
            "$schema" | "title" | "description" | "$defs" => true,
            "$ref" => {
                let path = wants
                    .as_str()
                    .and_then(|path| path.strip_prefix('#'))
                    .expect("a local one");
                check(root, root.pointer(path).expect("it is defined"), value, at, found);
                true
            }
            "type" => match wants {
                Value::Array(any) => any.iter().any(|one| is(one, value)),
                one => is(one, value),
            },
            "const" => wants == value,
            "enum" => wants.as_array().is_some_and(|all| all.contains(value)),
            "minimum" => value.as_u64().is_none_or(|number| Some(number) >= wants.as_u64()),
            "maximum" => value.as_u64().is_none_or(|number| Some(number) <= wants.as_u64()),
            "minLength" => value
                .as_str()
                .is_none_or(|text| text.len() as u64 >= wants.as_u64().unwrap_or(0)),
            "pattern" => matches(wants, value),
            "anyOf" => wants.as_array().expect("a list").iter().any(|one| {
                let mut inner = Vec::new();
                check(root, one, value, at, &mut inner);
                inner.is_empty()
            }),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, wants, item, &format!("{at}/{index}"), found);
                }
                true
            }
            "required" => value.as_object().is_none_or(|entries| {
                let names = wants.as_array().expect("a list");
                names
                    .iter()
                    .all(|name| name.as_str().is_some_and(|name| entries.contains_key(name)))
            }),
            "propertyNames" => {
                for name in value.as_object().into_iter().flat_map(|entries| entries.keys()) {
                    check(root, wants, &Value::from(name.as_str()), &format!("{at}/{name}"), found);
                }
                true
            }
            "properties" => {
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if let Some(own) = wants.get(name) {
                        check(root, own, inner, &format!("{at}/{name}"), found);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties");
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if known.and_then(|known| known.get(name)).is_some() {
                        continue;
                    }
                    if wants.is_object() {
                        check(root, wants, inner, &format!("{at}/{name}"), found);
                    } else {
                        found.push(format!("{at}/{name}: not known"));
                    }
                }
                true
            }
            other => panic!("the keyword `{other}` is not known here"),
        };
        if !holds {
            found.push(format!("{at}: {keyword} {wants}, but it is {value}"));
        }
    }
}

fn is(kind: &Value, value: &Value) -> bool {
    match kind.as_str().expect("a type is a word") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("there is no type `{other}`"),
    }
}

fn matches(pattern: &Value, value: &Value) -> bool {
    let pattern = regex::Regex::new(pattern.as_str().expect("text")).expect("a regular expression");
    value.as_str().is_none_or(|text| pattern.is_match(text))
}
