//! Stacks of containers of a real podman: by compose over its socket, and by
//! `podman-compose`. Each test has a podman with a storage of its own, and makes its
//! image of the host's static busybox.
//!
//! Where podman is, all of these tests are run by
//! [`all_of_these_where_there_is_podman`]; elsewhere that says what is missing, and
//! fails with `GAMECTL_TEST_PODMAN=required`, as in the gate.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::containers::{BUSYBOX, busybox_image, has_compose_plugin, run_ignored, runs};
use crate::support::{self, Background, Outcome, Process, Sandbox, wait_until};

const IMAGE: &str = "localhost/gamectl-test-busybox:1";

/// Serves until it is told to end, and says so.
const SERVE: &str = "trap 'echo saved; exit 0' TERM; echo up; while :; do sleep 0.05; done";

/// Does not hear that it is to end.
const DEAF: &str = "trap '' TERM; echo up; while :; do sleep 0.05; done";

/// Returns the first thing that these tests need and this machine lacks.
fn missing() -> Option<&'static str> {
    if !nix::unistd::geteuid().is_root() {
        Some("this is not root")
    } else if !runs("podman", &["--version"]) {
        Some("there is no podman")
    } else if !runs("podman-compose", &["--version"]) {
        Some("there is no podman-compose")
    } else if !runs("runc", &["--version"]) {
        Some("there is no runc")
    } else if !has_compose_plugin() {
        Some("there is no `docker compose` for every user")
    } else if !Path::new(BUSYBOX).exists() {
        Some("there is no /bin/busybox to make an image of")
    } else {
        None
    }
}

#[test]
fn all_of_these_where_there_is_podman() {
    if let Some(missing) = missing() {
        return support::not_run("the tests of stacks under podman", missing, "GAMECTL_TEST_PODMAN");
    }
    run_ignored("podman_stacks::", 2);
}

/// A stack, with a podman of its own.
struct Rig {
    sandbox: Sandbox,
    service: Option<Child>,
    /// True if its podman is reached by its socket, whether that answers or not.
    has_socket: bool,
    path: Option<String>,
}

impl Rig {
    /// A stack of these services, brought up by `podman-compose`. That takes no
    /// `network_mode`, and a network of its own would be one of this machine, so what
    /// has to do with networks does not reach podman.
    fn without_socket(services: &Value) -> Self {
        let mut rig = Self::new(services);
        let real = Command::new("sh").args(["-c", "command -v podman"]).output();
        let real = String::from_utf8_lossy(&real.expect("sh").stdout).trim().to_owned();
        let script = format!(
            "[ \"$1\" = network ] && exit 0\n\
             before=\n\
             for word; do\n\
               shift\n\
               case \"$before $word\" in\n\
                 '--net '*|'--network-alias '*|*' --net'|*' --network-alias') ;;\n\
                 *) set -- \"$@\" \"$word\";;\n\
               esac\n\
               before=$word\n\
             done\n\
             exec {real} \"$@\""
        );
        rig.path = Some(rig.sandbox.stand_in("podman", &script));
        rig
    }

    /// A stack of these services; what is the same in all is added.
    fn new(services: &Value) -> Self {
        let sandbox = Sandbox::new();
        let dir = sandbox.dir().display();
        // A container has no more than this machine may give.
        let limits = "default_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]";
        let engine = "runtime = \"runc\"\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"";
        let conf = format!("[containers]\n{limits}\n[engine]\n{engine}\ntmp_dir = \"{dir}/podman/tmp\"\n");
        std::fs::create_dir(sandbox.path("podman")).expect("a folder");
        std::fs::write(sandbox.path("containers.conf"), conf).expect("write");
        let storage = format!(
            "[storage]\ndriver = \"vfs\"\ngraphroot = \"{dir}/podman/graph\"\nrunroot = \"{dir}/podman/run\"\n"
        );
        std::fs::write(sandbox.path("storage.conf"), storage).expect("write");
        let rig = Self {
            sandbox,
            service: None,
            has_socket: false,
            path: None,
        };
        rig.make_image();
        rig.services(services);
        rig.inventory(&json!({}));
        rig
    }

    /// A stack of these services, where podman has a socket.
    fn with_socket(services: &Value) -> Self {
        let mut rig = Self::new(services);
        rig.has_socket = true;
        rig.serve();
        rig
    }

    fn socket(&self) -> String {
        format!("unix://{}", self.sandbox.path("p.sock").display())
    }

    fn serve(&mut self) {
        let words = ["system", "service", "--time=0", &self.socket()];
        let mut service = self.podman_command(&words);
        service.stdout(Stdio::null()).stderr(Stdio::null());
        self.service = Some(service.spawn().expect("podman"));
        wait_until("podman to answer", || {
            std::os::unix::net::UnixStream::connect(self.sandbox.path("p.sock")).is_ok()
        });
    }

    fn stop_serving(&mut self) {
        if let Some(mut service) = self.service.take() {
            Process::signal(service.id() as i32, Signal::SIGTERM);
            wait_until("podman to end", || service.try_wait().expect("wait").is_some());
        }
    }

    fn make_image(&self) {
        let tar = busybox_image(&self.sandbox.path("image")).display().to_string();
        self.podman(&["import", "--change", "ENV PATH=/bin", &tar, IMAGE]);
    }

    fn services(&self, services: &Value) {
        let mut services = services.clone();
        for (_, service) in services.as_object_mut().expect("services") {
            service["image"] = json!(IMAGE);
            service["network_mode"] = json!("none");
        }
        let text = json!({ "services": services }).to_string();
        std::fs::write(self.sandbox.path("compose.yaml"), text).expect("write");
    }

    fn inventory(&self, instance: &Value) {
        let section = json!({ "file": "compose.yaml", "engine": "podman" });
        let mut whole = json!({ "docker_compose": section, "restart": { "delay": "0s" } });
        whole
            .as_object_mut()
            .expect("one")
            .extend(instance.as_object().expect("keys").clone());
        self.sandbox
            .inventory_text(&json!({ "instances": { "dune": whole } }).to_string());
    }

    /// In the environment of this podman.
    fn own(&self, mut command: Command) -> Command {
        command
            .env("CONTAINERS_CONF", self.sandbox.path("containers.conf"))
            .env("CONTAINERS_STORAGE_CONF", self.sandbox.path("storage.conf"));
        command
    }

    fn podman_command(&self, args: &[&str]) -> Command {
        let mut command = self.own(Command::new("podman"));
        command.args(args).stdin(Stdio::null());
        command
    }

    fn podman_output(&self, args: &[&str]) -> Output {
        self.podman_command(args).output().expect("podman")
    }

    #[track_caller]
    fn podman(&self, args: &[&str]) -> String {
        let output = self.podman_output(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "podman {args:?}: {said}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.own(self.sandbox.command(args));
        // Where nothing listens, there is no socket.
        command.env("XDG_RUNTIME_DIR", self.sandbox.dir());
        if self.has_socket {
            command.env("CONTAINER_HOST", self.socket());
        }
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command
    }

    #[track_caller]
    fn run(&self, args: &[&str]) -> Outcome {
        Outcome::of(args, &self.command(args).output().expect("run gamectl"))
    }

    #[track_caller]
    fn status(&self) -> Value {
        self.run(&["status", "dune", "--json"]).json()["instances"][0].clone()
    }

    /// The state with its code and note, as one line.
    #[track_caller]
    fn told(&self) -> String {
        let row = self.status();
        let word = |key: &str| match &row[key] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        format!("{} {} {}", word("state"), word("exit_code"), word("note"))
    }

    fn container(&self, service: &str) -> String {
        let service = format!("label=com.docker.compose.service={service}");
        let project = "label=com.docker.compose.project=dune";
        self.podman(&["ps", "-aq", "--filter", project, "--filter", &service])
    }

    fn ended(&self, service: &str) -> String {
        self.podman(&["inspect", "-f", "{{.State.FinishedAt}}", &self.container(service)])
    }

    fn wait_for_traps(&self) {
        wait_until("the traps to be set", || {
            let is_up = |id: &str| self.podman(&["logs", id]).ends_with("up");
            self.podman(&["ps", "-q"]).split_ascii_whitespace().all(is_up)
        });
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // What is paused cannot be ended.
        let paused = self.podman_output(&["ps", "-aq", "--filter", "status=paused"]);
        for id in String::from_utf8_lossy(&paused.stdout).split_ascii_whitespace() {
            self.podman_output(&["unpause", id]);
        }
        for _ in 0..2 {
            self.podman_output(&["rm", "-f", "-t", "0", "-a"]);
        }
        self.stop_serving();
        support::processes::kill_tied_to(self.sandbox.dir());
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
        let own = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for mount in own.filter(|mount| Path::new(mount).starts_with(self.sandbox.dir())) {
            let _ = Command::new("umount").args(["--lazy", mount]).status();
        }
    }
}

fn serves(script: &str, needs: &[&str]) -> Value {
    json!({ "command": ["sh", "-c", script], "stop_grace_period": "20s", "depends_on": needs })
}

#[test]
#[ignore = "needs podman"]
fn a_stack_over_the_socket_through_its_life() {
    let rig = Rig::with_socket(&json!({ "db": serves(SERVE, &[]), "game": serves(SERVE, &["db"]) }));
    assert_eq!(rig.told(), "stopped  ");
    rig.run(&["start", "dune"]).expect_code(0);
    assert_eq!(rig.told(), "running  ");
    assert_eq!(rig.status()["details"]["services"], "db up, game up");
    let game = rig.container("game");
    let again = rig.run(&["start", "dune", "--json"]).expect_code(0).json();
    assert_eq!(again["results"][0]["changed"], false);
    rig.wait_for_traps();
    assert!(rig.run(&["logs", "dune"]).expect_code(0).stdout.contains("up"));
    rig.podman(&["pause", &game]);
    assert_eq!(
        rig.told(),
        "running  game is paused; `gamectl start dune` lets it go on"
    );
    rig.run(&["start", "dune"]).expect_code(0);
    assert_eq!(rig.told(), "running  ");
    rig.podman(&["pause", &game]);
    let stop = rig.run(&["stop", "dune", "--json"]).expect_code(0).json();
    assert_eq!(stop["results"][0]["ended_by"], "podman stop");
    assert_eq!(rig.container("game"), game, "stopped, not removed");
    assert!(rig.podman(&["logs", &game]).contains("saved"));
    assert!(rig.ended("game") < rig.ended("db"), "whoever needs another goes first");
    assert_eq!(rig.told(), "stopped  ");
    let again = rig.run(&["stop", "dune", "--json"]).expect_code(0).json();
    assert_eq!(again["results"][0]["changed"], false);
    rig.run(&["restart", "dune"]).expect_code(0);
    rig.podman(&["kill", &game]);
    wait_until("its end to be seen", || {
        rig.told() == "crashed 137 game ended with exit code 137"
    });
    // Somebody else finds it as it is.
    let found = rig.run(&["-f", "-", "init", "--from-container", &game]).expect_code(0);
    for part in ["  dune:", "project: \"dune\"", "engine: \"podman\""] {
        assert!(found.stdout.contains(part), "{part}: {found:?}");
    }
    // What left the inventory is found by its record.
    rig.run(&["start", "dune"]).expect_code(0);
    rig.sandbox.inventory_text("instances: {}\n");
    assert_eq!(rig.told(), "running  not in the inventory");
    rig.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs podman"]
fn run_hears_of_a_crash_and_of_a_podman_that_is_away() {
    let mut rig = Rig::with_socket(&json!({ "game": serves(SERVE, &[]) }));
    let run = Background::of(&mut rig.command(&["run", "--json"]));
    run.passes("running");
    let since = Instant::now();
    rig.podman(&["kill", &rig.container("game")]);
    run.passes("crashed");
    let took = since.elapsed();
    assert!(
        took < Duration::from_secs(25),
        "it was found by a look, not told: {took:?}"
    );
    run.passes("running");
    assert_eq!(rig.status()["restarts"], 1);
    rig.stop_serving();
    run.passes("unknown");
    rig.run(&["status", "dune"]).expect_code(4);
    rig.run(&["start", "dune"]).expect_code(4);
    std::fs::remove_file(rig.sandbox.path("p.sock")).ok();
    rig.serve();
    run.passes("running");
    assert_eq!(rig.status()["restarts"], 1, "it ran on");
    rig.run(&["stop", "dune"]).expect_code(0);
    run.passes("stopped");
}

#[test]
#[ignore = "needs podman"]
fn podman_compose_will_do() {
    let mut deaf = serves(DEAF, &["db"]);
    deaf["stop_grace_period"] = json!("1s");
    let rig = Rig::without_socket(&json!({ "db": serves(SERVE, &[]), "game": deaf }));
    let checked = rig.run(&["check"]).expect_code(0);
    assert!(checked.stdout.contains("`podman-compose`, version 1."), "{checked:?}");
    rig.run(&["start", "dune"]).expect_code(0);
    assert_eq!(rig.told(), "running  ");
    rig.wait_for_traps();
    let logs = rig.run(&["logs", "dune"]).expect_code(0);
    assert_eq!(logs.stdout.matches("up").count(), 2, "{logs:?}");
    // Its own stop takes no notice of the file.
    let stop = rig.run(&["stop", "dune", "--json"]).expect_code(0).json();
    let result = &stop["results"][0];
    assert_eq!(
        (&result["ended_by"], &result["note"]),
        (
            &json!("kill"),
            &json!("game was killed: its grace period of 1 s was too short")
        )
    );
    assert!(rig.ended("game") < rig.ended("db"), "in the order of the file");
    assert!(rig.podman(&["logs", &rig.container("db")]).contains("saved"));
    // And neither is needed for it, nor for a look.
    rig.run(&["start", "dune"]).expect_code(0);
    std::fs::remove_file(rig.sandbox.path("compose.yaml")).expect("the file");
    assert_eq!(rig.told(), "running  ");
    rig.run(&["stop", "dune", "--now"]).expect_code(0);
    let failed = rig.run(&["start", "dune"]).expect_code(1);
    assert!(failed.stderr.contains("compose does not take its file"), "{failed:?}");
}

/// Its exit code is 0 then.
#[test]
#[ignore = "needs podman"]
fn a_start_that_podman_compose_calls_a_success() {
    let rig = Rig::without_socket(&json!({
        "db": serves(SERVE, &[]),
        "game": { "command": ["/nope"], "depends_on": ["db"] },
    }));
    let failed = rig.run(&["start", "dune"]).expect_code(1);
    assert!(failed.stderr.contains("/nope"), "{failed:?}");
    assert!(rig.told().starts_with("crashed "), "{}", rig.told());
    rig.run(&["stop", "dune"]).expect_code(0);
    // An image that is not there leaves no container at all.
    rig.services(&json!({ "db": serves(SERVE, &[]) }));
    let text = std::fs::read_to_string(rig.sandbox.path("compose.yaml")).expect("the file");
    let text = text.replace(IMAGE, "localhost/gamectl-test-nowhere:1");
    std::fs::write(rig.sandbox.path("compose.yaml"), text).expect("write");
    // Newer versions make podman itself know of `depends_on`, and what another one depends
    // on is only removed after that.
    rig.podman_output(&["rm", "-f", "-a"]);
    rig.podman(&["rm", "-f", "-a"]);
    let failed = rig.run(&["start", "dune"]).expect_code(1);
    assert!(failed.stderr.contains("gamectl-test-nowhere"), "{failed:?}");
}

#[test]
#[ignore = "needs podman"]
fn what_is_missing_is_told_with_its_mend() {
    let mut rig = Rig::new(&json!({ "game": {
        "command": ["sh", "-c", SERVE],
        "healthcheck": { "test": ["CMD", "true"], "interval": "1s" },
    } }));
    if !Path::new("/run/systemd/system").is_dir() {
        let checked = rig.run(&["check"]).expect_code(0);
        assert!(checked.stdout.contains("never healthy will be game"), "{checked:?}");
    }
    rig.path = Some(rig.sandbox.stand_in("podman-compose", "exit 1"));
    let failed = rig.run(&["start", "dune"]).expect_code(5);
    assert!(
        failed.stderr.contains("systemctl enable --now podman.socket") && failed.stderr.contains("podman-compose"),
        "{failed:?}"
    );
    rig.path = Some(rig.sandbox.stand_in("podman", "exit 127"));
    rig.run(&["status"]).expect_code(4);
    rig.inventory(&json!({ "docker_compose": { "file": "compose.yaml", "engine": "podman", "context": "far" } }));
    let refused = rig.run(&["status"]).expect_code(6);
    assert!(refused.stderr.contains("`context` is of Docker"), "{refused:?}");
}
