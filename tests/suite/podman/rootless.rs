//! The podman of a user without privileges, which root manages as well as that user, and
//! nobody else. The account, its subordinate ids and its runtime directory are the test's
//! own, by mounts that nobody else sees.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::{IMAGE, SERVE, TALKS};
use crate::support::containers::busybox_image;
use crate::support::{self, Background, Mounts, Outcome, Process, Sandbox, install, wait_until};

/// The account.
const NAME: &str = "gc-pod";

/// The user ids of the accounts, which are others for each test.
static NEXT: AtomicU32 = AtomicU32::new(61_401);

/// The first subordinate id of any of them, and how many each has.
const SUBORDINATE: u32 = 614_000_000;
const EACH: u32 = 65_536;

/// A user with a podman.
struct Rootless {
    sandbox: Sandbox,
    mounts: Mounts,
    uid: u32,
}

impl Rootless {
    /// Makes one, with an inventory of these instances. `None`, said, where there can be none.
    fn new(test: &str, instances: &Value) -> Option<Self> {
        let has_ids = |program: &str| Command::new(program).output().is_ok();
        if !has_ids("newuidmap") || !has_ids("newgidmap") {
            support::not_run(test, "there is no newuidmap: apt install uidmap", "GAMECTL_TEST_PODMAN");
            return None;
        }
        let uid = NEXT.fetch_add(1, Ordering::Relaxed);
        let sandbox = Sandbox::new();
        let at = |name: &str| sandbox.path(name).display().to_string();
        let account = format!("{NAME}:*:{uid}:{uid}::{}:/bin/sh\n", at("account"));
        let (users, groups) = (read("/etc/passwd"), read("/etc/group"));
        let ids = format!("{NAME}:{}:{EACH}\n", SUBORDINATE + (uid - 61_401) * EACH);
        for (name, text) in [
            ("passwd", users + &account),
            ("group", format!("{groups}{NAME}:x:{uid}:\n")),
            ("subordinate", ids),
        ] {
            fs::write(sandbox.path(name), text).expect("write");
        }
        for folder in [format!("run/{uid}"), "account/.config/containers".into()] {
            fs::create_dir_all(sandbox.path(&folder)).expect("a folder");
        }
        let conf = sandbox.path("account/.config/containers");
        let engine = "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n\
                      [engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n";
        fs::write(conf.join("containers.conf"), engine).expect("write");
        fs::write(conf.join("storage.conf"), "[storage]\ndriver = \"vfs\"\n").expect("write");
        for path in [
            "account",
            "account/.config",
            "account/.config/containers",
            &format!("run/{uid}"),
        ] {
            chown(sandbox.path(path), Some(uid), Some(uid)).expect("chown");
            fs::set_permissions(sandbox.path(path), Permissions::from_mode(0o700)).expect("chmod");
        }
        fs::set_permissions(sandbox.dir(), Permissions::from_mode(0o755)).expect("chmod");
        let script = [
            ("passwd", "/etc/passwd"),
            ("group", "/etc/group"),
            ("subordinate", "/etc/subuid"),
            ("subordinate", "/etc/subgid"),
            ("run", "/run/user"),
        ]
        .map(|(own, place)| format!("mount --bind '{}' {place}", at(own)))
        .join(" && ");
        let mounts = Mounts::of(test, &script)?;
        let user = Self { sandbox, mounts, uid };
        user.inventory(instances);
        // Where the user may read it.
        let folder = user.sandbox.path("image");
        let tar = busybox_image(&folder);
        user.podman_ok(&["import", "--change", "ENV PATH=/bin", &tar.display().to_string(), IMAGE]);
        Some(user)
    }

    fn inventory(&self, instances: &Value) {
        let whole = json!({ "defaults": { "restart": { "delay": "0s" } }, "instances": instances });
        self.sandbox.inventory_text(&whole.to_string());
    }

    fn account(&self) -> PathBuf {
        self.sandbox.path("account")
    }

    /// A program that the user of that id calls.
    fn as_uid(&self, uid: u32, program: &str, args: &[&str]) -> Command {
        let id = uid.to_string();
        let become_user = ["setpriv", "--reuid", &id, "--regid", &id, "--clear-groups", "--"];
        let wrapper = [&self.mounts.wrapper()[..], &become_user].concat();
        let (first, words) = wrapper.split_first().expect("a program");
        let mut command = self.sandbox.program(first);
        command.args(words).arg(program).args(args);
        command
    }

    fn podman(&self, args: &[&str]) -> Output {
        let mut podman = self.as_uid(self.uid, "/usr/bin/podman", args);
        podman.env("HOME", self.account());
        podman.env("XDG_RUNTIME_DIR", format!("/run/user/{}", self.uid));
        podman.output().expect("podman")
    }

    #[track_caller]
    fn podman_ok(&self, args: &[&str]) -> String {
        let output = self.podman(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "podman {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    #[track_caller]
    fn create(&self, options: &[&str], script: &str) {
        let args = [
            &["create", "--name", "game", "--network", "none"],
            options,
            &[IMAGE, "sh", "-c", script],
        ]
        .concat();
        self.podman_ok(&args);
    }

    #[track_caller]
    fn is_running(&self) -> bool {
        self.podman_ok(&["inspect", "-f", "{{.State.Running}}", "game"]) == "true"
    }

    fn printed(&self) -> String {
        let output = self.podman(&["logs", "game"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The built binary, called by root.
    #[track_caller]
    fn root(&self, args: &[&str]) -> Outcome {
        self.mounts.run(&self.sandbox, args)
    }

    /// The built binary, called by the user, with a state directory of that user.
    #[track_caller]
    fn own(&self, args: &[&str]) -> Outcome {
        self.called_by(self.uid, &self.account(), args)
    }

    #[track_caller]
    fn called_by(&self, uid: u32, home: &std::path::Path, args: &[&str]) -> Outcome {
        // The folder of the build may be closed to others.
        let copy = self.sandbox.path("gamectl");
        if !copy.exists() {
            install(&support::gamectl(), &copy);
            fs::set_permissions(&copy, Permissions::from_mode(0o755)).expect("chmod");
        }
        let mut command = self.as_uid(uid, &copy.display().to_string(), args);
        command.env("HOME", home).env("GAMECTL_STATE_DIR", home.join("state"));
        Outcome::of(args, &command.output().expect("run gamectl"))
    }

    #[track_caller]
    fn told(row: &Outcome) -> String {
        let row = row.json()["instances"][0].clone();
        let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", word("state"), word("note"))
    }

    #[track_caller]
    fn told_to_root(&self) -> String {
        Self::told(&self.root(&["status", "game", "--json"]))
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path).expect("a file of this host")
}

impl Drop for Rootless {
    fn drop(&mut self) {
        self.podman(&["pod", "rm", "-f", "-t", "0", "-a"]);
        self.podman(&["rm", "-f", "-t", "0", "-a"]);
        // What holds its namespaces.
        let pause = self.sandbox.path(&format!("run/{}/libpod/tmp/pause.pid", self.uid));
        let pid = fs::read_to_string(pause).ok().and_then(|text| text.trim().parse().ok());
        if let Some(pid) = pid.filter(|pid| Process::find(*pid).is_some_and(|one| one.command.contains("podman"))) {
            Process::kill_and_wait(pid);
        }
    }
}

const GAME: &str = r#"{ "game": { "podman": { "container": "game", "user": "gc-pod" },
    "stop": [{ "stdin": "quit", "wait": "20s" }] } }"#;

fn game() -> Value {
    serde_json::from_str(GAME).expect("JSON")
}

#[test]
#[ignore = "needs podman"]
fn a_users_container_is_managed_by_root_and_by_that_user() {
    const TEST: &str = "a_users_container_is_managed_by_root_and_by_that_user";
    let Some(user) = Rootless::new(TEST, &game()) else {
        return;
    };
    user.create(&["--interactive"], TALKS);
    assert_eq!(user.told_to_root(), "stopped created, and never started");
    user.root(&["start", "game"]).expect_code(0);
    assert!(user.is_running(), "it is the user's");
    let watch = user.sandbox.command_under(&user.mounts.wrapper(), &["watch", "--json"]);
    let watch = Background::of(&mut { watch });
    wait_until("the snapshot", || !watch.events("snapshot").is_empty());
    // Each of them reaches its input and its output.
    user.root(&["send", "game", "from root"]).expect_code(0);
    user.own(&["send", "game", "from", "its", "owner"]).expect_code(0);
    for text in ["got from root\n", "got from its owner\n"] {
        wait_until(text, || user.printed().contains(text));
        assert!(user.root(&["logs", "game"]).expect_code(0).stdout.contains(text));
        assert!(user.own(&["logs", "game"]).expect_code(0).stdout.contains(text));
    }
    // Without a session of its own, too: its runtime directory is there.
    let own = user.own(&["status", "game", "--json"]).expect_code(0);
    assert_eq!(Rootless::told(&own), "running ");
    let pid: i32 = user
        .podman_ok(&["inspect", "-f", "{{.State.Pid}}", "game"])
        .parse()
        .expect("a pid");
    Process::kill(pid);
    watch.sees("game", "crashed");
    user.root(&["stop", "game"]).expect_code(0);
    watch.sees("game", "stopped");
    user.own(&["start", "game"]).expect_code(0);
    let stopped = user.own(&["stop", "game", "--json"]).expect_code(0).json();
    assert_eq!(stopped["results"][0]["ended_by"], "stdin: quit", "{stopped}");
    assert!(!user.is_running());
    watch.end(Signal::SIGTERM);
}

/// The files of an image are of many users, and so may its first process be.
#[test]
#[ignore = "needs podman"]
fn lines_reach_a_game_that_is_another_user_in_its_container() {
    const TEST: &str = "lines_reach_a_game_that_is_another_user_in_its_container";
    let Some(user) = Rootless::new(TEST, &game()) else {
        return;
    };
    user.create(&["--interactive", "--user", "1000:1000"], TALKS);
    user.own(&["start", "game"]).expect_code(0);
    user.root(&["send", "game", "from root"]).expect_code(0);
    user.own(&["send", "game", "from its owner"]).expect_code(0);
    wait_until("both lines", || {
        ["got from root\n", "got from its owner\n"]
            .iter()
            .all(|text| user.printed().contains(text))
    });
    let stopped = user.own(&["stop", "game", "--json"]).expect_code(0).json();
    assert_eq!(stopped["results"][0]["ended_by"], "stdin: quit", "{stopped}");
}

#[test]
#[ignore = "needs podman"]
fn whoever_may_not_ask_a_users_podman_is_told_how() {
    const TEST: &str = "whoever_may_not_ask_a_users_podman_is_told_how";
    const NOBODY: u32 = 65_534;
    let Some(user) = Rootless::new(TEST, &game()) else {
        return;
    };
    user.create(&[], SERVE);
    let home = user.sandbox.path("nowhere");
    fs::create_dir(&home).expect("a folder");
    chown(&home, Some(NOBODY), Some(NOBODY)).expect("chown");
    let status = user.called_by(NOBODY, &home, &["status", "game"]).expect_code(4);
    let why = format!("only root and {NAME} can ask the podman of {NAME}, and you are uid {NOBODY}");
    assert!(status.stdout.contains(&why), "{status:?}");
    let start = user.called_by(NOBODY, &home, &["start", "game"]).expect_code(4);
    let mend = format!("run gamectl as root or as {NAME}, or write `owner: {NAME}` into the inventory");
    assert!(start.stderr.contains(&why) && start.stderr.contains(&mend), "{start:?}");
    assert!(!user.is_running());
    // Its runtime directory is gone with the login: nothing is said to be stopped.
    let (run, away) = (
        user.sandbox.path(&format!("run/{}", user.uid)),
        user.sandbox.path("away"),
    );
    fs::rename(&run, &away).expect("rename");
    for outcome in [
        user.root(&["status", "game", "--json"]),
        user.own(&["status", "game", "--json"]),
    ] {
        let told = Rootless::told(&outcome);
        assert!(told.starts_with("unknown podman cannot be asked: /run/user/"), "{told}");
    }
    fs::rename(&away, &run).expect("rename");
    user.root(&["start", "game"]).expect_code(0);
    user.root(&["stop", "game"]).expect_code(0);
}

/// `sudo` leaves nothing of the caller's environment.
#[test]
#[ignore = "needs podman"]
fn a_users_podman_is_reached_through_sudo() {
    const TEST: &str = "a_users_podman_is_reached_through_sudo";
    let Some(user) = Rootless::new(TEST, &json!({})) else {
        return;
    };
    let gamectl = user.sandbox.path("gamectl");
    install(&support::gamectl(), &gamectl);
    fs::set_permissions(&gamectl, Permissions::from_mode(0o755)).expect("chmod");
    let whole = json!({
        "hosts": { "hers": { "sudo": NAME, "gamectl": gamectl.display().to_string() } },
        "instances": { "game": { "host": "hers", "podman": { "container": "game" } } },
    });
    user.sandbox.inventory_text(&whole.to_string());
    user.create(&[], SERVE);
    user.root(&["start", "game"]).expect_code(0);
    assert!(user.is_running());
    assert_eq!(user.told_to_root(), "running ");
    user.root(&["stop", "game"]).expect_code(0);
    assert!(!user.is_running() && user.printed().contains("saved"));
}
