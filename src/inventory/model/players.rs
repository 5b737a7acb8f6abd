//! The way in which the players of a game are counted, where its probes do not.

use std::fmt;

use super::channels::Remote;
use super::http::HttpCheck;
use super::probe::Probe;

/// A way to count players.
#[derive(Debug, Clone, PartialEq)]
pub enum PlayersRule {
    /// A query whose answer tells it.
    Query(Box<Probe>),
    /// A line over an admin channel with replies.
    Line(Box<PlayersLine>),
    /// A request that is answered with JSON.
    Http(Box<PlayersRequest>),
    /// A command whose output tells it.
    Exec(Box<PlayersCommand>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct PlayersLine {
    pub remote: Remote,
    pub line: String,
    /// A valid regular expression with the group `online`, and perhaps `max`, that the
    /// reply matches.
    pub pattern: String,
}

#[derive(Clone, PartialEq)]
pub struct PlayersCommand {
    /// The program with its arguments; never empty. It is run where the game runs.
    pub argv: Vec<String>,
    /// A valid regular expression as that of [`PlayersLine`].
    pub pattern: String,
}

impl fmt::Debug for PlayersCommand {
    // The arguments of a command may carry secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = self.argv.first().map_or("", String::as_str);
        f.debug_struct("PlayersCommand")
            .field("program", &program)
            .field("pattern", &self.pattern)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct PlayersRequest {
    pub request: HttpCheck,
    /// The names of the fields on the way to the number, or to the list of players.
    pub online: Vec<String>,
    /// The way to the number that there is room for.
    pub max: Option<Vec<String>>,
}
