use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::channel::script::{Reaction, says, talk};

const LIMIT: Duration = Duration::from_secs(10);

async fn asked(
    line: &str,
    expect: Option<&str>,
    mut reacts: impl FnMut(&[u8]) -> Reaction,
) -> (Result<Reply, AskError>, Vec<Vec<u8>>, Duration) {
    let heard = RefCell::new(Vec::new());
    let server = |datagram: &[u8]| {
        heard.borrow_mut().push(datagram.to_vec());
        reacts(datagram)
    };
    let question = Question {
        line: line.to_owned(),
        expect: expect.map(str::to_owned),
        limit: LIMIT,
    };
    let begun = Instant::now();
    let mut client = QuakeRcon::new(talk(server), "pw").unwrap();
    let reply = client.ask(&question, begun + LIMIT).await;
    drop(client);
    (reply, heard.into_inner(), begun.elapsed())
}

fn print(text: &str) -> Vec<u8> {
    [MARK, b"print\n", text.as_bytes()].concat()
}

#[tokio::test(start_paused = true)]
async fn a_reply_of_several_packets() {
    let (got, heard, took) = asked("status", None, |_| {
        vec![
            (10, Some(print("map: q3dm1\n"))),
            (200, Some(b"of nobody".to_vec())),
            (250, Some(print("num score\n"))),
        ]
    })
    .await;
    assert_eq!(got.unwrap().text, "map: q3dm1\nnum score");
    assert_eq!(heard, [b"\xff\xff\xff\xffrcon pw status".to_vec()]);
    assert_eq!(took.as_millis(), 550);
}

#[test]
fn what_servers_print() {
    for (said, wanted) in [
        (&b"print\nhello\n"[..], Some("hello\n")),
        (b"print hello\n", Some("hello\n")),
        (b"nhello\n\0", Some("hello\n")),
        (b"print\n", Some("")),
        (b"printed", None),
        (b"infoResponse", None),
        (b"", None),
    ] {
        let datagram = [MARK, said].concat();
        let heard = QuakeConversation::default().hear(&datagram);
        let text = match heard {
            Said::Piece { text, .. } => Some(String::from_utf8(text).unwrap()),
            _ => None,
        };
        assert_eq!(text.as_deref(), wanted, "{said:?}");
    }
    assert_eq!(QuakeConversation::default().hear(b"print\nhello\n"), Said::Foreign);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_refused_in_the_words_of_each() {
    for (said, wanted) in [
        ("Bad rconpassword.\n", "the password is wrong"),
        ("Bad rconpassword\n", "the password is wrong"),
        ("Bad rcon_password.\n", "the password is wrong"),
        ("Invalid password.\n", "the password is wrong"),
        (
            "No rconpassword set on the server.\n",
            "the server has no password for this",
        ),
        (
            "The server must set rcon_password to be able to use this command.\n",
            "the server has no password for this",
        ),
    ] {
        let (got, ..) = asked("quit", None, |_| says(&[&print(said)])).await;
        match got.unwrap_err() {
            AskError::Refused(failure) => assert_eq!(failure.message, wanted, "{said}"),
            AskError::Unclear(failure) => panic!("{failure:?}"),
        }
    }
    // A player who says it later is not the server.
    let (got, ..) = asked("status", None, |_| {
        says(&[&print("a\n"), &print("Bad rconpassword.\n")])
    })
    .await;
    assert_eq!(got.unwrap().text, "a\nBad rconpassword.");
}

/// The line is sent once, whatever happens.
#[tokio::test(start_paused = true)]
async fn no_reply() {
    let is_line = |datagram: &[u8]| datagram.ends_with(b"quit");
    let info = [MARK, b"infoResponse\n\\clients\\3"].concat();
    for (nudged, wanted, took_at_most) in [
        (says(&[&info]), "it answers, but not to this line", 2),
        (vec![], "nothing answered in time", 10),
        (says(&[b"hello"]), "what it answers is not the RCON of Quake", 10),
    ] {
        let (got, heard, took) = asked("quit", None, |datagram| match is_line(datagram) {
            true => vec![],
            false => nudged.clone(),
        })
        .await;
        match got.unwrap_err() {
            AskError::Unclear(failure) => assert_eq!(failure.message, wanted),
            AskError::Refused(failure) => panic!("{failure:?}"),
        }
        assert_eq!(heard.iter().filter(|sent| is_line(sent)).count(), 1);
        assert!(took.as_secs() <= took_at_most, "{wanted}: {took:?}");
    }
    let (got, ..) = asked("quit", None, |datagram| match is_line(datagram) {
        true => vec![],
        false => vec![(1, None)],
    })
    .await;
    assert!(got.unwrap().is_closed_only(), "it has ended");
    let (got, ..) = asked("quit", None, |_| vec![(1, None)]).await;
    assert_eq!(got.unwrap_err(), AskError::Refused(talk(|_: &[u8]| vec![]).refused()));
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_cut_and_ends() {
    let piece = print(&"x".repeat(60_000));
    let (got, ..) = asked("cvarlist", None, |_| {
        (0..40).map(|at| (at, Some(piece.clone()))).collect()
    })
    .await;
    let got = got.unwrap();
    assert!(got.cut && got.text.len() == crate::channel::gather::REPLY_MAX);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_not() {
    for password in ["xy zw", "xy\"zw", "xy;zw"] {
        let refused = QuakeRcon::new(talk(|_: &[u8]| vec![]), password).unwrap_err();
        assert!(!refused.message.contains(password), "{refused:?}");
    }
    let (got, heard, _) = asked(&"x".repeat(1012), None, |_| says(&[&print("ok")])).await;
    assert_eq!((got.unwrap().text.as_str(), heard[0].len()), ("ok", 1024));
    let (got, heard, _) = asked(&"x".repeat(1013), None, |_| vec![]).await;
    let failure = got.unwrap_err().failure();
    assert_eq!(failure.message, "the line has 1013 bytes, and this protocol takes 1012");
    assert!(heard.is_empty());
}

/// A login is a command without effect, and may be sent again.
#[tokio::test(start_paused = true)]
async fn a_login() {
    let sent = RefCell::new(0);
    let server = |_: &[u8]| {
        *sent.borrow_mut() += 1;
        match *sent.borrow() {
            1 => vec![],
            _ => says(&[&print("\n")]),
        }
    };
    let mut client = QuakeRcon::new(talk(server), "pw").unwrap();
    assert_eq!(client.login(Instant::now() + LIMIT).await, Ok(()));
    let mut client = QuakeRcon::new(talk(|_: &[u8]| says(&[&print("Bad rconpassword.\n")])), "pw").unwrap();
    let refused = client.login(Instant::now() + LIMIT).await.unwrap_err();
    assert_eq!(refused.message, "the password is wrong");
}
