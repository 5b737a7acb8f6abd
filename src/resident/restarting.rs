//! The plan for an instance: its next launch, and the act under way, one at most.

use super::crash::crash_name;
use super::left_down::with_another_try;
use super::step::{Effect, Effects, Moment};
use crate::event::{EventKind, Level, nth};
use crate::inventory::{Alarm, Instance, RestartPolicy};
use crate::policy::restart::{End, StayReason, Verdict};
use crate::store::history::{Restarts, Trouble};
use crate::supervisor::{Facts, InstanceState};

/// The pause before another try of a launch, in milliseconds, if another process
/// was at work on the instance and it is still down.
const SHORTLY_MS: u64 = 50;

/// A run that the policy decides about: it has crashed, or hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EndedRun {
    end: End,
    /// The number in a row of the restart that follows.
    restarts: u32,
}

impl EndedRun {
    pub(super) fn new(code: Option<i32>, ran_ms: u64, restarts: u32) -> Self {
        let end = End { code, ran_ms };
        Self { end, restarts }
    }
}

/// The next act, once none is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    Nothing,
    /// A launch at this time, as the nth restart in a row.
    Due {
        at_ms: u64,
        restarts: u32,
    },
    /// A launch if it is still down at the next look: another process was at
    /// work on it when the launch was due.
    Deferred {
        restarts: u32,
    },
    /// A decision by the restart policy once it is seen to be down: it hung, and
    /// was stopped.
    HungStopped(EndedRun),
}

/// The act under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    None,
    Launch {
        restarts: u32,
        /// True if what it launched has crashed already.
        has_crashed: bool,
    },
    StopHung(EndedRun),
}

/// The decided step that an instance waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Nothing,
    /// A launch that is under way or comes at once.
    Turn,
    /// The nth restart in a row.
    Restart {
        at_ms: u64,
        restarts: u32,
    },
}

/// The outcome of a launch, as far as it has not been decided on before.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LaunchEnd {
    Launched,
    Needless,
    Failed { restarts: u32, message: String },
}

/// The plan for one instance, with the record of its crashes.
#[derive(Debug, Clone)]
pub(super) struct Restarting {
    plan: Plan,
    act: Act,
    record: Restarts,
    /// The automatic restart that was begun, until its launch is seen.
    unseen: Option<u32>,
    /// True if it was looked at since the last launch that worked.
    is_looked_at: bool,
    /// True if the launch that is planned or under way is one of what was found down.
    brings_up: bool,
}

impl Restarting {
    pub(super) fn new(record: Restarts) -> Self {
        Self {
            plan: Plan::Nothing,
            act: Act::None,
            record,
            unseen: None,
            is_looked_at: false,
            brings_up: false,
        }
    }

    pub(super) fn record(&self) -> &Restarts {
        &self.record
    }

    pub(super) fn is_acting(&self) -> bool {
        self.act != Act::None
    }

    pub(super) fn is_launching(&self) -> bool {
        matches!(self.act, Act::Launch { .. })
    }

    /// Returns true when nothing is planned and nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.act == Act::None && self.plan == Plan::Nothing
    }

    pub(super) fn wait(&self) -> Wait {
        match (self.act, self.plan) {
            (Act::Launch { .. }, _) | (Act::None, Plan::Due { restarts: 0, .. }) => Wait::Turn,
            (Act::None, Plan::Due { at_ms, restarts }) => Wait::Restart { at_ms, restarts },
            _ => Wait::Nothing,
        }
    }

    pub(super) fn due_ms(&self) -> Option<u64> {
        match (self.act, self.plan) {
            (Act::None, Plan::Due { at_ms, .. }) => Some(at_ms),
            _ => None,
        }
    }

    pub(super) fn cancel(&mut self) {
        self.plan = Plan::Nothing;
        self.brings_up &= self.is_launching();
    }

    /// Takes in that it lives, so that nothing has to be launched.
    pub(super) fn lives(&mut self, is_stopping: bool) {
        if !(is_stopping && matches!(self.plan, Plan::HungStopped(_))) {
            self.cancel();
        }
    }

    /// Takes in that it was looked at.
    pub(super) fn look(&mut self) {
        self.is_looked_at = true;
    }

    /// Plans the launch that no crash has led to, if it is wanted.
    pub(super) fn autostart(&mut self, autostart: bool, moment: &Moment) {
        if !moment.wants_running(autostart) || self.is_given_up(moment) {
            return;
        }
        // A restart that an earlier resident supervisor has decided on, and nobody has
        // started it since.
        if self.record.due_ms.is_some() && moment.trouble(&self.record).is_some() {
            return self.go_on(self.record.next);
        }
        let at_ms = moment.now_ms;
        self.plan = Plan::Due { at_ms, restarts: 0 };
    }

    /// Plans what an earlier resident supervisor has decided on.
    pub(super) fn go_on(&mut self, restarts: u32) {
        if self.record.stays.is_none() {
            self.plan = Plan::Due {
                at_ms: self.record.due_ms.unwrap_or(0),
                // A start that has failed since is no launch on record.
                restarts: restarts.max(self.record.next),
            };
        }
    }

    /// Plans the start of what is down although it is wanted, as a `run` that begins now
    /// would: a verb was cut short, or an earlier `run` while it stopped what hung. What
    /// was decided on, ended as its policy allows or was stopped on purpose stays down.
    pub(super) fn bring_up(&mut self, autostart: bool, facts: &Facts, moment: &Moment) {
        if !self.is_looked_at || !self.is_idle() {
            return;
        }
        match facts.state {
            InstanceState::Stopped if self.record.stays.is_none() && !moment.keeps_down(facts) => {
                self.autostart(autostart, moment);
                self.brings_up = !self.is_idle();
            }
            InstanceState::Crashed { .. } if self.record.decided == crash_name(facts) => {
                self.go_on(facts.restarts.saturating_add(1));
            }
            _ => {}
        }
    }

    /// Launches at once what waits for its time.
    pub(super) fn hurry(&mut self, now_ms: u64) {
        if let Plan::Due { at_ms, .. } = &mut self.plan {
            *at_ms = now_ms;
        }
    }

    /// Plans the launch of what was left to another process, and is down still.
    pub(super) fn start_deferred(&mut self, now_ms: u64) {
        if let Plan::Deferred { restarts } = self.plan {
            // A delay that was decided on meanwhile is kept to.
            let decided_ms = self.record.due_ms.filter(|_| restarts > 0).unwrap_or(0);
            let at_ms = now_ms.saturating_add(SHORTLY_MS).max(decided_ms);
            self.plan = Plan::Due { at_ms, restarts };
        }
    }

    /// Begins the launch that is due. Returns true if there is one.
    pub(super) fn launch_if_due(&mut self, now_ms: u64, effects: &mut Effects) -> bool {
        if let (Act::None, Plan::Due { at_ms, restarts }) = (self.act, self.plan)
            && at_ms <= now_ms
        {
            self.plan = Plan::Nothing;
            self.act = Act::Launch {
                restarts,
                has_crashed: false,
            };
            self.unseen = (restarts > 0).then_some(restarts);
            effects.add(Effect::Launch { restarts });
            return true;
        }
        false
    }

    /// Returns the outcome of the launch under way, which has ended; `None`
    /// when there is none, or what it launched has crashed since.
    pub(super) fn end_launch(
        &mut self,
        result: Result<bool, String>,
        is_listed: bool,
        effects: &mut Effects,
    ) -> Option<LaunchEnd> {
        let Act::Launch { restarts, has_crashed } = self.act else {
            return None;
        };
        self.act = Act::None;
        match result {
            Ok(true) => {
                self.is_looked_at = false;
                if std::mem::take(&mut self.brings_up) {
                    effects.log(Level::Info, "was down, and is wanted running: started");
                }
            }
            Ok(false) => self.unseen = None,
            Err(_) => (self.unseen, self.brings_up) = (None, false),
        }
        if has_crashed {
            return None;
        }
        Some(match result {
            Ok(true) => LaunchEnd::Launched,
            Ok(false) => {
                // What was decided meanwhile, about a crash of its own, stands.
                let is_open = self.plan == Plan::Nothing && (restarts == 0 || self.record.stays.is_none());
                if is_listed && is_open {
                    self.plan = Plan::Deferred { restarts };
                }
                LaunchEnd::Needless
            }
            Err(message) => LaunchEnd::Failed { restarts, message },
        })
    }

    /// Takes a crash in, which may be that of the launch under way.
    pub(super) fn crashed(&mut self, name: String, of_restarts: u32) {
        self.record.decided = name;
        if let Act::Launch { restarts, has_crashed } = &mut self.act {
            *has_crashed |= *restarts == of_restarts;
        }
    }

    /// Reports the automatic restart once a run of it is seen.
    pub(super) fn see_run(&mut self, restarts: u32, effects: &mut Effects) {
        if self.unseen.take_if(|unseen| *unseen == restarts).is_some() {
            report_launch(restarts, effects);
        }
    }

    /// Puts down what is wrong, or that nothing is any more.
    pub(super) fn set_trouble(&mut self, why: Option<String>, moment: &Moment, effects: &mut Effects) {
        let trouble = trouble(why, moment);
        if self.record.trouble != trouble {
            self.record.trouble = trouble;
            effects.add(Effect::Record);
        }
    }

    /// Returns true if it was given up, and nobody has started it since.
    fn is_given_up(&self, moment: &Moment) -> bool {
        self.record.stays == Some(StayReason::GaveUp) && moment.trouble(&self.record).is_some()
    }

    pub(super) fn stop_hung(&mut self, hung: EndedRun) {
        self.act = Act::StopHung(hung);
    }

    /// Returns true from the stop of a hung game to the decision about it.
    pub(super) fn stops_hung(&self) -> bool {
        matches!(self.act, Act::StopHung(_)) || matches!(self.plan, Plan::HungStopped(_))
    }

    /// Ends the stop of a hung game. Returns false when none was under way.
    pub(super) fn end_stop_of_hung(&mut self, has_stopped: bool) -> bool {
        let Act::StopHung(hung) = self.act else { return false };
        self.act = Act::None;
        if has_stopped && self.plan == Plan::Nothing {
            self.plan = Plan::HungStopped(hung);
        }
        true
    }

    /// Returns the run that hung and was stopped, once.
    pub(super) fn take_hung(&mut self) -> Option<EndedRun> {
        let Plan::HungStopped(hung) = self.plan else {
            return None;
        };
        self.plan = Plan::Nothing;
        Some(hung)
    }

    /// Begins the count anew, after a start by hand. Returns false when it was
    /// at its beginning.
    pub(super) fn count_anew(&mut self) -> bool {
        let anew = Restarts {
            trouble: self.record.trouble.clone(),
            ..Restarts::default()
        };
        let counted = self.record != anew;
        self.record = anew;
        counted
    }

    /// Lets the delay fall back.
    pub(super) fn recover(&mut self) {
        self.record.history.doublings = 0;
    }

    /// Leaves it to what runs it to start it again.
    pub(super) fn leave_to_its_manager(&mut self, EndedRun { restarts, .. }: EndedRun, effects: &mut Effects) {
        self.record.next = restarts;
        (self.record.due_ms, self.record.stays) = (None, Some(StayReason::Never));
        self.record.trouble = None;
        self.plan = Plan::Nothing;
        effects.add(Effect::Record);
    }

    /// Lets the policy decide about what has ended, and `why`, where its state does
    /// not say so.
    pub(super) fn decide(
        &mut self,
        instance: &Instance,
        EndedRun { end, restarts }: EndedRun,
        why: Option<String>,
        facts: &Facts,
        moment: &Moment,
        effects: &mut Effects,
    ) {
        self.brings_up &= self.is_launching();
        self.record.next = restarts;
        let mut wrong = why;
        let history = &mut self.record.history;
        match history.crashed(&instance.restart, end, moment.now_ms, moment.chance) {
            Verdict::Restart { at_ms } => {
                (self.record.due_ms, self.record.stays) = (Some(at_ms), None);
                self.plan = Plan::Due { at_ms, restarts };
            }
            Verdict::Stay(why) => {
                (self.record.due_ms, self.record.stays) = (None, Some(why));
                self.plan = Plan::Nothing;
                let stays = stay_in_words(why, &instance.restart);
                let counted = Facts {
                    restarts: restarts.saturating_sub(1),
                    ..facts.clone()
                };
                report_stay(why, &stays, instance, &counted, effects);
                if why != StayReason::Never {
                    wrong = Some(match wrong {
                        Some(wrong) => format!("{stays}; {wrong}"),
                        None => stays,
                    });
                }
            }
        }
        self.record.trouble = trouble(wrong, moment);
        effects.add(Effect::Record);
    }
}

fn trouble(why: Option<String>, moment: &Moment) -> Option<Trouble> {
    let intent_ms = moment.intent.map_or(0, |intent| intent.at_ms);
    why.map(|why| Trouble { why, intent_ms })
}

fn stay_in_words(why: StayReason, policy: &RestartPolicy) -> String {
    match (why, policy.give_up) {
        (StayReason::Never, _) => "left as it is: its policy is `never`".to_owned(),
        (StayReason::Held, _) => "held: its configuration is wrong".to_owned(),
        (StayReason::GaveUp, None) => "given up".to_owned(),
        (StayReason::GaveUp, Some(limit)) => {
            let within = humantime::format_duration(limit.within);
            format!("given up after {} in {within}", limit.times)
        }
    }
}

fn report_stay(why: StayReason, in_words: &str, instance: &Instance, facts: &Facts, effects: &mut Effects) {
    if why == StayReason::Never {
        return effects.log(Level::Info, in_words);
    }
    effects.tell(EventKind::GaveUp, Level::Error, with_another_try(in_words, instance));
    effects.alert(Alarm::GaveUp, facts);
}

/// Reports an automatic restart.
fn report_launch(restarts: u32, effects: &mut Effects) {
    effects.tell(
        EventKind::Restarted,
        Level::Info,
        format!("started again ({})", nth(restarts)),
    );
    let facts = Facts {
        restarts,
        ..Facts::bare(InstanceState::Starting, None)
    };
    effects.alert(Alarm::Restarted, &facts);
}
