use std::cell::RefCell;
use std::time::Duration;

use super::*;
use crate::channel::script::{Reaction, says, talk};

const LIMIT: Duration = Duration::from_secs(10);

/// Asks a server that gives the number 4711, and reacts to lines.
async fn asked(
    line: &str,
    mut reacts: impl FnMut(&[u8]) -> Reaction,
) -> (Result<Reply, AskError>, Vec<Vec<u8>>, Duration) {
    let heard = RefCell::new(Vec::new());
    let server = |datagram: &[u8]| {
        if datagram == greeting() && heard.borrow().is_empty() {
            return says(&[b"\xff\xff\xff\xffchallenge rcon 4711\n\0"]);
        }
        heard.borrow_mut().push(datagram.to_vec());
        reacts(datagram)
    };
    let question = Question {
        line: line.to_owned(),
        expect: None,
        limit: LIMIT,
    };
    let begun = Instant::now();
    let until = begun + LIMIT;
    let mut client = GoldsrcRcon::open(talk(server), "pw", until).await.unwrap();
    let reply = client.ask(&question, until).await;
    drop(client);
    (reply, heard.into_inner(), begun.elapsed())
}

fn print(text: &str) -> Vec<u8> {
    [WHOLE, b"l", text.as_bytes(), b"\0\0"].concat()
}

#[tokio::test(start_paused = true)]
async fn a_line_carries_the_number_and_the_password() {
    let (got, heard, took) = asked("say hello", |_| says(&[&print("one\n"), &print("two\n")])).await;
    assert_eq!(got.unwrap().text, "one\ntwo");
    assert_eq!(heard, [b"\xff\xff\xff\xffrcon 4711 \"pw\" say hello\n".to_vec()]);
    assert_eq!(took.as_millis(), 320);
}

#[tokio::test(start_paused = true)]
async fn a_packet_that_is_split() {
    let part = |number: u8, place: u8, text: &[u8]| [SPLIT, &[number, 0, 0, 0], &[place], text].concat();
    let (first, second) = (part(9, 0x02, b"\xff\xff\xff\xfflname "), part(9, 0x12, b"ping\n"));
    let (old, odd) = (part(8, 0x12, b"of before"), part(9, 0x13, b"of none"));
    let (got, ..) = asked("status", |_| {
        says(&[&old, &second, &second, &odd, &first, &second, &print("end\n")])
    })
    .await;
    let got = got.unwrap();
    assert_eq!((got.text.as_str(), got.cut), ("name ping\nend", false));
    let (got, ..) = asked("status", |_| says(&[&first])).await;
    let got = got.unwrap();
    assert_eq!((got.text.as_str(), got.cut), ("name", true));
}

#[tokio::test(start_paused = true)]
async fn refusals() {
    for (said, wanted) in [
        ("Bad rcon_password.\n", "the password is wrong"),
        (
            "You have been banned from this server.\n",
            "this address is banned there",
        ),
        ("Bad challenge.\n", "it has forgotten that it was asked"),
        ("No challenge for your address.\n", "it has forgotten that it was asked"),
    ] {
        let (got, ..) = asked("quit", |_| says(&[&print(said)])).await;
        match got.unwrap_err() {
            AskError::Refused(failure) => assert_eq!(failure.message, wanted, "{said}"),
            AskError::Unclear(failure) => panic!("{failure:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_number_is_given() {
    let opened = async |answer: Reaction| {
        let begun = Instant::now();
        let opened = GoldsrcRcon::open(talk(|_: &[u8]| answer.clone()), "pw", begun + LIMIT).await;
        (opened.unwrap_err().message, begun.elapsed().as_millis())
    };
    let (message, took) = opened(vec![]).await;
    assert_eq!(
        (message.as_str(), took),
        ("it did not answer in time", LIMIT.as_millis())
    );
    for nonsense in [
        &b"challenge rcon 1"[..],
        b"\xff\xff\xff\xffchallenge rcon \n",
        b"\xff\xff\xff\xffchallenge rcon 1;2\n",
    ] {
        let (message, _) = opened(says(&[nonsense])).await;
        assert_eq!(message, "what it answers is not of this protocol", "{nonsense:?}");
    }
    let (message, _) = opened(says(&[&print("You have been banned from this server.\n")])).await;
    assert_eq!(message, "this address is banned there");
    let (message, took) = opened(vec![(3, None)]).await;
    assert_eq!((message.as_str(), took), ("nothing listens there", 3));
}

/// The line is sent once, whatever happens; only the number is asked for again.
#[tokio::test(start_paused = true)]
async fn no_reply() {
    let is_line = |datagram: &[u8]| datagram.ends_with(b"quit\n");
    for (nudged, wanted) in [
        (
            says(&[b"\xff\xff\xff\xffchallenge rcon 4711\n"]),
            "it answers, but not to this line",
        ),
        (vec![], "nothing answered in time"),
        (
            says(&[b"\xff\xff\xff\xffx"]),
            "what it answers is not the RCON of GoldSrc",
        ),
    ] {
        let (got, heard, _) = asked("quit", |datagram| match is_line(datagram) {
            true => vec![],
            false => nudged.clone(),
        })
        .await;
        match got.unwrap_err() {
            AskError::Unclear(failure) => assert_eq!(failure.message, wanted),
            AskError::Refused(failure) => panic!("{failure:?}"),
        }
        assert_eq!(heard.iter().filter(|sent| is_line(sent)).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_sent_is_not() {
    let refused = GoldsrcRcon::open(talk(|_: &[u8]| vec![]), "a\"b", Instant::now() + LIMIT).await;
    assert_eq!(refused.unwrap_err().message, "its password has a quotation mark");
    let (got, heard, _) = asked(&"x".repeat(500), |_| vec![]).await;
    assert!(
        got.unwrap_err()
            .failure()
            .message
            .contains("bytes, and this protocol takes 492")
    );
    assert!(heard.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_login() {
    for (said, wanted) in [
        ("\n", Ok(())),
        ("Bad rcon_password.\n", Err("the password is wrong".to_owned())),
    ] {
        let server = |datagram: &[u8]| match datagram == greeting() {
            true => says(&[b"\xff\xff\xff\xffchallenge rcon 1\n"]),
            false => says(&[&print(said)]),
        };
        let until = Instant::now() + LIMIT;
        let mut client = GoldsrcRcon::open(talk(server), "pw", until).await.unwrap();
        let login = client.login(until).await;
        assert_eq!(login.map_err(|failure| failure.message), wanted);
    }
}
