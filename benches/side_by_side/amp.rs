//! Instances of AMP of the stand-in that the tests have for its controller, beside one plain
//! request for their list.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::Options;
use crate::containers::runs;
use crate::fleet::{median, timed};
use crate::guard::Guard;
use crate::manager::write;
use crate::panel::{PASSWORD, Panel, READY, USER};
use crate::table::{Table, Target};

const INSTANCES: usize = 50;

/// Measures `status` of all of them, which logs in and asks for the list, beside `curl`, which
/// has a session and asks for the list.
pub(crate) fn measure(guard: &Guard, gamectl: &Path, options: &Options, table: &mut Table) {
    let what = format!("status of {INSTANCES} instances of AMP");
    if !runs("curl", &["--version"]) {
        eprintln!("{what}: it needs curl");
        return;
    }
    let dir = guard.fresh("amp");
    let panel = Panel::new();
    let mut instances = Map::new();
    for number in 0..INSTANCES {
        let name = format!("Game{number:02}");
        panel.add(&name, Some(READY));
        instances.insert(format!("g{number:02}"), json!({ "amp": panel.section(&name) }));
    }
    write(
        &dir.join("instances.yaml"),
        &json!({ "instances": instances }).to_string(),
    );
    let login = json!({ "username": USER, "password": PASSWORD, "token": "", "rememberMe": false });
    let mut login = curl(&panel, "Core/Login", &login);
    let answer = login.stdout(Stdio::piped()).output().expect("curl").stdout;
    let session = serde_json::from_slice::<Value>(&answer).expect("an answer")["sessionID"].clone();
    let ask = json!({ "SESSIONID": session });
    let status = || {
        let mut command = Command::new(gamectl);
        command
            .arg("status")
            .current_dir(&dir)
            .env("GAMECTL_STATE_DIR", dir.join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    };
    assert!(status().status().expect("gamectl").success(), "gamectl status");
    let rounds = options.pick(41, 9);
    eprintln!("{what}: {rounds} rounds");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        ours.push(timed(status()) as f64 / 1e6);
        theirs.push(timed(curl(&panel, "ADSModule/GetInstances", &ask)) as f64 / 1e6);
    }
    table.pair(
        &what,
        "ms",
        median(ours),
        ("curl GetInstances", median(theirs)),
        Target::AtMost(1.5, "that"),
    );
}

fn curl(panel: &Panel, method: &str, body: &Value) -> Command {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--fail", "--noproxy", "*", "--data", &body.to_string()])
        .args([
            "--header",
            "Content-Type: application/json",
            "--header",
            "Accept: application/json",
        ])
        .arg(format!("{}/API/{method}", panel.url()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}
