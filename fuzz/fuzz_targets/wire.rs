//! A connection to another gamectl. Where its bytes are cut makes no difference, and every
//! message stays the same when it is written and read again. The first byte of the input
//! chooses the size of the pieces, and whether a handshake comes before the rest.
#![no_main]
use gamectl::ssh::wire::{
    Garbled, Greeting, Inbox, LINE_MAX, Lines, MAGIC, OUTPUT_MAX, RequestId, Say, ServeAnswer, ServeMessage, ServeRequest, line,
};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let size = usize::from(first & 0x7f) + 1;
    let handshake = [format!("{MAGIC}\n").as_bytes(), &line(&Greeting::serving(None))].concat();
    let stream = match first & 0x80 {
        0 => bytes.to_vec(),
        _ => [&handshake, bytes].concat(),
    };
    let answers = heard(&stream, size);
    assert_eq!(answers, heard(&stream, stream.len()));
    answers.0.iter().for_each(same_again);
    let requests = asked(bytes, size);
    assert_eq!(requests, asked(bytes, bytes.len()));
    requests.0.iter().for_each(|line| is_request(line));
});

/// Returns the messages that the asking end reads, and what ends its reading.
fn heard(stream: &[u8], size: usize) -> (Vec<ServeMessage>, Option<Garbled>) {
    let (mut inbox, mut messages) = (Inbox::default(), Vec::new());
    for piece in stream.chunks(size.max(1)) {
        inbox.push(piece);
        loop {
            match inbox.take() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(garbled) => return (messages, Some(garbled)),
            }
        }
    }
    (messages, None)
}

/// Returns the lines that the serving end reads, and what ends its reading.
fn asked(stream: &[u8], size: usize) -> (Vec<Vec<u8>>, Option<Garbled>) {
    let (mut lines, mut seen) = (Lines::default(), Vec::new());
    for piece in stream.chunks(size.max(1)) {
        lines.push(piece);
        loop {
            match lines.line() {
                Ok(Some(line)) => seen.push(line),
                Ok(None) => break,
                Err(garbled) => return (seen, Some(garbled)),
            }
        }
    }
    (seen, None)
}

fn same_again(message: &ServeMessage) {
    match message {
        ServeMessage::Greeting(greeting) => {
            assert_eq!(serde_json::from_slice::<Greeting>(&line(greeting)).as_ref().ok(), Some(greeting));
            let _ = greeting.check("box2");
        }
        ServeMessage::Answer(answer, output) => {
            assert!(output.len() <= OUTPUT_MAX);
            assert_eq!(serde_json::from_slice::<ServeAnswer>(&line(answer)).as_ref().ok(), Some(answer));
            let _ = answer.say.activity();
            if let Say::Rows { rows } = &answer.say {
                for row in rows {
                    let _ = (row.observation(), row.want());
                }
            }
        }
    }
}

fn is_request(text: &[u8]) {
    assert!(text.len() <= LINE_MAX);
    let number = serde_json::from_slice::<RequestId>(text).ok();
    if let Ok(request) = serde_json::from_slice::<ServeRequest>(text) {
        // One that is not understood is answered by its number alone.
        assert_eq!(number.map(|number| number.id), Some(request.id));
        assert_eq!(serde_json::from_slice::<ServeRequest>(&line(&request)).ok(), Some(request));
    }
}
