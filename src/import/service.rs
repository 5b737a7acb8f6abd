//! The parts of a service that systemd and supervisord tell alike.

use super::draft::{DraftSection, DraftValue};
use super::file::ImportFile;
use super::filled::Filled;
use super::ini::{IniEntry, split_words};
use crate::inventory::Problems;

/// The signals that a step of a stop chain is made of; TERM stands in for others.
const SIGNALS: [&str; 6] = ["TERM", "INT", "QUIT", "HUP", "USR1", "USR2"];

/// Splits the command of an entry into its words.
///
/// # Errors
/// When a quote is not closed.
pub(super) fn command_words(file: &ImportFile, entry: &IniEntry, command: &str) -> Result<Vec<String>, Problems> {
    let words = split_words(command);
    words.map_err(|why| file.problem_in_line(entry.line, format!("this command cannot be read: {why}"), "close it"))
}

/// Adds a program, which a relative path names from its folder, and its arguments.
pub(super) fn put_command(
    process: &mut DraftSection,
    program: &str,
    args: &[String],
    folder: Option<&str>,
    from: &IniEntry,
) {
    let program = match folder {
        Some(folder) if program.contains('/') && !program.starts_with('/') => {
            format!("{}/{}", folder.trim_end_matches('/'), program.trim_start_matches("./"))
        }
        _ => program.to_owned(),
    };
    process.text("executable", Filled::text(program), from.place());
    if !args.is_empty() {
        let args = args.iter().map(|word| Filled::text(word.as_str())).collect();
        process.put("args", DraftValue::Texts(args), from.place());
    }
}

/// Adds the user and the mask of a process.
pub(super) fn put_user(process: &mut DraftSection, user: Option<&IniEntry>, umask: Option<&IniEntry>) {
    if let Some(entry) = user {
        process.text("user", Filled::text(entry.value.as_str()), entry.place());
    }
    let is_octal = |entry: &&IniEntry| entry.value.bytes().all(|byte| (b'0'..b'8').contains(&byte));
    if let Some(entry) = umask.filter(is_octal) {
        process.text("umask", Filled::text(entry.value.as_str()), entry.place());
    }
}

/// Returns the step of a stop chain with a signal, named without its `SIG`.
pub(super) fn signal_step(name: &str, wait: impl Into<String>) -> DraftSection {
    let name = if SIGNALS.contains(&name) { name } else { "TERM" };
    DraftSection::default().with("signal", name).with("wait", wait)
}
