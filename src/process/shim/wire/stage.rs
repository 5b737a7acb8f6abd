//! The stages of a launch at which it may fail.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::de::{IntoDeserializer, value};

use crate::sys::exec::ChildStage;

/// A stage of a launch: of the shim's own work, or of its child's on the way to
/// the game.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
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

impl fmt::Display for LaunchStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

impl FromStr for LaunchStage {
    type Err = value::Error;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::deserialize(word.into_deserializer())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_the_word_that_it_is_read_from() {
        for word in ["exec", "cwd", "previous", "fifo"] {
            assert_eq!(word.parse::<LaunchStage>().unwrap().to_string(), word);
        }
        assert!("dance".parse::<LaunchStage>().is_err());
    }
}
