//! The screen of `run`, and its lines off a terminal.

use std::time::Instant;

use super::options;
use super::scene::{Scene, on_terminals};
use super::status::{all_kinds, running};
use super::watch::{timeless, watched};
use crate::event::{Level, PlayerCount, ResidentEvent, Row};
use crate::supervisor::{InstanceState, Players};
use crate::ui::testing::{happened, piped, row};

/// All kinds, their player counts, and a message of every kind.
fn a_world(now: Instant) -> Vec<ResidentEvent> {
    use Level::{Error, Info, Warning};
    let mut events = watched(all_kinds(), now);
    let players = Players {
        online: 87,
        max: Some(200),
    };
    events.push(ResidentEvent::Players(
        "rust-main".into(),
        PlayerCount::Counted(players),
    ));
    for (id, level, text) in [
        (Some("conan"), Info, "already running; watching it"),
        (
            Some("soulmask"),
            Error,
            "crashed: killed by SIGSEGV\u{1b}[31m before it was ready",
        ),
        (Some("soulmask"), Info, "started again (2nd)"),
        (
            Some("valheim"),
            Error,
            "hung: tcp 127.0.0.1:2456 does not answer; it is to be stopped by its chain",
        ),
        (
            Some("valheim"),
            Warning,
            "its hook /srv/tell-discord for `crashed` failed: it was killed after its timeout of 10s",
        ),
        (
            Some("dune"),
            Warning,
            "its state is not known: the engine does not answer: Cannot connect to the Docker daemon",
        ),
        (
            Some("soulmask"),
            Error,
            "given up: it crashes too often; `gamectl start soulmask` tries again",
        ),
        (
            None,
            Error,
            "the inventory is not valid, and nothing was changed: line 9: unknown key `executible` in `process`",
        ),
        (None, Info, "the inventory was read again"),
    ] {
        events.push(happened(id, level, text));
    }
    events
}

fn watching(mut scene: Scene, events: &impl Fn(Instant) -> Vec<ResidentEvent>) -> String {
    let now = Instant::now();
    let mut watch = scene.screen.run_view("gamectl run instances.yaml");
    events(now).into_iter().for_each(|event| watch.event(event));
    watch.draw(now);
    scene.seen()
}

fn seen(rows: u16, events: impl Fn(Instant) -> Vec<ResidentEvent>) -> String {
    on_terminals(rows, |scene| watching(scene, &events))
}

#[test]
fn run_of_nothing_and_of_one() {
    insta::assert_snapshot!(seen(6, |_| Vec::new()), @r"
    --- 120 columns
    gamectl run instances.yaml: no instances                                                        Ctrl-C ends the watching

    --- 120 columns in colour
    ␛[1mgamectl run instances.yaml: no instances                                                        Ctrl-C ends the watching

    --- 80 columns
    gamectl run instances.yaml: no instances                Ctrl-C ends the watching

    --- 80 columns in colour
    ␛[1mgamectl run instances.yaml: no instances                Ctrl-C ends the watching
    ");
    let one = |now| {
        let mut events = watched(vec![running("rust-main", 42, 4242)], now);
        events.push(happened(Some("rust-main"), Level::Info, "running"));
        events
    };
    insta::assert_snapshot!(seen(6, one), @r"
    --- 120 columns
    gamectl run instances.yaml: 1 running                                                           Ctrl-C ends the watching
    ID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ● running  42s     4242

    03:04:05 rust-main: running

    --- 120 columns in colour
    ␛[1mgamectl run instances.yaml: 1 running                                                           Ctrl-C ends the watching
    ␛[1mID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ␛[32m● running  ␛[m42s     4242

    03:04:05 rust-main: running

    --- 80 columns
    gamectl run instances.yaml: 1 running                   Ctrl-C ends the watching
    ID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ● running  42s     4242

    03:04:05 rust-main: running

    --- 80 columns in colour
    ␛[1mgamectl run instances.yaml: 1 running                   Ctrl-C ends the watching
    ␛[1mID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ␛[32m● running  ␛[m42s     4242

    03:04:05 rust-main: running
    ");
}

#[test]
fn run_of_every_kind() {
    insta::assert_snapshot!(seen(24, a_world), @r"
    --- 120 columns
    2 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged                 Ctrl-C ends the watching
    ID                       PLANE           STATE        UPTIME  PID    PLAYERS  RESTARTS  NOTE
    rust-main                process         ● running    3d 4h   4242   87/200   0
    a-long-name-of-a-server  process         ● running    2h 5m   31337  -        3
    conan                    process         ◐ starting   -       77     -        0         not ready yet (log line), for 1m
                                                                                            15s
    soulmask                 process         ✗ crashed    -       -      -        0         retry in 8s (3rd); killed by
                                                                                            SIGSEGV before it was ready;
                                                                                            held: start it by hand
    valheim                  process         ◑ stopping   -       78     -        0
    old                      process         ○ stopped    -       -      -        0         queued
    ark                      process         · unmanaged  -       -      -        -         no executable is given
    dune                     docker_compose  ? unknown    -       -      -        -         the engine does not answer:
                                                                                            Cannot connect to the Docker
                                                                                            daemon at
                                                                                            unix:///var/run/docker.sock

    03:04:05 soulmask: started again (2nd)
    03:04:05 valheim: hung: tcp 127.0.0.1:2456 does not answer; it is to be stopped by its chain
    03:04:05 valheim: its hook /srv/tell-discord for `crashed` failed: it was killed after its timeout of 10s
    03:04:05 dune: its state is not known: the engine does not answer: Cannot connect to the Docker daemon
    03:04:05 soulmask: given up: it crashes too often; `gamectl start soulmask` tries again
    03:04:05 gamectl: the inventory is not valid, and nothing was changed: line 9: unknown key `executible` in `process`
    03:04:05 gamectl: the inventory was read again

    --- 120 columns in colour
    ␛[1m2 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged                 Ctrl-C ends the watching
    ␛[1mID                       PLANE           STATE        UPTIME  PID    PLAYERS  RESTARTS  NOTE
    rust-main                process         ␛[32m● running    ␛[m3d 4h   4242   87/200   0
    a-long-name-of-a-server  process         ␛[32m● running    ␛[m2h 5m   31337  -        3
    conan                    process         ␛[33m◐ starting   ␛[m-       77     -        0         not ready yet (log line), for 1m
                                                                                            15s
    soulmask                 process         ␛[31m✗ crashed    ␛[m-       -      -        0         retry in 8s (3rd); killed by
                                                                                            SIGSEGV before it was ready;
                                                                                            held: start it by hand
    valheim                  process         ␛[33m◑ stopping   ␛[m-       78     -        0
    old                      process         ␛[2m○ stopped    ␛[m-       -      -        0         queued
    ark                      process         ␛[2m· unmanaged  ␛[m-       -      -        -         no executable is given
    dune                     docker_compose  ␛[35m? unknown    ␛[m-       -      -        -         the engine does not answer:
                                                                                            Cannot connect to the Docker
                                                                                            daemon at
                                                                                            unix:///var/run/docker.sock

    03:04:05 soulmask: started again (2nd)
    ␛[31m03:04:05 valheim: hung: tcp 127.0.0.1:2456 does not answer; it is to be stopped by its chain
    ␛[33m03:04:05 valheim: its hook /srv/tell-discord for `crashed` failed: it was killed after its timeout of 10s
    ␛[33m03:04:05 dune: its state is not known: the engine does not answer: Cannot connect to the Docker daemon
    ␛[31m03:04:05 soulmask: given up: it crashes too often; `gamectl start soulmask` tries again
    ␛[31m03:04:05 gamectl: the inventory is not valid, and nothing was changed: line 9: unknown key `executible` in `process`
    03:04:05 gamectl: the inventory was read again

    --- 80 columns
    2 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
    ID                       STATE        UPTIME  PLAYERS  NOTE
    rust-main                ● running    3d 4h   87/200
    a-long-name-of-a-server  ● running    2h 5m   -
    conan                    ◐ starting   -       -        not ready yet (log line),
                                                           for 1m 15s
    soulmask                 ✗ crashed    -       -        retry in 8s (3rd); killed
                                                           by SIGSEGV before it was
                                                           ready; held: start it by
                                                           hand
    valheim                  ◑ stopping   -       -
    old                      ○ stopped    -       -        queued
    ark                      · unmanaged  -       -        no executable is given
    dune                     ? unknown    -       -        the engine does not
                                                           answer: Cannot connect to
                                                           the Docker daemon at
                                                           unix:///var/run/docker.so
                                                           ck

    03:04:05 soulmask: given up: it crashes too often; `gamectl start soulmask`
             tries again
    03:04:05 gamectl: the inventory is not valid, and nothing was changed: line 9:
             unknown key `executible` in `process`
    03:04:05 gamectl: the inventory was read again

    --- 80 columns in colour
    ␛[1m2 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
    ␛[1mID                       STATE        UPTIME  PLAYERS  NOTE
    rust-main                ␛[32m● running    ␛[m3d 4h   87/200
    a-long-name-of-a-server  ␛[32m● running    ␛[m2h 5m   -
    conan                    ␛[33m◐ starting   ␛[m-       -        not ready yet (log line),
                                                           for 1m 15s
    soulmask                 ␛[31m✗ crashed    ␛[m-       -        retry in 8s (3rd); killed
                                                           by SIGSEGV before it was
                                                           ready; held: start it by
                                                           hand
    valheim                  ␛[33m◑ stopping   ␛[m-       -
    old                      ␛[2m○ stopped    ␛[m-       -        queued
    ark                      ␛[2m· unmanaged  ␛[m-       -        no executable is given
    dune                     ␛[35m? unknown    ␛[m-       -        the engine does not
                                                           answer: Cannot connect to
                                                           the Docker daemon at
                                                           unix:///var/run/docker.so
                                                           ck

    ␛[31m03:04:05 soulmask: given up: it crashes too often; `gamectl start soulmask`
    ␛[31m         tries again
    ␛[31m03:04:05 gamectl: the inventory is not valid, and nothing was changed: line 9:
    ␛[31m         unknown key `executible` in `process`
    03:04:05 gamectl: the inventory was read again
    ");
    insta::assert_snapshot!(watching(Scene::on((40, 20), false), &a_world), @r"
    2 running, 1 starting, 1 stopping, 1 cr…
    ID                       STATE
    soulmask                 ✗ crashed
        retry in 8s (3rd); killed by SIGSEGV
        before it was ready; held: start it
        by hand
    dune                     ? unknown
        the engine does not answer: Cannot
        connect to the Docker daemon at
        unix:///var/run/docker.sock
    conan                    ◐ starting
        not ready yet (log line), for 1m 15s
    valheim                  ◑ stopping
    1 to 4 of 8 (arrows move), and 4 more: …

    03:04:05 gamectl: the inventory is not
             valid, and nothing was changed:
             line 9: unknown key `executibl…
    03:04:05 gamectl: the inventory was read
             again
    ");
}

/// The rows that are not as they should be come first.
#[test]
fn run_of_more_than_there_are_rows() {
    let many = |now| {
        let one = |n: u64| match n {
            17 => row("game-17", InstanceState::Crashed { exit_code: Some(3) }, |facts| {
                facts.note = Some("exit code 3; given up: start it by hand".into());
            }),
            _ => running(&format!("game-{n:02}"), n, 4000),
        };
        let rows: Vec<Row> = (0..30).map(one).collect();
        let mut events = watched(rows, now);
        events.extend((0..9).map(|n| happened(Some("game-17"), Level::Info, &format!("started again ({n}th)"))));
        events
    };
    insta::assert_snapshot!(seen(14, many), @r"
    --- 120 columns
    gamectl run instances.yaml: 29 running, 1 crashed                                               Ctrl-C ends the watching
    ID       PLANE    STATE      UPTIME  PID   NOTE
    game-17  process  ✗ crashed  -       -     exit code 3; given up: start it by hand
    game-00  process  ● running  0s      4000
    game-01  process  ● running  1s      4000
    game-02  process  ● running  2s      4000
    game-03  process  ● running  3s      4000
    game-04  process  ● running  4s      4000
    1 to 6 of 30 (arrows move), and 24 more: 24 running

    03:04:05 game-17: started again (5th)
    03:04:05 game-17: started again (6th)
    03:04:05 game-17: started again (7th)
    03:04:05 game-17: started again (8th)

    --- 120 columns in colour
    ␛[1mgamectl run instances.yaml: 29 running, 1 crashed                                               Ctrl-C ends the watching
    ␛[1mID       PLANE    STATE      UPTIME  PID   NOTE
    game-17  process  ␛[31m✗ crashed  ␛[m-       -     exit code 3; given up: start it by hand
    game-00  process  ␛[32m● running  ␛[m0s      4000
    game-01  process  ␛[32m● running  ␛[m1s      4000
    game-02  process  ␛[32m● running  ␛[m2s      4000
    game-03  process  ␛[32m● running  ␛[m3s      4000
    game-04  process  ␛[32m● running  ␛[m4s      4000
    ␛[2m1 to 6 of 30 (arrows move), and 24 more: 24 running

    03:04:05 game-17: started again (5th)
    03:04:05 game-17: started again (6th)
    03:04:05 game-17: started again (7th)
    03:04:05 game-17: started again (8th)

    --- 80 columns
    gamectl run instances.yaml: 29 running, 1 crashed       Ctrl-C ends the watching
    ID       PLANE    STATE      UPTIME  PID   NOTE
    game-17  process  ✗ crashed  -       -     exit code 3; given up: start it by
                                               hand
    game-00  process  ● running  0s      4000
    game-01  process  ● running  1s      4000
    game-02  process  ● running  2s      4000
    game-03  process  ● running  3s      4000
    1 to 5 of 30 (arrows move), and 25 more: 25 running

    03:04:05 game-17: started again (5th)
    03:04:05 game-17: started again (6th)
    03:04:05 game-17: started again (7th)
    03:04:05 game-17: started again (8th)

    --- 80 columns in colour
    ␛[1mgamectl run instances.yaml: 29 running, 1 crashed       Ctrl-C ends the watching
    ␛[1mID       PLANE    STATE      UPTIME  PID   NOTE
    game-17  process  ␛[31m✗ crashed  ␛[m-       -     exit code 3; given up: start it by
                                               hand
    game-00  process  ␛[32m● running  ␛[m0s      4000
    game-01  process  ␛[32m● running  ␛[m1s      4000
    game-02  process  ␛[32m● running  ␛[m2s      4000
    game-03  process  ␛[32m● running  ␛[m3s      4000
    ␛[2m1 to 5 of 30 (arrows move), and 25 more: 25 running

    03:04:05 game-17: started again (5th)
    03:04:05 game-17: started again (6th)
    03:04:05 game-17: started again (7th)
    03:04:05 game-17: started again (8th)
    ");
}

#[test]
fn run_ends() {
    let ended = |mut scene: Scene| {
        let mut watch = scene.screen.run_view("gamectl run instances.yaml");
        watch.draw(Instant::now());
        watch.say("the watching has ended; the servers go on (stop them with: gamectl stop --all)");
        scene.seen()
    };
    insta::assert_snapshot!(on_terminals(6, ended), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour
    the watching has ended; the servers go on (stop them with: gamectl stop --all)
    ");
    insta::assert_snapshot!(ended(Scene::on((40, 6), false)), @r"
    the watching has ended; the servers go
    on (stop them with: gamectl stop --all)
    ");
}

#[test]
fn run_off_a_terminal() {
    let shown = piped(options(true));
    let mut watch = shown.screen.run_view("gamectl run instances.yaml");
    a_world(Instant::now()).into_iter().for_each(|event| watch.event(event));
    watch.draw(Instant::now());
    watch.say("the watching has ended; the servers go on (stop them with: gamectl stop --all)");
    insta::assert_snapshot!(timeless(&shown.out.take()), @r"
    hh:mm:ss info    conan: already running; watching it
    hh:mm:ss error   soulmask: crashed: killed by SIGSEGV before it was ready
    hh:mm:ss info    soulmask: started again (2nd)
    hh:mm:ss error   valheim: hung: tcp 127.0.0.1:2456 does not answer; it is to be stopped by its chain
    hh:mm:ss warning valheim: its hook /srv/tell-discord for `crashed` failed: it was killed after its timeout of 10s
    hh:mm:ss warning dune: its state is not known: the engine does not answer: Cannot connect to the Docker daemon
    hh:mm:ss error   soulmask: given up: it crashes too often; `gamectl start soulmask` tries again
    hh:mm:ss error   gamectl: the inventory is not valid, and nothing was changed: line 9: unknown key `executible` in `process`
    hh:mm:ss info    gamectl: the inventory was read again
    hh:mm:ss info    gamectl: the watching has ended; the servers go on (stop them with: gamectl stop --all)
    ");
}
