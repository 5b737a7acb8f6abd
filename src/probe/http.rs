//! An HTTP request whose answer has a wanted status. HTTP/1.1 without TLS: see
//! RFC 9112, <https://www.rfc-editor.org/rfc/rfc9112>. What speaks TLS only is
//! asked with `exec` and a program such as curl(1).

use std::time::Duration;

use tokio::time::Instant;

use super::exchange::exchange;
use crate::inventory::{HttpCheck, HttpMethod};

/// The longest first line, in bytes.
const LINE_MAX: usize = 1024;

/// Reads the status in a first line; `None` if it is not whole yet, `Some(None)`
/// if it is not a status.
fn status(bytes: &[u8]) -> Option<Option<u16>> {
    let Some(end) = bytes.iter().take(LINE_MAX + 1).position(|byte| *byte == b'\n') else {
        return (bytes.len() > LINE_MAX).then_some(None);
    };
    let line = std::str::from_utf8(bytes.get(..end).unwrap_or_default()).unwrap_or_default();
    let code = line
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split_ascii_whitespace().nth(1))
        .filter(|code| code.len() == 3)
        .and_then(|code| code.parse().ok());
    Some(code)
}

/// Makes a request, and returns the status of its answer; `None` when none
/// came in time.
///
/// # Cancel safety
/// The request may have been made.
pub async fn request(request: &HttpCheck, limit: Duration) -> Option<u16> {
    let body = &request.body;
    let about = if body.is_empty() && request.method == HttpMethod::Get {
        String::new()
    } else {
        let kind = if body.starts_with(['{', '[']) {
            "application/json"
        } else {
            "text/plain; charset=utf-8"
        };
        format!("Content-Type: {kind}\r\nContent-Length: {}\r\n", body.len())
    };
    let head = format!(
        "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: gamectl\r\nAccept: */*\r\nConnection: close\r\n{about}\r\n",
        request.method, request.path, request.address
    );
    let whole = [head.as_bytes(), body.as_bytes()].concat();
    exchange(&request.address, Instant::now() + limit, &whole, status).await?
}

/// Checks that the status does not change once there is one.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    let found = (0..=bytes.len()).find_map(|n| status(bytes.get(..n)?));
    assert_eq!(found, status(bytes));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However an answer is cut into pieces.
    #[test]
    fn a_first_line_that_is_too_long_is_none() {
        for (padding, wanted) in [(LINE_MAX - 12, Some(200)), (LINE_MAX - 11, None)] {
            let line = format!("HTTP/1.1 200{}\nX: y", " ".repeat(padding));
            assert_eq!(status(line.as_bytes()), Some(wanted));
            let first = (0..=line.len()).find_map(|n| status(&line.as_bytes()[..n]));
            assert_eq!(first, Some(wanted));
        }
    }

    #[test]
    fn first_lines() {
        assert_eq!(status(b"HTTP/1.1 200 OK\r\nX: y"), Some(Some(200)));
        assert_eq!(status(b"HTTP/1.0 503\r\n"), Some(Some(503)));
        assert_eq!(status(b"HTTP/1.1 20"), None);
        for bad in [&b"HTTP/2 200\r\n"[..], b"hello\n", b"HTTP/1.1 2000 OK\n", &[b'x'; 2000]] {
            assert_eq!(status(bad), Some(None));
        }
    }
}
