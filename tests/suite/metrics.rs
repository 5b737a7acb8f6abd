//! Metrics of `run` through the built binary: as a file and over HTTP, with readers that
//! are slow, many or rude.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Background, Instance, Sandbox, wait_for, wait_until};

fn game(sandbox: &Sandbox, id: &str) -> Instance {
    let game = sandbox.solitary(id).ready_log("^up$");
    game.with("restart", json!({ "delay": "0s" }))
}

/// Returns the value of one sample; `None` while there is none.
fn sample(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let is_meant = |line: &&str| {
        let rest = line.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(['{', ' ']) && labels.iter().all(|label| rest.contains(label)))
    };
    let line = text.lines().find(is_meant)?;
    line.rsplit_once(' ')?.1.parse().ok()
}

fn is_in(text: &str, id: &str, state: &str) -> bool {
    let labels = [format!("id=\"{id}\""), format!("state=\"{state}\"")];
    sample(text, "gamectl_instance_state", &labels.each_ref().map(String::as_str)) == Some(1.0)
}

/// Returns the address that `run` says it serves metrics at.
fn served_at(run: &Background) -> String {
    wait_for("the address of the metrics", || {
        let told = run.events("log").into_iter().find_map(|entry| {
            let message = entry["message"].as_str()?.to_owned();
            message.strip_prefix("metrics are served at ").map(str::to_owned)
        })?;
        Some(told.strip_prefix("http://")?.strip_suffix("/metrics")?.to_owned())
    })
}

fn ask(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("ask");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    String::from_utf8(answer).expect("UTF-8")
}

fn get(address: &str) -> String {
    ask(
        TcpStream::connect(address).expect("connect"),
        "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    )
}

fn folder_is_empty(path: &Path) -> bool {
    fs::read_dir(path).expect("a folder").next().is_none()
}

#[test]
fn states_are_in_a_file_and_over_http_and_both_go_at_the_end() {
    let sandbox = Sandbox::new();
    let (tcp, unix) = (game(&sandbox, "a"), game(&sandbox, "b").with("autostart", json!(false)));
    let daily = json!([{ "cron": "0 5 * * *", "timezone": "UTC", "do": "restart" }]);
    sandbox.inventory(&[tcp, unix.with("schedule", daily)]);
    fs::create_dir(sandbox.path("metrics")).expect("a folder");
    let file = sandbox.arg("metrics/gamectl.prom");
    let args = ["--metrics-file", &file, "--metrics", "127.0.0.1:0"];
    let run = Background::run_json(&sandbox, &args);
    run.sees("a", "running");
    let read = || fs::read_to_string(&file).expect("a file that is always there");
    wait_until("the file to show it", || {
        is_in(&read(), "a", "running") && is_in(&read(), "b", "stopped")
    });
    // It is measured, as metrics are read.
    wait_until("its memory", || {
        let name = "gamectl_instance_memory_bytes";
        sample(&read(), name, &["id=\"a\""]).is_some_and(|bytes| bytes > 100_000.0)
            && sample(&read(), name, &["id=\"b\""]).is_none()
    });
    let at = sample(
        &read(),
        "gamectl_instance_next_schedule_timestamp_seconds",
        &["id=\"b\""],
    );
    assert!(at.is_some_and(|at| at % 86_400.0 == 18_000.0), "{at:?}");
    sandbox.tell("a", "exit 3");
    let text = wait_for("the restart in the file", || {
        let text = read();
        assert!(text.ends_with("# EOF\n"), "never a part of it: {text}");
        (sample(&text, "gamectl_instance_restarts_total", &["id=\"a\""]) == Some(1.0)).then_some(text)
    });
    assert_eq!(
        sample(&text, "gamectl_instance_last_exit_code", &["id=\"a\""]),
        Some(3.0)
    );
    let answer = get(&served_at(&run));
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(
        head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4"),
        "{head}"
    );
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    assert_eq!(
        sample(body, "gamectl_instance_restarts_total", &["id=\"a\""]),
        Some(1.0)
    );
    assert!(
        sample(body, "gamectl_run_log_entries_total", &["level=\"error\""]) >= Some(1.0),
        "{body}"
    );
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    assert!(folder_is_empty(&sandbox.path("metrics")), "nobody keeps it current");
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn a_socket_is_for_this_user_and_takes_the_place_of_a_dead_one() {
    let sandbox = Sandbox::new();
    let path = sandbox.path("metrics.socket");
    let at = format!("unix:{}", path.display());
    drop(UnixListener::bind(&path).expect("a socket that nobody listens at"));
    let run = Background::run_json(&sandbox, &["--metrics", &at]);
    let mode = fs::metadata(&path).expect("the socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let open = "GET /metrics HTTP/1.1\r\nAccept: application/openmetrics-text\r\n\r\n";
    let answer = ask(UnixStream::connect(&path).expect("connect"), open);
    assert!(
        answer.contains("application/openmetrics-text; version=1.0.0"),
        "{answer}"
    );
    // Another one does not take it from the living.
    let other = Sandbox::new();
    let refused = other.run(&["run", "--metrics", &at]).expect_code(1);
    assert!(refused.stderr.contains("metrics cannot be served at"), "{refused:?}");
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    assert!(!path.exists());
    // What is no socket is left alone.
    sandbox.touch("file");
    let refused = sandbox.run(&["run", "--metrics", &format!("unix:{}", sandbox.arg("file"))]);
    assert!(refused.expect_code(1).stderr.contains("no socket"));
    assert!(sandbox.path("file").exists());
}

#[test]
fn addresses_and_files_that_cannot_be_are_refused_before_anything_starts() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    for (args, code, said) in [
        (["--metrics", "0.0.0.0:9100"], 2, "other machines could reach"),
        (["--metrics", "9100"], 2, "is not an address"),
        (["--metrics", &taken], 1, "metrics cannot be served at"),
        (
            ["--metrics-file", "missing/x.prom"],
            1,
            "metrics cannot be written to missing/x.prom",
        ),
    ] {
        let refused = sandbox.run(&[&["run"], &args[..]].concat()).expect_code(code);
        assert!(refused.stderr.contains(said), "{refused:?}");
    }
    assert_eq!(sandbox.state("a"), "stopped");
}

#[test]
fn readers_that_hang_hold_up_nothing() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let run = Background::run_json(&sandbox, &["--metrics", "127.0.0.1:0"]);
    run.sees("a", "running");
    let address = served_at(&run);
    let connect = || TcpStream::connect(&address).expect("connect");
    // More than it serves at a time: some say nothing, some read nothing.
    let mut silent: Vec<TcpStream> = (0..30).map(|_| connect()).collect();
    for deaf in silent.iter_mut().skip(15) {
        deaf.write_all(b"GET /metrics HTTP/1.1\r\n\r\n").expect("ask");
    }
    sandbox.tell("a", "exit 3");
    wait_until("a restart", || {
        let states = run.states("a");
        states.contains(&"crashed".to_owned()) && states.ends_with(&["running".into()])
    });
    for one in &silent {
        let _ = one.shutdown(Shutdown::Both);
    }
    drop(silent);
    let answer = get(&address);
    assert_eq!(
        sample(&answer, "gamectl_instance_restarts_total", &["id=\"a\""]),
        Some(1.0)
    );
    // Neither what is too long nor what is no HTTP is kept.
    let endless = "x".repeat(20 << 10);
    let mut stream = connect();
    let _ = stream.write_all(endless.as_bytes());
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 400"), "{said:?}");
    assert!(get(&address).starts_with("HTTP/1.1 200 OK"));
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}

#[test]
fn a_file_that_cannot_be_written_any_more_is_told_once() {
    let sandbox = Sandbox::new();
    sandbox.inventory(&[game(&sandbox, "a")]);
    let folder = sandbox.path("metrics");
    fs::create_dir(&folder).expect("a folder");
    let file = sandbox.arg("metrics/gamectl.prom");
    let run = Background::run_json(&sandbox, &["--metrics-file", &file]);
    run.sees("a", "running");
    fs::remove_dir_all(&folder).expect("remove the folder");
    let restart = |count: usize| {
        sandbox.tell("a", "exit 3");
        wait_until("a restart", || {
            let states = run.states("a");
            states.ends_with(&["running".into()]) && states.iter().filter(|one| *one == "crashed").count() == count
        });
    };
    restart(1);
    wait_until("the trouble", || run.logged("the metrics cannot be written") == 1);
    restart(2);
    fs::create_dir(&folder).expect("a folder");
    restart(3);
    wait_until("the end of the trouble", || run.logged("the metrics are in") == 1);
    assert_eq!(run.logged("the metrics cannot be written"), 1, "{}", run.text());
    let text = fs::read_to_string(&file).expect("the file");
    assert!(text.ends_with("# EOF\n"));
    assert_eq!(run.end(Signal::SIGINT), Some(0));
    sandbox.ok(&["stop", "--all"]);
    sandbox.nothing_left();
}
