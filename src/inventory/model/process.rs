//! The plane `process`.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::bare_name::BareName;
use super::limits::Limits;

/// The mask where none is given: whoever starts a game, it is the same.
pub const DEFAULT_UMASK: u32 = 0o022;

/// A process to spawn. Paths are absolute.
#[derive(Clone, PartialEq)]
pub struct ProcessSpec {
    pub executable: PathBuf,
    /// The bare name by which it is given, unless the inventory's folder has it: whoever
    /// launches it looks for it on a `PATH` of its own.
    pub bare: Option<BareName>,
    /// The `PATH` on which a bare name was looked for in vain.
    pub searched: Option<OsString>,
    /// Its arguments, byte for byte.
    pub args: Vec<OsString>,
    pub cwd: PathBuf,
    /// Environment variables; they win over the env file.
    pub env: Vec<(OsString, OsString)>,
    /// A file of `NAME=value` lines, read at the launch.
    pub env_file: Option<PathBuf>,
    /// The names of variables that are taken over from the environment of
    /// gamectl, besides the usual ones; `*` at the end stands for any rest.
    pub inherit_env: Vec<String>,
    /// The mask of the permissions of new files.
    pub umask: u32,
    pub user: Option<String>,
    pub tty: bool,
    pub log: LogSpec,
    pub limits: Limits,
    /// A regular expression that tells the real game from its launcher. It is
    /// matched against the path of an executable, and against the name by
    /// which a process was called.
    pub main: Option<String>,
}

impl ProcessSpec {
    /// Returns the `PATH` that the inventory gives to the game, and so to its commands.
    pub fn path(&self) -> Option<&OsStr> {
        let own = self.env.iter().find(|(name, _)| name == "PATH");
        own.map(|(_, path)| path.as_os_str())
    }

    /// Returns a number that tells this definition from others. It goes on record, so
    /// it stays the same in later builds: a new key counts only where it is set.
    pub fn digest(&self) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        let mut field = |name: &str, value: &[u8]| {
            hasher.update(format!("{name} {} ", value.len()).as_bytes());
            hasher.update(value);
        };
        // Who looks has another PATH, and the same definition.
        let executable = self
            .bare
            .as_ref()
            .map_or(self.executable.as_os_str(), |bare| &bare.name);
        field("executable", executable.as_bytes());
        self.args.iter().for_each(|argument| field("arg", argument.as_bytes()));
        field("cwd", self.cwd.as_os_str().as_bytes());
        for (name, value) in &self.env {
            field("env", name.as_bytes());
            field("value", value.as_bytes());
        }
        if let Some(path) = &self.env_file {
            field("env_file", path.as_os_str().as_bytes());
        }
        self.inherit_env
            .iter()
            .for_each(|name| field("inherit", name.as_bytes()));
        if let Some(user) = &self.user {
            field("user", user.as_bytes());
        }
        if let Some(main) = &self.main {
            field("main", main.as_bytes());
        }
        for (name, value) in self.limits.given() {
            field(name, value.to_string().as_bytes());
        }
        let LogSpec { max_size, keep } = self.log;
        field(
            "rest",
            format!("{:o} {} {max_size} {keep}", self.umask, self.tty).as_bytes(),
        );
        hasher.finalize()
    }

    /// Returns a number for each of its keys that tells its value from others, for whoever
    /// wants to know which of them have changed. These go on record, too: no value does.
    pub fn key_digests(&self) -> Vec<(String, u32)> {
        let executable = self
            .bare
            .as_ref()
            .map_or(self.executable.as_os_str(), |bare| &bare.name);
        let of = |parts: &[&[u8]]| {
            let mut hasher = crc32fast::Hasher::new();
            for part in parts {
                hasher.update(&part.len().to_le_bytes());
                hasher.update(part);
            }
            hasher.finalize()
        };
        let args: Vec<&[u8]> = self.args.iter().map(|argument| argument.as_bytes()).collect();
        let inherited: Vec<&[u8]> = self.inherit_env.iter().map(String::as_bytes).collect();
        let mut keys = vec![
            ("executable".to_owned(), of(&[executable.as_bytes()])),
            ("args".to_owned(), of(&args)),
            ("cwd".to_owned(), of(&[self.cwd.as_os_str().as_bytes()])),
            ("inherit_env".to_owned(), of(&inherited)),
            ("umask".to_owned(), self.umask),
            ("tty".to_owned(), u32::from(self.tty)),
        ];
        let log = format!("{} {}", self.log.max_size, self.log.keep);
        keys.push(("log".to_owned(), of(&[log.as_bytes()])));
        for (name, value) in &self.env {
            keys.push((format!("env.{}", name.to_string_lossy()), of(&[value.as_bytes()])));
        }
        for (name, value) in self.limits.given() {
            keys.push((format!("limits.{name}"), of(&[value.to_string().as_bytes()])));
        }
        let env_file = self.env_file.as_ref().map(|path| path.as_os_str().as_bytes());
        let user = self.user.as_ref().map(String::as_bytes);
        let main = self.main.as_ref().map(String::as_bytes);
        for (name, value) in [("env_file", env_file), ("user", user), ("main", main)] {
            keys.extend(value.map(|value| (name.to_owned(), of(&[value]))));
        }
        keys
    }
}

impl fmt::Debug for ProcessSpec {
    // The environment may carry secrets, and so may the arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessSpec")
            .field("executable", &self.executable)
            .field("args", &format_args!("[{} hidden]", self.args.len()))
            .field("cwd", &self.cwd)
            .field("env", &format_args!("[{} hidden]", self.env.len()))
            .field("env_file", &self.env_file)
            .field("inherit_env", &self.inherit_env)
            .field("umask", &format_args!("{:03o}", self.umask))
            .field("user", &self.user)
            .field("tty", &self.tty)
            .field("log", &self.log)
            .field("limits", &self.limits)
            .field("main", &self.main)
            .finish()
    }
}

/// The rotation of a console log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LogSpec {
    /// The size in bytes at which the log is rotated.
    pub max_size: u64,
    /// The number of rotated files that are kept beside the current one.
    pub keep: u32,
}

impl Default for LogSpec {
    fn default() -> Self {
        Self {
            max_size: 50 * 1024 * 1024,
            keep: 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> ProcessSpec {
        ProcessSpec {
            executable: "/bin/x".into(),
            bare: None,
            searched: None,
            args: vec!["canary-1".into()],
            cwd: "/".into(),
            env: vec![("K".into(), "canary-2".into())],
            env_file: None,
            inherit_env: Vec::new(),
            umask: DEFAULT_UMASK,
            user: None,
            tty: false,
            log: LogSpec::default(),
            limits: Limits::default(),
            main: None,
        }
    }

    #[test]
    fn debug_hides_environment_and_arguments() {
        assert!(!format!("{:?}", spec()).contains("canary"));
    }

    /// A number on record is compared with one of a later build.
    #[test]
    fn a_definition_keeps_its_number() {
        assert_eq!(spec().digest(), DIGEST);
        let changed: [fn(&mut ProcessSpec); 7] = [
            |spec| spec.args.push("".into()),
            |spec| spec.cwd = "/tmp".into(),
            |spec| spec.env[0].1 = "other".into(),
            |spec| spec.user = Some("games".into()),
            |spec| spec.tty = true,
            |spec| spec.log.keep = 1,
            |spec| spec.limits.nice = Some(5),
        ];
        for change in changed {
            let mut other = spec();
            change(&mut other);
            assert_ne!(other.digest(), DIGEST, "{other:?}");
        }
    }

    const DIGEST: u32 = 1_282_374_911;
}
