//! The kinds of files that can be imported, and how they are told apart.

use super::file::ImportFile;
use super::tree::TreeText;
use super::{amp, egg, procfile};
use crate::inventory::Problems;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    Egg,
    Amp,
    Procfile,
}

impl ImportKind {
    /// Returns the kind of this name, as `--as` has it.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "egg" => Some(Self::Egg),
            "amp" => Some(Self::Amp),
            "procfile" => Some(Self::Procfile),
            _ => None,
        }
    }
}

/// Finds out what a file is.
///
/// # Errors
/// When it is nothing that can be imported, or a part of something that is named by another file.
pub(super) fn kind_of(file: &ImportFile) -> Result<ImportKind, Problems> {
    if file.base_name().ends_with(".kvp") || amp::is_amp(file) {
        return Ok(ImportKind::Amp);
    }
    let begin = file.text().trim_start();
    let is_named = [".json", ".yaml", ".yml"]
        .iter()
        .any(|end| file.base_name().ends_with(end));
    let is_tree = is_named || begin.starts_with(['{', '[']);
    let looks = TreeText::new(file).read(|root| {
        let first = root.items().next();
        let is_part = root.is_list() && first.is_some_and(|one| one.get("Ref").or(one.get("FieldName")).is_some());
        Ok((egg::is_egg(root), is_part))
    });
    match looks {
        Ok((true, _)) => Ok(ImportKind::Egg),
        _ if !is_tree && procfile::is_procfile(file) => Ok(ImportKind::Procfile),
        Ok((_, true)) => Err(file.whole(
            "this is a part of a template of AMP",
            "name its `.kvp` file, which refers to it",
        )),
        // A broken tree can be nothing else.
        Err(problems) if is_tree => Err(problems),
        _ => Err(file.whole(
            "this is nothing that can be imported",
            "it takes eggs (JSON or YAML), templates of AMP (.kvp) and Procfiles; `--as KIND` says which it is",
        )),
    }
}
