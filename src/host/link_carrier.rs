//! Verbs that come in over the link, carried out as if they were typed here.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::mpsc::UnboundedSender;

use super::{Host, NeedsRule, Scope};
use crate::event::{VerbEvent, VerbResult};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{Inventory, Source};
use crate::link::Carrier;
use crate::supervisor::VerbRequest;

/// The inventory of a `run`, as it was read last.
pub(super) struct LinkCarrier {
    source: Source,
    state_path: PathBuf,
    /// Empty where there is no link that accepts a verb.
    inventory: Mutex<Inventory>,
}

impl LinkCarrier {
    pub(super) fn new(source: Source, state_path: PathBuf, inventory: &Inventory) -> Self {
        let carrier = Self {
            source,
            state_path,
            inventory: Mutex::default(),
        };
        carrier.change(inventory);
        carrier
    }

    /// Takes over an inventory that was read again.
    pub(super) fn change(&self, inventory: &Inventory) {
        let accepts = inventory.link.as_ref().is_some_and(|link| !link.accept.is_empty());
        let kept = if accepts {
            inventory.clone()
        } else {
            Inventory::default()
        };
        *self.inventory.lock().unwrap_or_else(PoisonError::into_inner) = kept;
    }

    fn host(&self) -> Host {
        Host {
            source: self.source.clone(),
            inventory: self.inventory.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            mistakes: None,
            state_path: self.state_path.clone(),
        }
    }
}

#[async_trait]
impl Carrier for LinkCarrier {
    async fn carry_out(
        &self,
        id: &str,
        request: &VerbRequest,
        events: UnboundedSender<VerbEvent>,
    ) -> Result<VerbResult, Failure> {
        let scope = [id.to_owned()];
        let host = self.host();
        let targets = host.targets(request.verb, Scope::Matching(&scope), NeedsRule::Keep);
        let targets = targets.await?;
        let results = targets.dispatch(request, events).await;
        let none = || Failure::new(FailureKind::Unknown, format!("there is no instance `{id}`"));
        results.into_iter().find(|result| result.id == id).ok_or_else(none)
    }
}
