//! Workloads of a real Kubernetes with a node: their containers run, end, are killed and
//! are entered.
//!
//! `GAMECTL_TEST_KUBERNETES_ROOT` names the folder that `.ci/kubernetes` prints. As root, all
//! of these tests are run by [`all_of_these_where_there_is_a_node`].

use std::path::PathBuf;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::kubectl::cluster::Cluster;
use crate::kubectl::{CONFIG, ROOT, World};
use crate::support::containers::run_ignored_with;
use crate::support::terminal::Terminal;
use crate::support::{self, Background, wait_until};

/// A game that says its lines, takes some time to end, and says so.
const GAME: &str = r#"trap 'echo saving; sleep 2; echo saved; exit 0' TERM; echo up
                      while read -r line; do echo "got $line"; [ "$line" != quit ] || exit 0; done"#;

#[test]
fn all_of_these_where_there_is_a_node() {
    let what = "the tests of a node of Kubernetes";
    let Some(root) = std::env::var_os(ROOT) else {
        let why = format!("{ROOT} names no folder: see .ci/kubernetes");
        return support::not_run(what, &why, "GAMECTL_TEST_KUBERNETES");
    };
    if !support::is_root(what) {
        return;
    }
    let cluster = Cluster::with_node(&PathBuf::from(root));
    let config = cluster.config();
    run_ignored_with(
        "kubectl_node::",
        4,
        &[(CONFIG, config.to_str().expect("a path in UTF-8"))],
    );
    a_node_that_is_away_makes_its_pods_unknown(&cluster);
}

/// Returns a container of the image that the node has, with more of its fields.
fn container(name: &str, script: &str, more: &Value) -> Value {
    let mut container = json!({ "name": name, "image": "gamectl.test/busybox:1", "stdin": true,
        "command": ["sh", "-c", script] });
    let fields = container.as_object_mut().expect("a container");
    fields.extend(more.as_object().expect("fields").clone());
    container
}

/// Makes a workload with these containers, which share a folder `/data`.
fn workload(world: &World, kind: &str, name: &str, replicas: u32, containers: &[Value]) {
    let labels = json!({ "app": name });
    let mut containers = containers.to_vec();
    for one in &mut containers {
        one["volumeMounts"] = json!([{ "name": "data", "mountPath": "/data" }]);
    }
    let pod = json!({ "hostNetwork": true, "terminationGracePeriodSeconds": 20, "containers": containers,
        "volumes": [{ "name": "data", "emptyDir": {} }] });
    let mut spec = json!({ "replicas": replicas, "selector": { "matchLabels": labels },
        "template": { "metadata": { "labels": labels }, "spec": pod } });
    if kind == "StatefulSet" {
        spec["serviceName"] = json!(name);
    }
    world.apply(&json!({ "apiVersion": "apps/v1", "kind": kind, "metadata": { "name": name }, "spec": spec }));
}

#[track_caller]
fn wait_told(world: &World, id: &str, wanted: &str) {
    let mut told = String::new();
    wait_until(&format!("{id} to be told as {wanted}"), || {
        told = world.told(id);
        told.contains(wanted)
    });
}

/// The scale of an object says that it is down while its pods still save.
#[test]
#[ignore = "needs a node of Kubernetes"]
fn a_stop_is_over_when_the_last_container_has_saved_and_is_gone() {
    let mut world = World::new();
    workload(&world, "Deployment", "lobby", 0, &[container("game", GAME, &json!({}))]);
    world.instance("lobby", "deployment/lobby", &json!({ "replicas": 2 }));
    assert_eq!(world.told("lobby"), "stopped: ");
    let started = world.result(&["start", "lobby"]);
    assert_eq!(
        (&started["changed"], &started["state"]),
        (&json!(true), &json!("running"))
    );
    let row = world.row("lobby");
    assert_eq!(
        (&row["details"]["ready_pods"], &row["details"]["nodes"]),
        (&json!(2), &json!("127.0.0.1")),
        "{row}"
    );
    let mut follow = Background::of(&mut world.command(&["logs", "-f", "lobby"]));
    wait_until("both pods to be heard", || follow.text().matches("] up\n").count() == 2);
    let stopped = world.result(&["stop", "lobby"]);
    assert_eq!(
        (&stopped["state"], &stopped["changed"]),
        (&json!("stopped"), &json!(true))
    );
    assert_eq!(
        world.kubectl(&["get", "pods", "-o", "name"]),
        "",
        "none of its pods is left"
    );
    wait_until("both to have saved", || follow.text().matches("] saved\n").count() == 2);
    follow.signal(Signal::SIGINT);
    wait_until("the end", || follow.has_ended());
    assert_eq!(world.told("lobby"), "stopped: ");
}

#[test]
#[ignore = "needs a node of Kubernetes"]
fn what_cannot_run_is_told_with_what_the_node_says() {
    let mut world = World::new();
    let eats = "echo eats; x=$(yes | head -c 200000000); exec sleep 1000";
    // Without a probe of its readiness it would be ready for the moment that it runs.
    let never = json!({ "readinessProbe": { "exec": { "command": ["false"] } } });
    for (name, container) in [
        ("crash", container("game", "echo bye; exit 3", &never)),
        (
            "killed",
            container(
                "game",
                "kill -9 $$; exec sh -c 'kill -ABRT $PPID; exit 134'",
                &json!({}),
            ),
        ),
        (
            "memory",
            container(
                "game",
                eats,
                &json!({ "resources": { "limits": { "memory": "24Mi" } } }),
            ),
        ),
        (
            "image",
            container("game", "", &json!({ "image": "127.0.0.1:1/nosuch:1" })),
        ),
        (
            "never",
            container(
                "game",
                "",
                &json!({ "image": "gamectl.test/nosuch:1", "imagePullPolicy": "Never" }),
            ),
        ),
        ("program", container("game", "", &json!({ "command": ["/nosuch"] }))),
        (
            "large",
            container("game", "", &json!({ "resources": { "requests": { "memory": "1Ti" } } })),
        ),
    ] {
        workload(&world, "Deployment", name, 1, &[container]);
        world.instance(name, &format!("deployment/{name}"), &json!({}));
    }
    wait_told(&world, "crash", "game: exit code 3, restarted");
    wait_until("its crash", || world.row("crash")["state"] == "crashed");
    let row = world.row("crash");
    assert_eq!(
        (&row["exit_code"], &row["last_exit"]["code"]),
        (&json!(3), &json!(3)),
        "{row}"
    );
    assert!(world.told("crash").ends_with("Kubernetes starts it again"), "{row}");
    let mut follow = Background::of(&mut world.command(&["logs", "-f", "-n", "1", "crash"]));
    wait_until("two runs to be heard", || follow.text().matches("bye\n").count() > 1);
    follow.signal(Signal::SIGINT);
    wait_until("the end", || follow.has_ended());
    wait_told(&world, "killed", "game: exit code 134");
    wait_told(&world, "memory", "game: killed by the out-of-memory killer");
    assert_eq!(world.row("memory")["last_exit"]["oom_killed"], true);
    wait_told(&world, "image", "starting: image-");
    wait_told(&world, "image", "127.0.0.1:1/nosuch:1");
    wait_told(&world, "never", "game: ErrImageNeverPull");
    wait_told(&world, "program", "/nosuch");
    wait_told(
        &world,
        "large",
        "no node takes it: 0/1 nodes are available: 1 Insufficient memory.",
    );
    let failed = world.run(&["start", "crash"]).expect_code(1);
    assert!(
        failed.stderr.contains("game: exit code 3") && failed.stderr.contains("\n  | bye"),
        "{}",
        failed.stderr
    );
    for name in ["crash", "large"] {
        assert_eq!(world.result(&["stop", name])["state"], "stopped", "{name}");
    }
}

#[test]
#[ignore = "needs a node of Kubernetes"]
fn lines_and_steps_reach_what_runs_in_the_container() {
    let mut world = World::new();
    workload(&world, "Deployment", "lobby", 1, &[container("game", GAME, &json!({}))]);
    let counts = "read -r line; [ \"$line\" != fail ] || { echo no >&2; exit 9; }; echo \"$# $1: $line\"";
    world.instance(
        "lobby",
        "deployment/lobby",
        &json!({ "send": ["sh", "-c", counts, "x", "a b"] }),
    );
    world.instance("console", "deployment/lobby", &json!({}));
    let section = world.section("console");
    let save = json!(["sh", "-c", "echo 'by step' >/proc/1/fd/1"]);
    world.entry(
        "chain",
        json!({ "kubectl": section, "stop": [{ "exec": save, "wait": "1s" }, { "stdin": "quit", "wait": "1s" }] }),
    );
    wait_told(&world, "lobby", "running");
    assert_eq!(
        world.ok(&["send", "lobby", "list 'all'"]).stdout.trim(),
        "1 a b: list 'all'"
    );
    let failed = world.run(&["send", "lobby", "fail"]).expect_code(1);
    assert!(
        failed.stderr.contains("sh has failed in the container: "),
        "{}",
        failed.stderr
    );
    // What is attached leaves the input open when it goes.
    for word in ["one", "two"] {
        world.ok(&["send", "console", word]);
        wait_until("the line", || {
            world.ok(&["logs", "console"]).stdout.contains(&format!("got {word}\n"))
        });
    }
    let mut terminal = Terminal::of(&world.sandbox, &world.command(&["console", "console"]));
    terminal.wait("attached");
    terminal.wait_for_keys();
    terminal.type_text("hello\r");
    terminal.wait("got hello");
    terminal.type_text("\x1d");
    assert_eq!(terminal.ended(), Some(0), "{}", terminal.text());
    let mut follow = Background::of(&mut world.command(&["logs", "-f", "-n", "1", "console"]));
    follow.wait("got hello\n");
    let stopped = world.result(&["stop", "chain"]);
    assert_eq!(stopped["state"], "stopped", "{stopped}");
    follow.signal(Signal::SIGINT);
    wait_until("the end", || follow.has_ended());
    assert!(
        follow.text().starts_with("got hello\nby step\ngot quit\n"),
        "{}",
        follow.text()
    );
}

/// A pod has the output of the container that runs, and of the one before it.
#[test]
#[ignore = "needs a node of Kubernetes"]
fn the_output_of_a_container_that_was_started_again() {
    let mut world = World::new();
    let runs = "n=$(cat /data/n 2>/dev/null || echo 0); echo $((n + 1)) >/data/n; echo run $n; \
                until [ -e /data/go$n ]; do sleep 0.05; done; echo end $n; exit 4";
    let side = "echo side; until [ -e /data/more ]; do sleep 0.05; done; echo more; exec sleep 1000000";
    let containers = [container("game", runs, &json!({})), container("side", side, &json!({}))];
    workload(&world, "Deployment", "lobby", 1, &containers);
    world.instance("both", "deployment/lobby", &json!({}));
    world.instance("game", "deployment/lobby", &json!({ "container": "game" }));
    wait_told(&world, "both", "running");
    let pod = world.kubectl(&["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"]);
    let mut follow = Background::of(&mut world.command(&["logs", "-f", "both"]));
    let mut single = Background::of(&mut world.command(&["logs", "-f", "game"]));
    follow.wait(&format!("[pod/{pod}/game] run 0\n"));
    follow.wait(&format!("[pod/{pod}/side] side\n"));
    single.wait("run 0\n");
    let go = |n: u32| world.kubectl(&["exec", &pod, "--container=side", "--", "touch", &format!("/data/go{n}")]);
    go(0);
    single.wait("end 0\nrun 1\n");
    follow.wait(&format!("[pod/{pod}/game] end 0\n"));
    follow.wait(&format!("[pod/{pod}/game] run 1\n"));
    assert_eq!(world.ok(&["logs", "game"]).stdout, "run 1\n");
    assert_eq!(world.ok(&["logs", "--previous", "game"]).stdout, "run 0\nend 0\n");
    // The other container has run once only, and the rest is told all the same.
    let before = world.run(&["logs", "--previous", "both"]);
    assert!(
        before.stdout.contains(&format!("[pod/{pod}/game] run 0\n")),
        "{before:?}"
    );
    assert_eq!(world.ok(&["logs", "--since", "1h", "game"]).stdout, "run 1\n");
    wait_until("its first line to be older than that", || {
        world.ok(&["logs", "--since", "2s", "game"]).stdout.is_empty()
    });
    // One that ends again at once is not lost.
    go(2);
    go(1);
    single.wait("end 1\nrun 2\nend 2\n");
    world.kubectl(&["exec", &pod, "--container=side", "--", "touch", "/data/more"]);
    follow.wait(&format!("[pod/{pod}/game] end 2\n"));
    follow.wait(&format!("[pod/{pod}/side] more\n"));
    for one in [&mut follow, &mut single] {
        one.signal(Signal::SIGINT);
        wait_until("the end", || one.has_ended());
    }
    for line in ["run 1\n", "side\n", "more\n", "run 2\n"] {
        assert_eq!(follow.text().matches(line).count(), 1, "{line}: {}", follow.text());
    }
}

#[test]
#[ignore = "needs a node of Kubernetes"]
fn players_are_counted_in_the_container_and_its_reason_is_told() {
    let mut world = World::new();
    workload(
        &world,
        "StatefulSet",
        "world",
        2,
        &[container("game", GAME, &json!({}))],
    );
    world.instance("world", "statefulset/world", &json!({}));
    let section = world.section("world");
    let players = json!({ "exec": ["cat", "/data/players"], "pattern": r"(?<online>\d+) of (?<max>\d+)" });
    world.entry("world", json!({ "kubectl": section, "players": players }));
    wait_until("both", || world.row("world")["details"]["ready_pods"] == 2);
    assert!(world.row("world")["details"]["players"].is_null());
    world.kubectl(&["exec", "world-0", "--", "sh", "-c", "echo 3 of 20 >/data/players"]);
    assert_eq!(
        world.row("world")["details"]["players"],
        json!({ "online": 3, "max": 20 })
    );
    // They end one after the other, from the last.
    assert_eq!(world.result(&["stop", "world"])["state"], "stopped");
    assert_eq!(world.kubectl(&["get", "pods", "-o", "name"]), "");
    assert_eq!(world.result(&["start", "world"])["state"], "running");
    assert_eq!(world.field("statefulset/world", ".status.readyReplicas"), "2");
    let said = world.ok(&["logs", "world"]).stdout;
    assert_eq!(said, "[pod/world-0/game] up\n[pod/world-1/game] up\n");
}

/// Containers go on without the kubelet, and nobody knows.
fn a_node_that_is_away_makes_its_pods_unknown(cluster: &Cluster) {
    let mut world = World::within(&cluster.config());
    workload(&world, "Deployment", "lobby", 1, &[container("game", GAME, &json!({}))]);
    world.instance("lobby", "deployment/lobby", &json!({}));
    wait_told(&world, "lobby", "running");
    cluster.node_is_away(true);
    wait_told(&world, "lobby", "unknown: ");
    let told = world.told("lobby");
    assert!(told.contains("its node, 127.0.0.1, does not answer"), "{told}");
    let late = world.run(&["stop", "--timeout", "3s", "lobby"]).expect_code(124);
    assert!(late.stderr.contains("not stopped after 3s"), "{}", late.stderr);
    assert!(
        world.told("lobby").starts_with("stopping: still there"),
        "{}",
        world.told("lobby")
    );
    cluster.node_is_away(false);
    wait_told(&world, "lobby", "stopped: ");
    assert_eq!(world.kubectl(&["get", "pods", "-o", "name"]), "");
}
