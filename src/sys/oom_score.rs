//! The inclination of the kernel's out-of-memory killer to take this process: see
//! `oom_score_adj` in `proc(5)`.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;

const FILE: &str = "/proc/self/oom_score_adj";

/// The value of a process that is to be taken last.
const LAST: i16 = -900;

/// The value that this process had before it protected itself.
static BEFORE: OnceLock<String> = OnceLock::new();

/// Makes this process the last that the killer takes, where that is allowed. The
/// programs that it begins from then on are to have what it had: see [`handed_on`].
pub fn protect() {
    let Ok(before) = std::fs::read_to_string(FILE) else {
        return;
    };
    let before = before.trim();
    let is_protected = before.parse().is_ok_and(|score: i16| score <= LAST);
    if !is_protected && std::fs::write(FILE, LAST.to_string()).is_ok() {
        let _ = BEFORE.set(before.to_owned());
    }
}

/// Returns the value for a program that this process begins; `None` where it inherits
/// the right one.
pub fn handed_on() -> Option<&'static str> {
    BEFORE.get().map(String::as_str)
}

/// Gives this process a value that was handed on to it.
pub fn take(value: &str) {
    // Only a lower one may be refused, and it is not lower.
    let _ = std::fs::write(FILE, value);
}

/// Has the program of this command begin with what it is to have.
pub fn hand_on(command: &mut Command) {
    if let Some(value) = handed_on() {
        let take = move || {
            take(value);
            Ok(())
        };
        // SAFETY: the child opens, writes and closes a file, and allocates nothing: the
        // path is short, and the value is there.
        unsafe { command.pre_exec(take) };
    }
}
