//! The exit of a launch, drawn up from what its shim saw.

use nix::sys::signal::Signal;

use crate::store::ending::Exit;
use crate::store::launch::Launch;
use crate::sys::clock;
use crate::sys::oom::OomEvidence;
use crate::sys::reaper::Ending;

/// The pause before an exit that could not be put on record is tried again, in
/// milliseconds.
pub(super) const RETRY_MS: u64 = 5_000;

/// An end as the shim saw it.
pub(super) struct Account<'a> {
    pub(super) record: &'a Launch,
    pub(super) ending: Option<Ending>,
    /// True where that is the ending of the main process's launcher.
    pub(super) passed_on: bool,
    pub(super) requested: bool,
    /// The signal to the shim that asked for it, where no verb did.
    pub(super) signal: Option<Signal>,
    pub(super) ended_by: String,
    pub(super) killed: bool,
    pub(super) killed_leftovers: u32,
    pub(super) lost_output: u64,
    pub(super) evidence: OomEvidence,
}

/// Draws up the exit.
pub(super) fn account(seen: Account<'_>) -> Exit {
    let by_kill = matches!(seen.ending, Some(Ending::Signal(libc::SIGKILL, _))) && !seen.killed;
    let oom_killed = by_kill && seen.evidence != OomEvidence::None;
    let mut notes = Vec::new();
    if oom_killed && seen.evidence == OomEvidence::Likely {
        notes.push("the out-of-memory killer was probably at work");
    }
    if seen.record.adopted && seen.ending.is_none() {
        notes.push("its shim was killed before it ended, so its exit code is not known");
    }
    if seen.passed_on {
        notes.push("this is how its launcher ended: how the game did was not to be found out");
    }
    match seen.signal {
        Some(Signal::SIGTERM) => notes.push("its shim got SIGTERM, and stopped it"),
        Some(_) => notes.push("its shim got SIGINT, and stopped it"),
        None => {}
    }
    Exit {
        generation: seen.record.generation,
        boot: seen.record.frame.boot.clone(),
        ending: seen.ending,
        at_wall_ms: Some(clock::wall_ms()),
        requested: seen.requested,
        ended_by: if seen.requested { seen.ended_by } else { String::new() },
        oom_killed,
        was_ready: seen.record.ready.is_some(),
        killed_leftovers: seen.killed_leftovers,
        lost_output: seen.lost_output,
        note: notes.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::launch::LogPosition;
    use crate::sys::host::Frame;
    use crate::sys::procfs::ProcessId;

    fn launch(adopted: bool) -> Launch {
        let process = ProcessId { pid: 5, start: 6 };
        Launch {
            generation: 3,
            frame: Frame::here().unwrap(),
            shim: process,
            main: process,
            launched_wall_ms: 1,
            launched_boot_ms: 1,
            log: LogPosition { inode: 1, offset: 0 },
            output: 0,
            ready: None,
            restarts: 0,
            adopted,
            tree_tag: String::new(),
        }
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
            let exit = account(Account {
                record: &record,
                ending,
                passed_on: false,
                requested: false,
                signal: None,
                ended_by: String::new(),
                killed,
                killed_leftovers: 0,
                lost_output: 0,
                evidence,
            });
            assert_eq!(exit.oom_killed, oom, "{ending:?} {killed} {evidence:?}");
            assert_eq!(exit.note.contains("probably"), oom && evidence == OomEvidence::Likely);
        }
    }

    #[test]
    fn a_signal_that_asked_for_the_end_is_named() {
        let record = launch(false);
        for (signal, wanted) in [
            (None, ""),
            (Some(Signal::SIGTERM), "its shim got SIGTERM, and stopped it"),
            (Some(Signal::SIGINT), "its shim got SIGINT, and stopped it"),
        ] {
            let exit = account(Account {
                record: &record,
                ending: Some(Ending::Code(0)),
                passed_on: false,
                requested: true,
                signal,
                ended_by: "stdin: quit".into(),
                killed: false,
                killed_leftovers: 0,
                lost_output: 0,
                evidence: OomEvidence::None,
            });
            assert_eq!(exit.note, wanted);
        }
    }

    #[test]
    fn an_exit_code_is_never_invented() {
        let record = launch(true);
        let exit = account(Account {
            record: &record,
            ending: None,
            passed_on: false,
            requested: true,
            signal: None,
            ended_by: "signal: TERM".into(),
            killed: false,
            killed_leftovers: 0,
            lost_output: 0,
            evidence: OomEvidence::None,
        });
        assert_eq!((exit.code(), exit.signal()), (None, None));
        assert!(exit.note.contains("not known"), "{}", exit.note);
    }
}
