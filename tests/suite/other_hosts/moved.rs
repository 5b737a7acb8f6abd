//! Instances that are moved to another host, back to this one, or out of the inventory,
//! while they still run where they were started.

use serde_json::json;

use super::sshd::Elsewhere;
use super::{gated, row};
use crate::support::{self, Instance, Process};

fn game(there: &Elsewhere, host: &str) -> Instance {
    gated(&there.sandbox, "a", host)
}

#[test]
fn it_is_looked_at_and_stopped_where_it_was_started() {
    let Some(there) = Elsewhere::new("it_is_looked_at_and_stopped_where_it_was_started") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    let hosts = json!({ "box2": there.host("box2", ""), "box3": there.host("box3", "") });
    let only_box3 = json!({ "box3": hosts["box3"] });
    let mut box3 = hosts.clone();
    // Two hosts are told apart by their ways in.
    box3["box3"]["ssh"] = json!("localhost");
    box3["box3"]["options"]["HostKeyAlias"] = json!(format!("[127.0.0.1]:{}", there.port()));
    there.inventory(&box3, &[game(&there, "box2")]);
    sandbox.ok(&["start", "a"]);
    let pid = sandbox.pid("a");

    // To another host.
    there.inventory(&box3, &[game(&there, "box3")]);
    let moved = sandbox.status("a");
    let note = moved["note"].as_str().expect("a note");
    assert!(
        moved["state"] == "running" && moved["host"] == "box2" && note.contains("as it was started, on `box2`"),
        "{moved}"
    );
    let refused = sandbox.run(&["start", "a"]).expect_code(1);
    assert!(
        refused.stderr.contains("on `box2`") && refused.stderr.contains("restart a`"),
        "{refused:?}"
    );
    assert!(!there.state_dir("box3").exists(), "a second copy");
    sandbox.ok(&["restart", "a"]);
    assert!(!Process::lives(pid));
    let moved = sandbox.status("a");
    assert!(
        moved["state"] == "running" && moved["host"] == "box3" && moved["note"] == json!(null),
        "{moved}"
    );
    assert!(there.state_dir("box3").join("instances/a/launch").exists());

    // Back to this machine.
    let mut here = game(&there, "box3").to_json();
    here.as_object_mut().expect("keys").remove("host");
    let text = json!({ "hosts": only_box3, "instances": { "a": here } }).to_string();
    sandbox.inventory_text(&text);
    let back = sandbox.status("a");
    assert!(back["state"] == "running" && back["host"] == "box3", "{back}");
    sandbox.run(&["start", "a"]).expect_code(1);
    sandbox.ok(&["stop", "a"]);
    let back = sandbox.status("a");
    assert!(back["state"] == "stopped" && back["host"] == json!(null), "{back}");

    // Out of the inventory.
    there.inventory(&box3, &[game(&there, "box2")]);
    sandbox.ok(&["start", "a"]);
    sandbox.inventory(&[]);
    let seen = sandbox.run(&["status", "--json"]);
    let left = row(&seen, "a");
    let note = left["note"].as_str().expect("a note");
    assert!(
        left["state"] == "running" && left["host"] == "box2" && note.contains("not in the inventory"),
        "{left}"
    );
    let all = sandbox.ok(&["stop", "--all"]);
    assert!(all.stderr.contains('a'), "{all:?}");
    sandbox.ok(&["stop", "a"]);
    let seen = sandbox.run(&["status", "--json"]).json();
    assert_eq!(seen["instances"], json!([]), "{seen}");
}

#[test]
fn a_former_host_that_does_not_answer_is_unknown() {
    let Some(there) = Elsewhere::new("a_former_host_that_does_not_answer_is_unknown") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    let box2 = there.host("box2", "");
    there.inventory(&json!({ "box2": box2 }), &[game(&there, "box2")]);
    sandbox.ok(&["start", "a"]);
    // It is gone from the network, and its game is to be here from now on.
    let origin = sandbox.instance_dir("a").join("origin");
    let known = std::fs::read(&origin).expect("the record");
    let mut gone = box2.clone();
    gone["port"] = json!(support::free_port());
    there.inventory(&json!({ "box2": gone }), &[game(&there, "box2")]);
    sandbox.run(&["start", "a"]).expect_code(4);
    assert_eq!(
        std::fs::read(&origin).expect("the record"),
        known,
        "nothing was asked there"
    );
    drop(there.gamectl_of("box2", "echo away >&2; exit 3"));
    let mut here = game(&there, "box2").to_json();
    here.as_object_mut().expect("keys").remove("host");
    sandbox.inventory_text(&json!({ "instances": { "a": here } }).to_string());
    let seen = sandbox.run(&["status", "--json"]).expect_code(4);
    let note = row(&seen, "a")["note"].as_str().expect("a reason").to_owned();
    let remedy = format!("rm {}", origin.display());
    assert!(
        note.contains("it may still run as it was last started, on `box2`") && note.contains(&remedy),
        "{note}"
    );
    let refused = sandbox.run(&["start", "a"]).expect_code(4);
    assert!(refused.stderr.contains(&remedy), "{refused:?}");
    sandbox.run(&["stop", "a"]).expect_code(4);
    // Nobody was asked to start a second one.
    assert!(!sandbox.instance_dir("a").join("launch").exists());
    // It answers again.
    drop(there.gamectl_of("box2", ""));
    sandbox.ok(&["stop", "a"]);
    sandbox.ok(&["start", "a"]);
    assert_eq!(sandbox.status("a")["host"], json!(null));
    sandbox.ok(&["stop", "a"]);
}

/// The old name leads nowhere any more.
#[test]
fn a_host_under_another_name_is_no_other_host() {
    let Some(there) = Elsewhere::new("a_host_under_another_name_is_no_other_host") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    let new = there.host("box2", "");
    let mut old = new.clone();
    let old_way = sandbox.path("old-gamectl");
    std::fs::copy(new["gamectl"].as_str().expect("a path"), &old_way).expect("copy");
    old["gamectl"] = json!(old_way);
    let mut new = new;
    new["ssh"] = json!("localhost");
    new["options"]["HostKeyAlias"] = json!(format!("[127.0.0.1]:{}", there.port()));
    for verb in ["stop", "restart"] {
        there.inventory(&json!({ "box2": old }), &[game(&there, "box2")]);
        sandbox.ok(&["start", "a"]);
        let pid = sandbox.pid("a");
        std::fs::rename(&old_way, sandbox.path("away")).expect("rename");
        there.inventory(&json!({ "box2": new }), &[game(&there, "box2")]);
        let seen = sandbox.status("a");
        assert!(seen["state"] == "running" && seen["note"] == json!(null), "{seen}");
        sandbox.ok(&[verb, "a"]);
        assert!(!Process::lives(pid));
        // What was done is on record under the new name.
        let wanted = if verb == "stop" { "stopped" } else { "running" };
        let seen = sandbox.status("a");
        assert!(seen["state"] == wanted && seen["note"] == json!(null), "{seen}");
        sandbox.ok(&["start", "a"]);
        sandbox.ok(&["stop", "a"]);
        std::fs::rename(sandbox.path("away"), &old_way).expect("rename");
    }
}

#[test]
fn each_inventory_has_its_own_on_other_hosts() {
    let Some(there) = Elsewhere::new("each_inventory_has_its_own_on_other_hosts") else {
        return;
    };
    let sandbox = &there.sandbox;
    sandbox.touch("a.gate");
    there.inventory(&json!({ "box2": there.host("box2", "") }), &[game(&there, "box2")]);
    sandbox.ok(&["start", "a"]);
    // The same id in another inventory is another server, on another host.
    let own = sandbox.path("instances.yaml");
    let test = sandbox.path("test.yaml");
    std::fs::rename(&own, &test).expect("rename");
    sandbox.run(&["-f", "test.yaml", "stop", "a"]).expect_code(0);
    sandbox.ok(&["-f", "test.yaml", "start", "a"]);
    let mut box3 = there.host("box3", "");
    box3["ssh"] = json!("localhost");
    box3["options"]["HostKeyAlias"] = json!(format!("[127.0.0.1]:{}", there.port()));
    there.inventory(&json!({ "box3": box3 }), &[game(&there, "box3")]);
    let seen = sandbox.status("a");
    assert!(seen["state"] == "stopped" && seen["host"] == "box3", "{seen}");
    sandbox.ok(&["start", "a"]);
    sandbox.ok(&["stop", "a"]);
    sandbox.ok(&["-f", "test.yaml", "stop", "a"]);
}
