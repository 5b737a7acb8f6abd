//! The look at a text before the parser gets it: it must be text, and not be
//! nested without end.

use super::node::Refusal;

/// More brackets than this open at once are no inventory. The parser's time
/// grows with the square of their number.
const DEEPEST: usize = 500;

/// Refuses what is not text, what YAML does not allow in text, and what is
/// nested without end. Returns the text without its byte order mark.
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
    let content = text.lines().any(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && line != "---" && line != "..."
    });
    if !content {
        return Some(Refusal::new(None, "the inventory is empty").hint("write at least `instances: {}`"));
    }
    deep(text).map(|at| Refusal::new(at, "this is nested too deeply"))
}

/// Returns where more brackets are open than a person means, or more list dashes
/// follow each other on one line.
fn deep(text: &str) -> Option<usize> {
    let (mut depth, mut base, mut at) = (0usize, 0usize, 0usize);
    for line in text.split_inclusive('\n') {
        let body = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - body.len();
        // A word no deeper than where the first bracket was: the brackets
        // were part of some text.
        if indent <= base && !body.starts_with(['[', '{', ']', '}', ',', '\r', '\n', '#', '"', '\'']) {
            depth = 0;
        }
        let mut dashes = 0;
        for (i, byte) in line.bytes().enumerate() {
            match byte {
                b'[' | b'{' => {
                    if depth == 0 {
                        base = indent;
                    }
                    depth += 1;
                }
                b']' | b'}' => depth = depth.saturating_sub(1),
                b'-' | b'?' | b':' if line.as_bytes().get(i + 1) == Some(&b' ') => dashes += 1,
                b' ' | b'\t' => {}
                _ => dashes = 0,
            }
            if depth > DEEPEST || dashes > DEEPEST {
                return Some(at + i);
            }
        }
        at += line.len();
    }
    None
}
