//! One look at an engine for all instances on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::container::Container;
use super::engine::{Engine, EngineKey};
use crate::failure::Failure;

type Seen = Result<Arc<Vec<Container>>, Failure>;

/// The containers of every engine, each asked once.
#[derive(Debug, Default)]
pub struct EngineSnapshots {
    engines: Mutex<HashMap<EngineKey, Arc<OnceCell<Seen>>>>,
}

impl EngineSnapshots {
    /// Returns the containers of one group as they were at the first question.
    pub async fn of_group(&self, engine: &Engine, group: &str) -> Result<Vec<Container>, Failure> {
        let cell = {
            let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(engines.entry(engine.key()).or_default())
        };
        let look = || async { engine.of_all_groups().await.map(Arc::new) };
        let all = cell.get_or_init(look).await.clone()?;
        Ok(all.iter().filter(|one| one.member.group == group).cloned().collect())
    }
}
