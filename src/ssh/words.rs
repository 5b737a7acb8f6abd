//! The complaints of `ssh` and `sudo`, in words that say what to do. Pure.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;

use super::way::quoted;
use crate::failure::{Failure, FailureKind};
use crate::inventory::{HostSpec, SshAccess, WayIn};
use crate::invocation::command;
use crate::sys::host;
use crate::text::clean_line;

/// The end of a way to a host.
#[derive(Debug, Default)]
pub(super) struct WayEnd {
    /// The end of what it complained of.
    pub(super) complaint: String,
    /// The exit code; `None` if it was killed, or goes on.
    pub(super) code: Option<i32>,
    /// True once a gamectl there had begun to speak.
    pub(super) was_served: bool,
    /// The fault, where that is not the complaint.
    pub(super) fault: Option<String>,
}

/// Returns why a host cannot be reached, or was lost.
pub(super) fn failure(spec: &HostSpec, end: &WayEnd, own: &Path) -> Failure {
    let name = &spec.name;
    let has = |text: &str| end.complaint.contains(text);
    let unreachable = |why: &str, hint: String| Failure::unknown(format!("{name}: {why}")).hint(hint);
    let by_hand = by_hand(spec);
    if end.was_served {
        let why = end.fault.clone().or_else(|| last_line(&end.complaint));
        let why = why.unwrap_or_else(|| "it ended without a word".to_owned());
        return Failure::unknown(format!("{name}: the connection was lost: {why}"));
    }
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        let why = "its host key has changed: it is another machine, was installed anew, or somebody is in between";
        let remove = removal(&end.complaint);
        let hint = format!("if that is as it should be, remove the old key with `{remove}`, and then log in once");
        return unreachable(why, format!("{hint} with {by_hand}"));
    }
    if has("Host key verification failed") {
        let why = "its host key is not known here";
        return unreachable(
            why,
            format!("log in once with {by_hand}, and compare the key with that of the host"),
        );
    }
    if has("Permission denied (") {
        let why = "it refuses the login: no key of yours is accepted there";
        return unreachable(
            why,
            format!("{by_hand} must work without a password; `ssh-copy-id` brings a key there"),
        );
    }
    if has("sudo: unknown user") {
        let user = match &spec.way {
            WayIn::Sudo(user) => user,
            WayIn::Ssh(access) => access.sudo.as_ref().unwrap_or(name),
        };
        let place = if spec.is_this_machine() {
            "on this machine"
        } else {
            "there"
        };
        return unreachable(
            &format!("there is no user `{user}` {place}"),
            format!("correct the name in the inventory, or make that user: `useradd --create-home {user}`"),
        );
    }
    if sudo_refuses(&end.complaint) {
        let why = "sudo needs a password, which nobody can give it here";
        return unreachable(why, format!("allow it with `visudo`: {}", sudoers(spec, own)));
    }
    if has("sudo: command not found") || has("sudo: not found") {
        return unreachable(
            "there is no sudo there",
            "install it, or log in as the user itself".to_owned(),
        );
    }
    if end.code == Some(127) || end.code == Some(126) || has("gamectl: command not found") || has("gamectl: not found")
    {
        let why = match last_line(&end.complaint) {
            Some(line) => format!("there is no gamectl to be run there ({line})"),
            None => "there is no gamectl to be run there".to_owned(),
        };
        let install = command(format_args!("host install {name}"));
        let hint = format!("{install} copies this one there; or say where it is with `gamectl:` in `hosts`");
        return Failure::new(FailureKind::Unsupported, format!("{name}: {why}")).hint(hint);
    }
    let why = end.fault.clone().or_else(|| last_line(&end.complaint));
    let why = why.unwrap_or_else(|| match end.code {
        Some(code) => format!("the way to it ended with exit code {code}, and without a word"),
        None => "the way to it was killed".to_owned(),
    });
    unreachable(&format!("it cannot be reached: {why}"), format!("{by_hand} shows more"))
}

/// Returns true where `sudo` complains that it may not do this without a question.
pub(super) fn sudo_refuses(complaint: &str) -> bool {
    let words = [
        "a password is required",
        "a terminal is required",
        "not allowed to execute",
    ];
    words.iter().any(|words| complaint.contains(words))
}

/// Returns the commands by which a person who has a password for `sudo` there copies this
/// program.
pub(super) fn copy_by_hand(access: &SshAccess, own: &Path, at: &str) -> String {
    let there = &access.destination;
    let copy = format!("scp{} {} {there}:gamectl.new", arguments(access, "-P"), own.display());
    let install = format!(
        "ssh -t{} {there} sudo install -m 755 gamectl.new {at}",
        arguments(access, "-p")
    );
    format!("copy it as somebody who has a password for sudo there: `{copy} && {install}`")
}

/// Returns the failure of a program that this machine lacks.
pub(super) fn missing(program: &str, error: &std::io::Error) -> Failure {
    let message = format!("{program} cannot be run: {error}");
    let failure = Failure::new(FailureKind::Unsupported, message);
    match error.kind() {
        std::io::ErrorKind::NotFound => failure.hint(format!("install {program}")),
        _ => failure,
    }
}

/// Returns the last line that says something.
fn last_line(complaint: &str) -> Option<String> {
    let mut lines = complaint.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.next_back().map(|line| clean_line(line).into_owned())
}

/// Returns the command that a person tries first.
pub(super) fn by_hand(spec: &HostSpec) -> String {
    match &spec.way {
        WayIn::Ssh(access) => format!("`ssh{} {}`", arguments(access, "-p"), access.destination),
        WayIn::Sudo(user) => format!("`sudo -n -u {user} true`"),
    }
}

/// Returns the arguments of `ssh` that the inventory gives, each with its space; those of
/// `scp` with its own flag for the port.
fn arguments(access: &SshAccess, port_flag: &str) -> String {
    let mut words = String::new();
    for (name, value) in &access.options {
        let _ = write!(words, " -o {}", word(&format!("{name}={value}")));
    }
    if let Some(port) = access.port {
        let _ = write!(words, " {port_flag} {port}");
    }
    if let Some(identity) = &access.identity {
        let _ = write!(words, " -i {}", word(&identity.to_string_lossy()));
    }
    words
}

/// Returns a word that can be pasted, quoted where a shell would take it apart. The home
/// folder is for the shell.
fn word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_~-".contains(c);
    match text.chars().all(is_plain) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(quoted(text)),
    }
}

/// Returns the command that removes a host key, as `ssh` says it, where it does.
fn removal(complaint: &str) -> String {
    let mut lines = complaint.lines().map(str::trim);
    let said = lines.find(|line| line.starts_with("ssh-keygen "));
    said.map_or_else(|| "ssh-keygen -R HOST".to_owned(), |line| clean_line(line).into_owned())
}

/// Returns the way to a host, in the words of a command.
pub(super) fn way(spec: &HostSpec) -> String {
    match &spec.way {
        WayIn::Ssh(access) => match &access.sudo {
            Some(user) => format!("{}, and `sudo -n -u {user}` there", by_hand(spec)),
            None => by_hand(spec),
        },
        WayIn::Sudo(user) => format!("`sudo -n -u {user}`"),
    }
}

/// Returns the line that lets a person use gamectl as another user.
fn sudoers(spec: &HostSpec, own: &Path) -> String {
    let (me, user) = match &spec.way {
        WayIn::Sudo(user) => (host::user_name(host::effective_uid()), user.as_str()),
        WayIn::Ssh(access) => {
            let me = access.destination.split_once('@').map(|(me, _)| me.to_owned());
            (me, access.sudo.as_deref().unwrap_or("root"))
        }
    };
    let program = spec.gamectl.clone().unwrap_or_else(|| match spec.is_this_machine() {
        true => own.display().to_string(),
        false => "/usr/bin/gamectl".to_owned(),
    });
    format!(
        "`{} ALL=({user}) NOPASSWD: {program} serve`",
        me.as_deref().unwrap_or("YOU")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(way: WayIn, end: &WayEnd) -> String {
        let spec = HostSpec {
            name: "box2".into(),
            way,
            gamectl: None,
            linger: crate::inventory::DEFAULT_LINGER,
        };
        let failure = failure(&spec, end, "/usr/bin/gamectl".as_ref());
        let hint = failure.hint.clone().unwrap_or_default();
        format!("{} {failure} / {hint}", failure.kind.exit_code())
    }

    #[test]
    fn each_complaint_says_what_to_do() {
        let ssh = || {
            WayIn::Ssh(SshAccess {
                destination: "games@box2".into(),
                port: Some(2222),
                identity: None,
                options: vec![("ProxyCommand".into(), "nc %h %p".into())],
                sudo: None,
            })
        };
        for (code, complaint, kind, words) in [
            (
                255,
                "Host key verification failed.\r\n",
                4,
                "its host key is not known here / log in once with `ssh -o 'ProxyCommand=nc %h %p' -p 2222 games@box2`",
            ),
            (
                255,
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
                4,
                "remove the old key with `ssh-keygen -R HOST`",
            ),
            (
                255,
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\r\n  remove with:\r\n  ssh-keygen -f \"/k\" -R \"box2\"\r\n",
                4,
                "remove the old key with `ssh-keygen -f \"/k\" -R \"box2\"`",
            ),
            (
                1,
                "sudo: unknown user box2\nsudo: error initializing audit plugin sudoers_audit",
                4,
                "there is no user `box2` there / correct the name",
            ),
            (
                255,
                "games@box2: Permission denied (publickey).",
                4,
                "refuses the login",
            ),
            (
                255,
                "ssh: connect to host box2 port 22: Connection refused",
                4,
                "it cannot be reached: ssh: connect to host box2 port 22: Connection refused",
            ),
            (255, "", 4, "ended with exit code 255"),
            (
                127,
                "bash: line 1: gamectl: command not found",
                5,
                "there is no gamectl to be run there (bash: line 1:",
            ),
            (1, "sudo: a password is required", 4, "NOPASSWD: /usr/bin/gamectl serve"),
        ] {
            let end = WayEnd {
                complaint: complaint.into(),
                code: Some(code),
                ..WayEnd::default()
            };
            let said = said(ssh(), &end);
            assert!(
                said.starts_with(&format!("{kind} box2: ")) && said.contains(words),
                "{said}"
            );
        }
        let end = WayEnd {
            complaint: "sudo: a password is required\n".into(),
            code: Some(1),
            ..WayEnd::default()
        };
        let said = said(WayIn::Sudo("games".into()), &end);
        assert!(said.contains("ALL=(games) NOPASSWD: /usr/bin/gamectl serve"), "{said}");
    }

    #[test]
    fn what_was_lost_is_said_in_its_own_words() {
        let end = WayEnd {
            complaint: "client_loop: send disconnect: Broken pipe\n\n".into(),
            code: Some(255),
            was_served: true,
            fault: None,
        };
        let said = said(WayIn::Sudo("games".into()), &end);
        assert!(
            said.contains("the connection was lost: client_loop: send disconnect: Broken pipe"),
            "{said}"
        );
    }
}
