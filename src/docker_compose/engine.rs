//! The engine, asked by labels: one list and one description of all that is
//! wanted.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::call::{Call, Called};
use super::container::{self, Container};
use crate::failure::Failure;

/// How long the engine may take to answer a question.
const ANSWER: Duration = Duration::from_secs(10);

/// So many containers are described in one call: their ids make up its command
/// line.
const AT_ONCE: usize = 1000;

/// The label that names a container's project.
pub(super) const PROJECT: &str = "com.docker.compose.project";

type Seen = Result<Arc<Vec<Container>>, Failure>;

/// What was seen of every engine in one look, shared by all stacks on it.
#[derive(Debug, Default)]
pub struct Engines {
    seen: Mutex<HashMap<Option<String>, Arc<OnceCell<Seen>>>>,
}

impl Engines {
    /// All containers of all projects on an engine. Asked once, whoever asks.
    pub(super) async fn see(&self, engine: &Engine) -> Seen {
        let cell = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(seen.entry(engine.context.clone()).or_default())
        };
        cell.get_or_init(|| engine.containers(PROJECT)).await.clone()
    }
}

/// An engine, by the context through which docker reaches it.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    pub(super) context: Option<String>,
}

impl Engine {
    /// `docker` with its global options.
    pub(super) fn docker<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> Vec<OsString> {
        let mut argv: Vec<OsString> = vec!["docker".into()];
        if let Some(context) = &self.context {
            argv.extend(["--context".into(), context.into()]);
        }
        argv.extend(words.into_iter().map(Into::into));
        argv
    }

    /// Asks something, and hears the answer.
    ///
    /// # Errors
    /// When docker is missing, does not answer in time, or says no.
    pub(super) async fn ask<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> Result<Called, Failure> {
        let call = Call {
            argv: self.docker(words),
            limit: ANSWER,
            complaints: None,
            halt: None,
        };
        let called = call.make().await?;
        if called.is_ok() {
            return Ok(called);
        }
        Err(refused(&called.complaint))
    }

    /// Whether it answers at all.
    pub(super) async fn answers(&self) -> bool {
        self.ask(["version", "--format", "{{.Server.Version}}"]).await.is_ok()
    }

    /// The containers of one project.
    ///
    /// # Errors
    /// When it could not be found out.
    pub(super) async fn of_project(&self, project: &str) -> Result<Vec<Container>, Failure> {
        let all = self.containers(&format!("{PROJECT}={project}")).await?;
        Ok(all.to_vec())
    }

    async fn containers(&self, label: &str) -> Seen {
        let filter = format!("label={label}");
        let listed = self
            .ask(["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter])
            .await?;
        let listed = String::from_utf8_lossy(&listed.answer).into_owned();
        let ids: Vec<&str> = listed.split_ascii_whitespace().collect();
        let mut all = Vec::new();
        for ids in ids.chunks(AT_ONCE) {
            let call = Call {
                argv: self.docker(["inspect", "--type", "container"].iter().chain(ids)),
                limit: ANSWER,
                complaints: None,
                halt: None,
            };
            let described = call.make().await?;
            // One that was removed in between is left out, with a complaint.
            let is_gone = described.complaint.contains("No such") || described.complaint.contains("no such");
            if !described.is_ok() && !is_gone {
                return Err(refused(&described.complaint));
            }
            let parsed = container::parse(&described.answer)
                .map_err(|error| Failure::unknown(format!("`docker inspect` said something unexpected: {error}")))?;
            all.extend(parsed);
        }
        Ok(Arc::new(all))
    }
}

/// Why docker did not do it, and what to do next.
pub(super) fn refused(complaint: &str) -> Failure {
    let last = complaint.trim().lines().last().unwrap_or("it said nothing").trim();
    let has = |text: &str| complaint.contains(text);
    if has("permission denied while trying to connect") || has("PermissionError") {
        return Failure::unknown(format!("the Docker daemon may not be asked: {last}"))
            .hint("add yourself to the group `docker`, or call gamectl as its owner");
    }
    if has("Cannot connect to the Docker daemon")
        || has("error during connect")
        || has("Error while fetching server API version")
        || has("failed to connect to the docker API")
        || has("Couldn't connect to Docker daemon")
    {
        return Failure::unknown(format!("the Docker daemon does not answer: {last}"))
            .hint("see `systemctl status docker`, `docker context show` and $DOCKER_HOST");
    }
    Failure::failed(format!("docker says: {last}"))
}
