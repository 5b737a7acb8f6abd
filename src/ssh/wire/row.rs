//! The rows of instances.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::keep::AwaitsLine;
use crate::supervisor::{Detail, Facts, InstanceState, LastExit, Observation, Usage, Want};
use crate::sys::clock::unix_ms;
use crate::text::clean_line;

/// A state as a word, and the exit code of a crash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateWord {
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
}

impl StateWord {
    pub fn new(state: &InstanceState) -> Self {
        Self {
            state: state.as_label().to_owned(),
            exit_code: match state {
                InstanceState::Crashed { exit_code } => *exit_code,
                _ => None,
            },
        }
    }

    /// Returns the state; `None` for a word that is not known here.
    pub fn state(&self) -> Option<InstanceState> {
        InstanceState::of_label(&self.state, self.exit_code)
    }
}

/// The row of an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowLine {
    pub id: String,
    /// `running` or `stopped`; absent if none was ever set.
    #[serde(default)]
    pub intent: Option<String>,
    /// The facts; absent if it could not be found out.
    #[serde(default)]
    pub facts: Option<FactsLine>,
    /// The reason why it could not.
    #[serde(default)]
    pub reason: Option<String>,
    /// The next thing that its keeper waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaits: Option<AwaitsLine>,
    /// The resources that it uses, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

/// The facts of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactsLine {
    #[serde(flatten)]
    pub state: StateWord,
    #[serde(default)]
    pub uptime_seconds: u64,
    #[serde(default)]
    pub ends_by_itself: bool,
    #[serde(default)]
    pub ended_from_outside: bool,
    #[serde(default)]
    pub stays_down: bool,
    #[serde(default)]
    pub ended_as_allowed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restarts_itself: bool,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub since_ms: Option<u64>,
    #[serde(default)]
    pub pid: Option<u32>,
    #[serde(default)]
    pub restarts: u32,
    #[serde(default)]
    pub last_exit: Option<ExitLine>,
    #[serde(default)]
    pub note: Option<String>,
    /// The number of the run.
    #[serde(default)]
    pub run: Option<u64>,
    #[serde(default)]
    pub details: Vec<(String, DetailLine)>,
}

/// The last end of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitLine {
    #[serde(default)]
    pub code: Option<i32>,
    #[serde(default)]
    pub signal: Option<String>,
    /// Milliseconds since 1970.
    #[serde(default)]
    pub at_ms: Option<u64>,
    #[serde(default)]
    pub requested: bool,
    #[serde(default)]
    pub oom_killed: bool,
}

/// A fact of one plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DetailLine {
    Number(u64),
    Flag(bool),
    Text(String),
}

fn from_ms(ms: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(ms))
}

fn cleaned(text: &str) -> String {
    clean_line(text).into_owned()
}

impl RowLine {
    pub fn new(id: &str, observation: &Observation, intent: Option<Want>) -> Self {
        let (facts, reason) = match observation {
            Observation::Known(facts) => (Some(FactsLine::from(facts.as_ref())), None),
            Observation::Unknown { reason } => (None, Some(reason.clone())),
        };
        Self {
            id: id.to_owned(),
            intent: intent.map(|want| want.as_str().to_owned()),
            facts,
            reason,
            awaits: None,
            usage: None,
        }
    }

    /// Returns the intent; `None` also for a word that is not known here.
    pub fn want(&self) -> Option<Want> {
        let word = self.intent.as_deref()?;
        [Want::Running, Want::Stopped]
            .into_iter()
            .find(|want| want.as_str() == word)
    }

    /// Returns what was seen. A state that is not known here is unknown.
    pub fn observation(&self) -> Observation {
        let unknown = |reason: String| Observation::Unknown { reason };
        let Some(facts) = &self.facts else {
            let reason = self.reason.as_deref().unwrap_or("its host does not say why");
            return unknown(cleaned(reason));
        };
        match facts.facts() {
            Some(facts) => facts.into(),
            None => unknown(format!(
                "its host says `{}`, which this gamectl does not know",
                cleaned(&facts.state.state)
            )),
        }
    }
}

impl From<&Facts> for FactsLine {
    fn from(facts: &Facts) -> Self {
        let exit = |exit: &LastExit| ExitLine {
            code: exit.code,
            signal: exit.signal.clone(),
            at_ms: exit.at.map(unix_ms),
            requested: exit.requested,
            oom_killed: exit.oom_killed,
        };
        let detail = |detail: &Detail| match detail {
            Detail::Number(number) => DetailLine::Number(*number),
            Detail::Text(text) => DetailLine::Text(text.clone()),
            Detail::Flag(flag) => DetailLine::Flag(*flag),
        };
        Self {
            state: StateWord::new(&facts.state),
            uptime_seconds: facts.uptime_seconds,
            ends_by_itself: facts.ends_by_itself,
            ended_from_outside: facts.ended_from_outside,
            stays_down: facts.stays_down,
            ended_as_allowed: facts.ended_as_allowed,
            restarts_itself: facts.restarts_itself,
            since_ms: facts.since.map(unix_ms),
            pid: facts.pid,
            restarts: facts.restarts,
            last_exit: facts.last_exit.as_ref().map(exit),
            note: facts.note.clone(),
            run: facts.run,
            details: facts
                .details
                .iter()
                .map(|(name, value)| (name.to_string(), detail(value)))
                .collect(),
        }
    }
}

impl FactsLine {
    fn facts(&self) -> Option<Facts> {
        let exit = |exit: &ExitLine| LastExit {
            code: exit.code,
            signal: exit.signal.as_deref().map(cleaned),
            at: exit.at_ms.and_then(from_ms),
            requested: exit.requested,
            oom_killed: exit.oom_killed,
        };
        let detail = |detail: &DetailLine| match detail {
            DetailLine::Number(number) => Detail::Number(*number),
            DetailLine::Text(text) => Detail::Text(cleaned(text)),
            DetailLine::Flag(flag) => Detail::Flag(*flag),
        };
        Some(Facts {
            state: self.state.state()?,
            uptime_seconds: self.uptime_seconds,
            ends_by_itself: self.ends_by_itself,
            ended_from_outside: self.ended_from_outside,
            stays_down: self.stays_down,
            ended_as_allowed: self.ended_as_allowed,
            restarts_itself: self.restarts_itself,
            since: self.since_ms.and_then(from_ms),
            pid: self.pid,
            restarts: self.restarts,
            last_exit: self.last_exit.as_ref().map(exit),
            note: self.note.as_deref().map(cleaned),
            run: self.run,
            details: self
                .details
                .iter()
                .map(|(name, value)| (cleaned(name).into(), detail(value)))
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_as_it_was() {
        let mut facts = Facts::bare(InstanceState::Crashed { exit_code: Some(3) }, Some("why".into()));
        facts.since = from_ms(1_700_000_000_123);
        facts.pid = Some(7);
        facts.run = Some(9);
        facts.last_exit = Some(LastExit {
            code: None,
            signal: Some("SIGKILL".into()),
            at: from_ms(5),
            requested: true,
            oom_killed: true,
        });
        facts.details = vec![
            ("launch".into(), Detail::Number(3)),
            ("adopted".into(), Detail::Flag(true)),
            ("services".into(), Detail::Text("a: up".into())),
        ];
        for observation in [Observation::from(facts), Observation::Unknown { reason: "no".into() }] {
            let row = RowLine::new("a", &observation, Some(Want::Stopped));
            let text = serde_json::to_string(&row).unwrap();
            let read: RowLine = serde_json::from_str(&text).unwrap();
            assert_eq!(read, row);
            assert_eq!((read.observation(), read.want()), (observation, Some(Want::Stopped)));
        }
    }

    #[test]
    fn what_a_newer_gamectl_says_is_unknown_and_not_stopped() {
        let text = r#"{"id":"a","intent":"paused","facts":{"state":"draining","mood":"blue"},"new":[]}"#;
        let read: RowLine = serde_json::from_str(text).unwrap();
        assert!(matches!(read.observation(), Observation::Unknown { reason } if reason.contains("`draining`")));
        assert_eq!(read.want(), None);
    }

    #[test]
    fn what_comes_is_harmless_on_a_screen() {
        let text = "{\"id\":\"a\",\"facts\":{\"state\":\"stopped\",\"note\":\"a\\u001b[2Jb\\nc\"}}";
        let read: RowLine = serde_json::from_str(text).unwrap();
        let Observation::Known(facts) = read.observation() else {
            panic!()
        };
        let note = facts.note.unwrap();
        assert!(!note.contains(['\u{1b}', '\n']), "{note:?}");
    }
}
