//! The harm that is done to all of them: kill -9, freezing, a full disk.

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::Soak;
use super::client::signal_child;
use super::seen::Seen;
use crate::support::Process;
use crate::support::random::Random;

/// One act after the other, until the time is over. What was frozen goes on,
/// and what was filled is emptied, before it returns.
pub(crate) fn chaos(soak: &Soak<'_>, mut random: Random, has_small_disk: bool) {
    while soak.goes_on() {
        std::thread::sleep(Duration::from_millis(20 + random.below(130) as u64));
        match random.below(12) {
            0..=2 => kill_shim(soak, &mut random),
            3..=5 => kill_game(soak, &mut random),
            6 | 7 => kill_command(soak, &mut random),
            8 => freeze_command(soak, &mut random),
            9 => freeze_shim(soak, &mut random),
            10 => freeze_game(soak, &mut random),
            _ if has_small_disk => fill(soak, &mut random),
            _ => {}
        }
    }
}

fn nap(random: &mut Random) {
    std::thread::sleep(Duration::from_millis(30 + random.below(600) as u64));
}

fn some_shim(random: &mut Random) -> Option<(String, i32)> {
    let seen = Seen::now();
    (!seen.shims.is_empty()).then(|| random.choose(&seen.shims).clone())
}

fn some_game(random: &mut Random) -> Option<i32> {
    let seen = Seen::now();
    let games: Vec<i32> = seen.games.into_values().flatten().collect();
    (!games.is_empty()).then(|| *random.choose(&games))
}

fn kill_shim(soak: &Soak<'_>, random: &mut Random) {
    if let Some((id, pid)) = some_shim(random) {
        Process::signal(pid, Signal::SIGKILL);
        soak.journal.note(&format!("kill -9 the shim {pid} of {id}"));
    }
}

fn kill_game(soak: &Soak<'_>, random: &mut Random) {
    if let Some(pid) = some_game(random) {
        let signal = *random.choose(&[Signal::SIGKILL, Signal::SIGSEGV]);
        Process::signal(pid, signal);
        soak.journal.note(&format!("{signal} to {pid} of a game"));
    }
}

fn kill_command(soak: &Soak<'_>, random: &mut Random) {
    if soak.commands.signal(random, Signal::SIGKILL).is_some() {
        soak.journal.note("kill -9 a command");
    }
}

fn freeze_command(soak: &Soak<'_>, random: &mut Random) {
    if let Some(child) = soak.commands.signal(random, Signal::SIGSTOP) {
        soak.journal.note("freeze a command");
        nap(random);
        signal_child(&child, Signal::SIGCONT);
    }
}

fn freeze_shim(soak: &Soak<'_>, random: &mut Random) {
    if let Some((id, pid)) = some_shim(random) {
        Process::signal(pid, Signal::SIGSTOP);
        soak.journal.note(&format!("freeze the shim {pid} of {id}"));
        nap(random);
        Process::signal(pid, Signal::SIGCONT);
    }
}

fn freeze_game(soak: &Soak<'_>, random: &mut Random) {
    if let Some(pid) = some_game(random) {
        Process::signal(pid, Signal::SIGSTOP);
        soak.journal.note(&format!("freeze {pid} of a game"));
        nap(random);
        Process::signal(pid, Signal::SIGCONT);
    }
}

/// Takes all the room there is, for a while.
fn fill(soak: &Soak<'_>, random: &mut Random) {
    let path = soak.sandbox.state_dir().join("filling");
    soak.journal.note("the disk is full");
    // It ends with an error, for want of room.
    let _ = fs::File::create(&path).and_then(|mut file| std::io::copy(&mut std::io::repeat(0), &mut file));
    nap(random);
    let _ = fs::remove_file(&path);
    soak.journal.note("the disk has room");
}
