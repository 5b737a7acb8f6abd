//! The `docker_compose` section.

use super::check::Check;
use crate::inventory::model::compose::ComposeSpec;
use crate::inventory::model::instance::Plane;
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node, Shape};

/// Reads the section of the instance `id`. All of it is checked, even if it
/// names no file.
pub(crate) fn read(check: &mut Check, id: &str, section: &Entry) -> Plane {
    let entries = check.section("`docker_compose`", &keys::DOCKER_COMPOSE, &section.value);
    let mut spec = ComposeSpec {
        files: Vec::new(),
        project: id.to_owned(),
        profiles: Vec::new(),
        services: Vec::new(),
        env_file: None,
        context: None,
    };
    let mut one = None;
    for entry in entries {
        let value = &entry.value;
        match entry.key.as_ref() {
            "file" => {
                one = Some(entry.at);
                spec.files.extend(check.path("`file`", value));
            }
            "files" => {
                let Shape::List(items) = &value.shape else {
                    check.mismatch("`files`", "a list of paths", value);
                    continue;
                };
                if items.is_empty() {
                    check
                        .problem(value.span, "`files` names no compose file")
                        .hint("add the path of one");
                }
                for item in items {
                    spec.files.extend(check.path("an item of `files`", item));
                }
            }
            "project" => spec.project = project(check, value).unwrap_or_default(),
            "profiles" => spec.profiles = names(check, "`profiles`", value),
            "services" => spec.services = names(check, "`services`", value),
            "env_file" => spec.env_file = check.path("`env_file`", value),
            "context" => {
                spec.context = check
                    .word("`context`", "the name of a docker context", value)
                    .map(Into::into);
            }
            _ => {}
        }
    }
    let both = entries.iter().find(|entry| entry.key == "files");
    if let (Some(_), Some(files)) = (one, both) {
        check
            .problem(files.at, "there are both `file` and `files`")
            .hint("one of them is enough");
    }
    if one.is_none() && both.is_none() {
        check
            .problem(section.at, "`docker_compose` names no compose file")
            .hint("add `file: /path/to/compose.yaml`");
    }
    Plane::DockerCompose(Box::new(spec))
}

fn project(check: &mut Check, node: &Node) -> Option<String> {
    let name = check.word("`project`", "a project name", node)?;
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
fn names(check: &mut Check, what: &str, node: &Node) -> Vec<String> {
    let names = check.words(what, node).unwrap_or_default();
    if names.iter().any(|name| name.is_empty() || name.starts_with('-')) {
        check.problem(node.span, format!("a name in {what} is empty or begins with `-`"));
        return Vec::new();
    }
    names
}
