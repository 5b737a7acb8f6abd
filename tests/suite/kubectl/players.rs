//! Players of what runs in a pod.

use serde_json::json;

use super::World;

/// Without a node nothing can be entered: `exec` is answered in the place of kubectl.
fn answering(world: &mut World, exec: &str) {
    world.shadow(&format!(
        "echo \"$*\" >>calls; [ $verb = exec ] && {{ echo \"$*\" >>entered; {exec}; }}"
    ));
}

/// A world with an instance whose players a command counts.
fn lobby() -> World {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    let section = json!({ "context": "admin", "namespace": world.namespace, "workload": "deployment/lobby" });
    let players = json!({ "exec": ["rcon-cli", "list"], "pattern": r"(?<online>\d+) of (?<max>\d+)" });
    world.entry("lobby", json!({ "kubectl": section, "players": players }));
    world
}

#[test]
#[ignore = "needs Kubernetes"]
fn a_command_in_the_container_counts_players() {
    let mut world = lobby();
    let pod = world.kubectl(&["get", "pods", "-o", "jsonpath={.items[0].metadata.name}"]);
    answering(&mut world, "echo 'There are 3 of 20'; exit 0");
    assert_eq!(
        world.row("lobby")["details"]["players"],
        json!({ "online": 3, "max": 20 })
    );
    let place = format!("--context=admin --namespace={}", world.namespace);
    let entered = format!("{place} exec {pod} --container=game -- rcon-cli list");
    assert_eq!(world.sandbox.lines("entered"), [entered]);
    assert_eq!(world.sandbox.lines("calls").len(), 2, "one list, and one command");
    let check = world.ok(&["check"]).stdout;
    assert!(!check.contains("cannot be counted"), "{check}");
    // A number that is not known is no zero, and changes no state.
    for exec in [
        "echo nobody; exit 0",
        "echo 'There are 3 of 20'; exit 1",
        "echo 'There are 3 of 20' >&2; exit 0",
        "exec sleep 100",
    ] {
        answering(&mut world, exec);
        let row = world.row("lobby");
        assert_eq!(row["state"], "running", "{exec}: {row}");
        assert!(row["details"]["players"].is_null(), "{exec}: {row}");
    }
    let check = world.run(&["check"]).stdout;
    assert!(
        check.contains("its players cannot be counted: rcon-cli printed nothing"),
        "{check}"
    );
}

/// The stand-in for the kubelet lets nobody in: all else was understood.
#[test]
#[ignore = "needs Kubernetes"]
fn a_container_that_cannot_be_entered_has_an_unknown_number_of_players() {
    let mut world = lobby();
    answering(&mut world, "$real \"$@\" 2>complaint; exit $?");
    let row = world.row("lobby");
    let complaint = std::fs::read_to_string(world.sandbox.path("complaint")).unwrap_or_default();
    assert!(complaint.contains("unable to upgrade connection"), "{complaint}");
    assert_eq!(
        (&row["state"], &row["details"]["players"]),
        (&json!("running"), &json!(null)),
        "{row}"
    );
}

/// A query that is made from here meets no pod at an address of this host.
#[test]
#[ignore = "needs Kubernetes"]
fn a_query_that_reaches_no_pod_is_told_by_check() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    let section = json!({ "context": "admin", "namespace": world.namespace, "workload": "deployment/lobby" });
    let port = crate::support::free_port();
    let players = json!({ "a2s": format!("127.0.0.1:{port}") });
    world.entry("lobby", json!({ "kubectl": section, "players": players }));
    let check = world.run(&["check"]).stdout;
    let wanted = format!("nobody answers a2s at 127.0.0.1:{port}, which is this host and no pod of `admin`");
    assert!(
        check.contains(&wanted) && check.contains("players: { exec: "),
        "{check}"
    );
}
