//! What a starter tells a new shim: everything about one launch, in one
//! message. Both ends are the same program, so this has no history to bear.

use crate::inventory::LogSpec;
use crate::policy::stop::{Step, StepAction};
use crate::store::launch::{LogPosition, ReadyAt};
use crate::sys::exec::Ids;
use crate::sys::procfs::ProcessId;

/// What a shim is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// The instance.
    pub id: String,
    /// The number of this launch.
    pub generation: u64,
    /// Its stop chain, for when it must end without anybody asking.
    pub stop: Vec<Step>,
    /// The rotation of its console log.
    pub log: LogSpec,
    /// Whether the game has a pseudo-terminal.
    pub tty: bool,
    /// What the main process is known by, where a launcher starts it: a
    /// regular expression.
    pub main: Option<String>,
    /// Automatic restarts since somebody last started it.
    pub restarts: u32,
    /// Launch a game, or take over one that runs.
    pub mode: Mode,
}

/// Launch a game, or take over one that runs.
#[derive(Clone, PartialEq, Eq)]
pub enum Mode {
    /// Launch this program.
    Launch(Command),
    /// Take over this process, whose shim has died.
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
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    /// The file.
    pub path: Vec<u8>,
    /// The arguments, the program's name first.
    pub argv: Vec<Vec<u8>>,
    /// The whole environment, as `NAME=value`.
    pub envp: Vec<Vec<u8>>,
    /// The working directory.
    pub cwd: Vec<u8>,
    /// The user to become.
    pub ids: Option<Ids>,
    /// The file mode creation mask.
    pub umask: u32,
    /// In whose turn it is launched: see [`crate::store::lock::turn`].
    pub turn: Vec<u8>,
}

/// A game to take over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// Its main process.
    pub main: ProcessId,
    /// When it was launched, on the wall clock.
    pub launched_wall_ms: u64,
    /// When it was launched, on the boot-time clock.
    pub launched_boot_ms: u64,
    /// Where its output begins in the console log.
    pub log: LogPosition,
    /// When it became ready.
    pub ready: Option<ReadyAt>,
}

#[derive(Default)]
struct Packer(Vec<u8>);

impl Packer {
    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.u64(items.len() as u64);
        for item in items {
            each(self, item);
        }
    }
}

struct Unpacker<'a>(&'a [u8]);

impl Unpacker<'_> {
    fn u64(&mut self) -> Option<u64> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*head))
    }

    fn u32(&mut self) -> Option<u32> {
        u32::try_from(self.u64()?).ok()
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let len = usize::try_from(self.u64()?).ok()?;
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head.to_vec())
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    fn list<T>(&mut self, mut each: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let len = self.u64()?;
        // Each item takes a byte at least, so a false length ends early.
        (0..len).map(|_| each(self)).collect()
    }

    fn optional<T>(&mut self, each: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.u64()? {
            0 => Some(None),
            _ => each(self).map(Some),
        }
    }
}

impl Spec {
    /// Packs the message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut p = Packer::default();
        p.bytes(self.id.as_bytes());
        p.u64(self.generation);
        p.list(&self.stop, pack_step);
        p.u64(self.log.max_size);
        p.u64(self.log.keep.into());
        p.u64(self.tty.into());
        p.list(self.main.as_slice(), |p, main| p.bytes(main.as_bytes()));
        p.u64(self.restarts.into());
        match &self.mode {
            Mode::Launch(command) => {
                p.u64(0);
                pack_command(&mut p, command);
            }
            Mode::Adopt(adoption) => {
                p.u64(1);
                pack_adoption(&mut p, adoption);
            }
        }
        p.0
    }

    /// Unpacks the message; `None` when it is not one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut u = Unpacker(bytes);
        let spec = Self {
            id: u.text()?,
            generation: u.u64()?,
            stop: u.list(unpack_step)?,
            log: LogSpec {
                max_size: u.u64()?,
                keep: u.u32()?,
            },
            tty: u.u64()? != 0,
            main: u.optional(Unpacker::text)?,
            restarts: u.u32()?,
            mode: match u.u64()? {
                0 => Mode::Launch(unpack_command(&mut u)?),
                1 => Mode::Adopt(unpack_adoption(&mut u)?),
                _ => return None,
            },
        };
        u.0.is_empty().then_some(spec)
    }
}

fn pack_step(p: &mut Packer, step: &Step) {
    match &step.action {
        StepAction::Stdin(line) => {
            p.u64(0);
            p.bytes(line.as_bytes());
        }
        StepAction::Signal(signal) => {
            p.u64(1);
            p.u64(u64::from(signal.unsigned_abs()));
        }
        StepAction::Client => p.u64(2),
    }
    p.u64(step.wait_ms);
    p.bytes(step.label.as_bytes());
}

fn unpack_step(u: &mut Unpacker<'_>) -> Option<Step> {
    let action = match u.u64()? {
        0 => StepAction::Stdin(u.text()?),
        1 => StepAction::Signal(i32::try_from(u.u64()?).ok()?),
        2 => StepAction::Client,
        _ => return None,
    };
    Some(Step {
        action,
        wait_ms: u.u64()?,
        label: u.text()?,
    })
}

fn pack_command(p: &mut Packer, command: &Command) {
    p.bytes(&command.path);
    p.list(&command.argv, |p, word| p.bytes(word));
    p.list(&command.envp, |p, word| p.bytes(word));
    p.bytes(&command.cwd);
    p.u64(command.umask.into());
    p.bytes(&command.turn);
    p.u64(command.ids.is_some().into());
    if let Some(ids) = &command.ids {
        p.u64(ids.uid.into());
        p.u64(ids.gid.into());
        p.list(&ids.groups, |p, gid| p.u64((*gid).into()));
    }
}

fn unpack_command(u: &mut Unpacker<'_>) -> Option<Command> {
    Some(Command {
        path: u.bytes()?,
        argv: u.list(Unpacker::bytes)?,
        envp: u.list(Unpacker::bytes)?,
        cwd: u.bytes()?,
        umask: u.u32()?,
        turn: u.bytes()?,
        ids: u.optional(|u| {
            Some(Ids {
                uid: u.u32()?,
                gid: u.u32()?,
                groups: u.list(Unpacker::u32)?,
            })
        })?,
    })
}

fn pack_adoption(p: &mut Packer, adoption: &Adoption) {
    p.u64(u64::from(adoption.main.pid.unsigned_abs()));
    p.u64(adoption.main.start);
    p.u64(adoption.launched_wall_ms);
    p.u64(adoption.launched_boot_ms);
    p.u64(adoption.log.inode);
    p.u64(adoption.log.offset);
    p.u64(adoption.ready.is_some().into());
    if let Some(ready) = adoption.ready {
        p.u64(ready.boot_ms);
        p.u64(ready.wall_ms);
    }
}

fn unpack_adoption(u: &mut Unpacker<'_>) -> Option<Adoption> {
    Some(Adoption {
        main: ProcessId {
            pid: i32::try_from(u.u64()?).ok().filter(|pid| *pid > 1)?,
            start: u.u64()?,
        },
        launched_wall_ms: u.u64()?,
        launched_boot_ms: u.u64()?,
        log: LogPosition {
            inode: u.u64()?,
            offset: u.u64()?,
        },
        ready: u.optional(|u| {
            Some(ReadyAt {
                boot_ms: u.u64()?,
                wall_ms: u.u64()?,
            })
        })?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn word() -> impl Strategy<Value = Vec<u8>> {
        vec(any::<u8>(), 0..20)
    }

    fn step() -> impl Strategy<Value = Step> {
        let action = prop_oneof![
            ".*".prop_map(StepAction::Stdin),
            (1..64).prop_map(StepAction::Signal),
            Just(StepAction::Client)
        ];
        (action, any::<u64>(), ".*").prop_map(|(action, wait_ms, label)| Step { action, wait_ms, label })
    }

    fn mode() -> impl Strategy<Value = Mode> {
        let ids = proptest::option::of((any::<u32>(), any::<u32>(), vec(any::<u32>(), 0..4)));
        let launch = (
            word(),
            vec(word(), 0..4),
            vec(word(), 0..4),
            word(),
            ids,
            0_u32..0o1000,
            word(),
        )
            .prop_map(|(path, argv, envp, cwd, ids, umask, turn)| {
                Mode::Launch(Command {
                    path,
                    argv,
                    envp,
                    cwd,
                    ids: ids.map(|(uid, gid, groups)| Ids { uid, gid, groups }),
                    umask,
                    turn,
                })
            });
        let adopt = (2..i32::MAX, any::<[u64; 7]>(), any::<bool>()).prop_map(|(pid, n, ready)| {
            Mode::Adopt(Adoption {
                main: ProcessId { pid, start: n[0] },
                launched_wall_ms: n[1],
                launched_boot_ms: n[2],
                log: LogPosition {
                    inode: n[3],
                    offset: n[4],
                },
                ready: ready.then_some(ReadyAt {
                    boot_ms: n[5],
                    wall_ms: n[6],
                }),
            })
        });
        prop_oneof![launch, adopt]
    }

    proptest! {
        #[test]
        fn every_spec_survives_and_no_part_of_one_does(
            generation: u64,
            stop in vec(step(), 0..4),
            max_size: u64,
            keep: u32,
            tty: bool,
            main in proptest::option::of(".*"),
            mode in mode(),
            cut in 0_usize..200,
        ) {
            let log = LogSpec { max_size, keep };
            let spec = Spec { id: "a".into(), generation, stop, log, tty, main, restarts: 3, mode };
            let bytes = spec.to_bytes();
            prop_assert_eq!(Spec::from_bytes(&bytes), Some(spec));
            if cut < bytes.len() {
                prop_assert_eq!(Spec::from_bytes(&bytes[..cut]), None);
            }
        }

        #[test]
        fn any_bytes_are_answered(bytes in vec(any::<u8>(), 0..200)) {
            let _ = Spec::from_bytes(&bytes);
        }
    }
}
