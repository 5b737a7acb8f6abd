//! A podman that does not do what it should.

use serde_json::json;

use super::{SERVE, World};

/// A state that could not be found out is unknown, with the reason.
#[test]
#[ignore = "needs podman"]
fn a_podman_that_gives_no_answer_makes_nothing_stopped() {
    let mut world = World::with(SERVE, &[]);
    world.ok(&["start", "game"]);
    for (script, reason) in [
        ("[ $1 = ps ] && { echo noise; exit 0; }", "said something unexpected"),
        (
            "[ $1 = ps ] && { echo '[{\"Id\": 1}]'; exit 0; }",
            "said something unexpected",
        ),
        (
            "[ $1 = ps ] && { echo 'Error: cannot open the store: permission denied' >&2; exit 125; }",
            "may not be asked",
        ),
        ("[ $1 = ps ] && exit 125", "it said nothing"),
        ("[ $1 = ps ] && kill -9 $$", "it said nothing"),
        ("[ $1 = ps ] && exec yes", "more than 32 MiB"),
        ("[ $1 = ps ] && exec sleep 100", "did not answer within 10s"),
    ] {
        world.shadow(script);
        let status = world.run(&["status", "game", "--json"]).expect_code(4);
        let row = &status.json()["instances"][0];
        assert_eq!(row["state"], "unknown", "{script}");
        let note = row["note"].as_str().unwrap_or_default();
        assert!(note.contains(reason), "{script}: {note}");
    }
    world.path = None;
    assert_eq!(world.row("game")["state"], "running");
    world.ok(&["stop", "game"]);
}

#[test]
#[ignore = "needs podman"]
fn a_podman_that_is_missing_is_named() {
    let mut world = World::with(SERVE, &[]);
    let empty = world.sandbox.path("nothing");
    std::fs::create_dir(&empty).expect("a folder");
    world.path = Some(empty.display().to_string());
    let missing = world.run(&["start", "game"]).expect_code(5);
    assert!(
        missing.stderr.contains("`podman` is not installed"),
        "{}",
        missing.stderr
    );
    let told = world.told("game");
    assert!(told.starts_with("unknown  `podman` is not installed"), "{told}");
}

/// The exit code of a verb is not believed: the list is read again.
#[test]
#[ignore = "needs podman"]
fn a_podman_that_lies_is_not_believed() {
    let mut world = World::with(SERVE, &[]);
    world.shadow("[ $1 = start ] && exit 0");
    let failed = world.run(&["start", "game"]);
    assert_ne!(failed.code, Some(0), "{}", failed.stderr);
    world.path = None;
    world.ok(&["start", "game"]);
    world.shadow("[ $1 = stop ] && exit 0");
    let failed = world.run(&["stop", "game"]).expect_code(1);
    assert!(failed.stderr.contains("still alive: game"), "{}", failed.stderr);
    world.shadow("[ $1 = stop ] && { $real \"$@\"; exit 125; }");
    world.ok(&["stop", "game"]);
    assert_eq!(world.told("game"), "stopped  ");
}

#[test]
#[ignore = "needs podman"]
fn a_list_serves_all_instances_of_a_status() {
    let mut world = World::with_many(6);
    let calls = world.sandbox.path("calls");
    world.shadow(&format!("echo \"$*\" >> {}", calls.display()));
    world.run(&["status"]).expect_code(3);
    let calls = std::fs::read_to_string(calls).expect("the calls");
    assert_eq!(calls, "ps --all --pod --format json\n");
}

#[test]
#[ignore = "needs podman"]
fn another_users_podman_needs_its_runtime_directory() {
    let world = World::new(
        &json!({ "game": { "podman": { "container": "game", "user": "nobody" } },
        "lost": { "podman": { "container": "game", "user": "no-such-user" } } }),
    );
    let told = world.told("game");
    assert!(
        told.contains("is missing, as while nobody is logged in as nobody"),
        "{told}"
    );
    let failed = world.run(&["start", "game"]).expect_code(4);
    assert!(
        failed.stderr.contains("loginctl enable-linger nobody"),
        "{}",
        failed.stderr
    );
    let told = world.told("lost");
    assert!(told.starts_with("unknown  there is no user `no-such-user`"), "{told}");
}

#[test]
fn names_that_podman_does_not_take_are_mistakes_of_the_inventory() {
    let sandbox = crate::support::Sandbox::new();
    for name in ["--all", "a b", "$(reboot)", "; rm", "../x", "a\nb", "", "a/b", "é"] {
        for key in ["container", "pod"] {
            let whole = json!({ "instances": { "game": { "podman": { key: name } } } });
            sandbox.inventory_text(&whole.to_string());
            let refused = sandbox.run(&["status"]).expect_code(6);
            assert!(refused.stderr.contains(key), "{name:?}: {}", refused.stderr);
        }
    }
    for (section, text) in [
        (json!({}), "names neither a container nor a pod"),
        (
            json!({ "container": "a", "pod": "b" }),
            "there are both `container` and `pod`",
        ),
        (json!({ "contaner": "a" }), "container"),
    ] {
        let whole = json!({ "instances": { "game": { "podman": section } } });
        sandbox.inventory_text(&whole.to_string());
        let refused = sandbox.run(&["status"]).expect_code(6);
        assert!(refused.stderr.contains(text), "{}", refused.stderr);
    }
}
