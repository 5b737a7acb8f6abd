//! The environment of a game. It takes little from that of the command, so that a
//! server started from a terminal, from cron and by `run` is the same server.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::env_file::{self, Remark, Variables};
use crate::failure::Failure;
use crate::finding::Finding;
use crate::inventory::ProcessSpec;
use crate::sys::plain_file;
use crate::user::User;

/// The variables that are taken over from our own environment, besides `LC_*`.
const TAKEN_OVER: [&str; 7] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ"];

/// The path to programs if our own environment has none.
const USUAL_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The largest env file, in bytes.
const ENV_FILE_MAX: u64 = 1024 * 1024;

/// The most remarks on one env file.
const REMARKS_MAX: usize = 20;

/// An environment, sorted by name.
pub(super) type Environment = BTreeMap<OsString, OsString>;

/// Returns our own environment.
pub(super) fn ours() -> Environment {
    std::env::vars_os().collect()
}

/// Returns the `PATH` on which a program is looked for that an environment launches.
pub(super) fn path(ours: &Environment) -> OsString {
    let own = ours.get(OsStr::new("PATH"));
    own.map_or_else(|| USUAL_PATH.into(), Clone::clone)
}

/// Returns the environment of a game. `ours` is our own.
///
/// # Errors
/// When the env file cannot be read or parsed.
///
/// # Cancel safety
/// Safe.
pub(super) async fn of_game(
    spec: &ProcessSpec,
    user: Option<&User>,
    ours: Environment,
) -> Result<Environment, Failure> {
    let mut environment = inherited(spec, user, &ours);
    if let Some(path) = &spec.env_file {
        let failed = |why: String| {
            let message = format!("env_file {}{why}", path.display());
            Failure::failed(message).hint("nothing was started; mend the path or the file")
        };
        let found = read_env_file(path, &environment, &ours).await.map_err(failed)?;
        let found = found.map_err(|Remark { line, what }| failed(format!(", line {line}: {what}")))?;
        environment.extend(found.list);
    }
    environment.extend(spec.env.iter().cloned());
    Ok(environment)
}

/// Judges the lines of the env file, for `check`.
pub(super) async fn judge_env_file(spec: &ProcessSpec, user: Option<&User>) -> Vec<Finding> {
    const ABOUT: &str = "env_file";
    let Some(path) = &spec.env_file else {
        return Vec::new();
    };
    let shown = path.display();
    let ours = ours();
    let said = |Remark { line, what }: &Remark| format!("{shown}, line {line}: {what}");
    match read_env_file(path, &inherited(spec, user, &ours), &ours).await {
        Err(why) => vec![Finding::error(ABOUT, format!("{shown}{why}"))],
        Ok(Err(remark)) => {
            let hint = "nothing is started with such a line; a comment begins with `#`";
            vec![Finding::error(ABOUT, said(&remark)).hint(hint)]
        }
        Ok(Ok(found)) if found.odd.is_empty() => {
            vec![Finding::ok(ABOUT, format!("{shown}: {} variables", found.list.len()))]
        }
        Ok(Ok(found)) => {
            let remarks = found.odd.iter().take(REMARKS_MAX);
            remarks.map(|remark| Finding::warning(ABOUT, said(remark))).collect()
        }
    }
}

/// Returns what a game gets without a word about it in the inventory.
fn inherited(spec: &ProcessSpec, user: Option<&User>, ours: &Environment) -> Environment {
    let taken = |name: &OsStr| {
        TAKEN_OVER.iter().any(|known| name == *known)
            || name.as_bytes().starts_with(b"LC_")
            || (spec.tty && name == "TERM")
            || is_asked_for(&spec.inherit_env, name)
    };
    let given = ours.iter().filter(|(name, _)| taken(name));
    let mut environment: Environment = given.map(|(name, value)| (name.clone(), value.clone())).collect();
    environment.entry("PATH".into()).or_insert_with(|| USUAL_PATH.into());
    if spec.tty {
        environment.entry("TERM".into()).or_insert_with(|| "xterm".into());
    }
    if let Some(user) = user {
        environment.extend(user.login_env());
    }
    environment
}

/// Returns true for a variable that `inherit_env` names. Those that mark a game
/// of another start are never taken over.
fn is_asked_for(names: &[String], name: &OsStr) -> bool {
    let matches = |pattern: &String| match pattern.strip_suffix('*') {
        Some(prefix) => name.as_bytes().starts_with(prefix.as_bytes()),
        None => name == pattern.as_str(),
    };
    !name.as_bytes().starts_with(b"GAMECTL_") && names.iter().any(matches)
}

/// Reads the env file. What it refers to is looked up in the environment of
/// the game, then in ours. The outer error says why it cannot be read.
async fn read_env_file(
    path: &Path,
    environment: &Environment,
    ours: &Environment,
) -> Result<Result<Variables, Remark>, String> {
    let text = plain_file::read(path, ENV_FILE_MAX).await;
    let text = text.map_err(|error| format!(": {error}"))?;
    let lookup = |name: &OsStr| environment.get(name).or_else(|| ours.get(name)).cloned();
    Ok(env_file::parse(&text, &lookup))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::inventory::{Limits, LogSpec};

    pub(crate) fn spec(tty: bool, env: &[(&str, &str)]) -> ProcessSpec {
        ProcessSpec {
            bare: None,
            searched: None,
            executable: "/bin/true".into(),
            args: Vec::new(),
            cwd: "/".into(),
            env: env.iter().map(|(k, v)| (k.into(), v.into())).collect(),
            env_file: None,
            inherit_env: Vec::new(),
            umask: crate::inventory::DEFAULT_UMASK,
            user: None,
            tty,
            log: LogSpec::default(),
            limits: Limits::default(),
            main: None,
        }
    }

    fn build(spec: &ProcessSpec, user: Option<&User>, base: &[(&str, &str)]) -> Vec<String> {
        let ours = base.iter().map(|(k, v)| (k.into(), v.into())).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let environment = runtime.block_on(of_game(spec, user, ours)).unwrap();
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
    fn what_is_asked_for_is_taken_over() {
        let base = [
            ("JAVA_HOME", "/j"),
            ("JAVA_HOME_OLD", "/o"),
            ("WINEPREFIX", "/w"),
            ("WINE", "1"),
            ("TMUX", "1"),
            ("GAMECTL_TREE", "x"),
        ];
        let mut asking = spec(false, &[("WINE", "mine"), ("PATH", "/p")]);
        asking.inherit_env = vec!["JAVA_HOME".into(), "WINE*".into()];
        let wanted = ["JAVA_HOME=/j", "PATH=/p", "WINE=mine", "WINEPREFIX=/w"];
        assert_eq!(build(&asking, None, &base), wanted);
        asking.inherit_env = vec!["*".into()];
        assert_eq!(build(&asking, None, &base).len(), 6);
    }

    #[test]
    fn the_manual_lists_what_is_taken_over() {
        let sections = crate::inventory::keys::SECTIONS.iter();
        let mut keys = sections.flat_map(|section| section.keys());
        let about = keys.find(|key| key.name == "inherit_env").unwrap().about;
        for name in TAKEN_OVER {
            assert!(about.contains(name), "{name}");
        }
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
}
