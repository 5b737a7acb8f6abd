use super::*;
use crate::failure::FailureKind;
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

/// A server that says a greeting and an answer to each line, and then closes.
async fn serve(mut stream: DuplexStream, said: Vec<(u64, &'static [u8])>, stays: bool) -> Vec<u8> {
    let mut heard = Vec::new();
    let mut buffer = [0; 256];
    for (at, (ms, bytes)) in said.into_iter().enumerate() {
        while at > 0 && heard.iter().filter(|byte| **byte == b'\n').count() < at {
            match stream.read(&mut buffer).await {
                Ok(n @ 1..) => heard.extend_from_slice(&buffer[..n]),
                _ => return heard,
            }
        }
        tokio::time::sleep(Duration::from_millis(ms)).await;
        for byte in bytes {
            let _ = stream.write_all(&[*byte]).await;
        }
    }
    if stays {
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            heard.extend_from_slice(&buffer[..n]);
        }
    }
    heard
}

async fn asked(
    said: Vec<(u64, &'static [u8])>,
    greeting: Option<&str>,
    password: &str,
    expect: Option<&str>,
) -> (Result<Reply, Failure>, String) {
    let (ours, theirs) = tokio::io::duplex(256);
    let stays = said.last().is_none_or(|(_, last)| !last.ends_with(b"!"));
    let server = tokio::spawn(serve(theirs, said, stays));
    let until = Instant::now() + Duration::from_secs(10);
    let question = Question {
        line: "saveworld 1".into(),
        expect: expect.map(str::to_owned),
        limit: Duration::from_secs(10),
    };
    let reply: Result<_, AskError> = async {
        let mut telnet = Telnet::login(ours, greeting, password, until).await?;
        telnet.ask(&question, until).await
    }
    .await;
    let heard = server.await.unwrap();
    (
        reply.map_err(AskError::failure),
        String::from_utf8_lossy(&heard).into_owned(),
    )
}

#[tokio::test(start_paused = true)]
async fn without_a_password() {
    let said: Vec<(u64, &[u8])> = vec![(2000, b"Hello: soul\r\n"), (3000, b"the world is saved.\r\n")];
    let (reply, heard) = asked(said, Some("Hello:"), "", Some("the world is saved.")).await;
    let reply = reply.unwrap();
    assert_eq!(
        (reply.text.as_str(), reply.confirmed),
        ("the world is saved.", Some(true))
    );
    assert_eq!(heard, "saveworld 1\r\n");
}

#[tokio::test(start_paused = true)]
async fn a_greeting_that_never_comes() {
    let (reply, heard) = asked(vec![], Some("Hello:"), "", None).await;
    assert_eq!(reply.unwrap_err().kind, FailureKind::Timeout);
    assert_eq!(heard, "");
    let (reply, heard) = asked(vec![], None, "", None).await;
    assert_eq!((reply.unwrap().text.as_str(), heard.as_str()), ("", "saveworld 1\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_password() {
    let said: Vec<(u64, &[u8])> = vec![
        (0, b"Please enter password:\r\n"),
        (0, b"\xff\xfb\x01Logon successful.\r\n"),
        (100, b"World saved\r\n"),
    ];
    let (reply, heard) = asked(said, None, "pw", None).await;
    assert_eq!(reply.unwrap().text, "World saved");
    assert!(
        heard.starts_with("pw\r\n") && heard.ends_with("saveworld 1\r\n"),
        "{heard:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_and_none() {
    let said: Vec<(u64, &[u8])> = vec![
        (0, b"Please enter password:\r\n"),
        (0, b"Password incorrect, please enter password:\r\n"),
    ];
    let (reply, _) = asked(said.clone(), None, "pw", None).await;
    assert_eq!(reply.unwrap_err().message, "the password is wrong");
    let (reply, heard) = asked(said, None, "", None).await;
    assert!(reply.unwrap_err().message.contains("none is given"));
    assert_eq!(heard, "");
}

/// A server of which one hears all the time, NULs among it, and that answers each
/// line that it is sent by itself.
async fn asked_of_a_busy_one(prompt: &'static [u8], gap: u64, expect: Option<&str>) -> (Reply, String) {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let server = tokio::spawn(async move {
        let mut heard = Vec::new();
        let mut buffer = [0; 256];
        theirs.write_all(prompt).await.unwrap();
        loop {
            tokio::select! {
                read = theirs.read(&mut buffer) => match read {
                    Ok(n @ 1..) => {
                        heard.extend_from_slice(&buffer[..n]);
                        if heard.ends_with(b"1\r\n") {
                            theirs.write_all(b"World saved\r\n\0\0").await.unwrap();
                        }
                    }
                    _ => return String::from_utf8(heard).unwrap(),
                },
                () = tokio::time::sleep(Duration::from_millis(gap)) => {
                    let _ = theirs.write_all(b"ERR wrong reference: not an object\r\n\0\0").await;
                }
            }
        }
    });
    let until = Instant::now() + Duration::from_secs(10);
    let question = Question {
        line: "saveworld 1".into(),
        expect: expect.map(str::to_owned),
        limit: Duration::from_secs(10),
    };
    let password = if prompt.is_empty() { "" } else { "pw" };
    let mut telnet = Telnet::login(ours, None, password, until).await.unwrap();
    let reply = telnet.ask(&question, until).await.unwrap();
    drop(telnet);
    (reply, server.await.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_never_silent() {
    for (prompt, heard) in [(&b""[..], ""), (b"Please enter password:\r\n\0\0", "pw\r\n")] {
        for gap in [1, 16, 200, 450] {
            let before = Instant::now();
            let (reply, said) = asked_of_a_busy_one(prompt, gap, None).await;
            assert!(
                before.elapsed() < Duration::from_secs(2),
                "{gap}: {:?}",
                before.elapsed()
            );
            assert!(reply.text.contains("World saved"), "{gap}: {reply:?}");
            assert!(!reply.text.contains('\0'));
            assert_eq!(said, format!("{heard}saveworld 1\r\n"));
            let (reply, _) = asked_of_a_busy_one(prompt, gap, Some("World saved")).await;
            assert_eq!(reply.confirmed, Some(true));
        }
    }
    let before = Instant::now();
    let (reply, _) = asked_of_a_busy_one(b"", 16, Some("Never")).await;
    assert_eq!(reply.confirmed, Some(false));
    assert!(before.elapsed() <= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_a_command() {
    let told: Vec<(u64, &[u8])> = vec![
        (0, b"RocketRcon v1\r\nLogin with: login <password>\r\n"),
        (0, b"Success: You have logged in!\r\n"),
        (0, b"World saved\r\n"),
    ];
    let (reply, heard) = asked(told, None, "pw", None).await;
    assert_eq!(reply.unwrap().text, "World saved");
    assert_eq!(heard, "login pw\r\nsaveworld 1\r\n");
    let at_the_first_line: Vec<(u64, &[u8])> = vec![
        (0, b"RocketRcon v1\r\n"),
        (0, b"Error: You have not logged in yet!\r\n"),
        (0, b"Success: You have logged in!\r\n"),
        (0, b"World saved\r\n"),
    ];
    let (reply, heard) = asked(at_the_first_line.clone(), None, "pw", None).await;
    assert_eq!(reply.unwrap().text, "World saved");
    assert_eq!(heard, "pw\r\nlogin pw\r\nsaveworld 1\r\n");
    let (reply, _) = asked(at_the_first_line, None, "", None).await;
    assert_eq!(reply.unwrap().text, "Error: You have not logged in yet!");
    let refused: Vec<(u64, &[u8])> = vec![(0, b"login <password>\r\n"), (0, b"Error: Invalid password!\r\n")];
    let (reply, _) = asked(refused, None, "pw", None).await;
    assert_eq!(reply.unwrap_err().message, "the password is wrong");
}

/// A server that asks for a password by these pieces, with a pause before each one, and
/// tells what it makes of each line.
async fn asked_by_prompt(pieces: &'static [(u64, &'static [u8])]) -> (Reply, Vec<String>, Duration) {
    let (ours, theirs) = tokio::io::duplex(1 << 12);
    let server = tokio::spawn(async move {
        let (read, mut write) = tokio::io::split(theirs);
        let mut lines = tokio::io::AsyncBufReadExt::split(tokio::io::BufReader::new(read), b'\n');
        for (ms, bytes) in pieces {
            tokio::time::sleep(Duration::from_millis(*ms)).await;
            let _ = write.write_all(bytes).await;
        }
        let (mut heard, mut is_in) = (Vec::new(), false);
        while let Ok(Some(line)) = lines.next_segment().await {
            // Without the refusals of what is negotiated.
            let text = line.into_iter().filter(|byte| matches!(byte, b' '..=b'~'));
            let line = text.map(char::from).collect::<String>();
            let answer = match (is_in, line.as_str()) {
                (false, "pw") => "Logon successful.\r\n",
                (false, _) => "Password incorrect, please enter password:",
                (true, "saveworld 1") => "World saved\r\n",
                (true, _) => "unknown command\r\n",
            };
            is_in |= line == "pw";
            heard.push(line.clone());
            let _ = write.write_all(answer.as_bytes()).await;
        }
        heard
    });
    let limit = Duration::from_secs(10);
    let (begun, until) = (Instant::now(), Instant::now() + limit);
    let (line, expect) = ("saveworld 1".into(), None);
    let mut telnet = Telnet::login(ours, None, "pw", until).await.unwrap();
    let reply = telnet.ask(&Question { line, expect, limit }, until).await.unwrap();
    let took = begun.elapsed();
    drop(telnet);
    (reply, server.await.unwrap(), took)
}

#[tokio::test(start_paused = true)]
async fn prompts_of_every_shape_and_none() {
    let shapes: [&[(u64, &[u8])]; 12] = [
        &[(0, b"password:")],
        &[(0, b"Password: ")],
        &[(0, b"Welcome\r\nPlease enter password:\r\n\0\0")],
        &[(0, b"\xff\xfb\x01\xff\xfd\x03\x1b[1;32mPass\x1b[0mword: \x1b[0m")],
        &[(0, b"P\0a\0s\0s\0w\0o\0r\0d\0:\0 \0")],
        &[
            (100, b"Please ent"),
            (100, b"er pass"),
            (100, b"word"),
            (100, b":"),
            (0, b" "),
        ],
        &[(0, b"Enter the password>")],
        &[(0, b"Who are you?\r\n")],
        &[],
        &[(700, b"Password:")],
        &[(1200, b"Please enter password:\r\n")],
        &[(0, b"Please enter password:\r\n"), (50, b"Password:")],
    ];
    for shape in shapes {
        let (reply, heard, took) = asked_by_prompt(shape).await;
        assert_eq!(heard, ["pw", "saveworld 1"], "{shape:?}");
        assert!(reply.text.contains("World saved"), "{shape:?}: {reply:?}");
        assert!(took <= Duration::from_secs(2), "{shape:?}: {took:?}");
    }
}

/// Nothing answers, neither the password nor the line.
#[tokio::test(start_paused = true)]
async fn a_line_without_a_reply_takes_two_seconds_at_most() {
    for password in ["", "pw"] {
        for prompt in [&b""[..], b"Hello\r\n", b"Please enter password:"] {
            // Where a password is not answered, nobody knows whether it was taken.
            if (password.is_empty() && prompt.ends_with(b":")) || (!password.is_empty() && prompt.is_empty()) {
                continue;
            }
            let begun = Instant::now();
            let (reply, heard) = asked(vec![(0, prompt)], None, password, None).await;
            assert_eq!(reply.unwrap(), Reply::default(), "{password} {prompt:?}");
            assert!(
                begun.elapsed() < Duration::from_secs(2),
                "{password} {prompt:?}: {:?}",
                begun.elapsed()
            );
            assert!(heard.ends_with("saveworld 1\r\n"), "{heard}");
            assert_eq!(heard.matches("saveworld").count(), 1, "{heard}");
        }
    }
}

/// A busy server greets long after it took the connection.
#[tokio::test(start_paused = true)]
async fn a_login_that_takes_its_time_is_waited_for() {
    for prompt_ms in [1700, 3000, 8000] {
        for login_ms in [0, 1500] {
            let (ours, theirs) = tokio::io::duplex(256);
            let server = tokio::spawn(async move {
                let (read, mut write) = tokio::io::split(theirs);
                let mut lines = tokio::io::AsyncBufReadExt::lines(tokio::io::BufReader::new(read));
                let mut heard = Vec::new();
                for (ms, answer) in [
                    (prompt_ms, "Please enter password:\r\n"),
                    (login_ms, "Logon successful.\r\n"),
                    (0, "World saved\r\n"),
                ] {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    // What nobody listens to any more is not carried out.
                    if write.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                    heard.extend(lines.next_line().await.ok().flatten());
                }
                heard
            });
            let until = Instant::now() + Duration::from_secs(10);
            let question = Question {
                line: "saveworld".into(),
                expect: None,
                limit: Duration::from_secs(10),
            };
            let mut telnet = Telnet::login(ours, None, "pw", until).await.unwrap();
            let reply = telnet.ask(&question, until).await.unwrap();
            drop(telnet);
            assert!(reply.text.contains("World saved"), "{prompt_ms} {login_ms}: {reply:?}");
            assert_eq!(server.await.unwrap(), ["pw", "saveworld"]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_never_answered_is_no_line_without_a_reply() {
    for said in [vec![], vec![(0, &b""[..]), (2000, b"Please enter password:\r\n")]] {
        let (ours, theirs) = tokio::io::duplex(256);
        let server = tokio::spawn(serve(theirs, said.clone(), true));
        let until = Instant::now() + Duration::from_secs(10);
        let question = Question {
            line: "saveworld".into(),
            expect: None,
            limit: Duration::from_secs(10),
        };
        let mut telnet = Telnet::login(ours, None, "pw", until).await.unwrap();
        let answer = telnet.ask(&question, until).await;
        assert!(
            matches!(&answer, Err(AskError::Unclear(why)) if why.kind == FailureKind::Timeout),
            "{said:?}: {answer:?}"
        );
        drop(telnet);
        assert_eq!(server.await.unwrap(), b"pw\r\nsaveworld\r\n");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_that_is_asked_for_is_told() {
    for password in ["", "pw"] {
        let (reply, heard) = asked(vec![(0, b"Welcome\r\nlogin: ")], None, password, None).await;
        let failure = reply.unwrap_err();
        assert!(failure.message.contains("it asks for a user"), "{failure:?}");
        assert_eq!(heard, "");
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_that_is_refused_is_told() {
    for said in [
        vec![(0, &b"Password:"[..]), (0, b"Password:")],
        vec![(0, b"Hello\r\n"), (0, b"Password:\r\nWrong password\r\n")],
        vec![(0, b"Hello\r\n"), (0, b"Password:\r\nPassword:")],
        vec![
            (0, b"Hello\r\n"),
            (0, b""),
            (0, b"Password incorrect, please enter password:"),
        ],
        vec![
            (0, b"Hello\r\n"),
            (0, b"Not logged in\r\n"),
            (0, b""),
            (0, b"Not logged in\r\n"),
        ],
    ] {
        let (reply, heard) = asked(said.clone(), None, "pw", None).await;
        assert_eq!(reply.unwrap_err().message, "the password is wrong", "{said:?}");
        assert!(heard.matches("saveworld").count() <= 1, "{heard}");
    }
}

#[tokio::test(start_paused = true)]
async fn closing_is_a_reply() {
    let said: Vec<(u64, &[u8])> = vec![(0, b"Hello: soul\r\n"), (0, b"World is closing...!")];
    let (reply, _) = asked(said, Some("Hello:"), "", Some("World is closing")).await;
    let reply = reply.unwrap();
    assert_eq!((reply.confirmed, reply.closed), (Some(true), true));
}

#[test]
fn negotiations_are_refused() {
    let mut decoder = Decoder::default();
    let (text, refusals) = decoder.take(b"a\xff\xfb\x01b\xff\xfd\x03c\xff\xfad\xff\xff\xff\xf0e\xff\xfff\xff\xf9g");
    assert_eq!(text, b"abce\xfffg");
    assert_eq!(refusals, b"\xff\xfe\x01\xff\xfc\x03");
}

proptest! {
    #[test]
    fn pieces_make_no_difference(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 240_u8..], 0..60), cut in 0_usize..60) {
        let whole = Decoder::default().take(&bytes);
        let mut decoder = Decoder::default();
        let (one, two) = bytes.split_at(cut.min(bytes.len()));
        let (mut text, mut refusals) = decoder.take(one);
        let rest = decoder.take(two);
        text.extend(rest.0);
        refusals.extend(rest.1);
        prop_assert_eq!((text, refusals), whole);
    }
}
