//! A temporary world for the built binary.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, UnixAddr, connect, recv, send, socket};
use serde_json::{Map, Value};
use tempfile::TempDir;

use super::{Instance, Process, processes, wait_for};

/// The variable that marks every process of a sandbox, with its folder.
pub const MARK: &str = "GAMECTL_TEST_SANDBOX";

/// A folder with a state directory, an inventory and a home of its own. When
/// it is dropped, everything in it is stopped; a process that is left after
/// that is killed, and the test fails.
pub struct Sandbox {
    dir: TempDir,
    leaves_processes: bool,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Sandbox {
    /// An empty one, with an inventory without instances.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gamectl-test-")
            .tempdir()
            .expect("a temporary folder");
        let new = Self {
            dir,
            leaves_processes: false,
        };
        fs::create_dir(new.path("home")).expect("a home");
        new.inventory(&[]);
        new
    }

    /// One with these instances.
    pub fn with(instances: &[Instance]) -> Self {
        let new = Self::new();
        new.inventory(instances);
        new
    }

    /// From now on a process that outlives `stop --all --now` is killed without
    /// failing the test: for tests that break gamectl on purpose.
    pub fn leaves_processes(&mut self) {
        self.leaves_processes = true;
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// A path in it, as the text of an argument.
    pub fn arg(&self, name: &str) -> String {
        self.path(name).to_str().expect("a path in UTF-8").to_owned()
    }

    /// The state directory.
    pub fn state_dir(&self) -> PathBuf {
        self.path("state")
    }

    /// The folder of an instance in the state directory.
    pub fn instance_dir(&self, id: &str) -> PathBuf {
        self.state_dir().join("instances").join(id)
    }

    /// Writes the inventory. Every game carries the mark and a short lifetime.
    pub fn inventory(&self, instances: &[Instance]) {
        let mark = self.dir().to_str().expect("a path in UTF-8");
        let body = instances.iter().map(|instance| {
            let marked = instance.clone().env(MARK, mark).env("AWKWARD_LIFETIME_SECS", "300");
            (marked.id.clone(), marked.to_json())
        });
        let instances: Map<String, Value> = body.collect();
        self.inventory_text(&serde_json::json!({ "instances": instances }).to_string());
    }

    /// Writes the inventory as it stands here.
    pub fn inventory_text(&self, text: &str) {
        fs::write(self.path("instances.yaml"), text).expect("write the inventory");
    }

    /// Creates an empty file: opens a gate.
    pub fn touch(&self, name: &str) {
        fs::write(self.path(name), "").expect("write a file");
    }

    /// The binary with these arguments, in a clean environment.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.program(super::gamectl());
        command.args(args);
        command
    }

    /// Another program in that environment, in which gamectl finds this sandbox.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env(
                "PATH",
                std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()),
            )
            .env("HOME", self.path("home"))
            .env("GAMECTL_STATE_DIR", self.state_dir())
            .env("GAMECTL_INVENTORY", self.path("instances.yaml"))
            .env(MARK, self.dir())
            .current_dir(self.dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// The binary with these arguments, executed by another program: `prlimit`,
    /// `unshare`, `nsenter`.
    pub fn command_under(&self, wrapper: &[&str], args: &[&str]) -> Command {
        let (program, words) = wrapper.split_first().expect("a program");
        let mut command = self.program(program);
        command.args(words).arg(super::gamectl()).args(args);
        command
    }

    /// Runs the binary to its end, executed by another program.
    #[track_caller]
    pub fn run_under(&self, wrapper: &[&str], args: &[&str]) -> Outcome {
        let output = self.command_under(wrapper, args).output();
        Outcome::of(args, &output.unwrap_or_else(|error| panic!("{wrapper:?}: {error}")))
    }

    /// Runs the binary to its end.
    #[track_caller]
    pub fn run(&self, args: &[&str]) -> Outcome {
        Outcome::of(args, &self.command(args).output().expect("run gamectl"))
    }

    /// Runs the binary with this on its standard input.
    #[track_caller]
    pub fn run_with_stdin(&self, args: &[&str], stdin: &[u8]) -> Outcome {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().expect("run gamectl");
        // It may end without reading; then this fails, and that is all right.
        let _ = child.stdin.take().map(|mut pipe| pipe.write_all(stdin));
        Outcome::of(args, &child.wait_with_output().expect("wait for gamectl"))
    }

    /// Runs the binary, which must succeed.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Outcome {
        self.run(args).expect_code(0)
    }

    /// Returns the row of `status --json` of an instance.
    #[track_caller]
    pub fn status(&self, id: &str) -> Value {
        let outcome = self.run(&["status", "--json", id]);
        let row = outcome.json()["instances"][0].clone();
        assert_eq!(row["id"], id, "{outcome:?}");
        row
    }

    /// The state of an instance: one of the six words, or `unknown`.
    #[track_caller]
    pub fn state(&self, id: &str) -> String {
        self.status(id)["state"].as_str().expect("a state").to_owned()
    }

    /// Waits until an instance is in this state; returns its row.
    #[track_caller]
    pub fn wait_state(&self, id: &str, state: &str) -> Value {
        wait_for(&format!("{id} to be {state}"), || {
            Some(self.status(id)).filter(|row| row["state"] == state)
        })
    }

    /// The pid of the game of a running instance.
    #[track_caller]
    pub fn pid(&self, id: &str) -> i32 {
        let row = self.status(id);
        let pid = row["pid"].as_i64().and_then(|pid| pid.try_into().ok());
        pid.unwrap_or_else(|| panic!("{id} has no pid: {row}"))
    }

    /// The pid of the living shim of a running instance. That of one that took
    /// its game over is not the parent of the game.
    #[track_caller]
    pub fn shim(&self, id: &str) -> i32 {
        let row = self.status(id);
        let pid = row["details"]["shim_pid"].as_i64().and_then(|pid| pid.try_into().ok());
        pid.unwrap_or_else(|| panic!("{id} has no shim: {row}"))
    }

    /// Kills the shim of a running instance, and waits until its status says so.
    #[track_caller]
    pub fn kill_shim(&self, id: &str) {
        let shim = self.shim(id);
        Process::kill_and_wait(shim);
        super::wait_until("the status without the shim", || {
            self.status(id)["details"].get("shim_pid").is_none()
        });
    }

    /// Waits until an instance runs with another pid than this one; returns its row.
    #[track_caller]
    pub fn wait_for_another(&self, id: &str, than: i32) -> Value {
        wait_for(&format!("another game of {id}"), || {
            Some(self.status(id)).filter(|row| row["state"] == "running" && row["pid"] != than)
        })
    }

    /// Connects to the shim of an instance, and stays.
    pub fn knock(&self, id: &str) -> nix::Result<OwnedFd> {
        let kind = (AddressFamily::Unix, SockType::SeqPacket, SockFlag::SOCK_CLOEXEC);
        let fd = socket(kind.0, kind.1, kind.2, None)?;
        connect(fd.as_raw_fd(), &UnixAddr::new(&self.instance_dir(id).join("ctl"))?)?;
        Ok(fd)
    }

    /// The whole current console log of an instance; empty if there is none.
    pub fn console(&self, id: &str) -> String {
        let bytes = fs::read(self.instance_dir(id).join("console.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Writes a line to the console of a running game.
    #[track_caller]
    pub fn tell(&self, id: &str, line: &str) {
        let console = self.instance_dir(id).join("in");
        let mut console = fs::File::options().write(true).open(console).expect("the console");
        console
            .write_all(format!("{line}\n").as_bytes())
            .expect("write to the console");
    }

    /// Waits until a line begins with `start`; returns the rest of it.
    #[track_caller]
    pub fn wait_line(&self, id: &str, start: &str) -> String {
        wait_for(&format!("a line {start:?}... in the console of {id}"), || {
            let console = self.console(id);
            // A line is there when its end is.
            let whole = console.rfind('\n').map_or("", |end| &console[..end]);
            whole
                .lines()
                .find_map(|line| line.strip_prefix(start))
                .map(str::to_owned)
        })
    }

    /// Waits until the console log holds this text.
    #[track_caller]
    pub fn wait_console(&self, id: &str, text: &str) {
        super::wait_until(&format!("{text:?} in the console of {id}"), || {
            self.console(id).contains(text)
        });
    }

    /// The lines of a file in it; none when there is no such file.
    pub fn lines(&self, name: &str) -> Vec<String> {
        let text = fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Every living process that belongs to it and is no shim: the games, and
    /// gamectl where it has not ended yet.
    pub fn games(&self) -> Vec<Process> {
        let mut games = self.processes();
        games.retain(|process| {
            let is_shim = process.command.starts_with("gamectl __shim") || is_ending_shim(process);
            !is_shim && !is_copy(process)
        });
        games
    }

    /// Fails the test when a game is left now, or a shim in a while.
    #[track_caller]
    pub fn nothing_left(&self) {
        assert_eq!(self.games(), []);
        super::wait_until("gamectl to end", || self.processes().is_empty());
    }

    /// Every living process that belongs to it.
    pub fn processes(&self) -> Vec<Process> {
        processes::tied_to(self.dir())
    }
}

/// Returns true for a process that was a shim before it gave its memory back, and
/// with it its arguments: `exe` until it has named itself.
fn is_ending_shim(process: &Process) -> bool {
    ["[exe]", "[gamectl"]
        .iter()
        .any(|name| process.command.starts_with(name))
}

/// Returns true for a process that a command has forked for its shims, and that has
/// no title yet. It ends with its command, and a moment later where that was
/// killed.
fn is_copy(process: &Process) -> bool {
    let own = std::process::id().try_into().ok();
    process.command.starts_with(&*super::gamectl().to_string_lossy()) && Process::parent(process.pid) != own
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let dir = self.dir();
        if self.processes().is_empty() {
            return;
        }
        let stop = self.command(&["stop", "--all", "--now", "--timeout", "20s"]).output();
        // A shim that has told the end of its game may still be leaving.
        let end = Instant::now() + Duration::from_secs(2);
        while !self.processes().is_empty() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        let left = processes::kill_tied_to(dir);
        if !left.is_empty() && !self.leaves_processes && !std::thread::panicking() {
            panic!("left after `stop --all --now`: {left:#?}\n{stop:?}");
        }
    }
}

/// The end of a run of the binary.
#[derive(Debug)]
pub struct Outcome {
    /// Its arguments, for messages.
    pub args: Vec<String>,
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its answer.
    pub stdout: String,
    /// Its progress, warnings and errors.
    pub stderr: String,
}

impl Outcome {
    /// Of a finished run.
    pub fn of(args: &[&str], output: &Output) -> Self {
        Self {
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails the test unless this was the exit code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Its answer as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }
}
