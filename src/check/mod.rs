//! The ground that an inventory stands on, looked over without starting
//! anything.
//!
//! Each file judges one thing, and judges only: what it judges is passed in.
//! `host` reads it from this machine. What only a plane can know of an instance
//! (its executable, its engine) the plane says itself, through
//! [`Supervisor::survey`](crate::supervisor::Supervisor::survey).

mod disk;
mod host;
mod limits;
mod listening;
mod logind;
mod notify;
mod ports;
mod programs;
mod secrets;
mod state_dir;
mod time_zone;
mod unit;
mod units;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::finding::Finding;
use crate::fleet::Member;
use crate::inventory::{Instance, Inventory, Source};
use crate::invocation::command;
use crate::supervisor::Observation;
use crate::sys::procfs;
use crate::systemd::Unit;
use crate::trust;

/// The number of instances that are asked at the same time.
const AT_ONCE: usize = 32;

/// Looks everything over: the host first, then each of the instances.
/// `members` are those of the inventory, in its order. `elsewhere` more are on other hosts,
/// which look themselves.
///
/// # Cancel safety
/// Safe: nothing is changed.
pub async fn survey(
    source: &Source,
    inventory: &Inventory,
    members: &[Member],
    elsewhere: usize,
    state_dir: &Path,
) -> Vec<Finding> {
    let mut findings = vec![valid(inventory.instances.len(), elsewhere)];
    findings.extend(secrets::inventory(
        source.path().and_then(host::access_of_inventory),
        &inventory.instances,
    ));
    findings.push(state_dir::judge(state_dir, &host::usability(state_dir)));
    findings.push(disk::judge(state_dir, host::free(state_dir), &inventory.instances));
    findings.push(logout());
    let packaged = Unit::packaged();
    if let Some(settings) = packaged.settings().await {
        findings.extend(unit::judge(packaged.name(), &settings));
    }
    findings.push(time_zone::judge(&host::time_zone()));
    findings.push(limits::judge(host::open_files()));
    let listening = listening::here();
    let path = std::env::var_os("PATH");
    let looks = programs::Looks {
        may_run: &trust::may_run,
        weakness: &trust::weakness,
    };
    let claims = ports::claims(&inventory.instances);
    findings.extend(ports::shared(&claims));
    findings.extend(units::shared(&inventory.instances));
    let answers = ask(members).await;
    for ((instance, member), (told, observation)) in inventory.instances.iter().zip(members).zip(answers) {
        let mut own = told;
        own.extend(order(instance));
        if member.is_unmanaged() {
            own.push(unmanaged(&observation));
        } else {
            own.extend(programs::of_instance(instance, path.as_deref(), looks));
            own.extend(secrets::of_instance(instance, &host::access));
            own.extend(disk::of_instance(instance, &host::free));
            let runs = matches!(observation, Observation::Known(facts) if facts.state.is_alive());
            own.extend(ports::free(&instance.id, &claims, &listening, runs));
            if runs {
                own.extend(ports::elsewhere(instance));
            }
        }
        findings.extend(own.into_iter().map(|finding| finding.of(&instance.id)));
    }
    findings
}

/// Judges whom the instances tell, those on other hosts too: that is done from here.
pub fn notify(instances: &[Arc<Instance>]) -> Vec<Finding> {
    notify::judge(instances, &host::access, &host::first_line)
}

/// Judges what becomes of a game at the end of the session that this process is in.
pub fn logout() -> Finding {
    logind::judge(&host::login())
}

/// Looks at the systemd unit that this process was started by, if it was. Returns
/// what would end games or the watching.
///
/// # Cancel safety
/// Safe: nothing is changed.
pub async fn own_unit() -> Vec<Finding> {
    let started = std::env::var_os("INVOCATION_ID").is_some();
    let Some(unit) = Unit::of_cgroup(&procfs::own_control_groups()).filter(|_| started) else {
        return Vec::new();
    };
    let settings = unit.settings().await;
    settings.map_or_else(Vec::new, |settings| unit::harm(unit.name(), &settings))
}

/// Asks the planes for the findings and the state of each instance, side by
/// side: an engine that does not answer is waited for once, not once for each.
async fn ask(members: &[Member]) -> Vec<(Vec<Finding>, Observation)> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let ask_one = |member: &Member| {
        let (supervisor, room) = (Arc::clone(&member.supervisor), Arc::clone(&room));
        tokio::spawn(async move {
            let _place = room.acquire().await;
            let findings = match supervisor.survey() {
                Some(survey) => survey.findings().await,
                None => Vec::new(),
            };
            (findings, supervisor.look().await)
        })
    };
    let asked: Vec<_> = members.iter().map(ask_one).collect();
    let mut answers = Vec::with_capacity(asked.len());
    for answer in asked {
        answers.push(answer.await.expect("a survey does not panic"));
    }
    answers
}

fn valid(here: usize, elsewhere: usize) -> Finding {
    let all = match here + elsewhere {
        0 => {
            return Finding::warning("inventory", "it is valid, and empty")
                .hint(format!("{} prints an instance", command("games rust")));
        }
        1 => "1 instance".to_owned(),
        count => format!("{count} instances"),
    };
    let there = match elsewhere {
        0 => String::new(),
        count => format!(", {count} on other hosts"),
    };
    Finding::ok("inventory", format!("it is valid: {all}{there}"))
}

/// Tells what an instance is started after.
fn order(instance: &Instance) -> Option<Finding> {
    let needs = instance.needs.join(", ");
    (!needs.is_empty()).then(|| Finding::ok("needs", format!("it starts after {needs}, and is stopped before")))
}

fn unmanaged(observation: &Observation) -> Finding {
    let why = match observation {
        Observation::Known(facts) => facts.note.clone().unwrap_or_default(),
        Observation::Unknown { reason } => reason.clone(),
    };
    Finding::warning("plane", format!("it is shown, and not managed: {why}"))
        .hint("add what is missing, or ignore this warning")
}
