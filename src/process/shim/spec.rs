//! The message of a starter to a new shim: everything about one launch. Both
//! ends are the same program, so its form may change at any time.

use serde::{Deserialize, Serialize};

use crate::inventory::{LogSpec, StopStep};
use crate::store::launch::{LogPosition, ReadyAt};
use crate::sys::exec::Ids;
use crate::sys::procfs::ProcessId;

/// The task of a shim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    pub id: String,
    pub generation: u64,
    /// The chain for a stop that no gamectl asks for, such as a SIGTERM.
    pub stop: Vec<StopStep>,
    pub log: LogSpec,
    /// True where the game has a pseudo-terminal.
    pub tty: bool,
    /// A regular expression that finds the main process where a launcher starts
    /// it.
    pub main: Option<String>,
    /// The automatic restarts since the last start by a person.
    pub restarts: u32,
    /// The number of the definition that it is started from.
    pub entry: Option<u32>,
    pub mode: Mode,
}

/// Launch a game, or take over one that runs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    Launch(Command),
    /// Take over a process whose shim has died.
    Adopt(Adoption),
}

impl std::fmt::Debug for Mode {
    // Arguments and environment may carry secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Launch(command) => write!(f, "Launch({})", command.path.escape_ascii()),
            Self::Adopt(adoption) => adoption.fmt(f),
        }
    }
}

/// A program to launch, byte for byte as it will be executed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    pub path: Vec<u8>,
    /// The arguments, the program's name first.
    pub argv: Vec<Vec<u8>>,
    /// The whole environment, as `NAME=value`.
    pub envp: Vec<Vec<u8>>,
    pub cwd: Vec<u8>,
    pub ids: Option<Ids>,
    pub umask: u32,
    /// Its `oom_score_adj`, where it does not inherit the right one.
    pub oom_score: Option<String>,
    /// The number of files that it may have open; `None` leaves the limit as it is.
    pub nofile: Option<u64>,
    pub nice: Option<i8>,
    /// The token in its environment: see [`crate::store::launch::token_entry`].
    pub token: String,
    /// The fencing token of the verb that launches it: see
    /// [`crate::store::lock::fencing_token`].
    pub fencing_token: Vec<u8>,
}

/// A game to take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    pub main: ProcessId,
    pub launched_wall_ms: u64,
    pub launched_boot_ms: u64,
    /// The place where its output begins in the console log.
    pub log: LogPosition,
    pub ready: Option<ReadyAt>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_launch_survives_byte_for_byte_and_no_part_of_one_does() {
        let spec = Spec {
            id: "a".into(),
            generation: 3,
            stop: crate::inventory::default_stop_chain(),
            log: LogSpec { max_size: 5, keep: 1 },
            tty: true,
            main: Some("Game\\.exe$".into()),
            restarts: 2,
            entry: Some(7),
            mode: Mode::Launch(Command {
                path: b"/bin/\xff".to_vec(),
                argv: vec![Vec::new(), (1..=255).collect()],
                envp: vec![b"A=\xc3\x28\n".to_vec()],
                cwd: b"/".to_vec(),
                ids: Some(Ids {
                    uid: 1,
                    gid: 2,
                    groups: vec![3],
                }),
                umask: 0o22,
                oom_score: Some("300".into()),
                nofile: Some(4096),
                nice: Some(-5),
                token: "ab".into(),
                fencing_token: b"turn".to_vec(),
            }),
        };
        let bytes = serde_json::to_vec(&spec).unwrap();
        assert_eq!(serde_json::from_slice::<Spec>(&bytes).unwrap(), spec);
        for cut in 0..bytes.len() {
            assert!(serde_json::from_slice::<Spec>(&bytes[..cut]).is_err());
        }
    }
}
