//! The wait until nobody plays, and warnings by each way on which a stack takes lines.

use serde_json::json;

use super::{SERVE, Stack};
use crate::support::{Background, Crowd, wait_until};

#[test]
#[ignore = "needs a Docker Engine"]
fn players_of_a_stack_are_awaited() {
    let stack = Stack::new(json!({ "game": { "command": ["sh", "-c", SERVE] } }));
    let crowd = Crowd::of(Some(2));
    stack.inventory(&json!({}), &json!({ "players": { "a2s": crowd.address() } }));
    assert_eq!(stack.run(&["start", "dune"]).code, Some(0));
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

/// A game that prints each line that it gets; compose takes `$$` for a dollar. A shell that reads
/// in the background gets a copy of its input.
const TALKS: &str = "exec 3<&0; while read -r line; do echo \"got <$$line>\"; done <&3 & \
                     trap 'exit 0' TERM; while :; do sleep 0.05; done";

/// A program that has the game print what it is given.
const TOOL: &str = "read -r line; echo \"told <$line>\" >/proc/1/fd/1; echo \"reply to $line\"";

fn warned(stack: &Stack, instance: &serde_json::Value, more: &serde_json::Value) -> (crate::support::Outcome, String) {
    stack.inventory(more, instance);
    stack.run(&["start", "dune"]).expect_code(0);
    let outcome = stack.run(&["restart", "dune", "--warn", "2s,1s"]).expect_code(0);
    (outcome, stack.run(&["logs", "dune"]).stdout)
}

#[test]
#[ignore = "needs a Docker Engine"]
fn players_of_a_stack_are_warned_over_its_console() {
    for terminal in [false, true] {
        let stack = Stack::new(json!({
            "db": { "command": ["sh", "-c", SERVE] },
            "game": { "command": ["sh", "-c", TALKS], "stdin_open": true, "tty": terminal },
        }));
        let says = json!({ "broadcast": "say {message}" });
        let (outcome, log) = warned(&stack, &says, &json!({}));
        assert!(
            log.contains("got <say Restart in 1 second>"),
            "{terminal}: {outcome:?} {log}"
        );
        stack.run(&["send", "dune", "one"]).expect_code(0);
        stack.run(&["send", "dune", "two"]).expect_code(0);
        wait_until("both lines", || {
            let log = stack.run(&["logs", "dune"]).stdout;
            log.contains("got <one>") && log.contains("got <two>")
        });
        assert_eq!(stack.status()["state"], "running");
    }
}

#[test]
#[ignore = "needs a Docker Engine"]
fn players_of_a_stack_are_warned_by_a_program_in_it() {
    let stack = Stack::new(json!({
        "db": { "command": ["sh", "-c", SERVE] },
        "game": { "command": ["sh", "-c", SERVE] },
    }));
    let says = json!({ "broadcast": "say {message}" });
    let send = json!({ "console": "game", "send": ["sh", "-c", TOOL] });
    let (outcome, log) = warned(&stack, &says, &send);
    assert!(log.contains("told <say Restart in 1 second>"), "{outcome:?} {log}");
    let reply = stack.run(&["send", "dune", "list"]).expect_code(0);
    assert!(reply.stdout.contains("reply to list"), "{reply:?}");
    stack.inventory(&json!({ "console": "game", "send": ["/nothing"] }), &says);
    let failed = stack.run(&["send", "dune", "list"]).expect_code(1);
    assert!(failed.stderr.contains("correct `docker_compose.send`"), "{failed:?}");
}

#[test]
#[ignore = "needs a Docker Engine"]
fn a_stack_that_takes_no_lines_is_restarted_after_its_countdown() {
    let stack = Stack::new(json!({ "game": { "command": ["sh", "-c", SERVE] } }));
    let before = {
        stack.run(&["start", "dune"]).expect_code(0);
        stack.status()["since"].clone()
    };
    let (outcome, _) = warned(&stack, &json!({ "broadcast": "say {message}" }), &json!({}));
    let told = "its players cannot be told, and the countdown goes on all the same: \
                none of its containers has an open standard input";
    assert_eq!(outcome.stderr.matches(told).count(), 1, "{outcome:?}");
    for key in ["docker_compose.send", "rcon", "stdin_open: true"] {
        assert!(outcome.stderr.contains(key), "{outcome:?}");
    }
    assert_ne!(stack.status()["since"], before);
    let (outcome, _) = warned(&stack, &json!({}), &json!({}));
    assert!(outcome.stderr.contains("broadcast: 'say {message}'"), "{outcome:?}");
}
