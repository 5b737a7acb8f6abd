//! The screen of `watch`, and its lines off a terminal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::options;
use super::scene::{Scene, on_terminals};
use super::status::{all_kinds, running};
use crate::event::{Awaits, PlayerCount, ResidentEvent, Row, WatchedRow};
use crate::pane::PressedKey::{self, Down, End};
use crate::supervisor::{InstanceState, Players};
use crate::ui::testing::{piped, row};
use crate::ui::watch::WatchView;

/// Some that are watched, at this time; those that are starting and those that
/// have crashed wait for something.
pub(super) fn watched(rows: Vec<Row>, now: Instant) -> Vec<ResidentEvent> {
    let one = |(place, row): (usize, Row)| {
        let awaits = match row.id.as_str() {
            "conan" => Some(Awaits::Open {
                what: "ready (log line)".into(),
                since: now - Duration::from_secs(75),
            }),
            "soulmask" => Some(Awaits::Retry {
                at: now + Duration::from_secs(8),
                count: 3,
            }),
            "old" => Some(Awaits::Turn),
            _ => None,
        };
        ResidentEvent::Row(Arc::new(WatchedRow {
            row,
            place,
            seen: now,
            awaits,
        }))
    };
    rows.into_iter().enumerate().map(one).collect()
}

/// With the time of day, which is that of the test, taken out.
pub(super) fn timeless(text: &str) -> String {
    let time = regex::Regex::new(r"(\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\dZ?").unwrap();
    time.replace_all(text, "hh:mm:ss").into_owned()
}

/// Returns the screens on terminals with so many rows, at first and after each of
/// these keys.
fn seen(rows: u16, events: impl Fn(Instant) -> Vec<ResidentEvent>, pressed: &[PressedKey]) -> String {
    on_terminals(rows, |scene| looked_on(scene, &events, pressed))
}

fn looked_on(mut scene: Scene, events: &impl Fn(Instant) -> Vec<ResidentEvent>, pressed: &[PressedKey]) -> String {
    let now = Instant::now();
    let mut watch = scene.screen.watch_view("gamectl watch instances.yaml");
    watch.set_keys(!pressed.is_empty());
    events(now).into_iter().for_each(|event| watch.event(event));
    watch.draw(now);
    let mut out = scene.seen();
    for key in pressed {
        watch.press(&[*key]);
        watch.draw(now);
        out += &scene.seen();
    }
    timeless(&out)
}

/// All kinds, one of which has just crashed, and their player counts.
fn a_world(now: Instant) -> Vec<ResidentEvent> {
    let mut events = watched(vec![running("soulmask", 60, 4711)], now);
    events.extend(watched(all_kinds(), now));
    let players = Players {
        online: 87,
        max: Some(200),
    };
    events.push(ResidentEvent::Players(
        "rust-main".into(),
        PlayerCount::Counted(players),
    ));
    events.push(ResidentEvent::Players(
        "a-long-name-of-a-server".into(),
        PlayerCount::Unanswered,
    ));
    events
}

#[test]
fn watch_of_nothing_and_of_one() {
    insta::assert_snapshot!(seen(6, |_| Vec::new(), &[]), @r"
    --- 120 columns
    gamectl watch instances.yaml: no instances                                                                      q leaves

    --- 120 columns in colour
    ␛[1mgamectl watch instances.yaml: no instances                                                                      q leaves

    --- 80 columns
    gamectl watch instances.yaml: no instances                              q leaves

    --- 80 columns in colour
    ␛[1mgamectl watch instances.yaml: no instances                              q leaves
    ");
    let one = |now| watched(vec![running("rust-main", 42, 4242)], now);
    insta::assert_snapshot!(seen(6, one, &[]), @r"
    --- 120 columns
    gamectl watch instances.yaml: 1 running                                                                         q leaves
    ID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ● running  42s     4242

    --- 120 columns in colour
    ␛[1mgamectl watch instances.yaml: 1 running                                                                         q leaves
    ␛[1mID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ␛[32m● running  ␛[m42s     4242

    --- 80 columns
    gamectl watch instances.yaml: 1 running                                 q leaves
    ID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ● running  42s     4242

    --- 80 columns in colour
    ␛[1mgamectl watch instances.yaml: 1 running                                 q leaves
    ␛[1mID         PLANE    STATE      UPTIME  PID   NOTE
    rust-main  process  ␛[32m● running  ␛[m42s     4242
    ");
}

#[test]
fn watch_of_every_kind() {
    insta::assert_snapshot!(seen(24, a_world, &[]), @r"
    --- 120 columns
    gamectl watch instances.yaml: 2 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged   q leaves
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

    hh:mm:ss soulmask: crashed: killed by SIGSEGV before it was ready; held: start it by hand

    --- 120 columns in colour
    ␛[1mgamectl watch instances.yaml: 2 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged   q leaves
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

    ␛[31mhh:mm:ss soulmask: crashed: killed by SIGSEGV before it was ready; held: start it by hand

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

    hh:mm:ss soulmask: crashed: killed by SIGSEGV before it was ready; held: start
             it by hand

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

    ␛[31mhh:mm:ss soulmask: crashed: killed by SIGSEGV before it was ready; held: start
    ␛[31m         it by hand
    ");
    insta::assert_snapshot!(looked_on(Scene::on((40, 20), false), &a_world, &[]), @r"
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
    old                      ○ stopped
        queued
    rust-main                ● running
    a-long-name-of-a-server  ● running
    1 to 7 of 8 (arrows move), and 1 more: …

    hh:mm:ss soulmask: crashed: killed by S…
    ");
    // Too low for all of it.
    insta::assert_snapshot!(looked_on(Scene::on((80, 8), false), &a_world, &[End]), @r"
    2 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
    ID                       STATE        UPTIME  PLAYERS  NOTE
    soulmask                 ✗ crashed    -       -        retry in 8s (3rd); killed
                                                           by SIGSEGV before it was
                                                           ready; held: start it by
                                                           hand
    1 to 1 of 8 (arrows move), and 7 more: 2 running, 1 starting, 1 stopping, 1 unk…

    2 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
      ID                       STATE        UPTIME  PLAYERS  NOTE
      rust-main                ● running    3d 4h   87/200
      a-long-name-of-a-server  ● running    2h 5m   -
    > ark                      · unmanaged  -       -        no executable is given
    6 to 8 of 8 (arrows move), and 5 more: 1 starting, 1 stopping, 1 crashed, 1 u…

    hh:mm:ss soulmask: crashed: killed by SIGSEGV before it was ready; held: start …
    ");
}

#[test]
fn watch_of_more_than_there_are_rows() {
    let many = |now| {
        watched(
            (0..30).map(|n| running(&format!("game-{n:02}"), n, 4000)).collect(),
            now,
        )
    };
    insta::assert_snapshot!(seen(10, many, &[Down, End]), @r"
    --- 120 columns
    gamectl watch instances.yaml: 30 running                                                                ? keys  q leaves
    ID       PLANE    STATE      UPTIME  PID   NOTE
    game-00  process  ● running  0s      4000
    game-01  process  ● running  1s      4000
    game-02  process  ● running  2s      4000
    game-03  process  ● running  3s      4000
    game-04  process  ● running  4s      4000
    game-05  process  ● running  5s      4000
    game-06  process  ● running  6s      4000
    1 to 7 of 30 (arrows move), and 23 more: 23 running

    gamectl watch instances.yaml: 30 running                                                                ? keys  q leaves
      ID       PLANE    STATE      UPTIME  PID   NOTE
    > game-00  process  ● running  0s      4000
      game-01  process  ● running  1s      4000
      game-02  process  ● running  2s      4000
      game-03  process  ● running  3s      4000
      game-04  process  ● running  4s      4000
      game-05  process  ● running  5s      4000
      game-06  process  ● running  6s      4000
    1 to 7 of 30 (arrows move), and 23 more: 23 running

    gamectl watch instances.yaml: 30 running                                                                ? keys  q leaves
      ID       PLANE    STATE      UPTIME  PID   NOTE
      game-23  process  ● running  23s     4000
      game-24  process  ● running  24s     4000
      game-25  process  ● running  25s     4000
      game-26  process  ● running  26s     4000
      game-27  process  ● running  27s     4000
      game-28  process  ● running  28s     4000
    > game-29  process  ● running  29s     4000
    24 to 30 of 30 (arrows move), and 23 more: 23 running

    --- 120 columns in colour
    ␛[1mgamectl watch instances.yaml: 30 running                                                                ? keys  q leaves
    ␛[1mID       PLANE    STATE      UPTIME  PID   NOTE
    game-00  process  ␛[32m● running  ␛[m0s      4000
    game-01  process  ␛[32m● running  ␛[m1s      4000
    game-02  process  ␛[32m● running  ␛[m2s      4000
    game-03  process  ␛[32m● running  ␛[m3s      4000
    game-04  process  ␛[32m● running  ␛[m4s      4000
    game-05  process  ␛[32m● running  ␛[m5s      4000
    game-06  process  ␛[32m● running  ␛[m6s      4000
    ␛[2m1 to 7 of 30 (arrows move), and 23 more: 23 running

    ␛[1mgamectl watch instances.yaml: 30 running                                                                ? keys  q leaves
      ␛[1mID       PLANE    STATE      UPTIME  PID   NOTE
    ␛[7m> game-00  process  ␛[32m● running  ␛[39m0s      4000
      game-01  process  ␛[32m● running  ␛[m1s      4000
      game-02  process  ␛[32m● running  ␛[m2s      4000
      game-03  process  ␛[32m● running  ␛[m3s      4000
      game-04  process  ␛[32m● running  ␛[m4s      4000
      game-05  process  ␛[32m● running  ␛[m5s      4000
      game-06  process  ␛[32m● running  ␛[m6s      4000
    ␛[2m1 to 7 of 30 (arrows move), and 23 more: 23 running

    ␛[1mgamectl watch instances.yaml: 30 running                                                                ? keys  q leaves
      ␛[1mID       PLANE    STATE      UPTIME  PID   NOTE
      game-23  process  ␛[32m● running  ␛[m23s     4000
      game-24  process  ␛[32m● running  ␛[m24s     4000
      game-25  process  ␛[32m● running  ␛[m25s     4000
      game-26  process  ␛[32m● running  ␛[m26s     4000
      game-27  process  ␛[32m● running  ␛[m27s     4000
      game-28  process  ␛[32m● running  ␛[m28s     4000
    ␛[7m> game-29  process  ␛[32m● running  ␛[39m29s     4000
    ␛[2m24 to 30 of 30 (arrows move), and 23 more: 23 running

    --- 80 columns
    gamectl watch instances.yaml: 30 running                        ? keys  q leaves
    ID       PLANE    STATE      UPTIME  PID   NOTE
    game-00  process  ● running  0s      4000
    game-01  process  ● running  1s      4000
    game-02  process  ● running  2s      4000
    game-03  process  ● running  3s      4000
    game-04  process  ● running  4s      4000
    game-05  process  ● running  5s      4000
    game-06  process  ● running  6s      4000
    1 to 7 of 30 (arrows move), and 23 more: 23 running

    gamectl watch instances.yaml: 30 running                        ? keys  q leaves
      ID       PLANE    STATE      UPTIME  PID   NOTE
    > game-00  process  ● running  0s      4000
      game-01  process  ● running  1s      4000
      game-02  process  ● running  2s      4000
      game-03  process  ● running  3s      4000
      game-04  process  ● running  4s      4000
      game-05  process  ● running  5s      4000
      game-06  process  ● running  6s      4000
    1 to 7 of 30 (arrows move), and 23 more: 23 running

    gamectl watch instances.yaml: 30 running                        ? keys  q leaves
      ID       PLANE    STATE      UPTIME  PID   NOTE
      game-23  process  ● running  23s     4000
      game-24  process  ● running  24s     4000
      game-25  process  ● running  25s     4000
      game-26  process  ● running  26s     4000
      game-27  process  ● running  27s     4000
      game-28  process  ● running  28s     4000
    > game-29  process  ● running  29s     4000
    24 to 30 of 30 (arrows move), and 23 more: 23 running

    --- 80 columns in colour
    ␛[1mgamectl watch instances.yaml: 30 running                        ? keys  q leaves
    ␛[1mID       PLANE    STATE      UPTIME  PID   NOTE
    game-00  process  ␛[32m● running  ␛[m0s      4000
    game-01  process  ␛[32m● running  ␛[m1s      4000
    game-02  process  ␛[32m● running  ␛[m2s      4000
    game-03  process  ␛[32m● running  ␛[m3s      4000
    game-04  process  ␛[32m● running  ␛[m4s      4000
    game-05  process  ␛[32m● running  ␛[m5s      4000
    game-06  process  ␛[32m● running  ␛[m6s      4000
    ␛[2m1 to 7 of 30 (arrows move), and 23 more: 23 running

    ␛[1mgamectl watch instances.yaml: 30 running                        ? keys  q leaves
      ␛[1mID       PLANE    STATE      UPTIME  PID   NOTE
    ␛[7m> game-00  process  ␛[32m● running  ␛[39m0s      4000
      game-01  process  ␛[32m● running  ␛[m1s      4000
      game-02  process  ␛[32m● running  ␛[m2s      4000
      game-03  process  ␛[32m● running  ␛[m3s      4000
      game-04  process  ␛[32m● running  ␛[m4s      4000
      game-05  process  ␛[32m● running  ␛[m5s      4000
      game-06  process  ␛[32m● running  ␛[m6s      4000
    ␛[2m1 to 7 of 30 (arrows move), and 23 more: 23 running

    ␛[1mgamectl watch instances.yaml: 30 running                        ? keys  q leaves
      ␛[1mID       PLANE    STATE      UPTIME  PID   NOTE
      game-23  process  ␛[32m● running  ␛[m23s     4000
      game-24  process  ␛[32m● running  ␛[m24s     4000
      game-25  process  ␛[32m● running  ␛[m25s     4000
      game-26  process  ␛[32m● running  ␛[m26s     4000
      game-27  process  ␛[32m● running  ␛[m27s     4000
      game-28  process  ␛[32m● running  ␛[m28s     4000
    ␛[7m> game-29  process  ␛[32m● running  ␛[39m29s     4000
    ␛[2m24 to 30 of 30 (arrows move), and 23 more: 23 running
    ");
}

/// Lines off a terminal, and with colours that were asked for.
#[test]
fn watch_off_a_terminal() {
    let shown = piped(options(true));
    let mut watch: WatchView = shown.screen.watch_view("gamectl watch instances.yaml");
    a_world(Instant::now()).into_iter().for_each(|event| watch.event(event));
    for state in [InstanceState::Starting, InstanceState::Running] {
        watched(vec![row("old", state, |_| {})], Instant::now())
            .into_iter()
            .for_each(|event| watch.event(event));
    }
    watch.draw(Instant::now());
    insta::assert_snapshot!(timeless(&shown.out.take()), @r"
    hh:mm:ss info    soulmask: running
    hh:mm:ss info    rust-main: running
    hh:mm:ss info    a-long-name-of-a-server: running
    hh:mm:ss info    conan: starting
    hh:mm:ss error   soulmask: crashed: killed by SIGSEGV before it was ready; held: start it by hand
    hh:mm:ss info    valheim: stopping
    hh:mm:ss info    old: stopped
    hh:mm:ss info    ark: unmanaged: no executable is given
    hh:mm:ss warning dune: unknown: the engine does not answer: Cannot connect to the Docker daemon at unix:///var/run/docker.sock
    hh:mm:ss info    old: starting
    hh:mm:ss info    old: running
    ");
}
