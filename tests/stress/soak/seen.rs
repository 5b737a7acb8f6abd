//! Facts from `/proc` and the files, without asking gamectl.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::moods::{Mood, beacon};
use crate::support::{Process, Sandbox};

/// Everything of the twenty that lives, at one time.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    /// The shims, by instance.
    pub(crate) shims: Vec<(String, i32)>,
    /// The processes of the games, by instance.
    pub(crate) games: HashMap<String, Vec<i32>>,
}

impl Seen {
    pub(crate) fn now() -> Self {
        let mut seen = Self::default();
        let ours = format!("soak{}-", std::process::id());
        for entry in fs::read_dir("/proc").expect("/proc").flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if let Some(id) = words.strip_prefix(b"gamectl\0__shim\0") {
                let id = String::from_utf8_lossy(id).trim_end_matches('\0').to_owned();
                if id.starts_with(&ours) {
                    seen.shims.push((id, pid));
                }
                continue;
            }
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            let id = environment
                .split(|byte| *byte == 0)
                .find_map(|entry| entry.strip_prefix(b"GAMECTL_INSTANCE="));
            let Some(id) = id.map(|id| String::from_utf8_lossy(id).into_owned()) else {
                continue;
            };
            // A zombie has no environment, so what is here has not ended.
            if id.starts_with(&ours) {
                seen.games.entry(id).or_default().push(pid);
            }
        }
        seen
    }

    pub(crate) fn games_of(&self, id: &str) -> &[i32] {
        self.games.get(id).map_or(&[], Vec::as_slice)
    }

    /// The processes of a game that hold its beacon: there may be one.
    pub(crate) fn holders(&self, sandbox: &Sandbox, id: &str) -> Vec<i32> {
        let file = sandbox.path(&beacon(id));
        let holds = |pid: &i32| {
            let fds = fs::read_dir(format!("/proc/{pid}/fd"));
            fds.is_ok_and(|fds| {
                fds.flatten()
                    .any(|fd| fs::read_link(fd.path()).is_ok_and(|link| link == file))
            })
        };
        self.games_of(id).iter().copied().filter(holds).collect()
    }
}

/// The files of an instance, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Files {
    /// The wish, as it stands there: who set it and when tells one from another.
    pub(crate) intent: String,
    launch: HashMap<String, String>,
    exit: HashMap<String, String>,
}

impl Files {
    pub(crate) fn read(sandbox: &Sandbox, mood: &Mood) -> Self {
        let dir = sandbox.instance_dir(&mood.id);
        let intent = fs::read_link(dir.join("intent")).unwrap_or_default();
        Self {
            intent: intent.to_string_lossy().into_owned(),
            launch: facts(&dir.join("launch")),
            exit: facts(&dir.join("exit")),
        }
    }

    /// Returns true when the instance is to be stopped.
    pub(crate) fn wants_stop(&self) -> bool {
        self.intent.split(',').nth(1) == Some("stopped")
    }

    fn generation(facts: &HashMap<String, String>) -> u64 {
        facts.get("generation").and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// The number of the last launch.
    pub(crate) fn launched(&self) -> u64 {
        Self::generation(&self.launch)
    }

    /// Returns true when the last launch has ended, by the files.
    pub(crate) fn has_ended(&self) -> bool {
        Self::generation(&self.exit) >= self.launched()
    }

    /// The main process on record.
    pub(crate) fn main(&self) -> Option<i32> {
        self.launch.get("main")?.split(',').next()?.parse().ok()
    }

    /// The exit code on record, and the signal.
    pub(crate) fn exit(&self) -> (Option<i64>, Option<i32>) {
        let number = |key| self.exit.get(key).and_then(|text: &String| text.parse().ok());
        (number("code").map(i64::from), number("signal"))
    }
}

/// The facts of a record; none of one that is not there.
fn facts(path: &Path) -> HashMap<String, String> {
    let bytes = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().skip(1).filter_map(|line| line.split_once(' '));
    lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// Returns true for a process that is there and no zombie.
pub(crate) fn lives(pid: i32) -> bool {
    Process::lives(pid)
}
