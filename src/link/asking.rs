//! Verbs that are asked of other nodes: `start --nats`, `stop --nats`, `restart --nats`.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, interval};

use super::dial;
use super::remote_result::{self, RemoteWord};
use crate::event::{VerbEvent, VerbResult};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{NatsLink, is_subject_token, is_valid_id};
use crate::nats::{Message, NatsConnection, ServerOp};
use crate::supervisor::{Activity, VerbRequest};
use crate::sys::random;

/// The time that a node has to say that it begins. A request expires then, so that it is
/// not carried out when nobody waits for it any more.
const ANSWER: Duration = Duration::from_secs(10);

/// The time for which a server may say nothing: it is asked each second.
const SILENCE: Duration = Duration::from_secs(15);

/// An instance of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeInstance {
    node: String,
    id: String,
}

impl NodeInstance {
    /// Reads `NODE/ID`.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match text.split_once('/') {
            Some((node, id)) if is_subject_token(node) && is_valid_id(id) => Ok(Self {
                node: node.to_owned(),
                id: id.to_owned(),
            }),
            _ => Err(
                Failure::new(FailureKind::Usage, format!("`{text}` is not an instance of a node"))
                    .hint("with --nats an instance is named as `status --nats` shows it: NODE/ID"),
            ),
        }
    }

    pub fn name(&self) -> String {
        format!("{}/{}", self.node, self.id)
    }
}

/// A request that was sent.
struct Pending {
    name: String,
    node: String,
    request: String,
    is_heard: bool,
    result: Option<VerbResult>,
}

/// Asks for a verb on each of these, and waits until all have ended. Tells what is waited
/// for as events.
///
/// # Errors
/// When no server takes the connection: nothing was asked for then.
///
/// # Cancel safety
/// Dropped, what was asked for goes on.
pub async fn ask(
    link: &NatsLink,
    targets: &[NodeInstance],
    verb: &VerbRequest,
    events: UnboundedSender<VerbEvent>,
) -> Result<Vec<VerbResult>, Failure> {
    let connection = dial::open_any(link, &format!("gamectl {}", verb.verb.as_str())).await?;
    let mut asking = Asking {
        connection,
        inbox: format!("_INBOX.{}.", random::name()),
        pending: Vec::new(),
        events,
    };
    asking.begin(link, targets, verb);
    asking.wait().await;
    Ok(asking.into_results())
}

struct Asking {
    connection: NatsConnection,
    /// With its dot.
    inbox: String,
    pending: Vec<Pending>,
    events: UnboundedSender<VerbEvent>,
}

impl Asking {
    fn begin(&mut self, link: &NatsLink, targets: &[NodeInstance], verb: &VerbRequest) {
        self.connection.subscribe(&format!("{}*", self.inbox), 1);
        for (at, target) in targets.iter().enumerate() {
            let request = random::name();
            let body = body(&request, verb, SystemTime::now() + ANSWER);
            let subject = format!("{}.{}.{}.cmd", link.prefix, target.node, target.id);
            let reply = format!("{}{at}", self.inbox);
            self.connection
                .publish(&subject, Some(&reply), body.to_string().as_bytes());
            self.tell(VerbEvent::Began { id: target.name() });
            self.pending.push(Pending {
                name: target.name(),
                node: target.node.clone(),
                request,
                is_heard: false,
                result: None,
            });
        }
    }

    async fn wait(&mut self) {
        let begun = Instant::now();
        let mut heard = begun;
        let mut seconds = interval(Duration::from_secs(1));
        while self.pending.iter().any(|one| one.result.is_none()) {
            tokio::select! {
                op = self.connection.next() => {
                    heard = Instant::now();
                    match op {
                        Ok(ServerOp::Message(message)) => self.message(&message),
                        Ok(ServerOp::Error(why)) => self.fail_all(&format!("the server says: {why}")),
                        Ok(_) => {}
                        Err(error) => self.fail_all(&error.to_string()),
                    }
                }
                _ = seconds.tick() => {
                    self.connection.ping();
                    if heard.elapsed() > SILENCE {
                        self.fail_all("the server does not answer any more");
                    }
                    if begun.elapsed() >= ANSWER {
                        self.give_up();
                    }
                }
            }
        }
    }

    fn message(&mut self, message: &Message) {
        let at = message
            .subject
            .strip_prefix(&self.inbox)
            .and_then(|at| at.parse::<usize>().ok());
        let Some((at, one)) = at.and_then(|at| Some((at, self.pending.get_mut(at)?))) else {
            return;
        };
        if message.status == Some(503) {
            let failure = Failure::unknown(format!("no node `{}` takes requests", one.node));
            let failure = failure.hint("its `run` does not run, or is not linked, or `accept` of its link is empty");
            let result = VerbResult::failed(&one.name, failure);
            return self.finish(at, result);
        }
        let body = serde_json::from_slice::<Value>(&message.payload).unwrap_or_default();
        match remote_result::of_answer(&one.name, &one.request, &body) {
            None => {}
            Some(RemoteWord::Result(result)) => self.finish(at, result),
            Some(RemoteWord::Progress { waits_for_lock, what }) => {
                one.is_heard = true;
                let id = one.name.clone();
                match waits_for_lock {
                    true => self.tell(VerbEvent::LockHeld { id, holder: what }),
                    false if what.is_empty() => {}
                    false => self.tell(VerbEvent::Awaiting {
                        id,
                        activity: Activity::awaiting(what, None),
                    }),
                }
            }
        }
    }

    /// Gives those up that have not said that they begin.
    fn give_up(&mut self) {
        for at in 0..self.pending.len() {
            let Some(one) = self.pending.get(at).filter(|one| !one.is_heard && one.result.is_none()) else {
                continue;
            };
            let limit = humantime::format_duration(ANSWER);
            let failure = Failure::new(FailureKind::Timeout, format!("no answer within {limit}"))
                .hint("the request has expired: it is not carried out any more, unless its answer was lost");
            let result = VerbResult::failed(&one.name, failure);
            self.finish(at, result);
        }
    }

    fn fail_all(&mut self, why: &str) {
        for at in 0..self.pending.len() {
            let Some(one) = self.pending.get(at).filter(|one| one.result.is_none()) else {
                continue;
            };
            let failure = Failure::unknown(format!("the connection was lost: {why}"))
                .hint("what was asked for may be carried out all the same");
            let result = VerbResult::failed(&one.name, failure);
            self.finish(at, result);
        }
    }

    fn finish(&mut self, at: usize, result: VerbResult) {
        if let Some(one) = self.pending.get_mut(at)
            && one.result.is_none()
        {
            one.result = Some(result.clone());
            self.tell(VerbEvent::Done(result));
        }
    }

    fn tell(&self, event: VerbEvent) {
        // Without a listener it goes on all the same.
        let _ = self.events.send(event);
    }

    fn into_results(self) -> Vec<VerbResult> {
        self.pending.into_iter().filter_map(|one| one.result).collect()
    }
}

fn body(request: &str, verb: &VerbRequest, expires: SystemTime) -> Value {
    let mut body = json!({
        "id": request,
        "verb": verb.verb.as_str(),
        "expires": humantime::format_rfc3339_millis(expires).to_string(),
        "progress": true,
        "now": verb.now,
        "no_wait": verb.no_wait,
    });
    for (key, value) in [("timeout", verb.timeout), ("lock_wait", verb.lock_wait)] {
        if let Some(value) = value {
            body[key] = json!(humantime::format_duration(value).to_string());
        }
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Verb;
    use crate::link::request;

    #[test]
    fn an_instance_of_a_node_is_named_whole() {
        assert_eq!(
            NodeInstance::parse("Box-1/rust-main").unwrap().name(),
            "Box-1/rust-main"
        );
        for bad in ["rust-main", "/a", "box1/", "box1/*", "box.1/a", "a/b/c", "box1/A"] {
            assert_eq!(NodeInstance::parse(bad).unwrap_err().kind, FailureKind::Usage, "{bad}");
        }
    }

    #[test]
    fn a_node_reads_what_is_asked() {
        let verb = VerbRequest {
            now: true,
            timeout: Some(Duration::from_millis(90_500)),
            lock_wait: Some(Duration::ZERO),
            ..VerbRequest::new(Verb::Stop)
        };
        let body = body("r", &verb, SystemTime::now()).to_string();
        let read = request::parse(body.len(), body.as_bytes()).unwrap();
        assert_eq!((read.as_verb(), read.progress), (Some(verb), true));
    }
}
