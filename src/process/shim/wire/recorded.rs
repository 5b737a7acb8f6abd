//! The messages on the sockets of version 0.1, byte for byte. A shim lives for
//! as long as its game, and so speaks to every gamectl that is installed
//! meanwhile. What fails here is a change that such a shim, or such a gamectl,
//! would not understand: facts may be added to a message, at its end, and what
//! stands here is added to, never changed.

use std::time::Duration;

use nix::sys::signal::Signal;

use super::{LaunchStage, OfferedStep, Order, Report, Request, Started, UNKNOWN_VERB};
use crate::inventory::{StopAction, StopStep};
use crate::store::format::ParseError;
use crate::store::launch::ReadyAt;
use crate::store::status_table::Phase;
use crate::sys::procfs::ProcessId;

fn steps() -> Vec<StopStep> {
    let step = |action, wait_ms| StopStep {
        action,
        wait: Duration::from_millis(wait_ms),
        expect: None,
    };
    vec![
        step(StopAction::Named("rcon: save".into()), 10_000),
        step(StopAction::Stdin("say  bye \\ \u{7}".into()), 5_000),
        step(StopAction::Signal(Signal::SIGTERM), 60_000),
    ]
}

fn requests() -> [(Request, &'static str); 10] {
    let order = |order| Request::Order(7, order);
    [
        (Request::Status, "gamectl request 1\nverb status\n"),
        (Request::Subscribe, "gamectl request 1\nverb subscribe\n"),
        (
            order(Order::Stop {
                steps: steps(),
                now: false,
            }),
            "gamectl request 1\nverb stop\ngeneration 7\nnow false\n\
             step_label rcon: save\nstep 10000 client \n\
             step_label stdin: say  bye \\\\ \\u0007\nstep 5000 stdin say  bye \\\\ \\u0007\n\
             step_label signal: TERM\nstep 60000 signal 15\n",
        ),
        (
            order(Order::Stop {
                steps: Vec::new(),
                now: true,
            }),
            "gamectl request 1\nverb stop\ngeneration 7\nnow true\n",
        ),
        (order(Order::Ready), "gamectl request 1\nverb ready\ngeneration 7\n"),
        (
            order(Order::Claim { step: 2 }),
            "gamectl request 1\nverb carry\ngeneration 7\nof_step 2\n",
        ),
        (
            order(Order::Complete { step: 2, failed: true }),
            "gamectl request 1\nverb carried\ngeneration 7\nof_step 2\nfailed true\n",
        ),
        (
            order(Order::Console {
                line: " save \u{e9} ".into(),
            }),
            "gamectl request 1\nverb console\ngeneration 7\nline  save \u{e9} \n",
        ),
        (
            order(Order::Keys {
                bytes: vec![0x1b, b'[', b'A', 0xff],
            }),
            "gamectl request 1\nverb keys\ngeneration 7\nbytes 1b5b41ff\n",
        ),
        (
            order(Order::Resize { columns: 132, rows: 50 }),
            "gamectl request 1\nverb resize\ngeneration 7\ncolumns 132\nrows 50\n",
        ),
    ]
}

fn report(phase: Phase) -> Report {
    Report {
        phase,
        generation: 7,
        main: ProcessId {
            pid: 4321,
            start: 98_765,
        },
        ready: None,
        step: String::new(),
        step_elapsed_ms: 0,
        step_limit_ms: 0,
        offered: None,
        refusal: String::new(),
        note: String::new(),
    }
}

fn reports() -> [(Report, &'static str); 4] {
    [
        (
            report(Phase::Launching),
            "gamectl report 1\nphase launching\ngeneration 7\nmain 4321,98765\nstep \nstep_elapsed_ms 0\n\
             step_limit_ms 0\nrefusal \nnote \ngamectl 0.1.0\n",
        ),
        (
            Report {
                ready: Some(ReadyAt {
                    boot_ms: 11,
                    wall_ms: 22,
                }),
                refusal: "this is launch 7, not 6".into(),
                ..report(Phase::Alive)
            },
            "gamectl report 1\nphase alive\ngeneration 7\nmain 4321,98765\nstep \nstep_elapsed_ms 0\n\
             step_limit_ms 0\nrefusal this is launch 7, not 6\nnote \ngamectl 0.1.0\n\
             ready_boot_ms 11\nready_wall_ms 22\n",
        ),
        (
            Report {
                step: "rcon: save".into(),
                step_elapsed_ms: 3,
                step_limit_ms: 10_000,
                offered: Some(OfferedStep { index: 0, step: None }),
                ..report(Phase::Stopping)
            },
            "gamectl report 1\nphase stopping\ngeneration 7\nmain 4321,98765\nstep rcon: save\n\
             step_elapsed_ms 3\nstep_limit_ms 10000\nrefusal \nnote \ngamectl 0.1.0\ncarry 0\n",
        ),
        (
            Report {
                note: "its exit cannot be put on record yet".into(),
                ..report(Phase::Ended)
            },
            "gamectl report 1\nphase ended\ngeneration 7\nmain 4321,98765\nstep \nstep_elapsed_ms 0\n\
             step_limit_ms 0\nrefusal \nnote its exit cannot be put on record yet\ngamectl 0.1.0\n",
        ),
    ]
}

fn answers() -> [(Started, &'static str); 4] {
    let main = ProcessId {
        pid: 4321,
        start: 98_765,
    };
    let failed = Started::Failed {
        stage: LaunchStage::Exec,
        errno: 2,
        what: "/no/such".into(),
    };
    [
        (
            Started::Ok {
                main,
                note: String::new(),
            },
            "gamectl started 1\noutcome ok\nmain 4321,98765\nend bd2d665a\n",
        ),
        (Started::Busy, "gamectl started 1\noutcome busy\nend b2542f57\n"),
        (
            Started::Cancelled,
            "gamectl started 1\noutcome cancelled\nend 4830afcf\n",
        ),
        (
            failed,
            "gamectl started 1\noutcome failed\nstage exec\nerrno 2\nwhat /no/such\nend 20b09287\n",
        ),
    ]
}

/// Returns true when all of an old message stands in a new one, up to facts that
/// were added at its end.
fn holds(now: &str, then: &str) -> bool {
    // Each says its own version.
    let own = |text: &str| text.replace(&format!("gamectl {}\n", env!("CARGO_PKG_VERSION")), "gamectl 0.1.0\n");
    own(now).starts_with(then)
}

#[test]
fn an_old_shim_understands_us_and_we_an_old_gamectl() {
    for (request, recorded) in requests() {
        let said = request.to_message();
        assert!(holds(&said, recorded), "said {said:?}\nthen {recorded:?}");
        assert_eq!(Request::from_message(recorded.as_bytes()), Ok(request));
    }
}

#[test]
fn an_old_gamectl_understands_us_and_we_an_old_shim() {
    for (report, recorded) in reports() {
        let said = report.to_message();
        assert!(holds(&said, recorded), "said {said:?}\nthen {recorded:?}");
        assert_eq!(Report::from_message(recorded.as_bytes()), Ok(report));
    }
    for (started, recorded) in answers() {
        assert_eq!(started.to_message(), recorded);
        assert_eq!(Started::from_message(recorded.as_bytes()), Ok(started));
    }
}

/// Builds up to 9949831 could allow a shim to launch its game again.
#[test]
fn an_old_gamectl_that_allows_restarts_is_answered() {
    let attends = "gamectl request 1\nverb subscribe\nattends true\n";
    assert_eq!(Request::from_message(attends.as_bytes()), Ok(Request::Subscribe));
    for request in [
        "verb renew\ngeneration 7\n",
        "verb allow\ngeneration 7\nrestarts 3\nexcept 78 0\n",
    ] {
        let message = format!("gamectl request 1\n{request}");
        assert_eq!(
            Request::from_message(message.as_bytes()),
            Err(ParseError::Damaged(UNKNOWN_VERB))
        );
    }
    let allowed = format!("{}allowed true\n", reports()[0].1);
    assert_eq!(Report::from_message(allowed.as_bytes()), Ok(report(Phase::Launching)));
}

const CHAIN: &str = concat!(
    r#"[{"action":{"remote":["rcon","save"]},"wait_ms":10000,"expect":"saved"},"#,
    r#"{"action":{"exec":["/bin/save","now"]},"wait_ms":5},"#,
    r#"{"action":{"http":{"address":{"host":"::1","port":80},"path":"/","status":[204],"method":"PUT","body":""}},"#,
    r#""wait_ms":1000},{"action":{"stdin":"quit"},"wait_ms":1000},{"action":{"signal":"INT"},"wait_ms":1000}]"#,
);

/// The whole steps, which builds after 9949831 add to what stands above.
#[test]
fn a_chain_with_delegated_steps_stays_as_it_was_recorded() {
    let steps: Vec<StopStep> = serde_json::from_str(CHAIN).unwrap();
    assert_eq!(serde_json::to_string(&steps).unwrap(), CHAIN);
    let request = Request::Order(7, Order::Stop { steps, now: false });
    let message = request.to_message();
    assert!(message.ends_with(&format!("\nchain {CHAIN}\n")), "{message}");
    assert_eq!(Request::from_message(message.as_bytes()), Ok(request));
}

/// Facts that were added to a message later are passed over by an older reader.
#[test]
fn facts_that_are_not_known_are_passed_over() {
    for (request, recorded) in requests() {
        let newer = format!("{recorded}mood good\n");
        assert_eq!(Request::from_message(newer.as_bytes()), Ok(request));
    }
    for (report, recorded) in reports() {
        let newer = format!("{recorded}mood good\n");
        assert_eq!(Report::from_message(newer.as_bytes()), Ok(report));
    }
}
