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
