//! The thin binary: parse, run, exit code.

use std::process::ExitCode;

use gamectl::process::shim::entry;

fn main() -> ExitCode {
    // Before anything else has been opened, and while there is one thread.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|argument| argument == entry::HIDDEN_VERB)
    {
        return entry::main();
    }
    ExitCode::from(gamectl::commands::main())
}
