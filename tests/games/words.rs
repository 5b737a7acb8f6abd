//! The words of the console.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use nix::sys::signal::{Signal, raise};

use crate::dump::Given;
use crate::life::{print, say};
use crate::options::{number, signal};
use crate::shapes::{close_output, spawn};

/// The consequence of a line of the console.
pub(crate) enum Next {
    /// Nothing more.
    Stay,
    /// The end, with this code.
    End(ExitCode),
    /// Signals are ignored from now on.
    Deaf,
    /// The console is not read any more.
    NoRead,
}

/// Obeys one line.
pub(crate) fn obey(line: &str, given: &Given) -> Next {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "quit" => {
            say("bye");
            return Next::End(ExitCode::SUCCESS);
        }
        "exit" => return Next::End(ExitCode::from(number(rest).unwrap_or(2))),
        "deaf" => return Next::Deaf,
        "no-read" => return Next::NoRead,
        _ => {}
    }
    if let Err(problem) = act(word, rest, given) {
        say(&format!("{word}: {problem}"));
    }
    Next::Stay
}

fn act(word: &str, rest: &str, given: &Given) -> Result<(), String> {
    match word {
        "" => {}
        "crash" => die_by(Signal::SIGSEGV),
        "abort" => die_by(Signal::SIGABRT),
        "kill" => die_by(signal(rest)?),
        "freeze" => die_by(Signal::SIGSTOP),
        "say" => say(rest),
        // Not through a macro that panics when standard error is gone.
        "err" => drop(nix::unistd::write(std::io::stderr(), format!("{rest}\n").as_bytes())),
        "part" => print(rest.as_bytes()),
        "pid" => say(&format!("pid {}", std::process::id())),
        "ppid" => say(&format!("ppid {}", std::os::unix::process::parent_id())),
        "args" => say(&format!("args {:?}", std::env::args_os().collect::<Vec<_>>())),
        "env" => std::env::vars_os().for_each(|(name, value)| say(&format!("env {name:?}={value:?}"))),
        "cwd" => say(&format!("cwd {:?}", std::env::current_dir().unwrap_or_default())),
        "dump" => given.write(Path::new(rest))?,
        "touch" => std::fs::write(rest, "").map_err(|error| error.to_string())?,
        "flood" => crate::shapes::flood(number(rest)?, 100, false),
        "mute" => close_output(),
        "fork" => child("deaf", rest, false)?,
        "setsid" => child("deaf", rest, true)?,
        "zombie" => drop(spawn(&["early".into(), "0".into()], Stdio::null())?),
        _ => say(&format!("unknown word: {word}")),
    }
    Ok(())
}

/// Starts a process that nobody waits for, and says its pid.
fn child(default: &str, words: &str, session: bool) -> Result<(), String> {
    let words = if words.is_empty() { default } else { words };
    let mut arguments: Vec<_> = words.split(' ').map(Into::into).collect();
    if session {
        arguments.splice(0..0, ["session".into(), "--".into()]);
    }
    let started = spawn(&arguments, Stdio::null())?;
    say(&format!("child {}", started.id()));
    Ok(())
}

/// Sends a signal to this process alone, past all that might hold it back: the
/// runtime's own handler of SEGV swallows the first one, and those that are
/// handled here are blocked.
pub(crate) fn die_by(signal: Signal) {
    let mut mask = nix::sys::signal::SigSet::empty();
    mask.add(signal);
    let _ = mask.thread_unblock();
    let _ = raise(signal);
    if signal != Signal::SIGSTOP {
        let _ = raise(signal);
    }
}

/// This program, to be started again.
pub(crate) fn again() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("awkward-game");
    command
}
