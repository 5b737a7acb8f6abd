//! Instances on other hosts: over a real `sshd`, and as another user through `sudo`.

mod accounts;
mod beside;
mod courtesy;
mod host_verb;
mod kept;
mod moved;
mod network;
mod players;
mod sshd;
mod told;
mod ways;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::sandbox::MARK;
use crate::support::{self, Background, Instance, Outcome, Process, Sandbox, programs, wait_for, wait_until};
use sshd::Elsewhere;

/// A game that is ready when its gate is open, and stops at `quit`.
fn gated(sandbox: &Sandbox, id: &str, host: &str) -> Instance {
    let gate = sandbox.arg(&format!("{id}.gate"));
    Instance::awkward(id, &["boot", "--gate", &gate, "--ready", "Server ready"])
        .ready_log("^Server ready$")
        .with("stop", json!([{ "stdin": "quit", "wait": "20s" }]))
        .with("host", json!(host))
}

fn row(outcome: &Outcome, id: &str) -> Value {
    let rows = outcome.json()["instances"].clone();
    let rows = rows.as_array().expect("rows").clone();
    rows.into_iter().find(|row| row["id"] == id).expect("the row")
}

/// Returns what the state directory of this machine has of an instance.
fn files_here(sandbox: &Sandbox, id: &str) -> Vec<String> {
    let entries = fs::read_dir(sandbox.instance_dir(id)).expect("its folder");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    entries
        .map(|entry| name(entry).into_string().expect("a name in UTF-8"))
        .collect()
}

/// Returns the pids of the processes whose command line holds this.
fn with_argument(text: &str) -> Vec<i32> {
    let pids = fs::read_dir("/proc").expect("/proc").filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        String::from_utf8_lossy(&line).contains(text).then_some(pid)
    });
    pids.filter(|pid| u32::try_from(*pid) != Ok(std::process::id()))
        .collect()
}

#[test]
fn the_same_verbs_as_here() {
    let Some(there) = Elsewhere::new("the_same_verbs_as_here") else {
        return;
    };
    let sandbox = &there.sandbox;
    // What a login shell prints does no harm.
    let box2 = there.host("box2", "echo 'Welcome to box2!'; printf '{\"id\":1,'; echo oh >&2");
    let here = Instance::awkward("here", &["serve", "--ready", "up"]).ready_log("^up$");
    let game = gated(sandbox, "a", "box2")
        .env("PASSWORD", "${CANARY}")
        .env("PRICE", "$${PATH}")
        .with("tags", json!(["far"]));
    there.inventory(&json!({ "box2": box2 }), &[game, here]);
    let run = |args: &[&str]| {
        let output = sandbox.command(args).env("CANARY", "canary-4711").output();
        Outcome::of(args, &output.expect("run gamectl"))
    };
    let seen = run(&["status", "--json"]).expect_code(3);
    assert_eq!(row(&seen, "a")["host"], "box2", "{seen:?}");
    assert_eq!(row(&seen, "a")["intent"], json!(null));
    assert_eq!(row(&seen, "here")["host"], json!(null));
    let table = run(&["status"]);
    assert!(table.stdout.starts_with("ID    HOST  PLANE"), "{table:?}");

    let mut command = sandbox.command(&["start", "a"]);
    let start = command.env("CANARY", "canary-4711").spawn().expect("run gamectl");
    let state = |state: &str| {
        wait_for(state, || {
            let seen = run(&["status", "--json", "host:box2"]);
            Some(row(&seen, "a")).filter(|row| row["state"] == state)
        })
    };
    let starting = state("starting");
    assert_eq!(starting["intent"], "running");
    assert_eq!(with_argument("canary-4711"), [0; 0], "a secret is in an argument");
    sandbox.touch("a.gate");
    let started = Outcome::of(&["start"], &start.wait_with_output().expect("wait")).expect_code(0);
    assert!(started.stdout.contains("a: ready"), "{started:?}");
    let running = state("running");
    let pid = i32::try_from(running["pid"].as_i64().expect("a pid")).expect("a pid");
    let environment = fs::read(format!("/proc/{pid}/environ")).expect("its environment");
    let environment = String::from_utf8_lossy(&environment).into_owned();
    assert!(
        environment.contains("PASSWORD=canary-4711\0") && environment.contains("PRICE=${PATH}\0"),
        "{environment}"
    );
    // Its records are there, and here is only where it was started.
    assert!(there.state_dir("box2").join("instances/a/launch").exists());
    assert_eq!(files_here(sandbox, "a"), ["origin"]);
    let again = run(&["start", "a", "--json"]).expect_code(0).json();
    assert_eq!(again["results"][0]["changed"], false, "{again}");

    run(&["send", "a", "say", "over the wire"]).expect_code(0);
    wait_until("the line in the log", || {
        run(&["logs", "a"]).stdout.contains("over the wire")
    });
    let mut followed = sandbox.command(&["logs", "-f", "-n", "1", "a"]);
    let followed = Background::of(followed.env("CANARY", "canary-4711"));
    followed.wait("over the wire");
    run(&["send", "a", "say", "and more"]).expect_code(0);
    followed.wait("and more");

    let restarted = run(&["restart", "a", "--json"]).expect_code(0).json();
    assert_eq!(restarted["results"][0]["ended_by"], "stdin: quit", "{restarted}");
    assert!(!Process::lives(pid));
    let stopped = run(&["stop", "tag:far", "--json"]).expect_code(0).json();
    assert_eq!(stopped["results"][0]["state"], "stopped", "{stopped}");
    assert_eq!(state("stopped")["intent"], "stopped");
    run(&["logs", "--since", "1h", "a"]).expect_code(0);
    let unknown = run(&["status", "host:box3"]).expect_code(4);
    assert!(unknown.stderr.contains("did you mean `host:box2`?"), "{unknown:?}");
    let log = fs::read_to_string(there.key("sshd.log")).expect("the log of sshd");
    assert!(!log.contains("canary-4711"));
    assert_eq!(files_here(sandbox, "a"), ["origin"]);
}

#[test]
fn a_verb_whose_outcome_was_not_heard_is_carried_through() {
    let Some(there) = Elsewhere::new("a_verb_whose_outcome_was_not_heard_is_carried_through") else {
        return;
    };
    let sandbox = &there.sandbox;
    let save = sandbox.arg("a.save");
    let game = Instance::awkward("a", &["serve", "--ready", "up", "--save-gate", &save])
        .ready_log("^up$")
        .with("stop", json!([{ "signal": "TERM", "wait": "60s" }]))
        .with("host", json!("box2"));
    there.inventory(&json!({ "box2": there.host("box2", "") }), &[game]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");
    // The way is cut in the middle of a restart, before the game has ended.
    let restart = sandbox.command(&["restart", "a"]).spawn().expect("run gamectl");
    sandbox.wait_state("a", "stopping");
    let gamectl = i32::try_from(restart.id()).expect("a pid");
    let way = wait_for("the ssh of the restart", || {
        with_argument(&there.key("login"))
            .into_iter()
            .find(|pid| Process::parent(*pid) == Some(gamectl))
    });
    Process::kill(way);
    let cut = Outcome::of(&["restart"], &restart.wait_with_output().expect("wait")).expect_code(4);
    assert!(
        cut.stderr
            .contains("the restart may have been carried out all the same")
            && cut.stderr.contains("`gamectl status a`"),
        "{cut:?}"
    );
    // What was stopped there is started again.
    sandbox.touch("a.save");
    sandbox.wait_for_another("a", pid);
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn each_host_that_fails_says_why_and_delays_nobody() {
    let Some(there) = Elsewhere::new("each_host_that_fails_says_why_and_delays_nobody") else {
        return;
    };
    let sandbox = &there.sandbox;
    let with = |host: &str, key: &str, value: Value| {
        let mut entry = there.host(host, "");
        entry[key] = value;
        entry
    };
    let greeting = |protocol: u32| {
        format!(
            "echo '-- gamectl serves --'; echo '{{\"version\":\"9.9.9\",\"protocol\":{protocol}}}'; cat >/dev/null; exit"
        )
    };
    let cases = [
        (
            "unknown-key",
            with("unknown-key", "options", there.options("nobody")),
            "its host key is not known here",
        ),
        (
            "changed-key",
            with("changed-key", "options", there.options("changed")),
            "its host key has changed",
        ),
        (
            "refused",
            with("refused", "identity", json!(there.key("stranger"))),
            "it refuses the login",
        ),
        (
            "closed",
            with("closed", "port", json!(support::free_port())),
            "Connection refused",
        ),
        (
            "missing",
            with("missing", "gamectl", json!("/nowhere/gamectl")),
            "there is no gamectl to be run there",
        ),
        (
            "newer",
            there.host("newer", &greeting(2)),
            "gamectl 9.9.9 on `newer` and this gamectl",
        ),
        ("older", there.host("older", &greeting(0)), "that one is older"),
        (
            "garbled",
            there.host("garbled", "echo '-- gamectl serves --'; echo nonsense; exit"),
            "is not understood",
        ),
        (
            "eof",
            there.host("eof", "echo '-- gamectl serves --'; exit"),
            "the connection was lost",
        ),
        (
            "words",
            there.host("words", "echo 'quota exceeded' >&2; exit 3"),
            "quota exceeded",
        ),
        (
            "hole-1",
            there.host("hole-1", "exec cat >/dev/null"),
            "it did not answer within 10 seconds",
        ),
        (
            "hole-2",
            there.host("hole-2", "exec cat >/dev/null"),
            "it did not answer within 10 seconds",
        ),
        (
            "hole-3",
            there.host("hole-3", "exec cat >/dev/null"),
            "it did not answer within 10 seconds",
        ),
        (
            "hole-4",
            there.host("hole-4", "exec cat >/dev/null"),
            "it did not answer within 10 seconds",
        ),
    ];
    let mut hosts = json!({ "good": there.host("good", "") });
    let mut instances = vec![gated(sandbox, "on-good", "good")];
    for (host, entry, _) in &cases {
        hosts[*host] = entry.clone();
        instances.push(gated(sandbox, &format!("on-{host}"), host));
    }
    there.inventory(&hosts, &instances);
    let begun = Instant::now();
    let seen = sandbox.run(&["status", "--json"]).expect_code(4);
    // One after the other, those that say nothing would take forty seconds.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(row(&seen, "on-good")["state"], "stopped");
    for (host, _, words) in &cases {
        let row = row(&seen, &format!("on-{host}"));
        let note = row["note"].as_str().unwrap_or_default();
        assert!(row["state"] == "unknown" && note.contains(words), "{host}: {row}");
    }
    // A start says the same, and what to do.
    let started = sandbox.run(&["start", "on-unknown-key"]).expect_code(4);
    // The way as the inventory has it, with its options.
    let by_hand = format!(" -p {} -i {} 127.0.0.1`", there.port(), there.key("login"));
    let options = format!(" -o UserKnownHostsFile={} ", there.key("nobody"));
    assert!(
        started.stderr.contains(&by_hand) && started.stderr.contains(&options),
        "{started:?}"
    );
    sandbox.run(&["start", "on-missing"]).expect_code(5);
    // Nothing was made by a handshake that failed.
    for (host, _, _) in &cases {
        assert!(!there.state_dir(host).exists(), "{host}");
    }
}

/// Answers of `gamectl serve` to these lines, and its highest use of memory in KiB.
fn served(sandbox: &Sandbox, lines: &[u8]) -> (Outcome, u64) {
    let mut child = sandbox
        .command(&["serve"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("serve");
    let mut input = child.stdin.take().expect("a pipe");
    let bytes = lines.to_vec();
    let pid = child.id();
    let writer = std::thread::spawn(move || {
        // It may end before it has read all. Its memory is read before its input ends.
        let _ = input.write_all(&bytes);
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0)
    });
    let output = child.wait_with_output().expect("wait");
    (Outcome::of(&["serve"], &output), writer.join().expect("the writer"))
}

#[test]
fn hostile_frames_are_refused_and_bounded() {
    let sandbox = Sandbox::new();
    let greeting = "{\"version\":\"0\",\"protocol\":1}\n";
    let serve = |lines: String| served(&sandbox, format!("{greeting}{lines}").as_bytes());
    // Before anything was opened, with unknown words, and with a number that is in use.
    let asks = [
        "{\"id\":1,\"ask\":{\"look\":{\"ids\":[\"a\"]}}}",
        "{\"id\":2,\"ask\":{\"dance\":{}}}",
        "{\"id\":3,\"ask\":{\"open\":{\"inventory\":\"instances: [\"}}}",
        "{\"id\":4,\"ask\":{\"open\":{\"inventory\":\"instances: {}\"}}}",
        "{\"id\":5,\"ask\":{\"verb\":{\"instance\":\"../../etc\",\"verb\":\"start\"}}}",
        "{\"id\":6,\"ask\":{\"verb\":{\"instance\":\"a\",\"verb\":\"explode\"}}}",
        "{\"id\":7,\"ask\":{\"cancel\":{}}}",
        "nonsense",
    ];
    let (answered, _) = serve(asks.join("\n") + "\n");
    for (id, words) in [
        (1, "no definitions were sent yet"),
        (2, "does not know this request"),
        (3, "does not take this definition"),
        (4, "opened"),
        (5, "there is no instance"),
        (6, "this verb is not known there"),
        (0, "does not know this request"),
    ] {
        let start = format!("{{\"id\":{id},");
        let mut lines = answered.stdout.lines().filter(|line| line.starts_with(&start));
        assert!(lines.any(|line| line.contains(words)), "{id}: {answered:?}");
    }
    assert_eq!(answered.code, Some(0));
    // A flood of looks, whose answers nobody reads until it is over.
    let open = "{\"id\":1,\"ask\":{\"open\":{\"inventory\":\"instances: {}\"}}}\n";
    let flood: String = (2..60_000)
        .map(|id| format!("{{\"id\":{id},\"ask\":{{\"look\":{{\"ids\":[]}}}}}}\n"))
        .collect();
    let (flooded, peak) = serve(format!("{open}{flood}"));
    assert_eq!(flooded.code, Some(0), "{}", flooded.stderr);
    assert!(peak < 64 * 1024, "{peak} KiB");
    // A line without an end.
    let (endless, peak) = serve("x".repeat(32 << 20));
    assert!(
        endless.code == Some(1) && endless.stderr.contains("more than 4 MiB"),
        "{endless:?}"
    );
    assert!(peak < 64 * 1024, "{peak} KiB");
    // Somebody who speaks another language.
    let (stranger, _) = served(&sandbox, b"GET / HTTP/1.1\r\n\r\n");
    assert!(
        stranger.code == Some(1) && stranger.stderr.contains("no gamectl that asks"),
        "{stranger:?}"
    );
    assert!(!sandbox.state_dir().exists(), "nothing was made");
}

/// Somebody with few rights, whom every Debian has.
const SOMEBODY: &str = "games";

#[test]
fn this_machine_as_another_user() {
    const TEST: &str = "this_machine_as_another_user";
    if !support::is_root(TEST) {
        return;
    }
    if !Path::new("/usr/bin/sudo").exists() {
        support::not_run(TEST, "no sudo", "GAMECTL_TEST_SSH");
        return;
    }
    let sandbox = Sandbox::new();
    let open = |name: &str, mode: u32| {
        fs::set_permissions(sandbox.path(name), fs::Permissions::from_mode(mode)).expect("chmod");
    };
    open("", 0o755);
    fs::create_dir(sandbox.path("theirs")).expect("a folder");
    open("theirs", 0o777);
    // A copy that anybody may execute, and what it would have from its own home.
    programs::install(&support::gamectl(), &sandbox.path("copy"));
    open("copy", 0o755);
    let state = sandbox.path("theirs").join("state");
    let text = format!(
        "export {MARK}='{}' GAMECTL_STATE_DIR='{}'\nexec '{}' \"$@\"",
        sandbox.dir().display(),
        state.display(),
        sandbox.path("copy").display()
    );
    programs::script(&sandbox.path("theirs/gamectl"), &text);
    let game = |body: Value| {
        let mut game = Instance::script("a", "id -un; echo up; while read -r line; do :; done")
            .env(MARK, &sandbox.dir().display().to_string())
            .ready_log("^up$")
            .to_json();
        game.as_object_mut()
            .expect("an instance")
            .extend(body.as_object().expect("keys").clone());
        game
    };
    let hosts = json!({ "shared": { "sudo": SOMEBODY, "gamectl": sandbox.arg("theirs/gamectl") } });
    let shared = json!({ "hosts": hosts, "instances": { "a": game(json!({ "host": "shared" })) } });
    sandbox.inventory_text(&shared.to_string());
    sandbox.ok(&["start", "a"]);
    let row = sandbox.status("a");
    assert_eq!(
        (&row["host"], &row["state"]),
        (&json!("shared"), &json!("running")),
        "{row}"
    );
    assert!(sandbox.ok(&["logs", "a"]).stdout.contains(SOMEBODY));
    let checked = sandbox.ok(&["host", "check"]).stdout;
    let way = format!("shared: way: reached by `sudo -n -u {SOMEBODY}`");
    assert!(checked.contains(&way) && !checked.contains("login"), "{checked}");
    let owner = fs::metadata(state.join("instances/a")).expect("its folder").uid();
    assert_ne!(owner, 0);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();

    // Somebody whom sudo does not trust is told the line that is missing.
    let owned = json!({ "owner": "root", "instances": { "a": game(json!({})) } });
    sandbox.inventory_text(&owned.to_string());
    open("instances.yaml", 0o644);
    assert_eq!(sandbox.status("a")["host"], json!(null), "root is the owner");
    let mut command = sandbox.program("sudo");
    command.args(["-n", "-u", SOMEBODY, "--"]).arg(sandbox.path("copy"));
    command.args([
        "-f",
        &sandbox.arg("instances.yaml"),
        "--state-dir",
        &state.display().to_string(),
        "status",
    ]);
    let refused = Outcome::of(&["status"], &command.output().expect("sudo")).expect_code(4);
    let line = format!("{SOMEBODY} ALL=(root) NOPASSWD: {} serve", sandbox.arg("copy"));
    assert!(refused.stdout.contains(&line), "{refused:?}");
}

#[test]
fn what_is_asked_before_and_beside_a_start() {
    let Some(there) = Elsewhere::new("what_is_asked_before_and_beside_a_start") else {
        return;
    };
    let sandbox = &there.sandbox;
    let mut dead = there.host("dead", "");
    dead["port"] = json!(support::free_port());
    let hosts = json!({ "box2": there.host("box2", ""), "dead": dead });
    sandbox.touch("a.gate");
    there.inventory(&hosts, &[gated(sandbox, "b", "dead"), gated(sandbox, "a", "box2")]);
    // A dead host does not keep the other from telling its steps.
    let dry = sandbox
        .run(&["restart", "--all", "--dry-run", "--json"])
        .expect_code(4)
        .json();
    let (alive, dead) = (&dry["results"][0], &dry["results"][1]);
    let would = |result: &Value| result["would"].as_str().expect("a sentence").to_owned();
    assert!(
        would(dead).starts_with("cannot be told: dead: it cannot be reached"),
        "{dead}"
    );
    assert_eq!(would(alive), "would be started: it is stopped");
    assert!(!alive["steps"].as_array().expect("steps").is_empty(), "{alive}");
    assert!(!there.state_dir("box2").exists(), "nothing was made");
    // Each host looks at its own ground.
    let checked = sandbox.run(&["check", "--json"]).json();
    let findings = checked["findings"].as_array().expect("findings").clone();
    let says = |level: &str, words: &str| {
        let mut found = findings.iter().filter(|finding| finding["level"] == level);
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        found.any(|finding| format!("{}: {}", text(finding, "host"), text(finding, "message")).contains(words))
    };
    let greeted = format!("box2: gamectl {} answers there", env!("CARGO_PKG_VERSION"));
    assert!(says("ok", &greeted), "{checked}");
    let state = there.state_dir("box2").display().to_string();
    assert!(
        says("error", "dead: it cannot be reached") && says("ok", "box2: "),
        "{checked}"
    );
    assert!(checked.to_string().contains(&state), "{checked}");

    sandbox.ok(&["start", "a"]);
    let mut console = sandbox.command(&["console", "a"]);
    let mut console = console.stdin(Stdio::piped()).spawn().expect("run gamectl");
    let mut input = console.stdin.take().expect("a pipe");
    input.write_all(b"say through the console\n").expect("type");
    wait_until("the line in the log", || {
        sandbox.ok(&["logs", "a"]).stdout.contains("through the console")
    });
    // What it prints comes back, before and after.
    let mut printed = BufReader::new(console.stdout.take().expect("a pipe")).lines();
    let seen = printed.find(|line| line.as_ref().is_ok_and(|line| line.contains("through the console")));
    assert!(seen.is_some());
    drop(input);
    assert!(console.wait().expect("wait").success());
    sandbox.run(&["console", "b"]).expect_code(4);
    sandbox.ok(&["stop", "a"]);
    sandbox.run(&["console", "a"]).expect_code(3);
}

#[test]
fn watch_and_run_follow_another_host() {
    let Some(there) = Elsewhere::new("watch_and_run_follow_another_host") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    let here = Instance::awkward("here", &["serve", "--ready", "up"]).ready_log("^up$");
    there.inventory(
        &json!({ "box2": there.host("box2", "") }),
        &[gated(sandbox, "a", "box2"), here],
    );
    let watch = Background::of(&mut sandbox.command(&["watch", "--json"]));
    wait_until("the snapshot", || !watch.events("snapshot").is_empty());
    sandbox.ok(&["start", "a"]);
    watch.sees("a", "running");
    // The way is cut: that is unknown, and not stopped; then it is found again.
    let way = wait_for("the ssh of the watch", || {
        let ways = with_argument(&there.key("login")).into_iter();
        ways.into_iter().find(|pid| Process::parent(*pid) == Some(watch.pid()))
    });
    Process::kill(way);
    watch.sees("a", "unknown");
    watch.sees("a", "running");
    let run = Background::of(&mut sandbox.command(&["run", "--json"]));
    run.sees("a", "running");
    sandbox.wait_state("here", "running");
    let crashed = sandbox.run(&["send", "a", "crash"]);
    assert!(crashed.code == Some(0), "{crashed:?}");
    run.passes("crashed");
    wait_until("the crash", || watch.states("a").contains(&"crashed".to_owned()));
    run.sees("a", "running");
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    sandbox.ok(&["stop", "a", "here"]);
}

#[test]
fn a_host_that_falls_silent_is_unknown() {
    let Some(there) = Elsewhere::new("a_host_that_falls_silent_is_unknown") else {
        return;
    };
    let sandbox = &there.sandbox;
    there.inventory(
        &json!({ "box2": there.host("box2", "") }),
        &[gated(sandbox, "a", "box2")],
    );
    let watch = Background::of(&mut sandbox.command(&["watch", "--json"]));
    wait_until("the snapshot", || !watch.events("snapshot").is_empty());
    let server = wait_for("the gamectl there", || {
        let all = sandbox.processes();
        all.into_iter().find(|process| process.command.ends_with(" serve"))
    });
    Process::signal(server.pid, Signal::SIGSTOP);
    watch.sees("a", "unknown");
    Process::kill(server.pid);
    watch.sees("a", "stopped");
}

#[test]
fn one_master_serves_all_commands() {
    let Some(there) = Elsewhere::new("one_master_serves_all_commands") else {
        return;
    };
    let sandbox = &there.sandbox;
    let mut box2 = there.host("box2", "");
    let options = box2["options"].as_object_mut().expect("options");
    options.remove("ControlMaster");
    options.remove("ControlPath");
    there.inventory(&json!({ "box2": box2 }), &[gated(sandbox, "a", "box2")]);
    // A short one: the names of sockets have a limit.
    let runtime = tempfile::Builder::new().prefix("rt").tempdir().expect("a folder");
    let masters = runtime.path().join("gamectl");
    let status = || {
        let mut command = sandbox.command(&["status", "--json"]);
        let output = command.env("XDG_RUNTIME_DIR", runtime.path()).output();
        let seen = Outcome::of(&["status"], &output.expect("run gamectl")).expect_code(3);
        assert_eq!(row(&seen, "a")["state"], "stopped");
    };
    let logins = || {
        let log = fs::read_to_string(there.key("sshd.log")).expect("the log of sshd");
        log.matches("Accepted publickey").count()
    };
    let master = || {
        let all = with_argument(&masters.display().to_string()).into_iter();
        let is_master = |pid: &i32| Process::find(*pid).is_some_and(|one| one.command.ends_with("[mux]"));
        all.filter(is_master).collect::<Vec<i32>>()
    };
    status();
    status();
    assert_eq!(logins(), 1);
    assert_eq!(fs::metadata(&masters).expect("the folder").mode() & 0o777, 0o700);
    let only = master();
    assert_eq!(only.len(), 1, "{only:?}");
    // One that was killed leaves a socket, which is in nobody's way.
    Process::kill_and_wait(only[0]);
    assert_eq!(fs::read_dir(&masters).expect("the folder").count(), 1);
    status();
    assert_eq!(logins(), 2);
    master().into_iter().for_each(Process::kill_and_wait);
}

/// The login shell there is whichever it is, and finds gamectl where people put it.
#[test]
fn every_login_shell_finds_it() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("home/.local/bin");
    fs::create_dir_all(&home).expect("a folder");
    let there = format!("exec '{}' \"$@\"", support::gamectl().display());
    programs::script(&home.join("gamectl"), &there);
    for shell in ["sh", "bash", "zsh", "fish"] {
        let found = ["/bin", "/usr/bin"]
            .into_iter()
            .any(|folder| Path::new(folder).join(shell).exists());
        if !found {
            support::not_run("every_login_shell_finds_it", &format!("no {shell}"), "GAMECTL_TEST_SSH");
            continue;
        }
        // As sshd hands the command to the login shell.
        let path = sandbox.stand_in("ssh", &format!("for last; do :; done; exec {shell} -c \"$last\""));
        let program = sandbox.path("it's $HOME (here)");
        programs::script(&program, &there);
        for host in [
            json!({ "ssh": "box2" }),
            json!({ "ssh": "box2", "gamectl": program.display().to_string() }),
        ] {
            let game = json!({ "host": "box2", "process": { "executable": "/bin/true" } });
            let text = json!({ "hosts": { "box2": host }, "instances": { "a": game } }).to_string();
            sandbox.inventory_text(&text);
            let output = sandbox.command(&["status", "--json"]).env("PATH", &path).output();
            let seen = Outcome::of(&[shell], &output.expect("run gamectl")).expect_code(3);
            assert_eq!(row(&seen, "a")["state"], "stopped", "{seen:?}");
        }
    }
}

#[test]
fn a_key_that_may_only_serve() {
    let Some(there) = Elsewhere::new("a_key_that_may_only_serve") else {
        return;
    };
    let sandbox = &there.sandbox;
    let mut box2 = there.host("box2", "");
    let key = fs::read_to_string(there.key("login.pub")).expect("the key");
    let forced = format!(
        "restrict,command=\"{} serve\" {key}",
        box2["gamectl"].as_str().expect("a path")
    );
    fs::write(there.key("authorized"), forced).expect("the keys");
    // Whatever it asks for, it gets gamectl.
    box2["gamectl"] = json!("/nowhere/gamectl");
    there.inventory(&json!({ "box2": box2 }), &[gated(sandbox, "a", "box2")]);
    sandbox.touch("a.gate");
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    assert!(there.state_dir("box2").join("instances/a").exists());
}
