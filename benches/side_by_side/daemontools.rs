//! daemontools: svscan, one supervise a service, one multilog a log.

use std::path::PathBuf;
use std::process::{Child, Command};

use crate::fleet::Fleet;
use crate::manager::{Manager, write};

/// daemontools.
pub(crate) struct Daemontools;

fn service(fleet: &Fleet, id: &str) -> PathBuf {
    fleet.dir.join("service").join(id)
}

impl Manager for Daemontools {
    fn name(&self) -> &'static str {
        "daemontools"
    }

    fn programs(&self) -> Vec<PathBuf> {
        ["svscan", "supervise", "svc", "svstat", "multilog"]
            .map(PathBuf::from)
            .into()
    }

    fn configure(&self, fleet: &Fleet) {
        for id in &fleet.ids {
            let service = service(fleet, id);
            write(&service.join("run"), &fleet.script());
            if !fleet.running {
                write(&service.join("down"), "");
            }
            if fleet.logs {
                // The largest file that it knows, and enough of them for all
                // that a game prints.
                let run = format!(
                    "#!/bin/sh\nexec multilog s16777215 n99 '{}'\n",
                    self.log(fleet, id).display()
                );
                write(&service.join("log/run"), &run);
            }
        }
        std::fs::create_dir_all(fleet.dir.join("log")).expect("create a folder");
    }

    fn begin(&self, fleet: &Fleet) -> Option<Child> {
        fleet.command("svscan").arg(fleet.dir.join("service")).spawn().ok()
    }

    fn settle(&self, fleet: &Fleet) {
        let last = fleet.ids.last().map(|id| service(fleet, id).join("supervise/ok"));
        crate::wait_until("supervise", || last.as_ref().is_none_or(|ok| ok.exists()));
    }

    fn status(&self, fleet: &Fleet) -> Command {
        let mut command = fleet.client("svstat");
        command.args(fleet.ids.iter().map(|id| service(fleet, id)));
        command
    }

    fn start(&self, fleet: &Fleet, id: &str) -> Command {
        let mut command = fleet.client("svc");
        command.arg("-u").arg(service(fleet, id));
        command
    }

    /// `svc -d` does not wait, so a loop over `svstat` does.
    fn stop(&self, fleet: &Fleet, id: &str) -> Command {
        let mut command = fleet.command("/bin/sh");
        let wait = "svc -d \"$1\"; until svstat \"$1\" | grep -q ': down'; do :; done";
        command.args(["-c", wait, "sh"]).arg(service(fleet, id));
        command
    }

    fn log(&self, fleet: &Fleet, id: &str) -> PathBuf {
        fleet.dir.join("log").join(id)
    }
}
