//! From a message to a game that runs: everything that can fail before.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use super::event_source;
use super::output::{Output, OutputFd};
use super::precheck::{may_launch, still_wanted};
use super::serve::Server;
use super::spec::{Adoption, Command, Spec};
use super::stage::{Stage, failed, in_the_way};
use super::tree::ProcessTree;
use super::wire::{LaunchStage, Started};
use super::workplace::Workplace;
use crate::process::limits;
use crate::store::console::ConsoleLog;
use crate::store::launch::{INPUT, Launch};
use crate::store::record::Reserve;
use crate::store::{InstanceDir, ending, launch, status_table};
use crate::sys::exec::{Gated, Program, Streams};
use crate::sys::host::Frame;
use crate::sys::identity::{self, Presence};
use crate::sys::procfs::{self, ProcessId};
use crate::sys::pty::Pty;
use crate::sys::tree::Mark;
use crate::sys::{clock, host, oom, oom_score, pipe, reaper, resources, tree};

/// The time in which a child notices that its gate is gone.
const AT_ITS_GATE: Duration = Duration::from_millis(500);

/// A game that was just launched or taken over, with what its shim holds for it.
pub(super) struct LaunchedGame {
    pub(super) record: Launch,
    pub(super) tree: ProcessTree,
    pub(super) server: Server,
    pub(super) input: Option<OwnedFd>,
    pub(super) output: Output,
    /// The space for the record of its exit, where there was some.
    pub(super) exit_reserve: Option<Reserve>,
    /// The counters of the out-of-memory killer at its start.
    pub(super) counters: oom::Counters,
    /// A note on those of its limits that do not hold.
    pub(super) note: String,
}

/// Launches a game.
pub(super) fn launch(spec: &Spec, command: &Command, place: &Workplace) -> Result<LaunchedGame, Started> {
    let dir = &place.dir;
    let frame = Frame::here().stage(LaunchStage::Record)?;
    let previous = may_launch(spec, command, dir, &frame)?;
    let exit_reserve = ending::reserve(dir).stage(LaunchStage::Exit)?;
    let (streams, input, source) = make_streams(spec, command, dir)?;
    let server = Server::open(dir).stage(LaunchStage::Socket)?;
    let mut log = ConsoleLog::open(dir, spec.log, clock::monotonic_ms());
    log.begin_launch(unmarked_output(spec, place), clock::monotonic_ms());
    let output = match &source {
        Some(OutputFd::Pipe(pipe)) => pipe::number(pipe).stage(LaunchStage::Pipe)?,
        Some(OutputFd::Terminal(_)) | None => 0,
    };
    let mut record = Launch {
        generation: spec.generation,
        frame,
        shim: ourselves()?,
        main: ProcessId { pid: 0, start: 0 },
        launched_wall_ms: clock::wall_ms(),
        launched_boot_ms: clock::boot_ms(),
        log: log.position(),
        output,
        ready: None,
        restarts: spec.restarts,
        adopted: false,
        tree_tag: dir.tree_tag().stage(LaunchStage::Record)?,
        token: command.token.clone(),
        users: vec![command.ids.as_ref().map_or_else(host::effective_uid, |ids| ids.uid)],
    };
    // After the launch nothing may fail any more: a start that fails has no game.
    let output = Output::new(source, log).stage(LaunchStage::Memory)?;
    let raised = event_source::raise_open_files();
    let program = program(command, streams, raised.filter(|_| command.nofile.is_none()))?;
    if let Some(score) = &command.oom_score {
        oom_score::take(score);
    }
    // A full disk does not keep the record from being written into its reserve.
    let note = |token: &str| drop(place.shim_lock.note_launch(token));
    note(&record.token);
    let mut unheld = Vec::new();
    record.main = run(&program, dir, &mut record, previous.as_ref(), command, &mut unheld)
        .inspect_err(|_| note(previous.as_ref().map_or("", |launch| &launch.token)))?;
    if let Some(nice) = command.nice {
        resources::renice_session(record.main.pid, nice);
    }
    // The shim should be the last to go, where it may be; its child has kept the
    // value from before.
    oom_score::protect();
    // The child's ends of its streams are closed here.
    drop(program);
    // The game need not wait for this.
    let counters = oom::Counters::read();
    Ok(LaunchedGame {
        tree: ProcessTree::of_children(record.main, spec.main.as_deref()),
        record,
        server,
        input,
        output,
        exit_reserve: Some(exit_reserve),
        counters,
        note: unheld.join("; "),
    })
}

/// Returns the bytes of output of an earlier launch of which no line of the log tells. The
/// table is long, and is read only where something may have been lost.
fn unmarked_output(spec: &Spec, place: &Workplace) -> u64 {
    match ending::read(&place.dir) {
        Ok(None) => return 0,
        Ok(Some(exit)) if exit.lost_output == 0 && exit.at_wall_ms.is_some() => return 0,
        Ok(Some(_)) | Err(_) => {}
    }
    let earlier = status_table::last(&place.state, &spec.id).filter(|last| last.generation < spec.generation);
    earlier.map_or(0, |last| last.unmarked_output)
}

/// Takes over a game whose shim has died.
pub(super) fn adopt(spec: &Spec, adoption: &Adoption, place: &Workplace) -> Result<LaunchedGame, Started> {
    event_source::raise_open_files();
    let dir = &place.dir;
    let recorded = launch::read(dir).stage(LaunchStage::Record)?;
    let Some(recorded) = recorded.filter(|record| record.generation == spec.generation) else {
        // The game has ended since, and this shim comes late.
        return Err(Started::Busy);
    };
    let mark = recorded.mark(dir).stage(LaunchStage::Record)?;
    await_gate(adoption.main, &mark);
    let tree = ProcessTree::of_strangers(adoption.main, spec.main.as_deref(), mark.clone()).stage(LaunchStage::Tree)?;
    let mut log = ConsoleLog::open(dir, spec.log, clock::monotonic_ms());
    let before = status_table::last(&place.state, &spec.id).filter(|last| last.generation == spec.generation);
    if let Some(before) = before {
        log.has_lost((before.lost_output, before.unmarked_output));
    }
    // A game goes on unheard rather than not at all: the master of a
    // pseudo-terminal died with the shim that held it.
    let (input, source) = if spec.tty {
        (None, None)
    } else {
        let input = pipe::open_fifo_to_write(dir.as_fd(), INPUT).ok();
        let source = find_output(recorded.output, tree.main(), &mark);
        (input, source.map(OutputFd::Pipe))
    };
    let server = Server::open(dir).stage(LaunchStage::Socket)?;
    let record = Launch {
        generation: spec.generation,
        frame: Frame::here().stage(LaunchStage::Record)?,
        shim: ourselves()?,
        main: tree.main(),
        launched_wall_ms: adoption.launched_wall_ms,
        launched_boot_ms: adoption.launched_boot_ms,
        log: adoption.log,
        output: recorded.output,
        ready: adoption.ready,
        restarts: spec.restarts,
        adopted: true,
        tree_tag: dir.tree_tag().stage(LaunchStage::Record)?,
        token: recorded.token,
        users: recorded.users,
    };
    // On a full disk the record of the dead shim stays, which finds the game as well.
    let _ = launch::write(dir, &record);
    oom_score::protect();
    Ok(LaunchedGame {
        record,
        tree,
        server,
        input,
        output: Output::new(source, log).stage(LaunchStage::Memory)?,
        exit_reserve: ending::reserve(dir).ok(),
        counters: oom::Counters::read(),
        note: String::new(),
    })
}

fn ourselves() -> Result<ProcessId, Started> {
    procfs::identify(std::process::id() as i32).stage(LaunchStage::Record)
}

/// Waits for a child whose shim was killed while it stood at its gate. It never
/// was the game and ends by itself, so its exit code is none. A process without
/// the mark after that is a game that hides its environment.
fn await_gate(main: ProcessId, mark: &Mark) {
    let until = clock::monotonic_ms() + AT_ITS_GATE.as_millis() as u64;
    while identity::presence(main) == Presence::Alive && !mark.is_on(main.pid) && clock::monotonic_ms() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
}

type Made = (Streams, Option<OwnedFd>, Option<OutputFd>);

/// Makes the game's standard streams anew, and our ends of them.
fn make_streams(spec: &Spec, command: &Command, dir: &InstanceDir) -> Result<Made, Started> {
    let owner = command.ids.as_ref();
    if spec.tty {
        let pty = Pty::open().stage(LaunchStage::Terminal)?;
        if let Some(ids) = owner {
            nix::unistd::fchown(&pty.slave, Some(ids.uid.into()), None).stage(LaunchStage::Terminal)?;
        }
        let input = pty.master.try_clone().stage(LaunchStage::Terminal)?;
        let slave = pty.slave.try_clone().stage(LaunchStage::Terminal)?;
        return Ok((Streams::Terminal(slave), Some(input), Some(OutputFd::Terminal(pty))));
    }
    dir.make_fifo(INPUT).stage(LaunchStage::Fifo)?;
    let source = pipe::anonymous().stage(LaunchStage::Pipe)?;
    let output = || pipe::both_ends(&source).stage(LaunchStage::Pipe);
    let streams = Streams::Separate {
        input: pipe::open_fifo(dir.as_fd(), INPUT).stage(LaunchStage::Fifo)?,
        output: output()?,
        error: output()?,
    };
    // Only the game keeps it open for reading: where that closes it, a line is refused.
    let input = pipe::open_fifo_to_write(dir.as_fd(), INPUT).stage(LaunchStage::Fifo)?;
    if let Some(ids) = owner {
        // So that the game may open /dev/stdout and its like again.
        for end in [&input, &source] {
            nix::unistd::fchown(end, Some(ids.uid.into()), Some(ids.gid.into())).stage(LaunchStage::Pipe)?;
        }
    }
    Ok((streams, Some(input), Some(OutputFd::Pipe(source))))
}

/// Finds the pipe that a game writes into, which its dead shim left to it alone.
fn find_output(number: u64, main: ProcessId, mark: &Mark) -> Option<OwnedFd> {
    let others = tree::marked(mark).unwrap_or_default();
    std::iter::once(main)
        .chain(others)
        .find_map(|member| pipe::open_of_process(member.pid, number).ok())
}

fn program(command: &Command, streams: Streams, open_files: Option<u64>) -> Result<Program, Started> {
    let text = |bytes: &Vec<u8>| {
        CString::new(bytes.as_slice())
            .map_err(|error| failed(LaunchStage::Exec, &io::Error::other(error.to_string()), ""))
    };
    let list = |words: &[Vec<u8>]| words.iter().map(text).collect::<Result<Vec<_>, _>>();
    Ok(Program {
        path: text(&command.path)?,
        argv: list(&command.argv)?,
        envp: list(&command.envp)?,
        cwd: text(&command.cwd)?,
        ids: command.ids.clone(),
        streams,
        umask: command.umask,
        open_files,
    })
}

/// Forks the child, puts it on record, and lets it become the game. When that
/// comes to nothing, no child is left and the record is as it was.
fn run(
    program: &Program,
    dir: &InstanceDir,
    record: &mut Launch,
    previous: Option<&Launch>,
    command: &Command,
    unheld: &mut Vec<String>,
) -> Result<ProcessId, Started> {
    let gated = Gated::fork(program).stage(LaunchStage::Fork)?;
    unheld.extend(limit(gated.pid, command));
    let recorded = procfs::identify(gated.pid).and_then(|main| {
        record.main = main;
        launch::write(dir, record)
    });
    // Check the intent once more, then open the gate: a later stop finds this launch
    // on record.
    let outcome = match recorded
        .stage(LaunchStage::Record)
        .and_then(|()| still_wanted(command, dir))
    {
        Ok(()) => match gated.release() {
            Ok(Ok(())) => return Ok(record.main),
            Ok(Err(failure)) => {
                let what = in_the_way(failure.stage, &command.path, &command.cwd);
                let error = io::Error::from_raw_os_error(failure.errno);
                failed(failure.stage.into(), &error, &what)
            }
            Err(error) => failed(LaunchStage::Exec, &error, ""),
        },
        Err(outcome) => {
            drop(gated);
            outcome
        }
    };
    end_children();
    let _ = match previous {
        Some(previous) => launch::write(dir, previous),
        None => dir.remove(launch::NAME),
    };
    Err(outcome)
}

/// Sets the limits of a child. Returns what of them does not hold.
fn limit(child: i32, command: &Command) -> impl Iterator<Item = String> {
    let files = command.nofile.and_then(|wanted| {
        let set = resources::allow_files(child, wanted);
        match set {
            Some(set) if set == wanted => None,
            Some(set) => Some(limits::fewer_files(set)),
            None => Some("its limit of nofile does not hold: it cannot be set".to_owned()),
        }
    });
    let nice = command.nice.and_then(|nice| {
        resources::renice(child, nice).err()?;
        Some(limits::NOT_NICE.to_owned())
    });
    files.into_iter().chain(nice)
}

/// Ends the child that came to nothing, and waits until it is gone. It may be
/// through the gate and the game already, when what it reported could not be
/// read.
fn end_children() {
    while reaper::reap() != reaper::Reap::NoChildren {
        for child in tree::descendants(std::process::id() as i32).unwrap_or_default() {
            let _ = identity::signal_identified(child, libc::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
