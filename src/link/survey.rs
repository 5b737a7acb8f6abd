//! The link looked over without a `run`: whether a server takes the connection, and whether
//! streams of it keep requests.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;

use super::dial;
use super::last_states;
use super::subjects::{Subjects, node_of_host};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::NatsLink;
use crate::nats::{NatsConnection, ServerOp};
use crate::sys::random;

const ABOUT: &str = "link";

/// The time that a server has to answer about its streams. One that forbids the question
/// answers with an error at once.
const ANSWER: Duration = Duration::from_secs(5);

/// Returns what is found of a link. Nothing is published but a question to the server.
///
/// # Cancel safety
/// Safe.
pub async fn survey(link: &NatsLink) -> Vec<Finding> {
    let mut connection = match dial::open_any(link, "gamectl check").await {
        Ok(connection) => connection,
        Err(failure) => {
            let failure = Failure {
                message: format!("no server of it takes the connection: {}", failure.message),
                ..failure
            };
            let finding = Finding::warning(ABOUT, failure.message);
            return vec![match failure.hint {
                Some(hint) => finding.hint(hint),
                None => finding,
            }];
        }
    };
    let version = &connection.info().version;
    let mut found = vec![Finding::ok(
        ABOUT,
        format!("nats-server {version} takes the connection"),
    )];
    if !link.accept.is_empty() && connection.info().jetstream {
        found.extend(match captures(link, &mut connection).await {
            Ok(captured) => captured.map(|what| {
                let hint = "take the subjects `PREFIX.*.*.cmd` out of that stream";
                Finding::warning(ABOUT, what).hint(hint)
            }),
            Err(failure) => {
                let message = format!("whether its streams keep requests is not known: {}", failure.message);
                Some(Finding::warning(ABOUT, message))
            }
        });
    }
    found
}

/// Asks for the streams that keep requests to this node. Returns what is wrong with that.
async fn captures(link: &NatsLink, connection: &mut NatsConnection) -> Result<Option<String>, Failure> {
    let node = link.node.clone().unwrap_or_else(node_of_host);
    let commands = Subjects::new(&link.prefix, &node).commands();
    let inbox = format!("_INBOX.{}", random::name());
    connection.subscribe(&inbox, 1);
    let body = json!({ "subject": commands }).to_string();
    connection.publish("$JS.API.STREAM.NAMES", Some(&inbox), body.as_bytes());
    let answered = timeout(ANSWER, async {
        loop {
            match connection.next().await {
                Ok(ServerOp::Message(message)) if message.status == Some(503) => return Ok(None),
                Ok(ServerOp::Message(message)) => {
                    let answer = serde_json::from_slice(&message.payload).unwrap_or_default();
                    return Ok(last_states::captured(&answer));
                }
                Ok(ServerOp::Error(why)) => return Err(Failure::failed(format!("the server says: {why}"))),
                Ok(_) => {}
                Err(error) => return Err(Failure::failed(error.to_string())),
            }
        }
    });
    answered
        .await
        .unwrap_or_else(|_| Err(Failure::failed("the server did not answer in time")))
}
