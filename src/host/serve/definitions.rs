//! The definitions of instances, as another gamectl has sent them.

use std::path::PathBuf;

use super::super::{Error, Host};
use super::tasks::not_understood;
use crate::failure::Failure;

/// Definitions as they were sent.
#[derive(Debug)]
pub(super) struct SentDefinitions {
    pub(super) inventory: String,
    pub(super) folder: PathBuf,
}

impl SentDefinitions {
    /// Opens them.
    ///
    /// # Errors
    /// When they are not understood here.
    pub(super) fn open(&self) -> Result<Host, Failure> {
        Host::of_definitions(&self.inventory, &self.folder).map_err(|error| match error {
            Error::Failure(failure) => failure,
            Error::Problems(problems) => not_understood(&problems),
        })
    }
}
