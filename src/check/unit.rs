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

/// Asks systemd for the settings of a unit of this host, and judges them. Returns
/// nothing where there is no such unit, or no systemd.
pub(super) async fn judge(unit: Option<&Unit>) -> Vec<Finding> {
    let packaged = Unit {
        name: PACKAGED.to_owned(),
        is_users: false,
    };
    let unit = unit.unwrap_or(&packaged);
    let scope = if unit.is_users { "--user" } else { "--system" };
    let argv = [
        "systemctl",
        scope,
        "show",
        "--property=LoadState,KillMode,OOMPolicy",
        "--",
        &unit.name,
    ];
    match ProgramCall::new(argv).output(DEADLINE).await {
        Ok(answer) if answer.status.success() => findings(&unit.name, &String::from_utf8_lossy(&answer.output)),
        _ => Vec::new(),
    }
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

fn findings(unit: &str, shown: &str) -> Vec<Finding> {
    let value = |name: &str| {
        let mut lines = shown.lines().filter_map(|line| line.split_once('='));
        lines.find_map(|(key, value)| (key == name).then_some(value))
    };
    if value("LoadState") != Some("loaded") {
        return Vec::new();
    }
    let edit = |setting: &str| format!("put `{setting}` under [Service]: systemctl edit {unit}");
    let mut findings = Vec::new();
    if let Some(mode @ ("mixed" | "control-group")) = value("KillMode") {
        let message = format!(
            "{unit} has KillMode={mode}: systemd kills every game, unsaved, whenever the process of gamectl ends"
        );
        findings.push(Finding::error(ABOUT, message).hint(edit("KillMode=process")));
    }
    if let Some(policy @ ("stop" | "kill")) = value("OOMPolicy") {
        let message =
            format!("{unit} has OOMPolicy={policy}: the unit ends when the kernel kills one game for its memory");
        findings.push(Finding::warning(ABOUT, message).hint(edit("OOMPolicy=continue")));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            ABOUT,
            format!("{unit} leaves the games alone when gamectl ends"),
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    #[test]
    fn what_a_unit_does_to_games() {
        for (shown, levels) in [
            ("LoadState=not-found\nKillMode=control-group\n", &[][..]),
            (
                "LoadState=loaded\nKillMode=process\nOOMPolicy=continue\n",
                &[Severity::Ok][..],
            ),
            // OOMPolicy= came with systemd 243.
            ("LoadState=loaded\nKillMode=process\n", &[Severity::Ok]),
            (
                "LoadState=loaded\nKillMode=mixed\nOOMPolicy=continue\n",
                &[Severity::Error],
            ),
            (
                "LoadState=loaded\nKillMode=process\nOOMPolicy=stop\n",
                &[Severity::Warning],
            ),
            (
                "LoadState=loaded\nKillMode=control-group\nOOMPolicy=kill\n",
                &[Severity::Error, Severity::Warning],
            ),
            ("", &[]),
        ] {
            let seen: Vec<Severity> = findings("x.service", shown)
                .iter()
                .map(|finding| finding.level)
                .collect();
            assert_eq!(seen, levels, "{shown}");
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
