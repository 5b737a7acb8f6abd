//! The screen, the lines and the stream of what is watched.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::event::{Awaits, Level, PlayerCount, ResidentEvent, Row, WatchedRow};
use crate::supervisor::{Facts, InstanceState, Observation};
use crate::ui::options::Options;
use crate::ui::testing::{happened, piped, terminal};

fn watched(id: &str, place: usize, state: InstanceState, note: Option<&str>) -> WatchedRow {
    WatchedRow {
        row: Row {
            id: id.into(),
            plane: "process",
            host: None,
            observation: Observation::Known(Box::new(Facts::bare(state, note.map(str::to_owned)))),
            intent: None,
            player_count: PlayerCount::NotAsked,
            usage: None,
        },
        place,
        seen: Instant::now(),
        awaits: None,
    }
}

fn row(watched: WatchedRow) -> ResidentEvent {
    ResidentEvent::Row(Arc::new(watched))
}

/// All kinds of events.
fn events(now: Instant) -> Vec<ResidentEvent> {
    let mut up = watched("rust-main", 0, InstanceState::Running, None);
    if let Observation::Known(facts) = &mut up.row.observation {
        (facts.uptime_seconds, facts.pid) = (4000, Some(77));
    }
    let mut down = watched(
        "conan",
        1,
        InstanceState::Crashed { exit_code: Some(3) },
        Some("exit code 3"),
    );
    down.awaits = Some(Awaits::Retry {
        at: now + Duration::from_millis(3_500),
        count: 3,
    });
    let mut booting = watched("soulmask", 2, InstanceState::Starting, None);
    booting.awaits = Some(Awaits::Open {
        what: "ready (log line)".into(),
        since: now,
    });
    let mut away = watched("dune", 3, InstanceState::Stopped, None);
    away.row.observation = Observation::Unknown {
        reason: "the engine does not answer".into(),
    };
    vec![
        row(down),
        row(up),
        row(booting),
        row(away),
        happened(Some("conan"), Level::Error, "crashed: exit code 3\u{1b}[31m"),
        happened(None, Level::Info, "the inventory was read again"),
    ]
}

/// The lines of the last frame, without what moves the cursor.
fn frame(out: &str) -> String {
    let last = out.rsplit("\u{1b}[H").next().unwrap();
    let plain = last
        .replace("\u{1b}[K", "")
        .replace("\u{1b}[J", "")
        .replace("\u{1b}[?2026l", "");
    plain.replace("\r\n", "\n")
}

#[test]
fn a_screen() {
    let shown = terminal(
        Options {
            color: crate::ui::Color::Never,
            ..Options::default()
        },
        80,
    );
    let mut watch = shown.screen.run_view("gamectl run i.yaml");
    let now = Instant::now();
    events(now).into_iter().for_each(|event| watch.event(event));
    watch.draw(now);
    let out = shown.out.take();
    assert!(out.starts_with("\u{1b}[?1049h\u{1b}[?25l"));
    insta::assert_snapshot!(frame(&out), @r"
    1 running, 1 starting, 1 crashed, 1 unknown             Ctrl-C ends the watching
    ID         PLANE    STATE       UPTIME  PID  NOTE
    rust-main  process  ● running   1h 6m   77
    conan      process  ✗ crashed   -       -    retry in 4s (3rd); exit code 3
    soulmask   process  ◐ starting  -       -    not ready yet (log line), for 0s
    dune       process  ? unknown   -       -    the engine does not answer

    03:04:05 conan: crashed: exit code 3
    03:04:05 gamectl: the inventory was read again
    ");
    watch.leave();
    assert_eq!(shown.out.take(), "\u{1b}[?25h\u{1b}[?1049l");
    watch.leave();
    assert_eq!(shown.out.take(), "", "given back once");
}

#[test]
fn more_instances_than_rows() {
    let shown = terminal(
        Options {
            color: crate::ui::Color::Never,
            ..Options::default()
        },
        60,
    );
    let mut watch = shown.screen.run_view("gamectl run");
    for n in 0..100 {
        let state = match n {
            70 => InstanceState::Crashed { exit_code: None },
            80 => InstanceState::Starting,
            _ => InstanceState::Running,
        };
        watch.event(row(watched(&format!("g{n}"), n, state, None)));
        watch.event(happened(Some("g1"), Level::Info, &format!("event {n}")));
    }
    watch.draw(Instant::now());
    let frame = frame(&shown.out.take());
    assert_eq!(frame.lines().count(), 24, "{frame}");
    for part in ["98 running", "g70", "g80", "and 84 more: 84 running", "event 99"] {
        assert!(frame.contains(part), "{part}: {frame}");
    }
    let place = |id: &str| frame.find(id).unwrap();
    assert!(
        place("g70") < place("g80") && place("g80") < place("g0 "),
        "what needs attention first"
    );
}

#[test]
fn a_terminal_that_is_left_is_given_back() {
    let shown = terminal(Options::default(), 80);
    let mut watch = shown.screen.run_view("x");
    watch.draw(Instant::now());
    shown.out.take();
    drop(watch);
    assert_eq!(shown.out.take(), "\u{1b}[?25h\u{1b}[?1049l");
}

#[test]
fn lines_off_a_terminal() {
    let shown = piped(Options::default());
    let mut watch = shown.screen.run_view("x");
    events(Instant::now()).into_iter().for_each(|event| watch.event(event));
    watch.draw(Instant::now());
    watch.heartbeat();
    watch.say("the end");
    let out = shown.out.take();
    let (known, last) = out.trim_end().rsplit_once('\n').unwrap();
    insta::assert_snapshot!(known, @r"
    2026-01-02T03:04:05Z error   conan: crashed: exit code 3
    2026-01-02T03:04:05Z info    gamectl: the inventory was read again
    ");
    assert!(last.ends_with("info    gamectl: the end"), "{last}");
}

#[test]
fn a_stream_for_programs() {
    let shown = piped(Options {
        json: true,
        ..Options::default()
    });
    let mut watch = shown.screen.run_view("x");
    events(Instant::now()).into_iter().for_each(|event| watch.event(event));
    assert_eq!(shown.out.take(), "", "the snapshot comes first");
    watch.event(ResidentEvent::Settled);
    let out = shown.out.take();
    let events: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["snapshot", "log", "log"]);
    let ids: Vec<&str> = events[0]["instances"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["rust-main", "conan", "soulmask", "dune"]);
    // A row in the same state is no event.
    watch.event(row(watched(
        "conan",
        1,
        InstanceState::Crashed { exit_code: Some(3) },
        Some("other"),
    )));
    assert_eq!(shown.out.take(), "");
    watch.event(row(watched("conan", 1, InstanceState::Running, None)));
    let event: serde_json::Value = serde_json::from_str(&shown.out.take()).unwrap();
    assert_eq!(
        (&event["event"], &event["id"], &event["state"]),
        (&"status".into(), &"conan".into(), &"running".into())
    );
    watch.heartbeat();
    let beats = shown.out.take();
    assert_eq!(beats.lines().count(), 4);
    assert!(beats.contains("\"uptime_seconds\":4000"), "{beats}");
    assert!(beats.contains("\"state\":\"unknown\""), "{beats}");
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_reported() {
    let shown = terminal(Options::default(), 80);
    let mut watch = shown.screen.run_view("gamectl run");
    watch.draw(Instant::now());
    assert!(shown.out.take().ends_with("\u{1b}[?2026l"));
    let panic = std::thread::spawn(|| panic!("a bug, for once")).join();
    assert!(panic.is_err());
    assert_eq!(shown.out.take(), super::LAST);
    drop(watch);
    assert_eq!(shown.out.take(), "", "once is enough");
}

#[test]
fn a_view_that_does_not_act_reports_transitions() {
    let shown = piped(Options::default());
    let mut watch = shown.screen.watch_view("gamectl watch");
    for state in [
        InstanceState::Stopped,
        InstanceState::Stopped,
        InstanceState::Starting,
        InstanceState::Running,
    ] {
        watch.event(row(watched("a", 0, state, None)));
    }
    let crashed = InstanceState::Crashed { exit_code: Some(3) };
    watch.event(row(watched("a", 0, crashed, Some("exit code 3\u{1b}[31m"))));
    let out = shown.out.take();
    let without_times: Vec<&str> = out.lines().map(|line| &line[21..]).collect();
    insta::assert_snapshot!(without_times.join("\n"), @r"
    info    a: stopped
    info    a: starting
    info    a: running
    error   a: crashed: exit code 3
    ");
    let shown = piped(Options {
        json: true,
        ..Options::default()
    });
    let mut watch = shown.screen.watch_view("gamectl watch");
    watch.event(row(watched("a", 0, InstanceState::Stopped, None)));
    watch.event(ResidentEvent::Settled);
    watch.event(row(watched("a", 0, InstanceState::Running, None)));
    watch.event(ResidentEvent::Settled);
    let out = shown.out.take();
    let events: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["snapshot", "status"], "{out}");
}

#[test]
fn a_long_table_is_seen_part_by_part() {
    use crate::pane::PressedKey::{Char, Down, End, Home, PageDown, PageUp, Up};
    let options = Options {
        color: crate::ui::Color::Never,
        ..Options::default()
    };
    let shown = terminal(options, 60);
    let mut watch = shown.screen.watch_view("gamectl watch");
    for n in 0..100 {
        watch.event(row(watched(&format!("g{n:02}"), n, InstanceState::Running, None)));
    }
    let part = |watch: &mut super::WatchView| {
        watch.draw(Instant::now());
        let frame = frame(&shown.out.take());
        assert!(frame.lines().count() <= 24, "{frame}");
        frame.lines().find(|line| line.contains(" of 100")).unwrap().to_owned()
    };
    for (keys, wanted) in [
        (&[][..], "1 to 21 of 100 (arrows move), and 79 more: 79 running"),
        // The selection moves within what is seen, and takes it along at its ends.
        (&[Down], "1 to 21 of 100 (arrows move), and 79 more: 79 running"),
        (&[Down; 20], "1 to 21 of 100 (arrows move), and 79 more: 79 running"),
        (&[Down], "2 to 22 of 100 (arrows move), and 79 more: 79 running"),
        (&[PageDown], "23 to 43 of 100 (arrows move), and 79 more: 79 running"),
        (&[Up; 20], "23 to 43 of 100 (arrows move), and 79 more: 79 running"),
        (&[Up], "22 to 42 of 100 (arrows move), and 79 more: 79 running"),
        (&[PageUp], "1 to 21 of 100 (arrows move), and 79 more: 79 running"),
        (
            &[End, PageDown],
            "80 to 100 of 100 (arrows move), and 79 more: 79 running",
        ),
        // Nothing was run past.
        (&[Up; 21], "79 to 99 of 100 (arrows move), and 79 more: 79 running"),
        (&[Home, PageUp], "1 to 21 of 100 (arrows move), and 79 more: 79 running"),
        // The other keys of pagers.
        (&[Char('G')], "80 to 100 of 100 (arrows move), and 79 more: 79 running"),
    ] {
        watch.press(keys);
        assert_eq!(part(&mut watch), wanted);
    }
}

#[test]
fn a_trouble_stays_until_it_is_over() {
    let shown = terminal(Options::default(), 60);
    let mut watch = shown.screen.run_view("gamectl run");
    watch.set_banner(Some("the inventory is not valid: a.yaml:3: unknown key".into()));
    for n in 0..100 {
        watch.event(row(watched(&format!("g{n:02}"), n, InstanceState::Running, None)));
        watch.event(happened(None, Level::Info, &format!("event {n}")));
    }
    let drawn = |watch: &mut super::WatchView| {
        watch.draw(Instant::now());
        let frame = frame(&shown.out.take());
        assert_eq!(frame.lines().count(), 24, "{frame}");
        frame
    };
    assert!(drawn(&mut watch).contains("\u{1b}[1;31mthe inventory is not valid: a.yaml:3: unknown key"));
    watch.press(&[crate::pane::PressedKey::End]);
    assert!(drawn(&mut watch).contains("the inventory is not valid"));
    watch.set_banner(None);
    assert!(!drawn(&mut watch).contains("the inventory is not valid"));
}

/// The whole reason is there, whatever the room.
#[test]
fn a_reason_is_not_cut() {
    let reason = "cannot be started: there is no executable /srv/games/rust/RustDedicated, nor on PATH";
    for columns in [120, 80, 60, 40, 30] {
        let options = Options {
            color: crate::ui::Color::Never,
            ..Options::default()
        };
        let shown = terminal(options, columns);
        let mut watch = shown.screen.run_view("gamectl run");
        let mut bad = watched("a-server-with-a-name", 0, InstanceState::Stopped, Some(reason));
        bad.awaits = Some(Awaits::Turn);
        watch.event(row(bad));
        watch.draw(Instant::now());
        let frame = frame(&shown.out.take());
        let narrow: Vec<char> = frame.chars().filter(|c| !c.is_whitespace()).collect();
        let wanted: String = format!("queued;{reason}").split(' ').collect();
        assert!(
            narrow.iter().collect::<String>().contains(&wanted),
            "{columns}: {frame}"
        );
        for line in frame.lines() {
            assert!(line.chars().count() <= usize::from(columns), "{columns}: {line}");
        }
    }
}

/// A wait reads as one, and not as a countdown; its time is told once.
#[test]
fn how_long_it_waits_is_told_once() {
    let now = Instant::now();
    for (state, since, note, what, wanted) in [
        (
            InstanceState::Starting,
            true,
            None,
            "ready (log line)",
            "not ready yet (log line), for 40s",
        ),
        (
            InstanceState::Starting,
            false,
            None,
            "ready (log line)",
            "not ready yet (log line), for 21s",
        ),
        (
            InstanceState::Starting,
            true,
            None,
            "the launch",
            "waiting for the launch, for 40s",
        ),
        (
            InstanceState::Stopping,
            true,
            Some("waiting for stdin: quit"),
            "stdin: quit",
            "waiting for stdin: quit, for 40s",
        ),
    ] {
        let shown = terminal(Options::default(), 120);
        let mut watch = shown.screen.run_view("gamectl run");
        let mut one = watched("a", 0, state, note);
        if let (Observation::Known(facts), true) = (&mut one.row.observation, since) {
            // A little less than the next second, for a test that takes its time.
            facts.since = std::time::SystemTime::now().checked_sub(Duration::from_millis(40_100));
        }
        one.awaits = Some(Awaits::Open {
            what: what.into(),
            since: now - Duration::from_secs(21),
        });
        watch.event(row(one));
        watch.draw(now);
        let frame = frame(&shown.out.take());
        let line = frame.lines().nth(2).unwrap();
        assert!(line.ends_with(wanted), "{line}");
        assert_eq!(line.matches(" for ").count(), wanted.matches(" for ").count(), "{line}");
    }
}

/// A count that cannot be had any more takes its column away.
#[test]
fn players_come_and_go() {
    use crate::supervisor::Players;
    let shown = terminal(Options::default(), 80);
    let mut watch = shown.screen.watch_view("gamectl watch");
    watch.event(row(watched("a", 0, InstanceState::Running, None)));
    let players = |player_count| ResidentEvent::Players("a".into(), player_count);
    for (player_count, column, text) in [
        (PlayerCount::Unanswered, true, "-"),
        (
            PlayerCount::Counted(Players {
                online: 7,
                max: Some(9),
            }),
            true,
            "7/9",
        ),
        (PlayerCount::NotAsked, false, "running"),
    ] {
        watch.event(players(player_count));
        watch.draw(Instant::now());
        let frame = frame(&shown.out.take());
        assert_eq!(frame.contains("PLAYERS"), column, "{frame}");
        assert!(frame.contains(text), "{frame}");
    }
}

/// Usage is shown where nothing else is left out for it, and where that is asked for.
#[test]
fn usage_is_shown_where_there_is_room() {
    use crate::supervisor::Usage;
    let used = Usage {
        cpu_percent: Some(12.5),
        memory_bytes: Some(3 << 20),
        tasks: Some(42),
        ..Usage::default()
    };
    let plain = Options {
        color: crate::ui::Color::Never,
        ..Options::default()
    };
    let long = "a note that needs much room, and would get none beside all columns";
    for (columns, is_asked_for, note, wanted, others) in [
        (120, None, None, "", "CPU MEMORY"),
        (120, Some(false), None, "CPU MEMORY 12.5% 3.0M", "TASKS 42"),
        (120, Some(true), None, "CPU MEMORY TASKS DISK 12.5% 3.0M 42", ""),
        (80, Some(false), None, "PLANE CPU MEMORY", "TASKS"),
        (70, Some(false), Some(long), "UPTIME", "CPU MEMORY"),
        (70, Some(true), Some(long), "CPU MEMORY", "PLANE PID"),
    ] {
        let shown = terminal(plain, columns);
        let mut watch = shown.screen.watch_view("gamectl watch");
        if let Some(is_asked_for) = is_asked_for {
            watch.offer_usage(is_asked_for);
        }
        watch.event(row(watched("rust-main", 0, InstanceState::Running, note)));
        watch.event(ResidentEvent::Usage("rust-main".into(), Some(used)));
        assert!(!watch.shows_usage(), "nothing was drawn yet");
        watch.draw(Instant::now());
        let frame = frame(&shown.out.take());
        for word in wanted.split_whitespace() {
            assert!(frame.contains(word), "{word}: {frame}");
        }
        for word in others.split_whitespace() {
            assert!(!frame.contains(word), "{word}: {frame}");
        }
        assert_eq!(watch.shows_usage(), wanted.contains("CPU"), "{frame}");
        watch.event(ResidentEvent::Usage("rust-main".into(), None));
        watch.draw(Instant::now());
        assert!(!shown.out.take().contains("12.5%"), "it is not known any more");
    }
}

#[test]
fn a_program_is_told_of_usage_where_it_asks_for_that() {
    for (is_asked_for, wanted) in [(false, 0), (true, 1)] {
        let shown = piped(Options {
            json: true,
            ..Options::default()
        });
        let mut watch = shown.screen.watch_view("gamectl watch");
        watch.offer_usage(is_asked_for);
        assert_eq!(watch.shows_usage(), is_asked_for);
        watch.event(ResidentEvent::Usage(
            "a".into(),
            Some(crate::supervisor::Usage::default()),
        ));
        let out = shown.out.take();
        assert_eq!(out.matches("\"event\":\"usage\"").count(), wanted, "{out}");
    }
}

#[test]
fn the_journal_gets_priorities_and_no_time() {
    for (level, id, line) in [
        (Level::Error, Some("a"), "<3>a: it crashed\n"),
        (Level::Warning, None, "<4>it crashed\n"),
        (Level::Info, Some("a"), "<6>a: it crashed\n"),
    ] {
        let entry = crate::event::LogEntry {
            at: "2026-11-28T17:44:10Z".into(),
            level,
            id: id.map(str::to_owned),
            host: None,
            kind: None,
            text: "it\x1b[2J crashed".into(),
            schedule: None,
        };
        assert_eq!(super::for_journal(&entry), line);
    }
}

/// While keys reach it, a terminal says what is pasted; it is put back with the rest.
#[test]
fn pasted_text_is_told_from_keys_while_they_reach_it() {
    let shown = terminal(Options::default(), 80);
    let mut watch = shown.screen.watch_view("gamectl watch");
    watch.draw(Instant::now());
    assert!(!shown.out.take().contains("2004"));
    watch.set_keys(true);
    watch.draw(Instant::now());
    assert!(shown.out.take().contains("\u{1b}[?2004h"));
    watch.draw(Instant::now());
    assert!(!shown.out.take().contains("2004"), "once is enough");
    watch.leave();
    assert_eq!(shown.out.take(), "\u{1b}[?2004l\u{1b}[?25h\u{1b}[?1049l");
    watch.set_keys(false);
    watch.draw(Instant::now());
    assert!(!shown.out.take().contains("2004"), "not of our terminal");
}

/// A key that was pressed together with the one that asks was no answer.
#[test]
fn a_question_is_seen_before_it_is_answered() {
    use crate::pane::PaneEffect;
    use crate::pane::PressedKey::Char;
    let shown = terminal(Options::default(), 80);
    let view = shown.screen.run_view("gamectl run");
    let mut watch = view.asking_before_quit("end it?");
    assert_eq!(watch.press(&[Char('q'), Char('y'), Char('y')]), []);
    watch.draw(Instant::now());
    assert!(shown.out.take().contains("end it? [y/N]"));
    assert_eq!(watch.press(&[Char('y')]), [PaneEffect::Quit]);
}

/// Keys in one piece mean what they would mean one by one.
#[test]
fn keys_that_come_together_are_understood_in_turn() {
    use crate::pane::PressedKey::{Char, Enter};
    let shown = terminal(Options::default(), 80);
    let mut watch = shown.screen.watch_view("gamectl watch");
    for (place, id) in ["conan", "rust", "valheim"].into_iter().enumerate() {
        watch.event(row(watched(id, place, InstanceState::Running, None)));
    }
    watch.draw(Instant::now());
    watch.press(&[Char('/'), Char('v'), Char('a'), Char('l'), Enter]);
    assert_eq!(watch.board.pane.selected(), Some("valheim"));
}

/// A log that is left and opened again between two drawings is read from its begin again.
#[test]
fn a_log_that_begins_anew_is_shown_once() {
    use crate::pane::PressedKey::{Char, Down};
    let shown = terminal(Options::default(), 80);
    let mut watch = shown.screen.watch_view("gamectl watch");
    watch.event(row(watched("a", 0, InstanceState::Running, None)));
    watch.draw(Instant::now());
    watch.press(&[Down, Char('l')]);
    for _ in 0..2 {
        watch.begin_log();
        watch.add_to_log("a", Ok(b"the only line\n"));
        watch.press(&[Char('q')]);
        watch.press(&[Char('l')]);
    }
    watch.draw(Instant::now());
    assert_eq!(frame(&shown.out.take()).matches("the only line").count(), 1);
}

/// A host is only said to be dark where nothing of it is known.
#[test]
fn the_troubles_of_the_whole_stay_until_they_are_over() {
    let shown = terminal(Options::default(), 80);
    let mut watch = shown.screen.watch_view("gamectl watch");
    let unknown = |id: &str, place, is_known: bool| {
        let mut one = watched(id, place, InstanceState::Running, None);
        one.row.host = Some("box2".into());
        if !is_known {
            one.row.observation = Observation::Unknown {
                reason: "it does not answer".into(),
            };
        }
        row(one)
    };
    let begin = Instant::now();
    let drawn = |watch: &mut super::WatchView, seconds| {
        watch.draw(begin + Duration::from_secs(seconds));
        frame(&shown.out.take())
    };
    watch.event(unknown("a", 0, false));
    watch.event(unknown("b", 1, true));
    assert!(!drawn(&mut watch, 0).contains("nothing is known"));
    watch.event(unknown("b", 1, false));
    assert!(drawn(&mut watch, 10).contains("nothing is known of the host box2, for 0s"));
    assert!(drawn(&mut watch, 190).contains("nothing is known of the host box2, for 3m"));
    watch.event(unknown("a", 0, true));
    assert!(!drawn(&mut watch, 200).contains("nothing is known"));
    watch.event(unknown("a", 0, false));
    assert!(drawn(&mut watch, 210).contains("for 0s"));
    watch.set_disk_trouble(Some("the disk is nearly full".into()));
    assert!(drawn(&mut watch, 220).contains("the disk is nearly full"));
    watch.set_disk_trouble(None);
    assert!(!drawn(&mut watch, 230).contains("the disk"));
}
