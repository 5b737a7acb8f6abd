//! The cost of counting players: `watch` on a terminal, and servers that answer A2S.

use std::net::UdpSocket;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::{Winsize, openpty};
use serde_json::{Map, Value, json};

use crate::Options;
use crate::counters::{activity, between};
use crate::guard::Guard;
use crate::manager::write;
use crate::table::{Table, Target};

const SERVERS: usize = 200;

/// The most milliseconds that it may take to count all of them: 3 % of a core, were it once a second.
const MOST: f64 = 30.0;

/// Servers that answer how many play, in one thread.
struct Servers {
    ports: Vec<u16>,
    asked: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Servers {
    fn new(count: usize) -> Self {
        let sockets: Vec<UdpSocket> = (0..count)
            .map(|_| UdpSocket::bind("127.0.0.1:0").expect("a port"))
            .collect();
        let port = |socket: &UdpSocket| socket.local_addr().expect("its address").port();
        let ports = sockets.iter().map(port).collect();
        let (asked, is_over): (Arc<AtomicU64>, Arc<AtomicBool>) = Default::default();
        let (counts, ends) = (Arc::clone(&asked), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                let fds = sockets.iter().map(AsFd::as_fd);
                let mut polled: Vec<_> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
                if poll(&mut polled, 100_u8).is_err() {
                    continue;
                }
                for (socket, polled) in sockets.iter().zip(&polled) {
                    if polled.revents().is_some_and(|told| told.contains(PollFlags::POLLIN)) {
                        let count = counts.fetch_add(1, Ordering::Relaxed);
                        answer(socket, count);
                    }
                }
            }
        });
        Self {
            ports,
            asked,
            is_over,
            thread: Some(thread),
        }
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Answers a question. Players come and go, so that there is something to draw.
fn answer(socket: &UdpSocket, count: u64) {
    let Ok((_, from)) = socket.recv_from(&mut [0; 100]) else {
        return;
    };
    let online = u8::try_from(count % 17).unwrap_or_default();
    let answer = [
        &b"\xff\xff\xff\xffI\x11A game\0a map\0folder\0game\0\0\0"[..],
        &[online, 20, 0],
        b"dl\0\x001\0\0",
    ];
    let _ = socket.send_to(&answer.concat(), from);
}

/// Measures the processor time of `watch` for counting the players of many servers.
pub(crate) fn measure(guard: &Guard, gamectl: &Path, options: &Options, table: &mut Table) {
    let count = SERVERS;
    let seconds = options.pick(30, 11);
    let servers = Servers::new(count);
    let mut instances = Map::new();
    for (number, port) in servers.ports.iter().enumerate() {
        let players = json!({ "a2s": format!("127.0.0.1:{port}") });
        instances.insert(
            format!("game-{number:03}"),
            json!({ "process": { "executable": "/bin/sleep", "args": ["infinity"] }, "players": players }),
        );
    }
    let inventory: Value = json!({ "defaults": { "ready": { "alive_for": "1ms" } }, "instances": instances });
    let dir = guard.fresh("players");
    write(&dir.join("instances.yaml"), &inventory.to_string());
    let ours = |args: &[&str]| {
        let mut command = Command::new(gamectl);
        command
            .args(args)
            .current_dir(&dir)
            .env("GAMECTL_STATE_DIR", dir.join("state"))
            .env("TERM", "xterm");
        command
    };
    eprintln!("players of {count}: {seconds} s");
    let quiet = |args: &[&str]| {
        let mut command = ours(args);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.status().expect("gamectl").success()
    };
    assert!(quiet(&["start", "--all", "-q"]), "gamectl start --all");
    let (spent, asked) = watched(ours(&["watch"]), &servers, Duration::from_secs(seconds));
    quiet(&["stop", "--all", "-q", "--now"]);
    let rounds = asked as f64 / count as f64;
    if rounds < 1.0 {
        eprintln!("players of {count}: they were not counted");
        return;
    }
    // All that it does meanwhile counts: it draws, and has its clocks.
    table.pair(
        &format!("watch: CPU for each time that the players of {count} are counted"),
        "ms",
        Some(spent * 1000.0 / rounds),
        ("times counted", Some(rounds)),
        Target::Below(MOST),
    );
}

/// Watches on a terminal for a time. Returns the seconds of the processor, and how many
/// questions came to the servers.
fn watched(mut command: Command, servers: &Servers, time: Duration) -> (f64, u64) {
    let size = Winsize {
        ws_row: 60,
        ws_col: 140,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let ends = openpty(&size, None).expect("a terminal");
    let end = || Stdio::from(ends.slave.try_clone().expect("its end"));
    command.stdin(end()).stdout(end()).stderr(end());
    let mut watch = command.spawn().expect("gamectl");
    drop(command);
    drain(ends.master);
    let pid = watch.id();
    // It has counted all of them once.
    let begun = servers.asked();
    crate::wait::wait_until("the players to be counted", || {
        servers.asked() >= begun + servers.ports.len() as u64
    });
    std::thread::sleep(Duration::from_secs(1));
    let before = (activity(&threads(pid)), servers.asked());
    std::thread::sleep(time);
    let after = (activity(&threads(pid)), servers.asked());
    let _ = watch.kill();
    let _ = watch.wait();
    (between(&before.0, &after.0).seconds, after.1 - before.1)
}

/// Returns the threads of a process, each of which has counters of its own.
fn threads(pid: u32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).expect("its threads");
    let name = |task: std::io::Result<std::fs::DirEntry>| task.ok()?.file_name().to_str()?.parse().ok();
    tasks.filter_map(name).collect()
}

/// Reads what is drawn, as a terminal does.
fn drain(master: OwnedFd) {
    std::thread::spawn(move || {
        let mut screen = std::fs::File::from(master);
        let _ = std::io::copy(&mut screen, &mut std::io::sink());
    });
}
