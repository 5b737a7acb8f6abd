//! The wait until nobody plays, and warnings that cannot be sent.

use serde_json::json;

use super::{SERVE, Stack};
use crate::support::{Background, Crowd, wait_until};

#[test]
#[ignore = "needs a Docker Engine"]
fn players_of_a_stack_are_awaited_and_no_warning_is_promised() {
    let stack = Stack::new(json!({ "game": { "command": ["sh", "-c", SERVE] } }));
    let crowd = Crowd::of(Some(2));
    stack.inventory(&json!({}), &json!({ "players": { "a2s": crowd.address() } }));
    assert_eq!(stack.run(&["start", "dune"]).code, Some(0));
    // The plane sends no lines: it is left as it is rather than ended without a word.
    let warned = stack.run(&["restart", "dune", "--warn", "1s"]).expect_code(5);
    assert!(warned.stderr.contains("its players cannot be warned"), "{warned:?}");
    let mut stop = Background::of(&mut stack.command(&["stop", "dune", "--when-empty"]));
    wait_until("its note", || {
        let note = stack.status()["note"].as_str().unwrap_or_default().to_owned();
        note.contains("stop once nobody plays")
    });
    crowd.counted(2);
    assert!(!stop.has_ended());
    assert_eq!(stack.status()["state"], "running");
    crowd.set(Some(0));
    assert_eq!(stop.ended(), Some(0));
    assert_eq!(stack.status()["state"], "stopped");
}
