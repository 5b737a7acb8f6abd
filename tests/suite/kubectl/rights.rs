//! Users who may not see all, or may change nothing.

use serde_json::{Value, json};

use super::World;

/// Lets the viewer do something in the namespace of a world.
fn grant(world: &World, verbs: &[&str]) {
    let rules = json!([{ "apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": verbs }]);
    world.apply(&json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "see" }, "rules": rules }));
    world.apply(
        &json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": "see" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "see" },
        "subjects": [{ "kind": "User", "name": "viewer", "apiGroup": "rbac.authorization.k8s.io" }] }),
    );
}

/// The list that comes with a refusal is empty, and says nothing.
#[test]
#[ignore = "needs Kubernetes"]
fn what_may_not_be_seen_is_unknown_and_never_stopped() {
    let (mut world, other) = (World::new(), World::new());
    world.workload("Deployment", "lobby", 0, "ready");
    other.workload("Deployment", "lobby", 0, "ready");
    grant(&other, &["get", "list", "watch"]);
    let of = |namespace: &str| json!({ "context": "viewer", "namespace": namespace });
    world.instance("hidden", "deployment/lobby", &of(&world.namespace.clone()));
    world.instance("seen", "deployment/lobby", &of(&other.namespace));
    let hidden = world.told("hidden");
    assert!(
        hidden.starts_with("unknown: the cluster does not tell you: "),
        "{hidden}"
    );
    assert!(
        hidden.contains("is forbidden: User \"viewer\" cannot list resource"),
        "{hidden}"
    );
    // Only single namespaces may be listed, and one of them is.
    assert_eq!(world.told("seen"), "stopped: ");
    let row = |json: &Value, id: &str| {
        let rows = json["instances"].as_array().expect("rows").clone();
        rows.into_iter().find(|row| row["id"] == id).expect("its row")["state"].clone()
    };
    let all = world.run(&["status", "--json"]).expect_code(4).json();
    assert_eq!(
        (row(&all, "hidden"), row(&all, "seen")),
        (json!("unknown"), json!("stopped"))
    );
}

#[test]
#[ignore = "needs Kubernetes"]
fn who_may_only_look_is_told_which_right_is_missing() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    grant(&world, &["get", "list", "watch"]);
    world.instance("lobby", "deployment/lobby", &json!({ "context": "viewer" }));
    assert_eq!(world.told("lobby"), "running: ");
    let failed = world.run(&["stop", "lobby"]).expect_code(1);
    assert!(
        failed
            .stderr
            .contains("the cluster does not let you stop deployment/lobby"),
        "{}",
        failed.stderr
    );
    assert!(
        failed.stderr.contains("a role with patch on deployments.apps"),
        "{}",
        failed.stderr
    );
    assert_eq!(world.field("deployment/lobby", ".spec.replicas"), "1");
    // A restart that could not start it again stops nothing, and says so before.
    let left = world.run(&["restart", "lobby"]).expect_code(1);
    assert!(left.stderr.contains("it was left as it is"), "{}", left.stderr);
    let check = world.run(&["check"]).expect_code(1);
    assert!(
        check.stdout.contains("you may not patch deployment/lobby"),
        "{}",
        check.stdout
    );
}
