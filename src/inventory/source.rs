//! Finding the inventory, and reading it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use super::model::instance::Inventory;
use super::parse::{Mistakes, parse, parse_whole};
use super::report::problem::Problems;
use super::selector_words::SelectorWords;
use crate::failure::{Failure, FailureKind};
use crate::invocation::{command, command_for};
use crate::sys::{host, plain_file};

/// The largest inventory, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// The place that an inventory is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, as it was named.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl Source {
    /// Returns true when it can be read a second time: not a pipe.
    pub fn is_kept(&self) -> bool {
        self.path()
            .is_some_and(|path| std::fs::metadata(path).is_ok_and(|meta| meta.is_file()))
    }

    /// Returns the absolute path of the file, where it is one.
    pub fn absolute(&self) -> Option<PathBuf> {
        let path = self.path()?;
        match (folder_of(path), path.file_name()) {
            (Ok(folder), Some(name)) => Some(folder.join(name)),
            _ => std::path::absolute(path).ok(),
        }
    }

    /// Returns the file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Stdin => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("<stdin>"),
        }
    }
}

/// Finds the inventory: the one named (`-` is standard input), else
/// `$GAMECTL_INVENTORY`, else `./instances.yaml`, else
/// `$XDG_CONFIG_HOME/gamectl/instances.yaml`, else
/// `/etc/gamectl/instances.yaml`. One that was named is not looked at yet; one
/// that was not is only taken if it is ours or root's, for it says what is
/// executed, and a folder may be a stranger's.
///
/// # Errors
/// None was named and none is there: says where it was looked for. The one that
/// is there belongs to somebody else.
pub fn find(explicit: Option<&OsStr>) -> Result<Source, Failure> {
    find_with(explicit, &|name| std::env::var_os(name), &|path| {
        path.try_exists().unwrap_or_else(|error| may_be_there(path, &error)) || path.is_symlink()
    })
    .and_then(
        |(source, was_named)| match source.path().filter(|_| !was_named).and_then(stranger) {
            None => Ok(source),
            Some(uid) => {
                let message = format!("the inventory {source} belongs to uid {uid}, and was not named");
                let hint = format!(
                    "if you trust it, name it with -f, as in {}",
                    command_for(source.to_string(), "check")
                );
                Err(Failure::new(FailureKind::Inventory, message).hint(hint))
            }
        },
    )
}

/// Returns true when a file that cannot be looked at is to be read all the same,
/// which tells why. A working directory that is closed to us, such as the home of
/// whoever has called sudo, holds no inventory for us.
fn may_be_there(path: &Path, error: &io::Error) -> bool {
    path.is_absolute() || error.kind() != io::ErrorKind::PermissionDenied
}

/// Returns the owner of a file, or of a link to it, who is neither we nor root.
fn stranger(path: &Path) -> Option<u32> {
    let ours = [0, host::effective_uid()];
    let owners = [path.symlink_metadata(), path.metadata()];
    let mut owners = owners.into_iter().flatten().map(|meta| meta.uid());
    owners.find(|uid| !ours.contains(uid))
}

/// Returns the source, and true if it was named.
fn find_with(
    explicit: Option<&OsStr>,
    env: &dyn Fn(&str) -> Option<OsString>,
    exists: &dyn Fn(&Path) -> bool,
) -> Result<(Source, bool), Failure> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    if let Some(named) = explicit.map(OsStr::to_owned).or_else(|| set("GAMECTL_INVENTORY")) {
        let source = if named == "-" {
            Source::Stdin
        } else {
            Source::File(named.into())
        };
        return Ok((source, true));
    }
    const NAME: &str = "gamectl/instances.yaml";
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let config = set("XDG_CONFIG_HOME")
        .and_then(absolute)
        .or_else(|| set("HOME").and_then(absolute).map(|home| home.join(".config")));
    let mut places = vec![PathBuf::from("instances.yaml")];
    places.extend(config.map(|config| config.join(NAME)));
    places.push(Path::new("/etc").join(NAME));
    if let Some(place) = places.iter().find(|place| exists(place)) {
        return Ok((Source::File(place.clone()), false));
    }
    let mut looked: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    if let Some(first) = looked.first_mut() {
        first.insert_str(0, "./");
    }
    Err(Failure::new(
        FailureKind::Inventory,
        format!("there is no inventory: looked for {}", looked.join(", ")),
    )
    .hint(format!(
        "name one with -f FILE or $GAMECTL_INVENTORY, or write one with {}",
        command("init")
    )))
}

/// An inventory that was read, and not yet looked at.
#[derive(Debug)]
pub struct Unchecked {
    name: String,
    bytes: Vec<u8>,
    folder: PathBuf,
}

impl Unchecked {
    /// Returns its size in bytes.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Checks it, with the environment of this process.
    ///
    /// # Errors
    /// All problems at once.
    pub fn check(&self) -> Result<Inventory, Problems> {
        let inventory = parse(&self.bytes, &self.name, &self.folder, &|name| std::env::var_os(name))?;
        Ok(inventory.seen_by(&own_name()))
    }

    /// Checks it, and passes over the instances that have a mistake.
    ///
    /// # Errors
    /// All problems at once, when one of them is outside of the instances.
    pub fn check_whole(&self) -> Result<(Inventory, Option<Mistakes>), Problems> {
        let env = |name: &str| std::env::var_os(name);
        let (inventory, mistakes) = parse_whole(&self.bytes, &self.name, &self.folder, &env)?;
        Ok((inventory.seen_by(&own_name()), mistakes))
    }

    /// Returns what selectors can name in it, without a check.
    pub fn selector_words(&self) -> SelectorWords {
        SelectorWords::of(&self.bytes, &|name| std::env::var_os(name))
    }
}

/// Returns the name of the user of this process; its number where it has none.
fn own_name() -> String {
    let uid = host::effective_uid();
    host::user_name(uid).unwrap_or_else(|| uid.to_string())
}

/// Reads the inventory.
///
/// # Errors
/// One problem without a line, when it cannot be read or is too large.
pub fn read(source: &Source) -> Result<Unchecked, Problems> {
    let name = source.to_string();
    let whole = |message: String, hint: Option<String>| Problems::whole(&name, message, hint);
    let (bytes, folder) = match source {
        Source::File(path) => (plain_file::read_named(path, LARGEST), folder_of(path)),
        Source::Stdin => (read_stdin(), std::env::current_dir()),
    };
    let bytes = bytes.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::NotFound => Some(format!(
                "name one that is there, with -f FILE, or write one there with {}",
                command("init")
            )),
            io::ErrorKind::PermissionDenied => Some("let your user read it, or run gamectl as one who may".to_owned()),
            io::ErrorKind::IsADirectory => Some("name the file in it, with -f FILE".to_owned()),
            io::ErrorKind::TimedOut => Some("name a plain file, with -f FILE, or pipe it to -f -".to_owned()),
            _ => None,
        };
        whole(format!("cannot read the inventory: {}", reason(&error)), hint)
    })?;
    if bytes.len() as u64 > LARGEST {
        return Err(whole(
            "the inventory is larger than 1 MiB".to_owned(),
            Some("is this the right file?".to_owned()),
        ));
    }
    let folder = folder.map_err(|error| whole(format!("cannot tell its folder: {}", reason(&error)), None))?;
    Ok(Unchecked { name, bytes, folder })
}

/// Returns an error in words for people, without the number.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
    }
}

/// Reads one byte more than is allowed, to tell.
fn read_stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn folder_of(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    // Where a link is passed only the kernel knows what `..` leads to; without one the
    // name that the person knows is kept.
    if folder.components().any(|part| part == Component::ParentDir) {
        return folder.canonicalize();
    }
    Ok(folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(source: &Source) -> Result<Inventory, Problems> {
        read(source)?.check()
    }

    fn found(explicit: Option<&str>, env: &[(&str, &str)], there: &[&str]) -> Result<String, Failure> {
        let get = |name: &str| {
            env.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(value))
        };
        let exists = |path: &Path| there.iter().any(|place| Path::new(place) == path);
        find_with(explicit.map(OsStr::new), &get, &exists).map(|(source, _)| source.to_string())
    }

    #[test]
    fn the_first_place_wins() {
        let env = [
            ("GAMECTL_INVENTORY", "e.yaml"),
            ("HOME", "/h"),
            ("XDG_CONFIG_HOME", "/x"),
        ];
        let all = [
            "instances.yaml",
            "/x/gamectl/instances.yaml",
            "/h/.config/gamectl/instances.yaml",
            "/etc/gamectl/instances.yaml",
        ];
        assert_eq!(found(Some("no.yaml"), &env, &all).unwrap(), "no.yaml");
        assert_eq!(found(Some("-"), &env, &all).unwrap(), "<stdin>");
        assert_eq!(found(None, &env, &all).unwrap(), "e.yaml");
        assert_eq!(found(None, &env[1..], &all).unwrap(), "instances.yaml");
        assert_eq!(found(None, &env[1..], &all[1..]).unwrap(), "/x/gamectl/instances.yaml");
        assert_eq!(
            found(None, &env[1..2], &all[1..]).unwrap(),
            "/h/.config/gamectl/instances.yaml"
        );
        assert_eq!(
            found(None, &[("GAMECTL_INVENTORY", "")], &all[3..]).unwrap(),
            "/etc/gamectl/instances.yaml"
        );
        let failure = found(None, &[("XDG_CONFIG_HOME", "relative"), ("HOME", "/h")], &[]).unwrap_err();
        assert_eq!(failure.kind.exit_code(), 6);
        assert_eq!(
            failure.message,
            "there is no inventory: looked for ./instances.yaml, /h/.config/gamectl/instances.yaml, /etc/gamectl/instances.yaml"
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let problem = |path: &Path| {
            let problems = load(&Source::File(path.to_owned())).unwrap_err();
            assert_eq!((problems.list.len(), problems.list[0].line), (1, None));
            assert_eq!(problems.source, path.display().to_string());
            problems.list[0].message.clone()
        };
        let file = folder.path().join("i.yaml");
        assert_eq!(problem(folder.path()), "cannot read the inventory: it is a directory");
        assert_eq!(problem(&file), "cannot read the inventory: there is no such file");
        std::fs::write(&file, vec![b' '; 2 << 20]).unwrap();
        assert_eq!(problem(&file), "the inventory is larger than 1 MiB");
        std::fs::write(&file, b"\n").unwrap();
        assert_eq!(problem(&file), "the inventory is empty");
        std::fs::write(&file, b"instances: {a: {process: {executable: ./x}}}").unwrap();
        assert_eq!(load(&Source::File(file)).unwrap().instances.len(), 1);
    }

    #[test]
    fn a_pipe_is_read_like_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::write(pipe, "instances: {a: {}}")
        });
        assert_eq!(load(&Source::File(pipe)).unwrap().instances[0].id, "a");
        writer.join().unwrap().unwrap();
    }
}
