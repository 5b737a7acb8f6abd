//! The instances that a command line selects, with their supervisors.

use super::Host;
use super::selector::{Candidate, Selected, select};
use crate::failure::{Failure, FailureKind};
use crate::fleet::{Ground, Member};
use crate::inventory::Inventory;

/// A choice among the instances.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// Every instance of the inventory.
    Listed,
    /// Every instance of the inventory, and what runs without being in it.
    Everything,
    /// The instances that these selectors match.
    Matching(&'a [String]),
}

/// A selected instance.
pub(super) struct Chosen {
    pub(super) member: Member,
    /// True when it was selected by its id.
    pub(super) named: bool,
}

/// Returns every member of the inventory, and of those ids that it does not
/// list but that were started once; of these the ones that are selected.
///
/// # Errors
/// When a selector matches nothing, or a record cannot be read.
pub(super) fn choose(
    inventory: &Inventory,
    ground: &Ground,
    selection: Selection<'_>,
    unlisted: &[String],
) -> Result<Vec<Chosen>, Failure> {
    let mut members = ground.members(inventory);
    members.extend(ground.named_strays(inventory, unlisted)?);
    let Selection::Matching(selectors) = selection else {
        let chosen = |member| Chosen { member, named: false };
        return Ok(members.into_iter().map(chosen).collect());
    };
    let candidates = members.iter().map(|member| Candidate {
        id: member.id(),
        tags: &member.tags,
    });
    let selected = select(&candidates.collect::<Vec<_>>(), selectors)?;
    let chosen = |one: Selected| {
        let member = members.get(one.index)?.clone();
        Some(Chosen {
            member,
            named: one.named,
        })
    };
    Ok(selected.into_iter().filter_map(chosen).collect())
}

/// Returns the inventory reduced to what is selected.
///
/// # Errors
/// When a selector matches nothing.
pub(super) fn reduced(mut inventory: Inventory, selectors: &[String]) -> Result<Inventory, Failure> {
    if selectors.is_empty() {
        return Ok(inventory);
    }
    let candidates = inventory.instances.iter().map(|instance| Candidate {
        id: &instance.id,
        tags: &instance.tags,
    });
    let selected = select(&candidates.collect::<Vec<_>>(), selectors)?;
    let mut indices = 0..;
    inventory.instances.retain(|_| {
        indices
            .next()
            .is_some_and(|index| selected.iter().any(|one| one.index == index))
    });
    Ok(inventory)
}

impl Host {
    /// Returns the selected members; an id that the inventory does not list is
    /// selected where it was started once.
    pub(super) fn members(&self, ground: &Ground, selection: Selection<'_>) -> Result<Vec<Member>, Failure> {
        let unlisted = self.unlisted_ids(ground, selection)?;
        let chosen = choose(&self.inventory, ground, selection, &unlisted)?;
        Ok(chosen.into_iter().map(|one| one.member).collect())
    }

    /// Returns the ids that a selection may mean beside those of the
    /// inventory. `ground` is one that looks.
    pub(super) fn unlisted_ids(&self, ground: &Ground, selection: Selection<'_>) -> Result<Vec<String>, Failure> {
        Ok(match selection {
            Selection::Listed => Vec::new(),
            Selection::Everything => {
                let running = ground.strays(&self.inventory)?;
                running.iter().map(|member| member.id().to_owned()).collect()
            }
            Selection::Matching(selectors) => selectors.to_vec(),
        })
    }

    /// Returns the only instance that a selector matches. `purpose` ends the
    /// sentence of the failure.
    pub(super) fn the_one(&self, selector: &str, purpose: &str) -> Result<Member, Failure> {
        let selectors = [selector.to_owned()];
        let mut members = self.members(&self.for_verbs()?, Selection::Matching(&selectors))?;
        match (members.pop(), members.is_empty()) {
            (Some(member), true) => Ok(member),
            _ => Err(Failure::new(
                FailureKind::Usage,
                format!("`{selector}` means several instances, and {purpose}"),
            )),
        }
    }
}
