//! The instances that a command line selects, with their supervisors.

use std::collections::HashSet;
use std::sync::Arc;

use super::Host;
use super::selector::{Candidate, select};
use crate::failure::{Failure, FailureKind};
use crate::fleet::{Fleet, Member};
use crate::inventory::{Instance, Inventory, Problems};

/// The instances that a command is about.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// Every instance of the inventory.
    Listed,
    /// Every instance of the inventory, and what runs without being in it.
    Everything,
    /// The instances that these selectors match.
    Matching(&'a [String]),
}

impl Scope<'_> {
    /// Returns true when an instance is named by its id, rather than matched.
    pub(super) fn names(self, id: &str) -> bool {
        matches!(self, Self::Matching(selectors) if selectors.iter().any(|one| one == id))
    }

    /// Returns true unless only others than these are named. The tags and the
    /// host of an instance that has a mistake are not known.
    pub(super) fn may_mean(self, ids: &[String]) -> bool {
        let Self::Matching(selectors) = self else { return true };
        let means = |selector: &String| match selector.contains(['*', '?', '[', ':']) {
            true => glob::Pattern::new(selector).map_or(true, |glob| ids.iter().any(|id| glob.matches(id))),
            false => ids.contains(selector),
        };
        selectors
            .iter()
            .any(|selector| selector.starts_with("tag:") || selector.starts_with("host:") || means(selector))
    }
}

/// Returns the inventory reduced to what the selectors match; without
/// selectors the whole of it.
pub(super) fn reduced(mut inventory: Inventory, selectors: &[String]) -> Result<Inventory, Failure> {
    if !selectors.is_empty() {
        let candidate: fn(&Arc<Instance>) -> Candidate<'_> = |instance| Candidate {
            id: &instance.id,
            tags: &instance.tags,
            host: instance.host(),
        };
        inventory.instances = select(inventory.instances, candidate, selectors)?;
    }
    Ok(inventory)
}

impl Host {
    /// Returns all problems of the inventory, unless a scope names only
    /// instances that have none.
    pub fn mistakes_in(&self, scope: Scope<'_>) -> Option<&Problems> {
        let mistakes = self.mistakes.as_ref()?;
        scope.may_mean(&mistakes.ids).then_some(&mistakes.problems)
    }

    /// Returns true if the inventory has an instance, with or without a mistake.
    pub(super) fn is_listed(&self, id: &str) -> bool {
        self.inventory.get(id).is_some() || self.broken().iter().any(|broken| broken == id)
    }

    /// Returns the ids of the instances that have a mistake.
    fn broken(&self) -> &[String] {
        self.mistakes.as_ref().map_or(&[], |mistakes| &mistakes.ids)
    }

    /// Returns true for an instance that has a mistake.
    pub(super) fn is_broken(&self, id: &str) -> bool {
        self.broken().iter().any(|broken| broken == id)
    }

    /// Returns the members in a scope: of those that the inventory lists, and
    /// of the unlisted ids that were started once.
    pub(super) fn choose(&self, fleet: &Fleet, scope: Scope<'_>, unlisted: &[String]) -> Result<Vec<Member>, Failure> {
        let mut members = fleet.members(&self.inventory);
        members.extend(fleet.named_unlisted(&self.inventory, unlisted)?);
        for member in &mut members {
            member.listed |= self.broken().iter().any(|id| id == member.id());
        }
        let Scope::Matching(selectors) = scope else {
            return Ok(members);
        };
        // One that has a mistake, and was never started, is nothing to act on.
        let is_absent = |id: &String| self.broken().contains(id) && !members.iter().any(|member| member.id() == id);
        let selectors: Vec<String> = selectors.iter().filter(|id| !is_absent(id)).cloned().collect();
        let candidate: fn(&Member) -> Candidate<'_> = |member| Candidate {
            id: member.id(),
            tags: &member.tags,
            host: member.supervisor.host(),
        };
        select(members, candidate, &selectors)
    }

    /// Returns the members in a scope, unlisted ones too.
    pub(super) fn members(&self, fleet: &Fleet, scope: Scope<'_>) -> Result<Vec<Member>, Failure> {
        self.choose(fleet, scope, &self.unlisted_ids(fleet, scope)?)
    }

    /// Returns the ids that a scope may mean beside those of the inventory.
    /// For `Everything`, `fleet` is one that looks.
    pub(super) fn unlisted_ids(&self, fleet: &Fleet, scope: Scope<'_>) -> Result<Vec<String>, Failure> {
        let mut ids = match scope {
            Scope::Listed => Vec::new(),
            Scope::Everything => {
                let running = fleet.running_unlisted(&self.inventory)?;
                running.iter().map(|member| member.id().to_owned()).collect()
            }
            Scope::Matching(selectors) => selectors.to_vec(),
        };
        // What has a mistake in the inventory is known by its records.
        ids.extend(self.broken().iter().cloned());
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        Ok(ids)
    }

    /// Returns the only instance that a selector matches. `purpose` ends the
    /// sentence of the failure.
    pub(super) fn the_one(&self, selector: &str, purpose: &str) -> Result<Member, Failure> {
        let selectors = [selector.to_owned()];
        let mut members = self.members(&self.for_verbs()?, Scope::Matching(&selectors))?;
        match (members.pop(), members.is_empty()) {
            (Some(member), true) => Ok(member),
            _ => Err(Failure::new(
                FailureKind::Usage,
                format!("`{selector}` means several instances, and {purpose}"),
            )),
        }
    }
}
