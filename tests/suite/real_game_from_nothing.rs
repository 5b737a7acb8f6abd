//! Real game servers of Debian's packages, from nothing to `stop`: by a preset alone, or by
//! `gamectl import` of what another tool has.
//!
//! They are not on every machine: `cargo test --test suite real_game_from_nothing -- --ignored`.

use std::net::{TcpStream, UdpSocket};
use std::path::Path;

use serde_json::json;

use crate::support::{self, Sandbox, wait_until};

/// Asserts that a program of a package is there: these tests are asked for.
fn needs(package: &str, path: &str) {
    assert!(Path::new(path).exists(), "{path} is not here: apt install {package}");
}

/// Starts what the inventory has, waits until it answers, and stops it by its polite step.
fn life(sandbox: &Sandbox, id: &str, ended_by: &str, answers: impl Fn() -> bool) {
    sandbox.ok(&["start", id]);
    wait_until("it to answer", answers);
    let stopped = sandbox.ok(&["stop", id, "--json"]).json()["results"][0].clone();
    assert_eq!(stopped["ended_by"], ended_by, "{}", sandbox.console(id));
    let exit = sandbox.status(id)["last_exit"].clone();
    assert_eq!(exit["requested"], json!(true), "{exit}");
    sandbox.nothing_left();
}

/// Writes an inventory with one instance of a preset.
fn preset(sandbox: &Sandbox, game: &str, executable: &str, args: &[&str]) {
    let process = json!({ "executable": executable, "args": args, "env": { "HOME": sandbox.arg("home") } });
    let whole = json!({ "instances": { "a": { "game": game, "process": process } } });
    sandbox.inventory_text(&whole.to_string());
}

/// Writes a file of another tool, and makes an inventory of it.
fn import(sandbox: &Sandbox, name: &str, text: &str) {
    let file = sandbox.path(name);
    std::fs::write(&file, text).expect("write");
    let inventory = sandbox.arg("instances.yaml");
    // That of a new sandbox is empty, and `import` overwrites nothing.
    std::fs::remove_file(&inventory).expect("remove");
    let file = file.display().to_string();
    sandbox.ok(&["import", &file, "--id", "a", "-o", &inventory]);
}

fn is_taken(port: u16) -> bool {
    UdpSocket::bind(("127.0.0.1", port)).is_err()
}

#[test]
#[ignore = "needs a game server of Debian's: apt install openttd openttd-opengfx"]
fn openttd_by_its_preset() {
    needs("openttd", "/usr/games/openttd");
    let sandbox = Sandbox::new();
    let port = support::free_port();
    preset(
        &sandbox,
        "openttd",
        "/usr/games/openttd",
        &["-D", &format!("127.0.0.1:{port}")],
    );
    life(&sandbox, "a", "stdin: quit", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
}

#[test]
#[ignore = "needs a game server of Debian's: apt install teeworlds-server"]
fn teeworlds_by_its_preset() {
    needs("teeworlds-server", "/usr/games/teeworlds-server");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port();
    let args = [&format!("sv_port {port}"), "sv_register 0", "bindaddr 127.0.0.1"];
    preset(&sandbox, "teeworlds", "/usr/games/teeworlds-server", &args);
    life(&sandbox, "a", "signal: INT", || is_taken(port));
}

#[test]
#[ignore = "needs a game server of Debian's: apt install minetest-server"]
fn luanti_by_its_preset() {
    needs("minetest-server", "/usr/games/minetestserver");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port();
    let (world, number) = (sandbox.arg("world"), port.to_string());
    let args = [
        "--world",
        &world,
        "--port",
        &number,
        "--color",
        "never",
        "--logfile",
        "",
        "--info",
    ];
    preset(&sandbox, "luanti", "/usr/games/minetestserver", &args);
    life(&sandbox, "a", "signal: TERM", || {
        UdpSocket::bind(("0.0.0.0", port)).is_err()
    });
}

#[test]
#[ignore = "needs a game server of Debian's: apt install wesnoth-1.16-server"]
fn wesnoth_of_a_unit() {
    needs("wesnoth-1.16-server", "/usr/games/wesnothd-1.16");
    let sandbox = Sandbox::new();
    let port = support::free_port();
    let unit = format!(
        "[Unit]\nDescription=Battle for Wesnoth\n[Service]\nWorkingDirectory=/\n\
         ExecStart=/usr/games/wesnothd-1.16 --port {port}\nKillSignal=SIGTERM\nTimeoutStopSec=20\n"
    );
    import(&sandbox, "wesnothd.service", &unit);
    life(&sandbox, "a", "signal: TERM", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
}

#[test]
#[ignore = "needs a game server of Debian's: apt install bzflag-server"]
fn bzflag_of_a_procfile() {
    needs("bzflag-server", "/usr/games/bzfs");
    let sandbox = Sandbox::new();
    let port = support::free_port();
    import(
        &sandbox,
        "Procfile",
        &format!("bz: /usr/games/bzfs -i 127.0.0.1 -p {port} -advertise NONE -d\n"),
    );
    life(&sandbox, "a", "signal: TERM", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
}

#[test]
#[ignore = "needs a game server of Debian's: apt install freeciv-server"]
fn freeciv_of_supervisord() {
    needs("freeciv-server", "/usr/games/freeciv-server");
    let sandbox = Sandbox::new();
    let port = support::free_port();
    // It refuses to run as root.
    let user = match nix::unistd::geteuid().is_root() {
        true => "user=games\n",
        false => "",
    };
    let program = format!(
        "[program:freeciv]\ncommand=/usr/games/freeciv-server -b 127.0.0.1 -p {port}\n{user}directory=/\n\
         environment=HOME=\"/nonexistent\"\nstopsignal=TERM\nstopwaitsecs=20\n"
    );
    import(&sandbox, "freeciv.conf", &program);
    life(&sandbox, "a", "signal: TERM", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
}

#[test]
#[ignore = "needs a game server of Debian's: apt install armagetronad-dedicated"]
fn armagetron_of_a_unit() {
    needs("armagetronad-dedicated", "/usr/games/armagetronad-dedicated.real");
    let sandbox = Sandbox::new();
    let port = support::free_udp_port();
    let tron = sandbox.arg("tron");
    std::fs::create_dir_all(&tron).expect("a folder");
    let settings = format!("SERVER_PORT {port}\nTALK_TO_MASTER 0\n");
    std::fs::write(sandbox.path("tron/autoexec.cfg"), settings).expect("its settings");
    let unit = format!(
        "[Service]\nWorkingDirectory={tron}\nExecStart=/usr/games/armagetronad-dedicated.real \
         --datadir /usr/share/games/armagetronad --configdir /etc/armagetronad-dedicated \
         --userconfigdir {tron} --userdatadir {tron} --vardir {tron}\nKillSignal=SIGTERM\n"
    );
    import(&sandbox, "armagetron.service", &unit);
    life(&sandbox, "a", "signal: TERM", || {
        is_taken(port) || UdpSocket::bind(("0.0.0.0", port)).is_err()
    });
}
