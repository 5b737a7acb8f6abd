//! The number of players in an answer over HTTP, which is JSON.

use std::time::Duration;

use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, USER_AGENT};
use serde_json::Value;

use crate::channel;
use crate::failure::Failure;
use crate::http::HttpClient;
use crate::inventory::{HttpCheck, HttpLogin, PlayersRequest};
use crate::supervisor::Players;

/// Makes the request, and reads the numbers in the answer. Returns `None` if there is no
/// such answer in time.
pub(super) async fn count(asked: &PlayersRequest, limit: Duration) -> Option<Players> {
    let check = &asked.request;
    let client = HttpClient::new(check.address.clone(), check.tls.clone());
    let answer = client.send(request(check).await.ok()?, limit).await.ok()?;
    if !check.accepts(answer.status) {
        return None;
    }
    players(&answer.body, &asked.online, asked.max.as_deref())
}

async fn request(check: &HttpCheck) -> Result<Request<Full<Bytes>>, Failure> {
    let wrong = |_| Failure::failed("the request cannot be made");
    let mut request = Request::builder()
        .method(check.method.to_string().as_str())
        .uri(&check.path)
        .header(HOST, check.address.to_string())
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::copy_from_slice(check.body.as_bytes())))
        .map_err(wrong)?;
    let headers = request.headers_mut();
    headers.insert(USER_AGENT, HeaderValue::from_static("gamectl"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if !check.body.is_empty() {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    if let Some(login) = &check.access.login {
        let secret = channel::secret(login.password()).await?;
        let value = match login {
            HttpLogin::Basic { user, .. } => {
                let pair = format!("{user}:{}", secret.reveal());
                format!("Basic {}", channel::base64(pair.as_bytes()))
            }
            HttpLogin::Bearer(_) => format!("Bearer {}", secret.reveal()),
        };
        headers.insert(AUTHORIZATION, hidden(&value)?);
    }
    for (name, value) in &check.access.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Failure::failed("a header has no such name"))?;
        headers.insert(name, hidden(value.reveal())?);
    }
    Ok(request)
}

fn hidden(value: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| Failure::failed("a header has characters in it that none can have"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads the numbers at these paths. A list counts as its length.
fn players(body: &[u8], online: &[String], max: Option<&[String]>) -> Option<Players> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    Some(Players {
        online: number(&answer, online)?,
        max: max.and_then(|path| number(&answer, path)),
    })
}

fn number(answer: &Value, path: &[String]) -> Option<u32> {
    let mut value = answer;
    for name in path {
        value = match value {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
            other => other.get(name)?,
        };
    }
    match value {
        Value::Array(items) => u32::try_from(items.len()).ok(),
        Value::String(text) => text.trim().parse().ok(),
        other => u32::try_from(other.as_u64()?).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_an_answer() {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        let read = |body: &str, online: &str, max: &str| {
            let players = players(body.as_bytes(), &path(online), Some(&path(max)));
            players.map(|players| (players.online, players.max))
        };
        let palworld = r#"{"serverfps":57,"currentplayernum":10,"maxplayernum":32,"uptime":3600}"#;
        assert_eq!(read(palworld, "currentplayernum", "maxplayernum"), Some((10, Some(32))));
        for (body, wanted) in [
            (r#"{"a":{"b":3}}"#, Some((3, None))),
            (r#"{"a":{"b":[{},{}],"c":"20"}}"#, Some((2, Some(20)))),
            (r#"{"a":{"b":" 7 ","c":-1}}"#, Some((7, None))),
            (r#"{"a":{"b":0,"c":1.5}}"#, Some((0, None))),
            (r#"{"a":{"b":-1}}"#, None),
            (r#"{"a":{"b":99999999999}}"#, None),
            (r#"{"a":{"b":null}}"#, None),
            (r#"{"a":3}"#, None),
            (r#"[1]"#, None),
            ("", None),
            (r#"{"a":{"b":3"#, None),
        ] {
            assert_eq!(read(body, "a.b", "a.c"), wanted, "{body}");
        }
        assert_eq!(read(r#"[[4,9]]"#, "0.0", "0.1"), Some((4, Some(9))));
    }
}
