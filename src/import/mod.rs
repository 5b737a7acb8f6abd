//! Files of other tools, as instances of an inventory. Nothing is run, nothing is fetched, and
//! nothing is read but the files that are given: what a file does not say is asked for.
//!
//! ```text
//!   ImportFile ─▶ kind ─▶ egg, amp, linuxgsm, unit, ... ─▶ Draft ─▶ YAML
//!                           │        │
//!                           ▼        ▼
//!                         startup ─▶ shell      a start command, read as a shell reads it
//! ```
//!
//! A reader puts each value into its draft with the place that it comes from, and a remark for
//! all that it leaves out. A password that a template brings along is no secret, and so is not
//! copied: a variable of the inventory takes its place.

mod amp;
mod amp_ports;
mod amp_settings;
#[cfg(test)]
mod amp_tests;
mod amp_text;
mod compose;
#[cfg(test)]
mod corpus_tests;
mod docker_run;
mod draft;
mod egg;
#[cfg(test)]
mod egg_tests;
mod egg_variables;
mod file;
mod filled;
#[cfg(fuzzing)]
pub mod fuzzing;
mod ini;
mod kind;
mod launcher;
mod linuxgsm;
mod open_variables;
mod options;
mod pattern;
mod procfile;
mod secrecy;
mod service;
mod shell;
mod startup;
mod supervisord;
mod tree;
mod unit;

pub use draft::Draft;
pub use file::{FILE_MAX, ImportFile};
pub use kind::ImportKind;
pub use options::ImportOptions;

use crate::inventory::Problems;

/// Returns the names of the files beside `file` that it refers to: they belong to it.
pub fn beside(file: &ImportFile) -> Vec<String> {
    if amp::is_amp(file) {
        return amp::beside(file);
    }
    match linuxgsm::is_linuxgsm(file) || file.base_name().ends_with(".cfg") {
        true => linuxgsm::beside(file),
        false => Vec::new(),
    }
}

/// Makes instances of a file and of those beside it. Without a kind it is found from the content.
///
/// # Errors
/// When the file is nothing that can be imported, or an inventory does not take what it says.
pub fn read(
    file: &ImportFile,
    others: &[ImportFile],
    kind: Option<ImportKind>,
    options: &ImportOptions,
) -> Result<Vec<Draft>, Problems> {
    let kind = match kind {
        Some(kind) => kind,
        // What is only set over the defaults may be a single line.
        None if others.iter().any(linuxgsm::is_linuxgsm) => ImportKind::LinuxGsm,
        None => kind::kind_of(file)?,
    };
    let drafts = match kind {
        ImportKind::Egg => vec![egg::read(file, options)?],
        ImportKind::Procfile => procfile::read(file, options)?,
        ImportKind::Supervisord => supervisord::read(file, options)?,
        ImportKind::Systemd => vec![unit::read(file, options)?],
        ImportKind::Compose => vec![compose::read(file, options)?],
        ImportKind::DockerRun => vec![docker_run::read(file, options)?],
        ImportKind::LinuxGsm => vec![linuxgsm::read(file, others, options)?],
        ImportKind::Amp => vec![amp::read(file, others, options)?],
    };
    drafts.into_iter().map(Draft::loadable).collect()
}
