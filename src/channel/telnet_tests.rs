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
    let reply = async {
        let mut telnet = Telnet::login(ours, greeting, password, until).await?;
        telnet.ask(&question, until).await
    }
    .await;
    let heard = server.await.unwrap();
    (reply, String::from_utf8_lossy(&heard).into_owned())
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
    assert_eq!(heard, "saveworld 1\r\nlogin pw\r\nsaveworld 1\r\n");
    let (reply, _) = asked(at_the_first_line, None, "", None).await;
    assert_eq!(reply.unwrap().text, "Error: You have not logged in yet!");
    let refused: Vec<(u64, &[u8])> = vec![(0, b"login <password>\r\n"), (0, b"Error: Invalid password!\r\n")];
    let (reply, _) = asked(refused, None, "pw", None).await;
    assert_eq!(reply.unwrap_err().message, "the password is wrong");
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
