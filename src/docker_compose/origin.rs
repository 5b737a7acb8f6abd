//! The record by which a stack is found again that has left the inventory.

use std::path::PathBuf;

use super::PLANE;
use crate::inventory::ComposeSpec;
use crate::store::origin::Origin;

const PROJECT: &str = "project";
const CONTEXT: &str = "context";
const ENV_FILE: &str = "env_file";
const FILE: &str = "file";
const PROFILE: &str = "profile";
const SERVICE: &str = "service";

pub(super) fn of_spec(spec: &ComposeSpec) -> Origin {
    let mut origin = Origin::of(PLANE);
    origin.push(PROJECT, &spec.project);
    if let Some(context) = &spec.context {
        origin.push(CONTEXT, context);
    }
    if let Some(file) = &spec.env_file {
        origin.push(ENV_FILE, file.display());
    }
    for file in &spec.files {
        origin.push(FILE, file.display());
    }
    for profile in &spec.profiles {
        origin.push(PROFILE, profile);
    }
    for service in &spec.services {
        origin.push(SERVICE, service);
    }
    origin
}

/// Returns the definition on record; `None` if the record does not name the
/// project.
pub(super) fn to_spec(origin: &Origin) -> Option<ComposeSpec> {
    let all = |key| origin.all(key).map(str::to_owned).collect();
    Some(ComposeSpec {
        project: origin.get(PROJECT)?.to_owned(),
        context: origin.get(CONTEXT).map(str::to_owned),
        env_file: origin.get(ENV_FILE).map(PathBuf::from),
        files: origin.all(FILE).map(PathBuf::from).collect(),
        profiles: all(PROFILE),
        services: all(SERVICE),
    })
}

/// Returns true if the stack on record is that of a definition. A record of an
/// older gamectl does not name its project, and is taken for the same.
pub fn is_same_stack(origin: &Origin, spec: &ComposeSpec) -> bool {
    let is_same = |old: ComposeSpec| old.project == spec.project && old.context == spec.context;
    origin.plane() == PLANE && to_spec(origin).is_none_or(is_same)
}
