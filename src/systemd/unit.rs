//! The services of systemd, and their settings.

use super::systemctl::systemctl;
use crate::sys::procfs;

/// A service that systemd manages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    name: String,
    /// True for a unit of a user's service manager.
    is_users: bool,
}

impl Unit {
    /// Returns the unit of the package.
    pub fn packaged() -> Self {
        Self {
            name: "gamectl.service".to_owned(),
            is_users: false,
        }
    }

    /// Returns the unit that a process belongs to, by its control group.
    pub fn of_cgroup(cgroup: &str) -> Option<Self> {
        // One line for each hierarchy, where there are several.
        cgroup.lines().find_map(|line| {
            let parts: Vec<&str> = line.rsplit_once(':')?.1.split('/').collect();
            let name = parts.iter().rev().find(|part| part.ends_with(".service"))?;
            // A user's service manager is itself a service of the host.
            let is_manager = |part: &str| part.starts_with("user@") && part.ends_with(".service");
            (!is_manager(name)).then(|| Self {
                name: (*name).to_owned(),
                is_users: parts.iter().any(|part| is_manager(part)),
            })
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the unit whose main process this is: a process that was typed in a
    /// session may be in the control group of another service.
    pub async fn whose_main_is(pid: i32) -> Option<Self> {
        let unit = Self::of_cgroup(&procfs::control_groups(pid))?;
        let settings = unit.settings().await?;
        (settings.get("MainPID") == Some(pid.to_string().as_str())).then_some(unit)
    }

    /// Returns the command that stops it.
    pub fn stop_command(&self) -> String {
        let of_user = if self.is_users { "--user " } else { "" };
        format!("systemctl {of_user}stop {}", self.name)
    }

    /// Asks for the settings of this unit. Returns nothing where it is not loaded, or
    /// systemd is not there.
    pub async fn settings(&self) -> Option<UnitSettings> {
        let scope = if self.is_users { "--user" } else { "--system" };
        let names = "--property=LoadState,KillMode,OOMPolicy,ExecStart,MainPID";
        let answer = systemctl(&[scope, "show", names, "--", &self.name]).await?;
        let settings = UnitSettings(String::from_utf8_lossy(&answer.output).into_owned());
        (answer.status.success() && settings.get("LoadState") == Some("loaded")).then_some(settings)
    }
}

/// The settings of a unit, a `NAME=VALUE` a line.
#[derive(Debug)]
pub struct UnitSettings(String);

impl UnitSettings {
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut lines = self.0.lines().filter_map(|line| line.split_once('='));
        lines.find_map(|(key, value)| (key == name).then_some(value))
    }

    #[cfg(test)]
    pub(crate) fn of(lines: &str) -> Self {
        Self(lines.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_of_a_process() {
        let unit = |name: &str, is_users| {
            let name = name.to_owned();
            Some(Unit { name, is_users })
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
            assert_eq!(Unit::of_cgroup(cgroup), expected, "{cgroup}");
        }
    }
}
