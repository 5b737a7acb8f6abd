//! A connection to one of the servers of a link.

use std::time::Duration;

use tokio::time::timeout;

use super::access;
use crate::failure::{Failure, FailureKind};
use crate::inventory::{NatsLink, NatsServer};
use crate::nats::NatsConnection;

/// The time that a server has to take a connection.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Connects to one server, as `name`.
///
/// # Errors
/// With the reason, where there is one in the server's own words.
pub(super) async fn open(link: &NatsLink, server: &NatsServer, name: &str) -> Result<NatsConnection, Failure> {
    let credentials = access::credentials(link.login.as_ref()).await?;
    let opened = timeout(
        CONNECT,
        NatsConnection::open(server, link.tls.as_ref(), &credentials, name),
    )
    .await;
    opened.unwrap_or_else(|_| Err(Failure::failed("it did not answer in time")))
}

/// Connects to the first server that takes it.
///
/// # Errors
/// When none does, with the reason of the last one.
pub(super) async fn open_any(link: &NatsLink, name: &str) -> Result<NatsConnection, Failure> {
    let mut last = Failure::failed("`servers` of the link is empty");
    for server in &link.servers {
        match open(link, server, name).await {
            Ok(connection) => return Ok(connection),
            Err(failure) => {
                let message = format!("nats://{}: {}", server.address, failure.message);
                last = Failure { message, ..failure };
            }
        }
    }
    // What the servers of others would say is not known.
    Err(Failure {
        kind: FailureKind::Unknown,
        ..last
    })
}
