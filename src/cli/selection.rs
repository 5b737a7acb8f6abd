//! The selection of instances, and the inventory that lists them.

use std::ffi::OsString;

use clap::{Args, ValueHint};

#[derive(Debug, Args)]
pub struct Selection {
    /// Selects instances: an id, a glob ('rust-*'), tag:NAME or host:NAME
    #[arg(value_name = "SELECTOR")]
    pub selectors: Vec<String>,

    /// Selects every instance of the inventory
    #[arg(short = 'a', long, conflicts_with = "selectors")]
    pub all: bool,

    #[command(flatten)]
    pub listed: Listed,
}

/// The id of the option, which is another one than before the verb.
pub(super) const INVENTORY_AFTER_VERB: &str = "inventory_after_verb";

/// The inventory, given after the verb.
#[derive(Debug, Args)]
pub struct Listed {
    /// Uses this inventory; - is standard input
    #[arg(long = "inventory", id = INVENTORY_AFTER_VERB, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub inventory: Option<OsString>,
}
