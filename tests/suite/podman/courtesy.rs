//! Warnings, and the wait until nobody plays.

use serde_json::json;

use super::{TALKS, World};
use crate::support::{Background, Crowd, wait_until};

#[test]
#[ignore = "needs podman"]
fn players_in_a_container_are_warned_and_awaited() {
    let world = World::with(TALKS, &["--interactive"]);
    let crowd = Crowd::of(Some(2));
    world.inventory(&json!({ "game": {
        "podman": { "container": "game" },
        "broadcast": "say {message}",
        "players": { "a2s": crowd.address() },
        "stop": [{ "stdin": "quit", "wait": "20s" }],
    } }));
    world.ok(&["start", "game"]);
    let restart = world.ok(&["restart", "game", "--warn", "1s", "--json"]).json();
    assert_eq!(restart["results"][0]["changed"], true, "{restart}");
    wait_until("the warning", || {
        world.printed("game").contains("got say Restart in 1 second\n")
    });
    let mut stop = Background::of(&mut world.command(&["stop", "game", "--when-empty"]));
    wait_until("its note", || world.told("game").contains("stop once nobody plays"));
    crowd.counted(2);
    assert!(
        !stop.has_ended() && world.told("game").starts_with("running"),
        "{}",
        world.told("game")
    );
    crowd.set(Some(0));
    assert_eq!(stop.ended(), Some(0));
    assert!(world.told("game").starts_with("stopped"), "{}", world.told("game"));
}
