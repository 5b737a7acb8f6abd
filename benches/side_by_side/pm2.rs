//! pm2: one Node.js process for everything.

use std::path::PathBuf;
use std::process::{Child, Command};

use serde_json::json;

use crate::fleet::Fleet;
use crate::manager::{Manager, write};

/// pm2.
pub(crate) struct Pm2;

fn command(fleet: &Fleet, words: &[&str]) -> Command {
    let mut command = fleet.command("pm2");
    command.env("PM2_HOME", fleet.dir.join("pm2")).args(words);
    command
}

impl Manager for Pm2 {
    fn name(&self) -> &'static str {
        "pm2"
    }

    fn programs(&self) -> Vec<PathBuf> {
        vec!["pm2".into(), "node".into()]
    }

    fn configure(&self, fleet: &Fleet) {
        let app = |id: &String| {
            let log = self.log(fleet, id).display().to_string();
            json!({
                "name": id,
                "script": fleet.game[0],
                "args": fleet.game[1..],
                "interpreter": "none",
                "autorestart": fleet.resident,
                "max_restarts": 1_000_000,
                "out_file": if fleet.logs { log.as_str() } else { "/dev/null" },
                "error_file": "/dev/null",
            })
        };
        let apps: Vec<_> = fleet.ids.iter().map(app).collect();
        write(
            &fleet.dir.join("apps.config.json"),
            &json!({ "apps": apps }).to_string(),
        );
    }

    /// Its command returns when all are launched; it is not waited for.
    fn begin(&self, fleet: &Fleet) -> Option<Child> {
        fleet
            .running
            .then(|| command(fleet, &["start", "apps.config.json"]).spawn().ok())?
    }

    fn settle(&self, fleet: &Fleet) {
        if !fleet.running {
            let _ = command(fleet, &["start", "apps.config.json"]).status();
            let _ = command(fleet, &["stop", "all"]).status();
        }
    }

    fn status(&self, fleet: &Fleet) -> Command {
        command(fleet, &["list"])
    }

    fn start(&self, fleet: &Fleet, id: &str) -> Command {
        command(fleet, &["start", id])
    }

    fn stop(&self, fleet: &Fleet, id: &str) -> Command {
        command(fleet, &["stop", id])
    }

    fn log(&self, fleet: &Fleet, id: &str) -> PathBuf {
        fleet.dir.join(format!("{id}.log"))
    }
}
