//! The failures of the verbs, in words.

use std::path::Path;

use super::shim::wire::LaunchStage;
use crate::failure::{Failure, quoted_lines};
use crate::inventory::ProcessSpec;
use crate::invocation::command;
use crate::store::InstanceDir;
use crate::store::ending::Exit;
use crate::store::launch;
use crate::store::status_table::ShimStatus;

/// Returns the failure of a start while an earlier run is being stopped.
pub(super) fn still_stopping(id: &str) -> Failure {
    Failure::failed("an earlier run of it is still being stopped").hint(format!(
        "wait for its end with {}, then start it",
        command(format_args!("stop {id}"))
    ))
}

/// Returns the failure of a verb that needs the folder of a game, which was
/// removed.
pub(super) fn detached(id: &str, entry: &ShimStatus) -> Failure {
    let pid = entry.main.pid;
    Failure::failed(format!(
        "it runs (pid {pid}), but its folder in the state directory was removed"
    ))
    .hint(format!(
        "{} ends it; then it can be started anew",
        command(format_args!("stop {id}"))
    ))
}

/// Returns the failure of a verb for which a shim was in the way for too long;
/// `trouble` is what the shim reports to be in its way.
pub(super) fn held_up(id: &str, trouble: Option<String>) -> Failure {
    match trouble {
        Some(trouble) => Failure::failed(format!("of its last run: {trouble}"))
            .hint("free some space or mend the state directory; its shim goes on trying"),
        None => stuck(id),
    }
}

/// Returns the failure of a verb for which a shim has neither launched nor
/// ended the game in time.
pub(super) fn stuck(id: &str) -> Failure {
    Failure::failed("its shim holds the instance and neither launches nor ends it").hint(format!(
        "look at the process called gamectl:{id}; when it is killed, nothing of the game is lost"
    ))
}

/// Returns the failure of a stop whose shim does not answer.
pub(super) fn no_answer(id: &str, dir: &InstanceDir) -> Failure {
    let pid = launch::read(dir).ok().flatten().map(|launch| launch.shim.pid);
    let shim = pid.map_or_else(|| "its shim".to_owned(), |pid| format!("its shim (pid {pid})"));
    Failure::failed(format!("{shim} does not answer")).hint(format!(
        "when it is killed the game goes on, and {} then takes it over and stops it",
        command(format_args!("stop {id}"))
    ))
}

/// Returns the failure of a stop of a game that may not be signalled, as its shim
/// says.
pub(super) fn unkillable(why: &str) -> Failure {
    Failure::failed(format!("it goes on: {why}"))
        .hint("end that process as root or as its user; its shim goes on trying, and notices the end")
}

/// Returns the failure of a start whose game ended before it was ready.
pub(super) fn early_end(id: &str, exit: &Exit, last_lines: &str) -> Failure {
    let how = match (exit.code(), exit.signal()) {
        (Some(code), _) => format!("it ended with exit code {code}"),
        (None, Some(signal)) => format!("it was ended by {signal}"),
        (None, None) => "it ended".to_owned(),
    };
    let mut message = format!("{how} before it was ready");
    message.push_str(&quoted_lines(last_lines.lines()));
    let logs = command(format_args!("logs {id}"));
    Failure::failed(message).hint(match last_lines.is_empty() {
        true => format!("it printed nothing; {logs} shows what earlier runs printed"),
        false => format!("all it printed: {logs}"),
    })
}

/// Returns the failure of a start whose game has ended before it was ready, while what
/// outlived it goes on.
pub(super) fn ended_with_leftovers(id: &str) -> Failure {
    Failure::failed("its main process has ended before it was ready, and what outlived that is being ended").hint(
        format!(
            "all it printed: {}; see {}",
            command(format_args!("logs {id}")),
            command(format_args!("status {id}"))
        ),
    )
}

/// Returns the failure of a start that gave way to a stop.
pub(super) fn overtaken(id: &str) -> Failure {
    Failure::failed("somebody asked for a stop meanwhile, and that wins")
        .hint(format!("{} starts it again", command(format_args!("start {id}"))))
}

/// Returns the failure of a launch, by the report of its shim: the stage, the
/// error number of the kernel (0 if the error is not the kernel's), and what was
/// in the way.
pub(super) fn start_failure(id: &str, spec: &ProcessSpec, stage: LaunchStage, errno: i32, what: &str) -> Failure {
    match stage {
        LaunchStage::Exec => exec_failure(spec, errno, what),
        LaunchStage::Cwd => cwd_failure(&spec.cwd, errno),
        LaunchStage::User | LaunchStage::Groups => Failure::failed(format!(
            "it cannot run as user `{}`: {}",
            spec.user.as_deref().unwrap_or("?"),
            reason(errno, what)
        )),
        LaunchStage::Previous => Failure::failed(reason(errno, what))
            .hint(format!("stop it first with {}", command(format_args!("stop {id}")))),
        LaunchStage::Exit | LaunchStage::Record | LaunchStage::Fifo | LaunchStage::Socket => {
            let failure = Failure::failed(format!(
                "the state directory cannot be written ({stage}): {}",
                reason(errno, what)
            ));
            failure.hint("nothing was started; free some space or mend the state directory")
        }
        _ => Failure::failed(format!("it could not be started ({stage}): {}", reason(errno, what))),
    }
}

/// Returns an error of a shim in words; `errno` is 0 if it is not the kernel's.
pub(super) fn reason(errno: i32, what: &str) -> String {
    match (errno, what) {
        (0, what) => what.to_owned(),
        (errno, "") => os_error(errno),
        (errno, what) => format!("{what}: {}", os_error(errno)),
    }
}

fn os_error(errno: i32) -> String {
    nix::errno::Errno::from_raw(errno).desc().to_lowercase()
}

/// Returns a sentence about a program that is not there.
pub(super) fn no_executable(spec: &ProcessSpec) -> String {
    let path = spec.executable.display();
    match (&spec.searched, spec.executable.file_name()) {
        (Some(searched), Some(name)) => format!(
            "there is no executable {path}, nor {} in any folder of PATH ({})",
            name.display(),
            searched.display()
        ),
        _ => format!("there is no executable {path}"),
    }
}

fn exec_failure(spec: &ProcessSpec, errno: i32, what: &str) -> Failure {
    let path = spec.executable.as_path();
    let shown = path.display();
    let meta = std::fs::metadata(path);
    match (errno, meta) {
        (libc::ENOENT, Ok(_)) => Failure::failed(format!("{shown} is there, but the interpreter it names is not"))
            .hint("look at its first line (#!...), or with `file` and `ldd` at which loader and libraries it needs"),
        (libc::ENOENT | libc::ENOTDIR, Err(_)) => {
            Failure::failed(no_executable(spec)).hint("correct `executable:` in the inventory")
        }
        (libc::EACCES, Ok(meta)) if meta.is_dir() => {
            Failure::failed(format!("executable {shown} is a directory")).hint("name the program inside it")
        }
        (libc::EACCES, _) => Failure::failed(format!("executable {shown} may not be executed")).hint(format!(
            "chmod +x {shown}; the folders above it must be open to its user, and not mounted noexec"
        )),
        (libc::ENOEXEC, _) => Failure::failed(format!("{shown} is not a program that this machine can execute"))
            .hint("a script needs a first line such as #!/bin/sh; a program must be built for this machine"),
        (libc::E2BIG, _) => Failure::failed("its arguments and environment are too long together"),
        (libc::ETXTBSY, _) => {
            Failure::failed(format!("executable {shown} is being written to")).hint("wait for the update to end")
        }
        _ => Failure::failed(format!("executable {shown}: {}", reason(errno, what))),
    }
}

fn cwd_failure(path: &Path, errno: i32) -> Failure {
    let shown = path.display();
    let why = match errno {
        libc::ENOENT => "is not there".to_owned(),
        libc::ENOTDIR => "is not a directory".to_owned(),
        libc::EACCES => "may not be entered".to_owned(),
        other => format!("cannot be entered: {}", os_error(other)),
    };
    Failure::failed(format!("working directory {shown} {why}")).hint("correct `cwd:` in the inventory, or make it")
}
