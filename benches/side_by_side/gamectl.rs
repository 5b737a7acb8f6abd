//! gamectl: an inventory and a state directory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use serde_json::json;

use crate::fleet::Fleet;
use crate::guard::Guard;
use crate::manager::{Manager, write};

/// The name of the game in the folder of the fleet. Its working directory,
/// that folder, ties it to the fleet.
const GAME: &str = "game";

/// The binary at this path.
pub(crate) struct Gamectl(pub(crate) PathBuf);

impl Gamectl {
    /// A copy of this binary, as every way to install it makes one. The linker
    /// writes its output here and there, and leaves it in the page cache in
    /// small pieces, which the kernel maps more slowly than a file that was
    /// written in one go; the rivals were installed, too.
    pub(crate) fn installed(guard: &Guard, binary: &Path) -> Self {
        let path = guard.fresh("bin").join("gamectl");
        std::fs::copy(binary, &path).expect("install gamectl");
        Self(path)
    }

    fn command(&self, fleet: &Fleet, words: &[&str]) -> Command {
        let mut command = fleet.client(&self.0);
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

    fn configure(&self, fleet: &Fleet) {
        std::os::unix::fs::symlink(&fleet.game[0], fleet.dir.join(GAME)).expect("link the game");
        write(&fleet.dir.join("instances.yaml"), &inventory(fleet));
    }

    fn begin(&self, fleet: &Fleet) -> Option<Child> {
        if fleet.resident {
            return self.command(fleet, &["run"]).spawn().ok();
        }
        if fleet.running {
            let _ = self.command(fleet, &["start", "--all", "--no-wait", "-q"]).status();
        }
        None
    }

    fn settle(&self, _: &Fleet) {}

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

/// Short entries, about 90 bytes each: reading them is part of each command,
/// but long argument lists would measure the YAML parser alone.
fn inventory(fleet: &Fleet) -> String {
    let args = json!(fleet.game[1..])
        .to_string()
        .replace(&format!("{}/", fleet.dir.display()), "");
    let log = if fleet.logs {
        // As for the others: no rotation within a measurement.
        "      log: { max_size: 100GiB, keep: 1 }\n"
    } else {
        ""
    };
    let defaults = if fleet.resident {
        "defaults:\n  restart: { delay: 0s }\n"
    } else {
        ""
    };
    let entries = fleet
        .ids
        .iter()
        .map(|id| format!("  {id}:\n    process:\n      executable: {GAME}\n      args: {args}\n{log}"));
    let head = format!("{defaults}instances:\n");
    std::iter::once(head).chain(entries).collect()
}
