//! The instances that a command line selects, with their supervisors.

use super::Host;
use super::selector::{Candidate, select};
use crate::failure::{Failure, FailureKind};
use crate::fleet::{Fleet, Member};
use crate::inventory::{Instance, Inventory};

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
}

/// Returns the inventory reduced to what the selectors match; without
/// selectors the whole of it.
pub(super) fn reduced(mut inventory: Inventory, selectors: &[String]) -> Result<Inventory, Failure> {
    if !selectors.is_empty() {
        let candidate: fn(&Instance) -> Candidate<'_> = |instance| Candidate {
            id: &instance.id,
            tags: &instance.tags,
        };
        inventory.instances = select(inventory.instances, candidate, selectors)?;
    }
    Ok(inventory)
}

impl Host {
    /// Returns the members in a scope: of those that the inventory lists, and
    /// of the unlisted ids that were started once.
    pub(super) fn choose(&self, fleet: &Fleet, scope: Scope<'_>, unlisted: &[String]) -> Result<Vec<Member>, Failure> {
        let mut members = fleet.members(&self.inventory);
        members.extend(fleet.named_unlisted(&self.inventory, unlisted)?);
        let Scope::Matching(selectors) = scope else {
            return Ok(members);
        };
        let candidate: fn(&Member) -> Candidate<'_> = |member| Candidate {
            id: member.id(),
            tags: &member.tags,
        };
        select(members, candidate, selectors)
    }

    /// Returns the members in a scope, unlisted ones too.
    pub(super) fn members(&self, fleet: &Fleet, scope: Scope<'_>) -> Result<Vec<Member>, Failure> {
        self.choose(fleet, scope, &self.unlisted_ids(fleet, scope)?)
    }

    /// Returns the ids that a scope may mean beside those of the inventory.
    /// For `Everything`, `fleet` is one that looks.
    pub(super) fn unlisted_ids(&self, fleet: &Fleet, scope: Scope<'_>) -> Result<Vec<String>, Failure> {
        Ok(match scope {
            Scope::Listed => Vec::new(),
            Scope::Everything => {
                let running = fleet.running_unlisted(&self.inventory)?;
                running.iter().map(|member| member.id().to_owned()).collect()
            }
            Scope::Matching(selectors) => selectors.to_vec(),
        })
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
