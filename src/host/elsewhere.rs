//! The instances that another inventory has started: ids are one namespace in a
//! state directory.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::Host;
use crate::instancecmd::{Elsewhere, ElsewhereById};
use crate::inventory::{self, Source};
use crate::store::{StateDir, inventories};

/// Returns true for two names of one file.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn ids_in(file: &Path) -> Option<Vec<String>> {
    let unchecked = inventory::read(&Source::File(file.to_owned())).ok()?;
    Some(unchecked.selector_words().ids)
}

impl Host {
    /// Returns the absolute path of the inventory; `None` for standard input.
    pub(super) fn file(&self) -> Option<PathBuf> {
        self.source.absolute()
    }

    /// Returns those of the instances that another inventory has started.
    pub(super) fn elsewhere<'a>(&self, state: &StateDir, ids: impl Iterator<Item = &'a str>) -> ElsewhereById {
        started_elsewhere(self.file().as_deref(), state, ids)
    }
}

/// Returns those of the instances that another inventory than `own` has started.
pub(super) fn started_elsewhere<'a>(
    own: Option<&Path>,
    state: &StateDir,
    ids: impl Iterator<Item = &'a str>,
) -> ElsewhereById {
    if !inventories::has_others(state) {
        return HashMap::new();
    }
    // One from standard input is nobody's rival.
    let Some(own) = own else { return HashMap::new() };
    let mut lists: HashMap<PathBuf, Option<Vec<String>>> = HashMap::new();
    let mut starter = |id: &str| {
        let file = inventories::starter_of(state, id).filter(|file| !is_same(file, own))?;
        let ids = lists.entry(file.clone()).or_insert_with(|| ids_in(&file));
        // What cannot be read may list it.
        let is_listed = match ids {
            Some(ids) => ids.iter().any(|one| one == id),
            None => file.exists(),
        };
        Some(Elsewhere { file, is_listed })
    };
    ids.filter_map(|id| Some((id.to_owned(), starter(id)?))).collect()
}
