//! The link of `run` over a real server of NATS: what it costs, and how fast it is.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::Options;
use crate::counters::{activity, between, memory};
use crate::ear::{Ear, Word};
use crate::fleet::median;
use crate::game::now;
use crate::guard::Guard;
use crate::manager::write;
use crate::path;
use crate::processes::Process;
use crate::table::{Table, Target};
use crate::wait::{wait_for, wait_until};

const COUNT: usize = 1000;

const PORT: u16 = 24222;

/// Publishes messages of this size for so many seconds, with nats-py.
const NATS_PY: &str = "
import asyncio, sys, time, nats
async def main(port, size, seconds):
    client = await asyncio.wait_for(nats.connect(f'nats://127.0.0.1:{port}'), 20)
    body, end, sent = b'x' * size, time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for _ in range(500):
            await client.publish('bench.a.b.heartbeat', body)
        sent += 500
        await client.flush()
    print(sent)
    await client.close()
asyncio.run(main(*map(int, sys.argv[1:])))
";

struct Ground<'a> {
    dir: PathBuf,
    gamectl: &'a Path,
    server: PathBuf,
}

/// Something that is ended when it is dropped.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        Process::signal(Process::pid_of(&self.0), Signal::SIGINT);
        let _ = self.0.wait();
    }
}

/// The cost of a `run` in a time, and its weight.
struct Cost {
    /// In percent of a core.
    cpu: f64,
    /// In KiB.
    memory: f64,
    /// By the minute.
    wakeups: f64,
}

pub(crate) fn measure(guard: &Guard, gamectl: &Path, options: &Options, table: &mut Table) {
    let Some(server) = path::find(Path::new("nats-server")) else {
        eprintln!("link: nats-server is not installed");
        return;
    };
    let dir = guard.fresh("link");
    let ground = Ground { dir, gamectl, server };
    ground.write_inventory("plain.yaml", None);
    ground.write_inventory("linked.yaml", Some("1s"));
    ground.write_inventory("flood.yaml", Some("1ms"));
    let seconds = options.pick(30, 5);
    eprintln!("link: {COUNT} instances without it");
    let plain = {
        let run = ground.run("plain.yaml", false);
        ground.settle();
        cost(&run, seconds)
    };
    let server = ground.serve();
    let ear = Ear::to(PORT);
    eprintln!("link: with it, a heartbeat a second");
    let linked = {
        let run = ground.run("linked.yaml", false);
        ground.settle();
        heard(&ear, 3 * COUNT);
        cost(&run, seconds)
    };
    let more = |linked: f64, plain: f64| Some((linked - plain).max(0.0));
    let beside = |value: f64| ("without it", Some(value));
    let name = format!("link of {COUNT}, a heartbeat a second: CPU of run more than without");
    table.pair(
        &name,
        "% of a core",
        more(linked.cpu, plain.cpu),
        beside(plain.cpu),
        Target::Below(2.0),
    );
    let name = format!("link of {COUNT}: memory (PSS) of run more than without");
    let limit = Target::Below(8.0 * 1024.0);
    table.pair(
        &name,
        "KiB",
        more(linked.memory, plain.memory),
        beside(plain.memory),
        limit,
    );
    latencies(&ground, &ear, options, table);
    away(&ground, server, &plain, options, table);
    throughput(&ground, options, table);
    let stop = ground.command("plain.yaml", &["stop", "--all", "--now", "-q"]).status();
    // What is left is killed with the folder; the figures are there.
    if !stop.is_ok_and(|status| status.success()) {
        eprintln!("link: not all could be stopped");
    }
}

impl Ground<'_> {
    fn write_inventory(&self, name: &str, heartbeat: Option<&str>) {
        let sleep = json!({ "process": { "executable": "/bin/sleep", "args": ["infinity"] } });
        let instances: serde_json::Map<String, Value> =
            (0..COUNT).map(|number| (format!("g{number}"), sleep.clone())).collect();
        let mut whole = json!({ "defaults": { "restart": { "delay": "0s" } }, "instances": instances });
        if let Some(heartbeat) = heartbeat {
            let servers = [format!("nats://127.0.0.1:{PORT}")];
            whole["link"] =
                json!({ "nats": { "servers": servers, "prefix": "bench", "node": "a", "heartbeat": heartbeat } });
        }
        write(&self.dir.join(name), &whole.to_string());
    }

    fn command(&self, inventory: &str, words: &[&str]) -> Command {
        let mut command = Command::new(self.gamectl);
        command.env("GAMECTL_STATE_DIR", self.dir.join("state"));
        command.env("GAMECTL_INVENTORY", self.dir.join(inventory));
        command.args(words).current_dir(&self.dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Begins a `run`; its events can be read from the output of one with `json`.
    fn run(&self, inventory: &str, json: bool) -> Ended {
        let mut command = self.command(inventory, if json { &["run", "--json"] } else { &["run"] });
        if json {
            command.stdout(Stdio::piped());
        }
        Ended(command.spawn().expect("gamectl"))
    }

    /// Waits until all run, and what the beginning set in motion has come to rest.
    fn settle(&self) {
        loop {
            std::thread::sleep(Duration::from_secs(2));
            if self
                .command("plain.yaml", &["status"])
                .status()
                .expect("gamectl")
                .success()
            {
                return std::thread::sleep(Duration::from_secs(2));
            }
        }
    }

    fn serve(&self) -> Ended {
        let mut command = Command::new(&self.server);
        command
            .args(["-a", "127.0.0.1", "-p", &PORT.to_string()])
            .current_dir(&self.dir);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let server = Ended(command.spawn().expect("nats-server"));
        wait_until("nats-server", || {
            std::net::TcpStream::connect(("127.0.0.1", PORT)).is_ok()
        });
        server
    }
}

fn cost(run: &Ended, seconds: u64) -> Cost {
    let pids = [Process::pid_of(&run.0)];
    let before = activity(&pids);
    std::thread::sleep(Duration::from_secs(seconds));
    let cost = between(&before, &activity(&pids));
    let seconds = seconds as f64;
    Cost {
        cpu: cost.seconds / seconds * 100.0,
        memory: memory(&pids),
        wakeups: cost.wakeups / seconds * 60.0,
    }
}

/// Waits for so many messages more.
fn heard(ear: &Ear, count: usize) {
    let before = ear.heard();
    wait_until("heartbeats", || ear.heard() >= before + count as u64);
}

/// From the line of `run --json` about a crash, and from the kill itself, to the message.
fn latencies(ground: &Ground<'_>, ear: &Ear, options: &Options, table: &mut Table) {
    let rounds = options.pick(40, 5);
    eprintln!("link: {rounds} crashes");
    let mut run = ground.run("linked.yaml", true);
    let lines = Ear::lines(run.0.stdout.take().expect("its output"));
    ground.settle();
    heard(ear, COUNT);
    let (mut after_line, mut after_kill) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let id = format!("g{round}");
        let mut status = ground.command("plain.yaml", &["status", "--json", &id]);
        let said = status.stdout(Stdio::piped()).output().expect("gamectl").stdout;
        let row = serde_json::from_slice::<Value>(&said).unwrap_or_default();
        let pid = row["instances"][0]["pid"]
            .as_i64()
            .and_then(|pid| i32::try_from(pid).ok());
        let killed = now();
        Process::signal(pid.expect("it runs"), Signal::SIGKILL);
        let (line, message) = (crash(&lines, &id), crash(ear.words(), &id));
        // In milliseconds; the one may come before the other.
        after_line.push((message as f64 - line as f64) / 1e6);
        after_kill.push((message - killed) as f64 / 1e6);
    }
    let beside = ("from the kill", median(after_kill));
    let name = "link: a crash is heard after the line of `run --json`";
    table.pair(
        name,
        "ms",
        median(after_line).map(|ms| ms.max(0.0)),
        beside,
        Target::Below(2.0),
    );
}

/// Waits for the crash of an instance, and returns when it came.
fn crash(words: &Receiver<Word>, id: &str) -> u64 {
    wait_for("the crash", || {
        let word = words.recv_timeout(Duration::from_secs(10)).ok()?;
        (word.body["id"] == id && word.body["state"] == "crashed").then_some(word.at)
    })
}

/// Measures the cost of a server that is away.
fn away(ground: &Ground<'_>, server: Ended, plain: &Cost, options: &Options, table: &mut Table) {
    let (until_rare, seconds) = options.pick((70, 60), (10, 10));
    let run = ground.run("linked.yaml", false);
    ground.settle();
    drop(server);
    eprintln!("link: the server is away");
    // The pauses between attempts grow to half a minute.
    std::thread::sleep(Duration::from_secs(until_rare));
    let away = cost(&run, seconds);
    let beside = ("without it", Some(plain.wakeups));
    table.pair(
        "link: wake-ups while the server is away",
        "a minute",
        Some(away.wakeups),
        beside,
        Target::Below(30.0),
    );
}

/// The messages of a second at most, beside a client in Python.
fn throughput(ground: &Ground<'_>, options: &Options, table: &mut Table) {
    let seconds = options.pick(10, 3);
    let _server = ground.serve();
    let ear = Ear::to(PORT);
    eprintln!("link: as many heartbeats as there can be");
    let (ours, size) = {
        let _run = ground.run("flood.yaml", false);
        ground.settle();
        heard(&ear, COUNT);
        let (count, bytes, begun) = (ear.heard(), ear.bytes(), now());
        std::thread::sleep(Duration::from_secs(seconds));
        let passed = (now() - begun) as f64 / 1e9;
        let count = (ear.heard() - count) as f64;
        (count / passed, (ear.bytes() - bytes) as f64 / count)
    };
    let python = [
        std::env::var("GAMECTL_TEST_PYTHON").ok(),
        Some("target/peers/bin/python3".to_owned()),
        Some("python3".to_owned()),
    ];
    let has_nats = |python: &String| {
        let mut command = Command::new(python);
        command.args(["-c", "import nats"]).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let theirs = python.into_iter().flatten().find(has_nats).and_then(|python| {
        let mut command = Command::new(python);
        let words = [PORT.to_string(), (size as u64).to_string(), seconds.to_string()];
        let output = command.args(["-c", NATS_PY]).args(words).output().ok()?;
        let sent: f64 = String::from_utf8(output.stdout).ok()?.trim().parse().ok()?;
        Some(sent / seconds as f64)
    });
    let beside = ("nats-py", Some(theirs.unwrap_or(0.0)));
    let name = format!("link: heartbeats of {size:.0} bytes");
    table.pair(&name, "a second", Some(ours), beside, Target::AtLeast(10.0, "nats-py"));
}
