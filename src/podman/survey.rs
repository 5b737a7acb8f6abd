//! Checks of what a container needs: its podman, itself, and who else starts it.

use super::described::Described;
use super::game::PodmanGame;
use crate::containers::{Container, SeenGroup};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::supervisor::Survey;
use crate::systemd;

#[async_trait::async_trait]
impl Survey for PodmanGame {
    async fn findings(&self) -> Vec<Finding> {
        let mut findings = vec![match self.engine().version().await {
            Ok(version) => Finding::ok("engine", format!("podman answers, and is version {version}")),
            Err(failure) => return vec![Finding::of_failure("engine", failure)],
        }];
        findings.extend(self.engine().user().and_then(lingers));
        let found = match self.fresh().await {
            Ok((containers, _)) if containers.is_empty() => self.look_for_nothing().await,
            found => found,
        };
        let (containers, described) = match found {
            Ok(found) => found,
            Err(failure) => {
                findings.push(Finding::of_failure("container", failure));
                return findings;
            }
        };
        let object = &self.spec().object;
        findings.push(Finding::ok("container", format!("podman has {object}")));
        let name = |one: &Described| {
            let own = containers.iter().find(|own| own.id == one.id && !own.member.oneoff);
            own.map(|own| own.service().to_owned())
        };
        for (one, name) in described.iter().filter_map(|one| Some((one, name(one)?))) {
            findings.extend(owned_by_unit(one, &name));
            findings.extend(restarted_by_podman(one, &name));
            findings.extend(never_checked(one, &name));
        }
        findings
    }
}

impl PodmanGame {
    /// Returns why it has no containers, or that there is nothing wrong with that.
    async fn look_for_nothing(&self) -> Result<(Vec<Container>, Vec<Described>), Failure> {
        SeenGroup::see(self).await?;
        Ok((Vec::new(), Vec::new()))
    }
}

fn lingers(user: &str) -> Option<Finding> {
    if !systemd::has_booted() || user == "root" {
        return None;
    }
    if systemd::name_lingers(user) {
        return Some(Finding::ok(
            "user",
            format!("the containers of {user} outlive its logins"),
        ));
    }
    let message = format!("the containers of {user} end when {user} logs out, and do not come back at boot");
    Some(Finding::warning("user", message).hint(format!("loginctl enable-linger {user}")))
}

fn owned_by_unit(one: &Described, name: &str) -> Option<Finding> {
    if one.unit.is_empty() {
        return None;
    }
    let unit = &one.unit;
    let message = format!("{name} belongs to the unit {unit}: systemd makes it, starts it again and removes it");
    let hint = format!("manage the unit instead: `systemd: {{ unit: {unit} }}`, with `user` if it is a user's");
    Some(Finding::warning("unit", message).hint(hint))
}

fn restarted_by_podman(one: &Described, name: &str) -> Option<Finding> {
    if one.restart_policy.is_empty() {
        return None;
    }
    let policy = &one.restart_policy;
    let message = format!("podman itself restarts {name} (`--restart {policy}`): it wins, and `run` leaves that to it");
    let hint = "make the container without `--restart` to have one who decides";
    Some(Finding::warning("restart", message).hint(hint))
}

/// Podman has its health checks made by timers of systemd.
fn never_checked(one: &Described, name: &str) -> Option<Finding> {
    if !one.has_health_check || systemd::has_booted() {
        return None;
    }
    let message = format!("{name} has a health check that nobody makes: podman needs systemd for that");
    let hint = format!("have `podman healthcheck run {name}` called at intervals, or make it without one");
    Some(Finding::warning("health", message).hint(hint))
}
