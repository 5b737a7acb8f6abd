//! Requests that come in, from the message to the answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::audit::AuditLimit;
use super::gate::Gate;
use super::request::{self, LinkRefusal, LinkRequest};
use super::subjects::Subjects;
use super::told::Told;
use crate::event::{Level, LogEntry, ResidentEvent, VerbEvent, VerbResult};
use crate::failure::Failure;
use crate::inventory::LinkVerb;
use crate::nats::Message;
use crate::report;
use crate::supervisor::VerbRequest;

/// The requests of a second; what is beyond is passed over without an answer, and counted.
const RATE_MAX: u32 = 500;

/// A verb that is asked for over the link.
#[derive(Debug, Clone)]
pub struct AskedVerb {
    /// The id of the request.
    pub request: String,
    pub expires: SystemTime,
    pub verb: VerbRequest,
}

/// The reason why nothing was carried out.
#[derive(Debug)]
pub enum NotCarriedOut {
    NoSuchInstance(Failure),
    /// The request is on record: it came to an earlier `run`.
    CameBefore,
    /// Too many requests are on record that have not expired.
    TooMany,
    /// The record does not tell if it came before, for this reason.
    Unproven(String),
}

/// Whoever carries verbs out.
#[async_trait::async_trait]
pub trait Carrier: Send + Sync {
    /// Carries a verb out on an instance, as if it were typed on this host, and no request
    /// a second time.
    ///
    /// # Errors
    /// With the reason why nothing was done.
    async fn carry_out(
        &self,
        id: &str,
        asked: &AskedVerb,
        events: UnboundedSender<VerbEvent>,
    ) -> Result<VerbResult, NotCarriedOut>;
}

/// An answer that is to be sent.
#[derive(Debug)]
pub(super) struct LinkAnswer {
    /// The subject.
    pub(super) to: String,
    pub(super) body: Value,
}

/// The requests of a link, over all its connections.
pub(super) struct Commands {
    subjects: Subjects,
    gate: Gate,
    carrier: Arc<dyn Carrier>,
    told: Arc<Told>,
    events: UnboundedSender<ResidentEvent>,
    limit: AuditLimit,
    answers: UnboundedSender<LinkAnswer>,
    answered: UnboundedReceiver<LinkAnswer>,
    /// The requests that are under way. They go on when the link is lost.
    under_way: JoinSet<()>,
    /// The second that has begun, and the requests in it.
    second: Instant,
    received: u32,
}

impl Commands {
    pub(super) fn new(
        subjects: Subjects,
        accept: &[LinkVerb],
        carrier: Arc<dyn Carrier>,
        told: Arc<Told>,
        events: UnboundedSender<ResidentEvent>,
    ) -> Self {
        let (answers, answered) = mpsc::unbounded_channel();
        Self {
            subjects,
            gate: Gate::new(accept),
            carrier,
            told,
            events,
            limit: AuditLimit::new(Instant::now()),
            answers,
            answered,
            under_way: JoinSet::new(),
            second: Instant::now(),
            received: 0,
        }
    }

    /// Waits for the next answer.
    ///
    /// # Cancel safety
    /// Safe.
    pub(super) async fn next(&mut self) -> LinkAnswer {
        loop {
            tokio::select! {
                biased;
                Some(answer) = self.answered.recv() => return answer,
                Some(_) = self.under_way.join_next() => self.gate.done(),
                else => std::future::pending::<()>().await,
            }
        }
    }

    /// Takes a request in. Its answer comes from [`Self::next`]; where there is no room for
    /// answers, a refusal has none.
    pub(super) fn receive(&mut self, message: &Message, has_room: bool) {
        while self.under_way.try_join_next().is_some() {
            self.gate.done();
        }
        let at = Instant::now();
        if at.saturating_duration_since(self.second) >= Duration::from_secs(1) {
            (self.second, self.received) = (at, 0);
        }
        self.received += 1;
        if self.received > RATE_MAX {
            self.limit.pass_over();
            return;
        }
        let Some(instance) = self.subjects.instance_of_command(&message.subject) else {
            return;
        };
        let now = SystemTime::now();
        let admitted = self.gate.admit(instance, message.size, &message.payload, now);
        match (admitted, &message.reply) {
            (Ok(request), Some(reply)) => self.begin(instance.to_owned(), request, reply.clone()),
            (Ok(request), None) => {
                self.gate.done();
                let why = LinkRefusal::Malformed("it names no subject for the answer".to_owned());
                self.refuse(instance, Some(&request.id), &why);
            }
            (Err((id, why)), reply) => {
                self.refuse(instance, id.as_deref(), &why);
                if let Some(to) = reply.as_ref().filter(|_| has_room) {
                    let (to, body) = (to.clone(), self.of_node(instance, why.answer(id.as_deref())));
                    self.answer(to, body);
                }
            }
        }
    }

    fn begin(&mut self, instance: String, request: LinkRequest, to: String) {
        let name = request::name_of(request.verb);
        let by = format!("`{name}` asked for over the link, by request {}", request.id);
        let Some(verb) = request.as_verb() else {
            self.gate.done();
            self.audit(Level::Info, &instance, by);
            let body = match self.told.status(&instance) {
                Some(status) => with_request(status, &request.id),
                None => LinkRefusal::NoSuchInstance.answer(Some(&request.id)),
            };
            let body = self.of_node(&instance, body);
            self.answer(to, body);
            return;
        };
        self.audit(Level::Info, &instance, by);
        let work = CommandWork {
            node: self.told.node().to_owned(),
            carrier: Arc::clone(&self.carrier),
            events: self.events.clone(),
            answers: self.answers.clone(),
            instance,
            request,
            to,
        };
        self.under_way.spawn(work.carry_out(verb));
    }

    fn refuse(&mut self, instance: &str, id: Option<&str>, why: &LinkRefusal) {
        let Some(untold) = self.limit.tell(Instant::now()) else {
            return;
        };
        let id = id.map_or_else(String::new, |id| format!(" {id}"));
        let more = match untold {
            0 => String::new(),
            count => format!("; {count} more were refused before it"),
        };
        let text = format!("a request{id} over the link was refused: {}{more}", why.in_words());
        self.audit(Level::Warning, instance, text);
    }

    fn audit(&self, level: Level, instance: &str, text: String) {
        audit(&self.events, level, instance, text);
    }

    fn of_node(&self, instance: &str, mut body: Value) -> Value {
        body["node"] = json!(self.told.node());
        body["id"] = json!(instance);
        body
    }

    fn answer(&self, to: String, body: Value) {
        // The other end is in this.
        let _ = self.answers.send(LinkAnswer { to, body });
    }
}

/// A request that is being carried out.
struct CommandWork {
    node: String,
    carrier: Arc<dyn Carrier>,
    events: UnboundedSender<ResidentEvent>,
    answers: UnboundedSender<LinkAnswer>,
    instance: String,
    request: LinkRequest,
    to: String,
}

impl CommandWork {
    async fn carry_out(self, verb: VerbRequest) {
        let (sender, mut events) = mpsc::unbounded_channel();
        let carrier = Arc::clone(&self.carrier);
        let asked = AskedVerb {
            request: self.request.id.clone(),
            expires: self.request.expires,
            verb,
        };
        let carried = carrier.carry_out(&self.instance, &asked, sender);
        tokio::pin!(carried);
        let result = loop {
            tokio::select! {
                biased;
                result = &mut carried => break result,
                Some(event) = events.recv() => self.progress(event),
            }
        };
        let (name, id) = (request::name_of(self.request.verb), &self.request.id);
        let (level, ended, body) = match result {
            Ok(result) => {
                let body = report::json::results(asked.verb.verb, std::slice::from_ref(&result));
                match result.error {
                    None => (Level::Info, "is done".to_owned(), body),
                    Some(failure) => (Level::Warning, format!("failed: {}", failure.message), body),
                }
            }
            Err(NotCarriedOut::NoSuchInstance(failure)) => {
                let mut body = report::json::failure(&failure);
                body["refused"] = json!(LinkRefusal::NoSuchInstance.as_str());
                (Level::Warning, format!("was refused: {}", failure.message), body)
            }
            Err(not) => {
                let why = match not {
                    NotCarriedOut::TooMany => LinkRefusal::Busy,
                    NotCarriedOut::Unproven(why) => LinkRefusal::Unproven(why),
                    _ => LinkRefusal::Replayed,
                };
                let told = format!("was refused: {}", why.in_words());
                (Level::Warning, told, why.answer(Some(id)))
            }
        };
        audit(
            &self.events,
            level,
            &self.instance,
            format!("`{name}` of request {id} {ended}"),
        );
        self.answer(body);
    }

    fn progress(&self, event: VerbEvent) {
        if !self.request.progress {
            return;
        }
        let (what, of) = match event {
            VerbEvent::Began { .. } => ("began", String::new()),
            VerbEvent::LockHeld { holder, .. } => ("waits_for", holder),
            VerbEvent::Awaiting { activity, .. } => ("awaiting", activity.awaiting),
            // No verb over a link spares players.
            VerbEvent::Told { .. } | VerbEvent::Done(_) => return,
        };
        self.answer(json!({ "schema": 1, "progress": what, "what": of }));
    }

    fn answer(&self, body: Value) {
        let mut body = with_request(body, &self.request.id);
        body["node"] = json!(self.node);
        body["id"] = json!(self.instance);
        let to = self.to.clone();
        // The link may have ended.
        let _ = self.answers.send(LinkAnswer { to, body });
    }
}

fn with_request(mut body: Value, request: &str) -> Value {
    body["request"] = json!(request);
    body
}

fn audit(events: &UnboundedSender<ResidentEvent>, level: Level, instance: &str, text: String) {
    // Whoever listened may have ended.
    let _ = events.send(ResidentEvent::Happened(LogEntry::now(level, Some(instance), text)));
}
