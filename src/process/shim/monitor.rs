//! The main loop of a shim: it waits for the game, its output, requests and
//! deadlines, and does nothing in between.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::event_source::{self, EventSource};
use super::exit;
use super::publisher::StatusPublisher;
use super::reason::Reason;
use super::serve::LISTEN_AGAIN;
use super::setup::LaunchedGame;
use super::spec::Spec;
use super::tree::Main;
use super::wire::{OfferedStep, Report};
use super::workplace::Workplace;
use crate::inventory::StopStep;
use crate::policy::stop::{Action, Escalation, without_delegated};
use crate::store::ending::{self, Exit};
use crate::store::launch::ReadyAt;
use crate::store::lock::ShimLock;
use crate::store::record::{Durability, Reserve};
use crate::store::status_table::Slot;
use crate::store::{InstanceDir, launch};
use crate::sys::oom::OomEvidence;
use crate::sys::procfs::ProcessId;
use crate::sys::reaper::Ending;
use crate::sys::signals::Signals;
use crate::sys::{clock, pipe};
use crate::systemd::STOP_SIGNAL;

mod answering;
mod observing;

/// A stop under way.
struct Stop {
    escalation: Escalation,
    reason: Reason,
}

/// The shim's view of one game, from its launch to its end.
pub(super) struct Monitor {
    dir: InstanceDir,
    signals: Signals,
    _shim_lock: ShimLock,
    publisher: StatusPublisher,
    /// The stop chain of its launch.
    plan: Vec<StopStep>,
    game: LaunchedGame,
    ending: Option<Ending>,
    stop: Option<Stop>,
    killed: bool,
    killed_leftovers: u32,
    /// The reason why its end or its exit's record is still to come, although all
    /// was tried; empty while there is none.
    trouble: String,
}

impl Monitor {
    pub(super) fn new(spec: &Spec, place: Workplace, game: LaunchedGame) -> Self {
        let slot = Slot::take(&place.state, &spec.id);
        let past = ending::read(&place.dir).ok().flatten();
        let mut publisher = StatusPublisher::new(spec, &game.record, past.as_ref(), slot);
        publisher.lost_output(game.output.lost());
        Self {
            publisher,
            dir: place.dir,
            signals: place.signals,
            _shim_lock: place.shim_lock,
            plan: spec.stop.clone(),
            game,
            ending: None,
            stop: None,
            killed: false,
            killed_leftovers: 0,
            trouble: String::new(),
        }
    }

    pub(super) fn main(&self) -> ProcessId {
        self.game.tree.main()
    }

    /// Follows the game until nothing of it is left, and puts its end on record.
    pub(super) fn run(mut self) {
        // The intent of a person who starts it outlives a power cut from now on. Neither
        // game nor starter waits for that.
        if self.game.record.restarts == 0 {
            let _ = self.dir.sync();
        }
        if !self.game.record.adopted {
            self.game.output.launched(&self.game.record);
        }
        self.observe();
        while !self.game.tree.is_gone() {
            self.wait(None);
            self.escalate();
        }
        self.trouble.clear();
        let ending = self.ending.or(self.game.tree.launcher_ending());
        self.game.output.finish(&self.dir, ending);
        let exit = self.account();
        self.stop = None;
        self.publisher.ended();
        // A crash waits for no disk, because the next launch waits for its record. A
        // power cut ends every game of the host, and none is taken for running after
        // it: what may be lost is the exit code. A signal may be the host's last word.
        let durability = match exit.requested || exit.by_signal {
            true => Durability::Now,
            false => Durability::ThisBoot,
        };
        while let Err(error) = ending::write(&self.dir, self.game.exit_reserve.as_ref(), &exit, durability) {
            if self.dir.is_removed() {
                break;
            }
            // The end is not reported before it is on record: on a full disk it is
            // tried again, and the shim stays to say so.
            self.trouble = format!("its exit cannot be put on record yet: {error}");
            self.notify();
            self.wait(Some(clock::monotonic_ms() + exit::RETRY_MS));
        }
        self.trouble.clear();
        self.notify();
        let (dir, reserve) = self.leave();
        if durability == Durability::ThisBoot {
            let _ = reserve
                .map_or(Ok(()), |reserve| reserve.sync())
                .and_then(|()| dir.sync());
        }
    }

    /// Closes the connections and frees the locks, so that the next shim may come.
    fn leave(self) -> (InstanceDir, Option<Reserve>) {
        self.game.server.close(&self.dir);
        (self.dir, self.game.exit_reserve)
    }

    /// Waits for an event or a deadline, and handles what is due.
    fn wait(&mut self, until: Option<u64>) {
        let signals = std::iter::once((EventSource::Signals, self.signals.as_fd()));
        let output = self.game.output.wanted().map(|fd| (EventSource::Output, fd));
        let clients = self.game.server.wanted().map(|fd| (EventSource::Clients, fd));
        let members = self.game.tree.watched().map(|fd| (EventSource::Members, fd));
        let reaping = self.game.tree.unreaped().map(|fd| (EventSource::Reaping, fd));
        let sources = signals.chain(output).chain(clients).chain(members).chain(reaping);
        let ready = event_source::poll(sources, self.timeout(until));
        if ready.contains(&EventSource::Output) || self.game.output.wake_after_us().is_some() {
            self.game.output.pump(&self.dir);
            self.publisher.lost_output(self.game.output.lost());
        }
        if ready.contains(&EventSource::Signals) {
            self.take_signals();
        }
        let is_about_tree = |source: &EventSource| {
            matches!(
                source,
                EventSource::Signals | EventSource::Members | EventSource::Reaping
            )
        };
        if ready.iter().any(is_about_tree) || self.game.tree.deadline().is_some() {
            self.observe();
        }
        if ready.contains(&EventSource::Clients) || self.game.server.deadline().is_some() {
            self.serve();
        }
    }

    fn timeout(&self, until: Option<u64>) -> Option<Duration> {
        let now = clock::monotonic_ms();
        let stop = self.stop.as_ref().map(|stop| stop.escalation.deadline());
        let deadline = [until, stop, self.game.server.deadline(), self.game.tree.deadline()]
            .into_iter()
            .flatten()
            .min();
        let wait = deadline.map(|at| Duration::from_millis(at.saturating_sub(now)));
        let nap = self.game.output.wake_after_us().map(Duration::from_micros);
        [wait, nap].into_iter().flatten().min()
    }

    fn take_signals(&mut self) {
        while let Some(signal) = self.signals.next() {
            if signal == LISTEN_AGAIN {
                self.game.server.listen_again(&self.dir);
            }
            // Init or a person wants the shim to end. It cannot go before its game,
            // so the game is stopped.
            if matches!(signal, Signal::SIGTERM | Signal::SIGINT | STOP_SIGNAL) && self.stop.is_none() {
                self.begin_stop(without_delegated(&self.plan), false, Reason::of_signal(signal));
            }
        }
    }

    fn begin_stop(&mut self, steps: Vec<StopStep>, now: bool, reason: Reason) {
        if self.game.tree.is_gone() {
            return;
        }
        let at = clock::monotonic_ms();
        let (escalation, action) = if now {
            Escalation::begin_now(at)
        } else {
            Escalation::begin(steps, at)
        };
        self.stop = Some(Stop { escalation, reason });
        self.find_main(true);
        if let (true, Some(stop)) = (self.game.tree.has_launcher(), &mut self.stop) {
            stop.escalation.has_launcher();
        }
        self.publisher.stopping();
        self.game.tree.resume();
        self.act(action);
        self.publish_step();
    }

    fn become_ready(&mut self) -> Result<(), String> {
        // A process that outlived it may answer the probe.
        if self.game.tree.main_state() != Main::Alive {
            return Err("its main process has ended".to_owned());
        }
        if self.game.record.ready.is_some() {
            return Ok(());
        }
        let ready = ReadyAt {
            boot_ms: clock::boot_ms(),
            wall_ms: clock::wall_ms(),
        };
        self.game.record.ready = Some(ready);
        self.note_users();
        // On a full disk the game is no less ready: this shim knows, and after it
        // the next look judges again.
        let _ = launch::write(&self.dir, &self.game.record);
        self.publisher.ready(ready);
        self.notify();
        Ok(())
    }

    /// Notes the users that a game of root has given its rights away to.
    fn note_users(&mut self) {
        if !self.game.record.users.contains(&0) {
            return;
        }
        for user in self.game.tree.users() {
            if !self.game.record.users.contains(&user) {
                self.game.record.users.push(user);
            }
        }
    }

    /// Takes the steps of the stop under way that are due.
    fn escalate(&mut self) {
        let mut changed = false;
        while !self.game.tree.is_gone() {
            let main_alive = self.game.tree.main_lives();
            let Some(stop) = &mut self.stop else { break };
            let Some(action) = stop.escalation.due(clock::monotonic_ms(), main_alive) else {
                break;
            };
            let kills = action == Action::KillAll;
            self.act(action);
            changed = true;
            if kills {
                // To kill thousands may take until the next kill is due: what has
                // ended is reaped first.
                break;
            }
        }
        if changed {
            self.publish_step();
        }
    }

    fn act(&mut self, action: Action) {
        let mut why = None;
        let done = match action {
            Action::Delegate => true,
            Action::WriteConsole(line) => {
                why = self
                    .write_console(&line)
                    .err()
                    .map(|why| format!("was not sent: {why}"));
                why.is_none()
            }
            Action::SignalMain(signal) => {
                self.killed |= signal == Signal::SIGKILL;
                self.game.tree.signal_main(signal as i32).is_ok()
            }
            Action::SignalAll(signal) => {
                self.killed |= signal == Signal::SIGKILL;
                self.game.tree.signal_all(signal as i32).is_ok()
            }
            Action::KillAll => {
                self.killed = true;
                let (killed, refused) = self.game.tree.kill_all();
                self.killed_leftovers += killed;
                // It may end by itself, or by somebody who may: this is tried again.
                self.trouble = refused.map(exit::unkillable).unwrap_or_default();
                true
            }
        };
        if !done
            && let Some(stop) = &mut self.stop
            && let Some(action) = stop.escalation.step_failed(clock::monotonic_ms(), why.as_deref())
        {
            self.act(action);
        }
    }

    /// Writes a line to the console. Returns why it was not taken as a whole.
    fn write_console(&self, line: &str) -> Result<(), String> {
        const UNREAD: &str = "it has not read what was written before";
        const CLOSED: &str = "nothing of it has its console open";
        let Some(input) = &self.game.input else {
            return Err(match self.game.record.output {
                0 => "its console was lost with its first shim".to_owned(),
                _ => CLOSED.to_owned(),
            });
        };
        let line = format!("{line}\n");
        match pipe::write(input, line.as_bytes()) {
            Ok(n) if n == line.len() => Ok(()),
            // A terminal takes what it has room for.
            Ok(n @ 1..) => Err(format!("its console took only {n} of {} bytes: {UNREAD}", line.len())),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(CLOSED.to_owned()),
            Ok(_) | Err(_) => Err(format!("its console takes no input now: {UNREAD}")),
        }
    }

    /// Draws up the exit from what was seen.
    fn account(&self) -> Exit {
        let record = &self.game.record;
        let stop = self.stop.as_ref();
        let reason = stop.map(|stop| &stop.reason);
        let chain = stop.filter(|stop| stop.reason != Reason::Crash);
        let ending = self.ending.or(self.game.tree.launcher_ending());
        let passed_on = self.ending.is_none() && ending.is_some();
        let passed_over = stop.map_or(&[][..], |stop| stop.escalation.passed_over());
        let oom = exit::oom_evidence(ending, self.killed, self.game.counters.since());
        Exit {
            generation: record.generation,
            boot: record.frame.boot.clone(),
            ending,
            at_wall_ms: Some(clock::wall_ms()),
            requested: matches!(reason, Some(Reason::Verb | Reason::Scope)),
            by_signal: matches!(reason, Some(Reason::Signal { .. } | Reason::Scope)),
            ended_by: chain.map(|stop| stop.escalation.ended_by()).unwrap_or_default(),
            oom_killed: oom != OomEvidence::None,
            was_ready: record.ready.is_some(),
            killed_leftovers: self.killed_leftovers,
            lost_output: self.game.output.lost().0,
            note: exit::note(record, ending, passed_on, reason, oom, passed_over),
        }
    }

    fn publish_step(&mut self) {
        if let Some(stop) = self.stop.as_ref().filter(|stop| stop.reason != Reason::Crash) {
            let now = clock::monotonic_ms();
            self.publisher.step(stop.escalation.awaiting(now), now);
        }
        self.notify();
    }

    fn notify(&mut self) {
        let report = self.report();
        self.game.server.notify(&report);
    }

    fn report(&self) -> Report {
        let offered = self.stop.as_ref().and_then(|stop| stop.escalation.offered_step());
        Report {
            offered: offered.map(|(index, step)| OfferedStep {
                index: index as u64,
                step: Some(step.clone()),
            }),
            note: self.trouble.clone(),
            ..self.publisher.report()
        }
    }
}
