//! A container of Docker or podman.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::entry::FoundInstance;
use super::unit::of_unit;
use crate::containers::{DOCKER, EngineKind, PODMAN};
use crate::failure::{Failure, FailureKind};
use crate::inventory::nearest;
use crate::program::{Finished, ProgramCall};

/// The time within which an engine answers.
const ANSWER: Duration = Duration::from_secs(10);

const COMPOSE: &str = "com.docker.compose.";

/// The label by which podman knows the unit that owns a container.
const UNIT: &str = "PODMAN_SYSTEMD_UNIT";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    #[serde(default)]
    name: String,
    config: RawConfig,
    /// The pod, as podman has it.
    #[serde(default)]
    pod: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawConfig {
    #[serde(default)]
    labels: Option<HashMap<String, String>>,
}

/// The owner of a container.
#[derive(Debug, PartialEq, Eq)]
enum Belongs {
    /// To this instance.
    Instance(FoundInstance),
    /// To this unit of systemd.
    Unit(String),
    /// To a pod, by its id.
    Pod(String),
    /// To nothing that gamectl manages.
    Nothing,
}

/// Returns the instance that a container, or the stack that it belongs to, is.
///
/// # Errors
/// When there is no such container, no plane manages it, or no engine can be asked.
pub async fn of_container(name: &str) -> Result<FoundInstance, Failure> {
    let mut trouble = Vec::new();
    let mut found = Vec::new();
    for kind in [&DOCKER, &PODMAN] {
        match inspect(kind, name).await {
            Ok(Some(raw)) => found.push((kind, raw)),
            Ok(None) => {}
            Err(failure) => trouble.push(failure),
        }
    }
    if found.len() > 1 {
        let message = format!("both docker and podman have a container {name}");
        return Err(Failure::failed(message).hint("name the one that is meant by its id"));
    }
    let Some((kind, raw)) = found.pop() else {
        return Err(nowhere(name, trouble).await);
    };
    match belongs(kind, raw) {
        Belongs::Instance(instance) => instance.loadable(),
        Belongs::Unit(unit) => of_unit(&unit).await,
        Belongs::Pod(id) => of_pod(&id).await,
        Belongs::Nothing => {
            let message =
                format!("{name} is a container of Docker that belongs to no compose project: no plane manages it");
            Err(Failure::new(FailureKind::Unsupported, message)
                .hint("describe it in a compose file, remove it, and start the instance; or have podman run it"))
        }
    }
}

/// Concludes from a description what a container belongs to.
fn belongs(kind: &EngineKind, raw: Raw) -> Belongs {
    let labels = raw.config.labels.unwrap_or_default();
    let label = |name: &str| {
        let value = labels.get(&format!("{COMPOSE}{name}")).map(String::as_str);
        value.filter(|value| !value.is_empty())
    };
    let is_of_podman = kind.program == PODMAN.program;
    if let Some(project) = label("project") {
        let folder = label("project.working_dir").unwrap_or_default();
        let files = label("project.config_files").unwrap_or_default().split(',');
        let files = files.filter(|file| !file.is_empty());
        // The first generation names them from its folder.
        let files: Vec<String> = files
            .map(|file| Path::new(folder).join(file).display().to_string())
            .collect();
        let mut instance = FoundInstance::new(project, "docker_compose");
        match files.as_slice() {
            [] => instance.remark("compose did not write down its file: name it"),
            [file] => instance.key("file", file),
            several => instance.list("files", several),
        }
        instance.key("project", project);
        if let Some(file) = label("project.environment_file").filter(|file| !file.contains(',')) {
            instance.key("env_file", file);
        }
        if is_of_podman {
            instance.key("engine", PODMAN.program);
        }
        if files.iter().any(|file| !Path::new(file).exists()) {
            instance.remark("the file is not there any more: a stop needs none, and a start does");
        }
        return Belongs::Instance(instance);
    }
    if !is_of_podman {
        return Belongs::Nothing;
    }
    match labels.get(UNIT) {
        Some(unit) if !unit.is_empty() => Belongs::Unit(unit.clone()),
        _ if !raw.pod.is_empty() => Belongs::Pod(raw.pod),
        _ => {
            let name = raw.name.trim_start_matches('/');
            let mut instance = FoundInstance::new(name, "podman");
            instance.key("container", name);
            Belongs::Instance(instance)
        }
    }
}

/// Returns the instances that the answer of an engine describes.
#[cfg(fuzzing)]
pub(super) fn described(answer: &[u8]) -> Vec<FoundInstance> {
    let instance = |(kind, raw)| match belongs(kind, raw) {
        Belongs::Instance(instance) => Some(instance),
        Belongs::Unit(_) | Belongs::Pod(_) | Belongs::Nothing => None,
    };
    let read = || {
        serde_json::from_slice::<Vec<Raw>>(answer)
            .unwrap_or_default()
            .into_iter()
    };
    let all = read().map(|raw| (&DOCKER, raw)).chain(read().map(|raw| (&PODMAN, raw)));
    all.filter_map(instance).collect()
}

async fn of_pod(id: &str) -> Result<FoundInstance, Failure> {
    let answer = ask(&PODMAN, &["pod", "inspect", "--format", "{{.Name}}", "--", id]).await?;
    if !answer.status.success() {
        return Err(PODMAN.refusal(&answer.complaint));
    }
    let name = answer.word();
    let mut instance = FoundInstance::new(&name, "podman");
    instance.key("pod", &name);
    instance.loadable()
}

async fn ask(kind: &EngineKind, words: &[&str]) -> Result<Finished, Failure> {
    let called = ProgramCall::new([&[kind.program], words].concat()).output(ANSWER).await;
    called.map_err(|error| kind.call_failed(kind.program, &error))
}

/// Asks an engine for a container; `None` if it has none of that name.
async fn inspect(kind: &EngineKind, name: &str) -> Result<Option<Raw>, Failure> {
    let answer = ask(kind, &["inspect", "--type", "container", "--", name]).await?;
    if !answer.status.success() {
        let is_gone = answer.complaint.to_lowercase().contains("no such");
        return match is_gone {
            true => Ok(None),
            false => Err(kind.refusal(&answer.complaint)),
        };
    }
    let described: Result<Vec<Raw>, _> = serde_json::from_slice(&answer.output);
    let unexpected = |error| Failure::unknown(format!("`{} inspect` said something unexpected: {error}", kind.program));
    Ok(described.map_err(unexpected)?.pop())
}

/// Returns the failure of a container that no engine has, as far as they could be asked.
async fn nowhere(name: &str, trouble: Vec<Failure>) -> Failure {
    let is_missing = |failure: &Failure| failure.kind == FailureKind::Unsupported;
    if trouble.len() == 2 && trouble.iter().all(is_missing) {
        let message = "neither `docker` nor `podman` is installed";
        return Failure::new(FailureKind::Unsupported, message);
    }
    // One that is not installed has no container; one that does not answer may have it.
    if let Some(failure) = trouble.into_iter().find(|failure| !is_missing(failure)) {
        return failure;
    }
    let failure = Failure::new(FailureKind::Unknown, format!("there is no container {name}"));
    let mut names = Vec::new();
    for kind in [&DOCKER, &PODMAN] {
        if let Ok(answer) = ask(kind, &["ps", "--all", "--format", "{{.Names}}"]).await {
            let listed = String::from_utf8_lossy(&answer.output).into_owned();
            names.extend(listed.lines().map(str::to_owned));
        }
    }
    match nearest(name, names.iter().map(String::as_str)) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => failure.hint("`docker ps --all` and `podman ps --all` list those of this user"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn told(kind: &EngineKind, raw: Value) -> String {
        match belongs(kind, serde_json::from_value(raw).unwrap()) {
            Belongs::Instance(instance) => instance.to_instance(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_a_container_belongs_to() {
        let labels = |more: Value| {
            let mut all = json!({ "com.docker.compose.project": "dune" });
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            json!({ "Name": "/dune-game-1", "Config": { "Labels": all } })
        };
        let v2 = labels(json!({
            "com.docker.compose.project.working_dir": "/",
            "com.docker.compose.project.config_files": "/etc/hostname",
        }));
        let both = "  dune:\n    docker_compose:\n      file: \"/etc/hostname\"\n      project: \"dune\"\n";
        assert_eq!(told(&DOCKER, v2.clone()), both);
        assert_eq!(told(&PODMAN, v2), format!("{both}      engine: \"podman\"\n"));
        let v1 = labels(json!({
            "com.docker.compose.project.working_dir": "/nowhere",
            "com.docker.compose.project.config_files": "a.yml,b.yml",
        }));
        let told_v1 = told(&DOCKER, v1);
        assert!(
            told_v1.contains("files: [\"/nowhere/a.yml\", \"/nowhere/b.yml\"]"),
            "{told_v1}"
        );
        assert!(told_v1.contains("# the file is not there any more"), "{told_v1}");
        let plain = json!({ "Name": "/Pal.World", "Config": { "Labels": null }, "Pod": "" });
        assert_eq!(told(&DOCKER, plain.clone()), "Nothing");
        assert_eq!(
            told(&PODMAN, plain),
            "  pal-world:\n    podman:\n      container: \"Pal.World\"\n"
        );
        let of_unit =
            json!({ "Name": "x", "Config": { "Labels": { "PODMAN_SYSTEMD_UNIT": "x.service" } }, "Pod": "y" });
        assert_eq!(told(&PODMAN, of_unit), "Unit(\"x.service\")");
        let of_pod = json!({ "Name": "x", "Config": {}, "Pod": "0123" });
        assert_eq!(told(&PODMAN, of_pod), "Pod(\"0123\")");
    }
}
