//! A gamectl of today and a shim of version 0.1, which has been there since before
//! an update. The shim is played by this test, in bytes that are written down
//! here: what it would not have understood, or said otherwise, fails.

use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use nix::fcntl::{FcntlArg, fcntl};
use nix::sys::signal::Signal;
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, UnixAddr, accept, bind, listen, recv, send, socket,
};
use serde_json::json;

use crate::support::{Instance, Process, Sandbox, wait_until};

const VERB_UNKNOWN: &str = "the verb is not known here";

/// The parts with which the test plays an old shim.
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

/// The state directory of an older build, file by file as it left them, around a
/// game that runs.
struct OldState<'a> {
    sandbox: &'a Sandbox,
    boot: String,
}

impl<'a> OldState<'a> {
    /// Takes the place of what is there, but for the folders: a game carries the
    /// number of its own.
    fn begin(sandbox: &'a Sandbox) -> Self {
        empty(&sandbox.state_dir());
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("the boot");
        let boot = boot.trim().to_owned();
        Self { sandbox, boot }
    }

    fn write(&self, id: &str, name: &str, text: &str) {
        let sum = crc32fast::hash(text.as_bytes());
        // A record is as long as the room that was kept for it.
        let padding = "\n".repeat(4096 - text.len() - "end 00000000\n".len());
        fs::write(
            self.sandbox.instance_dir(id).join(name),
            format!("{text}end {sum:08x}\n{padding}"),
        )
        .expect("a record");
    }

    /// An instance that was last wanted to be `running` or `stopped`.
    fn instance(&self, id: &str, want: &str) {
        let folder = self.sandbox.instance_dir(id);
        let mut new = fs::DirBuilder::new();
        new.mode(0o700).recursive(true).create(&folder).expect("a folder");
        fs::write(folder.join("lock"), "gamectl start (pid 7588)\nturn 7588.1773600.0\n").expect("a lock");
        let intent = |want: &str| format!("1,{want},1764000000123,0,{}", &self.boot[..8]);
        symlink(intent(want), folder.join("intent")).expect("an intent");
        symlink(intent("stopped"), folder.join("intent.stop")).expect("an intent");
    }

    fn launch(&self, id: &str, main: i32, start: u64, mark: &str) {
        let namespace = |name: &str| {
            let link = fs::read_link(format!("/proc/self/ns/{name}")).expect("a namespace");
            link.to_string_lossy().replace(|c: char| !c.is_ascii_digit(), "")
        };
        let machine = fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let text = format!(
            "gamectl launch 1\ngeneration 7\nboot {}\nmachine {}\nnamespaces pid:{} time:{}\nshim 4000000,5\n\
             main {main},{start}\nlaunched_wall_ms 1764000000123\nlaunched_boot_ms 1\nlog_inode 55\nlog_offset 0\n\
             output 77\nrestarts 2\nadopted false\nmark {mark}\ngamectl 0.1.0\nready_boot_ms 2\n\
             ready_wall_ms 1764000000456\n",
            self.boot,
            machine.trim(),
            namespace("pid"),
            namespace("time")
        );
        self.write(id, "launch", &text);
        let plan = "gamectl plan 1\nlog_max_size 52428800\nlog_keep 5\ntty false\nstep_label stdin: exit 6\n\
                    step 20000 stdin exit 6\nstep_label signal: TERM\nstep 60000 signal 15\n";
        let sum = crc32fast::hash(plan.as_bytes());
        fs::write(
            self.sandbox.instance_dir(id).join("plan"),
            format!("{plan}end {sum:08x}\n"),
        )
        .expect("a plan");
    }

    fn exit(&self, id: &str, requested: bool, how: &str) {
        let text = format!(
            "gamectl exit 1\ngeneration 7\nboot {}\nrequested {requested}\nended_by \noom_killed false\n\
             was_ready true\nkilled_leftovers 0\nlost_output 0\nnote \nat_wall_ms 1764000000789\n{how}\n",
            self.boot
        );
        self.write(id, "exit", &text);
    }
}

/// Removes all files below a folder.
fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.file_type().expect("a type").is_dir() {
            empty(&entry.path());
        } else {
            fs::remove_file(entry.path()).expect("a file");
        }
    }
}

#[test]
fn a_state_directory_from_before_an_update() {
    let game = |id: &str| Instance::awkward(id, &["serve", "--ready", "up"]).ready_log("^up$");
    let sandbox = Sandbox::with(&[game("a"), game("b"), game("c"), game("d")]);
    sandbox.ok(&["start", "a", "b"]);
    let of = |id: &str| {
        let (pid, shim) = (sandbox.pid(id), sandbox.shim(id));
        Process::kill_and_wait(shim);
        let environment = fs::read(format!("/proc/{pid}/environ")).expect("its environment");
        let mut words = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let mark = words.find(|word| word.starts_with("GAMECTL_TREE=")).expect("a mark");
        let start = Process::stat_field(pid, 22).expect("its start");
        (pid, start, mark.into_owned())
    };
    let (a, b) = (of("a"), of("b"));
    let old = OldState::begin(&sandbox);
    for (id, want, (pid, start, mark)) in [("a", "running", &a), ("b", "stopped", &b)] {
        old.instance(id, want);
        old.launch(id, *pid, *start, mark);
    }
    old.instance("c", "running");
    old.launch("c", 4_000_001, 5, "GAMECTL_TREE=1-1");
    old.exit("c", false, "code 4");
    old.instance("d", "stopped");
    old.launch("d", 4_000_002, 5, "GAMECTL_TREE=1-2");
    old.exit("d", true, "signal 15");
    // One more has left the inventory.
    sandbox.inventory(&[game("a"), game("c"), game("d")]);
    let rows = sandbox.run(&["status", "--json", "a", "b", "c", "d"]).json();
    let found = rows["instances"].as_array().expect("rows").iter().map(|row| {
        let exit = &row["last_exit"];
        json!([
            row["id"],
            row["state"],
            row["intent"],
            row["pid"],
            exit["code"],
            exit["signal"]
        ])
    });
    let wanted = [
        json!(["a", "running", "running", a.0, null, null]),
        json!(["c", "crashed", "running", null, 4, null]),
        json!(["d", "stopped", "stopped", null, null, "SIGTERM"]),
        json!(["b", "running", "stopped", b.0, null, null]),
    ];
    assert_eq!(found.collect::<Vec<_>>(), wanted);
    // A shim of today takes the game over, and launches go on being counted.
    sandbox.ok(&["start", "a", "c"]);
    assert_eq!(sandbox.pid("a"), a.0);
    assert_eq!(sandbox.status("a")["restarts"], 2);
    assert_eq!(sandbox.status("c")["details"]["launch"], 8);
    // What left the inventory is stopped by the plan that is on record, but for
    // what only the shim that launched it could have typed.
    let stopped = sandbox.ok(&["stop", "b", "--json"]).json()["results"][0].clone();
    assert!(
        stopped["ended_by"]
            .as_str()
            .is_some_and(|step| step.ends_with(": exit 6") || step == "signal: TERM"),
        "{stopped}"
    );
    sandbox.ok(&["stop", "--all"]);
    assert!(!Process::lives(a.0) && !Process::lives(b.0));
    sandbox.nothing_left();
}
