//! The ways to other hosts over networks that delay, lose, refuse and fall silent.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::network::{Network, Wire, address};
use super::sshd::Elsewhere;
use super::{gated, row, with_argument};
use crate::support::{Background, Instance, Outcome, Process, Sandbox, wait_for, wait_until};

/// The longest time for what has a limit of ten seconds, on a machine that is busy.
const TEN_SECONDS: Duration = Duration::from_secs(25);

/// A network with one host, `box2`, and its instance `a`.
fn one_host(test: &str, wire: Wire) -> Option<(Network, Elsewhere)> {
    let network = Network::new(test, wire)?;
    let there = network.sshd(test)?;
    let sandbox = &there.sandbox;
    there.inventory(
        &json!({ "box2": there.host("box2", "") }),
        &[gated(sandbox, "a", "box2")],
    );
    Some((network, there))
}

/// Follows the instances from here, and returns once there is a snapshot.
fn watch(network: &Network, sandbox: &Sandbox) -> Background {
    let watch = Background::of(&mut network.command(sandbox, &["watch", "--json"]));
    wait_until("the snapshot", || !watch.events("snapshot").is_empty());
    watch
}

/// The last state of an instance that a watch has seen.
fn shown(watch: &Background, id: &str) -> String {
    let first = watch.events("snapshot")[0]["instances"].clone();
    let first = first
        .as_array()
        .expect("rows")
        .iter()
        .find(|row| row["id"] == id)
        .cloned();
    let states = watch.states(id).pop();
    states.unwrap_or_else(|| first.expect("a row")["state"].as_str().expect("a state").to_owned())
}

#[test]
fn a_slow_way_that_loses_packets_carries_every_verb() {
    let wire = Wire {
        delay: 0.04,
        lossy: 20,
        ..Wire::default()
    };
    let Some((network, there)) = one_host("a_slow_way_that_loses_packets_carries_every_verb", wire) else {
        return;
    };
    let sandbox = &there.sandbox;
    let ok = |args: &[&str]| network.run(sandbox, args).expect_code(0);
    let checked = ok(&["host", "check", "--json"]).json()["findings"].clone();
    let mut checked = checked.as_array().expect("findings").iter();
    let trip = checked
        .find(|finding| finding["about"] == "round trip")
        .expect("a trip");
    let trip = trip["message"].as_str().and_then(|trip| trip.split(['.', ' ']).next());
    let trip: u64 = trip.and_then(|trip| trip.parse().ok()).expect("milliseconds");
    assert!(trip >= 80, "{trip} ms");
    sandbox.touch("a.gate");
    ok(&["start", "a"]);
    let seen = ok(&["status", "--json"]);
    assert_eq!(row(&seen, "a")["state"], "running", "{seen:?}");
    ok(&["send", "a", "say", "over a bad wire"]);
    let watch = watch(&network, sandbox);
    wait_until("it to be seen", || shown(&watch, "a") == "running");
    let before = watch.states("a").len();
    // Much, and all of it.
    let lines: String = (0..2000)
        .map(|n| format!("say line {n} {}\n", "x".repeat(200)))
        .collect();
    fs::write(sandbox.path("lines"), lines).expect("write");
    let console = there.state_dir("box2").join("instances/a/in");
    fs::copy(sandbox.path("lines"), console).expect("the console");
    let whole = wait_for("all that it has printed", || {
        let logs = ok(&["logs", "-n", "3000", "a"]).stdout;
        logs.contains("line 1999 ").then_some(logs)
    });
    let numbers = whole
        .lines()
        .filter_map(|line| line.split("line ").nth(1)?.split(' ').next()?.parse::<u32>().ok());
    assert!(numbers.eq(0..2000), "{} bytes", whole.len());
    let restarted = ok(&["restart", "a", "--json"]).json();
    assert_eq!(restarted["results"][0]["ended_by"], "stdin: quit", "{restarted}");
    ok(&["stop", "a"]);
    watch.sees("a", "stopped");
    let after = watch.states("a").split_off(before);
    assert!(!after.contains(&"unknown".to_owned()), "{}", watch.text());
}

#[test]
fn a_way_that_falls_silent_is_unknown_until_it_is_mended() {
    let test = "a_way_that_falls_silent_is_unknown_until_it_is_mended";
    let Some((network, there)) = one_host(test, Wire::default()) else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    network.run(sandbox, &["start", "a"]).expect_code(0);
    let watch = watch(&network, sandbox);
    let mut logs = Background::of(&mut network.command(sandbox, &["logs", "-f", "a"]));
    logs.wait("Server ready");
    // Both ends have a connection, and neither hears of the other.
    network.cut();
    let begun = Instant::now();
    watch.sees("a", "unknown");
    assert!(begun.elapsed() < TEN_SECONDS, "{:?}", begun.elapsed());
    assert_eq!(logs.ended(), Some(4), "{}", logs.text());
    // Whoever comes now finds a black hole.
    let begun = Instant::now();
    let seen = network.run(sandbox, &["status", "--json"]).expect_code(4);
    assert!(begun.elapsed() < TEN_SECONDS, "{:?}", begun.elapsed());
    let hole = row(&seen, "a");
    assert_eq!(hole["state"], "unknown", "{hole}");
    network.mend();
    watch.sees("a", "running");
    network.run(sandbox, &["stop", "a"]).expect_code(0);
    watch.sees("a", "stopped");
    drop(watch);
    // What served those who were cut off ends, too.
    wait_until("all of both ends to be gone", || sandbox.processes().is_empty());
}

#[test]
fn a_way_that_is_reset_is_unknown_until_it_is_open_again() {
    let test = "a_way_that_is_reset_is_unknown_until_it_is_open_again";
    let Some((network, there)) = one_host(test, Wire::default()) else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    network.run(sandbox, &["start", "a"]).expect_code(0);
    let watch = watch(&network, sandbox);
    network.reset(true);
    watch.sees("a", "unknown");
    let seen = network.run(sandbox, &["status", "--json"]).expect_code(4);
    let refused = row(&seen, "a");
    assert!(
        refused["note"]
            .as_str()
            .is_some_and(|note| note.contains("Connection refused")),
        "{refused}"
    );
    network.reset(false);
    watch.sees("a", "running");
    network.run(sandbox, &["stop", "a"]).expect_code(0);
}

/// A game that stops when its gate is open.
fn saves(sandbox: &Sandbox, id: &str) -> Instance {
    let save = sandbox.arg(&format!("{id}.save"));
    Instance::awkward(id, &["serve", "--ready", "up", "--save-gate", &save])
        .ready_log("^up$")
        .with("stop", json!([{ "signal": "TERM", "wait": "60s" }]))
        .with("host", json!("box2"))
}

#[test]
fn a_stop_whose_way_falls_silent_is_carried_through_there() {
    let test = "a_stop_whose_way_falls_silent_is_carried_through_there";
    let Some((network, there)) = one_host(test, Wire::default()) else {
        return;
    };
    let sandbox = &there.sandbox;
    there.inventory(&json!({ "box2": there.host("box2", "") }), &[saves(sandbox, "a")]);
    network.run(sandbox, &["start", "a"]).expect_code(0);
    let stop = network.command(sandbox, &["stop", "a"]).spawn().expect("run gamectl");
    let state = || row(&network.run(sandbox, &["status", "--json"]), "a");
    wait_until("the stop to have begun", || state()["state"] == "stopping");
    network.cut();
    let begun = Instant::now();
    let cut = Outcome::of(&["stop"], &stop.wait_with_output().expect("wait")).expect_code(4);
    assert!(begun.elapsed() < TEN_SECONDS, "{:?}", begun.elapsed());
    assert!(
        cut.stderr.contains("the stop may have been carried out all the same")
            && cut.stderr.contains("`gamectl status a`"),
        "{cut:?}"
    );
    sandbox.touch("a.save");
    network.mend();
    let stopped = wait_for("it to be stopped", || {
        Some(state()).filter(|row| row["state"] == "stopped")
    });
    assert_eq!(
        (&stopped["intent"], &stopped["last_exit"]["requested"]),
        (&json!("stopped"), &json!(true)),
        "{stopped}"
    );
}

#[test]
fn a_host_that_reboots_is_unknown_and_then_stopped() {
    let test = "a_host_that_reboots_is_unknown_and_then_stopped";
    let Some((mut network, mut there)) = one_host(test, Wire::default()) else {
        return;
    };
    let instances = [saves(&there.sandbox, "a"), saves(&there.sandbox, "b")];
    there.inventory(&json!({ "box2": there.host("box2", "") }), &instances);
    network.run(&there.sandbox, &["start", "--all"]).expect_code(0);
    let watch = watch(&network, &there.sandbox);
    let stop = network
        .command(&there.sandbox, &["stop", "b"])
        .spawn()
        .expect("run gamectl");
    watch.sees("b", "stopping");
    network.power_off();
    let cut = Outcome::of(&["stop"], &stop.wait_with_output().expect("wait")).expect_code(4);
    assert!(cut.stderr.contains("the stop may have been carried out"), "{cut:?}");
    watch.sees("a", "unknown");
    watch.sees("b", "unknown");
    assert_eq!(
        there
            .sandbox
            .processes()
            .iter()
            .filter(|one| one.command.contains("awkward"))
            .count(),
        0
    );
    network.boot(&mut there);
    let sandbox = &there.sandbox;
    watch.sees("a", "stopped");
    watch.sees("b", "stopped");
    let seen = network.run(sandbox, &["status", "--json"]).expect_code(3);
    for (id, intent) in [("a", "running"), ("b", "stopped")] {
        let row = row(&seen, id);
        let note = row["note"].as_str().unwrap_or_default();
        assert!(
            note.contains("boot") && row["intent"] == intent && row["pid"] == Value::Null,
            "{row}"
        );
    }
    sandbox.touch("a.save");
    network.run(sandbox, &["start", "a"]).expect_code(0);
    watch.sees("a", "running");
    network.run(sandbox, &["stop", "a"]).expect_code(0);
}

#[test]
fn of_twenty_hosts_five_black_holes_delay_nobody() {
    let test = "of_twenty_hosts_five_black_holes_delay_nobody";
    let holes = vec![3, 7, 8, 12, 19];
    let wire = Wire {
        delay: 0.01,
        holes: holes.clone(),
        ..Wire::default()
    };
    let Some(network) = Network::new(test, wire) else {
        return;
    };
    let Some(there) = network.sshd(test) else { return };
    let sandbox = &there.sandbox;
    let runtime = tempfile::Builder::new().prefix("rt").tempdir().expect("a folder");
    let (mut hosts, mut instances) = (json!({}), Vec::new());
    for number in 0..20 {
        let name = format!("box{number}");
        let mut host = there.host(&name, "");
        host["ssh"] = json!(address(number));
        let options = host["options"].as_object_mut().expect("options");
        options.remove("ControlMaster");
        options.remove("ControlPath");
        hosts[&name] = host;
        instances.push(gated(sandbox, &format!("on-{number}"), &name));
    }
    there.inventory(&hosts, &instances);
    let command = |args: &[&str]| {
        let mut command = network.command(sandbox, args);
        command.env("XDG_RUNTIME_DIR", runtime.path());
        command
    };
    let status = |selectors: &[&str]| {
        let output = command(&[&["status", "--json"], selectors].concat()).output();
        Outcome::of(&["status"], &output.expect("run gamectl"))
    };
    let is_hole = |number: &u32| holes.contains(number);
    let state = |seen: &Outcome, number: u32| row(seen, &format!("on-{number}"))["state"].clone();
    // So that each of the others has its master.
    let good: Vec<u32> = (0..20).filter(|number| !is_hole(number)).collect();
    let selectors: Vec<String> = good.iter().map(|number| format!("host:box{number}")).collect();
    let selectors: Vec<&str> = selectors.iter().map(String::as_str).collect();
    wait_until("all others to be reached", || {
        let seen = status(&selectors);
        good.iter().all(|number| state(&seen, *number) == "stopped")
    });
    // Whoever follows them sees the others before the holes have had their time.
    let begun = Instant::now();
    let watch = Background::of(&mut command(&["watch", "--json"]));
    let now = |number: u32| {
        let id = format!("on-{number}");
        let first = watch.events("snapshot").first().map(|event| event["instances"].clone());
        let first = first
            .into_iter()
            .flat_map(|rows| rows.as_array().cloned().unwrap_or_default());
        let mut all = first.chain(watch.events("status"));
        all.rfind(|row| row["id"] == *id).unwrap_or_default()
    };
    wait_until("all others", || {
        good.iter().all(|number| now(*number)["state"] == "stopped")
    });
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    for number in &holes {
        let row = now(*number);
        assert_eq!(
            row["note"],
            format!("box{number} has not answered within 2 seconds"),
            "{row}"
        );
    }
    drop(watch);
    let begun = Instant::now();
    let seen = status(&[]).expect_code(4);
    let took = begun.elapsed();
    for number in 0..20 {
        let wanted = if is_hole(&number) { "unknown" } else { "stopped" };
        assert_eq!(state(&seen, number), wanted, "{number}: {seen:?}");
    }
    // Two of them one after the other would take twenty seconds.
    assert!(took < Duration::from_secs(19), "{took:?}");
    let masters = with_argument(&runtime.path().join("gamectl").display().to_string());
    masters.into_iter().for_each(Process::kill_and_wait);
}
