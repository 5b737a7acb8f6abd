use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::channel::battleye_packet::tests::of_server;
use crate::channel::script::{Reaction, says, talk};

const LIMIT: Duration = Duration::from_secs(10);

fn question(line: &str, expect: Option<&str>) -> Question {
    Question {
        line: line.to_owned(),
        expect: expect.map(str::to_owned),
        limit: LIMIT,
    }
}

/// Logs in with `right`, and asks `players`; a server is `reacts` behind its login. Returns
/// what came of it, and what was sent to the server after the login.
async fn asked(
    expect: Option<&str>,
    mut reacts: impl FnMut(&[u8]) -> Reaction,
) -> (Result<Reply, AskError>, Vec<Vec<u8>>, Duration) {
    let heard = RefCell::new(Vec::new());
    let server = |datagram: &[u8]| {
        if datagram == login("right") {
            return says(&[&of_server(&[0, 1])]);
        }
        heard.borrow_mut().push(datagram.to_vec());
        reacts(datagram)
    };
    let begun = Instant::now();
    let until = begun + LIMIT;
    let mut client = Battleye::login(talk(server), "right", until).await.unwrap();
    let reply = client.ask(&question("players", expect), until).await;
    drop(client);
    (reply, heard.into_inner(), begun.elapsed())
}

fn reply(content: &[u8]) -> Vec<u8> {
    of_server(&[&[1, 0], content].concat())
}

fn text(reply: Result<Reply, AskError>) -> (String, bool) {
    let reply = reply.unwrap();
    (reply.text, reply.cut)
}

#[tokio::test(start_paused = true)]
async fn a_reply_of_one_packet_and_of_none() {
    for (content, wanted) in [(&b"Players on server:\n"[..], "Players on server:"), (b"", "")] {
        let (got, heard, took) = asked(None, |_| says(&[&reply(content)])).await;
        assert_eq!(text(got), (wanted.to_owned(), false));
        assert_eq!(heard, [command(0, "players")]);
        assert_eq!(took.as_millis(), 20, "its end is known");
    }
}

/// Parts in any order, twice, and among those of another command and of nobody.
#[tokio::test(start_paused = true)]
async fn parts_in_any_order() {
    let parts = [
        reply(b"\0\x03\x02three"),
        reply(b"\0\x03\x00one "),
        of_server(b"\x01\x07\0\x03\x01of another"),
        b"nonsense".to_vec(),
        reply(b"\0\x03\x00one "),
        reply(b"\0\x03\x01two "),
        reply(b"\0\x03\x01two "),
    ];
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let (got, ..) = asked(None, |_| says(&parts)).await;
    assert_eq!(text(got), ("one two three".to_owned(), false));
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_cut_short_is_given_and_said_to_be() {
    let (got, _, took) = asked(None, |datagram| match datagram == command(0, "players") {
        true => says(&[&reply(b"\0\x03\x02three"), &reply(b"\0\x03\x00one ")]),
        false => vec![],
    })
    .await;
    assert_eq!(text(got), ("one three".to_owned(), true));
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_told_to_everybody_is_acknowledged_and_may_confirm() {
    let told = of_server(b"\x02\x05RCon admin #0 logged in");
    let saved = of_server(b"\x02\x06Mission saved");
    let answers = |datagram: &[u8]| match datagram == command(0, "players") {
        true => [says(&[&told, &reply(b"ok")]), vec![(2500, Some(saved.clone()))]].concat(),
        false => vec![],
    };
    let (got, heard, took) = asked(Some("saved"), answers).await;
    let got = got.unwrap();
    assert_eq!((got.text.as_str(), got.confirmed), ("ok", Some(true)));
    assert_eq!(took.as_millis(), 2510);
    let nothing = |number| command(number, "");
    let (first, second) = (acknowledgement(5), acknowledgement(6));
    assert_eq!(heard, [command(0, "players"), first, nothing(1), nothing(2), second]);
}

/// Whoever waits for a confirmation hears no reply twice.
#[tokio::test(start_paused = true)]
async fn a_reply_that_comes_twice_is_one() {
    let (got, _, took) = asked(Some("never"), |_| says(&[&reply(b"ok"), &reply(b"ok")])).await;
    let got = got.unwrap();
    assert_eq!((got.text.as_str(), got.confirmed), ("ok", Some(false)));
    assert_eq!(took, LIMIT);
}

#[tokio::test(start_paused = true)]
async fn no_reply() {
    let lost = |got: Result<Reply, AskError>| match got.unwrap_err() {
        AskError::Unclear(failure) => failure.message,
        AskError::Refused(failure) => panic!("{failure:?}"),
    };
    let line = command(0, "players");
    let (got, heard, took) = asked(None, |_| vec![]).await;
    assert_eq!(lost(got), "nothing answered in time");
    assert_eq!(heard.iter().filter(|sent| **sent == line).count(), 1, "sent once");
    assert_eq!(took, LIMIT);
    // It answers something else that is asked afterwards.
    let answers = |datagram: &[u8]| match datagram == line {
        true => vec![],
        false => says(&[&of_server(&[1, datagram[8]])]),
    };
    let (got, _, took) = asked(None, answers).await;
    assert_eq!(lost(got), "it answers, but not to this line");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let (got, ..) = asked(None, |_| says(&[b"BE\0\0\0\0\xff\x01\x00"])).await;
    assert_eq!(lost(got), "what it answers is not the RCon of BattlEye");
    // It tells something, and ends before it is acknowledged.
    let told = of_server(b"\x02\x00RCon admin #0 logged in");
    let answers = |datagram: &[u8]| match datagram == line {
        true => says(&[&told]),
        false => vec![(1, None)],
    };
    let (got, ..) = asked(None, answers).await;
    assert!(got.unwrap().is_closed_only());
    // It ends instead of answering.
    let answers = |datagram: &[u8]| match datagram == line {
        true => vec![],
        false => vec![(5, None)],
    };
    let (got, _, took) = asked(None, answers).await;
    assert!(got.unwrap().is_closed_only());
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn logins() {
    let refused = async |reacts: &dyn Fn(&[u8]) -> Reaction| {
        let begun = Instant::now();
        let failed = Battleye::login(talk(reacts), "wrong", begun + LIMIT).await.unwrap_err();
        (
            failed.message,
            failed.hint.unwrap_or_default(),
            begun.elapsed().as_millis(),
        )
    };
    let (message, _, took) = refused(&|_| says(&[&of_server(&[0, 0])])).await;
    assert_eq!((message.as_str(), took), ("the password is wrong", 10));
    let (message, hint, took) = refused(&|_| vec![]).await;
    assert_eq!(
        (message.as_str(), took),
        ("it did not answer in time", LIMIT.as_millis())
    );
    assert!(hint.contains("banned"), "{hint}");
    let (message, _, took) = refused(&|_| vec![(1, None)]).await;
    assert_eq!((message.as_str(), took), ("nothing listens there", 1));
    let (message, ..) = refused(&|_| says(&[b"BE"])).await;
    assert_eq!(message, "what it answers is not of this protocol");
    // The first is lost.
    let sent = RefCell::new(0);
    let accepted = Battleye::login(
        talk(|_: &[u8]| {
            *sent.borrow_mut() += 1;
            match *sent.borrow() {
                1 => vec![],
                _ => says(&[&of_server(&[0, 1])]),
            }
        }),
        "right",
        Instant::now() + LIMIT,
    );
    assert!(accepted.await.is_ok());
}
