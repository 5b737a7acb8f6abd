//! A gamectl of today and a shim of version 0.1, which has been there since before
//! an update. The shim is played by this test, in bytes that are written down
//! here: what it would not have understood, or said otherwise, fails.

use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;
use std::thread::JoinHandle;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::Signal;
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, UnixAddr, accept, bind, listen, recv, send, socket,
};
use serde_json::json;

use crate::support::{Instance, Process, Sandbox, wait_until};

const VERB_UNKNOWN: &str = "the verb is not known here";

/// What it is played with.
struct OldShim {
    folder: PathBuf,
    game: i32,
    lock: File,
    door: OwnedFd,
}

impl OldShim {
    /// In the place of a shim that was killed, for its game.
    fn begin(sandbox: &Sandbox) -> Self {
        let (game, shim) = (sandbox.pid("a"), sandbox.shim("a"));
        Process::kill(shim);
        wait_until("the shim to be gone", || !Process::lives(shim));
        let folder = sandbox.instance_dir("a");
        let lock = File::options().read(true).write(true).open(folder.join("lock"));
        let lock = lock.expect("lock");
        let second_byte = libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: 1,
            l_len: 1,
            l_pid: 0,
        };
        fcntl(&lock, FcntlArg::F_OFD_SETLK(&second_byte)).expect("lock it");
        let path = folder.join("ctl");
        fs::remove_file(&path).expect("the socket of the dead shim");
        let door = socket(AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC, None).expect("a socket");
        bind(door.as_raw_fd(), &UnixAddr::new(&path).expect("an address")).expect("bind");
        listen(&door, Backlog::new(16).expect("a number")).expect("listen");
        Self {
            folder,
            game,
            lock,
            door,
        }
    }

    /// Answers until it is asked to end the game. Returns all that it was asked.
    fn serve(self) -> JoinHandle<Vec<String>> {
        std::thread::spawn(move || {
            let mut asked = Vec::new();
            loop {
                let client = accept(self.door.as_raw_fd()).expect("a client");
                let mut buffer = [0; 4096];
                while let Ok(n @ 1..) = recv(client, &mut buffer, MsgFlags::empty()) {
                    let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
                    let ends = request.contains("\nverb stop\n");
                    let knows = ends || request == "gamectl request 1\nverb subscribe\n";
                    let report = self.report(ends, if knows { "" } else { VERB_UNKNOWN });
                    send(client, report.as_bytes(), MsgFlags::MSG_NOSIGNAL).expect("answer");
                    let subscribed = request.contains("\nverb subscribe\n");
                    asked.push(request);
                    if subscribed && asked.iter().any(|request| request.contains("\nverb stop\n")) {
                        self.end();
                        let _ = nix::unistd::close(client);
                        return asked;
                    }
                }
                let _ = nix::unistd::close(client);
            }
        })
    }

    fn report(&self, stopping: bool, refusal: &str) -> String {
        let (phase, step) = if stopping {
            ("stopping", "signal: TERM")
        } else {
            ("alive", "")
        };
        format!(
            "gamectl report 1\nphase {phase}\ngeneration 1\nmain {},{}\nstep {step}\nstep_elapsed_ms 0\n\
             step_limit_ms 9000\nrefusal {refusal}\nnote \ngamectl 0.1.0\n",
            self.game,
            Process::stat_field(self.game, 22).unwrap_or(1)
        )
    }

    /// Ends the game, puts that on record, and goes.
    fn end(self) {
        Process::signal(self.game, Signal::SIGTERM);
        wait_until("the game to end", || !Process::lives(self.game));
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("the boot");
        let text = format!(
            "gamectl exit 1\ngeneration 1\nboot {}\nrequested true\nended_by signal: TERM\noom_killed false\n\
             was_ready true\nkilled_leftovers 0\nlost_output 0\nnote \nat_wall_ms 1764000000789\ncode 5\n",
            boot.trim()
        );
        let sum = crc32fast::hash(text.as_bytes());
        fs::write(self.folder.join("exit"), format!("{text}end {sum:08x}\n")).expect("the exit");
        fs::remove_file(self.folder.join("ctl")).expect("the socket");
        drop((self.door, self.lock));
    }
}

#[test]
fn a_shim_from_before_an_update() {
    let game = Instance::awkward("a", &["serve", "--ready", "up"])
        .ready_log("^up$")
        .with("stop", json!([{ "signal": "TERM", "wait": "9s" }]));
    let sandbox = Sandbox::with(&[game]);
    sandbox.ok(&["start", "a"]);
    let old = OldShim::begin(&sandbox);
    let game = old.game;
    let served = old.serve();
    // Its lock and its record tell that it keeps the game.
    let row = sandbox.status("a");
    assert_eq!((&row["state"], &row["pid"]), (&json!("running"), &json!(game)), "{row}");
    let again = sandbox.ok(&["start", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(again["changed"], false, "{again}");
    assert_eq!(sandbox.games().len(), 1);
    // What it is too old for is said, with the cure.
    let refused = sandbox.run(&["send", "a", "hello"]).expect_code(1);
    for word in ["older gamectl", "gamectl restart a"] {
        assert!(refused.stderr.contains(word), "{refused:?}");
    }
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], "signal: TERM", "{stopped}");
    let asked = served.join().expect("the old shim");
    let wanted = [
        "gamectl request 1\nverb console\ngeneration 1\nline hello\n",
        "gamectl request 1\nverb stop\ngeneration 1\nnow false\nstep_label signal: TERM\nstep 9000 signal 15\n",
        "gamectl request 1\nverb subscribe\n",
    ];
    assert_eq!(asked, wanted);
    let row = sandbox.status("a");
    assert_eq!(
        (&row["state"], &row["last_exit"]["code"]),
        (&json!("stopped"), &json!(5)),
        "{row}"
    );
    // And a shim of today follows it.
    sandbox.ok(&["start", "a"]);
    assert_ne!(sandbox.pid("a"), game);
    sandbox.ok(&["stop", "a"]);
    sandbox.nothing_left();
}
