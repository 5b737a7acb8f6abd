//! The way to the inventory as it will be later, while something else goes on.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use tokio::sync::oneshot;

use super::context::{Context, without_mistakes};
use crate::failure::Failure;
use crate::host::{Error, Host};

/// A way of opening an inventory: [`Host::open`], or [`Host::open_whole`].
pub(super) type OpenHost = fn(Option<&OsStr>, Option<&Path>) -> Result<Host, Error>;

/// The inventory and the state directory that were typed.
#[derive(Clone)]
pub(super) struct Opener {
    inventory: Option<OsString>,
    state_dir: Option<PathBuf>,
}

impl Opener {
    pub(super) fn of(context: &Context<'_>) -> Self {
        Self {
            inventory: context.cli.inventory.clone(),
            state_dir: context.cli.common.state_dir.clone(),
        }
    }

    /// Returns the options that name both, as they stand before a verb.
    pub(super) fn options(&self) -> Vec<OsString> {
        let inventory = self.inventory.iter().map(|file| ["-f".into(), file.clone()]);
        let state_dir = self.state_dir.iter().map(|dir| ["--state-dir".into(), dir.into()]);
        inventory.chain(state_dir).flatten().collect()
    }

    /// Opens the inventory as it is now.
    ///
    /// # Errors
    /// When it is not valid where one looks.
    pub(super) async fn open_here(&self, way: OpenHost, scope: &[String]) -> Result<Host, Error> {
        let gone = |_| Error::from(Failure::failed("the inventory could not be read"));
        let host = self.open_aside(way).await.map_err(gone)??;
        without_mistakes(host, scope)
    }

    /// Opens the inventory on a thread of its own: it may have become a file that cannot be
    /// read at once.
    pub(super) fn open_aside(&self, open: OpenHost) -> oneshot::Receiver<Result<Host, Error>> {
        let (sender, opened) = oneshot::channel();
        let Self { inventory, state_dir } = self.clone();
        let begun = std::thread::Builder::new().spawn(move || {
            // Who asked may be gone.
            let _ = sender.send(open(inventory.as_deref(), state_dir.as_deref()));
        });
        match begun {
            Ok(_) => opened,
            Err(error) => {
                let (sender, failed) = oneshot::channel();
                let _ = sender.send(Err(error.into()));
                failed
            }
        }
    }
}
