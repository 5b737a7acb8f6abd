use super::*;
use crate::channel::packet::{AUTH_RESPONSE, CONSOLE, REFUSED, RESPONSE};
use crate::failure::FailureKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// Returns a packet that announces `more` bytes than it has.
fn misjudged(id: i32, text: &str, more: i32) -> Vec<u8> {
    let mut bytes = Packet::new(id, RESPONSE, text).to_bytes();
    let size = i32::from_le_bytes(bytes[..4].try_into().unwrap()) + more;
    bytes[..4].copy_from_slice(&size.to_le_bytes());
    bytes
}

/// The behaviour of a server towards a command.
type Script = fn(Packet) -> Vec<Act>;

enum Act {
    Say(i32, i32, &'static str),
    /// These bytes, one at a time.
    Drip(Vec<u8>),
    Wait(u64),
    Close,
}

use Act::{Close, Drip, Say, Wait};

fn accepts(packet: &Packet) -> Option<Vec<Act>> {
    (packet.kind == AUTH).then(|| vec![Say(packet.id, RESPONSE, ""), Say(packet.id, AUTH_RESPONSE, "")])
}

async fn serve(mut stream: DuplexStream, script: Script) {
    let mut decoder = PacketDecoder::default();
    let mut buffer = [0; 512];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        decoder.push(&buffer[..n]);
        while let Ok(Some(packet)) = decoder.next() {
            for act in script(packet) {
                match act {
                    Say(id, kind, text) => {
                        let _ = stream.write_all(&Packet::new(id, kind, text).to_bytes()).await;
                    }
                    Drip(bytes) => {
                        for byte in bytes {
                            let _ = stream.write_all(&[byte]).await;
                            tokio::task::yield_now().await;
                        }
                    }
                    Wait(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                    Close => return,
                }
            }
        }
    }
}

async fn asked(script: Script, expect: Option<&str>) -> Result<Reply, Failure> {
    let (ours, theirs) = tokio::io::duplex(64);
    let server = tokio::spawn(serve(theirs, script));
    let until = Instant::now() + Duration::from_secs(10);
    let question = Question {
        line: "list".into(),
        expect: expect.map(str::to_owned),
        limit: Duration::from_secs(10),
    };
    let reply: Result<_, AskError> = async { Rcon::login(ours, "pw", until).await?.ask(&question, until).await }.await;
    server.abort();
    reply.map_err(AskError::failure)
}

fn text(reply: Result<Reply, Failure>) -> String {
    reply.unwrap().text
}

#[tokio::test(start_paused = true)]
async fn a_reply_of_several_packets_ends_at_the_sentinel() {
    let before = Instant::now();
    let script: Script = |packet| {
        accepts(&packet).unwrap_or_else(|| match packet.kind {
            COMMAND => vec![
                Say(packet.id, RESPONSE, "a"),
                Wait(200),
                Say(packet.id, RESPONSE, "b\n"),
            ],
            _ => vec![Say(packet.id, RESPONSE, ""), Say(packet.id, RESPONSE, "\0\x01\0\0")],
        })
    };
    assert_eq!(text(asked(script, None).await), "ab");
    assert!(before.elapsed() < Duration::from_millis(290), "nothing was waited for");
}

#[tokio::test(start_paused = true)]
async fn a_server_without_an_answer_to_the_sentinel() {
    let script: Script = |packet| {
        accepts(&packet).unwrap_or_else(|| match packet.kind {
            COMMAND => vec![
                Say(packet.id, RESPONSE, "one "),
                Wait(250),
                Say(packet.id, RESPONSE, "two"),
            ],
            _ => vec![],
        })
    };
    assert_eq!(text(asked(script, None).await), "one two");
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_drips_in() {
    let script: Script =
        |packet| accepts(&packet).unwrap_or_else(|| vec![Drip(Packet::new(packet.id, RESPONSE, "drip").to_bytes())]);
    let reply = text(asked(script, None).await);
    assert!(reply.starts_with("drip"), "{reply}");
}

#[tokio::test(start_paused = true)]
async fn a_late_reply_is_waited_for() {
    let script: Script = |packet| {
        accepts(&packet).unwrap_or_else(|| match packet.kind {
            COMMAND => vec![Wait(1200), Say(packet.id, RESPONSE, "late")],
            _ => vec![Say(packet.id, RESPONSE, "")],
        })
    };
    assert_eq!(text(asked(script, None).await), "late");
}

#[tokio::test(start_paused = true)]
async fn a_command_without_a_reply() {
    let script: Script = |packet| {
        accepts(&packet).unwrap_or_else(|| match packet.kind {
            COMMAND => vec![],
            _ => vec![Say(packet.id, RESPONSE, "")],
        })
    };
    let before = Instant::now();
    assert_eq!(text(asked(script, None).await), "");
    assert!(before.elapsed() < Duration::from_secs(2));
    // Nor is the other packet answered.
    let script: Script = |packet| accepts(&packet).unwrap_or_default();
    assert_eq!(text(asked(script, None).await), "");
    assert!(before.elapsed() < Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn pushes_are_heard_and_are_no_reply() {
    let script: Script = |packet| {
        let mut acts = vec![Say(REFUSED, RESPONSE, "pushed"), Say(0, CONSOLE, "pushed")];
        acts.extend(accepts(&packet).unwrap_or_else(|| match packet.kind {
            COMMAND => vec![
                Say(REFUSED, CONSOLE, "Saving complete"),
                Say(packet.id, RESPONSE, "a"),
                Wait(200),
                Say(REFUSED, RESPONSE, "pushed"),
                Say(packet.id, RESPONSE, "b"),
            ],
            _ => vec![],
        }));
        acts
    };
    let reply = asked(script, Some("Saving complete")).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.confirmed), ("ab", Some(true)));
    assert_eq!(text(asked(script, None).await), "ab");
}

#[tokio::test(start_paused = true)]
async fn a_console_that_is_never_silent() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 12);
    let server = tokio::spawn(async move {
        theirs
            .write_all(&Packet::new(AUTH_ID, AUTH, "").to_bytes())
            .await
            .unwrap();
        let mut pushes = Packet::new(REFUSED, CONSOLE, "chat").to_bytes();
        pushes.extend(Packet::new(0, CONSOLE, "chat").to_bytes());
        while theirs.write_all(&pushes).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let until = Instant::now() + Duration::from_secs(10);
    let question = Question {
        line: "say hello".into(),
        expect: None,
        limit: Duration::from_secs(10),
    };
    let mut rcon = Rcon::login(ours, "pw", until).await.unwrap();
    assert_eq!(rcon.ask(&question, until).await.unwrap(), Reply::default());
    assert!(Instant::now() + Duration::from_secs(8) < until);
    server.abort();
}

#[tokio::test(start_paused = true)]
async fn closing_right_after_quit_is_a_reply() {
    let script: Script = |packet| accepts(&packet).unwrap_or_else(|| vec![Close]);
    let reply = asked(script, Some("bye")).await.unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.closed, reply.confirmed),
        ("", true, Some(false))
    );
    let script: Script = |packet| accepts(&packet).unwrap_or_else(|| vec![Say(packet.id, RESPONSE, "bye"), Close]);
    let reply = asked(script, Some("bye")).await.unwrap();
    assert_eq!(reply.confirmed, Some(true));
}

#[tokio::test(start_paused = true)]
async fn wrong_passwords() {
    let script: Script = |_| vec![Say(1, RESPONSE, ""), Say(REFUSED, AUTH_RESPONSE, "")];
    assert_eq!(asked(script, None).await.unwrap_err().message, "the password is wrong");
    // Only a server that one is not logged in to says so to a command.
    let script: Script = |packet| accepts(&packet).unwrap_or_else(|| vec![Say(REFUSED, AUTH_RESPONSE, "")]);
    assert_eq!(asked(script, None).await.unwrap_err().message, "the password is wrong");
    let script: Script = |_| vec![Close];
    assert!(asked(script, None).await.unwrap_err().message.contains("at the login"));
}

#[tokio::test(start_paused = true)]
async fn silence_has_an_end() {
    let before = Instant::now();
    let script: Script = |_| vec![];
    assert_eq!(asked(script, None).await.unwrap_err().kind, FailureKind::Timeout);
    let script: Script = |packet| accepts(&packet).unwrap_or_default();
    assert_eq!(asked(script, Some("Saved")).await.unwrap().confirmed, Some(false));
    assert_eq!(before.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn what_is_expected_may_come_after_the_reply() {
    let script: Script = |packet| {
        accepts(&packet).unwrap_or_else(|| match packet.kind {
            COMMAND => vec![Say(packet.id, RESPONSE, "Saving...")],
            _ => vec![Say(packet.id, RESPONSE, ""), Wait(4000), Say(0, RESPONSE, " Saved")],
        })
    };
    let reply = asked(script, Some("Saved")).await.unwrap();
    assert_eq!((reply.confirmed, reply.text.as_str()), (Some(true), "Saving... Saved"));
    let before = Instant::now();
    let reply = asked(script, Some("Never")).await.unwrap();
    assert_eq!(reply.confirmed, Some(false));
    assert_eq!(
        before.elapsed(),
        Duration::from_secs(10),
        "and is waited for until the end"
    );
}

#[tokio::test(start_paused = true)]
async fn a_flood_and_nonsense_are_bounded() {
    let script: Script =
        |packet| accepts(&packet).unwrap_or_else(|| vec![Drip(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())]);
    assert!(
        asked(script, None)
            .await
            .unwrap_err()
            .message
            .contains("not Source RCON")
    );
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let server = tokio::spawn(async move {
        let answer = Packet::new(AUTH_ID, AUTH_RESPONSE, "").to_bytes();
        theirs.write_all(&answer).await.unwrap();
        let flood = Packet::new(COMMAND_ID, RESPONSE, &"x".repeat(4000)).to_bytes();
        while theirs.write_all(&flood).await.is_ok() {}
    });
    let until = Instant::now() + Duration::from_secs(10);
    let question = Question {
        line: "flood".into(),
        expect: None,
        limit: Duration::from_secs(10),
    };
    let mut rcon = Rcon::login(ours, "pw", until).await.unwrap();
    assert!(rcon.ask(&question, until).await.unwrap().cut);
    server.abort();
}

/// Palworld counts other characters than it sends. What came is the reply, and soon.
#[tokio::test(start_paused = true)]
async fn sizes_that_are_wrong() {
    const TEXT: &str = "name,id\n小明,1\nEin Spieler,2";
    let silent: [Script; 4] = [
        |packet| match packet.id {
            COMMAND_ID => vec![Drip(misjudged(packet.id, TEXT, 4))],
            _ => accepts(&packet).unwrap_or_default(),
        },
        |packet| match packet.id {
            COMMAND_ID => vec![Drip(misjudged(packet.id, TEXT, -4))],
            _ => accepts(&packet).unwrap_or_default(),
        },
        |packet| match packet.id {
            COMMAND_ID => vec![Drip(misjudged(packet.id, TEXT, 400)), Close],
            _ => accepts(&packet).unwrap_or_default(),
        },
        // The id is another, and the login is misjudged as well.
        |packet| match packet.id {
            COMMAND_ID => vec![Drip(misjudged(0, TEXT, 40))],
            AUTH_ID => {
                let mut bytes = misjudged(packet.id, "", 6);
                bytes[8] = 2;
                vec![Drip(bytes)]
            }
            _ => vec![],
        },
    ];
    // The other packet is answered, and each packet misjudged, by each number.
    let answering: [Script; 2] = [
        |packet| match packet.id {
            AUTH_ID => accepts(&packet).unwrap_or_default(),
            id => vec![Drip(misjudged(id, if id == COMMAND_ID { TEXT } else { "" }, 1))],
        },
        |packet| match packet.id {
            AUTH_ID => accepts(&packet).unwrap_or_default(),
            id => vec![Drip(misjudged(id, if id == COMMAND_ID { TEXT } else { "" }, -2))],
        },
    ];
    for (nth, script) in silent.into_iter().chain(answering).enumerate() {
        let begun = Instant::now();
        assert_eq!(text(asked(script, None).await), TEXT, "{nth}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{nth}: {:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_slow_is_whole_and_one_that_never_ends_is_cut_in_time() {
    let script: Script = |packet| {
        accepts(&packet).unwrap_or_else(|| {
            if packet.id == SENTINEL_ID {
                return vec![];
            }
            let bytes = Packet::new(COMMAND_ID, RESPONSE, "a slow reply").to_bytes();
            let each = bytes.into_iter().flat_map(|byte| [Drip(vec![byte]), Wait(200)]);
            each.collect()
        })
    };
    assert_eq!(text(asked(script, None).await), "a slow reply");
    let script: Script = |packet| {
        accepts(&packet).unwrap_or_else(|| {
            let bytes = misjudged(COMMAND_ID, &"x".repeat(100), 0);
            let each = bytes.into_iter().flat_map(|byte| [Drip(vec![byte]), Wait(500)]);
            each.collect()
        })
    };
    let begun = Instant::now();
    let reply = text(asked(script, None).await);
    assert_eq!(begun.elapsed(), Duration::from_secs(10));
    assert_eq!(reply, "x".repeat(8));
}
