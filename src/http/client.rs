//! One server that is asked over HTTP/1.1.

use std::io;
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT,
};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use super::tls;
use crate::channel::{self, AskError};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{HostPort, Secret, Tls};

/// The longest body of an answer, in bytes.
const BODY_MAX: usize = 10 << 20;

/// The longest address of a redirect that is shown, in characters.
const LOCATION_MAX: usize = 200;

/// A server, and whom its encryption trusts.
pub struct HttpClient {
    address: HostPort,
    tls: Option<Tls>,
    /// The encryption, once it was needed: reading the certificates of a system takes time.
    connector: OnceCell<TlsConnector>,
}

/// A request that brings JSON, and wants some.
pub struct HttpPost {
    /// The path, beginning with `/`.
    pub path: String,
    /// The bearer token, where one is known.
    pub token: Option<Secret>,
    /// More headers, which take the place of those that the request would have.
    pub headers: Vec<(String, Secret)>,
    pub body: Secret,
    /// The time that all of it may take.
    pub limit: Duration,
}

/// An answer that came as a whole.
#[derive(Debug)]
pub struct HttpAnswer {
    pub status: u16,
    pub body: Bytes,
    /// The time that the server wants to be left alone, where it says one.
    pub retry_after: Option<Duration>,
}

impl HttpClient {
    pub fn new(address: HostPort, tls: Option<Tls>) -> Self {
        Self {
            address,
            tls,
            connector: OnceCell::new(),
        }
    }

    /// Sends a request and returns the answer, whatever its status is, unless that is a
    /// redirect.
    ///
    /// # Errors
    /// When there is no whole answer in time, or it is a redirect. It is refused where it
    /// cannot have been carried out.
    ///
    /// # Cancel safety
    /// The request may have been sent.
    pub async fn post(&self, post: &HttpPost) -> Result<HttpAnswer, AskError> {
        self.send(self.request(post)?, post.limit).await
    }

    /// Sends any request, as [`HttpClient::post`] does.
    ///
    /// # Errors
    /// When there is no whole answer in time, or it is a redirect.
    ///
    /// # Cancel safety
    /// The request may have been sent.
    pub async fn send(&self, request: Request<Full<Bytes>>, limit: Duration) -> Result<HttpAnswer, AskError> {
        let until = Instant::now() + limit;
        let stream = channel::connect(&self.address, until).await?;
        let exchanged = match &self.tls {
            None => timeout_at(until, exchange(stream, request)).await,
            Some(tls) => {
                let opened = timeout_at(until, async {
                    let connector = self.connector.get_or_try_init(|| tls::connector(tls)).await?;
                    tls::connect(connector, stream, &self.address.host).await
                });
                let stream = opened.await.unwrap_or_else(|_| Err(late()))?;
                timeout_at(until, exchange(stream, request)).await
            }
        };
        exchanged.unwrap_or_else(|_| Err(AskError::Unclear(late())))
    }

    fn request(&self, post: &HttpPost) -> Result<Request<Full<Bytes>>, Failure> {
        let body = Bytes::copy_from_slice(post.body.reveal().as_bytes());
        let mut request = Request::post(post.path.as_str())
            .header(HOST, self.address.to_string())
            .header(CONNECTION, "close")
            .header(USER_AGENT, "gamectl")
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = &post.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.reveal()))
                .map_err(|_| Failure::failed("the token has characters in it that no header can have"))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        let request = request.body(Full::new(body));
        let mut request = request.map_err(|_| Failure::failed("the path of the request is none"))?;
        for (name, value) in &post.headers {
            let cannot = || Failure::failed(format!("the header `{name}` is none that can be sent"));
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| cannot())?;
            let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| cannot())?;
            value.set_sensitive(true);
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

/// Sends a request over a new connection, and reads the answer. Has no limit of time.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<HttpAnswer, AskError> {
    let opened = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(|error| unclear(&error))?;
    tokio::pin!(connection);
    let asked = async { whole(sender.send_request(request).await.map_err(|error| unclear(&error))?).await };
    tokio::pin!(asked);
    tokio::select! {
        biased;
        answer = &mut asked => return answer,
        // What went wrong is told by the request.
        _ = &mut connection => {}
    }
    asked.await
}

async fn whole(response: Response<Incoming>) -> Result<HttpAnswer, AskError> {
    let status = response.status();
    if status.is_redirection() {
        let location = response.headers().get(LOCATION).map(shown).unwrap_or_default();
        let message = format!(
            "it redirects to {location} ({}), which is not followed",
            status.as_u16()
        );
        let hint = "write the address that it redirects to as the `url`, if it is the right one";
        return Err(AskError::Refused(Failure::failed(message).hint(hint)));
    }
    let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
    match Limited::new(response.into_body(), BODY_MAX).collect().await {
        Ok(body) => Ok(HttpAnswer {
            status: status.as_u16(),
            retry_after,
            body: body.to_bytes(),
        }),
        Err(error) => Err(AskError::Unclear(match error.downcast::<hyper::Error>() {
            Ok(error) => in_words(&error),
            Err(error) if error.is::<LengthLimitError>() => {
                Failure::failed(format!("its answer is longer than {} MiB", BODY_MAX >> 20))
            }
            Err(error) => Failure::failed(error.to_string()),
        })),
    }
}

/// Reads a number of seconds, which may have a fraction. A date is not read.
fn seconds(value: &HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.trim().parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// Returns where a redirect leads. User, password and query may be secrets, and are left
/// out.
fn shown(location: &HeaderValue) -> String {
    let location = String::from_utf8_lossy(location.as_bytes());
    let plain = location.split(['?', '#']).next().unwrap_or_default();
    let shown = match plain.split_once("//") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = host.rsplit('@').next().unwrap_or_default();
            format!("{scheme}//{host}{path}")
        }
        None => plain.to_owned(),
    };
    shown.chars().filter(|c| !c.is_control()).take(LOCATION_MAX).collect()
}

fn late() -> Failure {
    Failure::new(FailureKind::Timeout, "it did not answer in time")
}

fn unclear(error: &hyper::Error) -> AskError {
    AskError::Unclear(in_words(error))
}

fn in_words(error: &hyper::Error) -> Failure {
    if error.is_parse() {
        return Failure::failed("what it answers is not HTTP").hint("a server that speaks TLS wants `https://`");
    }
    let cause = std::error::Error::source(error);
    let is_end = cause
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == io::ErrorKind::UnexpectedEof);
    if is_end || error.is_incomplete_message() || error.is_body_write_aborted() {
        return Failure::failed("it closed the connection before its answer was whole");
    }
    let cause = cause.map_or_else(|| error.to_string(), ToString::to_string);
    Failure::failed(format!("the connection was lost: {cause}"))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
