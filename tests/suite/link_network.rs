//! Nodes of a link in networks of their own, one of which is cut off for a time.

use nix::sys::signal::Signal;
use serde_json::json;

use super::link::{crash, game, inventory, linked};
use crate::support::broker::{Broker, nats_server};
use crate::support::network::Network;
use crate::support::{Background, Sandbox, wait_until};

const NODES: u8 = 10;
const CUT: u8 = 3;

fn words(text: &[String]) -> Vec<&str> {
    text.iter().map(String::as_str).collect()
}

/// The rows of `status --nats` at the hub, as `ID STATE RESTARTS`.
fn rows(panel: &Sandbox, network: &Network) -> Vec<String> {
    let outcome = panel.run_under(&words(&network.at_hub()), &["status", "--nats", "--json"]);
    let rows = outcome.json()["instances"].as_array().cloned().unwrap_or_default();
    let row = |row: &serde_json::Value| {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        format!("{} {} {}", text("id"), text("state"), row["restarts"])
    };
    rows.iter().map(row).collect()
}

/// The rows as they should be: that of the node that is cut, and of all others.
fn all(cut: &str) -> Vec<String> {
    let row = |node: u8| match node {
        CUT => format!("box{node}/a {cut}"),
        _ => format!("box{node}/a running 0"),
    };
    (0..NODES).map(row).collect()
}

#[test]
fn of_ten_nodes_the_one_that_is_cut_off_is_unknown_until_it_is_back() {
    let Some(program) = nats_server("link_network") else {
        return;
    };
    let Some(network) = Network::of("link_network", NODES) else {
        return;
    };
    let panel = Sandbox::new();
    // Whoever asks later is to see who is dead, too.
    let store = format!("jetstream {{ store_dir: {:?} }}", panel.arg("jetstream"));
    let broker = Broker::within(&program, &panel, &store, &network.at_hub());
    inventory(&panel, &[], &broker.url(), json!({}));
    let start = |node: u8| {
        let sandbox = Sandbox::new();
        let url = format!("nats://{}:{}", Network::address_of_hub(node), broker.port);
        inventory(
            &sandbox,
            &[game(&sandbox, "a")],
            &url,
            json!({ "node": format!("box{node}"), "stream": true }),
        );
        let run = Background::of(&mut sandbox.command_under(&words(&network.at(node)), &["run", "--json"]));
        (sandbox, run)
    };
    let nodes: Vec<(Sandbox, Background)> = (0..NODES).map(start).collect();
    wait_until("all nodes", || rows(&panel, &network) == all("running 0"));
    let (sandbox, run) = &nodes[usize::from(CUT)];
    network.cut(CUT);
    wait_until("the node to be unknown", || rows(&panel, &network) == all("unknown 0"));
    // Supervision there feels nothing of it.
    crash(sandbox, run, "a");
    network.heal(CUT);
    wait_until("the node to be back", || rows(&panel, &network) == all("running 1"));
    for (sandbox, run) in nodes {
        linked(&run, 1);
        assert_eq!(run.end(Signal::SIGINT), Some(0));
        sandbox.ok(&["stop", "--all"]);
        sandbox.nothing_left();
    }
    drop(broker);
    panel.nothing_left();
}
