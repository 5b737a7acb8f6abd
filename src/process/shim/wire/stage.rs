//! The stages of a launch at which it may fail.

use std::fmt;
use std::str::FromStr;

use crate::sys::exec::ChildStage;

/// A stage of a launch: of the shim's own work, or of its child's on the way to
/// the game.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaunchStage {
    Shim,
    Intent,
    Lock,
    /// The launch record and what stands in it.
    Record,
    /// The look whether a game of the last launch still runs.
    Previous,
    /// The space that is reserved for the exit record.
    Exit,
    Socket,
    Memory,
    Pipe,
    Fifo,
    Fork,
    /// The search for the processes of a game that is taken over.
    Tree,
    Terminal,
    Session,
    Stdio,
    Groups,
    User,
    Cwd,
    Gate,
    Exec,
}

const WORDS: [(LaunchStage, &str); 20] = [
    (LaunchStage::Shim, "shim"),
    (LaunchStage::Intent, "intent"),
    (LaunchStage::Lock, "lock"),
    (LaunchStage::Record, "record"),
    (LaunchStage::Previous, "previous"),
    (LaunchStage::Exit, "exit"),
    (LaunchStage::Socket, "socket"),
    (LaunchStage::Memory, "memory"),
    (LaunchStage::Pipe, "pipe"),
    (LaunchStage::Fifo, "fifo"),
    (LaunchStage::Fork, "fork"),
    (LaunchStage::Tree, "tree"),
    (LaunchStage::Terminal, "terminal"),
    (LaunchStage::Session, "session"),
    (LaunchStage::Stdio, "stdio"),
    (LaunchStage::Groups, "groups"),
    (LaunchStage::User, "user"),
    (LaunchStage::Cwd, "cwd"),
    (LaunchStage::Gate, "gate"),
    (LaunchStage::Exec, "exec"),
];

impl fmt::Display for LaunchStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS.iter().find(|(stage, _)| stage == self);
        f.write_str(word.map_or("", |(_, word)| word))
    }
}

impl FromStr for LaunchStage {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let known = WORDS.iter().find(|(_, word)| *word == text);
        known.map(|(stage, _)| *stage).ok_or(())
    }
}

impl From<ChildStage> for LaunchStage {
    fn from(stage: ChildStage) -> Self {
        match stage {
            ChildStage::Session => Self::Session,
            ChildStage::Terminal => Self::Terminal,
            ChildStage::Stdio => Self::Stdio,
            ChildStage::Groups => Self::Groups,
            ChildStage::User => Self::User,
            ChildStage::Cwd => Self::Cwd,
            ChildStage::Gate => Self::Gate,
            ChildStage::Exec => Self::Exec,
        }
    }
}
