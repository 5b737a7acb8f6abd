//! `status`, `watch` and verbs over the link: the instances of all nodes, from a host that
//! has none.

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use super::link::{crash, game, inventory, linked};
use crate::support::broker::{Broker, nats_server};
use crate::support::{Background, Process, Sandbox, wait_for, wait_until};

/// A node with one game.
struct Node {
    sandbox: Sandbox,
    run: Background,
}

impl Node {
    fn start(broker: &Broker, node: &str, id: &str, mut more: Value) -> Self {
        let sandbox = Sandbox::new();
        more["node"] = json!(node);
        inventory(&sandbox, &[game(&sandbox, id)], &broker.url(), more);
        let run = Background::run_json(&sandbox, &[]);
        run.sees(id, "running");
        linked(&run, 1);
        Self { sandbox, run }
    }

    fn end(self) {
        assert_eq!(self.run.end(Signal::SIGINT), Some(0));
        self.sandbox.ok(&["stop", "--all"]);
        self.sandbox.nothing_left();
    }
}

/// The rows of `status --nats`, as `ID STATE`.
fn rows(sandbox: &Sandbox) -> Vec<String> {
    let outcome = sandbox.run(&["status", "--nats", "--json"]);
    let rows = outcome.json()["instances"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    rows.iter()
        .map(|row| format!("{} {}", text(&row["id"]), text(&row["state"])))
        .collect()
}

#[test]
fn all_nodes_are_seen_and_a_dead_one_is_unknown() {
    let Some(program) = nats_server("link_panel") else {
        return;
    };
    let panel = Sandbox::new();
    let store = format!("jetstream {{ store_dir: {:?} }}", panel.arg("jetstream"));
    let broker = Broker::start(&program, &panel, &store);
    inventory(&panel, &[], &broker.url(), json!({}));
    let nothing = panel.run(&["status", "--nats"]).expect_code(4);
    assert!(nothing.stderr.contains("nothing was heard"), "{nothing:?}");
    let one = Node::start(&broker, "box1", "a", json!({ "stream": true }));
    let two = Node::start(&broker, "box2", "b", json!({ "stream": true }));
    wait_until("both nodes", || rows(&panel) == ["box1/a running", "box2/b running"]);
    let shown = panel.ok(&["status", "--nats", "box1/*"]).stdout;
    assert!(
        shown.contains("box1/a") && shown.contains("running") && !shown.contains("box2/b"),
        "{shown}"
    );
    let watch = Background::of(&mut panel.command(&["watch", "--nats", "--json"]));
    wait_until("the node", || {
        let snapshot = watch.events("snapshot");
        let told = snapshot
            .iter()
            .flat_map(|one| one["instances"].as_array().cloned().unwrap_or_default());
        told.into_iter().any(|row| row["id"] == "box1/a") || !watch.states("box1/a").is_empty()
    });
    crash(&one.sandbox, &one.run, "a");
    wait_until("the crash", || {
        let states = watch.states("box1/a");
        states.contains(&"crashed".to_owned()) && states.ends_with(&["running".into()])
    });
    // It says no last word.
    Process::kill_and_wait(two.run.pid());
    watch.sees("box2/b", "unknown");
    wait_until("the dead node", || rows(&panel) == ["box1/a running", "box2/b unknown"]);
    let row = panel
        .run(&["status", "--nats", "--json", "box2/b"])
        .expect_code(4)
        .json()["instances"][0]
        .clone();
    let note = row["note"].as_str().unwrap_or_default().to_owned();
    assert!(
        note.contains("nothing was heard of it for") && note.contains("running"),
        "{row}"
    );
    drop((watch, two.run));
    two.sandbox.ok(&["stop", "--all"]);
    two.sandbox.nothing_left();
    one.end();
}

#[test]
fn verbs_are_asked_for_and_their_ends_told_apart() {
    let Some(program) = nats_server("link_panel") else {
        return;
    };
    let panel = Sandbox::new();
    let broker = Broker::start(&program, &panel, "");
    inventory(&panel, &[], &broker.url(), json!({}));
    let node = Node::start(&broker, "box1", "a", json!({ "accept": ["restart", "stop"] }));
    let pid = node.sandbox.pid("a");
    let done = panel.ok(&["restart", "--nats", "box1/a", "--json"]).json();
    let result = &done["results"][0];
    assert_eq!(
        (&result["id"], &result["ok"], &result["state"]),
        (&json!("box1/a"), &json!(true), &json!("running"))
    );
    assert_ne!(node.sandbox.pid("a"), pid);
    for (args, code, said) in [
        (["start", "--nats", "box1/a"], 5, "`accept` of the link has no `start`"),
        (["stop", "--nats", "box1/c"], 4, "box1 refuses"),
        (["stop", "--nats", "box9/a"], 4, "no node `box9` takes requests"),
        (["stop", "--nats", "a"], 2, "NODE/ID"),
        (["stop", "--nats", "box1/*"], 2, "NODE/ID"),
    ] {
        let refused = panel.run(&args).expect_code(code);
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
    assert!(
        panel
            .run(&["stop", "--nats"])
            .expect_code(2)
            .stderr
            .contains("No instance of a node")
    );
    let without = Sandbox::new();
    assert!(
        without
            .run(&["status", "--nats"])
            .expect_code(2)
            .stderr
            .contains("no link")
    );
    // A request that is delivered after it was given up is not carried out.
    let pid = node.sandbox.pid("a");
    node.run.signal(Signal::SIGSTOP);
    let late = panel.run(&["restart", "--nats", "box1/a"]).expect_code(124);
    assert!(late.stderr.contains("no answer within 10s"), "{late:?}");
    node.run.signal(Signal::SIGCONT);
    wait_until("the refusal", || node.run.logged("it came after it had expired") == 1);
    assert_eq!(node.sandbox.pid("a"), pid);
    panel.ok(&["stop", "--nats", "box1/a"]);
    assert_eq!(node.sandbox.state("a"), "stopped");
    node.end();
}

#[test]
fn a_stream_that_keeps_requests_is_told_of() {
    let Some(program) = nats_server("link_panel") else {
        return;
    };
    let panel = Sandbox::new();
    let store = format!("jetstream {{ store_dir: {:?} }}", panel.arg("jetstream"));
    let broker = Broker::start(&program, &panel, &store);
    let mut admin = crate::support::broker::NatsListener::to(broker.port, "");
    let made = admin.ask(
        "$JS.API.STREAM.CREATE.everything",
        &json!({ "name": "everything", "subjects": ["games.>"], "storage": "memory" }).to_string(),
        1,
    );
    assert!(made[0]["error"].is_null(), "{made:?}");
    let node = Node::start(&broker, "box1", "a", json!({ "accept": ["stop"], "stream": true }));
    wait_for("the warning", || {
        (node.run.logged("its stream `everything` keeps requests") == 1).then_some(())
    });
    // Its subjects overlap, so that ours cannot be made.
    wait_until("the trouble", || {
        node.run.logged("the stream `games-states` cannot be made") == 1
    });
    // `check` finds it before there is a `run`.
    let about_link = || {
        let checked = node.sandbox.run(&["check", "--json"]).json();
        let all = checked["findings"].as_array().cloned().unwrap_or_default();
        let own = all.into_iter().filter(|finding| finding["about"] == "link");
        own.map(|one| format!("{} {}", one["level"], one["message"]))
            .collect::<Vec<_>>()
    };
    let found = about_link();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("takes the connection"), "{found:?}");
    assert!(
        found[1].starts_with("\"warning\"") && found[1].contains("`everything` keeps requests"),
        "{found:?}"
    );
    let removed = admin.ask("$JS.API.STREAM.DELETE.everything", "", 1);
    assert_eq!(removed[0]["success"], true, "{removed:?}");
    assert_eq!(about_link().len(), 1);
    drop(broker);
    let found = about_link();
    assert!(
        found.len() == 1 && found[0].contains("no server of it takes the connection"),
        "{found:?}"
    );
    drop(admin);
    node.end();
}
