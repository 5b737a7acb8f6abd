//! Every screen that is not live, as it is seen: on terminals of 120 and of 80
//! columns, in colour, and off a terminal.

use std::time::Duration;

use super::options::{Color, Options};
use super::screen::Screen;
use super::testing::{Shown, both_on_terminal, piped, row};
use crate::event::{Headcount, Rehearsal, Row, Verb, VerbResult};
use crate::failure::{Failure, FailureKind};
use crate::finding::Finding;
use crate::inventory::{Problem, Problems};
use crate::supervisor::{InstanceState, PlannedStep, Players, Sight};

/// What it shows in all these ways, one below the other; an escape character
/// is seen as `␛`.
fn seen(show: impl Fn(&Screen)) -> String {
    let plain = Options {
        color: Color::Never,
        ..Options::default()
    };
    let both = |shown: Shown| {
        show(&shown.screen);
        format!("{}{}", shown.out.take(), shown.err.take()).replace('\u{1b}', "␛")
    };
    format!(
        "--- 120 columns\n{}--- 80 columns\n{}--- in colour\n{}--- off a terminal\n{}",
        both(both_on_terminal(plain, 120)),
        both(both_on_terminal(plain, 80)),
        both(both_on_terminal(Options::default(), 80)),
        both(piped(Options::default())),
    )
}

fn running(id: &str, uptime: u64, pid: u32) -> Row {
    row(id, InstanceState::Running, |facts| {
        (facts.uptime_seconds, facts.pid) = (uptime, Some(pid));
    })
}

/// One of each, with all that can be told.
fn all_kinds() -> Vec<Row> {
    let mut rust = running("rust-main", 273_600, 4242);
    rust.headcount = Headcount::Counted(Players { online: 87, max: 200 });
    let mut craft = running("a-long-name-of-a-server", 7_500, 31337);
    craft.headcount = Headcount::Unanswered;
    if let Sight::Known(facts) = &mut craft.sight {
        facts.restarts = 3;
    }
    let dune = Row {
        plane: "docker_compose",
        sight: Sight::Unknown {
            reason: "the engine does not answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock"
                .into(),
        },
        ..row("dune", InstanceState::Stopped, |_| {})
    };
    vec![
        rust,
        craft,
        row("conan", InstanceState::Starting, |facts| facts.pid = Some(77)),
        row("soulmask", InstanceState::Crashed { exit_code: Some(139) }, |facts| {
            facts.note = Some("killed by SIGSEGV before it was ready; held: start it by hand".into());
        }),
        row("valheim", InstanceState::Stopping, |facts| facts.pid = Some(78)),
        row("old", InstanceState::Stopped, |_| {}),
        row("ark", InstanceState::Unmanaged, |facts| {
            facts.note = Some("no executable is given".into());
        }),
        dune,
    ]
}

#[test]
fn status_of_nothing_and_of_one() {
    insta::assert_snapshot!(seen(|screen| screen.status(&[])), @r"
    --- 120 columns
    note: the inventory is empty
    --- 80 columns
    note: the inventory is empty
    --- in colour
    ␛[36mnote:␛[0m the inventory is empty
    --- off a terminal
    note: the inventory is empty
    ");
    insta::assert_snapshot!(seen(|screen| screen.status(&[running("rust-main", 42, 4242)])), @r"
    --- 120 columns
    ID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ● running  42s     4242
    --- 80 columns
    ID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ● running  42s     4242
    --- in colour
    ␛[1mID         ␛[0m␛[1mPLANE    ␛[0m␛[1mSTATE      ␛[0m␛[1mUPTIME  ␛[0m␛[1mPID   ␛[0m␛[1mNOTE␛[0m
    rust-main  process  ␛[38;5;2m● running  ␛[39m42s     4242
    --- off a terminal
    ID         PLANE    STATE    UPTIME  PID   NOTE
    rust-main  process  running  42s     4242
    ");
}

#[test]
fn status_of_every_kind() {
    insta::assert_snapshot!(seen(|screen| screen.status(&all_kinds())), @r"
    --- 120 columns
    ID                       PLANE           STATE        UPTIME  PID    PLAYERS  RESTARTS  NOTE
    rust-main                process         ● running    3d 4h   4242   87/200   0
    a-long-name-of-a-server  process         ● running    2h 5m   31337  -        3
    conan                    process         ◐ starting   -       77     -        0
    soulmask                 process         ✗ crashed    -       -      -        0         killed by SIGSEGV before it was…
    valheim                  process         ◑ stopping   -       78     -        0
    old                      process         ○ stopped    -       -      -        0
    ark                      process         · unmanaged  -       -      -        0         no executable is given
    dune                     docker_compose  ? unknown    -       -      -        -         the engine does not answer: Can…
    --- 80 columns
    ID                       STATE        UPTIME  PLAYERS  NOTE
    rust-main                ● running    3d 4h   87/200
    a-long-name-of-a-server  ● running    2h 5m   -
    conan                    ◐ starting   -       -
    soulmask                 ✗ crashed    -       -        killed by SIGSEGV before…
    valheim                  ◑ stopping   -       -
    old                      ○ stopped    -       -
    ark                      · unmanaged  -       -        no executable is given
    dune                     ? unknown    -       -        the engine does not answ…
    --- in colour
    ␛[1mID                       ␛[0m␛[1mSTATE        ␛[0m␛[1mUPTIME  ␛[0m␛[1mPLAYERS  ␛[0m␛[1mNOTE                     ␛[0m
    rust-main                ␛[38;5;2m● running    ␛[39m3d 4h   87/200
    a-long-name-of-a-server  ␛[38;5;2m● running    ␛[39m2h 5m   -
    conan                    ␛[38;5;3m◐ starting   ␛[39m-       -
    soulmask                 ␛[38;5;1m✗ crashed    ␛[39m-       -        killed by SIGSEGV before…
    valheim                  ␛[38;5;3m◑ stopping   ␛[39m-       -
    old                      ␛[2m○ stopped    ␛[0m-       -
    ark                      ␛[2m· unmanaged  ␛[0m-       -        no executable is given
    dune                     ␛[38;5;5m? unknown    ␛[39m-       -        the engine does not answ…
    --- off a terminal
    ID                       PLANE           STATE      UPTIME  PID    PLAYERS  RESTARTS  NOTE
    rust-main                process         running    3d 4h   4242   87/200   0
    a-long-name-of-a-server  process         running    2h 5m   31337  -        3
    conan                    process         starting   -       77     -        0
    soulmask                 process         crashed    -       -      -        0         killed by SIGSEGV before it was ready; held: start it by hand
    valheim                  process         stopping   -       78     -        0
    old                      process         stopped    -       -      -        0
    ark                      process         unmanaged  -       -      -        0         no executable is given
    dune                     docker_compose  unknown    -       -      -        -         the engine does not answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock
    ");
}

#[test]
fn status_of_many() {
    let many: Vec<Row> = (0..11)
        .map(|n| running(&format!("game-{n:02}"), n * 5000, 4000))
        .collect();
    insta::assert_snapshot!(seen(|screen| screen.status(&many)), @r"
    --- 120 columns
    ID       PLANE    STATE      UPTIME   PID   NOTE
    game-00  process  ● running  0s       4000
    game-01  process  ● running  1h 23m   4000
    game-02  process  ● running  2h 46m   4000
    game-03  process  ● running  4h 10m   4000
    game-04  process  ● running  5h 33m   4000
    game-05  process  ● running  6h 56m   4000
    game-06  process  ● running  8h 20m   4000
    game-07  process  ● running  9h 43m   4000
    game-08  process  ● running  11h 6m   4000
    game-09  process  ● running  12h 30m  4000
    game-10  process  ● running  13h 53m  4000

    11 instances: 11 running
    --- 80 columns
    ID       PLANE    STATE      UPTIME   PID   NOTE
    game-00  process  ● running  0s       4000
    game-01  process  ● running  1h 23m   4000
    game-02  process  ● running  2h 46m   4000
    game-03  process  ● running  4h 10m   4000
    game-04  process  ● running  5h 33m   4000
    game-05  process  ● running  6h 56m   4000
    game-06  process  ● running  8h 20m   4000
    game-07  process  ● running  9h 43m   4000
    game-08  process  ● running  11h 6m   4000
    game-09  process  ● running  12h 30m  4000
    game-10  process  ● running  13h 53m  4000

    11 instances: 11 running
    --- in colour
    ␛[1mID       ␛[0m␛[1mPLANE    ␛[0m␛[1mSTATE      ␛[0m␛[1mUPTIME   ␛[0m␛[1mPID   ␛[0m␛[1mNOTE␛[0m
    game-00  process  ␛[38;5;2m● running  ␛[39m0s       4000
    game-01  process  ␛[38;5;2m● running  ␛[39m1h 23m   4000
    game-02  process  ␛[38;5;2m● running  ␛[39m2h 46m   4000
    game-03  process  ␛[38;5;2m● running  ␛[39m4h 10m   4000
    game-04  process  ␛[38;5;2m● running  ␛[39m5h 33m   4000
    game-05  process  ␛[38;5;2m● running  ␛[39m6h 56m   4000
    game-06  process  ␛[38;5;2m● running  ␛[39m8h 20m   4000
    game-07  process  ␛[38;5;2m● running  ␛[39m9h 43m   4000
    game-08  process  ␛[38;5;2m● running  ␛[39m11h 6m   4000
    game-09  process  ␛[38;5;2m● running  ␛[39m12h 30m  4000
    game-10  process  ␛[38;5;2m● running  ␛[39m13h 53m  4000

    ␛[2m11 instances: 11 running␛[0m
    --- off a terminal
    ID       PLANE    STATE    UPTIME   PID   NOTE
    game-00  process  running  0s       4000
    game-01  process  running  1h 23m   4000
    game-02  process  running  2h 46m   4000
    game-03  process  running  4h 10m   4000
    game-04  process  running  5h 33m   4000
    game-05  process  running  6h 56m   4000
    game-06  process  running  8h 20m   4000
    game-07  process  running  9h 43m   4000
    game-08  process  running  11h 6m   4000
    game-09  process  running  12h 30m  4000
    game-10  process  running  13h 53m  4000
    ");
}

fn result(id: &str, state: InstanceState) -> VerbResult {
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
    --- 80 columns
    rust-main: would be stopped and started: it is running
      1. rcon: quit, then wait up to 1m (stop)
      2. run /srv/rust/RustDedicated -batchmode +rcon.password *** in /srv/rust (process)
      3. wait up to 15m until it is ready: a log line matches /Server startup complete/ (ready)
    --- in colour
    rust-main: would be stopped and started: it is running
      1. rcon: quit, then wait up to 1m ␛[2m(stop)␛[0m
      2. run /srv/rust/RustDedicated -batchmode +rcon.password *** in /srv/rust ␛[2m(process)␛[0m
      3. wait up to 15m until it is ready: a log line matches /Server startup complete/ ␛[2m(ready)␛[0m
    --- off a terminal
    rust-main: would be stopped and started: it is running
      1. rcon: quit, then wait up to 1m (stop)
      2. run /srv/rust/RustDedicated -batchmode +rcon.password *** in /srv/rust (process)
      3. wait up to 15m until it is ready: a log line matches /Server startup complete/ (ready)
    ");
}

#[test]
fn what_a_check_finds() {
    let findings = [
        Finding::ok("disk", "41 GiB are free in /srv"),
        Finding::warning("user", "it runs as root: a hole in the game is a hole in the host")
            .hint("make a user for it, and name that in `user:`")
            .of("rust-main"),
        Finding::error("ports", "28015/udp is taken by rust-test as well")
            .hint("give one of them another port")
            .of("rust-main"),
    ];
    insta::assert_snapshot!(seen(|screen| screen.findings(&findings)), @r"
    --- 120 columns
    ok      disk: 41 GiB are free in /srv
    warning rust-main: user: it runs as root: a hole in the game is a hole in the host
            hint: make a user for it, and name that in `user:`
    error   rust-main: ports: 28015/udp is taken by rust-test as well
            hint: give one of them another port

    1 ok, 1 warning, 1 error
    --- 80 columns
    ok      disk: 41 GiB are free in /srv
    warning rust-main: user: it runs as root: a hole in the game is a hole in the host
            hint: make a user for it, and name that in `user:`
    error   rust-main: ports: 28015/udp is taken by rust-test as well
            hint: give one of them another port

    1 ok, 1 warning, 1 error
    --- in colour
    ␛[32mok     ␛[0m disk: 41 GiB are free in /srv
    ␛[1;33mwarning␛[0m rust-main: user: it runs as root: a hole in the game is a hole in the host
            ␛[36mhint:␛[0m make a user for it, and name that in `user:`
    ␛[1;31merror  ␛[0m rust-main: ports: 28015/udp is taken by rust-test as well
            ␛[36mhint:␛[0m give one of them another port

    1 ok, 1 warning, 1 error
    --- off a terminal
    ok      disk: 41 GiB are free in /srv
    warning rust-main: user: it runs as root: a hole in the game is a hole in the host
            hint: make a user for it, and name that in `user:`
    error   rust-main: ports: 28015/udp is taken by rust-test as well
            hint: give one of them another port

    1 ok, 1 warning, 1 error
    ");
}

#[test]
fn what_is_wrong_with_an_inventory() {
    let problem = |line, column, width, excerpt: &str, message: &str| Problem {
        line: Some(line),
        column: Some(column),
        width,
        message: message.to_owned(),
        hint: None,
        excerpt: Some(excerpt.into()),
        caret: column - 1,
        related: None,
    };
    let mut unknown = problem(
        9,
        7,
        10,
        "      executible: ***",
        "unknown key `executible` in `process`",
    );
    unknown.hint = Some("did you mean `executable`?".into());
    let mut twice = problem(12, 3, 9, "  rust-main:", "`rust-main` is there twice");
    twice.related = Some((4, "first given".into()));
    let problems = Problems {
        source: "/etc/gamectl/instances.yaml".into(),
        list: vec![unknown, twice],
    };
    insta::assert_snapshot!(seen(|screen| screen.problems(&problems)), @r"
    --- 120 columns
    error: unknown key `executible` in `process`
     --> /etc/gamectl/instances.yaml:9:7
      |
    9 |       executible: ***
      |       ^^^^^^^^^^
    hint: did you mean `executable`?

    error: `rust-main` is there twice
      --> /etc/gamectl/instances.yaml:12:3
       |
    12 |   rust-main:
       |   ^^^^^^^^^
       = first given: line 4

    2 problems in /etc/gamectl/instances.yaml; nothing was touched
    --- 80 columns
    error: unknown key `executible` in `process`
     --> /etc/gamectl/instances.yaml:9:7
      |
    9 |       executible: ***
      |       ^^^^^^^^^^
    hint: did you mean `executable`?

    error: `rust-main` is there twice
      --> /etc/gamectl/instances.yaml:12:3
       |
    12 |   rust-main:
       |   ^^^^^^^^^
       = first given: line 4

    2 problems in /etc/gamectl/instances.yaml; nothing was touched
    --- in colour
    ␛[1;31merror:␛[0m unknown key `executible` in `process`
     ␛[2m-->␛[0m /etc/gamectl/instances.yaml:9:7
      ␛[2m|␛[0m
    9 ␛[2m|␛[0m       executible: ***
      ␛[2m|␛[0m       ␛[31m^^^^^^^^^^␛[0m
    ␛[36mhint:␛[0m did you mean `executable`?

    ␛[1;31merror:␛[0m `rust-main` is there twice
      ␛[2m-->␛[0m /etc/gamectl/instances.yaml:12:3
       ␛[2m|␛[0m
    12 ␛[2m|␛[0m   rust-main:
       ␛[2m|␛[0m   ␛[31m^^^^^^^^^␛[0m
       = first given: line 4

    2 problems in /etc/gamectl/instances.yaml; nothing was touched
    --- off a terminal
    error: unknown key `executible` in `process`
     --> /etc/gamectl/instances.yaml:9:7
      |
    9 |       executible: ***
      |       ^^^^^^^^^^
    hint: did you mean `executable`?

    error: `rust-main` is there twice
      --> /etc/gamectl/instances.yaml:12:3
       |
    12 |   rust-main:
       |   ^^^^^^^^^
       = first given: line 4

    2 problems in /etc/gamectl/instances.yaml; nothing was touched
    ");
}

#[test]
fn failures_of_the_whole_command() {
    let usage =
        Failure::new(FailureKind::Usage, "unexpected argument '--timeut' found").hint("did you mean `--timeout`?");
    insta::assert_snapshot!(seen(|screen| screen.failure(&usage)), @r"
    --- 120 columns
    error: unexpected argument '--timeut' found
    hint: did you mean `--timeout`?
    --- 80 columns
    error: unexpected argument '--timeut' found
    hint: did you mean `--timeout`?
    --- in colour
    ␛[1;31merror:␛[0m unexpected argument '--timeut' found
    ␛[36mhint:␛[0m did you mean `--timeout`?
    --- off a terminal
    error: unexpected argument '--timeut' found
    hint: did you mean `--timeout`?
    ");
    insta::assert_snapshot!(seen(|screen| screen.interrupted(Verb::Start, &["rust-main"])), @r"
    --- 120 columns
    interrupted: what was launched goes on starting; `gamectl status rust-main` shows how far it is
    --- 80 columns
    interrupted: what was launched goes on starting; `gamectl status rust-main` shows how far it is
    --- in colour
    ␛[1;33minterrupted:␛[0m what was launched goes on starting; `gamectl status rust-main` shows how far it is
    --- off a terminal
    interrupted: what was launched goes on starting; `gamectl status rust-main` shows how far it is
    ");
}
