//! Containers and pods of a real podman, each test with a store of its own. The image is
//! made here, from the host's static busybox: no registry is asked.
//!
//! Podman is not on every machine. Where it starts a container, all of these tests are
//! run by [`all_of_these_where_there_is_podman`]; elsewhere that says what is missing, and
//! fails with `GAMECTL_TEST_PODMAN=required`, as in the gate. One by one:
//! `cargo test --test suite podman:: -- --ignored NAME`.

mod courtesy;
mod cut_short;
mod engine;
mod found;
mod health;
mod input;
mod many;
mod rootless;
mod verbs;
mod watching;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::containers::{BUSYBOX, busybox_image, run_ignored, runs};
use crate::support::{self, Background, Outcome, Sandbox, wait_until};

const IMAGE: &str = "gamectl-test:1";

/// Serves until it is told to end, and says so.
const SERVE: &str = "trap 'echo saved; exit 0' TERM; echo up; while :; do sleep 0.05; done";

/// Hears nothing.
const DEAF: &str = "trap '' TERM; echo up; while :; do sleep 0.05; done";

/// Ends with the code 3 after a moment.
const ENDS: &str = "sleep 0.2; echo no map >&2; exit 3";

/// Repeats the lines of its standard input, and ends at `quit`.
const TALKS: &str =
    "trap 'exit 0' USR1; while read l; do echo got $l; [ \"$l\" = quit ] && exit 0; done; echo closed; sleep 1000";

/// Returns the first thing that these tests need and this machine lacks.
fn missing() -> Option<String> {
    if !nix::unistd::geteuid().is_root() {
        return Some("they need root".to_owned());
    }
    for program in ["podman", "runc", "conmon"] {
        if !runs(program, &["--version"]) {
            return Some(format!("there is no {program}"));
        }
    }
    if !Path::new(BUSYBOX).exists() {
        return Some("there is no /bin/busybox to make an image of".to_owned());
    }
    let world = World::new(&json!({}));
    let ran = world.podman(&["run", "--rm", "--network", "none", IMAGE, "true"]);
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    (!ran.status.success()).then(|| format!("podman starts no container: {said}"))
}

#[test]
fn all_of_these_where_there_is_podman() {
    if let Some(missing) = missing() {
        return support::not_run("the tests of podman", &missing, "GAMECTL_TEST_PODMAN");
    }
    run_ignored("podman::", 4);
}

/// A podman with a store of its own, and an inventory. Nothing of it is left at the end.
struct World {
    sandbox: Sandbox,
    path: Option<String>,
}

impl World {
    /// A world with these instances.
    fn new(instances: &Value) -> Self {
        let sandbox = Sandbox::new();
        let dir = sandbox.dir().display().to_string();
        // A hybrid hierarchy of control groups, and limits that cannot be raised, are
        // those of a container or of a small machine.
        let engine = format!(
            "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n\
             [engine]\nruntime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\n\
             lock_type = \"file\"\ntmp_dir = \"{dir}/engine\"\nvolume_path = \"{dir}/volumes\"\n\
             [network]\nnetwork_config_dir = \"{dir}/networks\"\n"
        );
        let store = format!("[storage]\ndriver = \"vfs\"\ngraphroot = \"{dir}/graph\"\nrunroot = \"{dir}/run\"\n");
        std::fs::write(sandbox.path("containers.conf"), engine).expect("write");
        std::fs::write(sandbox.path("storage.conf"), store).expect("write");
        let world = Self { sandbox, path: None };
        world.inventory(instances);
        let tar = busybox_image(&world.sandbox.path("image")).display().to_string();
        world.podman_ok(&["import", "--change", "ENV PATH=/bin", &tar, IMAGE]);
        world
    }

    /// A world with one instance, `game`, whose container runs this script.
    fn with(script: &str, options: &[&str]) -> Self {
        let world = Self::new(&json!({ "game": { "podman": { "container": "game" } } }));
        world.create("game", options, script);
        world
    }

    /// A world with so many instances, each a container that serves.
    fn with_many(count: usize) -> Self {
        let world = Self::new(&json!({}));
        let ids: Vec<String> = (0..count).map(|number| format!("game-{number}")).collect();
        let each = ids
            .iter()
            .map(|id| (id.clone(), json!({ "podman": { "container": id } })));
        world.inventory(&Value::Object(each.collect()));
        for id in &ids {
            world.create(id, &[], SERVE);
        }
        world
    }

    fn inventory(&self, instances: &Value) {
        let whole = json!({ "defaults": { "restart": { "delay": "0s" } }, "instances": instances });
        self.sandbox.inventory_text(&whole.to_string());
    }

    fn equipped(&self, mut command: Command) -> Command {
        command
            .env("CONTAINERS_CONF", self.sandbox.path("containers.conf"))
            .env("CONTAINERS_STORAGE_CONF", self.sandbox.path("storage.conf"));
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    fn podman(&self, args: &[&str]) -> Output {
        let mut podman = self.equipped(self.sandbox.program("/usr/bin/podman"));
        podman.args(args).output().expect("podman: apt install podman")
    }

    #[track_caller]
    fn podman_ok(&self, args: &[&str]) -> String {
        let output = self.podman(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "podman {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Makes a container, without starting it.
    #[track_caller]
    fn create(&self, name: &str, options: &[&str], script: &str) -> String {
        let network: &[&str] = if options.contains(&"--pod") {
            &[]
        } else {
            &["--network", "none"]
        };
        let args = [
            &["create", "--name", name],
            network,
            options,
            &[IMAGE, "sh", "-c", script],
        ]
        .concat();
        self.podman_ok(&args)
    }

    /// Makes a pod, whose shared part needs no image of a registry.
    #[track_caller]
    fn create_pod(&self, name: &str) {
        let infra = [
            "--infra-image",
            IMAGE,
            "--infra-command",
            "sleep 100000",
            "--network",
            "none",
        ];
        self.podman_ok(&[&["pod", "create", "--name", name], &infra[..]].concat());
    }

    fn command(&self, args: &[&str]) -> Command {
        self.equipped(self.sandbox.command(args))
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Outcome {
        Outcome::of(args, &self.command(args).output().expect("run gamectl"))
    }

    #[track_caller]
    fn ok(&self, args: &[&str]) -> Outcome {
        self.run(args).expect_code(0)
    }

    #[track_caller]
    fn row(&self, id: &str) -> Value {
        self.run(&["status", id, "--json"]).json()["instances"][0].clone()
    }

    /// The state with its code and note, as one line.
    #[track_caller]
    fn told(&self, id: &str) -> String {
        let row = self.row(id);
        let word = |key: &str| match &row[key] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{} {} {}", word("state"), word("exit_code"), word("note"))
    }

    #[track_caller]
    fn wait_told(&self, id: &str, start: &str) {
        wait_until(&format!("{id} to be {start}"), || self.told(id).starts_with(start));
    }

    /// The result of a verb on one instance.
    #[track_caller]
    fn result(&self, args: &[&str], code: i32) -> Value {
        let outcome = self.run(&[args, &["--json"]].concat()).expect_code(code);
        outcome.json()["results"][0].clone()
    }

    /// A fact of a container, by a template.
    #[track_caller]
    fn fact(&self, container: &str, template: &str) -> String {
        self.podman_ok(&["inspect", "--type", "container", "-f", template, container])
    }

    #[track_caller]
    fn pid(&self, container: &str) -> i32 {
        self.fact(container, "{{.State.Pid}}").parse().expect("a pid")
    }

    #[track_caller]
    fn kill(&self, container: &str) {
        let pid = nix::unistd::Pid::from_raw(self.pid(container));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("kill");
    }

    /// The output that podman keeps of a container, standard error as well.
    fn printed(&self, container: &str) -> String {
        let output = self.podman(&["logs", container]);
        let all = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&all).into_owned()
    }

    fn background(&self, args: &[&str]) -> Background {
        Background::of(&mut self.command(args))
    }

    /// Puts a `podman` before the real one, which `exec $real "$@"` calls.
    fn shadow(&mut self, script: &str) {
        let text = format!("#!/bin/sh\nreal=/usr/bin/podman\n{script}\nexec $real \"$@\"\n");
        self.path = Some(self.sandbox.stand_in("podman", &text));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // What was being stopped would outlive its removal.
        self.podman(&["kill", "--all"]);
        self.podman(&["pod", "rm", "-f", "-t", "0", "-a"]);
        self.podman(&["rm", "-f", "-t", "0", "-a"]);
    }
}
