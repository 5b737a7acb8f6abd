//! The task of a link: it connects, and connects again, and says what is wrong once.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::commands::Commands;
use super::dial;
use super::dial::CONNECT;
use super::pause::{GOOD, pause};
use super::session::LinkSession;
use super::subjects::Subjects;
use super::told::Told;
use crate::event::{Level, LogEntry, ResidentEvent};
use crate::failure::Failure;
use crate::inventory::{NatsLink, NatsServer};
use crate::nats::NatsConnection;
use crate::sys::random;

pub(super) struct LinkTask {
    settings: Arc<NatsLink>,
    subjects: Subjects,
    told: Arc<Told>,
    events: UnboundedSender<ResidentEvent>,
    ended: watch::Receiver<bool>,
    /// The troubles that were told since there was a connection last.
    said: BTreeSet<String>,
    commands: Commands,
    listening: Box<dyn Fn(bool) + Send + Sync>,
}

impl LinkTask {
    pub(super) fn new(
        settings: Arc<NatsLink>,
        subjects: Subjects,
        told: Arc<Told>,
        events: UnboundedSender<ResidentEvent>,
        ended: watch::Receiver<bool>,
        commands: Commands,
        listening: Box<dyn Fn(bool) + Send + Sync>,
    ) -> Self {
        Self {
            settings,
            subjects,
            told,
            events,
            ended,
            said: BTreeSet::new(),
            commands,
            listening,
        }
    }

    /// Goes on until the link is to end.
    pub(super) async fn run(mut self) {
        let mut ended = self.ended.clone();
        let mut failed = 0;
        let settings = Arc::clone(&self.settings);
        loop {
            for server in &settings.servers {
                let began = Instant::now();
                let opened = tokio::select! {
                    opened = self.open(server) => opened,
                    // Without a connection there is nobody to say last words to.
                    _ = ended.wait_for(|ended| *ended) => return,
                };
                let trouble = match opened {
                    Ok(connection) => match self.converse(server, connection).await {
                        Some(trouble) => trouble,
                        None => return,
                    },
                    Err(trouble) => trouble,
                };
                if began.elapsed() >= GOOD.saturating_add(CONNECT) {
                    failed = 0;
                }
                self.trouble(server, trouble);
            }
            tokio::select! {
                () = sleep(pause(failed, random::chance())) => {}
                _ = ended.wait_for(|ended| *ended) => return,
            }
            failed = failed.saturating_add(1);
        }
    }

    async fn open(&self, server: &NatsServer) -> Result<NatsConnection, Failure> {
        let name = format!("gamectl run {}", self.subjects.name());
        dial::open(&self.settings, server, &name).await
    }

    /// Returns the trouble with which the conversation has ended; `None` where it was to
    /// end.
    async fn converse(&mut self, server: &NatsServer, connection: NatsConnection) -> Option<Failure> {
        self.said.clear();
        let version = &connection.info().version;
        self.say(
            Level::Info,
            format!(
                "linked to nats://{} (nats-server {version}) as {}",
                server.address,
                self.subjects.name()
            ),
        );
        self.told.set_heard(true);
        (self.listening)(true);
        let mut session = LinkSession::new(
            connection,
            &self.settings,
            &self.subjects,
            &self.told,
            &mut self.commands,
        );
        let events = self.events.clone();
        let trouble = session.converse(self.ended.clone(), &events).await;
        let unproven = session.into_unproven();
        (self.listening)(false);
        self.told.set_heard(false);
        self.told.give_back(unproven);
        trouble
    }

    fn trouble(&mut self, server: &NatsServer, trouble: Failure) {
        let text = format!("the link to nats://{}: {}", server.address, trouble.in_one());
        if self.said.insert(text.clone()) {
            self.say(Level::Warning, format!("{text}; it is tried again and again"));
        }
    }

    fn say(&self, level: Level, text: String) {
        // Whoever listened may have ended.
        let _ = self
            .events
            .send(ResidentEvent::Happened(LogEntry::now(level, None, text)));
    }
}
