//! A conversation with a service manager over D-Bus.

use std::pin::{Pin, pin};

use serde::Serialize;
use zbus::connection::Builder;
use zbus::export::futures_core::Stream;
use zbus::message::Message;
use zbus::{Connection, DynamicType, MessageStream, OwnedObjectPath};

use super::manager::Manager;

const SERVICE: &str = "org.freedesktop.systemd1";
const INTERFACE: &str = "org.freedesktop.systemd1.Manager";

/// The signal at the end of a job. systemd sends it also to those who have not
/// subscribed to its signals, while a job of theirs runs.
const JOB_REMOVED: &str = "JobRemoved";

#[derive(Debug, Clone)]
pub(super) struct Bus(Connection);

impl Bus {
    pub(super) async fn open(manager: &Manager) -> zbus::Result<Self> {
        let builder = match manager {
            Manager::Host => Builder::system(),
            Manager::User(socket) => {
                let stream = tokio::net::UnixStream::connect(socket).await;
                Builder::unix_stream(stream.and_then(tokio::net::UnixStream::into_std)?)
            }
        };
        let connection = builder.build().await?;
        let rule = format!("type='signal',sender='{SERVICE}',interface='{INTERFACE}',member='{JOB_REMOVED}'");
        let bus = "org.freedesktop.DBus";
        connection
            .call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), "AddMatch", &rule)
            .await?;
        Ok(Self(connection))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    pub(super) async fn call(&self, method: &str, body: &(impl Serialize + DynamicType)) -> zbus::Result<Message> {
        let path = "/org/freedesktop/systemd1";
        self.0
            .call_method(Some(SERVICE), path, Some(INTERFACE), method, body)
            .await
    }

    /// Calls a method that begins a job, and returns the result of the job: `done`
    /// where it was carried out.
    pub(super) async fn job(&self, method: &str, body: &(impl Serialize + DynamicType)) -> zbus::Result<String> {
        let mut messages = MessageStream::from(&self.0);
        let mut call = pin!(self.call(method, body));
        let mut job = None;
        let mut removed: Vec<(OwnedObjectPath, String)> = Vec::new();
        loop {
            tokio::select! {
                reply = &mut call, if job.is_none() => {
                    job = Some(reply?.body().deserialize::<OwnedObjectPath>()?);
                }
                message = next(&mut messages) => {
                    let message = message.ok_or(zbus::Error::InvalidReply)??;
                    if message.header().member().is_some_and(|member| member.as_str() == JOB_REMOVED) {
                        let (_, path, _, result): (u32, OwnedObjectPath, String, String) = message.body().deserialize()?;
                        removed.push((path, result));
                    }
                }
            }
            let is_ours = |(path, _): &&(OwnedObjectPath, String)| Some(path) == job.as_ref();
            if let Some((_, result)) = removed.iter().find(is_ours) {
                return Ok(result.clone());
            }
        }
    }
}

async fn next(messages: &mut MessageStream) -> Option<zbus::Result<Message>> {
    std::future::poll_fn(|context| Pin::new(&mut *messages).poll_next(context)).await
}
