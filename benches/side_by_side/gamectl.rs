//! gamectl: an inventory and a state directory.

use std::path::PathBuf;
use std::process::{Child, Command};

use serde_json::json;

use crate::fleet::{Fleet, MARK};
use crate::manager::{Manager, write};

/// The binary at this path.
pub(crate) struct Gamectl(pub(crate) PathBuf);

impl Gamectl {
    fn command(&self, fleet: &Fleet, words: &[&str]) -> Command {
        let mut command = fleet.command(&self.0);
        command.env("GAMECTL_STATE_DIR", fleet.dir.join("state"));
        command.env("GAMECTL_INVENTORY", fleet.dir.join("instances.yaml"));
        command.args(words);
        command
    }
}

impl Manager for Gamectl {
    fn name(&self) -> &'static str {
        "gamectl"
    }

    fn programs(&self) -> Vec<PathBuf> {
        vec![self.0.clone()]
    }

    fn set_up(&self, fleet: &Fleet) -> Option<Child> {
        write(&fleet.dir.join("instances.yaml"), &inventory(fleet));
        if fleet.running {
            let _ = self.command(fleet, &["start", "--all", "--no-wait", "-q"]).status();
        }
        None
    }

    fn status(&self, fleet: &Fleet) -> Command {
        self.command(fleet, &["status"])
    }

    fn start(&self, fleet: &Fleet, id: &str) -> Command {
        self.command(fleet, &["start", "--no-wait", id])
    }

    fn stop(&self, fleet: &Fleet, id: &str) -> Command {
        self.command(fleet, &["stop", id])
    }

    fn log(&self, fleet: &Fleet, id: &str) -> PathBuf {
        fleet.dir.join("state/instances").join(id).join("console.log")
    }
}

/// As a person would write it, with one entry an instance and no defaults.
/// Words are quoted as in JSON, which YAML understands.
fn inventory(fleet: &Fleet) -> String {
    let executable = json!(fleet.game[0]);
    let args = json!(fleet.game[1..]);
    let env = json!({ MARK: fleet.dir });
    let entries = fleet.ids.iter().map(|id| {
        format!(
            "  {id}:\n    process:\n      executable: {executable}\n      args: {args}\n      env: {env}\n      \
             log: {{ max_size: 100GiB, keep: 1 }} # as for the others: no rotation while we measure\n"
        )
    });
    std::iter::once("instances:\n".to_owned()).chain(entries).collect()
}
