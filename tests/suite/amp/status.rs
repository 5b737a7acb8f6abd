//! The states that are told of an instance, and answers that are not believed.

use std::time::Instant;

use serde_json::json;

use super::panel::{Canned, FAILED, LooksInto, PASSWORD, Panel, READY, STARTING, STOPPED, STOPPING, task};
use super::{inventory, sandbox, told};
use crate::support::{Background, Sandbox, wait_until};

#[test]
fn states_are_told_by_the_published_numbers() {
    let panel = Panel::with(&[("Ark01", Some(READY))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    for (number, wanted) in [
        (STOPPED, "stopped"),
        (STARTING, "starting AMP: Starting"),
        (READY, "running"),
        (30, "starting AMP: Restarting"),
        (STOPPING, "stopping"),
        (50, "stopped AMP has put it to sleep"),
        (75, "starting AMP: Updating"),
        (80, "starting AMP: AwaitingUserInput; its panel asks"),
        (FAILED, "crashed AMP calls it failed"),
        (200, "stopped AMP has suspended it"),
        (999, "unknown AMP itself does not know its state: Indeterminate (999)"),
        (
            77,
            "unknown AMP says that it is in the state 77, which is not known here",
        ),
        (-7, "unknown AMP says that it is in the state -7"),
    ] {
        panel.change("Ark01", |one| one.app_state = json!(number));
        let told = told(&sandbox, "ark01");
        assert!(told.starts_with(wanted), "{number}: {told}");
    }
    for (running, state, wanted) in [
        (json!(false), json!(20), "stopped"),
        (json!(null), json!(20), "unknown AMP does not tell whether it runs"),
        (
            json!(true),
            json!(null),
            "unknown AMP does not tell the state of its application",
        ),
        (
            json!(true),
            json!("Ready"),
            "unknown AMP does not tell the state of its application",
        ),
        (json!(7), json!(20), "unknown"),
    ] {
        panel.change("Ark01", |one| {
            one.running = running.clone();
            one.app_state = state.clone();
        });
        let told = told(&sandbox, "ark01");
        assert!(told.starts_with(wanted), "{running} {state}: {told}");
    }
}

/// An application that AMP prepares is told with its task, where AMP tells that.
#[test]
fn the_task_that_amp_is_at_is_in_the_note() {
    let panel = Panel::with(&[("Ark01", Some(75))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    assert_eq!(told(&sandbox, "ark01"), "starting AMP: Updating");
    panel.change("Ark01", |one| one.tasks.push(task("Downloading", 40)));
    assert_eq!(told(&sandbox, "ark01"), "starting AMP: Updating; Downloading, 40 %");
    for canned in ["", "[", "<html>", r#"{"Title":"Unauthorized Access","Message":"x"}"#] {
        panel.answer("Core/GetTasks", Canned::text(canned));
        assert_eq!(told(&sandbox, "ark01"), "starting AMP: Updating", "{canned}");
    }
    panel.behave();
    panel.asked();
    // Nothing is asked of a game that simply runs.
    panel.change("Ark01", |one| one.app_state = json!(READY));
    assert_eq!(told(&sandbox, "ark01"), "running");
    assert_eq!(panel.asked(), ["Core/Login", "ADSModule/GetInstances"]);
}

/// A `run` over many instances asks for one list a second at most, and for nothing else.
#[test]
fn run_asks_for_one_list_a_second() {
    let names: Vec<String> = (0..50).map(|number| format!("Game{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let panel = Panel::new();
    for name in &names {
        panel.add(name, Some(READY));
    }
    let sandbox = sandbox(&panel, &names);
    let begun = Instant::now();
    let run = Background::run_json(&sandbox, &[]);
    wait_until("all to be watched", || {
        run.logged("already running; watching it") == names.len()
    });
    // Each list ends a wait, so the test takes as long as they do.
    let mut lists = 0;
    wait_until("five more lists", || {
        lists += panel.asked().iter().filter(|one| one.ends_with("GetInstances")).count();
        lists > 5
    });
    let passed = begun.elapsed().as_secs() + 1;
    assert!(lists as u64 <= passed + 1, "{lists} in {passed} s");
    drop(run);
}

#[test]
fn one_list_and_one_login_serve_all_instances_of_a_status() {
    let names: Vec<String> = (0..50).map(|number| format!("Game{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let panel = Panel::new();
    for name in &names {
        panel.add(name, Some(READY));
    }
    panel.change("Game07", |one| one.players = Some((json!(3), json!(40))));
    panel.change("Game08", |one| one.players = None);
    panel.change("Game09", |one| one.players = Some((json!(1.5), json!(-1))));
    let sandbox = sandbox(&panel, &names);
    let table = sandbox.ok(&["status"]).stdout;
    assert_eq!(table.matches("running").count(), 50, "{table}");
    assert_eq!(panel.asked(), ["Core/Login", "ADSModule/GetInstances"]);
    let players = |id: &str| {
        let row = table.lines().find(|line| line.starts_with(id)).expect("a row");
        row.split_ascii_whitespace().any(|word| word == "3/40")
    };
    assert!(players("game07") && !players("game08") && !players("game09"), "{table}");
}

#[test]
fn a_controller_that_gives_no_proper_answer_makes_nothing_stopped() {
    let panel = Panel::with(&[("Ark01", Some(READY))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    let of_text = Canned::text;
    let status = |head: &str, body: &str| Canned {
        head: head.to_owned(),
        ..Canned::text(body)
    };
    let huge = format!("[{}]", " ".repeat(11 << 20));
    let short = r#"[{"AvailableInstances":[{"InstanceID":"#;
    for (canned, reason) in [
        (
            of_text("<!DOCTYPE html><html>login</html>"),
            "it answered with a page, and not with JSON",
        ),
        (of_text("welcome"), "is not JSON"),
        (
            of_text(""),
            "something unexpected to `ADSModule/GetInstances`: it was cut short",
        ),
        (of_text(short), "it was cut short"),
        (of_text("{}"), "something unexpected"),
        (of_text("[7]"), "something unexpected"),
        (of_text("[]"), "AMP has no instance `Ark01`, or its user may not see it"),
        (of_text(&huge), "longer than 10 MiB"),
        (
            Canned {
                length: Some(5000),
                ..of_text(short)
            },
            "closed the connection before its answer was whole",
        ),
        (status("500 Oops", "oops"), "the answer was 500"),
        (status("502 Bad Gateway", "<html>"), "the answer was 502"),
        (
            of_text(r#"{"Title":"Boom","Message":"\u001b[31mno","StackTrace":"at x"}"#),
            "AMP failed at ADSModule/GetInstances: Boom: [31mno",
        ),
        (
            status(
                "302 Found\r\nLocation: http://me:pw-canary@elsewhere.example/x?token=canary",
                "",
            ),
            "it redirects to http://elsewhere.example/x (302), which is not followed",
        ),
    ] {
        panel.answer("ADSModule/GetInstances", canned);
        let status = sandbox.run(&["status", "--json"]).expect_code(4);
        let row = &status.json()["instances"][0];
        let note = row["note"].as_str().unwrap_or_default();
        assert!(row["state"] == "unknown" && note.contains(reason), "{reason}: {row}");
        assert!(!format!("{status:?}").contains("canary"), "{status:?}");
    }
    panel.behave();
    assert_eq!(told(&sandbox, "ark01"), "running");
}

/// A session must not go to where a redirect leads.
#[test]
fn a_redirect_is_not_followed() {
    let (panel, other) = (
        Panel::with(&[("Ark01", Some(READY))]),
        Panel::with(&[("Ark01", Some(READY))]),
    );
    let sandbox = sandbox(&panel, &["Ark01"]);
    for status in [
        "301 Moved",
        "302 Found",
        "303 See Other",
        "307 Temporary",
        "308 Permanent",
    ] {
        for method in ["ADSModule/GetInstances", "Core/Login"] {
            panel.answer(
                method,
                Canned {
                    head: format!("{status}\r\nLocation: {}/API/{method}", other.url()),
                    ..Canned::text("")
                },
            );
            assert!(told(&sandbox, "ark01").contains("which is not followed"));
            panel.behave();
        }
    }
    assert_eq!(other.asked(), [""; 0]);
}

#[test]
fn a_login_that_is_refused_is_named_and_not_repeated() {
    let panel = Panel::with(&[("Ark01", Some(READY)), ("Ark02", Some(READY))]);
    let sandbox = sandbox(&panel, &["Ark01", "Ark02"]);
    panel.world().password = "another".to_owned();
    let status = sandbox.run(&["status"]).expect_code(4);
    let reason = "AMP refused the login: Invalid username or password";
    assert!(
        status.stdout.contains(reason) && !format!("{status:?}").contains("canary"),
        "{status:?}"
    );
    assert_eq!(panel.asked(), ["Core/Login"], "a second try may lock the account");
    for (result, reason) in [
        (40, "it wants a second factor"),
        (20, "its password has to be changed first"),
        (25, "the account is disabled"),
    ] {
        panel.answer(
            "Core/Login",
            Canned::text(&json!({ "success": false, "result": result }).to_string()),
        );
        let told = told(&sandbox, "ark01");
        assert!(told.starts_with("unknown") && told.contains(reason), "{told}");
    }
}

#[test]
fn a_session_is_found_in_the_header_and_in_the_body() {
    let panel = Panel::with(&[("Ark01", Some(READY))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    for place in [LooksInto::Header, LooksInto::Body, LooksInto::Either] {
        panel.world().looks_into = place;
        assert_eq!(told(&sandbox, "ark01"), "running");
    }
}

#[test]
fn a_right_that_is_missing_is_told_after_one_new_login() {
    let panel = Panel::with(&[("Ark01", Some(READY))]);
    let sandbox = sandbox(&panel, &["Ark01"]);
    panel.world().forbidden.insert("ADSModule/GetInstances".to_owned());
    let told = told(&sandbox, "ark01");
    assert!(
        told.contains("AMP does not let `gamectl` do ADSModule/GetInstances: Unauthorized Access"),
        "{told}"
    );
    let twice = ["Core/Login", "ADSModule/GetInstances"].repeat(2);
    assert_eq!(panel.asked(), twice);
}

#[test]
fn an_instance_that_amp_does_not_have_is_unknown_with_what_is_near() {
    let panel = Panel::with(&[("Ark01", Some(READY)), ("Twin", Some(READY)), ("Twin", Some(READY))]);
    let sandbox = Sandbox::new();
    for (name, reason) in [
        (
            "Ark1",
            "AMP has no instance `Ark1`, or its user may not see it; the nearest name is `Ark01`",
        ),
        (
            "Ark01 of ours",
            "is the friendly name of an instance of AMP: write its name, `Ark01`",
        ),
        (
            "Twin",
            "AMP has 2 instances of the name `Twin`: write the id of one, `00000002-",
        ),
    ] {
        inventory(
            &sandbox,
            [("a", {
                let mut section = panel.section(name);
                section["instance"] = json!(name);
                section
            })],
        );
        let told = told(&sandbox, "a");
        assert!(told.starts_with("unknown ") && told.contains(reason), "{told}");
    }
    inventory(&sandbox, [("a", panel.section("00000003-0000-4000-8000-000000000000"))]);
    assert_eq!(told(&sandbox, "a"), "running");
    // What a target that is away had last is old.
    for (state, wanted) in [(20, "running"), (10, "unknown AMP's target `box` is offline")] {
        panel.world().remote_state = Some(state);
        assert_eq!(told(&sandbox, "a"), wanted);
    }
}

#[test]
fn a_password_file_is_read_when_it_is_needed() {
    let panel = Panel::with(&[("Ark01", Some(READY))]);
    let sandbox = Sandbox::new();
    let mut section = panel.section("Ark01");
    section["password"] = json!({ "file": sandbox.arg("pw") });
    inventory(&sandbox, [("Ark01", section)]);
    assert!(told(&sandbox, "ark01").contains("the password file"));
    std::fs::write(sandbox.path("pw"), format!("{PASSWORD}\n")).expect("write");
    assert_eq!(told(&sandbox, "ark01"), "running");
    sandbox.ok(&["stop", "ark01"]);
    sandbox.ok(&["start", "ark01"]);
    let said = format!(
        "{:?}{:?}{:?}",
        sandbox.ok(&["stop", "ark01", "--dry-run"]),
        sandbox.ok(&["status", "-v", "--json"]),
        sandbox.run(&["check"])
    );
    assert!(!said.contains("canary"), "{said}");
    let kept = std::process::Command::new("grep")
        .args(["-rl", "canary", sandbox.state_dir().to_str().expect("UTF-8")])
        .output();
    assert_eq!(String::from_utf8_lossy(&kept.expect("grep").stdout), "");
}

#[test]
fn certificates_that_are_trusted_and_others() {
    let pem = |name: &str| {
        let path = crate::support::repository::root().join("tests/tls").join(name);
        path.to_str().expect("UTF-8").to_owned()
    };
    for (own, host, ca, wanted) in [
        ("own", "127.0.0.1", Some("own.pem"), "running"),
        ("issued", "localhost", Some("issuer.pem"), "running"),
        (
            "issued",
            "127.0.0.1",
            Some("own.pem"),
            "its certificate is not trusted: nobody who is trusted",
        ),
        ("issued", "127.0.0.2", Some("issuer.pem"), "and not for 127.0.0.2"),
        ("own", "127.0.0.1", None, "its certificate is not trusted"),
        ("own", "127.0.0.1", Some("own.key"), "are not in PEM"),
    ] {
        let panel = Panel::encrypted(own);
        panel.add("Ark01", Some(READY));
        let sandbox = Sandbox::new();
        let mut section = panel.section("Ark01");
        section["url"] = json!(format!("https://{host}:{}", panel.port));
        if let Some(ca) = ca {
            section["ca"] = json!(pem(ca));
        }
        inventory(&sandbox, [("Ark01", section)]);
        let told = told(&sandbox, "ark01");
        assert!(told.contains(wanted), "{own} {host} {ca:?}: {told}");
        assert_eq!(
            panel.asked().is_empty(),
            wanted != "running",
            "a password goes to nobody else"
        );
    }
    // Where only one of both speaks TLS.
    let panel = Panel::with(&[("Ark01", Some(READY))]);
    let sandbox = Sandbox::new();
    let mut section = panel.section("Ark01");
    section["url"] = json!(format!("https://127.0.0.1:{}", panel.port));
    inventory(&sandbox, [("Ark01", section)]);
    assert!(told(&sandbox, "ark01").starts_with("unknown https://127.0.0.1:"));
}
