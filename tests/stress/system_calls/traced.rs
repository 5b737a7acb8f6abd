//! gamectl as it is, except that a shim which it starts is run by another
//! program: by the words in `TRACED_SHIM`, one a line, such as those of an
//! `strace`. A shim is started from `/proc/self/exe`: that is this program here,
//! and leads to the real one. Where `TRACED_ONCE` names a file, that is made for
//! the first shim, and the next ones are none of that program's business.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use gamectl::process::shim::entry;

fn main() -> ExitCode {
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if words.first().is_none_or(|word| word != entry::HIDDEN_VERB) {
        return ExitCode::from(gamectl::commands::main());
    }
    // A shim has no environment. Its starter has, and waits for its answer.
    let environment = std::fs::read(format!("/proc/{}/environ", nix::unistd::getppid())).unwrap_or_default();
    let variable = |name: &[u8]| {
        environment
            .split(|byte| *byte == 0)
            .find_map(|entry| entry.strip_prefix(name))
    };
    let once = variable(b"TRACED_ONCE=").map(|path| File::create_new(OsStr::from_bytes(path)));
    let traced = variable(b"TRACED_SHIM=").filter(|_| !matches!(once, Some(Err(_))));
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
