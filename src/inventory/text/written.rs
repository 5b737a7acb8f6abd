//! Words from elsewhere as they are written into an inventory.

use crate::inventory::model::instance::{ID_MAX, is_valid_id};

/// Returns a value as a quoted text of YAML, in which nothing is a variable.
pub fn quoted(value: &str) -> String {
    format!("\"{}\"", within_quotes(value))
}

/// Returns a value as it stands between the quotes of a text of YAML, in which nothing is a
/// variable.
pub fn within_quotes(value: &str) -> String {
    let mut out = String::new();
    for c in value.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '$' => out.push_str("$$"),
            c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => out.push(c),
            c => out.push_str(&format!("\\U{:08x}", u32::from(c))),
        }
    }
    out
}

/// Returns values as a list of quoted texts, in one line.
pub fn quoted_list(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(", "))
}

/// Returns a valid id that is like this name; `None` where nothing of it can stand in an id.
pub fn id_like(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    let lower = name.chars().flat_map(char::to_lowercase);
    let mut id: String = lower.map(|c| if allowed(c) { c } else { '-' }).collect();
    id = id.trim_matches(['-', '_']).chars().take(ID_MAX).collect();
    is_valid_id(&id).then_some(id)
}

/// Returns an id that ends in this number, for where another instance has the same.
pub fn numbered_id(id: &str, number: usize) -> String {
    let ending = format!("-{number}");
    let kept: String = id.chars().take(ID_MAX - ending.len()).collect();
    kept + &ending
}
