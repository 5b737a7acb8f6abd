//! The words of a server.

use serde::Deserialize;

/// One word of a server.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerOp {
    Info(Box<ServerInfo>),
    Message(Message),
    Ping,
    Pong,
    /// An answer that only those get who ask for it.
    Ok,
    /// An error, in the server's own words.
    Error(String),
}

/// A server as it introduces itself.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct ServerInfo {
    pub version: String,
    /// The largest payload that it takes, in bytes.
    pub max_payload: usize,
    /// The text to be signed with a key.
    pub nonce: String,
    pub tls_required: bool,
    /// True if it keeps streams.
    pub jetstream: bool,
    /// True if it is about to end.
    pub ldm: bool,
}

impl Default for ServerInfo {
    fn default() -> Self {
        Self {
            version: String::new(),
            max_payload: 1 << 20,
            nonce: String::new(),
            tls_required: false,
            jetstream: false,
            ldm: false,
        }
    }
}

/// A message that was delivered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Message {
    pub subject: String,
    /// The number of the subscription.
    pub sid: u64,
    /// The subject of an answer.
    pub reply: Option<String>,
    /// The status in its headers; 503 means that nobody listens.
    pub status: Option<u16>,
    /// The size of the payload, in bytes.
    pub size: usize,
    /// The payload; empty if it is larger than what is kept.
    pub payload: Vec<u8>,
}
