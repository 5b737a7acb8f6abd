//! The exit of a launch, as its shim saw it, and how it is put on record.

use super::reason::Reason;
use crate::store::launch::Launch;
use crate::sys::host;
use crate::sys::oom::OomEvidence;
use crate::sys::procfs::{self, ProcessId};
use crate::sys::reaper::Ending;

/// The pause before an exit that could not be put on record is tried again, in
/// milliseconds.
pub(super) const RETRY_MS: u64 = 5_000;

/// Returns why a game cannot be ended of which this process may not be signalled.
pub(super) fn unkillable(process: ProcessId) -> String {
    let pid = process.pid;
    let owner = procfs::user(pid).map_or_else(|| "another user".to_owned(), |uid| format!("uid {uid}"));
    let us = host::effective_uid();
    format!("its process {pid} runs as {owner}, and uid {us} may not signal it")
}

/// Returns what points to the out-of-memory killer in this ending. A kill of our
/// own does not.
pub(super) fn oom_evidence(ending: Option<Ending>, killed_by_us: bool, counted: OomEvidence) -> OomEvidence {
    match ending {
        Some(Ending::Signal(libc::SIGKILL, _)) if !killed_by_us => counted,
        _ => OomEvidence::None,
    }
}

/// The most steps that are told of: a record has little room.
const STEPS_MAX: usize = 5;

/// Returns the note on an exit, for a person. `passed_on` is true where `ending` is
/// that of the main process's launcher; `reason` is that of a stop; `passed_over` are
/// the steps of the stop that were not carried out.
pub(super) fn note(
    record: &Launch,
    ending: Option<Ending>,
    passed_on: bool,
    reason: Option<&Reason>,
    oom: OomEvidence,
    passed_over: &[String],
) -> String {
    let mut notes = Vec::new();
    if oom == OomEvidence::Likely {
        notes.push("the out-of-memory killer was probably at work");
    }
    if record.adopted && ending.is_none() {
        notes.push("its shim was killed before it ended, so its exit code is not known");
    }
    if passed_on {
        notes.push("this is how its launcher ended: how the game did was not to be found out");
    }
    let reason = reason.and_then(Reason::note);
    notes.extend(reason.as_deref());
    notes.extend(passed_over.iter().take(STEPS_MAX).map(String::as_str));
    notes.join("; ")
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::Signal;

    use super::*;
    use crate::store::launch::tests::sample;

    fn launch(adopted: bool) -> Launch {
        Launch { adopted, ..sample() }
    }

    #[test]
    fn a_kill_of_our_own_is_no_shortage_of_memory() {
        let record = launch(false);
        let kill = Some(Ending::Signal(libc::SIGKILL, false));
        for (ending, killed, evidence, oom) in [
            (kill, false, OomEvidence::Certain, true),
            (kill, false, OomEvidence::Likely, true),
            (kill, false, OomEvidence::None, false),
            (kill, true, OomEvidence::Certain, false),
            (
                Some(Ending::Signal(libc::SIGSEGV, true)),
                false,
                OomEvidence::Certain,
                false,
            ),
            (None, false, OomEvidence::Certain, false),
        ] {
            let found = oom_evidence(ending, killed, evidence);
            assert_eq!(found != OomEvidence::None, oom, "{ending:?} {killed} {evidence:?}");
            let note = note(&record, ending, false, None, found, &[]);
            assert_eq!(note.contains("probably"), oom && evidence == OomEvidence::Likely);
        }
    }

    #[test]
    fn a_signal_that_began_the_stop_is_named() {
        let record = launch(false);
        for (reason, wanted) in [
            (None, ""),
            (Some(Reason::Verb), ""),
            (Some(Reason::Scope), "systemd stopped its scope"),
            (Some(signalled(Signal::SIGTERM)), "its shim got SIGTERM, and stopped it"),
            (Some(signalled(Signal::SIGINT)), "its shim got SIGINT, and stopped it"),
        ] {
            let ending = Some(Ending::Code(0));
            let note = note(&record, ending, false, reason.as_ref(), OomEvidence::None, &[]);
            assert_eq!(note, wanted);
        }
    }

    fn signalled(signal: Signal) -> Reason {
        let session = None;
        Reason::Signal { signal, session }
    }

    #[test]
    fn an_exit_code_that_is_not_known_is_said_to_be() {
        let note = note(&launch(true), None, false, None, OomEvidence::None, &[]);
        assert!(note.contains("not known"), "{note}");
    }
}
