//! The command that gives a stream of bytes to the gamectl of a host.

use std::ffi::OsString;
use std::fs::DirBuilder;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::inventory::{HostSpec, SshAccess, WayIn};
use crate::sys::host;

/// The longest folder for the sockets of `ssh`: their names have 58 bytes, and the whole
/// must stay below the limit of every system.
const FOLDER_MAX: usize = 32;

/// The options of every connection. What the inventory says comes first, and so counts.
const OPTIONS: [&str; 9] = [
    // Nobody is there to answer a question.
    "BatchMode=yes",
    "ConnectTimeout=10",
    "ServerAliveInterval=5",
    "ServerAliveCountMax=3",
    "ClearAllForwardings=yes",
    "ForwardAgent=no",
    "ForwardX11=no",
    "PermitLocalCommand=no",
    "RequestTTY=no",
];

/// Sets `at` to the gamectl of whoever logs in: what is on PATH, or the copy
/// that `gamectl host install` makes where it may not replace that one. Of the two it is
/// the one that was put there last: a copy that was just installed is used, and one that
/// was forgotten does not hide for ever what a package brings up to date. Where each was put
/// is told by the change time, which a package cannot backdate.
///
/// The PATH of a shell that nobody types into is often short. No quote, backslash or
/// exclamation mark stands here, which some login shells would take for their own.
pub(super) const FIND: &str = r#"own="$HOME/.local/bin/gamectl"; PATH="$PATH:/usr/local/bin"; at=gamectl; if [ -f "$own" ] && [ -x "$own" ]; then at=$(ls -tcL "$own" "$(command -v gamectl)" 2>/dev/null | head -n 1); fi"#;

/// Returns the program with its arguments.
pub(super) fn command(host: &HostSpec, masters: Option<&Path>, own: &Path) -> Vec<OsString> {
    match &host.way {
        WayIn::Ssh(access) => {
            let mut words = ssh(access, masters);
            words.push(there(access, host.gamectl.as_deref()).into());
            words
        }
        WayIn::Sudo(user) => {
            let program = host.gamectl.as_ref().map_or_else(|| own.into(), OsString::from);
            let words = ["sudo", "-n", "-H", "-u", user, "--"].map(OsString::from);
            words.into_iter().chain([program, "serve".into()]).collect()
        }
    }
}

/// Returns a login of its own that does nothing, and tells about itself.
pub(super) fn login(access: &SshAccess) -> Vec<OsString> {
    let mut words = ssh(access, None);
    // A master would have logged in before.
    words.splice(1..1, ["-v", "-S", "none"].map(OsString::from));
    words.push("true".into());
    words
}

/// Returns the call of a script of `sh` there, as the user who runs gamectl.
pub(super) fn script(access: &SshAccess, script: &str, arguments: &[&str]) -> Vec<OsString> {
    let mut words = ssh(access, None);
    let sudo = access.sudo.as_ref();
    let sudo = sudo.map_or_else(String::new, |user| format!("sudo -n -H -u {} -- ", quoted(user)));
    let mut line = format!("exec {sudo}sh -c {} sh", quoted(script));
    for argument in arguments {
        line.push(' ');
        line.push_str(&quoted(argument));
    }
    words.push(line.into());
    words
}

/// Returns the words up to the destination; the command line for there follows.
fn ssh(access: &SshAccess, masters: Option<&Path>) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["ssh".into(), "-T".into()];
    let mut option = |text: String| words.extend(["-o".into(), text.into()]);
    for (name, value) in &access.options {
        option(format!("{name}={value}"));
    }
    for fixed in OPTIONS {
        option(fixed.to_owned());
    }
    if let Some(folder) = masters {
        option("ControlMaster=auto".to_owned());
        option("ControlPersist=60".to_owned());
        option(format!("ControlPath={}/%C", folder.display()));
    }
    if let Some(port) = access.port {
        words.extend(["-p".into(), port.to_string().into()]);
    }
    if let Some(identity) = &access.identity {
        words.extend(["-i".into(), identity.into()]);
    }
    words.extend(["--".into(), access.destination.as_str().into()]);
    words
}

/// Returns the command line for the login shell there, whichever that is.
fn there(access: &SshAccess, gamectl: Option<&str>) -> String {
    let sudo = access
        .sudo
        .as_ref()
        .map(|user| format!("sudo -n -H -u {} -- ", quoted(user)));
    match (gamectl, sudo) {
        (Some(path), sudo) => format!("exec {}{} serve", sudo.unwrap_or_default(), quoted(path)),
        (None, Some(sudo)) => format!("exec {sudo}gamectl serve"),
        (None, None) => format!("exec sh -c '{FIND}; exec \"$at\" serve'"),
    }
}

/// Returns a word that every shell takes for itself: sh, fish and csh alike.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Returns the folder for the sockets of the masters of `ssh`, which is made where there is
/// none; `None` where no folder is short and ours alone. Each call of `ssh` then has a
/// connection of its own.
pub(super) fn masters() -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(|folder| PathBuf::from(folder).join("gamectl"));
    let temporary = PathBuf::from(format!("/tmp/gamectl-{}", host::effective_uid()));
    let folders = runtime.into_iter().chain([temporary]);
    folders
        .filter(|folder| folder.is_absolute() && folder.as_os_str().len() <= FOLDER_MAX)
        .find(|folder| is_private(folder))
}

fn is_private(folder: &Path) -> bool {
    // One that is there already is looked at below.
    let _ = DirBuilder::new().mode(0o700).create(folder);
    std::fs::symlink_metadata(folder)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == host::effective_uid() && meta.mode() & 0o077 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(host: &HostSpec) -> Vec<String> {
        let words = command(host, Some("/run/x".as_ref()), "/usr/bin/gamectl".as_ref());
        words.into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    fn over_ssh(gamectl: Option<&str>, sudo: Option<&str>) -> HostSpec {
        HostSpec {
            name: "box2".into(),
            way: WayIn::Ssh(SshAccess {
                destination: "games@box2".into(),
                port: Some(2222),
                identity: Some("~/key".into()),
                options: vec![("ProxyJump".into(), "bastion".into())],
                sudo: sudo.map(str::to_owned),
            }),
            gamectl: gamectl.map(str::to_owned),
            linger: crate::inventory::DEFAULT_LINGER,
        }
    }

    #[test]
    fn ssh_is_given_one_command() {
        let words = words(&over_ssh(None, None));
        assert_eq!(words[..4], ["ssh", "-T", "-o", "ProxyJump=bastion"]);
        assert!(words.contains(&"ControlPath=/run/x/%C".to_owned()), "{words:?}");
        let tail = ["-p", "2222", "-i", "~/key", "--", "games@box2"];
        assert_eq!(words[words.len() - 7..words.len() - 1], tail);
    }

    #[test]
    fn a_path_is_one_word_there() {
        let program = "/opt/it's $HOME/gamectl";
        let Some(line) = words(&over_ssh(Some(program), None)).pop() else {
            panic!()
        };
        for shell in ["/bin/sh", "/bin/bash"] {
            let script = line.replacen("exec", "printf '%s|'", 1);
            let said = std::process::Command::new(shell)
                .args(["-c", &script])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), format!("{program}|serve|"));
        }
        let line = words(&over_ssh(Some("/g"), Some("games"))).pop();
        assert_eq!(line.as_deref(), Some("exec sudo -n -H -u 'games' -- '/g' serve"));
        let line = words(&over_ssh(None, Some("root"))).pop();
        assert_eq!(line.as_deref(), Some("exec sudo -n -H -u 'root' -- gamectl serve"));
    }

    #[test]
    fn this_machine_as_another_user() {
        let host = HostSpec {
            name: "shared".into(),
            way: WayIn::Sudo("games".into()),
            gamectl: None,
            linger: crate::inventory::DEFAULT_LINGER,
        };
        let wanted = ["sudo", "-n", "-H", "-u", "games", "--", "/usr/bin/gamectl", "serve"];
        assert_eq!(words(&host), wanted);
    }

    #[test]
    fn a_folder_of_others_holds_no_master() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("m");
        assert!(is_private(&folder) && is_private(&folder));
        std::os::unix::fs::symlink(&folder, dir.path().join("link")).unwrap();
        assert!(!is_private(&dir.path().join("link")));
        std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        assert!(!is_private(&folder));
    }
}
