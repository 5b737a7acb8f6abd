//! Tables at their narrowest, and answers that cannot be written.

use super::testing::{piped, row, terminal};
use super::{Color, Options, Screen, Surroundings};
use crate::event::{PlayerCount, Row, Want};
use crate::supervisor::{InstanceState, Observation};

fn running(id: &str) -> Row {
    row(id, InstanceState::Running, |facts| {
        facts.uptime_seconds = 273_600;
        facts.pid = Some(4242);
    })
}

/// One of each.
fn rows() -> Vec<Row> {
    vec![
        running("rust-main"),
        row("conan", InstanceState::Starting, |facts| facts.pid = Some(77)),
        row("soulmask", InstanceState::Crashed { exit_code: Some(3) }, |facts| {
            facts.note = Some("exited with 3 after 2 s, before it was ready".into());
        }),
        row("dune", InstanceState::Stopped, |_| {}),
        row("valheim", InstanceState::Stopping, |facts| facts.pid = Some(78)),
        row("ark", InstanceState::Unmanaged, |facts| {
            facts.note = Some("no executable is given".into());
        }),
        Row {
            id: "lost".into(),
            plane: "process",
            host: None,
            observation: Observation::Unknown {
                reason: "/proc cannot be read".into(),
            },
            intent: Some(Want::Running),
            player_count: PlayerCount::NotAsked,
            usage: None,
        },
    ]
}

fn with(change: impl FnOnce(&mut Options)) -> Options {
    let mut options = Options::default();
    change(&mut options);
    options
}

#[test]
fn restarts_have_a_column_when_there_are_any() {
    let shown = piped(Options::default());
    shown.screen.status(&[
        running("a"),
        row("b", InstanceState::Running, |facts| facts.restarts = 3),
    ]);
    assert_eq!(
        shown.out.take(),
        "\
ID  PLANE    STATE    UPTIME  PID   RESTARTS  NOTE
a   process  running  3d 4h   4242  0
b   process  running  0s      -     3
"
    );
}

#[test]
fn a_table_fits_its_terminal() {
    for columns in [200, 120, 80, 60, 40, 30] {
        let shown = terminal(with(|options| options.color = Color::Never), columns);
        shown.screen.status(&rows());
        let out = shown.out.take();
        assert_eq!(out.lines().filter(|line| !line.starts_with(' ')).count(), 8, "{out}");
        for line in out.lines() {
            assert!(super::width::width(line) <= columns.into(), "{columns}: {line}\n{out}");
        }
        for word in ["rust-ma", "running", "crashed", "unknown"] {
            assert!(out.contains(word), "{columns}: {out}");
        }
        // The reason is all there, on as many lines as it takes.
        let words = out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("before it was ready") || columns == 30, "{out}");
    }
    let shown = terminal(with(|options| options.color = Color::Never), 80);
    shown.screen.status(&rows());
    let out = shown.out.take();
    assert!(
        out.contains("● running") && out.contains("✗ crashed") && !out.contains('…'),
        "{out}"
    );
}

#[test]
fn a_failed_write_is_reported() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let err = super::testing::Kept::default();
    let around = Surroundings::from_environment(|_| None, std::sync::Arc::new(|| None));
    let screen = Screen::on(Options::default(), around, Box::new(Full), Box::new(err.clone()));
    screen.status(&rows());
    assert!(!screen.is_open());
    assert!(!screen.finish());
    assert!(err.take().starts_with("error: the answer could not be written: "));
}
