//! Verbs that come in over the link, carried out as if they were typed here.

use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::mpsc::UnboundedSender;

use super::linking::lock;
use super::{Host, NeedsRule, Scope};
use crate::event::{Level, LogEntry, ResidentEvent, VerbEvent, VerbResult};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{Inventory, Source};
use crate::link::{AskedVerb, Carrier, NotCarriedOut};
use crate::store::StateDir;
use crate::store::requests::{self, RequestEntry};
use crate::sys::clock::{unix_ms, wall_ms};

/// The inventory of a `run`, as it was read last.
pub(super) struct LinkCarrier {
    source: Source,
    state: Arc<StateDir>,
    /// Empty where there is no link that accepts a verb.
    inventory: Mutex<Inventory>,
    /// Held while a request is put on record: each record has one writer.
    entering: Arc<Mutex<()>>,
    events: UnboundedSender<ResidentEvent>,
}

impl LinkCarrier {
    pub(super) fn new(
        source: Source,
        state: Arc<StateDir>,
        inventory: &Inventory,
        events: UnboundedSender<ResidentEvent>,
    ) -> Self {
        let carrier = Self {
            source,
            state,
            inventory: Mutex::default(),
            entering: Arc::default(),
            events,
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
        *lock(&self.inventory) = kept;
    }

    fn host(&self) -> Host {
        Host {
            source: self.source.clone(),
            inventory: lock(&self.inventory).clone(),
            mistakes: None,
            state_path: self.state.path().to_owned(),
        }
    }

    /// Puts a request on record.
    async fn enter(&self, id: &str, asked: &AskedVerb) -> Result<(), NotCarriedOut> {
        let (state, entering) = (Arc::clone(&self.state), Arc::clone(&self.entering));
        let (instance, request) = (id.to_owned(), asked.request.clone());
        let (expires, now) = (unix_ms(asked.expires), wall_ms());
        // It waits for the disk.
        let entered = tokio::task::spawn_blocking(move || {
            let _one = lock(&entering);
            let dir = state.create_instance(&instance);
            let dir = dir.map_err(|failure| io::Error::other(failure.message))?;
            requests::enter(&dir, &request, expires, now)
        });
        match entered.await.map_err(io::Error::other).and_then(|entry| entry) {
            Ok(RequestEntry::New) => Ok(()),
            Ok(RequestEntry::Known) => Err(NotCarriedOut::CameBefore),
            Ok(RequestEntry::Full) => Err(NotCarriedOut::TooMany),
            Ok(RequestEntry::Unreadable(why)) => Err(NotCarriedOut::Unproven(why)),
            Err(error) => {
                // A full disk is no reason to leave a game running that is to stop.
                let request = &asked.request;
                let text = format!(
                    "request {request} over the link could not be put on record: a `run` that begins anew would not know it: {error}"
                );
                let entry = LogEntry::now(Level::Warning, Some(id), text);
                // Whoever listened may have ended.
                let _ = self.events.send(ResidentEvent::Happened(entry));
                Ok(())
            }
        }
    }
}

#[async_trait]
impl Carrier for LinkCarrier {
    async fn carry_out(
        &self,
        id: &str,
        asked: &AskedVerb,
        events: UnboundedSender<VerbEvent>,
    ) -> Result<VerbResult, NotCarriedOut> {
        let scope = [id.to_owned()];
        let host = self.host();
        let targets = host.targets(asked.verb.verb, Scope::Matching(&scope), NeedsRule::Keep);
        let targets = targets.await.map_err(NotCarriedOut::NoSuchInstance)?;
        self.enter(id, asked).await?;
        let results = targets.dispatch(&asked.verb, events).await;
        let none = || Failure::new(FailureKind::Unknown, format!("there is no instance `{id}`"));
        let result = results.into_iter().find(|result| result.id == id);
        result.ok_or_else(|| NotCarriedOut::NoSuchInstance(none()))
    }
}
