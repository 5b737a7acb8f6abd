//! Verbs on workloads.

use nix::sys::signal::Signal;
use serde_json::json;

use super::World;
use crate::support::{Background, wait_until};

#[test]
#[ignore = "needs Kubernetes"]
fn a_deployment_is_scaled_down_and_comes_back_with_as_many_pods() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 2, "ready");
    world.instance("lobby", "deployment/lobby", &json!({}));
    let row = world.row("lobby");
    assert_eq!(
        (&row["state"], &row["details"]["ready_pods"]),
        (&json!("running"), &json!(2)),
        "{row}"
    );
    let started = world.result(&["start", "lobby"]);
    assert_eq!(
        (&started["changed"], &started["state"]),
        (&json!(false), &json!("running"))
    );
    let stopped = world.result(&["stop", "lobby"]);
    assert_eq!(
        (&stopped["changed"], &stopped["ended_by"]),
        (&json!(true), &json!("kubernetes: scale to 0"))
    );
    assert_eq!(
        world.kubectl(&["get", "pods", "-o", "name"]),
        "",
        "none of its pods is left"
    );
    assert_eq!(
        world.field("deployment/lobby", ".metadata.annotations.gamectl-replicas"),
        "2"
    );
    assert_eq!(world.told("lobby"), "stopped: ");
    assert_eq!(world.result(&["stop", "lobby"])["changed"], false);
    assert_eq!(world.result(&["start", "lobby"])["changed"], true);
    assert_eq!(world.field("deployment/lobby", ".status.readyReplicas"), "2");
    assert_eq!(
        world.field("deployment/lobby", ".metadata.annotations.gamectl-replicas"),
        ""
    );
    // A second one within a second is no other.
    for _ in 0..2 {
        assert_eq!(world.result(&["restart", "lobby"])["state"], "running");
    }
    assert_eq!(world.field("deployment/lobby", ".status.readyReplicas"), "2");
}

#[test]
#[ignore = "needs Kubernetes"]
fn the_replicas_of_the_inventory_win() {
    let mut world = World::new();
    world.workload("StatefulSet", "world", 1, "ready");
    world.instance("world", "statefulset/world", &json!({ "replicas": 2 }));
    world.ok(&["stop", "world"]);
    world.ok(&["start", "world"]);
    assert_eq!(world.field("statefulset/world", ".status.readyReplicas"), "2");
    assert_eq!(world.told("world"), "running: ");
}

/// A stop is over when no pod is left, whatever the status of the object says.
#[test]
#[ignore = "needs Kubernetes"]
fn a_pod_that_does_not_end_is_waited_for_and_killed_by_now() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "deaf");
    world.instance("lobby", "deployment/lobby", &json!({}));
    let late = world.run(&["stop", "--timeout", "10s", "lobby"]).expect_code(124);
    assert!(late.stderr.contains("not stopped after 10s"), "{}", late.stderr);
    assert!(
        world.told("lobby").starts_with("stopping: still there: lobby-"),
        "{}",
        world.told("lobby")
    );
    let killed = world.result(&["stop", "--now", "lobby"]);
    assert_eq!(
        (&killed["state"], &killed["ended_by"]),
        (&json!("stopped"), &json!("kill"))
    );
    assert_eq!(world.kubectl(&["get", "pods", "-o", "name"]), "");
}

#[test]
#[ignore = "needs Kubernetes"]
fn crashes_and_images_are_told_with_what_is_wrong() {
    let mut world = World::new();
    for (name, mood) in [("crash", "crash:3"), ("memory", "crash:137"), ("image", "image")] {
        world.workload("Deployment", name, 1, mood);
        world.instance(name, &format!("deployment/{name}"), &json!({}));
    }
    let row = world.row("crash");
    assert_eq!(
        (&row["state"], &row["exit_code"], &row["restarts"]),
        (&json!("crashed"), &json!(3), &json!(4)),
        "{row}"
    );
    let told = world.told("crash");
    assert!(
        told.contains("exit code 3, restarted 4 times; Kubernetes starts it again"),
        "{told}"
    );
    let memory = world.row("memory");
    assert_eq!(memory["last_exit"]["oom_killed"], true, "{memory}");
    let told = world.told("image");
    assert!(
        told.starts_with("starting: image-") && told.ends_with("game: ErrImagePull: no such image"),
        "{told}"
    );
    // Crashed pods are made anew by a start, and the failure shows what they said.
    let failed = world.run(&["start", "crash"]).expect_code(1);
    assert!(
        failed.stderr.contains("before it was ready\n  | up from game"),
        "{}",
        failed.stderr
    );
    let late = world.run(&["start", "--timeout", "2s", "image"]).expect_code(124);
    assert!(late.stderr.contains("ErrImagePull"), "{}", late.stderr);
    assert_eq!(world.result(&["stop", "crash"])["state"], "stopped");
}

/// The count to which somebody else has scaled it meanwhile is remembered.
#[test]
#[ignore = "needs Kubernetes"]
fn nothing_is_overwritten_that_somebody_else_has_scaled() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    world.instance("lobby", "deployment/lobby", &json!({}));
    world.shadow(
        "if [ $verb = patch ] && [ ! -e scaled ]; then touch scaled; $real --context=admin scale deployment/lobby \
         --replicas=3 --namespace=$(echo \"$*\" | sed 's/.*--namespace=\\([^ ]*\\).*/\\1/') >&2; fi",
    );
    world.ok(&["stop", "lobby"]);
    assert!(world.sandbox.path("scaled").exists(), "somebody has scaled it");
    assert_eq!(
        world.field("deployment/lobby", ".metadata.annotations.gamectl-replicas"),
        "3"
    );
}

#[test]
#[ignore = "needs Kubernetes"]
fn a_cronjob_is_suspended_and_its_jobs_end() {
    let mut world = World::new();
    let pod = json!({ "restartPolicy": "Never", "terminationGracePeriodSeconds": 600, "containers": [{ "name": "game", "image": "x" }] });
    world.apply(
        &json!({ "apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": { "name": "nightly" },
        "spec": { "schedule": "0 5 1 1 *", "jobTemplate": { "spec": { "template": { "spec": pod } } } } }),
    );
    world.instance("nightly", "cronjob/nightly", &json!({}));
    assert_eq!(world.told("nightly"), "running: waits for its time, `0 5 1 1 *`");
    world.kubectl(&["create", "job", "--from=cronjob/nightly", "one"]);
    wait_until("its job", || world.told("nightly").starts_with("running: a job runs"));
    assert_eq!(world.result(&["stop", "nightly"])["ended_by"], "kubernetes: suspend");
    assert_eq!(world.kubectl(&["get", "jobs,pods", "-o", "name"]), "");
    assert_eq!(world.told("nightly"), "stopped: ");
    world.ok(&["start", "nightly"]);
    assert_eq!(world.field("cronjob/nightly", ".spec.suspend"), "false");
}

#[test]
#[ignore = "needs Kubernetes"]
fn what_left_the_inventory_is_stopped_by_the_record_of_its_start() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    world.instance("lobby", "deployment/lobby", &json!({}));
    world.ok(&["stop", "lobby"]);
    world.ok(&["start", "lobby"]);
    world.instances.clear();
    world.write();
    let listed = world.run(&["status", "--json"]).json()["instances"][0].clone();
    assert_eq!(
        (&listed["id"], &listed["state"]),
        (&json!("lobby"), &json!("running")),
        "{listed}"
    );
    assert_eq!(world.result(&["stop", "lobby"])["state"], "stopped");
    assert_eq!(world.field("deployment/lobby", ".spec.replicas"), "0");
}

/// Without a node nothing can be entered: these words of kubectl are answered in its place.
#[test]
#[ignore = "needs Kubernetes"]
fn lines_reach_a_program_in_the_container_or_its_console() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    world.instance("lobby", "deployment/lobby", &json!({ "send": ["rcon-cli", "-x"] }));
    world.instance("console", "deployment/lobby", &json!({ "container": "game" }));
    let chain = json!([{ "exec": ["save", "world"], "wait": "1s" }, { "stdin": "quit", "wait": "1s" }]);
    let section = world.instances["console"]["kubectl"].clone();
    world.entry("chain", json!({ "kubectl": section, "stop": chain }));
    let pod = world.kubectl(&["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"]);
    world.shadow(
        "case $verb in exec) echo \"$*\" >>entered; cat >>lines; echo 5 players; exit 0 ;;\n\
         attach) echo \"$*\" >>entered; head -n 1 >>lines; exec sleep 100 ;; esac",
    );
    let sent = world.ok(&["send", "lobby", "list", "all"]);
    assert_eq!(sent.stdout.trim(), "5 players");
    world.ok(&["send", "console", "say", "hello"]);
    let stopped = world.result(&["stop", "chain"]);
    assert_eq!(stopped["ended_by"], "kubernetes: scale to 0");
    assert_eq!(world.sandbox.lines("lines"), ["list all", "say hello", "quit"]);
    let place = format!("--context=admin --namespace={}", world.namespace);
    assert_eq!(
        world.sandbox.lines("entered"),
        [
            format!("{place} exec --stdin {pod} --container=game -- rcon-cli -x"),
            format!("{place} attach --stdin {pod} --container=game"),
            format!("{place} exec {pod} --container=game -- save world"),
            format!("{place} attach --stdin {pod} --container=game"),
        ]
    );
}

#[test]
#[ignore = "needs Kubernetes"]
fn the_words_for_entering_are_those_of_the_real_kubectl() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    world.instance("lobby", "deployment/lobby", &json!({ "send": ["rcon-cli"] }));
    // The stand-in for the kubelet lets nobody in: all else was understood.
    let failed = world.run(&["send", "lobby", "list"]).expect_code(1);
    assert!(
        failed.stderr.contains("rcon-cli has failed in the container"),
        "{}",
        failed.stderr
    );
    assert!(!failed.stderr.contains("unknown flag"), "{}", failed.stderr);
}

#[test]
#[ignore = "needs Kubernetes"]
fn the_log_of_several_pods_says_whose_each_line_is() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 2, "ready");
    world.workload("StatefulSet", "world", 1, "ready");
    world.instance("lobby", "deployment/lobby", &json!({}));
    world.instance("world", "statefulset/world", &json!({}));
    let lines = world.ok(&["logs", "lobby"]).stdout;
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(
        lines
            .lines()
            .all(|line| line.starts_with("[pod/lobby-") && line.ends_with("/game] up from game")),
        "{lines}"
    );
    assert_eq!(world.ok(&["logs", "world"]).stdout, "up from game\n");
}

/// An output ends without a word when something on the way to its pod ends it.
#[test]
#[ignore = "needs Kubernetes"]
fn a_log_that_is_cut_while_its_pod_runs_goes_on() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    world.instance("lobby", "deployment/lobby", &json!({}));
    let says = |world: &World, text: &str| {
        world.kubectl(&[
            "annotate",
            "--overwrite",
            "pods",
            "-l",
            "app=lobby",
            &format!("said={text}"),
        ])
    };
    world.shadow("[ $verb = logs ] && { $real \"$@\"; touch ended; exit 0; }");
    let mut follow = Background::of(&mut world.command(&["logs", "-f", "lobby"]));
    follow.wait("up from game\n");
    says(&world, "more");
    follow.wait("more from game\n");
    says(&world, "cut");
    wait_until("the cut", || world.sandbox.path("ended").exists());
    says(&world, "again");
    follow.wait("again from game\n");
    follow.signal(Signal::SIGINT);
    wait_until("the end", || follow.has_ended());
    assert_eq!(follow.text(), "up from game\nmore from game\nagain from game\n");
}
