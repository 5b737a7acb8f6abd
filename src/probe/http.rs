//! An HTTP request whose answer has a wanted status.

use std::fmt::Write;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::http_answer::{HEAD_MAX, Head, NotHttp, head};
use crate::channel::{self, AskError};
use crate::failure::{Failure, FailureKind};
use crate::http::tls;
use crate::inventory::{HttpCheck, HttpLogin, HttpMethod, Secret};

/// A connection over which a request has gone out.
type Connection = Box<dyn AsyncRead + Send + Unpin>;

/// Makes a request.
///
/// # Errors
/// When nothing answers in time, or the answer is not a wanted one. It is refused where
/// it was not sent as a whole, or was answered with a status from 400 to 499; any other
/// answer leaves open whether it was carried out.
///
/// # Cancel safety
/// The request may have been made.
pub async fn request(check: &HttpCheck, limit: Duration) -> Result<(), AskError> {
    let until = Instant::now() + limit;
    let sent = timeout_at(until, send(check, until)).await;
    let mut connection = sent.unwrap_or_else(|_| Err(late()))?;
    let mut heard = Vec::new();
    let end = timeout_at(until, hear(&mut connection, check, &mut heard)).await;
    let failure = match head(&heard) {
        Ok(Some(head)) if check.accepts(head.status) => return Ok(()),
        Ok(Some(head)) if head.is_whole && (400..500).contains(&head.status) => {
            return Err(AskError::Refused(unwanted(check, &head)));
        }
        Ok(Some(head)) => unwanted(check, &head),
        Err(NotHttp) => not_http(),
        Ok(None) => match end {
            Ok(Ok(())) => cut_off(&heard),
            Ok(Err(failure)) => failure,
            Err(_) => late(),
        },
    };
    Err(AskError::Unclear(failure))
}

fn late() -> Failure {
    Failure::new(FailureKind::Timeout, "it did not answer in time")
}

fn not_http() -> Failure {
    Failure::failed("what it answers is not HTTP").hint("a server that speaks TLS wants `https://`")
}

/// Returns the failure of a server that closed the connection too early.
fn cut_off(heard: &[u8]) -> Failure {
    Failure::failed(match heard {
        [] => "it closed the connection without an answer",
        _ => "it closed the connection within its answer",
    })
}

fn lost(error: &io::Error) -> Failure {
    Failure::failed(format!("the connection was lost: {error}"))
}

fn unwanted(check: &HttpCheck, head: &Head) -> Failure {
    let (access, status) = (&check.access, head.status);
    match (status, &head.location) {
        (401 | 403, _) if access.login.is_some() || !access.headers.is_empty() => {
            Failure::failed(format!("it refused the login ({status})"))
                .hint("compare what `http` gives with the game's own settings")
        }
        (401 | 403, _) => Failure::failed(format!("it wants a login ({status}), and none is given"))
            .hint("give `http` a `user` with its `password`, or a `token`"),
        (300..=399, Some(location)) => {
            Failure::failed(format!("it redirects to {location} ({status}), which is not followed"))
                .hint("write the address that it redirects to as the `url` of `http`")
        }
        _ if !head.is_whole => Failure::failed(format!("the answer was {status}, and was cut off")),
        _ => Failure::failed(format!("the answer was {status}")),
    }
}

/// Connects, and sends the whole request.
async fn send(check: &HttpCheck, until: Instant) -> Result<Connection, Failure> {
    let request = whole_request(check).await?;
    let stream = channel::connect(&check.address, until).await?;
    match &check.tls {
        None => write(stream, &request).await,
        Some(tls) => {
            let connector = tls::connector(tls).await?;
            write(tls::connect(&connector, stream, &check.address.host).await?, &request).await
        }
    }
}

async fn write(
    mut stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: &Secret,
) -> Result<Connection, Failure> {
    let bytes = request.reveal().as_bytes();
    stream.write_all(bytes).await.map_err(|error| lost(&error))?;
    stream.flush().await.map_err(|error| lost(&error))?;
    Ok(Box::new(stream))
}

/// Reads until the answer is a wanted one, its head is whole, or it is none.
async fn hear(connection: &mut Connection, check: &HttpCheck, heard: &mut Vec<u8>) -> Result<(), Failure> {
    let mut buffer = [0; 4096];
    loop {
        let n = connection.read(&mut buffer).await.map_err(|error| lost(&error))?;
        if n == 0 {
            return Ok(());
        }
        heard.extend_from_slice(buffer.get(..n).unwrap_or_default());
        match head(heard) {
            Ok(Some(head)) if head.is_whole || check.accepts(head.status) => return Ok(()),
            Ok(_) if heard.len() <= 2 * HEAD_MAX => {}
            Ok(_) | Err(NotHttp) => return Ok(()),
        }
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
    let status = |bytes| head(bytes).map(|head| head.map(|head| head.status));
    let found = (0..=bytes.len()).filter_map(|n| bytes.get(..n)).map(status);
    let first = found.into_iter().find(|found| *found != Ok(None));
    assert_eq!(first.unwrap_or(Ok(None)), status(bytes));
}
