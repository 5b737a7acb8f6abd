//! Admin channels, as the model has them: how text reaches a game.

use std::fmt;
use std::path::PathBuf;

use super::address::HostPort;

/// A kind of admin channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelKind {
    /// Lines on the game's console. Always there; it never answers.
    Stdin,
    Rcon,
    /// JSON over a websocket, as Rust has it.
    Webrcon,
    Telnet,
    /// That of DayZ and Arma, over UDP.
    BattleyeRcon,
    /// That of Half-Life and its relatives, over UDP.
    GoldsrcRcon,
    /// That of Quake and its relatives, over UDP.
    QuakeRcon,
}

impl ChannelKind {
    /// The kinds over the network, in the order in which one is chosen.
    pub const REMOTES: [Self; 6] = [
        Self::Rcon,
        Self::Webrcon,
        Self::Telnet,
        Self::BattleyeRcon,
        Self::GoldsrcRcon,
        Self::QuakeRcon,
    ];

    /// Returns its name in the inventory.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stdin => "stdin",
            Self::Rcon => "rcon",
            Self::Webrcon => "webrcon",
            Self::Telnet => "telnet",
            Self::BattleyeRcon => "battleye_rcon",
            Self::GoldsrcRcon => "goldsrc_rcon",
            Self::QuakeRcon => "quake_rcon",
        }
    }

    /// Returns the kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        let stdin = (name == Self::Stdin.as_str()).then_some(Self::Stdin);
        stdin.or_else(|| Self::REMOTES.into_iter().find(|kind| kind.as_str() == name))
    }

    /// Returns true if it is spoken over UDP, and not over TCP.
    pub fn is_datagrams(self) -> bool {
        matches!(self, Self::BattleyeRcon | Self::GoldsrcRcon | Self::QuakeRcon)
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
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the text, for the one place where it is sent.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// The source of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// The text in the inventory, or in a variable that this names.
    Given(Secret),
    /// The first line of this file, read whenever it is needed. Absolute.
    File(PathBuf),
}

/// An admin channel over the network.
#[derive(Debug, Clone, PartialEq)]
pub struct Remote {
    /// The protocol; never stdin.
    pub kind: ChannelKind,
    pub address: HostPort,
    /// The password. Only telnet may do without.
    pub password: Option<Password>,
    /// The text that a telnet server sends before it listens, where known.
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
    /// Returns the network channel of that kind.
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
