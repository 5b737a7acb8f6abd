//! The steps of a verb: `--dry-run`.

use super::seen;
use crate::event::{DryRun, Verb};
use crate::supervisor::PlannedStep;

#[test]
fn a_dry_run() {
    let item = DryRun {
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
    --- 120 columns, off a terminal
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
    ");
}

#[test]
fn rehearsals_of_nothing_and_of_several() {
    insta::assert_snapshot!(seen(|screen| screen.dry_run(Verb::Stop, &[])), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour, 40 columns, off a terminal
    ");
    let item = |id: &str, would: &str| DryRun {
        id: id.into(),
        would: would.into(),
        steps: Vec::new(),
    };
    let items = [
        item("rust-main", "nothing to do: it is stopped"),
        item("conan", "cannot be told: lock: Permission denied"),
    ];
    insta::assert_snapshot!(seen(|screen| screen.dry_run(Verb::Stop, &items)), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour, off a terminal
    rust-main: nothing to do: it is stopped
    conan: cannot be told: lock: Permission denied
    --- 40 columns
    rust-main: nothing to do: it is stopped
    conan: cannot be told: lock: Permission
      denied
    ");
}
