//! The shim at work: one loop that waits for the game, its output, requests
//! and deadlines, and does nothing in between.

use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::exit::{self, Account};
use super::output::Output;
use super::serve::{Asked, Server};
use super::tree::{Main, Tree};
use super::voice::Voice;
use super::waker::{self, Waker};
use super::wire::{Report, Request};
use crate::policy::stop::{Action, Escalation, Step, without_clients};
use crate::store::board::Slot;
use crate::store::ending::Exit;
use crate::store::launch::{Launch, ReadyAt};
use crate::store::lock::ShimLock;
use crate::store::room::Room;
use crate::store::{InstanceDir, launch};
use crate::sys::buffer::Buffer;
use crate::sys::procfs::ProcessId;
use crate::sys::reaper::Ending;
use crate::sys::signals::Signals;
use crate::sys::{clock, oom, pipe, socket, terminal};

mod observing;

/// Bytes of a request.
const REQUEST_MAX: NonZeroUsize = NonZeroUsize::new(socket::MESSAGE_MAX).expect("not zero");

/// What a keeper is made of.
pub(super) struct Parts {
    pub(super) id: String,
    pub(super) stop: Vec<Step>,
    pub(super) dir: InstanceDir,
    pub(super) signals: Signals,
    pub(super) shim_lock: ShimLock,
    pub(super) slot: Option<Slot>,
    pub(super) record: Launch,
    pub(super) past: Option<Exit>,
    pub(super) tree: Tree,
    pub(super) server: Server,
    pub(super) input: Option<OwnedFd>,
    pub(super) output: Output,
    pub(super) room: Room,
    pub(super) counters: oom::Counters,
}

/// A stop under way.
struct Stop {
    escalation: Escalation,
    /// Whether somebody asked for it; else what a main process left behind is
    /// being cleared away.
    requested: bool,
}

/// The keeper of one game.
pub(super) struct Keeper {
    dir: InstanceDir,
    signals: Signals,
    _shim_lock: ShimLock,
    voice: Voice,
    record: Launch,
    plan: Vec<Step>,
    tree: Tree,
    ending: Option<Ending>,
    stop: Option<Stop>,
    killed: bool,
    killed_leftovers: u32,
    server: Server,
    input: Option<OwnedFd>,
    output: Output,
    room: Room,
    counters: oom::Counters,
}

impl Keeper {
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            dir: parts.dir,
            signals: parts.signals,
            _shim_lock: parts.shim_lock,
            voice: Voice::new(&parts.id, &parts.record, parts.past.as_ref(), parts.slot),
            record: parts.record,
            plan: parts.stop,
            tree: parts.tree,
            ending: None,
            stop: None,
            killed: false,
            killed_leftovers: 0,
            server: parts.server,
            input: parts.input,
            output: parts.output,
            room: parts.room,
            counters: parts.counters,
        }
    }

    /// The main process.
    pub(super) fn main(&self) -> ProcessId {
        self.tree.main()
    }

    /// Keeps the game until nothing of it is left, and puts its end on record.
    pub(super) fn keep(&mut self) {
        self.observe();
        while !self.tree.is_gone() {
            self.wait(None);
            self.escalate();
        }
        self.output.finish(&self.dir);
        let exit = self.account();
        self.stop = None;
        self.voice.ended();
        while let Err(error) = exit::record(&self.dir, &self.room, &exit) {
            if self.dir.is_removed() {
                break;
            }
            // Nobody may be told that it ended before that is on record: on a
            // disk that takes nothing it is tried again, and we stay to say so.
            self.notify(&format!("its exit cannot be put on record yet: {error}"));
            self.wait(Some(clock::monotonic_ms() + exit::RETRY_MS));
        }
        self.notify("");
        self.server.close(&self.dir);
    }

    /// Waits for anything to happen, and takes care of it.
    fn wait(&mut self, until: Option<u64>) {
        let signals = std::iter::once((Waker::Signals, self.signals.as_fd()));
        let output = self.output.wanted().map(|fd| (Waker::Output, fd));
        let clients = self.server.wanted().map(|fd| (Waker::Clients, fd));
        let members = self.tree.watched().map(|fd| (Waker::Members, fd));
        let woken = waker::wait(signals.chain(output).chain(clients).chain(members), self.timeout(until));
        if woken.by(Waker::Output) || self.output.wake_after_us().is_some() {
            self.output.pump(&self.dir);
            self.voice.lost_output(self.output.lost());
        }
        if woken.by(Waker::Signals) {
            self.take_signals();
        }
        if woken.by(Waker::Signals) || woken.by(Waker::Members) || self.tree.deadline().is_some() {
            self.observe();
        }
        if woken.by(Waker::Clients) || self.server.deadline().is_some() {
            self.serve();
        }
    }

    fn timeout(&self, until: Option<u64>) -> Option<Duration> {
        let now = clock::monotonic_ms();
        let stop = self.stop.as_ref().map(|stop| stop.escalation.deadline());
        let deadline = [until, stop, self.server.deadline(), self.tree.deadline()]
            .into_iter()
            .flatten()
            .min();
        let wait = deadline.map(|at| Duration::from_millis(at.saturating_sub(now)));
        let nap = self.output.wake_after_us().map(Duration::from_micros);
        [wait, nap].into_iter().flatten().min()
    }

    fn take_signals(&mut self) {
        while let Some(signal) = self.signals.next() {
            // Asked to end by init or by hand: we cannot go before the game
            // has, so that is what we were asked for.
            if matches!(signal, Signal::SIGTERM | Signal::SIGINT) && self.stop.is_none() {
                self.begin_stop(without_clients(&self.plan), false);
            }
        }
    }

    fn serve(&mut self) {
        // Mapped for as long as somebody speaks: an idle shim does without.
        let Ok(mut buffer) = Buffer::new(REQUEST_MAX) else {
            return;
        };
        while let Some(asked) = self.server.next(buffer.bytes()) {
            let refusal = match &asked.request {
                Ok(request) => self.carry_out(request).err().unwrap_or_default(),
                Err(error) => error.clone(),
            };
            self.answer(&asked, refusal);
        }
    }

    fn answer(&mut self, asked: &Asked, refusal: String) {
        let report = Report {
            refusal,
            ..self.report()
        };
        self.server.answer(asked, &report);
    }

    fn carry_out(&mut self, request: &Request) -> Result<(), String> {
        match request {
            Request::Status | Request::Subscribe => Ok(()),
            Request::Stop { generation, steps, now } => {
                self.check(*generation)?;
                self.request_stop(steps, *now);
                Ok(())
            }
            Request::Ready { generation } => {
                self.check(*generation)?;
                self.become_ready();
                Ok(())
            }
            Request::Carry { generation, step } => {
                self.check(*generation)?;
                self.take_on(*step)
            }
            Request::Carried {
                generation,
                step,
                failed,
            } => {
                self.check(*generation)?;
                self.carried(*step, *failed);
                Ok(())
            }
            Request::Console { generation, line } => {
                self.check(*generation)?;
                if self.tree.is_gone() {
                    return Err("it has ended".to_owned());
                }
                if !self.write_console(line) {
                    return Err("its console takes no input now: it has not read what was written before".to_owned());
                }
                Ok(())
            }
            Request::Keys { generation, bytes } => {
                self.check(*generation)?;
                let input = self.input.as_ref().ok_or("its terminal was lost with its first shim")?;
                match pipe::write(input, bytes) {
                    Ok(n) if n == bytes.len() => Ok(()),
                    _ => Err("its terminal takes no input now".to_owned()),
                }
            }
            Request::Resize {
                generation,
                columns,
                rows,
            } => {
                self.check(*generation)?;
                let input = self.input.as_ref().ok_or("its terminal was lost with its first shim")?;
                terminal::resize(input, *columns, *rows).map_err(|error| error.to_string())
            }
        }
    }

    fn check(&self, generation: u64) -> Result<(), String> {
        let ours = self.record.generation;
        if generation == ours {
            return Ok(());
        }
        Err(format!("this is launch {ours}, not {generation}"))
    }

    fn request_stop(&mut self, steps: &[Step], now: bool) {
        if self.stop.is_none() {
            self.begin_stop(steps.to_vec(), now);
            return;
        }
        // A second stop joins the one under way, and may hurry it. So does one
        // that comes while the remains of a crash are cleared away.
        let at = clock::monotonic_ms();
        if let (true, Some(stop)) = (now, &mut self.stop)
            && let Some(action) = stop.escalation.hurry(at)
        {
            self.act(action);
            self.tell_step();
        }
    }

    fn take_on(&mut self, step: u64) -> Result<(), String> {
        let step = usize::try_from(step).unwrap_or(usize::MAX);
        let stop = self.stop.as_mut();
        if !stop.is_some_and(|stop| stop.escalation.take_on(step)) {
            return Err("that step is not to be taken on".to_owned());
        }
        self.tell_step();
        Ok(())
    }

    fn carried(&mut self, step: u64, failed: bool) {
        let Some(stop) = &mut self.stop else { return };
        let done = usize::try_from(step).is_ok_and(|step| stop.escalation.carried(step));
        if !done {
            return;
        }
        if failed && let Some(action) = stop.escalation.step_failed(clock::monotonic_ms()) {
            self.act(action);
        }
        self.tell_step();
    }

    fn begin_stop(&mut self, steps: Vec<Step>, now: bool) {
        if self.tree.is_gone() {
            return;
        }
        let at = clock::monotonic_ms();
        let (escalation, action) = if now {
            Escalation::begin_now(steps, at)
        } else {
            Escalation::begin(steps, at)
        };
        self.stop = Some(Stop {
            escalation,
            requested: true,
        });
        self.find_main(true);
        if let (true, Some(stop)) = (self.tree.has_launcher(), &mut self.stop) {
            stop.escalation.has_launcher();
        }
        self.voice.stopping();
        self.act(action);
        self.tell_step();
    }

    fn become_ready(&mut self) {
        if self.record.ready.is_some() {
            return;
        }
        let ready = ReadyAt {
            boot_ms: clock::boot_ms(),
            wall_ms: clock::wall_ms(),
        };
        self.record.ready = Some(ready);
        // On a full disk the game is no less ready: as long as we live we know,
        // and after that whoever looks judges it again.
        let _ = launch::write(&self.dir, &self.record);
        self.voice.ready(ready);
        self.notify("");
    }

    /// Does what the stop under way has due.
    fn escalate(&mut self) {
        let mut changed = false;
        while !self.tree.is_gone() {
            let main_alive = self.tree.main_state() == Main::Alive;
            let Some(stop) = &mut self.stop else { break };
            let Some(action) = stop.escalation.due(clock::monotonic_ms(), main_alive) else {
                break;
            };
            self.act(action);
            changed = true;
        }
        if changed {
            self.tell_step();
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::LeaveToClient => {}
            Action::WriteConsole(line) => {
                if !self.write_console(&line) {
                    let now = clock::monotonic_ms();
                    let next = self.stop.as_mut().and_then(|stop| stop.escalation.step_failed(now));
                    if let Some(action) = next {
                        self.act(action);
                    }
                }
            }
            Action::SignalMain(signal) => {
                self.killed |= signal == libc::SIGKILL;
                self.tree.signal_main(signal);
            }
            Action::SignalAll(signal) => {
                self.killed |= signal == libc::SIGKILL;
                self.tree.signal_all(signal);
            }
            Action::KillAll => {
                self.killed = true;
                self.killed_leftovers += self.tree.kill_all();
            }
        }
    }

    /// Writes a line to the console, whole or not at all.
    fn write_console(&self, line: &str) -> bool {
        let Some(input) = &self.input else { return false };
        let line = format!("{line}\n");
        matches!(pipe::write(input, line.as_bytes()), Ok(n) if n == line.len())
    }

    fn account(&self) -> Exit {
        let stop = self.stop.as_ref();
        let passed_on = self.tree.launcher_ending();
        exit::account(&Account {
            record: &self.record,
            ending: self.ending.or(passed_on),
            passed_on: self.ending.is_none() && passed_on.is_some(),
            requested: stop.is_some_and(|stop| stop.requested),
            ended_by: stop.map_or("", |stop| stop.escalation.ended_by()),
            killed: self.killed,
            killed_leftovers: self.killed_leftovers,
            lost_output: self.output.lost(),
            evidence: self.counters.since(),
        })
    }

    fn tell_step(&mut self) {
        if let Some(stop) = self.stop.as_ref().filter(|stop| stop.requested) {
            let now = clock::monotonic_ms();
            self.voice.step(stop.escalation.awaiting(now), now);
        }
        self.notify("");
    }

    fn notify(&mut self, note: &str) {
        let report = Report {
            note: note.to_owned(),
            ..self.report()
        };
        self.server.notify(&report);
    }

    fn report(&self) -> Report {
        let carry = self.stop.as_ref().and_then(|stop| stop.escalation.client_step());
        Report {
            carry: carry.map(|step| step as u64),
            ..self.voice.report()
        }
    }
}
