//! A countdown of one instance: its players are warned in time, or awaited to leave.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use super::Work;
use crate::event::VerbEvent;
use crate::failure::{Failure, FailureKind};
use crate::instancecmd::courtesy::announced;
use crate::inventory::{Warning, in_words};
use crate::invocation::command;
use crate::policy::countdown::{Countdown, CountdownEffect, CountdownEnd, CountdownInput, CountdownPhase};
use crate::store::InstanceDir;
use crate::store::changes::Changed;
use crate::store::countdown::{self as record, CountdownHold, CountdownNote};
use crate::supervisor::{Activity, Facts};

/// The time that the sending of a line to the players may take.
const SEND_LIMIT: Duration = Duration::from_secs(5);

/// The interval between two looks whether somebody has cancelled it, where changes are not
/// reported.
const CANCELLED_EVERY: Duration = Duration::from_millis(250);

/// One countdown under way.
pub(super) struct Counting<'a> {
    work: &'a Work,
    countdown: Countdown,
    dir: &'a InstanceDir,
    /// `None` where it could not be put on record.
    hold: Option<CountdownHold>,
    note: CountdownNote,
    begun: Instant,
    players: Option<u32>,
    /// True once it is known that the players cannot be told anything.
    is_mute: bool,
    /// True once the players were told something.
    has_told: bool,
}

impl<'a> Counting<'a> {
    pub(super) fn begin(work: &'a Work, dir: &'a InstanceDir, players: Option<u32>) -> Result<Self, Failure> {
        let courtesy = &work.courtesy;
        let verb = work.request.verb.as_str();
        let typed = || format!("gamectl {verb} (pid {})", std::process::id());
        let note = CountdownNote::now(verb, courtesy.by.clone().unwrap_or_else(typed));
        let hold = match record::begin(dir, &note) {
            Ok(Ok(hold)) => Some(hold),
            Ok(Err(other)) => return Err(busy(work, other.as_ref())),
            // A full disk keeps nobody from ending a game.
            Err(error) => {
                work.told(
                    format!("the countdown is not on record, and ends with this command only: {error}"),
                    true,
                );
                None
            }
        };
        let warnings = courtesy.warning.as_ref().map(|warning| warning.at.clone());
        Ok(Self {
            work,
            countdown: Countdown::new(warnings.unwrap_or_default(), courtesy.when_empty),
            dir,
            hold,
            note,
            begun: Instant::now(),
            players,
            is_mute: false,
            has_told: false,
        })
    }

    /// Counts down to the end, unless something else ends it.
    pub(super) async fn run(mut self, facts: &Facts) -> Result<CountdownEnd, Failure> {
        let (tell, mut heard) = mpsc::unbounded_channel();
        let work = self.work;
        if let Some(why) = work.mute() {
            self.fall_silent(&why);
        }
        let end = tokio::select! {
            biased;
            end = self.count_down(&mut heard) => end,
            never = work.watch_end(facts.pid, &tell) => match never {},
            never = work.watch_players(&tell) => match never {},
        };
        let is_typed = work.countdowns.is_cancelled();
        let has_told = self.has_told;
        let kept = self.hold.take().is_none_or(CountdownHold::finish);
        match end {
            Ok(CountdownEnd::Cancelled) => Err(cancelled(is_typed)),
            // Somebody has come first by a moment.
            Ok(_) if !kept => {
                if has_told {
                    self.say_cancelled().await;
                }
                Err(cancelled(false))
            }
            end => end,
        }
    }

    async fn count_down(
        &mut self,
        heard: &mut mpsc::UnboundedReceiver<CountdownInput>,
    ) -> Result<CountdownEnd, Failure> {
        let mut input = CountdownInput::Counted(self.players);
        let work = self.work;
        let mut changed = work.folder_changes();
        loop {
            if let CountdownInput::Counted(players) = input {
                self.players = players;
            }
            let before = self.countdown.phase();
            for effect in self.countdown.step(self.begun.elapsed(), input) {
                match effect {
                    CountdownEffect::Tell(left) => self.warn(left).await,
                    CountdownEffect::TellCancelled => self.say_cancelled().await,
                    CountdownEffect::Finish(end) => return Ok(end),
                }
            }
            self.enter(before);
            self.show();
            let next = self.countdown.next_at().map(|at| self.begun + at);
            let tick = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            input = tokio::select! {
                biased;
                () = work.countdowns.cancelled() => CountdownInput::Cancelled,
                () = is_cancelled(self.hold.as_ref(), &mut changed) => CountdownInput::Cancelled,
                Some(heard) = heard.recv() => heard,
                () = tick => CountdownInput::Tick,
            };
        }
    }

    /// Puts on record, and says, that it has entered another phase.
    fn enter(&mut self, before: CountdownPhase) {
        let phase = self.countdown.phase();
        if std::mem::discriminant(&phase) == std::mem::discriminant(&before) {
            return;
        }
        let from_now = |at: Duration| at.saturating_sub(self.begun.elapsed());
        let note = self.note.clone();
        let note = match phase {
            CountdownPhase::Waits { until } => {
                let most = self.work.courtesy.when_empty.and_then(|wait| wait.max_wait);
                let most = most.map_or_else(String::new, |most| format!(", {} at most", in_words(most)));
                self.work
                    .told(format!("waits until nobody plays{most} ({})", self.who()), false);
                match until {
                    Some(until) => note.waits_for(from_now(until)),
                    None => note,
                }
            }
            CountdownPhase::Counts { due, .. } => note.due_in(from_now(due)),
            CountdownPhase::Begins | CountdownPhase::Over => return,
        };
        if let Some(hold) = &self.hold {
            // Where that fails, the older note is still right about who counts.
            let _ = hold.write(self.dir, &note);
        }
        self.note = note;
    }

    fn who(&self) -> String {
        match self.players {
            Some(1) => "1 plays".to_owned(),
            Some(count) => format!("{count} play"),
            None => "how many play is not known".to_owned(),
        }
    }

    /// Shows what is awaited.
    fn show(&self) {
        let wait = self.work.courtesy.when_empty.and_then(|wait| wait.max_wait);
        let (awaiting, limit) = match self.countdown.phase() {
            CountdownPhase::Waits { .. } => ("its players to leave", wait),
            CountdownPhase::Counts { .. } => {
                let warning = self.work.courtesy.warning.as_ref();
                ("the end of the countdown", warning.map(Warning::lead))
            }
            CountdownPhase::Begins | CountdownPhase::Over => return,
        };
        let next = self.countdown.next_warning();
        let next = next.map_or_else(String::new, |at| {
            format!(", the next warning {} before it", in_words(at))
        });
        let activity = Activity {
            last_line: format!("{}{next}", self.who()),
            ..Activity::awaiting(awaiting, limit)
        };
        let id = self.work.id();
        self.work.tell(VerbEvent::Awaiting { id, activity });
    }

    /// Tells the players that this time is left.
    async fn warn(&mut self, left: Duration) {
        if let Some(warning) = &self.work.courtesy.warning {
            self.say(&warning.text(self.what(), left)).await;
            self.has_told = true;
        }
    }

    async fn say_cancelled(&mut self) {
        if let Some(warning) = &self.work.courtesy.warning {
            self.say(&warning.cancelled_text(self.what())).await;
        }
    }

    /// Says once that the players cannot be told anything: whoever has asked for the countdown
    /// may cancel it, and it goes on.
    fn fall_silent(&mut self, why: &Failure) {
        self.is_mute = true;
        let why = why.clone().in_one();
        let text = format!("its players cannot be told, and the countdown goes on all the same: {why}");
        self.work.told(text, true);
    }

    /// Sends a text to the players, and says so. A game that does not take it is no reason
    /// to go on differently.
    async fn say(&mut self, text: &str) {
        let (Some(broadcast), Some(admin), false) =
            (&self.work.courtesy.broadcast, self.work.target.admin(), self.is_mute)
        else {
            return;
        };
        let sent = match timeout(SEND_LIMIT, admin.send(&broadcast.line(text), SEND_LIMIT)).await {
            Ok(sent) => sent.map(drop).map_err(|error| Failure::from_error(&error)),
            Err(_) => Err(Failure::new(FailureKind::Timeout, "it did not take the line in time")),
        };
        match &sent {
            Ok(()) => self.work.told(format!("told the players: {text}"), false),
            Err(failure) if failure.kind == FailureKind::Unsupported => self.fall_silent(failure),
            Err(failure) => {
                let why = &failure.message;
                self.work
                    .told(format!("could not tell the players \"{text}\": {why}"), true);
            }
        }
    }

    fn what(&self) -> &'static str {
        announced(self.work.request.verb)
    }
}

/// Waits until somebody has cancelled it: the record is read again when the folder has changed.
async fn is_cancelled(hold: Option<&CountdownHold>, changed: &mut Option<Changed>) {
    let Some(hold) = hold else {
        return std::future::pending().await;
    };
    while !hold.is_cancelled() {
        let is_told = match changed {
            Some(changed) => changed.changed().await.is_ok(),
            None => false,
        };
        if !is_told {
            sleep(CANCELLED_EVERY).await;
        }
    }
}

fn busy(work: &Work, other: Option<&CountdownNote>) -> Failure {
    let what = other.map_or_else(|| "a countdown".to_owned(), CountdownNote::in_words);
    let (id, verb) = (work.target.instance_id(), work.request.verb.as_str());
    Failure::new(FailureKind::Busy, format!("another countdown is under way: {what}")).hint(format!(
        "{} cancels that one; {} goes first, and waits for nobody",
        command(format_args!("schedule cancel {id}")),
        command(format_args!("{verb} {id}"))
    ))
}

fn cancelled(is_typed: bool) -> Failure {
    match is_typed {
        true => Failure::new(FailureKind::Interrupted, "cancelled: it was left as it is"),
        false => Failure::new(
            FailureKind::Overruled,
            "somebody has cancelled it: it was left as it is",
        ),
    }
}
