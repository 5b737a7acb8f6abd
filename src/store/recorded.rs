//! The files that version 0.1 left in a state directory, byte for byte. They
//! outlive the gamectl that wrote them: a change that fails here would no longer
//! recognise a running game, or report an exit. Facts may be added to a record;
//! what stands here is added to, never changed.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::ending::Exit;
use super::folder::InstanceDir;
use super::intent::{self, Intent};
use super::launch::{Launch, LogPosition, ReadyAt};
use super::plan::Plan;
use super::record::Durability;
use super::shim_status::{Phase, PreviousExit, SLOT, ShimStatus};
use super::testing::instance;
use super::{ending, launch, plan};
use crate::event::Want;
use crate::inventory::{LogSpec, StopAction, StopStep};
use crate::sys::host::Frame;
use crate::sys::procfs::ProcessId;
use crate::sys::reaper::Ending;

/// A record as it stands on the disk, without what pads it.
fn text(dir: &InstanceDir, name: &str) -> String {
    let text = std::fs::read_to_string(dir.path().join(name)).unwrap();
    format!("{}\n", text.trim_end_matches('\n'))
}

fn put(dir: &InstanceDir, name: &str, text: &str) {
    std::fs::write(dir.path().join(name), text).unwrap();
}

fn a_launch() -> Launch {
    Launch {
        generation: 7,
        frame: Frame {
            boot: "2f5e9c0e-1111-4222-8333-444455556666".into(),
            machine: "0123456789abcdef0123456789abcdef".into(),
            namespaces: "pid:4026531836 time:4026531834".into(),
        },
        shim: ProcessId {
            pid: 4320,
            start: 98_764,
        },
        main: ProcessId {
            pid: 4321,
            start: 98_765,
        },
        launched_wall_ms: 1_764_000_000_123,
        launched_boot_ms: 987_650,
        log: LogPosition { inode: 55, offset: 66 },
        output: 77,
        ready: Some(ReadyAt {
            boot_ms: 988_000,
            wall_ms: 1_764_000_000_456,
        }),
        restarts: 2,
        adopted: true,
        tree_tag: "GAMECTL_TREE=801-2f".into(),
        token: String::new(),
        users: Vec::new(),
    }
}

const LAUNCH: &str = "\
gamectl launch 1
generation 7
boot 2f5e9c0e-1111-4222-8333-444455556666
machine 0123456789abcdef0123456789abcdef
namespaces pid:4026531836 time:4026531834
shim 4320,98764
main 4321,98765
launched_wall_ms 1764000000123
launched_boot_ms 987650
log_inode 55
log_offset 66
output 77
restarts 2
adopted true
mark GAMECTL_TREE=801-2f
gamectl 0.1.0
ready_boot_ms 988000
ready_wall_ms 1764000000456
end 6692da0e
";

fn an_exit() -> Exit {
    Exit {
        generation: 7,
        boot: "2f5e9c0e".into(),
        ending: Some(Ending::Signal(9, true)),
        at_wall_ms: Some(1_764_000_000_789),
        requested: true,
        by_signal: false,
        ended_by: "signal: TERM".into(),
        oom_killed: true,
        was_ready: true,
        killed_leftovers: 3,
        lost_output: 4,
        note: "a\nb".into(),
    }
}

const EXIT: &str = "\
gamectl exit 1
generation 7
boot 2f5e9c0e
requested true
ended_by signal: TERM
oom_killed true
was_ready true
killed_leftovers 3
lost_output 4
note a\\nb
at_wall_ms 1764000000789
signal 9
core true
end 5f5462b6
";

fn a_plan() -> Plan {
    let step = |action, wait_ms| StopStep {
        action,
        wait: Duration::from_millis(wait_ms),
        expect: None,
    };
    Plan {
        stop: vec![
            step(StopAction::Named("rcon: save".into()), 10_000),
            step(StopAction::Stdin("quit".into()), 5_000),
            step(StopAction::Signal(Signal::SIGINT), 60_000),
        ],
        log: LogSpec {
            max_size: 52_428_800,
            keep: 5,
        },
        tty: true,
        main: Some("Game\\.exe$".into()),
        entry: None,
        entry_keys: Vec::new(),
    }
}

const PLAN: &str = "\
gamectl plan 1
log_max_size 52428800
log_keep 5
tty true
main Game\\\\.exe$
step_label rcon: save
step 10000 client 
step_label stdin: quit
step 5000 stdin quit
step_label signal: INT
step 60000 signal 2
end eb75fd19
";

#[test]
fn what_was_written_then_is_read_now() {
    let (_tmp, dir) = instance();
    put(&dir, "launch", LAUNCH);
    put(&dir, "exit", EXIT);
    put(&dir, "plan", PLAN);
    std::os::unix::fs::symlink("1,running,1764000000123,1000,f8f2d47c", dir.path().join("intent")).unwrap();
    assert_eq!(launch::read(&dir).unwrap(), Some(a_launch()));
    assert_eq!(ending::read(&dir).unwrap(), Some(an_exit()));
    assert_eq!(plan::read(&dir).unwrap(), Some(a_plan()));
    let wish = Intent {
        want: Want::Running,
        at_ms: 1_764_000_000_123,
        uid: 1000,
        boot: 0xf8f2_d47c,
    };
    assert_eq!(intent::read(&dir).unwrap(), Some(wish));
}

#[test]
fn what_is_written_now_was_written_then() {
    let (_tmp, dir) = instance();
    launch::write(&dir, &a_launch()).unwrap();
    ending::write(&dir, ending::reserve(&dir).ok().as_ref(), &an_exit(), Durability::Now).unwrap();
    plan::write(&dir, &a_plan()).unwrap();
    let facts = |text: &str| -> Vec<String> {
        let kept = text
            .lines()
            .filter(|line| !line.starts_with("end ") && !line.starts_with("gamectl 0"));
        kept.map(str::to_owned).collect()
    };
    for (name, recorded) in [("launch", LAUNCH), ("exit", EXIT), ("plan", PLAN)] {
        let now = facts(&text(&dir, name));
        for fact in facts(recorded) {
            assert!(now.contains(&fact), "{name}: {fact:?} is not in {now:#?}");
        }
    }
}

/// The slot of a living shim in the status table.
#[test]
fn a_slot_of_the_status_table() {
    let status = ShimStatus {
        id: "rust-main".into(),
        phase: Phase::Stopping,
        phase_wall_ms: 1,
        generation: 7,
        shim_pid: 4320,
        main: ProcessId {
            pid: 4321,
            start: 98_765,
        },
        main_ended: false,
        launched_wall_ms: 2,
        launched_boot_ms: 3,
        ready: Some(ReadyAt { boot_ms: 4, wall_ms: 5 }),
        restarts: 6,
        adopted: true,
        lost_output: 8,
        unmarked_output: 0,
        past: Some(PreviousExit {
            ending: Some(Ending::Code(9)),
            at_wall_ms: Some(10),
            requested: true,
            oom_killed: false,
        }),
        step: "signal: TERM".into(),
        step_since_ms: 11,
        step_limit_ms: 12,
        entry: None,
    };
    let bytes = status.to_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, SLOT_THEN.replace('\n', ""));
    assert_eq!((bytes.len(), ShimStatus::from_bytes(&bytes)), (SLOT, Some(status)));
}

const SLOT_THEN: &str = "\
09727573742d6d61696e0000000000000000000000000000000000000000000000000000000000000000000000000000
00000000000000000000000000000000032f01000000000000000700000000000000e0100000e1100000cd8101000000
000002000000000000000300000000000000040000000000000005000000000000000600000008000000000000000109
0000000a000000000000000c7369676e616c3a205445524d000000000000000000000000000000000000000000000000
0000000000000000000000000b000000000000000c000000000000000000000000000000000000000000000000000000
000000000000000000000000324b3c86";
