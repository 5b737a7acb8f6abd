//! Entry points of the fuzz target: what AMP answers. Built with `--cfg fuzzing` only;
//! see `fuzz/README.md`.

use super::answer::{self, AmpAnswer};
use super::listing::{self, AmpListing, ListedInstance};
use super::phase::AmpPhase;
use super::state::{self, AmpCircumstances, judge};
use super::{manager_listing, task, updates};
use crate::event::Want;
use crate::supervisor::InstanceState;

/// The line between the answers.
const BETWEEN: &str = "\n---\n";

/// The most players that are believed.
const MOST_PLAYERS: u32 = 1_000_000;

/// Reads a list of instances, the lines of a console and again, tasks, a login, the answer
/// to an order, and the list of `ampinstmgr`, and judges what comes of them.
pub fn answers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split(BETWEEN);
    let mut next = || parts.next().unwrap_or_default();
    let listed = next();
    kinds(listed);
    if let Ok(listing) = listing::parse(listed.as_bytes()) {
        judge_all(&listing);
    }
    console(next(), next());
    let doing = task::main_task(next().as_bytes());
    assert!(doing.is_none_or(|doing| is_shown_whole(&doing)), "a task is one line");
    let login = next();
    if let Ok(session) = answer::session(login.as_bytes()) {
        assert!(!session.is_empty() && login.contains("true"), "no success, no session");
    }
    let refusal = answer::refusal(next().as_bytes());
    assert!(refusal.is_none_or(|why| is_shown_whole(&why)), "a reason is one line");
    match manager_listing::parse(next()) {
        Ok(listing) => {
            judge_all(&listing);
            assert!(
                listing
                    .instances()
                    .iter()
                    .all(|one| one.app_state.is_none() && one.players.is_none()),
                "the manager tells nothing of games"
            );
        }
        Err(why) => assert!(is_shown_whole(&why), "{why:?}"),
    }
}

/// Tells what kind of an answer it is, behind each status.
fn kinds(body: &str) {
    for status in [0, 200, 204, 302, 401, 403, 500, u16::MAX] {
        match answer::kind(status, body.as_bytes()) {
            Ok(AmpAnswer::Proper) => assert!((200..300).contains(&status), "{status} is none"),
            Ok(AmpAnswer::NoAccess(why) | AmpAnswer::Unavailable(why) | AmpAnswer::Fault(why)) => {
                assert!(is_shown_whole(&why), "{why:?}");
            }
            Err(failure) => assert!(!failure.message.is_empty()),
        }
    }
}

fn judge_all(listing: &AmpListing) {
    assert_eq!(listing.len(), listing.instances().len());
    for one in listing.instances() {
        let found = listing.find(&one.name);
        assert!(found.is_ok_and(|found| found.name == one.name) || named_twice(listing, &one.name));
        let players = one.players.map(|players| (players.online, players.max));
        assert!(
            players.is_none_or(|(online, max)| online <= MOST_PLAYERS && max.is_none_or(|max| max <= MOST_PLAYERS)),
            "{players:?}"
        );
        for want in [None, Some(Want::Running), Some(Want::Stopped)] {
            for (was_started, was_stopped) in [(false, false), (true, false), (true, true)] {
                let circumstances = AmpCircumstances {
                    want,
                    was_started,
                    was_stopped,
                    restarts: 1,
                };
                judge_one(one, circumstances);
            }
        }
    }
}

fn judge_one(one: &ListedInstance, circumstances: AmpCircumstances) {
    let Ok(facts) = judge(one, circumstances) else {
        assert!(state::phase(one).is_err() || matches!(state::phase(one), Ok((_, AmpPhase::Unknown))));
        return;
    };
    assert!(
        one.stale.is_none() && one.is_running.is_some(),
        "what is not known is no state"
    );
    if facts.state == InstanceState::Stopped {
        let phase = state::phase(one).map(|(_, phase)| phase);
        let is_down = matches!(
            phase,
            Ok(AmpPhase::Down | AmpPhase::Asleep | AmpPhase::Suspended | AmpPhase::Failed)
        );
        assert!(is_down, "{phase:?}");
    }
}

fn named_twice(listing: &AmpListing, name: &str) -> bool {
    listing.instances().iter().filter(|one| one.name == name).count() > 1
}

/// Reads the lines of a console, and those that another session gets.
fn console(first: &str, second: &str) {
    let (Ok(first), Ok(second)) = (updates::parse(first.as_bytes()), updates::parse(second.as_bytes())) else {
        return;
    };
    for entry in first.iter().chain(&second) {
        assert!(entry.line(false).ends_with('\n') && entry.line(true).ends_with('\n'));
        assert!(entry.line(true).len() >= entry.line(false).len());
        let _ = entry.is_since(std::time::SystemTime::UNIX_EPOCH);
    }
    let new = updates::unseen(&second, first.last());
    assert!(second.ends_with(new), "what is new comes last");
    assert_eq!(updates::unseen(&first, first.last()), &[][..], "nothing is told twice");
}

/// Returns true if a screen shows all of it, in one line.
fn is_shown_whole(text: &str) -> bool {
    !text.chars().any(char::is_control)
}
