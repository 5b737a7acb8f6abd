//! The section of the process plane.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::model::{LogSpec, Plane, ProcessSpec};
use super::raw;
use super::reader::Scalar;
use super::value::Values;

/// The plane's name.
const PLANE: &str = "process";

/// Checks the section. Relative paths are relative to `folder`.
pub(super) fn plane(values: &Values<'_>, raw: &raw::Process, folder: &Path) -> Plane {
    let executable = raw.executable.as_ref().and_then(|scalar| {
        let path = path_text(values, scalar)?;
        (!path.is_empty()).then(|| executable(values, &path, folder))
    });
    let missing = raw.executable.as_ref().is_none_or(|scalar| scalar.text.is_empty());
    let path = |scalar: &Option<Scalar>| {
        let text = scalar.as_ref().and_then(|scalar| path_text(values, scalar));
        text.map(|text| absolute(folder, Path::new(&text)))
    };
    let spec = ProcessSpec {
        executable: executable.unwrap_or_default(),
        args: raw.args.iter().filter_map(|word| values.text(word)).collect(),
        cwd: path(&raw.cwd).unwrap_or_else(|| folder.to_path_buf()),
        env: raw
            .env
            .iter()
            .filter_map(|(name, value)| variable(values, name, value.as_ref()))
            .collect(),
        env_file: path(&raw.env_file),
        user: raw.user.as_ref().and_then(|scalar| user(values, scalar)),
        tty: raw.tty.as_ref().and_then(|flag| values.boolean(flag)).unwrap_or(false),
        log: raw.log.as_ref().map(|log| self::log(values, log)).unwrap_or_default(),
    };
    if missing {
        return Plane::Unmanaged {
            plane: PLANE,
            reason: "no executable is given".to_owned(),
        };
    }
    Plane::Process(Box::new(spec))
}

fn path_text(values: &Values<'_>, scalar: &Scalar) -> Option<OsString> {
    let text = values.text(scalar)?;
    if text.as_encoded_bytes().starts_with(b"~") {
        values.complain(
            scalar.place,
            "`~` is not expanded here",
            "write the path out, or use ${HOME}",
        );
        return None;
    }
    Some(text)
}

/// Joins and tidies a path, without looking at the disk: links are followed
/// when it is used.
fn absolute(folder: &Path, path: &Path) -> PathBuf {
    let joined = folder.join(path);
    let mut tidy = PathBuf::new();
    for component in joined.components() {
        if component != Component::CurDir {
            tidy.push(component);
        }
    }
    tidy
}

/// A name without a slash is looked for in the inventory's folder, then where
/// a shell would look. One that is nowhere stays: its start says so.
fn executable(values: &Values<'_>, text: &OsStr, folder: &Path) -> PathBuf {
    let here = absolute(folder, Path::new(text));
    if text.as_encoded_bytes().contains(&b'/') || here.is_file() {
        return here;
    }
    let path = values.variable("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(text))
        .find(|candidate| candidate.is_file());
    found.unwrap_or(here)
}

fn variable(values: &Values<'_>, name: &Scalar, value: Option<&Scalar>) -> Option<(OsString, OsString)> {
    if name.text.is_empty() || name.text.contains(['=', '\0']) {
        let hint = "names are like LD_LIBRARY_PATH";
        values.complain(name.place, "this cannot be the name of an environment variable", hint);
        return None;
    }
    let value = value.map_or(Some(OsString::new()), |value| values.text(value))?;
    Some((OsString::from(&name.text), value))
}

fn user(values: &Values<'_>, scalar: &Scalar) -> Option<String> {
    let text = values.string(scalar)?;
    if text.is_empty() || text.starts_with('-') || text.contains([':', '/', '\n', ' ']) {
        values.complain(
            scalar.place,
            "this cannot be the name of a user",
            "give a login name, such as rust",
        );
        return None;
    }
    Some(text)
}

fn log(values: &Values<'_>, raw: &raw::Log) -> LogSpec {
    let usual = LogSpec::default();
    LogSpec {
        max_size: raw
            .max_size
            .as_ref()
            .and_then(|size| values.size(size))
            .unwrap_or(usual.max_size),
        keep: raw
            .keep
            .as_ref()
            .and_then(|keep| values.count(keep, 0, 1000))
            .unwrap_or(usual.keep),
    }
}
