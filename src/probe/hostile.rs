//! Hostile and broken answers to every probe and channel: each attempt ends within its own
//! limit, keeps no other one waiting, and is named with its address.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{ProbeContext, Readiness};
use crate::channel::{self, Question};
use crate::inventory::{
    ChannelKind, GamespyVersion, HostPort, HttpAccess, HttpCheck, HttpMethod, Password, Probe, Ready, Remote, Secret,
    Tls,
};

const LIMIT: Duration = Duration::from_secs(2);

/// The deed of a server after its last answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Waits,
    Closes,
    Resets,
    /// Says it again, byte for byte.
    Drips,
    /// Says it again, as fast as it can.
    Floods,
}

/// Says the first of these at once, and each other one when it has heard something.
async fn server(answers: Vec<Vec<u8>>, then: Then) -> HostPort {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(say(stream, answers.clone(), then));
        }
    });
    let host = "127.0.0.1".to_owned();
    HostPort { host, port }
}

/// Whoever hangs up has heard enough.
async fn say(mut stream: TcpStream, answers: Vec<Vec<u8>>, then: Then) -> std::io::Result<()> {
    let mut heard = [0; 4096];
    for (nth, answer) in answers.iter().enumerate() {
        if nth > 0 && stream.read(&mut heard).await? == 0 {
            return Ok(());
        }
        stream.write_all(answer).await?;
    }
    let last = answers.last().cloned().unwrap_or_default();
    match then {
        Then::Resets => return Ok(()),
        Then::Closes => stream.shutdown().await?,
        Then::Waits => {}
        Then::Drips => loop {
            for byte in &last {
                stream.write_all(&[*byte]).await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        },
        Then::Floods => loop {
            stream.write_all(&last).await?;
            tokio::task::yield_now().await;
        },
    }
    while stream.read(&mut heard).await? > 0 {}
    Ok(())
}

fn http(address: HostPort, tls: Option<Tls>) -> Probe {
    Probe::Http(HttpCheck {
        address,
        path: "/".to_owned(),
        status: Vec::new(),
        method: HttpMethod::Get,
        body: String::new(),
        tls,
        access: HttpAccess::default(),
    })
}

fn remote(kind: ChannelKind, address: HostPort) -> Remote {
    Remote {
        kind,
        address,
        password: Some(Password::Given(Secret::new("canary".to_owned()))),
        greeting: None,
    }
}

/// Those over TCP.
const CHANNELS: [ChannelKind; 3] = [ChannelKind::Rcon, ChannelKind::Webrcon, ChannelKind::Telnet];

/// Returns every probe that asks over TCP and judges the answer.
fn probes(address: &HostPort) -> Vec<Probe> {
    let logins = CHANNELS.map(|kind| Probe::Login(Box::new(remote(kind, address.clone()))));
    let others = [
        http(address.clone(), None),
        http(address.clone(), Some(Tls::default())),
        Probe::Minecraft(address.clone()),
    ];
    logins.into_iter().chain(others).collect()
}

/// Asks once. Returns whether it holds, what is said of it, and how long it took.
async fn ask(probe: Probe, limit: Duration) -> (bool, String, Duration) {
    let ready = Ready {
        probes: vec![probe],
        attempt_timeout: Some(limit),
        ..Ready::default()
    };
    let context = ProbeContext {
        dir: None,
        log_from: crate::store::launch::LogPosition { inode: 0, offset: 0 },
        launched_boot_ms: 0,
        owner: None,
        cwd: "/".into(),
        env: Vec::new(),
        file_from: None,
    };
    let mut readiness = Readiness::new(&ready, &context).unwrap();
    let begun = Instant::now();
    let holds = readiness.check().await;
    (holds, readiness.awaits(), begun.elapsed())
}

fn packet(size: i32, id: i32, kind: i32, text: &[u8]) -> Vec<u8> {
    let head = [size, id, kind].map(i32::to_le_bytes).concat();
    [&head, text, b"\0\0"].concat()
}

const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";

/// Answers that are those of no server.
fn nonsense() -> Vec<(&'static str, Vec<u8>)> {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("nothing", vec![]),
        ("NULs", vec![0; 64]),
        ("ones", vec![0xff; 64]),
        ("a line", b"Who is there?\r\n".to_vec()),
        ("another encoding", wide("HTTP/1.1 200 OK\r\n\r\n")),
        ("an HTTP error", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        ("half a status", b"HTTP/1.1 2".to_vec()),
        ("a long line", vec![b'x'; 5000]),
        ("an alert of TLS", vec![0x15, 3, 3, 0, 2, 2, 40]),
        ("a record of TLS that is cut", vec![0x16, 3, 3, 0x3f, 0xff, 2]),
        ("a huge packet", packet(i32::MAX, 1, 2, b"")),
        ("a packet of less than nothing", packet(-5, 1, 2, b"")),
        ("a packet that is cut", packet(200_000, 1, 0, b"list")),
        ("another id", packet(10, 77, 2, b"")),
        ("a status that is cut", vec![0xff, 0xff, 0x7f, 0, 0x7b]),
        ("a status of nothing", vec![3, 0, 1, b'x']),
    ]
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_no_answer_and_is_named() {
    for (name, says) in nonsense() {
        let mut cases = JoinSet::new();
        for then in [Then::Waits, Then::Closes, Then::Resets, Then::Drips] {
            let address = server(vec![says.clone()], then).await;
            for probe in probes(&address) {
                let (address, has_said) = (address.to_string(), !says.is_empty());
                cases.spawn(async move {
                    let case = format!("{name}, {then:?}: {probe:?}");
                    let is_telnet = matches!(&probe, Probe::Login(remote) if remote.kind == ChannelKind::Telnet);
                    let (holds, awaits, took) = ask(probe, LIMIT).await;
                    assert!(took <= LIMIT, "{case}: {took:?}");
                    // A console that asks for nothing is one, whatever it says.
                    assert!(!holds || is_telnet, "{case}");
                    assert!(holds || awaits.contains(&address), "{case}: {awaits}");
                    let is_named = awaits.contains('(') || !has_said || then == Then::Resets;
                    assert!(holds || is_named, "{case}: {awaits}");
                    assert!(!awaits.contains("canary"), "{case}: {awaits}");
                });
            }
        }
        while let Some(case) = cases.join_next().await {
            case.unwrap();
        }
    }
}

/// Answers that HTTP allows are understood; others are named, and followed nowhere.
#[tokio::test(start_paused = true)]
async fn answers_over_http_of_many_shapes() {
    let shapes = [
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            None,
        ),
        (
            "HTTP/1.1 103 Early\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
            None,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
            None,
        ),
        ("HTTP/1.0 200 OK\r\n\r\nno length", None),
        ("HTTP/1.0 200\n\n", None),
        (
            "HTTP/1.1 301 Moved\r\nLocation: https://me:canary@elsewhere/x?key=canary\r\n\r\n",
            Some("it redirects to https://elsewhere/x (301), which is not followed"),
        ),
        (
            "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",
            Some("the answer was 302"),
        ),
        ("HTTP/1.1 503 Busy\r\n", Some("the answer was 503, and was cut off")),
        ("HTTP/1.1 100 Continue\r\n\r\n", Some("within its answer")),
        ("ICY 200 OK\r\n\r\n", Some("what it answers is not HTTP")),
    ];
    for (answer, told) in shapes {
        for then in [Then::Closes, Then::Waits] {
            let address = server(vec![vec![], answer.as_bytes().to_vec()], then).await;
            let (holds, awaits, took) = ask(http(address.clone(), None), LIMIT).await;
            let case = format!("{answer:?}, {then:?}: {awaits}");
            assert!(took <= LIMIT, "{case}: {took:?}");
            assert_eq!(holds, told.is_none(), "{case}");
            assert!(holds || awaits.contains(&address.to_string()), "{case}");
            let is_cut = told.is_some_and(|told| told.contains("within"));
            let told = told.filter(|_| then == Then::Closes || !is_cut).or(holds.then_some(""));
            assert!(awaits.contains(told.unwrap_or("did not answer in time")), "{case}");
            assert!(!awaits.contains("canary"), "{case}");
        }
    }
}

/// Those that log in, and answer a line with nonsense.
#[tokio::test(start_paused = true)]
async fn nonsense_behind_a_login_is_no_reply_for_ever() {
    let masked = [0x81, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    let long = [0x81, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let more = [
        ("a masked frame", masked.to_vec()),
        ("a frame that is too long", long.to_vec()),
        ("a frame that is cut", vec![0x81, 126, 1]),
        ("no JSON", [&[0x81, 5], &b"hello"[..]].concat()),
        ("pings", vec![0x89, 0]),
        ("options", vec![255, 253, 1, 255, 251, 3, 255, 250, 24]),
        ("pushes", packet(14, -1, 4, b"chat")),
    ];
    for (name, says) in nonsense().into_iter().chain(more) {
        let mut cases = JoinSet::new();
        for then in [Then::Waits, Then::Closes, Then::Resets, Then::Drips] {
            for kind in CHANNELS {
                let login = match kind {
                    ChannelKind::Rcon => vec![vec![], packet(10, 1, 2, b"")],
                    ChannelKind::Webrcon => vec![vec![], ACCEPTED.to_vec()],
                    _ => vec![b"Hello\r\n".to_vec()],
                };
                let address = server([login, vec![says.clone()]].concat(), then).await;
                for expect in [None, Some("Never".to_owned())] {
                    let remote = remote(kind, address.clone());
                    let line = "save".to_owned();
                    let question = Question {
                        line,
                        expect,
                        limit: LIMIT,
                    };
                    cases.spawn(async move {
                        let case = format!("{name}, {then:?}: {kind} {:?}", question.expect);
                        let begun = Instant::now();
                        let asked = channel::ask(&remote, &question).await;
                        let took = begun.elapsed();
                        assert!(took <= LIMIT, "{case}: {took:?}");
                        match asked {
                            Ok(reply) => assert_ne!(reply.confirmed, Some(true), "{case}"),
                            Err(error) => {
                                let message = error.failure().message;
                                assert!(message.contains(&remote.address.to_string()), "{case}: {message}");
                                assert!(!message.contains("canary"), "{case}: {message}");
                            }
                        }
                    });
                }
            }
        }
        while let Some(case) = cases.join_next().await {
            case.unwrap();
        }
    }
}

/// Datagrams that are no answer: each is asked again, and named.
#[tokio::test(start_paused = true)]
async fn datagrams_that_are_nonsense() {
    let answers: [&[u8]; 11] = [
        b"",
        b"\\",
        b"\x1c",
        b"\xff\xff\xff\xffinfoRespons",
        b"\x09gctlmany\0",
        b"\0other\0",
        b"\xff\xff\xff\xff",
        b"\xff\xff\xff\xffI\x11no end",
        b"\xff\xff\xff\xffA123",
        b"\xfe\xff\xff\xff123",
        b"\xff\xff\xff\xffm127.0.0.1:1",
    ];
    let mut cases = JoinSet::new();
    for answer in answers {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        tokio::spawn(async move {
            let mut heard = [0; 100];
            while let Ok((_, from)) = socket.recv_from(&mut heard).await {
                let _ = socket.send_to(answer, from).await;
            }
        });
        let host = "127.0.0.1".to_owned();
        let address = HostPort { host, port };
        let gamespy = [GamespyVersion::One, GamespyVersion::Two, GamespyVersion::Three];
        let queries = [Probe::A2s, Probe::Bedrock, Probe::Quake3].map(|make| make(address.clone()));
        let gamespy = gamespy.map(|version| Probe::Gamespy(version, address.clone()));
        for probe in queries.into_iter().chain(gamespy) {
            let (name, address) = (probe.query().map_or("", |(name, _)| name), address.clone());
            cases.spawn(async move {
                let (holds, awaits, took) = ask(probe, LIMIT).await;
                assert!(!holds && took <= LIMIT, "{name}, {answer:?}: {took:?}");
                assert!(awaits.contains(&format!("{name} {address} (")), "{answer:?}: {awaits}");
            });
        }
    }
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
}

/// In real time, since a flood lets no time pass on a clock that waits for idleness.
#[tokio::test]
async fn a_flood_has_an_end_and_keeps_nobody_waiting() {
    const SHORT: Duration = Duration::from_millis(200);
    const FAR_OFF: Duration = Duration::from_secs(20);
    let accepts = || vec![vec![], packet(10, 1, 2, b"")];
    let floods = [
        ("ones", vec![vec![0xff; 4096]]),
        ("lines", vec![b"a line of a log\r\n".repeat(200)]),
        ("options", vec![[255, 253, 1].repeat(1000)]),
        ("packets", vec![packet(14, 9, 0, b"more").repeat(200)]),
        ("one packet", vec![packet(200_000, 1, 2, b"")]),
        (
            "pushes",
            [accepts(), vec![packet(14, -1, 4, b"chat").repeat(200)]].concat(),
        ),
        ("pings", vec![vec![], ACCEPTED.to_vec(), [0x89, 0].repeat(1000)]),
        ("pongs", vec![vec![], ACCEPTED.to_vec(), [0x8a, 0].repeat(1000)]),
    ];
    let mut cases = JoinSet::new();
    for (name, says) in floods {
        let address = server(says, Then::Floods).await;
        for probe in probes(&address) {
            cases.spawn(async move {
                let case = format!("{name}: {probe:?}");
                let (_, _, took) = ask(probe, SHORT).await;
                assert!(took < FAR_OFF, "{case}: {took:?}");
            });
        }
        for kind in CHANNELS {
            let remote = remote(kind, address.clone());
            let question = Question {
                line: "save".to_owned(),
                expect: Some("Never".to_owned()),
                limit: SHORT,
            };
            cases.spawn(async move {
                let begun = Instant::now();
                let asked = channel::ask(&remote, &question).await;
                let took = begun.elapsed();
                assert!(took < FAR_OFF, "{name}: {kind} {took:?}");
                assert!(asked.is_err() || asked.is_ok_and(|reply| reply.text.len() <= 3 << 20));
            });
        }
    }
    let good = server(vec![vec![], b"HTTP/1.1 200 OK\r\n\r\n".to_vec()], Then::Closes).await;
    let (holds, awaits, _) = ask(http(good, None), FAR_OFF).await;
    assert!(holds, "{awaits}");
    while let Some(case) = cases.join_next().await {
        case.unwrap();
    }
}

/// Commands that never end, or never stop talking.
#[tokio::test]
async fn commands_have_an_end() {
    for argv in [&["sleep", "300"][..], &["sh", "-c", "while :; do echo more; done"]] {
        let probe = Probe::Exec(argv.iter().map(|word| (*word).to_owned()).collect());
        let (holds, awaits, took) = ask(probe, Duration::from_millis(200)).await;
        assert!(!holds && took < Duration::from_secs(20), "{argv:?}: {took:?}");
        assert!(awaits.contains(argv[0]), "{awaits}");
    }
}
