//! Users and their groups. The program is linked statically, and so cannot load
//! the name services of the host's C library: `getent(1)` and `id(1)`, which can,
//! are asked about users that are not in the files.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::failure::Failure;
use crate::sys::exec::Ids;
use crate::sys::host;

const PASSWD: &str = "/etc/passwd";
const GROUP: &str = "/etc/group";

/// A user of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub home: OsString,
    pub shell: OsString,
    pub ids: Ids,
}

/// The variables of ours that a program gets which is called for another user.
const TAKEN_OVER: [&str; 4] = ["PATH", "LANG", "LC_ALL", "TZ"];

impl User {
    /// Returns the environment in which a program is called for this user: that of a login,
    /// and what we have of the language, the zone and the places of programs.
    pub fn call_env(&self) -> Vec<(OsString, OsString)> {
        let ours = TAKEN_OVER
            .iter()
            .filter_map(|name| Some((OsString::from(name), std::env::var_os(name)?)));
        ours.chain(self.login_env()).collect()
    }

    /// Returns the variables that a login sets for this user.
    pub fn login_env(&self) -> [(OsString, OsString); 4] {
        [
            ("HOME".into(), self.home.clone()),
            ("USER".into(), self.name.clone().into()),
            ("LOGNAME".into(), self.name.clone().into()),
            ("SHELL".into(), self.shell.clone()),
        ]
    }
}

/// Looks up the user that a game is to run as. Returns `None` if this process
/// runs as that user already.
///
/// # Errors
/// When there is no such user, or only root could become it.
pub fn to_become(name: &str) -> Result<Option<User>, Failure> {
    let user = find(name)?;
    let me = host::effective_uid();
    if user.ids.uid == me {
        return Ok(None);
    }
    if me != 0 {
        return Err(Failure::failed(format!(
            "only root can start a game as user `{name}`, and you are uid {me}"
        ))
        .hint(format!("run gamectl as root, or as {name} without `user:`")));
    }
    Ok(Some(user))
}

/// Looks up a user of this host.
///
/// # Errors
/// When there is none of that name.
pub fn find(name: &str) -> Result<User, Failure> {
    let unknown = || {
        Failure::failed(format!("there is no user `{name}` on this host"))
            .hint(format!("make it with `useradd --system {name}`, or correct `user:`"))
    };
    let mut user = listed(name).ok_or_else(unknown)?;
    user.ids.groups = groups_of(&user);
    Ok(user)
}

/// Returns the number of a user of this host; `None` if there is none of that name. It may
/// wait for a service that has the names, such as a directory.
pub fn uid_of(name: &str) -> Option<u32> {
    listed(name).map(|user| user.ids.uid)
}

/// Finds a user, without the groups that he is a member of.
fn listed(name: &str) -> Option<User> {
    let passwd = fs::read(PASSWD).unwrap_or_default();
    parse_passwd(&passwd, name).or_else(|| parse_passwd(&ask("getent", &["passwd", "--", name]), name))
}

/// Returns all groups of a user, the primary one among them.
fn groups_of(user: &User) -> Vec<u32> {
    let asked = ask("id", &["-G", "--", &user.name]);
    let told: Vec<u32> = String::from_utf8_lossy(&asked)
        .split_ascii_whitespace()
        .filter_map(|gid| gid.parse().ok())
        .collect();
    if !told.is_empty() {
        return told;
    }
    let mut groups = parse_group(&fs::read(GROUP).unwrap_or_default(), &user.name);
    if !groups.contains(&user.ids.gid) {
        groups.insert(0, user.ids.gid);
    }
    groups
}

fn ask(program: &str, args: &[&str]) -> Vec<u8> {
    let asked = duct::cmd(program, args)
        .stdin_null()
        .stdout_capture()
        .stderr_null()
        .unchecked()
        .run();
    asked.map(|output| output.stdout).unwrap_or_default()
}

/// Finds a user in the text of a `passwd(5)` file, by name.
fn parse_passwd(text: &[u8], name: &str) -> Option<User> {
    text.split(|byte| *byte == b'\n').find_map(|line| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let [login, _, uid, gid, _, home, shell] = fields.as_slice() else {
            return None;
        };
        if *login != name.as_bytes() {
            return None;
        }
        let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse().ok();
        let or = |bytes: &[u8], default: &str| {
            if bytes.is_empty() {
                default.into()
            } else {
                OsStr::from_bytes(bytes).to_owned()
            }
        };
        Some(User {
            name: name.to_owned(),
            home: or(home, "/"),
            shell: or(shell, "/bin/sh"),
            ids: Ids {
                uid: number(uid)?,
                gid: number(gid)?,
                groups: Vec::new(),
            },
        })
    })
}

/// Returns the groups of which a user is a member by the text of a `group(5)`
/// file.
fn parse_group(text: &[u8], name: &str) -> Vec<u32> {
    let text = String::from_utf8_lossy(text);
    let of_line = |line: &str| {
        let mut fields = line.split(':');
        let gid = fields.nth(2)?.parse().ok()?;
        fields.next()?.split(',').any(|member| member == name).then_some(gid)
    };
    text.lines().filter_map(of_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passwd_file() {
        let text = b"root:x:0:0:root:/root:/bin/bash\nrust:x:998:997::/srv/rust:\nbroken:x:1\n+::::::\n";
        let user = parse_passwd(text, "rust").unwrap();
        assert_eq!((user.ids.uid, user.ids.gid), (998, 997));
        assert_eq!((user.home, user.shell), ("/srv/rust".into(), "/bin/sh".into()));
        assert_eq!(parse_passwd(text, "broken"), None);
        assert_eq!(parse_passwd(text, ""), None);
    }

    #[test]
    fn a_group_file() {
        let text = b"games:x:60:rust,steam\naudio:x:29:rusty\nx\nrust:x:997:\nusers:x:100:steam,rust\n";
        assert_eq!(parse_group(text, "rust"), [60, 100]);
    }

    #[test]
    fn an_unknown_user_is_named() {
        let error = to_become("no-such-user-here").unwrap_err();
        assert!(error.message.contains("`no-such-user-here`"), "{error}");
        assert!(error.hint.unwrap().contains("useradd"));
    }
}
