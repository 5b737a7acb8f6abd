//! The manager program that AMP brings along, `ampinstmgr`, for hosts whose API cannot be
//! asked. It knows the part of AMP of each instance, and nothing of the games.

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::listing::{AmpSeen, plain};
use super::manager_listing;
use super::order::AmpOrder;
use crate::channel::AskError;
use crate::failure::{Failure, FailureKind};
use crate::invocation::quoted;
use crate::program::{CallError, Finished, ProgramCall};
use crate::sys::host;
use crate::text;
use crate::user::{self, User};

const PROGRAM: &str = "ampinstmgr";

/// The time within which it lists its instances.
const LIST: Duration = Duration::from_secs(20);

/// The time within which it carries an order out. It waits itself for what it has begun.
const ORDER: Duration = Duration::from_secs(5 * 60);

/// The beginning of the lines in which it tells what went wrong.
const COMPLAINT: &str = "[Error";

/// The manager, called as the user of AMP.
#[derive(Debug)]
pub(super) struct AmpManagerProgram {
    user: String,
    found: OnceLock<User>,
}

impl AmpManagerProgram {
    pub(super) fn of_user(user: String) -> Self {
        Self {
            user,
            found: OnceLock::new(),
        }
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Returns the list of all instances.
    ///
    /// # Errors
    /// When it cannot be called, or says something else than a list.
    pub(super) async fn list(&self) -> AmpSeen {
        let answer = self.call(&["-l"], LIST).await?;
        let said = text::clean_bytes(&answer.output);
        if !answer.status.success() {
            return Err(self.refusal(&answer, &said));
        }
        let listing = manager_listing::parse(&said).map_err(|why| {
            Failure::unknown(format!("`{PROGRAM} -l` said something unexpected: {why}"))
                .hint("give `url`, `user` and `password` of `amp`, and its API is asked")
        })?;
        Ok(Arc::new(listing))
    }

    /// Has it carry an order out about the instance of this name. What it answers is worth
    /// little; returned is the reason that it gives for not doing it, if it gives one. It
    /// goes on when the caller is gone.
    pub(super) async fn order(&self, order: AmpOrder, name: &str) -> Result<Option<String>, AskError> {
        let Some(verb) = option(order) else {
            let message = format!("`{PROGRAM}` has no order to {} the game alone", order.method());
            return Err(Failure::new(FailureKind::Unsupported, message).into());
        };
        let answer = match self.call(&[verb, name], ORDER).await {
            Ok(answer) => answer,
            // Its state tells whether it was carried out.
            Err(failure) if failure.kind == FailureKind::Timeout => return Err(AskError::Unclear(failure)),
            Err(failure) => return Err(failure.into()),
        };
        let said = text::clean_bytes(&answer.output);
        if is_sudo(&answer.complaint) {
            return Err(self.refusal(&answer, &said).into());
        }
        Ok(complaint(&said).or_else(|| complaint(&answer.complaint)))
    }

    async fn call(&self, words: &[&str], limit: Duration) -> Result<Finished, Failure> {
        let called = self.program(words)?.outliving_caller().output(limit).await;
        called.map_err(|error| self.call_failed(&error))
    }

    /// Returns the call of the manager as its user: by ourselves, by root, or by `sudo`, which
    /// asks nobody for a password.
    fn program(&self, words: &[&str]) -> Result<ProgramCall, Failure> {
        let user = match self.found.get() {
            Some(user) => user,
            None => {
                let user = user::find(&self.user)?;
                self.found.get_or_init(|| user)
            }
        };
        let me = host::effective_uid();
        let own = [PROGRAM].iter().chain(words).map(OsString::from);
        // Colours and frames are for people.
        let looks = [("TERM", "dumb".to_owned()), ("NO_COLOR", "1".to_owned())];
        if me == user.ids.uid {
            return Ok(ProgramCall::new(own).add_env(looks));
        }
        if me == 0 {
            let path = ("PATH".into(), std::env::var_os("PATH").unwrap_or_default());
            let env = user.login_env().into_iter().chain([path]);
            let call = ProgramCall::new(own).in_folder(Path::new("/")).with_env(env);
            return Ok(call.add_env(looks).as_user(user.ids.uid, user.ids.gid));
        }
        let sudo = ["sudo", "-n", "-H", "-u", &self.user, "--"];
        Ok(ProgramCall::new(sudo.iter().map(OsString::from).chain(own)).add_env(looks))
    }

    fn call_failed(&self, error: &CallError) -> Failure {
        match error {
            error if error.is_missing_program() => Failure::new(
                FailureKind::Unsupported,
                format!("`{PROGRAM}` cannot be called: {error}"),
            )
            .hint("it comes with AMP; it must be on the PATH, and so must `sudo` where that is needed"),
            CallError::TimedOut(limit) => {
                let limit = humantime::format_duration(*limit);
                Failure::new(
                    FailureKind::Timeout,
                    format!("`{PROGRAM}` did not answer within {limit}"),
                )
            }
            error => Failure::unknown(format!("`{PROGRAM}` cannot be asked: {error}")),
        }
    }

    fn refusal(&self, answer: &Finished, said: &str) -> Failure {
        let user = &self.user;
        if is_sudo(&answer.complaint) {
            let message = format!(
                "sudo does not let you call `{PROGRAM}` as {user}: {}",
                last(&answer.complaint)
            );
            return Failure::unknown(message).hint(format!(
                "allow it in /etc/sudoers.d, with the line `{} ALL=({user}) NOPASSWD: /usr/bin/{PROGRAM}`",
                host::user_name(host::effective_uid()).unwrap_or_else(|| "YOU".to_owned())
            ));
        }
        let why = complaint(said).unwrap_or_else(|| match last(&answer.complaint) {
            none if none.is_empty() => format!("it ended with {}", answer.status),
            line => line,
        });
        Failure::unknown(format!("`{PROGRAM}` refuses to list its instances: {why}"))
            .hint(format!("see {} as root", quoted_call(user)))
    }
}

/// Returns the call by which a person sees the same list.
fn quoted_call(user: &str) -> String {
    format!("`sudo -u {} {PROGRAM} -l`", quoted(user))
}

/// Returns the option of an order; `None` where the manager has none.
fn option(order: AmpOrder) -> Option<&'static str> {
    match order {
        AmpOrder::StartInstance => Some("-s"),
        AmpOrder::StopInstance => Some("-q"),
        AmpOrder::Start | AmpOrder::Stop | AmpOrder::Kill => None,
    }
}

/// Returns the call of an order, without the name of the instance; `None` where the manager
/// has none.
pub(super) fn words(order: AmpOrder) -> Option<String> {
    option(order).map(|option| format!("{PROGRAM} {option}"))
}

/// Returns true if it was `sudo` that complained.
fn is_sudo(complaint: &str) -> bool {
    complaint.lines().any(|line| line.starts_with("sudo: "))
}

fn last(text: &str) -> String {
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    plain(line.unwrap_or_default())
}

/// Returns the first complaint in what the manager says.
fn complaint(said: &str) -> Option<String> {
    let line = said.lines().map(str::trim).find(|line| line.starts_with(COMPLAINT))?;
    let (_, why) = line.split_once(']')?;
    Some(plain(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_found_between_other_lines() {
        let said = "[Info/1] AMP Instance Manager v2.6.0\n [Error/2]  Failed to start AMP. Exit code was 0\nbye\n";
        let why = "Failed to start AMP. Exit code was 0";
        assert_eq!(complaint(said).as_deref(), Some(why));
        assert_eq!(complaint("[Info/1] AMP instance Ark01 is now running.\n"), None);
        assert_eq!(complaint("[Error"), None);
    }

    #[test]
    fn sudo_is_told_from_the_manager() {
        assert!(is_sudo("sudo: a password is required\n"));
        assert!(!is_sudo("the sudo: of others\n"));
        assert_eq!(last("one\ntwo\n\n"), "two");
    }
}
