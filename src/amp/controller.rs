//! The controller of AMP, which is asked over HTTP, and our sessions with it.
//!
//! A session ends when it was not used for some minutes, and when AMP is restarted. It is
//! opened anew once where AMP does not know it any more. An instance that is asked
//! through its controller has a session of its own.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::answer::{self, AmpAnswer};
use crate::channel::{self, AskError, NOTHING_LISTENS};
use crate::failure::{Failure, FailureKind};
use crate::http::{HttpAnswer, HttpClient, HttpPost};
use crate::inventory::{AmpPanel, Secret};

/// The layer of AMP that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum AmpScope {
    Controller,
    /// The part of AMP of one instance, by its id, through the controller.
    Instance(String),
}

/// A question to AMP, or an order.
#[derive(Debug, Clone)]
pub(super) struct AmpCall {
    pub(super) scope: AmpScope,
    /// The name of the method, with that of its module.
    pub(super) method: &'static str,
    pub(super) args: Value,
    /// The time that it may take, with a login if that is needed.
    pub(super) limit: Duration,
}

type SessionCell = Arc<tokio::sync::Mutex<Option<Secret>>>;

pub(super) struct AmpController {
    panel: AmpPanel,
    client: HttpClient,
    sessions: Mutex<HashMap<AmpScope, SessionCell>>,
    logins: AtomicU64,
}

impl AmpController {
    pub(super) fn new(panel: AmpPanel) -> Self {
        Self {
            client: HttpClient::new(panel.address.clone(), panel.tls.clone()),
            panel,
            sessions: Mutex::default(),
            logins: AtomicU64::new(0),
        }
    }

    /// Returns how many sessions were opened so far.
    pub(super) fn logins(&self) -> u64 {
        self.logins.load(Ordering::Relaxed)
    }

    pub(super) fn panel(&self) -> &AmpPanel {
        &self.panel
    }

    /// Returns the answer to a call, which is JSON, or nothing.
    ///
    /// # Errors
    /// When there is none, or AMP refuses. It is refused where it cannot have been carried
    /// out.
    ///
    /// # Cancel safety
    /// It may have been carried out.
    pub(super) async fn ask(&self, call: &AmpCall) -> Result<Vec<u8>, AskError> {
        let until = Instant::now() + call.limit;
        let answered = self.answer(call, until).await;
        answered.map_err(|error| error.map(|failure| self.named(failure)))
    }

    async fn answer(&self, call: &AmpCall, until: Instant) -> Result<Vec<u8>, AskError> {
        let session = self.session(&call.scope, None, until).await?;
        let refused = match self.once(call, &session, until).await? {
            Ok(body) => return Ok(body),
            Err(refused) => refused,
        };
        // It may only be over.
        let renewed = self.session(&call.scope, Some(&session), until).await?;
        tracing::debug!(refused, "a session of AMP was opened anew");
        match self.once(call, &renewed, until).await? {
            Ok(body) => Ok(body),
            Err(refused) => {
                let message = format!("AMP does not let `{}` do {}: {refused}", self.panel.user, call.method);
                let hint = "give the role of that user this permission, and the instance, in the panel";
                Err(Failure::failed(message).hint(hint).into())
            }
        }
    }

    /// Asks within a session. The inner error is AMP's refusal of the session, or of its
    /// user.
    async fn once(
        &self,
        call: &AmpCall,
        session: &Secret,
        until: Instant,
    ) -> Result<Result<Vec<u8>, String>, AskError> {
        let mut args = match &call.args {
            Value::Object(args) => args.clone(),
            _ => Map::new(),
        };
        // Older versions look here, newer ones into the header.
        args.insert("SESSIONID".to_owned(), json!(session.reveal()));
        let answer = self.post(&call.scope, call.method, args, Some(session), until).await?;
        let unclear = |failure: Failure| AskError::Unclear(failure);
        match answer::kind(answer.status, &answer.body).map_err(unclear)? {
            AmpAnswer::Proper => Ok(Ok(answer.body.to_vec())),
            AmpAnswer::NoAccess(text) => Ok(Err(text)),
            AmpAnswer::Unavailable(text) => Err(Failure::new(FailureKind::NotRunning, text).into()),
            AmpAnswer::Fault(text) => Err(unclear(Failure::failed(format!(
                "AMP failed at {}: {text}",
                call.method
            )))),
        }
    }

    /// Returns the session with a part of AMP, opened anew unless there is another one than
    /// `stale`.
    async fn session(&self, scope: &AmpScope, stale: Option<&Secret>, until: Instant) -> Result<Secret, AskError> {
        let cell = {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(sessions.entry(scope.clone()).or_default())
        };
        // All who need it wait for one login.
        let mut held = cell.lock().await;
        if let Some(session) = &*held
            && stale != Some(session)
        {
            return Ok(session.clone());
        }
        *held = None;
        let password = channel::secret(&self.panel.password).await?;
        let args = json!({
            "username": self.panel.user,
            "password": password.reveal(),
            "token": "",
            "rememberMe": false,
        });
        let Value::Object(args) = args else {
            return Err(Failure::failed("a login cannot be made").into());
        };
        let answer = self.post(scope, LOGIN, args, None, until).await?;
        let kind = answer::kind(answer.status, &answer.body)?;
        let session = match kind {
            AmpAnswer::Proper => answer::session(&answer.body)?,
            AmpAnswer::Unavailable(text) => return Err(Failure::new(FailureKind::NotRunning, text).into()),
            AmpAnswer::NoAccess(text) | AmpAnswer::Fault(text) => {
                return Err(Failure::failed(format!("AMP refused the login: {text}")).into());
            }
        };
        let session = Secret::new(session);
        *held = Some(session.clone());
        self.logins.fetch_add(1, Ordering::Relaxed);
        Ok(session)
    }

    async fn post(
        &self,
        scope: &AmpScope,
        method: &str,
        args: Map<String, Value>,
        token: Option<&Secret>,
        until: Instant,
    ) -> Result<HttpAnswer, AskError> {
        let base = &self.panel.base;
        let path = match scope {
            AmpScope::Controller => format!("{base}/API/{method}"),
            AmpScope::Instance(id) if is_plain_id(id) => {
                format!("{base}/API/ADSModule/Servers/{id}/API/{method}")
            }
            AmpScope::Instance(_) => return Err(Failure::unknown("AMP gave an instance an id that is none").into()),
        };
        let post = HttpPost {
            path,
            token: token.cloned(),
            headers: Vec::new(),
            body: Secret::new(Value::Object(args).to_string()),
            limit: until.saturating_duration_since(Instant::now()),
        };
        self.client.post(&post).await
    }

    /// Returns a failure that says whom we asked.
    fn named(&self, failure: Failure) -> Failure {
        let url = self.panel.url();
        let is_silent = failure.message == NOTHING_LISTENS;
        let failure = Failure {
            message: format!("{url}: {}", failure.message),
            ..failure
        };
        match is_silent {
            true => failure.hint("start AMP, or correct the `url` of `amp`"),
            false => failure,
        }
    }
}

/// The method that opens a session.
const LOGIN: &str = "Core/Login";

/// Returns true for an id that is one segment of a path.
fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl fmt::Debug for AmpController {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AmpController").field(&self.panel.url()).finish()
    }
}
