//! Instances on other hosts, beside `ssh` itself over the same connections.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::Options;
use crate::counters::memory;
use crate::fleet::{median, timed};
use crate::ground::Ground;
use crate::guard::Guard;
use crate::manager::write;
use crate::processes;
use crate::table::{Table, Target};
use crate::wait::{wait_for, wait_until};

/// The instances of a host.
const EACH: usize = 50;

/// The hosts of the large inventory.
const HOSTS: usize = 20;

/// The connect limit, in milliseconds.
const CONNECT: f64 = 10_000.0;

/// The memory that `serve` may take, in KiB.
const SERVE: f64 = 6.0 * 1024.0;

/// Prints 50 MB in a second, in lines of 100 bytes.
const LOUD: &str = "use Time::HiRes qw(time sleep); my $lines = ('x' x 99 . \"\\n\") x 10000; my $next = time; \
    while (1) { syswrite STDOUT, $lines; $next += 0.02; my $left = $next - time; sleep $left if $left > 0 }";

pub(crate) fn measure(guard: &Guard, gamectl: &Path, options: &Options, table: &mut Table) {
    one(guard, gamectl, options, table);
    many(guard, gamectl, options, table);
}

/// Writes an inventory of these hosts with `EACH` games each, and of more instances.
fn inventory(ground: &Ground, name: &str, hosts: &[usize], more: Value) {
    let (mut entries, mut instances) = (Map::new(), Map::new());
    for host in hosts {
        let called = format!("box{host}");
        for number in 0..EACH {
            let game = ground.game(&called, &["/bin/sleep", "infinity"]);
            instances.insert(format!("g{host}-{number}"), game);
        }
        entries.insert(called, ground.host(*host));
    }
    if let Value::Object(more) = more {
        instances.extend(more);
    }
    write(
        &ground.dir.join(name),
        &json!({ "hosts": entries, "instances": instances }).to_string(),
    );
}

fn ms(command: Command) -> f64 {
    timed(command) as f64 / 1e6
}

/// One host, on the loopback of a network of its own.
fn one(guard: &Guard, gamectl: &Path, options: &Options, table: &mut Table) {
    eprintln!("1 host with {EACH} instances: setting up");
    let Some(ground) = Ground::new(guard, gamectl, 1, None) else {
        return;
    };
    let loud = json!({ "loud": ground.game("box0", &["/usr/bin/perl", "-e", LOUD]) });
    inventory(&ground, "one.yaml", &[0], json!({}));
    inventory(&ground, "loud.yaml", &[0], loud);
    let (ours, theirs, serve, logs, tail) = ground.here(|| {
        let ok = ground.gamectl("one.yaml", &["start", "--all", "-q"]).status();
        assert!(ok.expect("gamectl").success());
        let rounds = options.pick(60, 10);
        eprintln!("1 host with {EACH} instances: {rounds} rounds");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..=rounds {
            let (one, other) = (
                ms(ground.gamectl("one.yaml", &["status"])),
                ms(ground.ssh(0, &["true"])),
            );
            if round > 0 {
                ours.push(one);
                theirs.push(other);
            }
        }
        let mut watch = ground
            .gamectl("one.yaml", &["watch", "--json"])
            .spawn()
            .expect("gamectl");
        let serve = wait_for("the gamectl there", || {
            let all = processes::tied_to(&ground.dir).into_iter();
            all.map(|one| (one.pid, one.command))
                .find(|(_, command)| command == "gamectl serve" || command.ends_with("/gamectl serve"))
        });
        // What the beginning set in motion comes to rest.
        std::thread::sleep(Duration::from_secs(2));
        let serve = memory(&[serve.0]);
        let _ = watch.kill();
        let _ = watch.wait();
        let (logs, tail) = loud_logs(&ground, options);
        let stop = ground.gamectl("loud.yaml", &["stop", "--all", "--now", "-q"]).status();
        assert!(stop.expect("gamectl").success());
        (ours, theirs, serve, logs, tail)
    });
    let beside = ("ssh host true", median(theirs));
    let name = format!("status of 1 host with {EACH}");
    table.pair(&name, "ms", median(ours), beside, Target::AtMost(1.5, "ssh"));
    let name = format!("memory (PSS) of serve, {EACH} watched");
    table.pair(
        &name,
        "KiB",
        Some(serve),
        ("limit", Some(SERVE)),
        Target::AtMost(1.0, "limit"),
    );
    let beside = ("ssh host tail -F", median(tail));
    table.pair(
        "logs -f of 50 MB/s",
        "MB/s",
        median(logs),
        beside,
        Target::AtLeast(0.8, "ssh"),
    );
}

/// Returns how much of a loud game is read in a second, by `logs -f` and by `tail -F`.
fn loud_logs(ground: &Ground, options: &Options) -> (Vec<f64>, Vec<f64>) {
    let ok = ground.gamectl("loud.yaml", &["start", "loud", "-q"]).status();
    assert!(ok.expect("gamectl").success());
    let log = ground
        .dir
        .join("state-0/instances/loud/console.log")
        .display()
        .to_string();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let rounds = options.pick(5, 2);
    eprintln!("logs of a loud game: {rounds} rounds");
    for _ in 0..rounds {
        ours.push(rate(ground.gamectl("loud.yaml", &["logs", "-f", "-n", "1", "loud"])));
        theirs.push(rate(ground.ssh(0, &["tail", "-n", "1", "-F", &log])));
    }
    (ours, theirs)
}

/// Returns the MB that a command prints in a second, from its second one on.
fn rate(mut command: Command) -> f64 {
    let mut child = command.stdout(Stdio::piped()).spawn().expect("a command");
    let mut output = child.stdout.take().expect("a pipe");
    let mut bytes = vec![0; 1 << 20];
    let begun = Instant::now();
    let (mut from, mut count) = (None, 0_usize);
    while begun.elapsed() < Duration::from_secs(6) {
        let read = output.read(&mut bytes).expect("read");
        if read == 0 {
            break;
        }
        match from {
            None if begun.elapsed() < Duration::from_secs(1) => {}
            None => from = Some(Instant::now()),
            Some(_) => count += read,
        }
    }
    let seconds = from.map_or(1.0, |from| from.elapsed().as_secs_f64());
    let _ = child.kill();
    let _ = child.wait();
    count as f64 / 1e6 / seconds
}

/// Many hosts, ten milliseconds away.
fn many(guard: &Guard, gamectl: &Path, options: &Options, table: &mut Table) {
    eprintln!("{HOSTS} hosts with {EACH} instances: setting up");
    let Some(ground) = Ground::new(guard, gamectl, HOSTS, Some(0.01)) else {
        return;
    };
    let all: Vec<usize> = (0..HOSTS).collect();
    inventory(&ground, "all.yaml", &all, json!({}));
    // Of these the last five are black holes.
    let holes: Vec<usize> = (0..HOSTS - 5).chain(HOSTS..HOSTS + 5).collect();
    inventory(&ground, "holes.yaml", &holes, json!({}));
    let (ours, slowest, at_once, in_turn, held_up) = ground.here(|| {
        wait_until("all to run", || {
            let started = ground.gamectl("all.yaml", &["start", "--all", "-q"]).status();
            started.expect("gamectl").success()
        });
        let rounds = options.pick(15, 3);
        eprintln!("{HOSTS} hosts with {EACH} instances: {rounds} rounds");
        let (mut ours, mut slowest, mut at_once, mut in_turn) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for round in 0..=rounds {
            let one = ms(ground.gamectl("all.yaml", &["status"]));
            let others: Vec<f64> = all.iter().map(|host| ms(ground.ssh(*host, &["true"]))).collect();
            let together = Instant::now();
            let begun: Vec<_> = all.iter().map(|host| ground.ssh(*host, &["true"]).spawn()).collect();
            for ssh in begun {
                assert!(ssh.expect("ssh").wait().expect("ssh").success());
            }
            let together = together.elapsed().as_secs_f64() * 1e3;
            if round > 0 {
                ours.push(one);
                at_once.push(together);
                slowest.push(others.iter().copied().fold(0.0, f64::max));
                in_turn.push(others.iter().sum());
            }
        }
        let held_up: Vec<f64> = (0..options.pick(3, 1))
            .map(|_| ms(ground.gamectl("holes.yaml", &["status"])))
            .collect();
        let stop = ground.gamectl("all.yaml", &["stop", "--all", "--now", "-q"]).status();
        assert!(stop.expect("gamectl").success());
        (ours, slowest, at_once, in_turn, held_up)
    });
    let name = format!("status of {HOSTS} hosts with {EACH}, 20 ms away");
    let ours = median(ours);
    let beside = ("the slowest ssh host true", median(slowest));
    table.pair(&name, "ms", ours, beside, Target::AtMost(2.0, "ssh"));
    // All these hosts are this machine: its CPUs do for all what each would do by itself.
    let beside = (&*format!("{HOSTS} x ssh host true at once"), median(at_once));
    table.pair(&name, "ms", ours, beside, Target::AtMost(2.0, "ssh"));
    let beside = (&*format!("{HOSTS} x ssh host true in turn"), median(in_turn));
    table.pair(&name, "ms", ours, beside, Target::AtMost(0.1, "ssh"));
    let name = "the same with 5 of the hosts black holes";
    table.pair(
        name,
        "ms",
        median(held_up),
        ("the connect limit", Some(CONNECT)),
        Target::AtMost(1.05, "limit"),
    );
}
