//! The host of the instances: an inventory that is opened once for every verb,
//! with the instances that a command line selects and what belongs to them
//! (lock, intent, history, console log).
//!
//! # Theory of operation
//!
//! A command opens a [`Host`], asks it one thing and hands the answer to the
//! screen. Questions and answers are ids, selectors, requests, rows, results
//! and bytes. They never say what runs an instance, nor where, so that the
//! same questions can be put to a gamectl on another machine.
//!
//! ```text
//! Host::open ─▶ select ─▶ look      rows, once
//!                      ├▶ watch     events, without acting
//!                      ├▶ targets   dispatch, dry run
//!                      ├▶ logs, console, send
//!                      └▶ supervise events, acting: `run`
//! ```
//!
//! This room does not decide when an instance is restarted (`resident`), how a
//! verb is carried out (`instancecmd`) or how anything is shown (`ui`).

mod check;
mod console;
mod detail;
mod dry_run;
mod elsewhere;
mod host_check;
mod host_install;
mod inventory_file;
mod left_alone;
mod line_times;
mod link_carrier;
mod linking;
mod logs;
mod look;
mod members;
mod named_hosts;
mod needs;
mod notify;
mod onlookers;
mod schedule_carrier;
mod schedules;
mod selector;
pub mod serve;
mod supervise;
mod targets;
mod watch;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use crate::discovery::{FoundInstance, of_container, of_unit};
pub use crate::instancecmd::{CourtesyAsk, Events};
pub use crate::inventory::keys::SCHEMA;
pub use crate::inventory::{WhenEmpty, is_valid_id, nearest};
pub use crate::supervisor::VerbRequest;
pub use crate::supervisor::{ConsoleInput, ConsoleKind, OutputAsk, OutputFrom};
pub use crate::systemd::host_is_shutting_down;
pub use crate::usages::{EVERY as USAGE_EVERY, UsageDemand, UsageReader};
pub use console::GameConsole;
pub use inventory_file::InventoryFile;
pub use left_alone::StillThere;
pub use linking::Linking;
pub use logs::LogReader;
pub use look::{RowParts, StatusLook};
pub use members::Scope;
pub use needs::NeedsRule;
pub use supervise::{RunOptions, Supervision};
pub use targets::Targets;
pub use watch::WatchHandle;

use crate::failure::Failure;
use crate::fleet::Fleet;
use crate::inventory::{self, Inventory, Mistakes, Problems, SelectorWords, Source};
use crate::store::{StateDir, dir};

/// The reason why a command ended early.
#[derive(Debug)]
pub enum Error {
    Failure(Failure),
    /// The inventory is not valid.
    Problems(Problems),
}

impl Error {
    /// Returns the reason as one line.
    pub fn summary(&self) -> String {
        match self {
            Self::Failure(failure) => failure.message.clone(),
            Self::Problems(problems) => problems.summary(),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Failure(Failure::failed(error.to_string()))
    }
}

/// An inventory that is open, and the place of its state directory.
pub struct Host {
    source: Source,
    inventory: Inventory,
    /// The instances that were passed over.
    mistakes: Option<Mistakes>,
    state_path: PathBuf,
}

impl Host {
    /// Returns the state directory, which need not be there yet.
    pub fn state_path(&self) -> &Path {
        &self.state_path
    }

    /// Reads and checks the inventory, the one named or the first one found,
    /// and locates the state directory. Nothing is made.
    pub fn open(inventory: Option<&OsStr>, state_dir: Option<&Path>) -> Result<Self, Error> {
        let host = Self::open_whole(inventory, state_dir)?;
        match host.mistakes {
            None => Ok(host),
            Some(mistakes) => Err(Error::Problems(mistakes.problems)),
        }
    }

    /// Does the same, and passes over the instances that have a mistake; see
    /// [`Self::mistakes_in`].
    pub fn open_whole(inventory: Option<&OsStr>, state_dir: Option<&Path>) -> Result<Self, Error> {
        let source = inventory::find(inventory)?;
        let unchecked = inventory::read(&source).map_err(Error::Problems)?;
        let (inventory, mistakes) = unchecked.check_whole().map_err(Error::Problems)?;
        let host = Self {
            inventory,
            mistakes,
            state_path: dir::locate(state_dir, &|name| std::env::var_os(name))?,
            source,
        };
        match host.mistakes {
            // Nothing is there that anything could be done to.
            Some(mistakes) if host.inventory.instances.is_empty() && !host.state_path.exists() => {
                Err(Error::Problems(mistakes.problems))
            }
            _ => Ok(host),
        }
    }

    /// Opens definitions that another gamectl has sent, as an inventory of this machine.
    fn of_definitions(text: &str, folder: &Path) -> Result<Self, Error> {
        let read = inventory::parse_definitions(text.as_bytes(), folder);
        let (inventory, mistakes) = read.map_err(Error::Problems)?;
        Ok(Self {
            inventory,
            mistakes,
            state_path: dir::locate(None, &|name| std::env::var_os(name))?,
            source: Source::Stdin,
        })
    }

    /// Returns the name of the inventory for a title.
    pub fn name(&self) -> String {
        self.source.to_string()
    }

    /// Returns true when the inventory has no instances.
    pub fn is_empty(&self) -> bool {
        self.inventory.instances.is_empty()
    }

    /// Returns true when the inventory can be read a second time.
    pub fn can_reopen(&self) -> bool {
        self.source.is_kept()
    }

    /// Watches the file of the inventory; `None` where that is not possible.
    pub fn watch_file(&self) -> Option<InventoryFile> {
        let kept = self.source.path().filter(|_| self.can_reopen());
        kept.and_then(|path| InventoryFile::watch(path).ok())
    }

    /// Opens the state directory; `None` when there is none, which means that
    /// nothing was ever started.
    fn state(&self) -> Result<Option<Arc<StateDir>>, Failure> {
        let state = StateDir::open(&self.state_path)?;
        Ok(state.map(|state| Arc::new(state.for_inventory(self.file()))))
    }

    /// Opens the state directory, and makes it where there is none.
    fn create_state(&self) -> Result<Arc<StateDir>, Failure> {
        let state = StateDir::create(&self.state_path)?;
        Ok(Arc::new(state.for_inventory(self.file())))
    }

    fn for_verbs(&self) -> Result<Fleet, Failure> {
        Ok(Fleet::for_verbs(self.state()?))
    }
}

/// Returns the names of the other hosts of an inventory, for shell completion.
pub fn host_suggestions(inventory: Option<&OsStr>) -> Vec<String> {
    let listed = selector_words(inventory).map(|words| words.listed_hosts);
    listed.into_iter().flatten().collect()
}

/// Returns the ids and, with `tags`, the selectors of hosts and tags of an inventory, for
/// shell completion. An inventory that cannot be read has none; standard input
/// is not read, because it is the shell's.
pub fn suggestions(inventory: Option<&OsStr>, tags: bool) -> Vec<String> {
    let Some(words) = selector_words(inventory) else {
        return Vec::new();
    };
    let mut found = words.ids;
    if tags {
        found.extend(words.hosts.into_iter().map(|host| format!("host:{host}")));
        found.extend(words.tags.into_iter().map(|tag| format!("tag:{tag}")));
    }
    found
}

fn selector_words(inventory: Option<&OsStr>) -> Option<SelectorWords> {
    let source = inventory::find(inventory.filter(|name| *name != "-")).ok()?;
    source.path()?;
    inventory::read(&source)
        .ok()
        .map(|unchecked| unchecked.selector_words())
}
