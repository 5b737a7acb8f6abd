//! The settings of the systemd unit that runs `gamectl run`: some of them have
//! systemd kill every game, or end the watching, for a reason of its own.

use std::time::Duration;

use crate::finding::Finding;
use crate::program::ProgramCall;

const ABOUT: &str = "unit";

/// The name of the packaged unit.
const PACKAGED: &str = "gamectl.service";

/// systemd answers at once; one that hangs must not hold us up.
const DEADLINE: Duration = Duration::from_secs(2);

/// Judges the packaged unit. Returns nothing where it, or systemd, is not there.
pub(super) async fn judge_packaged() -> Vec<Finding> {
    let unit = Unit {
        name: PACKAGED.to_owned(),
        is_users: false,
    };
    let Some(shown) = show(&unit).await else {
        return Vec::new();
    };
    let mut findings = harm_of(PACKAGED, &shown);
    if findings.is_empty() {
        findings.push(at_shutdown(PACKAGED, value(&shown, "ExecStart").unwrap_or_default()));
    }
    findings
}

/// Returns what a unit would do to games or to the watching.
pub(super) async fn harm(unit: &Unit) -> Vec<Finding> {
    let shown = show(unit).await.unwrap_or_default();
    harm_of(&unit.name, &shown)
}

/// Asks systemd for the settings of a unit that is loaded.
async fn show(unit: &Unit) -> Option<String> {
    let scope = if unit.is_users { "--user" } else { "--system" };
    let settings = "--property=LoadState,KillMode,OOMPolicy,ExecStart";
    let call = ProgramCall::new(["systemctl", scope, "show", settings, "--", &unit.name]);
    let answer = call
        .output(DEADLINE)
        .await
        .ok()
        .filter(|answer| answer.status.success())?;
    let shown = String::from_utf8_lossy(&answer.output).into_owned();
    (value(&shown, "LoadState") == Some("loaded")).then_some(shown)
}

fn value<'a>(shown: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = shown.lines().filter_map(|line| line.split_once('='));
    lines.find_map(|(key, value)| (key == name).then_some(value))
}

/// A unit that a process is a part of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    name: String,
    /// True for a unit of a user's service manager.
    is_users: bool,
}

/// Returns the service that a process belongs to, by its control group.
pub(super) fn of_cgroup(cgroup: &str) -> Option<Unit> {
    // One line for each hierarchy, where there are several.
    cgroup.lines().find_map(|line| {
        let parts: Vec<&str> = line.rsplit_once(':')?.1.split('/').collect();
        let name = parts.iter().rev().find(|part| part.ends_with(".service"))?;
        // A user's service manager is itself a service of the host.
        let is_manager = |part: &str| part.starts_with("user@") && part.ends_with(".service");
        (!is_manager(name)).then(|| Unit {
            name: (*name).to_owned(),
            is_users: parts.iter().any(|part| is_manager(part)),
        })
    })
}

fn harm_of(unit: &str, shown: &str) -> Vec<Finding> {
    let edit = |setting: &str| format!("put `{setting}` under [Service]: systemctl edit {unit}");
    let mut findings = Vec::new();
    if let Some(mode @ ("mixed" | "control-group")) = value(shown, "KillMode") {
        let message = format!(
            "{unit} has KillMode={mode}: systemd kills every game, unsaved, whenever the process of gamectl ends"
        );
        findings.push(Finding::error(ABOUT, message).hint(edit("KillMode=process")));
    }
    if let Some(policy @ ("stop" | "kill")) = value(shown, "OOMPolicy") {
        let message =
            format!("{unit} has OOMPolicy={policy}: the unit ends when the kernel kills one game for its memory");
        findings.push(Finding::warning(ABOUT, message).hint(edit("OOMPolicy=continue")));
    }
    findings
}

/// Says what becomes of the games when the host goes down.
fn at_shutdown(unit: &str, command: &str) -> Finding {
    let words: Vec<&str> = command.split([' ', '=']).collect();
    let on_exit = words.windows(2).find(|pair| pair.first() == Some(&"--on-exit"));
    match on_exit.and_then(|pair| pair.last()) {
        Some(&"stop") => Finding::ok(ABOUT, format!("{unit} stops the games whenever it is stopped")),
        Some(&"stop-at-shutdown") => {
            let message = format!("{unit} stops the games when the host goes down, and leaves them alone otherwise");
            Finding::ok(ABOUT, message)
        }
        _ => {
            let message =
                format!("{unit} leaves the games alone: when the host goes down, a late SIGTERM is all they get");
            let hint = format!("add `--on-exit stop-at-shutdown` to its command: systemctl edit --full {unit}");
            Finding::warning(ABOUT, message).hint(hint)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn what_a_unit_does_to_games() {
        for (shown, levels) in [
            ("KillMode=process\nOOMPolicy=continue\n", &[][..]),
            // OOMPolicy= came with systemd 243.
            ("KillMode=process\n", &[]),
            ("KillMode=mixed\nOOMPolicy=continue\n", &[Severity::Error]),
            ("KillMode=process\nOOMPolicy=stop\n", &[Severity::Warning]),
            (
                "KillMode=control-group\nOOMPolicy=kill\n",
                &[Severity::Error, Severity::Warning],
            ),
        ] {
            let seen: Vec<Severity> = harm_of("x.service", shown)
                .iter()
                .map(|finding| finding.level)
                .collect();
            assert_eq!(seen, levels, "{shown}");
        }
    }

    #[test]
    fn what_a_unit_does_when_the_host_goes_down() {
        for (options, level, meaning) in [
            ("", Severity::Warning, "a late SIGTERM"),
            ("--on-exit leave", Severity::Warning, "a late SIGTERM"),
            ("--on-exit stop", Severity::Ok, "whenever"),
            ("--on-exit=stop --at-once 2", Severity::Ok, "whenever"),
            ("--on-exit stop-at-shutdown", Severity::Ok, "when the host goes down"),
        ] {
            let command = format!("{{ path=/g ; argv[]=/g run {options} ; ignore_errors=no ; }}");
            let finding = at_shutdown("x.service", &command);
            assert_eq!(finding.level, level, "{options}");
            assert!(finding.message.contains(meaning), "{finding:?}");
        }
    }

    #[test]
    fn the_unit_of_a_process() {
        let unit = |name: &str, is_users| {
            Some(Unit {
                name: name.to_owned(),
                is_users,
            })
        };
        for (cgroup, expected) in [
            ("0::/system.slice/gamectl.service\n", unit("gamectl.service", false)),
            (
                "0::/system.slice/system-gs.slice/gs@eu.service/sub\n",
                unit("gs@eu.service", false),
            ),
            (
                "1:name=systemd:/system.slice/gs.service\n0::/\n",
                unit("gs.service", false),
            ),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/gs.service\n",
                unit("gs.service", true),
            ),
            (
                "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-1.scope\n",
                None,
            ),
            ("0::/user.slice/user-1000.slice/session-3.scope\n", None),
            ("0::/\n", None),
            ("", None),
        ] {
            assert_eq!(of_cgroup(cgroup), expected, "{cgroup}");
        }
    }
}
