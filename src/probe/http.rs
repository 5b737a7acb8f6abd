//! An HTTP request whose answer has a wanted status. HTTP/1.1, see RFC 9112,
//! <https://www.rfc-editor.org/rfc/rfc9112>: only the first line of the answer is read.

use std::fmt::Write;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

use super::exchange::answer;
use super::tls;
use crate::channel;
use crate::failure::{Failure, FailureKind};
use crate::inventory::{HttpCheck, HttpLogin, HttpMethod, Secret};

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

/// Makes a request.
///
/// # Errors
/// When nothing answers in time, or the answer is not a wanted one.
///
/// # Cancel safety
/// The request may have been made.
pub async fn request(check: &HttpCheck, limit: Duration) -> Result<(), Failure> {
    let until = Instant::now() + limit;
    let asked = timeout_at(until, ask(check, until)).await;
    let late = || Failure::new(FailureKind::Timeout, "it did not answer in time");
    match asked.unwrap_or_else(|_| Err(late()))? {
        Some(status) if check.accepts(status) => Ok(()),
        Some(status) => Err(unwanted(check, status)),
        None => Err(Failure::failed("what it answers is not HTTP").hint("a server that speaks TLS wants `https://`")),
    }
}

fn unwanted(check: &HttpCheck, status: u16) -> Failure {
    let access = &check.access;
    match status {
        401 | 403 if access.login.is_some() || !access.headers.is_empty() => {
            Failure::failed(format!("it refused the login ({status})"))
                .hint("compare what `http` gives with the game's own settings")
        }
        401 | 403 => Failure::failed(format!("it wants a login ({status}), and none is given"))
            .hint("give `http` a `user` with its `password`, or a `token`"),
        _ => Failure::failed(format!("the answer was {status}")),
    }
}

async fn ask(check: &HttpCheck, until: Instant) -> Result<Option<u16>, Failure> {
    let request = whole_request(check).await?;
    let stream = channel::connect(&check.address, until).await?;
    match &check.tls {
        None => answered(stream, &request).await,
        Some(tls) => answered(tls::connect(stream, &check.address.host, tls).await?, &request).await,
    }
}

async fn answered(stream: impl AsyncRead + AsyncWrite + Unpin, request: &Secret) -> Result<Option<u16>, Failure> {
    match answer(stream, request.reveal().as_bytes(), status).await {
        Ok(Some(status)) => Ok(status),
        Ok(None) => Err(Failure::failed("it closed the connection without an answer")),
        Err(error) => Err(Failure::failed(format!("the connection was lost: {error}"))),
    }
}

async fn whole_request(check: &HttpCheck) -> Result<Secret, Failure> {
    let body = &check.body;
    let mut request = format!(
        "{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
        check.method, check.path, check.address
    );
    let has = |wanted: &str| {
        let mut names = check.access.headers.iter().map(|(name, _)| name);
        names.any(|name| name.eq_ignore_ascii_case(wanted))
    };
    let mut add = |name: &str, value: &str| {
        let _ = write!(request, "{name}: {value}\r\n");
    };
    for (name, value) in [("User-Agent", "gamectl"), ("Accept", "*/*")] {
        if !has(name) {
            add(name, value);
        }
    }
    if !body.is_empty() || check.method != HttpMethod::Get {
        if !has("Content-Type") {
            let is_json = body.starts_with(['{', '[']);
            add(
                "Content-Type",
                if is_json {
                    "application/json"
                } else {
                    "text/plain; charset=utf-8"
                },
            );
        }
        add("Content-Length", &body.len().to_string());
    }
    if let Some(login) = &check.access.login {
        let secret = channel::secret(login.password()).await?;
        let secret = secret.reveal();
        let value = match login {
            HttpLogin::Basic { user, .. } => {
                format!("Basic {}", channel::base64(format!("{user}:{secret}").as_bytes()))
            }
            // A line of a file may hold anything.
            HttpLogin::Bearer(_) if secret.contains(char::is_control) => {
                return Err(Failure::failed("the token has control characters in it"));
            }
            HttpLogin::Bearer(_) => format!("Bearer {secret}"),
        };
        add("Authorization", &value);
    }
    for (name, value) in &check.access.headers {
        add(name, value.reveal());
    }
    request.push_str("\r\n");
    request.push_str(body);
    Ok(Secret::new(request))
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
