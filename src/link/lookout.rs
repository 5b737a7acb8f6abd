//! A look at the instances of all nodes: `status --nats` and `watch --nats`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, Interval, interval, sleep, timeout};

use super::dial;
use super::last_states::LastStates;
use super::panel::Panel;
use crate::event::{Gauges, Level, LogEntry, ResidentEvent, Row, WatchedRow};
use crate::failure::Failure;
use crate::inventory::NatsLink;
use crate::nats::{Message, NatsConnection, ServerOp};
use crate::report::{self, Feed};
use crate::sys::random;

/// The subscriptions: heartbeats and states as they come, what the server has kept, and its
/// answers. Each has a number of its own: a server passes over a second one of a number.
const BEATS: u64 = 1;
const STATES: u64 = 2;
const KEPT: u64 = 3;
const ANSWERS: u64 = 4;

/// All have answered when nothing has come for so long...
const QUIET: Duration = Duration::from_millis(700);

/// ...and so long is waited at most.
const LONGEST: Duration = Duration::from_secs(5);

/// The pause before another connection.
const AGAIN: Duration = Duration::from_secs(2);

/// The time for which a server may say nothing: it is asked each second.
const SILENCE: Duration = Duration::from_secs(15);

/// A connection over which the instances of all nodes are heard of.
pub struct Lookout {
    connection: NatsConnection,
    prefix: String,
    panel: Panel,
    seconds: Interval,
    heard: Instant,
    /// True once the server has read what was subscribed to.
    is_listening: bool,
}

impl Lookout {
    /// Connects, and asks all nodes and the server for what there is.
    ///
    /// # Errors
    /// When no server takes the connection.
    pub async fn open(link: &NatsLink) -> Result<Self, Failure> {
        let mut connection = dial::open_any(link, "gamectl watch").await?;
        let prefix = format!("{}.", link.prefix);
        let inbox = format!("_INBOX.{}", random::name());
        connection.subscribe(&format!("{prefix}*.*.heartbeat"), BEATS);
        connection.subscribe(&format!("{prefix}*.*.status"), STATES);
        connection.subscribe(&format!("{inbox}.kept"), KEPT);
        connection.subscribe(&format!("{inbox}.answer"), ANSWERS);
        let (subject, body) = LastStates::of(&link.prefix).replay(&format!("{inbox}.kept"));
        connection.publish(&subject, Some(&format!("{inbox}.answer")), body.to_string().as_bytes());
        connection.publish(&format!("{prefix}beat"), None, b"");
        connection.ping();
        Ok(Self {
            connection,
            prefix,
            panel: Panel::default(),
            seconds: interval(Duration::from_secs(1)),
            heard: Instant::now(),
            is_listening: false,
        })
    }

    /// Waits for what is told next; it may be nothing new.
    ///
    /// # Errors
    /// When the connection is lost.
    ///
    /// # Cancel safety
    /// Safe.
    async fn next(&mut self) -> Result<Vec<ResidentEvent>, Failure> {
        tokio::select! {
            op = self.connection.next() => {
                self.heard = Instant::now();
                match op.map_err(|error| Failure::unknown(error.to_string()))? {
                    ServerOp::Message(message) => Ok(self.message(&message)),
                    ServerOp::Pong => {
                        self.is_listening = true;
                        Ok(Vec::new())
                    }
                    // The stream may be for others, and heartbeats for us all the same.
                    ServerOp::Error(why) if why.to_ascii_lowercase().starts_with("permissions violation") => Ok(Vec::new()),
                    ServerOp::Error(why) => Err(Failure::unknown(format!("the server says: {why}"))),
                    _ => Ok(Vec::new()),
                }
            }
            _ = self.seconds.tick() => {
                if self.heard.elapsed() > SILENCE {
                    return Err(Failure::unknown("the server does not answer any more"));
                }
                self.connection.ping();
                Ok(self.panel.silent(SystemTime::now()))
            }
        }
    }

    fn message(&mut self, message: &Message) -> Vec<ResidentEvent> {
        let Some(subject) = message.subject.strip_prefix(&self.prefix) else {
            return Vec::new();
        };
        match serde_json::from_slice::<Value>(&message.payload) {
            // What was kept is delivered under its own subject.
            Ok(body) => self.panel.take(subject, &body, message.sid == KEPT, SystemTime::now()),
            Err(_) => Vec::new(),
        }
    }

    /// Waits until all have answered, and returns their rows.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn gather(&mut self) -> Result<Vec<Row>, Failure> {
        let mut feed = Feed::default();
        let until = Instant::now() + LONGEST;
        let mut last = Instant::now();
        while (last.elapsed() < QUIET || !self.is_listening) && Instant::now() < until {
            let Ok(events) = timeout(QUIET / 7, self.next()).await else {
                continue;
            };
            for event in events? {
                last = Instant::now();
                feed.take(event);
            }
        }
        for event in self.panel.silent(SystemTime::now()) {
            feed.take(event);
        }
        let row = |(watched, gauges): (Arc<WatchedRow>, Gauges)| with_uptime(&watched, gauges);
        Ok(feed.seen().into_iter().map(row).collect())
    }

    /// Sends what is told, for ever. A lost connection is told, and made again.
    pub async fn follow(link: Arc<NatsLink>, events: UnboundedSender<ResidentEvent>) {
        let mut is_settled = false;
        loop {
            let ended = Self::follow_once(&link, &events, &mut is_settled).await;
            let Err(failure) = ended else { return };
            let text = format!("the link: {}; it is tried again", failure.in_one());
            let entry = LogEntry::now(Level::Warning, None, text);
            if events.send(ResidentEvent::Happened(entry)).is_err() {
                return;
            }
            sleep(AGAIN).await;
        }
    }

    /// Returns when nobody listens any more.
    async fn follow_once(
        link: &NatsLink,
        events: &UnboundedSender<ResidentEvent>,
        is_settled: &mut bool,
    ) -> Result<(), Failure> {
        let mut lookout = Self::open(link).await?;
        let settles = Instant::now() + QUIET;
        loop {
            for event in lookout.next().await? {
                if events.send(event).is_err() {
                    return Ok(());
                }
            }
            if !*is_settled && lookout.is_listening && Instant::now() >= settles {
                *is_settled = true;
                let _ = events.send(ResidentEvent::Settled);
            }
        }
    }
}

fn with_uptime(watched: &WatchedRow, gauges: Gauges) -> Row {
    let mut row = Row {
        player_count: gauges.players,
        ..watched.row.clone()
    };
    let uptime = report::uptime(watched, std::time::Instant::now());
    if let crate::supervisor::Observation::Known(facts) = &mut row.observation {
        facts.uptime_seconds = uptime;
    }
    row
}
