//! The podman of one user: root's, or that of a user without privileges.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::described::{self, Described};
use super::listing::{self, UserListing};
use super::shared_answer::SharedAnswer;
use crate::containers::{PODMAN, output_in_turn};
use crate::failure::Failure;
use crate::program::{Finished, OutputStream, ProgramCall};
use crate::sys::host;
use crate::user::{self, User};

/// The time within which podman answers a question.
const ANSWER: Duration = Duration::from_secs(10);

/// The podman of a user. Clones share what was found out of the user, and the lists.
#[derive(Debug, Clone)]
pub(super) struct PodmanEngine {
    user: Option<String>,
    found: Arc<OnceLock<User>>,
    listing: Arc<SharedAnswer<UserListing>>,
}

impl PodmanEngine {
    /// Creates the podman of a user; without one it is that of who calls.
    pub(super) fn of_user(user: Option<String>) -> Self {
        Self {
            user,
            found: Arc::default(),
            listing: Arc::default(),
        }
    }

    /// Returns what tells it from the podman of another user.
    pub(super) fn key(&self) -> Option<String> {
        self.user.clone()
    }

    /// Returns the name of the user whose podman it is, if the inventory has one.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Returns the user, where that is not the one who calls.
    fn other_user(&self) -> Result<Option<&User>, Failure> {
        let Some(name) = &self.user else { return Ok(None) };
        let user = match self.found.get() {
            Some(user) => user,
            None => {
                let user = user::find(name)?;
                self.found.get_or_init(|| user)
            }
        };
        let me = host::effective_uid();
        if user.ids.uid == me {
            return Ok(None);
        }
        if me != 0 {
            let message = format!("only root and {name} can ask the podman of {name}, and you are uid {me}");
            let hint = format!("run gamectl as root or as {name}, or write `owner: {name}` into the inventory");
            return Err(Failure::unknown(message).hint(hint));
        }
        Ok(Some(user))
    }

    /// Returns the call of podman with these words.
    ///
    /// # Errors
    /// When that user's podman cannot be asked.
    pub(super) fn program<W: Into<OsString>>(
        &self,
        words: impl IntoIterator<Item = W>,
    ) -> Result<ProgramCall, Failure> {
        let argv = std::iter::once(OsString::from(PODMAN.program)).chain(words.into_iter().map(Into::into));
        let call = ProgramCall::new(argv);
        if let Some(user) = self.other_user()? {
            let env = env_of(user)?;
            // The folder of who calls may be closed to that user.
            let call = call.in_folder(Path::new("/")).with_env(env);
            return Ok(call.as_user(user.ids.uid, user.ids.gid));
        }
        let uid = host::effective_uid();
        let is_set = std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|dir| Path::new(&dir).is_dir());
        if uid == 0 || is_set {
            return Ok(call);
        }
        let dir = runtime_dir(uid, &uid.to_string())?;
        Ok(call.add_env([("XDG_RUNTIME_DIR", dir.display().to_string())]))
    }

    async fn call(&self, program: ProgramCall, limit: Duration) -> Result<Finished, Failure> {
        let called = output_in_turn(program, limit).await;
        called.map_err(|error| PODMAN.call_failed(PODMAN.program, &error))
    }

    /// Asks a question and returns the answer.
    ///
    /// # Errors
    /// When there is none, or podman refuses to answer.
    pub(super) async fn ask<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> Result<Finished, Failure> {
        let answer = self.call(self.program(words)?, ANSWER).await?;
        if answer.status.success() {
            return Ok(answer);
        }
        Err(PODMAN.refusal(&answer.complaint))
    }

    /// Has something done. It goes on when the caller is gone. What the answer says is
    /// worth little.
    ///
    /// # Errors
    /// When there is no answer.
    pub(super) async fn order<W: Into<OsString>>(
        &self,
        words: impl IntoIterator<Item = W>,
        limit: Duration,
    ) -> Result<Finished, Failure> {
        self.call(self.program(words)?.outliving_caller(), limit).await
    }

    pub(super) async fn version(&self) -> Result<String, Failure> {
        let answer = self.ask(["version", "--format", "{{.Client.Version}}"]).await?;
        Ok(answer.word())
    }

    /// Starts to follow podman with a program that prints what happens.
    pub(super) fn follow<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> Option<OutputStream> {
        self.program(words).ok()?.stream().ok()
    }

    /// Returns all containers, as they were at some time after the call. Those who ask while
    /// podman makes a list share the next one: seventy starts look as often as one.
    ///
    /// # Cancel safety
    /// Podman is killed, and the next one who waits asks it.
    pub(super) async fn list(&self) -> UserListing {
        let ask = async || {
            let answer = self.ask(["ps", "--all", "--pod", "--format", "json"]).await?;
            let parsed = listing::parse(&answer.output);
            parsed.map(Arc::new).map_err(|error| unexpected("ps", &error))
        };
        self.listing.get(ask).await
    }

    /// Returns the names of all pods, of those without containers, too.
    pub(super) async fn pods(&self) -> Result<Vec<String>, Failure> {
        let answer = self.ask(["pod", "ps", "--format", "{{.Name}}"]).await?;
        let names = String::from_utf8_lossy(&answer.output).into_owned();
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Returns what the list does not tell of some containers. One that is gone is left
    /// out.
    pub(super) async fn describe(&self, ids: &[&str]) -> Result<Vec<Described>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let words = ["inspect", "--type", "container"].iter().chain(ids);
        let answer = self.call(self.program(words)?, ANSWER).await?;
        if !answer.status.success() && !is_gone(&answer.complaint) {
            return Err(PODMAN.refusal(&answer.complaint));
        }
        described::parse(&answer.output).map_err(|error| unexpected("inspect", &error))
    }
}

fn unexpected(verb: &str, error: &serde_json::Error) -> Failure {
    Failure::unknown(format!("`podman {verb}` said something unexpected: {error}"))
}

/// Returns true if podman complains that something is not there.
pub(super) fn is_gone(complaint: &str) -> bool {
    complaint.contains("no such") || complaint.contains("No such")
}

/// Returns the environment in which the podman of another user is called: what that user
/// has after a login, as far as podman needs it.
fn env_of(user: &User) -> Result<Vec<(OsString, OsString)>, Failure> {
    let dir = runtime_dir(user.ids.uid, &user.name)?;
    let mut env = user.call_env();
    let bus = dir.join("bus");
    if bus.exists() {
        let mut address = OsString::from("unix:path=");
        address.push(bus);
        env.push(("DBUS_SESSION_BUS_ADDRESS".into(), address));
    }
    env.push(("XDG_RUNTIME_DIR".into(), dir.into()));
    Ok(env)
}

/// Returns the runtime directory of a user. Without it podman would look for its
/// containers elsewhere, and find none.
fn runtime_dir(uid: u32, name: &str) -> Result<PathBuf, Failure> {
    let dir = host::runtime_dir(uid);
    if dir.is_dir() {
        return Ok(dir);
    }
    let message = format!(
        "podman cannot be asked: {} is missing, as while nobody is logged in as {name}",
        dir.display()
    );
    let hint = format!("`loginctl enable-linger {name}` makes it, and keeps it");
    Err(Failure::unknown(message).hint(hint))
}
