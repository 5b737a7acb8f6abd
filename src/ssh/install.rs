//! The installation of this program on a host: looked at first, then written aside,
//! checked there, and renamed into place.
//!
//! A rename leaves the old program to whoever runs it: the shims there go on with it
//! until their games end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ring::digest::{SHA256, digest};
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

use super::connection::Connection;
use super::install_sight::{InstallPlan, InstallSight, MARK, Own};
use super::way::{self, FIND};
use super::wire::MAGIC;
use super::words::{self, WayEnd};
use crate::event::CopyEvent;
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::{HostSpec, SshAccess, WayIn};
use crate::program::ProgramCall;
use crate::text::clean_line;

/// The subject of the findings.
const ABOUT: &str = "install";

/// The longest time until a host has told what is there.
const LOOK: Duration = Duration::from_secs(20);

/// The longest time for the copy.
const COPY: Duration = Duration::from_secs(600);

/// Returns the script that tells what is there. `$1` is the place that the inventory names, or nothing; `$2` is the
/// place where there is none yet, or nothing for the one in the home folder.
///
/// No line of it may have a quote, a backslash or an exclamation mark: some login shells
/// would take them for their own.
fn look_script() -> String {
    let rest = r#"new="$2"; if [ -z "$new" ]; then new="$own"; else at=gamectl; fi; if [ -n "$1" ]; then at="$1"; else at=$(command -v "$at" || echo "$new"); fi; at=$(readlink -f "$at" || echo "$at"); if [ -w "$(dirname "$at")" ]; then may=yes; elif [ -z "$1$2" ]; then at="$new"; may=yes; else may=no; fi; echo "$at"; echo "$may"; if [ -e "$at" ]; then if [ "$(head -c 4 "$at" | tail -c 3)" = ELF ]; then sha256sum < "$at"; else echo other; fi; else echo none; fi"#;
    format!("echo \"{MARK}\"; uname -s; uname -m; {FIND}; {rest}")
}

/// Writes its input to `$1`, if its checksum is `$2` and it can be run there.
const COPY_SCRIPT: &str = r#"echo "-- gamectl installs --"; umask 022; new="$1.$$.new"; gone() { rm -f "$new"; }; trap gone EXIT; if mkdir -p "$(dirname "$1")" && cat > "$new" && sum=$(sha256sum < "$new"); then if [ "${sum%% *}" = "$2" ]; then chmod 0755 "$new" && "$new" --version > /dev/null && (sync "$new" || true) && mv -f "$new" "$1" && echo done; else echo "the copy is not whole: its checksum is ${sum%% *}" >&2; fi; fi"#;

/// The place of gamectl when another user of a host runs it: `sudo` looks there.
const FOR_SUDO: &str = "/usr/local/bin/gamectl";

/// Installs this program on a host, and tells how far the copy is; or tells what would be
/// done.
pub async fn install_on(host: &HostSpec, is_dry: bool, copies: UnboundedSender<CopyEvent>) -> Finding {
    match installed(host, is_dry, &copies).await {
        Ok(message) => Finding::ok(ABOUT, message).on(&host.name),
        Err(failure) => super::host_check::fault(ABOUT, &host.name, failure),
    }
}

async fn installed(host: &HostSpec, is_dry: bool, copies: &UnboundedSender<CopyEvent>) -> Result<String, Failure> {
    let WayIn::Ssh(access) = &host.way else {
        return Ok("nothing to do: it is this machine, which has this program".to_owned());
    };
    let program = tokio::task::spawn_blocking(|| std::fs::read("/proc/self/exe"));
    let program = program.await.map_err(std::io::Error::from).flatten();
    let program = program.map_err(|error| Failure::failed(format!("this program cannot be read: {error}")))?;
    let own = Own {
        machine: std::env::consts::ARCH,
        sum: hexadecimal(digest(&SHA256, &program).as_ref()),
    };
    let named = host.gamectl.as_deref().unwrap_or_default();
    let fallback = if access.sudo.is_some() { FOR_SUDO } else { "" };
    let told = run(
        host,
        access,
        &look_script(),
        [named, fallback],
        ScriptInput::default(),
        LOOK,
    )
    .await?;
    let plan = InstallSight::read(&told).and_then(|sight| sight.plan(&own));
    let plan = plan.map_err(|failure| failure.of(&host.name))?;
    let version = env!("CARGO_PKG_VERSION");
    let (at, is_new) = match plan {
        InstallPlan::Nothing { at } => return Ok(format!("nothing to do: {at} is this gamectl {version}")),
        InstallPlan::Write { at, is_new } => (at, is_new),
    };
    let size = program.len().div_ceil(1 << 20);
    let instead = if is_new { "" } else { ", in place of the one there" };
    if is_dry {
        return Ok(format!("would write gamectl {version} ({size} MiB) to {at}{instead}"));
    }
    let (written, progress) = watch::channel(0);
    let event = CopyEvent {
        host: host.name.clone(),
        at: at.clone(),
        written: 0,
        total: program.len(),
    };
    let input = ScriptInput {
        bytes: program,
        written: Some(written),
    };
    let copy = run(host, access, COPY_SCRIPT, [&at, &own.sum], input, COPY);
    let (said, ()) = tokio::join!(copy, tell(event, progress, copies));
    let said = said?;
    if said.trim() != "done" {
        return Err(Failure::failed(format!(
            "{}: the copy to {at} was not told to be done",
            host.name
        )));
    }
    // The way must lead to it by itself.
    let greeted = Connection::open(host).await?.greeting().version.clone();
    if greeted != version {
        let message = format!(
            "{}: {at} is written, but gamectl {} is found there",
            host.name,
            clean_line(&greeted)
        );
        return Err(Failure::failed(message).hint(format!("name it with `gamectl: {at}` in `hosts`")));
    }
    let rest = if is_new {
        ""
    } else {
        "; what runs goes on with the old one"
    };
    Ok(format!("{at} is gamectl {version} now{rest}"))
}

/// Tells how far a copy is, until it is over.
async fn tell(mut event: CopyEvent, mut progress: watch::Receiver<usize>, copies: &UnboundedSender<CopyEvent>) {
    loop {
        event.written = *progress.borrow_and_update();
        // Who shows it may be gone.
        let _ = copies.send(event.clone());
        if progress.changed().await.is_err() {
            return;
        }
    }
}

/// The input of a script.
#[derive(Default)]
struct ScriptInput {
    bytes: Vec<u8>,
    /// Told how much of it was taken.
    written: Option<watch::Sender<usize>>,
}

/// Runs a script there, and returns what it says behind its mark.
async fn run(
    host: &HostSpec,
    access: &SshAccess,
    script: &str,
    arguments: [&str; 2],
    input: ScriptInput,
    limit: Duration,
) -> Result<String, Failure> {
    let name = &host.name;
    let words = way::script(access, script, &arguments);
    let own = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("gamectl"));
    let mut call = ProgramCall::new(words).with_input(input.bytes);
    if let Some(written) = input.written {
        call = call.telling_input(written);
    }
    let ended = match call.output(limit).await {
        Ok(ended) => ended,
        Err(error) if error.is_missing_program() => {
            return Err(words::missing("ssh", &std::io::ErrorKind::NotFound.into()));
        }
        Err(error) => return Err(end(host, String::new(), None, Some(error.to_string()), &own)),
    };
    let output = String::from_utf8_lossy(&ended.output);
    if output.contains(MAGIC) {
        let message = format!("{name}: the key that lets you in may only serve, and copies nothing");
        return Err(Failure::failed(message).hint("use a key that may do more for this, or copy the program by hand"));
    }
    // Whatever comes before was printed by the login shell.
    let Some((_, said)) = output.split_once(MARK) else {
        if let Some(user) = access.sudo.as_deref().filter(|_| words::sudo_refuses(&ended.complaint)) {
            let at = host.gamectl.as_deref().unwrap_or(FOR_SUDO);
            let message = format!("{name}: sudo there lets nothing be copied as {user} without a password");
            return Err(Failure::failed(message).hint(words::copy_by_hand(access, &own, at)));
        }
        return Err(end(host, ended.complaint, ended.status.code(), None, &own));
    };
    if !ended.status.success() || said.trim().is_empty() {
        let mut lines = ended.complaint.lines().rev().map(str::trim);
        let why = lines.find(|line| !line.is_empty()).unwrap_or("it ended without a word");
        let message = format!("{name}: nothing was installed: {}", clean_line(why));
        return Err(Failure::failed(message).hint(format!("{} shows more", words::by_hand(host))));
    }
    Ok(said.to_owned())
}

fn end(host: &HostSpec, complaint: String, code: Option<i32>, fault: Option<String>, own: &Path) -> Failure {
    let end = WayEnd {
        complaint,
        code,
        was_served: false,
        fault,
    };
    words::failure(host, &end, own)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_mean_the_same_in_every_login_shell() {
        for script in [&look_script(), COPY_SCRIPT] {
            assert!(
                script.contains(MARK) && !script.contains(['\'', '\\', '!', '\n']),
                "{script}"
            );
        }
    }
}
