//! The modes: what shape a server's processes take, and what it does wrong.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::dump::Given;
use crate::init;
use crate::life::{Life, Woken, append, print, say};
use crate::options::{Options, signal};
use crate::serve::{Manners, serve};
use crate::words::{again, die_by};
use crate::{LIFETIME_OVER, WRONG};

/// Runs the mode.
pub(crate) fn run(options: &Options, given: &Given) -> ExitCode {
    mode(options, given).unwrap_or_else(|problem| {
        say(&format!("awkward-game: {problem}"));
        ExitCode::from(2)
    })
}

fn mode(options: &Options, given: &Given) -> Result<ExitCode, String> {
    let mut manners = Manners::default();
    if options.undumpable {
        let hidden = rustix::process::DumpableBehavior::NotDumpable;
        rustix::process::set_dumpable_behavior(hidden).map_err(|error| error.to_string())?;
    }
    match options.mode.as_str() {
        "serve" | "boot" => {}
        "deaf" => manners.deaf = true,
        "no-read" => manners.no_read = true,
        "mute" => close_output(),
        "listen" => manners.port = Some(options.number(0)?),
        "hog" => hog(options.number(0)?),
        "zombie" => (0..options.number(0).unwrap_or(1)).try_for_each(|_: usize| zombie())?,
        "nonblock" => {
            if !nonblock()? {
                return Ok(ExitCode::from(WRONG));
            }
        }
        "beacon" | "dump" => return serve(&with_file(options)?, given, &manners),
        "tree" => return tree(options, given),
        "early" => return behind_gate(options, || Ok(ExitCode::from(options.number::<u8>(0)?))),
        "crash-early" => {
            let name = options.arguments.first().ok_or("an argument is missing")?;
            let signal = signal(name)?;
            return behind_gate(options, || {
                die_by(signal);
                Ok(ExitCode::from(WRONG))
            });
        }
        "flood" => {
            let (length, block) = options
                .block
                .map_or((options.line.unwrap_or(100), false), |len| (len, true));
            let total = options.number(0)?;
            let flooded = behind_gate(options, || {
                flood(total, length, block);
                Ok(ExitCode::SUCCESS)
            })?;
            if !options.then_serve {
                return Ok(flooded);
            }
        }
        "launcher" => {
            return behind_gate(options, || {
                let child = spawn(&options.inner(), Stdio::inherit())?;
                say(&format!("launcher: child {}", child.id()));
                Ok(ExitCode::from(options.code))
            });
        }
        "wrapper" => return wrapper(options),
        "daemonise" => return daemonise(options),
        "init" => return init::run(options),
        "daemonise-leader" => {
            nix::unistd::setsid().map_err(|error| error.to_string())?;
            spawn(&options.inner(), Stdio::inherit())?;
            return Ok(ExitCode::SUCCESS);
        }
        "session" => {
            // Fails for the leader of a group; whoever starts us so, knows.
            nix::unistd::setsid().map_err(|error| error.to_string())?;
            return Err(again().args(options.inner()).exec().to_string());
        }
        other => return Err(format!("no such mode: {other}")),
    }
    serve(options, given, &manners)
}

/// `beacon FILE` and `dump FILE` are `serve` with the flag of that name.
fn with_file(options: &Options) -> Result<Options, String> {
    let file = options.arguments.first().ok_or("an argument is missing")?;
    let words = std::env::args_os()
        .skip(2)
        .filter(|word| word.to_str() != Some(file.as_str()));
    let mut again = Options::parse(std::iter::once("serve".into()).chain(words))?;
    match options.mode.as_str() {
        "beacon" => again.beacon = Some(file.into()),
        _ => again.dump = Some(file.into()),
    }
    Ok(again)
}

/// Starts this program in another mode. Nobody waits for it.
pub(crate) fn spawn(arguments: &[OsString], stdin: Stdio) -> Result<Child, String> {
    again()
        .args(arguments)
        .stdin(stdin)
        .spawn()
        .map_err(|error| error.to_string())
}

/// Closes stdout and stderr.
pub(crate) fn close_output() {
    let _ = nix::unistd::close(1);
    let _ = nix::unistd::close(2);
}

/// Does something that needs no console, after the gate, if there is one.
fn behind_gate(options: &Options, act: impl FnOnce() -> Result<ExitCode, String>) -> Result<ExitCode, String> {
    if let Some(line) = &options.say {
        say(line);
    }
    if let Some(gate) = &options.gate {
        let life = Life::new(&[])?;
        let ended = life.wait_for_gate(gate, |woken| match woken {
            Woken::Signal(_) => Some(ExitCode::from(options.code)),
            Woken::LifetimeOver => Some(ExitCode::from(LIFETIME_OVER)),
            Woken::Readable(_) => None,
        });
        if let Some(code) = ended {
            return Ok(code);
        }
    }
    act()
}

/// Writes `total` bytes of numbered lines, by one write a line, or by blocks.
pub(crate) fn flood(total: usize, length: usize, block: bool) {
    let line_length = if block { 100 } else { length.max(12) };
    let mut written = 0;
    let mut number = 0_u64;
    let mut chunk = Vec::new();
    while written < total {
        chunk.clear();
        while chunk.is_empty() || (block && chunk.len() < length) {
            let mut line = format!("{number:010} ");
            line.extend(std::iter::repeat_n('x', line_length - line.len() - 1));
            line.push('\n');
            chunk.extend_from_slice(line.as_bytes());
            number += 1;
        }
        chunk.truncate(total - written);
        print(&chunk);
        written += chunk.len();
    }
}

fn hog(mebibytes: usize) {
    // Touched page by page, and kept until the end.
    Box::leak(vec![1_u8; mebibytes << 20].into_boxed_slice());
    say(&format!("hog: {mebibytes} MiB"));
}

fn zombie() -> Result<(), String> {
    let child = spawn(&["early".into(), "0".into()], Stdio::null())?;
    let stat = format!("/proc/{}/stat", child.id());
    let life = Life::new(&[])?;
    while !fs::read_to_string(&stat).unwrap_or_default().contains(") Z ") {
        let _ = life.wait(&[], Some(Duration::from_millis(1)));
    }
    say(&format!("zombie {}", child.id()));
    Ok(())
}

/// Returns true when O_NONBLOCK on stdin leaves stdout alone.
fn nonblock() -> Result<bool, String> {
    let flags = |fd: &dyn std::os::fd::AsFd| {
        fcntl(fd.as_fd(), FcntlArg::F_GETFL)
            .map(OFlag::from_bits_retain)
            .map_err(|error| error.to_string())
    };
    let wanted = flags(&std::io::stdin())? | OFlag::O_NONBLOCK;
    fcntl(std::io::stdin(), FcntlArg::F_SETFL(wanted)).map_err(|error| error.to_string())?;
    let alone = !flags(&std::io::stdout())?.contains(OFlag::O_NONBLOCK);
    say(if alone {
        "nonblock: stdout unaffected"
    } else {
        "nonblock: stdout affected"
    });
    Ok(alone)
}

/// A launch script that waits for its server and passes on no signal.
fn wrapper(options: &Options) -> Result<ExitCode, String> {
    let mut child = spawn(&options.inner(), Stdio::inherit())?;
    say(&format!("wrapper: child {}", child.id()));
    let status = child.wait().map_err(|error| error.to_string())?;
    Ok(ExitCode::from(shell_code(status)))
}

pub(crate) fn shell_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)
}

/// The leader of a new session starts the server and is gone, then so are we.
fn daemonise(options: &Options) -> Result<ExitCode, String> {
    let leader = again()
        .args(["daemonise-leader", "--"])
        .args(options.inner())
        .status()
        .map_err(|error| error.to_string())?;
    say("daemonise: parent ends");
    Ok(ExitCode::from(shell_code(leader)))
}

/// Starts the branches of the tree, then serves. Only the root has a console.
fn tree(options: &Options, given: &Given) -> Result<ExitCode, String> {
    let (depth, breadth) = (options.number::<u32>(0)?, options.number::<usize>(1)?);
    let root = !options.arguments.iter().any(|word| word == "branch");
    let pids = options
        .pids
        .clone()
        .unwrap_or_else(|| format!("tree-{}.pids", std::process::id()).into());
    append(&pids, &std::process::id().to_string())?;
    for place in 0..if depth == 0 { 0 } else { breadth } {
        let mut words: Vec<OsString> = vec!["tree".into(), (depth - 1).to_string().into()];
        words.extend([
            breadth.to_string().into(),
            "branch".into(),
            "--pids".into(),
            pids.clone().into(),
        ]);
        let deaf = options.deaf || options.deaf_children;
        words.extend(deaf.then(|| "--deaf".into()));
        words.extend(options.scatter.then(|| "--scatter".into()));
        let mut command = again();
        match (options.scatter, place % 3) {
            (true, 0) => drop(command.args(["session", "--"])),
            (true, 1) => drop(command.process_group(0)),
            _ => {}
        }
        command
            .args(words)
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
    }
    if root {
        let all: usize = (0..=depth).map(|level| breadth.pow(level)).sum();
        wait_for_lines(&pids, all)?;
        say(&format!("tree: {all} processes"));
    }
    let manners = Manners {
        no_read: !root,
        ..Manners::default()
    };
    serve(options, given, &manners)
}

fn wait_for_lines(path: &Path, count: usize) -> Result<(), String> {
    let life = Life::new(&[])?;
    loop {
        let mut text = String::new();
        let read = fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text));
        read.map_err(|error| error.to_string())?;
        if text.lines().count() >= count {
            return Ok(());
        }
        if let Some(Woken::LifetimeOver) = life.wait(&[], Some(Duration::from_millis(2))) {
            return Err("the tree did not grow".to_owned());
        }
    }
}
