//! s6: s6-svscan, one s6-supervise a service, and another with an s6-log for
//! its log.

use std::path::PathBuf;
use std::process::{Child, Command};

use crate::fleet::Fleet;
use crate::manager::{Manager, write};

/// s6.
pub(crate) struct S6;

fn service(fleet: &Fleet, id: &str) -> PathBuf {
    fleet.dir.join("scan").join(id)
}

impl Manager for S6 {
    fn name(&self) -> &'static str {
        "s6"
    }

    fn programs(&self) -> Vec<PathBuf> {
        ["s6-svscan", "s6-supervise", "s6-svc", "s6-svstat", "s6-log"]
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
                let log = self.log(fleet, id);
                std::fs::create_dir_all(&log).expect("create a folder");
                // The largest file that it knows.
                let run = format!("#!/bin/sh\nexec s6-log n20 s268435455 '{}'\n", log.display());
                write(&service.join("log/run"), &run);
            }
        }
    }

    fn begin(&self, fleet: &Fleet) -> Option<Child> {
        let scan = fleet.dir.join("scan");
        fleet.command("s6-svscan").args(["-c", "4000"]).arg(scan).spawn().ok()
    }

    fn settle(&self, fleet: &Fleet) {
        let last = fleet.ids.last().map(|id| service(fleet, id).join("supervise/status"));
        crate::wait_until("s6-supervise", || last.as_ref().is_none_or(|status| status.exists()));
    }

    /// s6 has no status of many: people loop, and so do we.
    fn status(&self, fleet: &Fleet) -> Command {
        if let [id] = fleet.ids.as_slice() {
            let mut command = fleet.client("s6-svstat");
            command.arg(service(fleet, id));
            return command;
        }
        let mut command = fleet.command("/bin/sh");
        command.args(["-c", "for service in scan/*; do s6-svstat \"$service\"; done"]);
        command
    }

    fn start(&self, fleet: &Fleet, id: &str) -> Command {
        let mut command = fleet.client("s6-svc");
        command.arg("-u").arg(service(fleet, id));
        command
    }

    fn stop(&self, fleet: &Fleet, id: &str) -> Command {
        let mut command = fleet.client("s6-svc");
        command.args(["-wD", "-d"]).arg(service(fleet, id));
        command
    }

    fn log(&self, fleet: &Fleet, id: &str) -> PathBuf {
        fleet.dir.join("log").join(id)
    }
}
