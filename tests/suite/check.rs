//! `gamectl check`, over the built binary.

use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::{self, Instance, Sandbox};

/// The findings about something, as `level` and `message`.
fn found(answer: &Value, id: &str, about: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = answer["findings"].as_array().expect("findings");
    all.iter()
        .filter(|one| one["id"].as_str().unwrap_or_default() == id && one["about"] == about)
        .map(|one| (text(&one["level"]), text(&one["message"])))
        .collect()
}

#[test]
fn what_is_well_is_said_to_be_and_nothing_is_made() {
    let sandbox = Sandbox::with(&[Instance::script("a", "sleep 60")]);
    let answer = sandbox.ok(&["check", "--json"]).json();
    assert_eq!(answer["schema"], 1);
    for about in ["executable", "cwd"] {
        assert_eq!(found(&answer, "a", about)[0].0, "ok", "{answer:#}");
    }
    for about in [
        "inventory",
        "state directory",
        "disk",
        "logout",
        "time zone",
        "open files",
    ] {
        assert_eq!(found(&answer, "", about).len(), 1, "{about}: {answer:#}");
    }
    assert!(!sandbox.state_dir().exists(), "it made a state directory");
    assert_eq!(sandbox.games(), []);
    let plain = sandbox.ok(&["check"]);
    assert!(plain.stdout.contains("\nok      a: executable: /bin/sh\n"), "{plain:?}");
    assert!(!sandbox.ok(&["check", "-q"]).stdout.contains("\nok "));
}

/// The answer of systemctl(1) is that of a stand-in here.
#[test]
fn a_unit_that_would_kill_the_games_is_an_error() {
    let sandbox = Sandbox::with(&[Instance::script("a", "sleep 60")]);
    let unit = |lines: &str| {
        let script = format!("case \"$*\" in *'-- gamectl.service') printf '{lines}' ;; *) exit 1 ;; esac");
        let mut command = sandbox.command(&["check", "--json"]);
        command.env("PATH", sandbox.stand_in("systemctl", &script));
        let output = command.output().expect("gamectl");
        found(&support::Outcome::of(&["check"], &output).json(), "", "unit")
    };
    let seen = unit(r"LoadState=loaded\nKillMode=mixed\nOOMPolicy=continue\n");
    assert_eq!((seen.len(), seen[0].0.as_str()), (1, "error"), "{seen:?}");
    assert!(seen[0].1.contains("kills every game, unsaved"), "{seen:?}");
    let well = r"LoadState=loaded\nKillMode=process\nOOMPolicy=continue\n";
    assert_eq!(unit(well)[0].0, "warning");
    let command = "ExecStart={ path=/g ; argv[]=/g run --on-exit stop-at-shutdown ; }";
    assert_eq!(unit(&format!(r"{well}{command}\n"))[0].0, "ok");
    assert_eq!(unit(r"LoadState=not-found\n"), []);
}

#[test]
fn what_is_the_same_for_several_is_told_once() {
    let sandbox = Sandbox::with(&[Instance::script("a", ""), Instance::script("b", "")]);
    let plain = sandbox.ok(&["check"]).stdout;
    assert!(
        plain.contains("\nok      executable: /bin/sh\n        for: a, b\n"),
        "{plain}"
    );
    assert_eq!(plain.matches("executable: ").count(), 1, "{plain}");
    // A program is told of each.
    let answer = sandbox.ok(&["check", "--json"]).json();
    for id in ["a", "b"] {
        assert_eq!(found(&answer, id, "executable").len(), 1, "{answer:#}");
    }
}

#[test]
fn errors_end_it_with_1_and_say_what_to_do() {
    let missing = Instance::program("gone", "/nonexistent/server", &[]);
    let lost = Instance::script("lost", "").process("cwd", json!("/nonexistent"));
    let sandbox = Sandbox::with(&[missing, lost]);
    let outcome = sandbox.run(&["check"]).expect_code(1);
    assert!(
        outcome.stdout.contains("error   gone: executable: /nonexistent/server"),
        "{outcome:?}"
    );
    assert!(
        outcome.stdout.contains("error   lost: cwd: /nonexistent"),
        "{outcome:?}"
    );
    assert!(outcome.stdout.contains("hint: correct `executable:`"), "{outcome:?}");
}

#[test]
fn an_unknown_user_hides_no_other_error() {
    let wrong = Instance::program("a", "nonesuch-server", &[])
        .process("user", json!("nonesuch"))
        .process("cwd", json!("/nonexistent"));
    let sandbox = Sandbox::with(&[wrong]);
    let outcome = sandbox.run(&["check", "--json"]).expect_code(1);
    let answer = outcome.json();
    for about in ["user", "executable", "cwd"] {
        assert_eq!(found(&answer, "a", about)[0].0, "error", "{about}: {answer:#}");
    }
    let message = &found(&answer, "a", "executable")[0].1;
    assert!(
        message.contains("nor nonesuch-server in any folder of PATH (/"),
        "{message}"
    );
}

#[test]
fn a_start_says_where_a_bare_name_was_looked_for() {
    let sandbox = Sandbox::with(&[Instance::program("a", "nonesuch-server", &[])]);
    let failed = sandbox.run(&["start", "a"]).expect_code(1);
    let said = failed.stderr.replace("\n       ", " ");
    assert!(
        said.contains("nonesuch-server, nor nonesuch-server in any folder of PATH (/"),
        "{failed:?}"
    );
}

#[test]
fn an_invalid_inventory_is_6() {
    let sandbox = Sandbox::new();
    sandbox.inventory_text("instances: {a: {proces: {}}}");
    let outcome = sandbox.run(&["check", "--json"]).expect_code(6);
    assert_eq!(outcome.json()["error"]["kind"], "inventory");
}

#[test]
fn ports_that_are_shared_or_taken() {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let tcp = (tcp.local_addr().expect("its address").port(), tcp);
    let udp = (udp.local_addr().expect("its address").port(), udp);
    let a = Instance::script("a", "").with("ports", json!({ "admin": format!("{}/tcp", tcp.0) }));
    let b = Instance::script("b", "").with("ports", json!({ "game": format!("{}/udp", udp.0) }));
    let c = Instance::script("c", "").with("ready", json!({ "a2s": format!("127.0.0.1:{}", udp.0) }));
    let sandbox = Sandbox::with(&[a, b, c]);
    let answer = sandbox.run(&["check", "--json"]).expect_code(1).json();
    let shared = found(&answer, "", "ports");
    assert_eq!(shared.len(), 1, "{answer:#}");
    assert!(shared[0].1.contains("b (game), c (`ready.a2s`)"), "{shared:?}");
    for (id, port) in [("a", format!("{}/tcp", tcp.0)), ("b", format!("{}/udp", udp.0))] {
        let [(level, message)] = &found(&answer, id, "ports")[..] else {
            panic!("{answer:#}")
        };
        assert_eq!((level.as_str(), message.contains(&port)), ("error", true), "{message}");
    }
}

#[test]
fn a_game_that_runs_has_its_ports_itself() {
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = socket.local_addr().expect("its address").port();
    let game = Instance::awkward("a", &["serve"]).with("ports", json!({ "game": format!("{port}/tcp") }));
    let sandbox = Sandbox::with(&[game]);
    sandbox.run(&["check"]).expect_code(1);
    sandbox.ok(&["start", "a"]);
    let answer = sandbox.ok(&["check", "--json"]).json();
    assert!(found(&answer, "a", "ports")[0].1.starts_with("it runs"), "{answer:#}");
    sandbox.ok(&["stop", "a"]);
}

#[test]
fn secrets_and_records_are_for_few() {
    let sandbox = Sandbox::new();
    let secret = sandbox.path("pw");
    std::fs::write(&secret, "canary").expect("write a file");
    let set = |mode| std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(mode)).expect("chmod");
    let rcon = json!({ "port": 1, "password": { "file": secret } });
    sandbox.inventory(&[Instance::script("a", "").with("rcon", rcon)]);
    for (mode, level) in [(0o600, "ok"), (0o644, "warning"), (0o666, "error")] {
        set(mode);
        let outcome = sandbox.run(&["check", "--json"]);
        assert_eq!(found(&outcome.json(), "a", "secrets")[0].0, level, "{outcome:?}");
        assert!(!outcome.stdout.contains("canary"));
    }
    set(0o600);
    std::fs::create_dir(sandbox.state_dir()).expect("make a folder");
    std::fs::set_permissions(sandbox.state_dir(), std::fs::Permissions::from_mode(0o755)).expect("chmod");
    let answer = sandbox.run(&["check", "--json"]).expect_code(1).json();
    let state = found(&answer, "", "state directory");
    assert!(
        state[0].0 == "error" && state[0].1.contains("open to others"),
        "{state:?}"
    );
}

/// A line that compose reads otherwise than it looks is named, and never shown.
#[test]
fn lines_of_an_env_file_that_look_wrong_are_named() {
    let sandbox = Sandbox::with(&[Instance::script("a", "").process("env_file", json!("a.env"))]);
    let file = sandbox.path("a.env");
    for (text, level, line) in [
        ("A=1 # one\nB='$x'\n", "ok", ""),
        ("A=1\nB=can$ary\n", "warning", "line 2"),
        ("A=1\nA=2\ncanary\n", "warning", "line 2"),
        ("A=1\n; canary of systemd\n", "error", "line 2"),
        ("A=\"canary\n", "error", "line 1"),
    ] {
        std::fs::write(&file, text).expect("write a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("chmod");
        let outcome = sandbox.run(&["check", "--json"]);
        let found = found(&outcome.json(), "a", "env_file");
        assert_eq!(found[0].0, level, "{text}: {outcome:?}");
        assert!(found[0].1.contains(line), "{text}: {outcome:?}");
        assert!(!outcome.stdout.contains("canary"), "{outcome:?}");
    }
}

#[test]
fn commands_that_are_wanted_one_day_are_looked_for_today() {
    let tell = |program: &str| json!([{ "command": [program, "canary"], "events": ["crashed"] }]);
    let sandbox = Sandbox::with(&[
        Instance::script("a", "").with("on_event", tell("./no-such-hook")),
        Instance::script("b", "").with("on_event", tell("sh")),
        Instance::script("c", "").with("stop", json!([{ "exec": ["/nonexistent/save"], "wait": "5s" }])),
    ]);
    let outcome = sandbox.run(&["check", "--json"]).expect_code(1);
    let answer = outcome.json();
    for (id, level) in [("a", "error"), ("b", "ok"), ("c", "error")] {
        assert_eq!(found(&answer, id, "commands")[0].0, level, "{id}: {answer:#}");
    }
    assert!(!outcome.stdout.contains("canary"), "{outcome:?}");
}

/// The rights that count are those of the user that root starts the game as.
#[test]
fn the_user_of_the_instance_is_who_must_be_able_to() {
    if !support::is_root("the_user_of_the_instance_is_who_must_be_able_to") {
        return;
    }
    let sandbox = Sandbox::new();
    let (folder, program) = (sandbox.path("closed"), sandbox.path("closed/game"));
    std::fs::create_dir(&folder).expect("make a folder");
    std::fs::write(&program, "#!/bin/sh\n").expect("write a file");
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("chmod");
    };
    // On the way to it, too.
    set(sandbox.dir(), 0o755);
    let game = Instance::program("a", &program.display().to_string(), &[])
        .process("user", json!("nobody"))
        .process("cwd", json!(folder));
    sandbox.inventory(&[game]);
    for (open, executable, level) in [(0o755, 0o755, "ok"), (0o755, 0o700, "error"), (0o700, 0o755, "error")] {
        set(&program, executable);
        set(&folder, open);
        let answer = sandbox.run(&["check", "--json"]).json();
        let (found, message) = found(&answer, "a", "executable")[0].clone();
        assert_eq!(found, level, "{open:o} {executable:o}: {message}");
    }
}

/// A `docker` that says what a real one says, and an inventory with a stack.
fn with_docker(script: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.inventory_text("instances: {dune: {docker_compose: {file: compose.yaml}}}");
    let path = sandbox.stand_in("docker", script);
    (sandbox, path)
}

fn check_with(path: &str, sandbox: &Sandbox) -> support::Outcome {
    let args = ["check", "--json"];
    let output = sandbox.command(&args).env("PATH", path).output().expect("run gamectl");
    support::Outcome::of(&args, &output)
}

/// Against an engine: tests/suite/docker_compose.rs.
#[test]
fn an_engine_and_compose_and_their_file() {
    let well = r#"case "$*" in
        "version "*) echo 27.1.1 ;;
        "compose version"*) echo 2.29.1 ;;
        *"--format json") echo '{"services":{"db":{"restart":"always"},"game":{}}}' ;;
        *) ;;
    esac"#;
    let (sandbox, path) = with_docker(well);
    let outcome = check_with(&path, &sandbox).expect_code(0);
    let answer = outcome.json();
    let told = |about| found(&answer, "dune", about)[0].clone();
    assert_eq!(
        told("engine"),
        ("ok".into(), "it answers, and is version 27.1.1".into())
    );
    assert_eq!(
        told("compose"),
        ("ok".into(), "`docker compose`, version 2.29.1".into())
    );
    assert_eq!(told("compose file").0, "ok");
    let (level, rivals) = told("restart");
    assert!(level == "warning" && rivals.contains("restarts db"), "{rivals}");
}

#[test]
fn an_engine_that_is_away_and_a_file_that_compose_does_not_take() {
    let away = r#"case "$*" in
        "compose version"*) echo 2.29.1 ;;
        *config*) echo "services must be a mapping" >&2; exit 15 ;;
        *) echo "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?" >&2; exit 1 ;;
    esac"#;
    let (sandbox, path) = with_docker(away);
    let answer = check_with(&path, &sandbox).expect_code(6).json();
    let (level, message) = found(&answer, "dune", "engine")[0].clone();
    assert!(level == "error" && message.contains("does not answer"), "{message}");
    let (level, message) = found(&answer, "dune", "compose file")[0].clone();
    assert!(level == "error" && message.contains("must be a mapping"), "{message}");
}

/// An engine that answers, and forbids what it is asked for: to Docker's own
/// client, where there is one.
#[test]
fn an_engine_that_refuses() {
    let client = std::process::Command::new("docker").arg("--version").output();
    if !client.is_ok_and(|output| output.status.success()) {
        return support::not_run("an engine that refuses", "there is no `docker`", "GAMECTL_TEST_ENGINE");
    }
    let sandbox = Sandbox::new();
    let socket = sandbox.path("engine.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let body = r#"{"message":"authorization denied by the owner"}"#;
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nConnection: close";
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    std::fs::write(sandbox.path("compose.yaml"), "services: {game: {image: none}}\n").expect("write");
    sandbox.inventory_text("instances: {dune: {docker_compose: {file: compose.yaml}}}");
    let run = |args: &[&str]| {
        let mut command = sandbox.command(args);
        command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
        support::Outcome::of(args, &command.output().expect("run gamectl"))
    };
    let row = run(&["status", "--json"]).expect_code(4).json()["instances"][0].clone();
    assert_eq!(row["state"], "unknown", "{row}");
    assert!(
        row["note"]
            .as_str()
            .is_some_and(|note| note.contains("authorization denied")),
        "{row}"
    );
    for verb in ["start", "stop", "restart"] {
        let outcome = run(&[verb, "dune", "--timeout", "20s"]);
        assert!(matches!(outcome.code, Some(1 | 4)), "{outcome:?}");
        assert!(outcome.stderr.contains("authorization denied"), "{outcome:?}");
    }
    let answer = run(&["check", "--json"]).json();
    let (level, message) = found(&answer, "dune", "engine")[0].clone();
    assert!(
        level == "error" && message.contains("authorization denied"),
        "{message}"
    );
}

#[test]
fn docker_that_is_not_installed() {
    let (sandbox, _) = with_docker("");
    let answer = check_with("/nonexistent", &sandbox).expect_code(1).json();
    for about in ["engine", "compose"] {
        let (level, message) = found(&answer, "dune", about)[0].clone();
        assert!(level == "error" && message.contains("is not installed"), "{message}");
    }
}

#[test]
fn what_would_be_done_to_a_stack() {
    let (sandbox, path) = with_docker("exit 0");
    let rehearse = |verb: &str| {
        let args = [verb, "dune", "--dry-run"];
        let output = sandbox.command(&args).env("PATH", &path).output().expect("run gamectl");
        support::Outcome::of(&args, &output).expect_code(0).stdout
    };
    let text = rehearse("restart");
    for words in ["compose.yaml", "project dune", "wait up to 5m"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!sandbox.state_dir().exists());
}
