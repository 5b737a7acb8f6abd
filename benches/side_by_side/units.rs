//! Units of systemd, beside `systemctl` and the signals of systemd itself. It needs a
//! machine that systemd has booted, and root.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::Options;
use crate::fleet::{median, timed};
use crate::following::{OwnEvents, idle, told};
use crate::guard::Guard;
use crate::manager::write;
use crate::table::{Table, Target};

const UNITS: usize = 200;

/// The number of units whose crash is timed.
const KILLED: usize = 10;

/// The template of all units, for as long as this is held.
struct Template(PathBuf);

impl Template {
    fn new() -> std::io::Result<Self> {
        let path = PathBuf::from("/run/systemd/system/gamectl-bench@.service");
        std::fs::write(&path, "[Service]\nExecStart=/bin/sleep infinity\n")?;
        let template = Self(path);
        let _ = systemctl(&["daemon-reload"]).status();
        Ok(template)
    }
}

impl Drop for Template {
    fn drop(&mut self) {
        let _ = systemctl(&["stop", "gamectl-bench@*.service"]).status();
        let _ = systemctl(&["reset-failed", "gamectl-bench@*.service"]).status();
        let _ = std::fs::remove_file(&self.0);
        let _ = systemctl(&["daemon-reload"]).status();
    }
}

fn systemctl(args: &[&str]) -> Command {
    let mut command = Command::new("systemctl");
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Measures `status`, `run` and `watch` of units that run.
pub(crate) fn measure(guard: &Guard, gamectl: &Path, options: &Options, table: &mut Table) {
    let what = format!("{UNITS} units");
    if !nix::unistd::geteuid().is_root() || !Path::new("/run/systemd/system").exists() {
        eprintln!("{what}: they need root on a machine that systemd has booted");
        return;
    }
    let Ok(_template) = Template::new() else {
        eprintln!("{what}: no unit can be written");
        return;
    };
    let dir = guard.fresh("units");
    let names: Vec<String> = (0..UNITS)
        .map(|number| format!("gamectl-bench@{number}.service"))
        .collect();
    let mut instances = Map::new();
    for (number, name) in names.iter().enumerate() {
        instances.insert(format!("u{number:03}"), json!({ "systemd": { "unit": name } }));
    }
    let inventory: Value = json!({ "defaults": { "restart": { "policy": "never" } }, "instances": instances });
    write(&dir.join("instances.yaml"), &inventory.to_string());
    let ours = |args: &[&str]| {
        let mut command = Command::new(gamectl);
        command
            .args(args)
            .current_dir(&dir)
            .env("GAMECTL_STATE_DIR", dir.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    };
    eprintln!("{what}: setting up");
    let started = ours(&["start", "--all", "-q"]).status().expect("gamectl");
    assert!(started.success(), "gamectl start --all");
    let rounds = options.pick(30, 10);
    eprintln!("status of {what}: {rounds} rounds");
    let (mut status, mut show) = (Vec::new(), Vec::new());
    let all: Vec<&str> = std::iter::once("show")
        .chain(names.iter().map(String::as_str))
        .collect();
    for _ in 0..rounds {
        status.push(timed(ours(&["status"])) as f64 / 1e6);
        show.push(timed(systemctl(&all)) as f64 / 1e6);
    }
    table.pair(
        &format!("status of {what}"),
        "ms",
        median(status),
        ("systemctl show", median(show)),
        Target::AtMost(1.2, "that"),
    );
    idle(&what, &ours, table);
    let mut monitor = Command::new("busctl");
    monitor.args(["--json=short", "monitor", "--match"]).arg(
        "type='signal',interface='org.freedesktop.DBus.Properties',\
         path_namespace='/org/freedesktop/systemd1/unit'",
    );
    let engine = OwnEvents {
        name: "systemd's signal",
        command: monitor,
        word: "\"failed\"",
    };
    let ends: Vec<(String, String)> = (0..KILLED)
        // A path has the name with what is no letter and no digit in hexadecimal numbers.
        .map(|number| (format!("u{number:03}"), format!("gamectl_2dbench_40{number}_2eservice")))
        .collect();
    let end = |id: &str| {
        let number: usize = id[1..].parse().expect("a number");
        let killed = systemctl(&["kill", "--signal", "KILL", &names[number]]).status();
        assert!(killed.expect("systemctl").success());
    };
    told(&what, ours(&["watch", "--json"]), engine, &ends, &end, table);
}
