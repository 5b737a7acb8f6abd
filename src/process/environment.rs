//! The environment of a game. It takes little from that of the command, so that a
//! server started from a terminal, from cron and by `run` is the same server.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::user::User;
use crate::failure::Failure;
use crate::inventory::ProcessSpec;

/// The variables that are taken over from our own environment, besides `LC_*`.
const TAKEN_OVER: [&str; 7] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ"];

/// The path to programs if our own environment has none.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// An environment, sorted by name.
pub(super) type Environment = BTreeMap<OsString, OsString>;

/// Returns the environment of a game. `base` is our own.
///
/// # Errors
/// When the env file cannot be read or parsed.
pub(super) fn of_game(
    spec: &ProcessSpec,
    user: Option<&User>,
    base: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Environment, Failure> {
    let taken = |name: &OsStr| {
        TAKEN_OVER.iter().any(|known| name == *known)
            || name.as_bytes().starts_with(b"LC_")
            || (spec.tty && name == "TERM")
    };
    let mut environment: Environment = base.filter(|(name, _)| taken(name)).collect();
    environment.entry("PATH".into()).or_insert_with(|| USUAL_PATH.into());
    if spec.tty {
        environment.entry("TERM".into()).or_insert_with(|| "xterm".into());
    }
    if let Some(user) = user {
        environment.insert("HOME".into(), user.home.clone());
        environment.insert("USER".into(), user.name.clone().into());
        environment.insert("LOGNAME".into(), user.name.clone().into());
        environment.insert("SHELL".into(), user.shell.clone());
    }
    if let Some(path) = &spec.env_file {
        environment.extend(read_env_file(path)?);
    }
    environment.extend(spec.env.iter().cloned());
    Ok(environment)
}

fn read_env_file(path: &Path) -> Result<Vec<(OsString, OsString)>, Failure> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::failed(format!("env_file {shown}: {error}")).hint("nothing was started; mend the path or the file")
    })?;
    parse_env_file(&bytes)
        .map_err(|line| Failure::failed(format!("env_file {shown}, line {line}: this is not NAME=value")))
}

/// Parses lines of `NAME=value`. Blank lines and those that begin with `#` are
/// passed over, `export` before a name too; quotes around a whole value are
/// taken off. Nothing is expanded. `Err` holds the number of the first line
/// that is something else; never its text, which may hold a secret.
fn parse_env_file(bytes: &[u8]) -> Result<Vec<(OsString, OsString)>, usize> {
    let mut found = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let line = line.strip_prefix(b"export ").unwrap_or(line);
        let at = line.iter().position(|byte| *byte == b'=').ok_or(index + 1)?;
        let (name, value) = (line[..at].trim_ascii(), &line[at + 1..]);
        let odd = |byte: &u8| *byte == 0 || byte.is_ascii_whitespace();
        if name.is_empty() || name.iter().any(odd) || value.contains(&0) {
            return Err(index + 1);
        }
        let text = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
        found.push((text(name), text(unquoted(value))));
    }
    Ok(found)
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] | [b'\'', inner @ .., b'\''] => inner,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::LogSpec;

    fn spec(tty: bool, env: &[(&str, &str)]) -> ProcessSpec {
        ProcessSpec {
            executable: "/bin/true".into(),
            args: Vec::new(),
            cwd: "/".into(),
            env: env.iter().map(|(k, v)| (k.into(), v.into())).collect(),
            env_file: None,
            user: None,
            tty,
            log: LogSpec::default(),
            main: None,
        }
    }

    fn build(spec: &ProcessSpec, user: Option<&User>, base: &[(&str, &str)]) -> Vec<String> {
        let base = base.iter().map(|(k, v)| (k.into(), v.into()));
        let environment = of_game(spec, user, base).unwrap();
        let text = |(k, v): (OsString, OsString)| format!("{}={}", k.display(), v.display());
        environment.into_iter().map(text).collect()
    }

    #[test]
    fn only_what_every_session_has() {
        let base = [
            ("PATH", "/p"),
            ("HOME", "/h"),
            ("LC_ALL", "C"),
            ("TERM", "x"),
            ("SSH_AUTH_SOCK", "/s"),
            ("LD_PRELOAD", "/l"),
            ("TMUX", "1"),
            ("XDG_RUNTIME_DIR", "/r"),
        ];
        assert_eq!(
            build(&spec(false, &[]), None, &base),
            ["HOME=/h", "LC_ALL=C", "PATH=/p"]
        );
        assert_eq!(build(&spec(true, &[("HOME", "/mine")]), None, &base)[0], "HOME=/mine");
        assert!(build(&spec(true, &[]), None, &base).contains(&"TERM=x".to_owned()));
        assert_eq!(build(&spec(false, &[]), None, &[]), [format!("PATH={USUAL_PATH}")]);
    }

    #[test]
    fn another_user_is_another_home() {
        let user = User {
            name: "rust".into(),
            home: "/srv/rust".into(),
            shell: "/bin/sh".into(),
            ids: crate::sys::exec::Ids {
                uid: 5,
                gid: 6,
                groups: vec![],
            },
        };
        let built = build(
            &spec(false, &[]),
            Some(&user),
            &[("HOME", "/root"), ("USER", "root"), ("PATH", "/p")],
        );
        assert_eq!(
            built,
            [
                "HOME=/srv/rust",
                "LOGNAME=rust",
                "PATH=/p",
                "SHELL=/bin/sh",
                "USER=rust"
            ]
        );
    }

    #[test]
    fn env_files() {
        let show = |(k, v): (OsString, OsString)| format!("{}={}", k.display(), v.display());
        let parsed =
            |text: &str| parse_env_file(text.as_bytes()).map(|list| list.into_iter().map(show).collect::<Vec<_>>());
        assert_eq!(
            parsed("# x\n\nA=1\r\nexport B = two words\nC=\"q q\"\nD='x\nE=$A=#\n"),
            Ok(vec![
                "A=1".into(),
                "B= two words".into(),
                "C=q q".into(),
                "D='x".into(),
                "E=$A=#".into()
            ])
        );
        assert_eq!(parsed("A=1\nsecret\n"), Err(2));
        assert_eq!(parsed("=x"), Err(1));
        assert_eq!(parsed("A B=x"), Err(1));
    }
}
