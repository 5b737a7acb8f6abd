//! The kinds of files that can be imported, and how they are told apart.

use super::file::ImportFile;
use super::tree::TreeText;
use super::{amp, compose, docker_run, egg, linuxgsm, procfile, supervisord, unit};
use crate::inventory::Problems;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    Egg,
    Amp,
    Procfile,
    Supervisord,
    Systemd,
    Compose,
    DockerRun,
    LinuxGsm,
}

impl ImportKind {
    /// The names that `--as` takes.
    pub const NAMES: [&str; 8] = [
        "egg",
        "amp",
        "linuxgsm",
        "systemd",
        "compose",
        "docker-run",
        "procfile",
        "supervisord",
    ];

    /// Returns the kind of this name, as `--as` has it.
    pub fn of_name(name: &str) -> Option<Self> {
        match name {
            "egg" => Some(Self::Egg),
            "amp" => Some(Self::Amp),
            "procfile" => Some(Self::Procfile),
            "supervisord" => Some(Self::Supervisord),
            "systemd" => Some(Self::Systemd),
            "compose" => Some(Self::Compose),
            "docker-run" => Some(Self::DockerRun),
            "linuxgsm" => Some(Self::LinuxGsm),
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
    if supervisord::is_supervisord(file) {
        return Ok(ImportKind::Supervisord);
    }
    if unit::is_unit(file) {
        return Ok(ImportKind::Systemd);
    }
    if docker_run::is_docker_run(file) {
        return Ok(ImportKind::DockerRun);
    }
    if linuxgsm::is_linuxgsm(file) {
        return Ok(ImportKind::LinuxGsm);
    }
    let begin = file.text().trim_start();
    let is_named = [".json", ".yaml", ".yml"]
        .iter()
        .any(|end| file.base_name().ends_with(end));
    let is_tree = is_named || begin.starts_with(['{', '[']);
    let looks = TreeText::new(file).read(|root| {
        let first = root.items().next();
        let is_part = root.is_list() && first.is_some_and(|one| one.get("Ref").or(one.get("FieldName")).is_some());
        Ok((egg::is_egg(root), is_part, compose::is_compose(root)))
    });
    match looks {
        Ok((true, ..)) => Ok(ImportKind::Egg),
        Ok((.., true)) => Ok(ImportKind::Compose),
        _ if !is_tree && procfile::is_procfile(file) => Ok(ImportKind::Procfile),
        Ok((_, true, _)) => Err(file.whole(
            "this is a part of a template of AMP",
            "name its `.kvp` file, which refers to it",
        )),
        // A broken tree can be nothing else.
        Err(problems) if is_tree => Err(problems),
        _ => Err(file.whole(
            "this is nothing that can be imported",
            "it takes eggs, templates of AMP (.kvp), files of LinuxGSM, systemd, compose and supervisord, Procfiles, and a \
             line of `docker run`; `--as KIND` says which it is",
        )),
    }
}
