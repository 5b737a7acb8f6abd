//! The verbs that keys have begun, in the rows of their instances.

use std::collections::HashMap;
use std::time::Instant;

use crate::event::{Level, LogEntry, Row, Verb, VerbEvent};
use crate::supervisor::{InstanceState, Observation};
use crate::text::clean_line;
use crate::ui::result;
use crate::ui::span::short;

struct VerbWork {
    verb: Verb,
    awaiting: String,
    since: Instant,
}

/// The verbs under way, by instance.
#[derive(Default)]
pub(super) struct VerbWorks {
    works: HashMap<String, VerbWork>,
}

impl VerbWorks {
    /// Takes an event of a verb in, and returns what has happened.
    pub(super) fn take(&mut self, verb: Verb, event: &VerbEvent, now: Instant) -> Option<LogEntry> {
        match event {
            VerbEvent::Began { id } => {
                let work = VerbWork {
                    verb,
                    awaiting: String::new(),
                    since: now,
                };
                self.works.insert(id.clone(), work);
                None
            }
            VerbEvent::LockHeld { id, holder } => {
                self.awaits(id, format!("waiting for {holder}, which holds it"), now);
                None
            }
            VerbEvent::Awaiting { id, activity } => {
                self.awaits(id, format!("waiting for {}", activity.awaiting), now);
                None
            }
            VerbEvent::Told { id, text, is_trouble } => {
                let level = if *is_trouble { Level::Warning } else { Level::Info };
                Some(LogEntry::now(level, Some(id), text))
            }
            VerbEvent::Done(done) => {
                self.works.remove(&done.id);
                let level = if done.ok() { Level::Info } else { Level::Error };
                Some(LogEntry::now(level, Some(&done.id), result::in_words(verb, done)))
            }
        }
    }

    fn awaits(&mut self, id: &str, awaiting: String, now: Instant) {
        if let Some(work) = self.works.get_mut(id)
            && work.awaiting != awaiting
        {
            (work.awaiting, work.since) = (awaiting, now);
        }
    }

    /// Says in the row of an instance what is under way.
    pub(super) fn note(&self, row: &mut Row, now: Instant) {
        let (Some(work), Observation::Known(facts)) = (self.works.get(&row.id), &mut row.observation) else {
            return;
        };
        let mut note = format!("{}: {}", work.verb.as_str(), clean_line(&work.awaiting));
        if work.awaiting.is_empty() {
            note = format!("{} begins", work.verb.as_str());
        }
        // The table tells the time of a state that will pass.
        let passes = matches!(facts.state, InstanceState::Starting | InstanceState::Stopping);
        if !passes || facts.since.is_none() {
            let waited = now.saturating_duration_since(work.since).as_secs();
            note = format!("{note}, for {}", short(waited));
        }
        facts.note = Some(note);
    }
}
