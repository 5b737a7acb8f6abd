//! Accounts of another host as admins have them: other login shells, a `sudo` that allows
//! little, and a home folder in which alone may be written. The `sshd` sees accounts and
//! rules of its own, by mounts that nobody else sees.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::gated;
use super::sshd::{Elsewhere, Ground};
use crate::support::sandbox::MARK;
use crate::support::{self, Mounts, Outcome, free_port, programs, wait_until};

/// The user of the first account; the others follow.
const FIRST: u32 = 61_301;

/// Accounts, and an `sshd` that knows them.
struct Accounts {
    there: Elsewhere,
    /// Has their homes, and what belongs to root.
    folder: TempDir,
}

impl Accounts {
    /// Starts an `sshd` with these accounts and their login shells. `rules` are those of
    /// `sudo`; `path` is what they find programs on, and `FOLDER` in both is [`Self::at`].
    /// `None`, said, where that is not allowed.
    fn new(test: &str, accounts: &[(&str, &str)], rules: &str, path: &str) -> Option<Self> {
        let folder = tempfile::Builder::new()
            .prefix("accounts-test-")
            .tempdir()
            .expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let placed = |text: &str| text.replace("FOLDER", &folder.path().display().to_string());
        let mounts = format!(
            "mount --bind '{}' /etc/passwd && mount --bind '{}' /etc/sudoers",
            at("passwd").display(),
            at("sudoers").display()
        );
        let mut users = fs::read_to_string("/etc/passwd").expect("the users");
        for ((name, shell), user) in accounts.iter().zip(FIRST..) {
            let home = at(name).display().to_string();
            users.push_str(&format!("{name}:*:{user}:{user}::{home}:{shell}\n"));
        }
        fs::write(at("passwd"), users).expect("write");
        fs::write(at("sudoers"), placed(&format!("{rules}\n"))).expect("write");
        fs::set_permissions(at("sudoers"), fs::Permissions::from_mode(0o440)).expect("chmod");
        if !support::is_root(test) {
            return None;
        }
        let mounts = Mounts::of(test, &mounts)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("chmod");
        for ((name, _), user) in accounts.iter().zip(FIRST..) {
            fs::create_dir(at(name)).expect("a home");
            chown(at(name), Some(user), Some(user)).expect("chown");
        }
        let port = free_port();
        let ground = Ground {
            address: "127.0.0.1",
            port,
            known_as: format!("[127.0.0.1]:{port}"),
            wrapper: mounts.wrapper().map(str::to_owned).to_vec(),
            config: placed(&format!("SetEnv PATH={path}\n")),
        };
        let there = Elsewhere::on(test, &ground)?;
        fs::set_permissions(there.sandbox.dir(), fs::Permissions::from_mode(0o755)).expect("chmod");
        Some(Self { there, folder })
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the entry of the host of an account, which finds gamectl by itself.
    fn host(&self, name: &str) -> Value {
        let mut host = self.there.host(name, "");
        host.as_object_mut().expect("an object").remove("gamectl");
        host["ssh"] = json!(format!("{name}@127.0.0.1"));
        host
    }

    /// Writes a gamectl that belongs to root: it has processes and a state of its own in the
    /// folder, and begins with this script.
    fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.at(name);
        let above = path.parent().expect("a folder");
        fs::create_dir_all(above).expect("a folder");
        fs::set_permissions(above, fs::Permissions::from_mode(0o755)).expect("chmod");
        let copy = self.at("copy");
        if !copy.exists() {
            programs::install(&support::gamectl(), &copy);
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).expect("chmod");
        }
        let mark = self.there.sandbox.dir().display().to_string();
        let text = format!("export {MARK}='{mark}'\n{script}\nexec '{}' \"$@\"", copy.display());
        programs::script(&path, &text);
        path
    }
}

fn found(program: &str) -> Option<PathBuf> {
    let folders = ["/usr/bin", "/bin"].into_iter();
    folders
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
}

#[test]
fn csh_and_fish_as_login_shells() {
    const TEST: &str = "csh_and_fish_as_login_shells";
    let mut accounts = Vec::new();
    for shell in ["fish", "csh"] {
        match found(shell) {
            Some(path) => accounts.push((format!("gc-{shell}"), path.display().to_string())),
            None => support::not_run(TEST, &format!("no {shell}"), "GAMECTL_TEST_SSH"),
        }
    }
    let named: Vec<(&str, &str)> = accounts.iter().map(|(name, shell)| (&**name, &**shell)).collect();
    let Some(accounts) = Accounts::new(TEST, &named, "", "FOLDER/bin:/usr/bin:/bin") else {
        return;
    };
    accounts.program("bin/gamectl", "");
    let sandbox = &accounts.there.sandbox;
    sandbox.touch("a.gate");
    for (name, _) in named {
        // What they print as they begin does no harm.
        let home = accounts.at(name);
        fs::create_dir_all(home.join(".config/fish")).expect("a folder");
        fs::write(home.join(".config/fish/config.fish"), "echo Welcome\n").expect("write");
        fs::write(home.join(".cshrc"), "echo Welcome\n").expect("write");
        let game = gated(sandbox, "a", "box2").process("executable", json!(game_for_all(&accounts)));
        accounts
            .there
            .inventory(&json!({ "box2": accounts.host(name) }), &[game]);
        sandbox.ok(&["start", "a"]);
        assert_eq!(sandbox.status("a")["state"], "running", "{name}");
        sandbox.ok(&["send", "a", "say", "hello"]);
        wait_until("the line in the log", || {
            sandbox.ok(&["logs", "a"]).stdout.contains("hello")
        });
        sandbox.ok(&["stop", "a"]);
        assert!(home.join(".local/state/gamectl/instances/a").exists(), "{name}");
        // Over the same way come the scripts of an installation.
        let installed = sandbox.run(&["host", "install", "-n"]).expect_code(0);
        assert!(installed.stdout.contains("would write"), "{installed:?}");
    }
}

/// Returns a copy of the game that every account may run.
fn game_for_all(accounts: &Accounts) -> String {
    let path = accounts.at("game");
    if !path.exists() {
        programs::install(&support::awkward(), &path);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    path.display().to_string()
}

/// The messages of a check or an installation about the only host.
fn says(outcome: &Outcome) -> String {
    let findings = outcome.json()["findings"].clone();
    let all = findings.as_array().expect("findings").iter();
    all.map(|one| format!("{}: {} / {}\n", one["about"], one["message"], one["hint"]))
        .collect()
}

#[test]
fn of_a_package_and_a_copy_the_one_that_came_last_serves() {
    const TEST: &str = "of_a_package_and_a_copy_the_one_that_came_last_serves";
    let Some(accounts) = Accounts::new(TEST, &[("gc-sh", "/bin/sh")], "", "FOLDER/bin:/usr/bin:/bin") else {
        return;
    };
    if Path::new("/usr/local/bin/gamectl").exists() {
        support::not_run(TEST, "there is a gamectl in /usr/local/bin", "GAMECTL_TEST_SSH");
        return;
    }
    let sandbox = &accounts.there.sandbox;
    accounts.there.inventory(
        &json!({ "box2": accounts.host("gc-sh") }),
        &[gated(sandbox, "a", "box2")],
    );
    let greeting = |version: &str| {
        format!(
            "echo '-- gamectl serves --'; echo '{{\"version\":\"{version}\",\"protocol\":1,\"features\":[]}}'; \
             cat >/dev/null; exit"
        )
    };
    let version = || says(&sandbox.run(&["host", "check", "--json"]));
    // A package that is old, in a place where only root may write.
    accounts.program("bin/gamectl", &greeting("0.0.9"));
    assert!(version().contains("0.0.9 there"), "{}", version());
    let copy = accounts.at("gc-sh/.local/bin/gamectl");
    let installed = sandbox.run(&["host", "install", "--json"]).expect_code(0);
    assert!(says(&installed).contains(&copy.display().to_string()), "{installed:?}");
    let own = env!("CARGO_PKG_VERSION");
    assert!(version().contains(&format!("{own} there")), "{}", version());
    assert_eq!(
        fs::read(&copy).expect("the copy"),
        fs::read(support::gamectl()).expect("the program")
    );
    let again = sandbox.run(&["host", "install", "--json"]).expect_code(0);
    assert!(says(&again).contains("nothing to do"), "{again:?}");
    // The package is brought up to date. Its files have the times of their making.
    let package = accounts.program("bin/gamectl", &greeting("7.7.7"));
    let made = Command::new("touch").args(["-d", "@0"]).arg(&package).status();
    assert!(made.expect("touch").success());
    assert!(version().contains("7.7.7 there"), "{}", version());
    // It is gone, and the copy is what there is.
    fs::remove_file(package).expect("remove it");
    assert!(version().contains(&format!("{own} there")), "{}", version());
}

#[test]
fn an_installation_through_sudo() {
    const TEST: &str = "an_installation_through_sudo";
    if found("sudo").is_none() {
        support::not_run(TEST, "no sudo", "GAMECTL_TEST_SSH");
        return;
    }
    let accounts = [
        ("gc-admin", "/bin/sh"),
        ("gc-serves", "/bin/sh"),
        ("gc-games", "/usr/sbin/nologin"),
    ];
    let rules = "gc-admin ALL=(gc-games) NOPASSWD: ALL\n\
                 gc-serves ALL=(gc-games) NOPASSWD: FOLDER/gc-games/bin/gamectl serve";
    let Some(accounts) = Accounts::new(TEST, &accounts, rules, "/usr/bin:/bin") else {
        return;
    };
    let sandbox = &accounts.there.sandbox;
    let folder = accounts.at("gc-games/bin");
    let program = folder.join("gamectl");
    fs::create_dir(&folder).expect("a folder");
    chown(&folder, Some(FIRST + 2), Some(FIRST + 2)).expect("chown");
    let host = |login: &str| {
        let mut host = accounts.host(login);
        host["sudo"] = json!("gc-games");
        host["gamectl"] = json!(program.display().to_string());
        accounts
            .there
            .inventory(&json!({ "box2": host }), &[gated(sandbox, "a", "box2")]);
    };
    host("gc-admin");
    let dry = sandbox.run(&["host", "install", "-n", "--json"]).expect_code(0);
    assert!(says(&dry).contains("would write") && !program.exists(), "{dry:?}");
    let installed = sandbox.run(&["host", "install"]).expect_code(0);
    let begun = format!(
        "box2: copying {} MiB to {}\n",
        support::gamectl().metadata().expect("it").len().div_ceil(1 << 20),
        program.display()
    );
    assert_eq!(installed.stderr, begun, "{installed:?}");
    let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(&program).expect("the copy"));
    assert_eq!(owner, FIRST + 2);
    let checked = sandbox.run(&["host", "check", "--json"]);
    assert!(says(&checked).contains("understood"), "{checked:?}");

    // Somebody who may only serve is served, and told how to copy by hand.
    host("gc-serves");
    sandbox.run(&["status"]).expect_code(3);
    let before = fs::metadata(&program).expect("the copy").modified().expect("a time");
    let refused = sandbox.run(&["host", "install", "--json"]).expect_code(1);
    let text = says(&refused);
    let (port, key) = (accounts.there.port(), accounts.there.key("login"));
    for words in [
        "sudo there lets nothing be copied as gc-games without a password".to_owned(),
        format!(
            " -P {port} -i {key} {} gc-serves@127.0.0.1:gamectl.new",
            support::gamectl().display()
        ),
        format!(
            " -p {port} -i {key} gc-serves@127.0.0.1 sudo install -m 755 gamectl.new {}",
            program.display()
        ),
    ] {
        assert!(text.contains(&words), "{words}: {text}");
    }
    assert_eq!(
        fs::metadata(&program).expect("the copy").modified().expect("a time"),
        before
    );
}
