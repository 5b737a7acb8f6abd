//! The instances that a verb takes along, or is refused for, because others need them.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{Host, Scope};
use crate::event::Verb;
use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::inventory::Needs;
use crate::invocation::command;
use crate::supervisor::{Observation, PlannedStep, Supervisor};

/// The way of a verb with instances that need each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NeedsRule {
    /// Starts first what is needed, and refuses to stop what others need that run.
    #[default]
    Keep,
    /// Starts first what is needed, and stops what others need after them.
    WithDependents,
    /// Waits for nobody, and asks nobody.
    Ignore,
}

/// The instances of a verb, with those that it takes along.
#[derive(Default)]
pub(super) struct InOrder {
    pub(super) targets: Vec<Arc<dyn Supervisor>>,
    /// Those of them that are only started.
    pub(super) only_started: HashSet<String>,
    /// Those of them that are left as they are, each with the reason.
    pub(super) refused: HashMap<String, Failure>,
    pub(super) needs: Needs,
}

impl InOrder {
    /// Returns the verb for one of them.
    pub(super) fn verb_of(&self, id: &str, verb: Verb) -> Verb {
        match self.only_started.contains(id) {
            true => Verb::Start,
            false => verb,
        }
    }

    /// Puts them into the order in which they begin.
    pub(super) fn sort(&mut self, verb: Verb) {
        let layers = self.needs.layers();
        let layer = |target: &Arc<dyn Supervisor>| layers.get(target.instance_id()).copied().unwrap_or(0);
        // Those of one layer stay in the order of the inventory.
        match verb {
            Verb::Start | Verb::Restart => self.targets.sort_by_key(layer),
            Verb::Stop => self.targets.sort_by_key(|target| Reverse(layer(target))),
        }
    }

    /// Returns the steps in which one waits for others of them.
    pub(super) fn waits(&self, id: &str, verb: Verb) -> Vec<PlannedStep> {
        let is_target = |other: &&str| self.targets.iter().any(|target| target.instance_id() == *other);
        let step = |other: &str, what: &str| PlannedStep::new(format!("wait until {other} {what}"), "needs");
        let needs = self.needs.of(id).iter().map(String::as_str);
        let dependents = self.targets.iter().map(|target| target.instance_id());
        let dependents = dependents.filter(|other| self.needs.of(other).iter().any(|need| need == id));
        let for_end = dependents.map(|other| step(other, "has ended"));
        let for_run = needs.filter(is_target).map(|other| step(other, "runs"));
        match verb {
            Verb::Start => for_run.collect(),
            Verb::Stop => for_end.collect(),
            Verb::Restart => for_end.chain(for_run).collect(),
        }
    }
}

impl Host {
    /// Adds what a verb takes along: what is needed and does not run, and with the
    /// dependents those that run.
    ///
    /// # Errors
    /// When the records of what has left the inventory cannot be read.
    pub(super) async fn in_order(
        &self,
        fleet: &Fleet,
        verb: Verb,
        targets: Vec<Arc<dyn Supervisor>>,
        rule: NeedsRule,
    ) -> Result<InOrder, Failure> {
        let needs = match rule {
            NeedsRule::Ignore => Needs::default(),
            NeedsRule::Keep | NeedsRule::WithDependents => Needs::of_inventory(&self.inventory),
        };
        let mut order = InOrder {
            targets,
            needs,
            ..InOrder::default()
        };
        if order.needs.is_empty() {
            return Ok(order);
        }
        let selected: Vec<String> = ids(&order.targets);
        let given = || selected.iter().map(String::as_str);
        if verb != Verb::Start {
            let dependents = self.supervisors(fleet, &order.needs.dependents_of(given()))?;
            let alive = alive(dependents).await;
            match rule {
                NeedsRule::WithDependents => order.targets.extend(alive),
                _ => order.refused = refusals(verb, &selected, &ids(&alive), &order.needs),
            }
        }
        if verb != Verb::Stop {
            let own = ids(&order.targets);
            let needed = order.needs.needed_by(own.iter().map(String::as_str));
            for (one, seen) in look_at(self.supervisors(fleet, &needed)?).await {
                if !seen.is_running() {
                    order.only_started.insert(one.instance_id().to_owned());
                    order.targets.push(one);
                }
            }
        }
        Ok(order)
    }

    /// Returns the supervisors of these ids, in the order of the inventory.
    fn supervisors(&self, fleet: &Fleet, ids: &HashSet<String>) -> Result<Vec<Arc<dyn Supervisor>>, Failure> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let members = self.choose(fleet, Scope::Listed, &[])?.into_iter();
        let chosen = members.filter(|member| ids.contains(member.id()));
        Ok(chosen.map(|member| member.supervisor).collect())
    }
}

fn ids(supervisors: &[Arc<dyn Supervisor>]) -> Vec<String> {
    supervisors.iter().map(|one| one.instance_id().to_owned()).collect()
}

/// Looks at them side by side: a host that does not answer delays no other.
async fn look_at(supervisors: Vec<Arc<dyn Supervisor>>) -> Vec<(Arc<dyn Supervisor>, Observation)> {
    let mut looks = JoinSet::new();
    for (place, one) in supervisors.into_iter().enumerate() {
        looks.spawn(async move {
            let seen = one.look().await;
            (place, one, seen)
        });
    }
    let mut looks = looks.join_all().await;
    looks.sort_by_key(|(place, ..)| *place);
    looks.into_iter().map(|(_, one, seen)| (one, seen)).collect()
}

/// Returns those that are alive. One whose state is not known may be.
async fn alive(supervisors: Vec<Arc<dyn Supervisor>>) -> Vec<Arc<dyn Supervisor>> {
    let is_down = |seen: &Observation| matches!(seen, Observation::Known(facts) if !facts.state.is_alive());
    let looks = look_at(supervisors).await.into_iter();
    looks.filter(|(_, seen)| !is_down(seen)).map(|(one, _)| one).collect()
}

/// Returns why those of the selected are not stopped that something alive needs.
fn refusals(verb: Verb, selected: &[String], alive: &[String], needs: &Needs) -> HashMap<String, Failure> {
    let mut refused = HashMap::new();
    for id in selected {
        let dependents = needs.dependents_of([id.as_str()]);
        let by: Vec<&str> = alive
            .iter()
            .filter(|one| dependents.contains(*one))
            .map(String::as_str)
            .collect();
        if by.is_empty() {
            continue;
        }
        let (who, need) = (by.join(", "), if by.len() == 1 { "needs" } else { "need" });
        let message = format!("it was left as it is: {who} {need} it");
        let verb = verb.as_str();
        let hint = format!(
            "{} does it for all of them, in order; {} for {id} alone",
            command(format_args!("{verb} --with-dependents {id}")),
            command(format_args!("{verb} --no-needs {id}"))
        );
        refused.insert(id.clone(), Failure::failed(message).hint(hint));
    }
    refused
}
