//! A kubectl that does not answer as it should.

use serde_json::json;

use super::World;

/// A state that could not be found out is unknown, with the reason.
#[test]
#[ignore = "needs Kubernetes"]
fn an_answer_that_is_none_makes_nothing_stopped() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    world.instance("lobby", "deployment/lobby", &json!({}));
    let get = |answer: &str| format!("[ $verb = get ] && {{ {answer}; }}");
    for (answer, reason) in [
        (
            "$real \"$@\" | head -c 700; exit 0",
            "the answer of kubectl was cut short",
        ),
        (
            "echo '<!DOCTYPE html><html>Sign in'; exit 0",
            "answered with a page of HTML",
        ),
        ("exit 0", "kubectl answered nothing"),
        (
            "echo '{\"items\": [{\"kind\": \"Pod\", \"status\": 5}]}'; exit 0",
            "said something unexpected",
        ),
        ("echo noise >&2; exit 1", "kubectl: noise"),
        ("kill -9 $$", "it said nothing"),
        ("exec yes '{\"items\": [1,'", "more than 32 MiB"),
        (
            "echo 'Unable to connect to the server: x509: certificate signed by unknown authority' >&2; exit 1",
            "the certificate of `admin` does not fit",
        ),
        (
            "echo 'error: getting credentials: exec: executable aws not found' >&2; exit 1",
            "the login to `admin` has failed",
        ),
    ] {
        world.shadow(&get(answer));
        let status = world.run(&["status", "lobby", "--json"]).expect_code(4);
        let row = &status.json()["instances"][0];
        assert_eq!(row["state"], "unknown", "{answer}");
        let note = row["note"].as_str().unwrap_or_default();
        assert!(note.contains(reason), "{answer}: {note}");
    }
    world.unshadow();
    assert_eq!(world.told("lobby"), "running: ");
}

#[test]
#[ignore = "needs Kubernetes"]
fn a_kubectl_that_is_missing_is_named() {
    let mut world = World::new();
    world.instance("lobby", "deployment/lobby", &json!({}));
    let empty = world.sandbox.path("nothing");
    std::fs::create_dir(&empty).expect("a folder");
    world.path = empty.display().to_string();
    let missing = world.run(&["start", "lobby"]).expect_code(5);
    assert!(
        missing.stderr.contains("`kubectl` is not installed"),
        "{}",
        missing.stderr
    );
    assert!(world.told("lobby").starts_with("unknown: `kubectl` is not installed"));
}

/// An answer of kubectl to a change is not believed: the object is read again.
#[test]
#[ignore = "needs Kubernetes"]
fn a_change_that_was_not_made_is_no_success() {
    let mut world = World::new();
    world.workload("Deployment", "lobby", 1, "ready");
    world.instance("lobby", "deployment/lobby", &json!({}));
    world
        .shadow("[ $verb = patch ] && { $real --context=admin --namespace=$NS get deployment/lobby -o json; exit 0; }");
    let mut command = world.command(&["stop", "lobby"]);
    let output = command.env("NS", &world.namespace).output().expect("run gamectl");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("deployment/lobby is not as it says"), "{said}");
    assert!(world.told("lobby").starts_with("running"), "{}", world.told("lobby"));
}
