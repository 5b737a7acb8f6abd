//! The thin binary: parse, run, exit code.

use std::process::ExitCode;

use gamectl::process::shim::{entry, spawner};

fn main() -> ExitCode {
    let verb = std::env::args_os().nth(1);
    let is = |hidden: &str| verb.as_ref().is_some_and(|verb| verb == hidden);
    ExitCode::from(if is(entry::HIDDEN_VERB) {
        entry::main()
    } else if is(spawner::HIDDEN_VERB) {
        spawner::main()
    } else {
        gamectl::commands::main()
    })
}
