//! The `docker_compose` section.

use std::path::PathBuf;

use super::collector::Collector;
use crate::inventory::model::compose::{ComposeEngine, ComposeSpec};
use crate::inventory::model::instance::Plane;
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node};

/// Reads the section of the instance `id`. All of it is checked, even if it
/// names no file.
pub(crate) fn read(check: &mut Collector, id: &str, section: &Entry) -> Plane {
    let mut compose = check.section("`docker_compose`", &keys::DOCKER_COMPOSE, &section.value);
    let one = compose.get("file", Collector::path);
    let several = compose.get("files", files);
    let engine = compose.choice("engine").unwrap_or_default();
    let spec = ComposeSpec {
        engine,
        files: one.into_iter().chain(several.into_iter().flatten()).collect(),
        project: compose.get("project", project).unwrap_or_else(|| id.to_owned()),
        profiles: compose.get("profiles", names).unwrap_or_default(),
        services: compose.get("services", names).unwrap_or_default(),
        env_file: compose.get("env_file", Collector::path),
        context: compose.get("context", context),
        console: compose.get("console", service),
        send: compose.get("send", Collector::words).unwrap_or_default(),
    };
    let context = compose.entry("context").map(|entry| entry.at);
    match (compose.entry("file"), compose.entry("files")) {
        (Some(_), Some(files)) => {
            check
                .problem(files.at, "there are both `file` and `files`")
                .hint("one of them is enough");
        }
        (None, None) => {
            check
                .problem(section.at, "`docker_compose` names no compose file")
                .hint("add `file: /path/to/compose.yaml`");
        }
        _ => {}
    }
    if let (ComposeEngine::Podman, Some(context)) = (engine, context) {
        check
            .problem(context, "`context` is of Docker, and `engine` is podman")
            .hint("take it out; `$CONTAINER_HOST` names the socket of another podman");
    }
    Plane::DockerCompose(Box::new(spec))
}

fn files(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<PathBuf>> {
    let items = check.list(what, "a list of paths", node)?;
    if items.is_empty() {
        check
            .problem(node.span, format!("{what} names no compose file"))
            .hint("add the path of one");
    }
    let item = format!("an item of {what}");
    Some(items.iter().filter_map(|node| check.path(&item, node)).collect())
}

fn context(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    check.word(what, "the name of a docker context", node).map(Into::into)
}

fn service(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    check.word(what, "the name of a service", node).map(Into::into)
}

fn project(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let name = check.word(what, "a project name", node)?;
    // The rule of compose itself: compose-spec, "name".
    let alnum = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let all = name.bytes().all(|b| alnum(b) || matches!(b, b'-' | b'_'));
    if !all || !name.bytes().next().is_some_and(alnum) {
        check
            .problem(node.span, "`project` is not a name that compose takes")
            .hint("lower-case letters, digits, `-` and `_`, the first a letter or digit");
        return None;
    }
    Some(name.into_owned())
}

/// Reads names that end up as words of a command line.
fn names(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<String>> {
    let names = check.words(what, node)?;
    if names.iter().any(|name| name.is_empty() || name.starts_with('-')) {
        check.problem(node.span, format!("a name in {what} is empty or begins with `-`"));
        return None;
    }
    Some(names)
}
