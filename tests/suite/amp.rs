//! Instances of CubeCoders AMP, of a stand-in for its controller.

mod console;
mod health;
mod manager;
mod panel;
mod status;
mod verbs;

pub(crate) use panel::{PASSWORD, Panel, READY, USER, task};

use serde_json::{Value, json};

use crate::support::Sandbox;

/// A sandbox whose inventory has an instance of each name, with its name in lower case as
/// its id.
fn sandbox(panel: &Panel, names: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    inventory(&sandbox, names.iter().map(|name| (*name, panel.section(name))));
    sandbox
}

/// Writes an inventory of these sections.
fn inventory<'a>(sandbox: &Sandbox, sections: impl IntoIterator<Item = (&'a str, Value)>) {
    let instances: serde_json::Map<String, Value> = sections
        .into_iter()
        .map(|(name, section)| {
            (
                name.to_lowercase(),
                json!({ "amp": section, "restart": { "delay": "0s" } }),
            )
        })
        .collect();
    sandbox.inventory_text(&json!({ "instances": instances }).to_string());
}

/// The state and the note of an instance.
#[track_caller]
fn told(sandbox: &Sandbox, id: &str) -> String {
    let row = &sandbox.run(&["status", id, "--json"]).json()["instances"][0];
    let word = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", word("state"), word("note")).trim_end().to_owned()
}

/// The result of a verb on one instance.
#[track_caller]
fn result(sandbox: &Sandbox, args: &[&str], code: i32) -> Value {
    let outcome = sandbox.run(&[args, &["--json"]].concat()).expect_code(code);
    outcome.json()["results"][0].clone()
}
