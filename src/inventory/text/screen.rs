//! The look at a text before the parser gets it: it must be text.

use super::node::Refusal;

/// Refuses what is not text, and what YAML does not allow in text. Returns the
/// text without its byte order mark.
pub(crate) fn screen(bytes: &[u8]) -> Result<&str, (String, Refusal)> {
    let lossy = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let refusal = Refusal::new(0, "this is UTF-16, not UTF-8").hint("save the file as UTF-8");
        return Err((String::new(), refusal));
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or(0);
        let message = format!("this is not UTF-8: the byte 0x{byte:02X} does not belong here");
        (lossy(bytes), Refusal::new(at, message).hint("save the file as UTF-8"))
    })?;
    match screen_text(text) {
        Some(refusal) => Err((text.to_owned(), refusal)),
        None => Ok(text),
    }
}

fn screen_text(text: &str) -> Option<Refusal> {
    let odd = |c: &(usize, char)| {
        let c = c.1;
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}'))
            || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    let suspicious = |b: u8| !matches!(b, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    if text.bytes().any(suspicious)
        && let Some((at, c)) = text.char_indices().find(odd)
    {
        let code = u32::from(c);
        return Some(Refusal::new(
            at,
            format!("the character U+{code:04X} is not allowed in YAML"),
        ));
    }
    None
}
