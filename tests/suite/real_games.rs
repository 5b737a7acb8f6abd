//! Real game servers of Debian's packages through their whole life under the
//! built binary: started by the resident supervisor, ready by their own line,
//! spoken to, crashed, restarted, and stopped in their own polite way.
//!
//! They are not on every machine, so these tests are run when they are asked
//! for: `cargo test --test suite real_games -- --ignored`.

use std::net::UdpSocket;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{self, Background, Instance, Process, Sandbox, wait_until};

/// A server, and how it is known to behave.
struct Game {
    instance: Instance,
    /// The line for its console, and the text that it prints then.
    word: Option<(&'static str, &'static str)>,
    ended_by: &'static str,
    code: i32,
}

/// A program of a package, which must be there: these tests are asked for.
fn program(package: &str, path: &'static str) -> &'static str {
    assert!(Path::new(path).exists(), "{path} is not here: apt install {package}");
    path
}

fn life(sandbox: &Sandbox, game: Game, answers: impl Fn() -> bool) {
    sandbox.inventory(&[game.instance.with("restart", json!({ "delay": "0s" }))]);
    let run = Background::run(sandbox);
    sandbox.wait_state("a", "running");
    wait_until("it to answer", &answers);
    if let Some((word, reply)) = game.word {
        sandbox.ok(&["send", "a", word]);
        sandbox.wait_console("a", reply);
    }
    let first = sandbox.pid("a");
    Process::signal(first, Signal::SIGKILL);
    assert_eq!(sandbox.wait_for_another("a", first)["restarts"], 1);
    wait_until("that to answer", &answers);
    let second = sandbox.pid("a");
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], game.ended_by, "{}", sandbox.console("a"));
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
    let exit = sandbox.status("a")["last_exit"].clone();
    assert_eq!((&exit["code"], &exit["requested"]), (&json!(game.code), &json!(true)));
    assert!(!Process::lives(second));
    sandbox.nothing_left();
}

#[test]
#[ignore = "needs a game server of Debian's: apt install bzflag-server"]
fn bzflag() {
    let executable = program("bzflag-server", "/usr/games/bzfs");
    let query = program("bzflag-server", "/usr/games/bzfquery");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port().to_string();
    let args = ["-i", "127.0.0.1", "-p", &port, "-advertise", "NONE", "-d", "-d", "-d"];
    let game = Game {
        instance: Instance::program("a", executable, &args)
            .with("ready", json!({ "log": "^Running a private server" }))
            .with("stop", json!([{ "signal": "TERM", "wait": "30s" }])),
        word: None,
        ended_by: "signal: TERM",
        code: 0,
    };
    life(&sandbox, game, || {
        let mut command = Command::new(query);
        let output = command.arg(format!("127.0.0.1:{port}")).output().expect("bzfquery");
        output.status.success()
    });
}

#[test]
#[ignore = "needs a game server of Debian's: apt install minetest-server"]
fn luanti() {
    let executable = program("minetest-server", "/usr/games/minetestserver");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port();
    let (world, number) = (sandbox.arg("world"), port.to_string());
    let args = ["--world", &world, "--port", &number, "--logfile", ""];
    let game = Game {
        instance: Instance::program("a", executable, &args)
            .with("ready", json!({ "log": r"listening on .*:\d+", "timeout": "2m" }))
            .with("stop", json!([{ "signal": "INT", "wait": "60s" }]))
            .env("HOME", &sandbox.arg("home")),
        word: None,
        ended_by: "signal: INT",
        code: 0,
    };
    life(&sandbox, game, || UdpSocket::bind(("0.0.0.0", port)).is_err());
}

#[test]
#[ignore = "needs a game server of Debian's: apt install freeciv-server"]
fn freeciv() {
    let executable = program("freeciv-server", "/usr/games/freeciv-server");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port().to_string();
    let mut instance = Instance::program("a", executable, &["-b", "127.0.0.1", "-p", &port])
        .process("cwd", json!("/"))
        .env("HOME", "/nonexistent")
        .with("ready", json!({ "log": "Now accepting new client connections" }))
        .with("stop", json!([{ "stdin": "quit", "wait": "30s" }]));
    if nix::unistd::geteuid().is_root() {
        // It refuses to run as root.
        instance = instance.process("user", json!("games"));
    }
    let game = Game {
        instance,
        word: Some(("show timeout", "timeout")),
        ended_by: "stdin: quit",
        code: 0,
    };
    let port: u16 = port.parse().expect("a port");
    life(&sandbox, game, || {
        std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
}

fn armagetron(sandbox: &Sandbox, port: u16) -> Vec<String> {
    std::fs::create_dir_all(sandbox.path("tron")).expect("a folder");
    let config = format!("SERVER_PORT {port}\nTALK_TO_MASTER 0\n");
    std::fs::write(sandbox.path("tron/autoexec.cfg"), config).expect("its settings");
    let tron = sandbox.arg("tron");
    let flags = [
        ("--datadir", "/usr/share/games/armagetronad"),
        ("--configdir", "/etc/armagetronad-dedicated"),
        ("--userconfigdir", &tron),
        ("--userdatadir", &tron),
        ("--vardir", &tron),
    ];
    flags
        .iter()
        .flat_map(|(flag, value)| [(*flag).to_owned(), (*value).to_owned()])
        .collect()
}

#[test]
#[ignore = "needs a game server of Debian's: apt install armagetronad-dedicated"]
fn armagetron_advanced() {
    let executable = program("armagetronad-dedicated", "/usr/games/armagetronad-dedicated.real");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port();
    let args = armagetron(&sandbox, port);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let game = Game {
        instance: Instance::program("a", executable, &args)
            .with("ready", json!({ "log": format!(r"Bound socket to .*:{port}\.") }))
            .with("stop", json!([{ "stdin": "QUIT", "wait": "30s" }])),
        word: Some(("SAY hello there", "Admin: hello there")),
        ended_by: "stdin: QUIT",
        code: 0,
    };
    life(&sandbox, game, || UdpSocket::bind(("127.0.0.1", port)).is_err());
}

#[test]
#[ignore = "needs a game server of Debian's: apt install armagetronad-dedicated"]
fn armagetron_below_a_launcher_that_passes_no_signal_on() {
    let executable = program("armagetronad-dedicated", "/usr/games/armagetronad-dedicated.real");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port();
    // As the wrapper of the package has it: in the background, and waited for.
    let args = armagetron(&sandbox, port).join(" ");
    let script = format!("{executable} {args} -d & wait; echo Terminated");
    let game = Instance::script("a", &script)
        .process("main", json!(r"/armagetronad-dedicated\.real$"))
        .with("ready", json!({ "log": format!(r"Bound socket to .*:{port}\.") }))
        .with("stop", json!([{ "signal": "TERM", "wait": "30s" }]));
    sandbox.inventory(&[game]);
    sandbox.ok(&["start", "a"]);
    wait_until("the game to be found", || {
        let name = std::fs::read_link(format!("/proc/{}/exe", sandbox.pid("a")));
        name.is_ok_and(|name| name == Path::new(executable))
    });
    let pid = sandbox.pid("a");
    let stopped = sandbox.ok(&["stop", "a", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], "signal: TERM");
    assert!(
        sandbox.console("a").contains("Terminated"),
        "the launcher went its own way"
    );
    // It has no handler, and its own end is on record, not its launcher's.
    assert_eq!(sandbox.status("a")["last_exit"]["signal"], "SIGTERM");
    assert!(!Process::lives(pid));
    sandbox.nothing_left();
}

/// Nobody who joins is at hand, and bots count for nobody: an instance whose query is silent
/// has players to be warned.
#[test]
#[ignore = "needs a game server of Debian's: apt install openarena-server"]
fn openarena_is_counted_and_warns_by_its_preset() {
    let executable = program("openarena-server", "/usr/games/openarena-server");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port();
    let number = port.to_string();
    let args = [
        "+set",
        "dedicated",
        "1",
        "+set",
        "net_port",
        &number,
        "+map",
        "aggressor",
    ];
    let game = || {
        Instance::program("a", executable, &args)
            .with("game", json!("openarena"))
            .with("ports", json!({ "game": format!("{port}/udp") }))
            .env("HOME", &sandbox.arg("home"))
    };
    std::fs::create_dir_all(sandbox.path("home")).expect("a home");
    sandbox.inventory(&[game()]);
    sandbox.ok(&["start", "a"]);
    let players = sandbox.status("a")["details"]["players"].clone();
    assert_eq!(players, json!({ "online": 0, "max": 8 }));
    sandbox.ok(&["restart", "a", "--warn", "10m"]);
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let silent = silent.local_addr().expect("its address").to_string();
    sandbox.inventory(&[game().with("players", json!({ "quake3": silent }))]);
    let stopped = sandbox.ok(&["stop", "a", "--warn", "1s", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], "stdin: quit", "{stopped}");
    let console = sandbox.console("a");
    assert!(console.contains("console: Shutdown in 1 second"), "{console}");
    sandbox.nothing_left();
}

/// Its reply comes in many packets, and `quit` has none.
#[test]
#[ignore = "needs a game server of Debian's: apt install openarena-server"]
fn openarena_is_told_over_its_rcon() {
    let executable = program("openarena-server", "/usr/games/openarena-server");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port();
    let number = port.to_string();
    let set = [
        ("dedicated", "1"),
        ("net_port", number.as_str()),
        ("rconpassword", "right"),
    ];
    let set = set.iter().flat_map(|(name, value)| ["+set", name, value]);
    let args: Vec<&str> = set.chain(["+map", "aggressor"]).collect();
    let game = |password: &str| {
        Instance::program("a", executable, &args)
            .with("game", json!("openarena"))
            .with("ports", json!({ "game": format!("{port}/udp") }))
            .with("quake_rcon", json!({ "port": port, "password": password }))
            .with("admin", json!("quake_rcon"))
            .with("stop", json!([{ "quake_rcon": "quit", "wait": "20s" }]))
            .with("ready", json!({ "rcon": true }))
            .env("HOME", &sandbox.arg("home"))
    };
    std::fs::create_dir_all(sandbox.path("home")).expect("a home");
    sandbox.inventory(&[game("right")]);
    sandbox.ok(&["start", "a"]);
    let status = sandbox.ok(&["send", "a", "status"]).stdout;
    assert!(status.contains("map: aggressor"), "{status}");
    let list = sandbox.ok(&["send", "a", "cvarlist"]).stdout;
    assert!(list.contains("total cvars"), "{} bytes: {list}", list.len());
    assert!(list.len() > 5_000, "{list}");
    sandbox.inventory(&[game("wrong")]);
    let refused = sandbox.run(&["send", "a", "status"]).expect_code(1);
    assert!(refused.stderr.contains("the password is wrong"), "{refused:?}");
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let silent = silent.local_addr().expect("its address").to_string();
    sandbox.inventory(&[game("right").with("players", json!({ "quake3": silent }))]);
    let stopped = sandbox.ok(&["stop", "a", "--warn", "1s", "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], "quake_rcon: quit", "{stopped}");
    let console = sandbox.console("a");
    assert!(
        console.contains("Rcon from 127.0.0.1: say Shutdown in 1 second"),
        "{console}"
    );
    sandbox.nothing_left();
}
