//! `start`, `stop` and `restart` while they wait, and when they are done, on a
//! terminal that follows what is drawn.

use std::time::{Duration, Instant};

use super::scene::{Scene, on_terminals};
use super::verbs::result;
use crate::event::{Verb, VerbEvent, VerbResult};
use crate::failure::{Failure, FailureKind};
use crate::supervisor::{Activity, InstanceState};
use crate::ui::progress::Progress;

/// A verb at work on a terminal.
struct Work {
    scene: Scene,
    progress: Progress,
    verb: Verb,
    now: Instant,
}

impl Work {
    fn event(&mut self, event: &VerbEvent) {
        self.progress.event(event, self.now);
    }

    fn began(&mut self, id: &str) {
        self.event(&VerbEvent::Began { id: id.to_owned() });
    }

    fn awaits(&mut self, id: &str, awaiting: &str, limit: u64, last_line: &str) {
        self.event(&VerbEvent::Awaiting {
            id: id.to_owned(),
            activity: Activity {
                awaiting: awaiting.to_owned(),
                limit: Some(Duration::from_secs(limit)),
                last_line: last_line.to_owned(),
                is_warning: false,
            },
        });
    }

    fn done(&mut self, result: VerbResult) {
        self.event(&VerbEvent::Done(result));
    }

    /// Lets so many seconds pass.
    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.progress.tick(self.now);
    }

    /// Ends it, with these results.
    fn end(&mut self, results: &[VerbResult]) {
        self.progress.finish();
        self.scene.screen.results(self.verb, results);
    }

    fn seen(&mut self) -> String {
        self.scene.seen()
    }
}

/// Returns the output of a play on terminals with so many rows.
fn seen(rows: u16, verb: Verb, targets: usize, play: impl Fn(&mut Work) -> String) -> String {
    on_terminals(rows, |scene| {
        play(&mut Work {
            progress: scene.screen.progress(verb, targets),
            scene,
            verb,
            now: Instant::now(),
        })
    })
}

fn failed(id: &str, kind: FailureKind, message: &str, hint: &str) -> VerbResult {
    VerbResult {
        error: Some(Failure::new(kind, message).hint(hint)),
        ..result(id, InstanceState::Crashed { exit_code: None })
    }
}

#[test]
fn one_that_starts() {
    let play = |work: &mut Work| {
        work.began("rust-main");
        work.pass(0);
        let mut out = work.seen();
        work.awaits("rust-main", "ready (log line)", 900, "");
        work.pass(2);
        out += &work.seen();
        work.awaits("rust-main", "ready (log line)", 900, "Loading Prefab Bundle 42%");
        work.pass(40);
        out += &work.seen();
        let done = result("rust-main", InstanceState::Running);
        work.done(done.clone());
        work.end(&[done]);
        out + &work.seen()
    };
    insta::assert_snapshot!(seen(24, Verb::Start, 1, play), @r"
    --- 120 columns
    ⠙ rust-main: starting, 0s

    ⠹ rust-main: starting, waiting for ready (log line), 2s of 15m

    ⠸ rust-main: starting, waiting for ready (log line), 42s of 15m: Loading Prefab Bundle 42%

    ● rust-main: ready after 42 s

    --- 120 columns in colour
    ␛[33m⠙␛[m rust-main: starting, 0s

    ␛[33m⠹␛[m rust-main: starting, waiting for ready (log line), 2s of 15m

    ␛[33m⠸␛[m rust-main: starting, waiting for ready (log line), 42s of 15m: ␛[2mLoading Prefab Bundle 42%

    ␛[32m●␛[m rust-main: ␛[32mready after 42 s

    --- 80 columns
    ⠙ rust-main: starting, 0s

    ⠹ rust-main: starting, waiting for ready (log line), 2s of 15m

    ⠸ rust-main: starting, waiting for ready (log line), 42s of 15m: Loading Prefa…

    ● rust-main: ready after 42 s

    --- 80 columns in colour
    ␛[33m⠙␛[m rust-main: starting, 0s

    ␛[33m⠹␛[m rust-main: starting, waiting for ready (log line), 2s of 15m

    ␛[33m⠸␛[m rust-main: starting, waiting for ready (log line), 42s of 15m: ␛[2mLoading Prefa…

    ␛[32m●␛[m rust-main: ␛[32mready after 42 s
    ");
}

#[test]
fn one_that_stops() {
    let play = |work: &mut Work| {
        work.began("rust-main");
        work.event(&VerbEvent::LockHeld {
            id: "rust-main".into(),
            holder: "gamectl start (pid 4242)".into(),
        });
        work.pass(3);
        let mut out = work.seen();
        work.awaits("rust-main", "rcon: quit", 60, "Saving complete");
        work.pass(7);
        out += &work.seen();
        work.awaits("rust-main", "kill", 5, "Saving complete");
        work.pass(1);
        out += &work.seen();
        let done = VerbResult {
            ended_by: Some("kill".into()),
            ..result("rust-main", InstanceState::Stopped)
        };
        work.done(done.clone());
        work.end(&[done]);
        out + &work.seen()
    };
    insta::assert_snapshot!(seen(24, Verb::Stop, 1, play), @r"
    --- 120 columns, 80 columns
    ⠙ rust-main: stopping, waiting for gamectl start (pid 4242), which holds it, 3s

    ⠹ rust-main: stopping, waiting for rcon: quit, 7s of 1m: Saving complete

    ⠸ rust-main: stopping, waiting for kill, 1s of 5s: Saving complete

    ○ rust-main: killed after 42 s

    --- 120 columns in colour, 80 columns in colour
    ␛[33m⠙␛[m rust-main: stopping, waiting for gamectl start (pid 4242), which holds it, 3s

    ␛[33m⠹␛[m rust-main: stopping, waiting for rcon: quit, 7s of 1m: ␛[2mSaving complete

    ␛[33m⠸␛[m rust-main: stopping, waiting for kill, 1s of 5s: ␛[2mSaving complete

    ␛[33;1m○␛[m rust-main: ␛[33;1mkilled after 42 s
    ");
}

#[test]
fn several_that_restart_and_one_that_fails() {
    let play = |work: &mut Work| {
        for id in ["rust-main", "conan", "valheim"] {
            work.began(id);
        }
        work.awaits("rust-main", "rcon: quit", 60, "");
        work.awaits(
            "conan",
            "ready (a2s 127.0.0.1:27015)",
            900,
            "LogInit: Build: ++ConanSandbox+StoneAge-CL-12345",
        );
        work.awaits("valheim", "signal: INT", 30, "");
        work.pass(9);
        let mut out = work.seen();
        let fell = failed(
            "conan",
            FailureKind::Failed,
            "it crashed before it was ready: killed by SIGSEGV\n  | LogInit: Fatal error!",
            "`gamectl logs conan` shows what it said",
        );
        work.done(fell.clone());
        out += &work.seen();
        work.awaits("rust-main", "ready (log line)", 900, "");
        work.pass(5);
        let up = result("valheim", InstanceState::Running);
        work.done(up.clone());
        out += &work.seen();
        let late = failed(
            "rust-main",
            FailureKind::Timeout,
            "it is not ready after 15m",
            "it may still get there: `gamectl status rust-main`",
        );
        work.done(late.clone());
        work.end(&[late, fell, up]);
        out + &work.seen()
    };
    insta::assert_snapshot!(seen(24, Verb::Restart, 3, play), @r"
    --- 120 columns
    ⠙ conan: restarting, waiting for ready (a2s 127.0.0.1:27015), 9s of 15m: LogInit: Build: ++ConanSandbox+StoneAge-CL-12…
    ⠙ rust-main: restarting, waiting for rcon: quit, 9s of 1m
    ⠙ valheim: restarting, waiting for signal: INT, 9s of 30s

    error: conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    hint: `gamectl logs conan` shows what it said
    ⠙ rust-main: restarting, waiting for rcon: quit, 9s of 1m
    ⠙ valheim: restarting, waiting for signal: INT, 9s of 30s

    error: conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    hint: `gamectl logs conan` shows what it said
    ● valheim: restarted, ready after 42 s
    ⠹ rust-main: restarting, waiting for ready (log line), 5s of 15m

    error: conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    hint: `gamectl logs conan` shows what it said
    ● valheim: restarted, ready after 42 s
    error: rust-main: it is not ready after 15m
    hint: it may still get there: `gamectl status rust-main`

    --- 120 columns in colour
    ␛[33m⠙␛[m conan: restarting, waiting for ready (a2s 127.0.0.1:27015), 9s of 15m: ␛[2mLogInit: Build: ++ConanSandbox+StoneAge-CL-12…
    ␛[33m⠙␛[m rust-main: restarting, waiting for rcon: quit, 9s of 1m
    ␛[33m⠙␛[m valheim: restarting, waiting for signal: INT, 9s of 30s

    ␛[31;1merror:␛[m conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    ␛[36mhint:␛[m `gamectl logs conan` shows what it said
    ␛[33m⠙␛[m rust-main: restarting, waiting for rcon: quit, 9s of 1m
    ␛[33m⠙␛[m valheim: restarting, waiting for signal: INT, 9s of 30s

    ␛[31;1merror:␛[m conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    ␛[36mhint:␛[m `gamectl logs conan` shows what it said
    ␛[32m●␛[m valheim: ␛[32mrestarted, ready after 42 s
    ␛[33m⠹␛[m rust-main: restarting, waiting for ready (log line), 5s of 15m

    ␛[31;1merror:␛[m conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    ␛[36mhint:␛[m `gamectl logs conan` shows what it said
    ␛[32m●␛[m valheim: ␛[32mrestarted, ready after 42 s
    ␛[31;1merror:␛[m rust-main: it is not ready after 15m
    ␛[36mhint:␛[m it may still get there: `gamectl status rust-main`

    --- 80 columns
    ⠙ conan: restarting, waiting for ready (a2s 127.0.0.1:27015), 9s of 15m
    ⠙ rust-main: restarting, waiting for rcon: quit, 9s of 1m
    ⠙ valheim: restarting, waiting for signal: INT, 9s of 30s

    error: conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    hint: `gamectl logs conan` shows what it said
    ⠙ rust-main: restarting, waiting for rcon: quit, 9s of 1m
    ⠙ valheim: restarting, waiting for signal: INT, 9s of 30s

    error: conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    hint: `gamectl logs conan` shows what it said
    ● valheim: restarted, ready after 42 s
    ⠹ rust-main: restarting, waiting for ready (log line), 5s of 15m

    error: conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    hint: `gamectl logs conan` shows what it said
    ● valheim: restarted, ready after 42 s
    error: rust-main: it is not ready after 15m
    hint: it may still get there: `gamectl status rust-main`

    --- 80 columns in colour
    ␛[33m⠙␛[m conan: restarting, waiting for ready (a2s 127.0.0.1:27015), 9s of 15m
    ␛[33m⠙␛[m rust-main: restarting, waiting for rcon: quit, 9s of 1m
    ␛[33m⠙␛[m valheim: restarting, waiting for signal: INT, 9s of 30s

    ␛[31;1merror:␛[m conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    ␛[36mhint:␛[m `gamectl logs conan` shows what it said
    ␛[33m⠙␛[m rust-main: restarting, waiting for rcon: quit, 9s of 1m
    ␛[33m⠙␛[m valheim: restarting, waiting for signal: INT, 9s of 30s

    ␛[31;1merror:␛[m conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    ␛[36mhint:␛[m `gamectl logs conan` shows what it said
    ␛[32m●␛[m valheim: ␛[32mrestarted, ready after 42 s
    ␛[33m⠹␛[m rust-main: restarting, waiting for ready (log line), 5s of 15m

    ␛[31;1merror:␛[m conan: it crashed before it was ready: killed by SIGSEGV
      | LogInit: Fatal error!
    ␛[36mhint:␛[m `gamectl logs conan` shows what it said
    ␛[32m●␛[m valheim: ␛[32mrestarted, ready after 42 s
    ␛[31;1merror:␛[m rust-main: it is not ready after 15m
    ␛[36mhint:␛[m it may still get there: `gamectl status rust-main`
    ");
}

#[test]
fn many_that_start_on_a_low_terminal() {
    let play = |work: &mut Work| {
        let ids: Vec<String> = (0..50).map(|n| format!("game-{n:02}")).collect();
        for id in &ids[..16] {
            work.began(id);
            work.awaits(id, "ready (log line)", 300, "");
        }
        work.pass(4);
        let mut out = work.seen();
        let mut results: Vec<VerbResult> = ids.iter().map(|id| result(id, InstanceState::Running)).collect();
        results[1].changed = false;
        results[2] = failed(
            "game-02",
            FailureKind::Failed,
            "cannot start: Permission denied",
            "chmod +x it",
        );
        for done in &results[..6] {
            work.done(done.clone());
        }
        work.pass(1);
        out += &work.seen();
        for done in &results[6..] {
            work.done(done.clone());
        }
        work.end(&results);
        out + &work.seen()
    };
    insta::assert_snapshot!(seen(12, Verb::Start, 50, play), @r"
    --- 120 columns, 80 columns
    ⠙ game-00: starting, waiting for ready (log line), 4s of 5m
    ⠙ game-01: starting, waiting for ready (log line), 4s of 5m
    ⠙ game-02: starting, waiting for ready (log line), 4s of 5m
    ⠙ game-03: starting, waiting for ready (log line), 4s of 5m
    ⠙ game-04: starting, waiting for ready (log line), 4s of 5m
    ⠙ game-05: starting, waiting for ready (log line), 4s of 5m
    ⠙ game-06: starting, waiting for ready (log line), 4s of 5m
    ⠙ game-07: starting, waiting for ready (log line), 4s of 5m
    ⠙ game-08: starting, waiting for ready (log line), 4s of 5m
    ⠙ and 41 more

    ● game-04: ready after 42 s
    ● game-05: ready after 42 s
    ⠹ game-06: starting, waiting for ready (log line), 5s of 5m
    ⠹ game-07: starting, waiting for ready (log line), 5s of 5m
    ⠹ game-08: starting, waiting for ready (log line), 5s of 5m
    ⠹ game-09: starting, waiting for ready (log line), 5s of 5m
    ⠹ game-10: starting, waiting for ready (log line), 5s of 5m
    ⠹ game-11: starting, waiting for ready (log line), 5s of 5m
    ⠹ game-12: starting, waiting for ready (log line), 5s of 5m
    ⠹ game-13: starting, waiting for ready (log line), 5s of 5m
    ⠹ game-14: starting, waiting for ready (log line), 5s of 5m
    ⠹ and 35 more

    ● game-40: ready after 42 s
    ● game-41: ready after 42 s
    ● game-42: ready after 42 s
    ● game-43: ready after 42 s
    ● game-44: ready after 42 s
    ● game-45: ready after 42 s
    ● game-46: ready after 42 s
    ● game-47: ready after 42 s
    ● game-48: ready after 42 s
    ● game-49: ready after 42 s
    48 started, 1 already running, 1 failed

    --- 120 columns in colour, 80 columns in colour
    ␛[33m⠙␛[m game-00: starting, waiting for ready (log line), 4s of 5m
    ␛[33m⠙␛[m game-01: starting, waiting for ready (log line), 4s of 5m
    ␛[33m⠙␛[m game-02: starting, waiting for ready (log line), 4s of 5m
    ␛[33m⠙␛[m game-03: starting, waiting for ready (log line), 4s of 5m
    ␛[33m⠙␛[m game-04: starting, waiting for ready (log line), 4s of 5m
    ␛[33m⠙␛[m game-05: starting, waiting for ready (log line), 4s of 5m
    ␛[33m⠙␛[m game-06: starting, waiting for ready (log line), 4s of 5m
    ␛[33m⠙␛[m game-07: starting, waiting for ready (log line), 4s of 5m
    ␛[33m⠙␛[m game-08: starting, waiting for ready (log line), 4s of 5m
    ␛[33m⠙␛[m and 41 more

    ␛[32m●␛[m game-04: ␛[32mready after 42 s
    ␛[32m●␛[m game-05: ␛[32mready after 42 s
    ␛[33m⠹␛[m game-06: starting, waiting for ready (log line), 5s of 5m
    ␛[33m⠹␛[m game-07: starting, waiting for ready (log line), 5s of 5m
    ␛[33m⠹␛[m game-08: starting, waiting for ready (log line), 5s of 5m
    ␛[33m⠹␛[m game-09: starting, waiting for ready (log line), 5s of 5m
    ␛[33m⠹␛[m game-10: starting, waiting for ready (log line), 5s of 5m
    ␛[33m⠹␛[m game-11: starting, waiting for ready (log line), 5s of 5m
    ␛[33m⠹␛[m game-12: starting, waiting for ready (log line), 5s of 5m
    ␛[33m⠹␛[m game-13: starting, waiting for ready (log line), 5s of 5m
    ␛[33m⠹␛[m game-14: starting, waiting for ready (log line), 5s of 5m
    ␛[33m⠹␛[m and 35 more

    ␛[32m●␛[m game-40: ␛[32mready after 42 s
    ␛[32m●␛[m game-41: ␛[32mready after 42 s
    ␛[32m●␛[m game-42: ␛[32mready after 42 s
    ␛[32m●␛[m game-43: ␛[32mready after 42 s
    ␛[32m●␛[m game-44: ␛[32mready after 42 s
    ␛[32m●␛[m game-45: ␛[32mready after 42 s
    ␛[32m●␛[m game-46: ␛[32mready after 42 s
    ␛[32m●␛[m game-47: ␛[32mready after 42 s
    ␛[32m●␛[m game-48: ␛[32mready after 42 s
    ␛[32m●␛[m game-49: ␛[32mready after 42 s
    ␛[1m48 started, 1 already running, 1 failed
    ");
}
