use super::super::options::{Color, Options};
use super::super::testing::{Shown, piped, terminal};
use crate::event::{PlayerCount, Row, Verb, VerbResult, Want};
use crate::failure::{Failure, FailureKind};
use crate::inventory::{Problem, Problems};
use crate::supervisor::{Detail, Facts, InstanceState, LastExit, Observation};
use std::time::Duration;

fn known(id: &str, state: InstanceState, note: Option<&str>) -> Row {
    let running = state == InstanceState::Running;
    Row {
        id: id.to_owned(),
        plane: "process",
        host: None,
        observation: Observation::Known(Box::new(Facts {
            uptime_seconds: if running { 93_600 } else { 0 },
            pid: running.then_some(4711),
            ..Facts::bare(state, note.map(str::to_owned))
        })),
        intent: Some(Want::Running),
        player_count: PlayerCount::NotAsked,
        usage: None,
    }
}

fn rows() -> Vec<Row> {
    vec![
        known("rust-main", InstanceState::Running, None),
        known(
            "conan",
            InstanceState::Crashed { exit_code: Some(139) },
            Some("exit code 139 before it was ready, and a long story about why that came to be so"),
        ),
        known("soulmask", InstanceState::Unmanaged, Some("no executable is given")),
        Row {
            id: "dune".into(),
            plane: "process",
            host: None,
            observation: Observation::Unknown {
                reason: "/proc is not mounted".into(),
            },
            intent: None,
            player_count: PlayerCount::NotAsked,
            usage: None,
        },
    ]
}

fn out(shown: &Shown) -> String {
    shown.screen.status(&rows());
    shown.out.take()
}

#[test]
fn off_a_terminal_nothing_is_cut_or_decorated() {
    let shown = piped(Options::default());
    assert_eq!(
        out(&shown),
        "\
ID         PLANE    STATE      UPTIME  PID   NOTE
rust-main  process  running    1d 2h   4711
conan      process  crashed    -       -     exit code 139 before it was ready, and a long story about why that came to be so
soulmask   process  unmanaged  -       -     no executable is given
dune       process  unknown    -       -     /proc is not mounted
"
    );
}

#[test]
fn on_a_terminal_it_fits() {
    let options = Options {
        color: Color::Never,
        ..Options::default()
    };
    assert_eq!(
        out(&terminal(options, 80)),
        "\
ID         PLANE    STATE        UPTIME  PID   NOTE
rust-main  process  ● running    1d 2h   4711
conan      process  ✗ crashed    -       -     exit code 139 before it was
                                               ready, and a long story about why
                                               that came to be so
soulmask   process  · unmanaged  -       -     no executable is given
dune       process  ? unknown    -       -     /proc is not mounted
"
    );
    assert_eq!(
        out(&terminal(options, 40)),
        "\
ID         STATE
rust-main  ● running
conan      ✗ crashed
    exit code 139 before it was ready,
    and a long story about why that came
    to be so
soulmask   · unmanaged
    no executable is given
dune       ? unknown
    /proc is not mounted
"
    );
    for columns in [1, 10, 20, 60, 100] {
        for line in out(&terminal(options, columns)).lines() {
            let wide = usize::from(columns).max(40);
            assert!(line.chars().count() <= wide, "{columns}: {line:?}");
        }
    }
}

#[test]
fn colour_is_an_option() {
    let colored = |options, columns| out(&terminal(options, columns)).contains('\u{1b}');
    assert!(colored(Options::default(), 80));
    let never = Options {
        color: Color::Never,
        ..Options::default()
    };
    assert!(!colored(never, 80));
    let always = Options {
        color: Color::Always,
        ..Options::default()
    };
    assert!(out(&piped(always)).contains("\u{1b}[31mcrashed"));
}

#[test]
fn text_of_a_plane_does_nothing_to_a_terminal() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2Jred\nnext\u{202e}";
    let shown = terminal(Options::default(), 120);
    shown
        .screen
        .status(&[known("a", InstanceState::Stopped, Some(hostile))]);
    let text = shown.out.take();
    assert!(
        text.contains("red next") && !text.contains("owned") && !text.contains("\u{1b}[2J"),
        "{text:?}"
    );
    let shown = piped(Options {
        json: true,
        ..Options::default()
    });
    shown
        .screen
        .status(&[known("a", InstanceState::Stopped, Some(hostile))]);
    let text = shown.out.take();
    assert!(
        text.contains("\\u001b]0;owned\\u0007") && text.contains("\\u202e"),
        "{text:?}"
    );
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["instances"][0]["note"], hostile, "JSON keeps it whole");
}

#[test]
fn many_rows_are_counted_and_no_rows_are_noted() {
    let shown = terminal(Options::default(), 80);
    let many: Vec<Row> = (0..12)
        .map(|n| known(&format!("g{n}"), InstanceState::Running, None))
        .collect();
    shown.screen.status(&many);
    assert!(shown.out.take().contains("12 instances: 12 running"));
    shown.screen.status(&[]);
    assert_eq!(shown.out.take(), "");
    assert!(shown.err.take().starts_with("note: the inventory has no instances; "));
}

#[test]
fn quiet_shows_what_is_wrong() {
    let shown = piped(Options {
        quiet: true,
        ..Options::default()
    });
    let text = out(&shown);
    assert!(
        text.contains("conan") && text.contains("dune") && !text.contains("rust-main"),
        "{text}"
    );
    let good: Vec<Row> = rows().into_iter().filter(|row| row.id == "rust-main").collect();
    assert_eq!(good.len(), 1);
    shown.screen.status(&good);
    assert_eq!((shown.out.take(), shown.err.take()), (String::new(), String::new()));
}

#[test]
fn rows_as_json() {
    let shown = piped(Options {
        json: true,
        ..Options::default()
    });
    let mut rows = rows();
    if let Observation::Known(facts) = &mut rows[1].observation {
        facts.last_exit = Some(LastExit {
            code: Some(139),
            signal: None,
            at: humantime::parse_rfc3339("2026-01-02T03:04:05Z").ok(),
            requested: false,
            oom_killed: false,
        });
        facts.details = vec![
            ("launch".into(), Detail::Number(3)),
            ("adopted".into(), Detail::Flag(true)),
        ];
    }
    shown.screen.status(&rows);
    let text = shown.out.take();
    assert_eq!(text.lines().count(), 1);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["schema"], 1);
    let row = &value["instances"][1];
    let keys: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    for key in [
        "id",
        "plane",
        "state",
        "exit_code",
        "uptime_seconds",
        "intent",
        "since",
        "pid",
        "restarts",
        "last_exit",
        "note",
        "details",
    ] {
        assert!(keys.contains(&key), "{key} in {keys:?}");
    }
    assert_eq!((&row["state"], &row["exit_code"]), (&"crashed".into(), &139.into()));
    assert_eq!(row["last_exit"]["code"], 139);
    assert_eq!(row["details"]["launch"], 3);
    let unknown = &value["instances"][3];
    assert_eq!(unknown["state"], "unknown");
    assert_eq!(unknown["note"], "/proc is not mounted");
    assert_eq!(
        (&unknown["pid"], &unknown["intent"]),
        (&serde_json::Value::Null, &serde_json::Value::Null)
    );
}

fn result(id: &str, changed: bool, state: InstanceState) -> VerbResult {
    VerbResult {
        id: id.to_owned(),
        changed,
        state: Some(state),
        took: Duration::from_millis(7_200),
        ended_by: None,
        note: None,
        error: None,
    }
}

fn shown_of(verb: Verb, result: VerbResult) -> (String, String) {
    let shown = piped(Options::default());
    let mut progress = shown.screen.progress(verb, 1);
    progress.event(
        &crate::event::VerbEvent::Began { id: result.id.clone() },
        std::time::Instant::now(),
    );
    progress.event(&crate::event::VerbEvent::Done(result), std::time::Instant::now());
    progress.tick(std::time::Instant::now());
    progress.finish();
    (shown.out.take(), shown.err.take())
}

#[test]
fn results_of_verbs() {
    use InstanceState::{Running, Starting, Stopped};
    let stopped = |ended_by: &str| VerbResult {
        ended_by: Some(ended_by.to_owned()),
        ..result("a", true, Stopped)
    };
    let noted = VerbResult {
        note: Some("2 processes that had outlived it were killed".into()),
        ..stopped("signal: TERM")
    };
    for (verb, result, wanted) in [
        (Verb::Start, result("a", true, Running), "a: ready after 7 s\n"),
        (
            Verb::Start,
            result("a", true, Starting),
            "a: started; not waiting until it is ready\n",
        ),
        (Verb::Start, result("a", false, Running), "a: already running\n"),
        (
            Verb::Restart,
            result("a", true, Running),
            "a: restarted, ready after 7 s\n",
        ),
        (Verb::Stop, stopped("stdin: quit"), "a: stopped by stdin: quit in 7 s\n"),
        (Verb::Stop, stopped("kill"), "a: killed after 7 s\n"),
        (Verb::Stop, result("a", false, Stopped), "a: already stopped\n"),
        (
            Verb::Stop,
            noted,
            "a: stopped by signal: TERM in 7 s (2 processes that had outlived it were killed)\n",
        ),
    ] {
        assert_eq!(shown_of(verb, result), (wanted.to_owned(), String::new()));
    }
}

#[test]
fn a_failure_has_an_id_a_reason_and_a_hint() {
    let failed = VerbResult {
        error: Some(Failure::failed("it ended\n  | last\u{1b}[31m words").hint("look there")),
        ..result("a", false, InstanceState::Crashed { exit_code: None })
    };
    let (out, err) = shown_of(Verb::Start, failed.clone());
    assert_eq!(
        (out.as_str(), err.as_str()),
        ("", "error: a: it ended\n  | last words\nhint: look there\n")
    );
    let shown = piped(Options {
        json: true,
        ..Options::default()
    });
    shown.screen.results(Verb::Start, &[failed]);
    let value: serde_json::Value = serde_json::from_str(&shown.out.take()).unwrap();
    let one = &value["results"][0];
    assert_eq!(
        (&value["verb"], &one["ok"], &one["state"]),
        (&"start".into(), &false.into(), &"crashed".into())
    );
    assert_eq!(one["error"]["kind"], "failed");
    assert_eq!(one["took_seconds"], 7.2);
    assert!(shown.err.take().starts_with("error: a: it ended"));
}

#[test]
fn a_failure_of_the_whole_command() {
    let shown = piped(Options {
        json: true,
        ..Options::default()
    });
    shown
        .screen
        .failure(&Failure::new(FailureKind::Usage, "no verb").hint("give one"));
    let value: serde_json::Value = serde_json::from_str(&shown.out.take()).unwrap();
    assert_eq!(value["error"]["kind"], "usage");
    assert_eq!(value["error"]["line"], serde_json::Value::Null);
    assert_eq!(shown.err.take(), "error: no verb\nhint: give one\n");
}

#[test]
fn a_problem_shows_its_line() {
    let problem = |line, message: &str| Problem {
        line: Some(line),
        column: Some(7),
        width: 10,
        message: message.to_owned(),
        hint: Some("did you mean `executable`?".into()),
        excerpt: Some("      executible: /srv/x".into()),
        caret: 6,
        related: Some((4, "first given".into())),
    };
    let problems = Problems {
        source: "i.yaml".into(),
        list: vec![problem(12, "unknown key `executible`"), problem(13, "another")],
    };
    let shown = piped(Options {
        json: true,
        ..Options::default()
    });
    shown.screen.problems(&problems);
    let text = shown.err.take();
    let first = "\
error: unknown key `executible`
  --> i.yaml:12:7
   |
12 |       executible: /srv/x
   |       ^^^^^^^^^^
   = first given: line 4
hint: did you mean `executable`?
";
    assert!(text.starts_with(first), "{text}");
    assert!(text.ends_with("2 problems in i.yaml; nothing was touched\n"), "{text}");
    let value: serde_json::Value = serde_json::from_str(&shown.out.take()).unwrap();
    assert_eq!(
        (&value["error"]["file"], &value["error"]["line"]),
        (&"i.yaml".into(), &12.into())
    );
    assert_eq!(value["problems"].as_array().map(Vec::len), Some(2));
}

#[test]
fn logs_of_several_never_mix_within_a_line() {
    let shown = piped(Options::default());
    let ids = ["a".to_owned(), "long".to_owned()];
    let mut logs = shown.screen.logs(&ids, false, false);
    logs.write(0, b"one\ntw");
    logs.write(1, b"\x1b[31mred\x1b[0m\n");
    logs.write(0, b"o\nrest");
    logs.finish();
    assert_eq!(shown.out.take(), "a    | one\nlong | red\na    | two\na    | rest\n");
    let mut raw = shown.screen.logs(&ids[..1], true, false);
    raw.write(0, b"\x1b[31mred");
    raw.finish();
    assert_eq!(shown.out.take(), "\u{1b}[31mred");
}
