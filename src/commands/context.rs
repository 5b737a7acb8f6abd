//! What every command works with.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::{Cli, Common};
use crate::failure::Failure;
use crate::inventory::{self, Inventory, Problems, Source, Unchecked};
use crate::store::{StateDir, dir};
use crate::ui::Screen;

/// Why a command ended early.
pub(super) enum Ended {
    /// One thing went wrong.
    Failure(Failure),
    /// The inventory is not valid.
    Problems(Problems),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The screen, and where things are.
pub(super) struct Context<'a> {
    pub(super) screen: &'a Screen,
    pub(super) cli: &'a Cli,
    pub(super) common: &'a Common,
}

impl Context<'_> {
    /// Where the inventory is.
    pub(super) fn source(&self) -> Result<Source, Failure> {
        let explicit = self.cli.verb.inventory().or(self.cli.inventory.as_ref());
        inventory::find(explicit.map(std::ffi::OsString::as_os_str))
    }

    /// Reads the inventory.
    pub(super) fn unchecked(&self) -> Result<Unchecked, Ended> {
        let source = self.source()?;
        inventory::read(&source).map_err(Ended::Problems)
    }

    /// Reads and checks the inventory.
    pub(super) fn inventory(&self) -> Result<Inventory, Ended> {
        self.unchecked()?.check().map_err(Ended::Problems)
    }

    /// Where the state directory is, or is going to be.
    pub(super) fn state_path(&self) -> Result<PathBuf, Failure> {
        dir::locate(self.common.state_dir.as_deref(), &|name| std::env::var_os(name))
    }

    /// Opens the state directory to look; `None` when there is none.
    pub(super) fn state_to_look(&self) -> Result<Option<Arc<StateDir>>, Failure> {
        Ok(StateDir::open(&self.state_path()?)?.map(Arc::new))
    }

    /// Opens the state directory to change something, and makes it where there
    /// is none.
    pub(super) fn state_to_change(&self) -> Result<Arc<StateDir>, Failure> {
        StateDir::create(&self.state_path()?).map(Arc::new)
    }
}
