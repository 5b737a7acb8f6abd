//! Checks of what a unit needs: that systemd has it and may start it, and who restarts it.

use super::managed::ManagedUnit;
use super::words::systemctl;
use super::{explain, state};
use crate::finding::Finding;
use crate::invocation::{command, quoted};
use crate::supervisor::Survey;
use crate::sys::procfs;
use crate::systemd::{Unit, UnitProperties};

const ABOUT: &str = "unit";

#[async_trait::async_trait]
impl Survey for ManagedUnit {
    async fn findings(&self) -> Vec<Finding> {
        let unit = match self.properties().await {
            Ok(unit) => unit,
            Err(failure) => return vec![Finding::of_failure(ABOUT, failure)],
        };
        if let Some(failure) = explain::unusable(self.spec(), &unit, self.manager()).await {
            return vec![Finding::of_failure(ABOUT, failure)];
        }
        let own = Unit::of_cgroup(&procfs::own_control_groups());
        if own.is_some_and(|own| own.name() == self.spec().unit) {
            let message = format!("{} is the unit that this gamectl runs in", self.spec().unit);
            return vec![Finding::error(ABOUT, message).hint("give the unit of a game server")];
        }
        self.judge(&unit)
    }
}

impl ManagedUnit {
    /// Judges a unit that can be started.
    fn judge(&self, unit: &UnitProperties) -> Vec<Finding> {
        let (spec, name) = (self.spec(), quoted(&self.spec().unit));
        let mut findings = vec![at_boot(self, unit)];
        if unit.need_daemon_reload == Some(true) {
            let message = format!(
                "the file of {} has changed, and systemd does not know it yet",
                spec.unit
            );
            findings.push(Finding::warning(ABOUT, message).hint(systemctl(spec, "daemon-reload")));
        }
        if state::restarts_itself(unit) {
            let restart = unit.restart.as_deref().unwrap_or_default();
            let message = format!(
                "systemd itself restarts it, by Restart={restart}: `run` leaves that to systemd, and only tells of it"
            );
            let hint = format!(
                "put `Restart=no` under [Service] to have `restart` decide: {}",
                systemctl(spec, format_args!("edit {name}"))
            );
            findings.push(Finding::ok("restart", message).hint(hint));
        }
        findings
    }
}

fn at_boot(managed: &ManagedUnit, unit: &UnitProperties) -> Finding {
    let (spec, name) = (managed.spec(), quoted(&managed.spec().unit));
    let from = match unit.source_path.as_deref() {
        Some(path) if !path.is_empty() => format!(", made from {path}"),
        _ => String::new(),
    };
    match unit.unit_file_state.as_deref().unwrap_or_default() {
        "disabled" => {
            let message = format!(
                "{} is disabled: systemd does not start it when the host boots",
                spec.unit
            );
            Finding::warning(ABOUT, message).hint(format!(
                "{} has it do so; {} starts it, too, unless its `autostart` is false",
                systemctl(spec, format_args!("enable {name}")),
                command("run")
            ))
        }
        "" => Finding::ok(ABOUT, format!("systemd has {}{from}", spec.unit)),
        state => Finding::ok(ABOUT, format!("systemd has {}{from}, and calls it {state}", spec.unit)),
    }
}
