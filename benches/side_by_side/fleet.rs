//! The games that a supervisor is given, and the way in which their starts are
//! noticed.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::game::now;
use crate::random::Random;
use crate::{path, processes};

/// The variable that marks all processes of a fleet, with its folder.
pub(crate) const MARK: &str = "GAMECTL_BENCH_FLEET";

/// Instances of the same game.
pub(crate) struct Fleet {
    /// The folder of everything of this fleet.
    pub(crate) dir: PathBuf,
    /// The ids of the instances.
    pub(crate) ids: Vec<String>,
    /// The game: a program and its arguments.
    pub(crate) game: Vec<String>,
    /// True when the output of the games is kept in files.
    pub(crate) logs: bool,
    /// True when the games run once the supervisor is set up.
    pub(crate) running: bool,
    /// True when games that end are started again, at once, by a supervisor that
    /// stays: for gamectl, `gamectl run`.
    pub(crate) resident: bool,
}

impl Fleet {
    /// Makes `count` instances in this folder, which is theirs alone. `output` is
    /// what the game prints: nothing, or `lines` or `blocks` and how much.
    pub(crate) fn new(dir: PathBuf, count: usize, output: &[&str]) -> Self {
        let own = std::env::current_exe().expect("our own path");
        let fifo = dir.join("stamps");
        mkfifo(&fifo, Mode::S_IRUSR | Mode::S_IWUSR).expect("make a FIFO");
        let text = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
        let mut game = vec![text(&own), "game".to_owned(), text(&fifo)];
        game.extend(output.iter().map(|&word| word.to_owned()));
        Self {
            dir,
            ids: (0..count).map(|number| format!("g{number:04}")).collect(),
            game,
            logs: false,
            running: false,
            resident: false,
        }
    }

    /// The shell's `exec` of the game. None of our words needs more quoting.
    pub(crate) fn script(&self) -> String {
        let words: Vec<String> = self.game.iter().map(|word| format!("'{word}'")).collect();
        format!("#!/bin/sh\nexec {} 2>&1\n", words.join(" "))
    }

    /// The pids of the games, which are this program.
    pub(crate) fn games(&self) -> Vec<i32> {
        let own = std::env::current_exe().expect("our own path");
        self.processes(|exe| exe == own)
    }

    /// The pids of everything else: the supervisor itself.
    pub(crate) fn helpers(&self) -> Vec<i32> {
        let own = std::env::current_exe().expect("our own path");
        self.processes(|exe| exe != own)
    }

    fn processes(&self, wanted: impl Fn(&Path) -> bool) -> Vec<i32> {
        let is_wanted = |pid: &i32| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| wanted(&exe));
        let all = processes::tied_to(&self.dir).into_iter().map(|process| process.pid);
        all.filter(is_wanted).collect()
    }

    /// A program that carries the mark, prints nowhere and reads nothing, and
    /// works in the folder of the fleet.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = self.client(program);
        command.current_dir(&self.dir);
        command
    }

    /// Makes a command that does not depend on our working directory. Only such a
    /// command is executed by a child that borrows our memory; any other is by one
    /// that copies it first, a sixth of the time of a short command that is
    /// measured.
    pub(crate) fn client(&self, program: impl AsRef<Path>) -> Command {
        let program = program.as_ref();
        let found = path::find(program);
        let mut command = Command::new(found.as_deref().unwrap_or(program));
        command
            .env(MARK, &self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// The births of the games of a fleet.
pub(crate) struct Births {
    fifo: File,
    text: Vec<u8>,
}

impl Births {
    /// Listens, before any game is started.
    pub(crate) fn of(fleet: &Fleet) -> Self {
        let fifo = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(fleet.dir.join("stamps"))
            .expect("open the FIFO");
        Self { fifo, text: Vec::new() }
    }

    /// Forgets all that were told until now.
    pub(crate) fn forget(&mut self) {
        self.text.clear();
        // Whatever there is: to look does not wait.
        let mut buffer = [0; 4096];
        while self.fifo.read(&mut buffer).is_ok_and(|read| read > 0) {}
    }

    /// The time of the next birth, on the monotonic clock; `None` when there
    /// is none for too long.
    pub(crate) fn next(&mut self) -> Option<u64> {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(place) = self.text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.text.drain(..=place).collect();
                return std::str::from_utf8(&line).ok()?.trim().parse().ok();
            }
            if Instant::now() > end {
                return None;
            }
            let mut polled = [PollFd::new(self.fifo.as_fd(), PollFlags::POLLIN)];
            let _ = poll(&mut polled, PollTimeout::from(1000_u16));
            let mut buffer = [0; 4096];
            if let Ok(read) = self.fifo.read(&mut buffer) {
                self.text.extend_from_slice(&buffer[..read]);
            }
        }
    }
}

/// Runs a command to its end; how long that took, in nanoseconds.
pub(crate) fn timed(mut command: Command) -> u64 {
    let begin = now();
    let _ = command.status().expect("run a command");
    now() - begin
}

/// The median.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values.get(middle).copied()
    } else {
        Some(values.get(middle.checked_sub(1)?)?.midpoint(*values.get(middle)?))
    }
}

/// The order of a round over this many places. Whoever comes first finds the
/// machine asleep, and whoever follows a large program finds cold caches: so it
/// is by chance who does, though by the same in every run.
pub(crate) fn order(places: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..places).collect();
    Random::new(round as u64).shuffle(&mut order);
    order
}
