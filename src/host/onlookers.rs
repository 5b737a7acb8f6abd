//! The instances on other hosts that `run` shows beside those it keeps.

use std::sync::Arc;

use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinSet;

use crate::event::{ResidentEvent, WatchedRow};
use crate::fleet::{Fleet, Member};
use crate::inventory::Inventory;
use crate::watcher::Watcher;

/// A watch over the instances on other hosts.
pub(super) struct Onlookers {
    ids: Vec<String>,
    _watcher: Watcher,
    _passing: JoinSet<()>,
}

impl Onlookers {
    /// Begins to watch what an inventory lists on other hosts. The rows stand behind
    /// those of this one.
    pub(super) fn over(fleet: &Fleet, inventory: &Inventory, events: &UnboundedSender<ResidentEvent>) -> Self {
        let members: Vec<Member> = fleet.members(inventory);
        let (elsewhere, here): (Vec<Member>, Vec<Member>) = members
            .into_iter()
            .partition(|member| inventory.get(member.id()).is_some_and(|one| one.hosted.is_some()));
        let (told, mut heard) = mpsc::unbounded_channel();
        let (events, before) = (events.clone(), here.len());
        let mut passing = JoinSet::new();
        passing.spawn(async move {
            while let Some(event) = heard.recv().await {
                // That all are seen is said of those of this host.
                if let ResidentEvent::Row(watched) = event {
                    let moved = WatchedRow {
                        place: watched.place + before,
                        ..watched.as_ref().clone()
                    };
                    let _ = events.send(ResidentEvent::Row(Arc::new(moved)));
                }
            }
        });
        Self {
            ids: elsewhere.iter().map(|member| member.id().to_owned()).collect(),
            _watcher: Watcher::over(&elsewhere, None, &told),
            _passing: passing,
        }
    }

    /// Goes over to an inventory that was read again.
    pub(super) fn change(&mut self, fleet: &Fleet, inventory: &Inventory, events: &UnboundedSender<ResidentEvent>) {
        let before = std::mem::take(&mut self.ids);
        *self = Self::over(fleet, inventory, events);
        for gone in before.into_iter().filter(|id| inventory.get(id).is_none()) {
            let _ = events.send(ResidentEvent::Gone(gone));
        }
    }
}
