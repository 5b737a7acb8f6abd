//! runit: runsvdir, one runsv a service, one svlogd a log.

use std::path::PathBuf;
use std::process::{Child, Command};

use crate::fleet::Fleet;
use crate::manager::{Manager, write};

/// runit.
pub(crate) struct Runit;

fn service(fleet: &Fleet, id: &str) -> PathBuf {
    fleet.dir.join("service").join(id)
}

impl Manager for Runit {
    fn name(&self) -> &'static str {
        "runit"
    }

    fn programs(&self) -> Vec<PathBuf> {
        ["runsvdir", "runsv", "sv", "svlogd"].map(PathBuf::from).into()
    }

    fn configure(&self, fleet: &Fleet) {
        for id in &fleet.ids {
            let service = service(fleet, id);
            write(&service.join("run"), &fleet.script());
            if !fleet.running {
                write(&service.join("down"), "");
            }
            if fleet.logs {
                let log = self.log(fleet, id);
                // No rotation by size.
                write(&log.join("config"), "s0\n");
                write(
                    &service.join("log/run"),
                    &format!("#!/bin/sh\nexec svlogd '{}'\n", log.display()),
                );
            }
        }
    }

    fn begin(&self, fleet: &Fleet) -> Option<Child> {
        let mut command = fleet.command("runsvdir");
        command.arg("-P").arg(fleet.dir.join("service"));
        command.spawn().ok()
    }

    fn settle(&self, fleet: &Fleet) {
        let last = fleet.ids.last().map(|id| service(fleet, id).join("supervise/ok"));
        crate::wait_until("runsv", || last.as_ref().is_none_or(|ok| ok.exists()));
    }

    fn status(&self, fleet: &Fleet) -> Command {
        let mut command = fleet.client("sv");
        command
            .arg("status")
            .args(fleet.ids.iter().map(|id| service(fleet, id)));
        command
    }

    fn start(&self, fleet: &Fleet, id: &str) -> Command {
        let mut command = fleet.client("sv");
        command.arg("up").arg(service(fleet, id));
        command
    }

    fn stop(&self, fleet: &Fleet, id: &str) -> Command {
        let mut command = fleet.client("sv");
        command.arg("stop").arg(service(fleet, id));
        command
    }

    fn log(&self, fleet: &Fleet, id: &str) -> PathBuf {
        fleet.dir.join("log").join(id)
    }
}
