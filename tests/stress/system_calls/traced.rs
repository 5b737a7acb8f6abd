//! gamectl as it is, except that a shim which it executes is run by another
//! program: by the words in `TRACED_SHIM`, one a line, such as those of an
//! `strace`; or its spawner is, by the words in `TRACED_SPAWNER`. Both are executed
//! from `/proc/self/exe`: that is this program here, and leads to the real one.
//! Where `TRACED_ONCE` names a file, it is made for the first one that is traced,
//! and the next ones are run as they are.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use gamectl::process::shim::{entry, spawner};

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let tracer: &[u8] = match words.first().and_then(|word| word.to_str()) {
        Some(entry::HIDDEN_VERB) => b"TRACED_SHIM=",
        Some(spawner::HIDDEN_VERB) => b"TRACED_SPAWNER=",
        _ => return ExitCode::from(gamectl::commands::main()),
    };
    // A shim has no environment. Its starter has, and waits for its answer.
    let environment = std::fs::read(format!("/proc/{}/environ", nix::unistd::getppid())).unwrap_or_default();
    let variable = |name: &[u8]| {
        environment
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(name))
    };
    let first = |_: &&[u8]| {
        let once = variable(b"TRACED_ONCE=").map(|path| File::create_new(OsStr::from_bytes(path)));
        !matches!(once, Some(Err(_)))
    };
    let traced = variable(tracer).filter(first);
    let mut tracer = traced.unwrap_or(b"/usr/bin/env").split(|byte| *byte == b'\n');
    let program = OsStr::from_bytes(tracer.next().unwrap_or_default());
    // .../examples/traced-gamectl, beside which the real one stands.
    let this = std::env::current_exe().unwrap_or_default();
    let beside = this.ancestors().nth(2).unwrap_or(Path::new("/"));
    // It is found by its plain name, as it is called by others; and whoever
    // follows it holds nothing of the test's folder.
    let _ = Command::new(program)
        .current_dir("/")
        .env("PATH", beside)
        .args(tracer.map(OsStr::from_bytes))
        .arg("gamectl")
        .args(&words)
        .exec();
    ExitCode::FAILURE
}
