//! A game of AMP that does not answer any more.

use std::net::TcpListener;

use nix::sys::signal::Signal;
use serde_json::json;

use super::Panel;
use super::panel::READY;
use crate::support::{Background, Sandbox, wait_until};

#[test]
fn a_game_that_hangs_is_stopped_and_started_by_amp() {
    let panel = Panel::with(&[("Ark01", Some(READY))]);
    let game = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = game.local_addr().expect("its address").port();
    let sandbox = Sandbox::new();
    let healthy =
        json!({ "tcp": format!("127.0.0.1:{port}"), "start_grace": "0s", "interval": "50ms", "failures": 2, "of": 2 });
    let ark = json!({ "amp": panel.section("Ark01"), "healthy": healthy, "restart": { "delay": "0s" } });
    sandbox.inventory_text(&json!({ "instances": { "ark01": ark } }).to_string());
    let run = Background::run_json(&sandbox, &[]);
    wait_until("it to be watched", || run.logged("already running; watching it") == 1);
    // It must have held once, to count.
    game.accept().expect("a check");
    game.accept()
        .expect("the next one, which proves that the first has held");
    assert_eq!(run.logged("hung"), 0, "{}", run.text());
    drop(game);
    wait_until("it to be hung", || run.logged("hung: does not answer (tcp ") == 1);
    wait_until("AMP to be asked for its stop and its start", || {
        let asked: Vec<String> = panel.world().asked.iter().map(|(method, _)| method.clone()).collect();
        let place = |order: &str| asked.iter().position(|method| method.ends_with(order));
        matches!((place("Core/Stop"), place("Core/Start")), (Some(stop), Some(start)) if stop < start)
    });
    assert_eq!(run.end(Signal::SIGTERM), Some(0));
}
