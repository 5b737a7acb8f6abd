//! Stacks of containers, on a real Docker Engine. Images are made here, from
//! the host's static busybox: no registry is asked.
//!
//! An engine is not on every machine. Where one answers, all of these tests are
//! run by [`all_of_these_where_there_is_an_engine`]; elsewhere that says what is
//! missing, and fails with `GAMECTL_TEST_ENGINE=required`, as in the gate. One
//! by one: `cargo test --test suite docker_compose -- --ignored NAME`.

mod courtesy;
mod found;
mod order;
mod paused;

use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::containers::{BUSYBOX, busybox_image, has_compose_plugin, run_ignored, runs};
use crate::support::{self, Background, Outcome, Process, Sandbox, wait_for, wait_until};
use crate::upgrade;

const PROJECT: &str = "com.docker.compose.project";

const IMAGE: &str = "gamectl-test-busybox:1";

/// Serves until it is told to end, and says so.
const SERVE: &str = "trap 'echo saved; exit 0' TERM; echo up; while :; do sleep 0.05; done";

fn docker(args: &[&str]) -> Output {
    let mut command = Command::new("docker");
    command.args(args).stdin(Stdio::null());
    command.output().expect("docker: apt install docker.io")
}

#[track_caller]
fn docker_ok(args: &[&str]) -> String {
    let output = docker(args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "docker {args:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Makes the image, once for all tests.
fn image() {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        if docker(&["image", "inspect", IMAGE]).status.success() {
            return;
        }
        let tmp = tempfile::tempdir().expect("a folder");
        let tar = busybox_image(tmp.path());
        docker_ok(&["import", "--change", "ENV PATH=/bin", &tar.to_string_lossy(), IMAGE]);
    });
}

/// Returns the first thing that these tests need and this machine lacks.
fn missing() -> Option<&'static str> {
    let old = Command::new("docker-compose").args(["version", "--short"]).output();
    if !runs("docker", &["version"]) {
        Some("no Docker Engine answers")
    } else if !has_compose_plugin() {
        Some("there is no `docker compose` for every user")
    } else if !old.is_ok_and(|output| output.stdout.starts_with(b"1.")) {
        Some("there is no `docker-compose` of the first generation")
    } else if !runs("dockerd", &["--version"]) {
        Some("there is no dockerd for an engine of one's own")
    } else if !Path::new(BUSYBOX).exists() {
        Some("there is no /bin/busybox to make an image of")
    } else {
        None
    }
}

#[test]
fn all_of_these_where_there_is_an_engine() {
    if let Some(missing) = missing() {
        return support::not_run("the tests of stacks of containers", missing, "GAMECTL_TEST_ENGINE");
    }
    run_ignored("docker_compose::", 4);
}

/// One project, which is gone at the end.
struct Stack {
    sandbox: Sandbox,
    project: String,
    path: Option<String>,
    /// Another engine than the usual one.
    host: Option<String>,
}

impl Stack {
    /// A stack of these services; what is the same in all is added.
    fn new(services: Value) -> Self {
        image();
        let sandbox = Sandbox::new();
        let name = sandbox
            .dir()
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .to_lowercase();
        let stack = Self {
            sandbox,
            project: name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"),
            path: None,
            host: None,
        };
        stack.services(services);
        stack.section(&json!({}));
        stack
    }

    fn services(&self, mut services: Value) {
        for (_, service) in services.as_object_mut().expect("services") {
            service["image"] = json!(IMAGE);
            if service["network_mode"].is_null() && service["networks"].is_null() {
                service["network_mode"] = json!("none");
            }
        }
        let text = json!({ "version": "3.8", "services": services }).to_string();
        std::fs::write(self.file(), text).expect("write");
    }

    fn file(&self) -> std::path::PathBuf {
        self.sandbox.path("compose.yaml")
    }

    /// The inventory's section, with these keys besides.
    fn section(&self, more: &Value) {
        self.inventory(more, &json!({}));
    }

    fn inventory(&self, more: &Value, instance: &Value) {
        let mut section = json!({ "file": "compose.yaml", "project": self.project });
        section
            .as_object_mut()
            .expect("a section")
            .extend(more.as_object().expect("keys").clone());
        let mut whole = json!({ "docker_compose": section, "restart": { "delay": "0s" } });
        whole
            .as_object_mut()
            .expect("one")
            .extend(instance.as_object().expect("keys").clone());
        self.sandbox
            .inventory_text(&json!({ "instances": { "dune": whole } }).to_string());
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args);
        if let Some(host) = self
            .host
            .clone()
            .map(Into::into)
            .or_else(|| std::env::var_os("DOCKER_HOST"))
        {
            command.env("DOCKER_HOST", host);
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
        let project = format!("label=com.docker.compose.project={}", self.project);
        let service = format!("label=com.docker.compose.service={service}");
        docker_ok(&["ps", "-aq", "--filter", &project, "--filter", &service])
    }

    /// The version of the compose that made the container of a service.
    fn generation(&self, service: &str) -> String {
        let label = "{{index .Config.Labels \"com.docker.compose.version\"}}";
        docker_ok(&["inspect", "-f", label, &self.container(service)])
    }

    /// Puts a `docker` before the real one.
    fn shadow_docker(&mut self, script: &str) {
        let real = Command::new("sh")
            .args(["-c", "command -v docker"])
            .output()
            .expect("sh");
        let real = String::from_utf8_lossy(&real.stdout).trim().to_owned();
        let script = format!("real={real}\n{script}\nexec $real \"$@\"");
        self.path = Some(self.sandbox.stand_in("docker", &script));
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let project = format!("label=com.docker.compose.project={}", self.project);
        let found = docker(&["ps", "-aq", "--filter", &project]);
        let ids = String::from_utf8_lossy(&found.stdout).into_owned();
        let ids: Vec<&str> = ids.split_ascii_whitespace().collect();
        if !ids.is_empty() {
            docker(&[&["rm", "-f", "-v"], ids.as_slice()].concat());
        }
        let _ = docker(&["network", "rm", &format!("{}_default", self.project)]);
    }
}

fn serves() -> Value {
    json!({ "command": ["sh", "-c", SERVE], "stop_grace_period": "20s" })
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_stack_that_left_the_inventory_is_shown_and_stopped() {
    let stack = Stack::new(json!({ "game": serves() }));
    stack.run(&["start", "dune"]).expect_code(0);
    let container = stack.container("game");
    stack.sandbox.inventory_text("instances: {}\n");
    for selectors in [&[][..], &["dune"]] {
        let answer = stack
            .run(&[&["status", "--json"], selectors].concat())
            .expect_code(0)
            .json();
        let row = &answer["instances"][0];
        assert_eq!(
            (&row["state"], &row["plane"]),
            (&json!("running"), &json!("docker_compose")),
            "{row}"
        );
    }
    // Neither file nor inventory is needed to stop it.
    std::fs::remove_file(stack.file()).expect("the file");
    let stopped = stack.run(&["stop", "dune", "--json"]).expect_code(0).json()["results"][0].clone();
    assert_eq!(
        (&stopped["state"], &stopped["changed"]),
        (&json!("stopped"), &json!(true)),
        "{stopped}"
    );
    let running = docker_ok(&["inspect", "-f", "{{.State.Running}}", &container]);
    assert_eq!(running, "false");
    let rows = stack.run(&["status", "--json"]).json();
    assert_eq!(rows["instances"], json!([]));
}

/// The README says what a stop leaves, and what removes that.
#[test]
#[ignore = "needs a Docker Engine"]
fn a_stop_leaves_containers_that_compose_removes() {
    let stack = Stack::new(json!({ "game": serves() }));
    stack.run(&["start", "dune"]).expect_code(0);
    stack.run(&["stop", "dune"]).expect_code(0);
    assert_ne!(stack.container("game"), "", "it is stopped, and there");
    docker_ok(&["compose", "-p", &stack.project, "down"]);
    assert_eq!(stack.container("game"), "");
    assert_eq!(stack.status()["state"], "stopped");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_stack_through_its_life() {
    let stack = Stack::new(json!({
        "db": {
            "command": ["sh", "-c", SERVE],
            "healthcheck": { "test": ["CMD", "true"], "interval": "1s" },
        },
        "game": { "command": ["sh", "-c", SERVE], "depends_on": { "db": { "condition": "service_healthy" } } },
        "init": { "command": ["true"] },
    }));
    assert_eq!(stack.told(), "stopped  ");
    stack.run(&["start", "dune"]).expect_code(0);
    let row = stack.status();
    assert_eq!(
        (&row["state"], &row["plane"]),
        (&json!("running"), &json!("docker_compose"))
    );
    assert_eq!(row["details"]["services"], "db up, game up, init done");
    assert!(stack.generation("game").starts_with("2."), "by the plugin");
    let before = stack.container("game");
    let again = stack.run(&["start", "dune", "--json"]).expect_code(0).json();
    assert_eq!(again["results"][0]["changed"], false);
    let logs = stack.run(&["logs", "dune"]).expect_code(0);
    assert!(
        logs.stdout.contains("db-1") && logs.stdout.contains("| up"),
        "{}",
        logs.stdout
    );
    let stop = stack.run(&["stop", "dune", "--json"]).expect_code(0).json();
    assert_eq!(
        (&stop["results"][0]["ended_by"], &stop["results"][0]["state"]),
        (&json!("docker stop"), &json!("stopped"))
    );
    assert_eq!(stack.container("game"), before, "stopped, not removed");
    assert!(stack.run(&["logs", "dune"]).stdout.contains("saved"));
    // Whoever needs another goes first.
    let ended = |service: &str| docker_ok(&["inspect", "-f", "{{.State.FinishedAt}}", &stack.container(service)]);
    assert!(ended("game") < ended("db"));
    let again = stack.run(&["stop", "dune", "--json"]).expect_code(0).json();
    assert_eq!(again["results"][0]["changed"], false);
    stack.run(&["restart", "dune"]).expect_code(0);
    assert_eq!(stack.told(), "running  ");
    stack.run(&["stop", "dune"]).expect_code(0);
    stack.run(&["status", "dune"]).expect_code(3);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_happens_to_containers_shows() {
    let stack = Stack::new(json!({ "db": serves(), "game": serves() }));
    stack.run(&["start", "dune"]).expect_code(0);
    let game = stack.container("game");
    docker_ok(&["kill", &game]);
    assert_eq!(stack.told(), "crashed 137 game ended with exit code 137");
    stack.run(&["status"]).expect_code(1);
    stack.run(&["start", "dune"]).expect_code(0);
    assert_eq!(stack.container("game"), game);
    docker_ok(&["rm", "-f", &stack.container("game")]);
    wait_until("the boot budget to be irrelevant", || {
        stack.told().contains("game is not there")
    });
    stack.run(&["start", "dune"]).expect_code(0);
    stack.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_service_that_fails_is_told_with_its_last_lines() {
    let stack = Stack::new(json!({
        "db": serves(),
        "game": { "command": ["sh", "-c", "echo no such map; exit 3"] },
    }));
    let failed = stack.run(&["start", "dune"]).expect_code(1);
    assert!(
        failed.stderr.contains("game ended with exit code 3") && failed.stderr.contains("| no such map"),
        "{}",
        failed.stderr
    );
    assert_eq!(stack.told(), "crashed 3 game ended with exit code 3");
    let stop = stack.run(&["stop", "dune", "--json"]).expect_code(0).json();
    assert_eq!(stop["results"][0]["changed"], true);
    let row = stack.status();
    assert_eq!(
        (&row["state"], &row["last_exit"]["code"]),
        (&json!("stopped"), &json!(3))
    );
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_loop_of_docker_is_shown_and_left_to_docker() {
    let stack = Stack::new(json!({
        "db": serves(),
        "game": { "command": ["sh", "-c", "exit 3"], "restart": "always" },
    }));
    // Long enough for compose itself on a busy machine.
    let failed = stack.run(&["start", "dune", "--timeout", "20s"]).expect_code(124);
    assert!(failed.stderr.contains("not ready after 20s"), "{}", failed.stderr);
    wait_until("the loop to be shown", || stack.told().contains("again and again"));
    stack.run(&["stop", "dune"]).expect_code(0);
    assert!(stack.told().starts_with("stopped"));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_stop_that_needs_a_kill_says_so() {
    let stack = Stack::new(json!({
        "game": {
            "command": ["sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.05; done"],
            "stop_grace_period": "1s",
        },
    }));
    stack.run(&["start", "dune"]).expect_code(0);
    // Before that, there is nothing yet that ignores anything.
    wait_until("the trap to be set", || {
        stack.run(&["logs", "dune"]).stdout.contains("up")
    });
    let stop = stack.run(&["stop", "dune", "--json"]).expect_code(0).json();
    assert_eq!(stop["results"][0]["ended_by"], "kill");
    assert_eq!(
        stack.told(),
        "stopped  game was killed: its grace period of 1 s was too short"
    );
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_stop_that_is_to_be_now_waits_for_no_grace_period() {
    let deaf = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    let deaf = json!({ "command": ["sh", "-c", deaf], "stop_grace_period": "5m" });
    let mut needs = deaf.clone();
    needs["depends_on"] = json!(["db"]);
    let stack = Stack::new(json!({ "db": deaf, "game": needs }));
    stack.run(&["start", "dune"]).expect_code(0);
    wait_until("the traps to be set", || {
        stack.run(&["logs", "dune"]).stdout.matches("| up").count() == 2
    });
    let plan = stack.run(&["stop", "--now", "--dry-run", "dune"]).expect_code(0);
    assert!(plan.stdout.contains("kill what is left after 5 s"), "{}", plan.stdout);
    // One by its grace periods is under way.
    let mut polite = Background::of(&mut stack.command(&["stop", "dune"]));
    wait_until("it to stop", || stack.told().starts_with("stopping"));
    let stop = stack.run(&["stop", "--now", "dune", "--json"]).expect_code(0).json();
    let result = &stop["results"][0];
    assert_eq!(
        (&result["state"], &result["ended_by"]),
        (&json!("stopped"), &json!("kill"))
    );
    let took = result["took_seconds"].as_f64().expect("a time");
    assert!(took < 60.0, "{result}");
    assert_eq!(stack.told(), "stopped  ", "nothing to say about grace periods");
    assert_eq!(polite.ended(), Some(0));
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_answer_of_docker_without_end_is_unknown() {
    let mut stack = Stack::new(json!({ "game": serves() }));
    stack.shadow_docker("exec yes '{\"ID\":\"x\"}'");
    for (args, code) in [(&["status"][..], 4), (&["start", "dune"], 4), (&["stop", "dune"], 4)] {
        let outcome = stack.run(args).expect_code(code);
        let said = [outcome.stdout, outcome.stderr].concat();
        assert!(said.contains("it answered with more than 32 MiB"), "{args:?}: {said}");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_broken_file_starts_nothing_and_keeps_nothing_from_stopping() {
    let stack = Stack::new(json!({ "game": serves(), "old": serves() }));
    stack.run(&["start", "dune"]).expect_code(0);
    // A service is taken out of the file; then the file breaks.
    stack.services(json!({ "game": serves() }));
    std::fs::write(stack.file(), "services: [").expect("write");
    assert_eq!(stack.told(), "running  ");
    stack.run(&["stop", "dune"]).expect_code(0);
    assert_eq!(stack.told(), "stopped  ");
    let failed = stack.run(&["start", "dune"]).expect_code(1);
    assert!(
        failed.stderr.contains("dune: compose does not take its file") && failed.stderr.contains("yaml"),
        "{}",
        failed.stderr
    );
    std::fs::remove_file(stack.file()).expect("remove");
    let failed = stack.run(&["start", "dune"]).expect_code(1);
    assert!(failed.stderr.contains("no such file"), "{}", failed.stderr);
    let running = docker_ok(&["inspect", "-f", "{{.State.Running}}", &stack.container("game")]);
    assert_eq!(running, "false");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn readiness_is_a_probe_where_there_is_one() {
    let stack = Stack::new(json!({ "game": serves() }));
    let gate = stack.sandbox.arg("gate");
    stack.inventory(
        &json!({}),
        &json!({ "ready": { "exec": ["test", "-e", gate], "interval": "50ms" } }),
    );
    stack.run(&["start", "--no-wait", "dune"]).expect_code(0);
    wait_until("the probe alone to be open", || {
        stack.told().starts_with("starting  all services are up; not yet ready")
    });
    let late = stack.run(&["start", "dune", "--timeout", "10s"]).expect_code(124);
    assert!(late.stderr.contains("not ready after 10s"), "{}", late.stderr);
    stack.sandbox.touch("gate");
    assert_eq!(stack.told(), "running  ");
    stack.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_restart_between_two_looks_is_told() {
    let stack = Stack::new(json!({ "game": serves() }));
    stack.run(&["start", "dune"]).expect_code(0);
    let mut watch = stack.command(&["watch", "--json", "dune"]);
    let watch = Background::of(watch.stdout(Stdio::piped()));
    wait_until("the snapshot", || !watch.events("snapshot").is_empty());
    watch.signal(Signal::SIGSTOP);
    wait_until("it to be frozen", || Process::is_frozen(watch.pid()));
    docker_ok(&["restart", "-t", "0", &stack.container("game")]);
    watch.signal(Signal::SIGCONT);
    watch.sees("dune", "running");
    assert_eq!(watch.states("dune"), ["crashed", "starting", "running"]);
    stack.run(&["stop", "dune"]).expect_code(0);
}

/// A stack whose only service is of this network, and ready when a port of the host
/// answers.
fn asked_at(port: u16, service: &Value) -> Stack {
    let stack = Stack::new(json!({ "game": service }));
    let ready = json!({ "tcp": format!("127.0.0.1:{port}"), "interval": "50ms" });
    stack.inventory(&json!({}), &json!({ "ready": ready }));
    stack
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_answer_counts_where_a_container_has_the_port() {
    let serve = |port: u16| json!(["busybox", "httpd", "-f", "-p", port.to_string()]);
    let (host, published) = (support::free_port(), support::free_port());
    let of_host = json!({ "command": serve(host), "network_mode": "host", "stop_signal": "KILL" });
    // An engine without a bridge, as others here start one, removes that of them all.
    let behind = json!({
        "command": serve(80), "networks": ["default"], "ports": [format!("127.0.0.1:{published}:80")],
        "stop_signal": "KILL",
    });
    for (port, service, holder) in [(host, of_host, "busybox"), (published, behind, "docker-proxy")] {
        let owner = asked_at(port, &service);
        let other = asked_at(port, &serves());
        owner.run(&["start", "dune"]).expect_code(0);
        other.run(&["start", "dune", "--no-wait"]).expect_code(0);
        let told = format!("answered by {holder} (pid ");
        wait_until("the other to be told from it", || other.told().contains(&told));
        assert!(other.told().starts_with("starting"), "{}", other.told());
        assert_eq!(owner.told(), "running  ");
        for stack in [owner, other] {
            stack.run(&["stop", "dune"]).expect_code(0);
        }
    }
}

/// Such as nginx, as a proxy of the host.
#[test]
#[ignore = "needs a Docker Engine"]
fn the_answer_of_another_program_is_not_that_of_a_stack() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let stack = asked_at(proxy.local_addr().expect("its address").port(), &serves());
    let late = stack.run(&["start", "dune", "--timeout", "10s"]).expect_code(124);
    let told = format!(
        "(pid {}), not by the game: probe the game's own port",
        std::process::id()
    );
    assert!(late.stderr.replace("\n      ", " ").contains(&told), "{late:?}");
    assert!(stack.told().contains(&told), "{}", stack.told());
    stack.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_brings_back_what_crashes_and_obeys_a_stop() {
    let stack = Stack::new(json!({ "db": serves(), "game": serves() }));
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    run.passes("running");
    docker_ok(&["kill", &stack.container("game")]);
    run.passes("crashed");
    run.passes("running");
    assert_eq!(stack.status()["restarts"], 1);
    stack.run(&["stop", "dune"]).expect_code(0);
    run.passes("stopped");
    assert_eq!(stack.told(), "stopped  ");
    // It ends, and what it watches with ends with it.
    let pid = run.pid();
    Process::signal(pid, Signal::SIGTERM);
    wait_until("the end of run", || {
        !Process::lives(pid) || Process::stat_field(pid, 3).is_none()
    });
}

/// An engine that is restarted ends a stack like this. No start was typed.
#[test]
#[ignore = "needs a Docker Engine"]
fn run_brings_back_what_ends_politely_unasked() {
    let script = "trap 'exit 0' TERM; trap 'exit 143' USR1; echo up; while :; do sleep 0.05; done";
    let stack = Stack::new(json!({ "game": { "command": ["sh", "-c", script] } }));
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    run.passes("running");
    assert_eq!(stack.status()["intent"], json!(null));
    let game = stack.container("game");
    for (signal, code, restarts) in [("TERM", 0, 1), ("USR1", 143, 2), ("KILL", 137, 3)] {
        // Before that, there is nothing yet that a signal could be trapped by.
        wait_until("the traps to be set", || {
            let logs = docker_ok(&["logs", &game]);
            logs.matches("up").count() == restarts
        });
        docker_ok(&["kill", "--signal", signal, &game]);
        run.passes("crashed");
        let last = run
            .events("status")
            .into_iter()
            .rfind(|event| event["state"] == "crashed");
        assert_eq!(last.expect("a crash")["exit_code"], code, "{signal}");
        run.passes("running");
        assert_eq!(stack.status()["restarts"], restarts, "{signal}");
    }
    drop(run);
    // The same, of a stack that it finds running, and that was never started here.
    std::fs::remove_dir_all(stack.sandbox.instance_dir("dune")).expect("its records");
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    wait_until("it to be found", || run.logged("already running; watching it") == 1);
    docker_ok(&["stop", &game]);
    run.passes("crashed");
    run.passes("running");
    stack.run(&["stop", "dune"]).expect_code(0);
    run.passes("stopped");
    drop(run);
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    wait_until("it to be looked at", || !run.events("snapshot").is_empty());
    assert!(stack.told().starts_with("stopped"), "{}", stack.told());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_end_that_its_policy_allows_is_left_as_it_is() {
    let script = "trap 'exit 0' TERM; while [ ! -e /tmp/end ]; do sleep 0.05; done; exit 9";
    let stack = Stack::new(json!({ "game": { "command": ["sh", "-c", script] } }));
    let policy = json!({ "restart": { "policy": "on-failure", "success_exit_codes": [9], "delay": "0s" } });
    stack.inventory(&json!({}), &policy);
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    run.passes("running");
    docker_ok(&["exec", &stack.container("game"), "touch", "/tmp/end"]);
    run.passes("stopped");
    assert_eq!(stack.told(), "stopped  it ended by itself, which its policy allows");
    assert!(!run.states("dune").contains(&"crashed".to_owned()), "{}", run.text());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_verbs_of_a_person_are_no_crashes_to_run() {
    // Neither code is one of success.
    let script = |code: u8| format!("trap 'exit {code}' TERM; echo up; while :; do sleep 0.05; done");
    let stack = Stack::new(json!({
        "db": { "command": ["sh", "-c", script(3)] },
        "game": { "command": ["sh", "-c", script(143)], "depends_on": ["db"] },
    }));
    let told = stack.sandbox.arg("told");
    let hook = json!(["sh", "-c", format!("echo $GAMECTL_EVENT >>{told}")]);
    let hooks = json!({ "on_event": [{ "command": hook, "events": ["crashed", "restarted", "stopped"] }] });
    stack.inventory(&json!({}), &hooks);
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    run.passes("running");
    for verbs in [&["stop", "start"][..], &["restart"], &["stop", "start"]] {
        for verb in verbs {
            stack.run(&[verb, "dune"]).expect_code(0);
        }
        run.sees("dune", "running");
    }
    assert_eq!(stack.status()["restarts"], 0);
    stack.run(&["stop", "dune"]).expect_code(0);
    run.sees("dune", "stopped");
    wait_until("its hook", || {
        stack
            .sandbox
            .lines("told")
            .last()
            .is_some_and(|event| event == "stopped")
    });
    assert!(!run.states("dune").contains(&"crashed".to_owned()), "{}", run.text());
    let told = stack.sandbox.lines("told");
    assert!(told.iter().all(|event| event == "stopped"), "{told:?}");
    // And a start that fails is none. `run` would try it again, and tell of that.
    drop(run);
    std::fs::write(stack.file(), "services: [").expect("write");
    stack.run(&["start", "dune"]).expect_code(1);
    assert!(stack.told().starts_with("stopped"), "{}", stack.told());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_engine_that_does_not_answer_is_not_known() {
    let stack = Stack::new(json!({ "game": serves() }));
    let with_host = |host: &str, args: &[&str]| {
        let mut command = stack.command(args);
        command.env("DOCKER_HOST", host);
        Outcome::of(args, &command.output().expect("run gamectl"))
    };
    let away = with_host("unix:///nonexistent/docker.sock", &["status", "--json"]).expect_code(4);
    let row = &away.json()["instances"][0];
    assert_eq!(row["state"], "unknown");
    assert!(
        row["note"]
            .as_str()
            .is_some_and(|note| note.contains("does not answer")),
        "{row}"
    );
    let away = with_host("unix:///nonexistent/docker.sock", &["start", "dune"]).expect_code(4);
    assert!(away.stderr.contains("systemctl status docker"), "{}", away.stderr);
    // One that takes connections, and says nothing.
    let silent = stack.sandbox.path("silent.sock");
    let _listener = UnixListener::bind(&silent).expect("a socket");
    let hangs = with_host(&format!("unix://{}", silent.display()), &["status"]).expect_code(4);
    assert!(hangs.stdout.contains("did not answer within 10s"), "{}", hangs.stdout);
    assert_eq!(stack.container("game"), "");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn engines_by_their_contexts() {
    let stack = Stack::new(json!({ "game": serves() }));
    let config = stack.sandbox.arg("docker");
    // The engine that is there, where only a context knows it to be.
    let usual = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".into());
    let usual = usual.strip_prefix("unix://").expect("a socket");
    let elsewhere = stack.sandbox.path("engine.sock");
    std::os::unix::fs::symlink(usual, &elsewhere).expect("a link");
    for (context, socket) in [
        ("here", elsewhere.as_path()),
        ("away", "/nonexistent/docker.sock".as_ref()),
    ] {
        let host = format!("host=unix://{}", socket.display());
        docker_ok(&["--config", &config, "context", "create", context, "--docker", &host]);
    }
    let run = |context: Option<&str>, args: &[&str]| {
        let mut command = stack.command(args);
        command.env_remove("DOCKER_HOST").env("DOCKER_CONFIG", &config);
        if let Some(context) = context {
            command.env("DOCKER_CONTEXT", context);
        }
        Outcome::of(args, &command.output().expect("run gamectl"))
    };
    let of = |context: &str| json!({ "docker_compose": { "file": "compose.yaml", "project": stack.project, "context": context } });
    let both = json!({ "instances": { "dune": of("here"), "far": of("away") } });
    stack.sandbox.inventory_text(&both.to_string());
    run(None, &["start", "dune"]).expect_code(0);
    // One that is away keeps nobody from being told of the other.
    let told = run(None, &["status", "--json"]).expect_code(4).json();
    assert_eq!(told["instances"][0]["state"], "running", "{told}");
    assert_eq!(told["instances"][1]["state"], "unknown", "{told}");
    let refused = run(None, &["start", "far"]).expect_code(4);
    assert!(refused.stderr.contains("does not answer"), "{}", refused.stderr);
    run(None, &["stop", "dune"]).expect_code(0);
    // The same by the environment, where the inventory names none.
    stack.section(&json!({}));
    run(Some("here"), &["start", "dune"]).expect_code(0);
    for (context, state, code) in [("here", "running", 0), ("away", "unknown", 4)] {
        let told = run(Some(context), &["status", "--json"]).expect_code(code).json();
        assert_eq!(told["instances"][0]["state"], state, "{context}: {told}");
    }
    run(Some("here"), &["stop", "dune"]).expect_code(0);
    let state = docker_ok(&["inspect", "-f", "{{.State.Status}}", &stack.container("game")]);
    assert_eq!(state, "exited");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_status_of_many_stacks_asks_the_engine_twice() {
    let mut stack = Stack::new(json!({ "game": serves() }));
    stack.run(&["start", "dune"]).expect_code(0);
    let calls = stack.sandbox.arg("calls");
    stack.shadow_docker(&format!("echo \"$1\" >>{calls}"));
    let one = |index: usize| {
        let (id, project) = match index {
            0 => ("dune".to_owned(), stack.project.clone()),
            _ => (format!("dune-{index}"), format!("none-{index}")),
        };
        (
            id,
            json!({ "docker_compose": { "file": "compose.yaml", "project": project } }),
        )
    };
    let many: serde_json::Map<String, Value> = (0..50).map(one).collect();
    stack.sandbox.inventory_text(&json!({ "instances": many }).to_string());
    let all = stack.run(&["status", "--json"]).json();
    let running = all["instances"].as_array().expect("rows").iter();
    assert_eq!(running.filter(|row| row["state"] == "running").count(), 1);
    assert_eq!(stack.sandbox.lines("calls"), ["ps", "inspect"]);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn the_old_compose_will_do() {
    assert!(
        Path::new("/usr/bin/docker-compose").exists(),
        "apt install docker-compose"
    );
    let mut stack = Stack::new(json!({
        "db": serves(),
        "game": { "command": ["sh", "-c", SERVE], "depends_on": ["db"] },
    }));
    stack.shadow_docker("[ \"$1\" = compose ] && exit 1");
    stack.run(&["start", "dune"]).expect_code(0);
    assert_eq!(stack.told(), "running  ");
    let version = stack.generation("game");
    assert!(version.starts_with("1."), "{version}");
    assert!(stack.run(&["logs", "dune"]).stdout.contains("up"));
    stack.run(&["stop", "dune"]).expect_code(0);
    let ended = |service: &str| docker_ok(&["inspect", "-f", "{{.State.FinishedAt}}", &stack.container(service)]);
    assert!(ended("game") < ended("db"), "in the order of the file");
    std::fs::write(stack.file(), "services: [").expect("write");
    stack.run(&["start", "dune"]).expect_code(1);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_stop_wins_over_a_start_under_way() {
    let stack = Stack::new(json!({
        "db": {
            "command": ["sh", "-c", SERVE],
            "healthcheck": { "test": ["CMD", "test", "-e", "/tmp/never"], "interval": "1s", "retries": 100 },
        },
        "game": { "command": ["sh", "-c", SERVE], "depends_on": { "db": { "condition": "service_healthy" } } },
    }));
    let mut start = stack.command(&["start", "dune"]).spawn().expect("run gamectl");
    wait_until("db to be up", || stack.told().contains("db is not healthy yet"));
    stack.run(&["stop", "dune"]).expect_code(0);
    let status = wait_for("the end of the start", || start.try_wait().expect("wait"));
    assert_eq!(status.code(), Some(1));
    assert_eq!(stack.told(), "stopped  ");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn health_is_waited_for_and_its_loss_is_shown() {
    let stack = Stack::new(json!({
        "db": {
            "command": ["sh", "-c", SERVE],
            // Until it is well or ill it is neither, however slow this machine is.
            "healthcheck": {
                "test": ["CMD", "sh", "-c", "until [ -e /tmp/well ] || [ -e /tmp/ill ]; do sleep 0.05; done; test -e /tmp/well"],
                "interval": "1s",
                "timeout": "10m",
                "retries": 1,
            },
        },
    }));
    stack.run(&["start", "--no-wait", "dune"]).expect_code(0);
    assert_eq!(stack.told(), "starting  db is not healthy yet");
    docker_ok(&["exec", &stack.container("db"), "touch", "/tmp/ill"]);
    wait_until("it to be unhealthy", || stack.told() == "starting  db is unhealthy");
    docker_ok(&["exec", &stack.container("db"), "touch", "/tmp/well"]);
    wait_until("it to be healthy", || stack.told() == "running  ");
    docker_ok(&["exec", &stack.container("db"), "sh", "-c", "busybox rm /tmp/well"]);
    wait_until("it to be unhealthy again", || {
        stack.told() == "starting  db is unhealthy"
    });
    stack.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn ends_of_every_kind() {
    let stack = Stack::new(json!({
        "game": { "command": ["sh", "-c", "trap 'exit 0' TERM; while [ ! -e /tmp/end ]; do sleep 0.05; done; exit 0"] },
    }));
    stack.section(&json!({ "services": ["game"] }));
    stack.run(&["start", "dune"]).expect_code(0);
    // What must run has not to end, not even politely.
    docker_ok(&["exec", &stack.container("game"), "touch", "/tmp/end"]);
    wait_until("its end", || stack.told() == "crashed 0 game ended with exit code 0");
    // Created, and never started.
    docker_ok(&["rm", "-f", &stack.container("game")]);
    assert_eq!(stack.told(), "stopped  ");
    let file = stack.file();
    let file = file.to_str().expect("UTF-8");
    docker_ok(&["compose", "-p", &stack.project, "-f", file, "create"]);
    assert_eq!(stack.status()["state"], "crashed", "it was to run");
    stack.run(&["stop", "dune"]).expect_code(0);
    assert!(stack.told().starts_with("stopped"), "{}", stack.told());
}

#[test]
#[ignore = "needs a Docker Engine"]
fn one_that_takes_too_much_memory() {
    let hog = "echo up; x=aaaaaaaaaaaaaaaa; while :; do x=$$x$$x; done";
    let stack = Stack::new(json!({ "game": { "command": ["sh", "-c", hog], "mem_limit": "16m" } }));
    // An engine that is busy may itself miss what the kernel did: then that is
    // not made up, and the next one is seen.
    let seen = (0..10).any(|_| {
        stack.run(&["start", "--no-wait", "dune"]).expect_code(0);
        wait_until("the kernel to end it", || stack.status()["state"] == "crashed");
        let row = stack.status();
        let engine = docker_ok(&["inspect", "-f", "{{.State.OOMKilled}}", &stack.container("game")]);
        assert_eq!(row["exit_code"], 137, "{row}");
        assert_eq!(row["last_exit"]["oom_killed"].to_string(), engine, "{row}");
        engine == "true"
    });
    assert!(seen, "{}", stack.status());
    stack.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn profiles_variables_and_what_must_run() {
    let stack = Stack::new(json!({
        "game": { "command": ["sh", "-c", "echo map=$MAP; trap 'exit 0' TERM; while :; do sleep 0.05; done"],
                  "environment": ["MAP=${MAP:-none}"] },
        "extra": { "command": ["sh", "-c", SERVE], "profiles": ["wide"] },
    }));
    std::fs::write(stack.sandbox.path("game.env"), "MAP=arrakis\n").expect("write");
    stack.section(&json!({ "env_file": "game.env" }));
    stack.run(&["start", "dune"]).expect_code(0);
    assert_eq!(stack.container("extra"), "");
    let logs = stack.run(&["logs", "-n", "5", "dune"]).expect_code(0);
    assert!(logs.stdout.contains("map=arrakis"), "{logs:?}");
    // A restart applies what was changed.
    std::fs::write(stack.sandbox.path("game.env"), "MAP=giedi\n").expect("write");
    stack.section(&json!({ "env_file": "game.env", "profiles": ["wide"] }));
    stack.run(&["restart", "dune"]).expect_code(0);
    assert_ne!(stack.container("extra"), "");
    let logs = stack.run(&["logs", "dune"]).expect_code(0);
    assert!(logs.stdout.contains("map=giedi"), "{logs:?}");
    assert_eq!(stack.status()["details"]["services"], "extra up, game up");
    stack.run(&["stop", "dune"]).expect_code(0);
    // Of several, only what must run is brought up.
    stack.services(json!({ "game": serves(), "other": serves() }));
    stack.section(&json!({ "services": ["game"] }));
    stack.run(&["start", "dune"]).expect_code(0);
    assert_eq!(stack.container("other"), "");
    assert_eq!(stack.told(), "running  ");
    stack.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn what_an_earlier_start_left_behind_is_no_failure() {
    let fails = |profile: Value| json!({ "command": ["sh", "-c", "exit 7"], "profiles": profile });
    let stack = Stack::new(json!({ "game": serves(), "backup": fails(json!(["once"])) }));
    stack.run(&["start", "dune"]).expect_code(0);
    // Somebody brings up what has another profile, and it fails.
    let file = stack.file();
    let file = file.to_str().expect("a path");
    let words = [
        "compose",
        "-p",
        &stack.project,
        "-f",
        file,
        "--profile",
        "once",
        "up",
        "-d",
    ];
    docker_ok(&words);
    stack.run(&["restart", "dune"]).expect_code(0);
    assert_eq!(stack.told(), "running  ");
    stack.run(&["stop", "dune"]).expect_code(0);
    assert_ne!(stack.container("backup"), "", "it is left");
    stack.run(&["start", "dune"]).expect_code(0);
    assert_eq!(stack.told(), "running  ");
    // A service that fails, and then leaves the file.
    stack.services(json!({ "game": serves(), "backup": fails(json!([])) }));
    stack.run(&["restart", "dune"]).expect_code(1);
    stack.services(json!({ "game": serves() }));
    stack.run(&["restart", "dune"]).expect_code(0);
    assert_ne!(stack.container("backup"), "", "it is left");
    assert_eq!(stack.told(), "running  ");
    stack.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn somebody_elses_up_is_given_way_to_once() {
    let mut stack = Stack::new(json!({ "game": serves() }));
    let tries = stack.sandbox.arg("tries");
    // The first `up` meets another one, as the engine tells it.
    stack.shadow_docker(&format!(
        "case \" $* \" in *\" up \"*) echo up >>{tries}; [ $(wc -l <{tries}) = 1 ] && {{ \
         echo 'Error response from daemon: Conflict. The container name \"/x-game-1\" is already in use' >&2; exit 1; }};; esac"
    ));
    stack.run(&["start", "dune"]).expect_code(0);
    assert_eq!(stack.sandbox.lines("tries"), ["up", "up"]);
    stack.run(&["stop", "dune"]).expect_code(0);
    // What fails for another reason is not tried again.
    stack.shadow_docker(&format!(
        "case \" $* \" in *\" up \"*) echo up >>{tries}; echo 'no such image' >&2; exit 1;; esac"
    ));
    let failed = stack.run(&["start", "dune"]).expect_code(1);
    assert!(failed.stderr.contains("| no such image"), "{failed:?}");
    assert_eq!(stack.sandbox.lines("tries").len(), 3);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn check_looks_at_engine_compose_and_file() {
    let stack = Stack::new(json!({
        "game": { "command": ["sh", "-c", SERVE], "restart": "always" },
    }));
    let checked = stack.run(&["check"]).expect_code(0);
    for part in [
        "engine: it answers",
        "version",
        "warning dune: restart: Docker itself restarts game",
    ] {
        assert!(checked.stdout.contains(part), "{part}: {}", checked.stdout);
    }
    std::fs::write(stack.file(), "services: [").expect("write");
    let broken = stack.run(&["check"]).expect_code(6);
    assert!(broken.stdout.contains("error   dune: "), "{}", broken.stdout);
    assert_eq!(stack.container("game"), "", "nothing was created");
}

/// An engine of one's own, which can be stopped and started again.
struct OwnEngine {
    dir: tempfile::TempDir,
    daemon: Option<Child>,
    /// False if its containers end with it.
    leaves_containers: bool,
}

impl OwnEngine {
    fn start(leaves_containers: bool) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("gamectl-engine-")
            .tempdir()
            .expect("a folder");
        let mut engine = Self {
            dir,
            daemon: None,
            leaves_containers,
        };
        engine.run();
        engine
    }

    fn host(&self) -> String {
        format!("unix://{}", self.dir.path().join("docker.sock").display())
    }

    fn docker(&self, args: &[&str]) -> Output {
        let mut command = Command::new("docker");
        command.args(["--host", &self.host()]).args(args).stdin(Stdio::null());
        command.output().expect("docker")
    }

    /// Gives it the image.
    fn load_image(&self) {
        let copy = format!("docker save {IMAGE} | docker --host {} load", self.host());
        let copied = Command::new("sh").args(["-c", &copy]).output().expect("sh");
        assert!(copied.status.success(), "{copied:?}");
    }

    fn run(&mut self) {
        let path = |name: &str| self.dir.path().join(name);
        let log = std::fs::File::create(path("log")).expect("a log");
        let daemon = Command::new("dockerd")
            .arg("--host")
            .arg(self.host())
            .arg("--data-root")
            .arg(path("data"))
            .arg("--exec-root")
            .arg(path("exec"))
            .arg("--pidfile")
            .arg(path("pid"))
            .args(self.leaves_containers.then_some("--live-restore"))
            .args(["--bridge=none", "--iptables=false", "--storage-driver=vfs"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("apt install docker.io");
        self.daemon = Some(daemon);
        wait_until("the engine to answer", || self.docker(&["version"]).status.success());
    }

    fn stop(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            Process::signal(daemon.id() as i32, Signal::SIGTERM);
            wait_until("the engine to be gone", || daemon.try_wait().expect("wait").is_some());
        }
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        let found = self.docker(&["ps", "-aq"]);
        let ids = String::from_utf8_lossy(&found.stdout).into_owned();
        let ids: Vec<&str> = ids.split_ascii_whitespace().collect();
        if !ids.is_empty() {
            self.docker(&[&["rm", "-f"], ids.as_slice()].concat());
        }
        self.stop();
        // Its own containerd, which it starts where there is none to connect to,
        // and what it has mounted.
        support::processes::kill_tied_to(self.dir.path());
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
        let own = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for mount in own.filter(|mount| Path::new(mount).starts_with(self.dir.path())) {
            let _ = Command::new("umount").args(["--lazy", mount]).status();
        }
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn an_engine_that_goes_and_comes_back_is_no_crash() {
    let mut engine = OwnEngine::start(true);
    let mut stack = Stack::new(json!({ "game": serves() }));
    engine.load_image();
    stack.host = Some(engine.host());
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    run.passes("running");
    let project = format!("label={PROJECT}={}", stack.project);
    let game = engine.docker(&["ps", "-q", "--no-trunc", "--filter", &project]);
    let game = String::from_utf8_lossy(&game.stdout).trim().to_owned();
    assert_eq!(game.len(), 64, "one container: {game}");
    let started = |engine: &OwnEngine| {
        let found = engine.docker(&["inspect", "-f", "{{.State.StartedAt}}", &game]);
        String::from_utf8_lossy(&found.stdout).trim().to_owned()
    };
    let before = started(&engine);
    engine.stop();
    run.passes("unknown");
    stack.run(&["status", "dune"]).expect_code(4);
    // Nothing can be started now, and nothing is concluded from that.
    stack.run(&["start", "dune"]).expect_code(4);
    engine.run();
    run.passes("running");
    assert_eq!(started(&engine), before, "the same run of the game");
    assert_eq!(stack.status()["restarts"], 0);
    // And it is told of what happens again.
    engine.docker(&["kill", &game]);
    run.passes("crashed");
    run.passes("running");
    assert_eq!(stack.status()["restarts"], 1);
    drop(run);
    stack.run(&["stop", "dune"]).expect_code(0);
}

/// Such as `systemctl restart docker`, where that is not told to leave them.
#[test]
#[ignore = "needs a Docker Engine"]
fn an_engine_that_ends_its_containers_with_it() {
    let mut engine = OwnEngine::start(false);
    let mut stack = Stack::new(json!({ "db": serves(), "game": serves() }));
    engine.load_image();
    stack.host = Some(engine.host());
    let run = Background::of(&mut stack.command(&["run", "--json"]));
    run.passes("running");
    engine.stop();
    // What cannot be asked is not stopped, whatever was seen of it before.
    stack.run(&["status", "dune"]).expect_code(4);
    engine.run();
    wait_until("it to be brought back", || {
        stack.status()["state"] == "running" && run.states("dune").last().is_some_and(|state| state == "running")
    });
    assert!(!run.states("dune").contains(&"stopped".to_owned()), "{}", run.text());
    drop(run);
    stack.run(&["stop", "dune"]).expect_code(0);
}

/// An upgrade while containers run, and a step back.
#[test]
#[ignore = "needs a Docker Engine"]
fn a_stack_that_an_older_build_started() {
    let Some(old) = upgrade::old_program("a stack that an older build started") else {
        return;
    };
    let stack = Stack::new(json!({ "db": serves(), "game": serves() }));
    let older = |args: &[&str]| {
        let mut command = upgrade::older(&old, &stack.command(args));
        Outcome::of(args, &command.output().expect("run the older gamectl"))
    };
    older(&["start", "dune"]).expect_code(0);
    let game = stack.container("game");
    assert_eq!(stack.told(), "running  ");
    // It did not put the project on record.
    stack.sandbox.inventory_text("instances: {}\n");
    stack.run(&["stop", "dune"]).expect_code(4);
    stack.section(&json!({}));
    let again = stack.run(&["start", "dune", "--json"]).expect_code(0).json();
    assert_eq!(again["results"][0]["changed"], false, "{again}");
    stack.sandbox.inventory_text("instances: {}\n");
    assert_eq!(stack.told(), "running  not in the inventory");
    stack.section(&json!({}));
    // A service that it brought up is missed when it is gone.
    docker_ok(&["rm", "-f", &stack.container("db")]);
    assert!(stack.told().contains("db is not there"), "{}", stack.told());
    stack.run(&["start", "dune"]).expect_code(0);
    assert_eq!(stack.container("game"), game);
    // And back: the older one reads the records of this one.
    let rows = older(&["status", "dune", "--json"]).json();
    assert_eq!(rows["instances"][0]["state"], "running", "{rows}");
    older(&["stop", "dune"]).expect_code(0);
    assert_eq!(stack.told(), "stopped  ");
}
