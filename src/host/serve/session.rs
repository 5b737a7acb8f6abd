//! The requests of one connection.

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::super::{Host, OutputAsk};
use super::definitions::SentDefinitions;
use super::detached;
use super::keep::Kept;
use super::streams::Answers;
use super::tasks;
use crate::failure::{Failure, FailureKind};
use crate::invocation;
use crate::ssh::wire::{Ask, KeepAsk, RequestId, Say, ServeAnswer, ServeRequest, line};

/// The most requests that are carried out at the same time.
const AT_ONCE: usize = 4096;

/// The requests of a connection, and the definitions that they are about.
pub(super) struct Session {
    answers: Answers,
    host: Option<Rc<Host>>,
    definitions: Option<Rc<SentDefinitions>>,
    /// The keeping for a `run` at the other end.
    kept: Option<Kept>,
    /// Everything but verbs, by number.
    passing: HashMap<u64, AbortHandle>,
    running: JoinSet<u64>,
    /// The verbs, which nothing ends but their end.
    verbs: JoinSet<u64>,
}

impl Session {
    pub(super) fn new(answers: Answers) -> Self {
        Self {
            answers,
            host: None,
            definitions: None,
            kept: None,
            passing: HashMap::new(),
            running: JoinSet::new(),
            verbs: JoinSet::new(),
        }
    }

    async fn say(&self, id: u64, say: Say) {
        // The other end may be gone, which is noticed where it is read.
        let _ = self.answers.send(line(&ServeAnswer { id, say })).await;
    }

    /// Takes up the request in a line.
    pub(super) async fn take(&mut self, read: &[u8]) {
        let request: ServeRequest = match serde_json::from_slice(read) {
            Ok(request) => request,
            Err(error) => {
                let id = serde_json::from_slice::<RequestId>(read).map_or(0, |known| known.id);
                let message = format!("gamectl {} does not know this request", env!("CARGO_PKG_VERSION"));
                let failure = Failure::new(FailureKind::Unsupported, message).hint(format!(
                    "one of the two is older, or no gamectl: bring both up to date ({error})"
                ));
                return self.say(id, Say::Failed(failure.into())).await;
            }
        };
        let said = match self.begin(request.id, request.ask) {
            Ok(None) => return,
            Ok(Some(say)) => say,
            Err(failure) => Say::Failed(failure.into()),
        };
        self.say(request.id, said).await;
    }

    /// Begins a request. Returns the answer where it is over at once.
    fn begin(&mut self, id: u64, ask: Ask) -> Result<Option<Say>, Failure> {
        if let Ask::Cancel {} = ask {
            if let Some(passing) = self.passing.remove(&id) {
                passing.abort();
            }
            return Ok(None);
        }
        if self.passing.contains_key(&id) {
            return Err(Failure::new(FailureKind::Usage, "this number is in use"));
        }
        if self.running.len() + self.verbs.len() >= AT_ONCE {
            return Err(Failure::new(
                FailureKind::Busy,
                format!("it is at {AT_ONCE} requests already"),
            ));
        }
        if let Ask::Open {
            inventory,
            folder,
            options,
        } = ask
        {
            self.open(inventory, folder, &options)?;
            return Ok(Some(Say::Opened {}));
        }
        let ask = match ask {
            Ask::Alive {} => return Ok(None),
            Ask::Release {} => {
                if let Some(kept) = &self.kept {
                    kept.release();
                }
                return Ok(Some(Say::Opened {}));
            }
            Ask::Keep(keep) => {
                self.keep(id, keep)?;
                return Ok(None);
            }
            other => other,
        };
        if let Ask::Clock {} = ask {
            return Ok(Some(tasks::clock()));
        }
        if let Ask::Logout {} = ask {
            return Ok(Some(tasks::logout()));
        }
        let answers = self.answers.clone();
        let host = self.host.clone().ok_or_else(nothing_sent)?;
        if let Ask::Verb(verb) = ask {
            self.verbs.spawn_local(async move {
                tasks::verb(&host, id, verb, &answers).await;
                id
            });
            return Ok(None);
        }
        let running = self.running.spawn_local(async move {
            // Each in room of its own size: there may be thousands of small ones.
            let ended = match ask {
                Ask::Look { ids, usage } => Box::pin(tasks::look(&host, &ids, usage)).await,
                Ask::Players { ids } => Box::pin(tasks::players(&host, id, &ids, &answers)).await,
                Ask::Send {
                    instance,
                    line,
                    limit_ms,
                } => Box::pin(tasks::send(&host, &instance, &line, limit_ms)).await,
                Ask::Logs {
                    instance,
                    from,
                    follow,
                    times,
                    previous,
                } => {
                    let ask = OutputAsk {
                        from: from.into(),
                        follow,
                        times,
                        previous,
                    };
                    Box::pin(tasks::logs(&host, id, &instance, ask, &answers)).await
                }
                Ask::Watch { ids } => Box::pin(tasks::watch(&host, id, &ids, &answers)).await,
                Ask::DryRun(asked) => Box::pin(tasks::dry_run(&host, &asked)).await,
                Ask::Check {} => Box::pin(tasks::check(&host)).await,
                Ask::Console { instance } => tasks::console(&host, &instance).await,
                Ask::TypeIn { instance, input } => tasks::type_in(&host, &instance, input.into()).await,
                // These were taken up before.
                _ => return id,
            };
            let say = ended.unwrap_or_else(|failure| Say::Failed(failure.into()));
            let _ = answers.send(line(&ServeAnswer { id, say })).await;
            id
        });
        self.passing.insert(id, running);
        Ok(None)
    }

    fn open(&mut self, inventory: String, folder: Option<String>, options: &[String]) -> Result<(), Failure> {
        invocation::remember_options(options);
        let home = || std::env::var_os("HOME").map(PathBuf::from);
        let folder = folder.map(PathBuf::from).or_else(home);
        let folder = folder.filter(|folder| folder.is_absolute());
        let folder = folder.unwrap_or_else(|| PathBuf::from("/"));
        let definitions = SentDefinitions { inventory, folder };
        self.host = Some(Rc::new(definitions.open()?));
        self.definitions = Some(Rc::new(definitions));
        Ok(())
    }

    /// Keeps what a request asks for, in place of what is kept.
    fn keep(&mut self, id: u64, ask: KeepAsk) -> Result<(), Failure> {
        let definitions = self.definitions.clone().ok_or_else(nothing_sent)?;
        if ask.is_left {
            detached::leave_login();
        }
        match self.kept.as_ref().filter(|kept| !kept.is_over()) {
            Some(kept) => kept.change(id, ask),
            None => self.kept = Some(Kept::begin(definitions, id, ask, &self.answers)),
        }
        Ok(())
    }

    /// Returns true while something is kept for the other end.
    pub(super) fn keeps(&self) -> bool {
        self.kept.as_ref().is_some_and(|kept| !kept.is_over())
    }

    /// Waits until a request is over; for ever while there is none.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn reap(&mut self) {
        let over = tokio::select! {
            Some(over) = self.running.join_next() => over,
            Some(over) = self.verbs.join_next() => over,
            else => return std::future::pending().await,
        };
        if let Ok(id) = over {
            self.passing.remove(&id);
        }
    }

    /// Ends all requests but the verbs and the keeping, and waits for the end of these; for
    /// that of verbs no longer than a limit. What is not over by then goes on in its shims.
    pub(super) async fn carry_through(mut self, limit: Duration) {
        self.running.abort_all();
        let verbs = async { while self.verbs.join_next().await.is_some() {} };
        let kept = async {
            if let Some(kept) = self.kept.take() {
                kept.go_on().await;
            }
        };
        let _ = tokio::join!(timeout(limit, verbs), kept);
    }
}

fn nothing_sent() -> Failure {
    Failure::new(FailureKind::Usage, "no definitions were sent yet")
}
