//! A client of NATS: as much of its protocol as the link needs.
//!
//! # Theory of operation
//!
//! A [`NatsConnection`] is one connection to one server. It never reconnects by itself and
//! keeps nothing for later: whoever uses it decides what is still worth sending when it
//! is lost, so that nothing old is delivered behind his back. What is published goes into
//! a buffer; [`NatsConnection::next`] writes that and reads, whichever can be done, and can be
//! dropped at any time. A `PONG` proves that the server has read all that was published
//! before its `PING`.
//!
//! The protocol: <https://docs.nats.io/reference/reference-protocols/nats-protocol>.

mod connection;
mod credentials;
mod decoder;
mod encode;
#[cfg(fuzzing)]
pub mod fuzzing;
mod nkey;
mod op;
mod stream;

pub use connection::NatsConnection;
pub use credentials::Credentials;
pub use op::{Message, ServerInfo, ServerOp};
