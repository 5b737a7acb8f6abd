//! The `process` section.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::check::Check;
use super::pattern;
use super::section::quoted;
use crate::inventory::model::instance::Plane;
use crate::inventory::model::process::{LogSpec, ProcessSpec};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node, Shape};
use crate::inventory::text::size::size;

/// The smallest console log that is worth rotating, in bytes.
const SMALLEST_LOG: u64 = 4096;

/// The most rotated files that are kept.
const MOST_LOGS: u32 = 1000;

/// What `env` must be.
const NAMES: &str = "a mapping of names to values";

/// Reads the section. All of it is checked, even if it names no program.
pub(crate) fn read(check: &mut Check, _: &str, section: &Entry) -> Plane {
    let entries = check.section("`process`", &keys::PROCESS, &section.value);
    let mut spec = ProcessSpec {
        executable: PathBuf::new(),
        args: Vec::new(),
        cwd: check.folder().to_owned(),
        env: Vec::new(),
        env_file: None,
        user: None,
        tty: false,
        log: LogSpec::default(),
        main: None,
    };
    for entry in entries {
        let value = &entry.value;
        match entry.key.as_ref() {
            "executable" => spec.executable = executable(check, value).unwrap_or_default(),
            "args" => spec.args = check.texts("`args`", value).unwrap_or_default(),
            "cwd" => spec.cwd = check.path("`cwd`", value).unwrap_or_default(),
            "env" => spec.env = env(check, value),
            "env_file" => spec.env_file = check.path("`env_file`", value),
            "user" => spec.user = user(check, value),
            "tty" => spec.tty = check.flag("`tty`", value).unwrap_or_default(),
            "log" => spec.log = log(check, value),
            "main" => spec.main = pattern::read(check, "`main`", value),
            _ => {}
        }
    }
    if spec.executable.as_os_str().is_empty() {
        return Plane::Unmanaged {
            plane: "process",
            reason: "no `executable` in `process`".to_owned(),
        };
    }
    Plane::Process(Box::new(spec))
}

fn executable(check: &mut Check, node: &Node) -> Option<PathBuf> {
    if node.is_null() {
        return None;
    }
    let text = check.text("`executable`", "a path", node)?;
    if text.is_empty() {
        return None;
    }
    if matches!(text.as_bytes(), b"." | b"..") {
        check.problem(node.span, "`executable` is a folder");
        return None;
    }
    if text.as_bytes().contains(&b'/') || text.as_bytes() == b"~" {
        return check.path_of("`executable`", &text, node.span);
    }
    Some(check.program(&text))
}

fn env(check: &mut Check, node: &Node) -> Vec<(OsString, OsString)> {
    if let Shape::List(_) = &node.shape {
        check
            .mismatch("`env`", NAMES, node)
            .hint("write `NAME: value`, not `- NAME=value`");
        return Vec::new();
    }
    let entries = check.mapping("`env`", NAMES, node);
    let mut env = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = entry.key.as_ref();
        if name.is_empty() || name.contains(['=', '\0']) {
            check.problem(
                entry.at,
                "the name of an environment variable cannot be empty, nor contain `=` or NUL",
            );
            continue;
        }
        if entry.value.is_null() {
            check
                .problem(entry.value.span, format!("the variable{} has no value", quoted(name)))
                .hint("write `\"\"` for an empty one, and quote a word such as null");
            continue;
        }
        let value = check.text(&format!("the variable{}", quoted(name)), "text", &entry.value);
        env.extend(value.map(|value| (name.into(), value.into_owned())));
    }
    env
}

fn user(check: &mut Check, node: &Node) -> Option<String> {
    let user = check.word("`user`", "a user's name", node)?;
    if user.trim().is_empty() || user.contains([':', '/', '\n']) {
        check.problem(node.span, "`user` is not a user's name");
        return None;
    }
    Some(user.into_owned())
}

fn log(check: &mut Check, node: &Node) -> LogSpec {
    let entries = check.section("`log`", &keys::LOG, node);
    let mut log = LogSpec::default();
    for entry in entries {
        match entry.key.as_ref() {
            "max_size" => log.max_size = max_size(check, &entry.value).unwrap_or_default(),
            "keep" => log.keep = check.number("`keep`", 0..=MOST_LOGS, &entry.value).unwrap_or_default(),
            _ => {}
        }
    }
    log
}

fn max_size(check: &mut Check, node: &Node) -> Option<u64> {
    let word = check.word("`max_size`", "a size such as `50MiB`", node)?;
    let Some(bytes) = size(&word) else {
        check
            .problem(node.span, "`max_size` is not a size")
            .hint("write it like `50MiB`, `10MB`, `1GiB`, or in bytes");
        return None;
    };
    if bytes < SMALLEST_LOG {
        check.problem(node.span, "`max_size` must be at least 4KiB");
        return None;
    }
    Some(bytes)
}
