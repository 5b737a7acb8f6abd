//! Games that are asked, saved and stopped over HTTP, with a login, and over TLS.

use serde_json::{Value, json};

use crate::support::{self, Instance, Outcome, Sandbox};

const SECRET: &str = "s3cr%t@canary";
const BASIC: &str = "Authorization: Basic YWRtaW46czNjciV0QGNhbmFyeQ==";
const IN_URL: &str = "admin:s3cr%25t%40canary@";

/// Returns the file of a certificate.
fn pem(name: &str) -> String {
    let path = support::repository::root().join("tests/tls").join(name);
    path.to_str().expect("UTF-8").to_owned()
}

/// Returns a game of this kind that wants `header`, and is asked by `http`: a URL
/// without its path, and more keys.
fn game(kind: &str, header: &str, url: &str, more: &Value) -> Instance {
    let port = support::free_port();
    let http = |path: &str, body: &str| {
        let mut http = more.clone();
        http["url"] = json!(format!("{url}:{port}{path}"));
        if !body.is_empty() {
            http["body"] = json!(body);
        }
        http
    };
    let program = support::example("stand-in-game");
    let args = [kind, &port.to_string(), header];
    Instance::program("a", program.to_str().expect("UTF-8"), &args)
        .with("ready", json!({ "http": http("/info", ""), "timeout": "60s" }))
        .with(
            "stop",
            json!([
                { "http": http("/save", ""), "wait": "0s" },
                { "http": http("/shutdown", r#"{"waittime":1}"#), "wait": "60s" },
            ]),
        )
}

/// Nothing that is said or kept repeats the secret.
#[track_caller]
fn keeps_it_secret(sandbox: &Sandbox, outcomes: &[Outcome]) {
    let said = format!("{outcomes:?}");
    assert!(!said.contains("canary") && !said.contains("YWRtaW46"), "{said}");
    let kept = std::process::Command::new("grep")
        .args(["-rl", "canary", sandbox.state_dir().to_str().expect("UTF-8")])
        .output();
    assert_eq!(String::from_utf8_lossy(&kept.expect("grep").stdout), "");
}

#[test]
fn a_game_that_is_asked_saved_and_stopped_with_a_login() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.path("pw"), format!("{SECRET}\n")).expect("write");
    let in_file = json!({ "file": sandbox.arg("pw") });
    let bearer = format!("Authorization: Bearer {SECRET}");
    let own = format!("X-Key: {SECRET}");
    let with_login = format!("http://{IN_URL}127.0.0.1");
    let plain = "http://127.0.0.1";
    for (header, url, more) in [
        (BASIC, with_login.as_str(), json!({})),
        (BASIC, plain, json!({ "user": "admin", "password": SECRET })),
        (BASIC, plain, json!({ "user": "admin", "password": in_file })),
        (&bearer, plain, json!({ "token": in_file })),
        (&own, plain, json!({ "headers": { "X-Key": SECRET } })),
    ] {
        let _ = std::fs::remove_file(sandbox.path("did"));
        let game = game("rest", header, url, &more).process("cwd", json!(sandbox.dir()));
        sandbox.inventory(&[game]);
        let mut outcomes = vec![sandbox.ok(&["start", "a", "--dry-run"]), sandbox.ok(&["start", "a"])];
        outcomes.push(sandbox.ok(&["stop", "a", "--dry-run"]));
        let stop = sandbox.ok(&["stop", "a", "--json"]);
        assert!(stop.stdout.contains("/shutdown"), "{more}: {stop:?}");
        outcomes.extend([stop, sandbox.ok(&["logs", "a"]), sandbox.run(&["status", "--json"])]);
        keeps_it_secret(&sandbox, &outcomes);
        let did = sandbox.lines("did");
        assert_eq!(did[0], "GET /info", "{did:?}");
        assert_eq!(did[did.len() - 2..], ["POST /save", r#"POST /shutdown {"waittime":1}"#]);
    }
    sandbox.nothing_left();
}

#[test]
fn a_login_that_is_refused_is_named() {
    let sandbox = Sandbox::new();
    for (more, told) in [
        (json!({}), "it wants a login (401), and none is given"),
        (
            json!({ "user": "admin", "password": "wrong-canary" }),
            "it refused the login (401)",
        ),
        (
            json!({ "token": { "file": "/nowhere/token" } }),
            "the password file /nowhere/token cannot be read",
        ),
    ] {
        let game = game("rest", BASIC, "http://127.0.0.1", &more).process("cwd", json!(sandbox.dir()));
        let mut game = game.to_json();
        game["ready"]["timeout"] = json!("2s");
        game["stop"] = json!([game["stop"][0], { "signal": "KILL" }]);
        let inventory = json!({ "instances": { "a": game } });
        sandbox.inventory_text(&inventory.to_string());
        let start = sandbox.run(&["start", "a"]).expect_code(124);
        assert!(
            start.stderr.contains(told) && start.stderr.contains("127.0.0.1:"),
            "{start:?}"
        );
        let stop = sandbox.ok(&["stop", "a"]);
        assert!(format!("{stop:?}").contains(told), "{stop:?}");
        keeps_it_secret(&sandbox, &[start, stop]);
    }
}

#[test]
fn certificates_that_are_trusted_and_others() {
    let sandbox = Sandbox::new();
    let none = json!({});
    for (kind, host, more, roots, told) in [
        // The certificate of a game, made by itself: no name in it, and one of an issuer.
        ("rest-own", "127.0.0.1", json!({ "ca": pem("own.pem") }), None, ""),
        ("rest-issued", "localhost", json!({ "ca": pem("issuer.pem") }), None, ""),
        ("rest-issued", "127.0.0.1", json!({ "ca": pem("issued.pem") }), None, ""),
        ("rest-issued", "127.0.0.1", none.clone(), Some("issuer.pem"), ""),
        (
            "rest-own",
            "127.0.0.1",
            none.clone(),
            Some("issuer.pem"),
            "its certificate is not trusted: it is that of an issuer (CA:TRUE)",
        ),
        (
            "rest-own",
            "127.0.0.1",
            json!({ "ca": pem("issuer.pem") }),
            None,
            "its certificate is not trusted: it is that of an issuer (CA:TRUE)",
        ),
        (
            "rest-issued",
            "127.0.0.1",
            json!({ "ca": pem("own.pem") }),
            None,
            "its certificate is not trusted: nobody who is trusted has issued it",
        ),
        (
            "rest-issued",
            "127.0.0.2",
            json!({ "ca": pem("issuer.pem") }),
            None,
            "its certificate is not trusted: it is for localhost and 127.0.0.1, and not for 127.0.0.2",
        ),
        (
            "rest-own",
            "127.0.0.1",
            json!({ "ca": pem("own.key") }),
            None,
            "are not in PEM",
        ),
        ("rest", "127.0.0.1", none.clone(), None, "in place of TLS"),
    ] {
        let roots = pem(roots.unwrap_or("issuer.pem"));
        let run = |args: &[&str]| {
            let mut command = sandbox.command(args);
            let output = command.env("SSL_CERT_FILE", &roots).env_remove("SSL_CERT_DIR").output();
            Outcome::of(args, &output.expect("gamectl"))
        };
        let game = game(kind, "Accept: */*", &format!("https://{host}"), &more).process("cwd", json!(sandbox.dir()));
        let mut game = game.to_json();
        if !told.is_empty() {
            game["ready"]["timeout"] = json!("2s");
            game["stop"] = json!([{ "signal": "KILL" }]);
        }
        sandbox.inventory_text(&json!({ "instances": { "a": game } }).to_string());
        let start = run(&["start", "a"]).expect_code(if told.is_empty() { 0 } else { 124 });
        assert!(start.stderr.contains(told), "{kind} {host} {more}: {start:?}");
        if told.contains("CA:TRUE") {
            assert!(start.stderr.contains("CA:FALSE"), "it says what to do: {start:?}");
        }
        let stop = run(&["stop", "a"]).expect_code(0);
        assert_eq!(format!("{stop:?}").contains("/shutdown"), told.is_empty(), "{stop:?}");
    }
    sandbox.nothing_left();
}
