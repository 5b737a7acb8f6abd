//! Admin channels, as the model has them: how text reaches a game.

use std::fmt;
use std::path::PathBuf;

use super::address::HostPort;

/// A kind of admin channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// Lines on the game's console. Always there; it never answers.
    Stdin,
    /// Source RCON, over TCP.
    Rcon,
    /// JSON over a websocket, as Rust has it.
    Webrcon,
    /// Lines over TCP.
    Telnet,
}

impl ChannelKind {
    /// Its name in the inventory.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdin => "stdin",
            Self::Rcon => "rcon",
            Self::Webrcon => "webrcon",
            Self::Telnet => "telnet",
        }
    }

    /// The kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Stdin, Self::Rcon, Self::Webrcon, Self::Telnet];
        all.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for ChannelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a text a secret.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place where it is sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// Where a password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// It stands in the inventory, or in a variable that this names.
    Given(Secret),
    /// The first line of this file, read whenever it is needed. Absolute.
    File(PathBuf),
}

/// An admin channel over the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    /// What is spoken; never stdin.
    pub kind: ChannelKind,
    /// Where it listens.
    pub address: HostPort,
    /// What opens it. Only telnet may do without.
    pub password: Option<Password>,
    /// What a telnet server says before it listens, where that is known.
    pub greeting: Option<String>,
}

/// The admin channels of one instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Channels {
    /// Those over the network, at most one of each kind.
    pub remotes: Vec<Remote>,
    /// The one that `send` uses; it is there.
    pub admin: ChannelKind,
}

impl Default for Channels {
    fn default() -> Self {
        Self {
            remotes: Vec::new(),
            admin: ChannelKind::Stdin,
        }
    }
}

impl Channels {
    /// The network channel of that kind.
    pub fn get(&self, kind: ChannelKind) -> Option<&Remote> {
        self.remotes.iter().find(|remote| remote.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let given = Password::Given(Secret::new("hunter2".into()));
        assert_eq!(format!("{given:?}"), "Given([hidden])");
        let Password::Given(secret) = given else { panic!() };
        assert_eq!(secret.reveal(), "hunter2");
    }
}
