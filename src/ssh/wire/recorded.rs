//! The messages of the first release, as they were written: what they meant then they
//! mean now. `recorded.bin` is never written again.

use std::time::Duration;

use super::*;
use crate::failure::{Failure, FailureKind};
use crate::supervisor::{
    Activity, Detail, EngineAnswer, Facts, InstanceState, LastExit, Observation, OutputFrom, Verb, VerbRequest, Want,
};

const RECORDED: &[u8] = include_bytes!("recorded.bin");

/// The line between the requests and the answers.
const BETWEEN: &[u8] = b"----\n";

fn requests() -> Vec<ServeRequest> {
    let verb = VerbRequest {
        verb: Verb::Restart,
        no_wait: true,
        timeout: Some(Duration::from_secs(90)),
        now: true,
        lock_wait: Some(Duration::ZERO),
        keeps_intent: true,
        force: true,
        unless_stopped: false,
    };
    let asks = [
        Ask::Open {
            inventory: "{\"instances\":{}}".to_owned(),
            folder: Some("/srv".to_owned()),
            options: vec![" -f x.yaml".to_owned(), String::new()],
        },
        Ask::Look {
            ids: vec!["a".to_owned(), "b".to_owned()],
            usage: false,
        },
        Ask::Verb(VerbAsk::new("a", &verb)),
        Ask::Verb(VerbAsk::new("a", &VerbRequest::new(Verb::Stop))),
        Ask::Send {
            instance: "a".to_owned(),
            line: "say hé".to_owned(),
            limit_ms: 10_000,
        },
        Ask::Logs {
            instance: "a".to_owned(),
            from: OutputFrom::LastLines(100).into(),
            follow: true,
            times: false,
            previous: false,
        },
        Ask::Logs {
            instance: "a".to_owned(),
            from: OutputFrom::Start.into(),
            follow: false,
            times: false,
            previous: false,
        },
        Ask::Logs {
            instance: "a".to_owned(),
            from: LogsFrom::TimeMs(1_700_000_000_000),
            follow: false,
            times: false,
            previous: false,
        },
        Ask::Cancel {},
    ];
    (1..).zip(asks).map(|(id, ask)| ServeRequest { id, ask }).collect()
}

fn crashed() -> Observation {
    let at = std::time::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    let mut facts = Facts::bare(InstanceState::Crashed { exit_code: Some(3) }, Some("why".to_owned()));
    facts.since = Some(at);
    facts.pid = Some(7);
    facts.restarts = 2;
    facts.run = Some(9);
    facts.last_exit = Some(LastExit {
        code: Some(3),
        signal: None,
        at: Some(at),
        requested: false,
        oom_killed: true,
    });
    facts.details = vec![
        ("launch".into(), Detail::Number(3)),
        ("adopted".into(), Detail::Flag(true)),
        ("services".into(), Detail::Text("a: up".to_owned())),
    ];
    facts.into()
}

fn answers() -> Vec<(Say, &'static [u8])> {
    let activity = Activity {
        awaiting: "ready (log line)".to_owned(),
        limit: Some(Duration::from_secs(300)),
        last_line: "Loading".to_owned(),
        is_warning: true,
    };
    let done = AnsweredVerb {
        changed: true,
        state: Some(StateWord::new(&InstanceState::Stopped)),
        ended_by: Some("stdin: quit".to_owned()),
        note: Some("note".to_owned()),
        error: None,
    };
    let failed = AnsweredVerb {
        changed: false,
        state: None,
        ended_by: None,
        note: None,
        error: Some(Failure::new(FailureKind::Busy, "held").hint("wait").into()),
    };
    let unknown = Observation::Unknown {
        reason: "no".to_owned(),
    };
    let rows = vec![
        RowLine::new("a", &crashed(), Some(Want::Running)),
        RowLine::new("b", &unknown, None),
    ];
    vec![
        (Say::Beat {}, b""),
        (Say::Opened {}, b""),
        (Say::Rows { rows }, b""),
        (
            Say::LockHeld {
                holder: "gamectl stop (pid 1)".to_owned(),
            },
            b"",
        ),
        (Say::awaiting(&activity), b""),
        (Say::Result(done), b""),
        (Say::Result(failed), b""),
        (Say::Reply { reply: None }, b""),
        (
            Say::Reply {
                reply: Some("ok".to_owned()),
            },
            b"",
        ),
        (Say::Output { bytes: 5 }, b"\x00\n{\"\xff"),
        (Say::End {}, b""),
        (Say::Failed(Failure::unknown("why").into()), b""),
    ]
}

/// Returns all messages as this gamectl writes them.
fn written() -> Vec<u8> {
    let mut bytes = line(&Greeting {
        version: "0.1.0".to_owned(),
        ..Greeting::asking()
    });
    bytes.extend(requests().iter().flat_map(line));
    bytes.extend(BETWEEN);
    bytes.extend(format!("{MAGIC}\n").as_bytes());
    bytes.extend(line(&Greeting {
        version: "0.1.0".to_owned(),
        features: ["look", "verb", "send", "logs"].map(str::to_owned).to_vec(),
        protocol: 1,
        now_ms: None,
        account: None,
    }));
    for (id, (say, output)) in (0..).zip(answers()) {
        bytes.extend(line(&ServeAnswer { id, say }));
        bytes.extend(output);
    }
    bytes
}

#[test]
fn the_messages_of_the_first_release_mean_what_they_meant() {
    let at = RECORDED.windows(BETWEEN.len()).position(|window| window == BETWEEN);
    let (asked, said) = RECORDED.split_at(at.unwrap());
    let mut lines = Lines::default();
    lines.push(asked);
    let greeting: Greeting = serde_json::from_slice(&lines.line().unwrap().unwrap()).unwrap();
    assert_eq!((greeting.version.as_str(), greeting.protocol), ("0.1.0", 1));
    let mut read = Vec::new();
    while let Some(line) = lines.line().unwrap() {
        read.push(serde_json::from_slice::<ServeRequest>(&line).unwrap());
    }
    assert_eq!(read, requests());
    let mut inbox = Inbox::default();
    inbox.push(&said[BETWEEN.len()..]);
    let mut heard = Vec::new();
    while let Some(message) = inbox.take().unwrap() {
        match message {
            ServeMessage::Greeting(greeting) => assert_eq!(greeting.check("box2"), Ok(())),
            ServeMessage::Answer(answer, output) => heard.push((answer.say, output)),
        }
    }
    let wanted: Vec<_> = answers()
        .into_iter()
        .map(|(say, output)| (say, output.to_vec()))
        .collect();
    assert_eq!(heard, wanted);
    // And what they mean to those who asked.
    let (Say::Rows { rows }, Say::Result(done), Say::Result(failed)) = (&heard[2].0, &heard[5].0, &heard[6].0) else {
        panic!()
    };
    assert_eq!(
        (rows[0].observation(), rows[0].want()),
        (crashed(), Some(Want::Running))
    );
    assert!(EngineAnswer::from(done.clone()).outcome.unwrap().changed);
    let failed = EngineAnswer::from(failed.clone()).outcome.unwrap_err();
    assert_eq!((failed.kind, failed.hint.as_deref()), (FailureKind::Busy, Some("wait")));
}

/// The first release reads what this gamectl writes: it knows these keys and words.
#[test]
fn nothing_is_written_otherwise_than_by_the_first_release() {
    let (written, recorded) = (written(), RECORDED);
    assert_eq!(String::from_utf8_lossy(&written), String::from_utf8_lossy(recorded));
    assert_eq!(written, recorded);
}
