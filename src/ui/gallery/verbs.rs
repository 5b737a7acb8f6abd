//! The results of a verb.

use std::time::Duration;

use super::seen;
use crate::event::{Verb, VerbEvent, VerbResult};
use crate::failure::{Failure, FailureKind};
use crate::supervisor::InstanceState;
use crate::ui::screen::Screen;

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

fn stopped(id: &str, by: &str) -> VerbResult {
    VerbResult {
        ended_by: Some(by.to_owned()),
        ..result(id, InstanceState::Stopped)
    }
}

fn unchanged(id: &str, state: InstanceState) -> VerbResult {
    VerbResult {
        changed: false,
        ..result(id, state)
    }
}

fn failed(id: &str, failure: Failure) -> VerbResult {
    VerbResult {
        error: Some(failure),
        ..result(id, InstanceState::Crashed { exit_code: None })
    }
}

/// The verb from its beginning to its end, with these results.
fn ended(screen: &Screen, verb: Verb, results: &[VerbResult]) {
    let mut progress = screen.progress(verb, results.len());
    for one in results {
        progress.event(&VerbEvent::Done(one.clone()), std::time::Instant::now());
    }
    progress.finish();
    screen.results(verb, results);
}

#[test]
fn results_of_a_start() {
    let missing = Failure::failed("cannot start: /srv/rust/RustDedicated: No such file or directory")
        .hint("install the game, or correct `executable`");
    let crashed = Failure::failed(
        "it ended before it was ready: exit code 1 after 3 s\n  | [Error] The port 28015 is in use by another program, and there is nothing else to listen on",
    )
    .hint("`gamectl logs soulmask` shows all of it; `gamectl check soulmask` looks the ground over");
    let mut waits = result("conan", InstanceState::Starting);
    waits.note = Some("nobody judges whether it is ready until somebody looks".into());
    let results = [
        result("rust-main", InstanceState::Running),
        unchanged("valheim", InstanceState::Running),
        unchanged("ark", InstanceState::Starting),
        waits,
        failed("rust-test", missing),
        failed("soulmask", crashed),
    ];
    insta::assert_snapshot!(seen(|screen| ended(screen, Verb::Start, &results)), @r"
    --- 120 columns
    ● rust-main: ready after 42 s
    ● valheim: already running
    ● ark: already starting
    ● conan: started; not waiting until it is ready (nobody judges whether it is ready until somebody looks)
    error: rust-test: cannot start: /srv/rust/RustDedicated: No such file or directory
    hint: install the game, or correct `executable`
    error: soulmask: it ended before it was ready: exit code 1 after 3 s
      | [Error] The port 28015 is in use by another program, and there is nothing else to listen on
    hint: `gamectl logs soulmask` shows all of it; `gamectl check soulmask` looks the ground over
    --- 120 columns in colour
    ␛[32m●␛[0m rust-main: ␛[32mready after 42 s␛[0m
    ␛[32m●␛[0m valheim: ␛[32malready running␛[0m
    ␛[32m●␛[0m ark: ␛[32malready starting␛[0m
    ␛[33m●␛[0m conan: ␛[33mstarted; not waiting until it is ready␛[0m (nobody judges whether it is ready until somebody looks)
    ␛[1;31merror:␛[0m rust-test: cannot start: /srv/rust/RustDedicated: No such file or directory
    ␛[36mhint:␛[0m install the game, or correct `executable`
    ␛[1;31merror:␛[0m soulmask: it ended before it was ready: exit code 1 after 3 s
      | [Error] The port 28015 is in use by another program, and there is nothing else to listen on
    ␛[36mhint:␛[0m `gamectl logs soulmask` shows all of it; `gamectl check soulmask` looks the ground over
    --- 80 columns
    ● rust-main: ready after 42 s
    ● valheim: already running
    ● ark: already starting
    ● conan: started; not waiting until it is ready (nobody judges whether it is
      ready until somebody looks)
    error: rust-test: cannot start: /srv/rust/RustDedicated: No such file or
           directory
    hint: install the game, or correct `executable`
    error: soulmask: it ended before it was ready: exit code 1 after 3 s
      | [Error] The port 28015 is in use by another program, and there is nothing
        else to listen on
    hint: `gamectl logs soulmask` shows all of it; `gamectl check soulmask` looks
          the ground over
    --- 80 columns in colour
    ␛[32m●␛[0m rust-main: ␛[32mready after 42 s␛[0m
    ␛[32m●␛[0m valheim: ␛[32malready running␛[0m
    ␛[32m●␛[0m ark: ␛[32malready starting␛[0m
    ␛[33m●␛[0m conan: ␛[33mstarted; not waiting until it is ready␛[0m (nobody judges whether it is
      ready until somebody looks)
    ␛[1;31merror:␛[0m rust-test: cannot start: /srv/rust/RustDedicated: No such file or
           directory
    ␛[36mhint:␛[0m install the game, or correct `executable`
    ␛[1;31merror:␛[0m soulmask: it ended before it was ready: exit code 1 after 3 s
      | [Error] The port 28015 is in use by another program, and there is nothing
        else to listen on
    ␛[36mhint:␛[0m `gamectl logs soulmask` shows all of it; `gamectl check soulmask` looks
          the ground over
    --- 40 columns
    ● rust-main: ready after 42 s
    ● valheim: already running
    ● ark: already starting
    ● conan: started; not waiting until it
      is ready (nobody judges whether it is
      ready until somebody looks)
    error: rust-test: cannot start:
           /srv/rust/RustDedicated: No such
           file or directory
    hint: install the game, or correct
          `executable`
    error: soulmask: it ended before it was
           ready: exit code 1 after 3 s
      | [Error] The port 28015 is in use by
        another program, and there is
        nothing else to listen on
    hint: `gamectl logs soulmask` shows all
          of it; `gamectl check soulmask`
          looks the ground over
    --- off a terminal
    rust-main: ready after 42 s
    valheim: already running
    ark: already starting
    conan: started; not waiting until it is ready (nobody judges whether it is ready until somebody looks)
    error: rust-test: cannot start: /srv/rust/RustDedicated: No such file or directory
    hint: install the game, or correct `executable`
    error: soulmask: it ended before it was ready: exit code 1 after 3 s
      | [Error] The port 28015 is in use by another program, and there is nothing else to listen on
    hint: `gamectl logs soulmask` shows all of it; `gamectl check soulmask` looks the ground over
    ");
}

#[test]
fn results_of_a_stop() {
    let noted = VerbResult {
        note: Some("2 processes that had outlived it were killed".into()),
        ..stopped("a-name-of-a-server-that-is-long", "signal: TERM")
    };
    let held = Failure::new(FailureKind::Busy, "gamectl restart (pid 4242) holds it")
        .hint("wait for that one, or give `--lock-wait`");
    let results = [
        stopped("rust-main", "rcon: quit"),
        stopped("conan", "kill"),
        noted,
        unchanged("valheim", InstanceState::Stopped),
        result("soulmask", InstanceState::Stopped),
        failed("ark", held),
    ];
    insta::assert_snapshot!(seen(|screen| ended(screen, Verb::Stop, &results)), @r"
    --- 120 columns
    ○ rust-main: stopped by rcon: quit in 42 s
    ○ conan: killed after 42 s
    ○ a-name-of-a-server-that-is-long: stopped by signal: TERM in 42 s (2 processes that had outlived it were killed)
    ○ valheim: already stopped
    ○ soulmask: stopped
    error: ark: gamectl restart (pid 4242) holds it
    hint: wait for that one, or give `--lock-wait`
    --- 120 columns in colour
    ␛[2m○␛[0m rust-main: ␛[2mstopped by rcon: quit in 42 s␛[0m
    ␛[1;33m○␛[0m conan: ␛[1;33mkilled after 42 s␛[0m
    ␛[2m○␛[0m a-name-of-a-server-that-is-long: ␛[2mstopped by signal: TERM in 42 s␛[0m (2 processes that had outlived it were killed)
    ␛[2m○␛[0m valheim: ␛[2malready stopped␛[0m
    ␛[2m○␛[0m soulmask: ␛[2mstopped␛[0m
    ␛[1;31merror:␛[0m ark: gamectl restart (pid 4242) holds it
    ␛[36mhint:␛[0m wait for that one, or give `--lock-wait`
    --- 80 columns
    ○ rust-main: stopped by rcon: quit in 42 s
    ○ conan: killed after 42 s
    ○ a-name-of-a-server-that-is-long: stopped by signal: TERM in 42 s (2 processes
      that had outlived it were killed)
    ○ valheim: already stopped
    ○ soulmask: stopped
    error: ark: gamectl restart (pid 4242) holds it
    hint: wait for that one, or give `--lock-wait`
    --- 80 columns in colour
    ␛[2m○␛[0m rust-main: ␛[2mstopped by rcon: quit in 42 s␛[0m
    ␛[1;33m○␛[0m conan: ␛[1;33mkilled after 42 s␛[0m
    ␛[2m○␛[0m a-name-of-a-server-that-is-long: ␛[2mstopped by signal: TERM in 42 s␛[0m (2 processes
      that had outlived it were killed)
    ␛[2m○␛[0m valheim: ␛[2malready stopped␛[0m
    ␛[2m○␛[0m soulmask: ␛[2mstopped␛[0m
    ␛[1;31merror:␛[0m ark: gamectl restart (pid 4242) holds it
    ␛[36mhint:␛[0m wait for that one, or give `--lock-wait`
    --- 40 columns
    ○ rust-main: stopped by rcon: quit in
      42 s
    ○ conan: killed after 42 s
    ○ a-name-of-a-server-that-is-long:
      stopped by signal: TERM in 42 s (2
      processes that had outlived it were
      killed)
    ○ valheim: already stopped
    ○ soulmask: stopped
    error: ark: gamectl restart (pid 4242)
           holds it
    hint: wait for that one, or give
          `--lock-wait`
    --- off a terminal
    rust-main: stopped by rcon: quit in 42 s
    conan: killed after 42 s
    a-name-of-a-server-that-is-long: stopped by signal: TERM in 42 s (2 processes that had outlived it were killed)
    valheim: already stopped
    soulmask: stopped
    error: ark: gamectl restart (pid 4242) holds it
    hint: wait for that one, or give `--lock-wait`
    ");
}

#[test]
fn results_of_a_restart() {
    let results = [
        result("rust-main", InstanceState::Running),
        result("conan", InstanceState::Starting),
        failed(
            "ark",
            Failure::failed("somebody asked for a stop meanwhile, and that wins"),
        ),
    ];
    insta::assert_snapshot!(seen(|screen| ended(screen, Verb::Restart, &results)), @r"
    --- 120 columns, 80 columns
    ● rust-main: restarted, ready after 42 s
    ● conan: restarted; not waiting until it is ready
    error: ark: somebody asked for a stop meanwhile, and that wins
    --- 120 columns in colour, 80 columns in colour
    ␛[32m●␛[0m rust-main: ␛[32mrestarted, ready after 42 s␛[0m
    ␛[33m●␛[0m conan: ␛[33mrestarted; not waiting until it is ready␛[0m
    ␛[1;31merror:␛[0m ark: somebody asked for a stop meanwhile, and that wins
    --- 40 columns
    ● rust-main: restarted, ready after 42 s
    ● conan: restarted; not waiting until it
      is ready
    error: ark: somebody asked for a stop
           meanwhile, and that wins
    --- off a terminal
    rust-main: restarted, ready after 42 s
    conan: restarted; not waiting until it is ready
    error: ark: somebody asked for a stop meanwhile, and that wins
    ");
}

#[test]
fn results_of_nothing_and_of_many() {
    insta::assert_snapshot!(seen(|screen| screen.nothing_to_do(false)), @r"
    --- 120 columns, 80 columns, off a terminal
    note: nothing to do: none of the selected instances can be managed
    --- 120 columns in colour, 80 columns in colour
    ␛[36mnote:␛[0m nothing to do: none of the selected instances can be managed
    --- 40 columns
    note: nothing to do: none of the
          selected instances can be managed
    ");
    let many: Vec<VerbResult> = (0..11)
        .map(|n| stopped(&format!("game-{n:02}"), "stdin: quit"))
        .collect();
    insta::assert_snapshot!(seen(|screen| ended(screen, Verb::Stop, &many)), @r"
    --- 120 columns, 80 columns
    ○ game-00: stopped by stdin: quit in 42 s
    ○ game-01: stopped by stdin: quit in 42 s
    ○ game-02: stopped by stdin: quit in 42 s
    ○ game-03: stopped by stdin: quit in 42 s
    ○ game-04: stopped by stdin: quit in 42 s
    ○ game-05: stopped by stdin: quit in 42 s
    ○ game-06: stopped by stdin: quit in 42 s
    ○ game-07: stopped by stdin: quit in 42 s
    ○ game-08: stopped by stdin: quit in 42 s
    ○ game-09: stopped by stdin: quit in 42 s
    ○ game-10: stopped by stdin: quit in 42 s
    11 stopped
    --- 120 columns in colour, 80 columns in colour
    ␛[2m○␛[0m game-00: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-01: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-02: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-03: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-04: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-05: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-06: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-07: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-08: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-09: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[2m○␛[0m game-10: ␛[2mstopped by stdin: quit in 42 s␛[0m
    ␛[1m11 stopped␛[0m
    --- 40 columns
    ○ game-00: stopped by stdin: quit in
      42 s
    ○ game-01: stopped by stdin: quit in
      42 s
    ○ game-02: stopped by stdin: quit in
      42 s
    ○ game-03: stopped by stdin: quit in
      42 s
    ○ game-04: stopped by stdin: quit in
      42 s
    ○ game-05: stopped by stdin: quit in
      42 s
    ○ game-06: stopped by stdin: quit in
      42 s
    ○ game-07: stopped by stdin: quit in
      42 s
    ○ game-08: stopped by stdin: quit in
      42 s
    ○ game-09: stopped by stdin: quit in
      42 s
    ○ game-10: stopped by stdin: quit in
      42 s
    11 stopped
    --- off a terminal
    game-00: stopped by stdin: quit in 42 s
    game-01: stopped by stdin: quit in 42 s
    game-02: stopped by stdin: quit in 42 s
    game-03: stopped by stdin: quit in 42 s
    game-04: stopped by stdin: quit in 42 s
    game-05: stopped by stdin: quit in 42 s
    game-06: stopped by stdin: quit in 42 s
    game-07: stopped by stdin: quit in 42 s
    game-08: stopped by stdin: quit in 42 s
    game-09: stopped by stdin: quit in 42 s
    game-10: stopped by stdin: quit in 42 s
    ");
}

#[test]
fn replies_to_a_line() {
    let reply =
        "Players online: 2\n\u{1b}]0;owned\u{7}  Ann (76561198000000000), 42 ms\n  Bob (76561198000000001), 17 ms\n";
    insta::assert_snapshot!(seen(|screen| screen.reply("rust-main", Some(reply))), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour, 40 columns, off a terminal
    Players online: 2
      Ann (76561198000000000), 42 ms
      Bob (76561198000000001), 17 ms
    ");
    // A channel without replies.
    insta::assert_snapshot!(seen(|screen| screen.reply("rust-main", None)), @r"
    --- 120 columns, 120 columns in colour, 80 columns, 80 columns in colour, 40 columns, off a terminal
    ");
    let down =
        Failure::new(FailureKind::NotRunning, "rust-main: it does not run").hint("`gamectl start rust-main` starts it");
    insta::assert_snapshot!(seen(|screen| screen.failure(&down)), @r"
    --- 120 columns, 80 columns, off a terminal
    error: rust-main: it does not run
    hint: `gamectl start rust-main` starts it
    --- 120 columns in colour, 80 columns in colour
    ␛[1;31merror:␛[0m rust-main: it does not run
    ␛[36mhint:␛[0m `gamectl start rust-main` starts it
    --- 40 columns
    error: rust-main: it does not run
    hint: `gamectl start rust-main` starts
          it
    ");
}

/// Off a terminal it is reported at once that another one is waited for: there is no
/// live line.
#[test]
fn a_verb_that_waits_for_another_one() {
    let waits = |screen: &Screen| {
        let mut progress = screen.progress(Verb::Stop, 1);
        progress.event(
            &VerbEvent::LockHeld {
                id: "rust-main".into(),
                holder: "gamectl restart (pid 4242)".into(),
            },
            std::time::Instant::now(),
        );
        progress.event(
            &VerbEvent::Done(stopped("rust-main", "rcon: quit")),
            std::time::Instant::now(),
        );
        progress.finish();
    };
    insta::assert_snapshot!(seen(waits), @r"
    --- 120 columns, 80 columns
    ○ rust-main: stopped by rcon: quit in 42 s
    --- 120 columns in colour, 80 columns in colour
    ␛[2m○␛[0m rust-main: ␛[2mstopped by rcon: quit in 42 s␛[0m
    --- 40 columns
    ○ rust-main: stopped by rcon: quit in
      42 s
    --- off a terminal
    rust-main: stopped by rcon: quit in 42 s
    rust-main: waiting for gamectl restart (pid 4242)
    ");
}
