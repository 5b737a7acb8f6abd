//! One look at the podman of a user for all instances that it has.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::described::Described;
use super::engine::PodmanEngine;
use super::listing::{ListedContainer, UserListing};
use crate::failure::Failure;

/// The names of all pods of a user, or why they could not be found out.
type Pods = Result<Vec<String>, Failure>;

/// The descriptions of containers that were killed, which the list does not have.
pub(super) type Killed = Result<Arc<Vec<Described>>, Failure>;

type Asked<T> = Arc<OnceCell<T>>;

/// The containers and pods of every user, each asked once.
#[derive(Debug, Default)]
pub(super) struct PodmanSnapshots {
    listings: Mutex<HashMap<Option<String>, Asked<UserListing>>>,
    pods: Mutex<HashMap<Option<String>, Asked<Pods>>>,
    killed: Mutex<HashMap<Option<String>, Asked<Killed>>>,
}

impl PodmanSnapshots {
    /// Returns the containers as they were at the first question.
    pub(super) async fn listing(&self, engine: &PodmanEngine) -> UserListing {
        let cell = cell(&self.listings, engine);
        cell.get_or_init(|| engine.list()).await.clone()
    }

    /// Returns the names of the pods as they were at the first question.
    pub(super) async fn pods(&self, engine: &PodmanEngine) -> Pods {
        let cell = cell(&self.pods, engine);
        cell.get_or_init(|| engine.pods()).await.clone()
    }

    /// Returns the descriptions of all containers that were killed.
    pub(super) async fn killed(&self, engine: &PodmanEngine) -> Killed {
        let listed = self.listing(engine).await?;
        let cell = cell(&self.killed, engine);
        let look = || async {
            let killed = listed.iter().filter(|one| one.was_killed());
            let ids: Vec<&str> = killed.map(ListedContainer::id).collect();
            engine.describe(&ids).await.map(Arc::new)
        };
        cell.get_or_init(look).await.clone()
    }
}

fn cell<T>(cells: &Mutex<HashMap<Option<String>, Asked<T>>>, engine: &PodmanEngine) -> Asked<T> {
    let mut cells = cells.lock().unwrap_or_else(PoisonError::into_inner);
    let cell = cells.entry(engine.key()).or_insert_with(|| Arc::new(OnceCell::new()));
    Arc::clone(cell)
}
