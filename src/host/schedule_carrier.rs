//! The deeds of schedules, carried out as if they were typed here.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Semaphore, watch};

use super::{Host, NeedsRule, Scope};
use crate::event::{VerbEvent, VerbResult};
use crate::failure::{Failure, FailureKind};
use crate::instancecmd::CourtesyAsk;
use crate::inventory::{Inventory, Needs, Source};
use crate::resident::DeedCarrier;
use crate::store::changes::Changes;
use crate::supervisor::VerbRequest;

/// The inventory of a `run`, as it was read last, for its schedules.
pub(super) struct ScheduleCarrier {
    source: Source,
    state_path: PathBuf,
    /// Empty where there is no schedule; with what needs what in it.
    known: Mutex<Arc<(Inventory, Needs)>>,
    /// The verbs that are under way at the same time.
    slots: Arc<Semaphore>,
    /// The changes that `run` follows.
    changes: Arc<Changes>,
}

impl ScheduleCarrier {
    pub(super) fn new(
        source: Source,
        state_path: PathBuf,
        inventory: &Inventory,
        at_once: usize,
        changes: Arc<Changes>,
    ) -> Self {
        let carrier = Self {
            source,
            state_path,
            known: Mutex::default(),
            slots: Arc::new(Semaphore::new(at_once.max(1))),
            changes,
        };
        carrier.change(inventory);
        carrier
    }

    /// Takes over an inventory that was read again.
    pub(super) fn change(&self, inventory: &Inventory) {
        let has_any = inventory.instances.iter().any(|one| !one.schedules.is_empty());
        let kept = if has_any {
            inventory.clone()
        } else {
            Inventory::default()
        };
        let needs = Needs::of_inventory(&kept);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new((kept, needs));
    }

    /// Opens the inventory with one instance, and with those that it needs or that need it:
    /// of a thousand, as many may be due at the same time.
    fn host_of(&self, id: &str) -> Host {
        let known = Arc::clone(&self.known.lock().unwrap_or_else(PoisonError::into_inner));
        let (whole, needs) = &*known;
        let mut wanted = HashSet::from([id.to_owned()]);
        wanted.extend(needs.dependents_of([id]));
        wanted.extend(needs.needed_by(wanted.clone().iter().map(String::as_str)));
        let instances = whole.instances.iter().filter(|one| wanted.contains(&one.id));
        Host {
            source: self.source.clone(),
            inventory: Inventory {
                instances: instances.cloned().collect(),
                hosts: whole.hosts.clone(),
                link: None,
                folder: whole.folder.clone(),
            },
            mistakes: None,
            state_path: self.state_path.clone(),
        }
    }
}

#[async_trait]
impl DeedCarrier for ScheduleCarrier {
    async fn verb(
        &self,
        id: &str,
        by: &str,
        request: &VerbRequest,
        ask: &CourtesyAsk,
        events: UnboundedSender<VerbEvent>,
        mut ending: watch::Receiver<bool>,
    ) -> Result<VerbResult, Failure> {
        let scope = [id.to_owned()];
        let host = self.host_of(id);
        let scope = Scope::Matching(&scope);
        let targets = host.targets_told_by(Some(&self.changes), request.verb, scope, NeedsRule::Keep);
        let targets = targets.await?.courteous(&host, ask).asked_by(by, &self.slots);
        let work = targets.dispatch(request, events);
        tokio::pin!(work);
        let ended = async {
            if ending.wait_for(|is_ending| *is_ending).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let results = tokio::select! {
            results = &mut work => results,
            () = ended => {
                // The players that were warned are told so, and what is past that goes on.
                targets.cancel_countdowns();
                work.await
            }
        };
        let none = || Failure::new(FailureKind::Unknown, format!("there is no instance `{id}`"));
        results.into_iter().find(|result| result.id == id).ok_or_else(none)
    }

    async fn send(&self, id: &str, line: &str, limit: Duration) -> Result<Option<String>, Failure> {
        let host = self.host_of(id);
        let sent = host.send(id, line, limit).await;
        sent.map(|(_, reply)| reply)
    }
}
