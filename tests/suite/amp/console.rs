//! Lines to a game, and its output.

use super::panel::{Panel, READY, STOPPED};
use super::sandbox;
use crate::support::{Background, wait_until};

#[test]
fn lines_reach_the_console_and_its_output_is_followed() {
    let panel = Panel::with(&[("Ark01", Some(READY)), ("Ark02", Some(STOPPED))]);
    let sandbox = sandbox(&panel, &["Ark01", "Ark02"]);
    panel.change("Ark01", |one| {
        one.console = ["one", "two", "three"].map(str::to_owned).into();
    });
    assert_eq!(sandbox.ok(&["logs", "-n", "2", "ark01"]).stdout, "two\nthree\n");
    assert_eq!(
        sandbox.ok(&["logs", "ark01"]).stdout,
        "one\ntwo\nthree\n",
        "each reader gets all"
    );
    let mut follow = Background::of(&mut sandbox.command(&["logs", "-f", "-n", "1", "ark01"]));
    follow.wait("three\n");
    sandbox.ok(&["send", "ark01", "say", "hi"]);
    follow.wait("heard say hi\n");
    // A new session gets everything again.
    panel.expire();
    sandbox.ok(&["send", "ark01", "bye"]);
    follow.wait("heard bye\n");
    assert_eq!(follow.text(), "three\nheard say hi\nheard bye\n");
    follow.signal(nix::sys::signal::Signal::SIGINT);
    wait_until("the end", || follow.has_ended());
    panel.change("Ark01", |one| assert_eq!(one.heard, ["say hi", "bye"]));
    let refused = sandbox.run(&["send", "ark02", "hi"]).expect_code(3);
    assert!(refused.stderr.contains("it does not run"), "{refused:?}");
}
