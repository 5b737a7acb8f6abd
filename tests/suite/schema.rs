//! The JSON Schema of the inventory agrees with the inventory's own check,
//! over the example, the presets and what the README shows.

mod validator;

use gamectl::games::PRESETS;
use gamectl::inventory::keys::SCHEMA;
use serde_json::Value;
use validator::problems;

use crate::support::Sandbox;
use crate::support::repository::file;

fn validate(yaml: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    let inventory: Value = serde_yaml::from_str(yaml).expect("it is YAML");
    problems(&schema, &inventory)
}

#[test]
fn the_verb_prints_it() {
    assert_eq!(Sandbox::new().ok(&["schema"]).stdout, SCHEMA);
}

#[test]
fn the_example_and_the_presets_follow_it() {
    let example = file("instances.example.yaml");
    assert_eq!(validate(&example), [""; 0]);
    let first = example.lines().next().unwrap_or_default();
    let path = first
        .strip_prefix("# yaml-language-server: $schema=")
        .expect("a comment for editors");
    assert_eq!(file(path), SCHEMA);
    for preset in PRESETS {
        assert_eq!(validate(&preset.to_inventory()), [""; 0], "{}", preset.name);
    }
}

/// Returns the YAML of a text as whole inventories. Any other YAML there is part of
/// an instance.
fn shown(text: &str) -> Vec<String> {
    let snippets = text
        .split("```yaml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let whole = |snippet: &str| {
        if snippet.contains("instances:") {
            return snippet.to_owned();
        }
        let lines: String = snippet.lines().map(|line| format!("    {line}\n")).collect();
        format!("instances:\n  a:\n{lines}")
    };
    snippets.map(whole).collect()
}

#[test]
fn what_the_readme_shows_follows_it_and_is_taken() {
    let shown = shown(&file("README.md"));
    assert!(!shown.is_empty());
    let sandbox = Sandbox::new();
    for yaml in shown {
        assert_eq!(validate(&yaml), [""; 0], "{yaml}");
        sandbox.inventory_text(&yaml);
        let outcome = sandbox.run(&["status"]);
        assert_ne!(outcome.code, Some(6), "{outcome:?}\n{yaml}");
    }
}

/// The schema refuses what the check refuses.
#[test]
fn mistakes_are_found() {
    let sandbox = Sandbox::new();
    for (yaml, bad) in [
        ("instances: {}", false),
        ("instances: {a: }", false),
        ("instances: {a: {process: {executable: /x, args: [1, true, x]}}}", false),
        (
            "instances: {a: {autostart: '${X:-true}', ready: {timeout: 15m}}}",
            false,
        ),
        (
            "instances: {a: {on_event: [{command: [/x], events: [crashed]}]}}",
            false,
        ),
        ("defaults: {}", true),
        ("instances: {A: {}}", true),
        ("instances: {a: {proces: {}}}", true),
        ("instances: {a: {autostart: perhaps}}", true),
        ("instances: {a: {ready: {timeout: soon}}}", true),
        ("instances: {a: {ready: {tcp: 80}}}", true),
        ("instances: {a: {stop: {signal: TERM}}}", true),
        ("instances: {a: {restart: {policy: sometimes}}}", true),
        ("instances: {a: {ports: {game: 28015}}}", true),
        ("instances: {a: {on_event: [{events: [crashed]}]}}", true),
        ("instances: {a: {rcon: {port: 0, password: x}}}", true),
    ] {
        assert_eq!(!validate(yaml).is_empty(), bad, "{yaml}: {:?}", validate(yaml));
        sandbox.inventory_text(yaml);
        let refused = sandbox.run(&["status"]).code == Some(6);
        assert_eq!(refused, bad, "the check of {yaml}");
    }
}
