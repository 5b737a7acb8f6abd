//! Tests of requests, with servers that do not what they should.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

/// Answers one request with this, and returns what was asked and what came of it.
async fn answered(answer: &[u8], holds: bool) -> (String, Result<HttpAnswer, AskError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = HostPort {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().unwrap().port(),
    };
    let client = HttpClient::new(address, None);
    let post = HttpPost {
        path: "/API/Core/Login".to_owned(),
        token: Some(Secret::new("canary".to_owned())),
        headers: Vec::new(),
        body: Secret::new("{}".to_owned()),
        limit: Duration::from_secs(20),
    };
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(b"\r\n\r\n{}") {
            let mut buffer = [0; 1000];
            let n = stream.read(&mut buffer).await.unwrap();
            heard.extend_from_slice(&buffer[..n]);
        }
        let _ = stream.write_all(answer).await;
        (String::from_utf8(heard).unwrap(), holds.then_some(stream))
    };
    let ((heard, _stream), answer) = tokio::join!(serve, client.post(&post));
    (heard, answer)
}

#[tokio::test]
async fn a_request_says_who_asks_and_closes() {
    let (heard, answer) = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", true).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status, &answer.body[..]), (200, &b"[]"[..]));
    assert!(heard.starts_with("POST /API/Core/Login HTTP/1.1\r\n"), "{heard}");
    for field in [
        "authorization: Bearer canary",
        "connection: close",
        "content-type: application/json",
    ] {
        assert!(heard.to_lowercase().contains(&field.to_lowercase()), "{heard}");
    }
}

#[tokio::test]
async fn answers_in_all_their_forms() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nt\r\n3;x=y\r\nrue\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\ntrue",
        "HTTP/1.0 200 OK\r\n\r\ntrue",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntrue",
    ] {
        let (_, whole) = answered(answer.as_bytes(), false).await;
        assert_eq!(&whole.unwrap().body[..], b"true", "{answer}");
    }
    let (_, none) = answered(b"HTTP/1.1 204 No\r\n\r\n", false).await;
    assert!(none.unwrap().body.is_empty());
}

#[tokio::test]
async fn answers_that_are_none() {
    let huge = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}",
        BODY_MAX + 1,
        "x".repeat(BODY_MAX + 1)
    );
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(BODY_MAX + 1));
    for (answer, told) in [
        ("hello\r\n", "what it answers is not HTTP"),
        ("HTTP/2 200\r\n\r\n", "what it answers is not HTTP"),
        ("", "before its answer was whole"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntrue",
            "before its answer was whole",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ntrue",
            "before its answer was whole",
        ),
        ("HTTP/1.1 200 OK\r\nContent-Le", "before its answer was whole"),
        (&huge, "its answer is longer than 10 MiB"),
        (&endless, "its answer is longer than 10 MiB"),
    ] {
        let (_, answer) = answered(answer.as_bytes(), false).await;
        match answer.unwrap_err() {
            AskError::Unclear(failure) => assert!(failure.message.contains(told), "{told}: {failure}"),
            refused => panic!("it may have been carried out: {refused:?}"),
        }
    }
}

#[tokio::test]
async fn a_redirect_is_refused_without_what_may_be_secret_in_it() {
    for (location, shown) in [
        ("https://me:pw@other.example/a?token=x#y", "https://other.example/a"),
        ("/login?session=x", "/login"),
        ("//other.example?x", "//other.example"),
    ] {
        let text = format!("HTTP/1.1 307 Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
        let (_, answer) = answered(text.as_bytes(), true).await;
        match answer.unwrap_err() {
            AskError::Refused(failure) => {
                let wanted = format!("it redirects to {shown} (307), which is not followed");
                assert_eq!(failure.message, wanted);
            }
            unclear => panic!("{unclear:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_silent_is_waited_for_until_the_limit() {
    let begun = Instant::now();
    let (_, answer) = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ntrue", true).await;
    assert_eq!(answer.unwrap_err().failure().kind, FailureKind::Timeout);
    assert_eq!(begun.elapsed().as_secs(), 20);
}

/// Whatever a server is called, a secret is not shown.
#[test]
fn what_is_sent_is_not_shown() {
    let post = HttpPost {
        path: "/".to_owned(),
        token: Some(Secret::new("canary".to_owned())),
        headers: Vec::new(),
        body: Secret::new("canary".to_owned()),
        limit: Duration::ZERO,
    };
    let address = HostPort {
        host: "a".to_owned(),
        port: 1,
    };
    let request = HttpClient::new(address, None).request(&post).unwrap();
    assert!(!format!("{:?}", request.headers()).contains("canary"));
}
