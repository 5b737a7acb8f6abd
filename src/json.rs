//! JSON as game servers write it: a byte order mark before it, line breaks and halves of
//! characters in its texts, more depth than a parser follows, and something behind it.
//!
//! Only what is asked for is understood, so that nothing else can be in the way.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserializer;
use serde::de::{Error, Visitor};
use serde_json::value::RawValue;

/// The members of an object, each as it is written.
#[derive(Debug)]
pub struct Members(BTreeMap<String, Box<RawValue>>);

impl Members {
    /// Reads the object that a text begins with; `None` if it begins with none.
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        let printable: Vec<u8> = text.iter().map(|byte| (*byte).max(b' ')).collect();
        let text = String::from_utf8_lossy(&printable);
        let first = serde_json::Deserializer::from_str(&text).into_iter().next()?;
        first.ok().map(Self)
    }

    /// Returns true if there is such a member, be it null.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Returns a member as it is written; `None` if it is missing or null.
    pub fn get(&self, name: &str) -> Option<&str> {
        let raw = self.0.get(name).map(|raw| raw.get());
        raw.filter(|raw| *raw != "null")
    }
}

/// Returns the text that a value is, with halves of characters replaced; `None` if it is
/// another value.
pub fn text(raw: &str) -> Option<String> {
    let bytes = serde_json::Deserializer::from_str(raw)
        .deserialize_bytes(TextBytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the whole number that a value is, or that its text is.
pub fn whole_number(raw: &str) -> Option<i64> {
    let text = text(raw);
    let number = text.as_deref().unwrap_or(raw).trim();
    let whole = match number.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        Some(_) => return None,
        None => number,
    };
    whole.parse().ok()
}

/// Takes the bytes of a text: as such, halves of characters are let through.
struct TextBytes;

impl Visitor<'_> for TextBytes {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn member(text: &str) -> Option<String> {
        Members::read(text.as_bytes())?.get("a").map(str::to_owned)
    }

    #[test]
    fn whatever_else_an_object_holds() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for text in [
            r#"{"a":1}"#,
            "\u{feff} {\r\n\"a\" : 1 }",
            r#"{"b":"\ud83d","a":1}"#,
            "{\"b\":\"\t\n\0\",\"a\":1}",
            &format!(r#"{{"b":{deep},"a":1}}"#),
            r#"{"a":{},"a":1}"#,
            r#"{"a":1} {"a":2} and more"#,
        ] {
            assert_eq!(member(text).as_deref(), Some("1"), "{}", &text[..text.len().min(50)]);
        }
        let bad_text = [b"{\"b\":\"\xff\xc3\",\"a\":1}".as_slice(), b"{\"a\":1}\xff"];
        for text in bad_text {
            assert_eq!(Members::read(text).unwrap().get("a"), Some("1"), "{text:?}");
        }
        for none in ["", "[1]", "1", r#""a""#, "{", r#"{"a":1"#, r#"{"a":null}"#, "{}"] {
            assert_eq!(member(none), None, "{none}");
        }
    }

    #[test]
    fn texts_and_numbers() {
        assert_eq!(
            text(r#""a\n\ud83d b\u00fc""#).as_deref(),
            Some("a\n\u{fffd}\u{fffd}\u{fffd} bü")
        );
        assert_eq!(
            text("\"\u{1f3ae} \\ud83c\\udfae\"").as_deref(),
            Some("\u{1f3ae} \u{1f3ae}")
        );
        for other in ["1", "[1,2]", "{}", "true", "\"", "[\"a\"]"] {
            assert_eq!(text(other), None, "{other}");
        }
        for (raw, number) in [
            ("20", Some(20)),
            ("-1", Some(-1)),
            ("20.0", Some(20)),
            ("20.5", None),
            ("\"20\"", Some(20)),
            ("\" 20.00 \"", Some(20)),
            ("1e99", None),
            ("\"many\"", None),
            ("[20]", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(whole_number(raw), number, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Members::read(&bytes);
        }

        #[test]
        fn any_json_like_text_is_read(words in prop::collection::vec(0_usize..9, 0..30)) {
            let choice = ["{", "}", "[", "]", "\"a\":", "\"\\ud800\"", ",", "1.0", "null"];
            let text: String = words.iter().map(|word| choice[*word]).collect();
            if let Some(raw) = member(&text) {
                let _ = (super::text(&raw), whole_number(&raw));
            }
        }
    }
}
