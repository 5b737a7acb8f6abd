//! The `process` section.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::collector::Collector;
use super::section::{Fields, quoted};
use super::{limits, pattern};
use crate::inventory::model::bare_name::BareName;
use crate::inventory::model::instance::Plane;
use crate::inventory::model::process::{DEFAULT_UMASK, LogSpec, ProcessSpec};
use crate::inventory::report::keys;
use crate::inventory::text::node::{Entry, Node, Shape};
use crate::inventory::text::size::size;

/// The smallest console log that is worth rotating, in bytes.
const SMALLEST_LOG: u64 = 4096;

/// The shape of `env`, for a sentence.
const NAMES: &str = "a mapping of names to values";

/// Reads the section. All of it is checked, even if it names no program.
pub(crate) fn read(check: &mut Collector, _: &str, section: &Entry) -> Plane {
    let mut process = check.section("`process`", &keys::PROCESS, &section.value);
    let cwd = process.get("cwd", Collector::path);
    let program = process.get("executable", executable).unwrap_or_default();
    let spec = ProcessSpec {
        executable: program.file,
        bare: program.bare,
        searched: program.searched,
        args: process.get("args", Collector::texts).unwrap_or_default(),
        cwd: cwd.unwrap_or_else(|| process.check.folder().to_owned()),
        env: process.get("env", env).unwrap_or_default(),
        env_file: process.get("env_file", Collector::path),
        inherit_env: process.get("inherit_env", inherit_env).unwrap_or_default(),
        umask: process.get("umask", umask).unwrap_or(DEFAULT_UMASK),
        user: process.get("user", user),
        tty: process.get("tty", Collector::flag).unwrap_or_default(),
        log: log(&mut process),
        limits: limits::read(&mut process),
        main: process.get("main", pattern::read),
    };
    if spec.executable.as_os_str().is_empty() {
        return Plane::Unmanaged {
            plane: "process",
            reason: "no `executable` in `process`".to_owned(),
        };
    }
    Plane::Process(Box::new(spec))
}

/// A program, as it was found.
#[derive(Default)]
struct FoundProgram {
    file: PathBuf,
    bare: Option<BareName>,
    /// The `PATH` on which a bare name was looked for in vain.
    searched: Option<OsString>,
}

fn executable(check: &mut Collector, what: &str, node: &Node) -> Option<FoundProgram> {
    if node.is_null() {
        return None;
    }
    let text = check.text(what, "a path", node)?;
    if text.is_empty() {
        return None;
    }
    if matches!(text.as_bytes(), b"." | b"..") {
        check.problem(node.span, "`executable` is a folder");
        return None;
    }
    if text.as_bytes().contains(&b'/') || text.as_bytes() == b"~" {
        return Some(FoundProgram {
            file: check.path_of(what, &text, node.span)?,
            ..FoundProgram::default()
        });
    }
    let file = check.program(&text);
    let bare = BareName {
        name: text.into_owned(),
        folder: check.folder().to_owned(),
    };
    Some(FoundProgram {
        searched: check.env()("PATH").filter(|_| !file.is_file()),
        bare: (!bare.is_in_folder()).then_some(bare),
        file,
    })
}

fn env(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<(OsString, OsString)>> {
    if let Shape::List(_) = &node.shape {
        check
            .mismatch(what, NAMES, node)
            .hint("write `NAME: value`, not `- NAME=value`");
        return None;
    }
    let entries = check.mapping(what, NAMES, node);
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
    Some(env)
}

fn inherit_env(check: &mut Collector, what: &str, node: &Node) -> Option<Vec<String>> {
    let names = check.words(what, node)?;
    let odd = |name: &String| {
        let prefix = name.strip_suffix('*').unwrap_or(name);
        name.is_empty() || prefix.contains(['=', '*', '$']) || prefix.contains(char::is_whitespace)
    };
    if names.iter().any(odd) {
        check
            .problem(node.span, "`inherit_env` must be names of variables")
            .hint("write them like `[JAVA_HOME, 'WINE*']`; a value goes into `env`");
        return None;
    }
    Some(names)
}

fn umask(check: &mut Collector, what: &str, node: &Node) -> Option<u32> {
    const MOST: u32 = 0o777;
    let word = check.word(what, "a mask such as `022`", node)?;
    let digits = word.strip_prefix("0o").unwrap_or(&word);
    let mask = u32::from_str_radix(digits, 8).ok().filter(|mask| *mask <= MOST);
    if mask.is_none() {
        check
            .problem(node.span, "`umask` must be an octal number of up to three digits")
            .hint("`022` lets others read and not write, `027` only the group, `077` nobody");
    }
    mask
}

pub(super) fn user(check: &mut Collector, what: &str, node: &Node) -> Option<String> {
    let user = check.word(what, "a user's name", node)?;
    if user.trim().is_empty() || user.contains([':', '/', '\n']) {
        check.problem(node.span, "`user` is not a user's name");
        return None;
    }
    Some(user.into_owned())
}

fn log(process: &mut Fields) -> LogSpec {
    let mut log = process.section("log", &keys::LOG);
    let usual = LogSpec::default();
    LogSpec {
        max_size: log.get("max_size", max_size).unwrap_or(usual.max_size),
        keep: log.number("keep").unwrap_or(usual.keep),
    }
}

fn max_size(check: &mut Collector, what: &str, node: &Node) -> Option<u64> {
    let word = check.word(what, "a size such as `50MiB`", node)?;
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
