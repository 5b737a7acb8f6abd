//! Starting and stopping: the right layer, and the state in place of the answer's word.

use serde_json::json;

use super::panel::{Canned, FAILED, Panel, READY, STOPPED};
use super::{inventory, result, sandbox, told};
use crate::support::Sandbox;

#[test]
fn a_game_is_started_and_stopped_and_its_instance_stays() {
    let panel = Panel::with(&[("Ark01", Some(STOPPED))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    let started = result(&sandbox, &["start", "ark01"], 0);
    assert_eq!(
        (&started["changed"], &started["state"]),
        (&json!(true), &json!("running"))
    );
    let asked = panel.asked();
    assert!(asked.iter().any(|one| one.ends_with(" Core/Start")), "{asked:?}");
    assert!(!asked.contains(&"ADSModule/StartInstance".to_owned()), "{asked:?}");
    let again = result(&sandbox, &["start", "ark01"], 0);
    assert_eq!(again["changed"], false, "{again}");
    let stopped = result(&sandbox, &["stop", "ark01"], 0);
    assert_eq!(
        (&stopped["changed"], &stopped["ended_by"]),
        (&json!(true), &json!("Core/Stop"))
    );
    assert!(!panel.asked().contains(&"ADSModule/StopInstance".to_owned()));
    assert_eq!(told(&sandbox, "ark01"), "stopped");
    let again = result(&sandbox, &["stop", "ark01"], 0);
    assert_eq!(again["changed"], false, "{again}");
    panel.change("Ark01", |one| assert_eq!(one.running, json!(true)));
}

#[test]
fn the_part_of_amp_is_started_before_its_game_and_stopped_after_it_where_that_is_wanted() {
    let panel = Panel::with(&[("Ark01", None)]);
    let sandbox = Sandbox::new();
    let mut section = panel.section("Ark01");
    section["layer"] = json!("instance");
    inventory(&sandbox, [("Ark01", section)]);
    assert_eq!(told(&sandbox, "ark01"), "stopped");
    sandbox.ok(&["restart", "ark01"]);
    assert_eq!(told(&sandbox, "ark01"), "running");
    panel.asked();
    sandbox.ok(&["stop", "ark01"]);
    let orders: Vec<String> = panel.asked().into_iter().filter(|one| one.contains("Stop")).collect();
    assert!(
        orders[0].ends_with("Core/Stop") && orders[1] == "ADSModule/StopInstance",
        "{orders:?}"
    );
    panel.change("Ark01", |one| assert_eq!(one.running, json!(false)));
    assert_eq!(told(&sandbox, "ark01"), "stopped");
}

/// The answers of old versions and of new ones.
#[test]
fn what_amp_answers_to_an_order_is_not_believed() {
    let panel = Panel::with(&[("Ark01", Some(STOPPED))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    for answer in ["", "false", r#"{"result":false}"#, r#"{"Status":false,"Reason":"no"}"#] {
        panel.answer("Core/Start", Canned::text(answer));
        panel.answer("Core/Stop", Canned::text(answer));
        sandbox.ok(&["start", "ark01"]);
        assert_eq!(told(&sandbox, "ark01"), "running", "{answer}");
        sandbox.ok(&["stop", "ark01"]);
        assert_eq!(told(&sandbox, "ark01"), "stopped", "{answer}");
    }
}

#[test]
fn an_order_that_amp_does_not_carry_out_is_a_failure_with_its_reason() {
    let panel = Panel::with(&[("Ark01", Some(STOPPED))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    let refusal = r#"{"Status":false,"Reason":"There is no room on the disk"}"#;
    panel.answer(
        "Core/Start",
        Canned {
            is_done: false,
            ..Canned::text(refusal)
        },
    );
    let failed = sandbox.run(&["start", "ark01"]).expect_code(1);
    assert!(
        failed
            .stderr
            .contains("AMP did not start it: There is no room on the disk"),
        "{failed:?}"
    );
    panel.behave();
    sandbox.ok(&["start", "ark01"]);
    panel.world().forbidden.insert("Core/Stop".to_owned());
    let failed = sandbox.run(&["stop", "ark01"]).expect_code(1);
    assert!(
        failed.stderr.contains("AMP does not let `gamectl` do Core/Stop"),
        "{failed:?}"
    );
    assert_eq!(told(&sandbox, "ark01"), "running");
    panel.behave();
    // It says yes, and does nothing.
    panel.answer(
        "Core/Stop",
        Canned {
            is_done: false,
            ..Canned::text("true")
        },
    );
    let stopped = result(&sandbox, &["stop", "ark01", "--now"], 0);
    assert_eq!(stopped["ended_by"], "kill", "{stopped}");
}

#[test]
fn a_session_that_is_over_is_renewed_once_within_a_verb() {
    let panel = Panel::with(&[("Ark01", Some(STOPPED))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    panel.change("Ark01", |one| one.next = Vec::new());
    let mut start = crate::support::Background::of(&mut sandbox.command(&["start", "ark01"]));
    // AMP is restarted as often as it is asked to start.
    crate::support::wait_until("the order", || {
        panel.world().asked.iter().any(|(one, _)| one.ends_with("Core/Start"))
    });
    panel.expire();
    crate::support::wait_until("the end", || start.has_ended());
    assert_eq!(start.ended(), Some(0), "{}", start.text());
    let logins = panel.asked().iter().filter(|one| *one == "Core/Login").count();
    assert_eq!(logins, 2, "one at first, and one anew");
}

#[test]
fn a_game_that_ends_before_it_is_ready_is_a_failed_start() {
    let panel = Panel::with(&[("Ark01", Some(STOPPED))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    panel.answer(
        "Core/Start",
        Canned {
            is_done: false,
            ..Canned::text("{}")
        },
    );
    let mut start = crate::support::Background::of(&mut sandbox.command(&["start", "ark01", "--json"]));
    crate::support::wait_until("the order", || {
        panel.world().asked.iter().any(|(one, _)| one.ends_with("Core/Start"))
    });
    panel.change("Ark01", |one| one.next = vec![10, 10, FAILED]);
    crate::support::wait_until("the end", || start.has_ended());
    assert_eq!(start.ended(), Some(1), "{}", start.text());
    assert!(
        start.text().contains("it ended before it was ready"),
        "{}",
        start.text()
    );
    assert!(told(&sandbox, "ark01").starts_with("crashed AMP calls it failed"));
    let stopped = result(&sandbox, &["stop", "ark01"], 0);
    assert_eq!(
        (&stopped["changed"], &stopped["state"]),
        (&json!(true), &json!("stopped"))
    );
    assert_eq!(told(&sandbox, "ark01"), "stopped");
}

#[test]
fn what_somebody_stops_in_the_panel_is_told_and_left() {
    let panel = Panel::with(&[("Ark01", Some(STOPPED))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    sandbox.ok(&["start", "ark01"]);
    panel.change("Ark01", |one| one.app_state = json!(STOPPED));
    assert_eq!(told(&sandbox, "ark01"), "stopped it was stopped through AMP");
    panel.change("Ark01", |one| one.running = json!(false));
    assert_eq!(told(&sandbox, "ark01"), "stopped its instance was stopped in AMP");
}

#[test]
fn what_has_left_the_inventory_is_shown_and_stopped() {
    let panel = Panel::with(&[("Ark01", Some(STOPPED)), ("Ark02", Some(READY))]);
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("pw"), format!("{}\n", super::panel::PASSWORD)).expect("write");
    let mut section = panel.section("Ark01");
    section["password"] = json!({ "file": sandbox.arg("pw") });
    inventory(&sandbox, [("Ark01", section)]);
    sandbox.ok(&["start", "ark01"]);
    inventory(&sandbox, [("Ark02", panel.section("Ark02"))]);
    let table = sandbox.run(&["status"]).stdout;
    assert!(
        table
            .lines()
            .any(|line| line.starts_with("ark01") && line.contains("running")),
        "{table}"
    );
    sandbox.ok(&["stop", "ark01"]);
    panel.change("Ark01", |one| assert_eq!(one.app_state, json!(STOPPED)));
    let table = sandbox.run(&["status"]).stdout;
    assert!(!table.contains("ark01"), "{table}");
}

#[test]
fn what_a_verb_would_do_is_told_without_asking_for_an_order() {
    let panel = Panel::with(&[("Ark01", Some(STOPPED))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    let steps = sandbox.ok(&["start", "ark01", "--dry-run"]).stdout;
    assert!(steps.contains("have AMP start the game: Core/Start"), "{steps}");
    panel.change("Ark01", |one| one.app_state = json!(READY));
    let steps = sandbox.ok(&["stop", "ark01", "--dry-run"]).stdout;
    assert!(steps.contains("leave the instance `Ark01` itself running"), "{steps}");
    let asked = panel.asked();
    assert!(!asked.iter().any(|one| one.contains("Core/St")), "{asked:?}");
    let checked = sandbox.run(&["check"]).stdout;
    assert!(checked.contains("lets `gamectl` see 1 instances"), "{checked}");
}
