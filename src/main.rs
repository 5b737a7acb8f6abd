//! The thin binary: parse, run, exit code.

#![no_main]

use gamectl::process::shim::{entry, spawner};

gamectl::sys::entry::entry_point!(run);

fn run() -> u8 {
    // Before anything else has been opened, and while there is one thread.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == entry::HIDDEN_VERB)
    {
        return entry::main();
    }
    if let Some(code) = spawner::begin() {
        return code;
    }
    let code = gamectl::commands::main();
    spawner::dismiss();
    code
}
