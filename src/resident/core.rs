//! The decisions about one instance: pure, with the time passed in. The keeper
//! carries them out, and keeps the timer for [`Core::due_ms`].
//!
//! # What it holds to
//!
//! One act (a launch, or the stop of a hung game) is under way at most. Nothing
//! is launched against an intent to stop, nor what is not listed. An
//! observation that failed changes nothing. One crash is counted once.

use std::sync::Arc;

use super::boot::Boot;
use super::checkup::Checkup;
use super::crash::{cannot_be_stopped, crash_name, ended_in_earlier_boot, noted, reason};
use super::left_down::{left_down, tell_left_down};
use super::notes::Notes;
use super::ready_time::ReadyTime;
use super::restarting::{EndedRun, LaunchEnd, Restarting, Wait};
use super::step::{Answer, Effect, Effects, Input, Moment};
use crate::event::{EventKind, Level};
use crate::inventory::{Alarm, Instance, OnTimeout};
use crate::store::history::Restarts;
use crate::supervisor::{Facts, InstanceState, Observation};

/// The decisions about one instance.
#[derive(Debug, Clone)]
pub(super) struct Core {
    instance: Arc<Instance>,
    listed: bool,
    seen: Option<Observation>,
    /// The last state that was known: an observation that fails does not
    /// change it.
    known: Option<InstanceState>,
    restarting: Restarting,
    ready: ReadyTime,
    boot: Boot,
    /// True if a game was there since the last launch that was begun: what is being
    /// launched may turn out not to be possible.
    was_there: bool,
    /// True if it has crashed and was not healthy since.
    ailing: bool,
    checkup: Checkup,
    notes: Notes,
}

impl Core {
    /// Creates a core that goes on with what an earlier `run` has recorded.
    pub(super) fn new(instance: Arc<Instance>, restarts: Restarts) -> Self {
        Self {
            instance,
            listed: true,
            seen: None,
            known: None,
            restarting: Restarting::new(restarts),
            ready: ReadyTime::default(),
            boot: Boot::default(),
            was_there: true,
            ailing: false,
            checkup: Checkup::default(),
            notes: Notes::default(),
        }
    }

    pub(super) fn step(&mut self, input: Input, moment: &Moment) -> Vec<Effect> {
        let mut effects = Effects::default();
        match input {
            Input::Observed(observation) => self.observe(observation, moment, &mut effects),
            // It is taken into account below, as at every step.
            Input::IntentChanged => {}
            Input::TimePassed => self.pass_time(moment, &mut effects),
            Input::Replaced(instance) => self.replace(instance, moment, &mut effects),
            Input::Listed(listed) => self.list(listed, &mut effects),
            Input::LaunchEnded(result) => self.end_launch(result, moment, &mut effects),
            Input::HungStopEnded(result) => self.end_stop_of_hung(result, moment, &mut effects),
            Input::HealthChecked(answer) => self.end_check(answer, moment, &mut effects),
        }
        if moment.wants_stopped() {
            self.restarting.cancel();
        } else if self.listed
            && let Some(Observation::Known(facts)) = &self.seen
        {
            self.restarting.bring_up(self.instance.autostart, facts, moment);
        }
        if self
            .checkup
            .follow(self.instance.healthy.as_ref(), self.ready.since_ms())
        {
            effects.add(Effect::ForgetCheck);
        }
        if self.restarting.launch_if_due(moment.now_ms, &mut effects) {
            self.was_there = false;
        }
        effects.into_vec()
    }

    /// Returns when [`Input::TimePassed`] is due.
    pub(super) fn due_ms(&self) -> Option<u64> {
        let boot = self.boot.due_ms(self.instance.ready.timeout);
        let (check, launch) = (self.checkup.due_ms(), self.restarting.due_ms());
        let due = [check, launch, self.recovers_at_ms(), boot];
        due.into_iter().flatten().min()
    }

    pub(super) fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    pub(super) fn is_listed(&self) -> bool {
        self.listed
    }

    pub(super) fn seen(&self) -> Option<&Observation> {
        self.seen.as_ref()
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> Option<&InstanceState> {
        self.known.as_ref()
    }

    pub(super) fn restarts(&self) -> &Restarts {
        self.restarting.record()
    }

    /// Returns true when nothing is left to look after: it is not in the
    /// inventory any more, and has ended.
    pub(super) fn is_over(&self) -> bool {
        let down = self.known.as_ref().is_some_and(|state| !state.is_alive());
        !self.listed && !self.restarting.is_acting() && down && matches!(self.seen, Some(Observation::Known(_)))
    }

    pub(super) fn waits_for(&self) -> Wait {
        self.restarting.wait()
    }

    /// Returns the remarks for its row, with the one of its plane in `facts`.
    pub(super) fn note(&self, facts: &Facts, moment: &Moment) -> Option<String> {
        let left = left_down(&self.instance, facts, moment);
        self.notes.join(self.listed, left, self.checkup.silent(), facts)
    }

    fn observe(&mut self, observation: Observation, moment: &Moment, effects: &mut Effects) {
        match &observation {
            Observation::Unknown { reason } => {
                if !matches!(self.seen, Some(Observation::Unknown { .. })) {
                    effects.log(Level::Warning, format!("its state is not known: {reason}"));
                }
            }
            Observation::Known(facts) => self.learn(facts, moment, effects),
        }
        self.seen = Some(observation);
    }

    fn learn(&mut self, facts: &Facts, moment: &Moment, effects: &mut Effects) {
        let before = self.known.replace(facts.state.clone());
        self.restarting.look();
        if before.is_none() && self.listed {
            tell_left_down(&self.instance, self.restarts(), facts, moment, effects);
        }
        if facts.state != InstanceState::Starting {
            self.boot = Boot::default();
        }
        match &facts.state {
            InstanceState::Unmanaged => {}
            InstanceState::Starting | InstanceState::Running | InstanceState::Stopping => {
                self.lives(facts, before.as_ref(), moment, effects);
            }
            InstanceState::Stopped => self.is_stopped(facts, before.as_ref(), moment, effects),
            InstanceState::Crashed { .. } if before.is_none() && ended_in_earlier_boot(facts, moment) => {
                self.autostart(moment);
            }
            InstanceState::Crashed { .. } => self.has_crashed(facts, before.is_none(), moment, effects),
        }
    }

    fn lives(&mut self, facts: &Facts, before: Option<&InstanceState>, moment: &Moment, effects: &mut Effects) {
        let stopping = facts.state == InstanceState::Stopping;
        self.restarting.lives(stopping);
        if before.is_some_and(|before| !before.is_alive()) {
            self.notes.restart_to_apply = false;
        }
        // Without automatic restarts it was started by hand.
        if facts.restarts == 0 && self.restarting.count_anew() {
            effects.add(Effect::Record);
        }
        if facts.state == InstanceState::Running {
            self.begins(false, facts.restarts, moment, effects);
            if self.ready.begin(moment.now_ms, facts.uptime_seconds) {
                self.restarting.set_trouble(None, moment, effects);
                if before.is_some() {
                    effects.tell(EventKind::Started, Level::Info, "running");
                    effects.alert(Alarm::Started, facts);
                } else {
                    effects.log(Level::Info, "already running; watching it");
                }
            }
            return;
        }
        if stopping {
            self.ready.ends_soon(moment.now_ms);
        } else {
            self.ready = ReadyTime::default();
        }
        if before != Some(&facts.state) {
            let unasked = stopping && !moment.wants_stopped();
            let why = reason(facts.note.as_deref().filter(|_| unasked));
            effects.log(Level::Info, format!("{}{why}", facts.state));
        }
        if stopping {
            self.was_there = true;
        } else {
            if !self.restarting.is_launching() {
                let is_new = before.is_some_and(|before| !before.is_alive());
                self.begins(is_new, facts.restarts, moment, effects);
            }
            self.boot.follow(facts.since, moment);
        }
    }

    /// Takes in that there is a game.
    fn begins(&mut self, is_new: bool, restarts: u32, moment: &Moment, effects: &mut Effects) {
        self.was_there = true;
        if is_new {
            self.restarting.set_trouble(None, moment, effects);
        }
        self.restarting.see_run(restarts, effects);
    }

    fn is_stopped(&mut self, facts: &Facts, before: Option<&InstanceState>, moment: &Moment, effects: &mut Effects) {
        self.ready = ReadyTime::default();
        match before {
            None if facts.stays_down => {}
            None => self.autostart(moment),
            Some(InstanceState::Stopped) => {}
            // Its launch has failed, which is told as that.
            Some(InstanceState::Starting) if !self.was_there => {}
            Some(_) => {
                self.ailing = false;
                // A game that hung was not stopped on purpose.
                let is_asked = !self.restarting.stops_hung();
                let text = format!("stopped{}", reason(facts.note.as_deref()));
                effects.add(Effect::Log(Level::Info, text, is_asked.then_some(EventKind::Stopped)));
                if is_asked {
                    effects.alert(Alarm::Stopped, facts);
                }
            }
        }
        self.restart_hung(moment, effects);
        self.restarting.start_deferred(moment.now_ms);
    }

    fn has_crashed(&mut self, facts: &Facts, is_first: bool, moment: &Moment, effects: &mut Effects) {
        let name = crash_name(facts);
        let restarts = facts.restarts.saturating_add(1);
        if self.restarts().decided == name {
            if is_first {
                self.ailing = true;
                if self.listed {
                    self.restarting.go_on(restarts);
                }
            }
            self.restarting.start_deferred(moment.now_ms);
            return;
        }
        self.restarting.crashed(name, facts.restarts);
        self.restarting.see_run(facts.restarts, effects);
        let note = facts.note.as_deref().unwrap_or_default();
        effects.tell(EventKind::Crashed, Level::Error, format!("crashed: {note}"));
        let code = facts.last_exit.as_ref().and_then(|exit| exit.code);
        let run = EndedRun::new(code, self.ready.end(moment.now_ms), restarts);
        if self.listed {
            self.ailing = true;
            effects.alert(Alarm::Crashed, facts);
        }
        self.decide(run, None, facts, moment, effects);
    }

    /// Plans the start of an instance that is down when it is first seen.
    fn autostart(&mut self, moment: &Moment) {
        if self.listed {
            self.restarting.autostart(self.instance.autostart, moment);
        }
    }

    fn decide(&mut self, run: EndedRun, why: Option<String>, facts: &Facts, moment: &Moment, effects: &mut Effects) {
        if self.listed && facts.restarts_itself {
            self.restarting.leave_to_its_manager(run, effects);
        } else if self.listed {
            self.restarting.decide(&self.instance, run, why, facts, moment, effects);
        } else {
            effects.add(Effect::Record);
        }
    }

    fn end_launch(&mut self, result: Result<bool, String>, moment: &Moment, effects: &mut Effects) {
        match self.restarting.end_launch(result, self.listed, effects) {
            None => {}
            Some(LaunchEnd::Launched) => {
                self.was_there = true;
                // Else that is taken in when it is seen.
                if let Some(Observation::Known(facts)) = &self.seen
                    && facts.state.is_alive()
                {
                    self.begins(true, facts.restarts, moment, effects);
                }
            }
            Some(LaunchEnd::Needless) => effects.add(Effect::LookAgain),
            Some(LaunchEnd::Failed { restarts, message }) => {
                let why = format!("cannot be started: {message}");
                effects.tell(EventKind::StartFailed, Level::Error, why.as_str());
                self.ailing = true;
                let facts = Facts::bare(InstanceState::Crashed { exit_code: None }, Some(message));
                let run = EndedRun::new(None, 0, restarts.saturating_add(1));
                self.decide(run, Some(why), &facts, moment, effects);
            }
        }
    }

    fn replace(&mut self, instance: Arc<Instance>, moment: &Moment, effects: &mut Effects) {
        let is_alive = self.known.as_ref().is_some_and(InstanceState::is_alive);
        let wants_restart = is_alive && self.instance.plane != instance.plane;
        self.notes.restart_to_apply |= wants_restart;
        let then = if wants_restart {
            "; restart it to apply that"
        } else {
            ""
        };
        effects.log(Level::Info, format!("changed in the inventory{then}"));
        (self.instance, self.listed) = (instance, true);
        if self.checkup.follow(None, None) {
            effects.add(Effect::ForgetCheck);
        }
        // The change may be what it waited for.
        self.restarting.hurry(moment.now_ms);
    }

    fn list(&mut self, listed: bool, effects: &mut Effects) {
        if self.listed && !listed {
            effects.log(Level::Info, "no longer in the inventory; it is left as it is");
            self.restarting.cancel();
        } else if listed && !self.listed {
            effects.log(Level::Info, "in the inventory again");
        }
        self.listed = listed;
    }

    fn pass_time(&mut self, moment: &Moment, effects: &mut Effects) {
        if self.checkup.begins(moment.now_ms) {
            effects.add(Effect::CheckHealth);
        }
        if self.recovers_at_ms().is_some_and(|at| at <= moment.now_ms) {
            self.recover(effects);
        }
        if self.boot.runs_out(self.instance.ready.timeout, moment.now_ms) {
            self.is_late(moment, effects);
        }
    }

    /// Returns when it will have run for long enough to be called healthy again.
    fn recovers_at_ms(&self) -> Option<u64> {
        let wait = self.instance.restart.reset_after;
        self.ready.lasts_ms(wait).filter(|_| self.ailing)
    }

    fn recover(&mut self, effects: &mut Effects) {
        self.ailing = false;
        self.restarting.recover();
        effects.add(Effect::Record);
        effects.tell(EventKind::Recovered, Level::Info, "healthy again");
        if let Some(Observation::Known(facts)) = &self.seen {
            effects.alert(Alarm::Recovered, facts);
        }
    }

    fn end_check(&mut self, answer: Answer, moment: &Moment, effects: &mut Effects) {
        if let Some(healthy) = &self.instance.healthy
            && self.checkup.end(answer, healthy, moment.now_ms, effects)
        {
            self.stop_hung(moment, effects);
        }
    }

    fn stop_hung(&mut self, moment: &Moment, effects: &mut Effects) {
        let Some(Observation::Known(facts)) = &self.seen else {
            return;
        };
        let runs = facts.state == InstanceState::Running && !moment.wants_stopped();
        if !runs || !self.listed || !self.restarting.is_idle() {
            return;
        }
        let why = format!("hung: {}", self.checkup.silent().unwrap_or("does not answer"));
        let facts = noted(facts, &why);
        self.end_by_chain(EventKind::Hung, &facts, why, moment, effects);
    }

    /// Takes in that it is not ready in time.
    fn is_late(&mut self, moment: &Moment, effects: &mut Effects) {
        let Some(Observation::Known(facts)) = &self.seen else {
            return;
        };
        if moment.wants_stopped() || !self.listed {
            return;
        }
        let after = humantime::format_duration(self.instance.ready.timeout);
        let why = format!("not ready after {after}");
        let facts = noted(facts, &why);
        effects.alert(Alarm::NotReady, &facts);
        if self.instance.ready.on_timeout == OnTimeout::Restart && self.restarting.is_idle() {
            return self.end_by_chain(EventKind::NotReady, &facts, why, moment, effects);
        }
        let text = format!("{why}; it is left to start");
        effects.tell(EventKind::NotReady, Level::Warning, text);
        self.restarting.set_trouble(Some(why), moment, effects);
    }

    /// Begins the stop of a game that hangs; what comes after it is decided then.
    fn end_by_chain(&mut self, kind: EventKind, facts: &Facts, why: String, moment: &Moment, effects: &mut Effects) {
        effects.tell(kind, Level::Error, format!("{why}; it is to be stopped by its chain"));
        effects.alert(Alarm::Crashed, facts);
        self.restarting.set_trouble(Some(why), moment, effects);
        let ran_ms = self.ready.measured(moment.now_ms).unwrap_or(0);
        self.restarting
            .stop_hung(EndedRun::new(None, ran_ms, facts.restarts.saturating_add(1)));
        effects.stop_hung(facts);
    }

    fn end_stop_of_hung(&mut self, result: Result<bool, String>, moment: &Moment, effects: &mut Effects) {
        let has_stopped = result == Ok(true);
        if !self.restarting.end_stop_of_hung(has_stopped && self.listed) {
            return;
        }
        match result {
            Ok(true) if self.known == Some(InstanceState::Stopped) => self.restart_hung(moment, effects),
            // It is down, and that was not seen yet.
            Ok(true) => effects.add(Effect::LookAgain),
            Ok(false) => {
                effects.log(Level::Info, "its stop is not needed any more");
                self.restarting.set_trouble(None, moment, effects);
                effects.add(Effect::LookAgain);
            }
            Err(why) => effects.tell(EventKind::Hung, Level::Error, cannot_be_stopped(&why)),
        }
    }

    fn restart_hung(&mut self, moment: &Moment, effects: &mut Effects) {
        let hung = self.restarting.take_hung().filter(|_| !moment.wants_stopped());
        let Some(hung) = hung else { return };
        self.ailing = true;
        let why = moment.trouble(self.restarts());
        let facts = Facts::bare(InstanceState::Crashed { exit_code: None }, why.clone());
        self.decide(hung, why, &facts, moment, effects);
    }
}
