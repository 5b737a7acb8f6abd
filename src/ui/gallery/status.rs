//! The table of `status`.

use super::seen;
use crate::event::{PlayerCount, Row};
use crate::supervisor::{InstanceState, Observation, Players, Usage};
use crate::ui::testing::row;

pub(super) fn running(id: &str, uptime: u64, pid: u32) -> Row {
    row(id, InstanceState::Running, |facts| {
        (facts.uptime_seconds, facts.pid) = (uptime, Some(pid));
    })
}

/// One of each, with all that can be known.
pub(super) fn all_kinds() -> Vec<Row> {
    let mut rust = running("rust-main", 273_600, 4242);
    rust.player_count = PlayerCount::Counted(Players {
        online: 87,
        max: Some(200),
    });
    let mut craft = running("a-long-name-of-a-server", 7_500, 31337);
    craft.player_count = PlayerCount::Unanswered;
    if let Observation::Known(facts) = &mut craft.observation {
        facts.restarts = 3;
    }
    let dune = Row {
        plane: "docker_compose",
        host: None,
        observation: Observation::Unknown {
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
fn status_of_several_hosts() {
    let there = |id: &str, host: &str| Row {
        host: Some(host.to_owned()),
        ..running(id, 42, 4242)
    };
    let away = Row {
        host: Some("box3".to_owned()),
        observation: Observation::Unknown {
            reason: "box3: it cannot be reached: ssh: connect to host box3 port 22: No route to host".into(),
        },
        ..running("eu-2", 0, 1)
    };
    let rows = [running("rust-main", 42, 4242), there("eu-1", "box2"), away];
    insta::assert_snapshot!(seen(|screen| screen.status(&rows)), @r"
    --- 120 columns
    ID         HOST  PLANE    STATE      UPTIME  PID   NOTE
    rust-main  -     process  ● running  42s     4242
    eu-1       box2  process  ● running  42s     4242
    eu-2       box3  process  ? unknown  -       -     box3: it cannot be reached: ssh: connect to host box3 port 22: No
                                                       route to host
    --- 120 columns in colour
    ␛[1mID         ␛[0m␛[1mHOST  ␛[0m␛[1mPLANE    ␛[0m␛[1mSTATE      ␛[0m␛[1mUPTIME  ␛[0m␛[1mPID   ␛[0m␛[1mNOTE                                                                 ␛[0m
    rust-main  -     process  ␛[38;5;2m● running  ␛[39m42s     4242
    eu-1       box2  process  ␛[38;5;2m● running  ␛[39m42s     4242
    eu-2       box3  process  ␛[38;5;5m? unknown  ␛[39m-       -     box3: it cannot be reached: ssh: connect to host box3 port 22: No
                                                       route to host
    --- 80 columns
    ID         HOST  STATE      UPTIME  PID   NOTE
    rust-main  -     ● running  42s     4242
    eu-1       box2  ● running  42s     4242
    eu-2       box3  ? unknown  -       -     box3: it cannot be reached: ssh:
                                              connect to host box3 port 22: No route
                                              to host
    --- 80 columns in colour
    ␛[1mID         ␛[0m␛[1mHOST  ␛[0m␛[1mSTATE      ␛[0m␛[1mUPTIME  ␛[0m␛[1mPID   ␛[0m␛[1mNOTE                                  ␛[0m
    rust-main  -     ␛[38;5;2m● running  ␛[39m42s     4242
    eu-1       box2  ␛[38;5;2m● running  ␛[39m42s     4242
    eu-2       box3  ␛[38;5;5m? unknown  ␛[39m-       -     box3: it cannot be reached: ssh:
                                              connect to host box3 port 22: No route
                                              to host
    --- 40 columns
    ID         STATE
    rust-main  ● running
    eu-1       ● running
    eu-2       ? unknown
        box3: it cannot be reached: ssh:
        connect to host box3 port 22: No
        route to host
    --- off a terminal
    ID         HOST  PLANE    STATE    UPTIME  PID   NOTE
    rust-main  -     process  running  42s     4242
    eu-1       box2  process  running  42s     4242
    eu-2       box3  process  unknown  -       -     box3: it cannot be reached: ssh: connect to host box3 port 22: No route to host
    ");
}

#[test]
fn status_of_nothing_and_of_one() {
    insta::assert_snapshot!(seen(|screen| screen.status(&[])), @r"
    --- 120 columns, off a terminal
    note: the inventory has no instances; `gamectl games minecraft` prints one to paste below `instances:`
    --- 120 columns in colour
    ␛[36mnote:␛[0m the inventory has no instances; `gamectl games minecraft` prints one to paste below `instances:`
    --- 80 columns
    note: the inventory has no instances; `gamectl games minecraft` prints one to
          paste below `instances:`
    --- 80 columns in colour
    ␛[36mnote:␛[0m the inventory has no instances; `gamectl games minecraft` prints one to
          paste below `instances:`
    --- 40 columns
    note: the inventory has no instances;
          `gamectl games minecraft` prints
          one to paste below `instances:`
    ");
    insta::assert_snapshot!(seen(|screen| screen.status(&[running("rust-main", 42, 4242)])), @r"
    --- 120 columns, 80 columns
    ID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ● running  42s     4242
    --- 120 columns in colour, 80 columns in colour
    ␛[1mID         ␛[0m␛[1mPLANE    ␛[0m␛[1mSTATE      ␛[0m␛[1mUPTIME  ␛[0m␛[1mPID   ␛[0m␛[1mNOTE␛[0m
    rust-main  process  ␛[38;5;2m● running  ␛[39m42s     4242
    --- 40 columns
    ID         STATE      UPTIME  PID   NOTE
    rust-main  ● running  42s     4242
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
    soulmask                 process         ✗ crashed    -       -      -        0         killed by SIGSEGV before it was
                                                                                            ready; held: start it by hand
    valheim                  process         ◑ stopping   -       78     -        0
    old                      process         ○ stopped    -       -      -        0
    ark                      process         · unmanaged  -       -      -        -         no executable is given
    dune                     docker_compose  ? unknown    -       -      -        -         the engine does not answer:
                                                                                            Cannot connect to the Docker
                                                                                            daemon at
                                                                                            unix:///var/run/docker.sock
    --- 120 columns in colour
    ␛[1mID                       ␛[0m␛[1mPLANE           ␛[0m␛[1mSTATE        ␛[0m␛[1mUPTIME  ␛[0m␛[1mPID    ␛[0m␛[1mPLAYERS  ␛[0m␛[1mRESTARTS  ␛[0m␛[1mNOTE                            ␛[0m
    rust-main                process         ␛[38;5;2m● running    ␛[39m3d 4h   4242   87/200   0
    a-long-name-of-a-server  process         ␛[38;5;2m● running    ␛[39m2h 5m   31337  -        3
    conan                    process         ␛[38;5;3m◐ starting   ␛[39m-       77     -        0
    soulmask                 process         ␛[38;5;1m✗ crashed    ␛[39m-       -      -        0         killed by SIGSEGV before it was
                                                                                            ready; held: start it by hand
    valheim                  process         ␛[38;5;3m◑ stopping   ␛[39m-       78     -        0
    old                      process         ␛[2m○ stopped    ␛[0m-       -      -        0
    ark                      process         ␛[2m· unmanaged  ␛[0m-       -      -        -         no executable is given
    dune                     docker_compose  ␛[38;5;5m? unknown    ␛[39m-       -      -        -         the engine does not answer:
                                                                                            Cannot connect to the Docker
                                                                                            daemon at
                                                                                            unix:///var/run/docker.sock
    --- 80 columns
    ID                       STATE        UPTIME  PLAYERS  NOTE
    rust-main                ● running    3d 4h   87/200
    a-long-name-of-a-server  ● running    2h 5m   -
    conan                    ◐ starting   -       -
    soulmask                 ✗ crashed    -       -        killed by SIGSEGV before
                                                           it was ready; held: start
                                                           it by hand
    valheim                  ◑ stopping   -       -
    old                      ○ stopped    -       -
    ark                      · unmanaged  -       -        no executable is given
    dune                     ? unknown    -       -        the engine does not
                                                           answer: Cannot connect to
                                                           the Docker daemon at
                                                           unix:///var/run/docker.so
                                                           ck
    --- 80 columns in colour
    ␛[1mID                       ␛[0m␛[1mSTATE        ␛[0m␛[1mUPTIME  ␛[0m␛[1mPLAYERS  ␛[0m␛[1mNOTE                     ␛[0m
    rust-main                ␛[38;5;2m● running    ␛[39m3d 4h   87/200
    a-long-name-of-a-server  ␛[38;5;2m● running    ␛[39m2h 5m   -
    conan                    ␛[38;5;3m◐ starting   ␛[39m-       -
    soulmask                 ␛[38;5;1m✗ crashed    ␛[39m-       -        killed by SIGSEGV before
                                                           it was ready; held: start
                                                           it by hand
    valheim                  ␛[38;5;3m◑ stopping   ␛[39m-       -
    old                      ␛[2m○ stopped    ␛[0m-       -
    ark                      ␛[2m· unmanaged  ␛[0m-       -        no executable is given
    dune                     ␛[38;5;5m? unknown    ␛[39m-       -        the engine does not
                                                           answer: Cannot connect to
                                                           the Docker daemon at
                                                           unix:///var/run/docker.so
                                                           ck
    --- 40 columns
    ID                       STATE
    rust-main                ● running
    a-long-name-of-a-server  ● running
    conan                    ◐ starting
    soulmask                 ✗ crashed
        killed by SIGSEGV before it was
        ready; held: start it by hand
    valheim                  ◑ stopping
    old                      ○ stopped
    ark                      · unmanaged
        no executable is given
    dune                     ? unknown
        the engine does not answer: Cannot
        connect to the Docker daemon at
        unix:///var/run/docker.sock
    --- off a terminal
    ID                       PLANE           STATE      UPTIME  PID    PLAYERS  RESTARTS  NOTE
    rust-main                process         running    3d 4h   4242   87/200   0
    a-long-name-of-a-server  process         running    2h 5m   31337  -        3
    conan                    process         starting   -       77     -        0
    soulmask                 process         crashed    -       -      -        0         killed by SIGSEGV before it was ready; held: start it by hand
    valheim                  process         stopping   -       78     -        0
    old                      process         stopped    -       -      -        0
    ark                      process         unmanaged  -       -      -        -         no executable is given
    dune                     docker_compose  unknown    -       -      -        -         the engine does not answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock
    ");
}

#[test]
fn status_of_many() {
    let many: Vec<Row> = (0..11)
        .map(|n| running(&format!("game-{n:02}"), n * 5000, 4000))
        .collect();
    insta::assert_snapshot!(seen(|screen| screen.status(&many)), @r"
    --- 120 columns, 80 columns
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
    --- 120 columns in colour, 80 columns in colour
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
    --- 40 columns
    ID       STATE      UPTIME   PID   NOTE
    game-00  ● running  0s       4000
    game-01  ● running  1h 23m   4000
    game-02  ● running  2h 46m   4000
    game-03  ● running  4h 10m   4000
    game-04  ● running  5h 33m   4000
    game-05  ● running  6h 56m   4000
    game-06  ● running  8h 20m   4000
    game-07  ● running  9h 43m   4000
    game-08  ● running  11h 6m   4000
    game-09  ● running  12h 30m  4000
    game-10  ● running  13h 53m  4000

    11 instances: 11 running
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

#[test]
fn status_with_a_long_id() {
    let id = format!("a{}z", "-very-long-name".repeat(4));
    let rows = [
        running(&id, 42, 4242),
        row("conan", InstanceState::Crashed { exit_code: Some(3) }, |facts| {
            facts.note = Some("exit code 3 before it was ready".into());
        }),
    ];
    insta::assert_snapshot!(seen(|screen| screen.status(&rows)), @r"
    --- 120 columns
    ID                                                              STATE      UPTIME  PID   NOTE
    a-very-long-name-very-long-name-very-long-name-very-long-namez  ● running  42s     4242
    conan                                                           ✗ crashed  -       -     exit code 3 before it was ready
    --- 120 columns in colour
    ␛[1mID                                                              ␛[0m␛[1mSTATE      ␛[0m␛[1mUPTIME  ␛[0m␛[1mPID   ␛[0m␛[1mNOTE                           ␛[0m
    a-very-long-name-very-long-name-very-long-name-very-long-namez  ␛[38;5;2m● running  ␛[39m42s     4242
    conan                                                           ␛[38;5;1m✗ crashed  ␛[39m-       -     exit code 3 before it was ready
    --- 80 columns
    ID                                STATE      UPTIME  NOTE
    a-very-long-name-very-long-name…  ● running  42s
    conan                             ✗ crashed  -       exit code 3 before it was
                                                         ready
    --- 80 columns in colour
    ␛[1mID                                ␛[0m␛[1mSTATE      ␛[0m␛[1mUPTIME  ␛[0m␛[1mNOTE                       ␛[0m
    a-very-long-name-very-long-name…  ␛[38;5;2m● running  ␛[39m42s
    conan                             ␛[38;5;1m✗ crashed  ␛[39m-       exit code 3 before it was
                                                         ready
    --- 40 columns
    ID                        STATE
    a-very-long-name-very-l…  ● running
    conan                     ✗ crashed
        exit code 3 before it was ready
    --- off a terminal
    ID                                                              PLANE    STATE    UPTIME  PID   NOTE
    a-very-long-name-very-long-name-very-long-name-very-long-namez  process  running  42s     4242
    conan                                                           process  crashed  -       -     exit code 3 before it was ready
    ");
}

#[test]
fn status_with_usage() {
    let mut rows = all_kinds();
    for row in &mut rows {
        row.usage = Some(Usage::default());
    }
    rows[0].usage = Some(Usage {
        cpu_percent: Some(187.5),
        memory_bytes: Some(9_876_543_210),
        tasks: Some(87),
        read_bytes: Some(123_456_789),
        written_bytes: Some(4_567),
        ..Usage::default()
    });
    rows[1].usage = Some(Usage {
        memory_bytes: Some(1_234_567),
        ..Usage::default()
    });
    insta::assert_snapshot!(seen(|screen| screen.status(&rows)), @r"
    --- 120 columns
    ID                       STATE        UPTIME  PLAYERS  CPU     MEMORY  TASKS  DISK       RESTARTS  NOTE
    rust-main                ● running    3d 4h   87/200   187.5%  9.2G    87     118M/4.5K  0
    a-long-name-of-a-server  ● running    2h 5m   -        -       1.2M    -      -          3
    conan                    ◐ starting   -       -        -       -       -      -          0
    soulmask                 ✗ crashed    -       -        -       -       -      -          0         killed by SIGSEGV
                                                                                                       before it was ready;
                                                                                                       held: start it by
                                                                                                       hand
    valheim                  ◑ stopping   -       -        -       -       -      -          0
    old                      ○ stopped    -       -        -       -       -      -          0
    ark                      · unmanaged  -       -        -       -       -      -          -         no executable is
                                                                                                       given
    dune                     ? unknown    -       -        -       -       -      -          -         the engine does not
                                                                                                       answer: Cannot
                                                                                                       connect to the Docker
                                                                                                       daemon at
                                                                                                       unix:///var/run/docke
                                                                                                       r.sock
    --- 120 columns in colour
    ␛[1mID                       ␛[0m␛[1mSTATE        ␛[0m␛[1mUPTIME  ␛[0m␛[1mPLAYERS  ␛[0m␛[1mCPU     ␛[0m␛[1mMEMORY  ␛[0m␛[1mTASKS  ␛[0m␛[1mDISK       ␛[0m␛[1mRESTARTS  ␛[0m␛[1mNOTE                 ␛[0m
    rust-main                ␛[38;5;2m● running    ␛[39m3d 4h   87/200   187.5%  9.2G    87     118M/4.5K  0
    a-long-name-of-a-server  ␛[38;5;2m● running    ␛[39m2h 5m   -        -       1.2M    -      -          3
    conan                    ␛[38;5;3m◐ starting   ␛[39m-       -        -       -       -      -          0
    soulmask                 ␛[38;5;1m✗ crashed    ␛[39m-       -        -       -       -      -          0         killed by SIGSEGV
                                                                                                       before it was ready;
                                                                                                       held: start it by
                                                                                                       hand
    valheim                  ␛[38;5;3m◑ stopping   ␛[39m-       -        -       -       -      -          0
    old                      ␛[2m○ stopped    ␛[0m-       -        -       -       -      -          0
    ark                      ␛[2m· unmanaged  ␛[0m-       -        -       -       -      -          -         no executable is
                                                                                                       given
    dune                     ␛[38;5;5m? unknown    ␛[39m-       -        -       -       -      -          -         the engine does not
                                                                                                       answer: Cannot
                                                                                                       connect to the Docker
                                                                                                       daemon at
                                                                                                       unix:///var/run/docke
                                                                                                       r.sock
    --- 80 columns
    ID                       STATE        CPU     MEMORY  NOTE
    rust-main                ● running    187.5%  9.2G
    a-long-name-of-a-server  ● running    -       1.2M
    conan                    ◐ starting   -       -
    soulmask                 ✗ crashed    -       -       killed by SIGSEGV before
                                                          it was ready; held: start
                                                          it by hand
    valheim                  ◑ stopping   -       -
    old                      ○ stopped    -       -
    ark                      · unmanaged  -       -       no executable is given
    dune                     ? unknown    -       -       the engine does not
                                                          answer: Cannot connect to
                                                          the Docker daemon at
                                                          unix:///var/run/docker.soc
                                                          k
    --- 80 columns in colour
    ␛[1mID                       ␛[0m␛[1mSTATE        ␛[0m␛[1mCPU     ␛[0m␛[1mMEMORY  ␛[0m␛[1mNOTE                      ␛[0m
    rust-main                ␛[38;5;2m● running    ␛[39m187.5%  9.2G
    a-long-name-of-a-server  ␛[38;5;2m● running    ␛[39m-       1.2M
    conan                    ␛[38;5;3m◐ starting   ␛[39m-       -
    soulmask                 ␛[38;5;1m✗ crashed    ␛[39m-       -       killed by SIGSEGV before
                                                          it was ready; held: start
                                                          it by hand
    valheim                  ␛[38;5;3m◑ stopping   ␛[39m-       -
    old                      ␛[2m○ stopped    ␛[0m-       -
    ark                      ␛[2m· unmanaged  ␛[0m-       -       no executable is given
    dune                     ␛[38;5;5m? unknown    ␛[39m-       -       the engine does not
                                                          answer: Cannot connect to
                                                          the Docker daemon at
                                                          unix:///var/run/docker.soc
                                                          k
    --- 40 columns
    ID           STATE        CPU     MEMORY
    rust-main    ● running    187.5%  9.2G
    a-long-nam…  ● running    -       1.2M
    conan        ◐ starting   -       -
    soulmask     ✗ crashed    -       -
        killed by SIGSEGV before it was
        ready; held: start it by hand
    valheim      ◑ stopping   -       -
    old          ○ stopped    -       -
    ark          · unmanaged  -       -
        no executable is given
    dune         ? unknown    -       -
        the engine does not answer: Cannot
        connect to the Docker daemon at
        unix:///var/run/docker.sock
    --- off a terminal
    ID                       PLANE           STATE      UPTIME  PID    PLAYERS  CPU     MEMORY  TASKS  DISK       RESTARTS  NOTE
    rust-main                process         running    3d 4h   4242   87/200   187.5%  9.2G    87     118M/4.5K  0
    a-long-name-of-a-server  process         running    2h 5m   31337  -        -       1.2M    -      -          3
    conan                    process         starting   -       77     -        -       -       -      -          0
    soulmask                 process         crashed    -       -      -        -       -       -      -          0         killed by SIGSEGV before it was ready; held: start it by hand
    valheim                  process         stopping   -       78     -        -       -       -      -          0
    old                      process         stopped    -       -      -        -       -       -      -          0
    ark                      process         unmanaged  -       -      -        -       -       -      -          -         no executable is given
    dune                     docker_compose  unknown    -       -      -        -       -       -      -          -         the engine does not answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock
    ");
}
