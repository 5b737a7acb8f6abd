//! From a message to a keeper: everything that can fail before a game runs.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use super::keeper::{Keeper, Parts};
use super::output::{Output, Source};
use super::permit::{may_launch, still_wanted};
use super::serve::Server;
use super::spec::{Adoption, Command, Spec};
use super::stage::{Stage, failed, in_the_way};
use super::tree::Tree;
use super::wire::{LaunchStage, Started};
use crate::store::board::Slot;
use crate::store::console::ConsoleLog;
use crate::store::launch::Launch;
use crate::store::lock::ShimLock;
use crate::store::room::Room;
use crate::store::{InstanceDir, StateDir, ending, launch, lock};
use crate::sys::exec::{Gated, Program, Streams};
use crate::sys::host::Frame;
use crate::sys::identity::{self, Presence};
use crate::sys::procfs::{self, ProcessId};
use crate::sys::pty::Pty;
use crate::sys::signals::Signals;
use crate::sys::{clock, daemon, oom, pipe, reaper, tree};

/// The FIFO behind the game's standard input.
const INPUT: &str = "in";

/// How long a shim that is about to end is waited for.
const OTHER_SHIM: Duration = Duration::from_secs(2);

/// How long a child whose gate is gone may take to notice that.
const AT_ITS_GATE: Duration = Duration::from_millis(500);

/// Where a shim works, and what wakes it.
pub(super) struct Place {
    pub(super) state: StateDir,
    pub(super) dir: InstanceDir,
    pub(super) signals: Signals,
    /// How many files a game may have open, where we may have more.
    pub(super) open_files: Option<u64>,
}

/// Launches a game.
pub(super) fn launch(spec: &Spec, command: &Command, place: Place) -> Result<Keeper, Started> {
    let shim_lock = place.take_lock()?;
    let frame = Frame::here().stage(LaunchStage::Record)?;
    let previous = may_launch(spec, command, &place.dir, &frame)?;
    let room = ending::reserve(&place.dir).stage(LaunchStage::Exit)?;
    let (streams, input, source) = make_streams(spec, command, &place.dir)?;
    let server = Server::open(&place.dir).stage(LaunchStage::Socket)?;
    let now = clock::monotonic_ms();
    let log = ConsoleLog::open(&place.dir, spec.log, now);
    let output = match &source {
        Some(Source::Pipe(pipe)) => pipe::number(pipe).stage(LaunchStage::Pipe)?,
        Some(Source::Terminal(_)) | None => 0,
    };
    let mut record = Launch {
        generation: spec.generation,
        frame,
        shim: procfs::identify(std::process::id() as i32).stage(LaunchStage::Record)?,
        main: ProcessId { pid: 0, start: 0 },
        launched_wall_ms: clock::wall_ms(),
        launched_boot_ms: clock::boot_ms(),
        log: log.position(),
        output,
        ready: None,
        restarts: spec.restarts,
        adopted: false,
        mark: place.dir.mark().stage(LaunchStage::Record)?,
    };
    let program = Program {
        open_files: place.open_files,
        ..program(command, streams)?
    };
    // After the launch nothing may fail any more: a start that fails has no game.
    let output = Output::new(source, log).stage(LaunchStage::Memory)?;
    record.main = run(&program, &place.dir, &mut record, previous.as_ref(), command)?;
    // The game's keeper should be the last to go, where it may be; the child
    // has kept what we were begun with.
    daemon::avoid_oom_killer();
    // The child's ends of its streams are the child's now.
    drop(program);
    // What need not be there before the game runs comes after its start: what
    // the counters say, and that the room for its exit and the names of files
    // outlive a power cut. With these the starter's intent becomes durable, too.
    let counters = oom::Counters::read();
    let _ = room.settle();
    let _ = place.dir.sync();
    let mut tree = Tree::of_children(record.main);
    if let Some(main) = &spec.main {
        tree.search_for(main);
    }
    Ok(assemble(
        spec, place, shim_lock, record, tree, server, input, output, room, counters,
    ))
}

/// Takes over a game whose shim has died.
pub(super) fn adopt(spec: &Spec, adoption: &Adoption, place: Place) -> Result<Keeper, Started> {
    let shim_lock = place.take_lock()?;
    let recorded = launch::read(&place.dir).stage(LaunchStage::Record)?;
    if recorded.as_ref().map(|record| record.generation) != Some(spec.generation) {
        // We come late: what we were to take over has ended since.
        return Err(Started::Busy);
    }
    let mark = place.dir.mark().stage(LaunchStage::Record)?;
    await_gate(adoption.main, &mark);
    let mut tree = Tree::of_strangers(adoption.main, mark.clone()).stage(LaunchStage::Tree)?;
    if let Some(main) = &spec.main {
        tree.search_for(main);
    }
    let room = ending::reserve(&place.dir).stage(LaunchStage::Exit)?;
    let now = clock::monotonic_ms();
    let log = ConsoleLog::open(&place.dir, spec.log, now);
    let output = recorded.map_or(0, |record| record.output);
    // Without its pipes the game goes on unheard, which is better than not at
    // all: with a pseudo-terminal the master died with the shim that held it.
    let (input, source) = if spec.tty {
        (None, None)
    } else {
        let input = pipe::open_fifo(place.dir.as_fd(), INPUT, false).ok();
        (input, find_output(output, tree.main(), &mark).map(Source::Pipe))
    };
    let server = Server::open(&place.dir).stage(LaunchStage::Socket)?;
    let record = Launch {
        generation: spec.generation,
        frame: Frame::here().stage(LaunchStage::Record)?,
        shim: procfs::identify(std::process::id() as i32).stage(LaunchStage::Record)?,
        main: tree.main(),
        launched_wall_ms: adoption.launched_wall_ms,
        launched_boot_ms: adoption.launched_boot_ms,
        log: adoption.log,
        output,
        ready: adoption.ready,
        restarts: spec.restarts,
        adopted: true,
        mark,
    };
    launch::write(&place.dir, &record).stage(LaunchStage::Record)?;
    let _ = room.settle();
    daemon::avoid_oom_killer();
    let output = Output::new(source, log).stage(LaunchStage::Memory)?;
    let counters = oom::Counters::read();
    Ok(assemble(
        spec, place, shim_lock, record, tree, server, input, output, room, counters,
    ))
}

/// Waits for a child whose shim was killed while it stood at its gate. It never
/// was the game, and ends by itself: how is nobody's exit code. What shows no
/// mark for longer is a game that hides its environment.
fn await_gate(main: ProcessId, mark: &str) {
    let until = clock::monotonic_ms() + AT_ITS_GATE.as_millis() as u64;
    while identity::presence(main) == Presence::Alive
        && !tree::is_marked(main.pid, mark)
        && clock::monotonic_ms() < until
    {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of a keeper, put together in one place"
)]
fn assemble(
    spec: &Spec,
    place: Place,
    shim_lock: ShimLock,
    record: Launch,
    tree: Tree,
    server: Server,
    input: Option<OwnedFd>,
    output: Output,
    room: Room,
    counters: oom::Counters,
) -> Keeper {
    let slot = Slot::take(&place.state, &spec.id);
    let past = ending::read(&place.dir).ok().flatten();
    Keeper::new(Parts {
        id: spec.id.clone(),
        stop: spec.stop.clone(),
        dir: place.dir,
        signals: place.signals,
        shim_lock,
        slot,
        record,
        past,
        tree,
        server,
        input,
        output,
        room,
        counters,
    })
}

impl Place {
    fn take_lock(&self) -> Result<ShimLock, Started> {
        let deadline = clock::monotonic_ms() + OTHER_SHIM.as_millis() as u64;
        loop {
            match lock::try_shim(&self.dir).stage(LaunchStage::Lock)? {
                Some(taken) => return Ok(taken),
                None if clock::monotonic_ms() >= deadline => return Err(Started::Busy),
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }
}

type Made = (Streams, Option<OwnedFd>, Option<Source>);

/// Makes the game's standard streams anew, and our ends of them.
fn make_streams(spec: &Spec, command: &Command, dir: &InstanceDir) -> Result<Made, Started> {
    let owner = command.ids.as_ref();
    if spec.tty {
        let pty = Pty::open().stage(LaunchStage::Terminal)?;
        if let Some(ids) = owner {
            nix::unistd::fchown(&pty.slave, Some(ids.uid.into()), None).stage(LaunchStage::Terminal)?;
        }
        let input = pty.master.try_clone().stage(LaunchStage::Terminal)?;
        return Ok((
            Streams::Terminal(pty.slave),
            Some(input),
            Some(Source::Terminal(pty.master)),
        ));
    }
    dir.make_fifo(INPUT).stage(LaunchStage::Fifo)?;
    let fifo = |blocking| pipe::open_fifo(dir.as_fd(), INPUT, blocking).stage(LaunchStage::Fifo);
    let source = pipe::anonymous().stage(LaunchStage::Pipe)?;
    let output = || pipe::both_ends(&source).stage(LaunchStage::Pipe);
    let streams = Streams::Separate {
        input: fifo(true)?,
        output: output()?,
        error: output()?,
    };
    let input = fifo(false)?;
    if let Some(ids) = owner {
        // So that the game may open /dev/stdout and its like again.
        for end in [&input, &source] {
            nix::unistd::fchown(end, Some(ids.uid.into()), Some(ids.gid.into())).stage(LaunchStage::Pipe)?;
        }
    }
    Ok((streams, Some(input), Some(Source::Pipe(source))))
}

/// The pipe that a game writes into, which its dead shim left to the game
/// alone.
fn find_output(number: u64, main: ProcessId, mark: &str) -> Option<OwnedFd> {
    let others = tree::marked(mark).unwrap_or_default();
    std::iter::once(main)
        .chain(others)
        .find_map(|member| pipe::open_of_process(member.pid, number).ok())
}

fn program(command: &Command, streams: Streams) -> Result<Program, Started> {
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
        open_files: None,
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
) -> Result<ProcessId, Started> {
    let gated = Gated::fork(program).stage(LaunchStage::Fork)?;
    let recorded = procfs::identify(gated.pid).and_then(|main| {
        record.main = main;
        launch::write(dir, record)
    });
    // The last look, and then the gate: what is asked for from now on is asked of
    // a launch that is on record.
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
        None => launch::remove(dir),
    };
    Err(outcome)
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
