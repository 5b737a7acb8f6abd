//! Real servers of NATS that hand a link over, read nothing, or cut it off; and what supervision
//! feels of that.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::link::{crash, game, inventory, linked};
use crate::support::broker::{Broker, NatsListener, nats_server};
use crate::support::{Background, Process, Sandbox, say, wait_until};

#[test]
fn a_server_that_is_about_to_end_is_left_for_the_next_one() {
    let Some(program) = nats_server("link_servers") else {
        return;
    };
    let sandbox = Sandbox::new();
    let mut servers = [
        Broker::start(&program, &sandbox, ""),
        Broker::start(&program, &sandbox, ""),
    ];
    let urls = json!({ "servers": [servers[0].url(), servers[1].url()] });
    inventory(&sandbox, &[game(&sandbox, "a")], "", urls);
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    for (round, (from, to)) in [(0, 1), (1, 0)].into_iter().enumerate() {
        let listener = NatsListener::to(servers[to].port, "");
        // As `nats-server --signal ldm` does.
        servers[from].signal(Signal::SIGUSR2);
        linked(&run, round + 2);
        assert_eq!(run.logged("it is about to end"), round + 1, "{}", run.text());
        crash(&sandbox, &run, "a");
        wait_until("the crash", || {
            let states = listener.states("games.box1.a.status");
            states.contains(&"crashed".to_owned()) && states.ends_with(&["running".into()])
        });
        servers[from].end(Signal::SIGKILL);
        servers[from].begin();
    }
    assert_eq!(
        run.logged("nothing listens there"),
        0,
        "it left in time: {}",
        run.text()
    );
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(servers);
    sandbox.nothing_left();
}

/// The bytes that the kernel keeps because the other end of a connection to `port` reads
/// nothing.
fn unread(port: u16) -> u64 {
    let table = fs::read_to_string("/proc/net/tcp").expect("the connections");
    let to = format!("0100007F:{port:04X}");
    let lines = table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>());
    let queue = |words: Vec<&str>| {
        let sent = words.get(2) == Some(&to.as_str());
        let size = words.get(4)?.split(':').next()?;
        sent.then(|| u64::from_str_radix(size, 16).unwrap_or(0))
    };
    lines.filter_map(queue).sum()
}

#[test]
fn a_server_that_reads_nothing_costs_a_bounded_queue_and_what_is_dropped_is_counted() {
    let Some(program) = nats_server("link_servers") else {
        return;
    };
    let sandbox = Sandbox::new();
    let broker = Broker::start(&program, &sandbox, "");
    let listener = NatsListener::to(broker.port, "");
    let many = (0..40).map(|number| {
        let idle = sandbox.solitary(&format!("idle{number}"));
        idle.with("autostart", json!(false))
    });
    let instances: Vec<_> = many.chain([game(&sandbox, "a")]).collect();
    inventory(&sandbox, &instances, &broker.url(), json!({ "heartbeat": "10ms" }));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    wait_until("heartbeats", || !listener.bodies("games.box1.a.heartbeat").is_empty());
    broker.signal(Signal::SIGSTOP);
    let mut before = 0;
    wait_until("the kernel to take no more", || {
        let now = unread(broker.port);
        let is_full = now > 0 && now == before;
        before = now;
        std::thread::sleep(Duration::from_millis(300));
        is_full
    });
    for _ in 0..3 {
        crash(&sandbox, &run, "a");
    }
    broker.signal(Signal::SIGCONT);
    crash(&sandbox, &run, "a");
    let seen = run.states("a").len();
    let status = "games.box1.a.status";
    wait_until("all states, told or counted", || {
        let bodies = listener.bodies(status);
        let counted: u64 = bodies
            .iter()
            .map(|body| 1 + body["dropped"].as_u64().unwrap_or(0))
            .sum();
        counted >= seen as u64 && bodies.last().is_some_and(|body| body["state"] == "running")
    });
    let beats = listener
        .all()
        .into_iter()
        .filter(|heard| heard.subject.ends_with(".heartbeat"));
    let dropped: u64 = beats.filter_map(|beat| beat.body["dropped"].as_u64()).sum();
    assert!(dropped > 0, "heartbeats were left out while nothing was read");
    let status = fs::read_to_string(format!("/proc/{}/status", run.pid())).expect("the process");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    say(&format!(
        "link_servers: {dropped} heartbeats dropped, peak of run {}\n",
        peak.unwrap_or("?").trim()
    ));
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

#[test]
fn a_watch_that_is_cut_off_for_being_slow_comes_back() {
    let Some(program) = nats_server("link_servers") else {
        return;
    };
    let sandbox = Sandbox::new();
    let broker = Broker::start(
        &program,
        &sandbox,
        "max_payload: 32768\nmax_pending: 65536\nwrite_deadline: \"200ms\"",
    );
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), json!({}));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    let watch = Background::of(&mut sandbox.command(&["watch", "--nats", "--json"]));
    wait_until("the node", || {
        let snapshots = watch.events("snapshot");
        snapshots.iter().any(|one| one["instances"][0]["id"] == "box1/a") || !watch.states("box1/a").is_empty()
    });
    watch.signal(Signal::SIGSTOP);
    let mut flood = NatsListener::to_nothing(broker.port);
    let junk = "x".repeat(10_000);
    wait_until("the server to cut it off", || {
        for _ in 0..100 {
            flood.publish("games.box1.junk.heartbeat", "", &junk);
        }
        broker.logged("Slow Consumer") > 0
    });
    let before = watch.states("box1/a").len();
    watch.signal(Signal::SIGCONT);
    // What happens before it has connected again, it does not hear.
    wait_until("a crash after it is back", || {
        crash(&sandbox, &run, "a");
        watch.states("box1/a")[before..].contains(&"crashed".to_owned())
    });
    assert_eq!(run.logged("linked to nats://"), 1, "the node was not cut off");
    drop(watch);
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

/// Kills the game, and returns how much later `run` has told that it crashed.
fn noticed(sandbox: &Sandbox, run: &Background, id: &str) -> Duration {
    let before = run.states(id).len();
    let pid = sandbox.pid(id);
    let killed = Instant::now();
    Process::kill(pid);
    let is_of_it = |one: &Value| one["event"] == "status" && one["id"] == id;
    wait_until("the crash and the restart", || {
        let new = run.states(id).split_off(before);
        let is_back = new.last().is_some_and(|state| state == "running");
        assert!(!is_back || new == ["crashed", "starting", "running"], "{new:?}");
        is_back
    });
    let told = run.came_at(|one| is_of_it(one) && one["state"] == "crashed");
    told.last().expect("a crash").duration_since(killed)
}

#[test]
fn a_crash_is_noticed_at_once_whatever_the_server_does() {
    const CRASHES: usize = 5;
    let Some(program) = nats_server("link_servers") else {
        return;
    };
    let sandbox = Sandbox::new();
    let mut broker = Broker::start(&program, &sandbox, "");
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), json!({}));
    let run = Background::run_json(&sandbox, &[]);
    run.sees("a", "running");
    linked(&run, 1);
    for phase in ["listens", "is frozen", "was killed", "is back"] {
        match phase {
            "is frozen" => broker.signal(Signal::SIGSTOP),
            "was killed" => broker.end(Signal::SIGKILL),
            "is back" => broker.begin(),
            _ => {}
        }
        let mut delays: Vec<Duration> = (0..CRASHES).map(|_| noticed(&sandbox, &run, "a")).collect();
        delays.sort();
        let (median, most) = (delays[CRASHES / 2], delays[CRASHES - 1]);
        say(&format!(
            "a crash is noticed after {median:.1?}, {most:.1?} at most, while the server {phase}\n"
        ));
        assert!(most < Duration::from_secs(20), "while the server {phase}");
    }
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}

/// Nobody is told what games use then, so it is not measured.
#[test]
fn a_server_that_is_away_costs_no_wake_up_but_for_the_attempts() {
    let Some(program) = nats_server("link_servers") else {
        return;
    };
    let sandbox = Sandbox::new();
    let mut broker = Broker::start(&program, &sandbox, "");
    inventory(
        &sandbox,
        &[game(&sandbox, "a")],
        &broker.url(),
        json!({ "heartbeat": "1s" }),
    );
    let run = Background::run(&sandbox);
    run.wait("linked to");
    sandbox.wait_state("a", "running");
    broker.end(Signal::SIGKILL);
    run.wait("it is tried again and again");
    run.comes_to_rest();
    drop(run);
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn metrics_tell_whether_a_server_listens() {
    let Some(program) = nats_server("link_servers") else {
        return;
    };
    let sandbox = Sandbox::new();
    let mut broker = Broker::start(&program, &sandbox, "");
    inventory(&sandbox, &[game(&sandbox, "a")], &broker.url(), json!({}));
    let run = Background::run_json(&sandbox, &["--metrics-file", &sandbox.arg("metrics")]);
    let tells = |line: &str| {
        wait_until(line, || sandbox.lines("metrics").iter().any(|told| told == line));
    };
    tells("gamectl_link_up 1");
    broker.end(Signal::SIGKILL);
    tells("gamectl_link_up 0");
    broker.begin();
    tells("gamectl_link_up 1");
    sandbox.inventory(&[game(&sandbox, "a")]);
    wait_until("the link to be gone", || {
        let lines = sandbox.lines("metrics");
        !lines.is_empty() && !lines.iter().any(|line| line.starts_with("gamectl_link_up"))
    });
    drop(run);
    sandbox.ok(&["stop", "--all"]);
    drop(broker);
    sandbox.nothing_left();
}
