//! Objects that are followed while they change.

use std::path::PathBuf;
use std::time::Instant;

use nix::sys::signal::Signal;
use serde_json::json;

use super::cluster::Cluster;
use super::{ROOT, World};
use crate::support::{Background, wait_until};

/// The calls of kubectl that were noted, by what they ask for.
fn calls(world: &World, is_watch: bool) -> usize {
    let lines = world.sandbox.lines("calls");
    lines
        .iter()
        .filter(|line| line.contains(" get ") && line.contains("--watch") == is_watch)
        .count()
}

#[test]
#[ignore = "needs Kubernetes"]
fn one_call_serves_all_instances_of_a_context() {
    let (mut world, other) = (World::new(), World::new());
    for name in ["a", "b"] {
        world.workload("Deployment", name, 1, "ready");
        other.workload("Deployment", name, 1, "ready");
        world.instance(name, &format!("deployment/{name}"), &json!({}));
        world.instance(
            &format!("other-{name}"),
            &format!("deployment/{name}"),
            &json!({ "namespace": other.namespace }),
        );
    }
    world.shadow("echo \"$*\" >>calls");
    world.run(&["status"]).expect_code(0);
    let calls = world.sandbox.lines("calls");
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(calls[0].starts_with("--context=admin --namespace="), "{calls:?}");
}

/// One watch for a kind in a namespace, and nothing is asked while nothing changes.
#[test]
#[ignore = "needs Kubernetes"]
fn changes_are_told_and_nothing_is_asked_for_them() {
    let mut world = World::new();
    for name in ["a", "b"] {
        world.workload("Deployment", name, 1, "ready");
        world.instance(name, &format!("deployment/{name}"), &json!({}));
    }
    world.shadow("echo \"$*\" >>calls");
    let watch = Background::of(&mut world.command(&["watch", "--json"]));
    wait_until("the snapshot", || !watch.events("snapshot").is_empty());
    let told = |id: &str, state: &str| {
        wait_until(&format!("{id} to be told as {state}: {}", watch.text()), || {
            let statuses = watch.events("status");
            statuses
                .iter()
                .rfind(|event| event["id"] == id)
                .is_some_and(|event| event["state"] == state)
        });
    };
    world.kubectl(&["scale", "deployment/a", "--replicas=0"]);
    told("a", "stopped");
    world.kubectl(&["scale", "deployment/a", "--replicas=1"]);
    told("a", "running");
    // A pod that is made anew under the same object.
    world.kubectl(&["delete", "pod", "-l", "app=b"]);
    told("b", "running");
    world.kubectl(&["delete", "deployment", "b"]);
    wait_until("what is gone to be unknown", || world.told("b").starts_with("unknown"));
    assert_eq!(
        calls(&world, true),
        2,
        "deployments and pods: {:?}",
        world.sandbox.lines("calls")
    );
    let asked = |words: &str| {
        let lines = world.sandbox.lines("calls");
        lines.iter().filter(|line| line.contains(words)).count()
    };
    // What is gone is asked for by its name, to say why; the rest is known.
    let own = asked("get deployments.apps,pods");
    assert!(own >= 2, "that of the watch, and those of our own status: {own}");
    told("b", "unknown");
    let (by_name, begun) = (asked("get deployments.apps/b"), Instant::now());
    for replicas in ["0", "1", "0", "1"] {
        world.kubectl(&["scale", "deployment/a", &format!("--replicas={replicas}")]);
        told("a", if replicas == "0" { "stopped" } else { "running" });
    }
    assert_eq!(asked("get deployments.apps,pods"), own, "the watch has listed nothing");
    let again = (asked("get deployments.apps/b") - by_name) as u64;
    assert!(again <= begun.elapsed().as_secs() / 30, "its reason is known: {again}");
    watch.end(Signal::SIGTERM);
}

/// A watch ends without a word when the server goes away: that is a loss, and no end.
#[test]
#[ignore = "needs Kubernetes"]
fn a_server_that_goes_away_makes_all_unknown_until_it_is_back() {
    let mut cluster = Cluster::start(&PathBuf::from(std::env::var_os(ROOT).expect("the folder")));
    let mut world = World::within(&cluster.config());
    world.workload("Deployment", "a", 1, "ready");
    world.instance("a", "deployment/a", &json!({}));
    let watch = Background::of(&mut world.command(&["watch", "--json"]));
    let last = |state: &str| {
        wait_until(&format!("a to be {state}: {}", watch.text()), || {
            let lines = watch
                .events("snapshot")
                .into_iter()
                .map(|one| one["instances"][0].clone());
            let last = lines.chain(watch.events("status")).last();
            last.is_some_and(|event| event["state"] == state)
        });
    };
    last("running");
    cluster.kill_server();
    last("unknown");
    let told = world.told("a");
    assert!(
        told.starts_with("unknown: the server of `admin` cannot be reached"),
        "{told}"
    );
    let failed = world.run(&["stop", "a"]).expect_code(4);
    assert!(failed.stderr.contains("cannot be reached"), "{}", failed.stderr);
    cluster.start_server();
    last("running");
    watch.end(Signal::SIGTERM);
}
