//! Games that are known: each preset that has a stand-in, from start to stop.

use serde_json::json;

use crate::support::repository::file;
use crate::support::{self, Instance, Sandbox};

#[test]
fn rust_conan_and_soulmask_from_start_to_stop() {
    for (game, channel, did, ended_by) in [
        ("rust", "webrcon", &["save", "quit"][..], "webrcon: quit"),
        ("conan", "rcon", &["shutdown"], "rcon: shutdown"),
        ("soulmask", "telnet", &["saveworld 1", "quit 1"], "telnet: quit 1"),
    ] {
        let port = support::free_port();
        let program = support::example("stand-in-game");
        let mut remote = json!({ "port": port });
        if channel != "telnet" {
            remote["password"] = json!({ "file": "pw" });
        }
        let args = [game, &port.to_string(), "a-password"];
        let instance = Instance::program("a", program.to_str().expect("UTF-8"), &args)
            .with("game", json!(game))
            .with(channel, remote);
        let sandbox = Sandbox::with(&[instance]);
        std::fs::write(sandbox.path("pw"), "a-password\n").expect("pw");
        sandbox.ok(&["start", "a"]);
        let sent = sandbox.ok(&["send", "a", "hello"]);
        assert_eq!(sent.stdout, "you said hello\n", "{game}");
        let stop = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
        assert_eq!(stop["ended_by"], ended_by, "{stop}");
        assert_eq!(sandbox.lines("did")[1..], *did, "{game}");
        assert_eq!(sandbox.status("a")["last_exit"]["code"], 0, "{game}");
        sandbox.nothing_left();
    }
}

#[test]
fn they_are_listed_and_printed_to_be_pasted() {
    let sandbox = Sandbox::new();
    let list = sandbox.ok(&["games"]).stdout;
    let names: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.len() > 20, "{list}");
    for name in &names {
        let text = sandbox.ok(&["games", name]).stdout;
        sandbox.inventory_text(&text);
        let status = sandbox.run(&["status", "--json"]);
        match *name {
            // Only who has the stack of Dune can write its section.
            "dune" => assert_eq!(status.code, Some(0), "{status:?}"),
            // Nobody here has its cluster, and maybe no kubectl.
            "dune-battlegroup" => assert!(matches!(status.code, Some(4 | 5)), "{status:?}"),
            _ => assert_eq!(status.code, Some(3), "{status:?}"),
        }
        assert_eq!(status.json()["instances"][0]["id"], *name, "{status:?}");
    }
    let readme = file("README.md");
    assert!(
        readme.contains(&format!("a preset, one of {}:", names.len())),
        "{}",
        names.len()
    );
    let json = sandbox.ok(&["games", "--json"]).json();
    assert_eq!(json["games"].as_array().map(Vec::len), Some(names.len()));
    assert!(sandbox.ok(&["games", "rust", "--json"]).json()["yaml"].is_string());
    let unknown = sandbox.run(&["games", "rsut"]).expect_code(4);
    assert!(unknown.stderr.contains("did you mean `rust`?"), "{unknown:?}");
}

#[test]
fn they_are_found_by_a_word_a_query_or_a_port() {
    let sandbox = Sandbox::new();
    let found = |word: &str| {
        let json = sandbox.ok(&["games", word, "--json"]).json();
        let games = json["games"].as_array().expect("games").iter();
        games
            .map(|game| game["name"].as_str().expect("a name").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("minetest"), ["luanti"]);
    assert_eq!(found("34197"), ["factorio"]);
    assert!(found("quake3").contains(&"openarena".to_owned()));
    // What is the name of one is that one.
    assert!(
        sandbox
            .ok(&["games", "rust"])
            .stdout
            .starts_with("instances:\n  rust:\n")
    );
    sandbox.run(&["games", "34198"]).expect_code(4);
}

#[test]
fn what_the_inventory_says_wins_and_is_checked_in_its_place() {
    let sandbox = Sandbox::new();
    for (body, wanted) in [
        ("game: rsut", ("3:15\n", "hint: did you mean `rust`?")),
        ("game: rust", ("3:9\n", "`webrcon` has no password")),
        (
            "{game: rust, stop: [{signal: INT}], ready: {log: '('}}",
            ("3:59\n", "unclosed group"),
        ),
        (
            "{game: soulmask, ports: {game: 8777}}",
            ("3:40\n", "must be a port with its protocol"),
        ),
    ] {
        sandbox.inventory_text(&format!("instances:\n    a:\n        {body}\n"));
        let outcome = sandbox.run(&["status"]).expect_code(6);
        assert!(outcome.stderr.contains(wanted.0), "{body}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(wanted.1), "{body}: {}", outcome.stderr);
    }
    for body in [
        "{game: rust, stop: [{signal: INT}]}",
        "{game: rust, webrcon: {password: x}}",
        "{game: soulmask}",
    ] {
        sandbox.inventory_text(&format!("instances:\n    a:\n        {body}\n"));
        sandbox.run(&["status"]).expect_code(0);
    }
    sandbox.inventory_text("defaults: {webrcon: {password: x}, stop: []}\ninstances: {a: {game: rust}}\n");
    sandbox.run(&["status"]).expect_code(0);
}
