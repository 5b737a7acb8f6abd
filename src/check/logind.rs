//! The end of a session: a server that was started from it may not outlive it.

use crate::finding::Finding;

const ABOUT: &str = "logout";

/// The settings of systemd's login manager, as far as they matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) runs: bool,
    /// `KillUserProcesses=` of `logind.conf(5)`; `None` when nothing says.
    pub(super) kills: Option<bool>,
    /// True when it spares the owner of our session: by default root alone.
    pub(super) spared: bool,
    pub(super) us: u32,
    /// The user to whom our session or service manager belongs, or we. `sudo`
    /// changes the user and not the session, and logind goes by the session.
    pub(super) owner: u32,
    /// True when the owner lingers: `loginctl enable-linger`.
    pub(super) lingers: bool,
    /// True if systemd moves what we start out of our session.
    pub(super) encloses: bool,
    pub(super) cgroup: String,
}

/// The place from which this process was started, by its control group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seat {
    /// In a session: a login over SSH, a terminal.
    Session,
    /// Under the user's own service manager, which lives as long as the user
    /// is logged in, or lingers.
    UserManager,
    /// Elsewhere: a system unit, a container.
    Elsewhere,
}

fn seat(cgroup: &str) -> Seat {
    // One line for each hierarchy, where there are several.
    let parts: Vec<&str> = cgroup.split(['/', '\n']).collect();
    let any = |start: &str, end: &str| parts.iter().any(|part| part.starts_with(start) && part.ends_with(end));
    if any("session-", ".scope") {
        Seat::Session
    } else if any("user@", ".service") {
        Seat::UserManager
    } else {
        Seat::Elsewhere
    }
}

/// Returns the user whose slice a control group is in.
pub(super) fn owner(cgroup: &str) -> Option<u32> {
    let mut parts = cgroup.split(['/', '\n']);
    parts.find_map(|part| part.strip_prefix("user-")?.strip_suffix(".slice")?.parse().ok())
}

/// Returns what to do where a server ends with its session. The service manager
/// of a user can only be asked by that user.
fn remedy(login: &Login) -> String {
    let start = if login.us == login.owner && login.us != 0 {
        "`loginctl enable-linger` and start with `systemd-run --user --scope gamectl ...`".to_owned()
    } else if login.us == 0 {
        "start with `systemd-run --scope --slice=system.slice gamectl ...`".to_owned()
    } else {
        let uid = login.us;
        format!("start as root with `systemd-run --scope --slice=system.slice --uid={uid} gamectl ...`")
    };
    format!("set KillUserProcesses=no in /etc/systemd/logind.conf, or {start}")
}

pub(super) fn judge(login: &Login) -> Finding {
    if !login.runs {
        return Finding::ok(ABOUT, "there is no systemd-logind that could end servers at a logout");
    }
    if login.encloses {
        let message = "a server outlives the session that it is started from: it has a scope of its own";
        return Finding::ok(ABOUT, message);
    }
    let kills = login.kills == Some(true) && !login.spared;
    match seat(&login.cgroup) {
        Seat::Session if kills => Finding::error(
            ABOUT,
            "logind ends everything of a session at its logout (KillUserProcesses=yes): a server started here ends with it",
        )
        .hint(remedy(login)),
        Seat::UserManager if !login.lingers && login.owner != 0 => Finding::warning(
            ABOUT,
            "the user's service manager ends with the last logout, and a server started here with it",
        )
        .hint("loginctl enable-linger"),
        // Killed at a logout is what is in its session.
        Seat::UserManager if kills => Finding::ok(
            ABOUT,
            "the user's service manager lingers: a server that is started from it outlives the logout",
        ),
        _ if kills => Finding::warning(
            ABOUT,
            "logind ends everything of a session at its logout (KillUserProcesses=yes): a server started over SSH ends with it",
        )
        .hint("set KillUserProcesses=no in /etc/systemd/logind.conf, or start servers from a system unit"),
        _ => Finding::ok(ABOUT, "a server that is started from a session outlives it"),
    }
}

/// Returns `KillUserProcesses=` of the files of `logind.conf(5)`, those that win
/// last. A line that is commented out shows the built-in value.
pub(super) fn kills(files: &[String]) -> Option<bool> {
    let value = |line: &str, start: &str| -> Option<bool> {
        let word = line.trim().strip_prefix(start)?.trim().to_ascii_lowercase();
        Some(matches!(word.as_str(), "yes" | "true" | "on" | "1"))
    };
    let last = |start: &str| {
        let lines = files.iter().flat_map(|text| text.lines());
        lines.rev().find_map(|line| value(line, start))
    };
    last("KillUserProcesses=").or_else(|| last("#KillUserProcesses="))
}

/// Returns true when those files spare a user: `KillExcludeUsers=` wins over `KillOnlyUsers=`. Both
/// are lists that grow with each line, and begin anew with an empty one.
pub(super) fn spares(files: &[String], user: &str) -> bool {
    let users = |start: &str, built_in: &[&str]| {
        let mut names: Vec<String> = built_in.iter().map(ToString::to_string).collect();
        for line in files.iter().flat_map(|text| text.lines()) {
            match line.trim().strip_prefix(start).map(str::trim) {
                Some("") => names.clear(),
                Some(more) => names.extend(more.split_whitespace().map(str::to_owned)),
                None => {}
            }
        }
        names
    };
    let only = users("KillOnlyUsers=", &[]);
    let named = |list: &[String]| list.iter().any(|name| name == user);
    named(&users("KillExcludeUsers=", &["root"])) || (!only.is_empty() && !named(&only))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn who_is_spared() {
        for (text, user, spared) in [
            ("", "root", true),
            ("", "gamer", false),
            ("KillExcludeUsers=gamer other\n", "gamer", true),
            ("KillExcludeUsers=gamer\n", "root", true),
            ("KillExcludeUsers=\n", "root", false),
            ("KillExcludeUsers=gamer\nKillExcludeUsers=\n", "gamer", false),
            ("KillOnlyUsers=guest\n", "gamer", true),
            ("KillOnlyUsers=guest\nKillOnlyUsers=gamer\n", "gamer", false),
            ("KillOnlyUsers=gamer\nKillExcludeUsers=gamer\n", "gamer", true),
            ("#KillExcludeUsers=gamer\n", "gamer", false),
        ] {
            assert_eq!(spares(&[text.to_owned()], user), spared, "{user}: {text:?}");
        }
    }

    #[test]
    fn levels() {
        const SESSION: &str = "/user.slice/user-1000.slice/session-3.scope";
        const MANAGER: &str = "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service";
        const ROOTS: &str = "/user.slice/user-0.slice/session-3.scope";
        const ROOTS_MANAGER: &str = "/user.slice/user-0.slice/user@0.service/app.slice/x.service";
        const UNIT: &str = "/system.slice/gamectl.service";
        const MIXED: &str = "1:name=systemd:/user.slice/user-1000.slice/session-3.scope\n0::/\n";
        for (cgroup, kills, us, spared, lingers, level) in [
            (SESSION, Some(false), 1000, false, false, Severity::Ok),
            (SESSION, Some(true), 1000, false, false, Severity::Error),
            // Lingering alone does not spare a session.
            (SESSION, Some(true), 1000, false, true, Severity::Error),
            (SESSION, None, 1000, false, false, Severity::Ok),
            (MANAGER, Some(false), 1000, false, false, Severity::Warning),
            (MANAGER, Some(false), 1000, false, true, Severity::Ok),
            (MANAGER, Some(true), 1000, false, false, Severity::Warning),
            (MANAGER, Some(true), 1000, false, true, Severity::Ok),
            (MIXED, Some(true), 1000, false, false, Severity::Error),
            (UNIT, Some(true), 1000, false, false, Severity::Warning),
            (UNIT, Some(false), 1000, false, false, Severity::Ok),
            (ROOTS, Some(true), 0, true, false, Severity::Ok),
            (ROOTS_MANAGER, Some(false), 0, true, false, Severity::Ok),
            // By sudo, which leaves the session as it is.
            (SESSION, Some(true), 0, false, false, Severity::Error),
            (MANAGER, Some(false), 0, false, false, Severity::Warning),
        ] {
            let login = Login {
                runs: true,
                kills,
                spared,
                us,
                owner: owner(cgroup).unwrap_or(us),
                lingers,
                encloses: false,
                cgroup: cgroup.to_owned(),
            };
            assert_eq!(judge(&login).level, level, "{login:?}");
        }
        assert_eq!(judge(&Login::default()).level, Severity::Ok);
        let enclosed = Login {
            runs: true,
            kills: Some(true),
            encloses: true,
            cgroup: SESSION.to_owned(),
            ..Login::default()
        };
        assert_eq!(judge(&enclosed).level, Severity::Ok);
    }

    #[test]
    fn the_remedy_can_be_typed_by_whoever_asks() {
        let remedy = |us, owner| {
            remedy(&Login {
                us,
                owner,
                ..Login::default()
            })
        };
        assert!(remedy(1000, 1000).contains("`systemd-run --user --scope gamectl ...`"));
        assert!(remedy(0, 1000).ends_with("or start with `systemd-run --scope --slice=system.slice gamectl ...`"));
        assert!(remedy(997, 1000).contains("as root with `systemd-run --scope --slice=system.slice --uid=997 "));
    }

    #[test]
    fn the_setting() {
        let kills = |files: &[&str]| kills(&files.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(kills(&["[Login]\n#KillUserProcesses=no\n"]), Some(false));
        assert_eq!(
            kills(&["#KillUserProcesses=no\n", "KillUserProcesses=yes\n"]),
            Some(true)
        );
        assert_eq!(kills(&["KillUserProcesses=yes\n", "KillUserProcesses=no"]), Some(false));
        assert_eq!(kills(&["[Login]\n"]), None);
    }
}
