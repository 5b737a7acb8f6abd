//! The output of a unit: what its own processes have written to the journal.

use std::time::{Duration, UNIX_EPOCH};

use anyhow::Result;

use super::managed::ManagedUnit;
use crate::failure::{Failure, FailureKind};
use crate::inventory::{UnitScope, UnitSpec};
use crate::program::{CallError, ProgramCall};
use crate::supervisor::{ConsoleOutput, OutputAsk, OutputFrom, OutputSource};
use crate::sys::host;
use crate::user;

/// The time in which the journal answers.
const ANSWER: Duration = Duration::from_secs(10);

#[async_trait::async_trait]
impl OutputSource for ManagedUnit {
    async fn open(&self, ask: OutputAsk) -> Result<ConsoleOutput> {
        let matches = matches(self.spec())?;
        // It does not say on its standard output that it may not be read.
        let look = ProgramCall::new(journalctl(&["--lines=0".to_owned()], &matches, false));
        let looked = look.output(ANSWER).await.map_err(|error| not_called(&error))?;
        if !looked.status.success() {
            return Err(unreadable(&looked.complaint).into());
        }
        let call = ProgramCall::new(journalctl(&range(ask.from, ask.follow), &matches, ask.times));
        let stream = call.stream().map_err(|error| not_called(&error))?;
        Ok(Box::new(stream))
    }
}

fn journalctl(words: &[String], matches: &[String], times: bool) -> Vec<String> {
    // Each message as it is, with what would be left out of it for a terminal; or behind
    // its time and the process that wrote it.
    let form: &[&str] = match times {
        false => &["--output=cat"],
        true => &["--output=short-iso", "--utc", "--no-hostname"],
    };
    let all = ["journalctl", "--quiet", "--no-pager", "--all"].iter().chain(form);
    let all: Vec<String> = all.map(|word| (*word).to_owned()).collect();
    [&all[..], words, matches].concat()
}

fn range(from: OutputFrom, follow: bool) -> Vec<String> {
    let mut words = vec![match from {
        OutputFrom::Start => "--lines=all".to_owned(),
        OutputFrom::LastLines(lines) => format!("--lines={lines}"),
        OutputFrom::Time(at) => {
            let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
            format!("--since=@{}", since.as_secs())
        }
    }];
    if follow {
        words.push("--follow".to_owned());
        if matches!(from, OutputFrom::Time(_)) {
            words.push("--no-tail".to_owned());
        }
    }
    words
}

/// Returns what selects the messages of the processes of a unit, and not those of systemd
/// about it.
fn matches(spec: &UnitSpec) -> Result<Vec<String>, Failure> {
    let owner = match &spec.scope {
        UnitScope::System => return Ok(vec![format!("_SYSTEMD_UNIT={}", spec.unit)]),
        UnitScope::User(owner) => owner,
    };
    let uid = match owner {
        None => Some(host::effective_uid()),
        Some(name) => user::uid_of(name),
    };
    let uid = uid.ok_or_else(|| Failure::unknown("this host has no such user").hint("correct `systemd.user`"))?;
    Ok(vec![format!("_SYSTEMD_USER_UNIT={}", spec.unit), format!("_UID={uid}")])
}

fn not_called(error: &CallError) -> Failure {
    if error.is_missing_program() {
        return Failure::new(FailureKind::Unsupported, "`journalctl` is not installed").hint("install systemd");
    }
    Failure::unknown(format!("`journalctl` cannot be called: {error}"))
}

fn unreadable(complaint: &str) -> Failure {
    let said = complaint.trim().lines().last().unwrap_or("it said nothing").trim();
    Failure::failed(format!("the journal cannot be read: {said}"))
        .hint("root may read it, and the group `systemd-journal`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_of_what_is_read() {
        let since = OutputFrom::Time(UNIX_EPOCH + Duration::from_millis(7_900));
        for (from, follow, words) in [
            (OutputFrom::Start, false, "--lines=all"),
            (OutputFrom::LastLines(5), false, "--lines=5"),
            (OutputFrom::LastLines(5), true, "--lines=5 --follow"),
            (OutputFrom::Start, true, "--lines=all --follow"),
            (since, false, "--since=@7"),
            (since, true, "--since=@7 --follow --no-tail"),
        ] {
            assert_eq!(range(from, follow).join(" "), words);
        }
    }
}
