//! What became of a verb, and what would.

use std::time::Duration;

use super::seen;
use crate::event::{Rehearsal, Verb, VerbResult};
use crate::failure::Failure;
use crate::supervisor::{InstanceState, PlannedStep};
use crate::ui::options::{Color, Options};
use crate::ui::testing::piped;

pub(super) fn result(id: &str, state: InstanceState) -> VerbResult {
    VerbResult {
        id: id.to_owned(),
        changed: true,
        state: Some(state),
        took: Duration::from_millis(42_300),
        ended_by: None,
        note: None,
        error: None,
    }
}

#[test]
fn results_of_verbs() {
    let shown = |verb: Verb, done: &VerbResult| {
        let mut lines = String::new();
        for options in [
            Options::default(),
            Options {
                color: Color::Always,
                ..Options::default()
            },
        ] {
            let shown = piped(options);
            shown
                .screen
                .progress(verb, 1)
                .event(&crate::event::Event::Done(done.clone()));
            lines.push_str(&format!("{}{}", shown.out.take(), shown.err.take()).replace('\u{1b}', "␛"));
        }
        lines
    };
    use InstanceState::{Crashed, Running, Stopped};
    let stopped = |by: &str| VerbResult {
        ended_by: Some(by.to_owned()),
        ..result("rust-main", Stopped)
    };
    let failed = VerbResult {
        error: Some(
            Failure::failed("cannot start: /srv/rust/RustDedicated: No such file or directory")
                .hint("install the game, or correct `executable`"),
        ),
        ..result("rust-main", Crashed { exit_code: None })
    };
    let already = VerbResult {
        changed: false,
        ..result("rust-main", Running)
    };
    let all = [
        shown(Verb::Start, &result("rust-main", Running)),
        shown(Verb::Start, &already),
        shown(Verb::Start, &failed),
        shown(Verb::Restart, &result("rust-main", Running)),
        shown(Verb::Stop, &stopped("rcon: quit")),
        shown(Verb::Stop, &stopped("kill")),
    ];
    insta::assert_snapshot!(all.concat(), @r"
    rust-main: ready after 42 s
    rust-main: ␛[32mready after 42 s␛[0m
    rust-main: already running
    rust-main: ␛[32malready running␛[0m
    error: rust-main: cannot start: /srv/rust/RustDedicated: No such file or directory
    hint: install the game, or correct `executable`
    ␛[1;31merror:␛[0m rust-main: cannot start: /srv/rust/RustDedicated: No such file or directory
    ␛[36mhint:␛[0m install the game, or correct `executable`
    rust-main: restarted, ready after 42 s
    rust-main: ␛[32mrestarted, ready after 42 s␛[0m
    rust-main: stopped by rcon: quit in 42 s
    rust-main: ␛[2mstopped by rcon: quit in 42 s␛[0m
    rust-main: killed after 42 s
    rust-main: ␛[1;33mkilled after 42 s␛[0m
    ");
}

#[test]
fn a_rehearsal() {
    let item = Rehearsal {
        id: "rust-main".into(),
        would: "would be stopped and started: it is running".into(),
        steps: vec![
            PlannedStep::new("rcon: quit, then wait up to 1m", "stop"),
            PlannedStep::new(
                "run /srv/rust/RustDedicated -batchmode +rcon.password *** in /srv/rust",
                "process",
            ),
            PlannedStep::new(
                "wait up to 15m until it is ready: a log line matches /Server startup complete/",
                "ready",
            ),
        ],
    };
    insta::assert_snapshot!(seen(|screen| screen.dry_run(Verb::Restart, std::slice::from_ref(&item))), @r"
    --- 120 columns
    rust-main: would be stopped and started: it is running
      1. rcon: quit, then wait up to 1m (stop)
      2. run /srv/rust/RustDedicated -batchmode +rcon.password *** in /srv/rust (process)
      3. wait up to 15m until it is ready: a log line matches /Server startup complete/ (ready)
    --- 120 columns in colour
    rust-main: would be stopped and started: it is running
      1. rcon: quit, then wait up to 1m ␛[2m(stop)␛[0m
      2. run /srv/rust/RustDedicated -batchmode +rcon.password *** in /srv/rust ␛[2m(process)␛[0m
      3. wait up to 15m until it is ready: a log line matches /Server startup complete/ ␛[2m(ready)␛[0m
    --- 80 columns
    rust-main: would be stopped and started: it is running
      1. rcon: quit, then wait up to 1m (stop)
      2. run /srv/rust/RustDedicated -batchmode +rcon.password *** in /srv/rust
         (process)
      3. wait up to 15m until it is ready: a log line matches /Server startup
         complete/ (ready)
    --- 80 columns in colour
    rust-main: would be stopped and started: it is running
      1. rcon: quit, then wait up to 1m ␛[2m(stop)␛[0m
      2. run /srv/rust/RustDedicated -batchmode +rcon.password *** in /srv/rust
         ␛[2m(process)␛[0m
      3. wait up to 15m until it is ready: a log line matches /Server startup
         complete/ ␛[2m(ready)␛[0m
    --- 40 columns
    rust-main: would be stopped and started:
      it is running
      1. rcon: quit, then wait up to 1m
         (stop)
      2. run /srv/rust/RustDedicated
         -batchmode +rcon.password *** in
         /srv/rust (process)
      3. wait up to 15m until it is ready: a
         log line matches /Server startup
         complete/ (ready)
    --- off a terminal
    rust-main: would be stopped and started: it is running
      1. rcon: quit, then wait up to 1m (stop)
      2. run /srv/rust/RustDedicated -batchmode +rcon.password *** in /srv/rust (process)
      3. wait up to 15m until it is ready: a log line matches /Server startup complete/ (ready)
    ");
}
