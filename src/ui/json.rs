//! JSON in lines. A terminal may show it, so everything that a terminal could
//! obey is escaped.

use std::fmt::Write;

use serde_json::Value;

use crate::text::is_harmful;

/// Returns a value as one line, with everything escaped that is not printable.
pub(super) fn line(value: &Value) -> String {
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
