//! Instances that `ampinstmgr` starts and stops: a stand-in for it.

use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox, wait_until};

/// Lists two instances; one runs while a file of its name is there. A script `first`, where
/// there is one, comes before that.
const MANAGER: &str = r#"
cd STATE
echo "$(id -un) $*" >> calls
[ ! -e first ] || . ./first
block() {
    printf 'Instance ID        │ %s\nModule             │ %s\nInstance Name      │ %s\n' "$1" "$2" "$3"
    printf 'Friendly Name      │ The %s\nRunning            │ \033[32m%s\033[0m\n\n' "$3" "$4"
}
runs() { [ -e "up.$1" ] && echo Yes || echo No; }
echo '[Info/1] AMP Instance Manager v2.6.0.4 built 01/02/2026'
case $1 in
-l) echo; block 11-22 ADS ADS01 Yes; block 33-44 GenericModule Ark01 "$(runs Ark01)" ;;
-s) : > "up.$2"; echo "[Info/1] AMP instance $2 is now running." ;;
-q) rm -f "up.$2" ;;
*) echo 'Usage: ampinstmgr'; exit 1 ;;
esac
"#;

/// A host with the stand-in on its PATH.
struct Host {
    sandbox: Sandbox,
    path: String,
}

impl Host {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let state = sandbox.path("amp");
        std::fs::create_dir(&state).expect("a folder");
        let script = MANAGER.replace("STATE", &state.display().to_string());
        let path = sandbox.stand_in("ampinstmgr", &script);
        let host = Self { sandbox, path };
        host.inventory(&own_name(), json!({}));
        host
    }

    /// Writes an inventory with one instance of this user, and with these keys.
    fn inventory(&self, user: &str, keys: Value) {
        let mut game = json!({ "amp": { "manager": "ampinstmgr", "instance": "Ark01", "user": user } });
        let Value::Object(keys) = keys else { panic!("keys") };
        game.as_object_mut().expect("a mapping").extend(keys);
        let all = json!({ "instances": { "ark01": game } });
        self.sandbox.inventory_text(&all.to_string());
    }

    #[track_caller]
    fn run(&self, args: &[&str], code: i32) -> Outcome {
        let mut command = self.sandbox.command(args);
        let output = command.env("PATH", &self.path).output().expect("gamectl");
        Outcome::of(args, &output).expect_code(code)
    }

    /// The state and the note.
    #[track_caller]
    fn told(&self, code: i32) -> String {
        let row = &self.run(&["status", "ark01", "--json"], code).json()["instances"][0];
        let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        format!("{} {}", word("state"), word("note")).trim_end().to_owned()
    }

    #[track_caller]
    fn result(&self, verb: &str, code: i32) -> Value {
        self.run(&[verb, "ark01", "--json"], code).json()["results"][0].clone()
    }

    fn first(&self, script: &str) {
        std::fs::write(self.sandbox.path("amp/first"), script).expect("a script");
    }

    fn calls(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.sandbox.path("amp/calls")).expect("calls");
        text.lines().map(str::to_owned).collect()
    }
}

fn own_name() -> String {
    let named = std::process::Command::new("id").arg("-un").output().expect("id");
    String::from_utf8(named.stdout).expect("a name").trim().to_owned()
}

const RUNS: &str = "running its instance of AMP runs; whether the game does, only a `ready` would tell";

#[test]
fn an_instance_through_its_life() {
    let host = Host::new();
    assert_eq!(host.told(3), "stopped");
    let started = host.result("start", 0);
    assert_eq!(
        (&started["changed"], &started["state"]),
        (&json!(true), &json!("running"))
    );
    assert_eq!(host.told(0), RUNS);
    assert_eq!(host.result("start", 0)["changed"], json!(false));
    let plan = host.run(&["stop", "ark01", "--dry-run"], 0).stdout;
    assert!(plan.contains("`ampinstmgr -q Ark01`"), "{plan}");
    let stopped = host.result("stop", 0);
    assert_eq!(
        (&stopped["changed"], &stopped["ended_by"]),
        (&json!(true), &json!("ampinstmgr -q"))
    );
    assert_eq!(host.told(3), "stopped");
    assert_eq!(host.result("stop", 0)["changed"], json!(false));
    let me = own_name();
    let orders: Vec<String> = host.calls().into_iter().filter(|call| !call.ends_with(" -l")).collect();
    assert_eq!(orders, [format!("{me} -s Ark01"), format!("{me} -q Ark01")]);
    // Somebody ends it in AMP.
    host.result("start", 0);
    std::fs::remove_file(host.sandbox.path("amp/up.Ark01")).expect("remove");
    assert_eq!(host.told(3), "stopped its instance was stopped in AMP");
}

#[test]
fn a_probe_tells_whether_the_game_is_ready() {
    let host = Host::new();
    let ready = host.sandbox.path("is-ready");
    host.inventory(&own_name(), json!({ "ready": { "exec": ["test", "-e", ready] } }));
    host.run(&["start", "ark01", "--no-wait"], 0);
    let told = host.told(3);
    assert!(
        told.starts_with("starting its instance of AMP runs; not yet ready"),
        "{told}"
    );
    host.run(&["stop", "ark01"], 0);
    let late = host.run(&["start", "ark01", "--timeout", "8s"], 124);
    assert!(late.stderr.contains("not ready after 8s"), "{}", late.stderr);
    std::fs::write(&ready, "").expect("write");
    wait_until("it to be ready", || host.told(0) == "running");
    let checked = host.run(&["check"], 0).stdout;
    assert!(checked.contains("`ampinstmgr` answers as"), "{checked}");
    host.inventory(&own_name(), json!({}));
    let checked = host.run(&["check"], 0).stdout;
    assert!(
        checked.contains("`Ark01` counts as running as soon as its part of AMP runs"),
        "{checked}"
    );
    host.run(&["stop", "ark01"], 0);
}

#[test]
fn an_order_that_is_not_carried_out_is_no_success() {
    let host = Host::new();
    host.first("[ $1 = -s ] && { echo '[Error/1] Failed to start AMP. Exit code was 0'; exit 0; }");
    let failed = host.run(&["start", "ark01"], 1);
    assert!(
        failed
            .stderr
            .contains("AMP did not start its instance: Failed to start AMP."),
        "{}",
        failed.stderr
    );
    assert_eq!(host.told(3), "stopped");
}

/// A state that could not be found out is unknown, with the reason.
#[test]
fn answers_that_are_no_list_make_nothing_stopped() {
    let host = Host::new();
    host.run(&["start", "ark01"], 0);
    let cut = "printf 'Instance ID │ 33-44\\nInstance Name │ Ark01\\n'; exit 0";
    let renamed = "printf 'Instance ID │ 33-44\\nInstance Name │ Ark02\\nRunning │ Yes\\n'; exit 0";
    for (script, reason) in [
        ("exit 0", "said something unexpected: nothing"),
        ("echo 'hello there'; exit 0", "said something unexpected: `hello there`"),
        (cut, "AMP does not tell whether it runs"),
        (renamed, "the nearest name is `Ark02`"),
        (
            "echo '[Error/1] no rights'; exit 1",
            "refuses to list its instances: no rights",
        ),
        ("exit 7", "refuses to list its instances: it ended with exit status: 7"),
        (
            "echo 'sudo: a password is required' >&2; exit 1",
            "sudo does not let you call `ampinstmgr` as",
        ),
        ("exec yes", "it answered with more than"),
    ] {
        host.first(script);
        let told = host.told(4);
        assert!(
            told.starts_with("unknown ") && told.contains(reason),
            "{script}: {told}"
        );
        let failed = host.run(&["stop", "ark01"], 4).stderr;
        assert!(failed.contains(reason), "{script}: {failed}");
    }
    host.first("");
    assert_eq!(host.told(0), RUNS);
    let missing = Host {
        path: "/nonexistent".to_owned(),
        ..host
    };
    let refused = missing.run(&["start", "ark01"], 5);
    assert!(
        refused.stderr.contains("`ampinstmgr` cannot be called"),
        "{}",
        refused.stderr
    );
}

#[test]
fn it_passes_on_neither_output_nor_lines() {
    let host = Host::new();
    host.run(&["start", "ark01"], 0);
    for args in [
        &["logs", "ark01"][..],
        &["send", "ark01", "save"],
        &["console", "ark01"],
    ] {
        let refused = host.run(args, 5);
        assert!(
            refused
                .stderr
                .contains("`ampinstmgr` neither has the console of a game"),
            "{args:?}: {}",
            refused.stderr
        );
    }
}

/// An instance that has left the inventory is found by the record of its start.
#[test]
fn an_unlisted_instance_is_shown_and_stopped() {
    let host = Host::new();
    host.run(&["start", "ark01"], 0);
    host.sandbox.inventory_text("instances: {}");
    assert!(
        host.told(0).starts_with("running not in the inventory"),
        "{}",
        host.told(0)
    );
    host.run(&["stop", "ark01"], 0);
    assert!(!host.sandbox.path("amp/up.Ark01").exists());
}

#[test]
fn root_calls_it_as_the_user_of_amp() {
    if !nix::unistd::geteuid().is_root() {
        return crate::support::skipped("root_calls_it_as_the_user_of_amp", "it needs root");
    }
    let host = Host::new();
    for (name, mode) in [("", 0o755), ("amp", 0o777), ("bin", 0o755)] {
        let folder = host.sandbox.path(name);
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).expect("a mode");
    }
    host.inventory("nobody", json!({}));
    host.run(&["start", "ark01"], 0);
    assert_eq!(host.told(0), RUNS);
    host.run(&["stop", "ark01"], 0);
    assert!(
        host.calls().iter().all(|call| call.starts_with("nobody ")),
        "{:?}",
        host.calls()
    );
    host.inventory("no-such-user", json!({}));
    let told = host.told(4);
    assert!(told.contains("there is no user `no-such-user` on this host"), "{told}");
}
