//! The conversation with one server, as long as the connection lasts.

use std::io;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

use super::commands::Commands;
use super::outbox::Letter;
use super::subjects::Subjects;
use super::told::{Beats, Told};
use crate::failure::Failure;
use crate::inventory::NatsLink;
use crate::nats::{NatsConnection, ServerOp};

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

/// The number of the subscription to requests.
const COMMANDS: u64 = 1;

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
            skipped: 0,
        }
    }

    /// Returns what was sent, and may not have been read.
    pub(super) fn into_unproven(self) -> Vec<Letter> {
        self.unproven
    }

    /// Sends what there is to send until the connection is lost, whose reason is returned,
    /// or it is to end and all has been sent: `None`.
    pub(super) async fn converse(&mut self, mut ended: watch::Receiver<bool>) -> Option<Failure> {
        let mut ticks = ticks(self.settings.heartbeat);
        if !self.settings.accept.is_empty() {
            self.connection.subscribe(&self.subjects.commands(), COMMANDS);
        }
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
                        self.commands.receive(&message, has_room);
                        // A flood of them leaves others their turn.
                        tokio::task::yield_now().await;
                    }
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
            let Some((row, players)) = self.beats.next() else { break };
            let mut beat = self.told.heartbeat(&row, players, self.settings.heartbeat);
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

    fn beat(&mut self) {
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
