use super::*;
use crate::failure::FailureKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

const ACCEPTED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";

/// A server's frame of up to 125 bytes.
fn sent(opcode: u8, payload: &str) -> Vec<u8> {
    let mut bytes = vec![0x80 | opcode, u8::try_from(payload.len()).unwrap()];
    bytes.extend_from_slice(payload.as_bytes());
    bytes
}

fn message(identifier: i64, text: &str) -> Vec<u8> {
    sent(1, &json!({"Message": text, "Identifier": identifier}).to_string())
}

/// Reads the handshake, answers it, reads what comes, answers that, and closes
/// or stays.
async fn serve(mut stream: DuplexStream, head: Vec<u8>, body: Vec<(u64, Vec<u8>)>, stays: bool) -> String {
    let mut buffer = [0; 4096];
    let n = stream.read(&mut buffer).await.unwrap();
    let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
    stream.write_all(&head).await.unwrap();
    if head.is_empty() && !stays {
        return request;
    }
    let _ = stream.read(&mut buffer).await;
    for (ms, bytes) in body {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        for byte in bytes {
            let _ = stream.write_all(&[byte]).await;
        }
    }
    if stays {
        let _ = stream.read(&mut buffer).await;
        std::future::pending::<()>().await;
    }
    request
}

async fn asked(head: &str, body: Vec<(u64, Vec<u8>)>, stays: bool, expect: Option<&str>) -> Result<Reply, Failure> {
    let (ours, theirs) = tokio::io::duplex(8192);
    let server = tokio::spawn(serve(theirs, head.as_bytes().to_vec(), body, stays));
    let until = Instant::now() + Duration::from_secs(10);
    let question = Question {
        line: "save".into(),
        expect: expect.map(str::to_owned),
        limit: Duration::from_secs(10),
    };
    let reply: Result<_, AskError> = async {
        Webrcon::open(ours, "127.0.0.1:28016", "p w", until)
            .await?
            .ask(&question, until)
            .await
    }
    .await;
    server.abort();
    reply.map_err(AskError::failure)
}

#[tokio::test(start_paused = true)]
async fn replies_are_told_from_pushes() {
    let body = vec![
        (0, message(0, "a chat line")),
        (10, sent(9, "are you there")),
        (10, message(-1, "something else")),
        (1000, message(IDENTIFIER, "Saved 12 ents")),
    ];
    let reply = asked(ACCEPTED, body, true, None).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.closed), ("Saved 12 ents", false));
}

/// Mods push what they like.
#[tokio::test(start_paused = true)]
async fn odd_pushes_are_skipped() {
    let deep = "[".repeat(50_000) + &"]".repeat(50_000);
    let long = |payload: &[u8]| {
        let mut bytes = vec![0x81, 127];
        bytes.extend((payload.len() as u64).to_be_bytes());
        bytes.extend(payload);
        bytes
    };
    let pushes: Vec<Vec<u8>> = vec![
        sent(1, "no json"),
        sent(1, ""),
        sent(1, "[1001, \"x\"]"),
        sent(1, r#"{"Message":"who knows whose"}"#),
        sent(1, r#"{"Message":{"a":[1]},"Identifier":0}"#),
        sent(1, r#"{"Message":5,"Identifier":-1}"#),
        sent(1, r#"{"Identifier":"none","Message":null}"#),
        sent(1, r#"{"Identifier":1e9,"Message":"x"}"#),
        sent(1, r#"{"Message":"half \ud83d","Identifier":0}"#),
        sent(2, "binary"),
        vec![0x82, 4, 0xff, 0xfe, 0, 0x80],
        long(format!(r#"{{"Message":{deep},"Identifier":-1}}"#).as_bytes()),
        long(&vec![b'x'; 5 << 20]),
    ];
    for push in pushes {
        let shown = String::from_utf8_lossy(&push[..push.len().min(60)]).into_owned();
        let body = vec![(0, push.clone()), (50, message(IDENTIFIER, "Saved")), (50, push)];
        let reply = asked_in_one_go(body).await.unwrap();
        assert_eq!(reply.text, "Saved", "{shown}");
    }
}

/// Asks a server that writes each answer at once.
async fn asked_in_one_go(body: Vec<(u64, Vec<u8>)>) -> Result<Reply, AskError> {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let server = tokio::spawn(async move {
        let mut buffer = [0; 4096];
        assert_ne!(theirs.read(&mut buffer).await.unwrap(), 0);
        theirs.write_all(ACCEPTED.as_bytes()).await.unwrap();
        assert_ne!(theirs.read(&mut buffer).await.unwrap(), 0);
        for (ms, bytes) in body {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            let _ = theirs.write_all(&bytes).await;
        }
        std::future::pending::<()>().await;
    });
    let limit = Duration::from_secs(10);
    let until = Instant::now() + limit;
    let (line, expect) = ("save".into(), None);
    let mut webrcon = Webrcon::open(ours, "127.0.0.1:28016", "pw", until).await?;
    let reply = webrcon.ask(&Question { line, expect, limit }, until).await;
    server.abort();
    reply
}

/// Each of them within the time in which another part may come.
#[tokio::test(start_paused = true)]
async fn a_reply_in_parts_that_come_slowly() {
    let parts = ["one", "two", "three"].map(|part| (400, message(IDENTIFIER, part)));
    let reply = asked_in_one_go(parts.to_vec()).await.unwrap();
    assert_eq!(reply.text, "one\ntwo\nthree");
}

#[tokio::test(start_paused = true)]
async fn a_reply_drop_by_drop_is_waited_for_while_it_comes() {
    let drops = |text| message(IDENTIFIER, text).into_iter().map(|byte| (100, vec![byte]));
    let reply = asked_in_one_go(drops("drop by drop").collect()).await.unwrap();
    assert_eq!(reply.text, "drop by drop");
    // One that stops in the middle holds nobody up.
    let begun = Instant::now();
    let reply = asked_in_one_go(drops("never whole").take(20).collect()).await.unwrap();
    assert_eq!(reply.text, "");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn replies_that_are_odd() {
    for (reply, wanted) in [
        (r#"{"Identifier":"1001","Message":"Saved"}"#, "Saved"),
        (r#"{"Identifier":1001.0,"Message":"Saved"}"#, "Saved"),
        (r#"{"Identifier":1001,"Message":{"Players":3}}"#, r#"{"Players":3}"#),
        (r#"{"Identifier":1001,"Message":null}"#, ""),
        (r#"{"Identifier":1001}"#, ""),
        (
            r#"{"Identifier":1001,"Message":"a\ud83d"}"#,
            "a\u{fffd}\u{fffd}\u{fffd}",
        ),
    ] {
        let reply = asked_in_one_go(vec![(0, sent(1, reply))]).await.unwrap();
        assert_eq!(reply.text, wanted);
    }
    let long = [&[0x81, 127][..], &(5_u64 << 20).to_be_bytes(), &vec![b'x'; 5 << 20]].concat();
    let failure = asked_in_one_go(vec![(0, message(0, "chat")), (0, long)])
        .await
        .unwrap_err();
    assert!(failure.failure().message.contains("may be the reply"));
    let failure = asked_in_one_go(vec![(0, sent(1, "no json"))]).await.unwrap_err();
    assert!(matches!(failure, AskError::Unclear(failure) if failure.message.contains("not WebRCON")));
}

#[tokio::test(start_paused = true)]
async fn what_is_expected_may_be_pushed() {
    let body = vec![
        (0, message(IDENTIFIER, "Saving...")),
        (5000, message(0, "Saved 12 ents")),
    ];
    let reply = asked(ACCEPTED, body.clone(), true, Some("Saved")).await.unwrap();
    assert_eq!(reply.confirmed, Some(true));
    let reply = asked(ACCEPTED, body, true, Some("Never")).await.unwrap();
    assert_eq!(reply.confirmed, Some(false));
}

#[tokio::test(start_paused = true)]
async fn closing_right_after_quit_is_a_reply() {
    for body in [vec![], vec![(0, sent(8, ""))]] {
        let reply = asked(ACCEPTED, body, false, None).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.closed), ("", true));
    }
}

#[tokio::test(start_paused = true)]
async fn refusals() {
    for (head, wanted) in [
        ("HTTP/1.1 401 Unauthorized\r\n\r\n", "with 401"),
        ("nonsense\r\n\r\n", "not a websocket"),
        ("", "at the handshake"),
    ] {
        let failure = asked(head, vec![], false, None).await.unwrap_err();
        assert!(failure.message.contains(wanted), "{failure}");
        assert!(!format!("{failure:?}").contains("p w"), "{failure:?}");
    }
    let nonsense = vec![(0, sent(1, "no json"))];
    let failure = asked(ACCEPTED, nonsense, true, None).await.unwrap_err();
    assert!(failure.message.contains("not WebRCON"), "{failure}");
    let failure = asked("", vec![], true, None).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Timeout);
}

#[tokio::test(start_paused = true)]
async fn a_command_without_a_reply() {
    let before = Instant::now();
    let pushed = vec![(0, message(-1, "[CHAT] SERVER hello"))];
    for body in [vec![], pushed.clone()] {
        assert_eq!(asked(ACCEPTED, body, true, None).await.unwrap(), Reply::default());
    }
    assert!(before.elapsed() < Duration::from_secs(4));
    let reply = asked(ACCEPTED, pushed, true, Some("hello")).await.unwrap();
    assert_eq!((reply.text.as_str(), reply.confirmed), ("", Some(true)));
}

#[tokio::test(start_paused = true)]
async fn endless_chatter_has_an_end() {
    let chatter = (0..400).map(|_| (100, message(0, "chat"))).collect();
    let before = Instant::now();
    let reply = asked(ACCEPTED, chatter, true, Some("Saved")).await.unwrap();
    assert_eq!(reply.confirmed, Some(false));
    assert_eq!(before.elapsed(), Duration::from_secs(10));
}

#[test]
fn a_password_in_a_path() {
    assert_eq!(in_path("a b/c?d#é%"), "a%20b%2Fc%3Fd%23%C3%A9%25");
    assert_eq!(in_path("plain-1_2!"), "plain-1_2!");
}
