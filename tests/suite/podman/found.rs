//! `gamectl init --from-container`, of containers and pods that are there.

use serde_json::json;

use super::{SERVE, World};
use crate::support::Outcome;

#[test]
#[ignore = "needs podman"]
fn what_podman_has_is_written_down_and_managed() {
    let mut world = World::new(&json!({}));
    let id = world.create("Pal_World.1", &[], SERVE);
    world.create_pod("dune");
    world.create("dune-game", &["--pod", "dune"], SERVE);
    // Whatever engine of Docker this machine has is none of it.
    world.path = Some(
        world
            .sandbox
            .stand_in("docker", "echo 'Error: No such container' >&2; exit 1"),
    );
    let init = |name: &str| -> Outcome { world.run(&["-f", "-", "init", "--from-container", name]) };
    let by_name = init("Pal_World.1").expect_code(0).stdout;
    assert_eq!(init(&id[..12]).expect_code(0).stdout, by_name, "by its id as well");
    for part in ["pal_world-1:", "podman:", "container: \"Pal_World.1\""] {
        assert!(by_name.contains(part), "{part}: {by_name}");
    }
    // One of a pod stands for all of it.
    let pod = init("dune-game").expect_code(0).stdout;
    assert!(pod.contains("  dune:\n") && pod.contains("pod: \"dune\""), "{pod}");
    let near = init("Pal_World.2").expect_code(4);
    assert!(near.stderr.contains("did you mean `Pal_World.1`?"), "{near:?}");
    let both = ["--from-container", "Pal_World.1", "--from-container", "dune-game"];
    world
        .run(&[&["-f", "found.yaml", "init"], &both[..]].concat())
        .expect_code(0);
    let managed = |args: &[&str]| world.run(&[&["-f", "found.yaml"], args].concat()).expect_code(0);
    managed(&["start", "--all"]);
    assert_eq!(world.fact("Pal_World.1", "{{.State.Running}}"), "true");
    assert_eq!(world.fact("dune-game", "{{.State.Running}}"), "true");
    managed(&["status"]);
    managed(&["stop", "--all"]);
    assert_eq!(world.fact("Pal_World.1", "{{.State.Running}}"), "false");
}
