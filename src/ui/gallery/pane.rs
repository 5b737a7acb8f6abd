//! The board with keys: the selection, the filter, the orders, the keys themselves.

use std::time::Instant;

use super::scene::Scene;
use super::status::{all_kinds, running};
use super::watch::{timeless, watched};
use crate::event::{Level, PlayerCount, ResidentEvent};
use crate::pane::PressedKey::{self, Char, Down, End, Enter};
use crate::supervisor::Players;
use crate::ui::testing::happened;

/// A screen at each of the usual sizes.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 12)];

/// Returns the screens after these keys, each piece of them drawn, at the usual sizes.
fn seen(color: bool, pressed: &[&[PressedKey]]) -> String {
    let screen = |size: &(u16, u16)| {
        let screen = looked_on(Scene::on(*size, color), pressed);
        format!("--- {} x {}\n{screen}", size.0, size.1)
    };
    SIZES.iter().map(screen).collect()
}

fn looked_on(mut scene: Scene, pressed: &[&[PressedKey]]) -> String {
    let now = Instant::now();
    let view = scene.screen.run_view("gamectl run instances.yaml");
    let mut view = view.asking_before_quit("end the watching? The servers go on");
    view.set_keys(true);
    a_world(now).into_iter().for_each(|event| view.event(event));
    view.draw(now);
    for keys in pressed {
        view.press(keys);
        view.draw(now);
    }
    timeless(&scene.seen())
}

/// All kinds, some with players, and some that run.
fn a_world(now: Instant) -> Vec<ResidentEvent> {
    let rows = (0..6).map(|n| running(&format!("vanilla-{n}"), n * 600, 5000));
    let mut rows: Vec<_> = all_kinds().into_iter().chain(rows).collect();
    rows[1].host = Some("box2".into());
    let mut events = watched(rows, now);
    for (id, online) in [("rust-main", 87), ("vanilla-2", 3), ("vanilla-4", 0)] {
        let players = Players { online, max: Some(200) };
        events.push(ResidentEvent::Players(id.into(), PlayerCount::Counted(players)));
    }
    events.push(happened(Some("soulmask"), Level::Error, "crashed: killed by SIGSEGV"));
    events.push(happened(Some("vanilla-2"), Level::Info, "running"));
    events
}

fn typed(text: &str) -> Vec<PressedKey> {
    text.chars().map(Char).collect()
}

#[test]
fn a_selected_row() {
    insta::assert_snapshot!(seen(false, &[&[Down, Down]]), @r"
    --- 80 x 24
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
      ID                       HOST  STATE        PLAYERS  NOTE
      soulmask                 -     ✗ crashed    -        retry in 8s (3rd); killed
                                                           by SIGSEGV before it was
                                                           ready; held: start it by
                                                           hand
    > dune                     -     ? unknown    -        the engine does not
                                                           answer: Cannot connect to
                                                           the Docker daemon at
                                                           unix:///var/run/docker.so
                                                           ck
      conan                    -     ◐ starting   -        not ready yet (log line),
                                                           for 1m 15s
      valheim                  -     ◑ stopping   -
      old                      -     ○ stopped    -        queued
      rust-main                -     ● running    87/200
      a-long-name-of-a-server  box2  ● running    -
      vanilla-0                -     ● running    -
      vanilla-1                -     ● running    -
      vanilla-2                -     ● running    3/200
    1 to 10 of 14 (arrows move), and 4 more: 3 running, 1 unmanaged

    hh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running

    --- 120 x 40
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged         ? keys  Ctrl-C ends the watching
      ID                       HOST  STATE        UPTIME  PID    PLAYERS  RESTARTS  NOTE
      rust-main                -     ● running    3d 4h   4242   87/200   0
    > a-long-name-of-a-server  box2  ● running    2h 5m   31337  -        3
      conan                    -     ◐ starting   -       77     -        0         not ready yet (log line), for 1m 15s
      soulmask                 -     ✗ crashed    -       -      -        0         retry in 8s (3rd); killed by SIGSEGV
                                                                                    before it was ready; held: start it by
                                                                                    hand
      valheim                  -     ◑ stopping   -       78     -        0
      old                      -     ○ stopped    -       -      -        0         queued
      ark                      -     · unmanaged  -       -      -        -         no executable is given
      dune                     -     ? unknown    -       -      -        -         the engine does not answer: Cannot
                                                                                    connect to the Docker daemon at
                                                                                    unix:///var/run/docker.sock
      vanilla-0                -     ● running    0s      5000   -        0
      vanilla-1                -     ● running    10m     5000   -        0
      vanilla-2                -     ● running    20m     5000   3/200    0
      vanilla-3                -     ● running    30m     5000   -        0
      vanilla-4                -     ● running    40m     5000   0/200    0
      vanilla-5                -     ● running    50m     5000   -        0

    hh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running

    --- 40 x 12
    8 running, 1 starting, 1 stopping, 1 cr…
      ID                       STATE
    > dune                     ? unknown
          the engine does not answer: Cannot
          connect to the Docker daemon at
          unix:///var/run/docker.sock
    2 to 2 of 14 (arrows move), and 13 mo…

    hh:mm:ss soulmask: crashed: killed by
             SIGSEGV
    hh:mm:ss vanilla-2: running
    ");
    insta::assert_snapshot!(looked_on(Scene::on((80, 24), true), &[&[End]]), @r"
    ␛[1m8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
      ␛[1mID                       HOST  STATE        PLAYERS  NOTE
      dune                     -     ␛[35m? unknown    ␛[m-        the engine does not
                                                           answer: Cannot connect to
                                                           the Docker daemon at
                                                           unix:///var/run/docker.so
                                                           ck
      conan                    -     ␛[33m◐ starting   ␛[m-        not ready yet (log line),
                                                           for 1m 15s
      valheim                  -     ␛[33m◑ stopping   ␛[m-
      old                      -     ␛[2m○ stopped    ␛[m-        queued
      rust-main                -     ␛[32m● running    ␛[m87/200
      a-long-name-of-a-server  box2  ␛[32m● running    ␛[m-
      vanilla-0                -     ␛[32m● running    ␛[m-
      vanilla-1                -     ␛[32m● running    ␛[m-
      vanilla-2                -     ␛[32m● running    ␛[m3/200
      vanilla-3                -     ␛[32m● running    ␛[m-
      vanilla-4                -     ␛[32m● running    ␛[m0/200
      vanilla-5                -     ␛[32m● running    ␛[m-
    ␛[7m> ark                      -     ␛[2m· unmanaged  ␛[22m-        no executable is given
    ␛[2m2 to 14 of 14 (arrows move), and 1 more: 1 crashed

    ␛[31mhh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running
    ");
}

#[test]
fn a_filter_while_it_is_typed_and_after() {
    insta::assert_snapshot!(seen(false, &[&typed("/vani")]), @r"
    --- 80 x 24
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
    ID                       HOST  STATE        PLAYERS  NOTE
    vanilla-0                -     ● running    -
    vanilla-1                -     ● running    -
    vanilla-2                -     ● running    3/200
    vanilla-3                -     ● running    -
    vanilla-4                -     ● running    0/200
    vanilla-5                -     ● running    -

    hh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running












    /vani_                                    6 of 14; Enter keeps it, Esc clears it

    --- 120 x 40
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged         ? keys  Ctrl-C ends the watching
    ID                       HOST  STATE        UPTIME  PID    PLAYERS  RESTARTS  NOTE
    vanilla-0                -     ● running    0s      5000   -        0
    vanilla-1                -     ● running    10m     5000   -        0
    vanilla-2                -     ● running    20m     5000   3/200    0
    vanilla-3                -     ● running    30m     5000   -        0
    vanilla-4                -     ● running    40m     5000   0/200    0
    vanilla-5                -     ● running    50m     5000   -        0

    hh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running




























    /vani_                                                                            6 of 14; Enter keeps it, Esc clears it

    --- 40 x 12
    8 running, 1 starting, 1 stopping, 1 cr…
    ID                       STATE
    vanilla-0                ● running
    vanilla-1                ● running
    vanilla-2                ● running
    vanilla-3                ● running
    vanilla-4                ● running
    vanilla-5                ● running

    hh:mm:ss soulmask: crashed: killed by S…
    hh:mm:ss vanilla-2: running
    /vani_
    ");
    let keys = [typed("/vani"), vec![Enter]];
    insta::assert_snapshot!(looked_on(Scene::on((80, 24), true), &[&keys[0], &keys[1]]), @r"
    ␛[1m8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
      ␛[1mID                       HOST  STATE        PLAYERS  NOTE
    ␛[7m> vanilla-0                -     ␛[32m● running    ␛[39m-
      vanilla-1                -     ␛[32m● running    ␛[m-
      vanilla-2                -     ␛[32m● running    ␛[m3/200
      vanilla-3                -     ␛[32m● running    ␛[m-
      vanilla-4                -     ␛[32m● running    ␛[m0/200
      vanilla-5                -     ␛[32m● running    ␛[m-

    ␛[31mhh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running












    ␛[36monly `vani`: 6 of 14 (Esc shows all)
    ");
    // Longer than there is room, and nothing that has it.
    let long = typed("/a text that is longer than the columns of it");
    insta::assert_snapshot!(looked_on(Scene::on((40, 12), false), &[&long]), @r"
    8 running, 1 starting, 1 stopping, 1 cr…
    ID                       STATE

    hh:mm:ss soulmask: crashed: killed by
             SIGSEGV
    hh:mm:ss vanilla-2: running





    / that is longer than the columns of it_
    ");
}

#[test]
fn another_order() {
    insta::assert_snapshot!(seen(false, &[&typed("ooo")]), @r"
    --- 80 x 24
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
    ID                       HOST  STATE        PLAYERS  NOTE
    rust-main                -     ● running    87/200
    vanilla-2                -     ● running    3/200
    vanilla-4                -     ● running    0/200
    a-long-name-of-a-server  box2  ● running    -
    conan                    -     ◐ starting   -        not ready yet (log line),
                                                         for 1m 15s
    soulmask                 -     ✗ crashed    -        retry in 8s (3rd); killed
                                                         by SIGSEGV before it was
                                                         ready; held: start it by
                                                         hand
    valheim                  -     ◑ stopping   -
    old                      -     ○ stopped    -        queued
    ark                      -     · unmanaged  -        no executable is given
    dune                     -     ? unknown    -        the engine does not answer:
                                                         Cannot connect to the
                                                         Docker daemon at
                                                         unix:///var/run/docker.sock
    1 to 10 of 14 (arrows move), and 4 more: 4 running

    hh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running
    by players (o: another order)

    --- 120 x 40
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged         ? keys  Ctrl-C ends the watching
    ID                       HOST  STATE        UPTIME  PID    PLAYERS  RESTARTS  NOTE
    rust-main                -     ● running    3d 4h   4242   87/200   0
    vanilla-2                -     ● running    20m     5000   3/200    0
    vanilla-4                -     ● running    40m     5000   0/200    0
    a-long-name-of-a-server  box2  ● running    2h 5m   31337  -        3
    conan                    -     ◐ starting   -       77     -        0         not ready yet (log line), for 1m 15s
    soulmask                 -     ✗ crashed    -       -      -        0         retry in 8s (3rd); killed by SIGSEGV
                                                                                  before it was ready; held: start it by
                                                                                  hand
    valheim                  -     ◑ stopping   -       78     -        0
    old                      -     ○ stopped    -       -      -        0         queued
    ark                      -     · unmanaged  -       -      -        -         no executable is given
    dune                     -     ? unknown    -       -      -        -         the engine does not answer: Cannot connect
                                                                                  to the Docker daemon at
                                                                                  unix:///var/run/docker.sock
    vanilla-0                -     ● running    0s      5000   -        0
    vanilla-1                -     ● running    10m     5000   -        0
    vanilla-3                -     ● running    30m     5000   -        0
    vanilla-5                -     ● running    50m     5000   -        0

    hh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running
















    by players (o: another order)

    --- 40 x 12
    8 running, 1 starting, 1 stopping, 1 cr…
    ID                       STATE
    rust-main                ● running
    vanilla-2                ● running
    vanilla-4                ● running
    a-long-name-of-a-server  ● running
    1 to 4 of 14 (arrows move), and 10 more…

    hh:mm:ss soulmask: crashed: killed by
             SIGSEGV
    hh:mm:ss vanilla-2: running
    by players (o: another order)
    ");
    let keys = [typed("/vani"), vec![Enter, Char('o'), Char('o'), Char('o')]];
    insta::assert_snapshot!(looked_on(Scene::on((40, 12), false), &[&keys[0], &keys[1]]), @r"
    8 running, 1 starting, 1 stopping, 1 cr…
      ID                       STATE
      vanilla-2                ● running
      vanilla-4                ● running
    > vanilla-0                ● running
      vanilla-1                ● running
      vanilla-3                ● running
      vanilla-5                ● running

    hh:mm:ss soulmask: crashed: killed by S…
    hh:mm:ss vanilla-2: running
    only `vani`: 6 of 14, by players (Esc s…
    ");
}

#[test]
fn the_keys() {
    insta::assert_snapshot!(seen(false, &[&[Char('?')]]), @r"
    --- 80 x 24
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
    up down, k j  select a row
    page, g G     pages, first and last row
    / o           filter rows, another order
    Enter l       its detail, its log
    / n N w s     in a log: find, wrap, save
    c             its console
    s x r         start, stop, restart it
    R C           restart when empty, cancel
    S             skip its next schedule
    ?             this; any key ends it
    q, Ctrl-C     leave

    --- 120 x 40
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged         ? keys  Ctrl-C ends the watching
    up down, k j  select a row
    page, g G     pages, first and last row
    / o           filter rows, another order
    Enter l       its detail, its log
    / n N w s     in a log: find, wrap, save
    c             its console
    s x r         start, stop, restart it
    R C           restart when empty, cancel
    S             skip its next schedule
    ?             this; any key ends it
    q, Ctrl-C     leave

    --- 40 x 12
    8 running, 1 starting, 1 stopping, 1 cr…
    up down, k j  select a row
    page, g G     pages, first and last row
    / o           filter rows, another order
    Enter l       its detail, its log
    / n N w s     in a log: find, wrap, save
    c             its console
    s x r         start, stop, restart it
    R C           restart when empty, cancel
    S             skip its next schedule
    ?             this; any key ends it
    q, Ctrl-C     leave
    ");
}

#[test]
fn a_stop_is_asked_for() {
    let keys = [typed("/vanilla-2"), vec![Enter, Char('x')]];
    insta::assert_snapshot!(looked_on(Scene::on((80, 12), false), &[&keys[0], &keys[1]]), @r"
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
      ID                       HOST  STATE        PLAYERS  NOTE
    > vanilla-2                -     ● running    3/200

    hh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running





    stop vanilla-2? 3 players are on it [y/N]
    ");
    insta::assert_snapshot!(looked_on(Scene::on((40, 12), true), &[&keys[0], &keys[1]]), @r"
    ␛[1m8 running, 1 starting, 1 stopping, 1 cr…
      ␛[1mID                       STATE
    ␛[7m> vanilla-2                ␛[32m● running

    ␛[31mhh:mm:ss soulmask: crashed: killed by
    ␛[31m         SIGSEGV
    hh:mm:ss vanilla-2: running




    ␛[33;1mstop vanilla-2? 3 players are on … [y/N]
    ");
}

/// The restart of one, as it goes on, and how it and others end.
#[test]
fn verbs_that_keys_have_begun() {
    use crate::event::{Verb, VerbEvent, VerbResult};
    use crate::failure::Failure;
    use crate::supervisor::{Activity, InstanceState};
    let now = Instant::now();
    let done = |id: &str, state, ended_by: Option<&str>, error| {
        VerbEvent::Done(VerbResult {
            id: id.into(),
            changed: true,
            state: Some(state),
            took: std::time::Duration::from_secs(3),
            ended_by: ended_by.map(str::to_owned),
            note: None,
            error,
        })
    };
    let id = || "vanilla-0".to_owned();
    let failure = Failure::failed("it did not end").hint("`gamectl stop --now vanilla-1` kills it");
    let begun = [
        (Verb::Restart, VerbEvent::Began { id: id() }),
        (
            Verb::Restart,
            VerbEvent::Awaiting {
                id: id(),
                activity: Activity::awaiting("stdin: quit", None),
            },
        ),
        (Verb::Stop, VerbEvent::Began { id: "vanilla-1".into() }),
        (
            Verb::Stop,
            VerbEvent::LockHeld {
                id: "vanilla-1".into(),
                holder: "gamectl start (pid 7)".into(),
            },
        ),
        (Verb::Start, VerbEvent::Began { id: "vanilla-2".into() }),
    ];
    let over = [
        (
            Verb::Restart,
            done("vanilla-0", InstanceState::Running, Some("stdin: quit"), None),
        ),
        (
            Verb::Stop,
            done("vanilla-1", InstanceState::Running, None, Some(failure)),
        ),
        (
            Verb::Stop,
            done("vanilla-2", InstanceState::Stopped, Some("signal: TERM"), None),
        ),
    ];
    let screens = |size: (u16, u16)| {
        let mut scene = Scene::on(size, false);
        let mut view = scene.screen.watch_view("gamectl watch");
        view.set_keys(true);
        let rows = (0..3).map(|n| running(&format!("vanilla-{n}"), n * 600, 5000));
        watched(rows.collect(), now)
            .into_iter()
            .for_each(|event| view.event(event));
        let mut out = format!("--- {} x {}\n", size.0, size.1);
        for events in [&begun[..], &over] {
            events.iter().for_each(|(verb, event)| view.verb_event(*verb, event));
            view.draw(now);
            out += &timeless(&scene.seen());
        }
        out
    };
    insta::assert_snapshot!(SIZES.map(screens).concat(), @r"
    --- 80 x 24
    gamectl watch: 3 running                                        ? keys  q leaves
    ID         PLANE    STATE      UPTIME  PID   NOTE
    vanilla-0  process  ● running  0s      5000  restart: waiting for stdin: quit,
                                                 for 0s
    vanilla-1  process  ● running  10m     5000  stop: waiting for gamectl start
                                                 (pid 7), which holds it, for 0s
    vanilla-2  process  ● running  20m     5000  start begins, for 0s

    gamectl watch: 3 running                                        ? keys  q leaves
    ID         PLANE    STATE      UPTIME  PID   NOTE
    vanilla-0  process  ● running  0s      5000
    vanilla-1  process  ● running  10m     5000
    vanilla-2  process  ● running  20m     5000

    hh:mm:ss vanilla-0: restarted, ready after 3 s
    hh:mm:ss vanilla-1: stop: it did not end; `gamectl stop --now vanilla-1` kills
             it
    hh:mm:ss vanilla-2: stopped by signal: TERM in 3 s

    --- 120 x 40
    gamectl watch: 3 running                                                                                ? keys  q leaves
    ID         PLANE    STATE      UPTIME  PID   NOTE
    vanilla-0  process  ● running  0s      5000  restart: waiting for stdin: quit, for 0s
    vanilla-1  process  ● running  10m     5000  stop: waiting for gamectl start (pid 7), which holds it, for 0s
    vanilla-2  process  ● running  20m     5000  start begins, for 0s

    gamectl watch: 3 running                                                                                ? keys  q leaves
    ID         PLANE    STATE      UPTIME  PID   NOTE
    vanilla-0  process  ● running  0s      5000
    vanilla-1  process  ● running  10m     5000
    vanilla-2  process  ● running  20m     5000

    hh:mm:ss vanilla-0: restarted, ready after 3 s
    hh:mm:ss vanilla-1: stop: it did not end; `gamectl stop --now vanilla-1` kills it
    hh:mm:ss vanilla-2: stopped by signal: TERM in 3 s

    --- 40 x 12
    3 running               ? keys  q leaves
    ID         STATE
    vanilla-0  ● running
        restart: waiting for stdin: quit,
        for 0s
    vanilla-1  ● running
        stop: waiting for gamectl start (pid
        7), which holds it, for 0s
    vanilla-2  ● running
        start begins, for 0s

    3 running               ? keys  q leaves
    ID         STATE      UPTIME  PID   NOTE
    vanilla-0  ● running  0s      5000
    vanilla-1  ● running  10m     5000
    vanilla-2  ● running  20m     5000

    hh:mm:ss vanilla-0: restarted, ready af…
    hh:mm:ss vanilla-1: stop: it did not
             end;
             `gamectl stop --now vanilla-1`…
    hh:mm:ss vanilla-2: stopped by signal:
             TERM in 3 s
    ");
}

#[test]
fn one_in_detail() {
    use crate::report::InstanceReport;
    let report = InstanceReport {
        needed_by: vec![("lobby".into(), "running")],
        log: Ok((0..8)
            .flat_map(|n| format!("line {n} of the log\n").into_bytes())
            .collect()),
        ..super::detail::bare(running("vanilla-2", 1200, 5000))
    };
    let why = || "vanilla-2: the engine does not answer".to_owned();
    let now = Instant::now();
    let screens = |size: (u16, u16)| {
        let mut scene = Scene::on(size, false);
        let mut view = scene.screen.watch_view("gamectl watch");
        view.set_keys(true);
        a_world(now).into_iter().for_each(|event| view.event(event));
        view.draw(now);
        view.press(&typed("/a-2"));
        view.press(&[Enter]);
        view.draw(now);
        view.press(&[Enter]);
        let mut out = format!("--- {} x {}\n", size.0, size.1);
        if size.1 == 12 {
            view.draw(now);
            out += &scene.seen();
        }
        view.show_detail("vanilla-2".into(), Ok(Box::new(report.clone())));
        view.draw(now);
        out += &scene.seen();
        if size.1 > 12 {
            return out;
        }
        view.press(&[End]);
        view.draw(now);
        out += &scene.seen();
        view.show_detail("vanilla-2".into(), Err(why()));
        view.draw(now);
        out += &scene.seen();
        out
    };
    insta::assert_snapshot!(SIZES.map(screens).concat(), @r"
    --- 80 x 24
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
    ● vanilla-2: running
    plane      process
    pid        5000
    needed by  lobby (running)

    line 0 of the log
    line 1 of the log
    line 2 of the log
    line 3 of the log
    line 4 of the log
    line 5 of the log
    line 6 of the log
    line 7 of the log









    Enter looks again, q goes back

    --- 120 x 40
    gamectl watch: 8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged          ? keys  q leaves
    ● vanilla-2: running
    plane      process
    pid        5000
    needed by  lobby (running)

    line 0 of the log
    line 1 of the log
    line 2 of the log
    line 3 of the log
    line 4 of the log
    line 5 of the log
    line 6 of the log
    line 7 of the log

























    Enter looks again, q goes back

    --- 40 x 12
    8 running, 1 starting, 1 stopping, 1 cr…
    vanilla-2 is being looked at









    Enter looks again, q goes back

    8 running, 1 starting, 1 stopping, 1 cr…
    ● vanilla-2: running
    plane      process
    pid        5000
    needed by  lobby (running)

    line 0 of the log
    line 1 of the log
    line 2 of the log
    line 3 of the log
    line 4 of the log
    Enter looks again, q goes back

    8 running, 1 starting, 1 stopping, 1 cr…
    needed by  lobby (running)

    line 0 of the log
    line 1 of the log
    line 2 of the log
    line 3 of the log
    line 4 of the log
    line 5 of the log
    line 6 of the log
    line 7 of the log
    Enter looks again, q goes back

    8 running, 1 starting, 1 stopping, 1 cr…
    vanilla-2: the engine does not answer









    Enter looks again, q goes back
    ");
}

#[test]
fn the_end_of_run_is_asked_for() {
    insta::assert_snapshot!(seen(false, &[&[Char('q')]]), @r"
    --- 80 x 24
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
    ID                       HOST  STATE        PLAYERS  NOTE
    soulmask                 -     ✗ crashed    -        retry in 8s (3rd); killed
                                                         by SIGSEGV before it was
                                                         ready; held: start it by
                                                         hand
    dune                     -     ? unknown    -        the engine does not answer:
                                                         Cannot connect to the
                                                         Docker daemon at
                                                         unix:///var/run/docker.sock
    conan                    -     ◐ starting   -        not ready yet (log line),
                                                         for 1m 15s
    valheim                  -     ◑ stopping   -
    old                      -     ○ stopped    -        queued
    rust-main                -     ● running    87/200
    a-long-name-of-a-server  box2  ● running    -
    vanilla-0                -     ● running    -
    vanilla-1                -     ● running    -
    vanilla-2                -     ● running    3/200
    1 to 10 of 14 (arrows move), and 4 more: 3 running, 1 unmanaged

    hh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running
    end the watching? The servers go on [y/N]

    --- 120 x 40
    8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged         ? keys  Ctrl-C ends the watching
    ID                       HOST  STATE        UPTIME  PID    PLAYERS  RESTARTS  NOTE
    rust-main                -     ● running    3d 4h   4242   87/200   0
    a-long-name-of-a-server  box2  ● running    2h 5m   31337  -        3
    conan                    -     ◐ starting   -       77     -        0         not ready yet (log line), for 1m 15s
    soulmask                 -     ✗ crashed    -       -      -        0         retry in 8s (3rd); killed by SIGSEGV
                                                                                  before it was ready; held: start it by
                                                                                  hand
    valheim                  -     ◑ stopping   -       78     -        0
    old                      -     ○ stopped    -       -      -        0         queued
    ark                      -     · unmanaged  -       -      -        -         no executable is given
    dune                     -     ? unknown    -       -      -        -         the engine does not answer: Cannot connect
                                                                                  to the Docker daemon at
                                                                                  unix:///var/run/docker.sock
    vanilla-0                -     ● running    0s      5000   -        0
    vanilla-1                -     ● running    10m     5000   -        0
    vanilla-2                -     ● running    20m     5000   3/200    0
    vanilla-3                -     ● running    30m     5000   -        0
    vanilla-4                -     ● running    40m     5000   0/200    0
    vanilla-5                -     ● running    50m     5000   -        0

    hh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running
















    end the watching? The servers go on [y/N]

    --- 40 x 12
    8 running, 1 starting, 1 stopping, 1 cr…
    ID                       STATE
    soulmask                 ✗ crashed
        retry in 8s (3rd); killed by SIGSEGV
        before it was ready; held: start it
        by hand
    1 to 1 of 14 (arrows move), and 13 more…

    hh:mm:ss soulmask: crashed: killed by
             SIGSEGV
    hh:mm:ss vanilla-2: running
    end the watching? The servers go … [y/N]
    ");
    insta::assert_snapshot!(looked_on(Scene::on((80, 12), true), &[&[Char('q')]]), @r"
    ␛[1m8 running, 1 starting, 1 stopping, 1 crashed, 1 unknown, 1 stopped, 1 unmanaged
    ␛[1mID                       HOST  STATE        PLAYERS  NOTE
    soulmask                 -     ␛[31m✗ crashed    ␛[m-        retry in 8s (3rd); killed
                                                         by SIGSEGV before it was
                                                         ready; held: start it by
                                                         hand
    ␛[2m1 to 1 of 14 (arrows move), and 13 more: 8 running, 1 starting, 1 stopping, 1 u…

    ␛[31mhh:mm:ss soulmask: crashed: killed by SIGSEGV
    hh:mm:ss vanilla-2: running

    ␛[33;1mend the watching? The servers go on [y/N]
    ");
}

#[test]
fn a_log() {
    let now = Instant::now();
    let screens = |size: (u16, u16)| {
        let mut scene = Scene::on(size, false);
        let mut view = scene.screen.watch_view("gamectl watch");
        view.set_keys(true);
        a_world(now).into_iter().for_each(|event| view.event(event));
        view.draw(now);
        view.press(&typed("/a-2"));
        view.press(&[Enter, Char('l')]);
        assert_eq!(view.log_id(), Some("vanilla-2"));
        view.add_to_log("lobby", Ok(b"of another one\n"));
        let lines: String = (0..40).map(|n| format!("line {n} of the log\n")).collect();
        view.add_to_log("vanilla-2", Ok(lines.as_bytes()));
        view.add_to_log(
            "vanilla-2",
            Ok(b"\x1b[1mA line that is longer than forty columns are\x1b[0m\nnot end"),
        );
        view.draw(now);
        let out = format!("--- {} x {}\n{}", size.0, size.1, scene.seen());
        view.add_to_log("vanilla-2", Err("vanilla-2: box2 is away"));
        view.press(&[Char('k'), Char('k')]);
        view.draw(now);
        out + &scene.seen()
    };
    insta::assert_snapshot!([(40, 12)].map(screens).concat(), @r"
    --- 40 x 12
    8 running, 1 starting, 1 stopping, 1 cr…
    line 33 of the log
    line 34 of the log
    line 35 of the log
    line 36 of the log
    line 37 of the log
    line 38 of the log
    line 39 of the log
    A line that is longer than forty columns
    are
    not end
    q goes back, / finds, w wraps, s saves

    8 running, 1 starting, 1 stopping, 1 cr…
    line 31 of the log
    line 32 of the log
    line 33 of the log
    line 34 of the log
    line 35 of the log
    line 36 of the log
    line 37 of the log
    line 38 of the log
    line 39 of the log
    A line that is longer than forty columns
    Enter shows what comes, q goes back
    ");
}
