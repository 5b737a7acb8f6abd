//! Where the inventory is, and its bytes.

use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::problem::Problem;
use crate::failure::{Failure, FailureKind};

/// No inventory is larger than this, in bytes.
const LARGEST: u64 = 1 << 20;

/// Where an inventory comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Stdin => f.write_str("<stdin>"),
        }
    }
}

/// Finds the inventory: the one that is named, else `$GAMECTL_INVENTORY`, else
/// `./instances.yaml`, else `$XDG_CONFIG_HOME/gamectl/instances.yaml`, else
/// `/etc/gamectl/instances.yaml`. One that is named need not exist: that is
/// found out when it is read.
///
/// # Errors
/// When there is none; it says where we looked.
pub fn find(explicit: Option<&OsStr>) -> Result<Source, Failure> {
    find_in(explicit, &|name| std::env::var_os(name), &|path| path.exists())
}

fn find_in(
    explicit: Option<&OsStr>,
    variable: super::expand::Variables<'_>,
    exists: &dyn Fn(&Path) -> bool,
) -> Result<Source, Failure> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let named = explicit.map(OsStr::to_owned).or_else(|| set("GAMECTL_INVENTORY"));
    if let Some(name) = named {
        return Ok(if name == "-" {
            Source::Stdin
        } else {
            Source::File(name.into())
        });
    }
    const NAME: &str = "instances.yaml";
    let config = set("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let config = config.or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".config")));
    let mut places = vec![PathBuf::from(NAME)];
    places.extend(config.map(|config| config.join("gamectl").join(NAME)));
    places.push(Path::new("/etc/gamectl").join(NAME));
    if let Some(found) = places.iter().find(|path| exists(path)) {
        return Ok(Source::File(found.clone()));
    }
    let looked: Vec<String> = places
        .iter()
        .map(|path| {
            if path.is_relative() {
                format!("./{}", path.display())
            } else {
                path.display().to_string()
            }
        })
        .collect();
    let message = format!("there is no inventory; looked for {}", looked.join(", "));
    Err(Failure::new(FailureKind::Inventory, message).hint("name one with -f FILE or $GAMECTL_INVENTORY"))
}

/// Reads the source. Returns its bytes and the folder that relative paths in
/// it are relative to.
pub(super) fn read(source: &Source) -> Result<(Vec<u8>, PathBuf), Box<Problem>> {
    let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    match source {
        Source::Stdin => Ok((limited(io::stdin().lock())?, here())),
        Source::File(path) => {
            let file = File::open(path).map_err(|error| cannot_read(&error))?;
            let meta = file.metadata().map_err(|error| cannot_read(&error))?;
            if meta.is_dir() {
                return Err(Box::new(Problem::whole(
                    "this is a directory, not a file",
                    "name the file in it",
                )));
            }
            let absolute = std::path::absolute(path).unwrap_or_else(|_| here().join(path));
            let folder = absolute.parent().unwrap_or(Path::new("/")).to_path_buf();
            Ok((limited(file)?, folder))
        }
    }
}

fn limited(source: impl Read) -> Result<Vec<u8>, Box<Problem>> {
    let mut bytes = Vec::new();
    let read = source.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| cannot_read(&error))?;
    if bytes.len() as u64 > LARGEST {
        let hint = "an inventory has at most 1 MiB";
        return Err(Box::new(Problem::whole(
            "this file is too large for an inventory",
            hint,
        )));
    }
    Ok(bytes)
}

fn cannot_read(error: &io::Error) -> Box<Problem> {
    let hint = match error.kind() {
        io::ErrorKind::NotFound => "correct the path after -f, or the one in $GAMECTL_INVENTORY",
        io::ErrorKind::PermissionDenied => "let your user read it, or run gamectl as one who may",
        _ => "",
    };
    let why = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not read this file".to_owned(),
        _ => format!("it cannot be read: {error}"),
    };
    Box::new(Problem::whole(why, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_is_looked_for() {
        let none = |_: &str| None;
        let home = |name: &str| (name == "HOME").then(|| "/home/x".into());
        let named = |name: &str| (name == "GAMECTL_INVENTORY").then(|| "/n.yaml".into());
        let find = |explicit: Option<&str>, variable: super::super::expand::Variables<'_>, exists: &str| {
            let exists = exists.to_owned();
            let found = find_in(explicit.map(OsStr::new), variable, &|path| path == Path::new(&exists));
            found
                .map(|source| source.to_string())
                .map_err(|failure| failure.message)
        };
        assert_eq!(find(Some("-"), &none, ""), Ok("<stdin>".into()));
        assert_eq!(find(Some("a.yaml"), &named, ""), Ok("a.yaml".into()));
        assert_eq!(find(None, &named, "instances.yaml"), Ok("/n.yaml".into()));
        assert_eq!(find(None, &home, "instances.yaml"), Ok("instances.yaml".into()));
        let config = "/home/x/.config/gamectl/instances.yaml";
        assert_eq!(find(None, &home, config), Ok(config.into()));
        let missing = find(None, &home, "").unwrap_err();
        for place in ["./instances.yaml", config, "/etc/gamectl/instances.yaml"] {
            assert!(missing.contains(place), "{missing}");
        }
    }
}
