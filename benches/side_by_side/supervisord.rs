//! supervisord: one Python process for everything.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command};

use crate::fleet::Fleet;
use crate::manager::{Manager, write};

/// supervisord.
pub(crate) struct Supervisord;

const HEAD: &str = "\
[supervisord]
nodaemon = true
minfds = 8192
logfile = /dev/null
logfile_maxbytes = 0
pidfile = %(here)s/pid
[unix_http_server]
file = %(here)s/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://%(here)s/socket
";

fn control(fleet: &Fleet, words: &[&str]) -> Command {
    let mut command = fleet.client("supervisorctl");
    command.arg("-c").arg(fleet.dir.join("conf")).args(words);
    command
}

impl Manager for Supervisord {
    fn name(&self) -> &'static str {
        "supervisord"
    }

    fn programs(&self) -> Vec<PathBuf> {
        ["supervisord", "supervisorctl"].map(PathBuf::from).into()
    }

    fn configure(&self, fleet: &Fleet) {
        let mut text = HEAD.to_owned();
        for id in &fleet.ids {
            let log = self.log(fleet, id);
            let log = if fleet.logs {
                log.display().to_string()
            } else {
                "NONE".to_owned()
            };
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "[program:{id}]\ncommand = {}\nautostart = {}\nautorestart = {}\nstartsecs = 0\n\
                 startretries = 1000\nredirect_stderr = true\nstdout_logfile = {log}\nstdout_logfile_maxbytes = 0\n",
                fleet.game.join(" "),
                fleet.running,
                fleet.resident,
            );
        }
        write(&fleet.dir.join("conf"), &text);
    }

    fn begin(&self, fleet: &Fleet) -> Option<Child> {
        let mut command = fleet.command("supervisord");
        command.arg("-c").arg(fleet.dir.join("conf"));
        command.spawn().ok()
    }

    fn settle(&self, fleet: &Fleet) {
        crate::wait_until("supervisord", || fleet.dir.join("socket").exists());
    }

    fn status(&self, fleet: &Fleet) -> Command {
        control(fleet, &["status"])
    }

    fn start(&self, fleet: &Fleet, id: &str) -> Command {
        control(fleet, &["start", id])
    }

    fn stop(&self, fleet: &Fleet, id: &str) -> Command {
        control(fleet, &["stop", id])
    }

    fn log(&self, fleet: &Fleet, id: &str) -> PathBuf {
        fleet.dir.join(format!("{id}.log"))
    }
}
