//! Why a start came to nothing, in words.

use std::path::Path;

use crate::failure::Failure;
use crate::inventory::ProcessSpec;

/// Explains what a shim reported: the stage, the kernel's error number (0 when
/// it was not the kernel's), and what was in the way.
pub(super) fn start_failure(spec: &ProcessSpec, stage: &str, errno: i32, what: &str) -> Failure {
    match stage {
        "exec" => exec_failure(&spec.executable, errno, what),
        "cwd" => cwd_failure(&spec.cwd, errno),
        "user" | "groups" => Failure::failed(format!(
            "it cannot run as user `{}`: {}",
            spec.user.as_deref().unwrap_or("?"),
            reason(errno, what)
        )),
        "previous" => Failure::failed(reason(errno, what)).hint("stop it first with `gamectl stop`"),
        "exit" | "record" | "fifo" | "socket" => {
            let failure = Failure::failed(format!(
                "the state directory cannot be written ({stage}): {}",
                reason(errno, what)
            ));
            failure.hint("nothing was started; free some space or mend the state directory")
        }
        _ => Failure::failed(format!("it could not be started ({stage}): {}", reason(errno, what))),
    }
}

fn reason(errno: i32, what: &str) -> String {
    match (errno, what) {
        (0, what) => what.to_owned(),
        (errno, "") => os_error(errno),
        (errno, what) => format!("{what}: {}", os_error(errno)),
    }
}

fn os_error(errno: i32) -> String {
    nix::errno::Errno::from_raw(errno).desc().to_lowercase()
}

fn exec_failure(path: &Path, errno: i32, what: &str) -> Failure {
    let shown = path.display();
    let meta = std::fs::metadata(path);
    match (errno, meta) {
        (libc::ENOENT, Ok(_)) => Failure::failed(format!("{shown} is there, but the interpreter it names is not"))
            .hint("look at its first line (#!...), or with `file` and `ldd` at which loader and libraries it needs"),
        (libc::ENOENT | libc::ENOTDIR, Err(_)) => {
            Failure::failed(format!("there is no executable {shown}")).hint("correct `executable:` in the inventory")
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
