//! The number of players on other hosts: their games are asked there.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::row;
use super::sshd::Elsewhere;
use crate::players::{last_frame, stand_in};
use crate::support::{self, Instance, Terminal};

#[test]
fn those_of_other_hosts_are_counted_there_and_shown_here() {
    let Some(there) = Elsewhere::new("those_of_other_hosts_are_counted_there_and_shown_here") else {
        return;
    };
    let sandbox = &there.sandbox;
    // It takes what is asked, and says nothing.
    let mute = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let asked = json!({ "a2s": mute.local_addr().expect("its address").to_string() });
    let sleeper = |id: &str, host: &str| {
        let sleeper = Instance::program(id, "/bin/sleep", &["300"]).with("host", json!(host));
        sleeper.with("ready", json!({ "alive_for": "1ms" }))
    };
    // A gamectl that does not know the question.
    let older = format!(
        "'{}' \"$@\" | sed -u 's/,\"players\"//'; exit",
        support::gamectl().display()
    );
    let hosts = json!({ "box2": there.host("box2", ""), "old": there.host("old", &older) });
    let instances = [
        stand_in("steam", "steam").with("host", json!("box2")),
        stand_in("craft", "minecraft").with("host", json!("box2")),
        sleeper("mute", "box2").with("healthy", asked),
        sleeper("plain", "box2"),
        stand_in("aged", "steam").with("host", json!("old")),
        stand_in("here", "steam"),
    ];
    there.inventory(&hosts, &instances);
    sandbox.ok(&["start", "steam", "mute", "plain", "aged", "here"]);
    let begun = Instant::now();
    let seen = sandbox.run(&["status", "--json"]).expect_code(3);
    // One silence, and not one for each.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    let players = |id: &str| row(&seen, id)["details"].get("players").cloned();
    let three = Some(json!({ "online": 3, "max": 20 }));
    assert_eq!((players("steam"), players("here")), (three.clone(), three));
    // Each could be asked, and has not answered.
    for id in ["mute", "aged", "craft"] {
        assert_eq!(players(id), Some(Value::Null), "{id}");
    }
    assert_eq!(players("plain"), None);

    for screen in ["watch", "run"] {
        sandbox.ok(&["start", "steam"]);
        let mut terminal = Terminal::open(sandbox, &[screen, "steam", "craft"]);
        let counted = |count: usize| {
            support::wait_until(&format!("{count} to be counted"), || {
                last_frame(&terminal).matches("3/20").count() == count
            });
        };
        counted(1);
        sandbox.ok(&["start", "craft"]);
        counted(2);
        sandbox.ok(&["stop", "craft"]);
        counted(1);
        terminal.type_key(if screen == "run" { 3 } else { b'q' });
        assert_eq!(terminal.ended(), Some(0));
    }
    sandbox.ok(&["stop", "--all"]);
}
