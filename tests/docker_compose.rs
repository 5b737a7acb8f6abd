//! Stacks of containers, on a real Docker Engine. Images are made here, from
//! the host's static busybox: no registry is asked.
//!
//! An engine is not on every machine, so these tests are run when they are
//! asked for: `cargo test --test docker_compose -- --ignored`. They fail where
//! there is none.

mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use support::{Outcome, Process, Sandbox, wait_for, wait_until};

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
        let bin = tmp.path().join("bin");
        std::fs::create_dir(&bin).expect("a folder");
        std::fs::create_dir(tmp.path().join("tmp")).expect("a folder");
        std::fs::copy("/bin/busybox", bin.join("busybox")).expect("apt install busybox-static");
        for applet in ["sh", "sleep", "true", "cat", "test", "touch", "nc"] {
            std::os::unix::fs::symlink("busybox", bin.join(applet)).expect("a link");
        }
        let tar = tmp.path().join("image.tar");
        let packed = Command::new("tar")
            .args([
                "-C",
                &tmp.path().to_string_lossy(),
                "-cf",
                &tar.to_string_lossy(),
                "bin",
                "tmp",
            ])
            .status();
        assert!(packed.expect("run tar").success());
        docker_ok(&["import", "--change", "ENV PATH=/bin", &tar.to_string_lossy(), IMAGE]);
    });
}

/// One project, which is gone at the end.
struct Stack {
    sandbox: Sandbox,
    project: String,
    path: Option<String>,
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
        };
        stack.services(services);
        stack.section(&json!({}));
        stack
    }

    fn services(&self, mut services: Value) {
        for (_, service) in services.as_object_mut().expect("services") {
            service["image"] = json!(IMAGE);
            service["network_mode"] = json!("none");
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
        if let Some(host) = std::env::var_os("DOCKER_HOST") {
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

    /// Puts a `docker` before the real one.
    fn shadow_docker(&mut self, script: &str) {
        let real = Command::new("sh")
            .args(["-c", "command -v docker"])
            .output()
            .expect("sh");
        let real = String::from_utf8_lossy(&real.stdout).trim().to_owned();
        let bin = self.sandbox.path("bin");
        std::fs::create_dir_all(&bin).expect("a folder");
        let docker = bin.join("docker");
        std::fs::write(
            &docker,
            format!("#!/bin/sh\nreal={real}\n{script}\nexec $real \"$@\"\n"),
        )
        .expect("write");
        std::fs::set_permissions(&docker, std::fs::Permissions::from_mode(0o755)).expect("chmod");
        let path = std::env::var("PATH").expect("a path");
        self.path = Some(format!("{}:{path}", bin.display()));
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

/// A resident supervisor whose answer is read along.
struct Run {
    child: Child,
    lines: Receiver<Value>,
}

impl Run {
    fn of(stack: &Stack) -> Self {
        let mut child = stack.command(&["run", "--json"]).spawn().expect("run gamectl");
        let stdout = child.stdout.take().expect("a pipe");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Self { child, lines }
    }

    /// Waits for a line that is such.
    #[track_caller]
    fn hears(&self, what: &str, such: impl Fn(&Value) -> bool) {
        let mut heard = Vec::new();
        loop {
            match self.lines.recv_timeout(Duration::from_secs(60)) {
                Ok(line) if such(&line) => return,
                Ok(line) => heard.push(line),
                Err(error) => panic!("{what}: {error}: {heard:?}"),
            }
        }
    }

    #[track_caller]
    fn sees(&self, state: &str) {
        self.hears(state, |line| line["event"] == "status" && line["state"] == state);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
    let (db, game) = (stack.container("db"), stack.container("game"));
    docker_ok(&["pause", &game]);
    assert_eq!(stack.told(), "starting  game is paused");
    docker_ok(&["unpause", &game]);
    assert_eq!(stack.told(), "running  ");
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
    docker_ok(&["pause", &db]);
    stack.run(&["stop", "dune"]).expect_code(0);
    assert_eq!(stack.told(), "stopped  ", "a paused one hears its signal too");
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
    let failed = stack.run(&["start", "dune", "--timeout", "3s"]).expect_code(124);
    assert!(failed.stderr.contains("not ready after 3s"), "{}", failed.stderr);
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
    let late = stack.run(&["start", "dune", "--timeout", "2s"]).expect_code(124);
    assert!(late.stderr.contains("not ready after 2s"), "{}", late.stderr);
    assert!(stack.told().starts_with("starting  all services are up; not yet ready"));
    stack.sandbox.touch("gate");
    assert_eq!(stack.told(), "running  ");
    stack.run(&["stop", "dune"]).expect_code(0);
}

#[test]
#[ignore = "needs a Docker Engine"]
fn run_brings_back_what_crashes_and_obeys_a_stop() {
    let stack = Stack::new(json!({ "db": serves(), "game": serves() }));
    let run = Run::of(&stack);
    run.sees("running");
    docker_ok(&["kill", &stack.container("game")]);
    run.sees("crashed");
    run.sees("running");
    assert_eq!(stack.status()["restarts"], 1);
    stack.run(&["stop", "dune"]).expect_code(0);
    run.sees("stopped");
    assert_eq!(stack.told(), "stopped  ");
    // It ends, and what it watches with ends with it.
    let pid = run.child.id().try_into().expect("a pid");
    Process::signal(pid, Signal::SIGTERM);
    wait_until("the end of run", || {
        !Process::lives(pid) || Process::stat_field(pid, 3).is_none()
    });
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
fn a_status_of_many_stacks_asks_the_engine_twice() {
    let mut stack = Stack::new(json!({ "game": serves() }));
    stack.run(&["start", "dune"]).expect_code(0);
    let calls = stack.sandbox.arg("calls");
    stack.shadow_docker(&format!("echo \"$1\" >>{calls}"));
    let one = |index: usize| {
        let project = if index == 0 {
            stack.project.clone()
        } else {
            format!("none-{index}")
        };
        (
            format!("dune-{index}"),
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
    let version = docker_ok(&[
        "inspect",
        "-f",
        "{{index .Config.Labels \"com.docker.compose.version\"}}",
        &stack.container("game"),
    ]);
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
