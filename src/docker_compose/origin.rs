//! The record by which a stack is found again that has left the inventory.

use std::path::PathBuf;

use super::PLANE;
use crate::inventory::{ComposeEngine, ComposeSpec};
use crate::store::origin::Origin;

const PROJECT: &str = "project";
const ENGINE: &str = "engine";
const PODMAN: &str = "podman";
const CONTEXT: &str = "context";
const ENV_FILE: &str = "env_file";
const FILE: &str = "file";
const PROFILE: &str = "profile";
const SERVICE: &str = "service";
const CONSOLE: &str = "console";
const SEND: &str = "send";

pub(super) fn of_spec(spec: &ComposeSpec) -> Origin {
    let mut origin = Origin::of(PLANE);
    origin.push(PROJECT, &spec.project);
    if spec.engine == ComposeEngine::Podman {
        origin.push(ENGINE, PODMAN);
    }
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
    if let Some(console) = &spec.console {
        origin.push(CONSOLE, console);
    }
    for word in &spec.send {
        origin.push(SEND, word);
    }
    origin
}

/// Returns the definition on record; `None` if the record does not name the
/// project.
pub(super) fn to_spec(origin: &Origin) -> Option<ComposeSpec> {
    let all = |key| origin.all(key).map(str::to_owned).collect();
    Some(ComposeSpec {
        engine: match origin.get(ENGINE) {
            None => ComposeEngine::Docker,
            Some(PODMAN) => ComposeEngine::Podman,
            // One that is not known here cannot be asked.
            Some(_) => return None,
        },
        project: origin.get(PROJECT)?.to_owned(),
        context: origin.get(CONTEXT).map(str::to_owned),
        env_file: origin.get(ENV_FILE).map(PathBuf::from),
        files: origin.all(FILE).map(PathBuf::from).collect(),
        profiles: all(PROFILE),
        services: all(SERVICE),
        console: origin.get(CONSOLE).map(str::to_owned),
        send: all(SEND),
    })
}

/// Returns true if the stack on record is that of a definition. A record of an
/// older gamectl does not name its project, and is taken for the same.
pub fn is_same_stack(origin: &Origin, spec: &ComposeSpec) -> bool {
    let place = |spec: &ComposeSpec| (spec.engine, spec.project.clone(), spec.context.clone());
    let is_same = |old: ComposeSpec| place(&old) == place(spec);
    origin.plane() == PLANE && to_spec(origin).is_none_or(is_same)
}
