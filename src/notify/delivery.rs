//! One attempt to have a target take a message.

use std::sync::Arc;
use std::time::Duration;

use super::notice::Notification;
use super::post;
use crate::channel::{self, AskError};
use crate::failure::Failure;
use crate::http::{HttpAnswer, HttpClient, HttpPost};
use crate::inventory::{HostPort, HttpCheck, HttpLogin, NotifyTarget, Password, Secret, Tls, parse_url};

/// The time that one attempt may take.
const LIMIT: Duration = Duration::from_secs(10);

/// The deliveries to one target.
pub(super) struct Delivery {
    target: Arc<NotifyTarget>,
    /// The client that was used last, with whether it uses TLS.
    client: Option<(HostPort, bool, HttpClient)>,
}

impl Delivery {
    pub(super) fn new(target: Arc<NotifyTarget>) -> Self {
        Self { target, client: None }
    }

    /// Sends a message. Its secrets are read anew: they may have been changed.
    ///
    /// # Errors
    /// When there is no answer, or a secret cannot be read. No error has a secret in it.
    ///
    /// # Cancel safety
    /// The message may have been sent.
    pub(super) async fn attempt(&mut self, notification: &Notification) -> Result<HttpAnswer, AskError> {
        let target = Arc::clone(&self.target);
        let url = self.url().await?;
        let mut headers = post::headers(&target);
        if let Some(HttpLogin::Basic { user, password }) = &url.access.login {
            let password = channel::secret(password).await?;
            let login = channel::base64(format!("{user}:{}", password.reveal()).as_bytes());
            headers.push(("authorization".to_owned(), Secret::new(format!("Basic {login}"))));
        }
        let token = match post::token(&target) {
            Some(token) => Some(channel::secret(token).await?),
            None => None,
        };
        let request = HttpPost {
            path: url.path.clone(),
            token,
            headers,
            body: post::body(&target, notification),
            limit: LIMIT,
        };
        let answer = self.client(&url).post(&request).await;
        answer.map_err(|error| {
            error.map(|failure| Failure {
                message: format!("{}: {}", url.address, failure.message),
                ..failure
            })
        })
    }

    async fn url(&self) -> Result<HttpCheck, Failure> {
        let url = channel::secret(self.target.url()).await?;
        parse_url(url.reveal()).map_err(|hint| {
            let from = match self.target.url() {
                Password::File(path) => format!("the first line of {}", path.display()),
                Password::Given(_) => "its `url`".to_owned(),
            };
            Failure::failed(format!("{from} is not a URL")).hint(hint)
        })
    }

    fn client(&mut self, url: &HttpCheck) -> &HttpClient {
        let (address, is_tls) = (&url.address, url.tls.is_some());
        let kept = self.client.take();
        let kept = kept.filter(|(of, tls, _)| of == address && *tls == is_tls);
        let make = || {
            let ca = self.target.ca().cloned();
            let client = HttpClient::new(address.clone(), is_tls.then_some(Tls { ca }));
            (address.clone(), is_tls, client)
        };
        let kept = kept.unwrap_or_else(make);
        &self.client.insert(kept).2
    }
}
