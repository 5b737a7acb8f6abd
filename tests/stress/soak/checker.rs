//! The rules that hold at any time, checked by `/proc` and the files alone.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use super::moods::{Mood, beacon};
use super::seen::{Files, Seen, lives};
use crate::support::Sandbox;

/// Between two looks of which the second confirms the first.
const AGAIN: Duration = Duration::from_millis(300);

/// The wish that stood when a stop was acknowledged, by instance.
type Known = HashMap<String, String>;

/// The checks, and the stops that were acknowledged.
pub(crate) struct Checker<'a> {
    sandbox: &'a Sandbox,
    moods: &'a [Mood],
    stops: Mutex<HashMap<String, Stops>>,
    acknowledged: Mutex<Known>,
}

/// The stops of one instance.
#[derive(Debug, Default, Clone, Copy)]
struct Stops {
    begun: u64,
    under_way: u64,
}

/// A stop that was begun.
pub(crate) struct Begun<'a> {
    mood: &'a Mood,
    /// Its number, where no other one was under way.
    alone: Option<u64>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox, moods: &'a [Mood]) -> Self {
        Self {
            sandbox,
            moods,
            stops: Mutex::default(),
            acknowledged: Mutex::default(),
        }
    }

    /// To be said before a stop is begun.
    pub(crate) fn stop_begins<'b>(&self, mood: &'b Mood) -> Begun<'b> {
        let mut all = self.stops.lock().expect("the stops");
        let stops = all.entry(mood.id.clone()).or_default();
        stops.begun += 1;
        stops.under_way += 1;
        Begun {
            mood,
            alone: (stops.under_way == 1).then_some(stops.begun),
        }
    }

    /// A stop has ended. If it was acknowledged, no game runs from now on, as long
    /// as nobody wishes otherwise.
    ///
    /// Only the wish of this stop tells that. Another one may have been set after
    /// this one had looked and somebody had started the game again: who set that
    /// has been told nothing yet.
    pub(crate) fn stop_ended(&self, stop: &Begun<'_>, acknowledged: bool) -> Result<(), String> {
        let intent = Files::read(self.sandbox, stop.mood);
        let is_its_own = {
            let mut all = self.stops.lock().expect("the stops");
            let stops = all.entry(stop.mood.id.clone()).or_default();
            stops.under_way -= 1;
            stop.alone == Some(stops.begun)
        };
        if !acknowledged || !is_its_own || !intent.wants_stop() {
            return Ok(());
        }
        let known = {
            let mut known = self.acknowledged.lock().expect("the stops");
            known.insert(stop.mood.id.clone(), intent.intent);
            known.clone()
        };
        self.stays_stopped(&known, &Seen::now(), stop.mood)
    }

    /// Fails when a game lives after its stop was acknowledged. `seen` is later
    /// than `known`.
    fn stays_stopped(&self, known: &Known, seen: &Seen, mood: &Mood) -> Result<(), String> {
        let games = seen.games_of(&mood.id);
        if games.is_empty() {
            return Ok(());
        }
        // The wish is read after the look: as it has not changed, it stood then.
        let files = Files::read(self.sandbox, mood);
        if known.get(&mood.id).is_none_or(|known| *known != files.intent) {
            return Ok(());
        }
        Err(format!(
            "{}: a game after an acknowledged stop: {games:?}; {files:?}",
            mood.id
        ))
    }

    /// Everything, once. What is passing is looked at again.
    pub(crate) fn look(&self) -> Result<(), String> {
        let known = self.acknowledged.lock().expect("the stops").clone();
        let before: Vec<Files> = self.moods.iter().map(|mood| Files::read(self.sandbox, mood)).collect();
        let seen = Seen::now();
        let mut suspects = Vec::new();
        for (mood, files) in self.moods.iter().zip(&before) {
            self.alone(mood)?;
            self.stays_stopped(&known, &seen, mood)?;
            self.true_exit(mood, files)?;
            if let Some(suspicion) = self.not_on_record(&seen, mood, files) {
                suspects.push((mood, files, suspicion));
            }
        }
        if suspects.is_empty() {
            return Ok(());
        }
        std::thread::sleep(AGAIN);
        for (mood, files, suspicion) in suspects {
            let now = Files::read(self.sandbox, mood);
            let again = self.not_on_record(&Seen::now(), mood, &now);
            if now == *files && again.as_ref() == Some(&suspicion) {
                return Err(format!("{}: {suspicion}; {now:?}", mood.id));
            }
        }
        Ok(())
    }

    /// A game that finds another one there says so, in a file.
    fn alone(&self, mood: &Mood) -> Result<(), String> {
        let found = self.sandbox.lines(&format!("{}.violations", beacon(&mood.id)));
        if found.is_empty() {
            return Ok(());
        }
        Err(format!("{}: two games at once: {found:?}", mood.id))
    }

    /// Something of it runs that its files do not tell of.
    fn not_on_record(&self, seen: &Seen, mood: &Mood, files: &Files) -> Option<String> {
        let living: Vec<i32> = seen
            .games_of(&mood.id)
            .iter()
            .copied()
            .filter(|pid| lives(*pid))
            .collect();
        if living.is_empty() {
            return None;
        }
        if files.launched() == 0 || files.has_ended() {
            return Some(format!("it runs, and its last launch has ended: {living:?}"));
        }
        let holders = seen.holders(self.sandbox, &mood.id);
        match holders.as_slice() {
            [_, _, ..] => Some(format!("two hold its beacon: {holders:?}")),
            [one] if mood.is_plain && files.main() != Some(*one) => {
                Some(format!("it is {one}, and on record is {:?}", files.main()))
            }
            _ => None,
        }
    }

    /// The exit on record is one that it can have had, or none.
    fn true_exit(&self, mood: &Mood, files: &Files) -> Result<(), String> {
        let (code, signal) = files.exit();
        let possible = [libc::SIGKILL, libc::SIGTERM, libc::SIGSEGV, libc::SIGHUP];
        let true_code = code.is_none_or(|code| mood.codes.contains(&code));
        if true_code && signal.is_none_or(|signal| possible.contains(&signal)) {
            return Ok(());
        }
        Err(format!("{}: an exit that it cannot have had: {files:?}", mood.id))
    }
}
