//! The shim at work: one loop that waits for the game, its output, requests
//! and deadlines, and does nothing in between.

use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::exit::{self, Account};
use super::output::Output;
use super::serve::Server;
use super::tree::{Main, Tree};
use super::voice::Voice;
use super::waker::{self, Waker};
use super::wire::{OfferedStep, Report};
use crate::inventory::StopStep;
use crate::policy::stop::{Action, Escalation, without_delegated};
use crate::store::board::Slot;
use crate::store::ending::Exit;
use crate::store::launch::{Launch, ReadyAt};
use crate::store::lock::ShimLock;
use crate::store::room::Room;
use crate::store::{InstanceDir, launch};
use crate::sys::procfs::ProcessId;
use crate::sys::reaper::Ending;
use crate::sys::signals::Signals;
use crate::sys::{clock, oom, pipe};

mod answering;
mod observing;

/// What a keeper is made of.
pub(super) struct Parts {
    pub(super) id: String,
    pub(super) stop: Vec<StopStep>,
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
    /// The signal that asked for it, where no verb did.
    signal: Option<Signal>,
}

/// The keeper of one game.
pub(super) struct Keeper {
    dir: InstanceDir,
    signals: Signals,
    _shim_lock: ShimLock,
    voice: Voice,
    record: Launch,
    plan: Vec<StopStep>,
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
    /// Why its exit is not on record yet; empty while nothing is in the way.
    trouble: String,
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
            trouble: String::new(),
        }
    }

    /// The main process.
    pub(super) fn main(&self) -> ProcessId {
        self.tree.main()
    }

    /// Keeps the game until nothing of it is left, and puts its end on record.
    pub(super) fn keep(mut self) {
        self.observe();
        while !self.tree.is_gone() {
            self.wait(None);
            self.escalate();
        }
        self.output.finish(&self.dir);
        let exit = self.account();
        self.stop = None;
        self.voice.ended();
        while let Err(error) = exit::record(&self.dir, &self.room, &exit).and_then(|()| self.dir.sync()) {
            if self.dir.is_removed() {
                break;
            }
            // Nobody may be told that it ended before that is on record: on a
            // disk that takes nothing it is tried again, and we stay to say so.
            self.trouble = format!("its exit cannot be put on record yet: {error}");
            self.notify();
            self.wait(Some(clock::monotonic_ms() + exit::RETRY_MS));
        }
        self.trouble.clear();
        self.notify();
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
                self.begin_stop(without_delegated(&self.plan), false, Some(signal));
            }
        }
    }

    fn begin_stop(&mut self, steps: Vec<StopStep>, now: bool, signal: Option<Signal>) {
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
            signal,
        });
        self.find_main(true);
        if let (true, Some(stop)) = (self.tree.has_launcher(), &mut self.stop) {
            stop.escalation.has_launcher();
        }
        self.voice.stopping();
        self.act(action);
        self.tell_step();
    }

    fn become_ready(&mut self) -> Result<(), String> {
        // What outlived it may well answer a probe.
        if self.tree.main_state() != Main::Alive {
            return Err("its main process has ended".to_owned());
        }
        if self.record.ready.is_some() {
            return Ok(());
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
        self.notify();
        Ok(())
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
            Action::Delegate => {}
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
                self.killed |= signal == Signal::SIGKILL;
                self.tree.signal_main(signal as i32);
            }
            Action::SignalAll(signal) => {
                self.killed |= signal == Signal::SIGKILL;
                self.tree.signal_all(signal as i32);
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
        exit::account(Account {
            record: &self.record,
            ending: self.ending.or(passed_on),
            passed_on: self.ending.is_none() && passed_on.is_some(),
            requested: stop.is_some_and(|stop| stop.requested),
            signal: stop.and_then(|stop| stop.signal),
            ended_by: stop.map(|stop| stop.escalation.ended_by()).unwrap_or_default(),
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
        self.notify();
    }

    fn notify(&mut self) {
        let report = self.report();
        self.server.notify(&report);
    }

    fn report(&self) -> Report {
        let offered = self.stop.as_ref().and_then(|stop| stop.escalation.offered_step());
        Report {
            offered: offered.map(|(index, step)| OfferedStep {
                index: index as u64,
                step: Some(step.clone()),
            }),
            note: self.trouble.clone(),
            ..self.voice.report()
        }
    }
}
