//! An instance that another inventory has started.

use std::collections::HashMap;
use std::path::PathBuf;

use crate::event::Verb;
use crate::failure::Failure;
use crate::invocation::{command, command_for};
use crate::supervisor::VerbRequest;

/// The instances, by their ids, that another inventory has started.
pub type ElsewhereById = HashMap<String, Elsewhere>;

/// The inventory that has started an instance, where it is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    pub file: PathBuf,
    /// False when the file is gone, or does not list the instance any more: it was
    /// renamed, or the instance has moved.
    pub is_listed: bool,
}

impl Elsewhere {
    /// Returns true if the request would end what belongs to that inventory.
    pub fn refuses(&self, request: &VerbRequest) -> bool {
        request.verb != Verb::Start && !request.force && self.is_listed
    }

    pub fn note(&self) -> String {
        let file = self.file.display();
        match self.is_listed {
            true => format!("started from {file}"),
            false if !self.file.exists() => format!("started from {file}, which is gone"),
            false => format!("started from {file}, which does not list it any more"),
        }
    }

    /// Returns the failure of a verb that would end what the other inventory has
    /// started.
    pub fn refusal(&self, verb: Verb, id: &str) -> Failure {
        let verb = verb.as_str();
        let message = format!("it was {}, and not from this inventory", self.note());
        let there = command_for(&self.file, format_args!("{verb} {id}"));
        let here = command(format_args!("{verb} --force {id}"));
        Failure::failed(message).hint(format!("{there}, or, by the inventory that is named here, {here}"))
    }
}
