//! The conversation with one server, as long as the connection lasts.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::commands::Commands;
use super::last_states::{self, LastStates};
use super::outbox::Letter;
use super::subjects::Subjects;
use super::told::{Beats, Told};
use crate::event::{Level, LogEntry, ResidentEvent};
use crate::failure::Failure;
use crate::inventory::NatsLink;
use crate::nats::{Message, NatsConnection, ServerOp};
use crate::sys::random;

/// The bytes that may wait for the system to take them; beyond that the outbox waits.
const WINDOW: usize = 256 << 10;

/// The messages that are handed over at a time: other tasks have their turn between.
const AT_ONCE: usize = 64;

/// The messages that may be unproven.
const UNPROVEN_MAX: usize = 4096;

/// The time after which a silent server is asked whether it is there.
const IDLE: Duration = Duration::from_secs(20);

/// The time that it has to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The subscriptions: to requests, to the wish for a heartbeat, and to the answer about the
/// stream.
const COMMANDS: u64 = 1;
const BEATS: u64 = 2;
const STREAM: u64 = 3;
const CAPTURES: u64 = 4;

/// The shortest time between two heartbeats that are asked for.
const BEAT_AGAIN: Duration = Duration::from_secs(1);

/// The prohibitions that are told of one connection.
const PROHIBITIONS_MAX: usize = 16;

/// A ping that is not answered yet.
#[derive(Debug, Clone, Copy)]
struct Asked {
    at: Instant,
    /// The number of unproven messages that its answer proves.
    proves: usize,
}

pub(super) struct LinkSession<'a> {
    connection: NatsConnection,
    settings: &'a NatsLink,
    subjects: &'a Subjects,
    told: &'a Told,
    commands: &'a mut Commands,
    unproven: Vec<Letter>,
    asked: Option<Asked>,
    heard: Instant,
    /// The rest of a heartbeat that is being sent.
    beats: Beats,
    beat_at: Option<Instant>,
    /// The prohibitions that were told.
    forbidden: Vec<String>,
    /// The heartbeats that were left out because the one before was not sent yet.
    skipped: u64,
}

impl<'a> LinkSession<'a> {
    pub(super) fn new(
        connection: NatsConnection,
        settings: &'a NatsLink,
        subjects: &'a Subjects,
        told: &'a Told,
        commands: &'a mut Commands,
    ) -> Self {
        Self {
            connection,
            settings,
            subjects,
            told,
            commands,
            unproven: Vec::new(),
            asked: None,
            heard: Instant::now(),
            beats: Vec::new().into_iter(),
            beat_at: None,
            forbidden: Vec::new(),
            skipped: 0,
        }
    }

    /// Returns what was sent, and may not have been read.
    pub(super) fn into_unproven(self) -> Vec<Letter> {
        self.unproven
    }

    /// Sends what there is to send until the connection is lost, whose reason is returned,
    /// or it is to end and all has been sent: `None`.
    pub(super) async fn converse(
        &mut self,
        mut ended: watch::Receiver<bool>,
        events: &UnboundedSender<ResidentEvent>,
    ) -> Option<Failure> {
        let mut ticks = ticks(self.settings.heartbeat);
        self.subscribe();
        let told = self.told;
        loop {
            self.hand_over();
            let is_ending = *ended.borrow_and_update();
            if is_ending && self.unproven.is_empty() && told.is_sent() && self.connection.unwritten() == 0 {
                return None;
            }
            let has_room = self.has_room();
            let deadline = self.deadline();
            tokio::select! {
                op = self.connection.next() => match op {
                    Ok(ServerOp::Message(message)) => {
                        self.heard = Instant::now();
                        match message.sid {
                            COMMANDS => self.commands.receive(&message, has_room),
                            BEATS => self.beat_if_due(),
                            _ => self.stream_answered(&message, events),
                        }
                        // A flood of them leaves others their turn.
                        tokio::task::yield_now().await;
                    }
                    Ok(ServerOp::Error(why)) if is_prohibition(&why) => self.forbidden(why, events),
                    Ok(op) => {
                        if let Some(trouble) = self.heard(&op) {
                            return Some(trouble);
                        }
                    }
                    Err(error) => return Some(lost(&error)),
                },
                answer = self.commands.next(), if has_room => {
                    let body = answer.body.to_string();
                    self.connection.publish(&answer.to, None, body.as_bytes());
                }
                () = told.changed(), if has_room => {}
                () = tick(&mut ticks) => self.beat(),
                _ = ended.changed(), if !is_ending => {}
                () = sleep_until(deadline) => {
                    if self.asked.is_some() {
                        return Some(Failure::failed("it does not answer any more"));
                    }
                    self.ask();
                }
                () = tokio::task::yield_now(), if self.has_beats_to_send() => {}
            }
        }
    }

    /// Tells once what the server does not allow; all else goes on.
    fn forbidden(&mut self, why: String, events: &UnboundedSender<ResidentEvent>) {
        self.heard = Instant::now();
        if self.forbidden.len() < PROHIBITIONS_MAX && !self.forbidden.contains(&why) {
            let text = format!("the link: the server says: {why}");
            // Whoever listened may have ended.
            let _ = events.send(ResidentEvent::Happened(LogEntry::now(Level::Warning, None, text)));
            self.forbidden.push(why);
        }
    }

    /// Subscribes to what is asked, and has the stream made.
    fn subscribe(&mut self) {
        if !self.settings.accept.is_empty() {
            self.connection.subscribe(&self.subjects.commands(), COMMANDS);
            let body = json!({ "subject": self.subjects.commands() });
            self.request("$JS.API.STREAM.NAMES", &body, CAPTURES);
        }
        if !self.settings.heartbeat.is_zero() {
            self.connection
                .subscribe(&format!("{}.beat", self.settings.prefix), BEATS);
        }
        if self.settings.stream {
            let (subject, body) = LastStates::of(&self.settings.prefix).creation();
            self.request(&subject, &body, STREAM);
        }
    }

    fn request(&mut self, subject: &str, body: &Value, sid: u64) {
        let inbox = format!("_INBOX.{}", random::name());
        self.connection.subscribe(&inbox, sid);
        self.connection
            .publish(subject, Some(&inbox), body.to_string().as_bytes());
    }

    /// Takes in what the server says of streams.
    fn stream_answered(&self, message: &Message, events: &UnboundedSender<ResidentEvent>) {
        let answer = serde_json::from_slice(&message.payload).unwrap_or_default();
        let trouble = match message.sid {
            STREAM => LastStates::of(&self.settings.prefix).trouble(message.status, &answer),
            _ => last_states::captured(&answer),
        };
        if let Some(trouble) = trouble {
            let text = format!("the link: {trouble}");
            // Whoever listened may have ended.
            let _ = events.send(ResidentEvent::Happened(LogEntry::now(Level::Warning, None, text)));
        }
    }

    fn has_room(&self) -> bool {
        self.connection.unwritten() < WINDOW && self.unproven.len() < UNPROVEN_MAX
    }

    fn has_beats_to_send(&self) -> bool {
        self.beats.len() > 0 && self.connection.unwritten() < WINDOW
    }

    /// Returns when something is to be done if nothing comes.
    fn deadline(&self) -> Instant {
        match self.asked {
            Some(asked) => asked.at + ANSWER,
            None => self.heard + IDLE,
        }
    }

    /// Hands over what there is room for.
    fn hand_over(&mut self) {
        while self.has_room() {
            let letters = self.told.letters(AT_ONCE);
            if letters.is_empty() {
                break;
            }
            for letter in letters {
                let subject = match &letter.id {
                    Some(id) => self.subjects.status(id),
                    None => self.subjects.events(),
                };
                self.connection.publish(&subject, None, letter.text().as_bytes());
                self.unproven.push(letter);
            }
        }
        for _ in 0..AT_ONCE {
            if !self.has_beats_to_send() {
                break;
            }
            let Some((row, gauges)) = self.beats.next() else { break };
            let mut beat = self.told.heartbeat(&row, gauges, self.settings.heartbeat);
            if self.skipped > 0 {
                beat["dropped"] = std::mem::take(&mut self.skipped).into();
            }
            let subject = self.subjects.heartbeat(&row.row.id);
            self.connection.publish(&subject, None, beat.to_string().as_bytes());
        }
        if !self.unproven.is_empty() && self.asked.is_none() {
            self.ask();
        }
    }

    fn ask(&mut self) {
        self.connection.ping();
        self.asked = Some(Asked {
            at: Instant::now(),
            proves: self.unproven.len(),
        });
    }

    /// Makes a heartbeat for somebody who has asked, unless one was made just now.
    fn beat_if_due(&mut self) {
        let is_due = self.beat_at.is_none_or(|at| at.elapsed() >= BEAT_AGAIN);
        if is_due && self.beats.len() == 0 {
            self.beat();
        }
    }

    fn beat(&mut self) {
        self.beat_at = Some(Instant::now());
        self.skipped += self.beats.len() as u64;
        self.beats = self.told.beats();
    }

    /// Takes a word of the server in. Returns the trouble that ends the conversation.
    fn heard(&mut self, op: &ServerOp) -> Option<Failure> {
        self.heard = Instant::now();
        match op {
            ServerOp::Pong => {
                if let Some(asked) = self.asked.take() {
                    self.unproven.drain(..asked.proves.min(self.unproven.len()));
                }
                None
            }
            ServerOp::Error(why) => Some(Failure::failed(format!("it says: {why}"))),
            ServerOp::Info(info) if info.ldm => Some(Failure::failed("it is about to end")),
            _ => None,
        }
    }
}

/// Returns true for an error after which a server keeps the connection.
fn is_prohibition(why: &str) -> bool {
    why.to_ascii_lowercase().starts_with("permissions violation")
}

fn lost(error: &io::Error) -> Failure {
    Failure::failed(error.to_string())
}

fn ticks(every: Duration) -> Option<Interval> {
    (!every.is_zero()).then(|| {
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks
    })
}

async fn tick(ticks: &mut Option<Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}
