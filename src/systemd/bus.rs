//! A conversation with a service manager over D-Bus.

use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Semaphore;
use zbus::connection::Builder;
use zbus::export::futures_core::Stream;
use zbus::message::Message;
use zbus::{Connection, DynamicType, MessageStream, OwnedObjectPath};

use super::bus_failure::BusFailure;
use super::manager::Manager;
use super::properties::UnitProperties;

const SERVICE: &str = "org.freedesktop.systemd1";
const INTERFACE: &str = "org.freedesktop.systemd1.Manager";
const MANAGER: &str = "/org/freedesktop/systemd1";
const UNITS: &str = "/org/freedesktop/systemd1/unit";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";

/// The signals that tell of changes.
const CHANGED: &str = "PropertiesChanged";
const REMOVED: &str = "UnitRemoved";
const RELOADING: &str = "Reloading";

/// The signal at the end of a job. systemd sends it also to those who have not
/// subscribed to its signals, while a job of theirs runs.
const JOB_REMOVED: &str = "JobRemoved";

/// The most calls that await their replies at a time. The bus of a host refuses more than
/// 128 of one connection (`max_replies_per_connection` of dbus-daemon), and each look at a
/// unit is one.
const AT_ONCE: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Bus {
    connection: Connection,
    turns: Arc<Semaphore>,
}

impl Bus {
    pub(super) async fn open(manager: &Manager) -> zbus::Result<Self> {
        let builder = match manager {
            Manager::Host => Builder::system(),
            Manager::User(socket) => {
                let stream = tokio::net::UnixStream::connect(socket).await;
                Builder::unix_stream(stream.and_then(tokio::net::UnixStream::into_std)?)
            }
        };
        let bus = Self::over(builder.build().await?);
        bus.match_signals(&format!("interface='{INTERFACE}',member='{JOB_REMOVED}'"))
            .await?;
        Ok(bus)
    }

    /// Reaches the service manager of the host, with all of its signals about units.
    pub(super) async fn of_host() -> Result<Self, BusFailure> {
        let bus = Self::open(&Manager::Host).await?;
        bus.subscribe().await?;
        Ok(bus)
    }

    /// Reaches the service manager of a user over a connection to his bus, with all of its
    /// signals about units.
    pub(super) async fn of_user(uid: u32, stream: UnixStream) -> Result<Self, BusFailure> {
        let bus = Self::over(Builder::unix_stream(stream).user_id(uid).build().await?);
        bus.match_signals(&format!("interface='{INTERFACE}',member='{JOB_REMOVED}'"))
            .await?;
        bus.subscribe().await?;
        Ok(bus)
    }

    fn over(connection: Connection) -> Self {
        Self {
            connection,
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    async fn subscribe(&self) -> zbus::Result<()> {
        for rule in [
            format!("interface='{PROPERTIES}',member='{CHANGED}',path_namespace='{UNITS}'"),
            format!("interface='{INTERFACE}',member='{REMOVED}'"),
            format!("interface='{INTERFACE}',member='{RELOADING}'"),
        ] {
            self.match_signals(&rule).await?;
        }
        self.call("Subscribe", &()).await.map(drop)
    }

    async fn match_signals(&self, rule: &str) -> zbus::Result<()> {
        let bus = "org.freedesktop.DBus";
        let rule = format!("type='signal',sender='{SERVICE}',{rule}");
        let matched = self
            .connection
            .call_method(Some(bus), "/org/freedesktop/DBus", Some(bus), "AddMatch", &rule);
        matched.await.map(drop)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    pub(super) async fn call(&self, method: &str, body: &(impl Serialize + DynamicType)) -> zbus::Result<Message> {
        let _turn = self.turns.acquire().await;
        self.connection
            .call_method(Some(SERVICE), MANAGER, Some(INTERFACE), method, body)
            .await
    }

    /// Returns the properties of a unit, which systemd loads for that. One that is not
    /// there has some as well.
    pub(super) async fn properties(&self, unit: &str) -> zbus::Result<UnitProperties> {
        let path = unit_path(unit);
        let _turn = self.turns.acquire().await;
        let asked = self
            .connection
            .call_method(Some(SERVICE), path, Some(PROPERTIES), "GetAll", &"");
        asked.await?.body().deserialize()
    }

    /// Begins to listen to what changes.
    pub(super) fn changes(&self) -> UnitChanges {
        UnitChanges(MessageStream::from(&self.connection))
    }

    /// Calls a method that begins a job, and returns the result of the job: `done`
    /// where it was carried out.
    pub(super) async fn job(&self, method: &str, body: &(impl Serialize + DynamicType)) -> zbus::Result<String> {
        let mut messages = MessageStream::from(&self.connection);
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

/// A change that a service manager tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UnitChange {
    /// Of the unit with this path.
    Unit(String),
    /// Of any unit.
    All,
}

/// The changes that a service manager tells of.
pub(super) struct UnitChanges(MessageStream);

impl UnitChanges {
    /// Waits for the next one. Returns nothing once the connection is closed.
    pub(super) async fn next(&mut self) -> Option<UnitChange> {
        loop {
            let message = next(&mut self.0).await?.ok()?;
            let header = message.header();
            let change = match header.member().map(zbus::names::MemberName::as_str) {
                Some(CHANGED) => header.path().map(|path| UnitChange::Unit(path.as_str().to_owned())),
                Some(REMOVED) => {
                    let removed: zbus::Result<(String, OwnedObjectPath)> = message.body().deserialize();
                    removed.ok().map(|(_, path)| UnitChange::Unit(path.as_str().to_owned()))
                }
                Some(RELOADING) => Some(UnitChange::All),
                _ => None,
            };
            if change.is_some() {
                return change;
            }
        }
    }
}

/// Returns the path of the object that stands for a unit.
pub(super) fn unit_path(unit: &str) -> String {
    let mut path = format!("{UNITS}/");
    for (at, byte) in unit.bytes().enumerate() {
        match byte {
            b'0'..=b'9' if at == 0 => path.push_str(&format!("_{byte:02x}")),
            _ if byte.is_ascii_alphanumeric() => path.push(char::from(byte)),
            _ => path.push_str(&format!("_{byte:02x}")),
        }
    }
    path
}

async fn next(messages: &mut MessageStream) -> Option<zbus::Result<Message>> {
    std::future::poll_fn(|context| Pin::new(&mut *messages).poll_next(context)).await
}

#[cfg(test)]
mod tests {
    use super::unit_path;

    #[test]
    fn the_path_of_a_unit() {
        for (unit, path) in [
            ("ssh.service", "ssh_2eservice"),
            ("gs@eu-1.service", "gs_40eu_2d1_2eservice"),
            ("7days.service", "_37days_2eservice"),
            ("a7.service", "a7_2eservice"),
        ] {
            assert_eq!(unit_path(unit), format!("/org/freedesktop/systemd1/unit/{path}"));
        }
    }
}
